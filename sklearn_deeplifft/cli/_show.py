"""Tables for a person to read: ranking, classes, comparison. Never a list without an end."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console, JustifyMethod
from rich.table import Table as Grid
from rich.text import Text

from sklearn_deeplifft.cli._compare import ALL, OURS
from sklearn_deeplifft.cli._gates import GateOutcome
from sklearn_deeplifft.cli._learners import METRICS
from sklearn_deeplifft.cli._rank import Outcome
from sklearn_deeplifft.cli._table import Table
from sklearn_deeplifft.plotting import shortened

__all__ = ["console_for", "show_files", "show_gates", "show_header", "show_outcome"]

MOST_FEATURES, MOST_CLASSES, PER_CLASS = 20, 10, 3
GATE_BAR = 8
IMPORTANCE = (
    "importance: share of all features' scores and path, mean over the rounds of elimination. "
    "rank: by importance. "
)
UNITS = {
    "classification": IMPORTANCE
    + "most for class: of those that more of it speaks for, the one whose probability it changes "
    "most, and by how much; +- where its columns differ.",
    "regression": IMPORTANCE + "slope: standard deviations of the target for one of the feature.",
}
CLASS_UNIT = (
    "Size: mean change of the probability of the class over its own rows, 0 to 1. +: more of the "
    "feature speaks for the class, -: against it, +-: its columns differ. A - alone means nothing "
    "above 0.0005."
)
LEARNERS = {
    "classification": "logistic regression and a random forest",
    "regression": "ridge regression and a random forest",
}


def console_for(*, quiet: bool) -> Console:
    """Standard output, where text is text: no markup, no emoji, nothing coloured by guess."""
    return Console(markup=False, emoji=False, highlight=False, quiet=quiet)


def show_header(console: Console, table: Table) -> None:
    """Say what was read."""
    kind = (
        f"{len(np.unique(table.y))} classes of {table.target}"
        if table.task == "classification"
        else f"numbers in {table.target}"
    )
    console.print(Text(shortened(table.name, console.width), style="bold"))
    console.print(f"{len(table.y):,} rows, {table.n_columns:,} columns to rank, {kind}")
    _show_notes(console, table.notes)


def show_outcome(console: Console, outcome: Outcome) -> None:
    """Print everything but the files."""
    _show_notes(console, outcome.notes)
    console.print(_rows_line(outcome))
    console.print()
    _show_features(console, outcome)
    if outcome.table.task == "classification":
        _show_classes(console, outcome)
    _show_comparison(console, outcome)


def show_gates(console: Console, outcome: GateOutcome) -> None:
    """Print everything but the files."""
    _show_notes(console, outcome.notes)
    n, rows = len(outcome.gates), len(outcome.table.y)
    networks = "1 network; it" if n == 1 else f"{n:,} networks; each"
    console.print(f"{networks} held a fold of the {rows:,} rows out.")
    console.print()
    _show_gates(console, outcome)
    _show_stability(console, outcome)


def show_files(console: Console, files: Sequence[Path]) -> None:
    """Say where the results are."""
    names = " ".join(path.name for path in files)
    # Not wrapped, so that the path can be copied.
    console.print(Text(f"Wrote to {files[0].parent}: {names}", style="bold"), soft_wrap=True)


def _show_notes(console: Console, notes: Sequence[str]) -> None:
    for note in notes:
        console.print(Text(f"Note: {shortened(note, 400)}", style="yellow"))


def _rows_line(outcome: Outcome) -> str:
    train, test = outcome.n_train, outcome.n_test
    if outcome.settings.all_rows:
        return (
            f"Ranked on all {train + test:,} rows; compared on {test:,} of them, by rankings of "
            f"the other {train:,}."
        )
    return f"Ranked on {train:,} training rows; the other {test:,} rows test the rankings."


def _title(console: Console, text: str) -> None:
    console.print(Text(text, style="bold"))


def _grid(*columns: tuple[str, JustifyMethod]) -> Grid:
    grid = Grid(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for header, justify in columns:
        grid.add_column(header, justify=justify, no_wrap=True)
    return grid


def _show_features(console: Console, outcome: Outcome) -> None:
    ranking, shown = outcome.features, outcome.features[:MOST_FEATURES]
    regression = outcome.table.task == "regression"
    _title(console, f"Features, {_of(len(shown), len(ranking))}")
    name, bar = _room(console)
    grid = _grid(
        ("rank", "right"),
        ("feature", "left"),
        ("importance", "right"),
        ("", "left"),
        ("slope", "right") if regression else ("most for class", "left"),
    )
    longest = shown["importance"].max()
    rows = zip(shown.itertuples(), outcome.signed, outcome.directions, strict=False)
    for row, signed, signs in rows:
        share = row.importance / longest if longest > 0 else 0.0
        grid.add_row(
            str(row.rank),
            Text(shortened(row.feature, name)),
            f"{row.importance:.3f}",
            Text(_bar(share, bar, console), style="cyan"),
            _slope(signed[0]) if regression else _most_for(signed, signs, outcome.signed_names),
        )
    console.print(grid)
    console.print(UNITS[outcome.table.task], style="dim")
    console.print()


def _slope(value: float) -> Text:
    """A group of columns has none."""
    return _signed(value) if value else _nothing()


def _show_gates(console: Console, outcome: GateOutcome) -> None:
    ranking, shown = outcome.ranking, outcome.ranking[:MOST_FEATURES]
    _title(console, f"Features, {_of(len(shown), len(ranking))}")
    name = max(console.width - 4 - 10 - GATE_BAR - 13 - 6 - 5 * 3, 12)
    grid = _grid(
        ("rank", "right"),
        ("feature", "left"),
        ("importance", "right"),
        ("", "left"),
        ("95 % interval", "right"),
        ("chosen", "right"),
    )
    longest = shown["importance"].max()
    for row in shown.itertuples():
        share = row.importance / longest if longest > 0 else 0.0
        grid.add_row(
            str(row.rank),
            Text(shortened(row.feature, name)),
            f"{row.importance:.3f}",
            Text(_bar(share, GATE_BAR, console), style="cyan"),
            f"{row.low:.3f} - {row.high:.3f}",
            f"{100 * row.frequency:.0f} %",
        )
    console.print(grid)
    console.print(
        "importance: share of a network's gates, mean over the networks, with an interval of that "
        f"mean. chosen: networks that have the feature among their own first {outcome.n_selected}.",
        style="dim",
    )
    console.print()


def _show_stability(console: Console, outcome: GateOutcome) -> None:
    k, d = outcome.n_selected, len(outcome.ranking)
    if math.isnan(outcome.stability):
        _title(console, "Stability: not known")
        text = (
            "A single network has none to agree with; train more with --n-networks."
            if len(outcome.gates) == 1
            else f"Networks that choose {k:,} of {d:,} features cannot differ; see --select."
        )
    else:
        _title(console, f"Stability {outcome.stability:.2f}")
        text = (
            f"1 if all networks choose the same {k:,} features, about 0 if they choose at random."
        )
    console.print(text, style="dim")
    console.print()


def _room(console: Console) -> tuple[int, int]:
    """Characters for the names of features, and for bars."""
    spare = console.width - 4 - 10 - 20 - 4 * 3
    return max(spare * 2 // 3, 12), max(spare // 3, 6)


def _most_for(scores: np.ndarray, signs: np.ndarray, names: Sequence[str]) -> Text:
    sizes = np.where(signs >= 0, np.abs(scores), 0.0)
    best = int(np.argmax(sizes))
    if not _visible(sizes[best]):
        return _nothing()
    return _entry(names[best], sizes[best], signs[best], 13)


def _show_classes(console: Console, outcome: Outcome) -> None:
    names, shown = outcome.signed_names, outcome.signed_names[:MOST_CLASSES]
    _title(console, f"What speaks for and against each class, {_of(len(shown), len(names))}")
    grid = _grid(("class", "left"), ("for", "left"), ("against", "left"))
    # Two columns of "+0.123 name" beside the class.
    width = max((console.width - 14 - 2 * 3) // 2 - 8, 10)
    for c, name in enumerate(shown):
        cells = [_listed(outcome, c, sign, width) for sign in (1, -1)]
        grid.add_row(Text(shortened(name, 14)), *cells)
    console.print(grid)
    console.print(CLASS_UNIT, style="dim")
    console.print()


def _listed(outcome: Outcome, c: int, sign: int, width: int) -> Text:
    """The features that speak most for class ``c``, or against it; one per line.

    What speaks for it by some of its columns and against it by others is among those for it.
    """
    signs = outcome.directions[:, c]
    wanted = signs >= 0 if sign > 0 else signs < 0
    sizes = np.where(wanted, np.abs(outcome.signed[:, c]), 0.0)
    chosen = [i for i in np.argsort(-sizes, kind="stable")[:PER_CLASS] if _visible(sizes[i])]
    features = outcome.features["feature"]
    entries = [_entry(features[i], sizes[i], signs[i], width) for i in chosen]
    return Text("\n").join(entries) if entries else _nothing()


def _entry(name: object, size: float, sign: float, width: int) -> Text:
    value = _signed(sign * size) if sign else Text(f"+-{size:.3f}")
    return Text.assemble(value, " ", shortened(name, width))


def _nothing() -> Text:
    return Text("-", style="dim")


def _signed(value: float) -> Text:
    return Text(f"{value:+.3f}", style="green" if value > 0 else "red")


def _visible(value: float) -> bool:
    return bool(abs(value) >= 0.0005)


def _show_comparison(console: Console, outcome: Outcome) -> None:
    comparison, task = outcome.comparison, outcome.table.task
    parts = comparison[comparison["method"] != ALL]
    methods = list(parts["method"].unique()) or [OURS]
    _title(console, f"Held-out {METRICS[task]} with the features each method puts first")
    grid = _grid(("features", "right"), *((method, "right") for method in methods))
    for count, rows in parts.groupby("n_features"):
        grid.add_row(f"{count:,}", *_scores(rows.set_index("method")["score"][methods]))
    whole = comparison[comparison["method"] == ALL].iloc[0]
    grid.add_row(f"all {whole['n_features']:,}", f"{whole['score']:.3f} ")
    console.print(grid)
    console.print(
        f"* best of the row. Mean of {LEARNERS[task]}. One split of the rows: differences below "
        f"{_noise(comparison):.2g} or so are noise.",
        style="dim",
    )
    console.print()


def _scores(scores: pd.Series) -> list[Text]:
    best = scores.round(3).max()
    return [
        Text(f"{score:.3f}*", style="bold") if round(score, 3) == best else Text(f"{score:.3f} ")
        for score in scores
    ]


def _noise(comparison: pd.DataFrame) -> float:
    """Two standard errors, rounded up to one digit."""
    error = 2 * float(comparison["standard_error"].median())
    if not error > 0:
        return 0.0
    digit = 10.0 ** math.floor(math.log10(error))
    return math.ceil(error / digit) * digit


def _bar(share: float, width: int, console: Console) -> str:
    cell = "█" if console.encoding.lower().startswith("utf") else "#"
    return cell * round(max(share, 0.0) * width)


def _of(shown: int, total: int) -> str:
    return f"all {total:,}" if shown == total else f"the first {shown} of {total:,}"
