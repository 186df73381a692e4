"""Tables that lie in partitions on one machine or many: Dask arrays and frames.

Dask itself is not imported: a collection of it is known by its protocol, and has its own methods.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import scipy.sparse as sp

__all__ = ["gathered", "is_partitioned", "partitions_of"]

LARGEST_SHARE = 0.5
"""Largest share of this machine's memory that a gathered table may take."""


def is_partitioned(X: Any) -> bool:
    """Whether a table, or a column of it, is a Dask collection."""
    return hasattr(X, "__dask_graph__") and hasattr(X, "to_delayed")


def partitions_of(X: Any, **columns: Any) -> list[dict[str, Any]]:
    """Delayed parts of a table by rows, each with its part of ``columns`` that are not None.

    Raises
    ------
    ValueError
        If one of ``columns`` does not lie in as many partitions as ``X``.
    """
    parts = {"X": _delayed(X)}
    for name, values in columns.items():
        if values is None:
            continue
        if not is_partitioned(values):
            raise ValueError(
                f"X is a Dask collection, and {name} is {type(values).__name__}. Make it one with "
                "the same partitions: a column of the same frame, or "
                "dask.array.from_array(values, chunks=(X.chunks[0],))."
            )
        parts[name] = _delayed(values)
        if len(parts[name]) != len(parts["X"]):
            raise ValueError(
                f"X lies in {len(parts['X'])} partitions of rows and {name} in "
                f"{len(parts[name])}; give both the same ones, by rechunk or repartition."
            )
    return [dict(zip(parts, row, strict=True)) for row in zip(*parts.values(), strict=True)]


def _delayed(values: Any) -> list[Any]:
    """Delayed parts by rows."""
    if hasattr(values, "chunks") and values.ndim == 2:  # an array, which may be cut by columns too
        values = values.rechunk({1: -1})
    return list(np.asarray(values.to_delayed(), dtype=object).ravel())


def gathered(values: Any) -> Any:
    """A Dask collection in the memory of this process, read a partition at a time; others as given.

    Raises
    ------
    MemoryError
        If the table is larger than half of this machine's memory.
    """
    if not is_partitioned(values):
        return values
    parts = _delayed(values)
    # Once more than is needed to hold them, since they need not be kept where they were counted.
    lengths = [int(part.shape[0].compute()) for part in parts]
    first = next((p.compute() for p, n in zip(parts, lengths, strict=True) if n), None)
    if first is None:
        raise ValueError("a Dask collection without any row was given; at least two are needed.")
    if sp.issparse(first):
        return sp.vstack([part.compute() for part in parts], format="csr")
    shape = (sum(lengths), *np.shape(first)[1:])
    dtype = np.result_type(*_dtypes(values))
    _require_room(shape, dtype)
    out = np.empty(shape, dtype=dtype)
    at = 0
    for part, n in zip(parts, lengths, strict=True):
        if n:
            out[at : at + n] = part.compute()
        at += n
    # A frame stays one: its columns have names, and what was made of it keeps them.
    return type(first)(out, columns=first.columns) if hasattr(first, "columns") else out


def _dtypes(values: Any) -> list[np.dtype]:
    """NumPy's types of the columns; what it has none for stays an object."""
    found = getattr(values, "dtypes", None)
    types = [values.dtype] if found is None or not hasattr(found, "__iter__") else list(found)
    return [t if isinstance(t, np.dtype) else np.dtype(object) for t in types]


def _require_room(shape: tuple[int, ...], dtype: np.dtype) -> None:
    size = int(np.prod(shape)) * dtype.itemsize
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if size > LARGEST_SHARE * memory:
        raise MemoryError(
            f"a Dask collection of {shape[0]:,} rows takes {size / 1e9:.0f} GB in memory, and this "
            f"machine has {memory / 1e9:.0f} GB. Networks train on rows at random, so the table "
            "they train on is held whole: fit on a sample of the rows, and score all of them by "
            "importances, which reads one partition at a time; or write it to a file that "
            "numpy.memmap opens."
        )
