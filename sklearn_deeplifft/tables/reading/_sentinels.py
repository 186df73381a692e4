"""Numbers that stand for none, such as -999."""

from __future__ import annotations

import numpy as np

from sklearn_deeplifft.tables.reading._notes import Note
from sklearn_deeplifft.tables.reading._options import ReadOptions

__all__ = ["sentinels", "without_given"]

SENTINELS = (-9.0, -99.0, -999.0, -9999.0, -99999.0, 99.0, 999.0, 9999.0, 99999.0)


def without_given(
    name: str, values: np.ndarray, options: ReadOptions
) -> tuple[np.ndarray, tuple[Note, ...]]:
    """Numbers without those that the user calls missing, such as -999."""
    words = [word for word in options.na or () if _is_float(word)]
    found = [word for word in words if (values == float(word)).any()]
    if not found:
        return values, sentinels(name, values) if options.na is None else ()
    missing = np.isin(values, [float(word) for word in found])
    note = Note("missing words", name, int(missing.sum()), tuple(found))
    return np.where(missing, np.nan, values), (note,)


def sentinels(name: str, values: np.ndarray) -> tuple[Note, ...]:
    """Notes of numbers such as -999 that stand far from all others."""
    finite = values[np.isfinite(values)]
    # What stands far from all others is the smallest or the largest.
    ends = {finite.min(), finite.max()} if len(finite) else set()
    notes = []
    for sentinel in ends.intersection(SENTINELS):
        hit = values == sentinel
        others = values[~hit & np.isfinite(values)]
        if hit.sum() < 2 or len(others) < 10 or len(np.unique(others)) < 5:
            continue
        low, high = others.min(), others.max()
        if sentinel < low - (high - low) or sentinel > high + (high - low):
            notes.append(Note("sentinel", name, int(hit.sum()), (f"{sentinel:g}",)))
    return tuple(notes)


def _is_float(word: str) -> bool:
    try:
        return bool(np.isfinite(float(word)))
    except ValueError:
        return False
