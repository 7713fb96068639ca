"""Command lines of the form: spar NAME [OPTIONS] -- mpirun ..."""

import argparse


def parse_count(text):
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError("'%s' is not a number from 1 on"
                                         % text)
    return int(text)


def make_parser(name, description, epilog):
    """A parser of the options in front of the dashes."""
    return argparse.ArgumentParser(
        prog="spar %s" % name, description=description, epilog=epilog,
        usage="spar %s [OPTIONS] -- mpirun [OPTIONS] PROGRAM ..." % name,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter)


def parse(parser, words):
    """The options, and as `command` the words behind the first "--"."""
    place = words.index("--") if "--" in words else len(words)
    args = parser.parse_args(words[:place])
    args.command = words[place + 1:]
    if not args.command:
        parser.error("no command given: %s -- mpirun -n 4 PROGRAM"
                     % parser.prog)
    return args
