"""What more than two features do together, beyond all that fewer of them do.

===============  =======================================================================  ==========
code             symbol                                                                   shape
===============  =======================================================================  ==========
``moebius``      sum over T in S of (-1)^(|S| - |T|) f(T high, the rest of S low), a row  (n, R)
``effects``      its mean over rows                                                       (s, R)
``rms``          root of its mean square, over rows                                       (s, R)
===============  =======================================================================  ==========

Where f of some features has no term in which all of S meet, their sum is 0 in every row, and so is
that of every set that holds S: so sets are grown from pairs, one feature at a time.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from sklearn_deeplifft._printable import shown
from sklearn_deeplifft.attribution import neutral_torch, spread_positions
from sklearn_deeplifft.interventions._models import Ensemble, ensemble_of
from sklearn_deeplifft.interventions._options import generator_of, require_options
from sklearn_deeplifft.interventions._population import background_rows, population_of
from sklearn_deeplifft.interventions._statistics import t_interval
from sklearn_deeplifft.interventions._support import FEW_ROWS
from sklearn_deeplifft.interventions.interactions._interaction_scores import names_for
from sklearn_deeplifft.interventions.interactions._levels import Levels, levels_of
from sklearn_deeplifft.interventions.interactions._pairs_given import pairs_given
from sklearn_deeplifft.perturbation import Edit
from sklearn_deeplifft.tables import require_finite_answers

__all__ = ["HigherOrderEffects", "higher_order"]

KEPT = 10
"""Sets of each size that are grown; the strongest."""

ROUNDING = 1e-5
"""Share of the largest root mean square below which a set's own is rounding."""


@dataclass(frozen=True)
class HigherOrderEffects:
    """Moebius effects of s sets of features, the largest root mean square first.

    Attributes
    ----------
    sets : tuple of s tuples
        Positions of the features of each.
    effects : ndarray of shape (s, R)
        Mean over rows of what all features of a set do together, from low to high, beyond what all
        smaller sets of them do: 0 where f is a sum of functions of fewer of them.
    rms : ndarray of shape (s, R)
        Root of the mean square over rows, 0 or more: an effect that other features turn round has
        a mean of 0 and shows here.
    standard_errors : ndarray of shape (s, R)
        Monte-Carlo error of ``effects`` over background rows; no evidence by itself.
    interval : ndarray of shape (2, s, R)
        95 % interval of ``effects`` over networks (Student's t); NaN with one.
    rows_all_high : ndarray of shape (s,)
        Data rows in which all features of the set are high: nearer to the high level than to the
        low one.
    rows_least : ndarray of shape (s,)
        Data rows in the emptiest of the ``2^m`` cells of high and low.
    names : tuple of d
    outputs : tuple of R
    scale : str
    """

    sets: tuple[tuple[int, ...], ...]
    effects: np.ndarray
    rms: np.ndarray
    standard_errors: np.ndarray
    interval: np.ndarray
    rows_all_high: np.ndarray
    rows_least: np.ndarray
    names: tuple[Any, ...]
    outputs: tuple[Any, ...]
    scale: str

    @property
    def flagged(self) -> np.ndarray:
        """(s,) bool: a cell of the set holds fewer than 20 data rows: the effect is a guess."""
        few: np.ndarray = self.rows_least < FEW_ROWS
        return few

    def to_frame(self) -> pd.DataFrame:
        """Table with one row per set and output, the largest root mean squares first."""
        s, R = self.effects.shape
        table = pd.DataFrame(
            {
                "features": np.repeat([" & ".join(map(str, self._named(S))) for S in self.sets], R),
                "order": np.repeat([len(S) for S in self.sets], R),
                "output": list(self.outputs) * s,
                "effect": self.effects.ravel(),
                "low": self.interval[0].ravel(),
                "high": self.interval[1].ravel(),
                "standard_error": self.standard_errors.ravel(),
                "rms": self.rms.ravel(),
                "rows_all_high": np.repeat(self.rows_all_high, R),
                "rows_least": np.repeat(self.rows_least, R),
                "flagged": np.repeat(self.flagged, R),
            }
        )
        order = np.argsort(-table["rms"].to_numpy(), kind="stable")
        return table.iloc[order].reset_index(drop=True)

    def _named(self, S: tuple[int, ...]) -> list[Any]:
        return [self.names[i] for i in S]


@neutral_torch()
def higher_order(
    model: Any,
    X: Any,
    features: Any,
    max_order: int = 4,
    *,
    levels: Any = "quantiles",
    n_background: int = 200,
    scale: str = "logit",
    task: str = "auto",
    dtype: str | None = None,
    random_state: int | np.random.RandomState | None = 0,
) -> HigherOrderEffects:
    """Effects of three and more features that no pair of them explains.

    A set of m features takes ``2^m`` predictions a row, so not all sets are tried. From the pairs
    given the ten strongest sets of each size are grown by each feature that makes a pair with all
    of theirs.

    Parameters
    ----------
    model, X, scale, task, dtype, random_state : as for `interaction_effects`
    features : list of columns, list of pairs, or result
        Columns (names or positions) of which all pairs are tried; the pairs themselves; or what
        `interaction_effects` or `neural_interaction_strength` found, of which the 30 strongest
        pairs are taken.
    max_order : int, default=4
        Most features of a set, 2 to 6.
    levels : {"quantiles", "present"} or (low, high), default="quantiles"
        Low and high level of each feature: the quantiles .05 and .95, or, where these are the same,
        the smallest and largest value; 0 and the median of the values that are not 0 (the lower
        of two in the middle, as in `interaction_effects`); or your own,
        two numbers or two arrays of shape (d,).
    n_background : int, default=200
        Rows in which features are set; the other features stay as these rows hold them.

    Returns
    -------
    HigherOrderEffects

    Raises
    ------
    ValueError
        Fewer than two features, a level that is low and high at once, or an unknown option.

    Examples
    --------
    >>> import itertools
    >>> import torch
    >>> from sklearn_deeplifft.interventions import higher_order
    >>> class And(torch.nn.Module):
    ...     def forward(self, x):
    ...         return x[:, :3].prod(1, keepdim=True) + x[:, 3:]
    >>> X = [list(row) for row in itertools.product([0.0, 1.0], repeat=4)]
    >>> found = higher_order(And(), X, [0, 1, 2, 3], task="regression", dtype="float64")
    >>> table = found.to_frame()
    >>> table[table["rms"] > 0][["features", "effect", "rms"]].round(3).to_numpy().tolist()
    [['0 & 1 & 2', 1.0, 1.0], ['0 & 1', 0.5, 0.707], ['0 & 2', 0.5, 0.707], ['1 & 2', 0.5, 0.707]]
    """
    require_options(scale=scale, task=task, dtype=dtype, n_background=n_background)
    if not isinstance(max_order, int | np.integer) or not 2 <= max_order <= 6:
        raise ValueError(f"max_order={shown(max_order)} must be a whole number from 2 to 6.")
    population = population_of(X, None, model)
    d = population.rows.shape[1]
    pairs = pairs_given(features, population.names, d)
    columns = np.unique(pairs)
    values = population.rows.columns(columns).astype(np.float64)
    known = levels_of(levels, columns, values, population)
    _, base = background_rows("data", population, n_background, generator_of(random_state))
    tried = base[spread_positions(len(base)).numpy()]
    ensemble = ensemble_of(
        model, tried, scale=scale, task=task, dtype=dtype, levels=population.levels
    )
    answer = _Question(ensemble, base, known)
    found = dict(_grown(answer, [tuple(pair) for pair in pairs.tolist()], max_order))
    sets = sorted(found, key=lambda S: (-found[S].size, len(S), S))
    cells = [known.cells(S) for S in sets]
    own = np.stack([found[S].own for S in sets], axis=1)
    return HigherOrderEffects(
        sets=tuple(sets),
        effects=own.mean(axis=0),
        rms=np.stack([found[S].rms for S in sets]),
        standard_errors=np.stack([found[S].errors for S in sets]),
        interval=t_interval(own),
        rows_all_high=np.array([counts[-1] for counts in cells]),
        rows_least=np.array([counts.min() for counts in cells]),
        names=names_for(d, population.names).shown,
        outputs=ensemble.outputs,
        scale=scale,
    )


@dataclass(frozen=True)
class _Effect:
    own: np.ndarray
    """(N, R): mean over rows, of each network."""
    errors: np.ndarray
    """(R,)"""
    rms: np.ndarray
    """(R,)"""

    @property
    def size(self) -> float:
        return float(self.rms.max())


class _Question:
    """Networks, and the rows and levels they are asked about."""

    def __init__(self, ensemble: Ensemble, base: np.ndarray, levels: Levels) -> None:
        self.responses = ensemble.responses
        self.base = base
        self.rows = torch.tensor(base, dtype=torch.float64)
        self.levels = levels

    def effect(self, S: tuple[int, ...]) -> _Effect:
        """The Moebius effect of a set of columns."""
        edits, signs = list(self._edits(S)), torch.tensor(list(_signs(len(S)))).double()
        moebius = torch.stack(
            [torch.tensordot(signs, self._answers(edits, k), 1) for k in range(len(self.responses))]
        )
        total, n = moebius.mean(0), len(self.base)
        errors = total.std(0) / n**0.5 if n > 1 else total[0] * torch.nan
        rms = total.square().mean(0).sqrt()
        return _Effect(moebius.mean(1).numpy(), errors.numpy(), rms.numpy())

    def _edits(self, S: tuple[int, ...]) -> Iterator[Edit]:
        """Each of the features low or high, the last one changing first."""
        n, columns = len(self.base), torch.tensor(S)
        for high in itertools.product((False, True), repeat=len(S)):
            values = torch.from_numpy(self.levels.at(S, high))
            yield Edit(columns, values.expand(n, -1))

    def _answers(self, edits: Sequence[Edit], k: int) -> Tensor:
        """Outputs (2^m, n, R) of a network."""
        after = self.responses[k].after(self.rows, edits).double()
        for z in after.split(len(self.base)):
            require_finite_answers(z.numpy(), self.base, None, "predictions of rows that were set")
        return after.view(len(edits), len(self.base), -1)


def _signs(m: int) -> Iterator[int]:
    for high in itertools.product((0, 1), repeat=m):
        yield (-1) ** (m - sum(high))


def _grown(
    question: _Question, pairs: Sequence[tuple[int, int]], max_order: int
) -> Iterator[tuple[tuple[int, ...], _Effect]]:
    """Effects of the pairs, and of sets grown from them."""
    found: dict[tuple[int, ...], _Effect] = {pair: question.effect(pair) for pair in pairs}
    yield from found.items()
    least = ROUNDING * max(effect.size for effect in found.values())
    joined = {frozenset(pair) for pair, effect in found.items() if effect.size > least}
    columns = sorted(set().union(*joined))
    for _ in range(max_order - 2):
        strongest = sorted(found, key=lambda S: (-found[S].size, S))[:KEPT]
        seeds = [S for S in strongest if found[S].size > least]
        grown = {
            tuple(sorted((*S, new)))
            for S in seeds
            for new in columns
            if new not in S and all(frozenset((old, new)) in joined for old in S)
        }
        found = {S: question.effect(S) for S in sorted(grown)}
        yield from found.items()
