"""Scored pairs of features, with how sure they are and what they stand on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd

from sklearn_deeplifft._printable import shown
from sklearn_deeplifft.interventions._support import FEW_ROWS

__all__ = ["InteractionEffects"]

PAIRED = ("score", "standard_errors", "h_squared")
"""Fields (p, R)."""


@dataclass(frozen=True)
class InteractionEffects:
    """Interactions of p pairs of G features, on R outputs.

    ``f(hi, hj) - f(hi, lj) - f(li, hj) + f(li, lj)``, averaged over contexts as ``reduce`` says.
    On the logit scale in units of the centred logit, in regression of the target.

    Attributes
    ----------
    score : ndarray of shape (p, R)
        With ``reduce="rms"`` 0 or more: the root of the mean square, 0 where effects add up. With
        ``"mean"`` signed: above 0 where both do more than the sum, below 0 where less.
    standard_errors : ndarray of shape (p, R)
        Monte-Carlo error of the score over background rows; no evidence by itself. NaN with one.
    interval : ndarray of shape (2, p, R)
        95 % interval over networks (Student's t); NaN with one. Of a root mean square it is that of
        what each network shows of the ensemble's interaction, ``mean(E e_k) / score``, whose mean
        over networks is the score; it says how far networks agree, and no test of 0.
    cells : ndarray of shape (p, 4)
        Data rows at the first level of both (neither), the second level of the first feature only,
        of the second only, and of both: what the four predictions stand on. Swaps have no levels,
        but halves of the data: above and below the median of a column; the commonest level of a
        block and its others, or, of a block of many, either side of the middle along which it
        varies most. -1: not counted.
    off_manifold : ndarray of shape (p,)
        Share of the rows read, 0 to 1, whose nearest neighbour in the data is further away than
        that of 99 % of the data once both are moved; about 0.01 is none. Measured for the 200
        strongest pairs, NaN for others. Of mixtures and ``"archdetect"``: the share of the contexts
        themselves.
    n_rows : ndarray of shape (p,)
        Background rows behind each score.
    h_squared : ndarray of shape (p, R) or None
        Friedman's H squared, 0 to 1, with ``context="partial_dependence"``: share of the variance
        of the joint partial dependence that is interaction.
    pairs : ndarray of shape (p, 2)
        Positions in ``names``.
    names : tuple of str
        The G features.
    outputs : tuple
        The R classes, labels or targets.
    context, levels, reduce, scale : str
        What was asked; ``levels`` is "value" or "low, high" where numbers were given.
    """

    score: np.ndarray
    standard_errors: np.ndarray
    interval: np.ndarray
    cells: np.ndarray
    off_manifold: np.ndarray
    n_rows: np.ndarray
    h_squared: np.ndarray | None
    pairs: np.ndarray
    names: tuple[str, ...]
    outputs: tuple[Any, ...]
    context: str
    levels: str
    reduce: str
    scale: str

    @property
    def flagged(self) -> np.ndarray:
        """(p,) bool: a cell of the pair holds fewer than 20 data rows.

        The network then never saw that combination, and its interaction there is a guess, however
        well it predicts the data.
        """
        few: np.ndarray = np.any((self.cells >= 0) & (self.cells < FEW_ROWS), axis=1)
        return few

    def matrix(self, field: str = "score") -> np.ndarray:
        """Symmetric matrices (R, G, G) of ``"score"``, ``"standard_errors"`` or ``"h_squared"``.

        0 on the diagonal, NaN for pairs that were not asked for or not kept.
        """
        values = getattr(self, field, None) if field in PAIRED else None
        if values is None:
            raise ValueError(
                f"field={shown(field)} must be 'score', 'standard_errors' or, with "
                "context='partial_dependence', 'h_squared'."
            )
        G, R = len(self.names), len(self.outputs)
        found = np.full((R, G, G), np.nan)
        found[:, np.arange(G), np.arange(G)] = 0
        i, j = self.pairs.T
        found[:, i, j] = found[:, j, i] = values.T
        return found

    def top(self, k: int = 10) -> InteractionEffects:
        """The ``k`` strongest pairs, by their largest score over outputs, whatever its sign."""
        if not isinstance(k, Integral) or isinstance(k, bool) or k < 1:
            raise ValueError(f"k={shown(k)} must be a whole number of at least 1.")
        size = np.nan_to_num(np.abs(self.score).max(axis=1), nan=-1.0)
        best = np.argsort(-size, kind="stable")[:k]
        return replace(
            self,
            score=self.score[best],
            standard_errors=self.standard_errors[best],
            interval=self.interval[:, best],
            cells=self.cells[best],
            off_manifold=self.off_manifold[best],
            n_rows=self.n_rows[best],
            h_squared=None if self.h_squared is None else self.h_squared[best],
            pairs=self.pairs[best],
        )

    def to_frame(self) -> pd.DataFrame:
        """Table with one row per pair and output, the largest ``|score|`` first."""
        p, R = self.score.shape
        names = np.array(self.names, dtype=object)[self.pairs]
        columns: dict[str, Any] = {
            "first": np.repeat(names[:, 0], R),
            "second": np.repeat(names[:, 1], R),
            "output": list(self.outputs) * p,
            "score": self.score.ravel(),
            "low": self.interval[0].ravel(),
            "high": self.interval[1].ravel(),
            "standard_error": self.standard_errors.ravel(),
        }
        if self.h_squared is not None:
            columns["h_squared"] = self.h_squared.ravel()
        for name, count in zip(("neither", "first", "second", "both"), self.cells.T, strict=True):
            columns[f"rows_{name}"] = np.repeat(count, R)
        columns["flagged"] = np.repeat(self.flagged, R)
        columns["off_manifold"] = np.repeat(self.off_manifold, R)
        columns["n_rows"] = np.repeat(self.n_rows, R)
        order = np.argsort(-np.abs(columns["score"]), kind="stable")  # NaN last
        return pd.DataFrame(columns).iloc[order].reset_index(drop=True)
