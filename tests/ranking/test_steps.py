"""How many features rounds of elimination drop, and how many rounds there are."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_deeplifft.ranking import n_dropped, n_rounds

STEPS = st.one_of(
    st.just("auto"), st.integers(1, 90), st.floats(0.001, 0.999), st.integers(1, 5).map(np.int64)
)


def literally_left(n, step):
    """Numbers of features that the networks of each round are trained on."""
    left = [n]
    while left[-1] != 1:
        now = left[-1]
        if step == "auto":
            goes = math.ceil(now / 2) if now > 50 else math.ceil(now / 5)
        elif isinstance(step, float):
            goes = math.ceil(step * now)
        else:
            goes = int(step)
        left.append(max(now - goes, 1))
    return left


@given(n=st.integers(1, 700), step=STEPS)
def test_rounds_are_those_of_a_literal_loop(n, step):
    left = literally_left(n, step)
    assert n_rounds(n, step) == len(left)
    for before, after in itertools.pairwise(left):
        assert max(before - n_dropped(before, step), 1) == after


@given(n=st.integers(1, 10**6), step=STEPS)
def test_at_least_one_goes(n, step):
    assert n_dropped(n, step) >= 1
    assert type(n_dropped(n, step)) is int


@pytest.mark.parametrize(
    ("n", "step", "dropped"),
    [
        (51, "auto", 26),  # half of what is left, rounded up, while it is more than 50
        (50, "auto", 10),  # then a fifth
        (6, "auto", 2),
        (5, "auto", 1),
        (1, "auto", 1),
        (10, 0.4, 4),
        (3, 0.01, 1),
        (2, 7, 7),
        (10, np.int32(3), 3),
        (10, np.float32(0.5), 5),
    ],
)
def test_numbers_dropped(n, step, dropped):
    assert n_dropped(n, step) == dropped


def test_auto_halves_a_wide_table_and_takes_its_time_over_the_end():
    assert literally_left(512, "auto") == [
        512,
        256,
        128,
        64,
        32,
        25,
        20,
        16,
        12,
        9,
        7,
        5,
        4,
        3,
        2,
        1,
    ]
    assert n_rounds(512, "auto") == 16
