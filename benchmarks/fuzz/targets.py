"""Random targets: every kind, every coding, and faults."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import scipy.sparse as sp

from benchmarks.fuzz.dice import Dice
from benchmarks.fuzz.tables import SCALES

__all__ = ["drawn_target"]


def drawn_target(dice: Dice, values: np.ndarray) -> Any:
    """A target that hangs on the values, or a broken one in about one of seven."""
    signal = values @ np.arange(1, 1 + values.shape[1])
    noisy = signal - np.median(signal) + 0.1 * dice.rng.normal(size=len(values))
    if dice.happens(0.08):
        return dice.named("y", BROKEN)(noisy)
    y = dice.named("y", KINDS)(noisy)
    if isinstance(y, np.ndarray) and y.dtype.kind == "f" and dice.happens(0.3):
        scale = dice.one_of(SCALES)
        dice.note(f"y times {scale:g}")
        with np.errstate(over="ignore"):
            y = y * scale
    return y


def _binary(z: np.ndarray) -> np.ndarray:
    y = (z > 0).astype(int)
    y[:1], y[1:2] = 0, 1
    return y


def _three(z: np.ndarray) -> np.ndarray:
    y = np.digitize(z, np.quantile(z, [1 / 3, 2 / 3]))
    y[:3] = np.arange(3)[: len(y)]
    return y


def _labels(z: np.ndarray) -> np.ndarray:
    return np.stack([_binary(z), _binary(-z), _binary(np.roll(z, 1))], axis=1)


KINDS: dict[str, Callable[[np.ndarray], Any]] = {
    "0/1": _binary,
    "-1/1": lambda z: 2 * _binary(z) - 1,
    "1.0/2.0": lambda z: _binary(z) + 1.0,
    "bool": lambda z: _binary(z).astype(bool),
    "text": lambda z: np.where(_binary(z), "yes", "no"),
    "objects": lambda z: np.where(_binary(z), "yes", "no").astype(object),
    "list": lambda z: _binary(z).tolist(),
    "uint8": lambda z: _binary(z).astype(np.uint8),
    "three": _three,
    "gapped": lambda z: np.array([-7, 3, 1000])[_three(z)],
    "category": lambda z: pd.Series(np.array(["a", "b", "c"])[_three(z)], dtype="category"),
    "polars": lambda z: pl.Series(_binary(z)),
    "nullable": lambda z: pd.Series(_binary(z), dtype="Int64"),
    "column": lambda z: _binary(z)[:, None],
    "labels": _labels,
    "labels 1/2": lambda z: _labels(z) + 1,
    "labels -1/1": lambda z: 2 * _labels(z) - 1,
    "labels 0/2": lambda z: 2 * _labels(z),
    "two labels": lambda z: _labels(z)[:, :2],
    "two labels 1/2": lambda z: _labels(z)[:, :2] + 1,
    "sparse labels": lambda z: sp.csr_matrix(_labels(z)),
    "sparse labels 0/2": lambda z: sp.csr_matrix(2 * _labels(z)),
    "label frame": lambda z: pd.DataFrame(_labels(z), columns=list("abc")),
    "outputs": lambda z: np.stack([_three(z), _three(-z)], axis=1),
    "text outputs": lambda z: np.array(list("abc"))[np.stack([_three(z), _three(-z)], axis=1)],
    "numbers": lambda z: z,
    "float32 numbers": lambda z: z.astype(np.float32),
    "far numbers": lambda z: z + 1e6,
    "constant numbers": lambda z: np.full(len(z), 0.5),
    "two numbers": lambda z: np.stack([z, -z + 1], axis=1),
    "ranks": lambda z: np.argsort(np.argsort(z)),
}


def _with(z: np.ndarray, value: Any) -> np.ndarray:
    y = _binary(z).astype(object)
    y[0] = value
    return y


BROKEN: dict[str, Callable[[np.ndarray], Any]] = {
    "one class": lambda z: np.zeros(len(z), dtype=int),
    "one label": lambda z: np.stack([_binary(z), np.ones(len(z), dtype=int)], axis=1),
    "NaN": lambda z: np.where(np.arange(len(z)) == 0, np.nan, z),
    "infinity": lambda z: np.where(np.arange(len(z)) == 0, np.inf, z),
    "None": lambda z: _with(z, None),
    "mixed": lambda z: _with(z, "a"),
    "10**400": lambda z: _with(z, 10**400),
    "2**64": lambda z: _with(z, 2**64),
    "list cell": lambda z: _with(z, [1, 2]),
    "wide integers": lambda z: 2**62 + _binary(z),
    "wide unsigned": lambda z: _binary(z).astype(np.uint64) + np.uint64(2**63),
    "wide floats": lambda z: np.where(z > 0, 2.0**80, 2.0**81),
    "complex": lambda z: z + 1j,
    "dates": lambda z: np.full(len(z), np.datetime64("2020-01-01")),
    "bytes": lambda z: np.where(z > 0, b"a", b"b"),
    "tuples": lambda z: [(1, 2)] * len(z),
    "short": lambda z: z[:-1],
    "empty": lambda z: z[:0],
    "three dimensions": lambda z: np.zeros((len(z), 2, 2)),
    "no columns": lambda z: np.zeros((len(z), 0)),
    "none": lambda z: None,
    "a number": lambda z: 1,
    "a word": lambda z: "y",
    "sparse numbers": lambda z: sp.csr_matrix(z[:, None]),
    "ragged": lambda z: [[1], [1, 2]] * len(z),
    "frame of two kinds": lambda z: pd.DataFrame({"a": z, "b": ["x"] * len(z)}),
    "broken sparse": lambda z: _broken_labels(z),
}


def _broken_labels(z: np.ndarray) -> sp.csr_matrix:
    y = sp.csr_matrix(np.ones((len(z), 2), dtype=int))
    y.indices[-1] = 10**6
    return y
