"""Floor 2: the abstract selector. It validates, trains, ranks and cuts; subclasses score."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from numbers import Integral, Real
from os import PathLike
from typing import Any

import joblib
import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, _fit_context
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions

from sklearn_deeplifft.ensembles import (
    Checkpoints,
    Execution,
    Progress,
    ScoreFunction,
    TrainingConfig,
    digest_of,
    exported,
    finish,
    knockoff_map_of,
    make_plan,
    run,
    untrained,
)
from sklearn_deeplifft.exceptions import FeatureSelectionWarning
from sklearn_deeplifft.networks import (
    NetworkSettings,
    TrainedNetwork,
    is_regressor_network,
    known_classes,
    network_kind,
    output_kind_of,
    read_fitted,
)
from sklearn_deeplifft.ranking import (
    bootstrap_interval,
    count_to_select,
    importance_threshold,
    rank,
    ranks,
)
from sklearn_deeplifft.selectors._elimination import eliminate
from sklearn_deeplifft.selectors._fit_cache import remembered, require_memory
from sklearn_deeplifft.selectors._scores import Scores, mean_by_class
from sklearn_deeplifft.selectors._significance import (
    AUTO,
    Significance,
    Tested,
    against_nulls,
    explained,
    require_nulls_possible,
)
from sklearn_deeplifft.selectors._support import NO_CLASSES, RankedFeatures
from sklearn_deeplifft.tables import (
    TASKS,
    FeatureGroups,
    FitData,
    Names,
    find_groups,
    require_device,
    require_layer_sizes,
    validated,
)

__all__ = ["BaseNetworkSelector"]

PRIOR_ROWS = 2
"""Of ``weight_decay="auto"``."""


class BaseNetworkSelector(RankedFeatures, MetaEstimatorMixin, BaseEstimator, ABC):
    """A feature selector that ranks columns by what trained networks say of them.

    Final subclasses give ``__init__``, ``_score_function`` and ``_extra_settings``.
    """

    feature_groups: Any = None
    """Columns that are one feature, where a subclass has the parameter."""

    _parameter_constraints: dict = {
        "n_features_to_select": [
            None,
            Interval(Integral, 1, None, closed="left"),
            Interval(Real, 0, 1, closed="right"),
            StrOptions({AUTO}),
        ],
        "alpha": [Interval(Real, 0, 1, closed="neither")],
        "per_class": ["boolean"],
        "threshold": [None, Interval(Real, None, None, closed="both"), str],
        "n_networks": [Interval(Integral, 1, None, closed="left")],
        "step": [
            None,
            Interval(Integral, 1, None, closed="left"),
            Interval(Real, 0, 1, closed="neither"),
        ],
        "score_on": [StrOptions({"validation", "training", "all", "out_of_fold"})],
        "task": [StrOptions(set(TASKS))],
        "class_weight": [None, dict, StrOptions({"balanced"})],
        "standardize": ["boolean"],
        "prefit": ["boolean"],
        "hidden_layer_sizes": ["array-like"],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "weight_decay": [StrOptions({"auto"}), Interval(Real, 0, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "patience": [None, Interval(Integral, 1, None, closed="left")],
        "validation_fraction": [Interval(Real, 0, 0.5, closed="both")],
        "n_jobs": [None, Integral],
        "checkpoint_dir": [None, str, PathLike],
        "memory": [None, str, PathLike, joblib.Memory],
        "device": [str],
        "random_state": ["random_state"],
        "verbose": ["verbose", callable],
    }

    @abstractmethod
    def _score_function(self, data: FitData) -> ScoreFunction:
        """Return what scores a trained network on rows and columns of ``data``."""

    @abstractmethod
    def _extra_settings(self, data: FitData) -> dict[str, Any]:
        """What the subclass adds to the settings of networks of ours."""

    def _require_readable(self, data: FitData, trained: TrainedNetwork | None) -> None:
        """Refuse, before it is trained, a network that could not be read afterwards."""

    def _second_importances(self) -> np.ndarray | None:
        """What orders features of equal importance, (d,)."""

    def _after_scores(self, networks: Sequence[TrainedNetwork], scores: Sequence[Scores]) -> None:
        """Keep what else the networks on all features say; warn of what they could not answer."""

    def _after_fit(self, data: FitData) -> None:
        """Read the networks as the user will keep them."""

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, sample_weight=None, sample_mask=None, groups=None):
        """Train the networks, score the features, rank them.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Any real dtype; CSR and CSC matrices and memory maps are read block by block.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Labels of any type, a multilabel indicator, or numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative; a weight of 2 equals the row twice, 0 equals no row.
        sample_mask : array-like of bool of shape (n_samples,), default=None
            Rows that may be scored; all rows train.
        groups : array-like of shape (n_samples,), default=None
            Rows of one group (a chromosome, a patient, a pair) are held out together.

        Returns
        -------
        self : object
            The fitted selector. After an error it is as it was before the call.
        """
        network_kind(self.estimator)
        with _all_or_nothing(self):
            data = validated(self, X, y, sample_weight, sample_mask, groups, *_target_rule(self))
            self._check_parameters(data)
            remembered(self, data, lambda: self._rank(data))
            self._require_count(len(self._groups.first))
            self._explain_auto(data.names)
            self._warn_of_zeros()
        return self

    def _check_parameters(self, data: FitData) -> None:
        """Find out before hours of training what would fail after them."""
        self._groups = find_groups(self.feature_groups, data.names, data.rows.shape[1])
        if self._selects_inputs():
            self._require_count(len(self._groups.first))
        if self._trains_nulls:
            require_nulls_possible(self)
        if self.per_class and data.target.kind == "regression":
            raise ValueError(NO_CLASSES)
        if self.threshold is not None:
            importance_threshold(np.ones(1), self.threshold)
        if self.checkpoint_dir is not None and self.random_state is None:
            raise ValueError(
                "checkpoint_dir needs random_state: with None every fit draws other networks, and "
                "none could be taken up again. Pass an integer."
            )
        require_memory(self)
        require_layer_sizes(self.hidden_layer_sizes)
        require_device(self.device)

    @property
    def _trains_nulls(self) -> bool:
        """Whether networks are to read null features as well."""
        return self.n_features_to_select == AUTO or getattr(self, "null_features", False)

    def _require_count(self, n_features: int) -> None:
        """Refuse a count that there are no features for."""
        if self.n_features_to_select != AUTO:
            count_to_select(self.n_features_to_select, n_features)

    def _rank(self, data: FitData) -> None:
        score = self._score_function(data)
        columns = np.arange(data.rows.shape[1])
        recipe = self._recipe(data)
        rng = check_random_state(self.random_state)
        if self.prefit:
            networks = [read_fitted(self.estimator)]
            rows = data.index[data.score_weight[data.index] > 0]
            scores = [score(networks[0], rows, columns)]
        else:
            plan = make_plan(recipe, data, rng)
            first = untrained(recipe, data, plan[0])
            self._require_readable(data, first)
            if network_kind(self.estimator) == "module" and first is not None:
                few = data.rows.take(data.index[:64])
                recipe = replace(
                    recipe, output_kind=output_kind_of(first, few, data.target.problem(1).kind)
                )
            networks, scores = run(recipe, data, plan, columns, score)
        self._after_scores(networks, scores)
        self._compare_with_nulls(scores)
        self.class_importances_ = mean_by_class(scores)
        by_network = np.array([s.overall for s in scores])
        if not self._selects_inputs():  # neurons are not grouped
            every = np.arange(by_network.shape[1])
            self._groups = FeatureGroups(every, every)
        self._set_importances(by_network, rng)
        second = self._second_importances()
        self.ranking_ = self._groups.spread(
            rank(
                self._groups.merged(self.feature_importances_),
                None if second is None else self._groups.merged(second),
            )
        )
        self.decomposition_error_ = float(np.max([s.error for s in scores]))
        if hasattr(self, "step"):
            self.n_rounds_ = 1
        step = getattr(self, "step", None)
        if not self.prefit and step is not None and self._selects_inputs():
            weights = _path_weight(self), getattr(self, "smoothing", 0.0)
            found = eliminate(
                recipe, data, plan, networks, scores, score, step, self._groups, *weights
            )
            self.ranking_, shares, self.n_rounds_ = found
            self._set_importances(shares, rng)
        if not self.prefit:
            finish(recipe, data, networks)
            networks = exported(data, networks)
        self._networks = networks
        self.estimators_ = [network.estimator for network in networks]
        self.estimator_ = self.estimators_[0]
        self._row_names = data.target.row_names
        if data.target.classes is not None:
            self.classes_ = data.target.classes
        elif hasattr(self, "classes_"):  # of an earlier fit
            del self.classes_
        self._after_fit(data)

    def _compare_with_nulls(self, scores: Sequence[Scores]) -> None:
        """p and q of networks on all features, if they have read null ones as well."""
        nulls = [s.nulls for s in scores if s.nulls is not None]
        found = against_nulls(nulls, self._groups) if nulls else None
        self._tested = Tested(int(nulls[0].touched.sum()), len(nulls)) if nulls else None
        for name in Significance._fields:
            if found is not None:
                setattr(self, f"{name}_", getattr(found, name))
            elif hasattr(self, f"{name}_"):  # of an earlier fit
                delattr(self, f"{name}_")

    def _explain_auto(self, names: Names) -> None:
        """Warn of a selection that is empty, or could hardly be anything else."""
        if self.n_features_to_select != AUTO:
            return
        assert self._tested is not None
        q = self.q_values_
        if self.per_class:
            q = np.where(self.class_importances_ > 0, self.class_q_values_, 1).min(axis=0)
        said = explained(q, self.feature_importances_, names, self.alpha, self._tested)
        if said is not None:
            warnings.warn(said, FeatureSelectionWarning, stacklevel=3)

    def _warn_of_zeros(self) -> None:
        """Warn of a count that only features which say nothing can fill."""
        k = self.n_features_to_select
        if k is None or k == AUTO or self.threshold is not None or self.per_class:
            return
        if self._second_importances() is not None:  # these order them, then, and not by chance
            return
        by_feature = self._groups.merged(self.feature_importances_)
        k, n = count_to_select(k, len(by_feature)), int((by_feature != 0).sum())
        if k > n:
            warnings.warn(
                f"n_features_to_select={self.n_features_to_select} keeps {k - n} features of "
                f"importance 0, as only {n} of {len(by_feature)} have any. Ask for {max(n, 1)} or "
                "fewer, or set threshold as well.",
                FeatureSelectionWarning,
                stacklevel=3,
            )

    def _set_importances(self, by_network: np.ndarray, rng: np.random.RandomState) -> None:
        self.importances_per_network_ = by_network
        self.feature_importances_ = by_network.mean(axis=0)
        self.importances_std_ = by_network.std(axis=0)
        self.importances_interval_ = bootstrap_interval(by_network, 0.95, 1000, rng)
        by_feature = ranks(self._groups.merged(by_network))
        self.mean_ranks_ = self._groups.spread(by_feature.mean(axis=0))
        self.ranks_std_ = self._groups.spread(by_feature.std(axis=0))

    def _spread(self, data: FitData) -> Execution:
        """How the networks are spread over workers and checkpoints."""
        if self.checkpoint_dir is None:
            return Execution(self.n_jobs)
        return Execution(self.n_jobs, Checkpoints(self.checkpoint_dir), digest_of(data))

    def _recipe(self, data: FitData) -> TrainingConfig:
        settings = NetworkSettings(
            hidden_layer_sizes=tuple(self.hidden_layer_sizes),
            dropout=self.dropout,
            learning_rate=self.learning_rate,
            weight_decay=self._weight_decay(len(data.index)),
            batch_size=self.batch_size,
            max_epochs=self.max_epochs,
            patience=self.patience,
            device=self.device,
            **self._extra_settings(data),
        )
        return TrainingConfig(
            estimator=self.estimator,
            settings=settings,
            spread=self._spread(data),
            # Neuron j of one network is not neuron j of the next: nothing to average.
            n_networks=self.n_networks if self._selects_inputs() else 1,
            score_on=getattr(self, "score_on", "all"),
            validation_fraction=self.validation_fraction,
            standardize=self.standardize,
            report=self._report,
            null_features=self._trains_nulls,
            knockoff_map=knockoff_map_of(data, self._groups) if self._trains_nulls else None,
        )

    def _weight_decay(self, n: int) -> float:
        """``"auto"`` is a prior that speaks as loudly as `PRIOR_ROWS` rows do."""
        return PRIOR_ROWS / n if self.weight_decay == "auto" else self.weight_decay

    def _report(self, said: object) -> None:
        """Hand progress on to the user's callable, or print what is said."""
        if callable(self.verbose):
            if isinstance(said, Progress):
                self.verbose(said)
        elif self.verbose:
            print(f"[{type(self).__name__}] {said}", flush=True)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = False
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


@contextmanager
def _all_or_nothing(estimator: Any) -> Iterator[None]:
    """After an exception the estimator is as it was."""
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise


def _path_weight(selector: BaseNetworkSelector) -> float:
    """The weight of the path in elimination; of one class it says nothing."""
    on_path = getattr(selector, "gate_penalty", None) == "path"
    one_class = getattr(selector, "target_class", None) is not None
    return getattr(selector, "path_weight", 0.0) if on_path and not one_class else 0.0


def _target_rule(selector):
    task = "regression" if is_regressor_network(selector.estimator) else selector.task
    return task, partial(known_classes, selector.estimator) if selector.prefit else None
