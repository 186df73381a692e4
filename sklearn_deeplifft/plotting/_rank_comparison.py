"""Two rankings of the same features, side by side, with a line for each feature."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import spearmanr

from sklearn_deeplifft._printable import shown
from sklearn_deeplifft.plotting._axes import axes_or_new
from sklearn_deeplifft.plotting._feature_rows import require_selector
from sklearn_deeplifft.plotting._labels import literal, shortened
from sklearn_deeplifft.plotting._signed_cells import name_size, row_height
from sklearn_deeplifft.selectors._ranking_frame import displayed_names

__all__ = ["RankComparisonDisplay"]

LONGEST_NAME = 30
LETTER = 0.075
BOTH, ONE = "#0072b2", "#d55e00"
"""Features that both put first, and those of one only."""


class RankComparisonDisplay:
    """The first features of two rankings, on the left and on the right, joined by lines.

    Blue features are among the first ``k`` of both, orange ones of one only; the number beside a
    name is its rank there. Flat lines are agreement.

    Parameters
    ----------
    left, right : ndarray of shape (n_features,)
        Ranks of the same features; 1 is best.
    feature_names : sequence of str of length n_features
    labels : tuple of two str, default=("first", "second")
        Names of the rankings.
    k : int, default=15
        Features of each that are drawn.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    drawn_ : ndarray of shape (n_drawn,)
        Positions of the features that are drawn.
    overlap_ : int
        Features among the first ``k`` of both.
    correlation_ : float
        Spearman's, of all features, -1 to 1; NaN of a single one.

    See Also
    --------
    StabilityDisplay : The networks of one selector against each other.

    Examples
    --------
    >>> from sklearn_deeplifft.plotting import RankComparisonDisplay
    >>> ours, theirs = [1, 2, 3, 4], [2, 1, 4, 3]
    >>> display = RankComparisonDisplay(ours, theirs, feature_names="abcd", k=1).plot()
    >>> display.overlap_, round(display.correlation_, 2), display.drawn_.tolist()
    (0, 0.6, [0, 1])
    >>> import matplotlib.pyplot as plt
    >>> plt.close(display.figure_)
    """

    def __init__(
        self,
        left: ArrayLike,
        right: ArrayLike,
        *,
        feature_names: Sequence[object],
        labels: tuple[str, str] = ("first", "second"),
        k: int = 15,
    ) -> None:
        self.left = left
        self.right = right
        self.feature_names = feature_names
        self.labels = labels
        self.k = k

    @classmethod
    def from_estimators(
        cls,
        left: Any,
        right: Any,
        *,
        labels: tuple[str, str] | None = None,
        k: int = 15,
        ax: Any = None,
    ) -> RankComparisonDisplay:
        """Compare a fitted selector with another one, or with any other method.

        Parameters
        ----------
        left : DeepLIFFTSelector, ImportanceNeuronSelector or GIATransformer
            Fitted.
        right : estimator or array of shape (n_features,)
            Fitted on the same columns: of scikit-learn or not, with ``ranking_``,
            ``feature_importances_``, ``scores_`` or ``coef_``; or a score for each column, of
            which the largest is best.
        labels : tuple of two str, default=None
            Names of the rankings; None: those of the classes.
        k : int, default=15
            Features of each that are drawn.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        RankComparisonDisplay

        Raises
        ------
        ValueError
            The rankings are not of the same number of columns.
        TypeError
            ``left`` is no selector of this package, or ``right`` has nothing to rank by.
        """
        require_selector(left)
        groups = left._groups
        order = np.argsort(groups.merged(left.ranking_), kind="stable")
        found = _scores_of(right)
        if found.shape != left.ranking_.shape:
            raise ValueError(
                f"the second ranking is of {found.size} columns, and the first of "
                f"{left.n_features_in_}; fit both on the same table."
            )
        ranks = np.empty((2, len(order)))
        ranks[0, order] = ranks[1, np.argsort(-groups.largest(found), kind="stable")] = (
            np.arange(len(order)) + 1
        )
        names = np.empty(len(order), dtype=object)
        names[order] = displayed_names(left)
        called = "scores" if isinstance(right, list | np.ndarray) else type(right).__name__
        return cls(
            *ranks,
            feature_names=names.tolist(),
            labels=labels or (type(left).__name__, called),
            k=k,
        ).plot(ax=ax)

    def plot(self, ax: Any = None) -> RankComparisonDisplay:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        RankComparisonDisplay
            Itself, with the attributes set.
        """
        ranks = self._checked()
        first = ranks <= self.k
        self.drawn_ = np.flatnonzero(first.any(axis=0))
        both = np.asarray(first.all(axis=0))
        self.overlap_ = int(both.sum())
        self.correlation_ = float(spearmanr(*ranks).statistic) if ranks.shape[1] > 1 else np.nan
        own = ranks[:, self.drawn_]
        places = own.argsort(axis=1, kind="stable").argsort(axis=1)
        names = [
            literal(shortened(self.feature_names[i], LONGEST_NAME)) for i in self.drawn_.tolist()
        ]
        n, size = len(names), name_size(len(names))
        width = 2 * (LETTER * max(map(len, names)) + 0.4) + 2.2
        self.ax_ = axes_or_new(ax, (width, 0.8 + row_height(n) * max(n, 5)))
        self.figure_ = self.ax_.figure
        for (a, b), ranked, shared, name in zip(
            places.T, own.T, both[self.drawn_].tolist(), names, strict=True
        ):
            colour = BOTH if shared else ONE
            style = {"color": colour, "linewidth": 1.8 if shared else 1.1}
            self.ax_.plot([0, 1], [a, b], marker="o", markersize=4, clip_on=False, **style)
            text = {"color": colour, "fontsize": size, "va": "center", "clip_on": False}
            self.ax_.text(-0.04, a, f"{name}  {ranked[0]:,.0f}", ha="right", **text)
            self.ax_.text(1.04, b, f"{ranked[1]:,.0f}  {name}", ha="left", **text)
        self._dress(n)
        return self

    def _checked(self) -> np.ndarray:
        ranks = np.array([np.asarray(self.left, float), np.asarray(self.right, float)])
        if ranks.shape != (2, len(self.feature_names)):
            raise ValueError(
                f"left and right hold {ranks.shape[1]} ranks, and feature_names "
                f"{len(self.feature_names)}; give one for each feature."
            )
        if self.k < 1:
            raise ValueError(f"k={shown(self.k)} features cannot be drawn; ask for one or more.")
        return ranks

    def _dress(self, n: int) -> None:
        ax, k = self.ax_, min(self.k, len(self.feature_names))
        ax.set_ylim(n - 0.4, -0.6)
        ax.set_xlim(0, 1)
        labels = [literal(shortened(label, LONGEST_NAME)) for label in self.labels]
        ax.set_xticks([0, 1], labels, fontsize=9)
        ax.xaxis.tick_top()
        ax.tick_params(length=0)
        ax.set_yticks([])
        ax.spines[:].set_visible(False)
        agreed = (
            "" if np.isnan(self.correlation_) else f"; rank correlation {self.correlation_:.2f}"
        )
        said = f"{self.overlap_} of the first {k} in both (blue){agreed}"
        ax.set_xlabel("the only feature" if len(self.feature_names) == 1 else said, fontsize=8)


def _scores_of(right: Any) -> np.ndarray:
    """A score for each column, the largest best."""
    if isinstance(right, list | np.ndarray):
        return np.asarray(right, dtype=np.float64)
    last = getattr(right, "steps", [(None, right)])[-1][1]
    if hasattr(last, "ranking_"):
        return -np.asarray(last.ranking_, dtype=np.float64)
    # By what a fit leaves behind, as scikit-learn's own meta-estimators do.
    last = getattr(last, "estimator_", last)
    for name in ("feature_importances_", "scores_", "coef_"):
        if hasattr(last, name):
            values = np.abs(np.asarray(getattr(last, name), dtype=np.float64))
            return np.asarray(np.nan_to_num(np.linalg.norm(np.atleast_2d(values), axis=0), nan=-1))
    raise TypeError(
        f"{type(right).__name__} has nothing to rank features by; fit it, or pass a score for each "
        "column."
    )
