"""Tables for a person to read: ranking, classes, comparison. Never a list without an end."""

from __future__ import annotations

import math

import pandas as pd
from rich.console import Console
from rich.text import Text

from sklearn_deeplifft.cli._compare import ALL, OURS
from sklearn_deeplifft.cli._learners import METRICS
from sklearn_deeplifft.cli._rank import Outcome
from sklearn_deeplifft.cli._screen import explain, grid_of, show_notes, show_title
from sklearn_deeplifft.cli._words import counted
from sklearn_deeplifft.plotting import shortened
from sklearn_deeplifft.selectors._ranking_screen import (
    ListedFeatures,
    class_unit,
    show_classes,
    show_features,
)

__all__ = ["rows_line", "show_comparison", "show_outcome"]

IMPORTANCE = (
    "importance: share of all features' scores and path, mean over the rounds of elimination. "
    "rank: by importance. "
)
UNITS = {
    "classification": IMPORTANCE
    + "most for class: of those that more of it speaks for, the one whose probability it changes "
    "most, and by how much; +- where its columns, or the values of a text, differ.",
    "regression": IMPORTANCE + "slope: standard deviations of the target for one of the feature; "
    "a text, a group or a constant has none.",
}
CLASS_UNIT = class_unit("mean change of the probability of the class over its own rows, 0 to 1")
LEARNERS = {
    "classification": "logistic regression and a random forest",
    "regression": "ridge regression and a random forest",
}


def show_outcome(console: Console, outcome: Outcome) -> None:
    """Print everything but the files."""
    show_notes(console, outcome.notes)
    console.print(rows_line(outcome))
    console.print(outcome.training)
    console.print()
    listed = _listed(outcome)
    show_features(console, listed, UNITS[outcome.table.task])
    if listed.classes:
        show_classes(console, listed, CLASS_UNIT)
    show_comparison(console, outcome.comparison, outcome.table.task, "One split of the rows")


def rows_line(outcome: Outcome) -> str:
    """Say which rows ranked, and which ones test."""
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


def _listed(outcome: Outcome) -> ListedFeatures:
    features = outcome.features
    return ListedFeatures(
        names=features["feature"].tolist(),
        ranks=features["rank"].tolist(),
        importances=features["importance"].to_numpy(),
        scores=outcome.signed,
        directions=outcome.directions,
        outputs=outcome.signed_names,
        classes=outcome.table.task == "classification",
    )


def show_comparison(console: Console, comparison: pd.DataFrame, task: str, rows: str) -> None:
    """Print a row for each count; ``rows`` are those that scores are of, in words."""
    parts = comparison[comparison["method"] != ALL]
    methods = list(parts["method"].unique()) or [OURS]
    show_title(console, f"Held-out {METRICS[task]} with the features each method puts first")
    grid = grid_of(("features", "right"), *((method, "right") for method in methods))
    for count, own in parts.groupby("n_features"):
        grid.add_row(f"{count:,}", *_scores(own.set_index("method")["score"][methods]))
    whole = comparison[comparison["method"] == ALL].iloc[0]
    grid.add_row(f"all {whole['n_features']:,}", f"{whole['score']:.3f} ")
    console.print(grid)
    explain(
        console,
        f"* best of the row. Mean of {LEARNERS[task]}. {rows}{_of_noise(comparison)}.",
    )


def _scores(scores: pd.Series) -> list[Text]:
    best = scores.round(3).max()
    return [
        Text(f"{score:.3f}*", style="bold") if round(score, 3) == best else Text(f"{score:.3f} ")
        for score in scores
    ]


def _of_noise(comparison: pd.DataFrame) -> str:
    """Say which differences are noise; scores that no test row differs in have no error."""
    if comparison["standard_error"].isna().all():
        return ", and those that test are of a single group: any difference may be noise"
    noise = _noise(comparison)
    return f": differences below {noise:.2g} or so are noise" if noise > 0 else ""


def _noise(comparison: pd.DataFrame) -> float:
    """Two standard errors, rounded up to one digit."""
    error = 2 * float(comparison["standard_error"].median())
    if not error > 0:
        return 0.0
    digit = 10.0 ** math.floor(math.log10(error))
    return math.ceil(error / digit) * digit
