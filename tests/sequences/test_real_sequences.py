"""What is known of real and of simulated sequences, and comes back from them."""

import gzip
import re
from pathlib import Path

import numpy as np
import pytest

from sklearn_deeplifft import DeepLIFFTSelector, networks
from sklearn_deeplifft.sequences import (
    SequenceEncoder,
    deep_lift,
    integrated_gradients,
    localisation_auroc,
    position_groups,
    read_fasta,
    saliency,
)

DATA = Path(__file__).parents[3] / "shared" / "data"
pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not DATA.exists(), reason="../shared/data is not here"),
]


def importance_by_group(texts, y, groups, **settings):
    """Share of each group of positions, four networks."""
    X = SequenceEncoder(dtype="float32", unknown="uniform").fit_transform(texts)
    ensemble = DeepLIFFTSelector.default_estimator(n_networks=4)
    selector = DeepLIFFTSelector(
        ensemble, feature_groups=groups, simplex_groups=groups, random_state=0, **settings
    ).fit(X, y)
    firsts = [block[0] for block in selector.feature_groups_]
    share = selector.feature_importances_[firsts]
    return share / share.sum()


def test_splice_sites_are_the_two_letters_on_either_side():
    """Positions -2, -1, +1 and +2 of the junction, which lies between letters 30 and 31."""
    with gzip.open(DATA / "splice_uci" / "splice.data.gz", "rt") as file:
        rows = sorted({tuple(part.strip() for part in line.split(","))[::2] for line in file})
    y, texts = zip(*rows, strict=True)
    texts = [re.sub("[^ACGT]", "N", text) for text in texts]
    share = importance_by_group(texts, np.array(y), position_groups(60))
    order = np.argsort(-share)
    assert set(order[:4].tolist()) == {28, 29, 30, 31}
    assert share[order[3]] > share[order[4]]


def test_the_tata_box_is_where_promoters_have_it():
    """Letters 160 to 179 of 251, 40 to 20 before the start of transcription."""
    kinds = ("tata", "non_tata")
    read = [
        read_fasta(DATA / "promoters_arabidopsis" / f"Arabidopsis_{kind}.fa.gz")[1]
        for kind in kinds
    ]
    n = min(map(len, read))
    texts = [text for part in read for text in part[:n]]
    share = importance_by_group(
        texts, np.repeat(kinds, n), position_groups(251, window=10), step=None
    )
    assert len(share) == 26
    assert share[16] + share[17] >= 0.9


def test_attributions_of_the_network_of_deeplift_lie_on_its_motifs():
    """Areas of positions, sequences that hold both motifs, the task of both."""
    folder = DATA / "deeplift_sim"
    network = networks.from_keras(next(folder.glob("*.h5")))
    with gzip.open(folder / "test.txt.gz", "rt") as file:
        tested = set(file.read().split())
    with gzip.open(folder / "sequences.simdata.gz", "rt") as file:
        rows = [line.rstrip("\n").split("\t") for line in file]
    rows = [row for row in rows if row[0] in tested and row[3] == "1"]
    X = SequenceEncoder(dtype="float32").fit_transform([row[1] for row in rows])
    motifs = np.zeros((len(rows), 200), dtype=bool)
    for i, row in enumerate(rows):
        for start, word in re.findall(r"pos-(\d+)_\w+-([ACGT]+)", row[2]):
            motifs[i, int(start) : int(start) + len(word)] = True
    for method, known in [(saliency, 0.676), (integrated_gradients, 0.725), (deep_lift, 0.685)]:
        scores = method(network, X, output=0, times_input=True).scores
        area = localisation_auroc(scores, motifs).mean()
        assert area == pytest.approx(known, abs=0.03)
