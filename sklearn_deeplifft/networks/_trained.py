"""Values that training one network takes and gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from torch import Tensor, nn

from sklearn_deeplifft.networks._build import LOGITS, Moments, NetworkSettings, OutputKind
from sklearn_deeplifft.networks._gates import GateReading
from sklearn_deeplifft.networks._kept_epoch import KeptEpoch
from sklearn_deeplifft.networks._modules import Standardize
from sklearn_deeplifft.networks._null_columns import NullColumns
from sklearn_deeplifft.tables import Problem, Rows

__all__ = ["TrainedNetwork", "TrainingJob", "TrainingTable"]


class TrainedNetwork(NamedTuple):
    """A trained network and how to read it."""

    estimator: Any
    """The network as a user keeps it: takes raw rows of the columns it was trained on. None where
    nobody keeps it, in rounds of elimination."""
    core: nn.Module
    """Takes standardised rows, returns logits."""
    standardize: Standardize | None
    epochs: int | None = None
    loss: float | None = None
    """Best validation loss, where there was validation."""
    gates: GateReading | None = None
    """Numbers read off its gates, where it has any."""
    null_columns: NullColumns | None = None
    """Those that ``core`` reads behind the real ones, if it reads any."""
    as_trained: TrainedNetwork | None = None
    """The network as it was trained, reading null columns, where ``core`` does not any more."""
    held_out: np.ndarray | None = None
    """(m, R): outputs on the m rows held out, mean over the epochs of training; None where the rows
    held out had no say in which epoch was kept, or are not known."""
    kept: KeptEpoch | None = None
    """The epoch that the weights are of; None where others have trained it, or may have."""
    pairs: np.ndarray | None = None
    """(m, 2): pairs of columns that it began with, the most certain first; None if with none."""


@dataclass(frozen=True)
class TrainingTable:
    """Rows with their targets and weights; ``moments`` None means inputs stay as they are."""

    rows: Rows
    targets: Tensor
    weight: Tensor
    moments: Moments


@dataclass(frozen=True)
class TrainingJob:
    """All that the training of one network depends on, beside the network itself."""

    problem: Problem
    settings: NetworkSettings
    table: TrainingTable
    training: np.ndarray
    """Rows to train on."""
    validation: np.ndarray
    """Rows held out; there may be none."""
    columns: np.ndarray
    """Columns that the network reads."""
    seed: int
    start: nn.Module | None = None
    """A trained core to go on from."""
    output_kind: OutputKind = LOGITS

    @property
    def moments(self) -> Moments:
        """What stands before the columns that the network reads."""
        given = self.table.moments
        return None if given is None else given.at(self.columns)
