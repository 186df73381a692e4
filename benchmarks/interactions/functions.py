"""The ten functions of Tsang, Cheng and Liu (2018), table 1, with the sets that interact.

Columns are numbered from 1, as in the paper. Where its text leaves a term undefined on the range of
the columns, sizes are taken, as is usual.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

__all__ = ["FUNCTIONS", "Synthetic", "labels", "table"]


class Synthetic(NamedTuple):
    """A function of ten columns."""

    f: Callable[..., np.ndarray]
    sets: str
    """Columns that interact, 0 for the tenth, sets parted by blanks."""


def f1(x1, x2, x3, x4, x5, x6, x7, x8, x9, x10):
    first = np.pi ** (x1 * x2) * np.sqrt(2 * x3) - np.arcsin(x4) + np.log(x3 + x5)
    return first - x9 / x10 * np.sqrt(x7 / x8) - x2 * x7


def f2(x1, x2, x3, x4, x5, x6, x7, x8, x9, x10):
    first = np.pi ** (x1 * x2) * np.sqrt(2 * abs(x3)) - np.arcsin(x4 / 2)
    second = np.log(abs(x3 + x5) + 1) + x9 / (1 + abs(x10)) * np.sqrt(abs(x7) / (1 + abs(x8)))
    return first + second - x2 * x7


def f3(x1, x2, x3, x4, x5, x6, x7, x8, x9, x10):
    first = np.exp(abs(x1 - x2)) + abs(x2 * x3) - (x3**2) ** abs(x4)
    return first + np.log(x4**2 + x5**2 + x7**2 + x8**2) + x9 + 1 / (1 + x10**2)


def f4(*x):
    return f3(*x) + (x[0] * x[3]) ** 2


def f5(x1, x2, x3, x4, x5, x6, x7, x8, x9, x10):
    first = 1 / (1 + x1**2 + x2**2 + x3**2) + np.sqrt(np.exp(x4 + x5))
    return first + abs(x6 + x7) + x8 * x9 * x10


def f6(x1, x2, x3, x4, x5, x6, x7, x8, x9, x10):
    first = np.exp(abs(x1 * x2) + 1) - np.exp(abs(x3 + x4) + 1)
    return first + np.cos(x5 + x6 - x8) + np.sqrt(x8**2 + x9**2 + x10**2)


def f7(x1, x2, x3, x4, x5, x6, x7, x8, x9, x10):
    first = (np.arctan(x1) + np.arctan(x2)) ** 2 + np.maximum(x3 * x4 + x6, 0)
    second = -1 / (1 + (x4 * x5 * x6 * x7 * x8) ** 2) + (abs(x7) / (1 + abs(x9))) ** 5
    return first + second + (x1 + x2 + x3 + x4 + x5 + x6 + x7 + x8 + x9 + x10)


def f8(x1, x2, x3, x4, x5, x6, x7, x8, x9, x10):
    first = x1 * x2 + 2 ** (x3 + x5 + x6) + 2 ** (x3 + x4 + x5 + x7)
    return first + np.sin(x7 * np.sin(x8 + x9)) + np.arccos(0.9 * x10)


def f9(x1, x2, x3, x4, x5, x6, x7, x8, x9, x10):
    first = np.tanh(x1 * x2 + x3 * x4) * np.sqrt(abs(x5)) + np.exp(x5 + x6)
    return first + np.log((x6 * x7 * x8) ** 2 + 1) + x9 * x10 + 1 / (1 + abs(x10))


def f10(x1, x2, x3, x4, x5, x6, x7, x8, x9, x10):
    first = np.sinh(x1 + x2) + np.arccos(np.tanh(x3 + x5 + x7))
    return first + np.cos(x4 + x5) + 1 / np.cos(x7 * x9)


FUNCTIONS = {
    "f1": Synthetic(f1, "123 27 35 7890"),
    "f2": Synthetic(f2, "123 27 35 7890"),
    "f3": Synthetic(f3, "12 23 34 4578"),
    "f4": Synthetic(f4, "12 23 34 14 4578"),
    "f5": Synthetic(f5, "123 45 67 890"),
    "f6": Synthetic(f6, "12 34 568 890"),
    "f7": Synthetic(f7, "12 346 45678 79"),
    "f8": Synthetic(f8, "12 356 3457 789"),
    "f9": Synthetic(f9, "12345 56 678 90"),
    "f10": Synthetic(f10, "12 357 45 79"),
}


def table(name, n, seed):
    """Columns (n, 10) and values (n,) of a function."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-1, 1, (n, 10))
    if name == "f1":
        X = rng.uniform(0, 1, (n, 10))
        above = [3, 4, 7, 9]
        X[:, above] = rng.uniform(0.6, 1, (n, 4))
    return X, FUNCTIONS[name].f(*X.T)


def labels(name):
    """(10, 10) bool: pairs that are in a set together."""
    found = np.zeros((10, 10), dtype=bool)
    for members in FUNCTIONS[name].sets.split():
        for a, b in itertools.permutations(members, 2):
            found[(int(a) - 1) % 10, (int(b) - 1) % 10] = True
    return found
