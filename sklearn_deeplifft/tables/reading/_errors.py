"""The refusal of a file, with its remedy in words of Python or of the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sklearn_deeplifft._printable import printable

__all__ = ["Option", "Spelling", "TableReadError", "as_flag", "as_parameter", "undamaged"]


@dataclass(frozen=True)
class Option:
    """A parameter of ``read_table`` and the value that a remedy proposes for it."""

    name: str
    value: str | int | Sequence[str]


Spelling = Callable[[Option], str]
"""An option in the words of whoever has to give it."""


def as_parameter(option: Option) -> str:
    """An option as Python has it.

    >>> as_parameter(Option("drop", ["age"])), as_parameter(Option("decimal", ","))
    ("drop=['age']", "decimal=','")
    """
    value = option.value
    if isinstance(value, int):
        return f"{option.name}={value}"
    if isinstance(value, str):
        return f"{option.name}={value!r}"
    return f"{option.name}={[printable(part) for part in value]}"


def as_flag(option: Option) -> str:
    """An option as the command line has it.

    >>> as_flag(Option("drop", ["age", "first name"])), as_flag(Option("max_categories", 80))
    ("--drop 'age,first name'", '--max-categories 80')
    """
    value = option.value
    if not isinstance(value, str | int):
        value = ",".join(printable(part) for part in value)
    text = str(value)
    plain = text.replace("_", "").replace("-", "").replace(",", "").isalnum()
    shown = text if plain else "'" + text.replace("'", "'\\''") + "'"
    return f"--{option.name.replace('_', '-')} {shown}"


class TableReadError(ValueError):
    """A file that cannot be read as a table, or not without being told how.

    Parameters
    ----------
    finding : str
        What came in and what the rule is, in sentences that hold wherever they are shown.
    remedy : str, default=""
        What to do. Each ``{}`` stands for one of ``options``.
    options : sequence of Option
        What the remedy proposes.
    """

    def __init__(self, finding: str, remedy: str = "", options: Sequence[Option] = ()) -> None:
        self.finding = finding
        self.remedy = remedy
        self.options = tuple(options)
        super().__init__(self.said(as_parameter))

    def said(self, spelling: Spelling) -> str:
        """The message, its options spelled by ``as_parameter`` or ``as_flag``."""
        remedy = self.remedy.format(*map(spelling, self.options)) if self.remedy else ""
        return f"{self.finding} {remedy}".rstrip()

    def __reduce__(self) -> tuple[type, tuple[str, str, tuple[Option, ...]]]:
        return type(self), (self.finding, self.remedy, self.options)


@contextmanager
def undamaged(what: str) -> Iterator[None]:
    """Refuse a file that a library cannot open; damaged files raise whatever they meet.

    Parameters
    ----------
    what : str
        The kind of file, with its article.
    """
    try:
        yield
    except (TableReadError, ImportError, MemoryError):
        raise
    except Exception as error:
        first = (str(error) or type(error).__name__).splitlines()[0]
        raise TableReadError(
            f"this is {what} that is damaged or cut short ({printable(first, 200)})."
        ) from error
