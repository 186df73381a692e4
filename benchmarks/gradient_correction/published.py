"""The published networks, and the sequences that they were trained to tell apart, drawn anew.

The data set itself is in no snapshot of the repository; its recipe is. Seed 22 chooses the motifs
of the background as there, and draws sequences of the same distribution.
"""

import gzip
from pathlib import Path
from typing import NamedTuple

import numpy as np

from sklearn_deeplifft import networks
from sklearn_deeplifft.datasets import make_billboard_sequences

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
CORE = ("SP1", "Gabpa", "CEBPB", "MAX", "YY1")
LEFT_OUT = {4, 5, 12, 15, 17, 18, 20, 36, 42, 60}
"""Matrices that the recipe leaves out of the background, by their place in the file."""

SEED, LENGTH = 22, 200


class Sequences(NamedTuple):
    X: np.ndarray
    """(n, 800), uint8."""
    y: np.ndarray
    truth: np.ndarray
    """(n, 4, 200): what each letter was drawn from."""

    def rows(self, index):
        return Sequences(self.X[index], self.y[index], self.truth[index])


def matrices(folder=None):
    """JASPAR 2016 as the generator read it: mapping of name to counts (4, width)."""
    path = Path(folder or DATA) / "jaspar2016_pfm" / "pfm_vertebrates.txt.gz"
    found = {}
    with gzip.open(path, "rt") as file:
        for line in file:
            if line.startswith(">"):
                name = line.split()[1]
                found[name] = []
            elif line.strip():
                found[name].append(line.replace("[", " ").replace("]", " ").split()[1:])
    return {name: np.array(rows, dtype=float) for name, rows in found.items()}


def sequences(n, folder=None, random_state=SEED):
    """Sequences of five core motifs, and of these and fifty others, half each."""
    motifs = matrices(folder)
    names = list(motifs)
    drawn = np.random.RandomState(SEED).permutation(len(names))[:65].tolist()
    others = list(set(drawn) - LEFT_OUT)[:50]
    core = {name: motifs[name] for name in CORE}
    background = {f"{names[i]} {i}": motifs[names[i]] for i in others}
    data = make_billboard_sequences(core, background, n, LENGTH, random_state=random_state)
    return Sequences(data.X, data.y, data.truth)


def published_networks(folder=None):
    """The eight given networks by name."""
    paths = sorted((Path(folder or DATA) / "gradient_correction_weights").glob("*.h5"))
    return {path.stem: networks.from_keras(path) for path in paths}
