"""Gates and the agreement of networks, for a person to read."""

from __future__ import annotations

import math

from rich.console import Console
from rich.text import Text

from sklearn_deeplifft.cli._agreement import Agreement
from sklearn_deeplifft.cli._gates import GateOutcome
from sklearn_deeplifft.cli._screen import (
    GAP,
    MOST_FEATURES,
    bar,
    empty_cell,
    explain,
    grid_of,
    show_notes,
    show_title,
    shown_of,
)
from sklearn_deeplifft.cli._words import counted
from sklearn_deeplifft.plotting import shortened

__all__ = ["show_gates", "show_stability"]

BAR, LEAST_NAME = 8, 20
"""Characters of a bar, and of a name before there are bars."""
MOST_COUNTS = 3


def show_gates(console: Console, outcome: GateOutcome) -> None:
    """Print everything but the files."""
    show_notes(console, outcome.notes)
    n, rows = len(outcome.gates), counted(len(outcome.table.y), "row")
    networks = "1 network; it" if n == 1 else f"{n:,} networks; each"
    console.print(f"{networks} held a fold of the {rows} out.")
    console.print(outcome.training)
    console.print()
    _show_features(console, outcome)
    show_stability(console, outcome.agreement, len(outcome.ranking))


def _show_features(console: Console, outcome: GateOutcome) -> None:
    ranking, shown = outcome.ranking, outcome.ranking[:MOST_FEATURES]
    counts = outcome.agreement.counts[:MOST_COUNTS]
    heads = [f"top {count}" for count in counts]
    show_title(console, f"Features, {shown_of(len(shown), len(ranking))}")
    room = console.width - 4 - 10 - 13 - sum(max(len(head), 5) for head in heads)
    room -= GAP * (3 + len(heads))
    # A bar says what the number does; names come first.
    bars = [BAR] if room >= LEAST_NAME + BAR + GAP else []
    name = max(room - sum(bars) - GAP * len(bars), 12)
    grid = grid_of(
        ("rank", "right"),
        ("feature", "left"),
        ("importance", "right"),
        *(("", "left") for _ in bars),
        ("95 % interval", "right"),
        *((head, "right") for head in heads),
    )
    longest = shown["importance"].max()
    single = outcome.agreement.n_networks == 1
    for row in shown.to_dict("records"):
        share = row["importance"] / longest if longest > 0 else 0.0
        grid.add_row(
            str(row["rank"]),
            Text(shortened(row["feature"], name)),
            f"{row['importance']:.3f}",
            *(bar(share, width, console) for width in bars),
            empty_cell() if single else f"{row['low']:.3f} - {row['high']:.3f}",
            *(f"{100 * row[f'frequency_{count}']:.0f} %" for count in counts),
        )
    console.print(grid)
    chosen = " top k: networks that have the feature among their own first k." if counts else ""
    interval = ". One network has no interval." if single else ", with an interval of that mean."
    explain(
        console,
        f"importance: share of a network's gates, mean over the networks{interval}{chosen}",
    )


def show_stability(console: Console, agreement: Agreement, n_features: int) -> None:
    """Print how far networks agree on their lists, or why that is not known."""
    pairs = zip(agreement.counts, agreement.stability, strict=True)
    known = [(count, value) for count, value in pairs if not math.isnan(value)]
    if known:
        listed = ", ".join(f"{value:.2f} at {counted(count, 'feature')}" for count, value in known)
        show_title(console, f"Stability {listed}")
        explain(
            console,
            "1 if all networks choose the same features, about 0 if they choose at random.",
        )
        return
    show_title(console, "Stability: not known")
    explain(
        console,
        "A single network has none to agree with; train more with --networks."
        if agreement.n_networks == 1
        else f"Lists of all {counted(n_features, 'feature')}, or of none, cannot differ; see "
        "--counts.",
    )
