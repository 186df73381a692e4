"""Numbers to draw of a fitted selector: size from the importance, direction from the slope."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from sklearn_deeplifft.selectors._ranking_frame import signed_scores

__all__ = ["Directed", "directed"]

MORE = "blue: more of the feature speaks for it, red: against it"


class Directed(NamedTuple):
    """Values of each feature and class, the best feature first, and what they measure."""

    values: np.ndarray
    """(G, K): sizes."""
    directions: np.ndarray
    """(G, K), -1, 0 or 1: whether more of the feature speaks for the class."""
    label: str


def directed(selector: Any) -> Directed:
    """Sizes and directions of a fitted selector's class scores.

    A class score covers the rows of its class alone: its sign says what the values found there do,
    be they high or low. So the sign is taken from the slope. A regression has no classes, and
    its slopes are drawn themselves; effects of interventions are changes by having more already.
    """
    quantities = selector.quantities_
    if quantities.slope is None:
        label = quantities.by_class
    elif hasattr(selector, "classes_"):  # scikit-learn's convention: a regression has none
        label = f"{quantities.by_class}\n({MORE})"
    else:
        label = quantities.slope
    return Directed(*signed_scores(selector), label)
