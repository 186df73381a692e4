"""Predictors of every kind as functions of rows, on one scale."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.utils.validation import check_is_fitted

from sklearn_deeplifft.attribution import Head
from sklearn_deeplifft.ensembles import BaseNetworkEnsemble
from sklearn_deeplifft.interventions._black_boxes import response_of_predictor
from sklearn_deeplifft.interventions._responses import response_of, split
from sklearn_deeplifft.interventions._text_columns import Levels
from sklearn_deeplifft.networks import TrainedNetwork, adapter_of, heads_for, is_network
from sklearn_deeplifft.perturbation import OutputScale, Response
from sklearn_deeplifft.tables import Target

__all__ = [
    "SCALES",
    "Ensemble",
    "Networks",
    "ensemble_behind",
    "ensemble_of",
    "networks_of",
    "output_names",
    "scale_of",
]

SCALES = ("logit", "proba")


@dataclass(frozen=True)
class Ensemble:
    """One or several predictors of the same thing."""

    responses: list[Response]
    outputs: tuple[Any, ...]
    """Names of the R columns of an effect: classes, labels or targets."""


def ensemble_of(
    estimator: Any,
    few: np.ndarray,
    *,
    scale: str,
    task: str = "auto",
    dtype: str | None = None,
    levels: Levels | None = None,
) -> Ensemble:
    """Make functions of rows of a fitted selector, networks or a scikit-learn predictor.

    Parameters
    ----------
    estimator : object
        A fitted selector or ensemble of this package, a fitted skorch net, a torch module, a list
        of either, or a fitted scikit-learn classifier or regressor.
    few : array of shape (m, d)
        Rows to count outputs on, and to try networks on: spread over the background.
    scale : {"logit", "proba"}
    task : {"auto", "classification", "multilabel", "regression"}
        What the outputs of a bare torch module mean.
    dtype : {"float32", "float64"} or None
        Precision of the networks; None is their own.
    levels : mapping of int to array or None
        Values of columns of text, which stand as numbers in the rows.
    """
    if scale not in SCALES:
        raise ValueError(f"scale={scale!r} must be one of {list(SCALES)}.")
    trained = ensemble_behind(estimator)
    if trained is not None:
        target = trained._target
        scaled = partial(scale_of, target, proba=scale == "proba")
        responses = [response_of(t, few, scaled, dtype) for t in trained._networks]
        return Ensemble(responses, output_names(target))
    several = _several(estimator)
    if levels and any(is_network(one) for one in several):
        raise ValueError(
            f"X holds text in columns {sorted(levels)} (by position), and networks take numbers; "
            "encode it first, or pass the pipeline that does."
        )
    if all(is_network(one) for one in several):
        return _of_networks(several, few, scale == "proba", task, dtype)
    if len(several) == 1:
        found = response_of_predictor(several[0], few, scale == "proba", levels or {})
        return Ensemble([found[0]], found[1])
    raise TypeError("a list of estimators must hold torch modules or fitted skorch nets only.")


def ensemble_behind(estimator: Any) -> BaseNetworkEnsemble | None:
    """The fitted ensemble that ``estimator`` is, or that a selector has read; None of others."""
    if isinstance(estimator, BaseNetworkEnsemble):
        check_is_fitted(estimator, "estimators_")
        return estimator
    # Any meta-estimator may have one; selectors live on a floor above.
    behind = getattr(estimator, "estimator_", None)
    return behind if isinstance(behind, BaseNetworkEnsemble) else None


def _several(estimator: Any) -> list[Any]:
    several = list(estimator) if isinstance(estimator, list | tuple) else [estimator]
    if not several:
        raise ValueError("estimator is an empty list; pass at least one fitted network.")
    return several


def output_names(target: Target) -> tuple[Any, ...]:
    """Names of the outputs of an effect: classes, labels or targets."""
    if target.kind == "regression" and len(target.row_names) == 1:
        return ("prediction",)
    return tuple(_plain(name) for name in target.row_names)


def scale_of(target: Target, n_outputs: int, *, proba: bool) -> OutputScale:
    """Output scale for the logits of a network that answers ``target``."""
    return OutputScale(heads_for(target, n_outputs), proba, both=target.kind != "multilabel")


def _of_networks(
    networks: Sequence[Any], few: np.ndarray, proba: bool, task: str, dtype: str | None
) -> Ensemble:
    kind = _kind(networks[0], task)

    def scaled(n_outputs: int) -> OutputScale:
        return OutputScale(_heads(kind, n_outputs), proba, both=kind != "multilabel")

    fitted = [split(adapter_of(one).read_fitted()) for one in networks]
    responses = [response_of(trained, few, scaled, dtype) for trained in fitted]
    rows = torch.tensor(few[:2], dtype=torch.float64)
    n_rows = {response.outputs(rows).shape[1] for response in responses}
    if len(n_rows) > 1:
        raise ValueError(
            f"the networks have {sorted(n_rows)} outputs; networks that are averaged must answer "
            "the same question."
        )
    (n,) = n_rows
    return Ensemble(responses, _names(networks[0], n))


class Networks(NamedTuple):
    """Fitted networks that answer the same question."""

    networks: list[TrainedNetwork]
    drop_normalizer: bool
    """Whether a final softmax or sigmoid is left out; a regression's is part of it."""
    scale: Callable[[int], OutputScale]
    """Of so many logits: centred."""
    names: Callable[[int], tuple[Any, ...]]
    """Of so many outputs on that scale."""


def networks_of(estimator: Any, task: str = "auto") -> Networks:
    """Networks of a fitted selector or ensemble, a network, or a list of networks.

    Of a network with one output, and ``task="auto"``, the output itself is read: a number or a
    logit.
    """
    trained = ensemble_behind(estimator)
    if trained is not None:
        target = trained._target
        scale = partial(scale_of, target, proba=False)
        names = output_names(target)
        return Networks(
            list(trained._networks), target.kind != "regression", scale, lambda _: names
        )
    several = _several(estimator)
    for one in several:
        if not is_network(one) and not isinstance(one, MLPClassifier | MLPRegressor):
            raise TypeError(
                f"{type(one).__name__} is neither a fitted selector or ensemble of this package "
                "nor a network (a torch module, a fitted skorch net or MLP); it has no weights to "
                "read."
            )
    kind = _kind(several[0], task)

    def scaled(n_outputs: int) -> OutputScale:
        plain = kind == "auto" and n_outputs == 1
        heads = _heads("regression" if plain else kind, n_outputs)
        return OutputScale(heads, both=kind != "multilabel")

    fitted = [split(adapter_of(one).read_fitted()) for one in several]
    return Networks(fitted, kind != "regression", scaled, partial(_names, several[0]))


def _kind(estimator: Any, task: str) -> str:
    if task not in ("auto", "classification", "multilabel", "regression"):
        raise ValueError(
            f"task={task!r} must be 'auto', 'classification', 'multilabel' or 'regression'."
        )
    return adapter_of(estimator).task if task == "auto" else task


def _heads(kind: str, n_outputs: int) -> tuple[Head, ...]:
    if kind == "regression":
        return (Head("identity", 0, n_outputs),)
    if kind == "multilabel":
        return tuple(Head("sigmoid", i, i + 1) for i in range(n_outputs))
    if n_outputs > 1:
        return (Head("softmax", 0, n_outputs),)
    if kind == "auto":
        raise ValueError(
            "the network has one output, which may be a logit or a number; pass "
            "task='classification' or task='regression'."
        )
    return (Head("sigmoid", 0, 1),)


def _names(estimator: Any, n: int) -> tuple[Any, ...]:
    # A torch module has none; a skorch classifier gets them in its fit.
    classes = getattr(estimator, "classes_", None)
    if classes is not None and not isinstance(classes, list) and len(classes) == n:
        return tuple(np.asarray(classes).tolist())
    return ("prediction",) if n == 1 else tuple(range(n))


def _plain(name: Any) -> Any:
    """A label without its numpy type."""
    if isinstance(name, tuple):
        return tuple(_plain(part) for part in name)
    return name.item() if isinstance(name, np.generic) else name
