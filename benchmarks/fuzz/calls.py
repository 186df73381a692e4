"""Calls of methods after a fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.fuzz.dice import Dice
from benchmarks.fuzz.parameters import ODD, SENSIBLE
from sklearn_deeplifft.interventions import (
    add,
    dose_response,
    intervention_effects,
    pairwise_epistasis,
    quantile_shift,
    remove,
    set_to,
    swap,
)

__all__ = ["Call", "drawn_calls"]

Call = Callable[[Any, Any, Any], Any]
"""A call of the fitted estimator, rows and their target."""

CALLS: dict[str, Callable[[Dice], Call]] = {
    "transform": lambda dice: lambda s, X, y: s.transform(X),
    "predict": lambda dice: lambda s, X, y: s.predict(X),
    "predict_proba": lambda dice: lambda s, X, y: s.predict_proba(X),
    "decision_function": lambda dice: lambda s, X, y: s.decision_function(X),
    "score": lambda dice: lambda s, X, y: s.score(X, y),
    "contributions": lambda dice: lambda s, X, y: s.contributions(X),
    "contributions in sum": lambda dice: _in_sum,
    "increments": lambda dice: lambda s, X, y: s.increments(X, y),
    "importances": lambda dice: lambda s, X, y: s.importances(X, y),
    "importances of no weight": lambda dice: (
        lambda s, X, y: s.importances(X, y, sample_weight=np.zeros(_length(y)))
    ),
    "importances of a mask without weight": lambda dice: (
        lambda s, X, y: s.importances(
            X,
            y,
            sample_weight=np.arange(_length(y)) > 0,
            sample_mask=np.arange(_length(y)) == 0,
        )
    ),
    "get_support": lambda dice: lambda s, X, y: s.get_support(),
    "to_frame": lambda dice: lambda s, X, y: s.to_frame(),
    "stability": lambda dice: lambda s, X, y: s.selection_frequency_,
    "redundant_features": lambda dice: lambda s, X, y: s.redundant_features(X),
    "inverse_transform": lambda dice: lambda s, X, y: s.inverse_transform(s.transform(X)),
    "names": lambda dice: lambda s, X, y: s.get_feature_names_out(),
    "top_features": lambda dice: _with_odd(dice, "top_features", "k"),
    "top_features of": lambda dice: _of_label(dice),
    "support_per_class": lambda dice: _with_odd(dice, "support_per_class", "k"),
    "redundant": lambda dice: _redundant(dice),
    "set_params": lambda dice: _after_setting(dice),
    "intervention_effects": lambda dice: _effects(dice),
    "dose_response": lambda dice: _doses(dice),
    "pairwise_epistasis": lambda dice: _pairs(dice),
    "making": lambda dice: _making(dice),
}


def drawn_calls(dice: Dice, estimator: Any) -> list[Call]:
    """Some calls of what the estimator has."""
    known = {name: make for name, make in CALLS.items() if _has(estimator, name)}
    return [dice.named("call", known)(dice) for _ in range(dice.one_of((1, 2, 3)))]


def _has(estimator: Any, name: str) -> bool:
    selects = hasattr(type(estimator), "top_features")
    method = name.split()[0]
    if hasattr(type(estimator), method):
        return True
    others = {"names", "stability", "redundant"}
    return method not in {*dir(np)} and (selects if method in others else name in OF_ALL)


OF_ALL = {"set_params", "intervention_effects", "dose_response", "pairwise_epistasis", "making"}


def _length(y: Any) -> int:
    return y.shape[0] if hasattr(y, "shape") else len(y)


def _in_sum(s: Any, X: Any, y: Any) -> None:
    """Contributions of a regression add up to what is predicted."""
    found = s.contributions(X)
    if hasattr(s, "classes_") or s.get_params(deep=False)["layer"] is not None:
        return
    predicted = s.estimator_.predict(X).reshape(found.bias.shape)
    size = np.abs(found.terms).max() + np.abs(found.bias).max()
    assert np.allclose(found.terms.sum(-1) + found.bias, predicted, rtol=0, atol=1e-4 * size)


def _odd(dice: Dice) -> Any:
    value = dice.one_of(ODD)
    dice.note(f"with {value!r}")
    return value


def _with_odd(dice: Dice, name: str, of: str) -> Call:
    value = _odd(dice)
    return lambda s, X, y: getattr(s, name)(value)


def _of_label(dice: Dice) -> Call:
    value = _odd(dice)
    return lambda s, X, y: s.top_features(2, label=value)


def _redundant(dice: Dice) -> Call:
    value = _odd(dice)
    return lambda s, X, y: s.redundant_features(X, value)


def _after_setting(dice: Dice) -> Call:
    name = dice.one_of(("n_features_to_select", "threshold", "alpha", "per_class", "output"))
    value = dice.one_of((*SENSIBLE[name], *ODD))
    dice.note(f"{name}={value!r}")

    def call(s: Any, X: Any, y: Any) -> Any:
        before = s.get_params(deep=False)
        if name not in before:
            return None
        s.set_params(**{name: value})
        try:
            return s.get_support(), s.transform(X), s.to_frame()
        finally:
            s.set_params(**{name: before[name]})

    return call


def _effects(dice: Dice) -> Call:
    kind = dice.one_of(
        (
            lambda: remove(0),
            lambda: set_to(0, 1e300),
            lambda: set_to(0, -1e39),
            lambda: add(0, 1e308, low=None),
            lambda: quantile_shift(0, 0.5),
            lambda: swap(0),
            lambda: [],
        )
    )
    options = {}
    if dice.happens(0.5):
        name = dice.one_of(
            (
                *("background", "n_background", "scale", "feature_groups"),
                *("quantiles", "dtype", "random_state", "task"),
            )
        )
        options[name] = _odd(dice)
    return lambda s, X, y: intervention_effects(s, X, kind(), **options)


def _doses(dice: Dice) -> Call:
    doses = dice.one_of((None, [0, 1], [0, 1e300], [0, 1, 1e39], [np.nan, 1], _odd(dice)))
    column = 0 if dice.happens(0.5) else _odd(dice)
    return lambda s, X, y: dose_response(s, X, column, doses)


def _pairs(dice: Dice) -> Call:
    pairs = dice.one_of((None, [(0, 1)], [(0,)], [(0, 5)], [(0, 0)], [(0.5, 1)], _odd(dice)))
    return lambda s, X, y: pairwise_epistasis(s, X, [remove(0), remove(1)], pairs=pairs)


def _making(dice: Dice) -> Call:
    make = dice.one_of((remove, set_to, add, quantile_shift, swap))
    first, second = _odd(dice), _odd(dice)
    one = dice.happens(0.3)
    return lambda s, X, y: make(first) if one and make in (remove, swap) else make(first, second)
