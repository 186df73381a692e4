"""Letters at positions, as tall as what they say: logos of motifs, and of attributions."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from sklearn_deeplifft.plotting._axes import axes_or_new

__all__ = ["LogoDisplay"]

COLOURS = {"A": "#109648", "C": "#255c99", "G": "#f7b32b", "T": "#d62839", "U": "#d62839"}
"""The usual ones of nucleotides; other letters are grey."""
OTHER = "#5f5f5f"

POSITION = 0.22
"""Inches of a position of a figure of its own."""


class LogoDisplay:
    """A logo: at each position letters piled up, the tallest on top.

    Parameters
    ----------
    heights : array of shape (K, L)
        Height of each letter at each position, in the unit of the y axis. Negative ones hang
        below zero, as in a logo of attributions. Of a motif, ``information(probabilities)``.
    letters : str of length K, default="ACGT"
    label : str, default="bits"
        What heights measure.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    Examples
    --------
    >>> from sklearn_deeplifft.plotting import LogoDisplay
    >>> display = LogoDisplay([[2, 0], [0, 0], [0, 1], [0, 0]]).plot()
    >>> len(display.ax_.patches)
    2
    >>> import matplotlib.pyplot as plt
    >>> plt.close(display.figure_)
    """

    def __init__(self, heights: ArrayLike, *, letters: str = "ACGT", label: str = "bits") -> None:
        self.heights = heights
        self.letters = letters
        self.label = label

    @classmethod
    def from_counts(
        cls, counts: ArrayLike, *, pseudocount: float = 0.0, letters: str = "ACGT", ax: Any = None
    ) -> LogoDisplay:
        """Draw a motif by the information of its positions.

        Parameters
        ----------
        counts : array of shape (K, L)
            Counts or probabilities, 0 or more. A position without any stays empty.
        pseudocount : float, default=0.0
            Added to each.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        LogoDisplay
            A position tells ``log2 K + sum p log2 p`` bits, dealt to its letters by their shares.

        Raises
        ------
        ValueError
            A number below zero, as of log-odds and attributions; no matrix of finite numbers.
        """
        C = _require_heights(counts, letters, "counts")
        if C.min(initial=0) < 0:
            raise ValueError(
                f"counts holds {C.min():g}, and counts and probabilities are 0 or more; draw "
                "scores (log-odds, attributions) as they are: LogoDisplay(scores, "
                "label='score').plot()."
            )
        C = C + pseudocount
        total = C.sum(axis=0)
        P = C / np.where(total > 0, total, 1)
        entropy = -(P * np.log2(np.where(P > 0, P, 1))).sum(axis=0)
        return cls(P * (np.log2(len(P)) - entropy), letters=letters).plot(ax=ax)

    def plot(self, ax: Any = None) -> LogoDisplay:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        LogoDisplay
            Itself, with the attributes set.

        Raises
        ------
        ValueError
            Heights are not finite, or not of one row per letter.
        """
        heights = _require_heights(self.heights, self.letters, "heights")
        L = heights.shape[1]
        self.ax_ = axes_or_new(ax, (1.0 + POSITION * L, 1.6))
        self.figure_ = self.ax_.figure
        for position in range(L):
            for letter, low, high in _piled(heights[:, position]):
                self.ax_.add_patch(self._patch(self.letters[letter], position, low, high))
        low = np.minimum(heights, 0).sum(axis=0).min(initial=0.0)
        high = np.maximum(heights, 0).sum(axis=0).max(initial=0.0)
        self.ax_.set_xlim(-0.5, L - 0.5)
        self.ax_.set_ylim(1.02 * low, 1.02 * high if high > low else 1.0)
        if low < 0:
            self.ax_.axhline(0, color="#333333", linewidth=0.8)
        self.ax_.set_ylabel(self.label, fontsize=8)
        self.ax_.tick_params(labelsize=8)
        self.ax_.spines[["top", "right"]].set_visible(False)
        return self

    def _patch(self, letter: str, position: int, low: float, high: float) -> Any:
        """The shape of a letter that fills a place."""
        from matplotlib.patches import PathPatch
        from matplotlib.transforms import Affine2D

        path, box = _shape(letter)
        place = Affine2D().translate(-box.x0, -box.y0)
        # Narrow letters stay narrow: an I as wide as a W is a block.
        place = place.scale(0.94 / max(box.width, 0.5), (high - low) / box.height)
        own = box.width * 0.94 / max(box.width, 0.5)
        place = place.translate(position - own / 2, low)
        colour = COLOURS.get(letter.upper(), OTHER)
        return PathPatch(place.transform_path(path), facecolor=colour, edgecolor="none")


def _require_heights(values: ArrayLike, letters: str, name: str) -> np.ndarray:
    """Finite numbers (K, L), a row per letter."""
    heights = np.asarray(values, dtype=np.float64)
    if heights.ndim != 2 or len(heights) != len(letters):
        raise ValueError(
            f"{name} is of shape {heights.shape}, and there are {len(letters)} letters "
            f"({letters}); pass one row per letter, (K, L)."
        )
    if not np.isfinite(heights).all():
        raise ValueError(f"{name} holds NaN or infinity; pass finite numbers.")
    return heights


def _piled(heights: np.ndarray) -> list[tuple[int, float, float]]:
    """Letter, lower and upper end of each that is not zero: small ones next to the line."""
    found, top, bottom = [], 0.0, 0.0
    for letter in np.argsort(np.abs(heights), kind="stable"):
        size = float(heights[letter])
        if size > 0:
            found.append((int(letter), top, top + size))
            top += size
        elif size < 0:
            found.append((int(letter), bottom + size, bottom))
            bottom += size
    return found


@lru_cache(maxsize=64)
def _shape(letter: str) -> tuple[Any, Any]:
    """Outline of a letter, and the box around it."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    path = TextPath(
        (0, 0), letter, size=1, prop=FontProperties(family="DejaVu Sans", weight="bold")
    )
    return path, path.get_extents()
