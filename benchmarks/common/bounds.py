"""Figures held against what each must reach: `bounds.toml`, a table per benchmark.

    [scoring.ratio_to_matmul]
    max = 6.0            # of the quick form; min likewise
    full = "<= 4"        # what is asked of the full form, for a reader

A figure that a bound names and a benchmark does not give falls short as well, unless the bound is
``optional = true``: its data may not be here.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["FILE", "Shortfall", "read_bounds", "shortfalls"]

FILE = Path(__file__).parents[1] / "bounds.toml"

KEYS = {"min", "max", "full", "optional"}

Bounds = Mapping[str, Mapping[str, Any]]
"""Of one benchmark: figures, and what each must reach."""


class Shortfall(NamedTuple):
    """A figure that is not what it must be."""

    figure: str
    value: float | None
    rule: str

    def __str__(self) -> str:
        found = "is missing" if self.value is None else f"is {self.value:.4g}"
        return f"{self.figure} {found}, and must be {self.rule}"


def read_bounds(path: Path = FILE) -> dict[str, Bounds]:
    """Bounds by benchmark; ``ValueError`` for one that could never fail, or is not understood."""
    found: dict[str, Bounds] = tomllib.loads(path.read_text())
    for benchmark, bounds in found.items():
        for figure, bound in bounds.items():
            if not bound.keys() <= KEYS or not bound.keys() & {"min", "max"}:
                raise ValueError(
                    f"[{benchmark}.{figure}] of {path} has the keys {sorted(bound)}; a bound has "
                    "min, max or both, and may have full and optional."
                )
    return found


def shortfalls(figures: Mapping[str, float], bounds: Bounds) -> list[Shortfall]:
    """Figures of one benchmark that fall short."""
    found = []
    for figure, bound in bounds.items():
        low, high = bound.get("min", -math.inf), bound.get("max", math.inf)
        value = figures.get(figure)
        if value is None and bound.get("optional", False):
            continue
        if value is None or not low <= value <= high:  # NaN is within no bounds
            found.append(Shortfall(figure, value, _rule(bound)))
    return found


def _rule(bound: Mapping[str, Any]) -> str:
    ends = (("min", "at least"), ("max", "at most"))
    return " and ".join(f"{words} {bound[key]:g}" for key, words in ends if key in bound)
