"""Options that commands share, and errors of one line that name what came in."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any

import click

from sklearn_deeplifft import TrainingInterrupted
from sklearn_deeplifft.cli._fitting import as_sentence
from sklearn_deeplifft.cli._reading_options import reading_of, reading_options

__all__ = [
    "EXISTING",
    "FOLDER",
    "SEED_OPTION",
    "TASK_OPTION",
    "Counts",
    "errors",
    "interruptible",
    "nonzero",
    "of_every_command",
    "of_tables",
]

EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)
SECONDS_TO_STOP = 5


class Counts(click.ParamType):  # type: ignore[type-arg]  # click 8.1 has no subscript
    """Positive whole numbers, separated by commas."""

    name = "k,k,..."

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """Return them as a tuple."""
        if isinstance(value, tuple):
            return value
        try:
            counts = tuple(int(part) for part in value.split(","))
        except ValueError:
            self.fail(f"{value!r} is not whole numbers separated by commas, as in 3,5,10.")
        if min(counts) < 1:
            self.fail(f"{value!r} holds {min(counts)}; every number of features is 1 or more.")
        return counts


TASK_OPTION = click.option(
    "--task",
    type=click.Choice(["auto", "classification", "regression"]),
    default="auto",
    show_default=True,
    help="auto: text and up to 20 different whole numbers are classes.",
)

SEED_OPTION = click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    default=0,
    show_default=True,
    help="The same seed gives the same ranking.",
)


def of_every_command(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say where results go, and that nothing is printed."""
    return _with(
        command,
        click.option(
            "-o",
            "--output",
            type=FOLDER,
            default="results",
            show_default=True,
            help="Folder for the files; it is made if need be.",
        ),
        click.option("-q", "--quiet", is_flag=True, help="Print nothing, except errors."),
    )


def of_tables(command: Callable[..., Any]) -> Callable[..., Any]:
    """Hand the command its table and target, and how they are read as ``reading``."""

    @wraps(command)
    def packed(**options: Any) -> Any:
        reading, others = reading_of(options)
        return command(reading=reading, **others)

    return _with(
        packed,
        click.argument("table", type=EXISTING),
        click.option("--target", required=True, metavar="COL", help="Column to predict."),
        *reading_options(),
    )


def _with(command: Callable[..., Any], *options: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(options):
        command = option(command)
    return command


def nonzero(context: click.Context, parameter: click.Parameter, value: int) -> int:
    """Refuse 0 threads."""
    if value == 0:
        raise click.BadParameter("0 threads train nothing; give 1 or more, or -1 for one per core.")
    return value


@contextmanager
def errors() -> Iterator[None]:
    """Say what is wrong in one line; errors of ours and of the libraries below name the remedy."""
    try:
        yield
    except (ValueError, OSError, ImportError) as error:
        raise click.ClickException(str(error)) from error


@contextmanager
def interruptible() -> Iterator[None]:
    """End Ctrl-C as a shell does, with 130, and say what is kept."""
    before = threading.enumerate()
    try:
        yield
    except KeyboardInterrupt as interrupt:
        # One that is within a step of training when the interpreter goes away aborts the process.
        for thread in set(threading.enumerate()).difference(before):
            thread.join(SECONDS_TO_STOP)
        click.echo(_kept(interrupt), err=True)
        raise click.exceptions.Exit(130) from interrupt


def _kept(interrupt: KeyboardInterrupt) -> str:
    """Say what is left of the work, and which option would have kept more."""
    if not isinstance(interrupt, TrainingInterrupted):
        return "Interrupted: nothing was written."
    lost = interrupt.folder is None
    remedy = " Pass --checkpoint-dir to keep those that are finished." if lost else ""
    return f"{as_sentence(interrupt.finding)}{remedy}"
