"""Dose and response of the top features, one panel each."""

from __future__ import annotations

from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd

from sklearn_deeplifft.cli._figure import AT_CHANCE
from sklearn_deeplifft.cli._show_whatif import change_in_words, most_moved, unit_of
from sklearn_deeplifft.cli._whatif import Answers
from sklearn_deeplifft.plotting import DoseResponseDisplay, shortened
from sklearn_deeplifft.plotting._series import COLOURS

__all__ = ["draw_doses"]

MOST_CLASSES = 6
PER_ROW = 3
PANEL = (3.6, 3.0)
PER_INCH = 11
"""Letters of the title that an inch takes: a figure of one panel is narrow."""


def draw_doses(answers: Answers) -> Any:
    """Draw on a figure of its own, which no window and no pyplot knows.

    One line per class (of two classes the second), with its interval over networks; an empty
    marker where fewer than 20 rows of the table are.
    """
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    features = list(answers.doses["feature"].unique())
    columns = min(max(len(features), 1), PER_ROW)
    rows = -(-max(len(features), 1) // PER_ROW)
    size = (columns * PANEL[0] + 1.6, rows * PANEL[1] + 0.8)
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(rows, columns, sharey=True, squeeze=False)
    shown = _classes(answers) if features else []
    for at, ax in enumerate(panels.flat):
        if at < len(features):
            _draw_panel(ax, answers, features[at], shown)
        else:
            ax.set_axis_off()
    figure.supylabel(_literal(fill(unit_of(answers), 32)), fontsize=9)
    title = [fill(line, int(PER_INCH * size[0])) for line in _title(answers, shown)]
    figure.suptitle("\n".join(title), fontsize=11, x=0.01, ha="left")
    if len(shown) > 1:
        handles = [Line2D([], [], color=colour, marker="o") for colour in COLOURS[: len(shown)]]
        names = [_literal(shortened(name, 20)) for name in shown]
        figure.legend(handles, names, loc="outside right center", fontsize=8, frameon=False)
    return figure


def _classes(answers: Answers) -> list[str]:
    """The classes that move most, in their order."""
    moved = most_moved(answers.doses, answers.outputs, MOST_CLASSES)
    return [name for name in answers.outputs if name in moved]


def _draw_panel(ax: Any, answers: Answers, feature: str, shown: list[str]) -> None:
    doses = answers.doses[answers.doses["feature"] == feature]
    if not all(isinstance(dose, float | np.floating) for dose in doses["dose"]):
        doses = doses.assign(dose=_levels(answers, feature, doses["dose"]))
    dates, names = feature in answers.table.dates, {"legend": False, "label": ""}
    DoseResponseDisplay.from_frame(doses, outputs=shown, ax=ax, dates=dates, support=None, **names)
    ax.set_title(_literal(shortened(feature, 36)), fontsize=9, loc="left")


def _levels(answers: Answers, feature: str, said: pd.Series) -> list[str]:
    """Levels of a text; of a group what is done to it."""
    text = feature in answers.table.levels
    return [str(one) if text else change_in_words(one, feature) for one in said]


def _title(answers: Answers, shown: list[str]) -> list[str]:
    """Lines of the title."""
    name = _literal(shortened(answers.table.name, 40))
    n = len(answers.outputs)
    of = f" on {_literal(shortened(shown[0], 20))}" if len(shown) == 1 else ""
    most = f" on the {len(shown)} of {n:,} classes that move most" if 1 < len(shown) < n else ""
    lines = [
        f"{name}: effect{of} of giving every row this value{most}",
        "band: 95 % over networks; empty: fewer than 20 rows have such a value",
    ]
    return [*lines, AT_CHANCE] if answers.at_chance else lines


def _literal(name: str) -> str:
    """A dollar sign in a name is a dollar sign, not the start of a formula."""
    return name.replace("$", r"\$")
