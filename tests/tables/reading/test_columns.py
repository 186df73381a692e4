"""Kinds of columns of every storage."""

import datetime
import decimal

import numpy as np
import pandas as pd
import pytest

from sklearn_deeplifft.tables.reading import ReadOptions, TableReadError
from sklearn_deeplifft.tables.reading._columns import draft_of, finished

N = 60


def settled(values, name="x", **options):
    choices = ReadOptions(**options)
    return finished(draft_of(name, pd.Series(values), choices), None, choices)


@pytest.mark.parametrize(
    ("values", "name", "kind"),
    [
        (np.linspace(0, 1, N), "x", "numbers"),
        ([True, False] * (N // 2), "x", "numbers"),
        ([True, None] * (N // 2), "x", "numbers"),
        (pd.array([1, None] * (N // 2), dtype="Int64"), "x", "numbers"),
        ([decimal.Decimal(1), decimal.Decimal(2)] * (N // 2), "x", "numbers"),
        (range(5, N + 5), "x", "numbers"),
        (range(N), "x", "numbers"),
        (range(N), "column 1", "counter"),
        (range(1, N + 1), "RowNumber", "counter"),
        (np.arange(N) * 7, "patient.id", "identifier"),
        (np.arange(N) // 2, "patient.id", "numbers"),
        (np.arange(N) * 7, "humid", "numbers"),
        ([None] * N, "x", "empty"),
        (pd.date_range("2020", periods=N), "x", "numbers"),
        (pd.date_range("2020", periods=N, tz="CET"), "x", "numbers"),
        (pd.period_range("2020-01", periods=N, freq="M"), "x", "numbers"),
        (pd.to_timedelta(range(N), unit="s"), "x", "numbers"),
        ([datetime.date(2020, 1, 1)] * N, "x", "numbers"),
        ([datetime.time(12, 30), None] * (N // 2), "x", "numbers"),
        (["a", "b"] * (N // 2), "x", "levels"),
        (["a", None] * (N // 2), "x", "levels"),
        (["a"] * N, "x", "single"),
        (["a", 1] * (N // 2), "x", "levels"),
        (pd.Categorical([1, 2] * (N // 2)), "x", "levels"),
        ([f"id{i}" for i in range(N)], "x", "distinct"),
        ([f"id{max(i, 2)}" for i in range(N)], "x", "identifier"),
        ([f"P{i % 55}" for i in range(2 * N)], "patient_id", "identifier"),
    ],
)
def test_kinds(values, name, kind):
    column = settled(values, name)
    assert column.kind == kind
    said = {note.kind for note in column.notes}
    if kind not in ("numbers", "levels"):
        assert said - {"owners"} == {kind}


def test_numbers_of_any_storage_become_floats():
    for values in (
        pd.Series([True, None, False], dtype=object),
        pd.array([1, None, 0], dtype="Int64"),
        [decimal.Decimal(1), None, decimal.Decimal(0)],
        ["1", None, "0"],
        [1, "n.a.", 0.0],
    ):
        np.testing.assert_array_equal(settled(values).numbers, [1.0, np.nan, 0.0])


def test_dates_are_days_and_times_hours():
    day = datetime.date(1970, 1, 3)
    assert settled([day, None]).numbers[0] == 2
    assert settled([datetime.datetime(1970, 1, 3, 12), None]).numbers[0] == 2.5
    assert settled(pd.to_timedelta([36], unit="h")).numbers[0] == 1.5
    assert settled([datetime.time(6, 30), None]).numbers[0] == 6.5
    assert settled(pd.to_datetime(["1970-01-02T01:00+01:00"])).numbers[0] == 1
    np.testing.assert_array_equal(
        settled(["1970-01-02", "NA", "1970-01-03"]).numbers, [1, np.nan, 2]
    )


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([1j] * N, "complex numbers"),
        ([[1], [2]] * (N // 2), "lists or other objects"),
        ([{"a": 1}] * N, "lists or other objects"),
        ([f"{i}/80" for i in range(N)], "'0/80', '1/80', '2/80' hold numbers and more"),
        ([*(f"{i}.5" for i in range(N)), "7a"], "1 of 61 is not ('7a')"),
        ([f"town {chr(97 + i % 26)}{i // 26 % 4}" for i in range(4 * N)], "different texts"),
        ([f"2020-01-{i % 28 + 1}" for i in range(40)] + ["2020-13-01"] * 3, "3 of 43 are not"),
    ],
)
def test_what_cannot_be_read_names_the_column_and_the_way_out(values, said):
    with pytest.raises(TableReadError, match=r"^x.*drop=\['x'\]") as caught:
        settled(values)
    assert said in str(caught.value)


def test_given_words_are_missing_in_columns_of_numbers_too():
    column = settled(np.array([-999.0, 1.0, 2.0, 2.5]), na=["-999"])
    np.testing.assert_array_equal(column.numbers, [np.nan, 1.0, 2.0, 2.5])
    assert [(note.kind, note.n) for note in column.notes] == [("missing words", 1)]


@pytest.mark.parametrize("n_words", [1, 4, 8, 9])
def test_the_words_to_be_taken_as_missing_are_all_named_or_none_is(n_words):
    words = [f"50810{letter}" for letter in "ABCDEFGHI"[:n_words]]
    values = [*map(str, range(200, 300)), *words]
    with pytest.raises(TableReadError, match="most cells are numbers") as caught:
        settled(values, "cage")
    options = {option.name: option.value for option in caught.value.options}
    assert options["drop"] == ["cage"]
    assert options["row_groups"] == "cage"
    assert options.get("na") == (words if n_words < 9 else None)
    if n_words < 9:
        assert settled(values, "cage", na=words).kind == "numbers"


def test_a_unit_of_one_cell_is_no_name():
    with pytest.raises(TableReadError) as caught:
        settled([*map(str, range(200, 300)), "12.5 (?)"], "size")
    assert [option.name for option in caught.value.options] == ["na", "drop"]


@pytest.mark.parametrize("name", ["mouse", "Mouse ID", "patient"])
def test_numbers_among_names_are_names(name):
    """309 and 50810A name two mice, whether each has a row or several."""
    mice = [str(300 + i) if i % 3 else f"508{i}A" for i in range(60)]
    apart = settled(mice, name)
    assert (apart.kind, [note.kind for note in apart.notes]) == ("distinct", ["distinct"])
    column = settled(np.repeat(mice, 3), name)
    assert column.kind == "identifier"
    assert [note.kind for note in column.notes] == ["identifier", "owners"]
    few = settled(np.repeat(mice[:12], 20), name)
    assert few.kind == "levels"
    assert {"repeated identifier", "owners", "mixed"} == {note.kind for note in few.notes}


@pytest.mark.parametrize(
    ("values", "name", "kinds"),
    [
        (np.repeat(np.arange(300, 372), 15), "patient", ["repeated identifier", "owners"]),
        (np.arange(200) % 10, "patient", []),
        (np.arange(200) % 90 * 7 + 3, "dose", []),
        ([f"s{i % 20}" for i in range(200)], "subject", ["repeated identifier", "owners"]),
        ([f"s{i % 5}" for i in range(200)], "subject", []),
        ([f"s{i % 195}" for i in range(200)], "x", ["identifier", "owners"]),
        ([f"{300 + i // 15}_{i % 15 + 1}" for i in range(90)], "x", ["distinct", "numbered"]),
        ([f"well {i}" for i in range(90)], "x", ["distinct"]),
    ],
)
def test_names_that_repeat_propose_groups_of_rows(values, name, kinds):
    assert [note.kind for note in settled(values, name).notes] == kinds
