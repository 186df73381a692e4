"""The abstract ensemble: parameters become rounds of training, and networks predictions."""

from __future__ import annotations

import copy
import inspect
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from numbers import Integral, Real
from os import PathLike
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from sklearn_deeplifft.ensembles._applicable import require_applicable
from sklearn_deeplifft.ensembles._checkpoints import Checkpoints
from sklearn_deeplifft.ensembles._knockoff_map import knockoff_map_of
from sklearn_deeplifft.ensembles._plan import (
    Split,
    TrainingConfig,
    digest_of,
    exported,
    finish,
    make_plan,
    run,
    untrained,
)
from sklearn_deeplifft.ensembles._predictions import mean_logits
from sklearn_deeplifft.ensembles._progress import reporter
from sklearn_deeplifft.ensembles._settings import epochs_within, network_settings
from sklearn_deeplifft.ensembles._training import Execution
from sklearn_deeplifft.ensembles._validation_score import score_interval, validation_scores
from sklearn_deeplifft.networks import (
    TrainedNetwork,
    clone_network,
    network_kind,
    output_kind_of,
)
from sklearn_deeplifft.tables import (
    FeatureGroups,
    FitData,
    Rows,
    check_rows,
    require_device,
    require_layer_sizes,
    validated,
)

__all__ = ["BaseNetworkEnsemble", "all_or_nothing"]

ROWS_RUN = 64
"""Rows that an untrained module is run on to find out what it returns."""


class BaseNetworkEnsemble(BaseEstimator, ABC):
    """N networks trained on one table, each with its own seed and its own rows held out.

    Final subclasses give ``__init__``, say what a target is, and turn outputs into predictions.
    """

    _parameter_constraints: dict = {
        "network": "no_validation",
        "n_networks": [Interval(Integral, 1, None, closed="left")],
        "hidden_layer_sizes": ["array-like"],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "noise": [Interval(Real, 0, None, closed="left")],
        "l2": [Interval(Real, 0, None, closed="left")],
        "loss": [StrOptions({"auto", "soft_f1"})],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "weight_decay": [StrOptions({"auto"}), Interval(Real, 0, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "max_steps": [None, Interval(Integral, 1, None, closed="left")],
        "patience": [None, Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "validation_fraction": [Interval(Real, 0, 0.5, closed="both")],
        "standardize": ["boolean"],
        "gates": [None, StrOptions({"tied", "free"})],
        "gate_initial": [StrOptions({"one", "uniform"})],
        "gate_penalty": [None, StrOptions({"path"}), Interval(Real, 0, 1, closed="both")],
        "path_steps": [Interval(Integral, 1, None, closed="left")],
        "null_features": ["boolean"],
        "n_jobs": [None, Integral],
        "checkpoint_dir": [None, str, PathLike],
        "device": [str],
        "random_state": ["random_state"],
        "verbose": ["verbose", callable],
    }

    class_weight: Any = None
    """A regression has no classes to weigh."""
    prefit = False
    """An ensemble trains its networks; one that is fitted is read by a selector."""

    @property
    @abstractmethod
    def _task(self) -> str:
        """What the target is taken for: "classification" or "regression"."""

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, sample_weight=None, groups=None):
        """Train the networks.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Any real dtype; CSR and CSC matrices and memory maps are read block by block.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative; a weight of 2 equals the row twice, 0 equals no row.
        groups : array-like of shape (n_samples,), default=None
            Rows of one group (a chromosome, a patient, a pair) are held out together.

        Returns
        -------
        self : object
            The fitted ensemble. After an error it is as it was before the call.
        """
        with all_or_nothing(self):
            self._require_trainable()
            data = validated(self, X, y, sample_weight, None, groups, self._task)
            self._train(data)
        return self

    def _require_trainable(self) -> None:
        """Find out before hours of training what would fail after them."""
        kind = network_kind(self.network)
        signature = inspect.signature(type(self).__init__).parameters.values()
        defaults = {p.name: p.default for p in signature if p.name != "self"}
        require_applicable(kind, self.get_params(deep=False), defaults, self.network)
        if self.checkpoint_dir is not None and self.random_state is None:
            raise ValueError(
                "checkpoint_dir needs random_state: with None every fit draws other networks, and "
                "none could be taken up again. Pass an integer."
            )
        require_layer_sizes(self.hidden_layer_sizes)
        require_device(self.device)

    def _train(self, data: FitData) -> None:
        columns = np.arange(data.rows.shape[1])
        config = self._config(data, FeatureGroups(columns, columns))
        plan = make_plan(config, data, check_random_state(self.random_state))
        if network_kind(self.network) == "module":
            first = untrained(config, data, plan[0])
            if first is not None:
                few = data.rows.take(data.index[:ROWS_RUN])
                kind = output_kind_of(first, few, data.target.problem(1).kind)
                config = replace(config, output_kind=kind)
        networks, _ = run(config, data, plan, columns, lambda *_: None)
        finish(config, data, networks)
        self._keep(data, plan, exported(data, networks))

    def _config(self, data: FitData, groups: FeatureGroups) -> TrainingConfig:
        held = round(self.validation_fraction * len(data.index))
        epochs = epochs_within(self, len(data.index) - held)
        return TrainingConfig(
            estimator=self.network,
            settings=network_settings(self, data, groups, epochs),
            n_networks=self.n_networks,
            score_on="validation",
            validation_fraction=self.validation_fraction,
            standardize=self.standardize,
            report=reporter(self.verbose, type(self).__name__),
            spread=self._execution(data),
            null_features=self.null_features,
            knockoff_map=knockoff_map_of(data, groups) if self.null_features else None,
        )

    def _keep(self, data: FitData, plan: Sequence[Split], networks: list[TrainedNetwork]) -> None:
        """Become the ensemble of these networks."""
        self._networks = networks
        self._target = replace(data.target, codes=data.target.codes[:0])
        self.estimators_ = [trained.estimator for trained in networks]
        held = [split.validation for split in plan]
        self.validation_scores_ = validation_scores(networks, held, data)
        self.validation_score_ = float(np.mean(self.validation_scores_))
        self.validation_score_interval_ = score_interval(self.validation_scores_)

    def _mean_logits(self, X: Any) -> np.ndarray:
        check_is_fitted(self, "estimators_")
        rows = Rows(check_rows(self, X, reset=False))
        return mean_logits(self._networks, rows, self._target)

    def _execution(self, data: FitData) -> Execution:
        """Threads and checkpoints."""
        if self.checkpoint_dir is None:
            return Execution(self.n_jobs)
        return Execution(self.n_jobs, Checkpoints(self.checkpoint_dir), digest_of(data))

    def __sklearn_clone__(self):
        # The network apart from the rest: sklearn copies deeply, and torch refuses to copy a
        # module whose weight norm is of the older form.
        plain = copy.copy(self)
        plain.network = None
        twin = super(BaseNetworkEnsemble, plain).__sklearn_clone__()
        twin.network = clone_network(self.network)
        return twin

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = False
        return tags


@contextmanager
def all_or_nothing(estimator: Any) -> Iterator[None]:
    """After an exception the estimator is as it was."""
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise
