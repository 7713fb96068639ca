"""Inception-v4 (Szegedy et al., arXiv 1602.07261) as the PyTorch ports of the
authors' code have it (pretrainedmodels, timm), for a 299 x 299 image."""
from network import Network

IMAGE = 299
CLASSES = 1000
SAME, VALID = 1, 0  # the border is filled up, or the picture shrinks


class Builder:
    """Follows the picture's side from layer to layer."""

    def __init__(self):
        self.network = Network()
        self.side = IMAGE

    def unit(self, name, inputs, outputs, kernel, stride=1, border=SAME):
        """Convolution and batch normalisation; kernel (rows, columns)."""
        side = self.side
        if border == VALID:
            side = (side - max(kernel)) // stride + 1
        elif stride != 1:
            raise ValueError("no strided convolution has a filled border here")
        self.network.convolution(name + ".conv", inputs, outputs,
                                 kernel[0] * kernel[1], side * side)
        self.network.norm(name + ".bn", outputs, side * side)
        return side

    def chain(self, name, channels, kernels, last=(1, SAME)):
        """Units one after another; `last`: stride and border of the last."""
        before = self.side
        for place, kernel in enumerate(kernels):
            stride, border = last if place == len(kernels) - 1 else (1, SAME)
            self.side = self.unit(f"{name}.{place}", channels[place],
                                  channels[place + 1], kernel, stride, border)
        after, self.side = self.side, before
        return after


ONE, THREE = (1, 1), (3, 3)
ROW7, COLUMN7, ROW3, COLUMN3 = (1, 7), (7, 1), (1, 3), (3, 1)
HALVE = (2, VALID)


def add_stem(builder):
    for place, (inputs, outputs, stride, border) in enumerate(
            ((3, 32, 2, VALID), (32, 32, 1, VALID), (32, 64, 1, SAME))):
        builder.side = builder.unit(f"features.{place}", inputs, outputs, THREE,
                                    stride, border)
    builder.side = builder.unit("features.3.conv", 64, 96, THREE, *HALVE)
    builder.chain("features.4.branch0", (160, 64, 96), (ONE, THREE), (1, VALID))
    builder.side = builder.chain("features.4.branch1", (160, 64, 64, 64, 96),
                                 (ONE, ROW7, COLUMN7, THREE), (1, VALID))
    builder.side = builder.unit("features.5.conv", 192, 192, THREE, *HALVE)


def add_inception_a(builder, name):
    builder.unit(f"{name}.branch0", 384, 96, ONE)
    builder.chain(f"{name}.branch1", (384, 64, 96), (ONE, THREE))
    builder.chain(f"{name}.branch2", (384, 64, 96, 96), (ONE, THREE, THREE))
    builder.chain(f"{name}.branch3", (384, 96), (ONE,))


def add_reduction_a(builder, name):
    builder.unit(f"{name}.branch0", 384, 384, THREE, *HALVE)
    builder.side = builder.chain(f"{name}.branch1", (384, 192, 224, 256),
                                 (ONE, THREE, THREE), HALVE)


def add_inception_b(builder, name):
    builder.unit(f"{name}.branch0", 1024, 384, ONE)
    builder.chain(f"{name}.branch1", (1024, 192, 224, 256), (ONE, ROW7, COLUMN7))
    builder.chain(f"{name}.branch2", (1024, 192, 192, 224, 224, 256),
                  (ONE, COLUMN7, ROW7, COLUMN7, ROW7))
    builder.chain(f"{name}.branch3", (1024, 128), (ONE,))


def add_reduction_b(builder, name):
    builder.chain(f"{name}.branch0", (1024, 192, 192), (ONE, THREE), HALVE)
    builder.side = builder.chain(f"{name}.branch1", (1024, 256, 256, 320, 320),
                                 (ONE, ROW7, COLUMN7, THREE), HALVE)


def add_inception_c(builder, name):
    builder.unit(f"{name}.branch0", 1536, 256, ONE)
    builder.unit(f"{name}.branch1_0", 1536, 384, ONE)
    builder.unit(f"{name}.branch1_1a", 384, 256, ROW3)
    builder.unit(f"{name}.branch1_1b", 384, 256, COLUMN3)
    builder.unit(f"{name}.branch2_0", 1536, 384, ONE)
    builder.unit(f"{name}.branch2_1", 384, 448, COLUMN3)
    builder.unit(f"{name}.branch2_2", 448, 512, ROW3)
    builder.unit(f"{name}.branch2_3a", 512, 256, ROW3)
    builder.unit(f"{name}.branch2_3b", 512, 256, COLUMN3)
    builder.chain(f"{name}.branch3", (1536, 256), (ONE,))


BLOCKS = [add_inception_a] * 4 + [add_reduction_a] + [add_inception_b] * 7 + \
         [add_reduction_b] + [add_inception_c] * 3


def build():
    builder = Builder()
    add_stem(builder)
    for place, add_block in enumerate(BLOCKS, 6):
        add_block(builder, f"features.{place}")
    assert builder.side == 8
    builder.network.linear("last_linear", 1536, CLASSES)
    return builder.network
