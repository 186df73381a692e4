"""The clean table that all others are made of, and text files written from cells."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["AGE", "COLOUR", "N", "PRICE", "Y", "holed", "plain", "text_file"]

N = 60
_rng = np.random.default_rng(0)
AGE: list[float] = [float(v) for v in _rng.integers(18, 90, N)]
PRICE: list[float] = [float(v) for v in np.round(_rng.uniform(1000, 99999, N), 2)]
COLOUR: list[str] = [str(v) for v in _rng.choice(["red", "green", "blue"], N)]
Y: list[str] = [str(v) for v in _rng.choice(["ill", "well"], N)]


def plain(number: float) -> str:
    """A number as programs write it."""
    return f"{number:.15g}"


def holed(values: Sequence[float], every: int) -> list[float]:
    """Every so manyth value missing."""
    return [np.nan if i % every == 0 else value for i, value in enumerate(values)]


def text_file(
    columns: Mapping[str, Sequence[Any]],
    sep: str = ",",
    encoding: str = "utf-8",
    before: str = "",
    newline: str = "\n",
) -> Callable[[Path], object]:
    """A writer of columns of cells, which are quoted where they hold the separator."""

    def cell(value: Any) -> str:
        text = plain(value) if isinstance(value, float) else str(value)
        return f'"{text}"' if sep in text or '"' in text or "\n" in text else text

    rows = [list(columns), *zip(*columns.values(), strict=True)]
    text = before + "".join(sep.join(map(cell, row)) + "\n" for row in rows)
    return lambda path: path.write_bytes(text.replace("\n", newline).encode(encoding))
