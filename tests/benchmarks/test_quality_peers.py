"""Peers of our own making against slow, literal versions; and what they keep to."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from benchmarks.quality import elimination, stability_selection
from benchmarks.quality.elimination import elimination_lists, rounds_kept
from benchmarks.quality.filters import f_statistic, mrmr_lists, mrmr_order, relieff
from benchmarks.quality.lists import Training, standardised
from benchmarks.quality.stability_selection import selected_shares, stability_selection_lists


def table(n=60, d=8, n_classes=3, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)).astype(np.float32)
    X[:, 4] = X[:, 1] + 0.3 * rng.normal(size=n)  # a near-copy
    score = X[:, 1] + 0.8 * X[:, -2]
    return X, np.digitize(score, np.quantile(score, np.arange(1, n_classes) / n_classes))


def literal_relieff(X, y, k):
    """Kononenko (1994), a row, a class and a column at a time."""
    X = np.asarray(X, dtype=np.float64)
    span = np.ptp(X, axis=0)
    weights = np.zeros(X.shape[1])
    for i in range(len(y)):
        order = np.argsort(np.abs((X - X[i]) / span).sum(axis=1), kind="stable")
        for c in np.unique(y):
            near = [j for j in order if y[j] == c and j != i][:k]
            for a in range(X.shape[1]):
                diff = np.mean([abs(X[i, a] - X[j, a]) / span[a] for j in near])
                if c == y[i]:
                    weights[a] -= diff
                else:
                    weights[a] += np.mean(y == c) / (1 - np.mean(y == y[i])) * diff
    return weights / len(y)


@pytest.mark.parametrize(("n_classes", "k"), [(2, 3), (3, 10), (4, 40)])
def test_relieff_is_what_its_formula_says(n_classes, k):
    X, y = table(40, 6, n_classes)
    expected = literal_relieff(X, y, k)
    np.testing.assert_allclose(relieff(X, y, k), expected, atol=1e-12)
    np.testing.assert_allclose(relieff(csr_array(X), y, k), expected, atol=1e-6)


def test_relieff_of_a_class_with_one_row_is_finite():
    X, y = table(40)
    y[0] = 3
    assert np.isfinite(relieff(X, y)).all()


def test_relieff_does_not_depend_on_how_many_rows_are_read_at_once(monkeypatch):
    X, y = table()
    whole = relieff(X, y)
    monkeypatch.setattr("benchmarks.quality.filters._ROWS_AT_ONCE", 7)
    np.testing.assert_allclose(relieff(X, y), whole, atol=1e-12)


def literal_mrmr(X, y, most):
    F = f_statistic(X, y)
    correlation = np.abs(np.corrcoef(np.asarray(X, dtype=np.float64).T))
    taken = [int(np.argmax(F))]
    while len(taken) < most:
        left = [j for j in range(X.shape[1]) if j not in taken]
        taken.append(max(left, key=lambda j: F[j] / max(correlation[j, taken].mean(), 1e-3)))
    return taken


def test_mrmr_is_what_its_formula_says():
    X, y = table()
    expected = literal_mrmr(X, y, 6)
    F = f_statistic(X, y)
    assert mrmr_order(standardised(X), F, 6) == expected
    assert mrmr_order(standardised(csr_array(X)), F, 6) == expected
    assert mrmr_lists(Training(X, y, None, None, 0), [2, 6])[6] == expected


def test_mrmr_takes_no_copy_of_what_it_has():
    X, y = table(200)
    assert set(np.argsort(-f_statistic(X, y))[:2]) == {1, 4}
    assert 6 in mrmr_lists(Training(X, y, None, None, 0), [2])[2]


def test_a_column_that_parts_classes_perfectly_leaves_scores_finite():
    y = np.repeat([0, 1], 10)
    X = np.stack([y, np.arange(20), np.ones(20)], axis=1).astype(np.float32)
    with np.errstate(all="ignore"), pytest.warns(UserWarning, match="constant"):
        F = f_statistic(X, y)
    assert np.isfinite(F).all()
    assert F[2] == 0
    assert mrmr_order(standardised(X), F, 3)[0] == 0


def test_elimination_drops_a_fifth_and_at_last_one_by_one(monkeypatch):
    left = []
    known = elimination._number_to_drop
    monkeypatch.setattr(
        elimination, "_number_to_drop", lambda n_left: left.append(n_left) or known(n_left)
    )
    X, y = table(50, 120)
    place = rounds_kept(X, y, np.arange(120))
    assert left[:6] == [120, 96, 77, 62, 50, 49]
    assert left[-1] == 2
    np.testing.assert_array_equal(np.sort(place), np.arange(120))
    assert {int(np.argmax(place))} <= {1, 4, 118}


def test_elimination_of_blocks_drops_their_columns_together():
    X, y = table(90)
    blocks = np.array([5, 3, 5, 9, 3, 9, 7, 7])
    found = elimination_lists(Training(X, y, None, blocks, 0), [1, 2])
    assert set(found[1]) in ({1, 4}, {6, 7})
    assert set(found[2]) == {1, 4, 6, 7}


def test_stability_selection_tells_shares_of_halves(monkeypatch):
    monkeypatch.setattr(stability_selection, "PAIRS", 4)
    X, y = table(120, n_classes=2)
    part = Training(X, y, None, None, 0)
    shares = selected_shares(part, 4)
    assert shares.min() >= 0
    assert shares.max() == 1
    np.testing.assert_array_equal(shares * 8, np.round(shares * 8))
    assert set(stability_selection_lists(part, [3])[3]) == {1, 4, 6}
