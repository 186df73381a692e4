"""Files to frames, and every way in which that fails."""

from __future__ import annotations

import sys

import pandas as pd
import pytest

from sklearn_deeplifft.cli._read import read_table

FRAME = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})


@pytest.mark.parametrize(
    "suffix", [".csv", ".CSV", ".csv.gz", ".tsv", ".tab.gz", ".txt", ".tsv.xz"]
)
def test_text_is_split_by_its_suffix(tmp_path, suffix):
    path = tmp_path / f"table.v2{suffix}"
    FRAME.to_csv(path, sep="," if ".csv" in suffix.lower() else "\t", index=False)
    pd.testing.assert_frame_equal(read_table(path), FRAME)


def test_parquet(tmp_path):
    FRAME.to_parquet(tmp_path / "table.parquet")
    pd.testing.assert_frame_equal(read_table(tmp_path / "table.parquet"), FRAME)


def test_a_separator_makes_any_suffix_readable(tmp_path):
    FRAME.to_csv(tmp_path / "table.dat", sep=";", index=False)
    pd.testing.assert_frame_equal(read_table(tmp_path / "table.dat", ";"), FRAME)


@pytest.mark.parametrize("name", ["table.xlsx", "table", "table.gz"])
def test_other_suffixes_are_named_with_those_that_work(tmp_path, name):
    with pytest.raises(ValueError, match=r"tables end in \.csv, \.tsv"):
        read_table(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.csv", b"", "No columns"),
        ("binary.csv", b"a,b\n\xff\xfe,1\n", "not UTF-8"),
        ("not.csv.gz", b"a,b\n1,2\n", "cannot read"),
        ("not.parquet", b"a,b\n1,2\n", "cannot read"),
        ("ragged.csv", b"a,b\n1,2\n1,2,3,4\n", "cannot read"),
    ],
)
def test_broken_files_are_errors_of_one_line(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=said) as caught:
        read_table(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_parquet_without_pyarrow_names_the_extra(tmp_path, monkeypatch):
    FRAME.to_parquet(tmp_path / "table.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match=r"sklearn-deeplifft\[tables\]"):
        read_table(tmp_path / "table.parquet")


def test_names_become_strings(tmp_path):
    pd.DataFrame([[1, 2]], columns=[0, 1]).to_parquet(tmp_path / "table.parquet")
    assert list(read_table(tmp_path / "table.parquet")) == ["0", "1"]
