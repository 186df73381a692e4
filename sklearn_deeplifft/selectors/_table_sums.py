"""Scores of a table in parts: batches from anywhere, or partitions scored where they lie."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sklearn_deeplifft.attribution import ScoreSums
from sklearn_deeplifft.tables import partitions_of

__all__ = ["TableSums", "sums_of_batches", "sums_of_partitions"]

FAN_IN = 8
"""Parts that are merged by one task of a graph."""


@dataclass(frozen=True)
class TableSums:
    """Sums of scores over some rows, of every network of a selector; parts of a table merge."""

    by_network: tuple[ScoreSums, ...]
    """One for each network; their size depends on classes and columns, not on rows."""
    present: frozenset[Any]
    """Codes of the classes that the rows have."""

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """Shapes (C, d) of the sums, network by network."""
        return [tuple(own.signed.shape) for own in self.by_network]

    def merge(self, *others: TableSums) -> TableSums:
        """Sums over the rows of this part and of others.

        Parameters
        ----------
        *others : TableSums
            Of other rows, by the same selector.

        Returns
        -------
        TableSums

        Raises
        ------
        ValueError
            If the sums are not of as many networks, classes and columns.
        """
        parts = (self, *others)
        for other in others:
            if other.shapes != self.shapes:
                raise ValueError(
                    f"sums of shapes {other.shapes} (classes, features), one for each network, do "
                    f"not merge with {self.shapes}: they are of another selector, or of another "
                    "fit of it. Merge what one fitted selector has summed."
                )
        networks = zip(*(part.by_network for part in parts), strict=True)
        present = frozenset[Any]().union(*(part.present for part in parts))
        return TableSums(tuple(own[0].merge(*own[1:]) for own in networks), present)


ScorePart = Callable[..., TableSums]
"""``score_sums`` of a fitted selector."""


def sums_of_batches(score: ScorePart, batches: Iterable[Any]) -> TableSums:
    """Sums over an iterable of ``(X, y)`` or ``(X, y, sample_weight)``, one held at a time."""
    total: TableSums | None = None
    for X, *given in _pairs(batches):
        if X.shape[0]:
            part = score(X, *given)
            total = part if total is None else total.merge(part)
    if total is None:
        raise ValueError(
            "importances(batches) was given no row. An iterator can be walked once; pass a new one."
        )
    return total


def _pairs(batches: Iterable[Any]) -> Iterator[tuple[Any, ...]]:
    if hasattr(batches, "shape"):
        raise ValueError(
            f"importances got a table ({type(batches).__name__} of shape {batches.shape}) and no "
            "y. Pass its labels as y; or, without y, an iterable of batches (X, y)."
        )
    if not isinstance(batches, Iterable):
        raise TypeError(
            "importances takes a table and its labels, or an iterable of batches (X, y), and got "
            f"{type(batches).__name__}."
        )
    for batch in batches:
        if not isinstance(batch, tuple) or len(batch) not in (2, 3):
            raise ValueError(
                "importances without y takes an iterable of batches (X, y) or (X, y, "
                f"sample_weight); one of them is {type(batch).__name__}. Pass tuples, or a table "
                "and its labels."
            )
        yield batch


def sums_of_partitions(score: ScorePart, X: Any, **columns: Any) -> TableSums:
    """Sums over a Dask collection, computed where its partitions lie, by Dask's own scheduler."""
    from dask.delayed import delayed  # in memory already, as X is a collection of it

    send = delayed(score)  # the networks, once
    tasks = [delayed(_sums_or_none)(send, part) for part in partitions_of(X, **columns)]
    while len(tasks) > 1:
        starts = range(0, len(tasks), FAN_IN)
        tasks = [delayed(_merged)(tasks[start : start + FAN_IN]) for start in starts]
    total = tasks[0].compute()
    if total is None:
        raise ValueError("no partition of X has a row to score.")
    found: TableSums = total
    return found


def _sums_or_none(score: ScorePart, part: dict[str, Any]) -> TableSums | None:
    """None of a partition that is empty, as filters leave them."""
    return score(**part) if part["X"].shape[0] else None


def _merged(parts: Sequence[TableSums | None]) -> TableSums | None:
    found = [part for part in parts if part is not None]
    return found[0].merge(*found[1:]) if found else None
