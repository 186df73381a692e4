"""What three and more features do together."""

import itertools

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.ensemble import RandomForestRegressor

from sklearn_deeplifft.interventions import (
    higher_order,
    interaction_effects,
    neural_interaction_strength,
    pairwise_epistasis,
    set_to,
)
from tests import oracles_interactions as o
from tests.conftest import relu_network
from tests.interventions._functions import EXACT, Function, counts, normal, row_function

EVERY = np.array(list(itertools.product([0.0, 1.0], repeat=4)))


def found_in(f, X=EVERY, features=(0, 1, 2, 3), **options):
    return higher_order(Function(f), X, features, **{**EXACT, **options})


def effects(found):
    return dict(zip(found.sets, found.effects[:, 0].round(12), strict=True))


def test_three_way_and():
    found = found_in(lambda a, b, c, d: a * b * c + d)
    said = effects(found)
    assert found.sets[0] == (0, 1, 2)
    assert said[0, 1, 2] == 1
    assert [said[pair] for pair in ((0, 1), (0, 2), (1, 2))] == [0.5] * 3
    assert not found.rms[np.array([3 in S for S in found.sets])].any()
    assert max(map(len, found.sets)) == 3  # nothing meets the fourth, which is never added
    np.testing.assert_allclose(found.standard_errors[0], 0, atol=1e-15)


def test_majority_of_three():
    majority = lambda a, b, c, d: (a + b + c >= 2).double()  # noqa: E731
    found = found_in(majority)
    said = effects(found)
    # Pairs help where the third is off and are one too many where it is on: 0 in the mean.
    assert said[0, 1] == said[0, 2] == said[1, 2] == 0
    assert found.rms[found.sets.index((0, 1)), 0] == 1
    assert said[0, 1, 2] == -2
    low = found_in(majority, np.zeros((5, 4)), levels=(0, 1))
    assert (effects(low)[0, 1], effects(low)[0, 1, 2]) == (1, -2)


def test_of_additive_functions_nothing_is_left_or_grown():
    found = found_in(lambda a, b, c, d: (3 * a).exp() - b.sin() + c**2 - d)
    assert set(map(len, found.sets)) == {2}
    np.testing.assert_allclose(found.rms, 0, atol=1e-13)


def test_sets_are_not_grown_from_what_is_rounding():
    """A part of 1e-7 of the largest is as much as single precision leaves of nothing."""
    f = lambda a, b, c, d: a * b + 1e-7 * (a * c + b * c) + d  # noqa: E731
    found = found_in(f)
    assert effects(found)[0, 1] == pytest.approx(1)
    assert effects(found)[0, 2] == effects(found)[1, 2] == pytest.approx(1e-7, rel=1e-3)
    assert set(map(len, found.sets)) == {2}
    assert max(map(len, found_in(lambda a, b, c, d: f(a, b, 1e4 * c, d)).sets)) == 3


def test_parity_grows_to_four():
    found = found_in(lambda *columns: sum(columns) % 2)
    assert found.sets[0] == (0, 1, 2, 3)
    assert effects(found)[0, 1, 2, 3] == -8
    assert found_in(lambda *columns: sum(columns) % 2, max_order=3).sets[0] == (0, 1, 2)


def test_agrees_with_the_oracle():
    net, X = relu_network(5, 9, 7, 3), normal(40, 5)
    found = higher_order(net, X, [0, 1, 3, 4], levels=(-1.0, np.arange(5)), dtype="float64")
    f = row_function(net, lambda z: z - z.mean())
    assert len(found.sets) == 6 + 4 + 1
    for at, S in enumerate(found.sets):
        rows = o.oracle_moebius(f, X, S, np.full(5, -1.0), np.arange(5))
        np.testing.assert_allclose(found.effects[at], rows.mean(0), rtol=0, atol=1e-12)
        np.testing.assert_allclose(found.rms[at], np.sqrt((rows**2).mean(0)), atol=1e-12)
        se = rows.std(0, ddof=1) / np.sqrt(len(X))
        np.testing.assert_allclose(found.standard_errors[at], se, atol=1e-12)


def test_pairs_are_the_epistasis_of_levels():
    net, X = relu_network(4, 6, 1), normal(30, 4)
    found = higher_order(net, X, [(2, 0)], levels=(-1, 2), **EXACT)
    moves = [set_to(j, a) for a in (-1, 2) for j in (0, 2)]
    both = pairwise_epistasis(net, X, moves, pairs=[(0, 1), (2, 1), (0, 3), (2, 3)], **EXACT)
    expected = np.array([1, -1, -1, 1]) @ both.epistasis
    assert found.sets == ((0, 2),)
    np.testing.assert_allclose(found.effects[0], expected, rtol=0, atol=1e-12)


def test_sets_are_grown_from_the_pairs_given_alone():
    f = lambda a, b, c, d: a * b * c * d  # noqa: E731
    chain = found_in(f, features=[(0, 1), (1, 2), (2, 3)])
    assert set(chain.sets) == {(0, 1), (1, 2), (2, 3)}
    triangle = found_in(f, features=[(0, 1), (1, 2), (0, 2), (2, 3)])
    assert set(triangle.sets) == {*chain.sets, (0, 2), (0, 1, 2)}


class Found:
    """What `interaction_effects` returns, as far as it is asked."""

    names = ("a", "b", "c", "d")
    pairs = np.array([[2, 1], [0, 3]])

    def top(self, k):
        return self


def test_what_was_found_in_other_columns_is_refused():
    """Positions of pairs in columns in another order are those of other columns."""
    f = lambda a, b, c, d: a * b * c * d  # noqa: E731
    same = pd.DataFrame(EVERY, columns=list("abcd"))
    assert set(found_in(f, same, features=Found()).sets) == {(1, 2), (0, 3)}
    with pytest.raises(ValueError, match=r"of 'b' where X has 'c' \(position 1\)"):
        found_in(f, same[list("acbd")], features=Found())
    generic = interaction_effects(Function(f), EVERY, **EXACT)
    assert set(found_in(f, same, features=generic).sets) >= {(0, 1), (2, 3)}


def test_takes_what_others_found():
    f = lambda a, b, c, d: a * b * c * d  # noqa: E731
    assert set(found_in(f, features=Found()).sets) == {(1, 2), (0, 3)}
    net = relu_network(4, 6, 1)
    from_weights = higher_order(net, EVERY, neural_interaction_strength(net), **EXACT)
    from_columns = higher_order(net, EVERY, [0, 1, 2, 3], **EXACT)
    assert from_weights.sets == from_columns.sets
    table = pd.DataFrame(EVERY, columns=list("abcd"))
    by_name = found_in(f, table, features=["a", "c"])
    assert by_name.to_frame()["features"].tolist() == ["a & c"]


def test_support_counts_every_cell():
    X = np.repeat(EVERY, [*[25] * 14, 5, 10], axis=0)
    found = found_in(lambda a, b, c, d: a * b * c, X)
    at = found.sets.index((0, 1, 2))
    assert (found.rows_all_high[at], found.rows_least[at]) == (15, 15)
    assert found.flagged[at]
    pair = found.sets.index((0, 3))
    cells = [((X[:, 0] == i) & (X[:, 3] == j)).sum() for i in (0, 1) for j in (0, 1)]
    assert (found.rows_all_high[pair], found.rows_least[pair]) == (cells[-1], min(cells))
    assert not found.flagged[pair]
    frame = found.to_frame()
    assert frame["rms"].is_monotonic_decreasing
    assert frame["flagged"][0]
    assert frame["order"][0] == 3


def test_levels_of_counts():
    X = counts(300, 4)
    f = lambda a, b, c, d: a * b  # noqa: E731
    present = found_in(f, X, levels="present", features=[0, 1])
    medians = [np.median(X[X[:, j] > 0, j]) for j in (0, 1)]
    assert present.effects.item() == pytest.approx(np.prod(medians))
    even = np.array([[0, 0, 0, 0], [1, 2, 0, 0], [2, 5, 0, 0]])
    # A value that occurs: half a motif is no level, of two features or of more.
    alone = found_in(f, even, levels="present", features=[0, 1])
    pairs = interaction_effects(Function(f), even, levels="present", reduce="mean", **EXACT)
    assert alone.effects.item() == 1 * 2
    assert pairs.score[pairs.pairs.tolist().index([0, 1])].item() == 1 * 2
    high = found_in(f, X, features=[0, 1])
    ends = np.quantile(X[:, :2], [0.05, 0.95], axis=0)
    assert high.effects.item() == pytest.approx(np.prod(ends[1] - ends[0]))
    rare = np.zeros((300, 4))
    rare[:6] = 2
    assert found_in(f, rare, features=[0, 1]).effects.item() == 4
    same = found_in(f, sp.csr_matrix(X), features=[0, 1])
    np.testing.assert_array_equal(same.effects, high.effects)


def test_over_networks_and_black_boxes():
    nets, X = [relu_network(4, 6, 1, seed=seed) for seed in (0, 1)], normal(30, 4)
    both = higher_order(nets, X, [0, 1, 2], **EXACT)
    one = [higher_order(net, X, [0, 1, 2], **EXACT) for net in nets]
    for at, S in enumerate(both.sets):
        mean = np.mean([single.effects[single.sets.index(S)] for single in one], axis=0)
        np.testing.assert_allclose(both.effects[at], mean, rtol=0, atol=1e-12)
    assert np.isfinite(both.interval).all()
    assert np.isnan(one[0].interval).all()
    forest = RandomForestRegressor(5, random_state=0).fit(X, X[:, 0] * X[:, 1] * X[:, 2])
    found = higher_order(forest, X, [0, 1, 2])
    rows = o.oracle_moebius(
        lambda x: forest.predict(x[None]), X, (0, 1, 2), *np.quantile(X, [0.05, 0.95], axis=0)
    )
    assert found.effects[found.sets.index((0, 1, 2))].item() == pytest.approx(rows.mean())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"features": [0]}, "make no pair"),
        ({"features": []}, "make no pair"),
        ({"features": [(0, 0)]}, "each pair is two columns"),
        ({"features": [(0, 1, 2)]}, "each pair is two columns"),
        ({"features": [0, 9]}, "column 9 is not among the 4 columns"),
        ({"features": "ab"}, "must be a list of columns"),
        ({"features": 3}, "must be a list of columns"),
        ({"max_order": 1}, "max_order=1 must be a whole number from 2 to 6"),
        ({"max_order": 2.5}, "max_order=2.5 must be"),
        ({"levels": "swap"}, "levels='swap' must be 'quantiles'"),
        ({"levels": (1, 1)}, "high level of column 0, 1, 2 are the same, 1"),
        ({"levels": (0, np.ones(3))}, "the high level has shape"),
        ({"levels": (0, np.nan)}, "the high level has shape"),
        ({"X": np.ones((9, 4))}, "are the same, 1"),
        ({"n_background": 0}, "n_background=0 must be at least 1"),
    ],
)
def test_bad_input(changes, message):
    options = {"X": EVERY, "features": [0, 1, 2], **changes}
    with pytest.raises(ValueError, match=message):
        found_in(lambda a, b, c, d: a * b, **options)


def test_features_that_are_groups_are_refused():
    grouped = Found()
    grouped.names = ("a", "b")
    with pytest.raises(ValueError, match="2 features and X has 4 columns"):
        found_in(lambda a, b, c, d: a, features=grouped)
