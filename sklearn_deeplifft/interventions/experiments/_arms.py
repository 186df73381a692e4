"""An experiment on sequences: arms, and comparisons of arms on the same backgrounds.

==============  ================================================================
code            meaning
==============  ================================================================
arm             an edit of every background; its effect is the change of f
contrast        a sum of effects with weights, row by row: paired
part            some of the backgrounds, where an experiment tells them apart
==============  ================================================================
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from sklearn_deeplifft._printable import shown
from sklearn_deeplifft.interventions._values import Intervention
from sklearn_deeplifft.sequences import Alphabet

__all__ = ["Arm", "Contrast", "Experiment", "Part", "whole_numbers"]


class Arm(NamedTuple):
    labels: Mapping[str, Any]
    intervention: Intervention
    reported: bool = True
    """Whether its own effect is a row of the table."""


class Contrast(NamedTuple):
    labels: Mapping[str, Any]
    weights: Mapping[int, float]
    """Of arms, by their position; the unedited background has effect 0."""


class Part(NamedTuple):
    labels: Mapping[str, Any]
    rows: np.ndarray
    """Positions among the backgrounds."""


class Experiment(ABC):
    """Edits to make and comparisons to draw."""

    @abstractmethod
    def arms(self, length: int, alphabet: Alphabet) -> list[Arm]:
        """Edits of sequences of so many positions."""

    def contrasts(self, arms: Sequence[Arm]) -> list[Contrast]:
        """Comparisons of the arms on the same backgrounds."""
        return []

    def parts(self, X: np.ndarray, alphabet: Alphabet) -> list[Part]:
        """Backgrounds (n, K L) that are reported by themselves."""
        return [Part({}, np.arange(len(X)))]

    def finished(self, table: pd.DataFrame) -> pd.DataFrame:
        """The table with what follows from all of its rows."""
        return table


def whole_numbers(values: Any, name: str, least: int = 0) -> list[int]:
    """A sequence of whole numbers, each of them ``least`` or more."""
    try:
        found = list(values)
    except TypeError:
        found = []
    fine = found and all(
        isinstance(v, Integral) and not isinstance(v, bool) and int(v) >= least for v in found
    )
    if not fine:
        raise ValueError(
            f"{name}={shown(values)} must be a sequence of whole numbers from {least} on, at "
            "least one."
        )
    return [int(v) for v in found]
