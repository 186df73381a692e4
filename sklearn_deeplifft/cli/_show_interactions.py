"""Pairs for a person to read, and the figure of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from rich.console import Console
from rich.text import Text

from sklearn_deeplifft.cli._figure import AT_CHANCE
from sklearn_deeplifft.cli._interactions import PairsFound
from sklearn_deeplifft.cli._learners import METRICS
from sklearn_deeplifft.cli._screen import explain, grid_of, show_notes, show_title, shown_of
from sklearn_deeplifft.cli._words import counted
from sklearn_deeplifft.plotting import InteractionDisplay, shortened

__all__ = ["draw_pairs", "show_pairs"]

MOST_PAIRS = 10
NAME = 22
"""Most characters of the name of a feature."""
OTHERS = 56
"""Characters of a line that are not names, at most as a rule."""
ALPHA = 0.1
"""Share of false pairs among those that are called sure."""


def show_pairs(console: Console, found: PairsFound) -> None:
    """Print everything but the files."""
    show_notes(console, found.notes)
    metric = METRICS[found.table.task]
    console.print(
        f"{counted(found.n_networks, 'network')} on {counted(found.n_train, 'training row')}; "
        f"{metric} on the other {found.n_test:,} {found.score:.3f}."
    )
    console.print(found.training)
    console.print()
    show_title(console, f"Pairs, {shown_of(min(len(found.pairs), MOST_PAIRS), found.n_pairs)}")
    grid = grid_of(
        *(("rank", "right"), ("first", "left"), ("second", "left"), ("score", "right")),
        *(("gain", "right"), ("z", "right"), ("q", "right"), ("rows", "right")),
        gap=2,
    )
    name = min(max((console.width - OTHERS) // 2, 8), NAME)
    cells = found.pairs[[f"rows_{name}" for name in ("neither", "first", "second", "both")]]
    for (_, row), least in zip(found.pairs.iterrows(), cells.min(axis=1), strict=True):
        if row["rank"] > MOST_PAIRS:
            break
        few = bool(row["flagged"])
        sure = "bold" if row["q_value"] <= ALPHA else "dim"
        grid.add_row(
            Text(str(row["rank"])),
            *(Text(shortened(row[side], name), style=sure) for side in ("first", "second")),
            Text(f"{row['score']:.3g}"),
            Text(f"{row['gain']:+.2%}"),
            Text(f"{row['z']:.1f}"),
            Text(f"{row['q_value']:.3g}"),
            Text(f"{least:,}{' (few)' if few else ''}", style="yellow" if few else ""),
        )
    console.print(grid)
    explain(
        console,
        f"{_sure(found)}. score: size of the interaction in {_unit(found)}; it is above 0 for "
        "pairs that only add up as well, so q, not the score, says whether there is one. gain: how "
        f"much worse the other {found.n_test:,} rows are predicted without it. rows: in the "
        "emptiest of the cells both low, one high, both high; where there are few, networks guess.",
    )


def draw_pairs(found: PairsFound) -> Any:
    """A map and bars on a figure of its own, which no window and no pyplot knows.

    Sizes alone would look like findings: the title says how many pairs are sure.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 5.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    InteractionDisplay.from_effects(found.effects, k=15, ax=left)
    InteractionDisplay.from_effects(found.effects, kind="bars", k=15, ax=right)
    lines = [
        f"{shortened(found.table.name, 40)}: interactions of pairs of features",
        f"{_sure(found)}; a size is above 0 for pairs that only add up as well",
    ]
    lines += [AT_CHANCE] if found.at_chance else []
    figure.suptitle("\n".join(lines).replace("$", r"\$"), fontsize=11, x=0.01, ha="left")
    return figure


def _sure(found: PairsFound) -> str:
    n = int((found.pairs["q_value"] <= ALPHA).sum())
    pairs = "1 pair has" if n == 1 else f"{n:,} pairs have" if n else "No pair has"
    return f"{pairs} q <= {ALPHA:g}"


def _unit(found: PairsFound) -> str:
    if found.table.task == "regression":
        return shortened(found.table.target, 30)
    two = len(np.unique(found.table.y)) == 2
    return "half the log-odds of the class" if two else "the class's centred logit"
