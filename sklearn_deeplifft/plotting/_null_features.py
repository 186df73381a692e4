"""Features against null ones: p-values, and where the selection cuts them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from sklearn_deeplifft.plotting._axes import axes_or_new
from sklearn_deeplifft.plotting._feature_rows import (
    FAINT,
    PLAIN,
    best_features,
    label_rows,
    require_alike,
    rows_size,
)
from sklearn_deeplifft.plotting._signed_cells import dress_bars
from sklearn_deeplifft.selectors._ranking_frame import displayed_names

__all__ = ["NullFeatureDisplay"]

WIDTH = 3.6
"""Inches of the panel."""
CUT = "#d55e00"


class NullFeatureDisplay:
    """Share of null features that say as much as each feature, the smallest on top.

    Full dots are below the cut: of those, ``alpha`` or less are expected to say nothing. The scale
    is that of magnitudes, and its left end the smallest share that so many null features can show.

    Parameters
    ----------
    p_values : ndarray of shape (n_features,)
        Above 0 to 1, in the order in which the features are to be drawn.
    q_values : ndarray of shape (n_features,)
        The same after Benjamini & Hochberg.
    feature_names : sequence of str of length n_features
    alpha : float, default=0.1
        A feature is selected where q is this or less.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    selected_ : ndarray of bool of shape (n_features,)
        ``q_values <= alpha``.
    dots_ : matplotlib PathCollection
    cut_ : matplotlib Line2D or None
        Between the selected and the others; None where there are none of either.

    Examples
    --------
    >>> from sklearn_deeplifft.plotting import NullFeatureDisplay
    >>> names = ["GATA1", "SOX2", "noise"]
    >>> display = NullFeatureDisplay(
    ...     [0.001, 0.01, 0.6], [0.003, 0.015, 0.6], feature_names=names
    ... ).plot()
    >>> display.selected_.tolist()
    [True, True, False]
    >>> import matplotlib.pyplot as plt
    >>> plt.close(display.figure_)
    """

    def __init__(
        self,
        p_values: ArrayLike,
        q_values: ArrayLike,
        *,
        feature_names: Sequence[object],
        alpha: float = 0.1,
    ) -> None:
        self.p_values = p_values
        self.q_values = q_values
        self.feature_names = feature_names
        self.alpha = alpha

    @classmethod
    def from_estimator(cls, selector: Any, *, k: int = 20, ax: Any = None) -> NullFeatureDisplay:
        """Draw the ``k`` features of the smallest p-values, at the selector's ``alpha``.

        Parameters
        ----------
        selector : DeepLIFFTSelector, ImportanceNeuronSelector or GIATransformer
            Fitted with ``n_features_to_select="auto"``, or on networks with
            ``null_features=True``.
        k : int, default=20
            Features drawn, those of equal p by ``ranking_``; all of them, if there are fewer.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        NullFeatureDisplay

        Raises
        ------
        ValueError
            The networks have read no null features.
        """
        k, table = best_features(selector, k), selector.to_frame()
        if "p_value" not in table:
            raise ValueError(
                "the networks of this fit have read no null features; fit with "
                'n_features_to_select="auto", or an ensemble with null_features=True.'
            )
        names = displayed_names(selector)
        order = np.argsort(table["p_value"].to_numpy(), kind="stable")[:k]
        return cls(
            table["p_value"].to_numpy()[order],
            table["q_value"].to_numpy()[order],
            feature_names=[names[i] for i in order],
            alpha=selector.alpha,
        ).plot(ax=ax)

    def plot(self, ax: Any = None) -> NullFeatureDisplay:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        NullFeatureDisplay
            Itself, with the attributes set.
        """
        p, q = (np.asarray(part, dtype=np.float64) for part in (self.p_values, self.q_values))
        require_alike(self.feature_names, p_values=p, q_values=q)
        if not ((p > 0) & (p <= 1)).all():
            raise ValueError("p_values must be above 0 to 1: no share of null features is zero.")
        self.ax_ = axes_or_new(ax, self.size())
        self.figure_ = self.ax_.figure
        self.selected_ = q <= self.alpha
        places = np.arange(len(p))
        self.ax_.hlines(places, p, 1.0, color=FAINT, linewidth=1.0)
        self.dots_ = self.ax_.scatter(
            p,
            places,
            s=26,
            facecolors=np.where(self.selected_, PLAIN, "#ffffff"),
            edgecolors=PLAIN,
            linewidths=1.1,
            zorder=3,
        )
        self._draw_scale(float(p.min(initial=1.0)))
        self.cut_ = self._draw_cut(p)
        dress_bars(
            self.ax_,
            f"share of null features that say as much (p)\n(full: q of {self.alpha:g} or less)",
            few_ticks=False,
        )
        label_rows(self.ax_, self.feature_names)
        return self

    def size(self) -> tuple[float, float]:
        """Width and height in inches at which every label is readable."""
        return rows_size(self.feature_names, WIDTH)

    def _draw_scale(self, smallest: float) -> None:
        self.ax_.set_xscale("log")
        marks = [10.0**-power for power in range(int(np.ceil(-np.log10(smallest))) + 2)]
        self.ax_.set_xticks(marks, [f"{mark:g}" for mark in marks])
        self.ax_.set_xticks([], minor=True)
        self.ax_.set_xlim(min(smallest / 1.6, 0.07), 1.15)

    def _draw_cut(self, p: np.ndarray) -> Any:
        if self.selected_.all() or not self.selected_.any():
            return None
        cut = np.sqrt(p[self.selected_].max() * p[~self.selected_].min())
        return self.ax_.axvline(cut, color=CUT, linewidth=1.0, linestyle="--")
