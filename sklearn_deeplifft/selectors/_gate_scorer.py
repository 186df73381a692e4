"""Floor 3: what reads the gates of networks, abstract; the selector gives parameters."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from sklearn_deeplifft.ensembles import ScoreFunction
from sklearn_deeplifft.exceptions import FeatureSelectionWarning
from sklearn_deeplifft.networks import (
    GateSettings,
    TrainedNetwork,
    column_norms,
    first_linear,
    gates_of,
    heads_for,
    network_kind,
    read_fitted,
)
from sklearn_deeplifft.selectors._base import BaseNetworkSelector
from sklearn_deeplifft.selectors._class_scores import (
    row_of,
    scores_of,
    split_null_scores,
    warn_never_right,
)
from sklearn_deeplifft.selectors._reading import Gauge, Reading, ReadingSettings
from sklearn_deeplifft.selectors._scores import Scores
from sklearn_deeplifft.tables import FeatureGroups, FitData, target_scale

__all__ = ["BaseGatedSelector"]


class BaseGatedSelector(BaseNetworkSelector):
    """A selector that scores features by gates before the first layer.

    A subclass gives ``__init__``, with the parameters that say how gates are trained and read.
    """

    def _extra_settings(self, data: FitData) -> dict[str, Any]:
        if self.loss == "soft_f1" and data.target.kind not in ("softmax", "multilabel"):
            raise ValueError(
                f"loss='soft_f1' needs one label a row or a multilabel y; y is "
                f"{data.target.kind}. Use loss='auto'."
            )
        kind = network_kind(self.estimator)
        if kind == "mlp":
            raise TypeError(
                f"{type(self.estimator).__name__} cannot be trained with gates before it; pass "
                "None, a torch module or a skorch net."
            )
        gates = GateSettings(
            feature_of_column=tuple(self._groups.of_column.tolist()),
            tied=self.gates == "tied" and kind == "default",
            initial=self.gate_initial,
            penalty=None if self.gate_penalty == "path" else float(self.gate_penalty),
            path_steps=self.path_steps,
        )
        return {
            "noise": self.noise,
            "l2": self.l2,
            "loss": self.loss,
            "tolerance": self.tol,
            "gates": gates,
        }

    def _require_readable(self, data: FitData, trained: TrainedNetwork | None) -> None:
        if trained is None:
            return
        if network_kind(self.estimator) != "default":
            # As its owner knows it, without the gates in front.
            trained = trained._replace(core=trained.core[1])  # type: ignore[index]
            if self._reads_weights():
                first_linear(trained.core, data.rows.shape[1])
        reading = self._reading(trained, data)
        heads_for(data.target, reading.n_outputs(data.index))
        reading.verify(data.index)

    def _reads_weights(self) -> bool:
        return self.readout == "effective" or self.gate_penalty == "path" or self.gate_penalty > 0

    def _score_function(self, data: FitData) -> ScoreFunction:
        if self.prefit:
            self._take_groups(data.rows.shape[1])
        if self.target_class is not None:
            row_of(data.target, self.target_class)  # refuses an unknown class
        # Our own regression networks are trained, and here scored, on a standardised target.
        ours = network_kind(self.estimator) == "default" and not self.prefit
        rescaled = data.target.kind == "regression" and not ours
        units = target_scale(data)[1] if rescaled else None
        self._target = replace(data.target, codes=data.target.codes[:0])
        # What holds a single value says nothing, whatever weight its gate began with.
        says = np.bincount(self._groups.of_column, (data.std > 0) | self.prefit) > 0

        def score(trained: TrainedNetwork, index: np.ndarray, columns: np.ndarray) -> Scores:
            sums = self._reading(trained, data).sums(index, data.target, data.score_weight)
            found = scores_of(sums, data.target, target_class=self.target_class, units=units)
            return self._with_gates(found, trained, says)

        return score

    def _with_gates(self, scores: Scores, trained: TrainedNetwork, says: np.ndarray) -> Scores:
        """Gates in the place of overall scores, those of null features behind the real ones."""
        if trained.nulls is not None:
            scores = split_null_scores(scores, self._groups)
        if self.target_class is not None:
            overall = self._groups.largest(scores.overall)
            return scores._replace(overall=self._groups.spread(overall))
        read = self._gate_values(trained).reshape(-1, len(says))
        real, *null = np.where(says, read, 0.0)
        if scores.nulls is not None:
            scores = scores._replace(nulls=scores.nulls._replace(real=real, null=null[0]))
        shares = real / real.sum() if real.any() else real
        return scores._replace(overall=self._groups.spread(shares))

    def _take_groups(self, n_columns: int) -> None:
        """Features are those of the fitted network."""
        of_column = gates_of(read_fitted(self.estimator).core).feature_of_column.numpy()
        if len(of_column) != n_columns:
            raise ValueError(
                f"the network has gates for {len(of_column)} columns, and X has {n_columns}. Pass "
                "the columns it was built for, in their order."
            )
        self._groups = FeatureGroups(of_column, np.unique(of_column, return_index=True)[1])
        self._require_count(len(self._groups.first))

    def _after_scores(self, networks: Sequence[TrainedNetwork], scores: Sequence[Scores]) -> None:
        warn_never_right(scores, self._target, self.target_class)
        if self.target_class is None:
            _warn_closed(scores)
        G = len(self._groups.first)
        exits = [t.gates.exit.numpy()[:G] for t in networks if t.gates is not None]
        if exits and self.gate_penalty == "path":
            self.exit_penalties_ = self._groups.spread(np.array(exits))
        elif hasattr(self, "exit_penalties_"):  # of an earlier fit
            del self.exit_penalties_

    def _second_importances(self) -> np.ndarray | None:
        """Features that closed before they were read differ in how long they held out."""
        exits = getattr(self, "exit_penalties_", None)
        return None if exits is None else np.minimum(exits, 1).mean(axis=0)

    def _gate_values(self, trained: TrainedNetwork) -> np.ndarray:
        """What is read off a network's gates, (G,), null features' behind: (2G,)."""
        if trained.gates is None:
            gate = gates_of(trained.core)
            found = gate.weight.detach()
            if self.readout == "effective":
                first = first_linear(trained.core, len(gate.feature_of_column)).weight.detach()
                found = found * column_norms(first[None], gate.feature_of_column, len(found))[0]
        elif self.gate_penalty == "path":
            found = trained.gates.path
        else:
            found = trained.gates.effective if self.readout == "effective" else trained.gates.gate
        return found.double().numpy()

    def _reading(self, trained: TrainedNetwork, data: FitData) -> Reading:
        gauge = Gauge(data.mean, (data.std == 0) & (not self.prefit))
        drop = data.target.kind != "regression"
        settings = ReadingSettings(drop_normalizer=drop)
        return Reading(trained, settings, data.rows, gauge, np.arange(data.rows.shape[1]))


def _warn_closed(scores: Sequence[Scores]) -> None:
    closed = sum(not s.overall.any() for s in scores)
    if closed:
        warnings.warn(
            f"{closed} of {len(scores)} networks let no feature through; their importances are 0. "
            "Lower gate_penalty, or begin with gate_initial='one'.",
            FeatureSelectionWarning,
            stacklevel=2,
        )
