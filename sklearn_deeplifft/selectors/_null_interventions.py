"""The interventions once more, on null columns beside the real ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from sklearn_deeplifft.interventions import Intervention
from sklearn_deeplifft.interventions._importances import Averages
from sklearn_deeplifft.networks import TrainedNetwork, with_null_columns
from sklearn_deeplifft.selectors._significance import NullScores

__all__ = ["background_with_nulls", "null_scores", "on_nulls"]


def null_scores(averages: Averages, effects: np.ndarray, sizes: np.ndarray) -> NullScores:
    """From the interventions (m, R), and after them the same on null copies."""
    m, touched = len(effects) // 2, averages.touched
    return NullScores(
        averages.overall(sizes[:m])[touched],
        averages.overall(sizes[m:])[touched],
        averages.sizes(effects[:m])[:, touched],
        averages.sizes(effects[m:])[:, touched],
        touched,
    )


def background_with_nulls(
    background: np.ndarray, random_state: int, trained: TrainedNetwork
) -> np.ndarray:
    """Rows of the real columns beside those of null ones, made of rows permuted: (n, 2 d)."""
    assert trained.null_columns is not None
    order = np.random.RandomState(random_state).permutation(len(background))
    knockoff_map, front = trained.null_columns.knockoff_map, trained.standardize
    both = np.hstack([background, background[order]])
    if knockoff_map is None:
        return both
    rows = torch.from_numpy(both).double()
    with torch.no_grad():  # null columns are made of what the network reads
        real, others = (rows if front is None else front.exact(rows)).tensor_split(2, -1)
        inputs = with_null_columns(real, others, knockoff_map)
        raw = inputs if front is None else front.raw(inputs)
    return np.hstack([background, raw.numpy()[:, background.shape[1] :]])


def on_nulls(bound: Sequence[Intervention], d: int) -> list[Intervention]:
    """The same interventions on the null copies of their columns."""
    return [one.at({column: int(column) + d for column in one.columns}) for one in bound]
