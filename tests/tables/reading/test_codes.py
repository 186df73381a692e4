"""Digits that are names: leading zeros, and more digits than float64 tells apart."""

import json

import numpy as np
import pandas as pd
import pytest

from sklearn_deeplifft.tables import TableReadError, read_table
from sklearn_deeplifft.tables.reading import as_flag

N = 60
LONG = [str(77777777777777777770 + i) for i in range(N)]
"""Order numbers of 20 digits that differ in the last two, and are one number as floats."""


def filled(cells):
    return [cells[i % len(cells)] for i in range(N)]


def csv(folder, sep=",", name="t.csv", **columns):
    columns = {"a": [0.5 + i for i in range(N)], **columns}
    rows = [sep.join(map(str, row)) for row in zip(*map(filled, columns.values()), strict=True)]
    (folder / name).write_text("\n".join([sep.join(columns), *rows]), encoding="utf-8")
    return folder / name


def notes(table):
    return [note.kind for note in table.notes]


@pytest.mark.parametrize(
    "labels",
    [["01", "1", "2"], ["001", "002", "010"], ["0", "1", "00"], ['"01"', "1"], ["07", "7", ""]],
)
def test_labels_with_leading_zeros_are_classes_as_they_are_written(tmp_path, labels):
    table = read_table(csv(tmp_path, y=labels), target="y")
    wanted = [label.strip('"') for label in filled(labels) if label]
    assert table.task == "classification"
    assert table.y.tolist() == wanted
    assert "label codes" in notes(table)


def test_a_note_says_how_codes_become_numbers_to_predict(tmp_path):
    path = csv(tmp_path, y=["01", "1", "2"])
    said = read_table(path, target="y").sentences(as_flag)
    assert said == [
        "y: labels such as '01' are codes, each a class as it is written. If they are numbers to "
        "predict, use --task regression."
    ]
    table = read_table(path, target="y", task="regression")
    assert table.y.tolist() == filled([1.0, 1.0, 2.0])
    assert notes(table) == ["padded"]


@pytest.mark.parametrize(
    ("labels", "read", "words"),
    [
        (["1", "1.0", "2"], [1, 1, 2], ("1", "1.0")),
        (["1", "+1", "-1"], [1, 1, -1], ("1", "+1")),
        (["1e0", "1", "2"], [1, 1, 2], ("1", "1e0")),
        (["0", "-0", "1"], [0, 0, 1], ("0", "-0")),
    ],
)
def test_two_spellings_of_one_number_are_one_class_and_are_named(tmp_path, labels, read, words):
    table = read_table(csv(tmp_path, y=labels), target="y")
    assert table.y.tolist() == filled(read)
    assert [note.words for note in table.notes] == [words]
    assert table.sentences() == [
        f"y: '{words[0]}' and '{words[1]}' are the same number, so the same class."
    ]


@pytest.mark.parametrize("labels", [["1", "2"], ["1.0", "2.0"], ["1.50", "1.5", "2.25"]])
def test_numbers_of_one_spelling_and_quantities_need_no_word(tmp_path, labels):
    table = read_table(csv(tmp_path, y=labels), target="y")
    assert table.y.tolist() == [float(label) for label in filled(labels)]
    assert table.notes == ()


@pytest.mark.parametrize("sep", [",", ";", "\t", "||"])
def test_few_codes_are_categories(tmp_path, sep):
    codes = ["01234", "1234", "94110", '"00501"']
    path = csv(tmp_path, sep, zip=codes, text=["a 01", "b"], day=["2020-01-02"], y=["p", "q"])
    table = read_table(path, target="y", drop=["day"], sep=sep)
    assert table.text_columns == ("zip", "text")
    assert table.X["zip"].tolist() == filled(["01234", "1234", "94110", "00501"])
    assert (
        "zip: cells such as '00501' begin with a zero, as codes do, and are taken as categories; "
        "quantities are written without it." in table.sentences()
    )


@pytest.mark.parametrize(
    "cells", [["007.50", "012.25"], ["0", "5"], ["0.5", "0.25"], ["-07", "-12"], ["100", "200"]]
)
def test_numbers_of_fixed_width_and_zeros_are_numbers(tmp_path, cells):
    table = read_table(csv(tmp_path, m=cells, y=["p", "q"]), target="y")
    assert table.X["m"].tolist() == [float(cell) for cell in filled(cells)]
    assert table.notes == ()


def test_many_codes_are_numbers_with_a_word(tmp_path):
    """As categories they would be refused, and a zip code says where."""
    codes = [f"{1000 + 1637 * i:05}" for i in range(N)]
    path = csv(tmp_path, zip=codes, y=["p", "q"])
    table = read_table(path, target="y")
    assert table.X["zip"].tolist() == [float(code) for code in codes]
    assert table.sentences() == [
        "zip: cells such as '01000' begin with a zero, as codes do; there are 60 different ones, "
        "read as numbers: '01000' is 1000. If they are categories, say max_categories=60."
    ]


def test_the_remedy_of_many_codes_makes_categories_of_them(tmp_path):
    codes = [f"{i:03}" for i in range(3, 58)]
    table = read_table(csv(tmp_path, site=codes, y=["p", "q"]), target="y", max_categories=55)
    assert table.X["site"].tolist() == filled(codes)


def test_words_for_missing_are_no_category_of_codes(tmp_path):
    cells = ["01", "02", "unknown", ""]
    table = read_table(csv(tmp_path, site=cells, y=["p", "q"]), target="y")
    assert table.X["site"].tolist() == filled(["01", "02", "(missing)", "(missing)"])


def test_codes_that_number_the_rows_are_left_out(tmp_path):
    path = csv(tmp_path, id=[f"{i:03}" for i in range(1, N + 1)], y=["p", "q"])
    with pytest.warns(UserWarning, match="row numbers: id"):
        assert read_table(path, target="y").features == ("a",)


def test_owners_with_leading_zeros_are_told_apart(tmp_path):
    path = csv(tmp_path, patient=["01", "1", "02"], y=["p", "q"])
    table = read_table(path, target="y", row_groups="patient")
    assert table.groups.tolist() == filled(["01", "1", "02"])


@pytest.mark.parametrize("write", ["json", "parquet", "xlsx"])
def test_codes_are_codes_in_other_formats(tmp_path, write):
    frame = pd.DataFrame({"a": np.arange(N) + 0.5, "zip": filled(["01234", "94110"])})
    frame["y"] = filled(["01", "1"])
    path = tmp_path / f"t.{write}"
    if write == "json":
        path.write_text(json.dumps(frame.to_dict("records")))
    else:
        frame.to_excel(path, index=False) if write == "xlsx" else frame.to_parquet(path)
    table = read_table(path, target="y")
    assert table.X["zip"].tolist() == frame["zip"].tolist()
    assert table.y.tolist() == frame["y"].tolist()


# More digits than float64 tells apart


@pytest.mark.parametrize(
    "cells",
    [
        LONG,
        [*LONG[:-1], ""],
        [cell[3:] for cell in LONG],
        [*(cell[3:] for cell in LONG[:-1]), ""],
        [*LONG[:-1], "12"],
    ],
    ids=["20 digits", "20 and a gap", "17 digits", "17 and a gap", "20 and a short one"],
)
def test_long_numbers_that_all_differ_are_identifiers(tmp_path, cells):
    path = csv(tmp_path, order=cells, y=["p", "q"])
    with pytest.warns(UserWarning, match="Left out, identifiers: order"):
        assert read_table(path, target="y").features == ("a",)


@pytest.mark.parametrize(
    "change",
    [
        lambda cell: cell,
        lambda cell: f"-{cell}",
        lambda cell: f"{cell}.0",
        lambda cell: cell[3:],
        lambda cell: "" if cell == LONG[6] else cell[3:],
        lambda cell: "unknown" if cell == LONG[6] else cell,
        lambda cell: "12.5" if cell == LONG[6] else cell,
        lambda cell: f"{int(cell):,}".replace(",", " "),
    ],
)
def test_long_numbers_that_repeat_are_refused_by_name(tmp_path, change):
    path = csv(tmp_path, order=[change(cell) for cell in LONG[:7]], y=["p", "q"])
    with pytest.raises(TableReadError) as caught:
        read_table(path, target="y")
    said = str(caught.value)
    assert said.startswith("order cannot be read: its whole numbers are so long (")
    assert "different ones would be read as one." in said
    assert "drop=['order'], or, if rows of one value belong together, say row_groups=" in said
    table = read_table(path, target="y", drop=["order"])
    assert table.features == ("a",)


def test_long_numbers_of_json_are_refused_too(tmp_path):
    rows = [{"a": i, "order": int(LONG[i % 7]), "y": "pq"[i % 2]} for i in range(N)]
    (tmp_path / "t.json").write_text(json.dumps(rows))
    with pytest.raises(TableReadError, match="order cannot be read: its whole numbers are so long"):
        read_table(tmp_path / "t.json", target="y")


@pytest.mark.parametrize(
    "cells",
    [
        ["1.5e20", "1.6e20"],
        ["150000000000000000000", "160000000000000000000"],
        ["9007199254740994"],
    ],
)
def test_large_numbers_that_float64_tells_apart_are_numbers(tmp_path, cells):
    table = read_table(csv(tmp_path, m=cells, y=["p", "q"]), target="y")
    assert table.X["m"].tolist() == [float(cell) for cell in filled(cells)]
    assert table.notes == ()


@pytest.mark.parametrize(
    "labels",
    [
        LONG[:3],
        [*(cell[3:] for cell in LONG[:2]), ""],
        ["18000000000000000000", "5"],
        ["7" * 400, "5"],
    ],
    ids=["20 digits", "17 and a gap", "beyond int64", "beyond float64"],
)
def test_long_labels_are_classes_each(tmp_path, labels):
    table = read_table(csv(tmp_path, y=labels), target="y")
    assert table.y.tolist() == [label for label in filled(labels) if label]


def test_labels_that_int64_holds_stay_whole_numbers(tmp_path):
    labels = [2**60 + i for i in range(3)]
    table = read_table(csv(tmp_path, y=labels), target="y")
    assert table.y.tolist() == filled(labels)
    assert table.notes == ()


@pytest.mark.parametrize("digits", [17, 20])
def test_long_numbers_are_no_quantity_to_predict(tmp_path, digits):
    path = csv(tmp_path, y=[cell[-digits:] for cell in LONG])
    with pytest.raises(TableReadError) as caught:
        read_table(path, target="y")
    assert str(caught.value) == (
        "the target y cannot be predicted as a quantity: its whole numbers are so long "
        f"({LONG[0][-digits:]}) that different ones would be read as one. If they are classes, say "
        "task='classification'; else subtract the smallest."
    )
    labels = read_table(path, target="y", task="classification").y
    assert labels.astype(str).tolist() == [cell[-digits:] for cell in LONG]
