"""Dose and response of the top features, one panel each."""

from __future__ import annotations

from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd

from sklearn_deeplifft.cli._figure import AT_CHANCE
from sklearn_deeplifft.cli._show_whatif import change_in_words, most_moved, unit_of
from sklearn_deeplifft.cli._whatif import Answers
from sklearn_deeplifft.plotting import shortened

__all__ = ["draw_doses"]

MOST_CLASSES = 6
PER_ROW = 3
FEW_DOSES = 4
LETTERS = 30
"""Letters of labels that stand beside each other below a panel."""
BESIDE = 0.09
"""Distance of the classes of one level, which are 1 apart."""
PANEL = (3.6, 3.0)
PER_INCH = 11
"""Letters of the title that an inch takes: a figure of one panel is narrow."""
# Okabe and Ito's colours, told apart by every kind of eye.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")


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
    labels = doses["dose"].drop_duplicates()
    numeric = all(isinstance(dose, float | np.floating) for dose in labels)
    if numeric and feature in answers.table.dates:
        doses = _on_dates(ax, doses)
    for k, (name, colour) in enumerate(zip(shown, COLOURS, strict=False)):
        rows = doses[doses["output"] == name]
        if numeric:
            _draw_curve(ax, rows, colour)
        else:
            # Side by side, as intervals of one level would lie on each other.
            _draw_levels(ax, rows, colour, shift=BESIDE * (k - (len(shown) - 1) / 2))
    ax.axhline(0, color="#888888", linewidth=0.7, zorder=0)
    ax.set_title(_literal(shortened(feature, 36)), fontsize=9, loc="left")
    ax.tick_params(labelsize=8)
    ax.spines[["top", "right"]].set_visible(False)
    if not numeric:
        text = feature in answers.table.levels
        _name_levels(ax, [str(one) if text else change_in_words(one, feature) for one in labels])
    elif feature not in answers.table.dates and len(labels) <= FEW_DOSES:
        ax.set_xticks(labels.astype(float))


def _name_levels(ax: Any, labels: list[str]) -> None:
    wide = max(map(len, labels)) * len(labels) >= LETTERS
    ax.set_xlim(-0.5, len(labels) - 0.5)
    ax.set_xticks(
        range(len(labels)),
        [_literal(shortened(label, 16)) for label in labels],
        rotation=30 if wide else 0,
        ha="right" if wide else "center",
    )


def _on_dates(ax: Any, doses: pd.DataFrame) -> pd.DataFrame:
    """Make the axis one of dates; doses in days since the epoch that matplotlib counts from."""
    import matplotlib.dates

    dates: Any = matplotlib.dates  # has no types of its own
    locator = dates.AutoDateLocator(minticks=2, maxticks=5)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))
    start = float(dates.date2num(np.datetime64("1970-01-01")))
    return doses.assign(dose=doses["dose"].astype(float) + start)


def _draw_curve(ax: Any, rows: pd.DataFrame, colour: str) -> None:
    x = rows["dose"].astype(float).to_numpy()
    ax.plot(x, rows["effect"], color=colour)
    ax.fill_between(x, rows["low"], rows["high"], color=colour, alpha=0.18, linewidth=0)
    _draw_markers(ax, x, rows, colour)


def _draw_levels(ax: Any, rows: pd.DataFrame, colour: str, shift: float) -> None:
    """Points with their intervals: levels have no order that a line could follow."""
    x = np.arange(len(rows)) + shift
    ax.vlines(x, rows["low"], rows["high"], color=colour, linewidth=1.2)
    _draw_markers(ax, x, rows, colour)


def _draw_markers(ax: Any, x: np.ndarray, rows: pd.DataFrame, colour: str) -> None:
    few = rows["flagged"].to_numpy(dtype=bool)
    y = rows["effect"].to_numpy()
    for mask, face in ((~few, colour), (few, "white")):
        ax.plot(
            x[mask],
            y[mask],
            linestyle="none",
            marker="o",
            markersize=4,
            markeredgecolor=colour,
            markerfacecolor=face,
            zorder=3,  # over lines, so that the inside of an empty marker is white
        )


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
