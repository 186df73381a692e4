"""The abstract adapter: verbs and facts that networks of every kind have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from torch import nn

from sklearn_deeplifft.networks._build import Moments, NetworkSettings
from sklearn_deeplifft.networks._trained import TrainedNetwork, TrainingJob
from sklearn_deeplifft.tables import Problem

__all__ = ["NetworkAdapter"]


@dataclass(frozen=True, eq=False)
class NetworkAdapter(ABC):
    """A network as it was handed over, which is never changed, and how its kind is dealt with.

    Final subclasses, one for each kind, declare every fact and give every verb.
    """

    network: Any
    """None, or the user's own."""

    built_here: ClassVar[bool]
    """Whether its layers are ours: many train as one batch, and their columns can be cut."""
    own_settings: ClassVar[bool]
    """Whether it trains by settings of its own."""
    learning_rate: ClassVar[str]
    """Name of the learning rate, among its own settings or those of an ensemble."""
    may_return_probabilities: ClassVar[bool]
    """Whether only running it tells what it returns, and so which loss it needs."""
    gate_forms: ClassVar[tuple[str, ...]]
    """Forms of gates that can be trained with it."""
    why_ignored: ClassVar[str]
    """Reason for which a parameter may not apply; part of a sentence."""

    @property
    @abstractmethod
    def task(self) -> str:
        """Task that the kind of network implies; "auto" where it implies none."""

    @property
    @abstractmethod
    def float_targets(self) -> bool | None:
        """Whether its loss compares outputs with numbers, not with class indices; None where that
        hangs on what y holds."""

    @property
    @abstractmethod
    def readable(self) -> bool:
        """Whether it is a network to read, and no recipe for one."""

    @abstractmethod
    def require_obeyed(self) -> None:
        """Raise ``ValueError`` for a setting of its own that could only be ignored or misread."""

    @abstractmethod
    def untrained(
        self, problem: Problem, settings: NetworkSettings, moments: Moments, seed: int
    ) -> TrainedNetwork | None:
        """Build a network, initialised but not trained; None where only training can build it."""

    @abstractmethod
    def train(self, job: TrainingJob) -> TrainedNetwork:
        """Train one network."""

    @abstractmethod
    def read_fitted(self) -> TrainedNetwork:
        """Read the network, which is fitted already; nothing about it is changed."""

    @abstractmethod
    def warm_start(self, trained: TrainedNetwork, kept: np.ndarray, width: int) -> nn.Module | None:
        """The core to start from when only the columns ``kept`` of ``width`` are left."""
