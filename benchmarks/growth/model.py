"""A model of cost: operations of a fit and of scoring, from the sizes of the table.

=======  ==========================================================
symbol   meaning
=======  ==========================================================
n, d, K  rows, columns, classes
N        networks
w        weights of a network
S        steps of training, of B rows each
=======  ==========================================================

Scoring a row takes a forward pass, a backward pass for each class, and for each class and column
the step of a softmax: ``2 w + 2 K w + STEP K d``. A step of training takes ``6 w`` a row.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

__all__ = ["fit_operations", "score_operations"]

STEP = 40
"""Operations of one increment: its place in the order of terms, an exponential, sums."""

BATCH, HELD_OUT, EPOCHS, HIDDEN = 128, 0.1, 15, (100,)
"""Of the default ensemble."""

READ = (100, 50)
"""Hidden layers of the network that the scoring tasks read."""


def weights(d: int, n_classes: int, hidden: tuple[int, ...]) -> int:
    """Number of weights of a network, biases aside."""
    sizes = (d, *hidden, n_classes)
    return sum(a * b for a, b in itertools.pairwise(sizes))


def steps(n: int, max_steps: int, batch: int = BATCH) -> int:
    """Steps of training: whole passes until ``max_steps`` are reached, or a part of one."""
    each = math.ceil((1 - HELD_OUT) * n / batch)
    return max_steps if each > max_steps else each * min(EPOCHS, math.ceil(max_steps / each))


def score_operations(
    n: int,
    d: int = 512,
    n_classes: int = 8,
    n_networks: int = 1,
    hidden: tuple[int, ...] = READ,
    **store: Any,
) -> float:
    """Operations of scoring every row with every network."""
    w = weights(d, n_classes, hidden)
    return n_networks * n * (2 * w * (1 + n_classes) + STEP * n_classes * d)


def fit_operations(
    n: int, d: int, n_classes: int, n_networks: int, max_steps: int, **store: Any
) -> float:
    """Operations of one round: training, and scoring of all rows."""
    trained = 6 * weights(d, n_classes, HIDDEN) * BATCH * steps(n, max_steps)
    return n_networks * trained + score_operations(n, d, n_classes, n_networks, HIDDEN)
