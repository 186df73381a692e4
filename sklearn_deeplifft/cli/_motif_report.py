"""What `motifs` says beside what `rank` says: composition, motifs in families, hits, logos."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.text import Text

from sklearn_deeplifft.cli._confounds import Confounds, compare_composition
from sklearn_deeplifft.cli._figure import draw
from sklearn_deeplifft.cli._motif_ranking import leading_motifs, rank_motifs
from sklearn_deeplifft.cli._motif_table import Counted
from sklearn_deeplifft.cli._progress import Stages
from sklearn_deeplifft.cli._rank import Outcome
from sklearn_deeplifft.cli._screen import MOST_FEATURES
from sklearn_deeplifft.cli._show import show_outcome
from sklearn_deeplifft.sequences import write_bed
from sklearn_deeplifft.sequences.motifs import information, probabilities

__all__ = ["MotifReport", "bed_writer", "draw_report", "report_on", "show_report"]


@dataclass(frozen=True)
class MotifReport:
    """All that is shown and written."""

    outcome: Outcome
    found: Counted
    ranking: pd.DataFrame
    confounds: Confounds


def report_on(outcome: Outcome, found: Counted, seed: int, progress: Stages) -> MotifReport:
    """Read the networks motif by motif, and compare them with composition."""
    ranking = rank_motifs(outcome, found, seed)
    return MotifReport(outcome, found, ranking, compare_composition(found, seed, progress))


def bed_writer(report: MotifReport) -> Callable[[Path], object]:
    """A writer of the hits of the best families in the sequences that were given."""

    def write(path: Path) -> None:
        samples, counter = report.found.samples, report.found.counter
        rows = samples.given.nonzero()[0]
        own = report.ranking["motif"][report.ranking["rank"] <= MOST_FEATURES]
        texts, names = ([own[i] for i in rows] for own in (samples.texts, samples.names))
        write_bed(counter.hits(texts, names, motifs=list(own)), path)

    return write


def draw_report(report: MotifReport) -> Any:
    """The figure of ``rank`` with logos; a warning of composition stands on it."""
    counter, leading = report.found.counter, leading_motifs(report.ranking, MOST_FEATURES)
    matrix = dict(zip(counter.motif_names_, counter.matrices_, strict=True))
    logos = {
        family: information(probabilities(matrix[motif], counter.pseudocount))
        for family, motif in leading.items()
    }
    return draw(report.outcome, logos, report.confounds.label)


def show_report(console: Console, report: MotifReport) -> None:
    """Print what ``rank`` prints, and what composition tells."""
    show_outcome(console, report.outcome)
    warning = report.confounds.warning()
    console.print(report.confounds.line())
    if warning:
        console.print(Text(f"Warning: {warning}", style="bold yellow"))
    console.print()
