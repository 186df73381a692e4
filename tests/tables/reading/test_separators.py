"""Marks between columns: usual ones, others that a file shows, and those that an error advises."""

import re

import pytest

from sklearn_deeplifft.exceptions import FeatureSelectionWarning
from sklearn_deeplifft.tables import TableReadError, read_table
from sklearn_deeplifft.tables.reading import as_flag

N = 60


def written(folder, sep, names="aby", name="t.csv", **columns):
    columns = {"a": ["-0.5", "1.5", "2.25"], "b": ["7", "8"], "y": ["p", "q"], **columns}
    rows = [sep.join(columns[c][i % len(columns[c])] for c in names) for i in range(N)]
    (folder / name).write_text("\n".join([sep.join(names), *rows]), encoding="utf-8")
    return folder / name


@pytest.mark.parametrize(
    "sep",
    [*"^~:!/@&*#", "\u00a7", "\u00a6", "::", "~~", "||", " ~ ", " | ", ",", ";", "\t", "|", " "],
)
@pytest.mark.parametrize("name", ["t.csv", "t.dat"])
def test_a_mark_that_all_lines_have_equally_often_is_found(tmp_path, sep, name):
    table = read_table(written(tmp_path, sep, name=name), target="y")
    assert table.features == ("a", "b")
    assert table.X["a"].tolist() == [(-0.5, 1.5, 2.25)[i % 3] for i in range(N)]
    usual = sep.strip() in ("", ",", ";", "|")
    said = [note for note in table.notes if note.kind == "separator"]
    if not usual:
        assert table.sentences() == [f"Columns are separated by '{sep.strip()}'."]
    else:
        assert bool(said) == (sep != "," and name == "t.csv")


@pytest.mark.parametrize(
    "cells", [["0,5", "1,25"], ["Smith, John", "Doe, Jane"], ["Smith, J", "X"]]
)
def test_commas_in_all_rows_do_not_hide_the_mark_of_the_header(tmp_path, cells):
    table = read_table(written(tmp_path, "^", a=cells), target="y")
    assert table.features == ("a", "b")


@pytest.mark.parametrize(
    ("text", "features"),
    [
        ("a:x,b,y\n" + "1:2,3,p\n4:5,6,q\n" * 20, ("a:x", "b")),
        ("a:x b:x y\n" + "1:2 3:3 p\n4:5 6:6 q\n" * 20, ("a:x", "b:x")),
        ("day,y\n" + "10:30:15,p\n11:40:25,q\n" * 20, ("day",)),
        ("a b y\n" + "r1 1.5 2 p\nr2 2.5 3 q\n" * 20, ("a", "b")),
    ],
)
@pytest.mark.filterwarnings("ignore:Left out")
def test_usual_marks_that_the_header_has_come_first(tmp_path, text, features):
    (tmp_path / "t.csv").write_text(text)
    assert read_table(tmp_path / "t.csv", target="y").features == features


@pytest.mark.parametrize(
    ("sep", "change", "given", "advised"),
    [
        ("^", {}, ";", "--sep '^'"),
        (",", {}, ";", "--sep ','"),
        ("~", {"y": ["p", "q~"]}, None, "--sep '~'"),
        (":", {"a": ["10:30", "11:30:15"]}, None, "--sep ':'"),
        ("::", {"y": ["p", "q::"]}, None, "--sep '::'"),
    ],
)
def test_the_separator_advised_makes_a_column_of_the_target(tmp_path, sep, change, given, advised):
    with pytest.raises(TableReadError) as caught:
        read_table(written(tmp_path, sep, **change), target="y", sep=given)
    assert caught.value.said(as_flag) == (
        f"no column 'y'; the file has a single column, 'a{sep}b{sep}y'. If its columns are "
        f"separated by something else, say so, as in {advised}."
    )


@pytest.mark.parametrize("sep", [",", ";", "\t", "|", "::"])
@pytest.mark.parametrize("target", ["b", "y"])
def test_rows_that_end_with_a_separator_do_not_begin_with_a_name(tmp_path, sep, target):
    """As names of rows, cells would belong to the next column: b would be what y is."""
    path = written(tmp_path, sep, y=[f"p{sep}", f"q{sep} "])
    with pytest.raises(TableReadError, match=r"every row ends with a separator \(.*4 cells and it"):
        read_table(path, target=target, sep=sep)
    text = path.read_text(encoding="utf-8").replace("y", f"y{sep}", 1)
    path.write_text(text, encoding="utf-8")
    with pytest.warns(FeatureSelectionWarning, match="Left out, no values: column 4"):
        assert "a" in read_table(path, target=target, sep=sep).features


def test_names_of_rows_are_read_though_some_rows_end_with_an_empty_cell(tmp_path):
    path = written(tmp_path, ",", a=["r,-0.5", "s,1.5"], y=["p", "q", ""])
    with pytest.warns(FeatureSelectionWarning, match="Left out"):
        table = read_table(path, target="b")
    assert table.X["a"].tolist()[:2] == [-0.5, 1.5]


MARKS = ["||", "::", "~~", ";;", ",,", "\t\t"]


@pytest.mark.filterwarnings("ignore:Left out, no values")  # between two commas of each pair
@pytest.mark.parametrize("sep", MARKS)
@pytest.mark.parametrize(
    "a",
    [["u{}v", "w"], ["u{}v", "w{}x"], ['"u{}v"', "w"], ['"u{}{}v"', "w{}x"], ["u{}v", ""]],
    ids=["one", "all", "quoted", "quoted twice", "empty"],
)
def test_cells_may_hold_half_of_a_separator(tmp_path, sep, a):
    cells = [cell.replace("{}", sep[0]) for cell in a]
    table = read_table(written(tmp_path, sep, a=cells), target="y")
    assert table.features == ("a", "b")
    assert set(table.X["a"]) == {cell.strip('"') or "(missing)" for cell in cells}
    assert set(table.y) == {"p", "q"}


@pytest.mark.parametrize("sep", MARKS)
def test_so_may_names(tmp_path, sep):
    path = written(tmp_path, sep)
    text = path.read_text(encoding="utf-8").replace("a", f"P(a{sep[0]}b)", 1)
    path.write_text(text, encoding="utf-8")
    assert read_table(path, target="y").features == (f"P(a{sep[0]}b)".replace("\t", " "), "b")


@pytest.mark.parametrize(
    ("text", "sep"),
    [
        ("a;;y\n" + "1;;p\n" * 20 + "1;2;;p\n", "';'"),
        ("a,,y\n" + "1,,p\n" * 20 + "1,,2,p\n", "','"),
        ("a|b||y\n" + "1||p\n" * 20, "'|'"),
        ("a||y\n" + "1||p\n" * 20 + "1||2||p\n", "'||'"),
    ],
)
def test_lines_that_are_ragged_are_no_cells_with_half_of_a_separator(tmp_path, text, sep):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(TableReadError, match=rf"separated by {re.escape(sep)}; every row must"):
        read_table(tmp_path / "t.csv", target="y")


def test_no_separator_is_advised_where_none_would_help(tmp_path):
    (tmp_path / "t.csv").write_text("speed\n1\n2\n3\n")
    with pytest.raises(TableReadError, match="no column 'y'; the only one is 'speed'") as caught:
        read_table(tmp_path / "t.csv", target="y")
    assert "sep" not in str(caught.value)


def test_decimal_commas_between_commas_are_no_matter_of_the_separator(tmp_path):
    (tmp_path / "t.csv").write_text("a,b,y\n" + "0,5,1,5,p\n" * 20)
    with pytest.raises(TableReadError, match="write the file with another separator") as caught:
        read_table(tmp_path / "t.csv", target="y")
    assert "sep=" not in str(caught.value)


@pytest.mark.parametrize("sep", ["||", "::", ";;", "\t\t", "\u00a7", "|", "\t"])
def test_quoted_cells_keep_the_marks_that_separate_others(tmp_path, sep):
    a = [f'"p{sep}0"', f'"say ""x""{sep}0"', f'"two{sep}\nlines{sep}0"']
    b = ['5" wide', "plain"]
    path = written(tmp_path, sep, a=a, b=b)
    read = read_table(path, target="y", sep=sep)
    assert set(read.X["a"]) == {f"p{sep}0", f'say "x"{sep}0', f"two{sep}\nlines{sep}0"}
    assert set(read.X["b"]) == {'5" wide', "plain"}


@pytest.mark.parametrize(
    ("sep", "named"),
    [
        *((sep, f"'{sep}'") for sep in (",", ";", "||", "::", ";;", " | ", "\u00a7", "\u3001")),
        *(("\t", "tabs"), ("\t\t", r"'\t\t'"), (" ", "spaces"), (r"\s+", "spaces")),
    ],
)
def test_a_line_of_too_many_cells_names_the_separator_of_the_file(tmp_path, sep, named):
    mark = " " if sep == r"\s+" else sep
    path = written(tmp_path, mark)
    path.write_text(path.read_text(encoding="utf-8") + f"{mark}more", encoding="utf-8")
    with pytest.raises(TableReadError) as caught:
        read_table(path, target="y", sep=sep)
    assert f"line {N + 1} has 4 cells and the header (line 1) has 3 cells, " in str(caught.value)
    assert f"separated by {named}; every row must have as many." in str(caught.value)
