"""Integrated Hessians: what a row costs, and how exactly they add up.

``ih_seconds_per_row``: processor seconds a row, one thread, through 512-128-64-1 from the mean row
to normal rows, reduced to mean sizes; median over batches of rows. ``ih_seconds_per_row_eight``:
with eight outputs. ``ih_seconds_per_row_counts``: counts, 3 % of them not zero, from zero.
``ih_completeness``: largest difference, over all three, between the sum of a row's scores and the
network's answer at the row less that at its reference, over the largest answer.
``nid_seconds``: strengths of all 130,816 pairs read off the weights of the same network.
"""

from __future__ import annotations

import itertools
import statistics
import time

import numpy as np
import torch
from torch import nn

from sklearn_deeplifft.interventions import integrated_hessians, neural_interaction_strength

WIDTH, HIDDEN = 512, (128, 64)


def figures(quick=False, data=None):
    """All figures of this part: a flat dict."""
    rows, rounds = (4, 3) if quick else (16, 5)
    rng = np.random.default_rng(0)
    normal = rng.standard_normal((rounds, rows, WIDTH))
    counts = rng.poisson(0.03, (rounds, rows, WIDTH)).astype(float)
    one, eight = network(1), network(8)
    cases = {
        "ih_seconds_per_row": (one, normal, "mean"),
        "ih_seconds_per_row_eight": (eight, normal, "mean"),
        "ih_seconds_per_row_counts": (one, counts, "zero"),
    }
    found, errors = {}, []
    for name, (net, batches, reference) in cases.items():
        found[name], error = seconds_per_row(net, batches, reference)
        errors.append(error)
    found["ih_completeness"] = max(errors)
    began = time.process_time()
    neural_interaction_strength(one)
    found["nid_seconds"] = time.process_time() - began
    return found


def seconds_per_row(net, batches, reference):
    """Median over batches, after one that is not counted, and the largest error of a sum."""
    integrated_hessians(net, batches[0][:2], reference)
    seconds, errors = [], []
    for X in batches:
        began = time.process_time()
        errors.append(integrated_hessians(net, X, reference).error)
        seconds.append((time.process_time() - began) / len(X))
    return statistics.median(seconds), max(errors)


def network(n_outputs):
    """512-128-64-K with torch's own first weights, drawn anew at every call but the same."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        sizes = itertools.pairwise((WIDTH, *HIDDEN, n_outputs))
        layers = [part for a, b in sizes for part in (nn.Linear(a, b), nn.ReLU())]
    return nn.Sequential(*layers[:-1])
