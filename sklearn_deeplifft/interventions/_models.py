"""Predictors of every kind as functions of rows, on one scale."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from sklearn.base import is_classifier, is_regressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn

from sklearn_deeplifft.attribution import (
    Head,
    NetworkReader,
    doubts,
    module_dtype,
    neutral_torch,
    probabilities,
)
from sklearn_deeplifft.ensembles import BaseNetworkEnsemble
from sklearn_deeplifft.interventions._statistics import edit_of
from sklearn_deeplifft.interventions._text_columns import Levels, written
from sklearn_deeplifft.interventions._values import Intervention
from sklearn_deeplifft.networks import (
    Preprocessed,
    TrainedNetwork,
    adapter_of,
    heads_for,
    is_network,
    takes_columns,
)
from sklearn_deeplifft.perturbation import (
    FullForward,
    Local,
    LowRank,
    OutputScale,
    Response,
    Scale,
    local_of,
    low_rank_of,
)
from sklearn_deeplifft.tables import Target

__all__ = [
    "SCALES",
    "Ensemble",
    "Networks",
    "engine_error",
    "ensemble_of",
    "networks_of",
    "output_names",
    "scale_of",
    "split",
    "response_of",
]

SCALES = ("logit", "proba")

PRECISIONS = {"float32": torch.float32, "float64": torch.float64}

COMPARED = 40
"""Number of interventions compared: as many as make the engine leave units out."""

SMALLEST_PROBABILITY = 1e-12
"""Smallest probability of a black box whose logarithm is taken; smaller ones count as this."""


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
    trained = _ensemble_behind(estimator)
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
        return _of_predictor(several[0], few, scale == "proba", levels or {})
    raise TypeError("a list of estimators must hold torch modules or fitted skorch nets only.")


def _ensemble_behind(estimator: Any) -> BaseNetworkEnsemble | None:
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


@neutral_torch()
def response_of(
    trained: TrainedNetwork,
    few: np.ndarray,
    scaled: Callable[[int], OutputScale],
    dtype: str | torch.dtype | None = None,
) -> Response:
    """A network as a function of raw rows: by low-rank updates where its front allows it.

    Along a sequence, by what edits can reach; what is neither is run whole.

    ``scaled`` gives the scale for a number of logits; ``few`` (m, d) are rows to count them on, and
    to try a network on that is no plain chain.
    """
    wanted = _precision_of(dtype) if isinstance(dtype, str) else dtype
    precision = wanted or module_dtype(trained.core)
    reader = NetworkReader(trained.core, dtype=precision)
    rows = _inputs(trained, torch.tensor(few).double())
    with takes_columns(few.shape[1]), _within_tables(trained.core):
        n_outputs = reader.logits(rows[:2]).shape[1]
    scale = scaled(n_outputs)
    front = trained.standardize
    units = torch.ones(few.shape[1]) if front is None else front.scale
    prepare = partial(_inputs, trained)
    fast = low_rank_of(trained.core, precision, prepare, units, scale)
    if fast is not None:  # a plain chain is a function of rows, and answers in logits
        return fast
    _require_sound(trained.core, rows, scale.of_logits)
    whole = whole_passes(trained, scale, precision)
    tried = torch.tensor(few).double()
    return local_of(trained.core, tried, precision, prepare, units, scale, whole) or whole


def _precision_of(dtype: str) -> torch.dtype:
    if dtype not in PRECISIONS:
        raise ValueError(f"dtype={dtype!r} must be one of {list(PRECISIONS)}, or None.")
    return PRECISIONS[dtype]


def _require_sound(core: nn.Module, rows: Tensor, of_logits: bool) -> None:
    """Refuse networks that draw, mix rows, or give probabilities where logits are wanted."""
    exact = NetworkReader(core, dtype=torch.float64, drop_normalizer=of_logits)
    try:
        doubt = doubts(exact, rows)
    except RuntimeError:  # an operation that knows its own precision only
        exact = NetworkReader(core, drop_normalizer=of_logits)
        doubt = doubts(exact, rows)
    if doubt is None and of_logits:
        doubt = probabilities(exact, rows)
    if doubt is not None:
        raise ValueError(f"{doubt} Effects would not be those of the network's answers.")


@contextmanager
def _within_tables(core: nn.Module) -> Iterator[None]:
    """Explain a lookup that leads off its table."""
    try:
        yield
    except IndexError as error:
        found = [repr(name) for name, m in core.named_modules() if isinstance(m, nn.Embedding)]
        where = f" (nn.Embedding {', '.join(found)})" if found else ""
        raise ValueError(
            f"the network looks values up in a table{where}, and was asked for one that is not in "
            f"it ({error}). Keep interventions on such columns within their values: set_to one of "
            "them, swap, quantile_shift, or add with low= and high=."
        ) from error


def whole_passes(trained: TrainedNetwork, scale: Scale, dtype: torch.dtype) -> FullForward:
    """A network as a function of raw rows, every row run whole."""
    reader = NetworkReader(trained.core, dtype=dtype, drop_normalizer=scale.of_logits)

    def outputs(X: Tensor) -> Tensor:
        with _within_tables(trained.core):
            return scale(reader.logits(_inputs(trained, X)))

    return FullForward(outputs)


def _inputs(trained: TrainedNetwork, X: Tensor) -> Tensor:
    """Rows come in float64, and are standardised before they are rounded."""
    front = trained.standardize
    return X if front is None else (X - front.mean) / front.scale


@neutral_torch()
def engine_error(
    response: Response, trained: TrainedNetwork, X: np.ndarray, bound: Sequence[Intervention]
) -> float:
    """Largest difference to whole forward passes, over the largest output; a few are compared."""
    if not isinstance(response, LowRank | Local):
        return 0.0
    few = torch.tensor(X[:8], dtype=torch.float64)
    edits = [edit_of(one, X[:8]) for one in bound[:COMPARED]]
    whole = whole_passes(trained, response.scale, response.dtype)
    before, expected = (one.outputs(few).double() for one in (response, whole))
    written = []
    for one in (response, whole):
        written.append(torch.zeros(len(few), len(edits), before.shape[1], dtype=torch.float64))
        one.write_changes(written[-1], few, edits, expected)
    gap = max(float((a - b).abs().max()) for a, b in ((before, expected), written))
    size = float((expected[:, None] + written[1]).abs().max())
    return gap / size if size > 0 else gap


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
    trained = _ensemble_behind(estimator)
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
                f"{_short(one)} is neither a fitted selector or ensemble of this package nor a "
                "network (a torch module, a fitted skorch net or MLP); it has no weights to read."
            )
    kind = _kind(several[0], task)

    def scaled(n_outputs: int) -> OutputScale:
        plain = kind == "auto" and n_outputs == 1
        heads = _heads("regression" if plain else kind, n_outputs)
        return OutputScale(heads, both=kind != "multilabel")

    fitted = [split(adapter_of(one).read_fitted()) for one in several]
    return Networks(fitted, kind != "regression", scaled, partial(_names, several[0]))


def split(trained: TrainedNetwork) -> TrainedNetwork:
    """Networks trained here carry their standardisation inside."""
    core = trained.core
    if isinstance(core, Preprocessed):
        return trained._replace(core=core.core, standardize=core.standardize)
    return trained


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


def _of_predictor(estimator: Any, few: np.ndarray, proba: bool, levels: Levels) -> Ensemble:
    """A black box: whole rows through ``predict_proba`` or ``predict``."""
    function, classes = _prediction_of(estimator, proba)
    # Set by scikit-learn's fit where X had column names.
    names = getattr(estimator, "feature_names_in_", None)
    if levels and names is None:
        raise ValueError(
            f"X holds text in columns {sorted(levels)} (by position), but {_short(estimator)} was "
            "fitted without column names; fit it on a data frame."
        )
    precision: type[np.floating] = np.float64

    def outputs(X: Tensor) -> Tensor:
        if not len(X):  # predictors refuse to predict nothing
            return X.new_zeros(0, n)
        rows: Any = X.numpy().astype(precision, copy=False)
        if names is not None:
            rows = written(rows, names, levels)
        found = np.asarray(function(rows), dtype=np.float64)
        return torch.from_numpy(found.reshape(len(found), -1))

    rows = torch.tensor(few[:2], dtype=torch.float64)
    try:
        n = outputs(rows).shape[1]
    except RuntimeError as error:  # a pipeline that ends in a network of single precision
        if "dtype" not in str(error):
            raise
        precision = np.float32
        n = outputs(rows).shape[1]
    if classes is None or len(classes) != n:
        classes = ["prediction"] if n == 1 else range(n)
    return Ensemble([FullForward(outputs)], tuple(np.asarray(classes).tolist()))


def _prediction_of(estimator: Any, proba: bool) -> tuple[Callable[[Any], Any], Any]:
    """Return a function that predicts on the scale asked for, and the classes of a classifier."""
    # What has no tags makes scikit-learn's own questions below raise.
    known = hasattr(estimator, "__sklearn_tags__")
    if known:
        check_is_fitted(estimator)
    if known and is_regressor(estimator):
        return estimator.predict, None
    if known and is_classifier(estimator) and hasattr(estimator, "predict_proba"):
        return partial(_on_scale, estimator.predict_proba, proba), estimator.classes_
    raise TypeError(
        f"{_short(estimator)} is neither a fitted selector, a network, nor a "
        "scikit-learn regressor or classifier with predict_proba."
    )


def _short(estimator: Any) -> str:
    return type(estimator).__name__


def _plain(name: Any) -> Any:
    """A label without its numpy type."""
    if isinstance(name, tuple):
        return tuple(_plain(part) for part in name)
    return name.item() if isinstance(name, np.generic) else name


def _on_scale(
    predict_proba: Callable[[Any], Any], proba: bool, X: Any
) -> np.ndarray | list[np.ndarray]:
    p: np.ndarray | list[np.ndarray] = predict_proba(X)
    if proba:
        return p
    if isinstance(p, list):
        raise ValueError("several outputs have no common logit scale; pass scale='proba'.")
    z: np.ndarray = np.log(np.maximum(p, SMALLEST_PROBABILITY))
    centred: np.ndarray = z - z.mean(axis=1, keepdims=True)
    return centred
