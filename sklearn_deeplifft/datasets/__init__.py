"""Floor 0: tables and sequences whose truth is known because it was planted."""

from sklearn_deeplifft.datasets._billboard import BillboardSequences, make_billboard_sequences
from sklearn_deeplifft.datasets._motif_counts import MotifCounts, make_motif_counts
from sklearn_deeplifft.datasets._motif_interactions import (
    MotifInteractions,
    make_motif_interactions,
)

__all__ = [
    "BillboardSequences",
    "MotifCounts",
    "MotifInteractions",
    "make_billboard_sequences",
    "make_motif_counts",
    "make_motif_interactions",
]
