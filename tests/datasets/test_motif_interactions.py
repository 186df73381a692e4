"""Sequences of two motifs and a rule: cells, classes, places, and what the truth says."""

import numpy as np
import pytest

from sklearn_deeplifft.datasets import make_motif_interactions

WORDS = {"A": "GGATTA", "B": "CACGTG", "C": "TTTCCC", "D": "AGAGAG"}
MOTIFS = {
    name: np.array([list(word)] * 4) == np.array([*"ACGT"])[:, None] for name, word in WORDS.items()
}
CLASSES = {"and": [0, 0, 0, 1], "or": [0, 1, 1, 1], "xor": [0, 1, 1, 0], "a_not_b": [0, 1, 0, 0]}


def make(rule, n=200, **settings):
    settings = {"motifs": MOTIFS, "label_noise": 0, "random_state": 0} | settings
    return make_motif_interactions(rule, n, 40, **settings)


@pytest.mark.parametrize("rule", CLASSES)
def test_classes_follow_the_rule(rule):
    data = make(rule)
    assert data.cell_counts == {"neither": 50, "first": 50, "second": 50, "both": 50}
    np.testing.assert_array_equal(data.y, np.array(CLASSES[rule])[data.cells])
    for text, cell in zip(data.sequences, data.cells, strict=True):
        assert ("GGATTA" in text) >= (cell % 2 == 1)
        assert ("CACGTG" in text) >= (cell >= 2)


def test_letters_and_tracks_are_of_the_truth():
    data = make("or", decoys=2)
    assert (data.X.dtype, data.X.shape) == (np.uint8, (200, 160))
    assert data.tracks.shape == (200, 4, 40)
    np.testing.assert_allclose(data.truth.sum(1), 1, atol=1e-6)
    assert (data.tracks.sum(1) <= 1).all()  # motifs do not overlap
    np.testing.assert_array_equal(data.tracks.any(1), (data.truth != 0.25).any(1))
    np.testing.assert_array_equal(data.tracks.any(2)[:, 0], data.cells % 2 == 1)
    np.testing.assert_array_equal(data.tracks.any(2)[:, 1], data.cells >= 2)
    one_hot = data.X.reshape(200, 40, 4).transpose(0, 2, 1)
    assert ((data.truth > 0) >= one_hot).all()
    share = data.tracks.any(2)[:, 2:].mean(0)
    np.testing.assert_allclose(share, 0.5, atol=0.12)


@pytest.mark.parametrize(("rule", "cells"), [("and", [3]), ("or", [1, 2, 3]), ("xor", [1, 2])])
def test_empty_negatives_hold_neither(rule, cells):
    data = make(rule, 240, negatives="empty")
    assert set(data.cells[data.y == 0]) == {0}
    assert data.y.mean() == 0.5
    counts = np.bincount(data.cells[data.y == 1], minlength=4)
    assert set(np.flatnonzero(counts)) == set(cells)
    assert len(set(counts[counts > 0])) == 1


def test_additive_has_no_interaction_on_the_logit():
    data = make("additive", 1600, random_state=1)
    p = np.array([data.y[data.cells == cell].mean() for cell in range(4)])
    z = np.log(p / (1 - p))
    np.testing.assert_allclose(z, [-2, 0, 0, 2], atol=0.4)
    empty = make("additive", negatives="empty")
    np.testing.assert_array_equal(empty.y, empty.cells > 0)
    np.testing.assert_array_equal(empty.cells, make("or", negatives="empty").cells)


@pytest.mark.parametrize("rule", ["spacing", "order"])
def test_arrangements_decide_among_sequences_with_both(rule):
    data = make(rule, max_distance=5)
    first, second = (data.tracks[:, i].argmax(1) for i in (0, 1))
    gap = np.maximum(first, second) - np.minimum(first, second) - 6
    both = data.cells == 3
    holds = both & (gap <= 5 if rule == "spacing" else first < second)
    np.testing.assert_array_equal(data.y, holds)
    assert data.y.sum() == 25


def test_noise_exchanges_labels_and_seeds_repeat():
    data = make("and", 1000, label_noise=0.1)
    assert 0.07 < (data.y != data.y_true).mean() < 0.13
    again = make("and", 1000, label_noise=0.1)
    for one, other in zip(data[:6], again[:6], strict=True):
        np.testing.assert_array_equal(one, other)
    own = make_motif_interactions(n_samples=8, random_state=0)
    assert own.motifs["second"].argmax(0).tolist() == ["ACGT".index(a) for a in "TTGCGCAAT"]
    np.testing.assert_allclose(own.motifs["first"].sum(0), 1)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rule": "nand"}, "rule='nand' must be one of"),
        ({"negatives": "none"}, "negatives='none' must be one of"),
        ({"decoys": 2}, "decoys=2 needs 4 motifs, and there are 3"),
        ({"label_noise": 0.5}, "label_noise=0.5 must be a share"),
        ({"length": 20}, "length=20 is too short for motifs of"),
        ({"n_samples": 2}, "n_samples=2 is no whole number of 8"),
        ({"motifs": {"A": [[1]] * 4}}, "needs 3 motifs, and there are 1"),
        ({"motifs": {"A": [[0]] * 4, "B": [[1]] * 4, "C": [[1]] * 4}}, "'A' has no letter"),
        ({"rule": "spacing", "max_distance": 200}, "lie otherwise in sequences of 120"),
    ],
)
def test_refuses(settings, message):
    with pytest.raises(ValueError, match=message):
        make_motif_interactions(**{"n_samples": 8, "random_state": 0} | settings)
