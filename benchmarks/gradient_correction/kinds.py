"""The eight networks, and sequences of the recipe that they were trained on."""

from __future__ import annotations

import gzip

import numpy as np

from benchmarks.common.motif_tables import table_file
from sklearn_deeplifft import networks
from sklearn_deeplifft.datasets import make_billboard_sequences

KINDS = ("deep_exp", "deep_relu", "shallow_exp", "shallow_relu")
CORE = ("SP1", "Gabpa", "CEBPB", "MAX", "YY1")
SEED = 22


def published(data=None, quick=False):
    """Kind and network of each file; in the quick form, one of a kind."""
    first = table_file(data, "gradient_correction_weights", "cnn_deep_relu_2.h5")
    paths = sorted(first.parent.glob("*_2.h5" if quick else "*.h5"))
    return [(kind_of(path.stem), networks.from_keras(path)) for path in paths]


def kind_of(stem):
    """``cnn_deep_exponential_2`` is of the kind ``deep_exp``."""
    _, depth, activation, _ = stem.split("_")
    return f"{depth}_{activation.replace('exponential', 'exp')}"


def positives(n, data=None):
    """Encoded sequences (n, 800) that hold core motifs, and their truth (n, 200, 4)."""
    motifs = matrices(data)
    core = {name: motifs[name] for name in CORE}
    others = np.random.RandomState(SEED).permutation(list(motifs))[:50]
    background = {name: motifs[name] for name in others}
    found = make_billboard_sequences(core, background, 2 * n, 200, random_state=SEED)
    chosen = found.y == 1
    return found.X[chosen].astype(np.float32), found.truth[chosen].transpose(0, 2, 1)


def matrices(data=None):
    """Counts (4, width) of each matrix of JASPAR 2016 by its name."""
    found = {}
    path = table_file(data, "jaspar2016_pfm", "pfm_vertebrates.txt.gz")
    for line in gzip.decompress(path.read_bytes()).decode().splitlines():
        if line.startswith(">"):
            name = line.split()[1]
            found[name] = []
        elif line.strip():
            found[name].append(line.replace("[", " ").replace("]", " ").split()[1:])
    return {name: np.array(rows, dtype=float) for name, rows in found.items()}
