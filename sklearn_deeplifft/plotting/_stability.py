"""Ranks of each feature in each network, and how many of them would select it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from sklearn_deeplifft.plotting._axes import axes_or_new
from sklearn_deeplifft.plotting._feature_rows import (
    PLAIN,
    best_features,
    label_rows,
    require_alike,
    rows_size,
)
from sklearn_deeplifft.plotting._signed_cells import (
    BESIDE,
    draw_importances,
    dress_bars,
    log_ranks,
)
from sklearn_deeplifft.ranking import ranks
from sklearn_deeplifft.selectors._ranking_frame import displayed_names

__all__ = ["StabilityDisplay"]

WIDTH = 3.6
"""Inches of the strip."""
MARK = "#d55e00"


class StabilityDisplay:
    """A dot for the rank of each feature in each network, and the share that would select it.

    Where the dots of a feature lie close together networks agree on it. What is right of the dashed
    line is beyond the cut.

    Parameters
    ----------
    ranks : ndarray of shape (n_networks, n_features)
        1 is best; features in the order in which they are to be drawn.
    feature_names : sequence of str of length n_features
    frequency : ndarray of shape (n_features,), default=None
        Share of the networks that would select each, 0 to 1, drawn as bars beside; None draws none.
    n_selected : int, default=None
        The cut, drawn as a dashed line.
    n_features : int, default=None
        All features that are ranked; None: those that are drawn.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    dots_ : matplotlib Line2D
        A dot per network and feature.
    means_ : matplotlib Line2D
        Mean ranks.
    frequency_ax_ : matplotlib Axes or None

    Examples
    --------
    >>> from sklearn_deeplifft.plotting import StabilityDisplay
    >>> display = StabilityDisplay(
    ...     [[1, 2], [1, 2], [2, 1]], feature_names=["GATA1", "SOX2"], n_selected=1
    ... ).plot()
    >>> display.dots_.get_xdata().tolist()
    [1.0, 2.0, 1.0, 2.0, 2.0, 1.0]
    >>> import matplotlib.pyplot as plt
    >>> plt.close(display.figure_)
    """

    def __init__(
        self,
        ranks: ArrayLike,
        *,
        feature_names: Sequence[object],
        frequency: ArrayLike | None = None,
        n_selected: int | None = None,
        n_features: int | None = None,
    ) -> None:
        self.ranks = ranks
        self.feature_names = feature_names
        self.frequency = frequency
        self.n_selected = n_selected
        self.n_features = n_features

    @classmethod
    def from_estimator(cls, selector: Any, *, k: int = 20, ax: Any = None) -> StabilityDisplay:
        """Draw the ``k`` best features of a fitted selector, at its current cut.

        Parameters
        ----------
        selector : DeepLIFFTSelector, ImportanceNeuronSelector or GIATransformer
            Fitted.
        k : int, default=20
            Features drawn, by ``ranking_``; all of them, if there are fewer.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        StabilityDisplay
        """
        k, groups = best_features(selector, k), selector._groups
        order = np.argsort(groups.merged(selector.ranking_), kind="stable")[:k]
        return cls(
            ranks(groups.merged(selector.importances_per_network_))[:, order],
            feature_names=displayed_names(selector)[:k],
            frequency=groups.merged(selector.selection_frequency_)[order],
            n_selected=int(selector.to_frame()["selected"].sum()),
            n_features=len(groups.first),
        ).plot(ax=ax)

    def plot(self, ax: Any = None) -> StabilityDisplay:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        StabilityDisplay
            Itself, with the attributes set.
        """
        found, names = np.atleast_2d(np.asarray(self.ranks, dtype=np.float64)), self.feature_names
        require_alike(names, ranks=found, frequency=self.frequency)
        self.ax_ = axes_or_new(ax, self.size())
        self.figure_ = self.ax_.figure
        places = np.arange(len(names))
        within = np.linspace(-0.25, 0.25, len(found)) if len(found) > 1 else np.zeros(1)
        (self.dots_,) = self.ax_.plot(
            found.ravel(),
            (places + within[:, None]).ravel(),
            **{"linestyle": "none", "marker": "o", "markersize": 3, "alpha": 0.55},
            **{"markeredgewidth": 0, "color": PLAIN},
        )
        (self.means_,) = self.ax_.plot(
            found.mean(axis=0),
            places,
            **{"linestyle": "none", "marker": "|", "markersize": 10, "markeredgewidth": 2.2},
            color=MARK,
        )
        n, at = self.n_features or len(names), self.n_selected or 0
        cut = 0 < at < n
        if cut:
            self.ax_.axvline(at + 0.5, color="#333333", linewidth=1, linestyle="--")
        dress_bars(self.ax_, _label(len(found), cut))
        log_ranks(self.ax_, n)
        label_rows(self.ax_, names)
        self.frequency_ax_ = None
        if self.frequency is not None:
            share = 100 * np.asarray(self.frequency, dtype=np.float64)
            label = "% of networks\nthat would select it"
            self.frequency_ax_ = draw_importances(self.ax_, share, label)
            self.frequency_ax_.set_xlim(0, 105)
        return self

    def size(self) -> tuple[float, float]:
        """Width and height in inches at which every label is readable."""
        width, height = rows_size(self.feature_names, WIDTH)
        return width + (0.0 if self.frequency is None else BESIDE + 0.5), height


def _label(n_networks: int, cut: bool) -> str:
    dashed = "; dashed: the cut" if cut else ""
    dots = "dot: the network" if n_networks == 1 else f"dots: {n_networks:,} networks"
    return f"rank\n({dots}; line: their mean{dashed})"
