"""Text files by separator, encoding, header and lines, and what is wrong with some."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

from benchmarks.messy.case import Case
from benchmarks.messy.made import AGE, COLOUR, N, Y, text_file

__all__ = ["CASES"]

COLUMNS = {"age": AGE, "colour": COLOUR, "y": Y}
X = {"age": AGE, "colour": COLOUR}
LINES = ["age,y", *(f"{age:g},{y}" for age, y in zip(AGE, Y, strict=True))]


def _table(
    name: str, file: str, write: Callable[[Path], object], *said: str, **options: str
) -> Case:
    return Case(name, file, write, X, Y, said=said, options=options)


def _compressed(pack: Callable[[bytes], bytes]) -> Callable[[Path], object]:
    def write(path: Path) -> None:
        text_file(COLUMNS)(path)
        path.write_bytes(pack(path.read_bytes()))

    return write


def _lines(*lines: str) -> Callable[[Path], object]:
    return lambda path: path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _refused(
    name: str, write: Callable[[Path], object], *refused: str, file: str = "t.csv"
) -> Case:
    return Case(name, file, write, refused=refused)


def _age(name: str, write: Callable[[Path], object], *said: str, file: str = "t.csv") -> Case:
    return Case(name, file, write, {"age": AGE}, Y, said=said)


CASES = [
    _table("semicolons under the name of commas", "t.csv", text_file(COLUMNS, ";"), "';'"),
    _table("commas under the name of tabs", "t.tsv", text_file(COLUMNS), "','"),
    _table("bars", "t.txt", text_file(COLUMNS, "|"), "'|'"),
    _table("runs of spaces", "t.txt", text_file(COLUMNS, "   "), "spaces"),
    _table("a separator of two marks", "t.dat", text_file(COLUMNS, "::"), sep="::"),
    _table("any suffix", "t.dat", text_file(COLUMNS, "\t")),
    _table("a line that tells the separator", "t.csv", text_file(COLUMNS, ";", before="sep=;\n")),
    _table("line ends of Windows", "t.csv", text_file(COLUMNS, newline="\r\n")),
    _table("line ends of old Macs", "t.csv", text_file(COLUMNS, newline="\r")),
    _table("a byte order mark", "t.csv", text_file(COLUMNS, encoding="utf-8-sig")),
    _table("UTF-16", "t.csv", text_file(COLUMNS, encoding="utf-16")),
    _table("UTF-16 without a mark", "t.csv", text_file(COLUMNS, encoding="utf-16-le")),
    _table("gzip under the name of commas", "t.csv", _compressed(gzip.compress)),
    _table("gzip", "t.csv.gz", _compressed(gzip.compress)),
    _table("bzip2", "t.csv.bz2", _compressed(bz2.compress)),
    _table("xz", "t.csv.xz", _compressed(lzma.compress)),
    Case(
        "Windows-1252",
        "t.csv",
        text_file({"größe": AGE, "y": Y}, encoding="cp1252"),
        {"größe": AGE},
        Y,
        said=["read as Windows-1252"],
    ),
    Case(
        "an encoding that is told",
        "t.csv",
        text_file({"возраст": AGE, "y": Y}, encoding="cp1251"),
        {"возраст": AGE},
        Y,
        options={"encoding": "cp1251"},
    ),
    Case(
        "blanks around names",
        "t.csv",
        text_file({"  age  in years ": AGE, " y": Y}),
        {"age in years": AGE},
        Y,
    ),
    Case(
        "names with marks of no width, and accents of two characters",
        "t.csv",
        text_file({"age\u200b": AGE, "\ufeffe\u0301ge": AGE, "y": Y}),
        {"age": AGE, "\xe9ge": AGE},
        Y,
    ),
    Case(
        "a target asked for with the blanks of its name",
        "t.csv",
        text_file({"age": AGE, " y  1": Y}),
        {"age": AGE},
        Y,
        target=" y  1",
    ),
    Case(
        "a table of Markdown",
        "t.md",
        _lines(
            "| age | y |",
            "|:---|---:|",
            *(f"| {line.replace(',', ' | ')} |" for line in LINES[1:]),
        ),
        {"age": AGE},
        Y,
        {"column 1": "empty", "column 4": "empty"},
    ),
    Case("a name in brackets", "t.csv", text_file({"[mg]": AGE, "y": Y}), {"[mg]": AGE}, Y),
    Case(
        "a column without a name",
        "t.csv",
        text_file({"": range(N), "age": AGE, "y": Y}),
        {"age": AGE},
        Y,
        {"column 1": "counter"},
    ),
    Case(
        "a separator at the end of every line",
        "t.csv",
        _lines(*(f"{line}," for line in LINES)),
        {"age": AGE},
        Y,
        {"column 3": "empty"},
    ),
    Case(
        "names of rows without a header, as R writes",
        "t.tsv",
        _lines(
            LINES[0].replace(",", "\t"),
            *(f"r{i}\t{line}".replace(",", "\t") for i, line in enumerate(LINES[1:])),
        ),
        {"age": AGE},
        Y,
        {"column 1": "identifier"},
        ["one cell more than the header"],
    ),
    _age("comments", _lines("# made by hand, in a hurry", "#", *LINES), "2 comment lines"),
    _age(
        "comments between rows",
        _lines(*LINES[:9], "# here, the, machine broke", *LINES[9:]),
        "1 comment line is",
    ),
    Case(
        "a header behind a hash",
        "t.tsv",
        _lines("#" + LINES[0].replace(",", "\t"), *(line.replace(",", "\t") for line in LINES[1:])),
        {"age": AGE},
        Y,
    ),
    Case(
        "cells that begin with a hash",
        "t.csv",
        text_file({"colour": [f"#{c}" for c in COLOUR], "y": Y}),
        {"colour": [f"#{c}" for c in COLOUR]},
        Y,
    ),
    _age("blank lines", _lines("", *LINES[:5], "", ",", *LINES[5:], "", ""), "3 blank lines"),
    Case(
        "a cell of two lines",
        "t.csv",
        text_file({"c": [f"{c}\nx" for c in COLOUR], "y": Y}),
        {"c": [f"{c}\nx" for c in COLOUR]},
        Y,
    ),
    _refused(
        "two columns of one name",
        _lines("age,age ,y", *(f"1,{x}" for x in LINES[1:])),
        "several columns are named 'age' (1 and 2)",
    ),
    _refused(
        "a row too long",
        _lines(*LINES[:7], "1,2,ill", *LINES[7:]),
        "line 8 has 3 cells and the header (line 1) has 2 cells",
    ),
    _refused("a row too short", _lines(*LINES[:7], "1", *LINES[7:]), "line 8 has 1 cell"),
    _refused(
        "a title",
        _lines("Report of the year", *(f"1,{line}" for line in LINES)),
        "Is line 1 a title?",
    ),
    _refused(
        "an open quotation mark",
        _lines(*LINES[:7], '"1,ill', *LINES[7:]),
        "line 8 opens a quotation mark that is not closed",
    ),
    _refused(
        "no such column", _lines(*(line.replace(",y", ",Y2") for line in LINES)), "no column 'y'"
    ),
    _refused("a header alone", _lines("age,y"), "has a header and no rows"),
    _refused("nothing", lambda path: path.write_bytes(b""), "the file is empty"),
    _refused("blank lines alone", _lines("", "", ""), "the file is empty"),
    _refused("comments alone", _lines("# a", "# b"), "every line is empty or a comment"),
    _refused("a folder", lambda path: path.mkdir(), "this is a folder"),
    _refused("zeros", lambda path: path.write_bytes(b"\x00\x01\x02" * 99), "this is binary"),
    _refused(
        "half a gzip file",
        lambda path: path.write_bytes(gzip.compress(b"a,y\n" * 99)[:-9]),
        "damaged or cut short",
    ),
    _refused(
        "an escape sequence for a name",
        _lines("\x1b[2Jage,\x1b[2Jage,y", *(f"1,{x}" for x in LINES[1:])),
        "several columns are named '\\x1b[2Jage'",
    ),
    _refused(
        "a name without end",
        _lines(f"{'a' * 100_000},{'a' * 100_000},y", "1,2,3"),
        "several columns are named 'aaaa",
        "...aaa",
    ),
]
