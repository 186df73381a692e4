"""Values of parameters, reasonable and absurd."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from benchmarks.fuzz.dice import Dice
from sklearn_deeplifft.interventions import add, compose, quantile_shift, remove, set_to, swap

__all__ = ["ODD", "SENSIBLE", "drawn_parameters"]

ODD: tuple[Any, ...] = (
    *(None, True, False, -1, 0, 1, 2, 3, 0.5, 1.0, 1.5, -0.5, 1e-300, 1e300, 10**12, 10**400),
    *(np.nan, np.inf, -np.inf, np.float32(0.5), np.int8(2), np.bool_(True), Decimal("0.5")),
    *(Fraction(1, 2), 1j, "x", "", "auto", "mean", "nan", "1e400*mean", b"x"),
    *((), [], {}, set(), [None], [[None]], [[]], [0], [[0, 1]], [0.5], [True], ["a", None]),
    *((0, 1), (1e12,), (10**12,), (2.5,), [-1], [[0, 99]], [[0.5, 1]], [[True, False]]),
    *({0: "x"}, {0: np.nan}, {0: 0.0, 1: 0.0}, {0: 2}, {"c0": 1}, {"zz": 1}, {None: None}),
    *(np.array([1, 2]), np.array(1), np.array([]), np.array([[0, 1]]), np.arange(3.0)),
    *(object(), len, lambda *a, **k: None, lambda name: name, range(3)),
)
"""Values that any parameter may be handed."""

UNENDING = {"n_networks", "max_epochs", "path_steps", "max_steps", "n_jobs"}
"""Parameters of which a large value asks for a long wait."""

SENSIBLE: dict[str, tuple[Any, ...]] = {
    "n_features_to_select": (1, 2, 0.5, 1.0, "auto", 99),
    "threshold": ("mean", "median", "0.5*mean", 0.0, 0.1, "*mean", "2*", np.nan, np.inf),
    "alpha": (0.1, 0.9, np.nan),
    "per_class": (True,),
    "target_class": (0, 1, "yes", "no", np.array([0, 1]), [0], (0,), np.nan, True),
    "step": (None, "auto", 0.5, 0.9, 1, 2),
    "smoothing": (0.0, 1.0),
    "path_weight": (0.0, 1.0),
    "reference": ("mean", "zero", np.zeros(4), [1e300] * 4, [1 + 1j] * 4, [np.nan] * 4, [0, 1, 2]),
    "simplex_groups": ([[0, 1]], [[0, 1], [2, 3]], [None], [[None]], [["c0", "c1"]], [[0, 0]]),
    "feature_groups": ([0, 0, 1, 1], [[0, 1]], ["a", None], ["a", "a", None, "b"], [[None]]),
    "activation_rule": ("secant",),
    "layer": ("inner.0", "inner", "0", "core.0", "nowhere"),
    "class_balance": (None, "max"),
    "importance_type": ("absolute",),
    "score_on": ("validation", "training", "out_of_fold"),
    "prefit": (True,),
    "dtype": ("float32", "float64"),
    "readout": ("gate",),
    "interventions": (
        [remove(0)],
        [set_to(0, 1e300)],
        [swap([0, 1])],
        [add(0, 1.0, low=None)],
        [quantile_shift(0, 0.3)],
        [compose(remove(0), set_to(1, 2))],
        [set_to("c0", 1)],
        [set_to(0, 1), "x"],
    ),
    "output": ("effects",),
    "n_background": (2, 5, 10**6),
    "scale": ("proba",),
    "random_state": (None, 0, 2**32, -5, "seed", np.random.RandomState(0), np.int64(3)),
    "hidden_layer_sizes": ((), (2, 2), (10**12,), [3], np.array([2, 3]), "33", (2, None), {3}),
    "linear_share": (0.0, 0.5, 1.0),
    "dropout": (0.5, 0.999),
    "noise": (0.1, 1e300),
    "l2": (0.1, 1e300),
    "loss": ("soft_f1",),
    "learning_rate": (1.0, 1e30, 1e-30),
    "weight_decay": (0.0, 1e300),
    "batch_size": (1, 2, 10**12, 2**63),
    "max_steps": (1, 3),
    "patience": (None, 1),
    "tol": (0.0, 1e300),
    "validation_fraction": (0.0, 0.5, 0.2, 1e-300),
    "standardize": (False,),
    "class_weight": ("balanced", {0: 2}, {0: "x"}, {0: np.nan}, {0: 10**400}, {0: 1j}, [1, 2]),
    "gates": (None, "free"),
    "gate_initial": ("uniform",),
    "gate_penalty": (None, 0.0, 0.1, 1.0),
    "null_features": (True,),
    "n_jobs": (0, 1, 2, -1, -99),
    "device": ("meta", "cuda", "gpu", "cpu:7", ""),
    "checkpoint_dir": ("\0", "/dev/null/x"),
    "memory": ("\0", "/dev/null/x"),
    "verbose": (0,),
}


def drawn_parameters(dice: Dice, names: list[str], n: int) -> dict[str, Any]:
    """So many of the parameters, each with a value that makes sense or does not."""
    found = {}
    for _ in range(n):
        name = dice.one_of(names)
        if name in SENSIBLE and dice.happens(0.7):
            value = dice.one_of(SENSIBLE[name])
        elif name in ("verbose", "n_jobs"):  # printing and threads: a few values are enough
            value = dice.one_of((0, None, 1.5, "x", []))
        else:
            value = dice.one_of(ODD)
        if name in UNENDING and isinstance(value, int) and value > 3:
            value = 3
        found[name] = value
        dice.note(f"{name}={value!r}")
    return found
