"""Files of tables as people have them: formats, cells, columns, and what was decided of them."""

from sklearn_deeplifft.tables.reading._columns import MISSING_LEVEL
from sklearn_deeplifft.tables.reading._date_texts import date_texts
from sklearn_deeplifft.tables.reading._errors import (
    Option,
    Spelling,
    TableReadError,
    as_flag,
    as_parameter,
)
from sklearn_deeplifft.tables.reading._identifiers import kind_of_whole_numbers
from sklearn_deeplifft.tables.reading._interpret import interpret, no_column
from sklearn_deeplifft.tables.reading._notes import LEFT_OUT, Note, sentences
from sklearn_deeplifft.tables.reading._options import ReadOptions
from sklearn_deeplifft.tables.reading._raw import RawTable
from sklearn_deeplifft.tables.reading._read import read_raw, read_table
from sklearn_deeplifft.tables.reading._separators import marks_of
from sklearn_deeplifft.tables.reading._table import Encoded, ReadTable

__all__ = [
    "LEFT_OUT",
    "MISSING_LEVEL",
    "Encoded",
    "Note",
    "Option",
    "RawTable",
    "ReadOptions",
    "ReadTable",
    "Spelling",
    "TableReadError",
    "as_flag",
    "as_parameter",
    "date_texts",
    "interpret",
    "kind_of_whole_numbers",
    "marks_of",
    "no_column",
    "read_raw",
    "read_table",
    "sentences",
]
