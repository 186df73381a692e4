"""Files: all or none, free names, no formulas."""

from __future__ import annotations

import errno
import os
import re
import threading

import numpy as np
import pandas as pd
import pytest

from sklearn_deeplifft._printable import harmless
from sklearn_deeplifft.cli import _write
from sklearn_deeplifft.cli._write import csv_writer, require_writable, write_all
from tests.cli.conftest import run


def writers(text):
    return {name: lambda path: path.write_text(text) for name in ("a.csv", "b.png")}


def test_sets_of_files_share_a_number(tmp_path):
    (tmp_path / "b-2.png").write_text("mine")
    names = [[path.name for path in write_all(tmp_path, writers(t), force=False)] for t in "xyz"]
    assert names == [["a.csv", "b.png"], ["a-3.csv", "b-3.png"], ["a-4.csv", "b-4.png"]]
    assert (tmp_path / "b-2.png").read_text() == "mine"
    assert (tmp_path / "a-3.csv").read_text() == "y"


def test_force_replaces(tmp_path):
    for text in "xy":
        places = write_all(tmp_path, writers(text), force=True)
    assert [path.read_text() for path in places] == ["y", "y"]
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("raised", [OSError("full"), KeyboardInterrupt()])
@pytest.mark.parametrize("at", ["writing", "moving"])
def test_an_end_on_the_way_leaves_nothing(tmp_path, monkeypatch, raised, at):
    (tmp_path / "a.csv").write_text("mine")
    moved = []

    def broken(*arguments):
        moved.append(arguments)
        if at == "writing" or len(moved) == 2:
            raise raised

    if at == "moving":
        monkeypatch.setattr("os.replace", broken)
    made = writers("x") if at == "moving" else {"a.csv": broken}
    with pytest.raises(type(raised)):
        write_all(tmp_path, made, force=False)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a.csv": "mine"}


def test_runs_at_once_take_different_names(tmp_path):
    found = []
    runs = [
        threading.Thread(
            target=lambda i=i: found.append(write_all(tmp_path, writers(str(i)), force=False))
        )
        for i in range(8)
    ]
    for one in runs:
        one.start()
    for one in runs:
        one.join()
    assert len({path for paths in found for path in paths}) == 16
    assert all(a.read_text() == b.read_text() for a, b in found)


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@x", "'@x"),
        ("\uff1d1", "'\uff1d1"),
        ("\t=1", "\t'=1"),
        ("a;=1", "a;'=1"),
        ("a\r\n=1", "a\r\n'=1"),
        ("'=1", "'=1"),
        ("a=1", "a=1"),
        ("a-b, c+d", "a-b, c+d"),
        ("", ""),
    ],
)
def test_formulas_become_text(name, cell):
    assert harmless(name) == cell
    assert harmless(cell) == cell


def test_cells_and_headers_are_harmless_and_numbers_are_numbers(tmp_path):
    frame = pd.DataFrame(
        {"=a": ["=cmd|' /C calc'!A0", None, "plain"], "n": [-1.5, np.nan, 2.0], "k": [-1, 0, 1]}
    )
    path = tmp_path / "t.csv"
    csv_writer(frame)(path)
    assert path.read_text().splitlines() == [
        "'=a,n,k",
        "'=cmd|' /C calc'!A0,-1.5,-1",
        ",,0",
        "plain,2,1",
    ]
    assert list(frame) == ["=a", "n", "k"]


def test_a_folder_that_takes_no_file_is_refused_before_the_work(csv, tmp_path, monkeypatch):
    """A file system that is mounted for reading, where root may do everything by its rights."""

    def refuse(*args, **settings):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(_write.tempfile, "TemporaryDirectory", refuse)
    folder = tmp_path / "new" / "results"
    message = f"cannot write into {folder}: {tmp_path} takes no files"
    with pytest.raises(OSError, match=re.escape(message)):
        require_writable(folder)
    done = run("rank", csv, "--target", "label", "-o", folder)
    assert done.exit_code == 1
    assert message in done.stderr
    assert "Use another --output." in done.stderr
    assert done.stdout == ""


def test_looking_leaves_nothing_behind(tmp_path):
    require_writable(tmp_path / "new")
    assert list(tmp_path.iterdir()) == []
