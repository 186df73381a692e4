"""Which networks begin with pairs of columns, and with which.

Members without a hidden layer train first. What they miss is searched for pairs, once for all
networks (``_missed_pairs``); every second network with a hidden layer begins with those that the
rows it trains on confirm, with effects fitted to the targets of these rows alone. Rows held out
from it are searched as well, and have trained the linear members: they have a say in which pairs
are asked for, and a small one in what is missed of other rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from sklearn_deeplifft.ensembles._missed_pairs import (
    least_score,
    missed_pairs,
    pair_effects,
    pair_scores,
    rows_to_search,
)
from sklearn_deeplifft.ensembles._out_of_fold import targets_of_outputs
from sklearn_deeplifft.ensembles._pair_units import UNITS, in_turn, with_pair_units
from sklearn_deeplifft.ensembles._predictions import network_logits, probabilities
from sklearn_deeplifft.ensembles._splits import Split
from sklearn_deeplifft.networks import (
    NetworkSettings,
    Standardize,
    TrainedNetwork,
    torch_threads,
)
from sklearn_deeplifft.tables import FitData, Scaling, Target, target_scale

__all__ = ["PairStart", "begins_with_pairs", "pair_starts", "starting_pairs"]

EVERY = 2
"""One of so many networks begins with pairs. Those that do keep fewer columns that stand for a
pair's: of five tables made like MADELON, 100 columns that matter, 87 are then among the first 20
each, where 80 are if all networks begin so and 86 if none does."""


class PairStart(NamedTuple):
    """What a network begins with: a core, and the pairs (m, 2) that are in it."""

    core: nn.Module
    pairs: np.ndarray


class _Missed(NamedTuple):
    """What linear networks have missed of some rows; see ``_missed_pairs``."""

    z: Tensor
    r: Tensor
    v: Tensor
    w: Tensor


def begins_with_pairs(split: Split, settings: NetworkSettings) -> bool:
    """Whether a network of these settings has the one hidden layer that holds pairs.

    Null columns have no pairs, and real ones must have nothing ahead of them. Behind gates that are
    drawn at random, from 0 on, its units would hold no product.
    """
    sizes, gates = settings.hidden_layer_sizes, settings.gates
    wide = len(sizes) == 1 and sizes[0] >= 2 * UNITS
    drawn = gates is not None and not gates.tied and gates.initial != "one"
    return wide and not drawn and split.null_columns is None and settings.loss == "auto"


def pair_starts(
    data: FitData,
    linear: Sequence[TrainedNetwork],
    splits: Sequence[Split],
    fresh: Callable[[Split], nn.Sequential],
    n_hidden: int,
) -> list[PairStart | None]:
    """What the networks of ``splits`` begin with; None where they begin as ever.

    ``linear`` are trained members without a hidden layer, ``fresh`` draws a core of ``n_hidden``
    units. Tables whose columns are not standardised are not searched, nor those of groups of rows,
    which say less than as many single ones.
    """
    starts: list[PairStart | None] = [None] * len(splits)
    if data.moments is None or data.groups is not None:
        return starts
    begin = splits[::EVERY]
    parts = [_factors(split, len(data.training_weight)) for split in begin]
    rows = _rows_to_search(data, parts)
    if not len(rows):
        return starts
    with torch_threads(1):  # the bits of a product hang on their number
        missed = _missed(data, data.moments, linear, rows)
        P = missed_pairs(missed.z, missed.r, missed.w)
        for number, (split, part) in enumerate(zip(begin, parts, strict=True)):
            own = missed._replace(w=missed.w * torch.from_numpy(part[rows]).float())
            mine = P[in_turn(_certain(own, P), n_hidden // 2 // UNITS, number)]
            if len(mine):
                effects = _on_outputs(pair_effects(*own, mine).numpy(), data.target)
                core = with_pair_units(fresh(split), mine, torch.from_numpy(effects))
                starts[number * EVERY] = PairStart(core, mine.numpy())
    return starts


def starting_pairs(networks: Sequence[TrainedNetwork], names: np.ndarray) -> pd.DataFrame:
    """Pairs that networks began with, the most certain first; see ``starting_pairs_``."""
    begun: dict[tuple[int, int], int] = {}
    for pairs in (trained.pairs for trained in networks if trained.pairs is not None):
        for i, j in np.sort(pairs, axis=1).tolist():
            begun[i, j] = begun.get((i, j), 0) + 1
    i, j = np.array([*begun], dtype=np.intp).reshape(-1, 2).T
    found: dict[str, Any] = {
        "feature": names[i],
        "partner": names[j],
        "networks": [*begun.values()],
    }
    return pd.DataFrame(found).astype({"networks": np.intp})


def _factors(split: Split, n: int) -> np.ndarray:
    """Of the weights of all ``n`` rows in the training of a network; 0 where it does without."""
    factor = np.zeros(n)
    factor[split.training] = 1.0 if split.training_factor is None else split.training_factor
    return factor


def _rows_to_search(data: FitData, parts: Sequence[np.ndarray]) -> np.ndarray:
    """Rows evenly spread over those that networks train on, each of a part of a long table.

    Empty where there are too few, or too many columns.
    """
    read = np.any([part[data.index] > 0 for part in parts], axis=0)
    rows = data.index[read]
    n_outputs = len(targets_of_outputs(data.target, data.target.codes[:1])[0])
    n = rows_to_search(len(rows), data.rows.shape[1], n_outputs)
    return rows[np.arange(n) * len(rows) // max(n, 1)]


def _certain(own: _Missed, P: Tensor) -> list[int]:
    """Places of the pairs that a network's own rows confirm."""
    least = least_score(own.z.shape[1], own.r.shape[1])
    found = pair_scores(own.z, own.r, own.w, P).abs().amax(1) >= least
    return list(found.nonzero()[:, 0].tolist())


def _missed(
    data: FitData, moments: Scaling, linear: Sequence[TrainedNetwork], rows: np.ndarray
) -> _Missed:
    """What the mean of linear networks leaves of some rows."""
    target, codes = data.target, data.target.codes[rows]
    z = np.mean([network_logits(one, data.rows, rows, target) for one in linear], axis=0)
    if target.kind == "regression":
        mean, scale = target_scale(data)
        codes, expected = (codes - mean) / scale, z
        variance = np.ones_like(z)
    else:
        p = probabilities(z, target)
        expected = np.hstack(p) if isinstance(p, list) else p
        variance = expected * (1 - expected)
    columns, t, _ = targets_of_outputs(target, codes)
    weight = data.training_weight[rows]
    # Squares of weights, which may be 1e-30 or 1e30, are beyond float32.
    parts = (t - expected[:, columns], variance[:, columns], weight / weight.mean())
    r, v, w = (torch.from_numpy(part).float() for part in parts)
    inputs = Standardize.of(moments)(torch.from_numpy(data.rows.take(rows)))
    return _Missed(inputs, r, v, w)


def _on_outputs(effects: np.ndarray, target: Target) -> np.ndarray:
    """Effects (m, R) on all outputs; one on the odds of two classes is shared by their logits."""
    if target.kind in ("regression", "multilabel"):
        return effects
    columns, _, _ = targets_of_outputs(target, target.codes[:1])
    found = np.zeros((len(effects), sum(target.n_classes)), dtype=effects.dtype)
    found[:, columns] = effects
    for start, k in zip(np.cumsum([0, *target.n_classes]), target.n_classes, strict=False):
        if k == 2:
            found[:, start + 1] /= 2
            found[:, start] = -found[:, start + 1]
    return found
