"""What each intervention does to rows, says of itself, and refuses."""

from dataclasses import FrozenInstanceError
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_deeplifft.interventions import (
    add,
    commute,
    compose,
    quantile_shift,
    remove,
    set_to,
    swap,
)
from tests import oracles_interventions as o

X = np.random.default_rng(0).poisson(1.5, size=(30, 3)).astype(float)
column = X[:, :1]


def learned(intervention, data):
    return intervention.learned(np.asarray(data, dtype=np.float64))


# set_to and remove


def test_set_to_writes_numbers():
    assert set_to(1, 2).apply(column).tolist() == [[2.0]] * 30
    assert set_to([0, 2], [5, -1]).apply(X[:, [0, 2]]).tolist() == [[5.0, -1.0]] * 30
    assert set_to([0, 2], 7).apply(X[:, [0, 2]]).tolist() == [[7.0, 7.0]] * 30


def test_remove_writes_zero_or_the_reference():
    assert remove(1).apply(column).tolist() == [[0.0]] * 30
    assert remove([0, 1], [1, 2]).apply(X[:, :2]).tolist() == [[1.0, 2.0]] * 30
    assert remove([0, 1], reference=3).target.tolist() == [3.0, 3.0]


# add


@given(
    x=st.floats(-50, 50),
    delta=st.floats(-9, 9).filter(bool),
    limits=st.sampled_from([(0, None), (None, None), (None, 3), (-2, 3)]),
)
def test_add_is_a_clipped_sum(x, delta, limits):
    low, high = limits
    expected = x + delta
    expected = expected if low is None else max(expected, low)
    expected = expected if high is None else min(expected, high)
    assert add(0, delta, low=low, high=high).apply(np.array([[x]])).item() == expected


def test_a_count_does_not_fall_below_zero_by_default():
    assert add(0, -2).apply(np.array([[0.0], [1.0], [5.0]])).ravel().tolist() == [0, 0, 3]


# quantile_shift

short_columns = st.lists(st.integers(-3, 3), min_size=1, max_size=12)


# A shift of less than 1e-9, what sums of shares may miss by, is none.
shifts = st.floats(-1, 1).filter(lambda q: abs(q) > 1e-8)


@given(data=short_columns, x=st.integers(-4, 4), q=shifts)
def test_quantile_shift_by_its_definition(data, x, q):
    bound = learned(quantile_shift(0, q), np.array(data)[:, None])
    expected = o.oracle_quantile_shift(data, x, q)
    assert bound.apply(np.array([[float(x)]])).item() == expected


@pytest.mark.parametrize("q", [0.1, 0.3, -0.1, -0.7, 1, -1])
def test_shares_that_meet_a_step_exactly_are_not_rounded_past_it(q):
    data = np.arange(1.0, 11)
    bound = learned(quantile_shift(0, q), data[:, None])
    expected = np.clip(data + round(10 * q), 1, 10)
    np.testing.assert_array_equal(bound.apply(data[:, None])[:, 0], expected)


def test_quantile_shift_moves_each_column_along_its_own_distribution():
    bound = learned(quantile_shift([0, 1], 0.25), X[:, :2])
    for j in (0, 1):
        expected = [o.oracle_quantile_shift(X[:, j], x, 0.25) for x in X[:, j]]
        np.testing.assert_array_equal(bound.apply(X[:, :2])[:, j], expected)


# swap


@pytest.mark.parametrize("seed", [0, 1, 7])
def test_swap_takes_whole_donors_and_nobody_is_its_own(seed):
    data = np.stack([np.arange(20.0), 100 + np.arange(20.0)], axis=1)
    taken = learned(swap([0, 1], seed), data).apply(data)
    donors = taken[:, 0]
    np.testing.assert_array_equal(taken[:, 1], 100 + donors)
    assert sorted(donors) == list(range(20))
    assert (donors != np.arange(20)).all()


def test_swaps_of_different_columns_share_their_donors_if_their_seeds_are_equal():
    data = np.arange(20.0)[:, None]
    one, same, other = (learned(swap(0, s), data).apply(data) for s in (3, 3, 4))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_swap_of_some_rows_takes_the_donors_of_these_rows():
    bound = learned(swap(0), column)
    rows = np.array([4, 9, 2])
    np.testing.assert_array_equal(bound.apply(column[rows], rows), bound.apply(column)[rows])


# Common to all

EVERY = {
    "set": (set_to("a", 2), "set(f=2)", 0, [2]),
    "set level": (set_to(["a", "b"], [0, 1], level="low"), "set(f=low)", 0, [0, 1]),
    "set two": (set_to(["a", "b"], [0, 1.5]), "set(f=0,1.5)", 0, [0, 1.5]),
    "remove": (remove("a"), "remove(f)", -1, [0]),
    "add": (add("a", 1), "add(f+1)", 1, None),
    "subtract": (add("a", -0.5), "add(f-0.5)", -1, None),
    "quantile up": (quantile_shift("a", 0.25), "quantile(f+0.25)", 1, None),
    "quantile down": (quantile_shift("a", -0.25), "quantile(f-0.25)", -1, None),
    "swap": (swap("a"), "swap(f)", 0, None),
    "composed up": (compose(add("a", 1), add("b", 2)), "add(f+1) & add(f+2)", 1, None),
    "composed both ways": (compose(add("a", 1), remove("b")), "add(f+1) & remove(f)", 0, None),
    "composed levels": (compose(set_to("b", 1), remove("a")), "set(f=1) & remove(f)", 0, [1, 0]),
}
every = pytest.mark.parametrize(
    ("intervention", "text", "sign", "target"), EVERY.values(), ids=EVERY
)


@every
def test_says_what_it_does(intervention, text, sign, target):
    assert intervention.describe("f") == text
    assert intervention.sign == sign
    found = intervention.target
    assert (None if found is None else found.tolist()) == target


@every
def test_is_a_frozen_value(intervention, text, sign, target):
    with pytest.raises(FrozenInstanceError):
        intervention.columns = (0,)
    assert intervention == intervention.at({"a": "a", "b": "b"})
    assert hash(intervention) == hash(intervention.at({"a": "a", "b": "b"}))


@every
def test_names_are_no_positions_until_bound(intervention, text, sign, target):
    with pytest.raises(ValueError, match=r"are names; bind them to a table first"):
        _ = intervention.positions
    at = intervention.at({"a": 4, "b": 1})
    assert set(at.positions) == {{"a": 4, "b": 1}[c] for c in intervention.columns}


@every
def test_the_rows_given_stay_as_they_are(intervention, text, sign, target):
    values = np.ones((5, len(intervention.columns)))
    bound = intervention.learned(values + np.arange(5)[:, None])
    out = bound.apply(values)
    assert (values == 1).all()
    out[:] = -1
    assert (values == 1).all()


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: set_to([], 1), ValueError, r"at least one column; got none"),
        (lambda: set_to([1, 1], 1), ValueError, r"columns \[1, 1\] hold one twice"),
        (lambda: set_to([0, 1], [1, 2, 3]), ValueError, r"value=.* one for each of 2 column"),
        (lambda: set_to(0, np.nan), ValueError, r"value=nan must be one finite number"),
        (lambda: remove(0, np.inf), ValueError, r"reference=inf must be one finite number"),
        (lambda: add([0, 1], 1), ValueError, r"add takes one column, got \[0, 1\]; compose one"),
        (lambda: add(0, 0), ValueError, r"delta=0\) changes nothing"),
        (lambda: add(0, 1, low=2, high=2), ValueError, r"low must be below high"),
        (lambda: quantile_shift(0, 0), ValueError, r"between -1 and 1 and not zero"),
        (lambda: quantile_shift(0, 1.5), ValueError, r"shift=1.5\): a share of the data"),
        (lambda: quantile_shift(0, np.nan), ValueError, r"shift=nan must be one finite"),
        (lambda: compose(), ValueError, r"compose needs at least one intervention"),
    ],
)
def test_what_cannot_be_meant_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize(
    ("intervention", "message"),
    [
        (quantile_shift(0, 0.1), r"quantile_shift needs the data"),
        (swap(0), r"swap needs rows to take values from"),
    ],
)
def test_what_the_data_must_tell_is_missed(intervention, message):
    with pytest.raises(ValueError, match=message):
        intervention.apply(column)


# Several at once

PARTS = (
    set_to(0, 2),
    remove([0, 1]),
    add(0, 1),
    add(0, 2.5),
    add(0, -1),
    add(0, 1, high=6),
    add(0, 2, low=None),
    add(0, -2, low=None),
    add(1, 1),
    quantile_shift([1, 2], 0.3),
    swap(2),
    set_to([1, 2], [1, 0]),
)
pairs = [(a, b) for i, a in enumerate(PARTS) for b in PARTS[:i]]


@pytest.mark.parametrize(("a", "b"), pairs)
def test_what_commutes_gives_the_same_in_either_order_and_the_rest_is_refused(a, b):
    assert commute(a, b) == commute(b, a)
    if not commute(a, b):
        with pytest.raises(ValueError, match=r"write the same column and do not commute"):
            compose(a, b)
        return
    one, other = (_applied(compose(*order)) for order in ((a, b), (b, a)))
    np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(one, _applied(b, _applied(a)))


def test_commuting_adds_of_one_column():
    assert commute(add(0, 1), add(0, 2.5))
    assert commute(add(0, 2, low=None), add(0, -2, low=None))
    assert not commute(add(0, 1), add(0, -1))
    assert not commute(add(0, 1), add(0, 1, high=3))
    assert not commute(set_to(0, 2), set_to(0, 2))


def _applied(intervention, rows=X):
    """Whole rows after it."""
    out = rows.copy()
    at = list(intervention.columns)
    out[:, at] = learned(intervention, X[:, at]).apply(rows[:, at])
    return out


@pytest.mark.parametrize(
    "order", list(permutations([add(0, 1), remove(2), quantile_shift(1, 0.4)]))
)
def test_three_in_any_order_and_however_nested(order):
    flat = compose(*order)
    nested = compose(compose(order[0], order[1]), order[2])
    expected = _applied(compose(add(0, 1), remove(2), quantile_shift(1, 0.4)))
    assert flat == nested
    np.testing.assert_array_equal(_applied(flat), expected)
    np.testing.assert_array_equal(_applied(nested), expected)
