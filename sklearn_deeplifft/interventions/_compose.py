"""Several interventions as one, where their order does not matter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from sklearn_deeplifft.interventions._values import Add, Column, Intervention
from sklearn_deeplifft.tables import Names

__all__ = ["Composed", "commute", "compose", "require_commuting"]


@dataclass(frozen=True)
class Composed(Intervention):
    """Interventions that commute, one after another."""

    several: tuple[Intervention, ...]

    def apply(self, values: np.ndarray, rows: np.ndarray | None = None) -> np.ndarray:
        values = np.array(values, dtype=np.float64)
        place = {column: j for j, column in enumerate(self.columns)}
        for part in self.several:
            at = [place[column] for column in part.columns]
            values[:, at] = part.apply(values[:, at], rows)
        return values

    def describe(self, label: str) -> str:
        return " & ".join(part.describe(label) for part in self.several)

    @property
    def sign(self) -> int:
        signs = {part.sign for part in self.several}
        return signs.pop() if len(signs) == 1 else 0

    @property
    def target(self) -> np.ndarray | None:
        found = dict(zip(self.columns, [None] * len(self.columns), strict=True))
        for part in self.several:
            if part.target is None:
                return None
            found.update(zip(part.columns, part.target, strict=True))
        return np.array(list(found.values()), dtype=np.float64)

    @property
    def parts(self) -> tuple[Intervention, ...]:
        return self.several

    def at(self, positions: Mapping[Column, int]) -> Composed:
        parts = tuple(part.at(positions) for part in self.several)
        return replace(self, columns=tuple(positions[c] for c in self.columns), several=parts)

    def learned(self, data: np.ndarray, names: Names = None) -> Composed:
        place = {column: j for j, column in enumerate(self.columns)}
        parts = (p.learned(data[:, [place[c] for c in p.columns]], names) for p in self.several)
        return replace(self, several=tuple(parts))


def compose(*interventions: Intervention) -> Composed:
    """One intervention that does several.

    Parameters
    ----------
    *interventions : Intervention
        At least one. On different columns, or `add` in one direction to the same column: what
        does not depend on the order.

    Returns
    -------
    Composed

    Raises
    ------
    ValueError
        If two of them do not commute: the result would depend on which comes first.

    Examples
    --------
    >>> from sklearn_deeplifft.interventions import add, compose, set_to
    >>> compose(set_to("GATA1", 1), add("SOX2", 1)).columns
    ('GATA1', 'SOX2')
    >>> compose(set_to("GATA1", 1), add("GATA1", 1))
    Traceback (most recent call last):
        ...
    ValueError: set(GATA1=1) and add(GATA1+1) write the same column and do not commute...
    """
    if not interventions:
        raise ValueError("compose needs at least one intervention; got none.")
    parts = tuple(part for given in interventions for part in given.parts)
    for i, one in enumerate(parts):
        for other in parts[:i]:
            require_commuting(other, one)
    columns = dict.fromkeys(column for part in parts for column in part.columns)
    return Composed(tuple(columns), parts)


def commute(one: Intervention, other: Intervention) -> bool:
    """Return whether both orders of the two give the same, for every row."""
    return all(_commute(a, b) for a in one.parts for b in other.parts)


def require_commuting(one: Intervention, other: Intervention) -> None:
    """Raise ``ValueError`` unless the order of the two does not matter."""
    if not commute(one, other):
        raise ValueError(
            f"{_named(one)} and {_named(other)} write the same column and do not commute: the "
            "result depends on which comes first. Choose different columns, or say what you "
            "want in one set_to."
        )


def _commute(a: Intervention, b: Intervention) -> bool:
    if not set(a.columns) & set(b.columns):
        return True
    if not (isinstance(a, Add) and isinstance(b, Add)):
        return False
    # Clipped sums in one direction meet the same limit in either order.
    unlimited = a.low is a.high is b.low is b.high is None
    return unlimited or (a.sign == b.sign and (a.low, a.high) == (b.low, b.high))


def _named(intervention: Intervention) -> str:
    return " & ".join(p.describe(",".join(map(str, p.columns))) for p in intervention.parts)
