"""ResNet-50 as torchvision has it, for a 224 x 224 image."""
from network import Network

IMAGE = 224
CLASSES = 1000
STAGES = [(3, 64, 1), (4, 128, 2), (6, 256, 2), (3, 512, 2)]  # blocks, width, stride
EXPANSION = 4


def add_unit(network, convolution, norm, inputs, outputs, kernel, side):
    """A convolution to side x side pixels and its batch normalisation."""
    network.convolution(convolution, inputs, outputs, kernel * kernel, side * side)
    network.norm(norm, outputs, side * side)


def add_block(network, name, inputs, width, stride, side):
    """A bottleneck block; torchvision strides in its 3 x 3 convolution."""
    small = side // stride
    outputs = EXPANSION * width
    add_unit(network, f"{name}.conv1", f"{name}.bn1", inputs, width, 1, side)
    add_unit(network, f"{name}.conv2", f"{name}.bn2", width, width, 3, small)
    add_unit(network, f"{name}.conv3", f"{name}.bn3", width, outputs, 1, small)
    if inputs != outputs:
        add_unit(network, f"{name}.downsample.0", f"{name}.downsample.1", inputs,
                 outputs, 1, small)


def build():
    network = Network()
    side = IMAGE // 2
    add_unit(network, "conv1", "bn1", 3, 64, 7, side)
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
    return network
