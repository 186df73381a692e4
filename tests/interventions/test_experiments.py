"""Experiments on sequences against networks whose answers are known."""

import itertools

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from sklearn_deeplifft.exceptions import FeatureSelectionWarning
from sklearn_deeplifft.interventions import saturation_mutagenesis, sequence_importance
from sklearn_deeplifft.interventions._bind import bind
from sklearn_deeplifft.interventions.experiments import (
    aligned_words,
    copies,
    gc_context,
    hairpin,
    kmer_mutagenesis,
    kmers,
    necessity,
    positions,
    spacing,
    sufficiency,
)
from sklearn_deeplifft.sequences import Background, Fasta, SequenceEncoder, find_alphabet

L = 30


class Matches(nn.Module):
    """Number of places that hold each word; ``combine`` makes one number of them."""

    def __init__(self, words, combine, gain=1.0):
        super().__init__()
        self.combine = combine
        self.gain = gain
        width = max(map(len, words))
        weight = torch.zeros(len(words), 4, width)
        bias = torch.zeros(len(words))
        for i, word in enumerate(words):
            for j, letter in enumerate(word):
                weight[i, "ACGT".index(letter.replace("U", "T")), j] = 1
            bias[i] = 1 - len(word)
        self.convolution = nn.Conv1d(4, len(words), width)
        self.convolution.weight.data, self.convolution.bias.data = weight, bias

    def forward(self, x):
        h = torch.relu(self.convolution(x.view(len(x), -1, 4).transpose(1, 2)))
        return self.gain * self.combine(h.sum(2))[:, None]


def made(words=("GATA",), combine=lambda h: h[:, 0], gain=1.0):
    return Matches(words, combine, gain).double().eval()


def backgrounds(n=20, letters="CA", seed=0):
    """Sequences in which no word with G or T is there by chance."""
    rng = np.random.RandomState(seed)
    return ["".join(row) for row in rng.choice(list(letters), (n, L))]


def measured(model, experiment, X=None, **options):
    X = backgrounds() if X is None else X
    return sequence_importance(model, X, experiment, task="regression", **options)


def test_the_true_word_is_first_and_beyond_its_letters():
    table = measured(made(), kmers(4, start=8))
    assert len(table) == 4**4
    assert table.loc[0, ["word", "effect", "sign_share"]].tolist() == ["GATA", 1.0, 1.0]
    assert table.loc[0, "q_value"] < 1e-6
    assert table.loc[0, "n_backgrounds"] == table.loc[0, "n_distinct"] == 20
    same = [w for w in table["word"] if sorted(w) == sorted("GATA")]
    own = table.set_index("word").loc[same, "effect"]
    assert table.loc[0, "beyond_letters"] == pytest.approx(1 - own.mean())
    only = table.set_index("word").loc["GGGG"]
    assert only["q_value"] == 1
    assert only["beyond_letters"] == 0


def test_words_start_in_the_middle():
    word = kmers(4).arms(L, find_alphabet("DNA"))[0].intervention
    assert word.start == 13


def test_a_motif_does_the_same_at_every_place():
    table = measured(made(), positions("GATA", range(0, 27, 2)))
    assert table["start"].tolist() == list(range(0, 27, 2))
    np.testing.assert_allclose(table["effect"], 1)
    np.testing.assert_allclose(table["standard_error"], 0)
    assert len(measured(made(), positions("GATA"))) == 27
    np.testing.assert_allclose(measured(made(), positions("TATC", [3], strand="-"))["effect"], 1)


@pytest.mark.parametrize(
    ("combine", "curvature"),
    [
        (lambda h: h[:, 0], [0, 0, 0]),
        (lambda h: h[:, 0].clamp_max(2), [0, -1, 0]),
        (lambda h: h[:, 0] ** 2, [2, 2, 2]),
    ],
)
def test_copies_add_up_saturate_or_help_each_other(combine, curvature):
    table = measured(made(combine=combine), copies("GATA", [1, 6, 12, 20]))
    found = table[table["measure"] == "curvature"]
    assert found["copies"].tolist() == [2, 3, 4]
    np.testing.assert_allclose(found["effect"], curvature, atol=1e-12)


def test_a_curvature_is_paired():
    X = backgrounds(letters="CAGT", n=60)
    model = made(combine=lambda h: h[:, 0] ** 2)
    table = measured(model, copies("GATA", [1, 12]), X)
    encoded = SequenceEncoder(dtype="float64").fit_transform(X)

    def f(*starts):
        rows = [list(t) for t in X]
        for row in rows:
            for s in starts:
                row[s : s + 4] = "GATA"
        texts = ["".join(row) for row in rows]
        with torch.no_grad():
            return model(torch.tensor(SequenceEncoder(dtype="float64").fit_transform(texts)))[:, 0]

    with torch.no_grad():
        before = model(torch.tensor(encoded))[:, 0]
    d = ((f(1, 12) - before) - 2 * (f(1) - before)).numpy()
    row = table[table["measure"] == "curvature"].iloc[0]
    assert row["effect"] == pytest.approx(d.mean())
    assert row["standard_error"] == pytest.approx(d.std(ddof=1) / np.sqrt(60))
    assert row["paired_low"] == pytest.approx(d.mean() - 2.0010 * d.std(ddof=1) / np.sqrt(60), 1e-4)
    assert row["sign_share"] == np.mean(np.sign(d) == np.sign(d.mean()))


def test_spacing_finds_the_pair_and_its_distance():
    def close(h):
        return h[:, 2]

    model = made(("GATA", "TTGG", "GATANNTTGG".replace("N", "C")), close)
    X = ["C" * L] * 3 + backgrounds(3)
    table = measured(model, spacing("GATA", "TTGG", 12, [1, 2, 3]), X)
    pairs = table[table["measure"] == "epistasis"].set_index(["order", "strand", "distance"])
    assert len(pairs) == 2 * 2 * 3
    assert pairs.loc[("first second", "+", 2), "effect"] >= 0.5
    others = pairs.drop(("first second", "+", 2))
    np.testing.assert_allclose(others["effect"].abs().max(), 0)


def test_an_and_has_epistasis_at_every_spacing():
    model = made(("GATA", "TTGG"), lambda h: torch.relu(h[:, 0] + h[:, 1] - 1))
    table = measured(model, spacing("GATA", "TTGG", 12, [0, 5], strands=("+",)))
    np.testing.assert_allclose(table["effect"], 1)


@pytest.mark.parametrize("strand", ["+", "-"])
def test_codes_of_two_motifs_are_drawn_apart(strand):
    """Pairs of letters come equally often, and alone each motif is drawn as it is in the pair."""
    X = backgrounds(400)
    encoder = SequenceEncoder(dtype="float64").fit(X)
    rows = encoder.transform(X)
    alone, *arms = spacing("R", "R", 10, [3], strands=[strand]).arms(L, find_alphabet("DNA"))

    def letters(arm, *places):
        bound, moved = bind(arm.intervention, rows), rows.copy()
        moved[:, bound.positions] = bound.apply(rows[:, bound.positions], np.arange(len(rows)))
        found = encoder.inverse_transform(moved)
        return [tuple(text[place] for place in places) for text in found]

    for other, pair, place in zip(arms[::2], arms[1::2], (14, 6), strict=True):
        both = letters(pair, 10, place)
        counts = [both.count((a, b)) for a in "AG" for b in ("AG" if strand == "+" else "CT")]
        assert sum(counts) == 400
        assert 60 < min(counts) <= max(counts) < 140  # 100 and 5 standard deviations
        expected = zip(letters(alone, 10), letters(other, place), strict=True)
        assert both == [one + two for one, two in expected]


def test_gc_content_of_the_background():
    X = ["A" * 20 + "C" * 10, "A" * 30, "C" * 25 + "A" * 5, "AC" * 15]
    table = measured(made(), gc_context("GATA", 3, n_parts=2), X)
    np.testing.assert_allclose(table["gc_low"], [0, 0.5])
    np.testing.assert_allclose(table["gc_high"], [1 / 3, 25 / 30])
    assert table["n_backgrounds"].tolist() == [2, 2]
    np.testing.assert_allclose(table["effect"], 1)


def test_changes_of_a_word():
    table = measured(made(), kmer_mutagenesis("GATA", 9))
    assert table.loc[0, "effect"] == 1
    assert len(table) == 1 + 4 * 3
    np.testing.assert_allclose(table.loc[1:, "effect"], -1)


def test_a_region_that_is_needed_and_enough():
    X = [t[:10] + "GATA" + t[14:] for t in backgrounds(30)]
    table = measured(made(), necessity([9, 18], [15, 26]), X)
    assert table.loc[0, "effect"] < -0.8
    assert table.loc[1, "effect"] == 0
    table = measured(made(), sufficiency(9, 15), X)
    assert table.loc[0, "effect"] > 0.8
    assert list(table.columns[:2]) == ["start", "stop"]


def test_a_hairpin_pairs_in_every_row():
    X = backgrounds(12, letters="ACGU")
    encoder = SequenceEncoder("RNA", dtype="float64").fit(X)
    rows = encoder.transform(X)
    arms = hairpin("GAUA", 3, stem=6, loop=5).arms(L, find_alphabet("RNA"))
    texts = {}
    for arm in arms:
        bound = bind(arm.intervention, rows)
        moved = rows.copy()
        moved[:, bound.positions] = bound.apply(rows[:, bound.positions])
        texts[arm.labels["place"]] = encoder.inverse_transform(moved).tolist()
    pairs = dict(zip("ACGU", "UGCA", strict=True))
    for place in ("stem alone", "loop", "left", "right"):
        for text, old in zip(texts[place], X, strict=True):
            left, right = text[3:9], text[14:20]
            assert [pairs[a] for a in reversed(left)] == list(right)
            assert text[:3] == old[:3]
            assert text[20:] == old[20:]
    assert all(t[9:13] == "GAUA" for t in texts["loop"])
    assert texts["unpaired"] == [t[:9] + "GAUA" + t[13:] for t in X]
    assert all(t[4:8] == "GAUA" for t in texts["left"])
    assert all("GAUA" in t[14:20] for t in texts["right"])


PAIRS = {"A": "T", "C": "G", "G": "C", "T": "A"}
CODES = {"N": "", "R": "AG", "Y": "CT", "S": "CG", "B": "CGT"}


@pytest.mark.parametrize("word", ["NNNNG", "RRRR", "BNY", "GATA"])
def test_codes_of_a_motif_in_a_hairpin(word):
    """N holds what the bare hairpin holds there; drawn letters are those of `positions`, paired."""
    start, arm, loop, X = 3, 7, 6, backgrounds(60, letters="ACGT")
    encoder = SequenceEncoder(dtype="float64").fit(X)
    rows = encoder.transform(X)

    def texts(intervention):
        bound, moved = bind(intervention, rows), rows.copy()
        moved[:, bound.positions] = bound.apply(rows[:, bound.positions], np.arange(len(rows)))
        return encoder.inverse_transform(moved).tolist()

    dna = find_alphabet("DNA")
    (alone,) = positions(word, [12]).arms(L, dna)
    drawn = [text[12 : 12 + len(word)] for text in texts(alone.intervention)]
    for i, code in enumerate(word):
        assert {text[i] for text in drawn} == set(CODES.get(code, code) or "ACGT")
    arms = hairpin(word, start, stem=arm, loop=loop).arms(L, dna)
    found = {one.labels["place"]: texts(one.intervention) for one in arms}
    offset, middle = (arm - len(word)) // 2, arm + (loop - len(word)) // 2
    for row, (old, letters) in enumerate(zip(X, drawn, strict=True)):
        bare = list(old)
        for i in range(arm):
            bare[start + arm + loop + i] = PAIRS[old[start + arm - 1 - i]]
        expected = {"unpaired": list(old)}
        expected |= {place: list(bare) for place in ("stem alone", "loop", "left", "right")}
        for i, code in enumerate(word):
            if code == "N":
                continue
            at, last = start + offset + i, start + 2 * arm + loop - 1
            for place in ("loop", "unpaired"):
                expected[place][start + middle + i] = letters[i]
            expected["left"][at] = expected["right"][at + arm + loop] = letters[i]
            expected["left"][last - offset - i] = PAIRS[letters[i]]
            expected["right"][start + arm - 1 - offset - i] = PAIRS[letters[i]]
        for place, text in expected.items():
            assert found[place][row] == "".join(text), place


def test_a_network_that_reads_the_loop():
    model = made(("GATA",), lambda h: h[:, 0])
    X = [t.replace("T", "U") for t in backgrounds(15, letters="AC")]
    table = measured(model, hairpin("GAUA", 2, stem=5), X, alphabet="RNA").set_index("place")
    # An arm that holds the word holds its partner, no word, on the other side.
    np.testing.assert_allclose(table.loc[["loop", "left", "right", "unpaired"], "effect"], 1)
    np.testing.assert_allclose(table.loc[["loop - left", "loop - stem"], "effect"], 0)


def test_networks_are_averaged_and_their_spread_is_the_interval():
    models = [made(gain=g) for g in (1.0, 2.0, 4.5)]
    table = measured(models, positions("GATA", [5]))
    assert table.loc[0, "effect"] == pytest.approx(2.5)
    half = 4.30265 * np.std([1, 2, 4.5], ddof=1) / np.sqrt(3)
    assert table.loc[0, "high"] - 2.5 == pytest.approx(half, rel=1e-5)
    assert measured(models[0], positions("GATA", [5]))["low"].isna().all()


def test_one_background_many_times_is_told():
    with pytest.warns(FeatureSelectionWarning, match="all 4 backgrounds are the same"):
        table = measured(made(), positions("GATA", [5]), ["AC" * 15] * 4)
    assert table.loc[0, "n_distinct"] == 1


def test_encoded_rows_and_sequences_are_the_same_background():
    X = backgrounds(6)
    one = measured(made(), positions("GATA", [5, 6]), X)
    other = measured(made(), positions("GATA", [5, 6]), SequenceEncoder().fit_transform(X))
    pd.testing.assert_frame_equal(one, other)


def test_what_background_and_read_fasta_return_is_taken_as_it_is():
    X = backgrounds(6)
    table = measured(made(), positions("GATA", [5, 6]), X)
    for given in (Background(X, np.arange(6), np.zeros(6)), Fasta(list("abcdef"), X)):
        own = measured(made(), positions("GATA", [5, 6]), given)
        pd.testing.assert_frame_equal(table, own)


@pytest.mark.parametrize("unknown", [False, True])
def test_saturation_mutagenesis_is_every_letter_at_every_position(unknown):
    X = backgrounds(3, letters="ACGT")
    X[1] = X[1][:7] + "N" + X[1][8:] if unknown else X[1]
    rows = SequenceEncoder(dtype="float64").fit_transform(X)
    model = made(("GAT", "CA"), lambda h: h[:, 0] - 0.5 * h[:, 1])
    found = saturation_mutagenesis(model, rows, task="regression")
    assert found.shape == (3, 1, L, 4)
    for n, position, a in itertools.product(range(3), range(0, L, 7), range(4)):
        moved = rows[n : n + 1].copy()
        moved[0, 4 * position : 4 * position + 4] = np.eye(4)[a]
        with torch.no_grad():
            expected = model(torch.tensor(moved)) - model(torch.tensor(rows[n : n + 1]))
        assert found[n, 0, position, a] == pytest.approx(float(expected), abs=1e-12)


def test_words_are_laid_over_each_other():
    found = aligned_words(["CACGTG", "ACGTGA", "CCACGT"], [3.0, 1.0, 1.0])
    assert found.offsets == (1, 2, 0)
    assert found.consensus == "CCACGTGA"
    np.testing.assert_allclose(found.counts[:, 3], [0, 5, 0, 0])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: kmers(0), "K=0"),
        (lambda: measured(made(), kmers(40)), "longer than the sequences"),
        (lambda: measured(made(), kmers(12)), "pass a smaller k"),
        (lambda: measured(made(), kmers(4, start=28)), "writes position 31"),
        (lambda: measured(made(), positions("GATA" * 8)), "32 letters.* have 30 positions"),
        (lambda: measured(made(), positions("GATA" * 8, strand="-")), "longer than"),
        (lambda: copies("GATA", []), "at least one"),
        (lambda: copies("GATA", 5), "starts=5"),
        (lambda: measured(made(), copies("GATA", [3, 5])), "overlap at position 5"),
        (lambda: spacing("GATA", "TTGG", 1, [0], orders=["up"]), "orders="),
        (lambda: spacing("GATA", "TTGG", 1, [0], strands=["*"]), "strands="),
        (lambda: measured(made(), spacing("GATA", "TTGG", 2, [1])), "no room"),
        (lambda: measured(made(), gc_context("GATA", 2, n_parts=99)), "leaves parts empty"),
        (lambda: kmer_mutagenesis("GANA", 2), "must be a word"),
        (lambda: necessity(3, 4), "two positions or more"),
        (lambda: necessity([3], [9, 12]), "as many stops"),
        (lambda: measured(made(), sufficiency(2, 31)), "runs over the end"),
        (lambda: measured(made(), sufficiency(0, 30)), "leaves 0 of 30"),
        (lambda: measured(made(), hairpin("GATAGATAGA", 2)), "does not fit"),
        (lambda: measured(made(), positions("GATA", [3]), np.ones((3, 31))), "31 columns"),
        (lambda: aligned_words("GATA"), "pass words"),
        (lambda: aligned_words(["GATA"], [-1]), "weights="),
    ],
)
def test_what_makes_no_sense_is_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_what_is_no_experiment_is_refused():
    with pytest.raises(TypeError, match="must be an experiment"):
        measured(made(), "kmers")


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["ACG", "ACGT"], "sequences of background are .* one length: cut or drop those of other"),
        (["ACGU"], r"row 0 of background holds 'U' .*: write U as T, or pass alphabet='RNA'\.$"),
        (["ACGT", None], "row 1 of background is None"),
    ],
)
def test_backgrounds_that_cannot_be_read_are_told_in_terms_of_the_function(texts, message):
    with pytest.raises(ValueError, match=message):
        measured(made(), positions("A", [0]), texts)


def test_backgrounds_of_a_generator():
    texts = backgrounds(n=4)
    found = measured(made(), positions("GATA", [3]), (text for text in texts))
    pd.testing.assert_frame_equal(found, measured(made(), positions("GATA", [3]), texts))
