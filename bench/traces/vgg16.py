"""VGG-16 (configuration D, no batch normalisation) as torchvision has it, for a
224 x 224 image."""
from network import Network

IMAGE = 224
CLASSES = 1000
STAGES = [(2, 64), (2, 128), (3, 256), (3, 512), (3, 512)]  # convolutions, width
HIDDEN = 4096


def build():
    network = Network()
    side, channels, place = IMAGE, 3, 0  # place: in torchvision's list of modules
    for convolutions, width in STAGES:
        for _ in range(convolutions):
            network.convolution(f"features.{place}", channels, width, 9,
                                side * side, bias=True)
            channels = width
            place += 2  # the convolution and its ReLU
        side //= 2
        place += 1  # max pooling
    inputs = channels * side * side
    for place, outputs in ((0, HIDDEN), (3, HIDDEN), (6, CLASSES)):
        network.linear(f"classifier.{place}", inputs, outputs)
        inputs = outputs
    return network
