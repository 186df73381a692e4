"""Experiments on sequences: words, motifs, regions, and the table of what they do."""

from sklearn_deeplifft.interventions.experiments._arms import Arm, Contrast, Experiment, Part
from sklearn_deeplifft.interventions.experiments._importance import sequence_importance
from sklearn_deeplifft.interventions.experiments._motifs import (
    copies,
    gc_context,
    positions,
    spacing,
)
from sklearn_deeplifft.interventions.experiments._regions import hairpin, necessity, sufficiency
from sklearn_deeplifft.interventions.experiments._words import (
    AlignedWords,
    aligned_words,
    kmer_mutagenesis,
    kmers,
)

__all__ = [
    "AlignedWords",
    "Arm",
    "Contrast",
    "Experiment",
    "Part",
    "aligned_words",
    "copies",
    "gc_context",
    "hairpin",
    "kmer_mutagenesis",
    "kmers",
    "necessity",
    "positions",
    "sequence_importance",
    "spacing",
    "sufficiency",
]
