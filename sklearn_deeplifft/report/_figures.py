"""Figures of a report, drawn on figures that no window and no pyplot knows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sklearn_deeplifft.model_selection import FeatureCountCurve
from sklearn_deeplifft.plotting import ClassImportanceDisplay, FeatureCountDisplay, shortened
from sklearn_deeplifft.report._doses import Dose
from sklearn_deeplifft.report._evidence import Evidence

__all__ = ["CLASS_SCORES", "SLOPES", "draw_curve", "draw_doses", "draw_heat_map", "draw_nulls"]

MOST_FEATURES = 20
MOST_CLASSES = 40
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
"""Okabe and Ito's, told apart by every kind of eye."""
GREY = "#767676"
CLASS_SCORES = (
    "size: mean change of the class's probability\nover its own rows\n"
    "(blue: more of the feature speaks for it, red: against it)"
)
SLOPES = "change of the target for one standard deviation\nmore of the feature"
NULLS_WIDTH, NULLS_HEIGHT = 6.4, 3.4


def draw_heat_map(evidence: Evidence) -> Any:
    """Class scores of the first features, or slopes where there are no classes."""
    features = evidence.features
    display = ClassImportanceDisplay(
        evidence.sizes[:MOST_FEATURES, :MOST_CLASSES],
        feature_names=features.names[:MOST_FEATURES],
        class_names=features.labels[:MOST_CLASSES],
        directions=features.signs[:MOST_FEATURES, :MOST_CLASSES],
        label=CLASS_SCORES if evidence.labelled else SLOPES,
        overall=features.frame["importance"].to_numpy()[:MOST_FEATURES],
    )
    figure = _figure(display.size())
    display.plot(ax=figure.subplots())
    return figure


def draw_curve(comparison: FeatureCountCurve | pd.DataFrame) -> Any:
    """Score against the number of features."""
    figure = _figure((7.4, 4.2))
    if isinstance(comparison, FeatureCountCurve):
        FeatureCountDisplay.from_curve(comparison, ax=figure.subplots())
    else:
        FeatureCountDisplay.from_frame(comparison, ax=figure.subplots())
    return figure


def draw_nulls(evidence: Evidence) -> Any:
    """q-values of the first features against their ranks."""
    q = evidence.features.frame["q_value"].to_numpy()[: 5 * MOST_FEATURES]
    figure = _figure((NULLS_WIDTH, NULLS_HEIGHT))
    ax = figure.subplots()
    alpha = evidence.selector.alpha
    ranks = np.arange(1, len(q) + 1)
    kept = q <= alpha
    ax.plot(ranks[kept], q[kept], "o", color=COLOURS[0], markersize=5)
    ax.plot(ranks[~kept], q[~kept], "o", color=GREY, markersize=5, markerfacecolor="white")
    ax.axhline(alpha, color=GREY, linestyle=(0, (4, 3)), linewidth=1)
    ax.set_xlabel("rank")
    ax.set_ylabel("q-value against null features")
    ax.set_ylim(-0.03, 1.03)
    _dress(ax)
    return figure


def draw_doses(doses: list[Dose], *, labelled: bool) -> Any:
    """A panel for each feature."""
    n_columns = min(len(doses), 3)
    n_rows = -(-len(doses) // n_columns)
    figure = _figure((3.3 * n_columns, 2.7 * n_rows))
    panels = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
    for ax, dose in zip(panels, doses, strict=False):
        _draw_dose(ax, dose)
    for ax in panels[len(doses) :]:
        ax.set_visible(False)
    for ax in panels[::n_columns]:
        ax.set_ylabel("change of probability" if labelled else "change of the target", fontsize=8)
    return figure


def _draw_dose(ax: Any, dose: Dose) -> None:
    for k, output in enumerate(dose.outputs):
        colour = COLOURS[k % len(COLOURS)]
        effect, (low, high) = dose.effects[:, k], dose.interval[:, :, k]
        if dose.levels is None:
            ax.plot(dose.values, effect, color=colour, linewidth=1.6, label=_literal(output, 18))
            ax.fill_between(dose.values, low, high, color=colour, alpha=0.15, linewidth=0)
            places = dose.values
        else:
            places = dose.values + 0.15 * (k - (len(dose.outputs) - 1) / 2)
            ax.vlines(places, low, high, color=colour, linewidth=1.2)
            ax.plot([], [], "o", color=colour, label=_literal(output, 18))
        for mask, face in ((~dose.flagged, colour), (dose.flagged, "white")):
            ax.plot(
                places[mask],
                effect[mask],
                linestyle="none",
                marker="o",
                markersize=4,
                markeredgecolor=colour,
                markerfacecolor=face,
                zorder=3,  # over lines, so that the inside of an empty marker is white
            )
    ax.axhline(0, color=GREY, linewidth=0.7, zorder=0)
    ax.set_title(_literal(dose.feature, 34), fontsize=9, loc="left")
    if dose.levels is not None:
        ax.set_xticks(
            dose.values, [_literal(level, 14) for level in dose.levels], rotation=30, ha="right"
        )
    ax.tick_params(labelsize=8)
    if len(dose.outputs) > 1:
        ax.legend(fontsize=7, frameon=False)
    _dress(ax)


def _literal(name: str, width: int) -> str:
    """Keep a dollar sign in a name from starting a formula."""
    return shortened(name, width).replace("$", r"\$")


def _dress(ax: Any) -> None:
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis="y", color="#dddddd", linewidth=0.8)
    ax.set_axisbelow(True)


def _figure(size: tuple[float, float]) -> Any:
    from matplotlib.figure import Figure

    return Figure(figsize=size, layout="constrained")
