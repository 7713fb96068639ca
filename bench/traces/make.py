#!/usr/bin/python3
"""Writes the traces of this folder, the layers of networks as apps/replay reads
them: NAME.csv for every NAME below. README.md tells where the figures come from.
"""
import argparse
import csv
import os
from collections import namedtuple

import inception_v4
import lstm_ptb
import resnet50
import transformer
import vgg16

# Times in ms; None: as fast as the device that needs RESNET50's.
Model = namedtuple("Model", "build tensors parameters forward backward")
MODELS = {
    "resnet50": Model(resnet50.build, 161, 25557032, 90.0, 120.0),
    "inception_v4": Model(inception_v4.build, 449, 42679816, 305.0, 524.0),
    "lstm_ptb": Model(lstm_ptb.build, 11, 66034000, 76.0, 131.0),
    "vgg16": Model(vgg16.build, 32, 138357544, None, None),
    "transformer": Model(transformer.build, 199, 109482240, None, None),
}
DEVICE = "resnet50"
# Gradients of a weight fall with the root of the inputs of its layer, as the
# weights themselves do at the start of a training.
RMS_OF_ONE_INPUT = 1e-2


def build(name):
    """The network, checked against the counts that are known of it."""
    network = MODELS[name].build()
    assert len(network.tensors) == MODELS[name].tensors, name
    assert network.elements() == MODELS[name].parameters, name
    return network


def times_of(name, network):
    """Milliseconds forward and backward."""
    model = MODELS[name]
    if model.forward is not None:
        return model.forward, model.backward
    times = network.operations() / build(DEVICE).operations()
    return MODELS[DEVICE].forward * times, MODELS[DEVICE].backward * times


def write(name, path):
    network = build(name)
    forward, backward = times_of(name, network)
    total = network.operations()
    with open(path, "w", encoding="ascii", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["name", "elements", "forward_ms", "backward_ms", "rms"])
        for tensor in network.tensors:
            share = tensor.operations / total
            rms = RMS_OF_ONE_INPUT / tensor.fan_in ** 0.5
            writer.writerow([tensor.name, tensor.elements,
                             f"{forward * share:.6f}", f"{backward * share:.6f}",
                             f"{rms:.3g}"])


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME",
                        help=f"only these of {', '.join(MODELS)}")
    parser.add_argument("--out", metavar="FOLDER",
                        default=os.path.dirname(os.path.abspath(__file__)))
    arguments = parser.parse_args()
    for name in arguments.names:
        if name not in MODELS:
            parser.error(f"no model: {name}")
    for name in arguments.names or MODELS:
        write(name, os.path.join(arguments.out, name + ".csv"))


if __name__ == "__main__":
    main()
