"""Floor 0: tables whose truth is known because it was planted."""

from sklearn_deeplifft.datasets._motif_counts import MotifCounts, make_motif_counts

__all__ = ["MotifCounts", "make_motif_counts"]
