"""Responses have the same bits whatever state torch is in."""

import numpy as np
import pytest
import torch

from sklearn_deeplifft.attribution import Head
from sklearn_deeplifft.perturbation import (
    Edit,
    FullForward,
    OutputScale,
    low_rank_of,
    pairs_after,
    per_unit,
)
from tests.attribution.test_ambient_state import AMBIENT
from tests.conftest import relu_network

D = 6


def built():
    net = relu_network(D, 30, 20, 3, dtype=torch.float32)
    scale = OutputScale((Head("softmax", 0, 3),), proba=True)
    steps = per_unit(torch.from_numpy(np.ones(D)))
    return net, scale, low_rank_of(net, torch.float32, lambda X: X, steps, scale)


def edits(X):
    moved = X + 1
    return [
        Edit(torch.from_numpy(np.array([j])), moved[:, [j]], None, moved[:, [j]] - X[:, [j]])
        for j in range(D)
    ] * 6


def answers(response, X):
    before = response.outputs(X).double()
    few = edits(X)
    out = torch.from_numpy(np.zeros((len(X), len(few), 3)))
    response.write_changes(out, X, few, before)
    return [before, response.after(X, few[:2]), out]


@pytest.mark.parametrize("state", AMBIENT.values(), ids=AMBIENT.keys())
def test_responses_have_the_same_bits(state):
    X = torch.from_numpy(np.random.default_rng(0).standard_normal((50, D)))
    net, scale, low_rank = built()
    whole = FullForward(lambda X: scale(net(X.float())).detach())
    pairs = [(0, 1), (0, 2), (1, 2)]
    expected = [
        *answers(low_rank, X),
        *answers(whole, X),
        *pairs_after(low_rank, X, edits(X), pairs),
    ]
    again = built()[2]
    with state():
        found = [*answers(again, X), *answers(whole, X), *pairs_after(again, X, edits(X), pairs)]
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_array_equal(one.numpy(), other.numpy())
