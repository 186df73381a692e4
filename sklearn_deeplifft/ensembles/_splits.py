"""Rows of each network: those it trains on, those held out from it, and its null columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from torch import nn

from sklearn_deeplifft.ensembles._null_columns import null_rows
from sklearn_deeplifft.networks import KnockoffMap, NetworkSettings, NullColumns
from sklearn_deeplifft.ranking import deal_folds, drawn_rows, share_factors
from sklearn_deeplifft.tables import FeatureGroups, FitData

__all__ = [
    "Split",
    "deal_splits",
    "fold_count",
    "packed",
    "shares_restored",
    "thinned",
    "unpacked",
    "with_null_draws",
]


class Split(NamedTuple):
    """The rows of one network, its seed, and what else its training begins with."""

    training: np.ndarray
    validation: np.ndarray
    seed: int
    start: nn.Module | None = None
    """A trained core to go on from."""
    null_columns: NullColumns | None = None
    """Those that the network reads behind the real ones; None trains without any."""
    settings: NetworkSettings | None = None
    """Its own settings, where they are not those of the other networks."""
    training_factor: np.ndarray | None = None
    """Of the weight of each row of ``training``; None leaves weights as they are."""
    validation_factor: np.ndarray | None = None
    """Of those of ``validation``."""
    closed: np.ndarray | None = None
    """(d,): whether a column is closed before the first step of a path; None closes none."""


def fold_count(validation_fraction: float) -> int:
    """Folds of which each network holds one out; 0 holds nothing out."""
    return round(1 / validation_fraction) if validation_fraction else 0


def deal_splits(
    data: FitData, n_networks: int, n_folds: int, rng: np.random.RandomState
) -> list[Split]:
    """Hold out a different fold from each network, dealt anew when all have been used."""
    strata = data.target.strata()[data.index]
    groups = None if data.groups is None else data.groups[data.index]
    fold = np.full(len(strata), -1)
    splits = []
    for j in range(n_networks):
        if n_folds and j % n_folds == 0:
            fold = deal_folds(strata, groups, n_folds, rng)
        held = (fold == j % n_folds) if n_folds else np.zeros(len(strata), dtype=bool)
        seed = int(rng.randint(2**31 - 1))
        splits.append(Split(data.index[~held], data.index[held], seed))
    return splits


def thinned(
    splits: Sequence[Split], data: FitData, n_training: int, n_validation: int | None
) -> list[Split]:
    """Leave so many rows to each network, drawn from its own; None leaves all that are held out."""
    strata = data.target.strata()

    def part(rows: np.ndarray, n: int, seed: int, number: int) -> np.ndarray:
        # A stream of its own: what else is drawn from the seed is as it is without.
        return drawn_rows(rows, strata[rows], n, np.random.default_rng((seed, number)))

    return [
        split._replace(
            training=part(split.training, n_training, split.seed, 0),
            validation=split.validation
            if n_validation is None
            else part(split.validation, n_validation, split.seed, 1),
        )
        for split in splits
    ]


def shares_restored(whole: Sequence[Split], splits: Sequence[Split], data: FitData) -> list[Split]:
    """Give rows factors by which a class that was drawn beyond its share weighs its share.

    Of a rare class more rows are drawn than is its share, so that it is seen, and of the others as
    many fewer; losses are those of the whole parts all the same. What is held out is drawn apart
    from what is trained on, and of fewer rows: each part of each network has factors of its own,
    and so a network is the same however many there are beside it.
    """
    strata = data.target.strata()
    return [
        split._replace(
            training_factor=share_factors(strata[before.training], strata[split.training]),
            validation_factor=share_factors(strata[before.validation], strata[split.validation]),
        )
        for before, split in zip(whole, splits, strict=True)
    ]


def packed(parts: Sequence[np.ndarray], n_rows: int) -> list[np.ndarray]:
    """Parts of a table as one bit per row: little of it is to travel with a pickle."""
    return [np.packbits(np.isin(np.arange(n_rows), part)) for part in parts]


def unpacked(bits: Sequence[np.ndarray], index: np.ndarray) -> list[np.ndarray]:
    """Those of the rows ``index`` that are in each part, in their order."""
    return [index[np.unpackbits(part)[index].astype(bool)] for part in bits]


def with_null_draws(
    splits: Sequence[Split],
    data: FitData,
    knockoff_map: KnockoffMap | None,
    families: FeatureGroups | None = None,
) -> list[Split]:
    """Draw null columns for each network, from its seed: they change nothing else."""
    drawn = (NullColumns(_donors(data, split), knockoff_map, families) for split in splits)
    return [split._replace(null_columns=own) for split, own in zip(splits, drawn, strict=True)]


def _donors(data: FitData, split: Split) -> np.ndarray:
    """Rows that stand in; one of weight zero, as of no class, stands in for none."""
    parts = (split.training, split.validation)
    counted = (part[data.training_weight[part] > 0] for part in parts)
    return null_rows(data.rows.shape[0], counted, split.seed, data.groups)
