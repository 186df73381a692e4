"""The commands `report` and `compare` at work: a table in, a page or a comparison out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pandas as pd
from rich.console import Console
from rich.text import Text

from sklearn_deeplifft._printable import printable
from sklearn_deeplifft.cli._delivery import Writer, console_of, figure, finish, require_places
from sklearn_deeplifft.cli._figure import draw_comparison
from sklearn_deeplifft.cli._folds import compare_folds
from sklearn_deeplifft.cli._given import loaded
from sklearn_deeplifft.cli._json import Document, about, records
from sklearn_deeplifft.cli._progress import progress_for
from sklearn_deeplifft.cli._rank import Outcome, rank_table
from sklearn_deeplifft.cli._screen import show_header, show_notes
from sklearn_deeplifft.cli._settings import Results, Source, Training
from sklearn_deeplifft.cli._show import rows_line, show_comparison
from sklearn_deeplifft.cli._write import csv_writer
from sklearn_deeplifft.report import Origin, Report, file_hash, make_report, require_extra

__all__ = ["compare", "report"]

COMPARE_FILES = ("comparison.csv", "folds.csv", "comparison.png")


def report(
    source: Source,
    training: Training,
    results: Results,
    name: str,
    told: str,
    *,
    all_rows: bool = False,
    nulls: bool = False,
) -> None:
    """Rank the features of a table, and write a page about it.

    ``name`` is that of the page's file, and ``told`` the command that makes it again.
    """
    require_places(training, results, (name,))
    require_extra()
    filled_by = "the rows that are ranked on" if all_rows else "the training rows"
    table, families, _ = loaded(source, training, filled_by)
    console = console_of(results)
    show_header(console, table)
    progress = progress_for(quiet=results.quiet)
    outcome = rank_table(
        table, training, progress, families=families, all_rows=all_rows, nulls=nulls
    )
    with progress.stage("Writing the page", 1) as advance:
        page = _page(outcome, source, told)
        advance()

    def document() -> Document:
        return {
            **outcome.document(),
            "doubts": [vars(doubt) for doubt in page.doubts if doubt.level != "clear"],
        }

    writers: dict[str, Writer] = {name: page.write}
    finish(console, results, writers, lambda: _show(console, outcome, page), document)


def _page(outcome: Outcome, source: Source, told: str) -> Report:
    table, ranked = outcome.table, outcome.ranked
    details = {"Rows": rows_line(outcome), "Compared on": _compared_on(outcome)}
    origin = Origin(
        data=source.table.name,
        sha256=file_hash(source.table),
        repeat=told,
        notes=[*table.notes, *outcome.notes],
        details=details,
        dates=table.dates,
    )
    return make_report(
        outcome.selector,
        ranked.X_train,
        pd.Series(ranked.y_train, name=table.target),
        groups=ranked.groups_train,
        comparison=outcome.comparison,
        title=f"What foretells {printable(table.target)} in {printable(table.name)}",
        origin=origin,
    )


def _compared_on(outcome: Outcome) -> str:
    return f"{outcome.n_test:,} rows that took no part in the rankings compared"


def _show(console: Console, outcome: Outcome, page: Report) -> None:
    show_notes(console, outcome.notes)
    console.print(page.verdict)
    found = [doubt for doubt in page.doubts if doubt.level in ("serious", "caution")]
    for doubt in found:
        style = "bold yellow" if doubt.level == "serious" else "yellow"
        console.print(Text(f"{doubt.level.title()}: {doubt.check}. {doubt.finding}", style=style))
    if not found:
        console.print("None of the checks for what to distrust found anything.")
    console.print()


def compare(
    source: Source,
    training: Training,
    results: Results,
    *,
    n_folds: int,
    selectors: Sequence[str],
) -> None:
    """Compare ways to rank on the same folds."""
    require_places(training, results, COMPARE_FILES)
    table, families, _ = loaded(source, training, "the training rows")
    console = console_of(results)
    show_header(console, table)
    progress = progress_for(quiet=results.quiet)
    outcome = compare_folds(
        table, training, progress, n_folds=n_folds, selectors=selectors, families=families
    )
    writers: dict[str, Writer] = {
        "comparison.csv": csv_writer(outcome.comparison),
        "folds.csv": csv_writer(outcome.folds),
    }
    drawn = partial(draw_comparison, outcome.comparison, table.name, outcome.n_folds)
    writers |= figure(console, "comparison.png", drawn)

    def show() -> None:
        show_notes(console, outcome.notes)
        show_comparison(console, outcome.comparison, table.task, f"Mean of {outcome.n_folds} folds")

    def document() -> Document:
        return {
            **about(table),
            "notes": [*table.notes, *outcome.notes],
            "comparison": records(outcome.comparison),
            "folds": records(outcome.folds),
        }

    finish(console, results, writers, show, document)
