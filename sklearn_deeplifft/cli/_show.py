"""Tables for a person to read: ranking, classes, comparison. Never a list without an end."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from rich.console import Console
from rich.text import Text

from sklearn_deeplifft.cli._compare import ALL, OURS
from sklearn_deeplifft.cli._learners import METRICS
from sklearn_deeplifft.cli._rank import Outcome
from sklearn_deeplifft.cli._screen import (
    MOST_FEATURES,
    bar,
    empty_cell,
    explain,
    grid_of,
    show_notes,
    show_title,
    shown_of,
    signed,
    visible,
)
from sklearn_deeplifft.cli._words import counted
from sklearn_deeplifft.plotting import shortened

__all__ = ["show_outcome"]

MOST_CLASSES, PER_CLASS = 10, 3
IMPORTANCE = (
    "importance: share of all features' scores and path, mean over the rounds of elimination. "
    "rank: by importance. "
)
UNITS = {
    "classification": IMPORTANCE
    + "most for class: of those that more of it speaks for, the one whose probability it changes "
    "most, and by how much; +- where its columns, or the values of a text, differ.",
    "regression": IMPORTANCE + "slope: standard deviations of the target for one of the feature; "
    "a text or a group has none.",
}
CLASS_UNIT = (
    "Size: mean change of the probability of the class over its own rows, 0 to 1. +: more of the "
    "feature speaks for the class, -: against it, +-: its columns, or the values of a text, "
    "differ. A - alone means nothing above 0.0005."
)
LEARNERS = {
    "classification": "logistic regression and a random forest",
    "regression": "ridge regression and a random forest",
}


def show_outcome(console: Console, outcome: Outcome) -> None:
    """Print everything but the files."""
    show_notes(console, outcome.notes)
    console.print(_rows_line(outcome))
    console.print()
    _show_features(console, outcome)
    if outcome.table.task == "classification":
        _show_classes(console, outcome)
    _show_comparison(console, outcome)


def _rows_line(outcome: Outcome) -> str:
    train, test = outcome.n_train, outcome.n_test
    tested = "row tests" if test == 1 else "rows test"
    line = f"Ranked on {counted(train, 'training row')}; the other {test:,} {tested} the rankings."
    if outcome.all_rows:
        line = (
            f"Ranked on all {counted(train + test, 'row')}; compared on {test:,} of them, by "
            f"rankings of the other {train:,}."
        )
    owner = outcome.table.row_groups
    return line if owner is None else f"{line} No {shortened(owner, 30)} is on both sides."


def _show_features(console: Console, outcome: Outcome) -> None:
    ranking, shown = outcome.features, outcome.features[:MOST_FEATURES]
    regression = outcome.table.task == "regression"
    show_title(console, f"Features, {shown_of(len(shown), len(ranking))}")
    name, width = _room(console)
    grid = grid_of(
        ("rank", "right"),
        ("feature", "left"),
        ("importance", "right"),
        ("", "left"),
        ("slope", "right") if regression else ("most for class", "left"),
    )
    longest = shown["importance"].max()
    rows = zip(shown.itertuples(), outcome.signed, outcome.directions, strict=False)
    for row, scores, signs in rows:
        share = row.importance / longest if longest > 0 else 0.0
        grid.add_row(
            str(row.rank),
            Text(shortened(row.feature, name)),
            f"{row.importance:.3f}",
            bar(share, width, console),
            _slope(scores[0]) if regression else _most_for(scores, signs, outcome.signed_names),
        )
    console.print(grid)
    explain(console, UNITS[outcome.table.task])


def _slope(value: float) -> Text:
    """A group of columns has none, and neither has a text."""
    return signed(value) if value else empty_cell()


def _room(console: Console) -> tuple[int, int]:
    """Characters for the names of features, and for bars."""
    spare = console.width - 4 - 10 - 20 - 4 * 3
    return max(spare * 2 // 3, 12), max(spare // 3, 6)


def _most_for(scores: np.ndarray, signs: np.ndarray, names: Sequence[str]) -> Text:
    sizes = np.where(signs >= 0, np.abs(scores), 0.0)
    best = int(np.argmax(sizes))
    if not visible(sizes[best]):
        return empty_cell()
    return _entry(names[best], sizes[best], signs[best], 13)


def _show_classes(console: Console, outcome: Outcome) -> None:
    names, shown = outcome.signed_names, outcome.signed_names[:MOST_CLASSES]
    show_title(
        console, f"What speaks for and against each class, {shown_of(len(shown), len(names))}"
    )
    grid = grid_of(("class", "left"), ("for", "left"), ("against", "left"))
    # Two columns of "+0.123 name" beside the class.
    width = max((console.width - 14 - 2 * 3) // 2 - 8, 10)
    for c, name in enumerate(shown):
        cells = [_listed(outcome, c, sign, width) for sign in (1, -1)]
        grid.add_row(Text(shortened(name, 14)), *cells)
    console.print(grid)
    explain(console, CLASS_UNIT)


def _listed(outcome: Outcome, c: int, sign: int, width: int) -> Text:
    """The features that speak most for class ``c``, or against it; one per line.

    What speaks for it by some of its columns and against it by others is among those for it.
    """
    signs = outcome.directions[:, c]
    wanted = signs >= 0 if sign > 0 else signs < 0
    sizes = np.where(wanted, np.abs(outcome.signed[:, c]), 0.0)
    chosen = [i for i in np.argsort(-sizes, kind="stable")[:PER_CLASS] if visible(sizes[i])]
    features = outcome.features["feature"]
    entries = [_entry(features[i], sizes[i], signs[i], width) for i in chosen]
    return Text("\n").join(entries) if entries else empty_cell()


def _entry(name: object, size: float, sign: float, width: int) -> Text:
    value = signed(sign * size) if sign else Text(f"+-{size:.3f}")
    return Text.assemble(value, " ", shortened(name, width))


def _show_comparison(console: Console, outcome: Outcome) -> None:
    comparison, task = outcome.comparison, outcome.table.task
    parts = comparison[comparison["method"] != ALL]
    methods = list(parts["method"].unique()) or [OURS]
    show_title(console, f"Held-out {METRICS[task]} with the features each method puts first")
    grid = grid_of(("features", "right"), *((method, "right") for method in methods))
    for count, rows in parts.groupby("n_features"):
        grid.add_row(f"{count:,}", *_scores(rows.set_index("method")["score"][methods]))
    whole = comparison[comparison["method"] == ALL].iloc[0]
    grid.add_row(f"all {whole['n_features']:,}", f"{whole['score']:.3f} ")
    console.print(grid)
    explain(
        console,
        f"* best of the row. Mean of {LEARNERS[task]}. One split of the rows"
        f"{_of_noise(comparison)}.",
    )


def _scores(scores: pd.Series) -> list[Text]:
    best = scores.round(3).max()
    return [
        Text(f"{score:.3f}*", style="bold") if round(score, 3) == best else Text(f"{score:.3f} ")
        for score in scores
    ]


def _of_noise(comparison: pd.DataFrame) -> str:
    """Say which differences are noise; scores that no test row differs in have no error."""
    noise = _noise(comparison)
    return f": differences below {noise:.2g} or so are noise" if noise > 0 else ""


def _noise(comparison: pd.DataFrame) -> float:
    """Two standard errors, rounded up to one digit."""
    error = 2 * float(comparison["standard_error"].median())
    if not error > 0:
        return 0.0
    digit = 10.0 ** math.floor(math.log10(error))
    return math.ceil(error / digit) * digit
