"""Words that stand for a missing value."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["CODE_LIKE", "EVERYWHERE", "is_missing_number", "is_missing_text"]

EVERYWHERE = frozenset(
    {
        *("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "?"),
        *("1.#QNAN", "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null", "NaT"),
    }
)
"""Missing also among texts: what pandas takes so, and the question mark of older collections."""

CODE_LIKE = ("NA", "NULL", "None", "null", "nan", "NaN", "N/A", "n/a", "NaT")
"""Words that can be a value as well: Namibia, the surname Null, no treatment at all."""

AMONG_NUMBERS = frozenset(
    {
        *("na", "nan", "null", "none", "nil", "nat", "unknown", "unk", "missing", "undefined"),
        *("not available", "not applicable", "not known", "not recorded", "not reported"),
        *("not measured", "not done", "not determined", "not tested", "not stated", "no data"),
        *("not specified", "unspecified", "unavailable", "undetermined", "indeterminate"),
        *("nd", "nr", "nk", "n d", "n a", "n k", "n r", "tbd", "tba", "void", "blank", "empty"),
        *("no value", "nodata", "refused", "declined", "withheld", "pending", "invalid", "error"),
        *("unbekannt", "keine angabe", "k a", "inconnu", "non disponible", "desconocido"),
        *("value", "ref", "div 0", "num", "name", "spill", "calc", "getting data", "na na"),
        *("1 #ind", "1 #qnan", "x", "xx", "xxx"),
    }
)
"""Missing where the other cells are numbers; lower case, marks as spaces."""

MARKS = str.maketrans(dict.fromkeys("-\u2013\u2014.\u2026?*/#!<>()[]{}_:'\"", " "))


def is_missing_text(cell: str, na: Sequence[str] | None) -> bool:
    """Whether a cell among texts means that there is none."""
    return not cell or cell in (EVERYWHERE if na is None else na)


def is_missing_number(cell: str, na: Sequence[str] | None) -> bool:
    """Whether a cell among numbers means that there is none.

    Without words of the user's own, marks alone and the usual words do.

    >>> [is_missing_number(cell, None) for cell in ("n.a.", "--", "7a")]
    [True, True, False]
    """
    if is_missing_text(cell, na):
        return True
    if na is not None:
        return False
    words = " ".join(cell.casefold().translate(MARKS).split())
    return not words or words in AMONG_NUMBERS
