"""What the training of each network of an ensemble came to, as a table.

Nothing of it is kept: a network knows the epoch whose weights it has, its history the losses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from torch import nn

from sklearn_deeplifft.networks import TrainedNetwork

__all__ = ["Gates", "choice_frame"]

KINDS = {
    "hidden_layer_sizes": "object",
    "on_path": "boolean",
    "epochs": "Int64",
    "kept_epoch": "Int64",
    "kept_by": "object",
    "penalty": "float64",
    "open_columns": "Int64",
    "held_out_loss": "float64",
    "held_out_score": "float64",
}
"""Columns; whole numbers and truth values stay such beside a missing one."""


@dataclass(frozen=True)
class Gates:
    """Features and their gates, one each."""

    of_column: np.ndarray
    """(d,)."""

    @property
    def n(self) -> int:
        """G."""
        return int(self.of_column.max()) + 1

    def open(self, trained: TrainedNetwork) -> np.ndarray | None:
        """Mask (G,) of a network's open gates; None where these are not known.

        Gates of null columns come behind those of the real ones.
        """
        if trained.gates is not None:
            return np.asarray(trained.gates.gate[: self.n].numpy() > 0)
        return None if trained.epochs is None else np.ones(self.n, dtype=bool)


def choice_frame(
    networks: Sequence[TrainedNetwork], scores: np.ndarray, gates: Gates, *, ours: bool
) -> pd.DataFrame:
    """One row per network, see ``training_choice_`` of an ensemble.

    ``scores`` (N,) are those on rows held out; ``ours`` says whether we have built the networks.
    """
    rows = [
        {
            "hidden_layer_sizes": _hidden(trained.core) if ours else None,
            "epochs": trained.epochs,
            "open_columns": _n_open_columns(trained, gates),
            "held_out_score": score,
            **_kept(trained),
        }
        for trained, score in zip(networks, scores, strict=True)
    ]
    return pd.DataFrame(rows, columns=list(KINDS)).astype(KINDS).rename_axis("network")


def _n_open_columns(trained: TrainedNetwork, gates: Gates) -> int | None:
    found = gates.open(trained)
    return None if found is None else int(found[gates.of_column].sum())


def _hidden(core: nn.Module) -> tuple[int, ...]:
    widths = [layer.out_features for layer in core.modules() if isinstance(layer, nn.Linear)]
    return tuple(widths[:-1])


def _kept(trained: TrainedNetwork) -> dict[str, Any]:
    kept = trained.kept
    if kept is None:
        return {}
    return {
        "on_path": kept.on_path,
        "kept_epoch": kept.number,
        "kept_by": kept.by,
        "penalty": kept.penalty,
        "held_out_loss": trained.estimator.history[kept.number - 1].get("valid_loss"),
    }
