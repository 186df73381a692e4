"""Several selectors on the same folds: their scores, and how stable their selections are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from sklearn_deeplifft._printable import shown
from sklearn_deeplifft.plotting._axes import axes_or_new
from sklearn_deeplifft.plotting._feature_rows import PLAIN, label_rows, rows_size
from sklearn_deeplifft.plotting._signed_cells import BESIDE, draw_importances, dress_bars

__all__ = ["SelectorComparisonDisplay"]

WIDTH = 3.8
"""Inches of the panel."""
MARK = "#d55e00"


class SelectorComparisonDisplay:
    """Scores of each selector, a dot per fold, with mean and one standard error; stability beside.

    Parameters
    ----------
    scores : dict of str to sequence of float
        Scores of each selector in the folds.
    stability : dict of str to float, default=None
        Agreement of the folds on the selection, drawn as bars beside; None draws none.
    score_name : str, default="score"

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    dots_ : dict of str to matplotlib Line2D
    means_ : dict of str to matplotlib ErrorbarContainer
    stability_ax_ : matplotlib Axes or None

    See Also
    --------
    FeatureCountDisplay : The same over numbers of features.

    Examples
    --------
    >>> from sklearn_deeplifft.plotting import SelectorComparisonDisplay
    >>> scores = {"ours": [0.9, 0.8], "F-test": [0.7, 0.8]}
    >>> display = SelectorComparisonDisplay(scores, score_name="accuracy").plot()
    >>> [label.get_text() for label in display.ax_.get_yticklabels()]
    ['ours', 'F-test']
    >>> import matplotlib.pyplot as plt
    >>> plt.close(display.figure_)
    """

    def __init__(
        self,
        scores: Mapping[str, ArrayLike],
        *,
        stability: Mapping[str, float] | None = None,
        score_name: str = "score",
    ) -> None:
        self.scores = scores
        self.stability = stability
        self.score_name = score_name

    @classmethod
    def from_comparison(
        cls, found: Any, *, n_features: int | None = None, ax: Any = None
    ) -> SelectorComparisonDisplay:
        """Draw what `sklearn_deeplifft.model_selection.compare_selectors` found.

        Parameters
        ----------
        found : SelectorComparison
        n_features : int, default=None
            One of the numbers that were compared; None takes the only one.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        SelectorComparisonDisplay
        """
        whole = found.frame["selector"] == "all features"
        known = sorted(set(found.frame.loc[~whole, "n_features"].tolist()))
        if not found.own_numbers and n_features is None and len(known) == 1:
            (n_features,) = known
        if not found.own_numbers and n_features not in known:
            raise ValueError(f"n_features={shown(n_features)} must be one of {known}.")
        drawn, means = found.frame, found.summary()
        if not found.own_numbers:
            drawn = drawn[whole | (drawn["n_features"] == n_features)]
            means = means[
                (means["selector"] == "all features") | (means["n_features"] == n_features)
            ]
        by_name = {
            name: own["score"].to_numpy() for name, own in drawn.groupby("selector", sort=False)
        }
        stability = dict(zip(means["selector"], means["stability"], strict=True))
        return cls(by_name, stability=stability, score_name=found.score_name).plot(ax=ax)

    def plot(self, ax: Any = None) -> SelectorComparisonDisplay:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        SelectorComparisonDisplay
            Itself, with the attributes set.
        """
        names = list(self.scores)
        width, height = rows_size(names, WIDTH)
        beside = 0.0 if self.stability is None else BESIDE + 0.5
        self.ax_ = axes_or_new(ax, (width + beside, height))
        self.figure_ = self.ax_.figure
        self.dots_, self.means_ = {}, {}
        for place, name in enumerate(names):
            scores = np.asarray(self.scores[name], dtype=np.float64)
            aside = np.linspace(-0.2, 0.2, len(scores)) if len(scores) > 1 else np.zeros(1)
            (self.dots_[name],) = self.ax_.plot(
                scores, place + aside, "o", markersize=4, alpha=0.6, color=PLAIN, markeredgewidth=0
            )
            self.means_[name] = self.ax_.errorbar(
                scores.mean(),
                place,
                xerr=pd.Series(scores).sem(),  # NaN of a single fold: no line
                fmt="|",
                color=MARK,
                markersize=12,
                markeredgewidth=2.2,
                elinewidth=1.4,
            )
        dress_bars(self.ax_, f"{self.score_name}\n(dots: folds; line: mean and standard error)")
        label_rows(self.ax_, names)
        self.stability_ax_ = None
        if self.stability is not None:
            values = np.array(
                [self.stability.get(name, np.nan) for name in names], dtype=np.float64
            )
            label = "stability over folds\n(1: all alike)"
            self.stability_ax_ = draw_importances(self.ax_, np.nan_to_num(values), label)
            self.stability_ax_.set_xlim(min(0.0, float(np.nan_to_num(values).min())), 1.05)
        return self
