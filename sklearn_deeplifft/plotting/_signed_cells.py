"""Cells and bars whose colour is a direction and whose depth or length is a size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = [
    "AGAINST",
    "BESIDE",
    "FOR",
    "LIST",
    "NEITHER",
    "NAME_SIZE",
    "cell_width",
    "draw_bars",
    "draw_importances",
    "draw_map",
    "draw_scale",
    "dress_bars",
    "log_ranks",
    "name_size",
    "next_to",
    "row_height",
]

FOR, AGAINST, NEITHER = "#2166ac", "#b2182b", "#8c8c8c"
"""Blue, red and grey, told apart by every kind of eye."""
GREY = "#767676"
NAME_SIZE, SMALL_SIZE = 9.0, 6.0
"""Points of the names of features: of a list, and of one too long to be read at once."""
BESIDE = 1.5
"""Inches of the importance beside a heat map."""
LIST = 60
"""Features up to which names have their full size."""


def row_height(n_features: int) -> float:
    """Inches of a row: names stay readable, and hundreds of features stay one image."""
    return 0.24 if n_features <= LIST else 0.14


def name_size(n_features: int) -> float:
    """Points of the names of features."""
    return NAME_SIZE if n_features <= LIST else SMALL_SIZE


def cell_width(n_classes: int) -> float:
    """Inches of a column: wide when there are few, narrow when there are very many."""
    return min(max(0.45, 2.4 / max(n_classes, 1)), 14.0 / max(n_classes, 1))


def draw_map(ax: Any, sizes: np.ndarray, signs: np.ndarray) -> Any:
    """Heat map of sizes (n, K) with their signs; cells of no direction are grey."""
    # An all-zero map still needs two different ends.
    limit = float(sizes.max(initial=0.0)) or 1.0
    image = ax.imshow(sizes * signs, cmap="RdBu", vmin=-limit, vmax=limit, aspect="auto")
    neither = (signs == 0) & (sizes > 0)
    if neither.any():
        grey = np.ma.masked_where(~neither, sizes)
        # As deep in grey as others are in colour: twice the limit is the middle of the scale.
        ax.imshow(grey, cmap="Greys", vmin=0, vmax=1.6 * limit, aspect="auto")
    n, K = sizes.shape
    ax.set_xticks(np.arange(K - 1) + 0.5, minor=True)
    ax.set_yticks(np.arange(n - 1) + 0.5, minor=True)
    ax.grid(which="minor", color="white", linewidth=0.8 if n <= LIST else 0.4)
    ax.tick_params(which="minor", length=0)
    ax.spines[:].set_visible(False)
    return image


def draw_scale(image: Any, label: str) -> Any:
    """Colour bar above a heat map."""
    above = next_to(image.axes, lambda at, w, h: (at.x0, at.y1 + 0.1 / h, at.width, 0.12 / h))
    bar = image.figure.colorbar(image, cax=above, orientation="horizontal", ticklocation="top")
    bar.set_label(label, fontsize=8)
    bar.ax.tick_params(labelsize=8)
    bar.outline.set_visible(False)
    bar.locator = _few_ticks()
    bar.update_ticks()
    return bar


def draw_bars(ax: Any, sizes: np.ndarray, signs: np.ndarray, label: str) -> Any:
    """Bars of signed sizes (n,), the first on top."""
    colours = [FOR if s > 0 else AGAINST if s < 0 else NEITHER for s in signs]
    lengths = np.where(signs < 0, -sizes, sizes)
    bars = ax.barh(np.arange(len(sizes)), lengths, height=0.72, color=colours)
    limit = 1.08 * float(sizes.max(initial=0.0)) or 1.0
    ax.set_xlim(-limit, limit)
    ax.axvline(0, color="#333333", linewidth=0.8)
    dress_bars(ax, label)
    _stand_in_rows(ax, len(sizes))
    return bars


def draw_importances(ax: Any, importances: np.ndarray, label: str) -> Any:
    """Grey bars (n,) right of ``ax``, in the same rows."""
    beside = next_to(ax, lambda at, w, h: (at.x1 + 0.15 / w, at.y0, BESIDE / w, at.height))
    beside.barh(np.arange(len(importances)), importances, height=0.72, color=GREY)
    low = float(importances.min(initial=0.0))
    high = float(importances.max(initial=0.0))
    beside.set_xlim(1.05 * low, 1.05 * high if high > low else 1.0)
    dress_bars(beside, label)
    _stand_in_rows(beside, len(importances))
    beside.set_yticks([])
    return beside


def next_to(ax: Any, place: Callable[[Any, float, float], tuple[float, ...]]) -> Any:
    """Axes that keep their place next to ``ax``.

    ``place`` has the position of ``ax`` in its figure and the figure's width and height in inches.
    A size in inches is what a layout needs: of a share of the axes, which shrink to make room for
    it, a layout reserves too much and then too little.
    """
    from matplotlib.transforms import Bbox

    def located(_inset: Any, _renderer: Any) -> Any:
        figure = ax.figure
        inches = figure.bbox.width / figure.dpi, figure.bbox.height / figure.dpi
        return Bbox.from_bounds(*place(ax.get_position(), *inches))

    inset = ax.inset_axes((0, 0, 1, 1))
    inset.set_axes_locator(located)
    return inset


def log_ranks(ax: Any, n: int) -> None:
    """Ranks 1 to ``n`` along the axis, the first ones wide apart."""
    ax.set_xscale("log")
    marks = [digit * 10**power for power in range(7) for digit in (1, 2, 5)]
    marks = [mark for mark in marks if mark <= n]
    ax.set_xticks(marks, [f"{mark:,}" for mark in marks])
    ax.set_xticks([], minor=True)
    ax.set_xlim(0.85, 1.18 * max(n, 2))


def dress_bars(ax: Any, label: str, *, few_ticks: bool = True) -> None:
    """Name the quantity along the axis; lines that carry no number go."""
    if few_ticks:
        ax.xaxis.set_major_locator(_few_ticks())
    ax.tick_params(axis="x", labelsize=8)
    ax.set_xlabel(label, fontsize=8)
    ax.grid(axis="x", color="#dddddd", linewidth=0.8)
    ax.set_axisbelow(True)
    ax.spines[["top", "right", "left"]].set_visible(False)


def _few_ticks() -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(4)


def _stand_in_rows(ax: Any, n: int) -> None:
    """The limits of a heat map's rows, so that bars and cells of one feature are level."""
    ax.set_ylim(n - 0.5, -0.5)
