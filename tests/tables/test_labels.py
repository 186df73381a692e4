"""Targets of any library as plain arrays."""

import datetime
import re
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp

from sklearn_deeplifft import NetworkEnsembleClassifier, NetworkEnsembleRegressor
from sklearn_deeplifft.tables import plain_target

TEXT = ["b", "a", "b"]
TRUTH = [True, False, True]
WHOLE = [7, 3, 7]

TAKEN = {
    "whole objects": (np.array(WHOLE, dtype=object), np.int64, WHOLE),
    "python and numpy": (pd.Series([7, np.int8(3), np.uint64(7)], dtype=object), np.int64, WHOLE),
    "whole and real": (np.array([7, 3.0, np.float32(7)], dtype=object), np.float64, WHOLE),
    "truth and whole": (np.array([True, 0, 1], dtype=object), np.int64, [1, 0, 1]),
    "decimals": ([Decimal("0.5"), Fraction(1, 4), 2], np.float64, [0.5, 0.25, 2]),
    "truth": (TRUTH, np.bool_, TRUTH),
    "truth objects": (np.array([True, np.False_, True], dtype=object), np.bool_, TRUTH),
    "nullable truth": (pd.Series(TRUTH, dtype="boolean"), np.bool_, TRUTH),
    "arrow truth": (pd.Series(TRUTH, dtype="bool[pyarrow]"), np.bool_, TRUTH),
    "polars truth": (pl.Series(TRUTH), np.bool_, TRUTH),
    "nullable whole": (pd.Series(WHOLE, dtype="Int64"), np.int64, WHOLE),
    "nullable small": (pd.Series(WHOLE, dtype="UInt8"), np.uint8, WHOLE),
    "arrow whole": (pd.Series(WHOLE, dtype="int64[pyarrow]"), np.int64, WHOLE),
    "numbered categories": (pd.Series(WHOLE, dtype="category"), np.int64, WHOLE),
    "truth categories": (pd.Series(TRUTH, dtype="category"), np.bool_, TRUTH),
    "polars whole": (pl.Series(WHOLE), np.int64, WHOLE),
    "in arrow": (pa.chunked_array([WHOLE]), np.int64, WHOLE),
    "index": (pd.Index(WHOLE), np.int64, WHOLE),
    "big-endian": (np.array(WHOLE, dtype=">i4"), np.int32, WHOLE),
    "backwards": (np.array(WHOLE)[::-1], np.int64, WHOLE[::-1]),
    "text list": (TEXT, np.dtype("U1"), TEXT),
    "text objects": (np.array(TEXT, dtype=object), object, TEXT),
    "numpy text objects": (np.array([np.str_(t) for t in TEXT], dtype=object), object, TEXT),
    "pandas text": (pd.Series(TEXT), object, TEXT),
    "nullable text": (pd.Series(TEXT, dtype="string"), object, TEXT),
    "arrow text": (pd.Series(TEXT, dtype="string[pyarrow]"), object, TEXT),
    "arrow categories": (
        pd.Series(TEXT, dtype=pd.ArrowDtype(pa.dictionary(pa.int8(), pa.string()))),
        object,
        TEXT,
    ),
    "categories": (pd.Categorical(TEXT, categories=["c", "b", "a"]), object, TEXT),
    "polars text": (pl.Series(TEXT), np.dtype("U1"), TEXT),
    "polars categories": (pl.Series(TEXT, dtype=pl.Categorical), object, TEXT),
    "polars levels": (pl.Series(TEXT, dtype=pl.Enum(["a", "b"])), object, TEXT),
    "text of numbers": (pd.Series(["1", "02", "2.5"]), object, ["1", "02", "2.5"]),
    "text that reads nan": (["nan", "", "None"], np.dtype("U4"), ["nan", "", "None"]),
    "frame of text and numbers": (
        pd.DataFrame({"a": TEXT, "b": WHOLE}),
        object,
        [["b", 7], ["a", 3], ["b", 7]],
    ),
    "frame of objects": (
        pd.DataFrame({"a": [1, 0], "b": [0.5, 1]}, dtype=object),
        np.float64,
        [[1, 0.5], [0, 1]],
    ),
    "polars frame": (pl.DataFrame({"a": TRUTH, "b": TRUTH}), np.bool_, [[t, t] for t in TRUTH]),
    "empty": ([], np.float64, []),
}


@pytest.mark.parametrize("kind", TAKEN)
def test_labels_of_any_type(kind):
    y, dtype, values = TAKEN[kind]
    found = plain_target(y)
    assert (type(found), found.dtype) == (np.ndarray, np.dtype(dtype))
    assert found.dtype.isnative
    assert found.tolist() == values


def test_what_is_not_a_table_of_labels_is_handed_through():
    sparse = sp.csr_array(np.eye(2))
    assert plain_target(sparse) is sparse
    assert plain_target(None) is None


MISSING = {
    "None": np.array([None, "a", "b", "a", None, "a", "b", None], dtype=object),
    "NaN": [np.nan, 1, 0, 1, np.nan, 1, 0, np.nan],
    "NaN in text": pd.Series([np.nan, "a", "b", "a", np.nan, "a", "b", np.nan]),
    "pandas.NA": pd.Series([pd.NA, "a", "b", "a", pd.NA, "a", "b", pd.NA], dtype="string"),
    "NA beside objects": np.array([pd.NA, 1, 0, 1, None, 1, 0, np.nan], dtype=object),
    "NA of truth": pd.Series([None, True, True, True, None, True, False, None], dtype="boolean"),
    "NA of numbers": pd.Series([None, 1, 2, 1, None, 1, 2, None], dtype="Int64"),
    "arrow": pd.Series([None, 1, 2, 1, None, 1, 2, None], dtype="int64[pyarrow]"),
    "polars": pl.Series([None, "a", "b", "a", None, "a", "b", None]),
    "categories": pd.Categorical([None, "a", "b", "a", None, "a", "b", None]),
    "NaT": pd.Series([pd.NaT, 1, 0, 1, pd.NaT, 1, 0, pd.NaT], dtype=object),
}


@pytest.mark.parametrize("kind", MISSING)
def test_missing_labels_are_counted_and_refused(kind):
    said = re.escape("y has 3 missing labels (rows 0, 4, 7): drop or impute them.")
    with pytest.raises(ValueError, match=f"^{said}$"):
        plain_target(MISSING[kind])


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([None, "a"], r"y has 1 missing label \(row 0\): drop or impute it\."),
        (["a", *[None] * 9], r"9 missing labels \(rows 1, 2, 3, 4, 5 and 4 more\)"),
        ([[1.0, np.nan], [np.nan, np.nan], [0, 1]], r"3 missing labels \(rows 0, 1\)"),
        (np.array(["2026-01-01", "NaT"], dtype="datetime64[D]"), r"1 missing label \(row 1\)"),
    ],
)
def test_missing_labels_are_told_from_one_another(y, message):
    with pytest.raises(ValueError, match=message):
        plain_target(y)


@pytest.mark.parametrize(
    ("y", "types"),
    [
        (["a", 1, "b"], "int, str"),
        (["a", 1.5, 2], "float, int, str"),
        (["a", True], "bool, str"),
        ([(1, 2), "a"], "str, tuple"),
        ([b"a", "a"], "bytes, str"),
    ],
)
@pytest.mark.parametrize("column", [False, True])
def test_mixed_labels_are_refused(y, types, column):
    values = np.empty(len(y), dtype=object)
    values[:] = y
    with pytest.raises(ValueError, match=rf"y mixes labels of different types \({types}\)"):
        plain_target(values[:, None] if column else pd.Series(values))


@pytest.mark.parametrize(
    ("y", "name"),
    [
        (pd.to_datetime(pd.Series(["2026-01-01", "2026-01-02"])), r"datetime64\["),
        (np.array([1, 2], dtype="timedelta64[s]"), r"timedelta64\[s\]"),
        (pd.Series([datetime.date(2026, 1, 1)] * 2), "date"),
        (pd.cut(pd.Series([0.1, 0.9]), 2), "Interval"),
        (np.array([b"a", b"b"], dtype=object), "bytes"),
        (pd.Series([(1, 2), (3, 4)]), "tuple"),
        (np.array([1j, 2j], dtype=object), "complex"),
    ],
)
def test_neither_numbers_nor_text(y, name):
    with pytest.raises(ValueError, match=rf"y holds {name}.*must be a number, a truth value or"):
        plain_target(y)


def test_numbers_beyond_64_bits():
    with pytest.raises(ValueError, match=rf"y holds {-(2**70)}, which no number of 64 bits does"):
        plain_target(np.array([1, -(2**70)], dtype=object))


ENSEMBLE = {"n_networks": 2, "hidden_layer_sizes": (4,), "max_epochs": 2, "random_state": 0}
X = np.random.default_rng(0).normal(size=(30, 3))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ((0, 1), object),
        ((True, False), object),
        ((True, False), "boolean"),
        ((0, 1), "Int64"),
        (("a", "b"), "string"),
        (("a", "b"), "category"),
        (("1", "2"), "str"),
        ((0, 1), "int64[pyarrow]"),
    ],
)
def test_a_classifier_predicts_labels_as_they_came(values, dtype):
    y = pd.Series(np.resize(np.array(values, dtype=object), 30)).astype(dtype)
    found = NetworkEnsembleClassifier(**ENSEMBLE).fit(X, y)
    assert found.classes_.tolist() == sorted(values)
    assert set(found.predict(X).tolist()) <= set(values)
    assert 0 <= found.score(X, y) <= 1


@pytest.mark.slow
def test_a_regressor_learns_numbers_that_came_as_objects():
    y = X[:, 0]
    plain = NetworkEnsembleRegressor(**ENSEMBLE).fit(X, y)
    found = NetworkEnsembleRegressor(**ENSEMBLE).fit(X, y.astype(object))
    np.testing.assert_array_equal(found.predict(X), plain.predict(X))


@pytest.mark.parametrize("ensemble", [NetworkEnsembleClassifier, NetworkEnsembleRegressor])
def test_an_ensemble_names_rows_without_a_label(ensemble):
    y = pd.Series(np.resize([0, 1], 30), dtype="Int64")
    y[[4, 7]] = pd.NA
    with pytest.raises(ValueError, match=r"2 missing labels \(rows 4, 7\)"):
        ensemble(**ENSEMBLE).fit(X, y)
