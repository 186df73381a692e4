"""One random case: an estimator, a table, a target, and calls after the fit."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import polars as pl

from benchmarks.fuzz.calls import Call, drawn_calls
from benchmarks.fuzz.dice import Dice
from benchmarks.fuzz.networks import NETWORKS, prefit_networks
from benchmarks.fuzz.parameters import drawn_parameters
from benchmarks.fuzz.tables import FORMS, SCALES, drawn_table, drawn_values, in_form
from benchmarks.fuzz.targets import drawn_target
from sklearn_deeplifft import (
    DeepLIFFTSelector,
    GIATransformer,
    ImportanceNeuronSelector,
    NetworkEnsembleClassifier,
    NetworkEnsembleRegressor,
)

__all__ = ["Case", "drawn_case"]

ENSEMBLES = (NetworkEnsembleClassifier, NetworkEnsembleRegressor)
SELECTORS = (DeepLIFFTSelector, GIATransformer, ImportanceNeuronSelector)

TINY = {"n_networks": 2, "hidden_layer_sizes": (3,), "max_epochs": 1, "path_steps": 3}
"""An ensemble that is trained in hundredths of a second."""


@dataclass(frozen=True)
class Case:
    """An example: an estimator, a table to fit it to, and calls, in the order of the fields."""

    seed: int
    estimator: Any
    X: Any
    y: Any
    given: dict[str, Any]
    """Further arguments of ``fit``."""
    rows: Any
    """The table handed to the calls."""
    calls: Sequence[Call]
    notes: Sequence[str]
    plain: np.ndarray | None = None
    """The values of X as a plain array, where X holds exactly these in another form."""


def drawn_case(seed: int) -> Case:
    """The case of a seed."""
    dice = Dice(seed)
    values = drawn_values(dice)
    (X, plain), y = drawn_table(dice, values), drawn_target(dice, values)
    estimator = _estimator(dice, values, y)
    given = {}
    for name, choices in GIVEN.items():
        known = name != "sample_mask" or not isinstance(estimator, ENSEMBLES)
        if known and dice.happens(0.06):
            given[name] = dice.named(name, choices)(len(values))
    rows = X
    if dice.happens(0.4):
        rows = _other_rows(dice, values)
    calls = drawn_calls(dice, estimator)
    return Case(seed, estimator, X, y, given, rows, calls, dice.notes, plain)


def _estimator(dice: Dice, values: np.ndarray, y: Any) -> Any:
    base = ENSEMBLES[_is_quantity(y) != dice.happens(0.1)]
    kind = dice.one_of((base, base, *SELECTORS, *SELECTORS))
    dice.note(kind.__name__)
    n = dice.one_of((0, 0, 0, 1, 1, 2))
    network = None
    d, k = values.shape[1], dice.one_of((1, 2, 2, 3))
    if kind in ENSEMBLES:
        if dice.happens(0.25):
            network = dice.named("network", NETWORKS)(d, k)
        names = [name for name in kind().get_params(deep=False) if name != "network"]
        return kind(
            **_fitting(network)
            | {"network": network, "random_state": 0}
            | drawn_parameters(dice, names, n)
        )
    dice.note(f"around {base.__name__}")
    names = [name for name in kind().get_params(deep=False) if name != "estimator"]
    own = drawn_parameters(dice, names, n)
    settings: dict[str, Any] = {"random_state": 0} | own
    if dice.happens(0.2):
        settings["prefit"] = True
        dice.note("prefit=True")
    if dice.happens(0.25):
        makers = prefit_networks(values, None) if settings.get("prefit") is True else NETWORKS
        network = dice.named("network", makers)(d, k)
        if network is not None or dice.happens(0.5):
            if settings.get("prefit") is True:
                return kind(network, **settings)
            gates = {"gates": "free", "path_steps": 3} if dice.happens(0.5) else {}
            return kind(base(network, **_fitting(network) | gates), **settings)
    inner = {}
    if dice.happens(0.2):
        names = [name for name in base().get_params(deep=False) if name != "network"]
        inner = drawn_parameters(dice, names, 1)
    ensemble = base(**TINY | inner)
    if settings.get("prefit") is True and dice.happens(0.8):
        ensemble = _fitted(ensemble, values)
    return kind(ensemble, **settings)


def _is_quantity(y: Any) -> bool:
    """Whether the target asks for a regression, most likely."""
    numbers = isinstance(y, np.ndarray) and y.dtype.kind == "f" and y.size > 0
    return numbers and bool((y != np.rint(y)).any())


def _fitting(network: Any) -> dict[str, Any]:
    """Settings of a tiny ensemble around a network, of those that say something of it."""
    own = network is None or isinstance(network, (str, int, list))
    return dict(TINY) if own else {"n_networks": 2}


def _fitted(ensemble: Any, values: np.ndarray) -> Any:
    y: Any = np.arange(len(values)) % 2
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ensemble.set_params(random_state=0).fit(values, y)
        except (ValueError, TypeError, OSError):
            return ensemble


def _other_rows(dice: Dice, values: np.ndarray) -> Any:
    rows = values[:5].copy()
    scale = dice.one_of((*SCALES, 1.0, 1.0, -1e300))
    if dice.happens(0.5):
        rows = rows * scale
    else:
        rows[:, 0] *= scale
    if dice.happens(0.1):
        rows[0, 0] = np.nan
    if dice.happens(0.1):
        rows = np.hstack([rows, rows])
    dice.note(f"rows times {scale:g}")
    return in_form(dice.named("rows as", FORMS), rows)


GIVEN: dict[str, dict[str, Any]] = {
    "sample_weight": {
        "ones": np.ones,
        "whole": lambda n: 1 + np.arange(n) % 3,
        "fractions": lambda n: np.linspace(0.1, 2, n),
        "some zero": lambda n: np.arange(n) % 2,
        "all zero": np.zeros,
        "negative": lambda n: -np.ones(n),
        "NaN": lambda n: np.full(n, np.nan),
        "infinite": lambda n: np.full(n, np.inf),
        "huge": lambda n: np.full(n, 1e300),
        "tiny": lambda n: np.full(n, 1e-300),
        "of all sizes": lambda n: np.logspace(-300, 300, n),
        "short": lambda n: np.ones(n - 1),
        "text": lambda n: ["a"] * n,
        "None": lambda n: [None] * n,
        "10**400": lambda n: [10**400] * n,
        "a number": lambda n: 2.0,
        "a word": lambda n: "balanced",
        "complex": lambda n: np.ones(n) * 1j,
        "two columns": lambda n: np.ones((n, 2)),
        "series": lambda n: pd.Series(np.ones(n)),
        "polars": lambda n: pl.Series(np.ones(n)),
    },
    "sample_mask": {
        "all": lambda n: np.ones(n, dtype=bool),
        "half": lambda n: np.arange(n) % 2 == 0,
        "none": lambda n: np.zeros(n, dtype=bool),
        "list": lambda n: [True] * n,
        "whole numbers": lambda n: np.ones(n, dtype=int),
        "a word": lambda n: "all",
        "a truth": lambda n: True,
        "short": lambda n: np.ones(n - 1, dtype=bool),
        "None": lambda n: [None] * n,
        "text": lambda n: ["True"] * n,
        "two columns": lambda n: np.ones((n, 2), dtype=bool),
    },
    "groups": {
        "pairs": lambda n: np.arange(n) // 2,
        "text": lambda n: [f"g{i // 3}" for i in range(n)],
        "one": np.zeros,
        "with None": lambda n: ["a", None, *["b"] * n][:n],
        "lists": lambda n: [[None]] * n,
        "mixed": lambda n: [1, "1", *[2] * n][:n],
        "a word": lambda n: "groups",
        "a number": lambda n: 1,
        "short": lambda n: np.zeros(n - 1),
        "10**400": lambda n: [10**400, *[1] * n][:n],
        "objects": lambda n: [object() for _ in range(n)],
        "complex": lambda n: np.arange(n) * 1j,
        "sets": lambda n: [{1}] * n,
        "mappings": lambda n: {i: 1 for i in range(n)},
    },
}
