"""Floor 1: sequences, from FASTA to tables; backgrounds; attributions to their letters."""

from sklearn_deeplifft.sequences._agreement import (
    cosine,
    localisation_aupr,
    localisation_auroc,
    simplex_angles,
)
from sklearn_deeplifft.sequences._alphabet import (
    DNA,
    PROTEIN,
    RNA,
    Alphabet,
    find_alphabet,
    require_letters,
)
from sklearn_deeplifft.sequences._attributions import (
    Attributions,
    deep_lift,
    expected_gradients,
    integrated_gradients,
    mutagenesis,
    saliency,
    smooth_grad,
)
from sklearn_deeplifft.sequences._background import Background, background
from sklearn_deeplifft.sequences._bed import read_bed
from sklearn_deeplifft.sequences._encoder import SequenceEncoder
from sklearn_deeplifft.sequences._extras import extra_module
from sklearn_deeplifft.sequences._fasta import Fasta, read_fasta
from sklearn_deeplifft.sequences._filters import FilterMotifs, filter_motifs
from sklearn_deeplifft.sequences._kmers import KmerCounter
from sklearn_deeplifft.sequences._model_inputs import Reading
from sklearn_deeplifft.sequences._positions import position_groups
from sklearn_deeplifft.sequences._random import gc_matched, permute, profile_sample
from sklearn_deeplifft.sequences._shuffle import dinucleotide_shuffle, n_distinct_shuffles
from sklearn_deeplifft.sequences._texts import as_texts, equal_length
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
    "Attributions",
    "Background",
    "Fasta",
    "FilterMotifs",
    "KmerCounter",
    "Motif",
    "MotifCounter",
    "Reading",
    "SequenceEncoder",
    "as_texts",
    "background",
    "cosine",
    "deep_lift",
    "dinucleotide_shuffle",
    "equal_length",
    "expected_gradients",
    "extra_module",
    "filter_motifs",
    "find_alphabet",
    "gc_matched",
    "integrated_gradients",
    "localisation_aupr",
    "localisation_auroc",
    "mutagenesis",
    "n_distinct_shuffles",
    "permute",
    "position_groups",
    "profile_sample",
    "read_bed",
    "read_fasta",
    "read_motifs",
    "require_letters",
    "saliency",
    "similarity_families",
    "simplex_angles",
    "smooth_grad",
    "write_bed",
]
