"""Interventions tied to a table."""

import numpy as np
import pytest

from sklearn_deeplifft.interventions import add, compose, quantile_shift, remove, set_to, swap
from sklearn_deeplifft.interventions._bind import bind, described
from sklearn_deeplifft.tables import find_groups

NAMES = ["a", "b", "grade_low", "grade_mid", "grade_high"]
X = np.random.default_rng(0).poisson(1.0, size=(12, 5)).astype(float)
BLOCK = find_groups([[2, 3, 4]], NAMES, 5)


def test_names_become_positions():
    for one in (remove("b"), remove(1)):
        assert bind(one, X, NAMES).columns == (1,)
    both = bind(compose(add("grade_low", 1), set_to(["b", "a"], [1, 2])), X, NAMES)
    assert both.columns == (2, 1, 0)
    assert [part.columns for part in both.parts] == [(2,), (1, 0)]
    assert both.apply(np.zeros((1, 3))).tolist() == [[1, 1, 2]]


@pytest.mark.parametrize("column", ["c", 5, -1])
def test_unknown_columns_are_named(column):
    with pytest.raises(ValueError, match=rf"column {column!r} is not among the 5 columns of X"):
        bind(remove(column), X, NAMES)


def test_a_name_needs_a_table_with_names():
    with pytest.raises(ValueError, match=r"column 'a' is not among"):
        bind(remove("a"), X)


@pytest.mark.parametrize(
    "twice",
    [
        lambda: set_to(["a", 0], [1, 2]),
        lambda: compose(set_to("a", 1), set_to(0, 2)),
        lambda: compose(add("b", 1), remove(1)),
    ],
)
def test_a_name_and_a_position_of_one_column_are_one_column(twice):
    with pytest.raises(ValueError, match=r"same column|hold one twice"):
        bind(twice(), X, NAMES)


def test_additions_by_name_and_by_position_add_up():
    bound = bind(compose(add("a", 1), add(0, 2)), X, NAMES)
    assert bound.apply(np.array([[1.0]] * 2)[:, : len(bound.columns)]).tolist() == [[4], [4]]
    assert bound.columns == (0,)


@pytest.mark.parametrize("thing", ["a", 0, None, lambda x: x])
def test_only_interventions_are_bound(thing):
    with pytest.raises(TypeError, match=r"is not an intervention; make one with set_to"):
        bind(thing, X, NAMES)


@pytest.mark.parametrize(
    "part",
    [
        add("grade_low", 1),
        set_to(["grade_low", "grade_mid"], [1, 0]),
        compose(remove("a"), remove("grade_low"), remove("grade_mid")),
    ],
)
def test_a_part_of_a_block_is_refused(part):
    with pytest.raises(ValueError, match=r"but not the rest of its block, .*'grade_high'"):
        bind(part, X, NAMES, BLOCK)


def test_a_whole_block_is_written_by_one_or_by_several():
    whole = set_to([4, 3, 2], [0, 1, 0])
    assert bind(whole, X, NAMES, BLOCK).columns == (4, 3, 2)
    bind(compose(*(swap(j) for j in (2, 3, 4))), X, NAMES, BLOCK)
    bind(remove("a"), X, NAMES, BLOCK)


@pytest.mark.parametrize(
    ("intervention", "message"),
    [
        (add(0, 1), r"column 'a' holds values below 0, which it would move by more than delta"),
        (add(0, 1, low=None, high=3), r"values above 3.*Pass low=None or high=None"),
        (compose(add(1, 1), add(0, 1, low=-4)), r"column 'a' holds values below -4"),
    ],
)
def test_add_outside_its_limits_is_refused(intervention, message):
    data = X.copy()
    data[3, 0], data[4, 0] = -5, 9
    with pytest.raises(ValueError, match=message):
        bind(intervention, data, NAMES)
    bind(add(0, 1, low=None), data, NAMES)


def test_quantiles_and_donors_come_from_the_background():
    bound = bind(compose(quantile_shift("b", 1), swap("a")), X, NAMES)
    moved = bound.apply(X[:, [1, 0]])
    assert (moved[:, 0] == X[:, 1].max()).all()
    assert sorted(moved[:, 1]) == sorted(X[:, 0])


@pytest.mark.parametrize(
    ("intervention", "names", "text"),
    [
        (add(1, 1), NAMES, "add(b+1)"),
        (add(1, 1), None, "add(x1+1)"),
        (set_to([2, 3, 4], [1, 0, 0], level="low"), NAMES, "set(grade=low)"),
        (remove([0, 1]), NAMES, "remove(a,b)"),
        (compose(add("a", 1), remove("b")), NAMES, "add(a+1) & remove(b)"),
    ],
)
def test_described_with_the_names_of_columns_or_block(intervention, names, text):
    assert described(bind(intervention, X, names), names) == text
