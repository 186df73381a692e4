"""A threshold lets no more sites through than it promises, counted over all words."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from sklearn_deeplifft import FeatureSelectionWarning
from sklearn_deeplifft.sequences import MotifCounter
from tests.sequences.motifs import _oracle
from tests.sequences.motifs.test_counter import matrices

pytest.importorskip("lightmotif", reason="counting motifs needs the extra sequences")


def word(letters, sites=9):
    return sites * np.array([[own == letter for own in letters] for letter in "ACGT"], dtype=float)


def few(seed, w):
    """A matrix of few different numbers of sites."""
    return np.random.default_rng(seed).multinomial(3, [0.25] * 4, size=w).T


GATA = 0.96 * word("GATA", 1) + 0.01

RAX = [
    [214, 2412, 2412, 123, 71, 2412],
    [1281, 17, 38, 0, 71, 0],
    [25, 3, 12, 0, 49, 20],
    [1131, 40, 24, 2412, 2412, 126],
]
"""MA0718.2 of JASPAR."""

KINDS = {
    "GATA": GATA,
    "a word of 6": word("CACGTG"),
    "a word of 7": word("TGACTCA"),
    "a word of probabilities": word("TATAAT", 1),
    "few numbers, 5": few(0, 5),
    "few numbers, 7": few(1, 7),
    "flat but for a word": np.hstack([word("GCG", 40), np.tile([[10], [11], [10], [9]], 4)]),
    "flat": np.full((4, 3), 5),
} | matrices(widths=(4, 6))


def hits_of_all_words(counter):
    """Scores of all words, how often each is, and whether it is a hit."""
    C, b = counter.matrices_[0], counter.background_
    S = _oracle.log_odds(C, b)
    words = list(itertools.product(range(4), repeat=S.shape[1]))
    scores = np.array([sum(S[a, i] for i, a in enumerate(word)) for word in words])
    frequencies = np.array([np.prod([b[a] for a in word]) for word in words])
    hits = counter.transform(["".join("ACGT"[a] for a in word) for word in words])
    return scores, frequencies, hits.toarray()[:, 0] > 0


def most_within(scores, frequencies, p_value):
    """Words that hit at the lowest threshold that is within ``p_value``."""
    lumps = np.unique(scores.round(5))[::-1]
    of_lump = [frequencies[scores.round(5) == score].sum() for score in lumps]
    within = lumps[np.cumsum(of_lump) <= p_value * (1 + 1e-9)]
    return scores.round(5) >= within[-1] if len(within) else np.zeros(len(scores), dtype=bool)


@pytest.mark.filterwarnings("ignore:.*cannot reach p")
@pytest.mark.parametrize("background", [(0.25,) * 4, (0.4, 0.1, 0.1, 0.4)])
@pytest.mark.parametrize("kind", KINDS)
def test_no_threshold_is_reached_more_often_than_its_p_value(kind, background):
    for p_value in (0.1, 0.05, 0.01, 0.001):
        counter = MotifCounter(
            {kind: KINDS[kind]}, p_value=p_value, background=background, both_strands=False
        )
        rounded = counter.set_params(thresholds="rounded").fit().thresholds_[0]
        counter.set_params(thresholds="exact").fit()
        scores, frequencies, hits = hits_of_all_words(counter)
        most = most_within(scores, frequencies, p_value)
        assert not (hits & ~most).any()
        if counter.thresholds_[0] > rounded:
            # Raised no further than there is reason to, but for scores that are all but equal.
            assert frequencies[most & ~hits].sum() < 0.02 * p_value
        else:
            assert counter.thresholds_[0] == rounded


def test_a_word_is_counted_without_words_that_differ_in_a_letter():
    """Those that do are 12 of 256: with them it is .051 of all."""
    every = ["".join(letters) for letters in itertools.product("ACGT", repeat=4)]
    counter = MotifCounter({"GATA": GATA}, p_value=0.01, both_strands=False).fit()
    counts = counter.transform(every).toarray()[:, 0]
    assert [x for x, n in zip(every, counts, strict=True) if n] == ["GATA"]
    rounded = counter.set_params(thresholds="rounded").fit().transform(every)
    assert rounded.sum() == 13


def test_a_word_that_is_too_frequent_by_itself_is_said_to_be():
    """One of 4,096 words is no hit at a ten thousandth, though rounded scores have it so."""
    with pytest.warns(FeatureSelectionWarning, match="1 of 1 motifs cannot reach p = 0.0001"):
        counter = MotifCounter({"RAX": RAX}).fit()
    assert counter.transform(["CAATTA"]).sum() == 0
    assert counter.set_params(thresholds="rounded").fit().transform(["CAATTA"]).sum() == 1


def test_ordinary_motifs_keep_their_thresholds():
    """Of motifs of many different scores few are raised, and only where the rounded one is over."""
    rng = np.random.default_rng(0)
    C = {f"m{i}": rng.dirichlet([0.3] * 4, size=9).T * 200 + 1 for i in range(40)}
    own = MotifCounter(C, p_value=0.001, both_strands=False).fit()
    rounded = MotifCounter(C, p_value=0.001, thresholds="rounded").fit()
    assert (own.thresholds_ >= rounded.thresholds_).all()
    assert (own.thresholds_ > rounded.thresholds_).mean() < 0.3
