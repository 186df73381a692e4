"""Selection on generated tables: how often of nothing, of false columns, of true ones."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np

from benchmarks.nulls.designs import outcome, table
from sklearn_deeplifft import DeepLIFFTSelector, FeatureSelectionWarning, ImportanceNeuronSelector

ALPHA = 0.1
SHARED = {"n_features_to_select": "auto", "alpha": ALPHA}
NETWORKS = DeepLIFFTSelector.default_estimator(n_networks=20)
GATED = ImportanceNeuronSelector.default_estimator(n_networks=20, hidden_layer_sizes=(64, 32))
SELECTORS: dict[str, Callable] = {
    "": lambda seed: DeepLIFFTSelector(NETWORKS, **SHARED, step=None, random_state=seed),
    "_gates": lambda seed: ImportanceNeuronSelector(GATED, **SHARED, random_state=seed),
}
"""By the suffix of their figures. One pass, as nulls are compared in the first; gates before small
networks, so that a run takes minutes."""


def of_selector(make: Callable, n_null: int, n_planted: int) -> dict[str, float]:
    """All figures of one selector."""
    return {
        **global_null(n_null, make),
        **planted("independent", 0.0, n_planted, make),
        **planted("correlated", 0.7, n_planted, make),
        "equal_sets_over_5_seeds": float(equal_sets(make)),
    }


def global_null(n_tables: int, make: Callable) -> dict[str, float]:
    """Share of tables without any selected column, the target being noise."""
    empty = []
    for seed in range(n_tables):
        rng = np.random.default_rng(seed)
        X, y = rng.normal(size=(300, 20)), rng.integers(2, size=300)
        empty.append(not selected(make(seed), X, y).any())
    return with_error("global_null_empty_share", empty)


def planted(name: str, rho: float, n_tables: int, make: Callable) -> dict[str, float]:
    """False discoveries and power where ten columns matter."""
    rows = []
    for seed in range(n_tables):
        design = table(rho, seed)
        rows.append(outcome(selected(make(seed), design.X, design.y), design))
    fdp, power = np.transpose(rows)
    return {**with_error(f"fdp_{name}", fdp), f"power_{name}": float(np.mean(power))}


def equal_sets(make: Callable) -> bool:
    """Whether the seed of the selector changes nothing where the signal is strong."""
    design = table(0.0, 0, n=2000)
    return len({selected(make(seed), design.X, design.y).tobytes() for seed in range(5)}) == 1


def with_error(name: str, values) -> dict[str, float]:
    """A mean with its standard error."""
    error = np.std(values, ddof=1) / np.sqrt(len(values))
    return {name: float(np.mean(values)), f"{name}_se": float(error)}


def selected(selector, X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """What a selector keeps, (d,) bool; that it may be nothing is what is measured."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FeatureSelectionWarning)
        return selector.fit(X, y).get_support()
