"""Rankings of a table whose relevant columns are known, ours and the peers'."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from sklearn.ensemble import RandomForestClassifier

from sklearn_deeplifft import DeepLIFFTSelector
from sklearn_deeplifft.datasets import make_motif_counts

__all__ = ["RANKINGS", "Ranked", "held", "over_draws"]

OTHERS = 5_000
"""Rows that models are judged on."""


class Ranked(NamedTuple):
    """What a model says of a table: columns, the best first, and classes of other rows."""

    order: np.ndarray
    predicted: np.ndarray


def ours(X: np.ndarray, y: np.ndarray, other: np.ndarray, seed: int) -> Ranked:
    """The default selector, which predicts by its networks on all columns."""
    selector = DeepLIFFTSelector(random_state=seed).fit(X, y)
    return Ranked(np.argsort(selector.ranking_), selector.estimator_.predict(other))


def forest(X: np.ndarray, y: np.ndarray, other: np.ndarray, seed: int) -> Ranked:
    """Impurity of a forest of 500 trees."""
    model = RandomForestClassifier(500, random_state=seed, n_jobs=1).fit(X, y)
    return Ranked(np.argsort(-model.feature_importances_), model.predict(other))


def lightgbm(X: np.ndarray, y: np.ndarray, other: np.ndarray, seed: int) -> Ranked:
    """LightGBM's gain, with its default settings."""
    from lightgbm import LGBMClassifier

    model = LGBMClassifier(importance_type="gain", random_state=seed, n_jobs=1, verbosity=-1)
    model.fit(X, y)
    return Ranked(np.argsort(-model.feature_importances_), model.predict(other))


RANKINGS: dict[str, Callable[..., Ranked]] = {
    "deeplifft": ours,
    "forest": forest,
    "lightgbm": lightgbm,
}


def over_draws(n: int, draws: int, **shape: int) -> dict[str, float]:
    """Means over tables of ``n`` rows of what each ranking holds; each is printed."""
    found: dict[str, list[float]] = {}
    for seed in range(draws):
        made = make_motif_counts(n + OTHERS, **shape, random_state=seed)
        in_pairs = np.zeros(made.X.shape[1], dtype=bool)
        in_pairs[[column for _, *columns in made.pairs for column in columns]] = True
        for name, rank in RANKINGS.items():
            began = time.process_time()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                ranked = rank(made.X[:n], made.y[:n], made.X[n:], seed)
            figures = {
                "recall": held(ranked.order, made.relevant),
                "pairs": held(ranked.order, in_pairs, int(made.relevant.sum())),
                "right": float((ranked.predicted == made.y[n:]).mean()),
                "seconds": time.process_time() - began,
            }
            said = ", ".join(f"{key} {value:.3f}" for key, value in figures.items())
            print(f"  {n} rows, draw {seed}, {name}: {said}", flush=True)
            for key, value in figures.items():
                found.setdefault(f"{key}_{name}", []).append(value)
    return {name: float(np.mean(values)) for name, values in found.items()}


def held(order: np.ndarray, wanted: np.ndarray, n: int | None = None) -> float:
    """Share of the ``wanted`` columns among the first ``n``, as many as there are by default."""
    first = order[: int(wanted.sum()) if n is None else n]
    return float(wanted[first].sum() / wanted.sum())
