"""Counts, best scores, occupancies and hits are those of the literal definition."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.utils.estimator_checks import check_estimator

from sklearn_deeplifft import FeatureSelectionWarning
from sklearn_deeplifft.sequences import MotifCounter
from sklearn_deeplifft.sequences.motifs import _scan
from tests.sequences.motifs import _oracle

pytest.importorskip("lightmotif", reason="counting motifs needs the extra sequences")


def matrices(seed=0, widths=(4, 6, 9)):
    rng = np.random.default_rng(seed)
    return {f"motif {w}": rng.multinomial(30, [0.7, 0.1, 0.1, 0.1], size=w).T for w in widths} | {
        "even": rng.permuted(np.tile([[4], [6], [9], [13]], 5), axis=0)
    }


def sequences(n=40, seed=0, letters="ACGTN", most=40):
    rng = np.random.default_rng(seed)
    shares = [0.4, 0.15, 0.15, 0.25, 0.05][: len(letters)]
    shares = np.array(shares) / sum(shares)
    return ["".join(rng.choice(list(letters), rng.integers(10, most), p=shares)) for _ in range(n)]


@pytest.fixture
def small_blocks(monkeypatch):
    """Several blocks of a few sequences each."""
    monkeypatch.setattr(_scan.blocks_of, "__defaults__", (100,))


def expected(counter, X, of_scores):
    """(n, d) of what is made of the scores of all sites of a sequence, both strands."""
    S = [_oracle.log_odds(C, counter.background_) for C in counter.matrices_]
    strands = "+-" if counter.both_strands else "+"
    return np.array(
        [
            [
                of_scores(
                    np.array([s for _, strand, s in _oracle.sites(x, M) if strand in strands]), t
                )
                for M, t in zip(S, counter.thresholds_, strict=True)
            ]
            for x in X
        ]
    )


def test_on_two_strands_paired_letters_are_as_frequent_as_each_other():
    given = {"background": (0.4, 0.1, 0.2, 0.3), "p_value": 0.03}
    one = MotifCounter(matrices(), both_strands=False, **given).fit(sequences())
    assert one.background_.tolist() == [0.4, 0.1, 0.2, 0.3]
    both = MotifCounter(matrices(), both_strands=True, **given).fit(sequences())
    np.testing.assert_allclose(both.background_, [0.35, 0.15, 0.15, 0.35])
    counted = MotifCounter(matrices(), background="data", p_value=0.03).fit(["AAAAAACGT"])
    np.testing.assert_allclose(counted.background_, np.array([3.5, 1, 1, 3.5]) / 9)


@pytest.mark.parametrize("both_strands", [True, False])
@pytest.mark.parametrize("background", ["uniform", (0.4, 0.1, 0.2, 0.3), "data"])
@pytest.mark.usefixtures("small_blocks")
def test_counts_are_those_of_the_definition(both_strands, background):
    X = sequences()
    settings = {"both_strands": both_strands, "background": background, "p_value": 0.03}
    counter = MotifCounter(matrices(), **settings).fit(X)
    counts = counter.transform(X)
    assert sp.issparse(counts)
    assert counts.format == "csr"
    assert counts.dtype == np.int32
    assert counts.has_canonical_format
    np.testing.assert_array_equal(
        counts.toarray(), expected(counter, X, lambda s, t: (s >= t).sum())
    )
    assert counts.sum() > 20


@pytest.mark.usefixtures("small_blocks")
def test_other_modes_are_those_of_the_definition():
    X = sequences(letters="ACGT")
    counter = MotifCounter(matrices(), p_value=0.01, mode="best").fit()
    best = counter.transform(X)
    assert best.dtype == np.float32
    np.testing.assert_allclose(best, expected(counter, X, lambda s, t: s.max()), atol=1e-4)
    counter.set_params(mode="presence")
    present = expected(counter, X, lambda s, t: (s >= t).any())
    np.testing.assert_array_equal(counter.transform(X), present)
    counter.set_params(mode="occupancy")
    bound = expected(counter, X, lambda s, t: (1 / (1 + 2.0 ** (t - s))).sum())
    np.testing.assert_allclose(counter.transform(X), bound, rtol=1e-4)


def test_a_threshold_is_the_least_score_of_its_p_value():
    counter = MotifCounter(matrices(widths=(4, 6)), p_value=0.01, background=(0.4, 0.1, 0.1, 0.4))
    counter.fit()
    for C, t in zip(counter.matrices_[:2], counter.thresholds_, strict=False):
        S = _oracle.log_odds(C, counter.background_)
        # The distribution is of scores that are rounded to a thousandth of their range or so.
        room = 0.002 * np.ptp(S, axis=0).sum()
        assert _oracle.exact_p_value(S, t + room, counter.background_) <= 0.01
        assert _oracle.exact_p_value(S, t - room, counter.background_) > 0.008


def test_hits_are_the_sites_that_are_counted():
    X = sequences()
    counter = MotifCounter(matrices(), p_value=0.01).fit()
    hits = counter.hits(X, names=[f"s{i}" for i in range(len(X))])
    assert list(hits) == ["sequence", "motif", "start", "end", "strand", "score"]
    found = set(zip(hits["sequence"], hits["motif"], hits["start"], hits["strand"], strict=True))
    S = {
        m: (_oracle.log_odds(C), t)
        for m, C, t in zip(
            counter.motif_names_, counter.matrices_, counter.thresholds_, strict=True
        )
    }
    true = {
        (f"s{i}", m, start, strand): s
        for i, x in enumerate(X)
        for m, (M, t) in S.items()
        for start, strand, s in _oracle.sites(x, M)
        if s >= t
    }
    assert found == set(true)
    keys = zip(hits["sequence"], hits["motif"], hits["start"], hits["strand"], strict=True)
    np.testing.assert_allclose(hits["score"], [true[key] for key in keys], atol=1e-4)
    width = hits["motif"].map({m: M.shape[1] for m, (M, _) in S.items()})
    assert (hits["end"] - hits["start"] == width).all()
    order = hits["sequence"].str[1:].astype(int) * 1000 + hits["start"]
    assert order.is_monotonic_increasing
    some = counter.hits(X, motifs=["even"])
    assert set(some["motif"]) == {"even"}
    assert len(some) == (hits["motif"] == "even").sum()
    assert len(counter.hits(["N" * 20, "GGGGGGGGGG"], motifs=["motif 4"])) == 0


def test_hits_take_names_from_an_index():
    X = pd.Series(["AAAACCCCAA", "CCCCC"], index=["left", "right"])
    counter = MotifCounter({"C": [[0] * 4, [9] * 4, [0] * 4, [0] * 4]}, p_value=0.01).fit()
    assert counter.hits(X)["sequence"].tolist() == ["left", "right", "right"]
    with pytest.raises(ValueError, match="names holds 1 names for 2 sequences"):
        counter.hits(X, names=["a"])
    with pytest.raises(ValueError, match="motifs names D, which are not counted"):
        counter.hits(X, motifs=["D"])


def test_no_site_reaches_from_one_sequence_into_the_next():
    counter = MotifCounter({"C": [[0] * 6, [9] * 6, [0] * 6, [0] * 6]}, p_value=0.001).fit()
    X = ["AAACCC", "CCCAAA", "CCCCCC"]
    np.testing.assert_array_equal(counter.transform(X).toarray(), [[0], [0], [1]])


def test_case_and_uracil_and_bytes_are_alike():
    counter = MotifCounter(matrices(), p_value=0.01).fit()
    X = sequences(letters="ACGT")
    counts = counter.transform(X).toarray()
    for same in (
        [x.lower() for x in X],
        [x.replace("T", "U") for x in X],
        [x.encode() for x in X],
        np.array(X),
        pd.Series(X),
    ):
        np.testing.assert_array_equal(counter.transform(same).toarray(), counts)


def test_reverse_complements_have_the_same_counts():
    counter = MotifCounter(matrices(), p_value=0.01).fit()
    X = sequences(letters="ACGT")
    other = [x.translate(_oracle.PAIR)[::-1] for x in X]
    np.testing.assert_array_equal(
        counter.transform(X).toarray(), counter.transform(other).toarray()
    )


@pytest.mark.parametrize(
    ("position", "message"),
    [
        ([0.94, 0, 0, 0], "adds up to 0.94"),
        ([0.6, 0.3, 0.1, 0.06], "adds up to 1.06"),
        ([1, 0.5, 0.2, 0], "adds up to 1.7"),
    ],
)
def test_fractions_that_do_not_add_up_are_refused(position, message):
    matrix = np.transpose([[0.7, 0.1, 0.1, 0.1], position])
    with pytest.raises(ValueError, match=rf"'m' holds fractions .* position 1 {message}; divide"):
        MotifCounter({"m": matrix}, p_value=0.5).fit()
    divided = MotifCounter({"m": matrix / matrix.sum(axis=0)}, p_value=0.5).fit()
    np.testing.assert_allclose(divided.matrices_[0], 20 * matrix / matrix.sum(axis=0))
    words = MotifCounter({"m": [[1, 1], [1, 0], [0, 0], [0, 0.9997]]}, p_value=0.5).fit()
    np.testing.assert_array_equal(words.matrices_[0], [[1, 1], [1, 0], [0, 0], [0, 1]])


def test_proteins_are_told_that_they_are_not_read():
    with pytest.raises(ValueError, match=r"such as proteins, are not read here\.$"):
        MotifCounter({"A": [[9], [0], [0], [0]]}, p_value=0.5).fit().transform(["MKLE"])


def test_probabilities_are_twenty_sites():
    P = np.array([[0.7, 0.1, 0.1, 0.1], [0.05, 0.85, 0.05, 0.05]]).T
    one, other = MotifCounter({"p": P}, p_value=0.2).fit(), MotifCounter({"p": 20 * P}, p_value=0.2)
    np.testing.assert_allclose(one.matrices_[0], 20 * P)
    assert one.thresholds_ == other.fit().thresholds_


def test_counts_are_rounded():
    counter = MotifCounter({"m": np.array([[999.9997, 0.2], [0, 9], [0, 0], [0, 0]])}, p_value=0.1)
    np.testing.assert_array_equal(counter.fit().matrices_[0], [[1000, 0], [0, 9], [0, 0], [0, 0]])


def test_sequences_without_sites_count_zero_and_are_counted_in_one_warning():
    counter = MotifCounter(matrices(), p_value=0.01).fit()
    X = ["", "NNNNNNNNNNNN", "ACG", "ACGTACGTACGT"]
    finding = (
        r"1 of 4 sequences are shorter than the longest motif \(9 letters\).*"
        "2 of 4 sequences hold no known letter"
    )
    with pytest.warns(FeatureSelectionWarning, match=finding) as caught:
        counts = counter.transform(X)
    assert len(caught) == 1
    assert counts.toarray()[:3].sum() == 0
    with pytest.warns(FeatureSelectionWarning):
        best = counter.set_params(mode="best").transform(X)
    assert np.isfinite(best).all()
    lowest = [_oracle.log_odds(C).min(axis=0).sum() for C in counter.matrices_]
    np.testing.assert_allclose(best[0], lowest, rtol=1e-5)
    with pytest.warns(FeatureSelectionWarning):
        assert counter.set_params(mode="occupancy").transform(X)[:2].sum() == 0


def test_motifs_that_cannot_reach_the_p_value_are_named():
    C = np.array([[9, 0, 0, 0], [0, 9, 0, 0], [0, 0, 9, 0], [0, 0, 0, 9]])
    with pytest.warns(FeatureSelectionWarning, match="1 of 2 motifs cannot reach p = 0.0001.*: s"):
        counter = MotifCounter({"short": C, "long": np.hstack([C, C])}).fit()
    assert counter.transform(["ACGTACGT"]).toarray().tolist() == [[0, 2]]


def test_no_sequence_is_no_row():
    counter = MotifCounter(matrices(), p_value=0.01).fit()
    assert counter.transform([]).shape == (0, 4)
    assert counter.set_params(mode="best").transform([]).shape == (0, 4)
    assert len(counter.hits([])) == 0


def test_it_is_a_transformer():
    counter = MotifCounter(matrices(), p_value=0.01, n_jobs=1)
    X = sequences(4)
    counts = counter.fit_transform(X)
    np.testing.assert_array_equal(counts.toarray(), clone(counter).fit(X).transform(X).toarray())
    assert counter.get_feature_names_out().tolist() == list(matrices())
    assert counter.n_features_out_ == 4
    assert counter.families_.tolist() == list(matrices())


@pytest.mark.long
@pytest.mark.usefixtures("small_blocks")
def test_processes_share_the_blocks():
    X = sequences()
    counter = MotifCounter(matrices(), p_value=0.01).fit()
    alone = counter.transform(X).toarray()
    np.testing.assert_array_equal(counter.set_params(n_jobs=2).transform(X).toarray(), alone)


GOOD = [[5, 0], [0, 5], [0, 0], [0, 0]]


@pytest.mark.parametrize(
    ("motifs", "message"),
    [
        ({}, "empty mapping"),
        ({"m": np.zeros((5, 4))}, r"'m' is of shape \(5, 4\).*transpose it"),
        ({"m": np.zeros((3, 5))}, r"'m' is of shape \(3, 5\)"),
        ({"m": np.zeros((4, 0))}, r"\(4, 0\)"),
        ({"m": [[1, -1]] * 4}, "'m' holds -1 for A at position 1.*0 or more"),
        ({"m": [[1, np.nan]] * 4}, "'m' holds nan for A at position 1"),
        ({"m": [[1, 0]] * 4}, r"position without any letter \(position 1\)"),
        ({"m": [[0.3, 5]] * 3 + [[0, 5]]}, "rounded to whole numbers has a position without"),
        ({"m": "ACGT"}, "no matrix of numbers"),
        ({1: GOOD, "1": GOOD}, "1 of the 2 motifs have a name that stands before: 1;"),
        ("JASPAR2026:birds", "taxon 'birds'; JASPAR has vertebrates"),
        ("JASPAR1999:plants", "releases are .*JASPAR2026"),
    ],
)
def test_motifs_that_are_none_are_refused(motifs, message):
    if isinstance(motifs, str):
        pytest.importorskip("pyjaspar", reason="JASPAR needs the extra sequences")
    with pytest.raises(ValueError, match=message):
        MotifCounter(motifs).fit()


def test_a_file_that_is_not_there_is_said_with_what_may_stand_there():
    with pytest.raises(FileNotFoundError, match=r"'peaks\.meme' is no file; pass a file of motifs"):
        MotifCounter("peaks.meme").fit()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"p_value": 0}, "p_value"),
        ({"p_value": 1}, "p_value"),
        ({"pseudocount": 0}, "pseudocount"),
        ({"mode": "sum"}, "mode"),
        ({"thresholds": "fine"}, "thresholds"),
        ({"background": (0.5, 0.5, 0, 0)}, "four probabilities above 0"),
        ({"background": (0.5, 0.5)}, "four probabilities"),
        ({"background": "data"}, "needs sequences; pass them to fit"),
        ({"families": "tomtom"}, "families"),
        ({"families": ["a"]}, "1 labels for 4 motifs"),
        ({"families": {"x": "a"}}, "motifs that are not there: x"),
    ],
)
def test_settings_that_mean_nothing_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        MotifCounter(matrices(), **settings).fit()


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ("ACGT", "one string"),
        ([["ACGT"]], "row 0 of X"),
        (np.array([["ACGT"]]), "shape"),
        (["ACGT", None], "row 1 of X is None"),
        (["ACGT", "AC-T"], "row 1 of X holds '-' at position 2"),
        (["AC1T"], "holds '1'"),
        (["MKLV"], "holds 'L'"),
    ],
)
def test_what_is_no_dna_is_refused(X, message):
    counter = MotifCounter(matrices(), p_value=0.01).fit()
    with pytest.raises(ValueError, match=message):
        counter.transform(X)


def test_families_are_what_is_asked_for():
    names = list(matrices())
    by_mapping = MotifCounter(matrices(), p_value=0.01, families={"motif 4": "x", "even": "x"})
    assert by_mapping.fit().families_.tolist() == ["x", "motif 6", "motif 9", "x"]
    listed = MotifCounter(matrices(), p_value=0.01, families=["a", None, float("nan"), "a"])
    assert listed.fit().families_.tolist() == ["a", names[1], names[2], "a"]


@pytest.mark.slow
def test_it_passes_what_scikit_learn_asks_of_a_transformer_of_strings():
    with warnings.catch_warnings(action="ignore"):  # of checks that do not apply
        check_estimator(MotifCounter(matrices(), p_value=0.01))
