"""The one place where parameters become a configured, unfitted skorch net: ours or the user's."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import skorch
import torch
from skorch.callbacks import EarlyStopping, EpochScoring
from torch import nn
from torch.utils.data import DataLoader

from sklearn_deeplifft.networks._adam import PlainAdam
from sklearn_deeplifft.networks._batches import row_batches
from sklearn_deeplifft.networks._copies import clone_around
from sklearn_deeplifft.networks._gate_callback import CloseGates
from sklearn_deeplifft.networks._gates import GateSettings
from sklearn_deeplifft.networks._held_out import HeldOut
from sklearn_deeplifft.networks._losses import (
    WEIGHTED,
    MultiSoftmaxLoss,
    SoftF1Loss,
    WeightedBCELoss,
    WeightedBCEWithLogitsLoss,
    WeightedCrossEntropyLoss,
    WeightedMSELoss,
    WeightedNLLLoss,
)
from sklearn_deeplifft.networks._modules import Preprocessed, relu_mlp
from sklearn_deeplifft.networks._train import DivergenceCheck
from sklearn_deeplifft.networks._users_module import UsersModule, frozen_patterns
from sklearn_deeplifft.tables import Problem, Scaling

__all__ = [
    "LOGITS",
    "Moments",
    "NetworkSettings",
    "OutputKind",
    "stops_early",
    "users_net",
    "criterion_of",
    "default_net",
    "module_net",
]


class OutputKind(NamedTuple):
    """The kind of numbers that a user's module returns; it decides the loss of its training."""

    probabilities: bool
    """True for outputs within 0 and 1 (a softmax's sum to 1), False for logits."""
    single: bool
    """True where one output answers two classes."""


LOGITS = OutputKind(False, False)

Moments = Scaling | None
"""What stands before each column; None where inputs stay as they are."""

NEVER = 10**9
"""Patience that does not end."""


@dataclass(frozen=True)
class NetworkSettings:
    """Settings by which the default network is built and trained."""

    hidden_layer_sizes: Sequence[int] = (200, 100)
    dropout: float = 0.0
    noise: float = 0.0
    """Standard deviation of normal noise on the outputs of all hidden layers but the last."""
    l2: float = 0.0
    """Times the squared weights and biases of the hidden layers, added to the loss."""
    loss: str = "auto"
    """"soft_f1" trains one sigmoid a label."""
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    tolerance: float = 1e-4
    """Relative improvement of the validation loss that counts as one."""
    batch_size: int = 128
    max_epochs: int = 100
    epoch_steps: int | None = None
    """Steps of an epoch that is a part of the rows: the next ones of an order, which is drawn anew
    when all have been seen. None makes it all rows. For networks of ours alone, as ``falling``."""
    patience: int | None = 10
    monitor: str = "valid_loss"
    """The loss whose best epoch counts."""
    always_watched: bool = True
    """Whether rows held out are predicted after every epoch, and their mean is kept; if not, and
    where they do not choose the epoch, they are predicted after the last one alone."""
    falling: bool = False
    """Whether the learning rate decays linearly to zero."""
    device: str = "cpu"
    gates: GateSettings | None = None

    @property
    def on_path(self) -> bool:
        """Whether a penalty rises along a path, and closes the gates one by one."""
        return self.gates is not None and self.gates.penalty is None

    @property
    def keeps_best(self) -> bool:
        """Whether the best epoch counts, or the last one."""
        return self.patience is not None or self.on_path

    def steps_per_epoch(self, n_training: int) -> int:
        """Steps of an epoch in a training on so many rows."""
        steps = math.ceil(n_training / self.batch_size)
        return steps if self.epoch_steps is None else min(self.epoch_steps, steps)


def default_net(
    problem: Problem, settings: NetworkSettings, moments: Moments, core: nn.Module | None = None
) -> skorch.NeuralNet:
    """Return an unfitted net around layers of ours, which takes raw rows.

    ``moments`` are the means and scales put in front; ``core`` is an already trained module to
    start from.
    """
    return _configured(_module_of_ours(problem, settings, moments, core), problem, settings)


def module_net(
    module: Any,
    problem: Problem,
    settings: NetworkSettings,
    moments: Moments,
    core: nn.Module | None = None,
    output_kind: OutputKind = LOGITS,
) -> skorch.NeuralNet:
    """Return an unfitted net of ours around a user's module, or a class of them."""
    params = {"module": users_module(module, problem, settings, moments, core)}
    return _configured(params, problem, settings, output_kind)


def _configured(
    params: dict[str, Any],
    problem: Problem,
    settings: NetworkSettings,
    output_kind: OutputKind = LOGITS,
) -> skorch.NeuralNet:
    """A net of ours around the module that ``params`` describe."""
    criterion, criterion_params = criterion_of(problem, settings.loss, output_kind)
    base = _net_class(problem, output_kind)
    if base is skorch.NeuralNetClassifier:
        params["classes"] = list(range(problem.n_outputs))
    if settings.loss == "soft_f1":
        params["predict_nonlinearity"] = torch.sigmoid
    if base in (skorch.NeuralNetClassifier, skorch.NeuralNetBinaryClassifier):
        params["callbacks__valid_acc"] = None
    return base(
        criterion=criterion,
        optimizer=PlainAdam,
        optimizer__weight_decay=settings.weight_decay,
        lr=settings.learning_rate,
        batch_size=settings.batch_size,
        max_epochs=settings.max_epochs,
        iterator_train=row_batches,
        iterator_train__shuffle=True,
        iterator_valid=row_batches,
        # First, as early stopping ends the training before any behind it hears of the last epoch.
        callbacks=[("held_out", HeldOut(output_kind.probabilities)), *_callbacks(settings)],
        callbacks__print_log=None,
        device=settings.device,
        verbose=0,
        **params,
        **criterion_params,
    )


def _module_of_ours(
    problem: Problem,
    settings: NetworkSettings,
    moments: Moments,
    core: nn.Module | None,
) -> dict[str, Any]:
    """Parameters of skorch for a network of our own layers."""
    params: dict[str, Any] = {
        "module": Preprocessed,
        "module__core": relu_mlp if core is None else core,
        "module__moments": moments,
        "module__n_features": problem.n_features,
        "module__n_outputs": problem.n_outputs,
        "module__column_output": problem.kind == "regression",
    }
    if core is None:
        params["module__hidden_layer_sizes"] = tuple(settings.hidden_layer_sizes)
        params["module__dropout"] = settings.dropout
        params["module__noise"] = settings.noise
        params["module__gates"] = settings.gates
    return params


def users_module(
    module: Any,
    problem: Problem,
    settings: NetworkSettings,
    moments: Moments,
    core: nn.Module | None,
    **others: Any,
) -> UsersModule:
    """Return what skorch calls to build a user's module, or a copy of ``core`` to go on from."""
    return UsersModule(
        module if core is None else core,
        n_features=problem.n_features,
        **{"n_outputs": problem.n_outputs, **others},
        moments=moments,
        column_output=problem.kind == "regression",
        front=settings.gates,
        trained=core is not None,
    )


def _net_class(problem: Problem, output_kind: OutputKind) -> Any:
    if output_kind.single:
        return skorch.NeuralNetBinaryClassifier
    if problem.kind == "softmax":
        return skorch.NeuralNetClassifier
    if problem.kind == "regression":
        return skorch.NeuralNetRegressor
    return skorch.NeuralNet


def criterion_of(
    problem: Problem, loss: str, output_kind: OutputKind = LOGITS
) -> tuple[type[nn.Module], dict[str, Any]]:
    """The loss of a network of ours, and its parameters for skorch."""
    if loss == "soft_f1":
        return SoftF1Loss, {}
    if problem.kind == "regression":
        return WeightedMSELoss, {}
    if problem.kind == "multisoftmax":
        return MultiSoftmaxLoss, {"criterion__sizes": problem.sizes}
    if problem.kind == "sigmoid" or output_kind.single:
        return (WeightedBCELoss if output_kind.probabilities else WeightedBCEWithLogitsLoss), {}
    # skorch takes the logarithm of probabilities for the NLL loss.
    return (WeightedNLLLoss if output_kind.probabilities else WeightedCrossEntropyLoss), {}


def _callbacks(settings: NetworkSettings) -> list[Any]:
    callbacks: list[Any] = [("watch", DivergenceCheck())]
    patience, gates = settings.patience, settings.gates
    if settings.on_path:
        patience = NEVER  # a path is walked to its end; its best epoch counts
    if patience is not None:
        stopping = _early_stopping(patience, settings.tolerance, settings.monitor)
        callbacks.append(("early_stopping", stopping))
    if gates is not None:  # after early stopping, which says what the best epoch is
        callbacks.append(("gates", CloseGates(gates)))
    return callbacks


def _early_stopping(patience: int, tolerance: float, monitor: str) -> EarlyStopping:
    return EarlyStopping(
        monitor=monitor, patience=patience, threshold=tolerance, load_best=True, sink=_silent
    )


def _silent(*args: Any, **kwargs: Any) -> None:
    """skorch's early stopping announces itself through a sink."""


def users_net(
    net: skorch.NeuralNet,
    problem: Problem,
    settings: NetworkSettings,
    moments: Moments,
    core: nn.Module | None = None,
    *,
    weighted: bool = False,
) -> skorch.NeuralNet:
    """A clone of the user's net, its module behind a standardisation; training stays theirs.

    ``weighted`` replaces its loss by one that reads targets with their weights.
    """
    module, net = net.module, clone_around(net, None)
    single = isinstance(net, skorch.NeuralNetBinaryClassifier) and problem.n_outputs == 2
    net.set_params(
        module=users_module(
            module,
            problem,
            settings,
            moments,
            core,
            n_outputs=1 if single else problem.n_outputs,  # it answers two classes by one logit
            frozen=frozen_patterns(net),
        ),
        verbose=0,
    )
    if net.iterator_train is DataLoader:
        net.set_params(iterator_train=row_batches)
        if "iterator_train__shuffle" not in net.get_params(deep=False):
            net.set_params(iterator_train__shuffle=True)  # rows come sorted by content
    if net.iterator_valid is DataLoader:
        net.set_params(iterator_valid=row_batches)
    if isinstance(net, skorch.NeuralNetClassifier) and net.classes is None:
        net.set_params(classes=list(range(max(problem.n_outputs, 2))))
    if weighted:
        net.set_params(criterion=_weighted_form(net.criterion))
    if net.callbacks != "disable":
        _watch(net, settings, weighted)
    elif settings.gates is not None:
        raise ValueError(
            "the skorch net has callbacks='disable', but its gates are closed by a callback; "
            "leave callbacks at None."
        )
    return net


def _watch(net: skorch.NeuralNet, settings: NetworkSettings, weighted: bool) -> None:
    """Add a check for divergence, gates where there are any, and silence to the user's callbacks.

    No early stopping: a net without any trains all its epochs, as it does alone. Only a path of
    gates, which ends with all of them closed, needs its best epoch.
    """
    callbacks = list(net.callbacks or [])
    if weighted and any(_needs_targets(c) for c in callbacks):
        raise ValueError(
            "callbacks of the skorch net that score predictions (EpochScoring, or EarlyStopping on "
            "such a score) cannot read targets that carry fractional weights; monitor "
            "'valid_loss', or pass whole-number sample weights."
        )
    keep_best = settings.on_path and not _stops_early(callbacks)
    ours = _callbacks(settings if keep_best else replace(settings, patience=None))
    # Without names of ours, which one of the user's could have: skorch finds free ones.
    callbacks += [c for _, c in ours if keep_best or not isinstance(c, EarlyStopping)]
    net.set_params(callbacks=callbacks, callbacks__print_log=None)
    if weighted and isinstance(net, skorch.NeuralNetClassifier | skorch.NeuralNetBinaryClassifier):
        # Its scorer takes the targets for labels, and here they come with weights.
        net.set_params(callbacks__valid_acc=None)


def _weighted_form(criterion: Any) -> type[nn.Module]:
    for plain, weighted in WEIGHTED.items():
        if criterion in (plain, weighted):
            return weighted
    names = sorted(loss.__name__ for loss in WEIGHTED)
    raise ValueError(
        f"criterion={getattr(criterion, '__name__', criterion)!r} cannot weigh examples, which "
        f"sample_weight or class_weight asks for; use one of {names}."
    )


def stops_early(net: skorch.NeuralNet) -> bool:
    """Tell whether a user's net has early stopping of its own."""
    return net.callbacks != "disable" and _stops_early(list(net.callbacks or []))


def _needs_targets(callback: Any) -> bool:
    found = callback[1] if isinstance(callback, tuple) else callback
    # A callback of the user's own need not watch anything; skorch's that do name it ``monitor``.
    monitored = getattr(found, "monitor", "valid_loss")
    return isinstance(found, EpochScoring) or not str(monitored).startswith(("valid_l", "train_l"))


def _stops_early(callbacks: list[Any]) -> bool:
    found = (c[1] if isinstance(c, tuple) else c for c in callbacks)
    return any(isinstance(c, EarlyStopping) or c is EarlyStopping for c in found)
