"""Whether pairs that do not interact are called, and planted ones are.

Twenty columns: normal, correlated in a chain (.7), or counts of which most are 0; numbers or two
classes; five columns act alone, straight or bent. *Additive* truths have no interaction; *mixed*
ones have two ANDs besides, one of two columns that do nothing else. Networks are trained on 2,000
rows, and `interaction_evidence` tests the 40 strongest pairs on 2,000 others at q <= .1.

``null_pairs_fdp``: mean share of false pairs among those called, over all tables;
``null_pairs_fdp_bound``: .1 and two standard errors of that mean; ``null_pairs_fdp_additive``, the
share of additive tables in which anything is called, and ``null_pairs_fdp_mixed``;
``null_pairs_power``: share of the planted pairs that are called.
"""

from __future__ import annotations

import itertools

import numpy as np

from sklearn_deeplifft import GIATransformer
from sklearn_deeplifft.interventions import interaction_evidence

N, D, ALPHA, N_PAIRS = 2000, 20, 0.1, 40
KINDS, TASKS = ("normal", "correlated", "counts"), ("regression", "classification")
PLANTED = {(5, 6), (0, 7)}


def figures(quick=False, data=None):
    """All figures of this part: a flat dict."""
    found = {True: [], False: []}
    kinds = KINDS[:1] if quick else KINDS
    for seed in range(1 if quick else 8):
        for kind, task, mixed in itertools.product(kinds, TASKS, (False, True)):
            false, right = called(kind, task, mixed, seed)
            print(kind, task, "mixed" if mixed else "additive", seed, false, right, flush=True)
            found[mixed].append((len(false) / max(len(false) + len(right), 1), len(right)))
    both = np.array([fdp for own in found.values() for fdp, _ in own])
    error = both.std(ddof=1) / np.sqrt(len(both))
    return {
        "null_pairs_fdp": float(both.mean()),
        "null_pairs_fdp_bound": float(ALPHA + 2 * error),
        "null_pairs_fdp_additive": float(np.mean([fdp for fdp, _ in found[False]])),
        "null_pairs_fdp_mixed": float(np.mean([fdp for fdp, _ in found[True]])),
        "null_pairs_power": float(np.mean([right for _, right in found[True]]) / len(PLANTED)),
    }


def called(kind, task, mixed, seed):
    """False pairs and right ones among those called in one table."""
    X, y = table(kind, task, mixed, seed)
    networks = {"n_networks": 6, "hidden_layer_sizes": (64, 32), "max_epochs": 30}
    model = GIATransformer.default_estimator(task, random_state=seed, **networks)
    model.fit(X[:N], y[:N])
    found = interaction_evidence(model, X[N:], y[N:], pairs=N_PAIRS, random_state=seed)
    pairs = {tuple(pair) for pair in found.pairs[found.q_value <= ALPHA].tolist()}
    truth = PLANTED if mixed else set()
    return sorted(pairs - truth), sorted(pairs & truth)


def table(kind, task, mixed, seed):
    """Rows (2 N, D) and the target."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((2 * N, D))
    if kind == "correlated":
        for j in range(1, D):
            X[:, j] = 0.7 * X[:, j - 1] + np.sqrt(1 - 0.7**2) * X[:, j]
    if kind == "counts":
        X = rng.poisson(0.3, X.shape).astype(float)
    f = 1.5 * X[:, 0] + 1.5 * abs(X[:, 1]) + np.sin(2 * X[:, 2]) + X[:, 3] - 0.4 * X[:, 4] ** 2
    if mixed:
        f = f + sum(3.0 * (X[:, i] > 0) * (X[:, j] > 0) for i, j in sorted(PLANTED))
    f = f - f.mean()
    if task == "regression":
        return X, f + 0.7 * rng.standard_normal(len(f))
    return X, (rng.random(len(f)) < 1 / (1 + np.exp(-1.5 * f))).astype(int)
