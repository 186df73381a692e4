"""N networks as one module: what each computes, its gradients, and where it lies in memory."""

import itertools
from typing import NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from sklearn_deeplifft.ensembles._batched_module import BatchedGate, BatchedLayer, BatchedNetworks
from sklearn_deeplifft.ensembles._random_streams import RandomStream
from sklearn_deeplifft.networks import GateSettings, relu_mlp
from sklearn_deeplifft.networks._gates import FeatureGate, GaussianNoise
from tests.ensembles._cases import fill_kept

N, B = 3, 8
BLOCKS = (0, 1, 1, 2, 0)


def cores(d=5, k=3, hidden=(7, 4), n=N, **options) -> list[nn.Sequential]:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        made = [relu_mlp(d, k, hidden, **options).double() for _ in range(n)]
        for core in made:
            for gate in (m for m in core if isinstance(m, FeatureGate)):
                nn.init.uniform_(gate.weight, 0.5, 2)
    return made


def stacked(made) -> BatchedNetworks:
    return BatchedNetworks(made, [RandomStream(i) for i in range(len(made))])


def inputs(d=5, n=N, rows=B) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(n, rows, d, generator=generator, dtype=torch.float64)


widths = st.integers(1, 20)


@pytest.mark.slow
@given(d=widths, k=widths, hidden=st.lists(widths, max_size=3), n=st.integers(1, 4))
def test_every_network_computes_what_it_does_alone(d, k, hidden, n):
    """Whatever the widths, with the gradients of all of its parameters."""
    made = cores(d, k, hidden, n)
    module, x = stacked(made), inputs(d, n)
    z = module(x)
    assert z.shape == (n, B, k)
    module.backward(2 * z)  # of the sum of squares
    for i, core in enumerate(made):
        own = core(x[i])
        torch.testing.assert_close(z[i], own, rtol=1e-12, atol=1e-12)
        own.square().sum().backward()
        linears = [layer for layer in core if isinstance(layer, nn.Linear)]
        for layer, to in zip(module.affine, linears, strict=True):
            h, wide = to.weight.shape
            gradient = layer.weight.grad[i]
            torch.testing.assert_close(gradient[:h, :wide], to.weight.grad, rtol=1e-10, atol=1e-10)
            torch.testing.assert_close(
                layer.bias.grad[i, 0, :h], to.bias.grad, rtol=1e-10, atol=1e-10
            )
            # Padding is not learned from.
            assert (gradient[h:] == 0).all()
            assert (gradient[:, wide:] == 0).all()
            assert (layer.bias.grad[i, 0, h:] == 0).all()


@pytest.mark.parametrize("where", [BLOCKS, (0, 1, 2, 3, 4), (0,) * 5])
def test_gates(where):
    made = cores(gates=GateSettings(where, tied=False))
    module, x = stacked(made), inputs()
    z = module(x)
    module.backward(2 * z)
    for i, core in enumerate(made):
        own = core(x[i])
        torch.testing.assert_close(z[i], own, rtol=1e-12, atol=1e-12)
        own.square().sum().backward()
        found = module.gate.weight.grad[i]
        G = len(core[0].weight)
        torch.testing.assert_close(found[:G], core[0].weight.grad, rtol=1e-10, atol=1e-10)
        assert (found[G:] == 0).all()
        linears = [layer for layer in core if isinstance(layer, nn.Linear)]
        for layer, to in zip(module.affine, linears, strict=True):
            h, d = to.weight.shape
            pairs = [
                (layer.weight.grad[i, :h, :d], to.weight.grad),
                (layer.bias.grad[i, 0, :h], to.bias.grad),
            ]
            for one, expected in pairs:
                torch.testing.assert_close(one, expected, rtol=1e-10, atol=1e-10)
        assert torch.equal(module.gate.of_features()[i], core[0].weight)


def test_tied_gates_are_no_layer():
    assert stacked(cores(gates=GateSettings(BLOCKS))).gate is None


def test_the_weights_that_gates_are_tied_to():
    """A view of the true ones: what is changed in place reaches the network."""
    made = cores(d=5, hidden=(7,))
    module = stacked(made)
    assert module.first.shape == (N, 7, 5)
    with torch.no_grad():
        module.first.detach()[1].mul_(0)
        module.put(made[1], 1)
    assert (made[1][0].weight == 0).all()


def test_networks_come_out_as_they_went_in():
    made = cores(gates=GateSettings(BLOCKS, tied=False))
    module, fresh = stacked(made), cores(gates=GateSettings(BLOCKS, tied=False))
    with torch.no_grad():
        for core in fresh:
            for p in core.parameters():
                p.zero_()
    for i, core in enumerate(fresh):
        module.put(core, i)
        for a, b in zip(core.parameters(), made[i].parameters(), strict=True):
            assert torch.equal(a, b)


@given(d=widths, k=widths, hidden=st.lists(widths, max_size=3), n=st.integers(1, 4))
def test_every_network_begins_at_a_cache_line(d, k, hidden, n):
    """Else its bits would depend on how many others there are."""
    gates = GateSettings(tuple(range(d)), tied=False)
    module = stacked([core.float() for core in cores(d, k, hidden, n, gates=gates)])
    for p in module.parameters():
        assert p.is_contiguous()
        assert p[0].numel() % 16 == 0
    for layer in module.affine:
        assert layer.weight.shape[1] > 1  # torch takes a single row for a vector


# Noise and dropout


def literal(core, x, normal, kept):
    """One network, layer by layer, with the numbers of its rows."""
    at = [0, 0]
    for layer in core:
        if isinstance(layer, GaussianNoise):
            x = x + layer.std * normal[:, at[0] : at[0] + x.shape[1]]
            at[0] += x.shape[1]
        elif isinstance(layer, nn.Dropout):
            x = x * kept[:, at[1] : at[1] + x.shape[1]]
            at[1] += x.shape[1]
        else:
            x = layer(x)
    return x


@pytest.mark.parametrize("dropout", [0.0, 0.4, 0.5])
@pytest.mark.parametrize("noise", [0.0, 0.3])
@pytest.mark.parametrize("hidden", [(6,), (7, 4), (16, 8, 5)])
def test_noise_and_dropout_while_training(dropout, noise, hidden):
    made = cores(hidden=hidden, dropout=dropout, noise=noise)
    module, x = stacked(made).train(), inputs()
    module.draws.start_batch([B] * N, 0, B)
    z = module(x)
    module.backward(2 * z)
    n_noisy = sum(hidden[:-1]) if noise else 0
    for i, core in enumerate(made):
        stream = RandomStream(i)
        normal, kept = np.zeros((B, n_noisy), np.float32), np.ones((B, sum(hidden)), np.float32)
        if n_noisy:
            stream.fill_normal(normal)
        if dropout:
            fill_kept(stream, kept, dropout)
        own = literal(core, x[i], torch.from_numpy(normal), torch.from_numpy(kept))
        torch.testing.assert_close(z[i], own, rtol=1e-7, atol=1e-7)
        own.square().sum().backward()
        for layer, to in zip(module.affine, (m for m in core if hasattr(m, "weight")), strict=True):
            h, d = to.weight.shape
            torch.testing.assert_close(
                layer.weight.grad[i, :h, :d], to.weight.grad, rtol=1e-6, atol=1e-6
            )
            assert (layer.weight.grad[i, h:] == 0).all()
            assert (layer.weight.grad[i, :, d:] == 0).all()


def test_neither_noise_nor_dropout_afterwards():
    made = cores(dropout=0.5, noise=1.0)
    module, x = stacked(made).eval(), inputs()
    for i, core in enumerate(made):
        torch.testing.assert_close(module(x)[i], core.eval()(x[i]), rtol=1e-12, atol=1e-12)


def test_rows_that_pad_a_batch_get_no_numbers_of_others():
    """They are neither drawn for nor shifted; the true rows are as without them."""
    made = cores(dropout=0.5, noise=1.0)
    found = []
    for rows in (B, B + 5):
        module, x = stacked(made).train(), inputs(rows=B + 5)[:, :rows]
        module.draws.start_batch([B] * N, 0, B)
        found.append(module(x)[:, :B])
    torch.testing.assert_close(*found, rtol=1e-12, atol=1e-12)


# One layer


def layer_of(W: torch.Tensor, b: torch.Tensor, *, relu: bool = True) -> BatchedLayer:
    """The layer of weights (N, h, d) and biases (N, 1, h or more), while training."""
    linears = [nn.Linear(W.shape[2], W.shape[1], dtype=W.dtype) for _ in W]
    layer = BatchedLayer(linears, W.shape[2])
    layer.weight, layer.bias = (nn.Parameter(part.detach(), requires_grad=False) for part in (W, b))
    layer.width, layer.relu = W.shape[1], relu
    return layer


class Fixed(NamedTuple):
    """Numbers for one layer."""

    e: torch.Tensor | None
    m: torch.Tensor | None

    def normal(self, columns: slice) -> torch.Tensor:
        return self.e

    def kept(self, columns: slice) -> torch.Tensor:
        return self.m


@pytest.mark.parametrize(
    ("relu", "noisy", "dropped"),
    [(False, False, False), *itertools.product([True], [False, True], [False, True])],
)
@pytest.mark.parametrize("spare", [0, 3])
def test_gradients_of_a_layer(relu, noisy, dropped, spare):
    """Against autograd through the formula of the table."""
    generator = torch.Generator().manual_seed(3)

    def randn(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    x, W, b = randn(2, 5, 4), randn(2, 3, 4), randn(2, 1, 3 + spare)
    e = randn(2, 5, 3) if noisy else None
    m = (randn(2, 5, 3) > -0.5) / 0.7 if dropped else None
    given = [part.requires_grad_() for part in (x, W, b)]
    a = x @ W.mT + b[..., :3]
    a = a.relu() if relu else a
    a = a if e is None else a + 0.4 * e
    right = a if m is None else a * m

    layer = layer_of(W, b, relu=relu)
    layer.noise = (0.4, slice(3)) if noisy else None
    layer.dropout = slice(3) if dropped else None
    drawn = None if m is None else m.clone()  # the mask and gradients are written over
    z, g = layer.outputs(x.detach(), None, Fixed(e, drawn)), randn(2, 5, 3)
    torch.testing.assert_close(z, right, rtol=1e-12, atol=1e-12)
    found = layer.backward(g.clone(), None, below=True), layer.weight.grad, layer.bias.grad
    for one, expected in zip(found, torch.autograd.grad(right, given, g), strict=True):
        torch.testing.assert_close(one, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("where", [(0, 1, 1, 2), (0, 1, 2, 3)])
def test_gradients_of_a_layer_behind_gates(where):
    """Also that of its inputs, which no layer behind gates is asked for as yet."""
    generator = torch.Generator().manual_seed(4)

    def randn(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    gates = [FeatureGate(torch.tensor(where)).double() for _ in range(2)]
    for own in gates:
        nn.init.uniform_(own.weight, 0.5, 2, generator=generator)
    gate = BatchedGate(gates)
    x, W, b, w = randn(2, 5, 4), randn(2, 3, 4), randn(2, 1, 3), gate.of_features().clone()
    given = [part.requires_grad_() for part in (x, W, b, w)]
    right = ((x * w[:, None, list(where)]) @ W.mT + b).relu()

    layer = layer_of(W, b)
    z, g = layer.outputs(x.detach(), gate, Fixed(None, None)), randn(2, 5, 3)
    torch.testing.assert_close(z, right, rtol=1e-12, atol=1e-12)
    below = layer.backward(g.clone(), gate, below=True)
    found = below, layer.weight.grad, layer.bias.grad, gate.weight.grad[:, : w.shape[1]]
    for one, expected in zip(found, torch.autograd.grad(right, given, g), strict=True):
        torch.testing.assert_close(one, expected, rtol=1e-12, atol=1e-12)


def test_at_the_kink_the_gradient_is_that_of_torch():
    x, W, b = torch.ones(1, 1, 2), torch.zeros(1, 2, 2), torch.zeros(1, 1, 2)
    for m in (None, torch.ones(1, 1, 2)):
        layer = layer_of(W, b)
        layer.dropout = None if m is None else slice(2)
        layer.backward(torch.ones_like(layer.outputs(x, None, Fixed(None, m))), None, below=False)
        assert (layer.weight.grad == 0).all()


@pytest.mark.parametrize("strange", [nn.Sigmoid(), nn.BatchNorm1d(4)])
def test_other_layers_are_named(strange):
    core = nn.Sequential(nn.Linear(5, 4), strange, nn.Linear(4, 2))
    with pytest.raises(TypeError, match=f"{type(strange).__name__} has no batched form"):
        BatchedNetworks([core], [RandomStream(0)])
