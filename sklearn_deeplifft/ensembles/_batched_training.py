"""N networks trained as one batched module inside one skorch net.

Each network has its own seed, shuffling, early stopping and best epoch: it comes out as if it
had been trained alone. A network that stops leaves the batch, and the others go on.
"""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Sequence
from typing import Any

import skorch
import torch
from skorch.helper import predefined_split
from torch import Tensor

from sklearn_deeplifft.ensembles._batched_module import BatchedNetworks
from sklearn_deeplifft.ensembles._member_batches import Batch, Member, MemberBatches, MemberRows
from sklearn_deeplifft.ensembles._members import AllStopped, Members, Trace
from sklearn_deeplifft.ensembles._under_way import UnderWay
from sklearn_deeplifft.exceptions import TrainingDivergedError
from sklearn_deeplifft.networks import (
    FusedAdam,
    GatePenalty,
    GateReading,
    NetworkSettings,
    criterion_of,
    path_epochs,
)
from sklearn_deeplifft.tables import Problem

__all__ = ["train_batch"]


class EnsembleNet(skorch.NeuralNet):
    """skorch's loop, with one loss for each network."""

    watched_from = 1
    """First epoch after which rows held out are predicted."""

    falling = False
    """Whether the learning rate decays linearly to zero."""

    epoch_steps: int | None = None
    """Steps of an epoch that is a part of the rows."""

    def get_iterator(self, dataset: Any, training: bool = False) -> MemberBatches:
        streams = self.module_.draws.streams if training else None
        return MemberBatches(dataset, self.batch_size, streams, self.epoch_steps)

    def on_epoch_begin(self, net: skorch.NeuralNet, *args: Any, **kwargs: Any) -> None:
        self.history.new_epoch()  # Members has all else; skorch copies its list for each number

    def infer(self, x: Tensor, **fit_params: Any) -> Tensor:
        outputs: Tensor = self.module_.forward(x)
        return outputs

    def run_single_epoch(
        self,
        iterator: MemberBatches | None,
        training: bool,
        prefix: str,
        step_fn: Any,
        **fit_params: Any,
    ) -> None:
        # As in skorch, less its record of every batch: that takes longer than a small step.
        if iterator is None or not (training or len(self.history) >= self.watched_from):
            return
        iterator.number = len(self.history)
        if self.module_.training != training:  # nothing else asks which it is
            self.module_.train(training)
        with torch.no_grad():
            for batch in iterator:
                self.notify("on_batch_end", batch=batch, training=training, **step_fn(batch))

    def train_step(self, batch: Batch, **fit_params: Any) -> dict[str, Any]:
        self.module_.draws.start_batch(batch.rows, batch.start, self.batch_size)
        X, y, weight = self._parts(batch)
        # Not by a call of the module, whose hooks nobody sets: it takes as long as a small layer.
        losses, gradient = self.criterion_.descended(self.infer(X), y, weight)
        self.module_.backward(gradient)
        if self.falling:
            self._shorten_step(batch)
        self.optimizer_.step()
        return {"losses": losses}

    def validation_step(self, batch: Batch, **fit_params: Any) -> dict[str, Any]:
        X, y, weight = self._parts(batch)
        outputs = self.infer(X)
        return {"losses": self.criterion_.of_members(outputs, y, weight), "y_pred": outputs}

    def _shorten_step(self, batch: Batch) -> None:
        """Step k of T, from 0, has the share ``1 - k / T`` of the learning rate."""
        # Counted by epochs that are done: a training that goes on from a state is in the midst.
        steps = math.ceil(max(batch.rows) / self.batch_size)
        done = (len(self.history) - 1) * steps + batch.start // self.batch_size
        for group in self.optimizer_.param_groups:
            group["lr"] = self.lr * (1 - done / (self.max_epochs * steps))

    def _parts(self, batch: Batch) -> list[Tensor]:
        parts = list(batch[:3])
        return parts if self.device == "cpu" else [part.to(self.device) for part in parts]


def train_batch(
    members: Sequence[Member],
    table: Any,
    problem: Problem,
    settings: NetworkSettings,
    halt: threading.Event,
    under_way: UnderWay | None = None,
) -> tuple[list[Trace], list[GateReading] | None]:
    """Train the cores in place, and say how it went.

    Their epochs must have one shape. ``halt``, set from another thread, ends the training early;
    what it leaves is of no use then. ``under_way`` goes on from states that it has, and keeps them.
    """
    watch = any(len(m.validation) for m in members)
    steps = settings.steps_per_epoch(max(len(m.training) for m in members))
    epochs, penalty = settings.max_epochs, None
    if settings.gates is not None:
        epochs = path_epochs(settings.gates, settings.max_epochs, steps)
        penalty = GatePenalty(settings.gates, len(members), settings.learning_rate, epochs * steps)
    closed = None if penalty is None else _closed(members)
    criterion, criterion_params = criterion_of(problem, settings.loss)
    valid = MemberRows(table, members, "validation") if watch else None
    net = EnsembleNet(
        BatchedNetworks,
        module__cores=[m.core for m in members],
        module__streams=[m.stream for m in members],
        criterion=criterion,
        optimizer=FusedAdam,
        lr=settings.learning_rate,
        batch_size=settings.batch_size,
        max_epochs=epochs,
        train_split=predefined_split(valid) if watch else None,
        callbacks=[
            ("members", Members(settings, len(members), penalty, table, halt, closed)),
            *([] if under_way is None else [("under_way", under_way)]),
        ],
        callbacks__print_log=None,
        callbacks__epoch_timer=None,
        # skorch's own record is a mean over all networks; Members keeps one for each.
        callbacks__train_loss=None,
        callbacks__valid_loss=None,
        device=settings.device,
        verbose=0,
        **_decay(settings),
        **criterion_params,
    )
    net.initialize()
    net.falling, net.epoch_steps = settings.falling, settings.epoch_steps
    if not settings.always_watched and not settings.keeps_best:
        net.watched_from = epochs
    # skorch clones the callbacks it is given: the one that has run is the net's.
    found: Members = dict(net.callbacks_)["members"]
    net.notify("on_train_begin", X=None, y=None)
    if under_way is not None:
        epochs = 0 if under_way.ended else epochs - under_way.epochs
    training = MemberRows(table, members, "training")
    found.begin(net, (training, valid))
    with contextlib.suppress(AllStopped):
        # Not net.fit, which takes Ctrl-C for a wish to end this one training.
        net.fit_loop(training, epochs=epochs)
    if not halt.is_set() and any(trace.best_epoch == 0 for trace in found.traces_):
        raise TrainingDivergedError("training diverged: the validation loss was never finite.")
    if found.settings.keeps_best:
        for name, p in net.module_.named_parameters():
            p.data = found.best_[name]
    net.module_.to("cpu")
    for i, member in enumerate(members):
        net.module_.put(member.core, i)
    if penalty is None:
        return found.traces(), None
    return found.traces(), [penalty.reading(i) for i in range(len(members))]


def _closed(members: Sequence[Member]) -> Tensor | None:
    """(N, d): columns closed before the first step; None where no network has any."""
    given = [torch.from_numpy(m.closed) for m in members if m.closed is not None]
    if not given:
        return None
    none = torch.zeros_like(given[0])
    return torch.stack([none if m.closed is None else torch.from_numpy(m.closed) for m in members])


def _decay(settings: NetworkSettings) -> dict[str, Any]:
    """Weight decay of Adam: a gradient ``2 l2 w`` on hidden layers is that of ``l2 w**2``."""
    if not settings.l2:
        return {"optimizer__weight_decay": settings.weight_decay}
    hidden = [f"layers.{i}.*" for i in range(len(settings.hidden_layer_sizes))]
    decay = {"weight_decay": settings.weight_decay + 2 * settings.l2}
    return {
        "optimizer__param_groups": [(names, decay) for names in hidden],
        "optimizer__weight_decay": settings.weight_decay,
    }
