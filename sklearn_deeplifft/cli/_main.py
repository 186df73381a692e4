"""Commands and options. Wrong arguments exit with 2, wrong data with 1, without a traceback."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from sklearn_deeplifft import __version__, groups_from_file
from sklearn_deeplifft.cli._demo import TABLES
from sklearn_deeplifft.cli._figure import can_draw, figure_writer
from sklearn_deeplifft.cli._gates import GateOptions, train_gates
from sklearn_deeplifft.cli._options import (
    EXISTING,
    FOLDER,
    SEED_OPTION,
    TASK_OPTION,
    Counts,
    errors,
    interruptible,
    nonzero,
    of_every_command,
    of_tables,
)
from sklearn_deeplifft.cli._progress import progress_for
from sklearn_deeplifft.cli._rank import Settings, rank_table
from sklearn_deeplifft.cli._read import load_table
from sklearn_deeplifft.cli._show import (
    console_for,
    show_files,
    show_gates,
    show_header,
    show_outcome,
)
from sklearn_deeplifft.cli._table import Table, make_table
from sklearn_deeplifft.cli._write import csv_writer, require_writable, write_all

__all__ = ["main"]

FILES = """\b
Files written:
  ranking.csv     one row per feature, best first
    rank          by importance, 1 the best
    group         only with --groups: the feature that the column belongs
                  to, whose rank, importance, std and class scores it has
    importance    share of the scores, and of the path of a penalty that
                  closes features, mean over the rounds of elimination;
                  adds up to 1 over features
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

GATE_FILES = """\b
Files written:
  gates.csv       one row per network, one column per feature: how much
                  of it its gates let through; a row adds up to 1 (zeros
                  where every gate is closed)
  ranking.csv     one row per feature, best first
    importance    mean of its column of gates.csv
    std           standard deviation over networks
    low, high     95 % bootstrap interval of the mean over networks
    mean_rank, rank_std
                  mean and standard deviation, over networks, of its rank
                  in each; 1 is best
    frequency     share of the networks, 0 to 1, that have it among their
                  own first K (--select)
    for_<class>   not in a regression: signed, -1 to 1, mean change of
                  the probability of the class, over its examples that
                  are classified correctly; positive speaks for the class
                  (for a column of text, the sum over its values)
"""


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
@of_tables
@click.option(
    "--counts",
    type=Counts(),
    default="3,5,10,20",
    show_default=True,
    help="Numbers of features at which rankings are compared.",
)
@TASK_OPTION
@click.option(
    "--networks",
    type=click.IntRange(min=1),
    default=5,
    show_default=True,
    help="Networks trained and averaged.",
)
@SEED_OPTION
@click.option(
    "--all-rows",
    is_flag=True,
    help="Rank once more on all rows, those held out included; twice the time.",
)
@click.option(
    "--groups",
    type=EXISTING,
    metavar="FILE",
    help="Columns that are one feature: FILE has a column and its group in each line, separated by "
    "a tab or a comma. Counts are then of groups.",
)
@of_every_command
def rank(
    *,
    table: Path,
    target: str,
    reading: dict[str, Any],
    counts: tuple[int, ...],
    task: str,
    networks: int,
    seed: int,
    all_rows: bool,
    groups: Path | None,
    output: Path,
    quiet: bool,
) -> None:
    """Rank the features of TABLE and compare the ranking with others.

    TABLE has one row per example: text with any separator, .parquet, .feather, .xlsx, JSON lines,
    .npz or .h5ad, compressed or not. Columns of numbers and dates are features; a column of text
    becomes one feature for each of its values. Rankings are made on 70 % of the rows and tested
    on the others.
    """
    with errors():
        require_writable(output)
        families = None if groups is None else groups_from_file(groups)
        data = load_table(table, target, task=task, **reading)
        settings = Settings(counts, networks, seed, all_rows, families)
        _run(data, settings, output, quiet=quiet)


@main.command(epilog=FILES)
@of_every_command
def demo(output: Path, quiet: bool) -> None:
    """Rank the features of two real tables that come with scikit-learn.

    digits: 1,797 images of 64 pixels, 10 classes. breast_cancer: 569 rows, 30 features, 2
    classes. Each gets a folder of its own in the output folder.
    """
    with errors():
        require_writable(output)
        for name, load in TABLES.items():
            data = make_table(load(), "target", name=name)
            _run(data, Settings(), output / name, quiet=quiet)


@main.command(epilog=GATE_FILES)
@of_tables
@TASK_OPTION
@click.option(
    "--n-networks",
    type=click.IntRange(min=1),
    metavar="N",
    help="Networks trained and averaged.  [default: 20, or 100 with --paper]",
)
@click.option(
    "--select",
    type=click.IntRange(min=1),
    metavar="K",
    help="Features that each network may choose, for frequency and stability.  [default: half]",
)
@click.option("--paper", is_flag=True, help="Networks and training of the paper; much slower.")
@SEED_OPTION
@click.option(
    "--n-jobs",
    type=int,
    default=1,
    show_default=True,
    callback=nonzero,
    help="Threads; -1 is one per core. The result does not depend on it.",
)
@click.option(
    "--checkpoint-dir",
    type=FOLDER,
    metavar="DIR",
    help="Keep finished networks here; the same command goes on from there.",
)
@click.option(
    "--attributes",
    type=EXISTING,
    metavar="FILE",
    help="TABLE has no header: FILE names its features in their order, separated by commas or "
    "one per line. --target is then a position, from 0, or -1 for the last column; ? is a missing "
    "value.",
)
@of_every_command
def gates(
    *,
    table: Path,
    target: str,
    reading: dict[str, Any],
    task: str,
    attributes: Path | None,
    select: int | None,
    paper: bool,
    output: Path,
    quiet: bool,
    **rest: Any,
) -> None:
    """Rank the features of TABLE by the gates of many networks.

    Every feature passes a gate, a weight of its own, before the first layer of a network. Each
    network is trained on all rows but a fold of its own, and its gates are written down. TABLE is
    a file as in `rank`; a column of text has one gate.
    """
    with errors():
        require_writable(output)
        data = load_table(table, target, task=task, attributes=attributes, **reading)
        _require_possible(data, select, paper=paper)
        options = GateOptions(**rest, n_selected=select, paper=paper)
        if options.checkpoint_dir is not None:
            require_writable(options.checkpoint_dir, "--checkpoint-dir")
        _run_gates(data, options, output, quiet=quiet)


def _require_possible(table: Table, select: int | None, *, paper: bool) -> None:
    if select is not None and select > table.n_columns:
        raise click.BadParameter(
            f"{select:,} is more than the columns to rank; give {table.n_columns:,} or fewer.",
            param_hint="--select",
        )
    if paper and table.task == "regression":
        raise click.BadParameter(
            f"the paper's networks tell classes apart, and {table.target} is numbers to predict. "
            "Leave --paper out, or add --task classification.",
            param_hint="--paper",
        )


def _run_gates(table: Table, options: GateOptions, output: Path, *, quiet: bool) -> None:
    console = console_for(quiet=quiet)
    show_header(console, table)
    with interruptible():
        outcome = train_gates(table, options, progress_for(quiet=quiet))
    show_gates(console, outcome)
    writers = {
        "gates.csv": csv_writer(outcome.gates),
        "ranking.csv": csv_writer(outcome.ranking),
    }
    show_files(console, write_all(output, writers))
    console.print()


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
