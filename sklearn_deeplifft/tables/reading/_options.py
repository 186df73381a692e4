"""Choices of whoever has a table read."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from dataclasses import dataclass

from sklearn_deeplifft._printable import quoted
from sklearn_deeplifft.tables.reading._errors import TableReadError

__all__ = ["ReadOptions"]

DATE_ORDERS = ("dmy", "mdy")
GROUPINGS = (",", ".", " ", "'", "_")


@dataclass(frozen=True)
class ReadOptions:
    """Parameters of ``read_table``, which describes them; None is decided by the file."""

    sep: str | None = None
    encoding: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    na: Sequence[str] | None = None
    date_order: str | None = None
    max_categories: int = 50
    sheet: str | None = None
    layer: str | None = None
    drop: Sequence[str] = ()
    row_groups: str | None = None

    def __post_init__(self) -> None:
        _require_marks(self.decimal, self.thousands)
        if self.date_order not in (None, *DATE_ORDERS):
            raise TableReadError(
                f"date_order is {quoted(self.date_order)}; it is 'dmy' (day first) or 'mdy'."
            )
        if self.max_categories < 2:
            raise TableReadError(f"max_categories is {self.max_categories}; it is 2 or more.")
        if self.sep == "":
            raise TableReadError("sep is empty; it is what stands between two cells.")
        for name, words in (("na", self.na), ("drop", self.drop)):
            if isinstance(words, str):
                raise TableReadError(f"{name} is a single text; give a list of them.")
        if self.encoding is not None:
            _require_encoding(self.encoding)


def _require_marks(decimal: str | None, thousands: str | None) -> None:
    if decimal not in (None, ".", ","):
        raise TableReadError(f"decimal is {quoted(decimal)}; a decimal mark is '.' or ','.")
    if thousands is not None and thousands not in GROUPINGS:
        raise TableReadError(
            f"thousands is {quoted(thousands)}; what groups digits is a comma, a point, a space, "
            "an apostrophe or an underscore."
        )
    if thousands is not None and thousands == decimal:
        raise TableReadError(f"decimal and thousands are both {quoted(decimal)}; they must differ.")


def _require_encoding(encoding: str) -> None:
    try:
        codecs.lookup(encoding)
    except (LookupError, ValueError) as error:
        raise TableReadError(
            f"encoding is {quoted(encoding)}, which Python does not know; common ones are utf-8, "
            "utf-16, cp1252, latin-1."
        ) from error
