"""The abstract selector: it reads networks of an ensemble, ranks and cuts; scorers score."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from numbers import Integral
from os import PathLike
from typing import Any, Self

import joblib
import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, _fit_context
from sklearn.utils import check_random_state

from sklearn_deeplifft.attribution import neutral_torch
from sklearn_deeplifft.ensembles import (
    NetworkEnsembleClassifier,
    NetworkEnsembleRegressor,
    Report,
    all_or_nothing,
    ensemble_for,
    network_count,
    reporter,
)
from sklearn_deeplifft.networks import TrainedNetwork, clone_holder
from sklearn_deeplifft.ranking import (
    bootstrap_interval,
    count_to_select,
    importance_threshold,
    rank,
    ranks,
    sample_std,
)
from sklearn_deeplifft.saving import SavableMixin
from sklearn_deeplifft.selectors._at_chance import warn_at_chance
from sklearn_deeplifft.selectors._cut import CUT
from sklearn_deeplifft.selectors._cut_warnings import warn_of_cut
from sklearn_deeplifft.selectors._digests import digests_of
from sklearn_deeplifft.selectors._elimination import eliminate, require_possible
from sklearn_deeplifft.selectors._fit_cache import remembered, require_memory
from sklearn_deeplifft.selectors._quantities import Quantities
from sklearn_deeplifft.selectors._reported import Reported
from sklearn_deeplifft.selectors._rows_scored import (
    require_known,
    rows_of_rounds,
    rows_to_score,
)
from sklearn_deeplifft.selectors._scores import Scorer, Scores, mean_by_class
from sklearn_deeplifft.selectors._significance import (
    AUTO,
    Significance,
    against_nulls,
)
from sklearn_deeplifft.selectors._slopes import mean_slopes
from sklearn_deeplifft.selectors._sources import FirstRound, Source, require_settable, source_of
from sklearn_deeplifft.selectors._support import NO_CLASSES, RankedFeatures
from sklearn_deeplifft.selectors._unused import warn_unused
from sklearn_deeplifft.tables import (
    FeatureGroups,
    FitData,
    Names,
    check_rows,
    column_indices,
    find_groups,
    gathered,
    group_labels,
    names_of,
    require_machine_numbers,
)

__all__ = ["BaseNetworkSelector"]


class BaseNetworkSelector(
    SavableMixin, RankedFeatures, Reported, MetaEstimatorMixin, BaseEstimator, ABC
):
    """A feature selector that ranks columns by what the networks of an ensemble say of them.

    Final subclasses give ``__init__``, ``_own_defaults`` and ``_scorer``, and declare which of
    the optional parameters below they have.
    """

    feature_groups: Any = None
    target_class: Any = None
    score_on: str = "all"
    step: float | str | None = None
    """Elimination; None ranks in one pass."""
    smoothing: float = 0.0
    path_weight: float = 0.0

    _parameter_constraints: dict[str, Any] = {
        "estimator": "no_validation",
        **CUT,
        "target_class": "no_validation",
        "feature_groups": "no_validation",
        "prefit": ["boolean"],
        "memory": [None, str, PathLike, joblib.Memory],
        "random_state": ["random_state"],
        "verbose": ["verbose", callable],
    }

    @classmethod
    def default_estimator(
        cls, task: str = "classification", **changes: Any
    ) -> NetworkEnsembleClassifier | NetworkEnsembleRegressor:
        """Return the ensemble that ``estimator=None`` stands for, with some changes.

        Parameters
        ----------
        task : {"classification", "regression"}, default="classification"
        **changes
            Parameters of `NetworkEnsembleClassifier` or `NetworkEnsembleRegressor`. Those that are
            left out may follow from them: with ``null_features=True`` `GIATransformer` trains
            18 networks under a penalty, in the place of 10 without.

        Returns
        -------
        NetworkEnsembleClassifier or NetworkEnsembleRegressor
            Not fitted.

        Examples
        --------
        >>> from sklearn_deeplifft import DeepLIFFTSelector, ImportanceNeuronSelector
        >>> DeepLIFFTSelector.default_estimator(n_networks=4)
        NetworkEnsembleClassifier(linear_share=0.33..., n_networks=4)
        >>> ImportanceNeuronSelector.default_estimator("regression").path_steps
        500
        """
        nulls = bool(changes.get("null_features"))
        own = cls._own_defaults(changes.get("network"), null_features=nulls)
        return ensemble_for(task, own, **changes)

    @staticmethod
    @abstractmethod
    def _own_defaults(network: Any, *, null_features: bool) -> dict[str, Any]:
        """Values in which the default ensemble, around ``network``, differs from an ensemble's."""

    @abstractmethod
    def _scorer(self, data: FitData, source: Source) -> Scorer:
        """Settle how networks are scored on a table; keep on ``self`` what other rows need."""

    @abstractmethod
    def _quantities(self, kind: str) -> Quantities:
        """Name what the numbers of this fit are, on a target of this kind."""

    def _features(self, data: FitData, source: Source) -> FeatureGroups:
        """Find the columns that are one feature."""
        return find_groups(self.feature_groups, data.names, data.rows.shape[1])

    def _second_importances(self) -> np.ndarray | None:
        """Second key that orders features of equal importance, (d,); None has none."""

    def _after_scores(
        self,
        data: FitData,
        networks: Sequence[TrainedNetwork],
        scores: Sequence[Scores],
        rows: Sequence[np.ndarray],
    ) -> None:
        """Keep what else the networks on all features say; warn of what they could not answer."""

    def _after_fit(self, data: FitData) -> None:
        """Read the networks as the user will keep them."""

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        sample_mask: Any = None,
        groups: Any = None,
    ) -> Self:
        """Train the networks, score the features, rank them.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Any real dtype; CSR and CSC matrices and memory maps are read block by block.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Labels of any type, a multilabel indicator, or numbers. Several columns of 0 and 1 are
            labels; of other values, each column is an output with classes of its own.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative; 0 equals no row. A weight of 2 equals the row twice, unless rows of the
            same values have other targets, as in tables of categories: two rows are then two.
        sample_mask : array-like of bool of shape (n_samples,), default=None
            Rows that may be scored; all rows train.
        groups : array-like of shape (n_samples,), default=None
            Rows of one group (a chromosome, a patient, a pair) are held out together.

        Returns
        -------
        self : object
            The fitted selector. After an error it is as it was before the call.
        """
        with all_or_nothing(self), neutral_torch():
            self._layer = self.layer
            self._seed = _seed_of(self.random_state)
            X, y = gathered(X), gathered(y)
            X, checked = check_rows(self, X, reset=True, y=y)
            source = self._source(y)
            given = {"sample_weight": sample_weight, "sample_mask": sample_mask, "groups": groups}
            if not source.prefit:
                given["straight"] = self._straight_columns(names_of(self), X.shape[1])
            data = source.fit_data(X, checked, names_of(self), **given)
            self._groups = self._features(data, source)
            self._check_parameters(data, source)
            remembered(self, data, source, lambda: self._rank(data, source))
            self._n_rows, self._digests = X.shape[0], digests_of(X, checked)
            self._group_labels = group_labels(self.feature_groups, data.names, X.shape[1])
            self._require_count(len(self._groups.first))
            warn_at_chance(self.estimator_)
            warn_of_cut(self, data)
        return self

    def _straight_columns(self, names: Names, d: int) -> list[np.ndarray]:
        """Positions of columns whose sums are read, which a logarithm would bend."""
        groups = getattr(self, "simplex_groups", None) or ()
        return [column_indices(group, names, d) for group in groups]

    def _validate_params(self) -> None:
        require_machine_numbers(self.get_params(deep=False))
        super()._validate_params()

    def _source(self, y: Any) -> Source:
        changes: dict[str, Any] = {}
        if self.n_features_to_select == AUTO:
            changes["null_features"] = True
        if self.layer is not None:
            # Neuron j of one network is not neuron j of the next: nothing to average.
            changes["n_networks"] = 1
        return source_of(
            self.estimator,
            prefit=self.prefit,
            y=y,
            kind=type(self),
            seed=self._seed,
            seeded=self.random_state is not None,
            changes=changes,
        )

    def _check_parameters(self, data: FitData, source: Source) -> None:
        """Find out before hours of training what would fail after them."""
        warn_unused(self, source, data.target.kind)
        if self._selects_inputs():
            self._require_count(len(self._groups.first))
        elif self.n_features_to_select == AUTO:
            raise ValueError(
                f'n_features_to_select="auto" compares columns with null ones, and the neurons of '
                f"layer={self.layer!r} have none. Give a number of neurons, or rank columns "
                "(layer=None)."
            )
        if self.per_class and data.target.kind == "regression":
            raise ValueError(NO_CLASSES)
        if self.threshold is not None:
            importance_threshold(np.ones(1), self.threshold)
        if self._eliminates(source):
            require_possible(source.ensemble)
        require_memory(self, source)

    def _eliminates(self, source: Source) -> bool:
        return not source.prefit and self.step is not None and self._selects_inputs()

    def _require_count(self, n_features: int) -> None:
        """Refuse a count that there are no features for."""
        if self.n_features_to_select != AUTO:
            count_to_select(self.n_features_to_select, n_features)

    def _rank(self, data: FitData, source: Source) -> None:
        scorer = self._scorer(data, source)
        columns = np.arange(data.rows.shape[1])
        first = self._first_round(data, source, scorer)
        rows = rows_to_score(self.score_on, data, first.held_out, len(first.networks))
        scores = [
            scorer(trained, index, columns)
            for trained, index in zip(first.networks, rows, strict=True)
        ]
        self._after_scores(data, first.networks, scores, rows)
        self._compare_with_nulls(scores, first)
        self.class_importances_ = mean_by_class(scores)
        self._keep_slopes(scores)
        by_network = np.array([s.overall for s in scores])
        if not self._selects_inputs():  # neurons are not grouped
            every = np.arange(by_network.shape[1])
            self._groups = FeatureGroups(every, every)
        self.decomposition_error_ = float(np.max([s.error for s in scores]))
        if self._eliminates(source):
            self._eliminate(first, source, scorer, scores, rows)
        else:
            self._set_importances(by_network)
            self.ranking_ = self._groups.spread(self._ranks_of(self.feature_importances_))
        self.quantities_ = self._quantities(data.target.kind)
        self.estimator_ = source.fitted(first, data)
        self.at_chance_ = self.estimator_.at_chance_
        self._keep_classes(data)
        self._after_fit(data)

    def _eliminate(
        self,
        first: FirstRound,
        source: Source,
        scorer: Scorer,
        scores: Sequence[Scores],
        rows: Sequence[np.ndarray],
    ) -> None:
        """Importances and ranking of rounds on ever fewer features, in the place of one round's."""
        assert first.rounds is not None
        assert self.step is not None
        found = eliminate(
            first.rounds,
            first.networks,
            scores,
            scorer,
            rows_of_rounds(rows, [split.seed for split in first.rounds.splits], first.rounds.data),
            step=self.step,
            groups=self._groups,
            path_weight=self._path_weight(source),
            smoothing=self.smoothing,
            signed=self.target_class is not None,
        )
        self.ranking_, shares, self.n_rounds_, self.linear_replaced_ = found
        self._set_importances(shares)

    def _first_round(self, data: FitData, source: Source, scorer: Scorer) -> FirstRound:
        out_of_fold = self.score_on == "out_of_fold"
        n_networks = network_count(source.ensemble, len(data.index))
        if out_of_fold and not source.prefit and n_networks < 2:
            raise ValueError(
                f"score_on='out_of_fold' needs n_networks >= 2, got {n_networks} (layer= trains "
                "one): each network scores the rows it was not trained on, and together they "
                "cover all."
            )
        n_folds = n_networks if out_of_fold else None
        report = self._reporter(source)
        first = source.first_round(
            *(data, self._groups, n_folds, report),
            lambda held_out: require_known(self.score_on, held_out, data),
            lambda trained: self._require_count(scorer.require_readable(trained)),
        )
        if self.n_features_to_select == AUTO and first.networks[0].null_columns is None:
            raise ValueError(
                'n_features_to_select="auto" compares columns with null ones, and these networks '
                "read none. Fit the ensemble with null_features=True and pass the table it was "
                "trained on, or leave prefit=False."
            )
        return first

    def _reporter(self, source: Source) -> Report:
        """Report progress as the selector says, or else its ensemble."""
        verbose = self.verbose or (not source.prefit and source.ensemble.verbose)
        return reporter(verbose, type(self).__name__)

    def _ranks_of(self, importances: np.ndarray) -> np.ndarray:
        second = self._second_importances()
        second = None if second is None else self._groups.merged(second)
        return rank(self._groups.merged(importances), second)

    def _path_weight(self, source: Source) -> float:
        """The weight of the path in elimination; of one class it says nothing."""
        one_class = self.target_class is not None
        return self.path_weight if source.on_path and not one_class else 0.0

    def _compare_with_nulls(self, scores: Sequence[Scores], first: FirstRound) -> None:
        """Keep p and q of networks on all features, if they have read null ones as well."""
        nulls = [s.nulls for s in scores if s.nulls is not None]
        found, self._tested = None, None
        if nulls:
            read = first.networks[0].null_columns
            families = None if read is None else read.families
            found, self._tested = against_nulls(nulls, self._groups, families)
        for name in Significance._fields:
            self._forget(f"{name}_")
            if found is not None:
                setattr(self, f"{name}_", getattr(found, name))

    def _keep_classes(self, data: FitData) -> None:
        self._row_names = data.target.row_names
        self._forget("classes_")
        if data.target.classes is not None:
            self.classes_ = data.target.classes

    def _keep_slopes(self, scores: Sequence[Scores]) -> None:
        """Slopes of networks on all features, as the class scores are: every column has one."""
        self._forget("class_slopes_")
        slopes = mean_slopes(scores)
        if slopes is not None:
            self.class_slopes_ = slopes

    def _forget(self, name: str) -> None:
        """Drop what an earlier fit has set and this one may not."""
        if name in vars(self):
            delattr(self, name)

    def set_params(self, **params: Any) -> Self:
        """Set parameters, by ``estimator__`` those of the ensemble that was given."""
        require_settable(type(self), params.get("estimator", self.estimator), params)
        super().set_params(**params)
        return self

    def _set_importances(self, by_network: np.ndarray) -> None:
        self.importances_per_network_ = by_network
        self.feature_importances_ = by_network.mean(axis=0)
        self.importances_std_ = sample_std(by_network)
        # A generator of its own: networks that were trained elsewhere have the same interval.
        rng = np.random.RandomState(self._seed)
        self.importances_interval_ = bootstrap_interval(by_network, 0.95, 1000, rng)
        by_feature = ranks(self._groups.merged(by_network))
        self.mean_ranks_ = self._groups.spread(by_feature.mean(axis=0))
        self.ranks_std_ = self._groups.spread(sample_std(by_feature))

    def __sklearn_clone__(self) -> Self:
        return clone_holder(self, "estimator")


def _seed_of(random_state: Any) -> int:
    """An integer as it is; a generator, or None, draws one."""
    if isinstance(random_state, Integral):
        return int(random_state)
    return int(check_random_state(random_state).randint(2**31 - 1))
