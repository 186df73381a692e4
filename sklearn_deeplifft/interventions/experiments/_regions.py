"""Experiments on regions: is one needed, is it enough. And hairpins: in the loop or in a stem."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sklearn_deeplifft._printable import shown
from sklearn_deeplifft.interventions._compose import compose
from sklearn_deeplifft.interventions._edits import (
    Drawn,
    Shuffled,
    Word,
    embed,
    require_encoded,
    require_positions,
    shuffle_region,
)
from sklearn_deeplifft.interventions._letters import letters_of
from sklearn_deeplifft.interventions._values import Intervention
from sklearn_deeplifft.interventions.experiments._arms import (
    Arm,
    Contrast,
    Experiment,
    whole_numbers,
)
from sklearn_deeplifft.sequences import Alphabet
from sklearn_deeplifft.tables import Names

__all__ = ["hairpin", "necessity", "sufficiency"]


@dataclass(frozen=True)
class _Necessity(Experiment):
    regions: Sequence[tuple[int, int]]
    n_shuffles: int

    def arms(self, length: int, alphabet: Alphabet) -> list[Arm]:
        letters = alphabet.letters.decode()
        return [
            Arm({"start": a, "stop": b}, _shuffled(a, b, i, letters), reported=False)
            for a, b in self.regions
            for i in range(self.n_shuffles)
        ]

    def contrasts(self, arms: Sequence[Arm]) -> list[Contrast]:
        m = self.n_shuffles
        return [
            Contrast(arms[i].labels, dict.fromkeys(range(i, i + m), 1 / m))
            for i in range(0, len(arms), m)
        ]


def necessity(start: Any, stop: Any, *, n_shuffles: int = 10) -> Experiment:
    """Change of the prediction when the letters of a region are shuffled.

    Below 0 where the prediction needs what is in the region.

    Parameters
    ----------
    start, stop : int or sequences of int
        One region, or several.
    n_shuffles : int, default=10
        Orders of each row that are averaged.

    Returns
    -------
    Experiment
    """
    (m,) = whole_numbers([n_shuffles], "n_shuffles", 1)
    return _Necessity(_regions(start, stop), m)


@dataclass(frozen=True)
class _Sufficiency(Experiment):
    regions: Sequence[tuple[int, int]]
    n_shuffles: int

    def arms(self, length: int, alphabet: Alphabet) -> list[Arm]:
        letters, found = alphabet.letters.decode(), []
        for a, b in self.regions:
            if b > length:
                raise ValueError(
                    f"sufficiency: region {a} to {b} runs over the end of {length} positions; "
                    "pass a smaller stop."
                )
            labels = {"start": a, "stop": b}
            for i in range(self.n_shuffles):
                # The region is shuffled by itself, so that both arms hold the same surroundings.
                around = _around(a, b, length, i, letters)
                found.append(Arm(labels, around, reported=False))
                inside = _shuffled(a, b, i + self.n_shuffles, letters)
                found.append(Arm(labels, compose(around, inside), reported=False))
        return found

    def contrasts(self, arms: Sequence[Arm]) -> list[Contrast]:
        m = self.n_shuffles
        found = []
        for i in range(0, len(arms), 2 * m):
            weights = {i + j: (1 if j % 2 == 0 else -1) / m for j in range(2 * m)}
            found.append(Contrast(arms[i].labels, weights))
        return found


def sufficiency(start: Any, stop: Any, *, n_shuffles: int = 10) -> Experiment:
    """What a region does where everything around it is shuffled.

    The prediction with the region intact less that with its own letters shuffled too, paired.
    Above 0 where the region is enough to raise it.

    Parameters
    ----------
    start, stop : int or sequences of int
        One region, or several.
    n_shuffles : int, default=10
        Orders of each row that are averaged.

    Returns
    -------
    Experiment
    """
    (m,) = whole_numbers([n_shuffles], "n_shuffles", 1)
    return _Sufficiency(_regions(start, stop), m)


def _regions(start: Any, stop: Any) -> list[tuple[int, int]]:
    if np.ndim(start) == 0 and np.ndim(stop) == 0:
        start, stop = [start], [stop]
    starts, stops = whole_numbers(start, "start"), whole_numbers(stop, "stop", 2)
    if len(starts) != len(stops) or any(b - a < 2 for a, b in zip(starts, stops, strict=True)):
        raise ValueError(
            f"regions start at {shown(start)} and stop before {shown(stop)}; pass as many stops "
            "as starts, each two positions or more behind its own."
        )
    return list(zip(starts, stops, strict=True))


def _shuffled(start: int, stop: int, seed: int, letters: str) -> Shuffled:
    return shuffle_region(start, stop, random_state=seed, alphabet=letters)


def _around(start: int, stop: int, length: int, seed: int, letters: str) -> Intervention:
    """Everything before and behind a region, shuffled as one."""
    K = len(letters)
    places = [*range(start), *range(stop, length)]
    if len(places) < 2:
        raise ValueError(
            f"sufficiency: region {start} to {stop} leaves {len(places)} of {length} positions to "
            "shuffle; pass a smaller one."
        )
    columns = tuple(K * place + a for place in places for a in range(K))
    return Shuffled(columns, 0, length, K, seed)


@dataclass(frozen=True)
class Stem(Intervention):
    """Write a hairpin: its arms pair, and what they hold beside a motif is the row's left arm."""

    arm: int
    loop: int
    K: int
    written: Word | Drawn | None
    """The motif, on columns counted from the stem's first; None for the bare hairpin."""
    where: str
    """"loop", "left", "right" or "none"."""

    def apply(self, values: np.ndarray, rows: np.ndarray | None = None) -> np.ndarray:
        values = values.copy()
        letters = values.reshape(len(values), -1, self.K)
        left, right = letters[:, : self.arm], letters[:, self.arm + self.loop :]
        right[:] = left[:, ::-1, ::-1]
        if self.written is not None:
            at = self.written.positions
            values[:, at] = self.written.apply(values[:, at], rows)
        if self.where == "right":
            left[:] = right[:, ::-1, ::-1]
        else:
            right[:] = left[:, ::-1, ::-1]
        return values

    def describe(self, label: str) -> str:
        return f"hairpin({self.where})"

    def learned(self, data: np.ndarray, names: Names = None) -> Stem:
        require_encoded(data, self.K)
        if self.written is None:
            return self
        return replace(self, written=self.written.learned(data[:, self.written.positions]))

    def require_within(self, n_columns: int) -> None:
        require_positions(self, self.describe(""), self.K, n_columns)


PLACES = ("loop", "left", "right")


@dataclass(frozen=True)
class _Hairpin(Experiment):
    motif: Any
    start: int
    stem: int
    loop: int | None

    def arms(self, length: int, alphabet: Alphabet) -> list[Arm]:
        w = len(letters_of(self.motif, alphabet, "-"))  # of letters that pair
        loop = w if self.loop is None else self.loop
        if w > min(self.stem, loop):
            raise ValueError(
                f"hairpin: a motif of {w} letters does not fit into stem={self.stem} and "
                f"loop={loop}; pass larger ones."
            )
        K, width = alphabet.K, 2 * self.stem + loop
        columns = tuple(range(K * self.start, K * (self.start + width)))
        offset = (self.stem - w) // 2
        first = {
            "loop": self.stem + (loop - w) // 2,
            "left": offset,
            "right": self.stem + loop + offset,
        }

        def motif(at: int) -> Word | Drawn:
            return embed(self.motif, at, alphabet=alphabet.letters.decode())

        def stem(where: str) -> Stem:
            written = motif(first[where]) if where in first else None
            return Stem(columns, self.stem, loop, K, written, where)

        alone = motif(self.start + first["loop"])
        found = [Arm({"place": "stem alone"}, stem("none")), Arm({"place": "unpaired"}, alone)]
        return found + [Arm({"place": place}, stem(place)) for place in PLACES]

    def contrasts(self, arms: Sequence[Arm]) -> list[Contrast]:
        bare, alone, loop, left, right = range(5)
        return [
            Contrast({"place": "loop - left"}, {loop: 1.0, left: -1.0}),
            Contrast({"place": "loop - right"}, {loop: 1.0, right: -1.0}),
            Contrast({"place": "loop - stem"}, {loop: 1.0, left: -0.5, right: -0.5}),
            Contrast({"place": "loop beyond both"}, {loop: 1.0, bare: -1.0, alone: -1.0}),
        ]


def hairpin(motif: Any, start: int, *, stem: int = 9, loop: int | None = None) -> Experiment:
    """A motif in the loop of a hairpin, in either arm of its stem, and unpaired.

    The arms of a stem always pair: each row keeps the left arm that it has, and the right one
    becomes its reverse complement; a motif in one arm has its partner in the other. The same
    backgrounds serve all placements, so that their differences (``loop - left``,
    ``loop - right``, ``loop - stem``) are paired. ``stem alone`` holds no motif, and
    ``loop beyond both`` is the loop less both of the stem and of the motif alone.

    Parameters
    ----------
    motif : str or array-like of shape (K, w)
        DNA or RNA, as for `embed`: N leaves a position as it is, which in an arm pairs, and the
        letters of the other codes are drawn for each row, alike at every place.
    start : int
        Position of the first letter of the left arm.
    stem : int, default=9
        Letters of each arm.
    loop : int, default=None
        Letters between the arms; None is as many as the motif has.

    Returns
    -------
    Experiment
    """
    whole_numbers([start, stem, loop or 1], "start, stem, loop")
    return _Hairpin(motif, int(start), int(stem), loop)
