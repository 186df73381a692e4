"""Comparison of features chosen in different ways, on rows that no ranking has seen."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from sklearn_deeplifft._printable import harmless
from sklearn_deeplifft.cli._families import by_groups
from sklearn_deeplifft.cli._learners import METRICS, Judgement, judge
from sklearn_deeplifft.cli._parts import Parts
from sklearn_deeplifft.cli._rankers import Chooser, rankers_for
from sklearn_deeplifft.cli._scale import power_of_two
from sklearn_deeplifft.tables import FeatureGroups

__all__ = ["ALL", "OURS", "compare", "n_comparisons"]

OURS, ALL = "DeepLIFFT", "all features"


def n_comparisons(task: str, counts: Sequence[int], n_ours: int = 1) -> int:
    """Steps of ``compare``: the rankings, then each of them (and ours) at each count, then all."""
    n_others = len(rankers_for(task))
    return n_others + (n_others + n_ours) * len(counts) + 1


def compare(
    parts: Parts,
    task: str,
    counts: Sequence[int],
    ours: Mapping[str, tuple[Chooser, float]],
    *,
    groups: FeatureGroups,
    names: Sequence[str],
    seed: int,
    advance: Callable[[], object],
) -> pd.DataFrame:
    """Rank by every method on the training rows, score on the test rows.

    Parameters
    ----------
    ours : mapping of str to (callable, float)
        By name, our own ways: from a number of features to their positions, and the seconds that
        the ranking took.
    groups : FeatureGroups
        Columns that are one feature: every method keeps them whole, and counts are of these.
    names : sequence of str
        The column of the table that each column came from.
    advance : callable
        Called after each of ``n_comparisons`` steps.

    Returns
    -------
    DataFrame
        One row for each count and method, and one for all features.
    """
    parts = _in_small_units(parts) if task == "regression" else _with_codes(parts)
    X_train, X_test = parts.X_train.to_numpy(), parts.X_test.to_numpy()
    choosers = {**ours, **_other_choosers(task, X_train, parts, seed, advance)}
    of_column = np.array(names, dtype=object)

    def row(method: str, columns: np.ndarray, took: float, listed: str) -> dict[str, Any]:
        found = judge(
            task,
            X_train[:, columns],
            X_test[:, columns],
            parts.y_train,
            parts.y_test,
            seed,
            groups=parts.groups_test,
        )
        advance()
        n_features = len(np.unique(groups.of_column[columns]))
        return _row(n_features, method, task, found, took, listed)

    rows = []
    for k in counts:
        for method, (choose, took) in choosers.items():
            columns = by_groups(choose, groups)(k)
            listed = dict.fromkeys(harmless(name) for name in of_column[columns])
            rows.append(row(method, columns, took, ";".join(listed)))
    # The list of all features is the ranking itself; a cell of thousands of names helps nobody.
    rows.append(row(ALL, np.arange(len(of_column)), 0.0, ""))
    return pd.DataFrame(rows)


def _in_small_units(parts: Parts) -> Parts:
    """A target whose squares are numbers; neither rankings nor R squared depend on its unit."""
    size = power_of_two(np.append(parts.y_train, parts.y_test))
    return replace(parts, y_train=parts.y_train / size, y_test=parts.y_test / size)


def _with_codes(parts: Parts) -> Parts:
    """Classes as whole numbers; weights of scikit-learn take the labels 01 and 1 for the same."""
    y = np.append(parts.y_train, parts.y_test)
    codes = np.unique(y, return_inverse=True)[1]
    n = len(parts.y_train)
    return replace(parts, y_train=codes[:n], y_test=codes[n:])


def _other_choosers(
    task: str, X: np.ndarray, parts: Parts, seed: int, advance: Callable[[], object]
) -> dict[str, tuple[Chooser, float]]:
    choosers = {}
    for method, ranker in rankers_for(task).items():
        began = time.perf_counter()
        chooser = ranker(task, X, parts.y_train, seed)
        choosers[method] = chooser, time.perf_counter() - began
        advance()
    return choosers


def _row(
    k: int, method: str, task: str, found: Judgement, seconds: float, features: str
) -> dict[str, Any]:
    return {
        "n_features": k,
        "method": method,
        "metric": METRICS[task],
        "score": found.mean,
        "standard_error": found.standard_error,
        "linear_score": found.linear,
        "forest_score": found.forest,
        "ranking_seconds": round(seconds, 2),
        "features": features,
    }
