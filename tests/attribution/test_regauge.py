"""The first layer re-gauged: outputs as before, gradients in the simplex, in double precision."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from sklearn_deeplifft.attribution import GaugedConv1d, ToChannels, regauge_first_layer

L, K = 9, 4


def one_hot(n: int = 5, length: int = L, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    letters = torch.randint(K, (n, length), generator=generator)
    return nn.functional.one_hot(letters, K).double()


def network(**settings) -> nn.Sequential:
    """Channels, a convolution, what makes the gradient depend on the row, one logit."""
    torch.manual_seed(1)
    conv = nn.Conv1d(K, 6, 5, **settings)
    n = conv(torch.zeros(1, K, L)).shape[-1]
    last = nn.Linear(6 * n, 1)
    return nn.Sequential(ToChannels(L), conv, nn.ReLU(), nn.Flatten(), last).double()


def convolved(x, W, b, pad):
    """One by one: x (L, K), W (m, K, width), zeros at both ends."""
    padded = np.zeros((len(x) + 2 * pad, K))
    padded[pad : pad + len(x)] = x
    n, width = len(padded) - W.shape[2] + 1, W.shape[2]
    out = np.zeros((len(W), n))
    for o in range(len(W)):
        for i in range(n):
            out[o, i] = b[o] + sum(
                W[o, a, j] * padded[i + j, a] for a in range(K) for j in range(width)
            )
    return out


@pytest.mark.parametrize("pad", [0, 2])
def test_the_layer_is_the_oracles(pad):
    conv = nn.Conv1d(K, 3, 5, padding=pad).double()
    made = regauge_first_layer(conv)
    x = one_hot(2)
    plain = conv.weight.detach().numpy()
    centred = plain - plain.mean(1, keepdims=True)
    inner = made if pad == 0 else made[0]
    np.testing.assert_allclose(inner.weight.detach(), centred, atol=1e-16)
    for row in x:
        wanted = convolved(row.numpy(), plain, conv.bias.detach().numpy(), pad)
        np.testing.assert_allclose(made(row.T[None]).detach()[0], wanted, atol=1e-14)


SETTINGS = {
    "valid": {},
    "valid stride": {"stride": 2},
    "valid word": {"padding": "valid"},
    "same": {"padding": "same"},
    "same dilated": {"padding": "same", "dilation": 2},
    "padded": {"padding": 3},
    "padded dilated": {"padding": 2, "dilation": 2},
    "no bias": {"padding": "same", "bias": False},
}


def gradients(net, x):
    x = x.flatten(1).requires_grad_()
    z = net(x)
    (g,) = torch.autograd.grad(z.sum(), x)
    return z.detach(), g.view(len(x), -1, K)


@pytest.mark.parametrize("name", SETTINGS)
def test_outputs_stay_and_gradients_are_the_corrected_ones(name):
    net = network(**SETTINGS[name])
    before = copy.deepcopy(net.state_dict())
    made = regauge_first_layer(net)
    z, g = gradients(net, one_hot())
    z_made, g_made = gradients(made, one_hot())
    assert (z - z_made).abs().max() <= 1e-12
    assert (g - g.mean(-1, keepdim=True) - g_made).abs().max() <= 1e-12
    assert g.sum(-1).abs().max() > 0.01
    assert g_made.sum(-1).abs().max() <= 1e-12
    assert all(torch.equal(before[k], v) for k, v in net.state_dict().items())
    # Shares of letters that sum to one are such rows as well.
    shares = torch.rand(3, L, K, dtype=torch.float64).softmax(-1).flatten(1)
    torch.testing.assert_close(made(shares), net(shares), rtol=0, atol=1e-12)


def test_a_constant_alone_would_be_wrong_at_zero_padding():
    net = network(padding="same")
    wrong = copy.deepcopy(net)
    with torch.no_grad():
        mean = wrong[1].weight.mean(1, keepdim=True)
        wrong[1].bias += mean.sum((1, 2))
        wrong[1].weight -= mean
    x = one_hot().flatten(1)
    assert (net(x) - wrong(x)).abs().max() > 1e-3


def test_dense_first_layers():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Dropout(), nn.Linear(L * K, 7), nn.ReLU(), nn.Linear(7, 2)).double()
    net.eval()
    made = regauge_first_layer(net)
    z, g = gradients(net, one_hot())
    z_made, g_made = gradients(made, one_hot())
    assert (z - z_made).abs().max() <= 1e-13
    assert (g - g.mean(-1, keepdim=True) - g_made).abs().max() <= 1e-13
    bare = nn.Linear(L * K, 2, bias=False).double()
    x = one_hot().flatten(1)
    torch.testing.assert_close(regauge_first_layer(bare)(x), bare(x), rtol=0, atol=1e-13)


def test_a_gauged_layer_becomes_a_plain_one():
    conv = GaugedConv1d(K, 3, 5, padding="same").double()
    made = regauge_first_layer(nn.Sequential(conv))[0]
    assert type(made) is nn.Conv1d
    x = one_hot().transpose(1, 2)
    torch.testing.assert_close(made(x), conv(x), rtol=0, atol=1e-14)


class Own(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv1d(K, 3, 5, padding="same")
        self.second = nn.Linear(3 * L, 1)

    def forward(self, x):
        return self.second(torch.relu(self.first(x)).flatten(1))


def test_a_module_of_any_kind_names_its_first_layer():
    net = Own().double()
    with pytest.raises(ValueError, match=r"Own is no nn.Sequential"):
        regauge_first_layer(net)
    made = regauge_first_layer(net, layer="first")
    x = one_hot().transpose(1, 2)
    torch.testing.assert_close(made(x), net(x), rtol=0, atol=1e-14)
    assert type(net.first) is nn.Conv1d
    with pytest.raises(ValueError, match=r"layer='third' is not a submodule.*'first', 'second'"):
        regauge_first_layer(net, layer="third")


def hooked() -> nn.Module:
    conv = nn.Conv1d(K, 2, 3)
    conv.register_forward_hook(lambda *_: None)
    return conv


REFUSED = {
    "reflect": (nn.Conv1d(K, 2, 3, padding=1, padding_mode="reflect"), "pads by 'reflect'"),
    "circular": (nn.Conv1d(K, 2, 3, padding=1, padding_mode="circular"), "pads by 'circular'"),
    "norm": (nn.Sequential(nn.BatchNorm1d(K), nn.Conv1d(K, 2, 3)), r"0 \(BatchNorm1d\) is neither"),
    "2d": (nn.Conv2d(1, 2, 3), r"\(Conv2d\) is neither"),
    "hook": (hooked(), "with a hook or a parametrization is neither"),
    "channels": (nn.Conv1d(8, 2, 3), "reads 8 channels, not the 4 letters"),
    "groups": (nn.Conv1d(K, 4, 3, groups=2), "reads 4 channels in 2 groups"),
    "stride": (nn.Conv1d(K, 2, 3, padding=1, stride=2), "moves by 2 positions"),
    "columns": (nn.Linear(10, 2), "reads 10 columns, which are no positions of 4"),
    "order": (nn.Sequential(nn.Flatten(), nn.Linear(8, 2)), "comes after a Flatten or Unflatten"),
    "nothing": (nn.Sequential(nn.Flatten()), "no layer to re-gauge"),
}


@pytest.mark.parametrize(("module", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_done_exactly_is_refused(module, message):
    with pytest.raises(ValueError, match=message):
        regauge_first_layer(module)
