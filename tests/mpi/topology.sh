#!/bin/bash
# Runs one job that cannot time a dense call: its report must tell the node and
# its ranks, and its model must have taken the prior of their level.
# Usage: topology.sh PROGRAM
set -eu
report=$(mktemp --suffix=.json)
trap 'rm -f "$report"' EXIT
SPAR_MODE=lossless SPAR_REPORT=$report "$(dirname "$0")/job.sh" -n 3 \
    -m "sums are right" -- "$1" --expect lossless
/usr/bin/python3 - "$report" <<'END'
import json
import sys

report = json.load(open(sys.argv[1], encoding="utf-8"))
topology = report["topology"]
assert [(node["first_rank"], node["ranks"])
        for node in topology["nodes"]] == [(0, 3)], topology
within, across = topology["levels"]
assert (within["level"], across["level"]) == ("same_node", "other_node")
# There is one node: nothing was fitted to a network, so its number is still
# the guess, which on one node is that of the node.
byte = report["model"]["network_byte_s"]
assert abs(byte / within["beta_s_per_byte"] - 1) < 1e-9, (byte, topology)
END
