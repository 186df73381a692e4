"""RNA probes as of RNAcompete: what trained networks say of copies and of hairpins.

41 letters, one motif, and a log intensity that is linear in the number of its sites; a site in a
stem, where its reverse complement pairs with it, is bound a fifth as well.
"""

import numpy as np
import pytest
from torch import nn

from sklearn_deeplifft import NetworkEnsembleRegressor
from sklearn_deeplifft.interventions.experiments import copies, hairpin, sequence_importance
from sklearn_deeplifft.networks import OneHotNetwork
from sklearn_deeplifft.sequences import SequenceEncoder

pytestmark = pytest.mark.long

L, MOTIF, PARTNER = 41, "GUAUGA", "UCAUAC"
ARM, PAIRED, NOISE = 8, 0.2, 0.2
PAIRS = dict(zip("ACGU", "UGCA", strict=True))


def probes(n, seed, plant):
    """Sequences and log intensities; ``plant`` writes into the row that it is given."""
    rng = np.random.default_rng(seed)
    rows = rng.choice(list("ACGU"), (n, L))
    intensity = rng.normal(0, NOISE, n)
    for i, row in enumerate(rows):
        intensity[i] += plant(row, rng)
    return ["".join(row) for row in rows], intensity


def sites(row, rng):
    """Number of sites that were written: one at most in each of five stretches."""
    number = rng.integers(5)
    for stretch in rng.permutation(5)[:number]:
        at = 8 * stretch + rng.integers(3)
        row[at : at + 6] = list(MOTIF)
    return number


def stems(row, rng):
    """How well the site is bound that was written into a hairpin; in every other row, `sites`."""
    if rng.integers(2):
        return sites(row, rng)
    first = rng.integers(L - 2 * ARM - 6 + 1)
    where = rng.choice(["loop", "left", "right", "none"])
    left, loop, right = first, first + ARM, first + ARM + 6
    at = rng.integers(ARM - 6 + 1)
    if where in ("left", "right"):
        row[left + at : left + at + 6] = list(MOTIF if where == "left" else PARTNER)
    row[right : right + ARM] = [PAIRS[letter] for letter in row[left : left + ARM][::-1]]
    if where == "loop":
        row[loop:right] = list(MOTIF)
    return {"loop": 1.0, "none": 0.0}.get(where, PAIRED)


def adds_up():
    """One number for each sequence, of what the filters find in the mean over it."""
    layers = {
        "conv1": nn.Conv1d(4, 24, 9, padding="same"),
        "norm1": nn.BatchNorm1d(24),
        "activation1": nn.ReLU(),
        "pool1": nn.AdaptiveAvgPool1d(1),
        "flatten": nn.Flatten(),
        "norm2": nn.BatchNorm1d(24),
        "dense": nn.Linear(24, 32),
        "activation2": nn.ReLU(),
        "output": nn.Linear(32, 1),
    }
    return OneHotNetwork(L, layers)


def trained(plant):
    """An ensemble of three networks."""
    encoder = SequenceEncoder(alphabet="RNA")
    texts, intensity = probes(6000, 0, plant)
    ensemble = NetworkEnsembleRegressor(
        adds_up(), n_networks=3, learning_rate=0.01, max_epochs=30, random_state=0
    )
    ensemble.fit(encoder.fit_transform(texts), intensity)
    texts, intensity = probes(1000, 1, plant)
    assert ensemble.score(encoder.transform(texts), intensity) > 0.85  # else nothing to ask
    return ensemble


def background(n=200, seed=2):
    rows = np.random.default_rng(seed).choice(list("ACGU"), (n, L))
    return ["".join(row) for row in rows]


def test_copies_are_straight_within_their_interval():
    experiment = copies(MOTIF, [9, 17, 25, 33])
    table = sequence_importance(trained(sites), background(), experiment, alphabet="RNA")
    effects = table[table["measure"] == "effect"].set_index("copies")["effect"]
    assert (effects.diff().fillna(effects[1]) > 0.5).all()
    bends = table[table["measure"] == "curvature"]
    assert len(bends) == 3
    # Three intervals of .95 hold together in .95 where each is 2.39 / 1.96 as wide (Bonferroni).
    wider = 0.22 * (bends["high"] - bends["low"]) / 2
    assert (bends["low"] - wider < 0).all()
    assert (bends["high"] + wider > 0).all()
    assert (bends["effect"].abs() < 0.2).all()  # and none is wide for nothing


def test_a_loop_is_bound_better_than_a_stem():
    experiment = hairpin(MOTIF, 9, stem=ARM)
    table = sequence_importance(trained(stems), background(), experiment, alphabet="RNA")
    table = table.set_index("place")
    for paired in ("loop - left", "loop - right", "loop - stem"):
        assert table.loc[paired, "low"] > 0
    assert table.loc["loop", "effect"] > table.loc[["left", "right"], "effect"].max()
