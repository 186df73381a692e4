"""Effects of interventions over a background, with three kinds of uncertainty kept apart.

====================  =========================================================  ===========
code                  symbol                                                     shape
====================  =========================================================  ===========
``change``            f_c(T x_n) - f_c(x_n), of one network                      (n, B, R)
``total``             its mean over networks                                     (n, B, R)
``effects``           I_c(T), mean over n                                        (m, R)
``standard_errors``   sd_n / sqrt(n): Monte-Carlo error of the background        (m, R)
``repeats``           rows n that are the same row of the table as this one      (n,)
``per_network``       mean over n for each network: its spread is the evidence   (N, m, R)
====================  =========================================================  ===========
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from scipy import stats

from sklearn_deeplifft.attribution import neutral_torch
from sklearn_deeplifft.interventions._bind import columns_of, described
from sklearn_deeplifft.interventions._values import Intervention
from sklearn_deeplifft.perturbation import Edit, Response
from sklearn_deeplifft.tables import require_finite_answers

__all__ = [
    "BLOCK_BYTES",
    "EffectMoments",
    "changes",
    "merged",
    "moments_of",
    "edit_of",
    "require_finite_changes",
    "t_interval",
]

BLOCK_BYTES = 1 << 24
"""Bytes of the changes held at a time: enough interventions for large products."""

CELLS_BYTES = 1 << 22
"""Bytes of the changes summed up at a time: they stay in cache."""

MOST = 1e150
"""Largest change whose square can be summed up."""

WIDE = 16
"""Columns beyond which rows of an edit's values would take more memory than its effects."""

EVEN = 64
"""Blocks hold a multiple of this many interventions: products are quicker."""


class EffectMoments(NamedTuple):
    """Summaries over rows of the changes by some interventions."""

    effects: np.ndarray
    standard_errors: np.ndarray
    magnitudes: np.ndarray
    """(m, R): mean of ``|change|``."""
    positive: np.ndarray
    """(m, R): share of the rows, 0 to 1, whose change is positive."""
    quantiles: np.ndarray
    """(q, m, R): of the changes over rows."""
    per_network: np.ndarray
    changed: np.ndarray
    """(m,): share of the rows that the intervention changes at all."""


def changes(
    responses: Sequence[Response],
    X: np.ndarray,
    bound: Sequence[Intervention],
    n_outputs: int,
    places: np.ndarray | None = None,
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Blocks of interventions: changes (n, B, R), per network (N, B, R), changed (B,).

    The changes may be written over by those of the next block. ``places`` (n,) are those of the
    rows' donors, None their own.
    """
    with neutral_torch():
        rows = torch.tensor(X, dtype=torch.float64)  # a copy: X may be read-only
        before = [response.outputs(rows).double() for response in responses]
        for z in before:
            require_finite_answers(z.numpy(), X, None, "predictions of the background")
        n, N = len(X), len(responses)
        step = max(BLOCK_BYTES // (8 * n * n_outputs), 2)
        step = step // EVEN * EVEN or step  # fewer than that as they come
        space = torch.empty(n * min(step, len(bound)) * n_outputs, dtype=torch.float64)
    for start in range(0, len(bound), step):
        edits = [edit_of(one, X, places) for one in bound[start : start + step]]
        share = np.array([1.0 if m.rows is None else len(m.rows) / n for m in edits])
        change = space[: n * len(edits) * n_outputs].view(n, len(edits), n_outputs)
        own = np.empty((N, len(edits), n_outputs))
        mean = _mean_change(responses, rows, edits, before, change, own).numpy()
        require_finite_changes(own, bound[start : start + step])
        yield mean, own, share


def require_finite_changes(own: np.ndarray, bound: Sequence[Intervention]) -> None:
    """Raise, by name, for interventions whose changes (N, B, R) cannot be computed with."""
    fine = (np.abs(own) <= MOST).all(axis=(0, 2))  # NaN is not
    if not fine.all():
        first = bound[int(np.flatnonzero(~fine)[0])]
        raise ValueError(
            f"{described(first)} changes the predictions by more than numbers of this precision "
            "hold. Write values within the range of the data, or pass dtype='float64'."
        )


@neutral_torch()
def _mean_change(
    responses: Sequence[Response],
    rows: torch.Tensor,
    edits: Sequence[Edit],
    before: Sequence[torch.Tensor],
    change: torch.Tensor,
    own: np.ndarray,
) -> torch.Tensor:
    """Mean change over networks (n, B, R); ``change`` is space for it, ``own`` gets each one's."""
    N = len(responses)
    if any(edit.rows is not None for edit in edits):
        change.zero_()  # where a move leaves a row as it is no network writes anything
    total = torch.zeros_like(change) if N > 1 else change
    for i, response in enumerate(responses):
        response.write_changes(change, rows, edits, before[i])
        # numpy's mean, row after row: the bits of the mean of the whole matrix of changes.
        change.numpy().mean(axis=0, out=own[i])
        if N > 1:
            total += change
    if N > 1:
        total /= N
    return total


def edit_of(bound: Intervention, X: np.ndarray, places: np.ndarray | None = None) -> Edit:
    """Edit of the rows by a bound intervention; those it leaves as they are need not be run."""
    before = columns_of(X, bound)
    if bound.target is not None and len(bound.columns) > WIDE:
        return _wide_edit(bound.positions, before, bound.target)
    values = bound.apply(before, places)
    change = values - before
    at, *parts = map(torch.from_numpy, (bound.positions, values, change))
    if change.all() or (differs := change.any(axis=1)).all():
        return Edit(at, parts[0], None, parts[1])
    moved = torch.from_numpy(np.flatnonzero(differs))
    return Edit(at, parts[0][moved], moved, parts[1][moved])


def _wide_edit(columns: np.ndarray, before: np.ndarray, target: np.ndarray) -> Edit:
    """Edit that writes the same into many columns of all rows, which is held once."""
    at = torch.from_numpy(columns)
    values = torch.from_numpy(np.asarray(target, dtype=np.float64)).expand(len(before), -1)
    differs = (before != target).any(axis=1)
    if differs.all():
        return Edit(at, values)
    moved = torch.from_numpy(np.flatnonzero(differs))
    return Edit(at, values[: len(moved)], moved)


@neutral_torch()
def moments_of(
    total: np.ndarray,
    own: np.ndarray,
    changed: np.ndarray,
    quantiles: Sequence[float],
    repeats: np.ndarray | None = None,
) -> EffectMoments:
    """Summarise a block of changes (n, B, R); a row that comes ``repeats`` times is one witness."""
    n, B, R = total.shape
    times = torch.ones(n, dtype=torch.float64) if repeats is None else torch.from_numpy(repeats)
    U = round(float((1 / times).sum()))
    flat = torch.from_numpy(total).view(n, B * R)
    mean = own[0].ravel() if len(own) == 1 else flat.numpy().mean(axis=0)
    squares, sizes, positive = _sums(flat, torch.from_numpy(mean), times)
    errors = np.sqrt(squares / (U - 1) / n * (U / n)) if U > 1 else np.full(B * R, np.nan)
    found = (mean, errors, sizes / n, positive / n)
    effects, errors, magnitudes, positive = (values.reshape(B, R) for values in found)
    ordered = np.zeros((0, B * R))
    if len(quantiles):
        ordered = np.quantile(flat.numpy(), quantiles, axis=0)
    return EffectMoments(
        effects,
        errors,
        magnitudes,
        positive,
        ordered.reshape(len(quantiles), B, R),
        own,
        changed,
    )


def _sums(flat: torch.Tensor, mean: torch.Tensor, times: torch.Tensor) -> np.ndarray:
    """Sums over rows of times (c - mean)^2, |c| and c > 0 of changes c (n, m), (3, m).

    A few columns at a time, which stay in cache. Sums are products with ones: the BLAS takes fewer
    passes.
    """
    n, m = flat.shape
    ones, sums = flat.new_ones(n), flat.new_empty(3, m)
    width = max(CELLS_BYTES // (8 * n), 1)
    rows, cells = flat.new_empty(2, n * min(width, m))
    for at in (slice(start, start + width) for start in range(0, m, width)):
        part = flat[:, at]
        held, cell = (space[: part.numel()].view(part.shape) for space in (rows, cells))
        held.copy_(part)
        torch.mv(torch.sub(held, mean[at], out=cell).square_().T, times, out=sums[0, at])
        torch.mv(torch.abs(held, out=cell).T, ones, out=sums[1, at])
        torch.mv(torch.gt(held, 0, out=cell).T, ones, out=sums[2, at])
    return sums.numpy()


def merged(blocks: Sequence[EffectMoments]) -> EffectMoments:
    """Blocks of interventions as one."""
    axes = {"quantiles": 1, "per_network": 1}
    parts = zip(EffectMoments._fields, zip(*blocks, strict=True), strict=True)
    return EffectMoments(
        *(np.concatenate(values, axis=axes.get(name, 0)) for name, values in parts)
    )


def t_interval(per_network: np.ndarray, level: float = 0.95) -> np.ndarray:
    """Interval of the mean over N networks, Student's t with N - 1 degrees of freedom.

    Parameters
    ----------
    per_network : array of shape (N, ...)
    level : float, default=0.95

    Returns
    -------
    float64 array of shape (2, ...)
        NaN with one network: one training says nothing of how the next would differ.
    """
    N = len(per_network)
    mean = per_network.mean(axis=0)
    if N < 2:
        return np.full((2, *mean.shape), np.nan)
    half = stats.t.ppf(0.5 + level / 2, N - 1) * per_network.std(axis=0, ddof=1) / np.sqrt(N)
    return np.stack([mean - half, mean + half])
