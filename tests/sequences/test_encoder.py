"""Sequences to columns and back."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator

from sklearn_deeplifft import FeatureSelectionWarning
from sklearn_deeplifft.sequences import (
    Fasta,
    KmerCounter,
    MotifCounter,
    SequenceEncoder,
    position_groups,
)

IUPAC = "NRYSWKMBDHV"


def oracle(texts, letters, length, before=lambda text: 0, unknown=0.0):
    """Letter by letter: column K l + a of a sequence that begins at ``before(text)``."""
    K = len(letters)
    out = np.full((len(texts), K * length), unknown)
    for n, text in enumerate(texts):
        for i, letter in enumerate(text.upper()):
            if letter in letters:
                place = i + before(text)
                out[n, K * place : K * (place + 1)] = 0
                out[n, K * place + letters.index(letter)] = 1
    return out


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*no known letter:sklearn_deeplifft.FeatureSelectionWarning")
@given(st.lists(st.text(alphabet="acgtACGT" + IUPAC, max_size=9), min_size=1, max_size=5))
def test_columns(texts):
    encoder = SequenceEncoder(length=9).fit(texts)
    np.testing.assert_array_equal(encoder.transform(texts), oracle(texts, "ACGT", 9))


@pytest.mark.parametrize("alphabet", ["DNA", "ACGT", "tgca"])
@pytest.mark.parametrize("unknown", ["zero", "uniform"])
@pytest.mark.parametrize("pad", ["right", "both"])
def test_padding_and_unknown_letters(alphabet, unknown, pad):
    texts = ["acg", "TTNCA", "ttnc", "N"]
    encoder = SequenceEncoder(alphabet, length=6, pad=pad, unknown=unknown, dtype="float64")
    letters = alphabet.upper().replace("DNA", "ACGT")
    before = {"right": lambda text: 0, "both": lambda text: (6 - len(text)) // 2}[pad]
    expected = oracle(texts, letters, 6, before, {"zero": 0.0, "uniform": 0.25}[unknown])
    with pytest.warns(FeatureSelectionWarning, match="1 of 4 sequences hold no known letter"):
        dense = encoder.fit_transform(texts)
    np.testing.assert_array_equal(dense, expected)
    with pytest.warns(FeatureSelectionWarning):
        sparse = clone(encoder).set_params(sparse_output=True).fit_transform(texts)
    assert isinstance(sparse, sp.csr_array)
    assert sparse.nnz == np.count_nonzero(expected)
    np.testing.assert_array_equal(sparse.toarray(), expected)


@pytest.mark.parametrize("upper", [False, True])
@pytest.mark.parametrize("name", ["DNA", "RNA", "protein"])
def test_names_of_alphabets_are_of_either_case(name, upper):
    letters = {"DNA": "ACGT", "RNA": "ACGU", "protein": "ACDEFGHIKLMNPQRSTVWY"}[name]
    encoder = SequenceEncoder(name.upper() if upper else name.lower())
    encoded = encoder.fit_transform([letters])
    np.testing.assert_array_equal(encoded, np.eye(len(letters)).reshape(1, -1))
    assert encoder.letters_ == letters


@pytest.mark.parametrize("kind", [list, tuple, np.array, pd.Series, lambda t: np.array(t, object)])
def test_containers(kind):
    texts = ["ACG", "TTN"]
    expected = oracle(texts, "ACGT", 3)
    np.testing.assert_array_equal(SequenceEncoder().fit_transform(kind(texts)), expected)
    as_bytes = kind([text.encode() for text in texts])
    np.testing.assert_array_equal(SequenceEncoder().fit_transform(as_bytes), expected)


def test_a_generator_is_gone_through_once():
    texts = ["ACGT", "GGTA"]
    for one in (
        SequenceEncoder(),
        KmerCounter(2),
        MotifCounter({"A": [[9], [0], [0], [0]]}, p_value=0.4),
    ):
        found, same = (one.fit_transform(X) for X in ((text for text in texts), texts))
        np.testing.assert_array_equal(*(sp.csr_array(table).toarray() for table in (found, same)))
        assert found.shape[0] == 2
    model = make_pipeline(SequenceEncoder(), LogisticRegression()).fit(iter(texts), [0, 1])
    assert model.predict(texts).tolist() == [0, 1]
    series = pd.Series(texts, index=[5, 6])
    frame = SequenceEncoder().set_output(transform="pandas").fit_transform(series)
    assert frame.index.tolist() == [5, 6]


def test_dtypes():
    for dtype in ("uint8", "float32", "float64", np.float32):
        assert SequenceEncoder(dtype=dtype).fit_transform(["ACGT"]).dtype == np.dtype(dtype)
    assert SequenceEncoder().fit_transform(["ACGT"]).dtype == np.float32


def test_u_as_t():
    dna = SequenceEncoder(u_is_t=True).fit(["ACGU"])
    np.testing.assert_array_equal(dna.transform(["ACGU"]), dna.transform(["ACGT"]))
    rna = SequenceEncoder("RNA", u_is_t=True).fit(["ACGT"])
    assert rna.inverse_transform(rna.transform(["ACGT"])).tolist() == ["ACGU"]


def test_round_trip():
    texts = ["ACGTN", "nnACG"]
    encoder = SequenceEncoder(sparse_output=True).fit(texts)
    back = encoder.inverse_transform(encoder.transform(texts))
    assert back.tolist() == ["ACGTN", "NNACG"]
    assert encoder.inverse_transform(encoder.transform(texts).toarray()).tolist() == back.tolist()
    protein = SequenceEncoder("protein", unknown="uniform").fit(["MKWX"])
    assert protein.inverse_transform(protein.transform(["MKWX"])).tolist() == ["MKWX"]


def test_the_largest_value_may_be_negative():
    """As of scores that all speak against; N was written."""
    encoder = SequenceEncoder().fit(["ACG"])
    rows = [
        [-1, -3, -2, -4, -2, -2, -5, -5, 0, -1, 0, -2],
        [-4, -3, -2, -1, -1, 0, -1, -1, *[-1] * 4],
    ]
    assert encoder.inverse_transform(np.array(rows, dtype=float)).tolist() == ["ANN", "TCN"]


def test_names_are_in_the_order_of_the_columns():
    encoder = SequenceEncoder().fit(["ACGT" * 5])
    names = encoder.get_feature_names_out()
    assert len(names) == encoder.n_features_out_ == 80
    row = encoder.transform(["A" * 17 + "GAA"])[0]
    assert "p17=G" in names[row == 1]
    blocks = position_groups(20)
    assert [names[block[0]] for block in blocks] == [f"p{i}=A" for i in range(20)]


def test_in_a_pipeline():
    texts = ["ACG", "ACT", "TTG", "TTT"] * 3
    model = make_pipeline(SequenceEncoder(), LogisticRegression()).fit(texts, [0, 0, 1, 1] * 3)
    assert model.predict(["ACC", "TTC"]).tolist() == [0, 1]
    frame = SequenceEncoder().set_output(transform="pandas").fit_transform(texts)
    assert frame.columns[5] == "p1=C"


def test_what_scikit_learn_asks_of_a_transformer_of_strings():
    with pytest.warns(UserWarning, match="Can't test estimator"):
        check_estimator(SequenceEncoder())
    assert SequenceEncoder().__sklearn_tags__().input_tags.string
    with pytest.raises(NotFittedError):
        SequenceEncoder().transform(["A"])
    encoder = SequenceEncoder(length=5)
    assert encoder.fit(["ACG"]) is encoder
    assert encoder.length == 5


@pytest.mark.parametrize(
    ("params", "texts", "message"),
    [
        ({}, "ACGT", r"X is one string, 'ACGT'; pass a list of sequences, \[sequence\] for one"),
        ({}, np.zeros((2, 3)), r"X is a ndarray of shape \(2, 3\); sequences are strings"),
        ({}, pd.DataFrame({"s": ["A"]}), r"a DataFrame of shape \(1, 1\).*of a frame, the column"),
        ({}, 3, "X is 3; sequences are strings"),
        ({}, {"GATA": "ACGT"}, r"X is a dict; pass the sequences in it, list\(X\.values\(\)\)"),
        ({}, Fasta(["a"], ["ACGT"]), r"X is a Fasta; pass the sequences in it, X\.sequences"),
        ({}, [], "X holds no sequence; pass at least one"),
        ({}, ["", ""], "every sequence of X is empty"),
        ({}, ["ACG", None], "row 1 of X is None, of type NoneType; .* drop rows without one"),
        ({}, ["ACG", "AĈG"], "row 1 of X holds 'Ĉ' at position 1"),
        ({}, ["ACG", b"A\xffG"], "row 1 of X holds bytes beyond ASCII"),
        ({}, ["ACG", "AC"], r"of 2 to 3 letters \(row 1 and row 0\).* pass length=3 to pad"),
        ({"length": 2}, ["AC", "ACG"], r"1 of 2 sequences are longer than 2 \(row 1: 3 letters"),
        ({}, ["AC", "A-"], r"row 1 of X holds '-' at position 1 \(1 of 2 rows .* gaps of an"),
        ({}, ["A*", "*A"], r"row 0 of X holds '\*' at position 1 \(2 of 2 rows"),
        ({}, ["A1"], "sequences hold letters alone"),
        ({}, ["A "], "row 0 of X holds ' ' at position 1"),
        ({}, ["ACGU"], "row 0 of X holds 'U' at position 3 .* pass u_is_t=True"),
        ({"alphabet": "RNA"}, ["ACGT"], "the letters of RNA are ACGU.* pass u_is_t=True"),
        ({}, ["MKLE"], "holds 'L' .* pass the alphabet that the sequences are written in"),
        ({"alphabet": "protein"}, ["MK*"], r"cut proteins at their stop, '\*', first"),
        ({"unknown": "error"}, ["AN"], "stands for any of several letters"),
        ({"alphabet": "A"}, ["A"], "two or more distinct letters"),
        ({"alphabet": "A1"}, ["A"], "two or more distinct letters"),
        ({"alphabet": "aA"}, ["A"], "holds 'A' twice"),
        ({"alphabet": "AB", "u_is_t": True}, ["A"], "u_is_t=True is for DNA and RNA"),
        ({"alphabet": "protein", "u_is_t": True}, ["A"], "not for proteins"),
        ({"unknown": "uniform", "dtype": "uint8"}, ["A"], "cannot hold 1 / K"),
        ({"dtype": "U5"}, ["A"], "dtype='U5'; pass 'float32'"),
        ({"dtype": "floaty"}, ["A"], "dtype='floaty'; pass 'float32'"),
        ({"length": 0}, ["A"], "'length' parameter"),
        ({"pad": "left"}, ["A"], "'pad' parameter"),
    ],
)
def test_refusals(params, texts, message):
    with pytest.raises(ValueError, match=message):
        SequenceEncoder(**params).fit(texts)


def test_refusals_after_fit():
    encoder = SequenceEncoder().fit(["ACG"])
    with pytest.raises(ValueError, match="1 of 1 sequences are longer than 3"):
        encoder.transform(["ACGT"])
    with pytest.raises(ValueError, match=r"X has 5 columns; .* 3 positions and 4 letters have 12"):
        encoder.inverse_transform(np.zeros((1, 5)))


def test_rows_without_a_letter_are_told():
    encoder = SequenceEncoder(length=3).fit(["ACG", "NNN", ""])
    with pytest.warns(FeatureSelectionWarning, match=r"2 of 3 sequences hold no known.*row 1, 2"):
        assert encoder.transform(["ACG", "NNN", ""]).sum() == 3


def test_no_rows_are_no_rows():
    encoder = SequenceEncoder().fit(["ACG"])
    assert encoder.transform([]).shape == (0, 12)
    assert encoder.inverse_transform(np.zeros((0, 12))).shape == (0,)
