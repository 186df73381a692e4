"""Options that commands share; reading this file loads nothing but click."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import Any

import click

from sklearn_deeplifft._files import PAGE_SUFFIXES
from sklearn_deeplifft.cli._counts import DEFAULT
from sklearn_deeplifft.cli._folder import Folder
from sklearn_deeplifft.cli._reading_options import reading_of, reading_options
from sklearn_deeplifft.cli._settings import Results, Source, Training

__all__ = ["EXISTING", "Counts", "with_page", "with_results", "with_source", "with_training"]

Command = Callable[..., Any]

EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)
PAGE = "report.html"


class TableFile(click.Path):
    """A file of a table."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path; standard input has none."""
        if str(value) == "-":
            self.fail("'-' is standard input; a table is read from a file: save it as one first.")
        return super().convert(value, param, ctx)


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


def with_source(command: Command) -> Command:
    """Hand the command a ``source``: the table, and which of its columns are meant."""

    @wraps(command)
    def packed(
        table: Path,
        target: str,
        task: str,
        attributes: Path | None,
        groups: Path | None,
        **rest: Any,
    ) -> Any:
        reading, others = reading_of(rest)
        source = Source(table, target, task, attributes, groups, reading)
        return command(source=source, **others)

    return _with(
        packed,
        click.argument("table", type=TableFile(exists=True, dir_okay=False, path_type=Path)),
        click.option("--target", required=True, metavar="COL", help="Column to predict."),
        *reading_options(),
        click.option(
            "--task",
            type=click.Choice(["auto", "classification", "regression"]),
            default="auto",
            show_default=True,
            help="auto: text and up to 20 different whole numbers are classes.",
        ),
        click.option(
            "--attributes",
            type=EXISTING,
            metavar="FILE",
            help="TABLE has no header: FILE names its features in their order, separated by commas "
            "or one per line. --target is then a position, from 0, or -1 for the last column; ? is "
            "a missing value.",
        ),
        click.option(
            "--groups",
            type=EXISTING,
            metavar="FILE",
            help="Columns that are one feature: FILE has a column and its group in each line, "
            "separated by a tab or a comma. Counts are then of groups.",
        ),
    )


def with_training(default_networks: str) -> Callable[[Command], Command]:
    """Hand the command a ``training``; ``default_networks`` is for its help."""

    def decorated(command: Command) -> Command:
        @wraps(command)
        def packed(
            networks: int | None,
            counts: tuple[int, ...] | None,
            jobs: int,
            checkpoint_dir: Path | None,
            seed: int,
            **rest: Any,
        ) -> Any:
            training = Training(networks, counts, jobs, checkpoint_dir, seed)
            return command(training=training, **rest)

        return _with(packed, *_training_options(default_networks))

    return decorated


def _training_options(default_networks: str) -> list[Command]:
    return [
        click.option(
            "--networks",
            type=click.IntRange(min=1),
            metavar="N",
            help=f"Networks trained and averaged.  [default: {default_networks}]",
        ),
        click.option(
            "--counts",
            type=Counts(),
            help="Numbers of features at which lists are compared.  "
            f"[default: {','.join(map(str, DEFAULT))}, where there are more]",
        ),
        click.option(
            "--jobs",
            type=int,
            default=1,
            show_default=True,
            metavar="N",
            callback=_nonzero,
            help="Threads; -1 is one per core. The result does not depend on it.",
        ),
        click.option(
            "--checkpoint-dir",
            type=Folder(),
            metavar="DIR",
            help="Keep finished networks here; the same command goes on from there.",
        ),
        click.option(
            "--seed",
            type=click.IntRange(0, 2**32 - 1),
            default=0,
            show_default=True,
            help="The same seed gives the same ranking.",
        ),
    ]


def with_results(command: Command) -> Command:
    """Hand the command its ``results``: where they go, and whether anything is printed."""
    output = click.option(
        "-o",
        "--output",
        type=Folder(),
        default="results",
        show_default=True,
        help="Folder for the files; it is made if need be.",
    )
    return _with_results(command, output)


def with_page(command: Command) -> Command:
    """Like ``with_results``, of a command that writes a single page: it gets its ``name``, too."""

    @wraps(command)
    def packed(results: Results, **rest: Any) -> Any:
        given = results.output
        page = given.suffix.lower() in PAGE_SUFFIXES and not given.is_dir()
        folder, name = (given.parent, given.name) if page else (given, PAGE)
        return command(results=replace(results, output=folder), name=name, **rest)

    output = click.option(
        "-o",
        "--output",
        type=Folder(page=True),
        default="results",
        show_default=True,
        metavar="DIR|FILE.html",
        help=f"The file, or a folder for it, where it is called {PAGE}; made if need be.",
    )
    return _with_results(packed, output)


def _with_results(command: Command, output: Command) -> Command:
    @wraps(command)
    def packed(output: Path, force: bool, quiet: bool, as_json: bool, **rest: Any) -> Any:
        return command(results=Results(output, force, quiet, as_json), **rest)

    return _with(
        packed,
        output,
        click.option(
            "--force",
            is_flag=True,
            help="Replace files of an earlier run; without it, new ones get a number in their "
            "names.",
        ),
        click.option("-q", "--quiet", is_flag=True, help="Print nothing, except errors."),
        click.option(
            "--json",
            "as_json",
            is_flag=True,
            help="Print the results as JSON on standard output, in the place of tables.",
        ),
    )


def _with(command: Command, *options: Command) -> Command:
    for option in reversed(options):
        command = option(command)
    return command


def _nonzero(context: click.Context, parameter: click.Parameter, value: int) -> int:
    """Refuse 0 threads."""
    if value == 0:
        raise click.BadParameter("0 threads train nothing; give 1 or more, or -1 for one per core.")
    return value
