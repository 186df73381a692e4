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
    NullFeatureDisplay,
    StabilityDisplay,
)
from sklearn_deeplifft.report._doses import Dose
from sklearn_deeplifft.report._evidence import Evidence

__all__ = ["draw_curve", "draw_doses", "draw_heat_map", "draw_nulls", "draw_stability"]

MOST_FEATURES = 20
MOST_CLASSES = 40
COLOURS = "(blue: more of the feature speaks for it, red: against it)"


def draw_heat_map(evidence: Evidence) -> Any:
    """Class scores of the first features, or slopes where there are no classes."""
    features, named = evidence.features, evidence.selector.quantities_
    # Effects of interventions are their own slopes.
    sizes = f"size: {named.by_class}\n{COLOURS}" if evidence.labelled else named.slope
    display = ClassImportanceDisplay(
        evidence.sizes[:MOST_FEATURES, :MOST_CLASSES],
        feature_names=features.names[:MOST_FEATURES],
        class_names=features.labels[:MOST_CLASSES],
        directions=features.signs[:MOST_FEATURES, :MOST_CLASSES],
        label=sizes or named.by_class,
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


def draw_stability(evidence: Evidence) -> Any:
    """Ranks of the first features in each network."""
    features = evidence.features
    display = StabilityDisplay(
        features.by_network[:, :MOST_FEATURES],
        feature_names=features.names[:MOST_FEATURES],
        n_selected=int(features.frame["selected"].sum()) if evidence.cut else None,
        n_features=len(features.names),
    )
    figure = _figure(display.size())
    display.plot(ax=figure.subplots())
    return figure


def draw_nulls(evidence: Evidence) -> Any:
    """p-values of the features that stand out most."""
    frame, names = evidence.features.frame, evidence.features.names
    order = np.argsort(frame["p_value"].to_numpy(), kind="stable")[:MOST_FEATURES]
    display = NullFeatureDisplay(
        frame["p_value"].to_numpy()[order],
        frame["q_value"].to_numpy()[order],
        feature_names=[names[i] for i in order],
        alpha=evidence.selector.alpha,
    )
    figure = _figure(display.size())
    display.plot(ax=figure.subplots())
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
            dates=dose.dates,
            label=label if i % n_columns == 0 else "",
        ).plot(ax=ax)
    for ax in panels[len(doses) :]:
        ax.set_visible(False)
    return figure


def _figure(size: tuple[float, float]) -> Any:
    from matplotlib.figure import Figure

    return Figure(figsize=size, layout="constrained")
