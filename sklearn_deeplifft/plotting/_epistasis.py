"""Interactions of pairs: a map of what two changes do together beyond the sum of each alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from sklearn_deeplifft._printable import shown
from sklearn_deeplifft.plotting._axes import axes_or_new
from sklearn_deeplifft.plotting._labels import literal, shortened
from sklearn_deeplifft.plotting._signed_cells import draw_map, draw_scale, name_size, row_height

__all__ = ["EpistasisDisplay"]

LONGEST_NAME = 28
LETTER = 0.075
MOST_NAMED = 80
"""Rows whose names are written; of more, a reader looks at the picture as a whole."""
DARK = 0.65
"""Share of the limit from which a mark on a cell is white."""
MOST_MARKED = 30
"""Rows up to which single cells are marked."""


class EpistasisDisplay:
    """Epistasis of pairs as a map: blue where two do more together than each alone adds up to.

    Red is less. A dot marks a pair whose 95 % interval over networks leaves zero out, a cross one
    that is a guess: fewer than 20 rows of the data are at one of its four levels. Pairs that were
    not asked for are blank.

    Parameters
    ----------
    epistasis : ndarray of shape (n, n)
        Symmetric; NaN where a pair was not asked for.
    names : sequence of str of length n
    interval : ndarray of shape (2, n, n), default=None
    flagged : ndarray of bool of shape (n, n), default=None
    label : str, default="epistasis"
        The quantity, named beside the scale.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    im_ : matplotlib AxesImage
    colorbar_ : matplotlib Colorbar
    output_ : object
        The output that is drawn, where there are several.

    See Also
    --------
    sklearn_deeplifft.interventions.pairwise_epistasis : Asks the networks.

    Examples
    --------
    >>> from sklearn_deeplifft.plotting import EpistasisDisplay
    >>> display = EpistasisDisplay([[float("nan"), 0.4], [0.4, float("nan")]], names="AB").plot()
    >>> display.im_.get_array().shape
    (2, 2)
    >>> import matplotlib.pyplot as plt
    >>> plt.close(display.figure_)
    """

    def __init__(
        self,
        epistasis: ArrayLike,
        *,
        names: Sequence[object],
        interval: ArrayLike | None = None,
        flagged: ArrayLike | None = None,
        label: str = "epistasis",
    ) -> None:
        self.epistasis = epistasis
        self.names = names
        self.interval = interval
        self.flagged = flagged
        self.label = label
        self.output_: Any = None

    @classmethod
    def from_epistasis(cls, found: Any, *, output: Any = None, ax: Any = None) -> EpistasisDisplay:
        """Draw what `sklearn_deeplifft.interventions.pairwise_epistasis` found.

        Parameters
        ----------
        found : PairwiseEpistasis
        output : object, default=None
            One of ``found.outputs``; None takes the one with the largest epistasis.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        EpistasisDisplay
        """
        known = list(found.outputs)
        if output is None:
            k = int(np.abs(found.epistasis).max(axis=0).argmax())
        elif output in known:
            k = known.index(output)
        else:
            raise ValueError(f"output={shown(output)} must be one of {known}.")
        n = len(found.interventions)
        several = "" if len(known) == 1 else f" on {shortened(known[k], 20)}"
        display = cls(
            _square(found.epistasis[:, k], found.pairs, n),
            names=found.names,
            interval=np.array([_square(end[:, k], found.pairs, n) for end in found.interval]),
            flagged=_square(found.flagged.astype(float), found.pairs, n) == 1,
            label=f"epistasis{several}\n(blue: more together than the sum of each alone)",
        )
        display.output_ = known[k]
        return display.plot(ax=ax)

    def plot(self, ax: Any = None) -> EpistasisDisplay:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        EpistasisDisplay
            Itself, with the attributes set.
        """
        values = np.asarray(self.epistasis, dtype=np.float64)
        n = len(self.names)
        if values.shape != (n, n):
            raise ValueError(
                f"epistasis has the shape {values.shape}, and {n} names need ({n}, {n})."
            )
        labels = [literal(shortened(name, LONGEST_NAME)) for name in self.names]
        self.ax_ = axes_or_new(ax, self._size(labels))
        self.figure_ = self.ax_.figure
        known = np.nan_to_num(values)
        self.im_ = draw_map(self.ax_, np.abs(known), np.sign(known))
        if n > MOST_NAMED:  # lines between cells would hide cells of a few pixels
            self.ax_.grid(False, which="minor")
        self._blank(np.isnan(values))
        self._mark(values)
        shown_names = labels if n <= MOST_NAMED else []
        places = range(len(shown_names))
        self.ax_.set_yticks(places, shown_names, fontsize=name_size(n))
        self.ax_.set_xticks(
            places,
            shown_names,
            fontsize=name_size(n),
            rotation=45,
            ha="right",
            rotation_mode="anchor",
        )
        self.ax_.tick_params(length=0)
        if not shown_names:
            self.ax_.set_xlabel(f"{n:,} by {n:,}", fontsize=8)
        self.colorbar_ = draw_scale(self.im_, literal(self.label))
        return self

    def _size(self, labels: list[str]) -> tuple[float, float]:
        n = len(labels)
        inner = row_height(n) * max(n, 10) if n <= MOST_NAMED else 7.0
        letters = LETTER * max(map(len, labels), default=0) if n <= MOST_NAMED else 0.3
        return inner + letters + 0.6, inner + 0.7 * letters + 1.1

    def _blank(self, absent: np.ndarray) -> None:
        from matplotlib.colors import ListedColormap

        grey = np.ma.masked_where(~absent, np.ones(absent.shape))
        self.ax_.imshow(grey, cmap=ListedColormap(["#eeeeee"]), aspect="auto")

    def _mark(self, values: np.ndarray) -> None:
        """Dots of what leaves zero out, crosses of guesses, and what they mean."""
        n, explained = len(values), []
        if n > MOST_MARKED:
            return
        if self.flagged is not None:
            guess = np.asarray(self.flagged, dtype=bool)
        else:
            guess = np.zeros(values.shape, dtype=bool)
        sure = np.zeros(values.shape, dtype=bool)
        if self.interval is not None:
            low, high = np.asarray(self.interval, dtype=np.float64)
            sure = ((low > 0) | (high < 0)) & ~guess
        for mask, mark, meaning in (
            (sure, "o", "dot: interval leaves 0 out"),
            (guess, "x", "cross: few rows, a guess"),
        ):
            rows, columns = np.nonzero(mask)
            if len(rows):
                dark = np.abs(values[rows, columns]) > DARK * np.nanmax(np.abs(values))
                colours = np.where(dark, "#ffffff", "#222222")
                self.ax_.scatter(columns, rows, s=14, marker=mark, c=colours, linewidths=1)
                explained.append(meaning)
        if explained:
            self.ax_.set_xlabel("; ".join(explained), fontsize=8)


def _square(values: np.ndarray, pairs: np.ndarray, n: int) -> np.ndarray:
    """Values (p,) of pairs as a symmetric matrix (n, n); NaN elsewhere."""
    found = np.full((n, n), np.nan)
    found[pairs[:, 0], pairs[:, 1]] = found[pairs[:, 1], pairs[:, 0]] = values
    return found
