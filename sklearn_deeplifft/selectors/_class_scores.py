"""Sums of scores to the numbers a user sees: per class, and overall."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sklearn_deeplifft._printable import shown
from sklearn_deeplifft.attribution import ScoreSums, cell_means, largest_score, overall_score
from sklearn_deeplifft.selectors._cut import position_of
from sklearn_deeplifft.selectors._scores import Scores
from sklearn_deeplifft.selectors._significance import NullScores
from sklearn_deeplifft.tables import FeatureGroups, Target

__all__ = [
    "split_null_scores",
    "of_class",
    "plain",
    "row_of",
    "scores_of",
]


def scores_of(
    sums: ScoreSums,
    target: Target,
    *,
    balance: str | None = "balanced",
    signed: bool = False,
    target_class: object = None,
    units: np.ndarray | None = None,
) -> Scores:
    """Per-class and overall scores; ``units`` (K,) divides the terms of a regression.

    Overall, scores are averaged in size, or with ``signed`` added up over a class first.
    """
    if units is not None:
        per_unit = 1 / sums.signed.new_tensor(units)[:, None]
        sums = replace(sums, signed=sums.signed * per_unit, absolute=sums.absolute * per_unit)
    by_class, sizes = (
        cell_means(part, sums.weight).numpy() for part in (sums.signed, sums.absolute)
    )
    seen = sums.weight.numpy() > 0
    if target.kind == "multilabel":  # of the cells (absent, present) a label is its presence
        by_class, sizes, seen = by_class[1::2], sizes[1::2], seen[1::2]
    if target_class is None:
        # Around the mean the terms of a regression cancel for every column.
        overall = _overall(sums, balance, signed and target.kind != "regression")
    else:
        overall = by_class[row_of(target, target_class)]
    return Scores(overall, by_class, seen, sums.residual, class_sizes=sizes)


def _overall(sums: ScoreSums, balance: str | None, signed: bool) -> np.ndarray:
    if balance == "max":
        return largest_score(sums, signed=signed).numpy()
    return overall_score(sums, balanced=balance == "balanced", signed=signed).numpy()


def split_null_scores(scores: Scores, groups: FeatureGroups) -> Scores:
    """Scores (2d,) of real columns and null ones behind them as those of the real ones."""
    d = len(groups.of_column)
    assert scores.class_sizes is not None
    return scores._replace(
        overall=scores.overall[:d],
        by_class=scores.by_class[:, :d],
        slopes=None if scores.slopes is None else scores.slopes[:, :d],
        class_sizes=scores.class_sizes[:, :d],
        nulls=NullScores.of_columns(scores.overall, scores.class_sizes, groups),
    )


def of_class(index: np.ndarray, target: Target, target_class: object) -> np.ndarray:
    """Rows of ``index`` that belong to the class asked for; all of them without one."""
    if target_class is None:
        return index
    row = row_of(target, target_class)
    softmax = target.kind == "softmax"
    own = target.codes[index, 0] == row if softmax else target.codes[index, row] == 1
    return np.asarray(index[own])


def row_of(target: Target, target_class: object) -> int:
    names = [plain(name) for name in target.row_names]
    if target.kind not in ("softmax", "multilabel"):
        raise ValueError(
            f"target_class={shown(target_class)} asks for one class, and y is {target.in_words}; "
            "leave it at None."
        )
    row = position_of(target_class, names)
    if row is None:
        raise ValueError(
            f"target_class={shown(target_class)} is not a class of y; its classes are {names}."
        )
    return row


def plain(label: object) -> object:
    """A label as Python's own, and not NumPy's."""
    if isinstance(label, tuple):
        return tuple(plain(part) for part in label)
    return label.item() if isinstance(label, np.generic) else label
