"""What comes out of a training: as networks, and as the arrays that a checkpoint holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import skorch
import torch
from torch import Tensor, nn

from sklearn_deeplifft.ensembles._members import Trace
from sklearn_deeplifft.networks import (
    GateReading,
    KeptEpoch,
    NetworkSettings,
    kept_epoch,
    path_epochs,
    relu_mlp,
    seeded,
)
from sklearn_deeplifft.tables import Problem

__all__ = ["Result", "fresh_core", "write_history"]


class Result(NamedTuple):
    """Outcome of a training, all that a checkpoint holds."""

    core: nn.Sequential
    trace: Trace
    gates: GateReading | None

    def arrays(self) -> dict[str, np.ndarray]:
        """The same as named arrays."""
        found = {f"core.{name}": value.numpy() for name, value in self.core.state_dict().items()}
        found["train_loss"] = np.array(self.trace.train_loss)
        found["valid_loss"] = np.array(self.trace.valid_loss)
        found["best_epoch"] = np.array(self.trace.best_epoch)
        if self.trace.held_out is not None:
            found["held_out"] = self.trace.held_out
        for name, value in (self.gates._asdict() if self.gates else {}).items():
            found[f"gates.{name}"] = value.numpy()
        return found

    def kept(self, settings: NetworkSettings, n_training: int) -> KeptEpoch:
        """The epoch whose weights the core has, in a training on so many rows."""
        epochs = settings.max_epochs
        if settings.gates is not None:
            epochs = path_epochs(settings.gates, epochs, settings.steps_per_epoch(n_training))
        watched = bool(self.trace.valid_loss)
        return kept_epoch(settings, self.trace.best_epoch, epochs, watched=watched)

    @classmethod
    def of_arrays(
        cls, problem: Problem, settings: NetworkSettings, saved: Mapping[str, np.ndarray]
    ) -> Result:
        """What ``arrays`` has given, for a network of these settings."""
        core, prefix = fresh_core(problem, settings, 0)[0], "core."
        core.load_state_dict(
            {
                name[len(prefix) :]: torch.from_numpy(values)
                for name, values in saved.items()
                if name.startswith(prefix)
            }
        )
        trace = Trace(
            saved["train_loss"].tolist(),
            saved["valid_loss"].tolist(),
            int(saved["best_epoch"]),
            saved.get("held_out"),
        )
        gates = None
        if settings.gates is not None:
            fields = (torch.from_numpy(saved[f"gates.{name}"]) for name in GateReading._fields)
            gates = GateReading(*fields)
        return cls(core, trace, gates)


def write_history(net: skorch.NeuralNet, trace: Trace) -> None:
    """Give a skorch net the losses of its training."""
    before = len(trace.train_loss) - len(trace.valid_loss)  # none or all, or all but the last
    rows: list[dict[str, Any]] = [
        {"batches": [], "epoch": epoch, "train_loss": loss}
        for epoch, loss in enumerate(trace.train_loss, start=1)
    ]
    for row, loss in zip(rows[before:], trace.valid_loss, strict=True):
        row["valid_loss"] = loss
    net.history.extend(rows)  # skorch would copy its whole list for each number


def fresh_core(
    problem: Problem, settings: NetworkSettings, seed: int
) -> tuple[nn.Sequential, Tensor]:
    """A network of ours, and the state that drawing its weights left torch's generator in."""
    with seeded(seed):
        core = relu_mlp(
            problem.n_features,
            problem.n_outputs,
            settings.hidden_layer_sizes,
            settings.dropout,
            settings.noise,
            settings.gates,
        )
        return core, torch.get_rng_state()
