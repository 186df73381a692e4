"""Floor 1: sequences, from FASTA to tables; backgrounds; attributions to their letters."""

from sklearn_deeplifft.sequences._alphabet import (
    DNA,
    PROTEIN,
    RNA,
    Alphabet,
    find_alphabet,
    require_letters,
)
from sklearn_deeplifft.sequences._background import Background, background
from sklearn_deeplifft.sequences._bed import read_bed
from sklearn_deeplifft.sequences._encoder import SequenceEncoder
from sklearn_deeplifft.sequences._extras import extra_module
from sklearn_deeplifft.sequences._fasta import Fasta, read_fasta
from sklearn_deeplifft.sequences._kmers import KmerCounter
from sklearn_deeplifft.sequences._positions import position_groups
from sklearn_deeplifft.sequences._random import gc_matched, permute, profile_sample
from sklearn_deeplifft.sequences._shuffle import dinucleotide_shuffle, n_distinct_shuffles
from sklearn_deeplifft.sequences._texts import as_texts

__all__ = [
    "Alphabet",
    "Background",
    "DNA",
    "Fasta",
    "KmerCounter",
    "PROTEIN",
    "RNA",
    "SequenceEncoder",
    "as_texts",
    "background",
    "dinucleotide_shuffle",
    "extra_module",
    "find_alphabet",
    "gc_matched",
    "n_distinct_shuffles",
    "permute",
    "position_groups",
    "profile_sample",
    "read_bed",
    "read_fasta",
    "require_letters",
]
