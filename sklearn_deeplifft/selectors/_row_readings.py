"""Readings of any rows by the networks of a fitted selector; nothing is trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from sklearn_deeplifft.ensembles import BaseNetworkEnsemble
from sklearn_deeplifft.selectors._class_scores import plain
from sklearn_deeplifft.selectors._class_warnings import warn_never_right
from sklearn_deeplifft.selectors._contributions import Contributions
from sklearn_deeplifft.selectors._decomposition_scorer import ScoreRule
from sklearn_deeplifft.selectors._per_row import (
    Importances,
    mean_contributions,
    mean_increments,
)
from sklearn_deeplifft.selectors._reading import Reading, ReadingPlan
from sklearn_deeplifft.selectors._scores import mean_by_class
from sklearn_deeplifft.selectors._table_sums import TableSums, sums_of_batches, sums_of_partitions
from sklearn_deeplifft.tables import (
    Rows,
    Target,
    check_rows,
    encode_like,
    is_partitioned,
    names_of,
    require_finite_answers,
    scored_rows,
)

__all__ = ["RowReadings"]


class RowReadings:
    """A selector whose ``fit`` has settled how networks are read, on any rows."""

    estimator_: BaseNetworkEnsemble
    n_features_in_: int
    _plan: ReadingPlan
    _rule: ScoreRule
    _units: np.ndarray | None
    """(K,): what the terms of a regression are divided by."""
    _hidden_references: Sequence[Tensor | None]
    """Reference of the neurons of each network, where a hidden layer is read."""

    def increments(self, X: Any, y: Any) -> np.ndarray:
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
        rows = Rows(X)
        with np.errstate(over="ignore", invalid="ignore"):
            found = mean_increments(self._readings(rows), target)
        require_finite_answers(found, rows, names_of(self), "increments")
        return found

    def contributions(self, X: Any) -> Contributions:
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
            ``to_shap()`` hands them to the figures of shap.
        """
        check_is_fitted(self, "ranking_")
        X = check_rows(self, X, reset=False)
        rows = Rows(X)
        with np.errstate(over="ignore", invalid="ignore"):
            found = mean_contributions(self._readings(rows), self.estimator_._target)
        for part in found:
            require_finite_answers(part, rows, names_of(self), "contributions")
        return self._contributions(*found, X)

    def _contributions(self, terms: np.ndarray, bias: np.ndarray, X: Any) -> Contributions:
        inputs = self._plan.settings.layer is None
        names = names_of(self) if inputs else None
        position = "x" if inputs else "neuron "
        columns = [f"{position}{j}" for j in range(terms.shape[2])]
        outputs = self.estimator_._target.row_names
        return Contributions(
            terms,
            bias,
            data=X if inputs else None,
            feature_names=tuple(columns if names is None else map(str, names)),
            output_names=tuple(map(plain, outputs)) if len(outputs) == bias.shape[1] else None,
        )

    def importances(
        self, X: Any, y: Any = None, sample_weight: Any = None, sample_mask: Any = None
    ) -> Importances:
        """Score any labelled rows with the fitted networks; nothing is trained.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features), or iterable of batches
            A Dask array or frame is scored where its partitions lie. Without ``y``, an iterable
            of batches ``(X, y)`` or ``(X, y, sample_weight)``, of which one at a time is held:
            row groups of a file, say.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Of a Dask collection, one with the same partitions.
        sample_weight : array-like of shape (n_samples,), default=None
        sample_mask : array-like of bool of shape (n_samples,), default=None
            Score these rows only.

        Returns
        -------
        Importances
            ``overall`` (n_features,) and ``by_class`` (K, n_features), in one pass. Columns of a
            group share its value. How rows are dealt to batches changes nothing but rounding.
        """
        check_is_fitted(self, "ranking_")
        given = {"y": y, "sample_weight": sample_weight, "sample_mask": sample_mask}
        if y is None:
            _require_alone(sample_weight, sample_mask)
            return self.importances_of(sums_of_batches(self.score_sums, X))
        if is_partitioned(X):
            return self.importances_of(sums_of_partitions(self.score_sums, X, **given))
        return self.importances_of(self.score_sums(X, **given))

    def score_sums(
        self, X: Any, y: Any, sample_weight: Any = None, sample_mask: Any = None
    ) -> TableSums:
        """Sum the scores of part of a table, for whoever deals out the parts.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), default=None
        sample_mask : array-like of bool of shape (n_samples,), default=None

        Returns
        -------
        TableSums
            ``a.merge(b)`` of two parts are the sums of both; `importances_of` makes scores of them.
        """
        X, target = self._checked(X, y)
        index, weight = scored_rows(X, sample_weight, sample_mask)
        readings = self._readings(Rows(X))
        sums = tuple(reading.sums(index, target, weight) for reading in readings)
        return TableSums(sums, frozenset(np.unique(target.codes[index, 0]).tolist()))

    def importances_of(self, sums: TableSums) -> Importances:
        """Scores from sums of this selector's networks.

        Parameters
        ----------
        sums : TableSums
            Of `score_sums`, merged over the parts of a table.

        Returns
        -------
        Importances
        """
        check_is_fitted(self, "ranking_")
        target, columns = self.estimator_._target, np.arange(self.n_features_in_)
        if len(sums.by_network) != len(self.estimator_._networks):
            raise ValueError(
                f"these are sums of {len(sums.by_network)} networks, and this selector has "
                f"{len(self.estimator_._networks)}: they are of another selector, or of another "
                "fit of it. Sum the rows by score_sums of this one."
            )
        scores = [
            self._rule.scores(own, self._plan.features(trained, columns), target, self._units)
            for own, trained in zip(sums.by_network, self.estimator_._networks, strict=True)
        ]
        present = np.array(sorted(sums.present))
        warn_never_right(scores, target, self._rule.target_class, present)
        return Importances(np.mean([s.overall for s in scores], axis=0), mean_by_class(scores))

    def _readings(self, rows: Rows) -> list[Reading]:
        """The fitted networks, ready to be read on other rows."""
        columns = np.arange(self.n_features_in_)
        pairs = zip(self.estimator_._networks, self._hidden_references, strict=True)
        return [self._plan.reading(trained, rows, columns, mean) for trained, mean in pairs]

    def _checked(self, X: Any, y: Any) -> tuple[Any, Target]:
        check_is_fitted(self, "ranking_")
        X, y = check_rows(self, X, reset=False, y=y)
        return X, encode_like(y, self.estimator_._target)


def _require_alone(sample_weight: Any, sample_mask: Any) -> None:
    if sample_weight is not None or sample_mask is not None:
        raise ValueError(
            "importances without y takes batches, whose weights come with them: give tuples "
            "(X, y, sample_weight), with a weight of 0 for rows that are not to be scored."
        )
