"""Random tables: values, scales, dtypes, containers and faults."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import scipy.sparse as sp
import torch

from benchmarks.fuzz.dice import Dice

__all__ = ["SCALES", "drawn_table", "drawn_values", "in_form"]

SCALES = (1e-300, 1e-39, 1e-12, 1e12, 1e39, 1e154, 1e300)

ROWS = (24,) * 12 + (40, 12, 5, 3, 2, 1)


def drawn_values(dice: Dice) -> np.ndarray:
    """Values (n, d) that any container holds, of ordinary size; most rows differ."""
    n, d = dice.one_of(ROWS), dice.one_of((3, 4, 4, 5, 6, 2, 1))
    kinds: dict[str, Callable[[], np.ndarray]] = {
        "normal": lambda: dice.rng.normal(size=(n, d)),
        "counts": lambda: dice.rng.poisson(1.0, size=(n, d)).astype(float),
        "one-hot": lambda: np.eye(d)[dice.rng.integers(d, size=n)],
        "binary": lambda: dice.rng.integers(2, size=(n, d)).astype(float),
        "halves": lambda: dice.rng.integers(-8, 9, size=(n, d)) / 2,
    }
    X = dice.named("values", kinds)()
    if dice.happens(0.1):
        X[:, 0] = dice.one_of((0.0, 1.0, -3.0))
        dice.note("constant column")
    if dice.happens(0.1) and d > 1:
        X[:, -1] = X[:, 0]
        dice.note("copied column")
    return X


def drawn_table(dice: Dice, values: np.ndarray) -> tuple[Any, np.ndarray | None]:
    """The values as a user may hand them over, with a fault in about one of three.

    The second is a plain array of the same values, where the first holds exactly these.
    """
    X = values.copy()
    if dice.happens(0.15):
        scale = dice.one_of(SCALES)
        columns = slice(None) if dice.happens(0.5) else slice(0, 1)
        X[:, columns] *= scale
        dice.note(f"X times {scale:g}{'' if columns == slice(None) else ' in a column'}")
    if dice.happens(0.05):
        spot = (dice.one_of(range(len(X))), dice.one_of(range(X.shape[1])))
        X[spot] = dice.one_of((np.nan, np.inf, -np.inf, 1e308, -1e308, 5e-324))
        dice.note(f"X holds {X[spot]:g}")
    if dice.happens(0.08):
        return dice.named("X", BROKEN)(X), None
    form = dice.named("X as", FORMS)
    return in_form(form, X), X if form in EXACT else None


def in_form(form: Callable[[np.ndarray], Any], X: np.ndarray) -> Any:
    """The values in a container or dtype; what a dtype cannot hold is rounded or wraps."""
    with np.errstate(all="ignore"):
        return form(X)


def _mapped(X: np.ndarray) -> np.ndarray:
    with tempfile.TemporaryFile() as file:
        mapped = np.memmap(file, dtype=X.dtype, mode="w+", shape=X.shape)
    mapped[:] = X
    return mapped


def _read_only(X: np.ndarray) -> np.ndarray:
    X = X.copy()
    X.flags.writeable = False
    return X


def _frame(X: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(X, columns=[f"c{i}" for i in range(X.shape[1])])


def _with_object(X: np.ndarray, value: Any) -> np.ndarray:
    X = X.astype(object)
    X[0, 0] = value
    return X


FORMS: dict[str, Callable[[np.ndarray], Any]] = {
    "float64": lambda X: X,
    "float32": lambda X: X.astype(np.float32),
    "float16": lambda X: X.astype(np.float16),
    "int64": lambda X: np.nan_to_num(X).astype(np.int64),
    "int8": lambda X: np.nan_to_num(X).astype(np.int8),
    "uint64": lambda X: np.abs(np.nan_to_num(X)).astype(np.uint64),
    "bool": lambda X: X > 0,
    "longdouble": lambda X: X.astype(np.longdouble),
    "object": lambda X: X.astype(object),
    "list": lambda X: X.tolist(),
    "fortran": np.asfortranarray,
    "reversed": lambda X: X[::-1, ::-1],
    "big-endian": lambda X: X.astype(">f8"),
    "read-only": _read_only,
    "memory map": _mapped,
    "frame": _frame,
    "frame without names": pd.DataFrame,
    "nullable frame": lambda X: _frame(X).convert_dtypes(),
    "polars": lambda X: pl.DataFrame(_frame(X)),
    "csr": sp.csr_matrix,
    "csc": sp.csc_array,
    "coo": sp.coo_matrix,
    "csr of int": lambda X: sp.csr_array(np.nan_to_num(X).astype(np.int32)),
    "explicit zeros": lambda X: sp.csr_matrix((X.ravel(), np.indices(X.shape).reshape(2, -1))),
    "tensor": lambda X: torch.tensor(X),
}


NAMES = ("object", "list", "fortran", "big-endian", "read-only", "memory map", "frame", "polars")

EXACT = [FORMS[name] for name in NAMES]
"""Forms whose fit has the bits of the plain array's."""


def _broken_csr(X: np.ndarray, index: int) -> sp.csr_matrix:
    X = sp.csr_matrix(np.where(X == 0, 1.0, X))
    X.indices[-1] = index
    return X


def _broken_indptr(X: np.ndarray) -> sp.csr_matrix:
    X = sp.csr_matrix(np.where(X == 0, 1.0, X))
    X.indptr[-1] += 1000
    return X


def _unsorted_indptr(X: np.ndarray) -> sp.csr_matrix:
    X = sp.csr_matrix(np.where(X == 0, 1.0, X))
    X.indptr[len(X.indptr) // 2] = 10**6
    return X


BROKEN: dict[str, Callable[[np.ndarray], Any]] = {
    "complex": lambda X: X.astype(complex),
    "text": lambda X: np.full(X.shape, "a"),
    "text cell": lambda X: _with_object(X, "abc"),
    "None cell": lambda X: _with_object(X, None),
    "huge integer": lambda X: _with_object(X, 10**400),
    "list cell": lambda X: _with_object(X, [1]),
    "dates": lambda X: np.full(X.shape, np.datetime64("2020-01-01")),
    "bytes": lambda X: np.full(X.shape, b"a"),
    "text in a frame": lambda X: _frame(X).assign(c0="a"),
    "dates in a frame": lambda X: _frame(X).assign(c0=pd.Timestamp("2020")),
    "category in a frame": lambda X: _frame(X).assign(c0=pd.Categorical(["x"] * len(X))),
    "text in polars": lambda X: pl.DataFrame(_frame(X).assign(c0="a")),
    "null in polars": lambda X: pl.DataFrame({"a": [None] * len(X), "b": X[:, 0]}),
    "lists in polars": lambda X: pl.DataFrame({"a": [[1, 2]] * len(X), "b": X[:, 0]}),
    "mixed names": lambda X: _frame(X).rename(columns={"c0": 0}),
    "equal names": lambda X: pd.DataFrame(X, columns=["c"] * X.shape[1]),
    "one dimension": lambda X: X[:, 0],
    "three dimensions": lambda X: X[None],
    "no rows": lambda X: X[:0],
    "no columns": lambda X: X[:, :0],
    "nothing": lambda X: None,
    "a number": lambda X: 3.0,
    "a word": lambda X: "X",
    "a mapping": lambda X: {"a": 1},
    "ragged": lambda X: [[1.0], [1.0, 2.0]] * len(X),
    "csr beyond the columns": lambda X: _broken_csr(X, 10**6),
    "csr before the columns": lambda X: _broken_csr(X, -5),
    "csr beyond its values": _broken_indptr,
    "csr out of order": _unsorted_indptr,
    "sparse complex": lambda X: sp.csr_matrix(X.astype(complex)),
    "recarray": lambda X: np.zeros(len(X), dtype=[("a", float), ("b", int)]),
    "masked": lambda X: np.ma.masked_array(X, mask=X > 0),
}
