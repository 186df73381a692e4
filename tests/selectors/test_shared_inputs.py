"""Rows that networks of a round read alike are standardised once."""

import numpy as np
import pytest
import torch

from sklearn_deeplifft.networks import Standardize
from sklearn_deeplifft.selectors import _shared_inputs
from sklearn_deeplifft.selectors._shared_inputs import SharedInputs
from sklearn_deeplifft.tables import Scaling

D = 3
ROWS = np.random.default_rng(0).normal(size=(8, D))


class Trained:
    null_columns = None

    def __init__(self, scale=1.0):
        mean = np.arange(D, dtype=np.float64)
        self.standardize = Standardize.of(Scaling.none(D)._replace(mean=mean, scale=mean + scale))


class Counting:
    """What `SharedInputs` asks of a reading, counting the blocks that are read."""

    def __init__(self, trained=None, columns=range(D)):
        self.trained = Trained() if trained is None else trained
        self.columns = np.array(columns)
        self.read = 0

    def inputs(self, index):
        self.read += 1
        return self.trained.standardize(torch.from_numpy(ROWS[index]))


def expected(index, scale=1.0):
    mean = np.arange(D)
    return ((ROWS[index] - mean) / (mean + scale)).astype(np.float32)


def test_second_network_reads_nothing_anew():
    shared, blocks = SharedInputs(), [np.arange(5), np.arange(5, 8)]
    first, second = Counting(), Counting()
    for reading in (first, second):
        for index in blocks:
            np.testing.assert_array_equal(shared.of(reading, index).numpy(), expected(index))
    assert (first.read, second.read) == (2, 0)


@pytest.mark.parametrize("other", [{"trained": Trained(2.0)}, {"columns": [2, 1, 0]}])
def test_another_standardisation_or_other_columns_are_read_anew(other):
    shared, index, reading = SharedInputs(), np.arange(4), Counting(**other)
    shared.of(Counting(), index)
    found = shared.of(reading, index)
    assert reading.read == 1
    scale = 2.0 if "trained" in other else 1.0
    np.testing.assert_array_equal(found.numpy(), expected(index, scale))


def test_rows_beyond_the_bound_are_read_by_every_network(monkeypatch):
    monkeypatch.setattr(_shared_inputs, "SHARED_BYTES", 4 * D * 4)  # four rows
    shared, reading = SharedInputs(), Counting()
    for _ in range(2):
        shared.of(reading, np.arange(4))
        shared.of(reading, np.arange(4, 8))
    assert reading.read == 3


def test_null_columns_are_each_networks_own():
    trained = Trained()
    trained.null_columns = object()
    shared, reading = SharedInputs(), Counting(trained)
    shared.of(reading, np.arange(4))
    shared.of(reading, np.arange(4))
    assert reading.read == 2
