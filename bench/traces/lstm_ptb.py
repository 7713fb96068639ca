"""The large word model of Penn Treebank (Zaremba et al., arXiv 1409.2329): two
LSTM layers of 1500 units, as torch.nn has them."""
from network import Network

WORDS = 10000
UNITS = 1500
LAYERS = 2
GATES = 4


def add_lstm(network, layer):
    """torch.nn.LSTM has two biases, for the input and for the state."""
    rows = GATES * UNITS
    for source in ("ih", "hh"):
        network.add(f"lstm.weight_{source}_l{layer}", rows * UNITS,
                    2 * rows * UNITS, UNITS)
    for source in ("ih", "hh"):
        network.add(f"lstm.bias_{source}_l{layer}", rows, rows)


def build():
    """Of one word: all words of a sequence compute the same."""
    network = Network()
    network.embedding("encoder", WORDS, UNITS, 1)
    for layer in range(LAYERS):
        add_lstm(network, layer)
    network.linear("decoder", UNITS, WORDS)
    return network
