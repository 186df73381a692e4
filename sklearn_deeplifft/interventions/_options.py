"""Options that the functions over a population share, checked before anything is run."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from sklearn_deeplifft._iterables import is_iterable
from sklearn_deeplifft._printable import shown
from sklearn_deeplifft.interventions._values import Intervention
from sklearn_deeplifft.tables import as_numbers

__all__ = [
    "generator_of",
    "quantile_levels_of",
    "require_options",
    "interventions_of",
]

CHOICES: dict[str, list[str]] = {
    "scale": ["logit", "proba"],
    "task": ["auto", "classification", "multilabel", "regression"],
    "dtype": ["float32", "float64"],
}


def require_options(*, n_background: Any, **named: Any) -> None:
    """Raise ``ValueError`` for an option of another type, or none of its choices."""
    for name, value in named.items():
        optional = name == "dtype"  # None is the networks' own precision
        if value is None and optional:
            continue
        if not isinstance(value, str) or value not in CHOICES[name]:
            choices = f"{CHOICES[name]}{', or None' if optional else ''}"
            raise ValueError(f"{name}={shown(value)} must be one of {choices}.")
    whole = isinstance(n_background, Integral) and not isinstance(n_background, bool)
    if not whole or n_background < 1:
        raise ValueError(f"n_background={shown(n_background)} must be at least 1, a whole number.")


def generator_of(random_state: Any) -> np.random.RandomState:
    """The generator of a seed; 0 to 2**32 - 1, as everywhere in scikit-learn."""
    try:
        generator: np.random.RandomState = check_random_state(random_state)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"random_state={shown(random_state)} must be None, an integer from 0 to 2**32 - 1, or "
            "a numpy RandomState."
        ) from error
    return generator


def quantile_levels_of(quantiles: Any) -> tuple[float, ...]:
    """Levels of quantiles as numbers from 0 to 1."""
    levels = as_numbers(quantiles, "quantiles")
    if levels.ndim != 1 or not ((levels >= 0) & (levels <= 1)).all():
        raise ValueError(
            f"quantiles={shown(quantiles)} must be a sequence of numbers from 0 to 1; () asks for "
            "none."
        )
    return tuple(levels.tolist())


def interventions_of(interventions: Any) -> list[Intervention]:
    """One intervention or a sequence of them, as a list."""
    if isinstance(interventions, Intervention):
        return [interventions]
    if not is_iterable(interventions):
        raise TypeError(
            f"interventions={shown(interventions)} must be an intervention, such as remove(0), or "
            "a sequence of them."
        )
    return list(interventions)
