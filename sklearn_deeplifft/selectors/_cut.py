"""Parameters of the cut of a ranking, and labels of its rows; torch is not needed for either."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

from sklearn.utils._param_validation import Interval, StrOptions

from sklearn_deeplifft.selectors._significance import AUTO

__all__ = ["CUT", "position_of"]

CUT: dict[str, Any] = {
    "alpha": [Interval(Real, 0, 1, closed="neither")],
    "n_features_to_select": [
        None,
        Interval(Integral, 1, None, closed="left"),
        Interval(Real, 0, 1, closed="right"),
        StrOptions({AUTO}),
    ],
    "per_class": ["boolean"],
    "threshold": [None, Interval(Real, None, None, closed="both"), str],
}
"""Parameters that choose among features after they are ranked, and their limits."""


def position_of(label: object, names: Sequence[object]) -> int | None:
    """Position of a label among the names of classes; None for anything that is not one of them."""
    try:
        hash(label)  # arrays, lists and tuples of them have no answer to whether they are equal
        return list(names).index(label)
    except (TypeError, ValueError):
        return None
