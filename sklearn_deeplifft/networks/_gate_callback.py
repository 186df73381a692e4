"""Gates before a network of the user's own, trained by its own skorch net."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from skorch.callbacks import Callback, EarlyStopping
from torch import Tensor, nn

from sklearn_deeplifft.networks._gates import FeatureGate, GateReading, GateSettings, column_norms
from sklearn_deeplifft.networks._penalty import GatePenalty

__all__ = ["CloseGates", "first_linear", "gates_of"]


class CloseGates(Callback):
    """The work of ``GatePenalty`` for one network, in skorch's own loop."""

    def __init__(self, settings: GateSettings) -> None:
        self.settings = settings

    def on_train_begin(self, net: Any, X: Any = None, y: Any = None, **kwargs: Any) -> None:
        steps = net.max_epochs * len(net.get_iterator(net.get_dataset(X, y), training=True))
        self.penalty_ = GatePenalty(self.settings, 1, net.lr, steps)

    def on_batch_end(self, net: Any, training: bool, **kwargs: Any) -> None:
        if training:
            with torch.no_grad():
                self.penalty_.after_step(*_weights(net.module_.core))

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        found = (c for _, c in net.callbacks_ if isinstance(c, EarlyStopping) and c.load_best)
        stopping = next(found, None)
        better = stopping is None or stopping.misses_ == 0  # else the last epoch is kept
        W, g = _weights(net.module_.core)
        if self.penalty_.after_epoch(W, g, np.array([better])).all():
            raise KeyboardInterrupt  # how skorch's own callbacks end a training

    def reading(self, core: nn.Module) -> GateReading:
        """Read the gates; a user's callbacks may keep other weights than were seen last."""
        W, g = _weights(core)
        e = g * column_norms(W, self.settings.columns(), g.shape[1])
        path = self.penalty_.reading(0)
        return path._replace(gate=g[0].float().clone(), effective=e[0].float())


def first_linear(core: nn.Module, n_columns: int) -> nn.Linear:
    """The layer that takes the columns: the first ``nn.Linear`` of that many inputs."""
    for module in core.modules():
        if isinstance(module, nn.Linear) and module.in_features == n_columns:
            return module
    raise ValueError(
        f"{type(core).__name__} has no nn.Linear of {n_columns} inputs, whose weights a gate could "
        "be read together with; use readout='gate' and gate_penalty=0."
    )


def gates_of(core: nn.Module) -> FeatureGate:
    """The gates of a fitted network."""
    gate = next((m for m in core.modules() if isinstance(m, FeatureGate)), None)
    if gate is None:
        raise ValueError(
            f"{type(core).__name__} has no gates to read; with prefit=True pass a fitted ensemble "
            "whose networks were trained with gates, or leave prefit=False."
        )
    return gate


def _weights(core: nn.Module) -> tuple[Tensor, Tensor]:
    """First layer (1, h, d) and gates (1, G): views, so that changes in place reach the network."""
    gate = gates_of(core)
    d = len(gate.feature_of_column)
    try:
        first = first_linear(core, d).weight.detach()
    except ValueError:  # the gates alone are read
        first = torch.ones(1, d)
    return first[None], gate.weight.detach()[None]
