"""Networks that attributions would read wrongly are refused by name."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tests.sequences._nets import K, L, chain
from tests.sequences.test_attributions import METHODS, X

every_method = pytest.mark.parametrize("name", METHODS)


class Behind(nn.Module):
    """A network with something inline behind it."""

    def __init__(self, how, n_outputs=1):
        super().__init__()
        torch.manual_seed(0)
        self.net, self.how = chain(nn.ReLU(), n_outputs=n_outputs).double().eval(), how

    def forward(self, x):
        return self.how(self.net(x))


def centred():
    layers = nn.Conv1d(K, 5, 3), nn.BatchNorm1d(5, track_running_stats=False), nn.Flatten()
    return nn.Sequential(*layers, nn.Linear(5 * (L - 2), 1)).double().eval()


def by_hand(z):
    e = torch.exp(z)
    return e / e.sum(1, keepdim=True)


@every_method
@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: Behind(lambda z: F.dropout(z, 0.5)), "random in evaluation mode.*F.dropout draws"),
        (lambda: Behind(lambda z: z + torch.randn_like(z)), "random in evaluation mode"),
        (centred, r"rest of its batch.*'1' \(BatchNorm1d\)"),
        (lambda: Behind(lambda z: z - z.mean(0)), "rest of its batch.*over the rows"),
    ],
)
@pytest.mark.parametrize("scale", ["logit", "output"])
def test_networks_that_draw_or_mix_rows_are_refused(name, make, why, scale):
    net = make()
    state = torch.get_rng_state()
    with pytest.raises(ValueError, match=f"{why}.*Scores would not be those of the network's"):
        METHODS[name](net, X, scale=scale)
    assert torch.equal(torch.get_rng_state(), state)


@every_method
def test_probabilities_by_hand_are_attributed_as_outputs_alone(name):
    net = Behind(by_hand, n_outputs=2)
    with pytest.raises(ValueError, match=r"like probabilities.*Or pass scale='output'"):
        METHODS[name](net, X, output=1)
    soft = Behind(lambda z: z.softmax(1), n_outputs=2)
    found = METHODS[name](soft, X, output=1).scores
    plain = METHODS[name](Behind(lambda z: z, n_outputs=2), X, output=1).scores
    np.testing.assert_allclose(found, plain, atol=1e-12)
    if name != "deep_lift":  # whose sums are not those of a division
        shown = METHODS[name](net, X, output=1, scale="output").scores
        whole = METHODS[name](soft, X, output=1, scale="output").scores
        np.testing.assert_allclose(shown, whole, atol=1e-12)


@every_method
def test_another_layout_is_named(name):
    channels, rows = Behind(lambda z: z), X.transpose(0, 2, 1).reshape(len(X), -1)
    first = r"shape \(3, 48\), which the network does not take; pass \(n, 4, 12\), which is "
    first += r"X.reshape\(-1, 12, 4\).transpose\(0, 2, 1\) of rows"
    with pytest.raises(ValueError, match=first):
        METHODS[name](channels, rows)
    flat = nn.Linear(L * K, 1).double()
    with pytest.raises(ValueError, match=r"pass rows \(n, 48\)"):
        METHODS[name](flat, X)
    last = nn.Sequential(nn.Linear(K, 1), nn.Flatten(), nn.Linear(L, 1)).double()
    with pytest.raises(ValueError, match=r"pass \(n, 12, 4\), and channel_axis=2"):
        METHODS[name](last, X)
    turned = rows.reshape(-1, L, K).transpose(0, 2, 1)
    assert np.array_equal(METHODS[name](channels, turned).scores, METHODS[name](channels, X).scores)


def test_an_error_of_the_network_is_its_own():
    def fails(z):
        raise RuntimeError("of the network's own")

    with pytest.raises(RuntimeError, match="of the network's own"):
        METHODS["saliency"](Behind(fails), X)
