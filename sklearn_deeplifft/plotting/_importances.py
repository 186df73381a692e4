"""Importances as bars, each with its interval."""

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

__all__ = ["ImportanceDisplay"]

WIDTH = 4.0
"""Inches of the bars."""


class ImportanceDisplay:
    """Importance of each feature as a bar, the best on top, with its interval as a line.

    Parameters
    ----------
    importances : ndarray of shape (n_features,)
        In the order in which the features are to be drawn.
    feature_names : sequence of str of length n_features
    interval : ndarray of shape (2, n_features), default=None
        Lower and upper ends; None draws none.
    selected : ndarray of bool of shape (n_features,), default=None
        Bars of features that are not are pale; None means all are.
    label : str, default="importance"
        The quantity, named on the axis.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    bars_ : matplotlib BarContainer
    interval_ : matplotlib LineCollection or None

    See Also
    --------
    ClassImportanceDisplay : What each feature says for and against each class.

    Examples
    --------
    >>> from sklearn_deeplifft.plotting import ImportanceDisplay
    >>> display = ImportanceDisplay(
    ...     [0.6, 0.3], feature_names=["GATA1", "SOX2"], interval=[[0.5, 0.2], [0.7, 0.4]]
    ... ).plot()
    >>> [float(bar.get_width()) for bar in display.bars_]
    [0.6, 0.3]
    >>> import matplotlib.pyplot as plt
    >>> plt.close(display.figure_)
    """

    def __init__(
        self,
        importances: ArrayLike,
        *,
        feature_names: Sequence[object],
        interval: ArrayLike | None = None,
        selected: ArrayLike | None = None,
        label: str = "importance",
    ) -> None:
        self.importances = importances
        self.feature_names = feature_names
        self.interval = interval
        self.selected = selected
        self.label = label

    @classmethod
    def from_estimator(cls, selector: Any, *, k: int = 20, ax: Any = None) -> ImportanceDisplay:
        """Draw the ``k`` best features of a fitted selector.

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
        ImportanceDisplay
        """
        k = best_features(selector, k)
        table = selector.to_frame()[:k]
        several = "importance_low" in table
        return cls(
            table["importance"].to_numpy(),
            feature_names=displayed_names(selector)[: len(table)],
            interval=table[["importance_low", "importance_high"]].to_numpy().T if several else None,
            selected=table["selected"].to_numpy(),
            label=selector.quantities_.importance,
        ).plot(ax=ax)

    def plot(self, ax: Any = None) -> ImportanceDisplay:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        ImportanceDisplay
            Itself, with the attributes set.
        """
        names, values = self.feature_names, np.asarray(self.importances, dtype=np.float64)
        require_alike(names, importances=values, interval=self.interval, selected=self.selected)
        self.ax_ = axes_or_new(ax, rows_size(names, WIDTH))
        self.figure_ = self.ax_.figure
        chosen = np.ones(len(values), bool) if self.selected is None else np.asarray(self.selected)
        places = np.arange(len(values))
        colours = np.where(chosen, PLAIN, FAINT)
        self.bars_ = self.ax_.barh(places, values, height=0.72, color=colours)
        self.interval_ = None
        if self.interval is not None:
            low, high = np.asarray(self.interval, dtype=np.float64)
            self.interval_ = self.ax_.hlines(places, low, high, color="#111111", linewidth=1.2)
        dress_bars(self.ax_, self.label + self._legend(chosen))
        if (values < 0).any():
            self.ax_.axvline(0, color="#333333", linewidth=0.8)
        else:
            self.ax_.set_xlim(left=0)
        label_rows(self.ax_, names)
        return self

    def _legend(self, chosen: np.ndarray) -> str:
        parts = [] if self.interval is None else ["line: 95 % interval over networks"]
        parts += [] if chosen.all() else ["pale: not selected"]
        return f"\n({'; '.join(parts)})" if parts else ""
