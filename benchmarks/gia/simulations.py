"""Simulations with a known truth: intervals that should hold it, null features that are null."""

from __future__ import annotations

import warnings

import numpy as np
import torch

from benchmarks.common.intervals import held
from sklearn_deeplifft import FeatureSelectionWarning, GIATransformer
from sklearn_deeplifft.ensembles import Execution, Split, train_networks
from sklearn_deeplifft.interventions import add, intervention_effects
from sklearn_deeplifft.networks import NetworkSettings, TrainingTable
from sklearn_deeplifft.tables import Problem, Rows

WEIGHTS = np.array([1.0, -0.5, 0.0])
N_NETWORKS = 10
ALPHA = 0.05


def coverage(n_seeds: int) -> dict[str, float]:
    """Share of the 95 % intervals that hold the truth.

    ``coverage_95``: linear networks, each trained on a sample of its own of a linear population;
    the truth is the population's weight. This is what an interval over networks assumes.
    ``coverage_95_same_data``: ensembles trained on one table; the truth is the mean of the other
    networks on it. ``coverage_95_same_data_population``: the same intervals and the population's
    effects, of which they say nothing, as all networks share one sample.
    """
    own = np.concatenate([_of_own_samples(seed) for seed in range(n_seeds)])
    tables = [_of_one_table(seed) for seed in range(max(n_seeds // 20, 1))]
    same, population = zip(*tables, strict=True)
    return {
        "coverage_95": float(own.mean()),
        "coverage_95_same_data": float(np.concatenate(same).mean()),
        "coverage_95_same_data_population": float(np.concatenate(population).mean()),
    }


def _of_own_samples(seed: int) -> np.ndarray:
    rng = np.random.RandomState(seed)
    n, d = 200, len(WEIGHTS)
    X = rng.normal(size=(N_NETWORKS * n, d))
    y = X @ WEIGHTS + rng.normal(size=len(X))
    settings = NetworkSettings(
        hidden_layer_sizes=(), learning_rate=1e-2, batch_size=50, max_epochs=200, patience=None
    )
    table = TrainingTable(
        Rows(X.astype(np.float32)),
        torch.from_numpy(y[:, None]).float(),
        torch.ones(len(X)),
        None,
    )
    parts = np.split(np.arange(len(X)), N_NETWORKS)
    nothing = np.empty(0, dtype=np.int64)
    splits = [Split(part, nothing, seed * N_NETWORKS + i) for i, part in enumerate(parts)]
    problem = Problem("regression", d, 1)
    trained = train_networks(
        problem, settings, table, splits, np.arange(d), Execution(), lambda *args: None
    )
    found = intervention_effects(
        [t.estimator for t in trained],
        X[:100],
        [add(j, 1.0, low=None) for j in range(d)],
        task="regression",
    )
    low, high = found.interval[..., 0]
    return (low <= WEIGHTS) & (high >= WEIGHTS)


def _of_one_table(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """20 ensembles of 10 networks on one table."""
    rng = np.random.RandomState(1000 + seed)
    X = rng.normal(size=(300, len(WEIGHTS)))
    y = X @ WEIGHTS + rng.normal(size=300)
    edits = [add(j, 1.0, low=None) for j in range(len(WEIGHTS))]
    networks = GIATransformer.default_estimator(
        "regression", n_networks=200, hidden_layer_sizes=(16,), n_jobs=2
    )
    gia = GIATransformer(networks, interventions=edits, random_state=seed).fit(X, y)
    own = gia.intervention_effects_.per_network[..., 0]
    return held(own, N_NETWORKS).ravel(), held(own, N_NETWORKS, WEIGHTS).ravel()


def null_share(n_seeds: int) -> dict[str, float]:
    """Share of tables without any signal on which nothing is reported; and power where there is.

    300 rows, 20 columns, half of them counts, two classes; 20 networks with the default settings
    and null features; reported is what has ``q <= 0.05``.
    """
    empty, by_class, found = [], [], []
    networks = GIATransformer.default_estimator(null_features=True, n_networks=20, n_jobs=2)
    for seed in range(n_seeds):
        rng = np.random.RandomState(seed)
        X = np.hstack([rng.normal(size=(300, 10)), rng.poisson(0.7, size=(300, 10))])
        gia = GIATransformer(networks, n_background=300, random_state=seed)
        with warnings.catch_warnings():  # that nothing is learned of noise is what is measured
            warnings.simplefilter("ignore", FeatureSelectionWarning)
            gia.fit(X, rng.permutation(np.arange(300) % 2))
        empty.append(not (gia.q_values_ <= ALPHA).any())
        by_class.append(not (gia.class_q_values_ <= ALPHA).any())
        logit = 2 * X[:, 0] - 2 * X[:, 1] + 1.5 * (X[:, 10] - 0.7)
        gia.fit(X, logit + rng.logistic(size=300) > 0)
        reported = np.flatnonzero(gia.q_values_ <= ALPHA)
        found.append(len(set(reported.tolist()) & {0, 1, 10}) / 3)
    return {
        "null_empty_share": float(np.mean(empty)),
        "null_empty_share_by_class": float(np.mean(by_class)),
        "planted_found_share": float(np.mean(found)),
    }
