"""Counts of words against counting by hand."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.exceptions import NotFittedError

from sklearn_deeplifft import FeatureSelectionWarning
from sklearn_deeplifft.sequences import KmerCounter
from sklearn_deeplifft.sequences import _kmers as module


def complement(word):
    return word.translate(str.maketrans("ACGTU", "TGCAA"))[::-1]


def oracle(texts, k, canonical):
    words = ["".join(word) for word in product("ACGT", repeat=k)]
    if canonical:
        words = [word for word in words if word <= complement(word)]
    counts = np.zeros((len(texts), len(words)), dtype=int)
    for n, text in enumerate(texts):
        for i in range(len(text) - k + 1):
            word = text[i : i + k].upper()
            word = min(word, complement(word)) if canonical else word
            if word in words:
                counts[n, words.index(word)] += 1
    return words, counts


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*hold no word:sklearn_deeplifft.FeatureSelectionWarning")
@given(
    st.lists(st.text(alphabet="ACGTacgtN", max_size=12), min_size=1, max_size=5),
    st.integers(1, 3),
    st.booleans(),
)
def test_counts(texts, k, canonical):
    counter = KmerCounter(k, canonical).fit(["ACGT"])
    words, counts = oracle(texts, k, canonical)
    found = counter.transform(texts)
    assert counter.get_feature_names_out().tolist() == words
    assert found.dtype == np.int32
    assert found.has_canonical_format
    np.testing.assert_array_equal(found.toarray(), counts)


def test_blocks(monkeypatch):
    rng = np.random.default_rng(0)
    texts = ["".join(rng.choice([*"ACGTN"], size=n)) for n in rng.integers(9, 40, size=60)]
    whole = KmerCounter(2).fit(texts).transform(texts)
    monkeypatch.setattr(module, "LETTERS_AT_A_TIME", 50)
    blocks = KmerCounter(2).fit(texts).transform(texts)
    assert (whole != blocks).nnz == 0
    assert blocks.shape == whole.shape


def test_other_alphabets():
    rna = KmerCounter(2, alphabet="RNA").fit(["ACGU"])
    assert rna.transform(["AAUU"]).sum() == 3
    assert "UU" not in rna.words_
    assert KmerCounter(2, alphabet="rna").fit(["ACGU"]).words_.tolist() == rna.words_.tolist()
    protein = KmerCounter(2, False, alphabet="protein").fit(["MKM"])
    assert protein.transform(["MKMK"]).data.tolist() == [1, 2]


@pytest.mark.parametrize(("name", "letters"), [("DNA", "ACGT"), ("RNA", "acgu")])
def test_letters_of_dna_are_dna(name, letters):
    texts = [letters * 2, letters[::-1] + "N"]
    named, spelled = (KmerCounter(2, alphabet=alphabet).fit(texts) for alphabet in (name, letters))
    assert named.words_.tolist() == spelled.words_.tolist()
    np.testing.assert_array_equal(*(one.transform(texts).toarray() for one in (named, spelled)))


def test_what_has_no_words_is_told():
    counter = KmerCounter(3).fit(["ACGT"])
    with pytest.warns(FeatureSelectionWarning, match=r"3 of 4 sequences hold no word.*row 0, 1, 3"):
        counts = counter.transform(["AC", "NNNN", "ACG", ""])
    assert counts.sum(axis=1).tolist() == [0, 0, 1, 0]


@pytest.mark.parametrize(
    ("params", "texts", "message"),
    [
        ({"k": 5}, ["ACGT", "A"], "k=5 is longer than every sequence of X, .* has 4 letters"),
        ({"k": 13}, ["A" * 20], r"4\*\*13 words, more than 16,777,216; pass k=12"),
        ({"k": 0}, ["A"], "'k' parameter"),
        ({"k": 1, "alphabet": "protein"}, ["M"], "pass canonical=False"),
        ({"k": 1, "alphabet": "TGCA"}, ["A"], "known of ACGT and ACGU and not of TGCA; pass can"),
        ({"k": 1}, [], "X holds no sequence"),
        ({"k": 1}, ["A*"], "row 0 of X holds"),
    ],
)
def test_refusals(params, texts, message):
    with pytest.raises(ValueError, match=message):
        KmerCounter(**params).fit(texts)
    with pytest.raises(NotFittedError):
        KmerCounter(**params).transform(texts)
