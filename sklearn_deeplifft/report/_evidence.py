"""All that the parts of a report look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from sklearn_deeplifft.report._alone import Target, alone
from sklearn_deeplifft.report._features import Features
from sklearn_deeplifft.tables import Rows

__all__ = ["LEADERS", "Doubt", "Evidence"]

LEADERS = 3
"""Features, the first of the ranking, that are asked what they say by themselves."""


@dataclass(frozen=True)
class Evidence:
    """A fitted selector, the rows it was fitted on, and its features in the order of ranks."""

    selector: Any
    X: Any
    """Rows of the fit, as they were given."""
    rows: Rows
    """The same, to be read in blocks."""
    names: Sequence[str]
    """Name of each column."""
    features: Features
    target: Target | None
    """None where there are several targets: what looks at one target does not look then."""
    target_name: str

    def columns(self, feature: int) -> np.ndarray:
        """Values (n, m) of the columns of the feature of this position, 0 the best."""
        return self.rows.columns(self.features.columns[feature])

    @cached_property
    def leaders_alone(self) -> list[float]:
        """Score of each of the first features by itself, if there is a target; NaN if unknown."""
        if self.target is None:
            return []
        leaders = range(min(LEADERS, len(self.features.names)))
        return [alone(self.columns(i), self.target) for i in leaders]

    def name(self, feature: int) -> str:
        """Name of a feature."""
        return str(self.features.names[feature])

    @property
    def cut(self) -> bool:
        """Whether features were selected by a choice of the user, rather than one half of them."""
        selector = self.selector
        asked = (selector.n_features_to_select, selector.threshold)
        return selector.per_class or any(one is not None for one in asked)

    @property
    def labelled(self) -> bool:
        """Whether classes or labels are predicted, rather than quantities."""
        return "classes_" in vars(self.selector)

    @property
    def sizes(self) -> np.ndarray:
        """(G, K): sizes of class scores; of quantities slopes, 0 of a group, which has none."""
        found = self.features
        return np.asarray(np.abs(found.scores) if self.labelled else np.nan_to_num(found.slopes))

    @property
    def score(self) -> float:
        """Balanced accuracy or R squared of predictions of rows that were held out."""
        return float(self.selector.estimator_.out_of_fold_score_)


@dataclass(frozen=True)
class Doubt:
    """What was looked for, and what was found."""

    check: str
    level: str
    """"serious", "caution", "clear" (looked for, and not found) or "unknown"."""
    finding: str
