"""Floor 1: sequences, from FASTA to tables; backgrounds; attributions to their letters."""

from sklearn_deeplifft.sequences._alphabet import (
    DNA,
    PROTEIN,
    RNA,
    Alphabet,
    find_alphabet,
    require_letters,
)
from sklearn_deeplifft.sequences._encoder import SequenceEncoder
from sklearn_deeplifft.sequences._extras import extra_module
from sklearn_deeplifft.sequences._fasta import Fasta, read_fasta
from sklearn_deeplifft.sequences._positions import position_groups
from sklearn_deeplifft.sequences._texts import as_texts
from sklearn_deeplifft.sequences.motifs import (
    Motif,
    MotifCounter,
    read_motifs,
    similarity_families,
    write_bed,
)

__all__ = [
    "DNA",
    "PROTEIN",
    "RNA",
    "Alphabet",
    "Fasta",
    "Motif",
    "MotifCounter",
    "SequenceEncoder",
    "as_texts",
    "extra_module",
    "find_alphabet",
    "position_groups",
    "read_fasta",
    "read_motifs",
    "require_letters",
    "similarity_families",
    "write_bed",
]
