"""How many features a round of recursive elimination drops."""

from __future__ import annotations

import math
from numbers import Integral

__all__ = ["n_dropped", "n_rounds", "n_trainings"]

MANY = 50
"""``"auto"`` halves what is left while it is more than this: the order among what goes then is of
little interest, and these rounds are the dearest."""

HALF, FIFTH = 0.5, 0.2


def n_dropped(n: int, step: float | str) -> int:
    """Return how many of ``n`` features go, at least one.

    ``step`` is a number of features, a fraction of those left, or ``"auto"``.

    >>> n_dropped(10, 3), n_dropped(10, 0.25), n_dropped(10, "auto"), n_dropped(100, "auto")
    (3, 3, 2, 50)
    """
    if step == "auto":
        step = HALF if n > MANY else FIFTH
    return max(int(step) if isinstance(step, Integral) else math.ceil(float(step) * n), 1)


def n_rounds(n: int, step: float | str) -> int:
    """Return how many rounds there are until one feature is left.

    >>> n_rounds(1, 0.3), n_rounds(4, 0.3), n_rounds(512, "auto")
    (1, 3, 16)
    """
    rounds = 1
    while n > 1:
        n = max(n - n_dropped(n, step), 1)
        rounds += 1
    return rounds


def n_trainings(n: int, step: float | str) -> int:
    """Return how many of the rounds train: what is left alone is the best without it.

    >>> n_trainings(1, 0.3), n_trainings(4, 0.3), n_trainings(512, "auto")
    (1, 2, 15)
    """
    return max(n_rounds(n, step) - 1, 1)
