"""One rule for classification or regression, for Python and for the command line.

Text, truth values, categories and other objects are classes; numbers with fractions are a quantity.
Whole numbers can be either. Up to `MOST_NUMBERED_CLASSES` distinct ones are taken as numbered
classes, more as a quantity, whatever type they are stored in: 3.0 is decided upon as 3 is, so that
a column does not change its meaning when a missing value has once made it a float.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from sklearn_deeplifft.exceptions import FeatureSelectionWarning, tell
from sklearn_deeplifft.tables._labels import numbers_in, target_columns

__all__ = ["MOST_NUMBERED_CLASSES", "Task", "decide_task", "task_of", "task_sentence"]

Task = Literal["classification", "regression"]

MOST_NUMBERED_CLASSES = 20
"""Grades, digits and plates in a rack stay below, ages and counts of anything above."""

IF_CLASSES = "pass estimator=NetworkEnsembleClassifier(), or text labels such as y.astype(str)"


def task_of(y: Any) -> Task:
    """Task that a target asks for; nothing is said about it.

    Parameters
    ----------
    y : array-like or sparse matrix of shape (n,) or (n, L)
        Any library's, of any dtype, before it is converted: categories are told from their codes by
        their type alone. Missing values are passed over.

    Returns
    -------
    "classification" or "regression"
        With several columns "regression" as soon as one of them is a quantity.

    Raises
    ------
    ValueError
        One column is a quantity and another one text.

    Examples
    --------
    >>> task_of(["a", "b", "a"]), task_of([0, 1, 1]), task_of([0.5, 1.0, 2.0])
    ('classification', 'classification', 'regression')
    >>> task_of(range(20)), task_of(range(21))
    ('classification', 'regression')
    """
    columns = [numbers_in(column) for column in target_columns(y)]
    quantities = [i for i, values in enumerate(columns) if _is_quantity(values)]
    if not quantities:
        return "classification"
    labels = [i for i, values in enumerate(columns) if values is None]
    if labels:
        raise ValueError(
            f"column {labels[0]} of y holds labels and column {quantities[0]} a quantity; networks "
            "learn several targets together only if they are of one kind. Fit one at a time."
        )
    return "regression"


def decide_task(y: Any, if_classes: str = IF_CLASSES) -> Task:
    """Task that a target asks for, with a warning where whole numbers are taken as a quantity.

    ``if_classes`` is its remedy.

    Warns
    -----
    FeatureSelectionWarning
        Once, for the column with most distinct numbers. Numbers with fractions need none.
    """
    task = task_of(y)
    if task == "regression":
        columns = [numbers_in(column) for column in target_columns(y)]
        if all(_are_whole(values) for values in columns if values is not None):
            n = max(len(np.unique(values)) for values in columns if values is not None)
            tell(FeatureSelectionWarning(task_sentence("y", n, if_classes)))
    return task


def task_sentence(name: str, n_distinct: int, if_classes: str) -> str:
    """Say that numbers are ranked as a quantity, and what to do if they are classes.

    >>> task_sentence("age", 71, "say so")
    'age holds 71 distinct numbers, ranked as a quantity; if they are classes, say so.'
    """
    return (
        f"{name} holds {n_distinct:,} distinct numbers, ranked as a quantity; if they are "
        f"classes, {if_classes}."
    )


def _is_quantity(values: np.ndarray | None) -> bool:
    if values is None:
        return False
    return not _are_whole(values) or len(np.unique(values)) > MOST_NUMBERED_CLASSES


def _are_whole(values: np.ndarray) -> bool:
    """Whether there are no fractions; infinity is no number of a class either."""
    return bool((np.isfinite(values) & (values == np.rint(values))).all())
