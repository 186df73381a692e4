"""Signed columns of a ranking."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from sklearn_deeplifft import DeepLIFFTSelector, GIATransformer, ImportanceNeuronSelector
from sklearn_deeplifft.cli._table import Table

__all__ = [
    "FOR",
    "SLOPE_OF",
    "class_scores",
    "of_single_columns",
    "outputs_of",
    "slopes",
]

FOR, SLOPE_OF = "for_", "slope_of_"
"""Prefix of the name of a class, or target, in the header of the ranking."""

Selector = DeepLIFFTSelector | GIATransformer | ImportanceNeuronSelector


def outputs_of(selector: Selector, table: Table) -> list[str]:
    """Classes, or the target of a regression."""
    return [table.target] if table.task == "regression" else list(map(str, selector.classes_))


def class_scores(selector: Selector, table: Table) -> pd.DataFrame:
    """A row for each column, ``for_<class>`` for each class; none in a regression."""
    if table.task == "regression":
        return pd.DataFrame(index=range(selector.n_features_in_))
    labels = [f"{FOR}{name}" for name in outputs_of(selector, table)]
    return pd.DataFrame(selector.class_importances_.T, columns=labels)


def slopes(selector: DeepLIFFTSelector | ImportanceNeuronSelector, table: Table) -> pd.DataFrame:
    """A row for each column, ``slope_of_<output>`` for each class, or for the target."""
    labels = [f"{SLOPE_OF}{name}" for name in outputs_of(selector, table)]
    return pd.DataFrame(selector.class_slopes_.T, columns=labels)


def of_single_columns(values: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Values (d, ...) of columns that are a feature alone; NaN where ``names`` has one twice.

    More of one column may be less of another, as with the levels of a text.
    """
    several = pd.Series(list(names), dtype=object).duplicated(keep=False)
    return values.mask(several, np.nan)
