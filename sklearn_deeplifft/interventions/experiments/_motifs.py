"""Experiments on motifs: where, how often, how far apart, in what company."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sklearn_deeplifft.interventions._compose import compose
from sklearn_deeplifft.interventions._edits import embed, embed_many
from sklearn_deeplifft.interventions._letters import alphabet_of, letters_of
from sklearn_deeplifft.interventions.experiments._arms import (
    Arm,
    Contrast,
    Experiment,
    Part,
    whole_numbers,
)
from sklearn_deeplifft.sequences import Alphabet

__all__ = ["copies", "gc_context", "positions", "spacing"]

STRANDS = ("+", "-")


@dataclass(frozen=True)
class _Positions(Experiment):
    motif: Any
    starts: Sequence[int] | None
    strand: str

    def arms(self, length: int, alphabet: Alphabet) -> list[Arm]:
        letters = alphabet.letters.decode()
        width = len(letters_of(self.motif, alphabet, self.strand))
        if width > length:
            raise ValueError(
                f"positions of a motif of {width} letters: it is longer than the sequences, which "
                f"have {length} positions; pass a shorter one."
            )
        starts = range(length - width + 1) if self.starts is None else self.starts
        return [
            Arm({"start": s}, embed(self.motif, s, self.strand, alphabet=letters)) for s in starts
        ]


def positions(motif: Any, starts: Any = None, strand: str = "+") -> Experiment:
    """A motif at one place after another.

    Parameters
    ----------
    motif : str or array-like of shape (K, w)
        As for `embed`.
    starts : sequence of int, default=None
        None is every place that holds it.
    strand : {"+", "-"}, default="+"

    Returns
    -------
    Experiment
    """
    return _Positions(motif, None if starts is None else whole_numbers(starts, "starts"), strand)


@dataclass(frozen=True)
class _Copies(Experiment):
    motif: Any
    starts: Sequence[int]

    def arms(self, length: int, alphabet: Alphabet) -> list[Arm]:
        letters = alphabet.letters.decode()
        several = [[(self.motif, s) for s in self.starts[:m]] for m in range(1, self.m + 1)]
        return [
            Arm({"copies": len(one), "measure": "effect"}, embed_many(one, alphabet=letters))
            for one in several
        ]

    @property
    def m(self) -> int:
        return len(self.starts)

    def contrasts(self, arms: Sequence[Arm]) -> list[Contrast]:
        found = []
        for m in range(2, self.m + 1):
            weights = {m - 1: 1.0, m - 2: -2.0} | ({m - 3: 1.0} if m > 2 else {})
            found.append(Contrast({"copies": m, "measure": "curvature"}, weights))
        return found


def copies(motif: Any, starts: Any) -> Experiment:
    """One copy of a motif, two, and so on.

    Rows with ``measure="effect"`` are effects of so many copies. Those with
    ``measure="curvature"`` are ``I(m) - 2 I(m - 1) + I(m - 2)``, paired: 0 where copies add up,
    above where they help each other, below where they saturate.

    Parameters
    ----------
    motif : str or array-like of shape (K, w)
    starts : sequence of int
        Place of the first copy, the second, and so on.

    Returns
    -------
    Experiment
    """
    return _Copies(motif, whole_numbers(starts, "starts"))


@dataclass(frozen=True)
class _Spacing(Experiment):
    first: Any
    second: Any
    start: int
    distances: Sequence[int]
    strands: Sequence[str]
    orders: Sequence[str]

    def arms(self, length: int, alphabet: Alphabet) -> list[Arm]:
        letters = alphabet.letters.decode()
        one = embed(self.first, self.start, alphabet=letters)
        width = len(letters_of(self.first, alphabet, "+"))
        found = [Arm({}, one, reported=False)]
        for order, strand, distance in itertools.product(self.orders, self.strands, self.distances):
            own = len(letters_of(self.second, alphabet, strand))
            after = order == "first second"
            place = self.start + width + distance if after else self.start - distance - own
            if place < 0:
                raise ValueError(
                    f"spacing: at distance {distance} before position {self.start} there is no "
                    f"room for {own} letters; pass a larger start, or smaller distances."
                )
            # Seeds apart: equal ones would draw letters of the two that belong together.
            other = embed(self.second, place, strand, random_state=1, alphabet=letters)
            labels = {"order": order, "strand": strand, "distance": distance}
            found.append(Arm(labels, other, reported=False))
            found.append(Arm(labels | {"measure": "pair"}, compose(one, other)))
        return found

    def contrasts(self, arms: Sequence[Arm]) -> list[Contrast]:
        found = []
        for i in range(2, len(arms), 2):
            weights = {i: 1.0, i - 1: -1.0, 0: -1.0}
            labels = dict(arms[i].labels) | {"measure": "epistasis"}
            found.append(Contrast(labels, weights))
        return found


def spacing(
    first: Any,
    second: Any,
    start: int,
    distances: Any,
    *,
    strands: Sequence[str] = STRANDS,
    orders: Sequence[str] = ("first second", "second first"),
) -> Experiment:
    """Two motifs at several distances, on either strand, in either order.

    Rows with ``measure="pair"`` are effects of both; those with ``measure="epistasis"`` are what
    the pair does beyond the sum of the two alone, at exactly the places that they have in it.

    Parameters
    ----------
    first, second : str or array-like of shape (K, w)
    start : int
        Place of the first motif, which stays.
    distances : sequence of int
        Positions between the two.
    strands : sequence of {"+", "-"}
        Of the second motif.
    orders : sequence of {"first second", "second first"}

    Returns
    -------
    Experiment
    """
    known = ("first second", "second first")
    if not orders or isinstance(orders, str) or set(orders) - set(known):
        raise ValueError(f"orders={orders!r} must be some of {list(known)}.")
    if not strands or set(strands) - set(STRANDS):
        raise ValueError(f"strands={strands!r} must be some of {list(STRANDS)}.")
    (place,) = whole_numbers([start], "start")
    between = whole_numbers(distances, "distances")
    return _Spacing(first, second, place, between, tuple(strands), tuple(orders))


@dataclass(frozen=True)
class _Contents(Experiment):
    motif: Any
    start: int
    n_parts: int

    def arms(self, length: int, alphabet: Alphabet) -> list[Arm]:
        return [Arm({}, embed(self.motif, self.start, alphabet=alphabet.letters.decode()))]

    def parts(self, X: np.ndarray, alphabet: Alphabet) -> list[Part]:
        if alphabet_of(alphabet.letters.decode()).letters not in (b"ACGT", b"ACGU"):
            raise ValueError(f"gc_context is for DNA and RNA, not for {alphabet.name}.")
        letters = X.reshape(len(X), -1, alphabet.K).sum(axis=1)
        content = letters[:, 1:3].sum(axis=1) / np.maximum(letters.sum(axis=1), 1)
        if self.n_parts > len(X):
            raise ValueError(
                f"gc_context(n_parts={self.n_parts}) of {len(X)} backgrounds leaves parts empty; "
                "pass more backgrounds, or fewer parts."
            )
        order = np.argsort(content, kind="stable")
        return [
            Part({"gc_low": content[own].min(), "gc_high": content[own].max()}, np.sort(own))
            for own in np.array_split(order, self.n_parts)
        ]


def gc_context(motif: Any, start: int, n_parts: int = 4) -> Experiment:
    """A motif in backgrounds of low to high GC content.

    Parameters
    ----------
    motif : str or array-like of shape (K, w)
    start : int
    n_parts : int, default=4
        Parts of equally many backgrounds, by their GC content before the motif is written.

    Returns
    -------
    Experiment
    """
    whole_numbers([start], "start")
    (n,) = whole_numbers([n_parts], "n_parts", 1)
    return _Contents(motif, start, n)
