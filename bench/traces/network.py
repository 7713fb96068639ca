"""What a trace says of a network: its parameter tensors in forward order."""
from collections import namedtuple

# operations: floating-point operations of one sample, forward. fan_in: inputs
# that add up to one output of the layer.
Tensor = namedtuple("Tensor", "name elements operations fan_in")


class Network:
    """Collects the tensors of a network, layer by layer."""

    def __init__(self):
        self.tensors = []

    def add(self, name, elements, operations, fan_in=1):
        self.tensors.append(Tensor(name, elements, operations, fan_in))

    def convolution(self, name, inputs, outputs, kernel, pixels, bias=False):
        """`kernel` weights for each pair of channels; `pixels` of output."""
        weights = inputs * outputs * kernel
        self.add(name + ".weight", weights, 2 * weights * pixels,
                 inputs * kernel)
        if bias:
            self.add(name + ".bias", outputs, outputs * pixels)

    def norm(self, name, channels, places):
        """Batch or layer normalisation: one multiplication by the weight and one
        addition of the bias, for each channel of `places` pixels or tokens."""
        self.add(name + ".weight", channels, channels * places)
        self.add(name + ".bias", channels, channels * places)

    def linear(self, name, inputs, outputs, places=1, more=0):
        """`places` vectors go through it; `more`: operations that have no
        weights, but must be done backward before this weight's gradient."""
        weights = inputs * outputs
        self.add(name + ".weight", weights, 2 * weights * places + more, inputs)
        self.add(name + ".bias", outputs, outputs * places)

    def embedding(self, name, rows, width, places):
        """A row is looked up for each place. As a product with one-hot vectors
        it has as many inputs as rows."""
        self.add(name + ".weight", rows * width, width * places, rows)

    def elements(self):
        return sum(tensor.elements for tensor in self.tensors)

    def operations(self):
        return sum(tensor.operations for tensor in self.tensors)
