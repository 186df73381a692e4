"""Adapters of networks that torch trains: ours, a user's module, a user's skorch net."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any, final

import numpy as np
import skorch
import torch
from skorch.exceptions import NotInitializedError
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from sklearn_deeplifft.networks._adapter import NetworkAdapter
from sklearn_deeplifft.networks._build import (
    Moments,
    NetworkSettings,
    default_net,
    module_net,
    users_net,
)
from sklearn_deeplifft.networks._criteria import takes_floats
from sklearn_deeplifft.networks._modules import on_fewer_columns
from sklearn_deeplifft.networks._net_training import initialized, train_net
from sklearn_deeplifft.networks._trained import TrainedNetwork, TrainingJob
from sklearn_deeplifft.networks._users_settings import held_out_monitor, require_obeyed
from sklearn_deeplifft.tables import Problem

__all__ = ["DefaultAdapter", "ModuleAdapter", "SkorchAdapter"]


@final
class DefaultAdapter(NetworkAdapter):
    """No network: the default one is built here."""

    built_here = True
    own_settings = False
    learning_rate = "learning_rate"
    may_return_probabilities = False
    gate_forms = ("tied", "free")
    why_ignored = "the networks have no gates that it could apply to"
    task = "auto"
    float_targets = False
    readable = False

    def require_obeyed(self) -> None:
        """Pass: it brings no settings of its own."""

    def untrained(
        self, problem: Problem, settings: NetworkSettings, moments: Moments, seed: int
    ) -> TrainedNetwork:
        """Build the default network."""
        return initialized(self.network, partial(default_net, problem, settings, moments), seed)

    def train(self, job: TrainingJob) -> TrainedNetwork:
        """Train it alone, as each of a batch trains."""
        return train_net(default_net, job)

    def read_fitted(self) -> TrainedNetwork:
        """Refuse: there is nothing to read."""
        raise _no_fitted_network(self.network)

    def warm_start(self, trained: TrainedNetwork, kept: np.ndarray, width: int) -> nn.Module:
        """Cut the first layer."""
        return on_fewer_columns(trained.core, kept, sliceable=True, n_features=width)


@final
class ModuleAdapter(NetworkAdapter):
    """A torch module, or a class or function that makes one."""

    built_here = False
    own_settings = False
    learning_rate = "learning_rate"
    may_return_probabilities = True
    gate_forms = ("free",)  # no layer is known that tied ones could be norms of
    why_ignored = "its layers are its own, and its networks are trained one after another"
    task = "auto"
    float_targets = False

    @property
    def readable(self) -> bool:
        """Whether it is an instance."""
        return isinstance(self.network, nn.Module)

    def require_obeyed(self) -> None:
        """Pass: it brings no settings of its own."""

    def untrained(
        self, problem: Problem, settings: NetworkSettings, moments: Moments, seed: int
    ) -> TrainedNetwork:
        """Build a network from its recipe, or draw the weights of an instance anew."""
        _require_weights(self.network)
        build = partial(module_net, self.network, problem, settings, moments)
        return initialized(self.network, build, seed)

    def train(self, job: TrainingJob) -> TrainedNetwork:
        """Train it in a net of ours."""
        return train_net(partial(module_net, self.network, output_kind=job.output_kind), job)

    def read_fitted(self) -> TrainedNetwork:
        """Take an instance as it is."""
        if not self.readable:
            raise _no_fitted_network(self.network)
        _require_weights(self.network, finite=True)
        return TrainedNetwork(self.network, self.network, None)

    def warm_start(self, trained: TrainedNetwork, kept: np.ndarray, width: int) -> nn.Module:
        """Feed the mean of the columns that are gone."""
        return on_fewer_columns(trained.core, kept, sliceable=False, n_features=width)


@final
class SkorchAdapter(NetworkAdapter):
    """A skorch net."""

    built_here = False
    own_settings = True
    learning_rate = "lr"
    may_return_probabilities = False  # its loss is its own
    gate_forms = ("free",)
    why_ignored = "a skorch net trains by its own settings; set them on the net"
    readable = True

    @property
    def task(self) -> str:
        """Task that the class of the net implies."""
        if isinstance(self.network, skorch.NeuralNetRegressor):
            return "regression"
        classifiers = skorch.NeuralNetClassifier | skorch.NeuralNetBinaryClassifier
        return "classification" if isinstance(self.network, classifiers) else "auto"

    @property
    def float_targets(self) -> bool | None:
        """Whether its criterion takes numbers."""
        return takes_floats(self.network)

    def require_obeyed(self) -> None:
        """Refuse those of the net's settings that only its own table gives a meaning."""
        require_obeyed(self.network)

    def untrained(
        self, problem: Problem, settings: NetworkSettings, moments: Moments, seed: int
    ) -> TrainedNetwork:
        """Build the net's module behind a standardisation."""
        build = partial(users_net, self.network, problem, settings, moments)
        return initialized(self.network, build, seed)

    def train(self, job: TrainingJob) -> TrainedNetwork:
        """Train a copy of the net as it trains alone."""
        # None is a net that watches no row; a path's best epoch is known by rows held out alone.
        watching = self.network.train_split is not None or job.settings.on_path
        job = _repeated(job if watching else replace(job, validation=job.validation[:0]))
        weighted = not _uniform(job.table.weight[np.append(job.training, job.validation)])
        if not len(job.validation):
            _require_no_watch(self.network, watching)
        build = partial(users_net, self.network, weighted=weighted)
        return train_net(build, job, weighted=weighted, own_callbacks=True)

    def read_fitted(self) -> TrainedNetwork:
        """Take the module of a fitted net."""
        try:
            self.network.check_is_fitted(attributes=["module_"])
        except NotInitializedError as error:
            raise ValueError(
                "prefit=True, but the skorch net is not fitted; call its fit first, or leave "
                "prefit=False to have it trained here. (sklearn.clone, as in GridSearchCV, "
                "returns an unfitted net: pass its module_ instead.)"
            ) from error
        _require_weights(self.network.module_, finite=True)
        return TrainedNetwork(self.network, self.network.module_, None)

    def warm_start(self, trained: TrainedNetwork, kept: np.ndarray, width: int) -> nn.Module:
        """Feed the mean of the columns that are gone."""
        return on_fewer_columns(trained.core, kept, sliceable=False, n_features=width)


def _require_weights(network: Any, *, finite: bool = False) -> None:
    """Refuse a module whose weights hold nothing, or are to be read and are not finite."""
    if not isinstance(network, nn.Module):
        return
    tensors = (*nn.Module.named_parameters(network), *nn.Module.named_buffers(network))
    lazy = [name for name, t in tensors if finite and is_lazy(t)]
    empty = lazy or [name for name, t in tensors if t.device.type == "meta"]
    if empty:
        raise ValueError(
            f"{empty[0]!r} of the module holds no numbers (it is uninitialised, or on torch's "
            '"meta" device); run it once, or load its weights first.'
        )
    broken = [name for name, t in tensors if finite and not bool(torch.isfinite(t).all())]
    if broken:
        raise ValueError(
            f"{broken[0]!r} of the fitted network holds NaN or infinity, so nothing that it "
            "answers means anything; its training diverged."
        )


def _no_fitted_network(network: Any) -> ValueError:
    return ValueError(
        f"prefit=True needs a fitted network; got estimator={network!r}. Pass a fitted "
        "skorch net or MLP, or a torch module instance."
    )


def _require_no_watch(net: skorch.NeuralNet, watching: bool) -> None:
    monitor = held_out_monitor(net)
    if monitor is not None:
        why, remedy = "no row is held out", "set validation_fraction above 0"
        if not watching:
            why, remedy = "train_split=None has it watch none", "leave train_split at its default"
        raise ValueError(
            f"the skorch net stops early by {monitor!r} on rows held out, but {why}; {remedy}, "
            "monitor 'train_loss', or take EarlyStopping out of its callbacks."
        )


def _uniform(weight: Tensor) -> bool:
    return bool((weight == weight[0]).all())


def _repeated(job: TrainingJob) -> TrainingJob:
    """Whole-number weights as repeated rows: the user's callbacks and loss see plain targets."""
    counts = job.table.weight.round().long()
    if not torch.equal(counts.float(), job.table.weight):
        return job
    parts = [np.repeat(part, counts[part].numpy()) for part in (job.training, job.validation)]
    table = replace(job.table, weight=torch.ones_like(job.table.weight))
    return replace(job, table=table, training=parts[0], validation=parts[1])
