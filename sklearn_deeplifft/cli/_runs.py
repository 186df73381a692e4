"""The commands at work: a table in, screens and files out.

Everything that takes time to load is imported from here on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import click
from rich.console import Console

from sklearn_deeplifft import groups_from_file
from sklearn_deeplifft.cli import _demo
from sklearn_deeplifft.cli._counts import require_counts
from sklearn_deeplifft.cli._dates import dated
from sklearn_deeplifft.cli._dose_figure import draw_doses
from sklearn_deeplifft.cli._families import Families, features_of, of_table
from sklearn_deeplifft.cli._figure import can_draw, draw, figure_writer
from sklearn_deeplifft.cli._gates import train_gates
from sklearn_deeplifft.cli._motif_report import bed_writer, draw_report, report_on, show_report
from sklearn_deeplifft.cli._motif_samples import read_samples
from sklearn_deeplifft.cli._motif_table import count_motifs, counts_writer
from sklearn_deeplifft.cli._progress import progress_for
from sklearn_deeplifft.cli._rank import rank_table
from sklearn_deeplifft.cli._read import load_table
from sklearn_deeplifft.cli._scale import in_usual_units, require_single_precision
from sklearn_deeplifft.cli._screen import console_for, show_files, show_header
from sklearn_deeplifft.cli._settings import Motifs, Results, Source, Training
from sklearn_deeplifft.cli._show import show_outcome
from sklearn_deeplifft.cli._show_gates import show_gates
from sklearn_deeplifft.cli._show_whatif import show_answers
from sklearn_deeplifft.cli._table import Table, make_table, missing_column
from sklearn_deeplifft.cli._whatif import answer_whatif
from sklearn_deeplifft.cli._write import csv_writer, require_writable, write_all
from sklearn_deeplifft.sequences import MotifCounter

__all__ = ["demo", "gates", "motifs", "rank", "whatif"]

RANK_FILES = ("ranking.csv", "comparison.csv", "features.png")
GATE_FILES = ("gates.csv", "ranking.csv")
WHATIF_FILES = ("ranking.csv", "effects.csv", "doses.csv", "whatif.png")
MOTIF_FILES = (
    *("counts.npz", "ranking.csv", "comparison.csv", "composition.csv", "hits.bed", "motifs.png"),
)

WIDE = 20_000
"""Features from which on a first look with few networks is recommended."""

Writer = Callable[[Path], object]


def rank(source: Source, training: Training, results: Results, *, all_rows: bool = False) -> None:
    """Rank the features of a table, and compare the ranking with others."""
    _require_places(training, results, RANK_FILES)
    # With --all-rows the ranking shown is of all rows, and the one compared of the training rows.
    filled_by = "the rows that are ranked on" if all_rows else "the training rows"
    table, families, _ = _loaded(source, training, filled_by)
    _rank(table, training, results, families=families, all_rows=all_rows)


def demo(results: Results) -> None:
    """Rank the features of the tables of the demonstration, each in a folder of its own."""
    for name in _demo.TABLES:
        _require_places(Training(), _in_folder(results, name), RANK_FILES)
    for name, load in _demo.TABLES.items():
        table = make_table(load(), "target", name=name)
        _rank(table, Training(), _in_folder(results, name))


def gates(source: Source, training: Training, results: Results, *, paper: bool = False) -> None:
    """Rank the features of a table by the gates of many networks."""
    _require_places(training, results, GATE_FILES)
    table, families, _ = _loaded(source, training)
    if paper and table.task == "regression":
        raise click.BadParameter(
            f"the paper's networks tell classes apart, and {table.target} is numbers to predict. "
            "Leave --paper out, or add --task classification.",
            param_hint="--paper",
        )
    console = console_for(quiet=results.quiet)
    show_header(console, table)
    outcome = train_gates(
        table, training, progress_for(quiet=results.quiet), families=families, paper=paper
    )
    writers = {
        "gates.csv": csv_writer(outcome.gates),
        "ranking.csv": csv_writer(outcome.ranking),
    }
    _finish(console, results, writers, lambda: show_gates(console, outcome))


def whatif(
    source: Source,
    training: Training,
    results: Results,
    *,
    features: Sequence[str] = (),
    scale: str = "logit",
) -> None:
    """Say what networks predict once features are set."""
    _require_places(training, results, WHATIF_FILES)
    table, families, unit = _loaded(source, training)
    _require_features(features, table, families)
    console = console_for(quiet=results.quiet)
    show_header(console, table)
    progress = progress_for(quiet=results.quiet)
    answers = answer_whatif(
        table, training, progress, families=families, asked=features, scale=scale, unit=unit
    )
    writers: dict[str, Writer] = {
        "ranking.csv": csv_writer(answers.ranking),
        "effects.csv": csv_writer(answers.effects),
        "doses.csv": csv_writer(dated(answers.doses, table.dates)),
    }
    writers |= _figure(console, "whatif.png", partial(draw_doses, answers))
    _finish(console, results, writers, lambda: show_answers(console, answers))


def motifs(given: Motifs, training: Training, results: Results) -> None:
    """Rank the motifs that tell sequences apart."""
    _require_places(training, results, MOTIF_FILES)
    samples = read_samples(given.fasta, against=given.against, seed=training.seed)
    progress = progress_for(quiet=results.quiet)
    families = None if given.families == "none" else given.families
    counter = MotifCounter(given.database, p_value=given.p_value, families=families)
    found = count_motifs(samples, counter, progress)
    require_counts(training.counts, len(features_of(found.families, found.table)))
    console = console_for(quiet=results.quiet)
    show_header(console, found.table)
    outcome = rank_table(found.table, training, progress, families=found.families)
    report = report_on(outcome, found, training.seed, progress)
    writers: dict[str, Writer] = {
        "counts.npz": counts_writer(found),
        "ranking.csv": csv_writer(report.ranking),
        "comparison.csv": csv_writer(outcome.comparison),
        "composition.csv": csv_writer(report.confounds.table),
        "hits.bed": bed_writer(report),
    }
    writers |= _figure(console, "motifs.png", partial(draw_report, report))
    _finish(console, results, writers, lambda: show_report(console, report))


def _require_features(features: Sequence[str], table: Table, families: Families | None) -> None:
    """Raise ``click.BadParameter`` if there is no such feature, or nothing to ask of it."""
    known = features_of(families, table)
    for feature in features:
        if feature not in known:
            raise click.BadParameter(missing_column(feature, known), param_hint="--feature")
        if feature in table.numbers and table.numbers[feature].nunique() < 2:
            raise click.BadParameter(
                f"{feature!r} has the same value in every row; networks cannot say what another "
                "one would do.",
                param_hint="--feature",
            )


def _rank(
    table: Table,
    training: Training,
    results: Results,
    *,
    families: Families | None = None,
    all_rows: bool = False,
) -> None:
    console = console_for(quiet=results.quiet)
    show_header(console, table)
    outcome = rank_table(
        table, training, progress_for(quiet=results.quiet), families=families, all_rows=all_rows
    )
    writers: dict[str, Writer] = {
        "ranking.csv": csv_writer(outcome.ranking),
        "comparison.csv": csv_writer(outcome.comparison),
    }
    writers |= _figure(console, "features.png", partial(draw, outcome))
    _finish(console, results, writers, lambda: show_outcome(console, outcome))


def _loaded(
    source: Source, training: Training, filled_by: str = "all rows"
) -> tuple[Table, Families | None, float]:
    """The table, its groups and the unit of its target; what can be refused is refused here."""
    table = load_table(
        source.table,
        source.target,
        task=source.task,
        attributes=source.attributes,
        filled_by=filled_by,
        **source.reading,
    )
    require_single_precision(table)
    groups = None if source.groups is None else groups_from_file(source.groups)
    families = of_table(groups, table, table.notes)
    n_features = len(features_of(families, table))
    require_counts(training.counts, n_features)
    if n_features > WIDE and training.networks is None:
        table.notes.append(
            f"{n_features:,} features take long to train on; --networks 2 gives a first look, and "
            "--checkpoint-dir keeps what is finished."
        )
    table, unit = in_usual_units(table)
    return table, families, unit


def _require_places(training: Training, results: Results, names: Sequence[str]) -> None:
    require_writable(results.output, replaced=names if results.force else ())
    if training.checkpoint_dir is not None:
        require_writable(training.checkpoint_dir, "--checkpoint-dir")


def _in_folder(results: Results, name: str) -> Results:
    return Results(results.output / name, results.force, results.quiet)


def _figure(console: Console, name: str, draw: Callable[[], object]) -> dict[str, Writer]:
    if can_draw():
        return {name: figure_writer(draw)}
    console.print(
        "No figure: matplotlib is not installed; pip install 'sklearn-deeplifft[plot]' brings it."
    )
    return {}


def _finish(
    console: Console, results: Results, writers: Mapping[str, Writer], show: Callable[[], object]
) -> None:
    """Write, then print: hours of training outlive a reader that has gone, and a full disk."""
    try:
        files = write_all(results.output, writers, force=results.force)
    except BaseException:
        show()
        raise
    show()
    show_files(console, files, list(writers))
