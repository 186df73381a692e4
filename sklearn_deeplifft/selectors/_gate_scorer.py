"""Scores by gates before the first layer, with exact class scores beside them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sklearn_deeplifft.networks import (
    TrainedNetwork,
    column_norms,
    first_linear,
    gates_of,
    heads_for,
)
from sklearn_deeplifft.selectors._class_scores import scores_of, split_null_scores
from sklearn_deeplifft.selectors._reading import ReadingPlan
from sklearn_deeplifft.selectors._scores import Scores
from sklearn_deeplifft.selectors._slopes import slopes_of
from sklearn_deeplifft.tables import FeatureGroups, FitData

__all__ = ["GateScorer", "groups_of_gates"]


@dataclass(frozen=True)
class GateScorer:
    """Shares of what is read off a network's gates; of one class, its class scores."""

    plan: ReadingPlan
    data: FitData
    groups: FeatureGroups
    """Columns that share a gate."""
    units: np.ndarray | None
    """(K,): what the terms of a regression are divided by; None leaves them."""
    target_class: object
    readout: str
    on_path: bool
    """Whether a penalty has closed the gates one after another, and its path is read."""
    reads_weights: bool
    """Whether gates are read or closed together with a first layer that takes the columns."""
    in_front: bool
    """Whether gates stand before a network of the user's own."""

    def __call__(self, trained: TrainedNetwork, index: np.ndarray, columns: np.ndarray) -> Scores:
        data = self.data
        reading = self.plan.reading(trained, data.rows, columns)
        sums = reading.sums(index, data.target, data.score_weight)
        scores = scores_of(sums, data.target, target_class=self.target_class, units=self.units)
        scores = scores._replace(slopes=slopes_of(sums, data.target, reading.deviation, self.units))
        if trained.null_columns is not None:
            scores = split_null_scores(scores, self.groups)
        if self.target_class is not None:
            overall = self.groups.largest(scores.overall)
            return scores._replace(overall=self.groups.spread(overall))
        return self._with_gates(scores, trained)

    def require_readable(self, trained: TrainedNetwork) -> int:
        """Refuse what is not piecewise linear, as its owner knows it: without gates in front."""
        core, d = trained.core, self.data.rows.shape[1]
        if self.in_front:
            trained = trained._replace(core=core[1])  # type: ignore[index]
            if self.reads_weights:
                first_linear(trained.core, d)
        reading = self.plan.reading(trained, self.data.rows, np.arange(d))
        heads_for(self.data.target, reading.n_outputs(self.data.index))
        reading.verify(self.data.index, self.data.names)
        return len(self.groups.first)

    def _with_gates(self, scores: Scores, trained: TrainedNetwork) -> Scores:
        """Gates in the place of overall scores, those of null columns behind the real ones."""
        # What holds a single value says nothing, whatever weight its gate began with.
        says = np.bincount(self.groups.of_column, ~self.data.constant) > 0
        read = self._gate_values(trained).reshape(-1, len(says))
        real, *null = np.where(says, read, 0.0)
        if scores.nulls is not None:
            scores = scores._replace(nulls=scores.nulls._replace(real=real, null=null[0]))
        shares = real / real.sum() if real.any() else real
        return scores._replace(overall=self.groups.spread(shares))

    def _gate_values(self, trained: TrainedNetwork) -> np.ndarray:
        """Values read off a network's gates, (G,), null columns' behind: (2G,)."""
        if trained.gates is None:
            gate = gates_of(trained.core)
            found = gate.weight.detach()
            if self.readout == "effective":
                first = first_linear(trained.core, len(gate.feature_of_column)).weight.detach()
                found = found * column_norms(first[None], gate.feature_of_column, len(found))[0]
        elif self.on_path:
            found = trained.gates.path
        else:
            found = trained.gates.effective if self.readout == "effective" else trained.gates.gate
        return found.double().numpy()


def groups_of_gates(of_column: np.ndarray, n_columns: int) -> FeatureGroups:
    """Columns that share a gate of networks which are fitted already."""
    if len(of_column) != n_columns:
        raise ValueError(
            f"the network has gates for {len(of_column)} columns, and X has {n_columns}. Pass "
            "the columns it was built for, in their order."
        )
    return FeatureGroups(of_column, np.unique(of_column, return_index=True)[1])
