"""What is kept of networks while they train as one: losses, the best weights, who has stopped.

Each network has its own early stopping and best epoch. One that stops leaves the batch, and the
others go on; columns that have closed are left behind.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import skorch
import torch
from skorch.callbacks import Callback
from torch import Tensor

from sklearn_deeplifft.ensembles._batched_module import BatchedNetworks
from sklearn_deeplifft.ensembles._carried_columns import CarriedColumns
from sklearn_deeplifft.ensembles._carried_rows import CarriedRows
from sklearn_deeplifft.ensembles._member_batches import Batch
from sklearn_deeplifft.exceptions import TrainingDivergedError
from sklearn_deeplifft.networks import GatePenalty, NetworkSettings

__all__ = ["AllStopped", "Members", "Trace"]

LEAVINGS = 15
"""How often networks may leave columns behind on a path, at least; less than twice as often. On a
path of fewer epochs after each of them."""

FIRST = "layers.0.weight"
"""Name of the first layer's weights."""


@dataclass
class Trace:
    """Losses of one network, epoch by epoch."""

    train_loss: list[float]
    valid_loss: list[float]
    """Empty without validation rows."""
    best_epoch: int
    """From 1: the epoch whose weights were kept."""
    held_out: np.ndarray | None = None
    """(m, R): outputs on the m rows held out, mean over the epochs. The best epoch is chosen by
    these rows, and what it says of them is no honest prediction; the mean over all epochs is."""


class AllStopped(Exception):
    """Every network has stopped, or is to: the signal that ends skorch's loop."""


class Members(Callback):
    """Losses, early stopping and best weights of each network."""

    def __init__(
        self,
        settings: NetworkSettings,
        n: int,
        penalty: GatePenalty | None,
        rows: Any,
        halt: threading.Event,
        closed: Tensor | None = None,
    ) -> None:
        self.settings = settings
        self.n = n
        self.penalty = penalty
        self.rows = rows
        """The table's rows with all of their columns."""
        self.halt = halt
        self.closed = closed
        """(n, d): columns closed before the first step; None closes none."""

    def on_train_begin(self, net: skorch.NeuralNet, **kwargs: Any) -> None:
        self.traces_ = [Trace([], [], 0) for _ in range(self.n)]
        self.held_out_: list[dict[int, np.ndarray]] = [{} for _ in range(self.n)]
        self.alive_ = np.arange(self.n)
        self.threshold_ = np.full(self.n, np.inf)
        self.misses_ = np.zeros(self.n, dtype=np.int64)
        self.parameters_ = list(net.module_.named_parameters())
        if self.closed is not None and self.penalty is not None:
            self.penalty.close(self.closed, *_gated_weights(net.module_))
        self.best_ = {}
        if self.settings.keeps_best:
            self.best_ = {k: v.detach().clone() for k, v in self.parameters_}
        self.columns_: CarriedColumns | None = None
        """Those of the first layer that each network still carries; None where all always do."""
        gates = self.settings.gates
        # The weights behind a closed gate of its own go on moving; those of a tied one are zero.
        if gates is not None and self.settings.on_path and gates.tied:
            self.columns_ = CarriedColumns.all_of(self.n, net.module_.first.shape[2])

    def begin(self, net: skorch.NeuralNet, datasets: Sequence[Any]) -> None:
        """Carry the columns that an earlier run has left, or those that are not closed."""
        if self.columns_ is not None and self.columns_.fewer:
            columns = self.columns_
            self.columns_ = CarriedColumns.all_of(*columns.order.shape)
            self.carry(net, columns, datasets)
        else:
            self._leave_columns(net, datasets)

    def on_epoch_begin(self, net: skorch.NeuralNet, **kwargs: Any) -> None:
        self.sums_ = {training: np.zeros(len(self.alive_)) for training in (True, False)}
        self.rows_ = {training: np.zeros(len(self.alive_)) for training in (True, False)}

    def on_batch_end(
        self,
        net: skorch.NeuralNet,
        batch: Batch,
        training: bool,
        losses: Tensor,
        y_pred: Tensor | None = None,
        **kwargs: Any,
    ) -> None:
        # Losses are means over a batch, and the last batch is short: an epoch's mean is over rows.
        rows = batch.counts
        self.sums_[training] += losses.cpu().numpy() * rows
        self.rows_[training] += rows
        if y_pred is not None and self.settings.always_watched:
            self._add_outputs(y_pred.cpu().numpy(), batch.start, rows)
        # Here and not at the end of an epoch, which may be minutes away when Ctrl-C comes.
        if self.halt.is_set():
            raise AllStopped
        if training and self.penalty is not None:
            self.penalty.after_step(*_gated_weights(net.module_))

    def on_epoch_end(
        self, net: skorch.NeuralNet, dataset_train: Any, dataset_valid: Any, **kwargs: Any
    ) -> None:
        train = self._record("train_loss", True)
        if not np.isfinite(train).all():
            raise TrainingDivergedError(
                f"training diverged: the loss became {train[~np.isfinite(train)][0]} in epoch "
                f"{len(net.history)}."
            )
        better = np.ones(len(self.alive_), dtype=bool)
        valid, watched = self._record("valid_loss", False), self.rows_[False] > 0
        if self.settings.keeps_best:
            # Adam's weight decay stands for the L2 term in the gradient only; the loss lacks it.
            monitored = np.where(watched, valid, train) + _l2_term(net.module_, self.settings.l2)
            # Without validation rows the last epoch counts; but at the end of a path no feature is
            # left, and the training loss has to say when there were enough.
            better = self._improved(monitored, watched | self.settings.on_path)
        for i in self.alive_[better].tolist():
            self.traces_[i].best_epoch = len(net.history)
        if self.settings.keeps_best:
            self._keep_best(better)
        done = self._done(net.module_, better, last=len(net.history) == net.max_epochs)
        if done.all():
            raise AllStopped
        if done.any():
            self._drop(net, np.flatnonzero(~done), (dataset_train, dataset_valid))
        self._leave_columns(net, (dataset_train, dataset_valid))

    def _add_outputs(self, outputs: np.ndarray, start: int, rows: np.ndarray) -> None:
        """Sum outputs (N, B, R) on rows held out over the epochs."""
        for i, own, n in zip(self.alive_, outputs, rows, strict=True):
            parts = self.held_out_[i]
            if start not in parts:
                parts[start] = np.zeros((n, own.shape[-1]))
            parts[start] += own[:n]

    def traces(self) -> list[Trace]:
        """Traces of networks that have ended, with their mean outputs on rows held out."""
        pairs = zip(self.traces_, self.held_out_, strict=True)
        return [
            replace(trace, held_out=np.concatenate(list(parts.values())) / len(trace.valid_loss))
            if parts
            else trace
            for trace, parts in pairs
        ]

    def _record(self, what: str, training: bool) -> np.ndarray:
        """Mean losses of the epoch, (N,); NaN, and no part of the trace, without rows."""
        rows = self.rows_[training]
        if not rows.any():
            return np.full(len(rows), np.nan)
        values: np.ndarray = np.where(rows > 0, self.sums_[training] / np.maximum(rows, 1), np.nan)
        for i, value, n in zip(self.alive_.tolist(), values.tolist(), rows.tolist(), strict=True):
            if n:
                getattr(self.traces_[i], what).append(value)
        return values

    def _improved(self, monitored: np.ndarray, judged: np.ndarray) -> np.ndarray:
        """As in skorch's EarlyStopping: better than the best by a relative tolerance.

        What is not judged is always better.
        """
        better = ~judged | (monitored < self.threshold_[self.alive_])
        self.misses_[self.alive_] = np.where(better, 0, self.misses_[self.alive_] + 1)
        new = monitored - self.settings.tolerance * monitored
        self.threshold_[self.alive_[better]] = new[better]
        return better

    def _done(self, module: BatchedNetworks, better: np.ndarray, *, last: bool) -> np.ndarray:
        """Networks that leave: out of patience, or on a path without an open gate."""
        done = np.zeros(len(self.alive_), dtype=bool)
        # Where the last epoch is kept gates are read after it alone, and none closes for good.
        if self.penalty is not None and (self.settings.keeps_best or last):
            done |= self.penalty.after_epoch(*_gated_weights(module), better)
        if self.settings.patience is not None and not self.settings.on_path:
            done |= self.misses_[self.alive_] >= self.settings.patience
        return done

    def _keep_best(self, better: np.ndarray) -> None:
        at = np.flatnonzero(better)
        if not len(at):
            return
        every = len(at) == self.n
        left_behind = self.columns_ is not None and self.columns_.fewer
        for name, value in self.parameters_:
            best = self.best_[name]
            if every and not (left_behind and name == FIRST):
                best.copy_(value)
                continue
            for to, i in zip(self.alive_[at].tolist(), at.tolist(), strict=True):
                best[to].copy_(self.whole(name, value, i))  # an index of all would copy them twice

    def whole(self, name: str, values: Tensor, at: int) -> Tensor:
        """Values of the network at place ``at`` for a parameter, of columns left behind as well."""
        if name != FIRST or self.columns_ is None or not self.columns_.fewer:
            return values[at]
        return self.columns_.keep([at]).spread(values[at][None])[0]

    def _drop(self, net: skorch.NeuralNet, kept: np.ndarray, datasets: Sequence[Any]) -> None:
        """Take the networks that are done out of the batch."""
        at = torch.from_numpy(kept)
        for p in net.module_.parameters():
            state = net.optimizer_.state[p]
            # Data, not a new parameter: the optimiser finds its state by the parameter's identity.
            p.data, p.grad = p.data[at], None
            for key in ("exp_avg", "exp_avg_sq"):
                state[key] = state[key][at]
        streams = net.module_.draws.streams
        streams[:] = [streams[i] for i in kept]
        for dataset in datasets:
            if dataset is not None:
                dataset.keep(kept)
        if self.penalty is not None:
            self.penalty.keep(kept)
        if self.columns_ is not None:
            self.columns_ = self.columns_.keep(kept)
            first = net.module_.affine[0]
            first.alike = self.columns_.alike(first.weight.device)
        self.alive_ = self.alive_[kept]

    def _leave_columns(self, net: skorch.NeuralNet, datasets: Sequence[Any]) -> None:
        """Leave columns behind that have closed, where they are many."""
        # At the same epochs for all, as networks that carry equally many train the quickest.
        if self.columns_ is None or len(net.history) % max(net.max_epochs // LEAVINGS, 1):
            return
        if not self.columns_.wide:
            return
        assert self.penalty is not None
        columns = self.columns_.without_closed(self.penalty.open_columns())
        if columns is not None:
            self.carry(net, columns, datasets)

    def carry(
        self, net: skorch.NeuralNet, columns: CarriedColumns, datasets: Sequence[Any]
    ) -> None:
        """Go on with these columns."""
        assert self.columns_ is not None
        assert self.penalty is not None
        before, self.columns_ = self.columns_, columns
        first = net.module_.affine[0]
        state = net.optimizer_.state[first.weight]
        # Data, not a new parameter, as above.
        first.weight.data = columns.gathered(before.spread(first.weight.data))
        first.weight.grad = None
        for key in state.keys() & {"exp_avg", "exp_avg_sq"}:  # none before the first step
            state[key] = columns.gathered(before.spread(state[key]))
        first.alike = columns.alike(first.weight.device)
        self.penalty.carry(columns.at)
        rows = CarriedRows(self.rows, columns)
        for dataset in datasets:
            if dataset is not None:
                dataset.read(rows)


def _gated_weights(module: BatchedNetworks) -> tuple[Tensor, Tensor | None]:
    gate = None if module.gate is None else module.gate.of_features()
    return module.first, gate


@torch.no_grad()
def _l2_term(module: BatchedNetworks, l2: float) -> np.ndarray | float:
    """(N,): what ``l2`` adds to the losses of the networks."""
    hidden = module.affine[:-1]
    if not l2 or not hidden:
        return 0.0
    squares = [p.square().sum((1, 2)) for m in hidden for p in (m.weight, m.bias)]
    return l2 * torch.stack(squares).sum(0).cpu().numpy()
