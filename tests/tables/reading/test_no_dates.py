"""Dates that stand for none are said, and are missing where the user says so."""

import numpy as np
import pandas as pd
import pytest

from sklearn_deeplifft.tables import read_table

N = 60
DAYS = [18262 + 37 * i for i in range(N)]
"""2020-01-01 to 2025-12-23."""
FAR = {"9999-12-31": 2932896, "2999-12-31": 376199, "0001-01-01": -719162, "1899-12-30": -25569}


def dates(format="%Y-%m-%d", days=DAYS):
    return [pd.Timestamp(day, unit="D").strftime(format) for day in days]


def read(folder, cells, **options):
    rows = [f"{cell},{i / 7:.3f},{'pq'[i % 2]}" for i, cell in enumerate(cells)]
    (folder / "t.csv").write_text("\n".join(["end,a,y", *rows]))
    return read_table(folder / "t.csv", target="y", **options)


def said(table):
    return [note.words for note in table.notes if note.kind == "date sentinel"]


@pytest.mark.parametrize("far", FAR)
def test_a_date_that_stands_for_none_is_a_date_and_is_said(tmp_path, far):
    table = read(tmp_path, [*dates()[:40], *[far] * 20])
    assert table.X["end"].tolist() == [*DAYS[:40], *[FAR[far]] * 20]
    assert table.sentences() == [
        "Dates are read as days since 1970-01-01: end.",
        f"{far} stands in end (20) and seems to be no date like the others; it is read as a date. "
        f"If it means missing, say na=['{far}'].",
    ]
    table = read(tmp_path, [*dates()[:40], *[far] * 20], na=[far])
    np.testing.assert_array_equal(table.X["end"], [*DAYS[:40], *[np.nan] * 20])
    assert not said(table)


@pytest.mark.parametrize(
    ("format", "far"),
    [
        ("%d.%m.%Y", "31.12.9999"),
        ("%Y%m%d", "99991231"),
        ("%Y-%m-%d %H:%M:%S", "9999-12-31 23:59:59"),
        ("%d %b %Y", "31 Dec 9999"),
    ],
)
def test_the_remedy_names_the_cells_as_they_are_written(tmp_path, format, far):
    cells = [*dates(format)[:40], *[far] * 20]
    table = read(tmp_path, cells)
    assert said(table) == [("9999-12-31", far)]
    assert np.floor(table.X["end"]).tolist() == [*DAYS[:40], *[2932896] * 20]
    table = read(tmp_path, cells, na=[far])
    np.testing.assert_array_equal(table.X["end"], [*DAYS[:40], *[np.nan] * 20])


def test_dates_of_a_file_that_has_them_as_such(tmp_path):
    days = [*map(pd.Timestamp, dates()[:40]), *[pd.Timestamp("1900-01-01")] * 20]
    frame = pd.DataFrame({"end": days, "a": np.arange(N) + 0.5, "y": list("pq") * (N // 2)})
    frame.to_parquet(tmp_path / "t.parquet")
    assert said(read_table(tmp_path / "t.parquet", target="y")) == [("1900-01-01", "1900-01-01")]
    table = read_table(tmp_path / "t.parquet", target="y", na=["1900-01-01"])
    np.testing.assert_array_equal(table.X["end"], [*DAYS[:40], *[np.nan] * 20])


def births(*others):
    """One birthday after the other from 1930 to 2000, and others."""
    days = np.linspace(-14_610, 10_957, N - len(others)).astype(int)
    return [*dates(days=days.tolist()), *others]


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        (births(), []),
        (births("1970-01-01"), []),
        (births(*["1970-01-01"] * 9), ["1970-01-01"]),
        (births(*["1900-01-01"] * 9), ["1900-01-01"]),
        (births("1900-01-01"), []),
        (births("1985-05-05", "1985-05-05", "1985-05-05"), []),
        (births("2900-05-05"), ["2900-05-05"]),
        (births("1900-01-01", "1900-01-01", "9999-12-31"), ["9999-12-31"]),
        (["1900-01-01"] * N, []),
        (dates("%H:%M"), []),
        ([f"{1500 + 9 * i}-03-05" for i in range(N)], []),
    ],
)
def test_dates_that_may_well_be_dates_need_no_word(tmp_path, cells, found):
    assert [words[0] for words in said(read(tmp_path, cells))] == found


def test_a_date_of_the_target_is_said_too(tmp_path):
    rows = [f"{i / 7:.3f},{cell}" for i, cell in enumerate([*dates()[:40], *["9999-12-31"] * 20])]
    (tmp_path / "t.csv").write_text("\n".join(["a,y", *rows]))
    table = read_table(tmp_path / "t.csv", target="y")
    assert said(table) == [("9999-12-31", "9999-12-31")]
    assert len(read_table(tmp_path / "t.csv", target="y", na=["9999-12-31"]).y) == 40
