"""Floor 2: the abstract selector. It validates, trains, ranks and cuts; subclasses score."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from numbers import Integral, Real
from os import PathLike
from typing import Any

import joblib
import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, MetaEstimatorMixin, _fit_context
from sklearn.feature_selection import SelectorMixin
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from sklearn_deeplifft._correlations import correlated_pairs, require_threshold
from sklearn_deeplifft._fit_data import FitData, check_rows, digest_of, validated
from sklearn_deeplifft._groups import FeatureGroups, find_groups
from sklearn_deeplifft._inputs import require_device, require_layer_sizes
from sklearn_deeplifft._memory import remembered, require_memory
from sklearn_deeplifft._targets import TASKS
from sklearn_deeplifft._training import (
    Recipe,
    ScoreFunction,
    Scores,
    eliminate,
    exported,
    finish,
    make_plan,
    mean_by_class,
    run,
    untrained,
)
from sklearn_deeplifft.networks import (
    Checkpoints,
    NetSettings,
    Rows,
    Spread,
    Trained,
    adopt,
    ending_of,
    network_kind,
)
from sklearn_deeplifft.ranking import (
    bootstrap_interval,
    count_to_select,
    importance_threshold,
    nogueira_stability,
    rank,
    ranks,
    selection_frequency,
    top_mask,
    top_masks,
)

__all__ = ["BaseNetworkSelector"]


class BaseNetworkSelector(SelectorMixin, MetaEstimatorMixin, BaseEstimator, ABC):
    """A feature selector that ranks columns by what trained networks say of them.

    Final subclasses give ``__init__``, ``_score_function`` and ``_extra_settings``.
    """

    _parameter_constraints: dict = {
        "n_features_to_select": [
            None,
            Interval(Integral, 1, None, closed="left"),
            Interval(Real, 0, 1, closed="right"),
        ],
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
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "patience": [None, Interval(Integral, 1, None, closed="left")],
        "validation_fraction": [Interval(Real, 0, 0.5, closed="both")],
        "n_jobs": [None, Integral],
        "checkpoint_dir": [None, str, PathLike],
        "memory": [None, str, PathLike, joblib.Memory],
        "device": [str],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    @abstractmethod
    def _score_function(self, data: FitData) -> ScoreFunction:
        """Return what scores a trained network on rows and columns of ``data``."""

    @abstractmethod
    def _extra_settings(self, data: FitData) -> dict[str, Any]:
        """What the subclass adds to the settings of networks of ours."""

    def _require_readable(self, data: FitData, trained: Trained | None) -> None:
        """Refuse, before it is trained, a network that could not be read afterwards."""

    def _second_importances(self) -> np.ndarray | None:
        """What orders features of equal importance, (d,)."""

    def _after_scores(self, networks: Sequence[Trained], scores: Sequence[Scores]) -> None:
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
            data = validated(self, X, y, sample_weight, sample_mask, groups)
            self._check_parameters(data)
            remembered(self, data, lambda: self._rank(data))
            count_to_select(self.n_features_to_select, len(self._groups.first))
        return self

    def _check_parameters(self, data: FitData) -> None:
        """Find out before hours of training what would fail after them."""
        self._groups = find_groups(getattr(self, "groups", None), data.names, data.rows.shape[1])
        if self._selects_inputs():
            count_to_select(self.n_features_to_select, len(self._groups.first))
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

    def _rank(self, data: FitData) -> None:
        score = self._score_function(data)
        columns = np.arange(data.rows.shape[1])
        recipe = self._recipe(data)
        rng = check_random_state(self.random_state)
        if self.prefit:
            networks = [adopt(self.estimator)]
            rows = data.index[data.score_weight[data.index] > 0]
            scores = [score(networks[0], rows, columns)]
        else:
            plan = make_plan(recipe, data, rng)
            first = untrained(recipe, data, plan[0])
            self._require_readable(data, first)
            if network_kind(self.estimator) == "module" and first is not None:
                few = data.rows.take(data.index[:64])
                recipe = replace(recipe, ending=ending_of(first, few, data.target.problem(1).kind))
            networks, scores = run(recipe, data, plan, columns, score)
        self._after_scores(networks, scores)
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
            found = eliminate(recipe, data, plan, networks, scores, score, step, self._groups)
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

    def _set_importances(self, by_network: np.ndarray, rng: np.random.RandomState) -> None:
        self.importances_per_network_ = by_network
        self.feature_importances_ = by_network.mean(axis=0)
        self.importances_std_ = by_network.std(axis=0)
        self.importances_interval_ = bootstrap_interval(by_network, 0.95, 1000, rng)
        by_feature = ranks(self._groups.merged(by_network))
        self.mean_ranks_ = self._groups.spread(by_feature.mean(axis=0))
        self.ranks_std_ = self._groups.spread(by_feature.std(axis=0))

    def top_features(self, label=None, k: int = 10) -> np.ndarray:
        """The features that speak most for a class, or the best of all.

        Parameters
        ----------
        label : object, default=None
            A class of ``classes_`` (of several outputs: a pair of output and class; in
            regression the position of an output): order by its signed score in
            ``class_importances_``, highest first. None orders by ``ranking_``.
        k : int, default=10
            So many columns, whatever the current cut; all if there are fewer.

        Returns
        -------
        ndarray of shape (min(k, n_features),)
            Names, or positions if ``fit`` was given none or neurons were scored. Features whose
            score is not positive do not speak for the class; they come last.

        Raises
        ------
        ValueError
            The label is unknown, or ``k`` is not positive.
        """
        check_is_fitted(self, "ranking_")
        if not isinstance(k, Integral) or k < 1:
            raise ValueError(f"k={k!r} must be a positive integer: so many features are returned.")
        if label is None:
            values = -self.ranking_
        elif label in self._row_names:
            values = self.class_importances_[self._row_names.index(label)]
        else:
            known = ", ".join(map(str, self._row_names))
            raise ValueError(f"label={label!r} is not one of those that fit has seen: {known}.")
        best = np.argsort(-values, kind="stable")[:k]
        names = getattr(self, "feature_names_in_", None) if self._selects_inputs() else None
        return best if names is None else names[best]

    def redundant_features(self, X, threshold: float = 0.9) -> pd.DataFrame:
        """Columns that say nearly the same as a selected one, at the current cut.

        Networks share a score among such columns, or give it to one by chance: that a partner was
        left out does not say that it is irrelevant.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to take correlations from, such as those given to ``fit``.
        threshold : float, default=0.9
            Absolute Pearson correlation above which two columns are listed, between 0 and 1.

        Returns
        -------
        DataFrame
            One row for each selected column and partner: ``selected`` and ``partner`` (names, or
            positions if ``fit`` was given none), their ``correlation``, -1 to 1, and whether the
            partner is ``kept`` too. The best selected column first, then the closest partner.

        Raises
        ------
        ValueError
            The threshold is out of range, or neurons were ranked (``layer=``).
        """
        check_is_fitted(self, "ranking_")
        require_threshold(threshold)
        if not self._selects_inputs():
            raise ValueError(
                f"layer={self.layer!r} ranks neurons, and redundant_features compares columns of "
                "X; fit without layer=."
            )
        rows, mask = Rows(check_rows(self, X, reset=False)), self._get_support_mask()
        pairs = list(correlated_pairs(rows, threshold, np.flatnonzero(mask)))
        i, j, rho = (np.concatenate(part) for part in zip(*pairs, strict=True))
        order = np.lexsort((-np.abs(rho), i, self.ranking_[i]))
        i, j, rho = i[order], j[order], rho[order]
        names = getattr(self, "feature_names_in_", np.arange(len(mask)))
        return pd.DataFrame(
            {"selected": names[i], "partner": names[j], "correlation": rho, "kept": mask[j]}
        )

    @property
    def groups_(self) -> list[np.ndarray]:
        """Columns of each feature, in the order of their first columns."""
        check_is_fitted(self, "ranking_")
        return self._groups.columns

    @property
    def selection_frequency_(self) -> np.ndarray:
        """Share of the networks that would select each feature at the current cut, (d,)."""
        return self._groups.spread(selection_frequency(self._masks_per_network()))

    @property
    def stability_(self) -> float:
        """Nogueira's index of the networks' own selections at the current cut."""
        masks = self._masks_per_network()
        with _as_attribute():
            return nogueira_stability(masks)

    def _masks_per_network(self) -> np.ndarray:
        check_is_fitted(self, "ranking_")
        with _as_attribute():
            k = self._groups.merged(self._get_support_mask()).sum()
        return top_masks(self._groups.merged(self.importances_per_network_), k)

    def _spread(self, data: FitData) -> Spread:
        """How the networks are spread over workers and checkpoints."""
        if self.checkpoint_dir is None:
            return Spread(self.n_jobs)
        return Spread(self.n_jobs, Checkpoints(self.checkpoint_dir), digest_of(data))

    def _recipe(self, data: FitData) -> Recipe:
        settings = NetSettings(
            hidden_layer_sizes=tuple(self.hidden_layer_sizes),
            dropout=self.dropout,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            batch_size=self.batch_size,
            max_epochs=self.max_epochs,
            patience=self.patience,
            device=self.device,
            **self._extra_settings(data),
        )
        return Recipe(
            estimator=self.estimator,
            settings=settings,
            spread=self._spread(data),
            # Neuron j of one network is not neuron j of the next: nothing to average.
            n_networks=self.n_networks if self._selects_inputs() else 1,
            score_on=getattr(self, "score_on", "all"),
            validation_fraction=self.validation_fraction,
            standardize=self.standardize,
            report=self._report,
            null_features=getattr(self, "null_features", False),
        )

    def _report(self, line: str) -> None:
        if self.verbose:
            print(f"[{type(self).__name__}] {line}", flush=True)

    def _selects_inputs(self) -> bool:
        """Whether columns of X are ranked, rather than neurons of a hidden layer."""
        return getattr(self, "layer", None) is None

    def _get_support_mask(self) -> np.ndarray:
        check_is_fitted(self, "ranking_")
        n, k = len(self._groups.first), self.n_features_to_select
        if self.threshold is None:
            return top_mask(self.ranking_, count_to_select(k, n))
        # A mean over features: a group's columns are one.
        by_feature = self._groups.merged(self.feature_importances_)
        limit = importance_threshold(by_feature, self.threshold)
        mask = self.feature_importances_ >= limit
        return mask if k is None else mask & top_mask(self.ranking_, count_to_select(k, n))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = False
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


@contextmanager
def _as_attribute() -> Iterator[None]:
    """What cannot be computed is not there: ``hasattr``, and scikit-learn's display, rely on it."""
    try:
        yield
    except ValueError as error:
        raise AttributeError(str(error)) from error


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
