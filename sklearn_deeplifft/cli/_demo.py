"""The tables of the demonstration: real data that scikit-learn carries."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
from sklearn.datasets import load_breast_cancer, load_digits

__all__ = ["TABLES", "breast_cancer", "digits"]


def digits() -> pd.DataFrame:
    """1,797 images of 8 x 8 pixels; the target is the digit."""
    return load_digits(as_frame=True).frame


def breast_cancer() -> pd.DataFrame:
    """569 rows of 30 measurements; the target is "malignant" or "benign"."""
    data = load_breast_cancer(as_frame=True)
    return data.frame.assign(target=data.target_names[data.target])


TABLES: dict[str, Callable[[], pd.DataFrame]] = {
    "digits": digits,
    "breast_cancer": breast_cancer,
}
"""By the name of the folder their results go to."""
