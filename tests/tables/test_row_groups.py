"""Groups of rows as codes."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.base import clone

from sklearn_deeplifft import DeepLIFFTSelector, NetworkEnsembleClassifier
from sklearn_deeplifft.tables import encode_row_groups

TEXT = ["b", "a", "c", "a", "b"]
NUMBERS = [20, 10, 30, 10, 20]
CODES = [1, 0, 2, 0, 1]

TAKEN = {
    "list": TEXT,
    "tuple": tuple(TEXT),
    "array": np.array(TEXT),
    "objects": np.array(TEXT, dtype=object),
    "series": pd.Series(TEXT, index=[3, 1, 4, 1, 5]),
    "nullable": pd.Series(TEXT, dtype="string"),
    "categories": pd.Categorical(TEXT, categories=["c", "b", "a"]),
    "category series": pd.Series(TEXT, dtype="category"),
    "index": pd.Index(TEXT),
    "frame": pd.DataFrame({"chromosome": TEXT}),
    "column": np.array(TEXT)[:, None],
    "polars": pl.Series(TEXT),
    "polars frame": pl.DataFrame({"chromosome": TEXT}),
    "polars categories": pl.Series(TEXT, dtype=pl.Categorical),
    "arrow": pa.array(TEXT),
    "numbers": NUMBERS,
    "nullable numbers": pd.Series(NUMBERS, dtype="Int64"),
    "fractions": np.array(NUMBERS) / 3,
    "number objects": np.array([20, 10.0, np.int8(30), 10, np.float32(20)], dtype=object),
    "big-endian": np.array(NUMBERS, dtype=">i4"),
    "backwards": np.array(NUMBERS[::-1])[::-1],
    "days": np.array(NUMBERS, dtype="datetime64[D]"),
    "several keys": pd.MultiIndex.from_arrays([[1] * 5, TEXT]),
}


@pytest.mark.parametrize("kind", TAKEN)
def test_groups_of_any_type(kind):
    codes = encode_row_groups(TAKEN[kind], 5)
    assert codes.dtype == np.int64
    assert codes.tolist() == CODES


def test_truth_values_are_two_groups():
    assert encode_row_groups(pd.Series([True, False, True], dtype="boolean"), 3).tolist() == [
        1,
        0,
        1,
    ]


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (TEXT[:4], "groups holds 4 labels for 5 rows"),
        ([], "groups holds 0 labels for 5 rows"),
        (pd.DataFrame({"a": TEXT, "b": TEXT}), r"groups has shape \(5, 2\); it must be one column"),
        (np.array([TEXT]), r"groups has shape \(1, 5\)"),
        (np.zeros((5, 1, 1)), r"groups has shape \(5, 1, 1\)"),
        ("patient", r"groups has shape \(\)"),
        ([["a"], ["a", "b"], ["c"], ["a"], ["b"]], "must name one group per row"),
        (["a", None, "c", "a", None], r"groups has 2 missing labels \(rows 1, 4\)"),
        ([1, np.nan, 2, 3, 4], r"groups has 1 missing label \(row 1\)"),
        (pd.Series(["a", pd.NA, "c", "a", "b"], dtype="string"), r"1 missing label \(row 1\)"),
        (pd.DataFrame({"g": ["a", None, "c", "a", "b"]}), r"1 missing label \(row 1\)"),
        (pd.Series([1, None, 2, 3, 4], dtype="Int64"), r"1 missing label \(row 1\)"),
        (pl.Series(["a", None, "c", "a", "b"]), r"1 missing label \(row 1\)"),
        (np.array(["NaT"] * 5, dtype="datetime64[D]"), r"5 missing labels \(rows 0, 1, 2, 3, 4\)"),
        (pd.Series([1, "1", "X", 1, "X"]), r"groups mixes labels of different types \(int, str\)"),
        (np.array([1j, 2, 3, 4, 5], dtype=object), r"different types \(complex, int\)"),
        (pd.Series([{1}, {2}, {1}, {2}, {3}]), r"labels that cannot be sorted \(set\)"),
        (pd.Series([{"a": 1}] * 5), "groups holds labels that cannot be sorted"),
    ],
)
def test_groups_that_make_no_sense(groups, message):
    with pytest.raises(ValueError, match=message):
        encode_row_groups(groups, 5)


X = np.random.default_rng(0).normal(size=(40, 3))
Y = np.arange(40) % 2
SETTINGS = {"n_networks": 2, "hidden_layer_sizes": (4,), "max_epochs": 3, "random_state": 0}
SETTINGS["path_steps"] = 5
ENSEMBLE = NetworkEnsembleClassifier(**SETTINGS)
ESTIMATORS = [DeepLIFFTSelector(ENSEMBLE, random_state=0), ENSEMBLE]


@pytest.mark.slow
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
def test_the_type_of_the_groups_changes_nothing(estimator):
    names = np.array([f"patient {i // 4:02}" for i in range(40)])
    weight = np.ones(40)
    weight[:3] = 0  # rows without a weight are dropped, and their groups with them
    kinds = [names, pd.DataFrame({"patient": names}), pd.Series(names), np.arange(40) // 4]
    fits = [clone(estimator).fit(X, Y, sample_weight=weight, groups=g) for g in kinds]
    found = [
        fit.feature_importances_
        if isinstance(estimator, DeepLIFFTSelector)
        else fit.predict_proba(X)
        for fit in fits
    ]
    for other in found[1:]:
        np.testing.assert_array_equal(other, found[0])


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
def test_rows_of_no_group_are_named_by_fit(estimator):
    groups = pd.Series(np.arange(40) // 4).astype("Int64")
    groups[[2, 9]] = pd.NA
    with pytest.raises(ValueError, match=r"groups has 2 missing labels \(rows 2, 9\)"):
        clone(estimator).fit(X, Y, groups=groups)
