"""Streaming, mergeable sums of scores over any part of the data.

==============  ====================================================  ========
code            symbol                                                shape
==============  ====================================================  ========
``signed``      sum of w_s score over the correct rows of a cell      (C, d)
``absolute``    sum of w_s |score|                                    (C, d)
``weight``      sum of w_s                                            (C,)
``slopes``      sum of w_s centred dz/dx_i over all rows              (C, D)
``total``       sum of w_s over all rows, right or wrong
==============  ====================================================  ========

A cell is a class (softmax), a label's absence or presence (sigmoid), or an output (regression).
Scores are of d features, which may be groups of the D columns; slopes are always of columns.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

__all__ = ["ScoreSums", "cell_means", "largest_score", "overall_score", "worst"]


@dataclass(frozen=True)
class ScoreSums:
    """Sums over rows; those of parts of the data merge."""

    signed: Tensor
    absolute: Tensor
    weight: Tensor
    slopes: Tensor
    total: float
    residual: float = 0.0
    """Largest relative residual of the decomposition among the rows seen."""

    @classmethod
    def zeros(cls, n_cells: int, n_features: int, n_columns: int | None = None) -> ScoreSums:
        """The sums of no rows; of as many columns as features by default."""
        scores = torch.zeros(n_cells, n_features, dtype=torch.float64)
        width = n_features if n_columns is None else n_columns
        slopes = torch.zeros(n_cells, width, dtype=torch.float64)
        weight = torch.zeros(n_cells, dtype=torch.float64)
        return cls(scores, scores.clone(), weight, slopes, 0.0)

    @classmethod
    def of(
        cls, scores: Tensor, cell: Tensor, weight: Tensor, slopes: Tensor, total: float
    ) -> ScoreSums:
        """The sums of one batch of scores (m, d), with cells (m,) and weights (m,)."""
        n_cells = len(slopes)
        belongs = torch.nn.functional.one_hot(cell, n_cells).T.to(scores.dtype)
        belongs = belongs * weight.to(scores.dtype)
        return cls(
            (belongs @ scores).double(),
            (belongs @ scores.abs()).double(),
            belongs.double().sum(1),
            slopes.double(),
            total,
        )

    def spread(self, at: Tensor, d: int) -> ScoreSums:
        """The sums of ``d`` columns of which these are ``at``, with zeros for the others."""
        signed, absolute, slopes = (
            part.new_zeros(len(part), d).index_copy_(1, at, part)
            for part in (self.signed, self.absolute, self.slopes)
        )
        return replace(self, signed=signed, absolute=absolute, slopes=slopes)

    def merge(self, *others: ScoreSums) -> ScoreSums:
        """The sums over the rows of this part and of others, added in that order."""
        parts = (self, *others)
        return ScoreSums(
            sum((part.signed for part in others), self.signed),
            sum((part.absolute for part in others), self.absolute),
            sum((part.weight for part in others), self.weight),
            sum((part.slopes for part in others), self.slopes),
            sum(part.total for part in parts),
            worst(*(part.residual for part in parts)),
        )


def worst(*residuals: float) -> float:
    """The largest; NaN if any is, which Python's ``max`` may lose."""
    return float("nan") if any(r != r for r in residuals) else max(residuals, default=0.0)


def cell_means(sums: Tensor, weight: Tensor) -> Tensor:
    """Mean per cell (C, d); zero where a cell saw no row."""
    return torch.where(weight > 0, 1 / weight.clamp_min(1e-300), 0.0)[:, None] * sums


def overall_score(sums: ScoreSums, *, balanced: bool, signed: bool = False) -> Tensor:
    """Mean size of scores (d,): over all rows, or each cell that has rows weighing the same.

    With ``signed`` the scores of a cell are added up before their size is taken: what a column
    that says nothing does to rows differs in sign from row to row, and cancels.
    """
    sizes = _sizes(sums, signed)
    if not balanced:
        return sizes.sum(0) / sums.weight.sum().clamp_min(1e-300)
    present = int((sums.weight > 0).sum())
    return cell_means(sizes, sums.weight).sum(0) / max(present, 1)


def largest_score(sums: ScoreSums, *, signed: bool = False) -> Tensor:
    """Mean size of scores (d,) of the cell where it is largest; ``signed`` as above."""
    return cell_means(_sizes(sums, signed), sums.weight).amax(0)


def _sizes(sums: ScoreSums, signed: bool) -> Tensor:
    return sums.signed.abs() if signed else sums.absolute
