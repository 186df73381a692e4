"""The commands at work: a table in, screens and files out.

Everything that takes time to load is imported from here on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import click

from sklearn_deeplifft.cli import _demo
from sklearn_deeplifft.cli._counts import require_counts
from sklearn_deeplifft.cli._dates import dated
from sklearn_deeplifft.cli._delivery import Writer, console_of, figure, finish, require_places
from sklearn_deeplifft.cli._dose_figure import draw_doses
from sklearn_deeplifft.cli._families import Families, features_of
from sklearn_deeplifft.cli._figure import draw
from sklearn_deeplifft.cli._gates import train_gates
from sklearn_deeplifft.cli._given import loaded
from sklearn_deeplifft.cli._interactions import find_pairs
from sklearn_deeplifft.cli._json import Document, about, print_document, records
from sklearn_deeplifft.cli._motif_report import bed_writer, draw_report, report_on, show_report
from sklearn_deeplifft.cli._motif_samples import read_samples
from sklearn_deeplifft.cli._motif_table import count_motifs, counts_writer
from sklearn_deeplifft.cli._progress import progress_for
from sklearn_deeplifft.cli._rank import rank_table
from sklearn_deeplifft.cli._screen import show_header
from sklearn_deeplifft.cli._settings import Motifs, Results, Source, Training
from sklearn_deeplifft.cli._show import show_outcome
from sklearn_deeplifft.cli._show_gates import show_gates
from sklearn_deeplifft.cli._show_interactions import draw_pairs, show_pairs
from sklearn_deeplifft.cli._show_whatif import show_answers
from sklearn_deeplifft.cli._table import Table, make_table, missing_column
from sklearn_deeplifft.cli._whatif import answer_whatif
from sklearn_deeplifft.cli._write import csv_writer
from sklearn_deeplifft.sequences import MotifCounter

__all__ = ["demo", "gates", "interactions", "motifs", "rank", "whatif"]

RANK_FILES = ("ranking.csv", "comparison.csv", "features.png")
GATE_FILES = ("gates.csv", "ranking.csv")
WHATIF_FILES = ("ranking.csv", "effects.csv", "doses.csv", "whatif.png")
INTERACTION_FILES = ("interactions.csv", "interactions.png")
MOTIF_FILES = (
    *("counts.npz", "ranking.csv", "comparison.csv", "composition.csv", "hits.bed", "motifs.png"),
)


def rank(source: Source, training: Training, results: Results, *, all_rows: bool = False) -> None:
    """Rank the features of a table, and compare the ranking with others."""
    require_places(training, results, RANK_FILES)
    # With --all-rows the ranking shown is of all rows, and the one compared of the training rows.
    filled_by = "the rows that are ranked on" if all_rows else "the training rows"
    table, families, _ = loaded(source, training, filled_by)
    _rank(table, training, results, families=families, all_rows=all_rows)


def demo(results: Results) -> None:
    """Rank the features of the tables of the demonstration, each in a folder of its own."""
    for name in _demo.TABLES:
        require_places(Training(), _in_folder(results, name), RANK_FILES)
    found: dict[str, Document] = {}
    for name, load in _demo.TABLES.items():
        table = make_table(load(), "target", name=name)
        own = _in_folder(results, name)
        _rank(table, Training(), own, say=partial(found.__setitem__, name))
    if results.json:
        print_document(found)


def gates(source: Source, training: Training, results: Results, *, paper: bool = False) -> None:
    """Rank the features of a table by the gates of many networks."""
    require_places(training, results, GATE_FILES)
    table, families, _ = loaded(source, training)
    if paper and table.task == "regression":
        raise click.BadParameter(
            f"the paper's networks tell classes apart, and {table.target} is numbers to predict. "
            "Leave --paper out, or add --task classification.",
            param_hint="--paper",
        )
    console = console_of(results)
    show_header(console, table)
    outcome = train_gates(
        table, training, progress_for(quiet=results.quiet), families=families, paper=paper
    )
    writers = {
        "gates.csv": csv_writer(outcome.gates),
        "ranking.csv": csv_writer(outcome.ranking),
    }
    document: Document = {
        **about(table),
        "at_chance": outcome.at_chance,
        "training": outcome.training,
        "notes": [*table.notes, *outcome.notes],
        "ranking": records(outcome.ranking),
        "stability": dict(zip(outcome.agreement.counts, outcome.agreement.stability, strict=True)),
    }
    finish(console, results, writers, lambda: show_gates(console, outcome), lambda: document)


def whatif(
    source: Source,
    training: Training,
    results: Results,
    *,
    features: Sequence[str] = (),
    scale: str = "logit",
) -> None:
    """Say what networks predict once features are set."""
    require_places(training, results, WHATIF_FILES)
    table, families, unit = loaded(source, training)
    _require_features(features, table, families)
    console = console_of(results)
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
    writers |= figure(console, "whatif.png", partial(draw_doses, answers))
    document: Document = {
        **about(table),
        "at_chance": answers.at_chance,
        "training": answers.training,
        "notes": [*table.notes, *answers.notes],
        "ranking": records(answers.ranking),
        "effects": records(answers.effects),
        "doses": records(dated(answers.doses, table.dates)),
    }
    finish(console, results, writers, lambda: show_answers(console, answers), lambda: document)


def interactions(
    source: Source, training: Training, results: Results, *, n_pairs: int = 50
) -> None:
    """Say which pairs of features work together."""
    require_places(training, results, INTERACTION_FILES)
    table, families, unit = loaded(source, training, "the training rows")
    if len(features_of(families, table)) < 2:
        raise click.BadParameter("there is one feature, which makes no pair.", param_hint="TABLE")
    console = console_of(results)
    show_header(console, table)
    progress = progress_for(quiet=results.quiet)
    found = find_pairs(table, training, progress, families=families, n_pairs=n_pairs, unit=unit)
    writers: dict[str, Writer] = {"interactions.csv": csv_writer(found.pairs)}
    writers |= figure(console, "interactions.png", partial(draw_pairs, found))
    document: Document = {
        **about(table),
        "score": found.score,
        "at_chance": found.at_chance,
        "training": found.training,
        "notes": [*table.notes, *found.notes],
        "pairs": records(found.pairs),
    }
    finish(console, results, writers, lambda: show_pairs(console, found), lambda: document)


def motifs(given: Motifs, training: Training, results: Results) -> None:
    """Rank the motifs that tell sequences apart."""
    require_places(training, results, MOTIF_FILES)
    samples = read_samples(given.fasta, against=given.against, seed=training.seed)
    progress = progress_for(quiet=results.quiet)
    families = None if given.families == "none" else given.families
    counter = MotifCounter(given.database, p_value=given.p_value, families=families)
    found = count_motifs(samples, counter, progress)
    require_counts(training.counts, len(features_of(found.families, found.table)))
    console = console_of(results)
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
    writers |= figure(console, "motifs.png", partial(draw_report, report))
    document = {
        **outcome.document(),
        "ranking": records(report.ranking),
        "composition": records(report.confounds.table),
    }
    finish(console, results, writers, lambda: show_report(console, report), lambda: document)


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
    say: Callable[[Document], object] = print_document,
) -> None:
    console = console_of(results)
    show_header(console, table)
    outcome = rank_table(
        table, training, progress_for(quiet=results.quiet), families=families, all_rows=all_rows
    )
    writers: dict[str, Writer] = {
        "ranking.csv": csv_writer(outcome.ranking),
        "comparison.csv": csv_writer(outcome.comparison),
    }
    writers |= figure(console, "features.png", partial(draw, outcome))
    finish(console, results, writers, lambda: show_outcome(console, outcome), outcome.document, say)


def _in_folder(results: Results, name: str) -> Results:
    return replace(results, output=results.output / name)
