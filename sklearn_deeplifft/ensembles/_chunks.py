"""Which networks train side by side, and how many at a time."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from sklearn_deeplifft.ensembles._member_batches import epoch_shape
from sklearn_deeplifft.ensembles._splits import Split
from sklearn_deeplifft.ensembles._under_way import State, stage_of
from sklearn_deeplifft.networks import NetworkSettings
from sklearn_deeplifft.tables import Problem

__all__ = ["Kind", "chunks_of", "kind_of"]

CHUNK_BYTES = 50_000_000
"""Weights, gradients, moments and activations of a chunk; more leave the caches for good."""

LARGEST_CHUNK = 50


class Kind(NamedTuple):
    """What networks that train side by side have in common."""

    settings: NetworkSettings
    shape: tuple[tuple[int, int], ...]
    """Of an epoch's training and validation."""
    stage: tuple[int, bool]
    """Epochs that an earlier run has done, and whether no more are to come."""


def kind_of(settings: NetworkSettings, split: Split, state: State | None) -> Kind:
    parts = split.training, split.validation
    shape = tuple(epoch_shape(len(part), settings.batch_size) for part in parts)
    return Kind(settings, shape, stage_of(state))


def chunks_of(problem: Problem, kinds: Mapping[int, Kind], n_workers: int) -> list[list[int]]:
    """Networks of one kind, so many at a time as the cache holds."""
    alike: dict[Kind, list[int]] = {}
    for i, kind in kinds.items():
        alike.setdefault(kind, []).append(i)
    chunks = []
    for kind, members in alike.items():
        n = math.ceil(len(members) / _chunk_size(problem, kind.settings))
        n = min(math.ceil(n / n_workers) * n_workers, len(members))
        chunks += [part.tolist() for part in np.array_split(np.array(members), n)]
    return chunks


def _chunk_size(problem: Problem, settings: NetworkSettings) -> int:
    widths = [*settings.hidden_layer_sizes, problem.n_outputs]
    n_weights = sum(a * b for a, b in itertools.pairwise([problem.n_features, *widths]))
    size = CHUNK_BYTES // (16 * n_weights + 12 * settings.batch_size * sum(widths))
    return min(max(size, 1), LARGEST_CHUNK)
