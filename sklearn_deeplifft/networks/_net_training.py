"""One torch network: a skorch net is built, initialised or trained, and read."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import skorch
import torch
from torch.nn.parameter import is_lazy

from sklearn_deeplifft.networks._batches import TableDataset
from sklearn_deeplifft.networks._build import NetworkSettings
from sklearn_deeplifft.networks._gate_callback import CloseGates
from sklearn_deeplifft.networks._held_out import HeldOut
from sklearn_deeplifft.networks._kept_epoch import kept_by_net
from sklearn_deeplifft.networks._misfit import explained_misfit
from sklearn_deeplifft.networks._modules import Preprocessed
from sklearn_deeplifft.networks._penalty import path_epochs
from sklearn_deeplifft.networks._train import seeded, train
from sklearn_deeplifft.networks._trained import TrainedNetwork, TrainingJob

__all__ = ["initialized", "train_net"]


def initialized(network: Any, build: Callable[[], skorch.NeuralNet], seed: int) -> TrainedNetwork:
    """Initialise the net that ``build`` returns for ``network``, without training it."""
    with seeded(seed):
        net = build()
        try:
            net.initialize()
        except ValueError as error:
            if "empty parameter list" not in str(error):
                raise
            raise ValueError(
                f"{network!r} has no parameters to train; pass prefit=True to read it as it is."
            ) from error
        module: Preprocessed = net.module_
        if any(is_lazy(p) for p in module.parameters()):
            with torch.no_grad(), contextlib.suppress(RuntimeError):  # told when it is read
                module.eval()(torch.zeros(2, len(module.standardize.mean)))
    return TrainedNetwork(net, module.core.to("cpu"), module.standardize.to("cpu"))


def train_net(
    build: Callable[..., skorch.NeuralNet],
    job: TrainingJob,
    *,
    weighted: bool = True,
    own_callbacks: bool = False,
) -> TrainedNetwork:
    """Train the net that ``build`` returns for a problem, settings, moments and a start.

    ``weighted`` hands targets on with their weights, to a loss that reads both; ``own_callbacks``
    says that the net may have some of the user's.
    """
    settings, table = _settings_within(job), job.table
    weight = table.weight if weighted else None
    net = build(job.problem, settings, job.moments, job.start)
    seen, held = (
        TableDataset(table.rows, table.targets, weight, part, job.columns)
        for part in (job.training, job.validation)
    )
    with explained_misfit(net, seen, job.problem):
        net = train(net, seen, held, job.seed)
    module: Preprocessed = net.module_
    losses = [row.get("valid_loss") for row in net.history]
    best = min((loss for loss in losses if loss is not None), default=None)
    gates = None
    if settings.gates is not None:
        closing = next(c for _, c in net.callbacks_ if isinstance(c, CloseGates))
        gates = closing.reading(module.core)
    watching = (c for _, c in net.callbacks_ if isinstance(c, HeldOut))
    return TrainedNetwork(
        net,
        module.core,
        module.standardize,
        len(net.history),
        best,
        gates,
        held_out=next((c.pop_mean() for c in watching), None),
        kept=kept_by_net(net, settings, own_callbacks=own_callbacks),
    )


def _settings_within(job: TrainingJob) -> NetworkSettings:
    """The settings, once it is known how many rows there are to train and to watch."""
    settings = job.settings
    if not len(job.validation):  # early stopping would have nothing to watch
        settings = replace(settings, patience=None, monitor="train_loss")
    if settings.gates is not None:
        steps = math.ceil(len(job.training) / settings.batch_size)
        epochs = path_epochs(settings.gates, settings.max_epochs, steps)
        settings = replace(settings, max_epochs=epochs)
    return settings
