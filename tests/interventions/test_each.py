"""Interventions that are made of each feature by itself, and averages of their effects."""

import numpy as np
import pytest

from sklearn_deeplifft.interventions import add, compose, quantile_shift, remove, set_to
from sklearn_deeplifft.interventions._bind import bind, described
from sklearn_deeplifft.interventions._each import each_feature
from sklearn_deeplifft.interventions._importances import averages_of
from sklearn_deeplifft.tables import find_groups


def made(X, names=None, groups=None):
    X = np.asarray(X, dtype=np.float64)
    d = X.shape[1]
    found = each_feature(X, names, find_groups(groups or [[j] for j in range(d)], names, d))
    bound = [bind(one, X, names) for one in found]
    return [described(one, names) for one in bound], bound


def column(*values):
    return np.array(values, dtype=np.float64)[:, None]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0, 1, 2, 3], ["remove(x0)", "add(x0+1)"]),
        ([0, 2, 4, 6], ["remove(x0)", "add(x0+1)"]),
        ([0, 0, 0.5, 1.0], ["remove(x0)", "add(x0+0.5)"]),
        ([0, 0, 0, 0.3, 0.4, 0.77], ["remove(x0)", "add(x0+0.4)"]),
        ([0, 0.1, 0.25, 0.37], ["quantile(x0+0.25)", "quantile(x0-0.25)"]),
        ([0, 0, -3, -1.5], ["quantile(x0+0.25)", "quantile(x0-0.25)"]),
        ([1, 2, 3, 4], ["quantile(x0+0.25)", "quantile(x0-0.25)"]),
        ([0, 1, 1, 0], ["remove(x0)", "add(x0+1)"]),
        ([0, 2, 2, 2], ["remove(x0)", "add(x0+2)"]),
        ([1, 2, 2, 1], ["set(x0=1)", "set(x0=2)"]),
        ([-1, -1, 1, -1], ["set(x0=-1)", "set(x0=1)"]),
        ([-1.5, -0.0], ["set(x0=-1.5)", "set(x0=0)"]),
        ([2, 2, 2, 2], []),
        ([0, 0, 0, 0], []),
    ],
    ids=[
        "counts",
        "even counts",
        "a scaled count",
        "sparse",
        "half as sparse",
        "sparse and negative",
        "no zero",
        "0 and 1",
        "0 and 2",
        "1 and 2",
        "-1 and 1",
        "no count",
        "constant",
        "all zero",
    ],
)
def test_a_column_is_removed_and_added_to_or_shifted(values, expected):
    assert made(column(*values))[0] == expected


def test_adding_leads_to_no_value_above_the_largest():
    (_, more) = made(column(0, 0, 1, 3))[1]
    assert more.apply(column(0, 1, 3)).ravel().tolist() == [1, 2, 3]
    (_, more) = made(column(0, 0, 0, 0.25))[1]
    assert more.apply(column(0, 0.25)).ravel().tolist() == [0.25, 0.25]


def test_a_block_is_brought_to_each_of_its_levels():
    names = ["grade_low", "grade_mid", "grade_high", "age"]
    X = np.column_stack([np.eye(3)[[0, 1, 2, 0, 1, 2]], [1.5, 2, 3, 4, 5, 6.5]])
    shown, bound = made(X, names, [[0, 1, 2], [3]])
    assert shown[:3] == ["set(grade=low)", "set(grade=mid)", "set(grade=high)"]
    assert shown[3:] == ["quantile(age+0.25)", "quantile(age-0.25)"]
    for level, one in zip(np.eye(3), bound, strict=False):
        np.testing.assert_array_equal(one.apply(X[:2, :3]), [level, level])


def test_the_level_without_any_column_is_called_none():
    shown, _ = made([[1, 0], [0, 1], [0, 0]], ["hue_red", "hue_blue"], [[0, 1]])
    assert shown == ["set(hue=red)", "set(hue=blue)", "set(hue=none)"]
    shown, _ = made([[1, 1], [1, 0], [0, 0]], None, [[0, 1]])
    assert shown == ["set(x0,x1=1,1)", "set(x0,x1=x0)", "set(x0,x1=none)"]


def test_a_block_of_counts_is_removed_and_added_to_together():
    X = [[0, 0], [1, 0], [2, 1], [0, 3], [1, 2]]
    shown, (less, more) = made(X, ["fox", "gata"], [[0, 1]])
    assert shown == ["remove(fox) & remove(gata)", "add(fox+1) & add(gata+1)"]
    np.testing.assert_array_equal(less.apply(np.array([[2.0, 1.0]])), [[0, 0]])
    np.testing.assert_array_equal(more.apply(np.array([[2.0, 1.0]])), [[2, 2]])


def test_a_column_of_zeros_in_a_block_of_counts_stays_as_it_is():
    X = np.array([[0, 0, 0], [1, 0, 0], [2, 0, 1], [0, 0, 3], [1, 0, 2]])
    _, both = made(X, None, [[0, 1, 2]])
    for one in both:
        assert (one.apply(X[:, one.positions])[:, 1] == 0).all()


NUMBERS = {
    "a quantity": np.random.default_rng(0).standard_normal((60, 1)),
    "a count": np.random.default_rng(1).poisson(1.0, (60, 1)),
    "counts": np.random.default_rng(2).poisson(1.0, (60, 2)),
    "bits": np.random.default_rng(3).integers(0, 2, (60, 3)),
}
ONE_HOT = np.eye(3)[np.random.default_rng(4).integers(0, 3, 60)]


@pytest.mark.parametrize("unit", [1, 0.25], ids=["one-hot", "scaled"])
@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("first", [True, False], ids=["numbers first", "levels first"])
def test_a_block_of_levels_beside_numbers_goes_to_what_rows_can_be(number, first, unit):
    parts = [NUMBERS[number], unit * ONE_HOT[:, [2, 0, 1]]]
    X = np.hstack(parts if first else parts[::-1]).astype(float)
    (one,) = made(X, None, [range(X.shape[1])])[1]
    rows = set(map(tuple, X))
    assert all(tuple(row) in rows for row in one.apply(X[:, one.positions]))


@pytest.mark.parametrize(("low", "high"), [(0, 2), (1, 2), (-1, 1), (-0.83, 1.21), (0.3, 0.7)])
def test_in_a_block_two_values_are_moved_as_0_and_1_are(low, high):
    bits = NUMBERS["bits"].astype(float)
    for others in (NUMBERS["counts"], NUMBERS["a quantity"], NUMBERS["bits"][::-1]):
        plain, coded = (
            np.hstack([values, others]) for values in (bits, np.where(bits == 1, high, low))
        )
        (one, two), (first, second) = (
            made(X, None, [range(X.shape[1])])[1] for X in (plain, coded)
        )
        for expected, found in ((one, first), (two, second)):
            after = expected.apply(plain)
            after[:, :3] = np.where(after[:, :3] == 1, high, low)
            np.testing.assert_array_equal(found.apply(coded), after)


@pytest.mark.parametrize("numbers", ["counts", "bits"])
def test_columns_that_are_no_levels_of_one_thing_are_moved_together(numbers):
    X = np.hstack([NUMBERS[numbers], NUMBERS["a count"]]).astype(float)
    less, more = made(X, None, [range(X.shape[1])])[1]
    assert (less.apply(X) == 0).all()
    np.testing.assert_array_equal(more.apply(X), np.minimum(X + 1, X.max(axis=0)))


def test_a_block_of_continuous_columns_is_shifted_together():
    X = np.random.default_rng(0).standard_normal((20, 2))
    assert made(X, None, [[0, 1]])[0] == ["quantile(x0,x1+0.25)", "quantile(x0,x1-0.25)"]


# Averages


def averaged(X, interventions, groups):
    X = np.asarray(X, dtype=np.float64)
    bound = [bind(one, X) for one in interventions]
    return averages_of(bound, X, find_groups(groups, None, X.shape[1]))


def test_importances_are_means_over_the_interventions_of_a_feature():
    X = [[0, 0.0, 5], [1, 2.0, 5], [3, 1.0, 5]]
    several = [remove(0), add(0, 1), quantile_shift(1, 0.25), compose(add(0, 1), set_to(1, 0))]
    found = averaged(X, several, [[0], [1], [2]])
    effects = np.array([[-4.0, 1.0], [2.0, 3.0], [5.0, -6.0], [100.0, 100.0]])
    sizes = np.abs(effects)
    # To remove it is a step of 4 / 3, above its standard deviation; to add 1 is below.
    w = np.std([0, 1, 3]) / (4 / 3)
    # The composed one writes two features, and speaks for neither.
    np.testing.assert_allclose(found.overall(sizes), [(2.5 * w + 2.5) / 2, 5.5, 0])
    expected = [[(4 * w + 2) / 2, (w + 3) / 2], [5, 6], [0, 0]]
    np.testing.assert_allclose(found.sizes(effects).T, expected)
    # Removing is having less of it, so its effect counts with the other sign.
    np.testing.assert_allclose(
        found.by_class(effects).T, [[(4 * w + 2) / 2, (-w + 3) / 2], [5, -6], [0, 0]]
    )
    assert found.touched.tolist() == [True, True, False]


def test_a_level_of_a_block_speaks_for_its_own_column_alone():
    X = np.eye(3)[[0, 1, 2, 0]]
    levels = [set_to([0, 1, 2], level) for level in np.eye(3)]
    found = averaged(X, levels, [[0, 1, 2]])
    effects = np.array([[3.0], [-1.0], [2.0]])
    of_one = np.sqrt(0.25 / 0.75)
    np.testing.assert_allclose(found.by_class(effects), [[3.0, -of_one, 2 * of_one]])
    np.testing.assert_allclose(found.overall(np.abs(effects)), [0.5 * 3 + 0.25 * 1 + 0.25 * 2])


@pytest.mark.parametrize(("level", "side"), [(3.0, 1.0), (0.0, -1.0), (1.0, 0.0)])
def test_setting_a_column_raises_or_lowers_it_by_where_its_mean_is(level, side):
    found = averaged([[0.0], [1.0], [2.0]], [set_to(0, level)], [[0]])
    step = np.abs(np.arange(3) - level).mean()
    expected = 2 * side * min(1, np.std(np.arange(3)) / step)
    np.testing.assert_allclose(found.by_class(np.array([[2.0]])), [[expected]])
