"""Effects of a fit hang on the data alone, not on the order of its rows."""

from dataclasses import fields

import numpy as np
import pytest
import scipy.sparse as sp

from sklearn_deeplifft import GIATransformer


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
