"""Doses of dates, which are computed as days."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from sklearn_deeplifft.tables.reading import date_texts

__all__ = ["dated"]


def dated(doses: pd.DataFrame, dates: Iterable[str]) -> pd.DataFrame:
    """Doses with dates in the place of days, for the features that are dates."""
    doses = doses.astype({"dose": object})
    for feature in dates:
        own = doses["feature"] == feature
        if own.any() and doses.loc[own, "dose"].map(np.isreal).all():  # of a group it is a deed
            doses.loc[own, "dose"] = date_texts(doses.loc[own, "dose"])
    return doses
