"""Selection of the largest entries in PyTorch on a GPU, for comparison with
bench_cuda: torch.topk, and Gaussian-k as published (arXiv 1911.08772,
algorithm 1). Prints milliseconds, medians. Exit code 77 where there is no
PyTorch or no CUDA device.

usage: against_torch.py [ELEMENTS ...]   (25600000 256000000)
"""

import statistics
import sys

try:
    import torch
except ImportError:
    print("against_torch: there is no PyTorch here: nothing measured")
    sys.exit(77)

DENSITY = 0.001
REPEATS = 51
WARM_UP = 10


def topk(acc, k):
    """The k largest magnitudes exactly."""
    _, indices = torch.topk(acc.abs(), k, sorted=False)
    return indices, acc[indices]


def gaussian_k(acc, k):
    """By the normal quantile, refined up to four times."""
    quantile = statistics.NormalDist().inv_cdf(1.0 - k / (2.0 * acc.numel()))
    threshold = acc.mean() + acc.std() * quantile
    magnitude = acc.abs()
    for _ in range(4):
        count = int((magnitude > threshold).sum())
        if count < 2 * k / 3:
            threshold = threshold * 0.5
        elif count > 4 * k / 3:
            threshold = threshold * 1.5
        else:
            break
    indices = torch.nonzero(magnitude > threshold).flatten()
    return indices, acc[indices]


def milliseconds(select, gradient, residual, k):
    """Of gradient + residual, the selection, and clearing what was selected."""
    times = []
    for i in range(-WARM_UP, REPEATS):
        begin = torch.cuda.Event(enable_timing=True)
        end = torch.cuda.Event(enable_timing=True)
        begin.record()
        acc = gradient + residual
        indices, _ = select(acc, k)
        acc[indices] = 0
        end.record()
        torch.cuda.synchronize()
        if i >= 0:
            times.append(begin.elapsed_time(end))
    return statistics.median(times)


def main():
    if not torch.cuda.is_available():
        print("against_torch: there is no CUDA device here: nothing measured")
        return 77
    print("%s, PyTorch %s, density %g, medians of %d" % (
        torch.cuda.get_device_name(), torch.__version__, DENSITY, REPEATS))
    for count in [int(text) for text in sys.argv[1:]] or [25600000, 256000000]:
        gradient = torch.randn(count, device="cuda")
        residual = torch.randn(count, device="cuda")
        k = int(count * DENSITY)
        for name, select in (("torch.topk", topk), ("Gaussian-k", gaussian_k)):
            print("%-12s %8.1f M %9.4f ms" % (
                name, count / 1e6,
                milliseconds(select, gradient, residual, k)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
