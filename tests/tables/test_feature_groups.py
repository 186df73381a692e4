"""Which columns are one feature, said in every way there is."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from sklearn_deeplifft.tables import find_groups

NAMES = np.array(["age", "town_A", "town_B", "sex_f", "sex_m", "town_C"], dtype=object)
EXPECTED = [0, 1, 1, 2, 2, 1]
"""Features in the order of their first columns."""

LABELS = ["age", "town", "town", "sex", "sex", "town"]

WAYS = {
    "labels": LABELS,
    "array": np.array(LABELS),
    "object array": np.array(LABELS, dtype=object),
    "tuple": tuple(LABELS),
    "numbers": [7, -1, -1, 3, 3, -1],
    "array of numbers": np.array([7, -1, -1, 3, 3, -1]),
    "bools and text": [True, "t", "t", None, None, "t"],
    "series by position": pd.Series(LABELS),
    "series by name": pd.Series(LABELS[::-1], index=NAMES[::-1]),
    "polars": pl.Series(LABELS),
    "categorical": pd.Categorical(LABELS),
    "blocks of names": [["town_A", "town_B", "town_C"], ["sex_f", "sex_m"]],
    "blocks of positions": [[1, 2, 5], (3, 4)],
    "blocks of both": [np.array([5, 1, 2]), ["sex_m", "sex_f"]],
    "blocks that are sets": [{"town_A", "town_B", "town_C"}, frozenset({3, 4})],
    "blocks of a frame's columns": [pd.Index(NAMES)[[1, 2, 5]], pd.Index(NAMES)[3:5]],
    "blocks that are series": [pl.Series([1, 2, 5]), pd.Series([3, 4])],
    "blocks that are ranges": [[1, 2, 5], range(3, 5)],
    "blocks, all of them": [[3, 4], [0], [2, 1, 5]],
    "mapping": {"town_A": "t", "town_B": "t", "town_C": "t", "sex_f": "s", "sex_m": "s"},
    "mapping, a label that is a name": {"town_A": 0, "town_B": 0, "town_C": 0, "sex_f": "age"},
    "callable": lambda name: name.split("_")[0],
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_say_it(way):
    expected = EXPECTED
    if way in ("bools and text", "mapping, a label that is a name"):
        expected = [0, 1, 1, 2, 3, 1]  # columns without a group stay alone
    groups = find_groups(WAYS[way], NAMES, 6)
    assert groups.of_column.tolist() == expected
    assert groups.first.tolist() == [expected.index(g) for g in range(max(expected) + 1)]
    assert not groups.single


@pytest.mark.parametrize(
    "given", [None, range(6), [[2]], [[], [3]], {}, {"age": 3}, lambda name: name]
)
def test_groups_of_one(given):
    groups = find_groups(given, NAMES, 6)
    assert groups.single
    assert groups.of_column.tolist() == groups.first.tolist() == list(range(6))


@pytest.mark.parametrize("missing", [None, np.nan, float("nan"), pd.NA, np.float32("nan"), pd.NaT])
def test_a_missing_label_leaves_a_column_alone(missing):
    assert find_groups([missing] * 3 + ["a"] * 3, None, 6).of_column.tolist() == [0, 1, 2, 3, 3, 3]
    by_name = find_groups(lambda name: "town" if "town" in name else missing, NAMES, 6)
    assert by_name.of_column.tolist() == [0, 1, 1, 2, 3, 1]
    assert find_groups({"age": missing, "sex_f": missing}, NAMES, 6).single


def test_a_label_is_never_taken_for_a_column():
    """A group may be called what another column is."""
    groups = find_groups({"town_A": "age", "town_B": "age"}, NAMES, 6)
    assert groups.of_column.tolist() == [0, 1, 1, 2, 3, 4]


def test_merged_and_spread_undo_each_other():
    groups = find_groups(LABELS, None, 6)
    values = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    spread = groups.spread(values)
    assert spread.tolist() == [[1, 2, 2, 3, 3, 2], [4, 5, 5, 6, 6, 5]]
    np.testing.assert_array_equal(groups.merged(spread), values)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            ["a"] * 5,
            "feature_groups holds 5 labels for 6 columns; give one label for each column, a list",
        ),
        ([], "feature_groups holds 0 labels for 6 columns"),
        ([["age"], "sex_f"], "feature_groups holds 2 labels for 6 columns"),
        ("abcdef", "feature_groups='abcdef' says nothing of columns; give one label for each"),
        (6, "feature_groups=6 says nothing of columns"),
        (np.array(1), r"feature_groups=array\(1\) says nothing of columns"),
        ([np.array(1)], r"a group of columns must be a list of names or positions; got array\(1"),
        ((c for c in LABELS), "says nothing of columns"),
        ([["age", "town_D"]], "column 'town_D' is not among the 6 columns"),
        ([[0, 6]], "column 6 is not among the 6 columns"),
        ([[0, -1]], "column -1 is not among the 6 columns"),
        ([[0, 1], [1, 2]], "column 'town_A' stands twice, or in two groups"),
        ([["town_A", 1]], "column 'town_A' stands twice"),
        (
            {"town_D": 1, "age": 2},
            r"feature_groups names columns that X does not have: \['town_D'\]",
        ),
        ({0: "a", 1: "a"}, r"feature_groups names columns that X does not have: \[0, 1\]"),
        (pd.Series(["a"], index=["town_D"]), r"does not have: \['town_D'\]"),
        (lambda name: [name], r"the group of column 'age' is \['age'\]; a label must be hashable"),
        ([{}] * 6, "the group of column 0 is {}; a label must be hashable"),
        (lambda name: ([name],), r"group of column 'age' is \(\['age'\],\); a label must be hash"),
    ],
)
def test_groups_that_make_no_sense(given, message):
    with pytest.raises(ValueError, match=message):
        find_groups(given, NAMES, 6)


@pytest.mark.parametrize("given", [{"age": 1}, lambda name: name, pd.Series([1], index=["age"])])
def test_names_are_needed_where_groups_go_by_them(given):
    with pytest.raises(ValueError, match="needs column names, and X has none; pass a DataFrame"):
        find_groups(given, None, 6)


def test_positions_are_named_where_there_are_no_names():
    with pytest.raises(ValueError, match="column 1 stands twice, or in two groups"):
        find_groups([[0, 1], [1, 2]], None, 6)
    with pytest.raises(ValueError, match="column 'age' is not among the 6 columns"):
        find_groups([["age"]], None, 6)


def test_an_error_of_the_users_function_is_theirs():
    with pytest.raises(ZeroDivisionError):
        find_groups(lambda name: 1 / 0, NAMES, 6)


def test_the_largest_of_each_feature():
    groups = find_groups([1, None, 0, 1, 0, 1], None, 6)
    values = np.array([[3.0, -1.0, 5.0, 4.0, 2.0, 0.0], [-3.0, 1.0, -5.0, -4.0, -2.0, -6.0]])
    np.testing.assert_array_equal(groups.largest(values), [[4, -1, 5], [-3, 1, -2]])
    single = find_groups(None, None, 6)
    np.testing.assert_array_equal(single.largest(values), values)


def test_null_features_stand_behind_the_real_ones():
    groups = find_groups([1, None, 0, 1], None, 4)
    doubled = groups.doubled()
    assert doubled.of_column.tolist() == [0, 1, 2, 0, 3, 4, 5, 3]
    assert doubled.first.tolist() == [0, 1, 2, 4, 5, 6]
