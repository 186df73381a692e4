"""The benchmark of planted columns: what is held, and means over draws of the table."""

import numpy as np
import pytest

from benchmarks.planted import rankings
from sklearn_deeplifft.datasets import make_motif_counts


def test_the_share_of_the_wanted_among_the_first():
    order, wanted = np.array([3, 0, 2, 1, 4]), np.array([0, 0, 1, 1, 0], dtype=bool)
    assert rankings.held(order, wanted) == 0.5
    assert rankings.held(order, wanted, 3) == 1
    assert rankings.held(order, wanted, 1) == 0.5


def test_means_over_draws_of_known_rankings(monkeypatch, capsys):
    """One ranking knows the truth, one puts it last; both predict the first class."""
    shape = {"n_features": 64, "n_classes": 2, "n_null_families": 2}
    seen = []

    def known(X, y, other, seed):
        made = make_motif_counts(len(X) + rankings.OTHERS, **shape, random_state=seed)
        seen.append((made, other))
        np.testing.assert_array_equal(X, made.X[: len(X)])
        return rankings.Ranked(np.argsort(~made.relevant, kind="stable"), np.zeros(len(other)))

    def reverse(*args):
        return rankings.Ranked(known(*args).order[::-1], np.zeros(len(args[2])))

    monkeypatch.setattr(rankings, "RANKINGS", {"known": known, "reverse": reverse})
    found = rankings.over_draws(300, 2, **shape)
    assert found["recall_known"] == found["pairs_known"] == 1
    n = seen[0][0].relevant.sum()
    assert found["recall_reverse"] == pytest.approx((2 * n - 64) / n)
    right = np.mean([(made.y[300:] == 0).mean() for made, _ in seen])
    assert found["right_known"] == pytest.approx(right)
    assert all(len(other) == rankings.OTHERS for _, other in seen)
    assert capsys.readouterr().out.count("draw") == 4
