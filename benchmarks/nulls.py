"""How often n_features_to_select="auto" selects something that says nothing.

    python -m benchmarks.nulls [--json FILE] [--quick]

``DeepLIFFTSelector`` and (suffix ``_gates``) ``ImportanceNeuronSelector`` with 20 networks select
on generated tables at alpha = 0.1.

``global_null_empty_share``: y independent of X (300 rows, 20 columns); share of the tables on
which nothing is selected. ``fdp_*``: 600 rows, 40 columns, 10 of which carry a logistic target, two
of them also by their product; the mean share of the selected that are not among the 10, and
``power_*``, the share of the 10 that is selected. Columns are independent, or come in blocks of
four with correlation 0.7, one of the 10 in each; then ``fdp_correlated_permuted`` is that of null
columns that are permuted copies, and so say nothing of what a column shares with a true one beside
it. ``*_se`` are standard errors over tables. ``equal_sets_over_5_seeds``: whether five seeds of the
selector select the same of one independent table of 2,000 rows.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from typing import NamedTuple
from unittest import mock

import numpy as np

from benchmarks._measure import write_json
from sklearn_deeplifft import DeepLIFFTSelector, FeatureSelectionWarning, ImportanceNeuronSelector
from sklearn_deeplifft.networks import torch_threads

ALPHA = 0.1
N_TRUE = 10
BLOCK = 4
SHARED = {"n_features_to_select": "auto", "alpha": ALPHA, "n_networks": 20}
SELECTORS: dict[str, Callable] = {
    "": lambda seed: DeepLIFFTSelector(**SHARED, step=None, random_state=seed),
    "_gates": lambda seed: ImportanceNeuronSelector(
        **SHARED, hidden_layer_sizes=(64, 32), random_state=seed
    ),
}
"""By the suffix of their figures. One pass, as nulls are compared in the first; gates before small
networks, so that a run takes minutes."""


class Design(NamedTuple):
    """A generated table; ``true`` (d,) are the columns that the target depends on."""

    X: np.ndarray
    y: np.ndarray
    true: np.ndarray
    block: np.ndarray
    """(d,): which columns are correlated."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", metavar="FILE", help="write the figures as one flat object")
    parser.add_argument("--quick", action="store_true", help="fewer tables")
    options = parser.parse_args()
    began, figures = time.perf_counter(), {}
    n_null, n_planted = (5, 2) if options.quick else (40, 20)
    with torch_threads(1):
        for suffix, make in SELECTORS.items():
            figures |= {
                f"{name}{suffix}": value
                for name, value in of_selector(make, n_null, n_planted).items()
            }
        with mock.patch("sklearn_deeplifft.ensembles._knockoff_map.MOST_COLUMNS", 1):
            permuted = planted("correlated", 0.7, n_planted, SELECTORS[""])
    figures["fdp_correlated_permuted"] = permuted["fdp_correlated"]
    for name, value in figures.items():
        print(f"{name:34s} {value:8.3f}")
    print(f"{time.perf_counter() - began:.0f} s in all")
    write_json(options.json, figures)


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


def table(rho: float, seed: int, n: int = 600) -> Design:
    """Ten blocks of four normal columns; the first of each block matters."""
    rng = np.random.default_rng(seed)
    block = np.repeat(np.arange(N_TRUE), BLOCK)
    shared = rng.normal(size=(n, N_TRUE))[:, block]
    X = np.sqrt(rho) * shared + np.sqrt(1 - rho) * rng.normal(size=(n, N_TRUE * BLOCK))
    true = np.arange(N_TRUE * BLOCK) % BLOCK == 0
    carrying = X[:, true]
    logit = carrying @ rng.choice([-1.0, 1.0], N_TRUE) + carrying[:, 0] * carrying[:, 1]
    y = (rng.random(n) < 1 / (1 + np.exp(-logit))).astype(np.int64)
    return Design(X, y, true, block)


def outcome(mask: np.ndarray, design: Design) -> tuple[float, float]:
    """Share of false ones among the selected, and of the true ones that are."""
    false = (mask & ~design.true).sum() / max(mask.sum(), 1)
    return false, (mask & design.true).sum() / design.true.sum()


def selected(selector, X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """What a selector keeps, (d,) bool; that it may be nothing is what is measured."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FeatureSelectionWarning)
        return selector.fit(X, y).get_support()


if __name__ == "__main__":
    main()
