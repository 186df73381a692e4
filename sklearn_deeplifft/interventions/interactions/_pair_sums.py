"""Second differences of pairs, summed over rows: means, root mean squares, and how sure they are.

==============  ==========================================================  ===============
code            symbol                                                      shape
==============  ==========================================================  ===============
``e_k``         second difference of network k                              (n, I, J, R)
``E``           its mean over networks: that of the ensemble                (n, I, J, R)
``y``           E, or E^2, of a unit: a row, or the mean over its rows      (u, I, J, R)
score           mean y, or its root                                         (p, R)
error           sd(y) / sqrt(u); of a root, over twice the score            (p, R)
``own``         mean e_k; of a root mean (E e_k) / score: what network k    (N, p, R)
                shows of what the ensemble shows; their mean is the score
==============  ==========================================================  ===============
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from sklearn_deeplifft.interventions.interactions._pair_plan import Rectangle

__all__ = ["PairScores", "Sums", "UnitSums", "merged_scores"]


class PairScores(NamedTuple):
    """Scores of some pairs."""

    score: np.ndarray
    """(p, R)."""
    errors: np.ndarray
    """(p, R)."""
    own: np.ndarray
    """(N, p, R)."""
    h_squared: np.ndarray | None = None
    """(p, R): share of the joint effect's variance that is interaction, 0 to 1."""


class Sums:
    """Running sums of a rectangle over units of rows."""

    def __init__(self, rectangle: Rectangle, n_networks: int, R: int, squared: bool) -> None:
        self.rectangle, self.squared = rectangle, squared
        shape = (*rectangle.keep.shape, R)
        self.total, self.squares = torch.zeros(2, *shape, dtype=torch.float64)
        # Of one network the ensemble is all there is.
        n = n_networks if n_networks > 1 else 0
        self.own = torch.zeros(n, *shape, dtype=torch.float64)

    def add(self, found: Sequence[Tensor], per_unit: int) -> None:
        """Add second differences (n, I, J, R) of each network; they are written over."""
        mean = _mean(found)
        for own, e in zip(self.own, found, strict=False):
            own += (e.mul_(mean) if self.squared else e).sum(0) / per_unit
        y = mean.square_() if self.squared else mean
        if per_unit > 1:
            y = y.unflatten(0, (-1, per_unit)).mean(1)
        self.total += y.sum(0)
        self.squares += y.square_().sum(0)

    def scores(self, count: Tensor) -> PairScores:
        """Scores of the pairs, (I, J) ``count`` of the units behind each."""
        kept = self.rectangle.keep
        n = count[kept][:, None]
        mean = self.total[kept] / n
        variance = (self.squares[kept] / n - mean**2).clamp_(min=0) * n / (n - 1)
        errors = (variance / n).sqrt_()
        own = self.own[:, kept] / n if len(self.own) else mean[None]
        if not self.squared:
            return PairScores(mean.numpy(), errors.numpy(), own.numpy())
        score = mean.sqrt()
        own = _over(own, score) if len(self.own) else score[None]
        return PairScores(score.numpy(), _over(errors, 2 * score).numpy(), own.numpy())


class UnitSums:
    """Means over the rows of each unit: cells, whose spread is what is asked for."""

    def __init__(self, rectangle: Rectangle) -> None:
        self.rectangle = rectangle
        self.cells: list[Tensor] = []
        self.alone: list[Tensor] = []

    def add(self, found: Sequence[Tensor], alone: Tensor) -> None:
        """Add one unit: second differences, and effects (m, R) of each move alone."""
        kept = self.rectangle.keep
        self.cells.append(torch.stack([e.mean(0)[kept].double() for e in found]))
        one, other = (alone[which] for which in (self.rectangle.first, self.rectangle.second))
        self.alone.append((one[:, None] + other)[kept])

    def scores(self) -> PairScores:
        """Spread over cells of the ensemble's means, and Friedman's H^2."""
        e = torch.stack(self.cells, 1)  # (N, g, p, R)
        e -= e.mean(1, keepdim=True)
        mean = e.mean(0)
        joint = mean + torch.stack(self.alone)
        joint -= joint.mean(0)
        squares = mean.square()
        score = squares.mean(0).sqrt()
        errors = _over(squares.std(0) / len(squares) ** 0.5, 2 * score)
        h_squared = _over(squares.sum(0), joint.square().sum(0))
        own = _over((mean * e).mean(1), score)
        return PairScores(score.numpy(), errors.numpy(), own.numpy(), h_squared.numpy())


def _mean(found: Sequence[Tensor]) -> Tensor:
    if len(found) == 1:
        return found[0]
    total = found[0] + found[1]
    for e in found[2:]:
        total += e
    return total.div_(len(found))


def _over(a: Tensor, b: Tensor) -> Tensor:
    """``a / b``, 0 where b is."""
    return torch.where(b == 0, 0.0, a / torch.where(b == 0, 1.0, b))


def merged_scores(parts: Sequence[PairScores]) -> PairScores:
    """Scores of several rectangles as one."""

    def together(values: Iterator[np.ndarray], axis: int) -> np.ndarray:
        return np.concatenate(list(values), axis=axis)

    h_squared = None
    if parts[0].h_squared is not None:
        h_squared = np.concatenate([np.asarray(part.h_squared) for part in parts])
    return PairScores(
        together((part.score for part in parts), 0),
        together((part.errors for part in parts), 0),
        together((part.own for part in parts), 1),
        h_squared,
    )
