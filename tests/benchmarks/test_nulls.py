"""The tables that null features are tried on, and how an outcome is counted."""

import numpy as np

from benchmarks.nulls import assignments, outcome, selected, table


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
    design = table(0.7, 0)._replace(block=np.r_[np.repeat(np.arange(9), 4), 9, 10, 10, 10])
    mask = design.true.copy()
    assert outcome(mask, design) == (0, 0, 1)
    mask[[1, 37]] = True  # beside a true one, and in a block without any
    mask[0] = False
    assert outcome(mask, design) == (2 / 11, 1 / 11, 0.9)
    assert outcome(np.zeros(40, dtype=bool), design) == (0, 0, 0)


def test_each_network_has_rows_and_null_rows_of_its_own():
    parts = assignments(np.arange(100) % 2, seed=0)
    assert len(parts) == len({part.nulls.tobytes() for part in parts}) == 20
    for part in parts:
        assert len(part.validation) == 20
        assert set(part.nulls[part.training]) == set(part.training)


def test_what_says_everything_is_selected_and_noise_is_not():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 8))
    assert selected(X, (X[:, 3] > 0).astype(np.int64), 0, penalty=False).tolist() == [
        i == 3 for i in range(8)
    ]
    assert not selected(X, rng.integers(2, size=200), 0, penalty=False).any()
