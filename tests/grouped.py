"""Guarantees of every fitted selector whose columns are in groups."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.preprocessing import OneHotEncoder

NAMES = ["a_1", "b", "a_2", "c_1", "c_2", "c_3", "d", "e"]
LABELS = [0, 1, 0, 2, 2, 2, 3, 4]
FIRST = [0, 1, 3, 6, 7]
"""The first column of each group."""

WAYS = {
    "labels": LABELS,
    "array": np.array(["a", "b", "a", "c", "c", "c", "d", "e"]),
    "blocks of positions": [[0, 2], [3, 4, 5]],
    "blocks of names": [["a_2", "a_1"], ("c_1", "c_2", "c_3")],
    "mapping": {"a_1": "a", "a_2": "a", "c_1": "c", "c_2": "c", "c_3": "c"},
    "series": pd.Series(list("cccaa"), index=["c_3", "c_2", "c_1", "a_2", "a_1"]),
    "callable": lambda name: name.split("_")[0],
}
"""Every way to say which columns are one feature."""


def categories(n: int) -> tuple[pd.DataFrame, pd.Series]:
    """Town and sex are text; town and age decide the class."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "town": rng.choice(list("ABCDEF"), size=n),
            "sex": rng.choice(["f", "m"], size=n),
            "age": rng.normal(size=n),
            "size": rng.normal(size=n),
        }
    )
    return frame, frame["town"].isin(list("ACE")) ^ (frame["age"] > 1)


def encoder():
    """One column for each town and sex, before the numbers."""
    return make_column_transformer(
        (OneHotEncoder(sparse_output=False), ["town", "sex"]),
        remainder="passthrough",
        verbose_feature_names_out=False,
    )


def require_one_feature_a_group(selector, *also: np.ndarray) -> None:
    """Columns 0 and 2, and 3 to 5, are one feature in everything that is said of columns."""
    per_column = [
        *selector.importances_per_network_,
        selector.feature_importances_,
        selector.importances_std_,
        *selector.importances_interval_,
        selector.mean_ranks_,
        selector.ranks_std_,
        selector.ranking_,
        selector.selection_frequency_,
        selector.get_support(),
        *also,
    ]
    for values in per_column:
        assert values.shape == (8,)
        assert values[0] == values[2]
        assert values[3] == values[4] == values[5]
    assert sorted(selector.ranking_[FIRST]) == [1, 2, 3, 4, 5]
    assert selector.mean_ranks_[FIRST].sum() == pytest.approx(5 * 6 / 2)
