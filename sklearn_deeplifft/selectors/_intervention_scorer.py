"""Scores by what networks do when features are set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from sklearn_deeplifft.attribution import spread_positions
from sklearn_deeplifft.interventions import Intervention
from sklearn_deeplifft.interventions._bind import bind
from sklearn_deeplifft.interventions._each import each_feature
from sklearn_deeplifft.interventions._effects import network_effects
from sklearn_deeplifft.interventions._importances import Averages
from sklearn_deeplifft.interventions._models import scale_of
from sklearn_deeplifft.interventions._responses import engine_error, response_of, split
from sklearn_deeplifft.networks import TrainedNetwork
from sklearn_deeplifft.perturbation import Response
from sklearn_deeplifft.selectors._class_scores import row_of
from sklearn_deeplifft.selectors._null_interventions import (
    background_with_nulls,
    null_scores,
    on_nulls,
)
from sklearn_deeplifft.selectors._scores import Scores
from sklearn_deeplifft.tables import FeatureGroups, Target

__all__ = ["InterventionScorer", "ResponseSettings", "bound_to"]


def bound_to(
    interventions: str | Sequence[Intervention],
    background: np.ndarray,
    names: np.ndarray | None,
    groups: FeatureGroups,
) -> list[Intervention]:
    """Interventions bound to the columns of a background; "each" makes them per feature.

    Raises
    ------
    ValueError
        There are none.
    """
    if isinstance(interventions, str):
        asked = each_feature(background, names, groups)
    else:
        asked = list(interventions)
    bound = [bind(one, background, names, groups) for one in asked]
    if not bound:
        raise ValueError(
            "there is nothing to intervene on: interventions is empty, or every column holds "
            "a single value among the background rows. Pass interventions, or more rows."
        )
    return bound


@dataclass(frozen=True)
class ResponseSettings:
    """Settings by which networks become functions of raw rows."""

    target: Target
    """Without rows."""
    scale: str
    dtype: str | None

    def response(self, trained: TrainedNetwork, rows: np.ndarray) -> Response:
        """Make a function of one network, on the scale asked for, trying it on a few rows."""
        tried = rows[spread_positions(len(rows)).numpy()]
        scaled = partial(scale_of, self.target, proba=self.scale == "proba")
        return response_of(split(trained), tried, scaled, self.dtype)


@dataclass(frozen=True)
class InterventionScorer:
    """Sizes of a row's changes by the interventions on each feature."""

    settings: ResponseSettings
    interventions: Sequence[Intervention]
    averages: Averages
    groups: FeatureGroups
    background: np.ndarray
    """(B, d), float64."""
    units: np.ndarray
    """(R,): what the effects of a regression are divided by."""
    target_class: object
    seed: int

    def __call__(self, trained: TrainedNetwork, index: np.ndarray, columns: np.ndarray) -> Scores:
        if trained.null_columns is not None:
            return self._scored_beside_nulls(trained)
        response = self.settings.response(trained, self.background)
        effects, sizes = network_effects(response, self.background, self.interventions)
        error = engine_error(response, split(trained), self.background, self.interventions)
        return self._as_scores(effects / self.units, sizes / self.units, error)

    def require_readable(self, trained: TrainedNetwork) -> int:
        """Refuse a network that does not answer rows one by one."""
        rows = self.background
        rows = rows if trained.null_columns is None else np.hstack([rows, rows])
        self.settings.response(trained, rows)
        return len(self.groups.first)

    def _scored_beside_nulls(self, trained: TrainedNetwork) -> Scores:
        """Real and null columns are measured alike: neither is held fixed while the other moves."""
        base, m = self.background, len(self.interventions)
        both = background_with_nulls(base, self.seed, trained)
        bound = [*self.interventions, *on_nulls(self.interventions, base.shape[1])]
        response = self.settings.response(trained, both)
        effects, sizes = (v / self.units for v in network_effects(response, both, bound))
        error = engine_error(response, split(trained), both, self.interventions)
        nulls = null_scores(self.averages, effects, sizes)
        if self.target_class is not None:
            parts = effects[:m], effects[m:]
            own = (np.maximum(self._for_class(part), 0)[nulls.touched] for part in parts)
            nulls = nulls._replace(**dict(zip(("real", "null"), own, strict=True)))
        return self._as_scores(effects[:m], sizes[:m], error)._replace(nulls=nulls)

    def _for_class(self, effects: np.ndarray) -> np.ndarray:
        """(G,): how much each feature speaks for the class asked for; a block as its best level."""
        by_class = self.averages.by_class(effects)
        return self.groups.largest(by_class[row_of(self.settings.target, self.target_class)])

    def _as_scores(self, effects: np.ndarray, sizes: np.ndarray, error: float) -> Scores:
        by_class = self.averages.by_class(effects)
        if self.target_class is None:
            overall = self.groups.spread(self.averages.overall(sizes))
        else:
            overall = self.groups.spread(self._for_class(effects))
        return Scores(overall, by_class, np.ones(len(by_class), dtype=bool), error)
