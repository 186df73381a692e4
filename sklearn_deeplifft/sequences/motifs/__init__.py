"""Motifs: matrices, files and databases of them; scanning and counting; families."""

from sklearn_deeplifft.sequences.motifs._counter import MotifCounter
from sklearn_deeplifft.sequences.motifs._families import similarity_families
from sklearn_deeplifft.sequences.motifs._files import read_motifs
from sklearn_deeplifft.sequences.motifs._hits import write_bed
from sklearn_deeplifft.sequences.motifs._matrices import (
    Motif,
    information,
    motif_of,
    probabilities,
)

__all__ = [
    "Motif",
    "MotifCounter",
    "information",
    "motif_of",
    "probabilities",
    "read_motifs",
    "similarity_families",
    "write_bed",
]
