"""Interventions on rows: small frozen values that know their columns and apply themselves.

==============  =========================================================  =======
code            symbol                                                     shape
==============  =========================================================  =======
``columns``     the columns an intervention T writes; names until bound    (m,)
``values``      what rows hold in those columns before: x                  (r, m)
result          what they hold afterwards: T x                             (r, m)
==============  =========================================================  =======

Nothing but these columns is read or written, so an effect costs what its columns cost.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from numbers import Integral

import numpy as np
from numpy.typing import ArrayLike

from sklearn_deeplifft._iterables import is_iterable
from sklearn_deeplifft._printable import shown
from sklearn_deeplifft.tables import Names, as_numbers, column_names

__all__ = [
    "Add",
    "Column",
    "Intervention",
    "QuantileShift",
    "Remove",
    "SetTo",
    "Swap",
    "add",
    "quantile_shift",
    "remove",
    "require_seed",
    "set_to",
    "swap",
]

Column = int | str
Columns = Column | Iterable[Column]


@dataclass(frozen=True)
class Intervention(ABC):
    """A map of rows that writes some columns; make one with `set_to`, `add` and their siblings.

    Attributes
    ----------
    columns : tuple of int or str
        The columns it writes, by position or by name; `bind` turns names into positions.
    """

    columns: tuple[Column, ...]

    @abstractmethod
    def apply(self, values: np.ndarray, rows: np.ndarray | None = None) -> np.ndarray:
        """Return the values of rows in ``columns`` afterwards.

        Parameters
        ----------
        values : float64 array of shape (r, m)
            Their values before.
        rows : int array of shape (r,), default=None
            Positions of the rows, which decide the donors of a swap; None means 0 to r - 1.

        Returns
        -------
        float64 array of shape (r, m)
        """

    @abstractmethod
    def describe(self, label: str) -> str:
        """Describe the intervention on a feature of this name, for people: ``set(GATA1=2)``."""

    @cached_property
    def positions(self) -> np.ndarray:
        """(m,): the columns of a bound intervention."""
        if any(isinstance(column, str) for column in self.columns):
            raise ValueError(f"columns {list(self.columns)} are names; bind them to a table first.")
        return np.array(self.columns, dtype=np.int64)

    @property
    def sign(self) -> int:
        """1 where it raises its feature, -1 where it lowers it, 0 where that depends on rows."""
        return 0

    @property
    def target(self) -> np.ndarray | None:
        """The level (m,) that every row is brought to; None where rows go to different levels."""
        return None

    @property
    def parts(self) -> tuple[Intervention, ...]:
        """The interventions it is composed of: itself, unless `compose` made it."""
        return (self,)

    def at(self, positions: Mapping[Column, int]) -> Intervention:
        """Copy of the intervention on columns that are positions."""
        return replace(self, columns=tuple(positions[column] for column in self.columns))

    def learned(self, data: np.ndarray, names: Names = None) -> Intervention:
        """Copy of the intervention that knows what it needs of its columns' data (n, m).

        ``names`` of all columns are for messages.
        """
        return self

    def require_within(self, n_columns: int) -> None:
        """Raise where it cannot be made on so many columns, in words of its own."""
        return None


@dataclass(frozen=True)
class SetTo(Intervention):
    """Write fixed numbers."""

    values: tuple[float, ...]
    level: str | None = None
    """Name of what the numbers stand for: a level of a one-hot block."""

    def apply(self, values: np.ndarray, rows: np.ndarray | None = None) -> np.ndarray:
        return np.broadcast_to(np.array(self.values, dtype=np.float64), values.shape).copy()

    def describe(self, label: str) -> str:
        return f"set({label}={self.level or ','.join(f'{v:g}' for v in self.values)})"

    @property
    def target(self) -> np.ndarray:
        return np.array(self.values, dtype=np.float64)


@dataclass(frozen=True)
class Remove(SetTo):
    """Write what stands for absence."""

    def describe(self, label: str) -> str:
        return f"remove({label})"

    @property
    def sign(self) -> int:
        return -1


@dataclass(frozen=True)
class Add(Intervention):
    """Add a number and stay within limits."""

    delta: float
    low: float | None = 0.0
    high: float | None = None

    def apply(self, values: np.ndarray, rows: np.ndarray | None = None) -> np.ndarray:
        moved = values + self.delta
        if self.low is not None:
            moved = np.maximum(moved, self.low)
        return moved if self.high is None else np.minimum(moved, self.high)

    def describe(self, label: str) -> str:
        return f"add({label}{self.delta:+g})"

    @property
    def sign(self) -> int:
        return int(np.sign(self.delta))

    def learned(self, data: np.ndarray, names: Names = None) -> Add:
        for limit, outside, side in (
            (self.low, np.less, "below"),
            (self.high, np.greater, "above"),
        ):
            if limit is not None and outside(data, limit).any():
                column = column_names(names, self.positions)
                raise ValueError(
                    f"add(..., low={self.low}, high={self.high}) keeps a column within its limits, "
                    f"but column {column} holds values {side} {limit:g}, which it would "
                    "move by more than delta. Pass low=None or high=None, or wider limits."
                )
        return self


@dataclass(frozen=True)
class QuantileShift(Intervention):
    """Move to the value a share ``shift`` of the data further up; stays among observed values."""

    shift: float
    ordered: np.ndarray | None = field(default=None, compare=False, repr=False)
    """(n, m): each column's values in the data, ascending."""

    def apply(self, values: np.ndarray, rows: np.ndarray | None = None) -> np.ndarray:
        if self.ordered is None:
            raise ValueError(
                "quantile_shift needs the data whose quantiles it moves along; bind it first, or "
                "pass it to intervention_effects, which does."
            )
        n = len(self.ordered)
        moved = np.empty(values.shape)
        for j, ordered in enumerate(self.ordered.T):
            below = np.searchsorted(ordered, values[:, j], side="right") / n  # F(x)
            share = np.clip(below + self.shift, 0.0, 1.0)
            # F^-1(p) is the smallest value with F >= p; 1e-9 for sums that miss p by rounding.
            place = np.ceil(share * n - 1e-9).astype(np.int64) - 1
            moved[:, j] = ordered[np.clip(place, 0, n - 1)]
        return moved

    def describe(self, label: str) -> str:
        return f"quantile({label}{self.shift:+g})"

    @property
    def sign(self) -> int:
        return int(np.sign(self.shift))

    def learned(self, data: np.ndarray, names: Names = None) -> QuantileShift:
        return replace(self, ordered=np.sort(np.asarray(data, dtype=np.float64), axis=0))


@dataclass(frozen=True)
class Swap(Intervention):
    """Write what another row of the data holds."""

    random_state: int
    donors: np.ndarray | None = field(default=None, compare=False, repr=False)
    """(n, m): the donor of each row of the data."""

    def apply(self, values: np.ndarray, rows: np.ndarray | None = None) -> np.ndarray:
        if self.donors is None:
            raise ValueError(
                "swap needs rows to take values from; bind it first, or pass it to "
                "intervention_effects, which does."
            )
        rows = np.arange(len(values)) if rows is None else rows
        return self.donors[rows % len(self.donors)]

    def describe(self, label: str) -> str:
        return f"swap({label})"

    def learned(self, data: np.ndarray, names: Names = None) -> Swap:
        # Around one circle through all rows: nobody is its own donor, and swaps of several
        # columns take them from the same row.
        order = np.random.RandomState(self.random_state).permutation(len(data))
        donor = np.empty(len(data), dtype=np.int64)
        donor[order] = np.roll(order, -1)
        return replace(self, donors=np.asarray(data, dtype=np.float64)[donor])


def set_to(columns: Columns, value: ArrayLike, *, level: str | None = None) -> SetTo:
    """Set columns to fixed numbers: a presence, a dose, a level.

    Parameters
    ----------
    columns : int, str or sequence of them
        Positions or names. A one-hot block is written whole: pass all of its columns.
    value : float or sequence of float
        One number, or one for each column.
    level : str, default=None
        What the numbers stand for, in names.

    Returns
    -------
    SetTo

    Examples
    --------
    >>> from sklearn_deeplifft.interventions import set_to
    >>> set_to("GATA1", 2).describe("GATA1")
    'set(GATA1=2)'
    >>> set_to([3, 4, 5], [0, 1, 0], level="low").describe("grade")
    'set(grade=low)'
    """
    columns = _columns(columns)
    return SetTo(columns, _numbers(value, len(columns), "value"), level)


def add(column: Column, delta: float, *, low: float | None = 0.0, high: float | None = None) -> Add:
    """Add ``delta`` to a column: one more copy of a motif. ``clip(x + delta, low, high)``.

    Parameters
    ----------
    column : int or str
    delta : float
        Not zero.
    low, high : float or None
        Limits of the column; None is no limit. A count does not fall below 0.

    Returns
    -------
    Add
    """
    (delta,) = _numbers(delta, 1, "delta")
    if delta == 0:
        raise ValueError("add(..., delta=0) changes nothing; give a delta other than zero.")
    low, high = (None if v is None else _numbers(v, 1, "low, high")[0] for v in (low, high))
    if low is not None and high is not None and not low < high:
        raise ValueError(f"add(..., low={low}, high={high}): low must be below high.")
    return Add(_one_column(column, "add"), delta, low, high)


def remove(columns: Columns, reference: ArrayLike = 0.0) -> Remove:
    """Set columns to what stands for absence: necessity. ``x <- 0``, or the reference.

    Parameters
    ----------
    columns : int, str or sequence of them
    reference : float or sequence of float, default=0
        One number, or one for each column.

    Returns
    -------
    Remove
    """
    columns = _columns(columns)
    return Remove(columns, _numbers(reference, len(columns), "reference"))


def quantile_shift(columns: Columns, shift: float) -> QuantileShift:
    """Move up or down by a share of the data: ``F^-1(clip(F(x) + shift, 0, 1))``.

    F is the distribution of the column in the data, so that results are observed values. Several
    columns are moved each along its own distribution.

    Parameters
    ----------
    columns : int, str or sequence of them
    shift : float
        Between -1 and 1, not zero.

    Returns
    -------
    QuantileShift
    """
    (shift,) = _numbers(shift, 1, "shift")
    if not 0 < abs(shift) <= 1:
        raise ValueError(
            f"quantile_shift(..., shift={shift:g}): a share of the data, between -1 and 1 and not "
            "zero."
        )
    return QuantileShift(_columns(columns), shift)


def swap(columns: Columns, random_state: int = 0) -> Swap:
    """Take the values of a donor row: how much a feature matters, whatever its direction.

    Parameters
    ----------
    columns : int, str or sequence of them
        Taken from one donor together.
    random_state : int, default=0
        Chooses the donors; nobody is its own, and equal seeds have equal donors.

    Returns
    -------
    Swap
    """
    require_seed(random_state, "swap")
    return Swap(_columns(columns), int(random_state))


def require_seed(random_state: object, what: str) -> None:
    """Raise ``ValueError`` for what is no seed: the same intervention does the same anywhere."""
    whole = isinstance(random_state, Integral) and not isinstance(random_state, bool)
    if not whole or not 0 <= int(random_state) < 2**32:  # type: ignore[call-overload]
        raise ValueError(
            f"{what}(..., random_state={shown(random_state)}): an integer from 0 to "
            f"2**32 - 1, so that the same {what} does the same wherever it is used."
        )


def _columns(columns: Columns) -> tuple[Column, ...]:
    several: tuple[object, ...] = (columns,)
    if is_iterable(columns):
        several = tuple(columns)
    if not several:
        raise ValueError("an intervention needs at least one column; got none.")
    found = tuple(_column(c) for c in several)
    if len(set(found)) < len(found):
        raise ValueError(f"columns {list(found)} hold one twice; name each once.")
    return found


def _column(column: object) -> Column:
    # True and 1.5 would be columns 1: a mask, or a number that was meant for something else.
    if isinstance(column, str):
        return column
    if isinstance(column, Integral) and not isinstance(column, bool):
        return int(column)
    raise ValueError(
        f"{shown(column)} is no column: give a position, such as 0, a name, or a list of either."
    )


def _one_column(column: Columns, what: str) -> tuple[Column, ...]:
    found = _columns(column)
    if len(found) > 1:
        raise ValueError(
            f"{what} takes one column, got {list(found)}; compose one {what} for each column."
        )
    return found


def _numbers(values: ArrayLike, n: int, name: str) -> tuple[float, ...]:
    found = np.atleast_1d(as_numbers(values, name)).ravel()
    if len(found) == 1:
        found = np.repeat(found, n)
    if len(found) != n or not np.isfinite(found).all():
        raise ValueError(
            f"{name}={shown(values)} must be one finite number, or one for each of {n} column(s)."
        )
    return tuple(float(v) for v in found)
