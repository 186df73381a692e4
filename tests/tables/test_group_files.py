"""Files of features and their groups: what is read, and what is wrong with which line."""

import numpy as np
import pandas as pd
import pytest

from sklearn_deeplifft import groups_from_file
from sklearn_deeplifft.tables import find_groups

EXPECTED = {"GATA1": "GATA", "GATA3": "GATA", "CTCF": None, "SP1": "SP/KLF"}
LINES = ["GATA1\tGATA", "GATA3\tGATA", "CTCF\t", "SP1\tSP/KLF"]


@pytest.fixture
def write(tmp_path):
    def made(text, name="families.tsv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return path

    return made


WAYS = {
    "tabs": "\n".join(LINES),
    "commas": "\n".join(LINES).replace("\t", ","),
    "windows": "\r\n".join([*LINES, ""]),
    "header": "\n".join(["motif\tfamily", *LINES]),
    "header of any case": "\n".join(["feature\tGroup", *LINES]),
    "comments and empty lines": "\n".join(["# of HOCOMOCO", "", *LINES[:2], "#", *LINES[2:], " "]),
    "spaces": "\n".join(line.replace("\t", " \t ") for line in LINES),
    "byte order mark": "\ufeff" + "\n".join(LINES),
    "said twice": "\n".join([*LINES, LINES[0]]),
    "quotes": '"GATA1"\t"GATA"\n' + "\n".join(LINES[1:]),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_write_it(way, write):
    found = groups_from_file(write(WAYS[way]))
    assert found == EXPECTED
    assert list(found) == list(EXPECTED)


def test_a_header_may_be_said(write):
    path = write("motif\ttf\nGATA1\tGATA\n")
    assert groups_from_file(path) == {"motif": "tf", "GATA1": "GATA"}
    assert groups_from_file(path, header=True) == {"GATA1": "GATA"}
    assert groups_from_file(str(write("x\tgroup\ny\tgroup\n")), header=False) == {
        "x": "group",
        "y": "group",
    }
    # Only a first line can be one.
    assert groups_from_file(write("y\ta\nx\tgroup\n")) == {"y": "a", "x": "group"}


def test_a_comma_in_a_name_needs_tabs_or_quotes(write):
    expected = {"a,b": "one", "c": "two"}
    assert groups_from_file(write("a,b\tone\nc\ttwo\n")) == expected
    assert groups_from_file(write('"a,b",one\nc,two\n')) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\tx\nb\n", r"families.tsv, line 2 has 1 cells; it must have two, a feature and its "),
        ("\n\na\tx\nb\tx\ty\n", r"line 4 has 3 cells; .* separated by a tab \(as the first"),
        ("a,x\nb\tx\n", r"line 2 has 1 cells; .* separated by a comma"),
        ("a x\n", r"line 1 has 1 cells"),
        ("feature\tgroup\na\tx\n\tx\n", "line 3: the first cell is empty"),
        ("a\tx\nb\tx\na\ty\n", "line 3: 'a' is in 'y' here and in 'x' above; a feature belongs"),
        ("a\tx\na\t\n", "line 2: 'a' is in None here and in 'x' above"),
        ("", "families.tsv names no feature"),
        ("# nothing\n\n", "names no feature"),
        ("feature\tgroup\n", "names no feature"),
        ("a\t\x00\udcff", "not UTF-8 text"),
    ],
)
def test_strange_files_are_refused_with_the_line(text, message, tmp_path):
    path = tmp_path / "families.tsv"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ValueError, match=message):
        groups_from_file(path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        groups_from_file(tmp_path / "families.tsv")


def test_what_is_read_is_what_groups_take(write):
    families = groups_from_file(write(WAYS["header"]))
    names = np.array(["SP1", "GATA3", "CTCF", "GATA1"], dtype=object)
    assert find_groups(families, names, 4).of_column.tolist() == [0, 1, 2, 1]
    # A file of more than the table has.
    few = pd.Index(["GATA3", "other", "GATA1"])
    with pytest.raises(ValueError, match="feature_groups names columns that X does not have"):
        find_groups(families, few, 3)
    assert find_groups(families.get, few, 3).of_column.tolist() == [0, 1, 0]
