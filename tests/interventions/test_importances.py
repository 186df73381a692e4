"""Effects to importances: a step counts as one standard deviation at most, a level as it is met."""

from __future__ import annotations

import numpy as np
import pytest

from sklearn_deeplifft.interventions import (
    Intervention,
    add,
    compose,
    quantile_shift,
    remove,
    set_to,
    swap,
)
from sklearn_deeplifft.interventions._bind import bind
from sklearn_deeplifft.interventions._each import each_feature
from sklearn_deeplifft.interventions._importances import averages_of
from sklearn_deeplifft.tables import FeatureGroups

RARE, COMMON, MANY, WIDE = range(4)


@pytest.fixture(scope="module")
def table() -> np.ndarray:
    """A motif of 3 rows of 300, one of half of them, a count around 10, a quantity."""
    rng = np.random.default_rng(0)
    X = np.column_stack(
        [np.arange(300) < 3, np.arange(300) % 2, rng.poisson(10, 300), rng.normal(size=300)]
    )
    return X.astype(np.float64)


def alone(d: int) -> FeatureGroups:
    return FeatureGroups(np.arange(d), np.arange(d))


def weights(
    asked: list[Intervention], X: np.ndarray, groups: FeatureGroups | None = None
) -> np.ndarray:
    """What each intervention counts, (m,): its share of the feature times their number."""
    groups = alone(X.shape[1]) if groups is None else groups
    bound = [bind(one, X, None, groups) for one in asked]
    average = averages_of(bound, X, groups).average.toarray()
    return average.sum(axis=0) * (average != 0).sum(axis=1)[average.argmax(axis=0)]


def literal(before: np.ndarray, after: np.ndarray) -> float:
    """The definition, for one column."""
    step = sum(abs(a - b) for a, b in zip(after, before, strict=True)) / len(before)
    mean = sum(before) / len(before)
    deviation = (sum((b - mean) ** 2 for b in before) / len(before)) ** 0.5
    return min(1.0, deviation / step)


@pytest.mark.parametrize("written", [set_to(0, 1e300), add(0, 1e300, low=None)])
@pytest.mark.parametrize("size", [1e-20, 1e-200])
def test_a_step_that_no_number_holds_counts_nearly_nothing(written, size):
    """Without a warning of NumPy on the way: what it does to predictions is refused elsewhere."""
    X = size * np.random.default_rng(0).uniform(-1, 1, size=(50, 1))
    found = averages_of([bind(written, X, None, alone(1))], X, alone(1)).average.toarray()
    assert found.shape == (1, 1)
    assert 0 <= found[0, 0] <= size * 1e-299


def test_a_step_counts_as_one_standard_deviation_at_most(table):
    asked = [add(RARE, 1), remove(RARE), add(COMMON, 1), add(MANY, 1), remove(MANY)]
    rare, many = table[:, RARE], table[:, MANY]
    expected = [
        literal(rare, rare + 1),
        1.0,  # what three rows lose is little
        0.5,
        1.0,
        literal(many, 0 * many),
    ]
    one_by_one = [weights([one], table)[0] for one in asked]
    np.testing.assert_allclose(one_by_one, expected)
    assert expected[0] == pytest.approx(0.0995, abs=1e-4)
    assert expected[4] == pytest.approx(0.31, abs=0.03)


def test_what_leads_to_values_of_the_data_counts_in_full(table):
    asked = [quantile_shift(WIDE, 0.25), quantile_shift(RARE, -0.25), swap(COMMON)]
    assert [weights([one], table)[0] for one in asked] == [1, 1, 1]
    assert weights([set_to(WIDE, 0.5)], table)[0] == 1
    far = literal(table[:, WIDE], np.full(300, 50.0))
    assert weights([set_to(WIDE, 50.0)], table)[0] == pytest.approx(far)
    assert far < 0.03


@pytest.mark.parametrize("factor", [1e-200, 1.0, 1e200])
def test_weights_do_not_depend_on_units(table, factor):
    found = weights([add(RARE, factor), remove(MANY)], table * factor)
    np.testing.assert_allclose(found, weights([add(RARE, 1), remove(MANY)], table))


def test_levels_count_as_often_as_they_are_met():
    level = np.repeat([0, 1, 2], [270, 27, 3])
    X = np.eye(3)[level]
    groups = FeatureGroups(np.zeros(3, dtype=int), np.array([0]))
    bound = [bind(one, X, None, groups) for one in each_feature(X, None, groups)]
    found = averages_of(bound, X, groups)
    shares = found.average.toarray()[0]
    by_level = {int(np.argmax(one.target)): s for one, s in zip(bound, shares, strict=True)}
    assert by_level == pytest.approx({0: 0.9, 1: 0.09, 2: 0.01})
    signed = found.signed.toarray()
    of_level = [signed[k][signed[k] != 0][0] for k in range(3)]
    p = np.array([0.9, 0.09, 0.01])
    np.testing.assert_allclose(of_level, np.minimum(1, np.sqrt(p / (1 - p))))


def test_a_level_raises_no_column_that_never_changes():
    X = np.column_stack([np.eye(2)[np.arange(10) % 2], np.ones(10)])
    groups = FeatureGroups(np.zeros(3, dtype=int), np.array([0]))
    bound = [bind(one, X, None, groups) for one in each_feature(X, None, groups)]
    signed = averages_of(bound, X, groups).signed.toarray()
    assert signed.shape == (3, 2)
    assert (signed != 0).sum(axis=1).tolist() == [1, 1, 0]
    assert (signed >= 0).all()


def test_a_value_speaks_for_more_or_less_of_a_column_than_its_mean(table):
    asked = [set_to(MANY, 5), set_to(MANY, 15), set_to(WIDE, 0.5), set_to(WIDE, -0.5)]
    bound = [bind(one, table, None, alone(4)) for one in asked]
    signed = averages_of(bound, table, alone(4)).signed.toarray()
    assert np.sign(signed[MANY]).tolist() == [-1, 1, 0, 0]
    assert np.sign(signed[WIDE]).tolist() == [0, 0, 1, -1]


def test_a_group_of_counts_counts_by_the_mean_square_of_its_steps(table):
    groups = FeatureGroups(np.array([0, 0, 1, 2]), np.array([0, 2, 3]))
    both = compose(add(RARE, 1), add(COMMON, 1))
    steps = [1 / table[:, RARE].std(), 1 / table[:, COMMON].std()]
    [found] = weights([both], table, groups)
    assert found == pytest.approx(1 / np.sqrt(np.mean(np.square(steps))))


def test_a_motif_that_hardly_any_row_has_comes_behind_one_of_half_the_rows(table):
    """Of the same effect on a row; counted in full it would come first."""
    X = table[:, :2]
    bound = [bind(one, X, None, alone(2)) for one in each_feature(X, None, alone(2))]
    steps = [np.abs(one.apply(X[:, one.positions]) - X[:, one.positions]).mean() for one in bound]
    rare, common = averages_of(bound, X, alone(2)).overall(np.array(steps)[:, None])
    assert rare < common / 3
