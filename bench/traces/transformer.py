"""An encoder with the tensors of BERT-base (uncased; Devlin et al., arXiv
1810.04805) as the transformers package has them, for a sequence of 128 tokens."""
from network import Network

WORDS = 30522
POSITIONS = 512
SEGMENTS = 2
WIDTH = 768
HIDDEN = 3072
LAYERS = 12
TOKENS = 128


def add_layer(network, name):
    """The scores of the attention and the sum that they weigh, two products of
    TOKENS x TOKENS x WIDTH, count to `value`: backward they come between the
    output's weight and it."""
    attention = f"{name}.attention"
    for part, products in (("query", 0), ("key", 0), ("value", 2)):
        network.linear(f"{attention}.self.{part}", WIDTH, WIDTH, TOKENS,
                       products * 2 * TOKENS * TOKENS * WIDTH)
    network.linear(f"{attention}.output.dense", WIDTH, WIDTH, TOKENS)
    network.norm(f"{attention}.output.LayerNorm", WIDTH, TOKENS)
    network.linear(f"{name}.intermediate.dense", WIDTH, HIDDEN, TOKENS)
    network.linear(f"{name}.output.dense", HIDDEN, WIDTH, TOKENS)
    network.norm(f"{name}.output.LayerNorm", WIDTH, TOKENS)


def build():
    network = Network()
    for part, rows in (("word", WORDS), ("position", POSITIONS),
                       ("token_type", SEGMENTS)):
        network.embedding(f"embeddings.{part}_embeddings", rows, WIDTH, TOKENS)
    network.norm("embeddings.LayerNorm", WIDTH, TOKENS)
    for layer in range(LAYERS):
        add_layer(network, f"encoder.layer.{layer}")
    network.linear("pooler.dense", WIDTH, WIDTH)
    return network
