"""The check battery on a network of sequences.

The battery's tables are of any width, and so every column is a position of its own, of an alphabet
of one letter: all that a network of sequences does otherwise than others is done. Tables of four
letters are in ``tests/networks/test_one_hot_ensembles.py``.
"""

from __future__ import annotations

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks
from torch import nn

from sklearn_deeplifft import (
    DeepLIFFTSelector,
    GIATransformer,
    NetworkEnsembleClassifier,
    NetworkEnsembleRegressor,
)
from sklearn_deeplifft.networks import OneHotNetwork
from sklearn_deeplifft.networks._one_hot import RowNorm

SMALL = {"n_networks": 1, "max_epochs": 4, "learning_rate": 0.05, "batch_size": 29}
"""Batches that leave a single row over, now and then."""


class OneLetter(OneHotNetwork):
    """A class, since the names of tests must not depend on where a function lies in memory."""

    def __init__(self, n_features: int, n_outputs: int) -> None:
        layers = {
            "conv": nn.Conv1d(1, 4, 3, padding="same"),
            "activation1": nn.ReLU(),
            "flatten": nn.Flatten(),
            "dense": nn.Linear(4 * n_features, 8),
            "norm": RowNorm(8),
            "activation2": nn.ReLU(),
            "output": nn.Linear(8, n_outputs),
        }
        super().__init__(n_features, layers, n_letters=1)


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.filterwarnings("ignore::sklearn_deeplifft.FeatureSelectionWarning")
@parametrize_with_checks(
    [
        NetworkEnsembleClassifier(OneLetter, **SMALL),
        NetworkEnsembleRegressor(OneLetter, **SMALL),
        DeepLIFFTSelector(NetworkEnsembleClassifier(OneLetter, **SMALL), step=None),
        GIATransformer(NetworkEnsembleClassifier(OneLetter, **SMALL), n_background=20),
    ],
    expected_failed_checks=None,
)
def test_checks_on_a_network_of_sequences(estimator, check):
    check(estimator)
