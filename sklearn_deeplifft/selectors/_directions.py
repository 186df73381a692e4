"""Direction of a feature by the slopes of its columns, and what it speaks for most."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["directions", "in_words", "most_for"]


def directions(slopes: np.ndarray, ranking: np.ndarray) -> np.ndarray:
    """Whether more of a feature speaks for a class, (G, K): -1, 0 or 1, the best feature first.

    Columns of one rank are one feature; where some speak for and some against, as levels of a text
    column do, it has no direction. A column of slope 0, which all networks closed, says nothing.

    Parameters
    ----------
    slopes : array of shape (K, d)
    ranking : array of shape (d,)
    """
    order = np.argsort(ranking, kind="stable")
    starts = np.unique(ranking[order], return_index=True)[1]
    signs = np.sign(slopes[:, order])
    low, high = (f.reduceat(signs, starts, axis=1) for f in (np.minimum, np.maximum))
    return np.asarray(np.where((low < 0) & (high > 0), 0, np.sign(low + high))).T


def most_for(sizes: np.ndarray, signs: np.ndarray) -> int | None:
    """The class of the largest size (K,) of those that more of a feature speaks for.

    ``signs`` (K,); 0 is that of columns that differ. None where it speaks for no class.
    """
    wanted = np.where(signs >= 0, sizes, 0.0)
    best = int(np.argmax(wanted))
    return best if wanted[best] > 0 else None


def in_words(
    sizes: np.ndarray, signs: np.ndarray, names: Sequence[str], *, classes: bool
) -> list[str]:
    """Direction of each feature: ``"+ setosa"``; of a single quantity ``"+"`` or ``"-"``.

    Parameters
    ----------
    sizes, signs : array of shape (G, K)
    names : list of K strings
    classes : bool
        Whether these are classes, of which one that a feature speaks for is named; of quantities
        the one that moves most.
    """
    return [
        _in_words(own, sign, names, classes=classes) for own, sign in zip(sizes, signs, strict=True)
    ]


def _in_words(sizes: np.ndarray, signs: np.ndarray, names: Sequence[str], *, classes: bool) -> str:
    best = most_for(sizes, signs) if classes else int(np.argmax(sizes))
    if best is None or sizes[best] == 0:
        return ""
    named = f" {names[best]}" if classes or len(names) > 1 else ""
    return f"{_sign(signs[best])}{named}"


def _sign(value: float) -> str:
    return "+" if value > 0 else "-" if value < 0 else "+-"
