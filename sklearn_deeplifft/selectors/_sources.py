"""Sources of networks: an ensemble to train, one that is fitted, or a single fitted network."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted

from sklearn_deeplifft._printable import shown
from sklearn_deeplifft.ensembles import (
    ENSEMBLES,
    BaseNetworkEnsemble,
    Report,
    Rounds,
    on_path,
    with_nulls_held,
    with_target_units,
)
from sklearn_deeplifft.networks import (
    TrainedNetwork,
    adapter_of,
    gates_of,
    known_classes,
    letters_of,
)
from sklearn_deeplifft.tables import (
    FeatureGroups,
    FitData,
    Rows,
    Target,
    decide_task,
    encode_target,
    fit_data,
)

__all__ = [
    "FirstRound",
    "FittedEnsemble",
    "FittedNetwork",
    "Source",
    "Untrained",
    "require_settable",
    "source_of",
]


HeldOut = Sequence[np.ndarray] | None
"""Rows held out from each network; None where that is not known of the table."""


class FirstRound(NamedTuple):
    """Networks on all features, and what is known of their training."""

    networks: Sequence[TrainedNetwork]
    held_out: HeldOut
    rounds: Rounds | None = None
    """Trains more of them; None for networks that are read as they are."""


@dataclass(frozen=True)
class Untrained:
    """An ensemble of the selector's own, trained in ``fit``."""

    ensemble: BaseNetworkEnsemble
    prefit = False

    @property
    def on_path(self) -> bool:
        """Whether a rising penalty closes the networks' gates."""
        return on_path(self.ensemble)

    @property
    def gate_groups(self) -> np.ndarray | None:
        """None: columns share gates as the selector asks for."""
        return None

    def n_letters(self, data: FitData) -> int | None:
        """Letters of a position, where the networks read one-hot sequences."""
        if adapter_of(self.ensemble.network).built_here:
            return None
        first = self.ensemble._rounds(data, lambda progress: None).untrained()
        return None if first is None else letters_of(first.core)

    @property
    def target_is_standard(self) -> bool:
        """Whether the networks of a regression are read on a standardised target."""
        return adapter_of(self.ensemble.network).built_here

    def fit_data(self, X: Any, y: Any, names: np.ndarray | None, **given: Any) -> FitData:
        """Make the table ready for training."""
        return self.ensemble._fit_data(X, y, names, **given)

    def first_round(
        self,
        data: FitData,
        groups: FeatureGroups,
        n_folds: int | None,
        report: Report,
        dealt: Callable[[HeldOut], object],
        ready: Callable[[TrainedNetwork], object],
    ) -> FirstRound:
        """Train every network once.

        Before the first step ``dealt`` sees the rows held out, and ``ready`` the first network.
        """
        rounds = self.ensemble._rounds(data, report, groups, n_folds)
        dealt(rounds.held_out)
        first = rounds.untrained()
        if first is not None:
            ready(first)
        rounds = rounds.answering_as(first)
        return FirstRound(rounds.train_first(), rounds.held_out, rounds)

    def fitted(self, first: FirstRound, data: FitData) -> BaseNetworkEnsemble:
        """The ensemble of the networks on all features."""
        assert first.rounds is not None
        with_target_units(first.rounds, first.networks)
        self.ensemble._keep(first.rounds, with_nulls_held(data, first.networks))
        return self.ensemble


@dataclass(frozen=True)
class FittedEnsemble:
    """An ensemble that is fitted already; all of its networks are read, and none is changed."""

    ensemble: BaseNetworkEnsemble
    prefit = True
    target_is_standard = False

    @property
    def on_path(self) -> bool:
        """Whether a rising penalty has closed the networks' gates."""
        return on_path(self.ensemble)

    @property
    def gate_groups(self) -> np.ndarray:
        """(d,): the gate of each column."""
        own, ensemble = self.ensemble._gate_groups, self.ensemble
        if own is not None:
            return own
        try:
            return _gates_in_front(ensemble._networks[0])
        except ValueError as error:
            raise ValueError(
                f"the ensemble was trained without gates (gates={ensemble.gates!r}, gate_penalty="
                f"{ensemble.gate_penalty!r}), and gates are what is read; fit it with gates='tied' "
                "and a gate_penalty, or with gates='free'."
            ) from error

    def n_letters(self, data: FitData) -> int | None:
        """Letters of a position, where the networks read one-hot sequences."""
        return letters_of(self.ensemble._networks[0].core)

    def fit_data(self, X: Any, y: Any, names: np.ndarray | None, **given: Any) -> FitData:
        """Make the table ready as for the training of the ensemble."""
        _require_columns_of(self.ensemble, X.shape[1], names)
        return self.ensemble._fit_data(X, y, names, known=True, **given)

    def first_round(
        self,
        data: FitData,
        groups: FeatureGroups,
        n_folds: int | None,
        report: Report,
        dealt: Callable[[HeldOut], object],
        ready: Callable[[TrainedNetwork], object],
    ) -> FirstRound:
        """Take the networks as they are; beside null columns on the table they were trained on."""
        networks = self.ensemble._networks
        held_out = self.ensemble._held_out(data) if self.ensemble._was_trained_on(data) else None
        dealt(held_out)
        if held_out is None:
            return FirstRound(networks, None)
        return FirstRound([trained.as_trained or trained for trained in networks], held_out)

    def fitted(self, first: FirstRound, data: FitData) -> BaseNetworkEnsemble:
        """The ensemble itself."""
        return self.ensemble


@dataclass(frozen=True)
class FittedNetwork:
    """A network of the user's own that is fitted already; columns are taken as they are."""

    network: Any
    prefit = True
    on_path = False
    target_is_standard = False

    @property
    def gate_groups(self) -> np.ndarray:
        """(d,): the gate of each column."""
        return _gates_in_front(adapter_of(self.network).read_fitted())

    def n_letters(self, data: FitData) -> int | None:
        """Letters of a position, where the network reads one-hot sequences."""
        return letters_of(adapter_of(self.network).read_fitted().core)

    @property
    def ensemble(self) -> BaseNetworkEnsemble:
        """Parameters of an ensemble of one network, without gates that a penalty acts on."""
        return ENSEMBLES["classification"](n_networks=1, gates=None)

    def fit_data(self, X: Any, y: Any, names: np.ndarray | None, **given: Any) -> FitData:
        """Take the rows as they are given; the network already numbers its classes."""
        _require_names_of(self.network, names, "network")
        return fit_data(X, y, names, self._encode, canonical=False, **given)

    def _encode(self, X: Any, y: Any) -> Target:
        known = known_classes(self.network, Rows(X).take(slice(0, 2)), np.unique(_first_column(y)))
        task = adapter_of(self.network).task
        if task == "auto":
            # An output for each of the numbers tells that they are classes, however many.
            numbered = known is not None and len(known) > 2
            task = "classification" if numbered else decide_task(y, OWN_OUTPUTS)
        return encode_target(y, "regression" if task == "regression" else "classification", known)

    def first_round(
        self,
        data: FitData,
        groups: FeatureGroups,
        n_folds: int | None,
        report: Report,
        dealt: Callable[[HeldOut], object],
        ready: Callable[[TrainedNetwork], object],
    ) -> FirstRound:
        """Take the network as it is."""
        dealt(None)
        return FirstRound([adapter_of(self.network).read_fitted()], None)

    def fitted(self, first: FirstRound, data: FitData) -> BaseNetworkEnsemble:
        """An ensemble of this network alone."""
        task = "regression" if data.target.kind == "regression" else "classification"
        ensemble = ENSEMBLES[task](self.network, n_networks=1)
        ensemble._keep_given(first.networks, data)
        return ensemble


Source = Untrained | FittedEnsemble | FittedNetwork

AS_TEXT = "text labels such as y.astype(str)"
OWN_OUTPUTS = f"give the network an output for each, or pass {AS_TEXT}"

NOT_FITTED = (
    "prefit=True, but this %(name)s is not fitted; call its fit first. (sklearn.clone, as in "
    "GridSearchCV, returns an unfitted one: pass FrozenEstimator(ensemble), which is not cloned.)"
)

FROZEN = (
    "a FrozenEstimator cannot be trained, and prefit=False trains. Set prefit=True, or pass the "
    "estimator that it holds."
)


def source_of(
    estimator: Any,
    *,
    prefit: bool,
    y: Any,
    kind: Any,
    seed: int,
    seeded: bool,
    changes: dict[str, Any],
) -> Source:
    """Find out where the networks of a selector come from.

    Parameters
    ----------
    estimator : object
        An ensemble, or anything that an ensemble takes as ``network``.
    prefit : bool
    y : array-like
        As the user gave it: decides the task where ``estimator`` does not.
    kind : type of selector
        Has a ``default_estimator``.
    seed : int
        Seeds an ensemble that has no ``random_state`` of its own.
    seeded : bool
        Whether it comes from the user; another one is drawn in every fit.
    changes : dict
        Parameters of the ensemble that the selector needs to be otherwise, in a clone.

    Raises
    ------
    TypeError
        ``estimator`` is neither an ensemble nor a network.
    ValueError
        Null columns are asked for beside a network of the user's own; checkpoints without a seed.
    NotFittedError
        ``prefit=True``, and it is not fitted.
    """
    if isinstance(estimator, FrozenEstimator):
        if not prefit:
            raise TypeError(FROZEN)
        estimator = estimator.estimator
    ours = isinstance(estimator, BaseNetworkEnsemble)
    if not ours:
        adapter_of(estimator)  # refuses what is no network
    if prefit:
        if not ours:
            return FittedNetwork(estimator)
        check_is_fitted(estimator, "estimators_", msg=NOT_FITTED)
        return FittedEnsemble(estimator._as_trained())
    nulls = bool(changes.get("null_features"))
    ensemble = clone(estimator) if ours else _around(estimator, y, kind, nulls)
    # A seed that nobody gave would make checkpoints that no other fit can take up.
    if ensemble.random_state is None and (seeded or ensemble.checkpoint_dir is None):
        ensemble.set_params(random_state=seed)
    if nulls:
        _require_room_for_nulls(ensemble.network)
    ensemble.set_params(**changes)
    ensemble._validate_params()
    ensemble._require_trainable()
    return Untrained(ensemble)


def require_settable(kind: Any, estimator: Any, params: Iterable[str]) -> None:
    """Refuse parameters of an ``estimator`` that has none, as None, whose defaults come in fit."""
    nested = next((name for name in params if name.startswith("estimator__")), None)
    if nested is not None and not hasattr(estimator, "set_params"):
        default = f"{kind.__name__}.default_estimator"
        raise ValueError(
            f"estimator={shown(estimator)} has no parameters, and {nested} sets one. Pass "
            f'estimator={default}(), or {default}("regression"), whose parameters these are.'
        )


def _require_room_for_nulls(network: Any) -> None:
    """Refuse, in the terms of what was asked for, what the ensemble would call ignored."""
    if not adapter_of(network).built_here:
        raise ValueError(
            'n_features_to_select="auto" compares columns with null features, and null features '
            f"need twice the inputs, which network={network!r} does not have; only networks that "
            "are built here can carry them. Pass network=None, or give a number of features."
        )


def _require_columns_of(
    ensemble: BaseNetworkEnsemble, n_columns: int, names: np.ndarray | None
) -> None:
    """Refuse a table whose columns are not those that a fitted ensemble reads, by name."""
    if n_columns != ensemble.n_features_in_:
        raise ValueError(
            f"X has {n_columns} columns, and the fitted ensemble reads {ensemble.n_features_in_}. "
            "Pass the columns it was fitted with, in their order."
        )
    _require_names_of(ensemble, names, "ensemble")


def _require_names_of(fitted: Any, names: np.ndarray | None, what: str) -> None:
    """Refuse columns of other names than those of the fit, or in another order."""
    # Set by scikit-learn's fit where X had column names; networks of torch have none.
    own = getattr(fitted, "feature_names_in_", None)
    if names is None or own is None or len(names) != len(own) or np.array_equal(names, own):
        return  # another number of columns is refused where rows are read
    at = int(np.flatnonzero(names != own)[0])
    raise ValueError(
        f"column {at} of X is {names[at]!r}, and the {what} was fitted with {own[at]!r} there. "
        f"Pass the same columns in the same order: X[{what}.feature_names_in_]."
    )


def _first_column(y: Any) -> Any:
    """Labels to know a network's classes by; columns of objects may be of different types."""
    return y[:, 0] if y.ndim == 2 and y.dtype == object else y


def _gates_in_front(trained: TrainedNetwork) -> np.ndarray:
    return gates_of(trained.core).feature_of_column.numpy()


def _around(network: Any, y: Any, kind: Any, null_features: bool) -> BaseNetworkEnsemble:
    """The selector's default ensemble, around a network of the user's where there is one."""
    task = adapter_of(network).task
    if task == "auto":
        given = "" if network is None else "network=..."
        default = f"{kind.__name__}.default_estimator({given})"
        task = decide_task(y, f"pass estimator={default}, or {AS_TEXT}")
    task = "regression" if task == "regression" else "classification"
    ensemble: BaseNetworkEnsemble = kind.default_estimator(
        task, network=network, null_features=null_features
    )
    return ensemble
