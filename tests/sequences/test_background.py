"""Permutations, profiles, matched GC content, and the one door to them."""

from collections import Counter
from itertools import permutations

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment
from scipy.stats import chisquare

from sklearn_deeplifft import FeatureSelectionWarning
from sklearn_deeplifft.sequences import background, gc_matched, permute, profile_sample
from sklearn_deeplifft.sequences._random import _nearest_free

RNG = np.random.default_rng(0)
TEXTS = ["".join(row) for row in RNG.choice([*"ACGT"], size=(40, 12), p=[0.4, 0.1, 0.3, 0.2])]


def drawn_pool(n, length):
    rows = np.random.default_rng(1).choice([*"ACGT"], size=(n, length))
    return ["".join(row) for row in rows]


def gc(text):
    return (text.count("G") + text.count("C")) / len(text)


def test_every_permutation_is_equally_frequent():
    drawn = permute(["AACT", "CCGNTT"], 2000, random_state=0)
    counts = Counter(drawn[:2000])
    assert set(counts) == {"".join(order) for order in permutations("AACT")}
    assert chisquare([*counts.values()]).pvalue > 0.001
    assert all(text[3] == "N" and sorted(text) == sorted("CCGNTT") for text in drawn[2000:])


def test_profile():
    drawn = profile_sample(["AC", "AG", "AG", "NG"], 4000, random_state=0)
    counts = Counter(drawn)
    assert set(counts) == {"AC", "AG"}
    assert chisquare([counts["AC"], counts["AG"]], [1000, 3000]).pvalue > 0.001
    assert set(profile_sample(["AN"], 100, random_state=0)) == {"AA", "AC", "AG", "AT"}


def test_gc_matched_takes_the_nearest_that_is_left():
    pool = drawn_pool(300, 25)
    chosen = gc_matched(TEXTS, pool, random_state=0)
    assert len({*chosen.tolist()}) == len(TEXTS)
    apart = np.abs([gc(text) - gc(pool[i]) for text, i in zip(TEXTS, chosen, strict=True)])
    costs = np.abs(np.subtract.outer([gc(t) for t in TEXTS], [gc(t) for t in pool]))
    best = costs[linear_sum_assignment(costs)].mean()
    assert best <= apart.mean() < best + 0.02
    everyone = gc_matched(TEXTS, TEXTS, random_state=0)
    assert sorted(everyone.tolist()) == list(range(len(TEXTS)))
    assert [gc(TEXTS[i]) for i in everyone] == pytest.approx([gc(text) for text in TEXTS])


def test_nearest_free_place_by_search():
    rng = np.random.default_rng(2)
    values = np.sort(rng.integers(20, size=30) / 10)
    wanted = rng.integers(25, size=30) / 10 - 0.2
    free = set(range(30))
    for value, place in zip(wanted, _nearest_free(wanted, values), strict=True):
        assert abs(values[place] - value) == min(abs(values[i] - value) for i in free)
        free.remove(place)


def test_equal_candidates_are_drawn():
    first = {int(gc_matched(["GA"], ["GT", "AC", "CT"], random_state=i)[0]) for i in range(20)}
    assert first == {0, 1, 2}


@pytest.mark.parametrize("kind", ["dinucleotide", "permuted", "profile", "random"])
def test_kinds(kind):
    found = background(TEXTS, kind, n=100, random_state=0)
    assert len(found.sequences) == 100
    assert {len(text) for text in found.sequences} == {12}
    assert set(Counter(found.rows.tolist()).values()) == {2, 3}
    assert found.quartiles is None
    pairs = [(TEXTS[i], text) for i, text in zip(found.rows, found.sequences, strict=True)]
    same = [sorted(source) == sorted(text) for source, text in pairs]
    assert all(same) == (kind in ("dinucleotide", "permuted"))
    assert found.sequences == background(TEXTS, kind, n=100, random_state=0).sequences
    letters = Counter("".join(found.sequences))
    assert (letters["A"] > 2 * letters["C"]) == (kind != "random")


def test_a_pool_and_sequences_of_the_users_own():
    pool = drawn_pool(400, 12)
    found = background(TEXTS, "gc", n=40, pool=pool, random_state=0)
    assert len({*found.sequences}) >= 38
    assert {*found.sequences} <= {*pool}
    mean = np.mean([gc(text) for text in found.sequences])
    assert mean == pytest.approx(np.mean([gc(text) for text in TEXTS]), abs=0.05)
    own = background(TEXTS, pool, n=50, random_state=0)
    assert own.sequences == [pool[i] for i in own.rows]
    assert len({*own.rows.tolist()}) == 50


@pytest.mark.parametrize("kind", ["dinucleotide", "profile"])
def test_quartiles_of_predictions(kind):
    predictions = np.random.default_rng(1).permutation(40).astype(float)
    found = background(TEXTS, kind, n=10, by_prediction=predictions, random_state=0)
    assert Counter(found.quartiles.tolist()) == {0: 2, 1: 3, 2: 2, 3: 3}
    assert found.quartiles.tolist() == [int(predictions[row] // 10) for row in found.rows]


def test_one_distinct_row_is_told():
    with pytest.warns(FeatureSelectionWarning) as told:
        background(["ACTGACTGACTG"], n=5)
    assert [str(w.message)[:34] for w in told] == [
        "5 of 5 sequences have one dinucleo",
        "all 5 sequences of the background ",
    ]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: background(TEXTS, "shuffled"), "kind='shuffled'; pass one of 'dinucleotide'"),
        (lambda: background(TEXTS, "gc"), "pool= is for kind='gc', and that needs one"),
        (lambda: background(TEXTS, pool=TEXTS), "pool= is for kind='gc'"),
        (lambda: background(TEXTS, n=0), "n=0"),
        (lambda: background(TEXTS, by_prediction=[1.0]), "one finite number for each of the 40"),
        (lambda: background(TEXTS, by_prediction=[np.nan] * 40), "one finite number"),
        (lambda: background(TEXTS[:3], by_prediction=[1, 2, 3]), "needs 4 sequences or more"),
        (lambda: background(TEXTS, "gc", n=41, pool=TEXTS), "pool holds 40 sequences for 41"),
        (lambda: background(["AC", "A"], "profile"), "of 1 to 2 letters"),
        (lambda: gc_matched(["AN", "NN"], TEXTS), "1 of 2 sequences of X hold no known letter"),
        (lambda: gc_matched(["MK"], ["MK"], alphabet="protein"), "GC content is of DNA and RNA"),
        (lambda: profile_sample(["AC", "A"], 3), "X are of 1 to 2 letters.*cut or drop"),
        (lambda: permute([]), "X holds no sequence"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(ValueError, match=message):
        call()
