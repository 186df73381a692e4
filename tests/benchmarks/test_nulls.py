"""The tables that null features are tried on, and how an outcome is counted."""

import numpy as np
import pytest

from benchmarks.nulls.designs import outcome, table
from benchmarks.nulls.selection import SELECTORS, selected, with_error


def test_designs_are_as_described():
    plain, blocks = table(0.0, 0, n=4000), table(0.7, 0, n=4000)
    for design in (plain, blocks):
        assert design.X.shape == (4000, 40)
        assert design.true.sum() == len(set(design.block[design.true])) == 10
        assert 0.3 < design.y.mean() < 0.7
    same = blocks.block[:, None] == blocks.block
    off = ~np.eye(40, dtype=bool)
    assert abs(np.corrcoef(blocks.X.T)[same & off] - 0.7).max() < 0.06
    assert abs(np.corrcoef(blocks.X.T)[~same]).max() < 0.1
    assert abs(np.corrcoef(plain.X.T)[off]).max() < 0.1


def test_an_outcome_is_counted():
    design = table(0.7, 0)
    mask = design.true.copy()
    assert outcome(mask, design) == (0, 1)
    mask[[1, 37]] = True
    mask[0] = False
    assert outcome(mask, design) == (2 / 11, 0.9)
    assert outcome(np.zeros(40, dtype=bool), design) == (0, 0)


def test_a_mean_comes_with_its_standard_error():
    found = with_error("x", [1.0, 3.0])
    assert found == {"x": 2.0, "x_se": 1.0}


@pytest.mark.slow
@pytest.mark.parametrize("suffix", SELECTORS)
def test_what_says_everything_is_selected_and_noise_is_not(suffix):
    rng = np.random.default_rng(0)
    X, make = rng.normal(size=(200, 8)), SELECTORS[suffix]
    assert selected(make(0), X, (X[:, 3] > 0).astype(np.int64)).tolist() == [
        i == 3 for i in range(8)
    ]
    assert not selected(make(0), X, rng.integers(2, size=200)).any()
