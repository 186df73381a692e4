"""Which columns and rows are used, and what is said of the others."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from sklearn_deeplifft.cli._parts import encode, split
from sklearn_deeplifft.cli._table import make_table, missing_column

N = 60


def test_row_numbers_are_seen_even_where_rows_have_no_target():
    y = np.array(["a", "b"] * (N // 2), dtype=object)
    y[5] = None
    frame = pd.DataFrame({"": range(N), "x": np.linspace(0, 1, N), "y": y})
    table = make_table(frame, "y", name="t")
    assert list(table.numbers) == ["x"]
    assert any("row numbers" in note for note in table.notes)


@pytest.mark.parametrize(
    ("y", "task", "labels"),
    [
        (["a", "b"], "classification", {"a", "b"}),
        ([True, False], "classification", {"True", "False"}),
        ([3.0, 1.0], "classification", {1, 3}),
        (pd.Categorical([3, 1]), "classification", {"1", "3"}),
        ([0.5, 1.0], "regression", {0.5, 1.0}),
    ],
)
def test_the_target_decides_the_task(y, task, labels):
    frame = pd.DataFrame({"x": np.linspace(0, 1, 20), "y": pd.Series(y).repeat(10).to_numpy()})
    if isinstance(y, pd.Categorical):
        frame["y"] = frame["y"].astype("category")
    table = make_table(frame, "y", name="t")
    assert table.task == task
    assert set(table.y.tolist()) == labels


def test_many_whole_numbers_are_a_regression_and_it_is_said():
    frame = pd.DataFrame({"x": np.linspace(0, 1, N), "y": np.arange(N) * 2})
    table = make_table(frame, "y", name="t")
    assert table.task == "regression"
    said = [note for note in table.notes if "60 distinct numbers" in note]
    assert said == [
        "y holds 60 distinct numbers, ranked as a quantity; if they are classes, use --task "
        "classification."
    ]


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_a_task_that_is_asked_for_is_not_explained(task):
    frame = pd.DataFrame({"x": np.linspace(0, 1, 96), "y": np.repeat(np.arange(24), 4)})
    table = make_table(frame, "y", name="t", task=task)
    assert (table.task, table.notes) == (task, [])


@pytest.mark.parametrize(
    ("value", "task", "said"),
    [
        *((1.5, task, "1.5") for task in ("auto", "regression", "classification")),
        *((3, task, "3") for task in ("auto", "regression", "classification")),
        *(("ill", task, "'ill'") for task in ("auto", "classification")),
    ],
)
def test_a_target_that_never_changes_is_refused(value, task, said):
    frame = pd.DataFrame({"x": np.linspace(0, 1, N), "outcome": value})
    with pytest.raises(ValueError, match=rf"target 'outcome' is {re.escape(said)} in every row"):
        make_table(frame, "outcome", name="t", task=task)


def test_a_single_class_that_can_be_split_is_refused():
    frame = pd.DataFrame({"x": np.linspace(0, 1, N), "y": ["a"] * (N - 2) + ["b", "c"]})
    with pytest.raises(ValueError, match=r"of 'y' a single class has 4 rows.* part, 'a'; there"):
        make_table(frame, "y", name="t")


def test_classes_too_small_to_split_are_left_out_and_counted():
    frame = pd.DataFrame({"x": np.linspace(0, 1, N), "y": ["a"] * 30 + ["b"] * 27 + ["c"] * 3})
    table = make_table(frame, "y", name="t")
    assert set(table.y) == {"a", "b"}
    assert len(table.numbers) == 57
    assert any("(3 rows), such as 'c'" in note for note in table.notes)


def test_smallest_classes_are_in_both_parts():
    frame = pd.DataFrame({"x": np.linspace(0, 1, 48), "y": [f"c{i // 4}" for i in range(48)]})
    parts = split(make_table(frame, "y", name="t"), seed=0)
    assert set(parts.y_train) == set(parts.y_test)


def test_medians_and_levels_come_from_the_training_rows_alone():
    frame = pd.DataFrame(
        {
            "x": [1.0, 2.0, 3.0, np.nan, 100.0, np.nan, 100.0, 100.0],
            "c": ["u", "v", "u", "v", "w", "w", "u", "v"],
            "y": ["a", "b"] * 4,
        }
    )
    parts = encode(make_table(frame, "y", name="t"), np.arange(4), np.arange(4, 8))
    assert parts.X_train["x"].tolist() == [1.0, 2.0, 3.0, 2.0]
    assert parts.X_test["x"].tolist() == [100.0, 2.0, 100.0, 100.0]
    assert list(parts.X_train) == ["x", "c=u", "c=v"]
    assert parts.blocks == [["c=u", "c=v"]]
    assert (parts.X_train[["c=u", "c=v"]].sum(axis=1) == 1).all()
    assert parts.X_test[["c=u", "c=v"]].iloc[0].tolist() == [0.0, 0.0]


def test_a_column_that_is_empty_in_the_training_rows_keeps_its_place():
    frame = pd.DataFrame({"x": [np.nan] * 4 + [1.0] * 4, "z": range(3, 11), "y": ["a", "b"] * 4})
    parts = encode(make_table(frame, "y", name="t"), np.arange(4), np.arange(4, 8))
    assert list(parts.X_train) == ["x", "z"]
    assert not parts.X_train.isna().any(axis=None)


def test_a_missing_column_is_short_however_many_there_are():
    assert missing_column("y", ["x"]) == "no column 'y'; the only one is 'x'."
    long = [f"column {i}" for i in range(5000)]
    assert len(missing_column("y", long)) < 200
