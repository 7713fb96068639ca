#!/usr/bin/python3
"""Writes resnet50.csv, the layers of ResNet-50 as apps/replay reads them.

The parameter tensors are torchvision's, in forward order. README.md tells where
the times come from.
"""
import argparse
import csv
import os

FORWARD_MS = 90.0
BACKWARD_MS = 120.0
IMAGE = 224
CLASSES = 1000
STAGES = [(3, 64, 1), (4, 128, 2), (6, 256, 2), (3, 512, 2)]  # blocks, width, stride
EXPANSION = 4
TENSORS = 161
PARAMETERS = 25557032


class Network:
    """Collects [name, elements, floating-point operations of a sample]."""

    def __init__(self):
        self.tensors = []

    def convolution(self, name, norm, inputs, outputs, kernel, side):
        """A convolution to side x side pixels and its batch normalisation."""
        weights = inputs * outputs * kernel * kernel
        pixels = side * side
        self.tensors.append([name + ".weight", weights, 2 * weights * pixels])
        # One multiplication by the weight and one addition of the bias.
        self.tensors.append([norm + ".weight", outputs, outputs * pixels])
        self.tensors.append([norm + ".bias", outputs, outputs * pixels])

    def linear(self, name, inputs, outputs):
        self.tensors.append([name + ".weight", inputs * outputs,
                             2 * inputs * outputs])
        self.tensors.append([name + ".bias", outputs, outputs])


def add_block(network, name, inputs, width, stride, side):
    """A bottleneck block; torchvision strides in its 3 x 3 convolution."""
    small = side // stride
    convolution = network.convolution
    convolution(f"{name}.conv1", f"{name}.bn1", inputs, width, 1, side)
    convolution(f"{name}.conv2", f"{name}.bn2", width, width, 3, small)
    convolution(f"{name}.conv3", f"{name}.bn3", width, EXPANSION * width, 1,
                small)
    if inputs != EXPANSION * width:
        convolution(f"{name}.downsample.0", f"{name}.downsample.1", inputs,
                    EXPANSION * width, 1, small)


def resnet50():
    network = Network()
    side = IMAGE // 2
    network.convolution("conv1", "bn1", 3, 64, 7, side)
    side //= 2  # max pooling
    channels = 64
    for stage, (blocks, width, stride) in enumerate(STAGES, 1):
        for block in range(blocks):
            step = stride if block == 0 else 1
            add_block(network, f"layer{stage}.{block}", channels, width, step,
                      side)
            side //= step
            channels = EXPANSION * width
    network.linear("fc", channels, CLASSES)
    return network.tensors


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", metavar="FILE", default=os.path.join(
        os.path.dirname(os.path.abspath(__file__)), "resnet50.csv"))
    arguments = parser.parse_args()
    tensors = resnet50()
    assert len(tensors) == TENSORS
    assert sum(elements for _, elements, _ in tensors) == PARAMETERS
    total = sum(operations for _, _, operations in tensors)
    with open(arguments.out, "w", encoding="ascii", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["name", "elements", "forward_ms", "backward_ms"])
        for name, elements, operations in tensors:
            share = operations / total
            writer.writerow([name, elements, f"{FORWARD_MS * share:.6f}",
                             f"{BACKWARD_MS * share:.6f}"])


if __name__ == "__main__":
    main()
