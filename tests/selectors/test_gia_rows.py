"""Effects of a fit hang on the data alone, not on the order of its rows."""

from dataclasses import fields

import numpy as np
import pytest
import scipy.sparse as sp

from sklearn_deeplifft import GIATransformer
from sklearn_deeplifft.interventions import add, compose, swap


@pytest.mark.parametrize("form", [np.asarray, sp.csr_matrix], ids=["dense", "sparse"])
@pytest.mark.parametrize("n", [150, 1200])
def test_rows_in_another_order_give_the_same_bits(n, form):
    """Of 1,200 rows 1,000 are the background, and others the sample that it is measured by."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, 4))
    X[:, 3] += 2 * X[:, 2]
    y = (X[:, 0] * X[:, 1] + X[:, 2] > 0).astype(int)
    networks = GIATransformer.default_estimator(n_networks=3, max_epochs=2)

    def fitted(order):
        return GIATransformer(networks, pairs=2, random_state=0).fit(form(X[order]), y[order])

    first = fitted(np.arange(n))
    assert any(first.intervention_effects_.partners)
    for order in (np.argsort(y, kind="stable"), np.argsort(X[:, 2])):
        other = fitted(order)
        assert first.pairs_ == other.pairs_
        for field in fields(first.intervention_effects_):
            one, two = (getattr(gia.intervention_effects_, field.name) for gia in (first, other))
            np.testing.assert_equal(one, two, err_msg=field.name)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("form", [np.asarray, sp.csr_matrix], ids=["dense", "sparse"])
def test_effects_of_a_row_do_not_hang_on_its_neighbours(form, weighted):
    """Rows took the donors of their places in the batch: alone, each took the first one."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((120, 3))
    y, new = (X[:, 0] * X[:, 1] > 0).astype(int), rng.standard_normal((40, 3))
    networks = GIATransformer.default_estimator(n_networks=2, max_epochs=3)
    moves = [swap(0), compose(swap([0, 2]), add(1, 1, low=None))]
    gia = GIATransformer(networks, interventions=moves, output="effects", random_state=0)
    gia.fit(form(X), y, sample_weight=rng.integers(1, 4, 120) if weighted else None)
    background = gia.transform(gia.background_)
    np.testing.assert_array_equal(background.mean(0), gia.effects_.ravel())
    if weighted:
        assert gia.background_.shape[0] > 120  # equal rows have one donor
        several = np.unique(np.column_stack([background, _dense(gia.background_)]), axis=0)
        assert len(several) == 120
    rows = np.vstack([new, X[:20]])
    found, close = gia.transform(form(rows)), {"rtol": 1e-5, "atol": 1e-6}
    np.testing.assert_allclose(gia.transform(form(rows[::-1]))[::-1], found, **close)
    np.testing.assert_allclose(gia.transform(form(rows[30:50])), found[30:50], **close)
    one_by_one = np.vstack([gia.transform(form(row[None])) for row in rows])
    np.testing.assert_allclose(one_by_one, found, **close)


def _dense(X):
    return X.toarray() if sp.issparse(X) else X
