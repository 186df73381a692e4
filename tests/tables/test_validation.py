"""Validation that names columns."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from sklearn.utils.estimator_checks import _NotAnArray

from sklearn_deeplifft import FeatureSelectionWarning
from sklearn_deeplifft.tables import (
    class_weights,
    column_indices,
    column_names,
    require_finite,
    warn_constant,
)
from sklearn_deeplifft.tables._validation import _of_several_types

NAMES = list("abcdefgh")


@pytest.mark.parametrize(
    ("names", "columns", "said"),
    [
        (NAMES, [1], "'b'"),
        (None, [1, 2], "1, 2"),
        (NAMES, range(5), "'a', 'b', 'c', 'd', 'e'"),
        (NAMES, range(8), "'a', 'b', 'c', 'd', 'e' and 3 more"),
        (np.array(["x y"]), np.array([0]), "'x y'"),
        (None, [], ""),
    ],
)
def test_five_columns_are_named(names, columns, said):
    assert column_names(names, columns) == said


@pytest.mark.parametrize("made", [np.asarray, sp.csr_matrix, sp.csc_matrix, sp.csr_array])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_not_finite(made, dtype):
    if dtype is np.float16 and made is not np.asarray:
        dtype = np.float32  # scipy has no sparse half floats
    X = np.zeros((5, 8), dtype=dtype)
    X[0, 2] = 3
    require_finite(made(X), None)
    X[1:4, 3] = np.nan
    X[2, 5] = np.inf
    with pytest.raises(ValueError, match=r"contains NaN: 3 values in 1 of 8 columns \('d': 3\)"):
        require_finite(made(X), NAMES)
    X[1:4, 3] = 0
    with pytest.raises(ValueError, match=r"infinity: 1 value in 1 of 8 columns \(5: 1\)"):
        require_finite(made(X), None)


@pytest.mark.parametrize("pair", [(np.inf, -np.inf), (-np.inf, np.inf)])
def test_infinities_of_both_signs(pair):
    X = np.zeros((4, 3))
    X[0, 0], X[1, 2] = pair
    with pytest.raises(ValueError, match=r"infinity: 2 values in 2 of 3 columns \(0: 1, 2: 1\)"):
        require_finite(X, None)


def test_large_values_are_finite():
    require_finite(np.full((10, 3), 1.7e308), None)
    require_finite(np.full((10, 3), 3e38, dtype=np.float32), None)
    require_finite(np.full((10, 3), 6e4, dtype=np.float16), None)
    require_finite(np.full((10, 3), 2**62), None)
    require_finite(np.zeros((0, 3)), None)


def test_constant_columns():
    warn_constant(np.array([1.0, 1e-300]), None)  # a warning would be an error
    with pytest.warns(FeatureSelectionWarning, match="2 of 3 columns .* score 0: 'a', 'c'"):
        warn_constant(np.array([0.0, 1.0, 0.0]), NAMES[:3])


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        (["b", "h"], [1, 7]),
        ([1, 7], [1, 7]),
        (["b", 7], [1, 7]),
        (np.array([2, 0]), [2, 0]),
        (np.array(["c", "a"]), [2, 0]),
        ((), []),
    ],
)
def test_columns_by_name_or_place(columns, found):
    assert column_indices(columns, NAMES, 8).tolist() == found


@pytest.mark.parametrize("column", ["z", 8, -1, "1"])
def test_columns_that_are_not_there(column):
    with pytest.raises(ValueError, match=f"column {column!r} is not among the 8 columns of X"):
        column_indices([column], NAMES, 8)


def test_names_need_a_table_with_names():
    with pytest.raises(ValueError, match="column 'a' is not among"):
        column_indices(["a"], None, 8)


def test_balanced_classes_weigh_the_same():
    codes, weight = np.array([0, 0, 0, 1, 2, 2]), np.array([1, 1, 2, 3, 0.5, 0.5])
    factor = class_weights("balanced", codes, weight, np.array([0, 1, 2]))
    totals = np.bincount(codes, weights=weight * factor)
    np.testing.assert_allclose(totals, weight.sum() / 3)


def test_class_weights_by_label():
    codes, classes = np.array([0, 1, 2, 1]), np.array(["a", "b", "c"])
    given = class_weights({"b": 3, "c": 0}, codes, np.ones(4), classes)
    assert given.tolist() == [1, 3, 0, 3]
    assert class_weights(None, codes, np.ones(4), classes).tolist() == [1] * 4
    with pytest.raises(ValueError, match=r"names \['z'\], which y does not hold"):
        class_weights({"z": 1}, codes, np.ones(4), classes)


@pytest.mark.parametrize("value", [-1, -1e-9, np.nan, np.inf, -np.inf, "2", None, [1], 1j])
def test_class_weights_are_finite_numbers_from_zero_on(value):
    codes, classes = np.array([0, 1, 1]), np.array(["a", "b"])
    with pytest.raises(
        ValueError, match=r"class_weight gives class 'b' the weight .*finite number"
    ):
        class_weights({"a": 1, "b": value}, codes, np.ones(3), classes)


@pytest.mark.parametrize("value", [2, np.float32(2), np.int8(2), 2.0])
def test_class_weights_of_any_number_type(value):
    codes, classes = np.array([0, 1, 1]), np.array([3, 5])
    for label in (5, np.int64(5), 5.0):
        found = class_weights({label: value}, codes, np.ones(3), classes)
        assert found.dtype == np.float64
        assert found.tolist() == [1, 2, 2]


def test_some_class_must_count():
    with pytest.raises(ValueError, match="class_weight is zero for every class"):
        class_weights({0: 0, 1: 0.0}, np.array([0, 1]), np.ones(2), np.array([0, 1]))


def test_balanced_is_the_only_word_for_class_weights():
    with pytest.raises(ValueError, match="class_weight='heavy' must be 'balanced', None, or"):
        class_weights("heavy", np.array([0, 1]), np.ones(2), np.array([0, 1]))


def test_one_constant_column_holds_and_scores():
    with pytest.warns(FeatureSelectionWarning, match="1 of 3 columns holds a single value and sco"):
        warn_constant(np.array([0.0, 1.0, 1.0]), None)
    with pytest.warns(FeatureSelectionWarning, match="2 of 3 columns hold a single value and sco"):
        warn_constant(np.array([0.0, 1.0, 0.0]), None)


@pytest.mark.parametrize(
    ("given", "several"),
    [
        (None, False),
        (np.ones((2, 2)), False),
        (torch.ones(2, 2), False),
        (np.ones((2, 2), dtype=object), True),
        ([[1.0, 2.0]], True),
        (pd.DataFrame({"a": [1.0], "b": [2]}), True),
        (_NotAnArray(np.ones((2, 2))), True),
    ],
    ids=["nothing", "array", "tensor", "objects", "list", "frame", "converted"],
)
def test_where_numpy_finds_one_type_for_several(given, several):
    assert _of_several_types(given) == several
