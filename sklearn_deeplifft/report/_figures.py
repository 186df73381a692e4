"""Figures of a report, drawn on figures that no window and no pyplot knows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sklearn_deeplifft.model_selection import FeatureCountCurve
from sklearn_deeplifft.plotting import (
    ClassImportanceDisplay,
    DoseResponseDisplay,
    FeatureCountDisplay,
)
from sklearn_deeplifft.report._doses import Dose
from sklearn_deeplifft.report._evidence import Evidence

__all__ = ["CLASS_SCORES", "SLOPES", "draw_curve", "draw_doses", "draw_heat_map", "draw_nulls"]

MOST_FEATURES = 20
MOST_CLASSES = 40
BLUE = "#0072B2"
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
    ax.plot(ranks[kept], q[kept], "o", color=BLUE, markersize=5)
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
    figure = _figure((3.9 * n_columns, 2.7 * n_rows))
    panels = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
    label = "change of probability" if labelled else "change of the target"
    for i, (ax, dose) in enumerate(zip(panels, doses, strict=False)):
        DoseResponseDisplay(
            dose.values.tolist() if dose.levels is None else dose.levels,
            dose.effects,
            output_names=dose.outputs,
            interval=dose.interval,
            flagged=dose.flagged,
            feature_name=dose.feature,
            label=label if i % n_columns == 0 else "",
        ).plot(ax=ax)
    for ax in panels[len(doses) :]:
        ax.set_visible(False)
    return figure


def _dress(ax: Any) -> None:
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis="y", color="#dddddd", linewidth=0.8)
    ax.set_axisbelow(True)


def _figure(size: tuple[float, float]) -> Any:
    from matplotlib.figure import Figure

    return Figure(figsize=size, layout="constrained")
