"""The one figure: what speaks for each class, and how few features will do."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sklearn_deeplifft.cli._compare import ALL
from sklearn_deeplifft.cli._rank import Outcome
from sklearn_deeplifft.cli._words import counted
from sklearn_deeplifft.plotting import ClassImportanceDisplay, FeatureCountDisplay, shortened

__all__ = ["AT_CHANCE", "can_draw", "draw", "draw_comparison", "figure_writer"]

MOST_FEATURES = 20
CURVE_WIDTH = 6.2
LABELS = {
    "classification": "size: mean change of the class's probability\nover its own rows\n"
    "(blue: more of the feature speaks for it, red: against it)",
    "regression": "change of the target for one of the feature\n(in standard deviations)",
}
DIFFER = "\n(grey: its columns, or the values of a text, differ)"
NO_SLOPE = "\n(a text, a group or a constant has none)"
AT_CHANCE = "networks predict no better than chance: this means nothing"
"""On every figure of such networks, as figures travel without the screen."""
SHARE = "share of all features'\nscores, mean of rounds"


def can_draw() -> bool:
    """Whether matplotlib is installed."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        return False
    return True


def figure_writer(draw: Callable[[], Any]) -> Callable[[Path], object]:
    """A writer, as PNG, of the figure that ``draw`` returns."""

    def write(path: Path) -> None:
        with warnings.catch_warnings():
            # A name in a script that the font lacks is drawn as boxes; that is no error.
            warnings.filterwarnings("ignore", "Glyph", UserWarning)
            draw().savefig(path, dpi=150)

    return write


def draw(outcome: Outcome, logos: Mapping[str, np.ndarray] | None = None, warning: str = "") -> Any:
    """Draw both panels on a figure of their own, which no window and no pyplot knows.

    Parameters
    ----------
    logos : mapping from features to arrays (4, w), default=None
        Heights of letters, drawn beside the names of the features that have any.
    warning : str
        A line below the title: figures travel without the screen.
    """
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    heat = _heat_map(outcome, logos)
    width, height = heat.size()
    layout = ConstrainedLayoutEngine(wspace=0.06)
    figure = Figure(figsize=(width + CURVE_WIDTH, max(height, 4.2)), layout=layout)
    left, right = figure.subplots(1, 2, width_ratios=(width, CURVE_WIDTH))
    heat.plot(ax=left)
    left.set_title(_heat_title(outcome, warning), fontsize=11, loc="left")
    FeatureCountDisplay.from_frame(outcome.comparison, ax=right)
    right.set_title(_curve_title(outcome), fontsize=11, loc="left")
    return figure


def draw_comparison(comparison: pd.DataFrame, name: str, n_folds: int) -> Any:
    """Draw the curve alone, of means over folds."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.4, 4.4), layout="constrained")
    ax = figure.subplots()
    FeatureCountDisplay.from_frame(comparison, ax=ax)
    title = shortened(name, 40).replace("$", r"\$")
    said = f"{title}: mean of {n_folds} folds"
    if drawn := _drawn_error(comparison):
        said += f"\n{drawn}: one standard error over folds"
    ax.set_title(said, fontsize=11, loc="left")
    return figure


def _heat_map(outcome: Outcome, logos: Mapping[str, np.ndarray] | None) -> ClassImportanceDisplay:
    features = outcome.features["feature"][:MOST_FEATURES].tolist()
    return ClassImportanceDisplay(
        outcome.signed[:MOST_FEATURES],
        feature_names=features,
        class_names=outcome.signed_names,
        directions=outcome.directions[:MOST_FEATURES],
        label=_label(outcome),
        overall=outcome.features["importance"][:MOST_FEATURES].to_numpy(),
        overall_label=SHARE,
        logos=None if logos is None else [logos.get(name) for name in features],
    )


def _label(outcome: Outcome) -> str:
    """The quantity of colours or bars; what grey is, and a bar of no length, where there is one."""
    label, signed = LABELS[outcome.table.task], outcome.signed[:MOST_FEATURES]
    if outcome.table.task == "regression":
        return label if signed.all() else label + NO_SLOPE
    neither = (outcome.directions[:MOST_FEATURES] == 0) & (signed != 0)
    return label + DIFFER if neither.any() else label


def _heat_title(outcome: Outcome, warning: str = "") -> str:
    n = len(outcome.features)
    shown = f"top {MOST_FEATURES} of {n:,} features" if n > MOST_FEATURES else _all_of(n)
    name = shortened(outcome.table.name, 40).replace("$", r"\$")
    chance = f"\n{AT_CHANCE}" if outcome.at_chance else ""
    return f"{name}: {shown}{chance}" + (f"\n{warning}" if warning else "")


def _all_of(n: int) -> str:
    return "its only feature" if n == 1 else f"all {n} features"


def _curve_title(outcome: Outcome) -> str:
    held_out = f"{counted(outcome.n_test, 'row')} held out"
    drawn = _drawn_error(outcome.comparison)
    return f"{held_out}\n{drawn}: one standard error" if drawn else held_out


def _drawn_error(comparison: pd.DataFrame) -> str:
    """Name the mark of standard errors in the curve: a single count has no band."""
    parts = comparison[comparison["method"] != ALL]
    if parts["standard_error"].isna().all():
        return ""
    return "bar" if parts["n_features"].nunique() == 1 else "band"
