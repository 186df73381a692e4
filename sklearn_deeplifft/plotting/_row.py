"""One row's prediction as a sum: the bias, then the term of each feature."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import _num_samples as n_rows

from sklearn_deeplifft._printable import shortened, shown
from sklearn_deeplifft.plotting._axes import axes_or_new
from sklearn_deeplifft.plotting._feature_rows import label_rows, require_alike, rows_size
from sklearn_deeplifft.plotting._labels import literal
from sklearn_deeplifft.plotting._signed_cells import AGAINST, FOR, dress_bars
from sklearn_deeplifft.selectors import Contributions
from sklearn_deeplifft.selectors._row_readings import RowReadings

__all__ = ["RowDisplay"]

WIDTH = 4.2
"""Inches of the panel."""


class RowDisplay:
    """Terms of one row, the largest on top, each from where the one before it ended.

    The sum starts from the bias (dotted line) and ends at the logit (full line): blue terms raise
    it, red ones lower it. Terms beyond the first ``k`` are one bar.

    Parameters
    ----------
    terms : ndarray of shape (n_features,)
    bias : float
    feature_names : sequence of str of length n_features
    data : sequence of length n_features, default=None
        Values of the row, written beside the names.
    k : int, default=12
        Features that have bars of their own.
    label : str, default="logit"
        The quantity that terms add up to.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    bars_ : matplotlib BarContainer
    total_ : float
        ``bias + sum of terms``.

    See Also
    --------
    sklearn_deeplifft.Contributions : The terms of many rows.

    Examples
    --------
    >>> from sklearn_deeplifft.plotting import RowDisplay
    >>> display = RowDisplay([0.5, -2.0, 0.1], 1.0, feature_names="abc", k=2).plot()
    >>> round(display.total_, 6), [label.get_text() for label in display.ax_.get_yticklabels()]
    (-0.4, ['b', 'a', '1 other feature'])
    >>> import matplotlib.pyplot as plt
    >>> plt.close(display.figure_)
    """

    def __init__(
        self,
        terms: ArrayLike,
        bias: float,
        *,
        feature_names: Sequence[object],
        data: Sequence[object] | None = None,
        k: int = 12,
        label: str = "logit",
    ) -> None:
        self.terms = terms
        self.bias = bias
        self.feature_names = feature_names
        self.data = data
        self.k = k
        self.label = label

    @classmethod
    def from_estimator(
        cls, selector: Any, X: Any, row: int = 0, *, output: Any = None, k: int = 12, ax: Any = None
    ) -> RowDisplay:
        """Draw the exact terms of one row, averaged over the networks of a fitted selector.

        Parameters
        ----------
        selector : DeepLIFFTSelector
            Fitted.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        row : int, default=0
            Position of the row in ``X``.
        output : object, default=None
            A class of ``classes_`` (a label, or the position of a target). None takes the class
            that is predicted, or the first target.
        k : int, default=12
            Features that have bars of their own.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        RowDisplay

        Raises
        ------
        TypeError
            ``selector`` has no exact terms.
        """
        if not isinstance(selector, RowReadings):
            raise TypeError(
                f"{type(selector).__name__} has no exact terms of rows; pass a fitted "
                "DeepLIFFTSelector. A fitted ensemble or network is read by DeepLIFFTSelector("
                "ensemble, prefit=True).fit(X, y)."
            )
        if not -n_rows(X) <= row < n_rows(X):
            raise ValueError(f"row={shown(row)} is not in X, which has {n_rows(X):,} rows.")
        found = selector.contributions(_safe_indexing(X, [row]))
        return cls.from_contributions(found, output=output, k=k, ax=ax)

    @classmethod
    def from_contributions(
        cls, found: Contributions, row: int = 0, *, output: Any = None, k: int = 12, ax: Any = None
    ) -> RowDisplay:
        """Draw a row of what ``contributions`` of a selector returned.

        Parameters
        ----------
        found : Contributions
        row, output, k, ax : as for `from_estimator`

        Returns
        -------
        RowDisplay
        """
        if not -len(found.terms) <= row < len(found.terms):
            raise ValueError(f"row={shown(row)} is not among the {len(found.terms):,} rows.")
        at = found.output(output, row)
        n = found.terms.shape[2]
        name = "logit" if found.output_names is None else found.output_names[at]
        alone = found.bias.shape[1] == 1
        data = found.data
        if data is not None:
            values = data[[row]].toarray()[0] if hasattr(data, "toarray") else np.asarray(data)[row]
            data = values.tolist()
        return cls(
            found.terms[row, at],
            float(found.bias[row, at]),
            feature_names=found.feature_names or [f"x{j}" for j in range(n)],
            data=data,
            k=k,
            label="prediction" if alone else f"logit of {shortened(name, 20)}",
        ).plot(ax=ax)

    def plot(self, ax: Any = None) -> RowDisplay:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        RowDisplay
            Itself, with the attributes set.
        """
        terms = np.asarray(self.terms, dtype=np.float64)
        require_alike(self.feature_names, terms=terms)
        if self.k < 1:
            raise ValueError(f"k={shown(self.k)} features cannot be drawn; ask for one or more.")
        names, lengths = self._bars(terms)
        starts = float(self.bias) + np.concatenate([[0.0], np.cumsum(lengths)[:-1]])
        self.total_ = float(self.bias) + float(terms.sum())
        self.ax_ = axes_or_new(ax, rows_size(names, WIDTH))
        self.figure_ = self.ax_.figure
        colours = [FOR if length >= 0 else AGAINST for length in lengths]
        places = np.arange(len(names))
        self.bars_ = self.ax_.barh(places, lengths, left=starts, height=0.72, color=colours)
        for place, start, length in zip(places.tolist(), starts, lengths, strict=True):
            self._write(place, start, length)
        # what one bar hands on to the next
        ends = starts + lengths
        self.ax_.vlines(ends[:-1], places[:-1] + 0.36, places[1:] - 0.36, "#888888", linewidth=0.7)
        self.ax_.axvline(self.bias, color="#333333", linewidth=1.0, linestyle=":")
        self.ax_.axvline(self.total_, color="#333333", linewidth=1.0)
        self.ax_.use_sticky_edges = False  # room for the numbers beside bars
        self.ax_.margins(x=0.16)
        label = literal(self.label)
        dress_bars(
            self.ax_, f"{label}: from {self.bias:.3g} (bias, dotted) to {self.total_:.3g} (line)"
        )
        label_rows(self.ax_, names)
        return self

    def _bars(self, terms: np.ndarray) -> tuple[list[str], np.ndarray]:
        """Names and lengths of the bars, the largest first, what is left as one."""
        order = np.argsort(-np.abs(terms), kind="stable")
        own, rest = order[: self.k], order[self.k :]
        names = [self._named(i) for i in own]
        lengths = terms[own]
        if len(rest):
            names.append(f"{len(rest):,} other feature{'s' if len(rest) > 1 else ''}")
            lengths = np.append(lengths, terms[rest].sum())
        return names, lengths

    def _named(self, i: int) -> str:
        name = str(self.feature_names[i])
        if self.data is None:
            return name
        value = self.data[i]
        text = f"{value:.4g}" if isinstance(value, float | np.floating) else str(value)
        return f"{shortened(name, 24)} = {shortened(text, 9)}"

    def _write(self, place: float, start: float, length: float) -> None:
        self.ax_.annotate(
            f"{length:+.3g}",
            (max(start, start + length), place),
            xytext=(3, 0),
            textcoords="offset points",
            va="center",
            fontsize=7.5,
            color="#333333",
        )
