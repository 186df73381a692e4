"""Epistasis: the effect of two interventions together beyond the sum of their own effects."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from sklearn_deeplifft._iterables import is_iterable
from sklearn_deeplifft._printable import shown
from sklearn_deeplifft.attribution import neutral_torch, spread_positions
from sklearn_deeplifft.interventions._bind import bind, described
from sklearn_deeplifft.interventions._compose import compose, require_commuting
from sklearn_deeplifft.interventions._halves import Halves, spread_rows
from sklearn_deeplifft.interventions._models import Ensemble, ensemble_of
from sklearn_deeplifft.interventions._options import generator_of, interventions_of, require_options
from sklearn_deeplifft.interventions._population import (
    Population,
    background_rows,
    groups_for,
    population_of,
)
from sklearn_deeplifft.interventions._statistics import edit_of, require_finite_changes, t_interval
from sklearn_deeplifft.interventions._support import FEW_ROWS, at_levels
from sklearn_deeplifft.interventions._text_columns import require_swaps
from sklearn_deeplifft.interventions._values import Intervention
from sklearn_deeplifft.perturbation import Edit, LowRank, Response, pairs_after

__all__ = ["PairwiseEpistasis", "over_rows", "pairwise_epistasis"]

OUTPUT_BYTES = 2_000_000
"""Bytes of the outputs after single moves that are held at a time."""

MOST_LEVELS = 50
"""Most different levels that are looked up one by one."""

FROM_ELSEWHERE = 0.1
"""Least share of where rows come from that is not where rows are brought to as well.

A swap, or a small step, leads to where others have been: the two halves of the data stand for it.
"""


@dataclass(frozen=True)
class PairwiseEpistasis:
    """``E_c = mean_n [ f_c(Ti Tj x) - f_c(Ti x) - f_c(Tj x) + f_c(x) ]`` of p pairs.

    Attributes
    ----------
    epistasis : ndarray of shape (p, R)
        0 where effects add up, above 0 where both do more than the sum, below 0 where less.
    standard_errors : ndarray of shape (p, R)
        Monte-Carlo error of the mean over background rows; no evidence by itself.
    interval : ndarray of shape (2, p, R)
        95 % interval over networks (Student's t); NaN with one.
    per_network : ndarray of shape (N, p, R)
    mean_squares : ndarray of shape (p, R)
        Mean over rows of the squared row-wise difference, whatever its sign.
    single_effects : ndarray of shape (m, R)
        Effects of the interventions alone, on the same rows.
    cells : ndarray of shape (p, 4)
        Data rows from where the background is moved (neither), at the level of the first only,
        of the second only, and of both: what the four predictions stand on. For a move to where
        other rows are, such as a swap, the first and the second half of the data.
    pairs : ndarray of shape (p, 2)
        Positions in ``interventions``.
    interventions, names, outputs, scale : as in `InterventionEffects`
    """

    epistasis: np.ndarray
    standard_errors: np.ndarray
    interval: np.ndarray
    per_network: np.ndarray
    mean_squares: np.ndarray
    single_effects: np.ndarray
    cells: np.ndarray
    pairs: np.ndarray
    interventions: tuple[Intervention, ...]
    names: tuple[str, ...]
    outputs: tuple[Any, ...]
    scale: str

    @property
    def flagged(self) -> np.ndarray:
        """(p,) bool: a cell of the pair holds fewer than 20 data rows.

        The network then never saw that combination, and its epistasis there is a guess, however
        well it predicts the data.
        """
        few: np.ndarray = np.any(self.cells < FEW_ROWS, axis=1)
        return few

    def to_frame(self) -> pd.DataFrame:
        """Table with one row per pair and output."""
        p, R = self.epistasis.shape
        names = np.array(self.names, dtype=object)[self.pairs]
        cells = dict(zip(("neither", "first", "second", "both"), self.cells.T, strict=True))
        return pd.DataFrame(
            {
                "first": np.repeat(names[:, 0], R),
                "second": np.repeat(names[:, 1], R),
                "output": list(self.outputs) * p,
                "epistasis": self.epistasis.ravel(),
                "low": self.interval[0].ravel(),
                "high": self.interval[1].ravel(),
                "standard_error": self.standard_errors.ravel(),
            }
            | {f"rows_{name}": np.repeat(count, R) for name, count in cells.items()}
            | {"flagged": np.repeat(self.flagged, R)}
        )


@neutral_torch()
def pairwise_epistasis(
    estimator: Any,
    X: Any,
    interventions: Intervention | Sequence[Intervention],
    *,
    pairs: Iterable[tuple[int, int]] | None = None,
    background: Any = "data",
    n_background: int = 200,
    scale: str = "logit",
    feature_groups: Any = None,
    task: str = "auto",
    dtype: str | None = None,
    random_state: int | np.random.RandomState | None = 0,
) -> PairwiseEpistasis:
    """Interactions of pairs of interventions.

    Parameters
    ----------
    estimator, X, scale, feature_groups, task, dtype, random_state : as for `intervention_effects`
    interventions : sequence of Intervention
    pairs : sequence of (int, int), default=None
        Positions in ``interventions``; None takes all pairs that write different columns.
    background : {"data"} or array-like, default="data"
        Rows of the data, or rows of your own.
    n_background : int, default=200

    Returns
    -------
    PairwiseEpistasis

    Raises
    ------
    ValueError
        A pair that does not commute: what comes first would matter.

    Examples
    --------
    >>> import torch
    >>> from sklearn_deeplifft.interventions import add, pairwise_epistasis
    >>> class Product(torch.nn.Module):
    ...     def forward(self, x):
    ...         return x[:, :1] * x[:, 1:2] + 3 * x[:, 2:]
    >>> X = torch.randn(50, 3, generator=torch.Generator().manual_seed(0)).double().numpy()
    >>> both = [add(0, 0.4, low=None), add(1, -2.0, low=None)]
    >>> found = pairwise_epistasis(Product(), X, both, task="regression", dtype="float64")
    >>> found.epistasis.round(6).tolist()
    [[-0.8]]
    """
    population = population_of(X, groups_for(feature_groups, estimator), estimator)
    require_options(scale=scale, task=task, dtype=dtype, n_background=n_background)
    rng = generator_of(random_state)
    if isinstance(background, str) and background != "data":
        raise ValueError(
            f"background={background!r}: a pair has two features, so say who is meant by passing "
            "the rows themselves, or use 'data'."
        )
    interventions = interventions_of(interventions)
    _, base = background_rows(background, population, n_background, rng)
    tried = base[spread_positions(len(base)).numpy()]
    ensemble = ensemble_of(
        estimator, tried, scale=scale, task=task, dtype=dtype, levels=population.levels
    )
    bound = [bind(one, base, population.names, population.groups) for one in interventions]
    require_swaps(bound, population.levels, population.names)
    chosen = _pairs(bound, pairs)
    own, errors, squares, alone = over_rows(ensemble, base, bound, chosen)
    require_finite_changes(own, [compose(bound[i], bound[j]) for i, j in chosen])
    return PairwiseEpistasis(
        epistasis=own.mean(axis=0),
        standard_errors=errors,
        interval=t_interval(own),
        per_network=own,
        mean_squares=squares,
        single_effects=alone,
        cells=_cells(population, base, bound, chosen),
        pairs=np.array(chosen),
        interventions=tuple(bound),
        names=tuple(described(one, population.names) for one in bound),
        outputs=ensemble.outputs,
        scale=scale,
    )


def _pairs(
    bound: Sequence[Intervention], pairs: Iterable[tuple[int, int]] | None
) -> list[tuple[int, int]]:
    if pairs is None:
        every = itertools.combinations(range(len(bound)), 2)
        found = [(i, j) for i, j in every if not set(bound[i].columns) & set(bound[j].columns)]
    else:
        found = [_pair(pair) for pair in pairs] if is_iterable(pairs) else [_pair(pairs)]
        for i, j in found:
            if not (0 <= i < len(bound) and 0 <= j < len(bound)):
                raise ValueError(
                    f"pairs holds ({i}, {j}), but there are {len(bound)} interventions; give "
                    "positions from 0."
                )
            require_commuting(bound[i], bound[j])
    if not found:
        raise ValueError(
            f"{len(bound)} intervention(s) make no pair that writes different columns; pass at "
            "least two."
        )
    return found


def _pair(pair: Any) -> tuple[int, int]:
    """Two positions."""
    both = tuple(pair) if is_iterable(pair) else ()
    if len(both) != 2 or not all(isinstance(i, Integral) and not isinstance(i, bool) for i in both):
        raise ValueError(
            f"pairs holds {shown(pair)}; each pair is two positions in interventions, such as "
            "(0, 1)."
        )
    return int(both[0]), int(both[1])


def over_rows(
    ensemble: Ensemble,
    X: np.ndarray,
    bound: Sequence[Intervention],
    pairs: Sequence[tuple[int, int]],
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Means of each network (N, p, R); standard errors and mean squares (p, R); alone (m, R)."""
    rows, N = torch.tensor(X, dtype=torch.float64), len(ensemble.responses)
    p, n, R = len(pairs), len(X), len(ensemble.outputs)
    edits = [edit_of(one, X) for one in bound]
    first, second = torch.tensor(pairs).T
    # Of one network the mean over networks is the difference itself, and needs no memory.
    total = torch.zeros(p if N > 1 else 0, n, R, dtype=torch.float64)
    own, squares = torch.empty(N, p, R).double(), torch.empty(p, R).double()
    alone = torch.zeros(len(bound), R, dtype=torch.float64)
    for k, response in enumerate(ensemble.responses):
        before = response.outputs(rows).double()
        single = torch.stack(list(_spread(response, rows, edits, before)))
        alone += (single - before).mean(1) / N
        unread = [not response.reads(edit) for edit in edits]
        less = single - before / 2  # f(Ti x) + f(Tj x) - f(x) is the sum of two of these
        done = 0
        for both in _both(response, rows, X, edits, bound, pairs):
            at = slice(done, done + len(both))
            found = both.double().sub_(less[first[at]]).sub_(less[second[at]])
            if any(unread):  # nothing is added to what the other does, whatever it rounds to
                idle = [unread[i] or unread[j] for i, j in pairs[at]]
                found[torch.tensor(idle)] *= 0  # NaN stays
            torch.mean(found, 1, out=own[k, at])
            if N > 1:
                found = total[at].add_(found, alpha=1 / N)
            if k == N - 1:  # while it is in cache
                torch.sum((found - found.mean(1, keepdim=True)).square_(), 1, out=squares[at])
            done += len(both)
    # The squares are sums about the mean, so that a mean square is their mean plus its square.
    errors = (squares / (n - 1) / n).sqrt_() if n > 1 else squares * torch.nan
    mean_squares = squares / n + own.mean(0) ** 2
    return own.numpy(), errors.numpy(), mean_squares.numpy(), alone.numpy()


def _spread(
    response: Response, rows: Tensor, edits: Sequence[Edit], before: Tensor
) -> Iterator[Tensor]:
    """Outputs (n, R) after each move, of all rows."""
    step = max(OUTPUT_BYTES // (8 * before.numel()), 1)
    for start in range(0, len(edits), step):
        few = edits[start : start + step]
        sizes = [edit.n_rows(len(rows)) for edit in few]
        for edit, after in zip(few, response.after(rows, few).split(sizes), strict=True):
            if edit.rows is None:
                yield after.double()
            else:  # only rows that the move changes were run
                yield before.index_copy(0, edit.rows, after.double())


def _both(
    response: Response,
    rows: Tensor,
    X: np.ndarray,
    edits: Sequence[Edit],
    bound: Sequence[Intervention],
    pairs: Sequence[tuple[int, int]],
) -> Iterator[Tensor]:
    """Outputs (p, n, R) after both, for a few pairs at a time."""
    # Updates of two moves add up only where they write different columns; of one column the second
    # move starts from what the first has written, which only the composed intervention knows.
    apart = all(not set(bound[i].columns) & set(bound[j].columns) for i, j in pairs)
    if isinstance(response, LowRank) and apart:
        yield from pairs_after(response, rows, edits, pairs)
        return
    together = [edit_of(compose(bound[i], bound[j]), X) for i, j in pairs]
    before = response.outputs(rows).double()
    yield from (z[None] for z in _spread(response, rows, together, before))


def _cells(
    population: Population,
    base: np.ndarray,
    bound: Sequence[Intervention],
    pairs: Sequence[tuple[int, int]],
) -> np.ndarray:
    """Data rows at the level of neither, the first, the second, both, (p, 4)."""
    found = zip(*(_origin_and_level(population, base, one) for one in bound), strict=True)
    # Counts of all pairs are products of 0/1 matrices; float32 counts exactly up to 16 million.
    before, after = (np.array(rows, dtype=np.float32) for rows in found)
    i, j = np.array(pairs).T
    sides = ((before, before), (after, before), (before, after), (after, after))
    counts = [(one @ other.T)[i, j] for one, other in sides]
    return np.stack(counts, axis=1).astype(np.int64)


def _origin_and_level(
    population: Population, base: np.ndarray, bound: Intervention
) -> tuple[np.ndarray, np.ndarray]:
    """Data rows (n,) that are where background rows come from, and where they are brought to."""
    values = population.rows.columns(bound.positions)
    before = base[:, bound.positions]
    after = bound.apply(before)
    # Rows that are at their level already would make it its own origin; where all are, there is no
    # other.
    moved = (after != before).any(axis=1)
    if not moved.any():
        return np.zeros(len(values), dtype=bool), _among(values, after)
    origin, reached = _among(values, before[moved]), _among(values, after[moved])
    # Ranges of many values overlap, and a row counts in one cell only.
    elsewhere = origin & ~reached
    if elsewhere.sum() >= FROM_ELSEWHERE * origin.sum():
        return elsewhere, reached
    halves = Halves(values[spread_rows(len(values))], np.zeros(1, dtype=np.int64))
    second = halves(values)[:, 0]
    return (second, ~second) if bound.sign < 0 else (~second, second)


def _among(values: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Mask (n,) of the rows that hold one of a few levels, or lie in the middle 90 % of many."""
    distinct = np.unique(levels, axis=0)
    if len(distinct) <= MOST_LEVELS:
        return at_levels(values, distinct)
    # The outermost tenth is left out: one far value would stretch the range over empty space.
    low, high = np.quantile(levels, [0.05, 0.95], axis=0)
    within: np.ndarray = ((values >= low) & (values <= high)).all(axis=1)
    return within
