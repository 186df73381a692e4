"""Colours and markers of lines that stand side by side."""

from __future__ import annotations

__all__ = ["COLOURS", "MARKERS"]

# Okabe and Ito's colours, told apart by every kind of eye; yellow is left out, as text is drawn
# in these on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
MARKERS = "osD^vP"
