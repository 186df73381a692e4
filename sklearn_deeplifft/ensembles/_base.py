"""The abstract ensemble: parameters become rounds of training, and networks predictions."""

from __future__ import annotations

import copy
import inspect
import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from numbers import Integral, Real
from os import PathLike
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from sklearn_deeplifft.attribution import neutral_torch
from sklearn_deeplifft.ensembles._applicable import require_applicable
from sklearn_deeplifft.ensembles._checkpoints import Checkpoints
from sklearn_deeplifft.ensembles._choice_said import choice_said, pairs_said, unskewed_said
from sklearn_deeplifft.ensembles._knockoff_map import families_of, knockoff_map_of
from sklearn_deeplifft.ensembles._linear import with_linear_members
from sklearn_deeplifft.ensembles._network_count import network_count
from sklearn_deeplifft.ensembles._out_of_fold import (
    UNKNOWN,
    OutOfFold,
    out_of_fold,
    without_outputs,
)
from sklearn_deeplifft.ensembles._pair_starts import starting_pairs
from sklearn_deeplifft.ensembles._predictions import mean_logits
from sklearn_deeplifft.ensembles._progress import Report, reporter
from sklearn_deeplifft.ensembles._rounds import (
    Rounds,
    digest_of,
    digest_of_table,
    target_units,
    with_nulls_held,
    with_target_units,
)
from sklearn_deeplifft.ensembles._settings import (
    as_recommended,
    epochs_within,
    in_parts,
    network_settings,
    rows_within,
)
from sklearn_deeplifft.ensembles._splits import (
    deal_splits,
    fold_count,
    packed,
    shares_restored,
    thinned,
    unpacked,
    with_null_draws,
)
from sklearn_deeplifft.ensembles._training import Execution
from sklearn_deeplifft.ensembles._training_choice import Gates, choice_frame
from sklearn_deeplifft.ensembles._validation_score import score_interval, validation_scores
from sklearn_deeplifft.networks import (
    TrainedNetwork,
    adapter_of,
    clone_holder,
    name_classes,
    name_columns,
)
from sklearn_deeplifft.saving import SavableMixin
from sklearn_deeplifft.tables import (
    FeatureGroups,
    FitData,
    Rows,
    Target,
    Task,
    check_rows,
    encode_like,
    encode_target,
    fit_data,
    names_of,
    require_device,
    require_finite_answers,
    require_layer_sizes,
    require_machine_numbers,
    require_varied,
)

__all__ = ["BaseNetworkEnsemble", "all_or_nothing", "defaults_of"]


LARGEST = 1e30
"""Largest size of a setting that multiplies weights: single precision holds it and its products."""


class BaseNetworkEnsemble(SavableMixin, BaseEstimator, ABC):
    """N networks trained on one table, each with its own seed and its own rows held out.

    Final subclasses give ``__init__``, say what a target is, and turn outputs into predictions.
    """

    _parameter_constraints: dict[str, Any] = {
        "network": "no_validation",
        "n_networks": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "hidden_layer_sizes": ["array-like"],
        "linear_share": [Interval(Real, 0, 1, closed="both")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "noise": [Interval(Real, 0, LARGEST, closed="both")],
        "l2": [Interval(Real, 0, LARGEST, closed="both")],
        "loss": [StrOptions({"auto", "soft_f1"})],
        "learning_rate": [Interval(Real, 0, LARGEST, closed="right")],
        "weight_decay": [StrOptions({"auto"}), Interval(Real, 0, LARGEST, closed="both")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "max_steps": [None, Interval(Integral, 1, None, closed="left")],
        "patience": [None, Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, LARGEST, closed="both")],
        "validation_fraction": [Interval(Real, 0, 0.5, closed="both")],
        "standardize": ["boolean"],
        "unskew": ["boolean"],
        "gates": [None, StrOptions({"tied", "free"})],
        "gate_initial": [StrOptions({"one", "uniform"})],
        "gate_penalty": [None, StrOptions({"path"}), Interval(Real, 0, 1, closed="both")],
        "path_steps": [Interval(Integral, 1, None, closed="left")],
        "null_features": ["boolean"],
        "n_jobs": [
            None,
            Interval(Integral, 1, None, closed="left"),
            Interval(Integral, None, -1, closed="right"),
        ],
        "checkpoint_dir": [None, str, PathLike],
        "device": [str],
        "random_state": ["random_state"],
        "verbose": ["verbose", callable],
    }

    class_weight: Any = None
    """A regression has no classes to weigh."""

    @property
    @abstractmethod
    def _task(self) -> Task:
        """Task that the target is taken for."""

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None) -> Self:
        """Train the networks.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Any real dtype; CSR and CSC matrices and memory maps are read block by block.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative; 0 equals no row. A weight of 2 equals the row twice, unless rows of the
            same values have other targets, as in tables of categories: two rows are then two.
        groups : array-like of shape (n_samples,), default=None
            Rows of one group (a chromosome, a patient, a pair) are held out together.

        Returns
        -------
        self : object
            The fitted ensemble. After an error it is as it was before the call.
        """
        with all_or_nothing(self), neutral_torch():
            self._require_trainable()
            X, y = check_rows(self, X, reset=True, y=y)
            data = self._fit_data(X, y, names_of(self), sample_weight=sample_weight, groups=groups)
            rounds = self._rounds(data, reporter(self.verbose, type(self).__name__))
            if rounds.adapter.may_return_probabilities:
                rounds = rounds.answering_as(rounds.untrained())
            networks = rounds.train_first()
            with_target_units(rounds, networks)
            self._keep(rounds, with_nulls_held(data, networks))
        return self

    def _validate_params(self) -> None:
        require_machine_numbers(self.get_params(deep=False))
        super()._validate_params()

    def _require_trainable(self) -> None:
        """Find out before hours of training what would fail after them."""
        given, defaults = self.get_params(deep=False), defaults_of(self)
        adapter = adapter_of(self.network)
        require_applicable(adapter, given, defaults)
        regression = self._task == "regression"
        if adapter.task != "auto" and (adapter.task == "regression") != regression:
            raise ValueError(
                f"network={self.network!r} answers a {adapter.task}, and {type(self).__name__} "
                f"asks for a {self._task}; use the other of the two ensembles, or another network."
            )
        if self.checkpoint_dir is not None and self.random_state is None:
            raise ValueError(
                "checkpoint_dir needs random_state: with None every fit draws other networks, and "
                "none could be taken up again. Pass an integer."
            )
        require_layer_sizes(self.hidden_layer_sizes)
        require_device(self.device)
        adapter.require_obeyed()

    def _fit_data(
        self, X: Any, y: Any, names: np.ndarray | None, *, known: bool = False, **given: Any
    ) -> FitData:
        """Make a table ready for these networks; ``known`` encodes y as the last fit did."""
        encode = self._encode_known if known else self._encode
        return fit_data(
            X,
            y,
            names,
            encode,
            class_weight=self.class_weight,
            standardize=self.standardize,
            unskew=self.unskew,
            **given,
        )

    def _encode(self, X: Any, y: Any) -> Target:
        target = encode_target(y, self._task)
        require_varied(target)
        return target

    def _encode_known(self, X: Any, y: Any) -> Target:
        return encode_like(y, self._target)

    def _rounds(
        self,
        data: FitData,
        report: Report,
        groups: FeatureGroups | None = None,
        n_folds: int | None = None,
    ) -> Rounds:
        """Rounds of training on a table; columns of ``groups`` share gates.

        ``n_folds`` are held out whole.
        """
        columns = np.arange(data.rows.shape[1])
        groups = FeatureGroups(columns, columns) if groups is None else groups
        whole_folds = n_folds is not None
        if n_folds is None:  # no more of them than there is something to hold out
            n_units = len(data.index if data.groups is None else np.unique(data.groups[data.index]))
            n_folds = min(fold_count(self.validation_fraction), n_units)
        rng = check_random_state(self.random_state)
        splits = deal_splits(data, network_count(self, len(data.index)), n_folds, rng)
        own = as_recommended(self, defaults_of(self))
        n_held = round(self.validation_fraction * len(data.index))
        n_training = len(data.index) - n_held
        most = rows_within(own, n_training)
        if most < n_training:
            few, whole = math.ceil(n_held * most / n_training), splits
            splits = thinned(whole, data, most, None if whole_folds else few)
            splits, n_training = shares_restored(whole, splits, data), most
        if self.null_features:
            families = families_of(data, groups)
            nulls = knockoff_map_of(data, families), families
            splits = with_null_draws(splits, data, *nulls)
        settings = network_settings(own, data, groups, epochs_within(own, n_training))
        if adapter_of(self.network).built_here:
            settings = in_parts(settings, own.max_epochs, n_training)
        if self.linear_share:
            splits = with_linear_members(
                splits, self.linear_share, settings, n_training, self.max_steps
            )
        return Rounds(
            adapter=adapter_of(self.network),
            settings=settings,
            data=data,
            splits=splits,
            execution=self._execution(data),
            report=report,
        )

    def _keep(self, rounds: Rounds, networks: Sequence[TrainedNetwork]) -> None:
        """Become the ensemble of these networks, trained by ``rounds``."""
        data = rounds.data
        found = out_of_fold(networks, rounds.held_out, data, target_units(rounds))
        networks = [without_outputs(trained) for trained in networks]
        self._keep_networks(networks, data)
        self._keep_out_of_fold(found)
        name_classes(networks, self._target)
        name_columns(networks, data.names)
        self._gate_groups = rounds.gate_groups
        self._digest = digest_of_table(data)
        self._held_out_bits = packed(rounds.held_out, data.rows.shape[0])
        self.validation_scores_ = validation_scores(networks, rounds.held_out, data)
        known = self.validation_scores_[~np.isnan(self.validation_scores_)]
        self.validation_score_ = float(known.mean()) if len(known) else np.nan
        self.validation_score_interval_ = score_interval(known)

    def _keep_given(self, networks: Sequence[TrainedNetwork], data: FitData) -> None:
        """Become the ensemble of networks that were trained elsewhere; no held-out row is known."""
        self._keep_networks(networks, data)
        self._keep_out_of_fold(UNKNOWN)
        self._gate_groups, self._digest, self._held_out_bits = None, "", []
        self.validation_scores_ = np.full(len(networks), np.nan)
        self.validation_score_, self.validation_score_interval_ = np.nan, np.full(2, np.nan)

    @property
    def training_choice_(self) -> pd.DataFrame:
        """What the training of each network came to, and which epoch of it was kept.

        One row per network, in the order of ``estimators_``; the index is called ``network``.

        - ``hidden_layer_sizes``: a tuple, empty without a hidden layer;
        - ``on_path``: whether a penalty rose along a path;
        - ``epochs`` that were run, 1 or more;
        - ``kept_epoch``: the one whose weights the network has, 1 or more;
        - ``kept_by``: what decided on it, ``"held-out loss"`` (better by ``tol`` at least; with
          ``l2`` times the squared weights), ``"training loss"`` (on a path without rows held out),
          ``"last epoch"``, or what the early stopping of a skorch net monitors;
        - ``penalty`` on the gates at the end of that epoch, 0 to 1; 0 where none acts;
        - ``open_columns``: how many have an open gate then, and are all that the network reads;
          without gates all columns;
        - ``held_out_loss`` of that epoch, 0 or more, mean over the rows held out with their
          training weights. Of classes or labels cross-entropy in nats (mean over labels, or over
          several outputs) or that of ``loss="soft_f1"``, 0 to 1; of a regression squared error in
          variances of the target (mean over targets), or in squared units if the network is your
          own. It flatters where it decided;
        - ``held_out_score``: as in ``validation_scores_``.

        What is not known is missing (NaN, None or NA): layers of networks of your own; all but
        epochs, open columns and score where these train by settings of their own, unless these are
        skorch's ``EarlyStopping`` that restores the best weights; everything of a network that was
        trained before; loss and score where no row was held out.
        """
        check_is_fitted(self, "estimators_")
        return choice_frame(
            self._networks, self.validation_scores_, self._gates, ours=self._built_here
        )

    def _training_choice_said(self) -> str:
        """The same in a sentence."""
        frame, gates = self.training_choice_, self._gates
        said = choice_said(frame, self._networks, gates, ours=self._built_here)
        pairs = pairs_said(self.starting_pairs_, self._networks)
        return said + pairs + unskewed_said(self.unskewed_)

    @property
    def starting_pairs_(self) -> pd.DataFrame:
        """Pairs of columns that tell together what networks without a hidden layer have missed.

        One row per pair, the most certain first: ``feature`` and ``partner`` are names, or numbers
        of columns, ``networks`` how many networks began with the pair. Noise has a row in one of
        some hundred tables. Other pairs may matter as well: what linear networks do not miss, or
        too few rows show, is not here.
        """
        check_is_fitted(self, "estimators_")
        names = getattr(self, "feature_names_in_", np.arange(self.n_features_in_))
        return starting_pairs(self._networks, names)

    @property
    def unskewed_(self) -> np.ndarray:
        """(n_features,) bool: the columns that the networks read on a logarithmic scale."""
        check_is_fitted(self, "estimators_")
        fronts = [trained.standardize for trained in self._networks]
        bent = [front.sign.numpy() != 0 for front in fronts if front is not None]
        found: np.ndarray = np.logical_or.reduce([np.zeros(self.n_features_in_, dtype=bool), *bent])
        return found

    @property
    def _gates(self) -> Gates:
        own = self._gate_groups
        return Gates(np.arange(self.n_features_in_) if own is None else own)

    @property
    def _built_here(self) -> bool:
        return adapter_of(self._trained_with["network"]).built_here

    def _keep_out_of_fold(self, found: OutOfFold) -> None:
        self.out_of_fold_score_, self.out_of_fold_interval_, self.chance_p_value_ = found
        self.at_chance_ = found.at_chance

    def _keep_networks(self, networks: Sequence[TrainedNetwork], data: FitData) -> None:
        self._networks = list(networks)
        self._target = replace(data.target, codes=data.target.codes[:0])
        self.estimators_ = [trained.estimator for trained in networks]
        self._trained_with = self.get_params(deep=False)
        self.n_features_in_ = data.rows.shape[1]
        if data.names is not None:
            self.feature_names_in_ = data.names

    def _as_trained(self) -> Self:
        """A shallow copy with the parameters of the last fit: neither they nor another fit of this
        ensemble change what is read.
        """
        twin = copy.copy(self)
        twin.set_params(**self._trained_with)
        return twin

    def _was_trained_on(self, data: FitData) -> bool:
        """Whether this is the table of the last fit: its rows, target and weights."""
        return bool(self._digest) and self._digest == digest_of_table(data)

    def _held_out(self, data: FitData) -> list[np.ndarray]:
        """Rows of the table of the last fit that were held out from each network."""
        return unpacked(self._held_out_bits, data.index)

    def _mean_logits(self, X: Any) -> np.ndarray:
        check_is_fitted(self, "estimators_")
        rows = Rows(check_rows(self, X, reset=False))
        # Of rows too large to compute with, which the next line names.
        with neutral_torch(autograd=False), np.errstate(over="ignore", invalid="ignore"):
            found = mean_logits(self._networks, rows, self._target)
        require_finite_answers(found, rows, names_of(self), "predictions")
        return found

    def _execution(self, data: FitData) -> Execution:
        """Threads and checkpoints."""
        if self.checkpoint_dir is None:
            return Execution(self.n_jobs)
        return Execution(self.n_jobs, Checkpoints(self.checkpoint_dir), digest_of(data))

    def __sklearn_clone__(self) -> Self:
        return clone_holder(self, "network")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = False
        return tags


def defaults_of(estimator: Any) -> dict[str, Any]:
    """Defaults of the constructor's parameters."""
    signature = inspect.signature(type(estimator).__init__).parameters.values()
    return {p.name: p.default for p in signature if p.name != "self"}


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
