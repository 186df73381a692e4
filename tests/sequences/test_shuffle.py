"""Dinucleotide shuffles: which are reached, how often, and how many there are."""

from collections import Counter
from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from sklearn_deeplifft import FeatureSelectionWarning
from sklearn_deeplifft.sequences import dinucleotide_shuffle, n_distinct_shuffles


def reachable(text):
    """Every sequence with the same ends and pairs, found by trying every order of the letters."""
    pairs = Counter(pairwise(text))
    inner = {"".join(order) for order in permutations(text[1:-1])}
    orders = (text[0] + order + text[-1] for order in inner)
    return {order for order in orders if Counter(pairwise(order)) == pairs}


def walks(text):
    """The same by walking along pairs that are left, for longer ones."""
    found, left = set(), Counter(pairwise(text))

    def walk(path):
        if len(path) == len(text):
            found.add(path)
            return
        for pair in [pair for pair, n in left.items() if n and pair[0] == path[-1]]:
            left[pair] -= 1
            walk(path + pair[1])
            left[pair] += 1

    walk(text[0])
    return found


WORDS = ("AACCAGGATCA", "ACCCACGATGATG")


def test_the_two_oracles_agree():
    for text in ("AACCAGGA", "ACGTA", "AAAA", "CACGATG"):
        assert walks(text) == reachable(text)
    assert [len(walks(text)) for text in WORDS] == [48, 27]


@pytest.mark.slow
@given(st.text(alphabet="ACGT", min_size=1, max_size=10))
def test_the_number_of_shuffles(text):
    assert np.exp(n_distinct_shuffles([text])) == pytest.approx(len(walks(text)))


@pytest.mark.parametrize("text", WORDS)
def test_every_shuffle_is_reached_equally_often(text):
    drawn = Counter(dinucleotide_shuffle([text], 4000, random_state=0))
    assert set(drawn) == walks(text)
    assert chisquare([*drawn.values()]).pvalue > 0.001


def test_equally_often_among_rows_of_other_lengths_and_of_proteins():
    texts = ["ACGTACGGTCA", WORDS[0], "GT", "", "ACNCATTACAGNAA"]
    with pytest.warns(FeatureSelectionWarning, match="2 of 5 sequences have one"):
        drawn = dinucleotide_shuffle(texts, 1500, random_state=1)
    assert [len(text) for text in drawn[::1500]] == [len(text) for text in texts]
    counts = Counter(drawn[1500:3000])
    assert set(counts) == walks(WORDS[0])
    assert chisquare([*counts.values()]).pvalue > 0.001
    parts = {tuple(text.split("N")) for text in drawn[-1500:]}
    assert parts == {("AC", middle, "AA") for middle in walks("CATTACAG")}
    protein = "MKWVMKTLVMK"
    drawn = Counter(dinucleotide_shuffle([protein], 1500, 0, alphabet="protein"))
    assert set(drawn) == walks(protein)
    same = dinucleotide_shuffle([protein], 1500, 0, alphabet="PROTEIN")
    assert Counter(same) == drawn
    assert chisquare([*drawn.values()]).pvalue > 0.001


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*have one dinuc:sklearn_deeplifft.FeatureSelectionWarning")
@given(
    st.lists(st.text(alphabet="ACGTN", max_size=30), min_size=1, max_size=6),
    st.integers(1, 3),
)
def test_ends_pairs_and_unknown_letters_stay(texts, n):
    drawn = dinucleotide_shuffle(texts, n, random_state=0)
    assert len(drawn) == n * len(texts)
    for i, text in enumerate(drawn):
        source = texts[i // n]
        assert Counter(pairwise(text)) == Counter(pairwise(source))
        assert [c == "N" for c in text] == [c == "N" for c in source]
        for part, other in zip(text.split("N"), source.split("N"), strict=True):
            assert (part[:1], part[-1:]) == (other[:1], other[-1:])


def test_counts_of_long_and_of_many_sequences():
    rng = np.random.default_rng(0)
    texts = ["".join(row) for row in rng.choice([*"ACGT"], size=(1200, 50))]
    drawn = dinucleotide_shuffle(texts, random_state=0)
    assert all(
        Counter(pairwise(a)) == Counter(pairwise(b)) for a, b in zip(texts, drawn, strict=True)
    )
    assert sum(a == b for a, b in zip(texts, drawn, strict=True)) == 0
    assert 100 < n_distinct_shuffles(["".join(texts[:10])])[0] < 1000


def test_stretches_multiply():
    both = n_distinct_shuffles([f"{WORDS[0]}NN{WORDS[1]}"])
    assert both == pytest.approx(n_distinct_shuffles(WORDS).sum())


def test_seeds_and_case():
    first = dinucleotide_shuffle(["aaccaggatca"], 3, random_state=5)
    assert first == dinucleotide_shuffle([b"AACCAGGATCA"], 3, random_state=5)
    assert first != dinucleotide_shuffle(["aaccaggatca"], 3, random_state=6)
    shared = np.random.RandomState(5)
    assert dinucleotide_shuffle(WORDS, 3, shared) != dinucleotide_shuffle(WORDS, 3, shared)


def test_sequences_with_one_shuffle_are_told():
    with pytest.warns(FeatureSelectionWarning, match=r"2 of 3 sequences have one.*row 0, 2"):
        drawn = dinucleotide_shuffle(["ACTGACTGACTG", WORDS[0], "NNN"], random_state=0)
    assert drawn[::2] == ["ACTGACTGACTG", "NNN"]


@pytest.mark.parametrize(
    ("texts", "params", "message"),
    [
        ([], {}, "X holds no sequence"),
        (["ACG-"], {}, "row 0 of X holds '-'"),
        (["ACG"], {"n": 0}, "n=0; pass a whole number of at least 1"),
        (["ACGU"], {}, "holds 'U' .*: write U as T, or pass alphabet='RNA'\\.$"),
        (["ACGT"], {"alphabet": "rna"}, ": write T as U, or pass alphabet='DNA'\\.$"),
        (["MKLE"], {}, "pass the alphabet that the sequences are written in"),
    ],
)
def test_refusals(texts, params, message):
    with pytest.raises(ValueError, match=message):
        dinucleotide_shuffle(texts, **params)
