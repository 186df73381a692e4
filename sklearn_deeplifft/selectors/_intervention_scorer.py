"""Floor 3: what reads networks by intervention, abstract; the transformer gives parameters."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn.utils import check_array, check_random_state

from sklearn_deeplifft.ensembles import ScoreFunction
from sklearn_deeplifft.interventions import Intervention, InterventionEffects
from sklearn_deeplifft.interventions._background import weighted_rows
from sklearn_deeplifft.interventions._bind import bind
from sklearn_deeplifft.interventions._each import each_feature
from sklearn_deeplifft.interventions._effects import (
    Population,
    Support,
    effects_from,
    effects_on,
    network_effects,
    supports,
)
from sklearn_deeplifft.interventions._importances import averages_of
from sklearn_deeplifft.interventions._models import (
    Ensemble,
    engine_error,
    output_names,
    response_of,
    scale_of,
    split,
)
from sklearn_deeplifft.interventions._statistics import EffectMoments, changes
from sklearn_deeplifft.networks import TrainedNetwork, network_kind
from sklearn_deeplifft.perturbation import Response
from sklearn_deeplifft.selectors._base import BaseNetworkSelector
from sklearn_deeplifft.selectors._class_scores import row_of
from sklearn_deeplifft.selectors._null_interventions import (
    background_with_nulls,
    null_scores,
    on_nulls,
)
from sklearn_deeplifft.selectors._scores import Scores
from sklearn_deeplifft.tables import FitData, target_scale

__all__ = ["BaseInterveningSelector"]

QUANTILES = (0.05, 0.5, 0.95)


class BaseInterveningSelector(BaseNetworkSelector):
    """A selector that scores features by what networks do when they are set.

    A subclass gives ``__init__``, with the parameters that say what is done to which rows.
    """

    def _transform(self, X):
        if self.output == "features":
            return super()._transform(X)
        X = check_array(X, accept_sparse=("csr", "csc"))  # transform has checked the names
        rows = _as_dense(X)
        found = self._ensemble(rows)
        blocks = changes(found.responses, rows, self.interventions_, len(found.outputs))
        return np.hstack([np.array(total).reshape(len(rows), -1) for total, *_ in blocks])

    def _extra_settings(self, data: FitData) -> dict[str, Any]:
        return {}

    def _require_readable(self, data: FitData, trained: TrainedNetwork | None) -> None:
        if trained is not None:
            few = data.rows.take(data.index[:2])
            self._surface(trained, few if trained.nulls is None else np.hstack([few, few]))

    def _score_function(self, data: FitData) -> ScoreFunction:
        if self.target_class is not None:
            row_of(data.target, self.target_class)  # refuses an unknown class
        self._target = replace(data.target, codes=data.target.codes[:0])
        base = self._choose_background(data)
        self.interventions_ = self._bound(base, data)
        self._averages = averages_of(self.interventions_, base, self._groups)
        # Our own regression networks are trained, and here scored, on a standardised target.
        ours = network_kind(self.estimator) == "default" and not self.prefit
        rescaled = data.target.kind == "regression" and not ours
        units = target_scale(data)[1] if rescaled else np.ones(1)

        def score(trained: TrainedNetwork, index: np.ndarray, columns: np.ndarray) -> Scores:
            if trained.nulls is not None:
                return self._scored_beside_nulls(trained, base)
            response = self._surface(trained, base)
            effects, sizes = network_effects(response, base, self.interventions_)
            error = engine_error(response, split(trained), base, self.interventions_)
            return self._as_scores(effects / units, sizes / units, error)

        return score

    def _choose_background(self, data: FitData) -> np.ndarray:
        """Rows that stand for the population, in proportion to their weights."""
        rng = check_random_state(self.random_state)
        self._seed = int(rng.randint(2**31 - 1))
        own = np.random.RandomState(self._seed)
        index = weighted_rows(data.index, data.score_weight, self.n_background, own)
        rows = data.rows.take(index)
        if data.rows.sparse:
            self.background_ = sp.csr_matrix(rows)
        elif data.names is not None:
            self.background_ = pd.DataFrame(rows, columns=data.names)
        else:
            self.background_ = rows
        return rows.astype(np.float64)

    def _bound(self, base: np.ndarray, data: FitData) -> list[Intervention]:
        if isinstance(self.interventions, str):
            asked = each_feature(base, data.names, self._groups)
        else:
            asked = list(self.interventions)
        bound = [bind(one, base, data.names, self._groups) for one in asked]
        if not bound:
            raise ValueError(
                "there is nothing to intervene on: interventions is empty, or every column holds "
                "a single value among the background rows. Pass interventions, or more rows."
            )
        return bound

    def _surface(self, trained: TrainedNetwork, few: np.ndarray) -> Response:
        """A network as a function of raw rows, on the scale asked for."""
        scaled = partial(scale_of, self._target, proba=self.scale == "proba")
        return response_of(split(trained), few[:2], scaled, self.dtype)

    def _scored_beside_nulls(self, trained: TrainedNetwork, base: np.ndarray) -> Scores:
        """Real and null columns are measured alike: neither is held fixed while the other moves."""
        d = base.shape[1]
        both = background_with_nulls(base, self._seed, trained.knockoff_map)
        bound = [*self.interventions_, *on_nulls(self.interventions_, d)]
        response = self._surface(trained, both)
        effects, sizes = network_effects(response, both, bound)
        m = len(self.interventions_)
        error = engine_error(response, split(trained), both, self.interventions_)
        nulls = null_scores(self._averages, effects, sizes)
        if self.target_class is not None:
            parts = effects[:m], effects[m:]
            own = (np.maximum(self._for_class(part), 0)[nulls.touched] for part in parts)
            nulls = nulls._replace(**dict(zip(("real", "null"), own, strict=True)))
        return self._as_scores(effects[:m], sizes[:m], error)._replace(nulls=nulls)

    def _for_class(self, effects: np.ndarray) -> np.ndarray:
        """(G,): how much each feature speaks for the class asked for; a block as its best level."""
        by_class = self._averages.by_class(effects)
        return self._groups.largest(by_class[row_of(self._target, self.target_class)])

    def _as_scores(self, effects: np.ndarray, sizes: np.ndarray, error: float) -> Scores:
        by_class = self._averages.by_class(effects)
        if self.target_class is None:
            overall = self._groups.spread(self._averages.overall(sizes))
        else:
            overall = self._groups.spread(self._for_class(effects))
        return Scores(overall, by_class, np.ones(len(by_class), dtype=bool), error)

    def _after_fit(self, data: FitData) -> None:
        base = _as_dense(self.background_)
        found = self._ensemble(base)
        moments = effects_on(found, base, self.interventions_, QUANTILES)
        population = Population(data.rows, data.names, self._groups)
        nearby = supports(population, base, self.interventions_, np.random.RandomState(self._seed))
        self._keep(moments, nearby, population, found, len(base))

    def _keep(
        self, moments: EffectMoments, near: Support, population: Population, found: Ensemble, n: int
    ) -> None:
        counts = np.full(len(self.interventions_), n)
        self.intervention_effects_: InterventionEffects = effects_from(
            moments,
            near,
            self.interventions_,
            population,
            found,
            counts,
            "data",
            self.scale,
            QUANTILES,
        )
        self.effects_ = self.intervention_effects_.effects
        self.effects_se_ = self.intervention_effects_.standard_errors
        self.effects_std_ = self.intervention_effects_.network_std
        self.effects_interval_ = self.intervention_effects_.interval

    def _ensemble(self, rows: np.ndarray) -> Ensemble:
        responses = [self._surface(trained, rows) for trained in self._networks]
        return Ensemble(responses, output_names(self._target))


def _as_dense(X: Any) -> np.ndarray:
    return np.array(X.toarray() if sp.issparse(X) else X, dtype=np.float64, order="F")
