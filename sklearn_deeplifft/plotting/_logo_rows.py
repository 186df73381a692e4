"""Logos beside the rows of a list, between its names and its cells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from sklearn_deeplifft.plotting._logo import LogoDisplay
from sklearn_deeplifft.plotting._signed_cells import next_to

__all__ = ["LOGO_SPACE", "draw_logos"]

LOGO_WIDTH, GAP = 1.6, 0.08
"""Inches of the widest logo, and on its right."""

LOGO_SPACE = LOGO_WIDTH + 2 * GAP
"""Inches between the names and the cells."""

TALLEST = 2.0
"""Bits of a position of DNA that is certain, so that logos of all rows have one scale."""


def draw_logos(ax: Any, logos: Sequence[ArrayLike | None]) -> None:
    """Draw the logo (4, w) of each row of ``ax``, and move the names aside; None draws none."""
    heights = [None if logo is None else np.asarray(logo, dtype=np.float64) for logo in logos]
    widest = max((logo.shape[1] for logo in heights if logo is not None), default=1)
    ax.tick_params(axis="y", pad=72 * LOGO_SPACE)
    for row, logo in enumerate(heights):
        if logo is not None:
            _draw(ax, row, len(heights), logo, LOGO_WIDTH * logo.shape[1] / widest)


def _draw(ax: Any, row: int, n_rows: int, logo: np.ndarray, inches: float) -> None:
    def place(at: Any, width: float, height: float) -> tuple[float, ...]:
        own = at.height / n_rows
        left = at.x0 - (GAP + inches) / width
        return left, at.y1 - (row + 0.95) * own, inches / width, 0.9 * own

    inset = next_to(ax, place)
    LogoDisplay(logo).plot(ax=inset)
    inset.set_ylim(0, max(TALLEST, float(logo.sum(axis=0).max())))
    inset.set_axis_off()
