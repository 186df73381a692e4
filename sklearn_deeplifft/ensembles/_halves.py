"""Features dealt to pairs of networks, half to each.

A network on a path closes what others can stand for. If all read all, all close much the same:
those that stand for each other, or matter only beside others, are lost. Where each network of a
pair reads one half, both halves are looked at without the other (Ho 1998, random subspaces).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["closed_halves"]

FEWEST = 20
"""Features that are dealt, at least: of fewer, networks read all."""


def closed_halves(
    n_features: int, seeds: Sequence[int | None], number: int
) -> list[np.ndarray | None]:
    """Which features each network does not read in a round of this number, bool (G,).

    None reads all: networks without a seed, one that is left without another, and all of them
    where features are few. Each pair deals anew in every round, by the seed of its first network.
    """
    closed: list[np.ndarray | None] = [None] * len(seeds)
    if n_features < FEWEST:
        return closed
    dealt = [i for i, seed in enumerate(seeds) if seed is not None]
    for one, other in zip(dealt[::2], dealt[1::2], strict=False):
        seed = seeds[one]
        assert seed is not None
        order = np.random.default_rng((seed, number)).permutation(n_features)
        first = np.isin(np.arange(n_features), order[: n_features // 2])
        closed[one], closed[other] = first, ~first
    return closed
