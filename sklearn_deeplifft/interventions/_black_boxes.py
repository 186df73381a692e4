"""Any predictor of scikit-learn as a function of whole rows."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from sklearn.base import is_classifier, is_regressor
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from sklearn_deeplifft.interventions._text_columns import Levels, written
from sklearn_deeplifft.perturbation import FullForward

__all__ = ["response_of_predictor"]

SMALLEST_PROBABILITY = 1e-12
"""Smallest probability of a black box whose logarithm is taken; smaller ones count as this."""


def response_of_predictor(
    estimator: Any, few: np.ndarray, proba: bool, levels: Levels
) -> tuple[FullForward, tuple[Any, ...]]:
    """Whole rows through ``predict_proba`` or ``predict``, and the names of the outputs."""
    function, classes = _prediction_of(estimator, proba)
    # Set by scikit-learn's fit where X had column names.
    names = getattr(estimator, "feature_names_in_", None)
    if levels and names is None:
        raise ValueError(
            f"X holds text in columns {sorted(levels)} (by position), but "
            f"{type(estimator).__name__} was fitted without column names; fit it on a data frame."
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
    return FullForward(outputs), tuple(np.asarray(classes).tolist())


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
        f"{type(estimator).__name__} is neither a fitted selector, a network, nor a "
        "scikit-learn regressor or classifier with predict_proba."
    )


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
