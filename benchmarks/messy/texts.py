"""Columns of text: categories, identifiers, free text, words that may mean missing; targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.messy.case import Case
from benchmarks.messy.made import AGE, COLOUR, PRICE, N, Y, text_file

__all__ = ["CASES"]

CODES = [("DE", "FR", "US", "NA")[i % 4] for i in range(N)]
CITIES = [f"city {chr(97 + i % 26)}{chr(97 + i // 26)}" for i in range(55)] + ["city aa"] * 9


def _beside_age(
    name: str,
    cells: Sequence[Any],
    column: str = "x",
    *,
    as_read: Sequence[Any] | None = None,
    left: str = "",
    said: Sequence[str] = (),
    refused: Sequence[str] = (),
    **options: Any,
) -> Case:
    X: Mapping[str, Sequence[Any]] = (
        {"age": AGE} if left else {column: as_read or cells, "age": AGE}
    )
    return Case(
        name,
        "t.csv",
        text_file({column: cells, "age": AGE, "y": Y}),
        {} if refused else X,
        None if refused else Y,
        {column: left} if left else {},
        said,
        refused,
        options,
    )


def _target(
    name: str,
    cells: Sequence[Any],
    *,
    y: Sequence[Any] | None = None,
    rows: Sequence[int] = range(N),
    said: Sequence[str] = (),
    refused: Sequence[str] = (),
    **options: Any,
) -> Case:
    return Case(
        name,
        "t.csv",
        text_file({"age": AGE, "y": cells}),
        {} if refused else {"age": [AGE[i] for i in rows]},
        y,
        said=said,
        refused=refused,
        options=options,
    )


LONG = [2**60 + i % 2 for i in range(N)]
OTHERS = [i for i in range(N) if i % 4]

CASES = [
    _beside_age("categories", COLOUR),
    _beside_age("categories with blanks around", [f" {c} " for c in COLOUR], as_read=COLOUR),
    _beside_age(
        "categories with holes",
        ["" if i % 6 == 0 else c for i, c in enumerate(COLOUR)],
        as_read=["(missing)" if i % 6 == 0 else c for i, c in enumerate(COLOUR)],
    ),
    _beside_age(
        "a mark or nothing",
        ["x" if i % 3 else "" for i in range(N)],
        as_read=["x" if i % 3 else "(missing)" for i in range(N)],
    ),
    _beside_age(
        "NA among words",
        ["NA" if i % 6 == 0 else c for i, c in enumerate(COLOUR)],
        as_read=["(missing)" if i % 6 == 0 else c for i, c in enumerate(COLOUR)],
        said=["x (10): 'NA' is taken as missing"],
    ),
    _beside_age(
        "numbers and one more",
        [("0", "1", "2", "3+")[i % 4] for i in range(N)],
        said=["taken as categories"],
    ),
    _beside_age(
        "Namibia, or missing",
        CODES,
        "country",
        refused=["country: 'NA' (15 cells) stands among codes", "na=['NA']", "na=['']"],
    ),
    _beside_age("Namibia", CODES, "country", na=[""]),
    _beside_age(
        "missing among codes",
        CODES,
        "country",
        na=["NA"],
        as_read=["(missing)" if c == "NA" else c for c in CODES],
    ),
    _beside_age("row numbers", range(1, N + 1), "id", left="counter"),
    _beside_age("a saved index", range(N), "Unnamed: 0", left="counter"),
    _beside_age(
        "numbers of patients",
        [10_000 + 37 * (i * 7 % N) for i in range(N)],
        "patient_id",
        left="identifier",
    ),
    _beside_age(
        "numbers of patients of nineteen digits",
        [10**18 + 7 * (i * 7 % N) for i in range(N)],
        "tweet_id",
        left="identifier",
    ),
    _beside_age("names of rows", [f"s{i * 7 % N}" for i in range(N)], "sample", left="distinct"),
    _beside_age(
        "nearly unique names", [f"s{max(i, 2)}" for i in range(N)], "sample", left="identifier"
    ),
    _beside_age(
        "identifiers that numbers hide in",
        [f"{300 + i}_{i % 15}" for i in range(N)],
        "MouseID",
        left="distinct",
    ),
    _beside_age(
        "free text",
        [f"the patient said {c} and {i} times no" for i, c in enumerate(COLOUR)],
        left="free text",
    ),
    _beside_age(
        "a quantity that counts rows",
        [float(i) for i in range(N)],
        "dose",
        said=["dose counts the rows and is ranked"],
    ),
    _beside_age("one category", ["same"] * N, left="single"),
    _beside_age("no values", [""] * N, left="empty"),
    _beside_age("asked to be left out", [f"<{i}" for i in range(N)], left="dropped", drop=["x"]),
    Case(
        "too many categories",
        "t.csv",
        text_file({"city": CITIES, "y": (Y * 2)[:64]}),
        refused=["city holds 55 different texts in 64 rows", "max_categories=55", "drop=['city']"],
    ),
    Case(
        "many categories, allowed",
        "t.csv",
        text_file({"city": CITIES, "y": (Y * 2)[:64]}),
        {"city": CITIES},
        (Y * 2)[:64],
        options={"max_categories": 55},
    ),
    Case(
        "several columns at once",
        "t.csv",
        text_file(
            {
                "a": [f"<{i}" if i % 9 == 0 else i for i in range(N)],
                "b": [f"{i}a" if i % 9 == 0 else i for i in range(N)],
                "y": Y,
            }
        ),
        refused=[
            "a: most cells are numbers",
            "1 other column cannot be read either: b",
            "drop=['a', 'b']",
        ],
    ),
    _target(
        "a target of NA",
        ["NA" if i % 4 == 0 else v for i, v in enumerate(Y)],
        refused=["the target y is 'NA' in 15 rows", "na=['NA']", "na=['']"],
    ),
    _target(
        "a target that is None",
        ["None" if i % 4 == 0 else v for i, v in enumerate(Y)],
        refused=["the target y is 'None' in 15 rows"],
    ),
    _target(
        "a target of NA that is missing",
        ["NA" if i % 4 == 0 else v for i, v in enumerate(Y)],
        rows=OTHERS,
        y=[Y[i] for i in OTHERS],
        na=["NA"],
        said=["15 rows without a value of y"],
    ),
    _target(
        "a target of NA that is a class",
        ["NA" if i % 4 == 0 else v for i, v in enumerate(Y)],
        y=["NA" if i % 4 == 0 else v for i, v in enumerate(Y)],
        na=[""],
    ),
    _target(
        "a target of truths with holes",
        ["" if i % 4 == 0 else str(i % 3 == 0) for i in range(N)],
        rows=OTHERS,
        y=[str(i % 3 == 0) for i in OTHERS],
    ),
    _target("a target of long numbers", LONG, y=LONG),
    _target(
        "a target with cells below a limit",
        [f"<{v}" if i % 9 == 0 else v for i, v in enumerate(PRICE)],
        refused=["y: most cells are numbers", "else mend the cells: it is the target."],
    ),
    _target(
        "a target with holes",
        ["" if i % 4 == 0 else v for i, v in enumerate(Y)],
        rows=OTHERS,
        y=[Y[i] for i in OTHERS],
        said=["15 rows without a value of y"],
    ),
    _target(
        "a quantity with unknown ones",
        ["unknown" if i % 4 == 0 else v for i, v in enumerate(PRICE)],
        rows=OTHERS,
        y=[PRICE[i] for i in OTHERS],
        said=["y ('unknown') are left out"],
    ),
    _target(
        "classes 0 and 1, and unknown",
        ["unknown" if i % 4 == 0 else i % 2 for i in range(N)],
        refused=["the target y is 'unknown' in 15 rows"],
    ),
    _target("a quantity with decimal commas", [f"{v}".replace(".", ",") for v in PRICE], y=PRICE),
    _target(
        "classes 1, 2 and 3+",
        [("1", "2", "3+")[i % 3] for i in range(N)],
        y=[("1", "2", "3+")[i % 3] for i in range(N)],
    ),
]
