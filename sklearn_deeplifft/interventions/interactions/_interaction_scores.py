"""Scores of pairs of features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from sklearn_deeplifft._printable import shown
from sklearn_deeplifft.tables import Names

__all__ = ["FeatureNames", "InteractionScores", "names_for"]


class FeatureNames(NamedTuple):
    known: Names
    """None where nothing names the columns."""
    shown: tuple[Any, ...]
    """Names, or positions."""


def names_for(d: int, names: Any) -> FeatureNames:
    """Names of ``d`` columns, if these are theirs, or else their positions."""
    if names is None or len(names) != d:
        return FeatureNames(None, tuple(range(d)))
    known = np.array([str(name) for name in names])
    return FeatureNames(known, tuple(known.tolist()))


@dataclass(frozen=True)
class InteractionScores:
    """A number for each pair of features.

    Attributes
    ----------
    score : ndarray of shape (K, d, d) or (n, K, d, d)
        Symmetric; per row where rows were not reduced.
    outputs : tuple of K
        Names of the outputs: classes, labels or targets.
    names : tuple of d
        Names of the features; positions where nothing names them.
    error : float or None
        Of integrated Hessians: the largest difference between the sum of a row's scores and what
        the networks answer at the row less at its reference, over the largest of these answers.
    """

    score: np.ndarray
    outputs: tuple[Any, ...]
    names: tuple[Any, ...]
    error: float | None = None

    def strongest(self, k: int = 10) -> list[tuple[int, int]]:
        """The ``k`` pairs of positions, i < j, with the largest scores over outputs and rows."""
        if not isinstance(k, int | np.integer) or isinstance(k, bool) or k < 1:
            raise ValueError(f"k={shown(k)} must be a whole number, 1 or more.")
        i, j = np.triu_indices(len(self.names), 1)
        size = np.abs(self.score[..., i, j]).reshape(-1, len(i)).max(axis=0, initial=0)
        order = np.argsort(-size, kind="stable")[:k]
        return list(zip(i[order].tolist(), j[order].tolist(), strict=True))

    def to_frame(self) -> pd.DataFrame:
        """Table with one row per pair and output, the largest sizes first; pairs i < j only."""
        if self.score.ndim != 3:
            raise ValueError(
                "scores of single rows make no table of pairs; average them first, by reduce="
                "'mean_abs', or take score[row]."
            )
        i, j = np.triu_indices(len(self.names), 1)
        names, K = np.array(self.names, dtype=object), len(self.outputs)
        table = pd.DataFrame(
            {
                "first": np.repeat(names[i], K),
                "second": np.repeat(names[j], K),
                "output": list(self.outputs) * len(i),
                "score": self.score[:, i, j].T.ravel(),
            }
        )
        order = np.argsort(-table["score"].abs().to_numpy(), kind="stable")
        return table.iloc[order].reset_index(drop=True)
