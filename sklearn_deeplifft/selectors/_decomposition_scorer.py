"""Scores by the exact terms of every example's logits."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch

from sklearn_deeplifft.attribution import ScoreSums, chain_of
from sklearn_deeplifft.networks import TrainedNetwork, heads_for
from sklearn_deeplifft.selectors._class_scores import of_class, scores_of, split_null_scores
from sklearn_deeplifft.selectors._reading import Reading, ReadingPlan
from sklearn_deeplifft.selectors._scores import Scores
from sklearn_deeplifft.selectors._shared_inputs import SharedInputs
from sklearn_deeplifft.selectors._slopes import slopes_of
from sklearn_deeplifft.tables import FeatureGroups, FitData, Target

__all__ = ["DecompositionScorer", "ScoreRule"]


@dataclass(frozen=True)
class ScoreRule:
    """From sums of increments to scores."""

    target_class: object = None
    class_balance: str | None = "balanced"
    importance_type: str = "signed"

    def scores(
        self,
        sums: ScoreSums,
        features: FeatureGroups | None,
        target: Target,
        units: np.ndarray | None,
    ) -> Scores:
        """Scores from sums over ``features``; ``units`` (K,) divides the terms of a regression."""
        found = scores_of(
            sums,
            target,
            balance=self.class_balance,
            signed=self.importance_type == "signed",
            target_class=self.target_class,
            units=units,
        )
        if features is None:
            return found
        spread = features.spread
        assert found.class_sizes is not None
        return found._replace(
            overall=spread(found.overall),
            by_class=spread(found.by_class),
            class_sizes=spread(found.class_sizes),
        )


@dataclass(frozen=True)
class DecompositionScorer:
    """Softmax increments of the true classes, or terms of a regression."""

    plan: ReadingPlan
    rule: ScoreRule
    data: FitData
    units: np.ndarray | None
    """(K,): what the terms of a regression are divided by; None leaves them."""
    verified: set[str] = field(default_factory=set, compare=False)
    """Layers of the plain chains that have been verified."""
    shared: SharedInputs = field(default_factory=SharedInputs, compare=False)

    def __call__(self, trained: TrainedNetwork, index: np.ndarray, columns: np.ndarray) -> Scores:
        data = self.data
        reading = self.plan.reading(trained, data.rows, columns)
        first = len(columns) == data.rows.shape[1]
        if first:
            reading.n_outputs(data.index)  # explains a network of another width
            self._verify(trained, reading)
        hidden = self.plan.settings.layer is not None
        if hidden:
            reading.measure_hidden(data.index)
        if not first:  # later rounds only order, and one class's scores are all that they order by
            index = of_class(index, data.target, self.rule.target_class)
        sums = reading.sums(index, data.target, data.score_weight, self.shared)
        found = self.rule.scores(sums, reading.features, data.target, self.units)
        slopes = slopes_of(sums, data.target, reading.deviation, self.units)
        found = found._replace(slopes=slopes)
        if hidden:
            return found._replace(hidden_reference=reading.reference)
        nulls = trained.null_columns
        return found if nulls is None else split_null_scores(found, self.plan.groups)

    def _verify(self, trained: TrainedNetwork, reading: Reading) -> None:
        """Verify a network, and of plain chains of the same layers the first one alone.

        Such a chain is piecewise linear by its layers, whatever its weights.
        """
        plain = chain_of(trained.core, torch.float64) is not None
        kind = repr(trained.core) if plain and self.plan.settings.layer is None else None
        if kind is None or kind not in self.verified:
            reading.verify(self.data.index, self.data.names)
            self.verified.update([kind] if kind else ())

    def require_readable(self, trained: TrainedNetwork) -> int:
        """Refuse a network that is not piecewise linear, or answers something else."""
        data = self.data
        reading = self.plan.reading(trained, data.rows, np.arange(data.rows.shape[1]))
        heads_for(data.target, reading.n_outputs(data.index))
        reading.verify(data.index, data.names)
        hidden = self.plan.settings.layer is not None
        return reading.n_terms(data.index) if hidden else len(self.plan.groups.first)
