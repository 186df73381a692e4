"""Networks that draw in evaluation mode, or mix their rows, are refused by name."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from sklearn_deeplifft.attribution import NetworkReader, verify_piecewise_linear
from sklearn_deeplifft.exceptions import NotPiecewiseLinearError
from tests.attribution._architectures import D, K, Net


class Drawing(Net):
    def __init__(self, draw):
        super().__init__(None)
        self.draw = draw

    def forward(self, x):
        return self.output(self.dense1(self.draw(self.dense0(x).relu())))


DRAWS = {
    "dropout": (lambda h: F.dropout(h, 0.2), "dropout.*training=self.training"),
    "rare dropout": (lambda h: F.dropout(h, 0.05), "training=self.training"),
    "noise": (lambda h: h + 0.01 * torch.randn_like(h), "draws in randn_like"),
    "mask": (lambda h: h * torch.bernoulli(torch.full_like(h, 0.9)), "draws in bernoulli"),
    "in place": (lambda h: h + torch.empty_like(h).uniform_(), "draws in uniform_"),
}


def rows(n=9):
    return torch.randn(n, D, generator=torch.Generator().manual_seed(2)).double()


@pytest.mark.parametrize(("draw", "why"), DRAWS.values(), ids=DRAWS.keys())
@pytest.mark.parametrize("secants", [False, True])
def test_random_networks_are_refused_as_random(draw, why, secants):
    state = torch.get_rng_state()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module = Drawing(draw).double()
    with pytest.raises(NotPiecewiseLinearError, match=rf"random in evaluation mode.*{why}"):
        verify_piecewise_linear(NetworkReader(module, secants=secants), rows())
    assert torch.equal(torch.get_rng_state(), state)


def test_randomness_that_is_for_training_passes():
    module = Drawing(lambda h: F.dropout(h, 0.5, training=False)).double()
    verify_piecewise_linear(NetworkReader(module), rows())
    layers = nn.Linear(D, 8), nn.Dropout(0.5), nn.ReLU(), nn.Linear(8, K)
    verify_piecewise_linear(NetworkReader(nn.Sequential(*layers).double().train()), rows())


def test_a_batchnorm_without_running_statistics_is_named():
    norm = nn.BatchNorm1d(8, track_running_stats=False)
    module = nn.Sequential(nn.Linear(D, 8), norm, nn.ReLU(), nn.Linear(8, K)).double()
    with pytest.raises(NotPiecewiseLinearError, match=r"rest of its batch.*'1' \(BatchNorm1d\)"):
        verify_piecewise_linear(NetworkReader(module), rows())


MIXING = {
    "softmax over rows": lambda h: h.softmax(0),
    "centred": lambda h: h - h.mean(0),
    "normed": lambda h: F.normalize(h, dim=0),
}


@pytest.mark.parametrize("mix", MIXING.values(), ids=MIXING.keys())
def test_rows_that_mix_in_forward_are_told_so(mix):
    with pytest.raises(NotPiecewiseLinearError, match=r"rest of its batch.*over the rows"):
        verify_piecewise_linear(NetworkReader(Drawing(mix).double()), rows())
