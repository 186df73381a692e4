"""Terms and increments of many rows are added up where they are returned."""

import tracemalloc

import numpy as np
import pytest
import torch

from sklearn_deeplifft import DeepLIFFTSelector
from sklearn_deeplifft.selectors._per_row import _Total


@pytest.fixture(scope="module")
def selector():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(120, 12)), np.arange(120) % 40
    networks = DeepLIFFTSelector.default_estimator(
        n_networks=4, max_epochs=1, path_steps=1, patience=None
    )
    return DeepLIFFTSelector(networks, step=None, random_state=0).fit(X, y)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*at chance|.*no better than|.*correctly")
def test_memory_is_that_of_the_result(selector):
    """Not that of all networks, nor that of all blocks and their concatenation."""
    X = np.random.default_rng(1).normal(size=(10_000, 12))
    selector.contributions(X[:10])
    tracemalloc.start()
    try:
        found = selector.contributions(X)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1.3 * found.terms.nbytes
    np.testing.assert_array_equal(found.terms[:10], selector.contributions(X[:10]).terms)


def test_the_mean_over_networks_by_hand():
    a, b = torch.tensor([[[1.0, 2.0]], [[3.0, 4.0]]]), torch.tensor([[[5.0, 6.0]], [[7.0, 8.0]]])
    total = _Total(2)
    for block in (np.array([0]), np.array([1])):
        for values in (a, b):
            total.add(block, 2, values[block], skipped=1)
    np.testing.assert_array_equal(total.mean(), [[[0, 0], [3, 4]], [[0, 0], [5, 6]]])
