"""Networks whose training is under way, on disk: a killed run loses a minute, not a batch.

A network's state is what its next epoch depends on. Each has one of its own, as it comes out the
same whoever its neighbours are: a run that goes on may deal them to other batches.

===============  ====================================================
``epoch``        epochs that are done
``ended``        whether the network has left its batch
``weight.*``     weights, with the padding of the batch
``best.*``       those of the best epoch, where it counts
``moment.*``     Adam's two means of gradients, and its steps
``random.*``     generators of shuffling, noise and dropout
``penalty.*``    gates on their path
``columns.*``    columns that it carries, where it may leave some behind
===============  ====================================================
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import skorch
import torch
from skorch.callbacks import Callback
from torch import Tensor

from sklearn_deeplifft.ensembles._carried_columns import CarriedColumns
from sklearn_deeplifft.networks import GatePenalty

__all__ = ["State", "UnderWay", "stage_of"]

SECONDS = 60.0
"""Time between two writings."""

SHARE = 0.05
"""Largest share of the time that may be spent on them."""

MOMENTS = ("exp_avg", "exp_avg_sq")

PENALTY = ("open", "exit", "sum", "effective", "gate")
"""Numbers of ``GatePenalty`` that each network has."""

State = Mapping[str, np.ndarray]


def stage_of(state: State | None) -> tuple[int, bool]:
    """Epochs that are done, and whether no more are to come."""
    return (0, False) if state is None else (int(state["epoch"]), bool(state["ended"]))


class UnderWay(Callback):
    """Writes the state of each network of a batch once a minute, and starts from it.

    Parameters
    ----------
    states : sequence of N State or None
        At one stage, all of them; None are networks that start anew.
    keep : callable
        Takes the place of a network in the batch, and its state.
    """

    def __init__(self, states: Sequence[State | None], keep: Callable[[int, State], None]) -> None:
        self.states = [state for state in states if state is not None]
        self.keep = keep

    @property
    def epochs(self) -> int:
        """Those that are done."""
        return stage_of(self.states[0])[0] if self.states else 0

    @property
    def ended(self) -> bool:
        """Whether no more are to come."""
        return bool(self.states) and stage_of(self.states[0])[1]

    def on_train_begin(self, net: skorch.NeuralNet, **kwargs: Any) -> None:
        self.due_ = time.monotonic() + SECONDS
        self.kept_ = set[int]()
        """Networks that have ended and are written."""
        if self.states:
            _restore(net, dict(net.callbacks_)["members"], self.states)
            self.states = self.states[:1]  # which tells the stage; the rest is in the network now

    def on_epoch_end(self, net: skorch.NeuralNet, **kwargs: Any) -> None:
        began = time.monotonic()
        if began < self.due_:
            return
        members = dict(net.callbacks_)["members"]
        alive = {int(i): at for at, i in enumerate(members.alive_)}
        for i in range(members.n):
            if i not in self.kept_:
                self.keep(i, _state(net, members, i, alive.get(i)))
        self.kept_ = set(range(members.n)) - set(alive)
        now = time.monotonic()
        self.due_ = now + max(SECONDS, (now - began) / SHARE)


def _state(net: skorch.NeuralNet, members: Any, i: int, at: int | None) -> State:
    """State of network ``i``, the one at place ``at`` of the batch; None if it has left."""
    state = {"epoch": np.array(len(net.history)), "ended": np.array(at is None)}
    for name, p in net.module_.named_parameters():
        if at is not None:
            own = net.optimizer_.state[p]
            state[f"weight.{name}"] = _array(members.whole(name, p.detach(), at))
            state[f"moment.step.{name}"] = _array(own["step"])
            whole = {key: members.whole(name, own[key], at) for key in MOMENTS}
            state |= {f"moment.{key}.{name}": _array(value) for key, value in whole.items()}
        if name in members.best_:
            state[f"best.{name}"] = _array(members.best_[name][i])
    if at is not None:
        random = net.module_.draws.streams[at].state()
        state |= {f"random.{name}": value for name, value in random.items()}
        # Of those that carry all as well: networks of several batches may go on in one.
        if members.columns_ is not None:
            state["columns.order"] = _array(members.columns_.order[at])
            state["columns.own"] = np.array(members.columns_.own[at])
    trace = members.traces_[i]
    state["train_loss"] = np.array(trace.train_loss)
    state["valid_loss"] = np.array(trace.valid_loss)
    state["best_epoch"] = np.array(trace.best_epoch)
    state |= {f"held_out.{start}": part for start, part in members.held_out_[i].items()}
    state["threshold"], state["misses"] = members.threshold_[i], members.misses_[i]
    if members.penalty is not None:
        state["penalty.step"] = np.array(members.penalty.step)
        state |= {f"penalty.{key}": _array(getattr(members.penalty, key)[i]) for key in PENALTY}
    return state


def _restore(net: skorch.NeuralNet, members: Any, states: Sequence[State]) -> None:
    """Bring the networks of a batch to their states."""
    for _ in range(stage_of(states[0])[0]):
        net.history.new_epoch()
    for name, p in net.module_.named_parameters():
        if name in members.best_:
            members.best_[name] = _stacked(states, f"best.{name}").to(p.device)
        if f"weight.{name}" not in states[0]:  # of networks that have ended
            continue
        # Data, not a new parameter: the optimiser finds its state by the parameter's identity.
        p.data = _stacked(states, f"weight.{name}").to(p.device)
        step = torch.tensor(states[0][f"moment.step.{name}"]).to(p.device)
        moments = {k: _stacked(states, f"moment.{k}.{name}").to(p.device) for k in MOMENTS}
        net.optimizer_.state[p] = {"step": step, **moments}
    for i, state in enumerate(states):
        if not stage_of(state)[1]:
            random = {name: state[f"random.{name}"] for name in ("shuffle", "noise", "dropout")}
            net.module_.draws.streams[i].set_state(random)
        trace = members.traces_[i]
        trace.train_loss = state["train_loss"].tolist()
        trace.valid_loss = state["valid_loss"].tolist()
        trace.best_epoch = int(state["best_epoch"])
        members.held_out_[i] = {
            int(name.partition(".")[2]): part.copy()
            for name, part in state.items()
            if name.startswith("held_out.")
        }
        members.threshold_[i], members.misses_[i] = state["threshold"], state["misses"]
    if "columns.own" in states[0]:
        order = _stacked(states, "columns.order")
        members.columns_ = CarriedColumns(order, np.array([int(s["columns.own"]) for s in states]))
    if members.penalty is not None:
        _restore_penalty(members.penalty, states)


def _restore_penalty(penalty: GatePenalty, states: Sequence[State]) -> None:
    penalty.step = int(states[0]["penalty.step"])
    for key in PENALTY:
        setattr(penalty, key, _stacked(states, f"penalty.{key}"))


def _array(values: Tensor) -> np.ndarray:
    copied: np.ndarray = values.cpu().numpy().copy()
    return copied


def _stacked(states: Sequence[State], name: str) -> Tensor:
    return torch.stack([torch.from_numpy(state[name]) for state in states])
