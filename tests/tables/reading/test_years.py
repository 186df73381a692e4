"""Years of two digits are of the century that the column leaves them."""

from __future__ import annotations

import datetime

import numpy as np
import pytest

from sklearn_deeplifft.tables.reading import _years, read_table

TODAY = datetime.date(2026, 6, 1)


@pytest.fixture(autouse=True)
def today(monkeypatch):
    days = (TODAY - datetime.date(1970, 1, 1)).days
    monkeypatch.setattr(_years, "_today", lambda: days)


def read(tmp_path, cells):
    path = tmp_path / "t.csv"
    lines = [f"{cell},{i % 2}" for i, cell in enumerate(cells)]
    path.write_text("\n".join(["when,y", *lines]) + "\n")
    return read_table(path, target="y")


def years(table):
    """Year of each row's date."""
    return [(datetime.date(1970, 1, 1) + datetime.timedelta(d)).year for d in table.X["when"]]


def said(table):
    return [text for text in table.sentences() if "two digits" in text]


FORMS = {
    "points": "%d.%m.%y",
    "slashes": "%m/%d/%y",
    "with a time": "%d.%m.%y 10:30",
    "names": "%d-%b-%y",
    "names first": "%b %d, %y",
}

COLUMNS = {
    "births": ([1931, 1945, 1958, 1968, 1969, 1985, 1999, 2003, 2019], None),
    "births of any age": ([*range(1928, 2026, 3), 1927], None),
    "one old among the young": ([2024, 2025, 2026, 1968], None),
    "visits of these years": ([2019, 2021, 2024, 2025], None),
    "plans": ([2023, 2024, 2025, 2026, 2027, 2029], None),
    "bonds": ([2020, 2024, 2030, 2041, 2055], None),
    "all to come": ([2027, 2028, 2035, 2068], None),
    "the last century": ([1969, 1974, 1980, 1999], None),
    "leap days": ([1940, 1968, 1972, 2004], 29),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", COLUMNS)
def test_years_of_two_digits(tmp_path, kind, form):
    true, day = COLUMNS[kind]
    given = [
        datetime.date(year, 2, day) if day else datetime.date(year, 1 + i % 5, 13 + i % 9)
        for i, year in enumerate(true)
    ]
    table = read(tmp_path, [f'"{date.strftime(FORMS[form])}"' for date in given])
    assert years(table) == true
    expected = [(date - datetime.date(1970, 1, 1)).days for date in given]
    np.testing.assert_array_equal(np.floor(table.X["when"]), expected)
    assert said(table) == [
        f"when: years of two digits are read as {min(true)} to {max(true)}; if they are of another "
        "century, write them with four."
    ]


def test_a_date_of_no_end_does_not_say_that_plans_are_of_the_past(tmp_path):
    cells = ["13.01.24", "14.02.25", "15.03.27", "31.12.9999"] * 5
    assert set(years(read(tmp_path, cells))) == {2024, 2025, 2027, 9999}


@pytest.mark.parametrize("form", ["%d.%m.%Y", "%Y-%m-%d", "%d-%b-%Y", "%b %Y"])
def test_years_of_four_digits_stay(tmp_path, form):
    true = [1931, 1968, 2003, 2045]
    cells = [datetime.date(year, 3, 14).strftime(form) for year in true]
    table = read(tmp_path, cells)
    assert years(table) == true
    assert not said(table)


def test_one_year_is_said_as_one(tmp_path):
    table = read(tmp_path, ["13.01.24", "14.02.24", "15.03.24"])
    assert said(table)[0].startswith("when: years of two digits are read as 2024;")
