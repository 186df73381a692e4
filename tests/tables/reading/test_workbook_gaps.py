"""Cells of a workbook that show a value and hold none are named and counted."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest

from sklearn_deeplifft.tables import read_table

openpyxl = pytest.importorskip("openpyxl", reason="workbooks need the extra tables")

pytestmark = pytest.mark.filterwarnings("ignore:Left out, no values")

MERGED = (
    "Cells merged with the one before hold no value of their own and are taken as missing: {}. "
    "If its value holds for them, unmerge and fill them."
)
FORMULAS = (
    "Formulas whose values the file does not hold are taken as missing: {}. Open it in a "
    "spreadsheet program and save it there to have them."
)


@pytest.fixture
def book():
    """Twelve rows below a header in row 1, in a workbook of two sheets."""
    found = openpyxl.Workbook()
    found.active.title = "notes"
    found.active["A1"] = "=1+1"
    sheet = found.create_sheet("data & more")
    sheet.append(["site", "age", "gap", "y"])
    for i in range(12):
        sheet.append(["AB"[i // 6], 30 + 1.5 * i, None if i == 5 else i % 7, i % 2])
    return found


def read(book, tmp_path, change=lambda parts: parts):
    """Save, change the parts of the file, read, and return what is said of gaps."""
    plain = io.BytesIO()
    book.save(plain)
    with zipfile.ZipFile(plain) as archive:
        parts = change({name: archive.read(name) for name in archive.namelist()})
    with zipfile.ZipFile(tmp_path / "t.xlsx", "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    table = read_table(tmp_path / "t.xlsx", target="y", sheet="data & more")
    return table, [s for s in table.sentences() if "merged" in s or "Formulas" in s]


def test_empty_cells_are_empty(book, tmp_path):
    table, said = read(book, tmp_path)
    assert said == []
    assert np.isnan(table.X["gap"]).sum() == 1


def test_merged_cells_are_counted_by_column(book, tmp_path):
    sheet = book["data & more"]
    for area in ("A2:A4", "A8:B9", "C3:C5"):
        sheet.merge_cells(area)
    table, said = read(book, tmp_path)
    assert said == [MERGED.format("site (3), age (2), gap (2)")]
    assert (table.X["site"] == "(missing)").sum() == 3


def test_a_merged_area_without_a_value_is_empty(book, tmp_path):
    sheet = book["data & more"]
    sheet["C3"] = None
    sheet.merge_cells("C3:C5")
    sheet.merge_cells("F1:F9")
    assert read(book, tmp_path)[1] == []


@pytest.mark.parametrize(("rows", "columns"), [(0, 0), (3, 0), (0, 2), (2, 1)])
def test_a_table_may_stand_anywhere_in_its_sheet(book, tmp_path, rows, columns):
    sheet = book["data & more"]
    sheet.move_range("A1:D13", rows, columns)
    first, letter = 2 + rows, "ABC"[columns]
    sheet.merge_cells(f"{letter}{first}:{letter}{first + 2}")
    sheet.move_range(f"A{first + 6}:F{first + 12}", 1)  # an empty row is no row of the table
    assert read(book, tmp_path)[1] == [MERGED.format("site (2)")]


def test_formulas_without_a_value_are_counted(book, tmp_path):
    sheet = book["data & more"]
    for row in range(2, 14):
        sheet.cell(row, 5, f"=B{row}*2")
    sheet["E1"] = "double"
    sheet["B3"] = "=B2+1.5"
    table, said = read(book, tmp_path)
    assert said == [FORMULAS.format("age (1), double (12)")]
    assert table.features == ("site", "age", "gap")


def test_formulas_with_a_value_are_values_and_those_of_an_empty_text_empty(book, tmp_path):
    """As spreadsheet programs store them."""
    sheet = book["data & more"]
    sheet["B3"], sheet["B4"], sheet["B5"] = "=B2+1.5", '=""', "=B2+2"

    def stored(parts):
        name = "xl/worksheets/sheet2.xml"
        xml = parts[name].replace(b"<f>B2+1.5</f><v />", b"<f>B2+1.5</f><v>31.5</v>")
        xml = xml.replace(b'<c r="B4"><f>""</f><v />', b'<c r="B4" t="str"><f>""</f><v></v>')
        assert xml.count(b"<v />") + xml.count(b"<v/>") == 1
        return parts | {name: xml}

    table, said = read(book, tmp_path, stored)
    assert said == [FORMULAS.format("age (1)")]
    assert table.X["age"].iloc[1] == 31.5
    assert np.isnan(table.X["age"].iloc[2])


def test_a_workbook_that_names_its_sheets_otherwise_is_read(book, tmp_path):
    """Places from the root of the file, as some programs write them, or none at all."""
    book["data & more"].merge_cells("A2:A4")

    def rooted(parts):
        name = "xl/_rels/workbook.xml.rels"
        other = b'Target="worksheets/'
        own = b'Target="/xl/worksheets/'
        swapped = (own, other) if own in parts[name] else (other, own)
        return parts | {name: parts[name].replace(*swapped)}

    assert read(book, tmp_path, rooted)[1] == [MERGED.format("site (2)")]
