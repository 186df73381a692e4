"""Interventions tied to a table: names become positions, blocks stay whole."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sklearn_deeplifft.interventions._compose import Composed, compose
from sklearn_deeplifft.interventions._values import Intervention
from sklearn_deeplifft.tables import FeatureGroups, Names, column_indices, column_names

__all__ = ["bind", "columns_of", "described", "feature_label", "feature_labels"]


def bind(
    intervention: Intervention,
    background: np.ndarray,
    names: Names = None,
    groups: FeatureGroups | None = None,
) -> Intervention:
    """Turn names into positions and learn what the intervention needs of the data.

    Parameters
    ----------
    intervention : Intervention
    background : array of shape (n, d)
        Quantiles and donors come from here.
    names : sequence of str or None
    groups : FeatureGroups or None
        Blocks of columns that are written whole.

    Raises
    ------
    ValueError
        A column that does not exist or is meant twice, or a part of a block.
    TypeError
        Not an intervention.
    """
    if not isinstance(intervention, Intervention):
        raise TypeError(
            f"{intervention!r} is not an intervention; make one with set_to, add, remove, "
            "quantile_shift, swap or compose."
        )
    for part in intervention.parts:
        part.require_within(background.shape[1])
    found = column_indices(intervention.columns, names, background.shape[1])
    positions = found.tolist()
    bound = intervention
    if positions != list(intervention.columns):
        bound = intervention.at(dict(zip(intervention.columns, positions, strict=True)))
    bound = _once_each(bound, names)
    if groups is not None:
        _require_whole_blocks(bound, groups, names)
    return bound.learned(columns_of(background, bound), names)


def columns_of(X: np.ndarray, bound: Intervention) -> np.ndarray:
    """Values of rows in the columns of a bound intervention, (n, m); a view where possible."""
    columns = bound.positions
    return X[:, columns[0], None] if len(columns) == 1 else X[:, columns]


def _once_each(bound: Intervention, names: Names) -> Intervention:
    """A column may have been given by its name and by its position; now that shows."""
    for part in bound.parts:
        if len(set(part.columns)) < len(part.columns):
            shown = column_names(names, part.positions)
            raise ValueError(f"columns {shown} of an intervention hold one twice; name each once.")
    return compose(*bound.parts) if isinstance(bound, Composed) else bound


def described(bound: Intervention, names: Names = None) -> str:
    """Describe a bound intervention with the names of its columns (or of its block)."""
    return " & ".join(part.describe(feature_label(part.positions, names)) for part in bound.parts)


def feature_labels(
    groups: FeatureGroups, names: Names, labels: Sequence[str | None] | None = None
) -> tuple[str, ...]:
    """Names of all features: labels of groups, where they have one, or those of their columns."""
    if labels is None or len(labels) != len(groups.columns):  # groups of the networks' own
        labels = [None] * len(groups.columns)
    own = zip(labels, groups.columns, strict=True)
    return tuple(label or feature_label(columns, names) for label, columns in own)


def feature_label(columns: np.ndarray, names: Names) -> str:
    """Name of the feature that columns are together."""
    shown = [f"x{i}" if names is None else str(names[i]) for i in columns]
    if len(shown) == 1:
        return shown[0]
    prefix = _common_prefix(shown)
    return prefix if prefix else ",".join(shown)


def _common_prefix(shown: Sequence[str]) -> str:
    """``grade`` of ``grade_low`` and ``grade_high``, or of ``grade=low``: one-hot columns."""
    for mark in ("=", "_"):
        stems = {name.rpartition(mark)[0] for name in shown}
        if len(stems) == 1 and "" not in stems:
            return stems.pop()
    return ""


def _require_whole_blocks(bound: Intervention, groups: FeatureGroups, names: Names) -> None:
    written = np.zeros(len(groups.of_column), dtype=bool)
    written[bound.positions] = True
    for group in np.unique(groups.of_column[written]):
        block = groups.of_column == group
        if not written[block].all():
            raise ValueError(
                f"an intervention writes {column_names(names, np.flatnonzero(block & written))} "
                f"but not the rest of its block, "
                f"{column_names(names, np.flatnonzero(block & ~written))}. Write a block whole: a "
                "row must not be in two levels or in none."
            )
