"""Random choices of a case, all from one seed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np

__all__ = ["Dice"]

T = TypeVar("T")


class Dice:
    """Choices that a seed decides, with a note of every one that is out of the ordinary."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.rng = np.random.default_rng(seed)
        self.notes: list[str] = []

    def happens(self, p: float) -> bool:
        """True with probability ``p``."""
        return self._random.random() < p

    def one_of(self, choices: Sequence[T]) -> T:
        """Any of ``choices``, equally likely."""
        return choices[self._random.randrange(len(choices))]

    def named(self, what: str, choices: dict[str, T]) -> T:
        """Any of ``choices``; its name is noted."""
        name = self.one_of(list(choices))
        self.note(f"{what}: {name}")
        return choices[name]

    def note(self, text: Any) -> None:
        """Note a choice, for the report."""
        text = str(text).replace("\n", " ")
        self.notes.append(text if len(text) < 90 else f"{text[:87]}...")
