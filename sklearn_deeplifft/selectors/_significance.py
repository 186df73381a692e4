"""Features compared with null features of the same networks: p and q, and what they leave out.

A null feature is a column that says nothing of the target, read by the same network; see
``ensembles._knockoff_map`` for what it is made of, ``ensembles._null_columns`` for the engine and
``ranking._nulls`` for the equations.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sklearn_deeplifft.ranking import (
    fewest_networks,
    network_shares,
    null_p_values,
    of_any_class,
    q_values,
    smallest_q,
)
from sklearn_deeplifft.tables import FeatureGroups, Names, column_names

__all__ = [
    "AUTO",
    "NullScores",
    "Significance",
    "Tested",
    "against_nulls",
    "explained",
]

AUTO = "auto"
"""The count that null features decide."""


class NullScores(NamedTuple):
    """Scores by one network of the features that are tested, and of their null copies."""

    real: np.ndarray
    """(T,), non-negative."""
    null: np.ndarray
    class_real: np.ndarray
    """(R, T): mean sizes of what a column does to the rows of a class.

    Not the size of the class score, which is the signed mean: for a rare feature, gains in the few
    rows that have it and losses in the many that lack it may cancel.
    """
    class_null: np.ndarray
    touched: np.ndarray
    """(G,) bool: which features are tested; T of them."""

    @classmethod
    def of_columns(
        cls, overall: np.ndarray, class_sizes: np.ndarray, groups: FeatureGroups
    ) -> NullScores:
        """From scores (2d,) and sizes (R, 2d), null columns behind; a group is its largest.

        What speaks against a class that is asked for, a score below zero, counts as nothing.
        """
        d = len(groups.of_column)
        parts = np.maximum(overall, 0), class_sizes
        real, class_real = (groups.largest(part[..., :d]) for part in parts)
        null, class_null = (groups.largest(part[..., d:]) for part in parts)
        every = np.ones(len(groups.first), dtype=bool)
        return cls(real, null, class_real, class_null, every)


class Significance(NamedTuple):
    """p and q of every column; 1 where nothing is tested."""

    p_values: np.ndarray
    """(d,)."""
    q_values: np.ndarray
    class_p_values: np.ndarray
    """(R, d)."""
    class_q_values: np.ndarray


class Tested(NamedTuple):
    """Features and networks that were compared."""

    families: FeatureGroups
    """Columns that were compared as one."""
    n_families: int
    """Those of them that were compared at all."""
    n_networks: int

    @property
    def smallest_q(self) -> float:
        """Smallest q-value that a single family can reach."""
        return smallest_q(self.n_families * self.n_networks, self.n_families)


def against_nulls(
    scores: Sequence[NullScores], groups: FeatureGroups, families: FeatureGroups | None
) -> tuple[Significance, Tested]:
    """Pool the null copies of all networks, for all features and for each class by itself.

    A q-value of a class is that of the class alone, but no smaller than that of standing out in any
    class: eight lists, each at its own level, would hold something of noise up to eight times as
    often as one does, and the union of eight lists more false ones than each of them.

    ``families`` of columns are compared as one, by their sums: near-copies share what one would
    have. None compares each feature by itself.
    """
    families = groups if families is None else families
    touched = scores[0].touched
    compared = families.among(groups.first[touched])  # features of each family, among those tested
    real, null, class_real, class_null = (
        compared.summed(np.array(values)) for values in list(zip(*scores, strict=True))[:4]
    )

    def by_column(values: np.ndarray) -> np.ndarray:
        full = np.ones((*values.shape[:-1], len(touched)))
        full[..., touched] = compared.spread(values)
        return groups.spread(full)

    of_class = network_shares(class_real, class_null)
    class_p = null_p_values(*of_class)
    any_q = q_values(null_p_values(*of_any_class(*of_class)))
    p = null_p_values(*network_shares(real, null))
    found = p, q_values(p), class_p, np.maximum(q_values(class_p), any_q)
    tested = Tested(families, len(compared.first), len(scores))
    return Significance(*map(by_column, found)), tested


def explained(
    q: np.ndarray, importances: np.ndarray, names: Names, alpha: float, tested: Tested
) -> str | None:
    """Tell the user of a selection at level ``alpha`` that is empty or doubtful; None if neither.

    ``q`` (d,) and ``importances`` (d,) are those of columns.
    """
    said = []
    if not (q <= alpha).any():
        best = np.lexsort((-importances, q))[0]
        of_column = tested.families.of_column
        copies = np.flatnonzero(of_column == of_column[best])
        beside = f" with near-copies ({column_names(names, copies)})" if len(copies) > 1 else ""
        said.append(
            f"no feature is selected: of {tested.n_families} tested, "
            f"{column_names(names, [best])}{beside} is the best candidate, with an importance of "
            f"{importances[best]:.3g} and q = {q[best]:.3g}, above alpha={alpha:g}"
        )
    smallest = tested.smallest_q
    if said or smallest > alpha:
        said.append(
            f"with {tested.n_networks} networks the smallest q-value that a single feature can "
            f"reach is {smallest:.3g}"
        )
    if smallest > alpha:
        enough = fewest_networks(alpha, tested.n_families)
        said.append(
            f"so only features that stand out together can be selected at alpha={alpha:g}; "
            f"an ensemble of n_networks={enough} would be enough for a single one"
        )
    return "; ".join(said) + "." if said else None
