"""Tables of experiments on sequences as curves, bars and maps, each with its intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from sklearn_deeplifft.plotting._labels import literal
from sklearn_deeplifft.plotting._signed_cells import (
    AGAINST,
    FOR,
    NAME_SIZE,
    NEITHER,
    draw_map,
    draw_scale,
)

__all__ = [
    "SINGLE",
    "draw_contents",
    "draw_copies",
    "draw_letters",
    "draw_places",
    "draw_positions",
    "draw_regions",
    "draw_spacing",
    "style",
]

SINGLE = "#2166ac"
SERIES = ("#2166ac", "#b2182b", "#5aae61", "#762a83")
"""Of curves side by side, told apart by lightness as well."""
MARKS = ("o", "s", "^", "D")
MANY = 40
"""Points from which on an interval is a band, not a bar at each."""


def style(ax: Any, across: str, up: str) -> None:
    """Dress the axes: names, a line at zero, nothing that carries no number."""
    ax.axhline(0, color="#333333", linewidth=0.8, zorder=1)
    ax.set_xlabel(across, fontsize=NAME_SIZE)
    ax.set_ylabel(up, fontsize=NAME_SIZE)
    ax.tick_params(labelsize=8)
    ax.grid(axis="y", color="#dddddd", linewidth=0.8)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)


def draw_positions(ax: Any, table: pd.DataFrame) -> None:
    """A curve over places, with its interval."""
    table = table.sort_values("start")
    _curve(ax, table["start"], table)
    ax.margins(x=0.02)


def draw_copies(ax: Any, table: pd.DataFrame) -> None:
    """Effects of one copy, two, ..., beside what they were if copies added up."""
    table = table[table["measure"] == "effect"].sort_values("copies")
    n, effect = table["copies"].to_numpy(), table["effect"].to_numpy()
    straight = n * effect[n == 1][0]
    ax.plot(n, straight, color=NEITHER, linestyle="--", linewidth=1.2, label="if copies added up")
    _curve(ax, table["copies"], table, label="effect")
    ax.set_xticks(n)
    ax.legend(fontsize=8, frameon=False)


def draw_spacing(ax: Any, table: pd.DataFrame, measure: str) -> None:
    """A curve over distances for each order and strand."""
    table = table[table["measure"] == measure]
    keys = list(dict.fromkeys(zip(table["order"], table["strand"], strict=True)))
    between = np.diff(np.unique(table["distance"]))
    step = between.min() if len(between) else 1
    for i, (order, strand) in enumerate(keys):
        own = table[(table["order"] == order) & (table["strand"] == strand)]
        own = own.sort_values("distance")
        label = f"{order.replace(' ', ', then ')}; second on {strand}"
        aside = 0.0 if len(own) >= MANY else 0.08 * step * (i - (len(keys) - 1) / 2)
        _curve(ax, own["distance"] + aside, own, label=label, number=i)
    ax.legend(fontsize=8, frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))


def draw_contents(ax: Any, table: pd.DataFrame) -> None:
    """Effects in backgrounds of low to high GC content; lines across are their ranges."""
    low, high = 100 * table["gc_low"], 100 * table["gc_high"]
    _curve(ax, (low + high) / 2, table)
    ax.hlines(table["effect"], low, high, color=SINGLE, linewidth=4, alpha=0.3)


def draw_regions(ax: Any, table: pd.DataFrame) -> None:
    """A bar over each region, as wide as it is."""
    width = table["stop"] - table["start"]
    effect = table["effect"].to_numpy()
    ax.bar(
        table["start"],
        effect,
        width=width,
        align="edge",
        color=_signed(effect),
        edgecolor="white",
        linewidth=0.8,
    )
    middle = (table["start"] + table["stop"]).to_numpy() / 2
    ax.errorbar(middle, effect, yerr=_arms(table), fmt="none", ecolor="#222222", elinewidth=1.0)
    ax.margins(x=0.02)


def draw_places(ax: Any, table: pd.DataFrame) -> None:
    """A bar for each placement in a hairpin, and for each comparison of them."""
    effect = table["effect"].to_numpy()
    at = np.arange(len(table), dtype=np.float64)
    compared = table["place"].str.contains(" - | beyond ").to_numpy()
    at[compared] += 0.6  # comparisons stand apart from what they compare
    ax.barh(at, effect, height=0.72, color=_signed(effect), alpha=None)
    ax.errorbar(effect, at, xerr=_arms(table), fmt="none", ecolor="#222222", elinewidth=1.0)
    ax.set_yticks(at, [literal(place) for place in table["place"]], fontsize=NAME_SIZE)
    ax.set_ylim(at[-1] + 0.6, -0.6)


def draw_letters(ax: Any, table: pd.DataFrame, label: str) -> Any:
    """A map of letters and positions: changes of a word's effect by each other letter."""
    table = table[table["position"] >= 0]
    cells = table.pivot(index="letter", columns="position", values="effect")
    values = cells.to_numpy()
    image = draw_map(ax, np.abs(np.nan_to_num(values)), np.sign(np.nan_to_num(values)))
    for row, column in zip(*np.nonzero(np.isnan(values)), strict=True):
        ax.plot(column, row, marker="o", color="#333333", markersize=4)
    ax.set_xticks(range(len(cells.columns)), [str(p + 1) for p in cells.columns], fontsize=8)
    ax.set_yticks(range(len(cells)), list(cells.index), fontsize=NAME_SIZE)
    ax.tick_params(length=0)
    ax.set_xlabel("letter of the word (dots: its own)", fontsize=NAME_SIZE)
    return draw_scale(image, label)


def _curve(
    ax: Any, across: Any, table: pd.DataFrame, label: str | None = None, number: int = 0
) -> None:
    colour, mark = SERIES[number % len(SERIES)], MARKS[number % len(MARKS)]
    across, effect = np.asarray(across, dtype=np.float64), table["effect"].to_numpy()
    if len(across) >= MANY:
        ax.plot(across, effect, color=colour, linewidth=1.2, label=label)
        low, high = table["interval_low"].to_numpy(), table["interval_high"].to_numpy()
        ax.fill_between(across, low, high, color=colour, alpha=0.25, linewidth=0)
        return
    ax.errorbar(
        across,
        effect,
        yerr=_arms(table),
        color=colour,
        marker=mark,
        markersize=4,
        linewidth=1.2,
        elinewidth=1.0,
        capsize=2,
        label=label,
    )


def _arms(table: pd.DataFrame) -> np.ndarray:
    """Lengths (2, n) of the arms of error bars; none where there is no interval."""
    effect = table["effect"].to_numpy()
    arms = [effect - table["interval_low"].to_numpy(), table["interval_high"].to_numpy() - effect]
    found: np.ndarray = np.maximum(np.nan_to_num(arms), 0)
    return found


def _signed(effects: Sequence[float] | np.ndarray) -> list[str]:
    return [FOR if e > 0 else AGAINST if e < 0 else NEITHER for e in effects]
