"""Columns of numbers that are not written as programs write them, and dates."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd

from benchmarks.messy.case import Case
from benchmarks.messy.made import AGE, COLOUR, PRICE, N, Y, holed, plain, text_file

__all__ = ["CASES"]

WORDS = ("unknown", "-", "n.a.", "N/A", "?", "#N/A", "missing", "NULL", "not available", ".")


def _german(number: float) -> str:
    return f"{number:,.2f}".translate(str.maketrans(",.", ".,"))


def _missing(word: str) -> Case:
    cells = [word if i % 4 == 0 else plain(age) for i, age in enumerate(AGE)]
    return Case(
        f"numbers with {word!r} for missing",
        "t.csv",
        text_file({"age": cells, "price": PRICE, "y": Y}),
        {"age": holed(AGE, 4), "price": PRICE},
        Y,
        said=[f"age: 15 cells are not numbers ('{word}'), taken as missing."],
    )


def _written(
    name: str,
    write: Callable[[float], str],
    said: Sequence[str] = (),
    values: Sequence[float] = PRICE,
    sep: str = ",",
    **options: object,
) -> Case:
    cells = [write(value) for value in values]
    return Case(
        name,
        "t.csv",
        text_file({"price": cells, "colour": COLOUR, "y": Y}, sep),
        {"price": values, "colour": COLOUR},
        Y,
        said=said,
        options=options,
    )


def _dates(name: str, format: str, said: Sequence[str] = (), **options: object) -> Case:
    days = [15_000 + 37 * i for i in range(N)]
    cells = [pd.Timestamp(day, unit="D").strftime(format) for day in days]
    return Case(
        name,
        "t.csv",
        text_file({"day": cells, "age": AGE, "y": Y}),
        {"day": [float(day) for day in days], "age": AGE},
        Y,
        said=["days since 1970-01-01: day", *said],
        options=options,
    )


def _refused(name: str, cells: Sequence[str], refused: Sequence[str], sep: str = ";") -> Case:
    return Case(name, "t.csv", text_file({"x": cells, "age": AGE, "y": Y}, sep), refused=refused)


SHARES = [round(v / 10, 1) for v in AGE]
THOUSANDS = [1000.0 * (i % 9 + 1) + i for i in range(N)]
MANY = [f"{i % 37 + 0.5}" for i in range(N)]

CASES = [
    *map(_missing, WORDS),
    _written("dollars and commas", lambda v: f"${v:,.2f}", ["'$'"]),
    _written("euros behind the number", lambda v: f"{v:.2f} €", ["'€'"]),
    _written(
        "pounds, negative in brackets",
        lambda v: f"(£{-v:,.2f})" if v < 0 else f"£{v:,.2f}",
        ["'£'"],
        [v if i % 2 else -v for i, v in enumerate(PRICE)],
    ),
    _written("percents", lambda v: f"{v}%", ["'%'"], SHARES),
    _written("a unit", lambda v: f"{v} mg/dL", ["'mg/dL'"], SHARES),
    _written("a minus of typesetters", lambda v: f"\u2212{-v}", [], [-v for v in SHARES]),
    _written("decimal commas", _german, ["decimal comma"], sep=";"),
    _written("decimal commas among quoted cells", _german, ["decimal comma"]),
    _written("spaces between thousands", lambda v: f"{v:,.2f}".replace(",", "\u202f")),
    _written("apostrophes between thousands", lambda v: f"{v:,.2f}".replace(",", "'")),
    _written(
        "commas between thousands, told", lambda v: f"{v:,.0f}", [], THOUSANDS, ";", thousands=","
    ),
    _written(
        "decimal commas of three digits, told",
        lambda v: f"{v:.3f}".replace(".", ","),
        ["decimal comma"],
        [v / 1000 for v in THOUSANDS],
        ";",
        decimal=",",
    ),
    Case(
        "points between thousands, as another column's decimal commas say",
        "t.csv",
        text_file(
            {
                "n": [f"{v:,.0f}".replace(",", ".") for v in THOUSANDS],
                "x": [_german(v) for v in PRICE],
                "y": Y,
            },
            ";",
        ),
        {"n": THOUSANDS, "x": PRICE},
        Y,
        said=["decimal comma"],
    ),
    Case(
        "commas between thousands, as another column's decimal points say",
        "t.tsv",
        text_file({"n": [f"{v:,.0f}" for v in THOUSANDS], "x": PRICE, "y": Y}, "\t"),
        {"n": THOUSANDS, "x": PRICE},
        Y,
    ),
    Case(
        "a number for missing, told",
        "t.csv",
        text_file({"age": [-999.0 if i % 5 == 0 else v for i, v in enumerate(AGE)], "y": Y}),
        {"age": holed(AGE, 5)},
        Y,
        said=["age: 12 cells"],
        options={"na": ["-999"]},
    ),
    Case(
        "a number for missing, not told",
        "t.csv",
        text_file({"age": [-999.0 if i % 5 == 0 else v for i, v in enumerate(AGE)], "y": Y}),
        {"age": [-999.0 if i % 5 == 0 else v for i, v in enumerate(AGE)]},
        Y,
        said=["-999 stands in age (12)", "na=['-999']"],
    ),
    Case(
        "a number for missing beside a word",
        "t.csv",
        text_file(
            {
                "age": ["NA" if i == 7 else -999 if i % 5 == 0 else v for i, v in enumerate(AGE)],
                "y": Y,
            }
        ),
        {"age": [float("nan") if i == 7 else -999 if i % 5 == 0 else v for i, v in enumerate(AGE)]},
        Y,
        said=["-999 stands in age (12)", "('NA'), taken as missing"],
    ),
    _dates("ISO dates", "%Y-%m-%d"),
    _dates("ISO times", "%Y-%m-%dT%H:%M:%SZ"),
    _dates("dates with points", "%d.%m.%Y", ["the day comes before the month"]),
    _dates("dates of America", "%m/%d/%Y", ["the month comes before the day"]),
    _dates("dates with names of months", "%d %b %Y"),
    _dates("dates of two-digit years", "%d/%m/%y", ["the day comes before the month"]),
    _dates("dates by points, the year first", "%Y.%m.%d"),
    _dates("dates without marks", "%Y%m%d"),
    Case(
        "a date that stands for no end",
        "t.csv",
        text_file(
            {
                "day": [
                    "9999-12-31" if i % 9 == 0 else f"2020-01-{i % 28 + 1:02}" for i in range(N)
                ],
                "y": Y,
            }
        ),
        {"day": [2932896.0 if i % 9 == 0 else 18262.0 + i % 28 for i in range(N)]},
        Y,
        said=["9999-12-31 stands in day (7) and seems to be no date like the others"],
    ),
    Case(
        "dates with holes",
        "t.csv",
        text_file(
            {
                "day": ["unknown" if i % 3 == 0 else f"2020-01-{i % 28 + 1:02}" for i in range(N)],
                "y": Y,
            }
        ),
        {"day": holed([18262.0 + i % 28 for i in range(N)], 3)},
        Y,
        said=["('unknown'), taken as missing"],
    ),
    Case(
        "times of day",
        "t.csv",
        text_file({"at": [f"{i % 24:02}:30" for i in range(N)], "y": Y}),
        {"at": [i % 24 + 0.5 for i in range(N)]},
        Y,
        said=["Times of day are read as hours: at"],
    ),
    _refused(
        "a group of thousands or a decimal comma",
        [f"{i % 9 + 1},{i % 7}{i % 5}{i % 3}" for i in range(N)],
        ["x: '1,000' may be a number with a group of thousands", "decimal='.'", "decimal=','"],
    ),
    _refused(
        "numbers below a limit",
        [f"<{v}" if i % 9 == 0 else v for i, v in enumerate(MANY)],
        ["x: most cells are numbers, but 7 of 60 are not", "'<0.5'", "drop=['x']"],
    ),
    _refused(
        "two currencies",
        [f"{'$' if i % 3 else '€'}{i}" for i in range(N)],
        ["x: most cells are numbers", "drop=['x']"],
    ),
    _refused(
        "percents and fractions",
        [f"{i + 1}%" if i % 3 else f"0.{i + 1}" for i in range(N)],
        ["x: most cells are numbers"],
    ),
    _refused(
        "thousands as a letter",
        [f"${i + 1}.5K" for i in range(N)],
        ["x cannot be read: cells such as '$1.5K'", "drop=['x']"],
    ),
    _refused(
        "prices of Switzerland",
        [f"{i + 1}.-" for i in range(N)],
        ["x cannot be read: cells such as '1.-'", "drop=['x']"],
    ),
    _refused(
        "hours and minutes",
        [f"{i + 1} h {i % 60} min" for i in range(N)],
        ["x cannot be read: cells such as '1 h 0 min'"],
    ),
    _refused(
        "dates of another language",
        [f"{i % 28 + 1}. März {1950 + i}" for i in range(N)],
        ["x cannot be read: cells such as '1. März 1950'", "look like dates"],
    ),
    _refused(
        "dates of two forms",
        [f"{i % 28 + 1}.3.{1950 + i}" if i % 2 else f"{1950 + i}-03-05" for i in range(N)],
        ["x cannot be read", "look like dates"],
    ),
    _refused(
        "a single cell that is no number",
        ["7?1" if i == 8 else v for i, v in enumerate(MANY)],
        ["x: most cells are numbers, but 1 of 60 is not ('7?1')"],
    ),
    _refused(
        "whole numbers that would become one",
        [2**60 + i // 2 for i in range(N)],
        ["x cannot be read: its whole numbers are so long"],
    ),
    _refused(
        "day or month first",
        [f"0{i % 9 + 1}/0{i % 7 + 1}/2020" for i in range(N)],
        ["x: in dates such as '01/01/2020'", "date_order='dmy'", "date_order='mdy'"],
    ),
]
