"""Commands and options. Wrong arguments exit with 2, wrong data with 1, without a traceback."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import pandas as pd
from rich.console import Console

from sklearn_deeplifft import __version__
from sklearn_deeplifft.cli._demo import TABLES
from sklearn_deeplifft.cli._figure import can_draw, figure_writer
from sklearn_deeplifft.cli._progress import progress_for
from sklearn_deeplifft.cli._rank import Settings, rank_table
from sklearn_deeplifft.cli._read import read_table
from sklearn_deeplifft.cli._show import console_for, show_files, show_header, show_outcome
from sklearn_deeplifft.cli._table import Table, make_table, missing_column
from sklearn_deeplifft.cli._write import csv_writer, require_writable, write_all

__all__ = ["main"]

RESULTS = click.Path(file_okay=False, path_type=Path)

FILES = """\b
Files written:
  ranking.csv     one row a feature, best first
    rank          order of elimination, the last one first
    importance    share of the score of all features, mean over the rounds
                  of elimination; adds up to 1
    std           standard deviation over networks, in the unit of
                  importance
    for_<class>   signed, -1 to 1: mean change of the probability of the
                  class, over its examples that are classified correctly;
                  positive speaks for the class
    slope_of_<target>
                  instead of these in a regression: standard deviations
                  of the target for one of the feature
  comparison.csv  one row for each number of features and each method
    score         mean of linear_score and forest_score on the held-out
                  rows; standard_error is over resampled test rows
    features      the features chosen, joined by ';'
  features.png    both as one figure
"""


class Counts(click.ParamType):
    """Positive whole numbers, separated by commas."""

    name = "k,k,..."

    def convert(self, value, param, ctx):
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


def common(command):
    """Options that both commands have."""
    for option in (
        click.option("-q", "--quiet", is_flag=True, help="Print nothing, except errors."),
        click.option(
            "-o",
            "--output",
            type=RESULTS,
            default="results",
            show_default=True,
            help="Folder for the files; it is made if need be.",
        ),
    ):
        command = option(command)
    return command


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Try `sklearn-deeplifft demo`, then `sklearn-deeplifft rank --help`.",
)
@click.version_option(__version__, prog_name="sklearn-deeplifft")
def main() -> None:
    """Rank the features of a table by what trained neural networks learned of them."""
    for stream in (sys.stdout, sys.stderr):
        # A name the terminal cannot show is no reason to stop.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


@main.command(epilog=FILES)
@click.argument("table", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--target", required=True, metavar="COL", help="Column to predict.")
@click.option("--drop", multiple=True, metavar="COL", help="Column to leave out; may be repeated.")
@click.option(
    "--counts",
    type=Counts(),
    default="3,5,10,20",
    show_default=True,
    help="Numbers of features at which rankings are compared.",
)
@click.option(
    "--task",
    type=click.Choice(["auto", "classification", "regression"]),
    default="auto",
    show_default=True,
    help="auto: text and up to 20 different whole numbers are classes.",
)
@click.option(
    "--networks",
    type=click.IntRange(min=1),
    default=5,
    show_default=True,
    help="Networks trained and averaged.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    default=0,
    show_default=True,
    help="The same seed gives the same ranking.",
)
@click.option(
    "--all-rows",
    is_flag=True,
    help="Rank once more on all rows, those held out included; twice the time.",
)
@click.option("--sep", help="What separates columns; by default the suffix of TABLE says.")
@common
def rank(table, target, drop, counts, task, networks, seed, all_rows, sep, output, quiet) -> None:
    """Rank the features of TABLE and compare the ranking with others.

    TABLE is a .csv, .tsv or .txt file (may be .gz) or a .parquet file with one row an example.
    Columns of numbers are features; a column of text becomes one feature for each of its
    values, up to 50. Rankings are made on 70 % of the rows and tested on the others.
    """
    with _errors():
        require_writable(output)
        frame = read_table(table, _unescaped(sep))
        _require_columns(frame, target, drop)
        data = make_table(frame, target, name=table.name, drop=drop, task=task)
        _run(data, Settings(counts, networks, seed, all_rows), output, quiet=quiet)


@main.command(epilog=FILES)
@common
def demo(output, quiet) -> None:
    """Rank the features of two real tables that come with scikit-learn.

    digits: 1,797 images of 64 pixels, 10 classes. breast_cancer: 569 rows, 30 features, 2
    classes. Each gets a folder of its own in the output folder.
    """
    with _errors():
        require_writable(output)
        for name, load in TABLES.items():
            data = make_table(load(), "target", name=name)
            _run(data, Settings(), output / name, quiet=quiet)


def _run(table: Table, settings: Settings, output: Path, *, quiet: bool) -> None:
    console = console_for(quiet=quiet)
    show_header(console, table)
    outcome = rank_table(table, settings, progress_for(quiet=quiet))
    show_outcome(console, outcome)
    writers = {
        "ranking.csv": csv_writer(outcome.ranking),
        "comparison.csv": csv_writer(outcome.comparison),
    }
    if can_draw():
        writers["features.png"] = figure_writer(outcome)
    else:
        _say_no_figure(console)
    show_files(console, write_all(output, writers))
    console.print()


def _say_no_figure(console: Console) -> None:
    console.print(
        "No figure: matplotlib is not installed; pip install 'sklearn-deeplifft[plot]' brings it."
    )


def _require_columns(frame: pd.DataFrame, target: str, drop: tuple[str, ...]) -> None:
    columns = list(frame.columns)
    for option, column in [("--target", target), *(("--drop", column) for column in drop)]:
        if column not in columns:
            raise click.BadParameter(missing_column(column, columns), param_hint=option)
    if target in drop:
        raise click.BadParameter(f"{target!r} is the target.", param_hint="--drop")


def _unescaped(sep: str | None) -> str | None:
    r"""Take ``--sep '\t'`` for the tab that it means."""
    return "\t" if sep == r"\t" else sep


@contextmanager
def _errors() -> Iterator[None]:
    """Say what is wrong in one line; errors of ours and of the libraries below name the remedy."""
    try:
        yield
    except (ValueError, OSError, ImportError) as error:
        raise click.ClickException(str(error)) from error
