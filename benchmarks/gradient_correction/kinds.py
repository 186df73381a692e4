"""The published networks by kind, and sequences of the first class with their truth."""

from __future__ import annotations

import numpy as np

from benchmarks.gradient_correction.published import published_networks, sequences

KINDS = ("deep_exp", "deep_relu", "shallow_exp", "shallow_relu")


def published(data=None, quick=False):
    """Kind and network of each file; in the quick form, one of a kind."""
    found = published_networks(data).items()
    return [(kind_of(name), net) for name, net in found if not quick or name.endswith("_2")]


def kind_of(name):
    """``cnn_deep_exponential_2`` is of the kind ``deep_exp``."""
    _, depth, activation, _ = name.split("_")
    return f"{depth}_{activation.replace('exponential', 'exp')}"


def positives(n, data=None):
    """Encoded sequences (n, 800) that hold core motifs, and their truth (n, 200, 4)."""
    found = sequences(2 * n, data)
    chosen = found.y == 1
    return found.X[chosen].astype(np.float32), found.truth[chosen].transpose(0, 2, 1)
