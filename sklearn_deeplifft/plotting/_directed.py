"""Numbers to draw of a fitted selector: size from the importance, direction from the slope."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

__all__ = ["Directed", "directed"]

MORE = "blue: more of the feature speaks for it, red: against it"


class Directed(NamedTuple):
    """Values of each class and column, and what they measure."""

    values: np.ndarray
    """(K, d): a size, or a signed change."""
    directions: np.ndarray
    """(K, d), -1, 0 or 1: whether more of the column speaks for the class."""
    label: str


def directed(selector: Any) -> Directed:
    """Sizes and directions of a fitted selector's class scores.

    A class score covers the rows of its class alone: its sign says what the values found there do,
    be they high or low. So the sign is taken from the slope. A regression has no classes, and
    its slopes are drawn themselves; effects of interventions are changes by having more already.
    """
    quantities = selector.quantities_
    if quantities.slope is None:
        values = np.atleast_2d(selector.class_importances_)
        return Directed(values, np.sign(values), quantities.by_class)
    slopes = np.atleast_2d(selector.class_slopes_)
    if hasattr(selector, "classes_"):  # scikit-learn's convention: only a classification has them
        sizes = np.abs(selector.class_importances_)
        return Directed(sizes, np.sign(slopes), f"{quantities.by_class}\n({MORE})")
    return Directed(slopes, np.sign(slopes), quantities.slope)
