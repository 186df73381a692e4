"""Floor 3: what reads networks by exact decomposition, abstract; the selector gives parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted

from sklearn_deeplifft.ensembles import ScoreFunction
from sklearn_deeplifft.networks import TrainedNetwork, heads_for, network_kind
from sklearn_deeplifft.selectors._base import BaseNetworkSelector
from sklearn_deeplifft.selectors._class_scores import (
    of_class,
    scores_of,
    split_null_scores,
    warn_never_right,
)
from sklearn_deeplifft.selectors._per_row import (
    Contributions,
    Importances,
    mean_contributions,
    mean_increments,
)
from sklearn_deeplifft.selectors._reading import Gauge, Reading, ReadingSettings
from sklearn_deeplifft.selectors._scores import Scores, mean_by_class
from sklearn_deeplifft.tables import (
    FitData,
    Rows,
    Target,
    check_rows,
    encode_like,
    find_simplices,
    require_no_groups_beside_layer,
    require_reference,
    scored_rows,
    target_scale,
)

__all__ = ["BaseDecomposingSelector"]


class BaseDecomposingSelector(BaseNetworkSelector):
    """A selector that scores features by the exact terms of every example's logits.

    A subclass gives ``__init__``, with the parameters that say how networks are read, and
    ``_extra_settings``.
    """

    def increments(self, X, y) -> np.ndarray:
        """Softmax increments of each example's true class, averaged over the networks.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            True labels, as in ``fit``.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            Change of the probability of class ``y`` at each feature's step, -1 to 1, for every
            row, right or wrong. With several targets (n_samples, n_targets, n_features); in
            regression the terms themselves. With ``feature_groups`` a group is one feature,
            one step and one column, as in ``feature_groups_``: those of a row add up to the
            change of its probability.
        """
        X, target = self._checked(X, y)
        return mean_increments(self._readings(Rows(X)), target)

    def contributions(self, X) -> Contributions:
        """The exact terms behind the scores, averaged over the networks.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        Contributions
            ``terms`` (n_samples, K, n_features) and ``bias`` (n_samples, K); their sum is the
            logits, averaged over networks. A network with one logit z for two classes has
            ``K = 2`` and logits (0, z). Columns stand apart, also with ``feature_groups``.
        """
        check_is_fitted(self, "ranking_")
        rows = Rows(check_rows(self, X, reset=False))
        return mean_contributions(self._readings(rows), self._target)

    def importances(self, X, y, sample_weight=None, sample_mask=None) -> Importances:
        """Score any labelled rows with the fitted networks; nothing is trained.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), default=None
        sample_mask : array-like of bool of shape (n_samples,), default=None
            Score these rows only.

        Returns
        -------
        Importances
            ``overall`` (n_features,) and ``by_class`` (K, n_features), in one pass. Columns of a
            group share its value.
        """
        X, target = self._checked(X, y)
        index, weight = scored_rows(X, sample_weight, sample_mask)
        scores = [
            self._scores(reading, index, target, weight, self._units)
            for reading in self._readings(Rows(X))
        ]
        warn_never_right(scores, target, self.target_class, np.unique(target.codes[index, 0]))
        return Importances(np.mean([s.overall for s in scores], axis=0), mean_by_class(scores))

    def _score_function(self, data: FitData) -> ScoreFunction:
        d = data.rows.shape[1]
        require_no_groups_beside_layer(
            self.layer, groups=self.feature_groups, simplex_groups=self.simplex_groups
        )
        require_reference(self.reference, d, hidden=self.layer is not None)
        of_class(data.index[:0], data.target, self.target_class)  # refuses an unknown class
        simplices = find_simplices(self.simplex_groups, data.rows, data.names)
        self.simplex_groups_ = [simplex.columns for simplex in simplices]
        self._gauge = Gauge(data.mean, (data.std == 0) & (not self.prefit), simplices)
        self._settings = self._reading_settings(data.target)
        self._hidden_references: list[torch.Tensor | None] = []
        self._target = replace(data.target, codes=data.target.codes[:0])
        self._units = target_scale(data)[1] if data.target.kind == "regression" else None
        # Our own regression networks are trained, and here scored, on a standardised target.
        default = network_kind(self.estimator) == "default" and not self.prefit
        units = None if default else self._units

        def score(trained: TrainedNetwork, index: np.ndarray, columns: np.ndarray) -> Scores:
            reading = self._reading(trained, data.rows, columns)
            if len(columns) == d:
                reading.n_outputs(data.index)  # explains a network of another width
                reading.verify(data.index)
            if self.layer is not None:
                reading.measure_reference(data.index)
                self._hidden_references.append(reading.reference)
            index = of_class(index, data.target, self.target_class)
            found = self._scores(reading, index, data.target, data.score_weight, units)
            return found if trained.nulls is None else split_null_scores(found, self._groups)

        return score

    def _require_readable(self, data: FitData, trained: TrainedNetwork | None) -> None:
        if trained is not None:
            reading = self._reading(trained, data.rows, np.arange(data.rows.shape[1]))
            heads_for(data.target, reading.n_outputs(data.index))
            reading.verify(data.index)
            if self.layer is not None:
                self._require_count(reading.n_terms(data.index))

    def _after_scores(self, networks: Sequence[TrainedNetwork], scores: Sequence[Scores]) -> None:
        warn_never_right(scores, self._target, self.target_class)

    def _scores(self, reading: Reading, index, target: Target, weight, units) -> Scores:
        found = scores_of(
            reading.sums(index, target, weight),
            target,
            balance=self.class_balance,
            signed=self.importance_type == "signed",
            target_class=self.target_class,
            units=units,
        )
        if reading.features is None:
            return found
        spread = reading.features.spread
        return found._replace(overall=spread(found.overall), by_class=spread(found.by_class))

    def _reading_settings(self, target: Target) -> ReadingSettings:
        """Settled in ``fit``: parameters set later must not mix into what was measured."""
        return ReadingSettings(
            reference=self.reference,
            secants=self.activation_rule == "secant",
            layer=self.layer,
            dtype=None if self.dtype is None else getattr(torch, self.dtype),
            drop_normalizer=target.kind != "regression",
        )

    def _reading(
        self, trained: TrainedNetwork, rows: Rows, columns, hidden_reference=None
    ) -> Reading:
        groups = self._groups.among(columns)
        groups = groups if trained.nulls is None else groups.doubled()
        features = None if groups.single else groups
        return Reading(
            trained, self._settings, rows, self._gauge, columns, hidden_reference, features
        )

    def _readings(self, rows: Rows) -> list[Reading]:
        """The fitted networks, ready to be read on other rows."""
        columns = np.arange(self.n_features_in_)
        hidden = self._hidden_references or [None] * len(self._networks)
        return [
            self._reading(trained, rows, columns, reference)
            for trained, reference in zip(self._networks, hidden, strict=True)
        ]

    def _checked(self, X, y) -> tuple[Any, Target]:
        check_is_fitted(self, "ranking_")
        X, y = check_rows(self, X, reset=False, y=y)
        return X, encode_like(y, self._target)
