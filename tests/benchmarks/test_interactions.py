"""Interactions: the functions are those of the paper, and peers do what they say."""

from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

from benchmarks.interactions import closed_forms, detection, speed
from benchmarks.interactions.functions import FUNCTIONS, labels, table
from sklearn_deeplifft.interventions._models import ensemble_of


@pytest.mark.parametrize("name", FUNCTIONS)
def test_pairs_that_interact_are_those_with_a_second_difference(name):
    X, y = table(name, 400, 0)
    assert np.isfinite(y).all()
    other, truth, f = np.roll(X, 1, axis=0), labels(name), FUNCTIONS[name].f

    def after(*columns):
        moved = X.copy()
        moved[:, list(columns)] = other[:, list(columns)]
        return f(*moved.T)

    for i in range(10):
        for j in range(i):
            e = after(i, j) - after(i) - after(j) + after()
            assert truth[i, j] == (np.abs(e).max() > 1e-9), (i + 1, j + 1)


def test_quick_figures(monkeypatch):
    monkeypatch.setattr(speed, "BLOCK", 1024)
    found = speed.figures(quick=True) | closed_forms.figures(quick=True)
    assert found["largest_difference"] < 1e-5
    assert found["friedman_ms"] == pytest.approx(7.14, rel=0.05)
    assert found["friedman_others"] < 1e-20
    assert found["shapley_interaction_error"] <= 4
    assert all(value > 0 for name, value in found.items() if name != "friedman_others")


class Model:
    """What the peers read of an ensemble."""

    def __init__(self, core):
        self._networks = [self]
        self.core, self.standardize = core, None


def test_strength_off_the_weights(monkeypatch):
    monkeypatch.setattr(detection, "ensemble_of", partial(ensemble_of, task="regression"))
    net = nn.Sequential(nn.Linear(3, 2), nn.ReLU(), nn.Linear(2, 1))
    with torch.no_grad():
        net[0].weight.copy_(torch.tensor([[1.0, 2, 0], [0, -3, 1]]))
        net[2].weight.copy_(torch.tensor([[1.0, -2]]))
    found = detection.nid(net, np.zeros((2, 3)))
    assert (found[0, 1], found[0, 2], found[1, 2]) == (1, 0, 2)


def test_gradients_differ_where_columns_interact():
    class Product(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.ones(1).double())

        def forward(self, x):
            return self.scale * x[:, :1] * x[:, 1:2] + x[:, 2:]

    found = detection.dfim(Model(Product()), np.random.default_rng(0).standard_normal((50, 3)))
    assert found[0, 1] > 1
    assert found[0, 2] == found[1, 2] == 0
