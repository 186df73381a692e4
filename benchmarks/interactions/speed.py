"""All pairs of 512 columns, 64 rows, 512-128-64-1: against full forwards, and bare products.

``seconds_all_pairs``: processor seconds of `interaction_effects`, swaps in a normal table, so that
every column of every row is moved; ``seconds_all_pairs_counts``: the same on counts, most of which
are equal in both rows. ``seconds_with_support``: with cells and distances.
``speedup_all_pairs``: over full forwards of all pairs, taken from a block of them, at the better of
two batch sizes. ``ratio_to_matmul``: over the product 128 x 64 of all pairs alone, the better of
torch's own and that of oneDNN. ``cost_eight_classes``: seconds for eight outputs over those for
one; ``speedup_eight_classes``: of eight together over one after another. ``largest_difference``:
of a score from full forwards in double precision, on 200 pairs, over the largest score.

The network is freshly drawn. All times are of this process on one thread, medians of rounds in
turns, as other processes may be running.
"""

from __future__ import annotations

import copy
import itertools
import statistics
import time

import numpy as np
import torch
from torch import nn

from sklearn_deeplifft.attribution._products import times_transposed
from sklearn_deeplifft.interventions import interaction_effects

SIZES = (512, 128, 64)
BATCHES = (64, 1024)
BLOCK = 8192
"""Rows that are run whole; all pairs are so many times as many."""

ROUNDS = 7


def figures(quick=False, data=None):
    """All figures of this part: a flat dict."""
    d, n, rounds = (64, 16, 1) if quick else (SIZES[0], 64, ROUNDS)
    one, eight = network(d, 1), network(d, 8)
    rng = np.random.RandomState(0)
    normal, counts = rng.standard_normal((n, d)), rng.poisson(0.3, (n, d)).astype(float)
    cases = d * (d - 1) // 2 * n
    rows = torch.tensor(normal, dtype=torch.float32).repeat(BLOCK // n, 1)
    hidden = torch.randn(BLOCK, SIZES[1])

    def ours(net, X, task="regression", support=False):
        return lambda: interaction_effects(net, X, task=task, support=support)

    runs = {
        "pairs": ours(one, normal),
        "classes": ours(eight, normal, "classification"),
        "counts": ours(one, counts),
        "support": ours(one, normal, support=True),
        "mm": lambda: torch.mm(hidden, one[2].weight.T),
        "oneDNN": lambda: times_transposed(hidden, one[2].weight),
    } | {f"forward {size}": forwards(one, rows, size) for size in BATCHES}
    with torch.inference_mode():
        seconds = medians(runs, rounds)
    whole = min(seconds[f"forward {size}"] for size in BATCHES) * cases / BLOCK
    product = min(seconds["mm"], seconds["oneDNN"]) * cases / BLOCK
    return {
        "seconds_all_pairs": seconds["pairs"],
        "seconds_all_pairs_counts": seconds["counts"],
        "seconds_with_support": seconds["support"],
        "seconds_full_forwards": whole,
        "speedup_all_pairs": whole / seconds["pairs"],
        "ratio_to_matmul": seconds["pairs"] / product,
        "speedup_eight_classes": 8 * seconds["pairs"] / seconds["classes"],
        "cost_eight_classes": seconds["classes"] / seconds["pairs"],
        "largest_difference": difference(one, normal),
    }


def network(d, n_outputs):
    """A freshly drawn network."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        sizes = (d, *SIZES[1:], n_outputs)
        layers = [(nn.Linear(a, b), nn.ReLU()) for a, b in itertools.pairwise(sizes)]
    return nn.Sequential(*[layer for pair in layers for layer in pair][:-1]).eval()


def forwards(net, rows, size):
    """The network on rows that are written already, a batch at a time."""

    def run():
        for batch in rows.split(size):
            net(batch)

    return run


def medians(runs, rounds):
    """Median processor seconds of each, taking turns."""
    for run in runs.values():
        run()
    times = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            started = time.process_time()
            run()
            times[name].append(time.process_time() - started)
    return {name: statistics.median(found) for name, found in times.items()}


@torch.inference_mode()
def difference(net, X):
    """Largest difference of a score from full forwards in double precision, over the largest."""
    found = interaction_effects(net, X, levels=np.zeros(X.shape[1]), task="regression")
    exact = copy.deepcopy(net).double()
    rows = torch.tensor(X)

    def after(*columns):
        moved = rows.clone()
        moved[:, list(columns)] = 0
        return exact(moved)[:, 0]

    before, gap = after(), 0.0
    for p in range(0, len(found.pairs), max(len(found.pairs) // 200, 1)):
        i, j = found.pairs[p].tolist()
        e = after(i, j) - after(i) - after(j) + before
        gap = max(gap, abs(float(e.square().mean().sqrt()) - found.score[p, 0]))
    return gap / float(found.score.max())
