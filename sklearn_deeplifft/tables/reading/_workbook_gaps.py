"""Cells of a workbook that show a value and hold none: merged ones, and formulas never computed.

A merged area holds its value in its first cell alone. A formula holds the value that a spreadsheet
program has computed and stored; libraries that write workbooks store none. The library that reads
cells tells neither from an empty cell, so that the sheet itself is looked at.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from xml.etree import ElementTree

import numpy as np
import pandas as pd

from sklearn_deeplifft.tables.reading._notes import Note

__all__ = ["gap_notes"]


def gap_notes(data: bytes, sheet: str, cells: pd.DataFrame, names: list[str]) -> list[Note]:
    """Notes on the empty cells of a sheet that only seem to hold a value.

    Parameters
    ----------
    data : bytes
        The workbook.
    cells : DataFrame of shape (rows, n)
        Those of the table below its header, labelled by their row and column in the sheet, from 0.
    names : list of n str
        What the columns are called.
    """
    missing = cells.isna().to_numpy()
    if not missing.any():
        return []
    merged, formulas = _gaps(data, sheet)
    notes = []
    for kind, areas in (("merged cells", merged), ("formulas", formulas)):
        at = np.zeros(missing.shape, dtype=bool)
        for area in areas:
            rows, columns = _within(cells.index, *area[::2]), _within(cells.columns, *area[1::2])
            at[rows, columns] = kind == "formulas" or _has_value(cells, area)
        n = (at & missing).sum(axis=0).tolist()
        notes += [Note(kind, name, count) for name, count in zip(names, n, strict=True) if count]
    return notes


Area = tuple[int, int, int, int]
"""First row and column, last row and column, from 0."""


def _within(labels: pd.Index, first: int, last: int) -> slice:
    return slice(int(labels.searchsorted(first)), int(labels.searchsorted(last, side="right")))


def _has_value(cells: pd.DataFrame, area: Area) -> bool:
    """Whether an area shows anything; one that begins above the table may."""
    row, column = area[:2]
    known = row in cells.index and column in cells.columns
    return not known or bool(pd.notna(cells.at[row, column]))


def _gaps(data: bytes, sheet: str) -> tuple[list[Area], list[Area]]:
    """Merged areas, and formulas without a value."""
    from openpyxl.utils import range_boundaries

    merged: list[Area] = []
    formulas: list[Area] = []
    for kind, reference in _references(data, sheet):
        left, top, right, bottom = range_boundaries(reference)
        area = top - 1, left - 1, bottom - 1, right - 1
        (merged if kind == "mergeCell" else formulas).append(area)
    return merged, formulas


def _references(data: bytes, sheet: str) -> Iterator[tuple[str, str]]:
    """Kind and place, such as ``("mergeCell", "A2:A4")`` or ``("f", "C2")``."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        path = _path(archive, sheet)
        if path not in archive.namelist():
            return
        with archive.open(path) as file:
            for _, element in ElementTree.iterparse(file):
                kind = _local(element.tag)
                if kind == "mergeCell":
                    yield kind, element.attrib["ref"]
                elif kind == "c":
                    if _never_computed(element) and "r" in element.attrib:
                        yield "f", element.attrib["r"]
                elif kind == "row":
                    element.clear()  # else a large sheet stays in memory as a tree


def _never_computed(cell: ElementTree.Element) -> bool:
    parts = {_local(part.tag): part.text for part in cell}
    # A formula whose value is an empty text says so by the type of its cell.
    return "f" in parts and not parts.get("v") and cell.get("t") != "str"


def _path(archive: zipfile.ZipFile, sheet: str) -> str:
    """The part of the archive that holds a sheet; "" if the workbook does not say."""
    relations = _tree(archive, "xl/_rels/workbook.xml.rels")
    targets = {relation.get("Id"): relation.get("Target", "") for relation in relations}
    for element in _tree(archive, "xl/workbook.xml").iter():
        if _local(element.tag) == "sheet" and element.get("name") == sheet:
            key = next((v for k, v in element.attrib.items() if k.endswith("}id")), None)
            target = targets.get(key, "")
            return target[1:] if target.startswith("/") else f"xl/{target}"
    return ""


def _tree(archive: zipfile.ZipFile, part: str) -> ElementTree.Element:
    return ElementTree.fromstring(archive.read(part))


def _local(tag: str) -> str:
    """A name without its namespace, of which there are several."""
    return tag.rpartition("}")[2]
