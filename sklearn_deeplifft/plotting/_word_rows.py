"""The words that do the most, laid over each other under their logo."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sklearn_deeplifft.interventions.experiments import AlignedWords, aligned_words
from sklearn_deeplifft.plotting._logo import COLOURS, OTHER, LogoDisplay
from sklearn_deeplifft.plotting._signed_cells import FOR, next_to

__all__ = ["LETTER_WIDTH", "ROW", "draw_words", "laid"]

LETTER_WIDTH = 0.17
"""Inches of a letter."""
ROW = 0.24
"""Inches of a word."""
LOGO = 0.75
GAP = 0.12


def laid(table: pd.DataFrame, k: int, alphabet: str) -> AlignedWords:
    """The first words of a table, of effects above zero, over each other by what they do."""
    top = table.nlargest(k, "effect", keep="all").head(k)
    top = top[top["effect"] > 0]
    if top.empty:
        raise ValueError(
            "no word of the table has an effect above 0 on this output, so there is nothing to "
            "align; draw another output."
        )
    return aligned_words(top["word"].tolist(), top["effect"].to_numpy(), alphabet=alphabet)


def draw_words(ax: Any, table: pd.DataFrame, words: AlignedWords, letters: str) -> Any:
    """Bars of the words, their letters left of them, and the logo above these."""
    own = table.set_index("word").loc[list(words.words)]
    n, effect = len(own), own["effect"].to_numpy()
    arms = [effect - own["interval_low"].to_numpy(), own["interval_high"].to_numpy() - effect]
    ax.barh(np.arange(n), effect, height=0.72, color=FOR)
    arms = np.maximum(np.nan_to_num(arms), 0)
    ax.errorbar(effect, np.arange(n), xerr=arms, fmt="none", ecolor="#222222", elinewidth=1.0)
    ax.set_yticks([])
    ax.set_ylim(n - 0.5, -0.5)
    ax.set_xlim(left=0)
    inches = LETTER_WIDTH * words.counts.shape[1]

    def beside(at: Any, width: float, height: float) -> tuple[float, ...]:
        return at.x0 - (GAP + inches) / width, at.y0, inches / width, at.height

    def above(at: Any, width: float, height: float) -> tuple[float, ...]:
        left = at.x0 - (GAP + inches) / width
        return left, at.y1 + 0.05 / height, inches / width, LOGO / height

    _write(next_to(ax, beside), words)
    logo = next_to(ax, above)
    shares = words.counts + 0.05 * words.counts.sum(axis=0).max() / len(words.counts)
    LogoDisplay.from_counts(shares, letters=letters, ax=logo)
    logo.set_ylim(0, np.log2(len(letters)))
    logo.set_axis_off()
    return logo


def _write(ax: Any, words: AlignedWords) -> None:
    """Write each word where it lies over the others."""
    ax.set_xlim(-0.5, words.counts.shape[1] - 0.5)
    ax.set_ylim(len(words.words) - 0.5, -0.5)
    ax.set_axis_off()
    for row, (word, offset) in enumerate(zip(words.words, words.offsets, strict=True)):
        for i, letter in enumerate(word):
            ax.text(
                *(offset + i, row, letter),
                color=COLOURS.get(letter, OTHER),
                family="monospace",
                weight="bold",
                fontsize=10,
                ha="center",
                va="center",
            )
