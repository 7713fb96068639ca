"""The models of the LAGS table, and what is known of each."""

import os
from collections import namedtuple

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# paper: its step times (s) on 16 GPUs at 1 Gbit/s by method and the computation in
# them (LAGS-SGD, arXiv 1911.08727); target: share of the compute-only limit (%).
Model = namedtuple("Model", "name title paper target")
MODELS = {model.name: model for model in (
    Model("resnet50", "ResNet-50", {"compute": 0.21, "dense": 1.45, "slgs": 0.67,
                                    "lags": 0.51}, 90),
    Model("inception_v4", "Inception-v4", {"compute": 0.829, "dense": 3.85,
                                           "slgs": 1.60, "lags": 1.25}, 92),
    Model("lstm_ptb", "LSTM-PTB", {"compute": 0.207, "dense": 7.80, "slgs": 1.02,
                                   "lags": 0.92}, 75),
    Model("vgg16", "VGG-16", None, None),
    Model("transformer", "BERT-base", None, None),
)}
TABLE = ["resnet50", "inception_v4", "lstm_ptb"]


def trace_of(model):
    return os.path.join(ROOT, "bench", "traces", model.name + ".csv")


def paper_share(model):
    """The paper's share of the compute-only limit in %, of its LAGS-SGD."""
    if model.paper is None:
        return None
    return 100 * model.paper["compute"] / model.paper["lags"]
