"""Networks of one-hot sequences: their layers, their sizes, their first weights."""

import numpy as np
import pytest
import torch
from torch import nn

from sklearn_deeplifft import networks
from sklearn_deeplifft.attribution import NetworkReader, relative_residual, verify_piecewise_linear
from sklearn_deeplifft.exceptions import NotPiecewiseLinearError
from sklearn_deeplifft.networks import OneHotNetwork
from sklearn_deeplifft.networks._one_hot import RowNorm

BUILD = {
    "shallow": networks.cnn_shallow,
    "deep": networks.cnn_deep,
    "bind": networks.residual_bind,
    "pool": networks.motif_pool,
}


def rows(n: int, length: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    letters = torch.randint(4, (n, length), generator=generator)
    return nn.functional.one_hot(letters, 4).double().flatten(1)


def settled(network: OneHotNetwork) -> OneHotNetwork:
    """A network in double precision whose batch norms have seen rows."""
    network = network.double().train()
    for seed in range(2):
        network(rows(8, network.length, seed))
    return network.eval()


def weights(network: nn.Module) -> list[tuple[int, ...]]:
    """Shapes of the kernels as Keras has them: width, in, out."""
    kinds = (nn.Conv1d, nn.Linear)
    found = [m.weight for m in network.modules() if isinstance(m, kinds)]
    return [tuple(reversed(w.shape)) for w in found]


def test_layers_are_those_of_the_published_weights():
    assert weights(networks.cnn_deep(200)) == [
        *[(11, 4, 24), (7, 24, 32), (7, 32, 48), (3, 48, 64)],
        *[(256, 96), (96, 1)],
    ]
    assert weights(networks.cnn_shallow(200)) == [(19, 4, 24), (3, 24, 48), (96, 96), (96, 1)]
    assert weights(networks.residual_bind(41)) == [
        (11, 4, 96),
        *[(3, 96, 96)] * 4,
        *[(384, 256), (256, 1)],
    ]
    assert weights(networks.motif_pool(41, 3)) == [(13, 4, 24), (24, 48), (48, 3)]
    dilations = [
        m.dilation[0]
        for m in networks.residual_bind(41).residual.modules()
        if isinstance(m, nn.Conv1d)
    ]
    assert dilations == [1, 2, 4, 8]


@pytest.mark.parametrize("name", BUILD)
def test_outputs_do_not_depend_on_the_form_in_which_letters_come(name):
    """Column 4 l + a is letter a of position l."""
    network = BUILD[name](100, 2).double().eval()
    X = rows(3, 100)
    as_channels = torch.stack([X[:, a::4] for a in range(4)], 1)
    assert network(X).shape == (3, 2)
    torch.testing.assert_close(network(as_channels), network(X), rtol=0, atol=0)
    assert all(m.eps == 1e-3 for m in network.modules() if isinstance(m, nn.BatchNorm1d))


@pytest.mark.parametrize("name", BUILD)
def test_each_is_read_exactly(name):
    network = settled(BUILD[name](100, 2))
    X = rows(2, 100, seed=9)
    reader = NetworkReader(network)
    verify_piecewise_linear(reader, X)
    form = reader.form(X)
    assert form.coefficients.abs().amax() > 1e-6
    explained = (form.coefficients * form.displacement[:, None]).sum(-1)
    assert relative_residual(form.logits, form.bias, explained) < 1e-13


def test_exponential_networks_are_refused_by_name_and_read_by_the_secant():
    network = settled(networks.cnn_shallow(100, 2, activation="exponential"))
    X = rows(2, 100, seed=9)
    with pytest.raises(NotPiecewiseLinearError, match=r"sits in 'activation1' \(Exponential\)"):
        verify_piecewise_linear(NetworkReader(network), X)
    reader = NetworkReader(network, secants=True)
    verify_piecewise_linear(reader, X)
    form = reader.form(X)
    torch.testing.assert_close(form.logits, network(X).detach())
    explained = (form.coefficients * form.displacement[:, None]).sum(-1)
    assert relative_residual(form.logits, form.bias, explained) < 1e-13


def test_sizes_come_from_the_columns_or_the_length():
    assert networks.motif_pool(n_features=80, n_outputs=2).length == 20
    assert networks.motif_pool(20, n_features=80).length == 20
    assert networks.motif_pool(7, n_letters=20)(torch.zeros(2, 140)).shape == (2, 1)
    assert networks.cnn_deep(48)(torch.zeros(2, 192)).shape == (2, 1)
    assert networks.cnn_shallow(100)(torch.zeros(2, 400)).shape == (2, 1)
    assert networks.motif_pool(1)(torch.zeros(2, 4)).shape == (2, 1)


BAD = {
    "no length": (lambda: networks.motif_pool(), TypeError, r"functools.partial\(networks.motif_"),
    "no positions": (lambda: networks.motif_pool(n_features=10), ValueError, "10 columns are no"),
    "both": (lambda: networks.cnn_deep(60, n_features=200), ValueError, "L=60 .* have 50 of 4"),
    "short": (lambda: networks.cnn_shallow(99), ValueError, "of 100 positions or more; got 99"),
    "shorter": (lambda: networks.residual_bind(9), ValueError, "of 10 positions or more; got 9"),
    "activation": (lambda: networks.cnn_deep(99, activation="tanh"), ValueError, "activation='tan"),
}


@pytest.mark.parametrize(("build", "kind", "message"), BAD.values(), ids=BAD)
def test_what_cannot_be_built_says_why(build, kind, message):
    with pytest.raises(kind, match=message):
        build()


def test_rows_of_another_shape_are_refused():
    network = networks.motif_pool(20)
    with pytest.raises(ValueError, match=r"20 positions of 4 letters.*got rows of 84 columns"):
        network(torch.zeros(3, 84))
    with pytest.raises(ValueError, match="its last two axes look exchanged"):
        network(torch.zeros(3, 20, 4))


def test_weights_start_as_he_drew_them_or_with_one_spread():
    torch.manual_seed(0)
    network = networks.cnn_deep(200)
    assert network.conv3.weight.std().item() == pytest.approx((2 / (7 * 32)) ** 0.5, rel=0.05)
    assert not network.conv3.bias.any()
    small = networks.cnn_deep(200, initial_scale=0.005)
    spreads = [m.weight.std().item() for m in small.modules() if isinstance(m, nn.Conv1d)]
    assert spreads == pytest.approx([0.005] * 4, rel=0.1)
    before = small.conv1.weight.clone()
    small.reset_parameters()
    assert not torch.equal(small.conv1.weight, before)
    assert small.conv1.weight.std().item() == pytest.approx(0.005, rel=0.1)


@pytest.mark.parametrize("build", [networks.cnn_shallow, networks.cnn_deep])
def test_gauged_networks_have_gradients_in_the_simplex(build):
    network = settled(build(100, gauged=True))
    X = rows(3, 100).requires_grad_()
    (g,) = torch.autograd.grad(network(X).sum(), X)
    g = g.view(3, 100, 4)
    assert g.abs().max() > 1e-6
    assert g.sum(-1).abs().max() < 1e-12 * g.abs().max() + 1e-15


def test_gauged_weights_are_those_less_their_mean():
    plain, gauged = networks.cnn_shallow(100), networks.cnn_shallow(100, gauged=True)
    gauged.load_state_dict(plain.state_dict())
    with torch.no_grad():
        plain.conv1.weight -= plain.conv1.weight.mean(1, keepdim=True)
    X = rows(3, 100).float()
    torch.testing.assert_close(gauged.eval()(X), plain.eval()(X), rtol=1e-5, atol=1e-6)


def test_a_batch_of_one_row_is_normed_by_the_running_moments():
    norm = RowNorm(3)
    norm.running_mean.copy_(torch.tensor([1.0, 2.0, 3.0]))
    x = torch.tensor([[2.0, 2.0, 5.0]])
    expected = ((x - norm.running_mean) / (1 + norm.eps) ** 0.5).numpy()
    np.testing.assert_allclose(norm(x).detach(), expected, rtol=1e-6)
    plain = nn.BatchNorm1d(3)
    torch.testing.assert_close(RowNorm(3)(x.repeat(2, 1)), plain(x.repeat(2, 1)))
    networks.cnn_deep(48).train()(torch.zeros(1, 192)).sum().backward()
