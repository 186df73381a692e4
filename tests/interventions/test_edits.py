"""Edits of encoded sequences: what they write, what they refuse; effects are whole ones."""

import numpy as np
import pytest
import torch
from torch import nn

from sklearn_deeplifft import FeatureSelectionWarning
from sklearn_deeplifft.interventions import (
    compose,
    embed,
    embed_many,
    intervention_effects,
    mutate,
    pairwise_epistasis,
    set_to,
    shuffle_region,
)
from sklearn_deeplifft.interventions._bind import bind
from sklearn_deeplifft.interventions._models import ensemble_of
from sklearn_deeplifft.perturbation import Local
from sklearn_deeplifft.sequences import SequenceEncoder

TEXTS = ["ACGTACGTACGT", "TTTTTTTTTTTT", "GATTACAGATTA", "CCGGAATTCCGG", "ACACACGTGTGT"]


def encoder(alphabet="DNA"):
    return SequenceEncoder(alphabet, length=12, dtype="float64")


def edited(edit, texts=TEXTS, alphabet="DNA"):
    encoded = encoder(alphabet).fit(texts)
    X = encoded.transform(texts)
    bound = bind(edit, X)
    X[:, bound.positions] = bound.apply(X[:, bound.positions])
    return encoded.inverse_transform(X).tolist()


def test_a_word_is_written_where_it_is_said():
    assert edited(embed("gata", 3)) == [t[:3] + "GATA" + t[7:] for t in TEXTS]


def test_the_other_strand_is_the_reverse_complement():
    assert edited(embed("GATTC", 2, "-")) == [t[:2] + "GAATC" + t[7:] for t in TEXTS]


def test_rna_has_its_own_letters():
    texts = [t.replace("T", "U") for t in TEXTS]
    assert edited(embed("GAU", 0, "-", alphabet="RNA"), texts, "RNA") == [
        "AUC" + t[3:] for t in texts
    ]


def test_any_letter_leaves_a_position_as_it_is():
    assert edited(embed("GNNA", 1)) == [t[:1] + "G" + t[2:4] + "A" + t[5:] for t in TEXTS]


def test_codes_of_several_letters_are_drawn_for_each_row():
    texts = ["A" * 12] * 200
    first = edited(embed("TYA", 4), texts)
    assert {t[:4] + t[6:] for t in first} == {"A" * 4 + "A" * 6} or {t[4] for t in first} == {"T"}
    assert {t[5] for t in first} == {"C", "T"}
    assert 70 < sum(t[5] == "C" for t in first) < 130
    assert edited(embed("TYA", 4), texts) == first
    assert edited(embed("TYA", 4, random_state=1), texts) != first


def test_a_matrix_writes_its_likeliest_word_or_draws():
    counts = [[8, 0, 1], [2, 0, 1], [0, 9, 1], [0, 0, 7]]
    assert edited(embed(counts, 0)) == ["AGT" + t[3:] for t in TEXTS]
    assert edited(embed(counts, 0, "-")) == ["ACT" + t[3:] for t in TEXTS]
    texts = ["C" * 12] * 400
    drawn = edited(embed(counts, 5, draw=True), texts)
    assert {t[6] for t in drawn} == {"G"}
    shares = [np.mean([t[5] == a for t in drawn]) for a in "ACGT"]
    np.testing.assert_allclose(shares, [0.8, 0.2, 0, 0], atol=0.06)


def test_equal_letters_of_a_matrix_are_paired_on_the_other_strand():
    counts = [[5, 0, 1, 2], [0, 2, 1, 2], [5, 2, 1, 0], [0, 2, 1, 0]]
    pairs = dict(zip("ACGT", "TGCA", strict=True))
    forward = edited(embed(counts, 3))[0][3:7]
    assert forward == "ACAA"
    backward = "".join(pairs[letter] for letter in reversed(forward))
    assert edited(embed(counts, 3, "-")) == [t[:3] + backward + t[7:] for t in TEXTS]


def test_rows_draw_the_same_in_any_batch():
    X = encoder().fit_transform(TEXTS)
    bound = bind(embed("RYSWKM", 2), X)
    whole = bound.apply(X[:, bound.positions])
    few = bound.apply(X[[3, 1]][:, bound.positions], np.array([3, 1]))
    np.testing.assert_array_equal(few, whole[[3, 1]])


def test_several_motifs():
    many = embed_many([("AAA", 0), ("CCC", 4), ("GAT", 9, "-")])
    assert edited(many) == ["AAA" + t[3] + "CCC" + t[7:9] + "ATC" for t in TEXTS]
    assert many.target is not None


def test_one_letter():
    assert edited(mutate(7, "g")) == [t[:7] + "G" + t[8:] for t in TEXTS]


def test_a_region_is_shuffled_and_keeps_its_letters():
    found = edited(shuffle_region(2, 10), TEXTS * 20)
    assert all(a[:2] == b[:2] and a[10:] == b[10:] for a, b in zip(found, TEXTS * 20, strict=True))
    assert all(sorted(a) == sorted(b) for a, b in zip(found, TEXTS * 20, strict=True))
    assert len(set(found[::5])) > 10
    assert edited(shuffle_region(2, 10), TEXTS * 20) == found


def test_edits_compose_where_they_do_not_overlap():
    both = compose(embed("AAA", 0), shuffle_region(4, 8))
    assert all(t.startswith("AAA") for t in edited(both))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: embed("", 0), "writes no letter"),
        (lambda: embed("NN", 0), "writes no letter"),
        (lambda: embed("GAXA", 0), "holds 'X'"),
        (lambda: embed("GA-A", 0), "holds '-'"),
        (lambda: embed("GATA", -1), "start=-1"),
        (lambda: embed("GATA", 1.5), "start=1.5"),
        (lambda: embed("GATA", 0, "x"), "strand='x'"),
        (lambda: embed("MK", 0, "-", alphabet="protein"), "strand='-' is the reverse complement"),
        (lambda: embed(np.ones((3, 5)), 0), r"\(4, w\)"),
        (lambda: embed([[1, 0], [0, 0], [0, 0], [0, 0]], 0), "position of zeros"),
        (lambda: embed([[1], [-1], [1], [1]], 0), "negative"),
        (lambda: embed("GATA", 0, alphabet=4), "alphabet=4"),
        (lambda: embed("GRTA", 0, random_state=-1), "random_state=-1"),
        (lambda: embed_many([("GATA", 3), ("CCC", 6)]), "overlap at position 6"),
        (lambda: embed_many([]), "got no motif"),
        (lambda: embed_many(["GATA"]), "(motif, start)"),
        (lambda: mutate(3, "N"), "letter='N'"),
        (lambda: shuffle_region(4, 5), "1 position"),
        (lambda: shuffle_region(0, 4, random_state="a"), "random_state"),
        (lambda: compose(embed("GATA", 3), mutate(4, "A")), "do not commute"),
    ],
)
def test_what_makes_no_sense_is_refused(make, words):
    with pytest.raises(ValueError, match=words.replace("(motif, start)", r"\(motif, start\)")):
        make()


@pytest.mark.parametrize(
    ("edit", "X", "words"),
    [
        (embed("GATA", 9), None, "writes position 12, but the sequences have 12"),
        (embed_many([("GA", 0), ("TA", 30)]), None, "writes position 31"),
        (shuffle_region(8, 14), None, "writes position 13"),
        (mutate(12, "A"), None, "writes position 12"),
        (mutate(1, "A"), np.full((3, 48), 0.5), "hold no encoded letters"),
        (mutate(1, "A"), np.eye(49)[:3], "49 columns are no encoded sequences"),
    ],
)
def test_what_does_not_fit_the_table_is_refused(edit, X, words):
    X = encoder().fit_transform(TEXTS) if X is None else X
    with pytest.raises(ValueError, match=words):
        bind(edit, X)


def test_unknown_positions_are_encoded_letters_too():
    with pytest.warns(FeatureSelectionWarning, match="1 of 2 sequences hold no known letter"):
        assert edited(mutate(0, "A"), ["NNNNNNNNNNNN", "ACGTNNACGTAC"])[0] == "ANNNNNNNNNNN"


class Motifs(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv1d(4, 6, 5, padding="same"),
            nn.BatchNorm1d(6),
            nn.ReLU(),
            nn.MaxPool1d(3),
            nn.Flatten(),
            nn.Linear(24, 2),
        )

    def forward(self, x):
        return self.layers(x.view(len(x), -1, 4).transpose(1, 2))


@pytest.fixture(scope="module")
def network():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Motifs().double().eval()


def test_effects_are_those_of_whole_rows(network):
    texts = ["".join(t) for t in np.random.RandomState(0).choice(list("ACGT"), (60, 12))]
    X = encoder().fit_transform(texts)
    edits = [embed("GATA", 3), embed("TRS", 0), mutate(11, "C"), shuffle_region(2, 9)]
    edits += [embed_many([("GAT", 0), ("CC", 10)]), set_to([0, 1, 2, 3], [0, 0, 1, 0])]
    assert isinstance(ensemble_of(network, X[:2], scale="logit").responses[0], Local)
    found = intervention_effects(network, X, edits)
    for edit, effect, share in zip(edits, found.effects, found.changed_share, strict=True):
        bound = bind(edit, X)
        moved = X.copy()
        moved[:, bound.positions] = bound.apply(X[:, bound.positions])
        with torch.no_grad():
            z = (network(torch.tensor(moved)) - network(torch.tensor(X))).numpy()
        np.testing.assert_allclose(effect, (z - z.mean(1, keepdims=True)).mean(0), atol=1e-14)
        assert share == (moved != X).any(axis=1).mean()
    assert found.names[0] == "embed(GATA at 3)"
    # Rows that hold the word there already, counted in the data.
    assert found.support[2] == sum(t[11] == "C" for t in texts)


def test_pairs_of_motifs(network):
    texts = ["".join(t) for t in np.random.RandomState(1).choice(list("ACGT"), (30, 12))]
    X = encoder().fit_transform(texts)
    two = [embed("GAT", 1), embed("CCC", 7)]
    found = pairwise_epistasis(network, X, two)

    def f(*edits):
        rows = X.copy()
        for edit in edits:
            bound = bind(edit, X)
            rows[:, bound.positions] = bound.apply(X[:, bound.positions])
        with torch.no_grad():
            z = network(torch.tensor(rows)).numpy()
        return z - z.mean(1, keepdims=True)

    expected = (f(*two) - f(two[0]) - f(two[1]) + f()).mean(0)
    np.testing.assert_allclose(found.epistasis[0], expected, atol=1e-13)
