import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from sklearn_deeplifft.attribution import (
    NetworkReader,
    spread_positions,
    verify_piecewise_linear,
)
from sklearn_deeplifft.attribution._verify import curvature
from sklearn_deeplifft.exceptions import NotPiecewiseLinearError
from tests.attribution._architectures import BY_NAME, D, Headed, K, Net, every_architecture, plain


def rows(n=9, d=D, seed=4):
    return torch.as_tensor(np.random.default_rng(seed).standard_normal((n, d)))


def seeded(module):
    """The module in float64, with the same weights in every run."""
    rng = np.random.default_rng(7)
    for p in module.double().parameters():
        p.data.copy_(torch.as_tensor(rng.standard_normal(tuple(p.shape))))
    return module


def refusal(module, X=None, **kwargs):
    with pytest.raises(NotPiecewiseLinearError) as caught:
        verify_piecewise_linear(NetworkReader(module, **kwargs), rows() if X is None else X)
    return str(caught.value)


@every_architecture
def test_piecewise_linear_networks_pass(architecture):
    verify_piecewise_linear(NetworkReader(architecture.module()), architecture.rows())
    single = NetworkReader(architecture.module(torch.float32))
    verify_piecewise_linear(single, architecture.rows().float())


@every_architecture
def test_second_derivatives_are_zero_to_the_last_bit(architecture):
    reader = NetworkReader(architecture.module())
    assert curvature(reader._forward, architecture.rows()) == 0.0


def test_curvature_of_a_square_is_its_second_derivative_in_random_directions():
    x = rows(3, 2)
    assert curvature(lambda x: (x**2).sum(1, keepdim=True), x) > 0.1
    assert curvature(lambda x: torch.ones(3, 1), x) == 0.0
    assert curvature(lambda x: 3 * x, x) == 0.0


# Curved modules


class Product(Net):
    """Two activations multiplied, with no module of their own to blame."""

    def forward(self, x):
        return self.output(
            torch.relu(self.dense1(self.dense0(x).relu())) * self.dense1(F.relu(self.dense0(x)))
        )


class InlineSigmoid(Net):
    def forward(self, x):
        return self.output(self.dense1(torch.sigmoid(self.dense0(x))))


class Gate(nn.Module):
    """Curved by itself, though its only child is linear."""

    def __init__(self):
        super().__init__()
        self.project = nn.Linear(8, 8)

    def forward(self, x):
        return x * self.project(x)


class Attending(nn.Module):
    def __init__(self):
        super().__init__()
        self.mix, self.out = nn.MultiheadAttention(2, 1, batch_first=True), nn.Linear(D, K)

    def forward(self, x):
        h = x.view(len(x), -1, 2)
        return self.out(self.mix(h, h, h, need_weights=False)[0].flatten(1))


class Recurrent(nn.Module):
    """Called with a tuple beside the rows, returns a nest of tensors."""

    def __init__(self, kind):
        super().__init__()
        self.cell, self.out = kind(1, 4, batch_first=True), nn.Linear(4, K)

    def forward(self, x):
        return self.out(self.cell(x[..., None])[0][:, -1])


class Encoding(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.TransformerEncoderLayer(2, 1, 8, batch_first=True)
        self.out = nn.Linear(D, K)

    def forward(self, x):
        return self.out(self.layer(x.view(len(x), -1, 2)).flatten(1))


class Times(nn.Module):
    def forward(self, a, *, b):
        return a * b


class Multiplying(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.times = nn.Linear(D, K), nn.Linear(D, K), Times()

    def forward(self, x):
        return self.times(self.a(x), b=self.b(x))


CURVED = {
    "tanh module": (
        lambda: nn.Sequential(nn.Linear(D, 8), nn.Tanh(), nn.Linear(8, K)),
        r"the curvature sits in '1' \(Tanh\)\.",
    ),
    "nested GELU": (
        lambda: nn.Sequential(
            nn.Linear(D, 8), nn.Sequential(nn.ReLU(), nn.Sequential(nn.GELU())), nn.Linear(8, K)
        ),
        r"sits in '1\.1\.0' \(GELU\)\.",
    ),
    "two of them": (
        lambda: nn.Sequential(
            nn.Linear(D, 8), nn.SiLU(), nn.Linear(8, 8), nn.ELU(), nn.Linear(8, K)
        ),
        r"'1' \(SiLU\), '3' \(ELU\)\.",
    ),
    "softmax module inside": (
        lambda: nn.Sequential(nn.Linear(D, 8), nn.Softmax(dim=1), nn.Linear(8, K)),
        r"'1' \(Softmax\)\.",
    ),
    "LayerNorm": (
        lambda: nn.Sequential(nn.Linear(D, 8), nn.LayerNorm(8), nn.ReLU(), nn.Linear(8, K)),
        r"'1' \(LayerNorm\)\.",
    ),
    "attention": (lambda: Attending(), r"sits in 'mix' \(MultiheadAttention\)\."),
    "LSTM": (lambda: Recurrent(nn.LSTM), r"sits in 'cell' \(LSTM\)\."),
    "GRU": (lambda: Recurrent(nn.GRU), r"sits in 'cell' \(GRU\)\."),
    "transformer layer": (
        lambda: Encoding(),
        r"'layer\.self_attn' \(MultiheadAttention\), 'layer\.norm1' \(LayerNorm\), "
        r"'layer\.norm2' \(LayerNorm\)\.",
    ),
    "two inputs": (lambda: Multiplying(), r"sits in 'times' \(Times\)\."),
    "gate with an innocent child": (
        lambda: nn.Sequential(nn.Linear(D, 8), Gate(), nn.Linear(8, K)),
        r"sits in '1' \(Gate\)\.",
    ),
    "inline sigmoid inside": (lambda: InlineSigmoid(None), "in the module's own forward"),
    "inline product of activations": (lambda: Product(None), "in the module's own forward"),
    "square of a final softmax": (
        lambda: Headed(nn.Linear(D, K), lambda z: 2 * torch.softmax(z, 1) ** 2),
        "in the module's own forward",
    ),
}


@pytest.mark.parametrize(("build", "where"), CURVED.values(), ids=CURVED.keys())
def test_curved_networks_are_refused_and_the_culprit_is_named(build, where):
    message = refusal(seeded(build()))
    assert re.search(where, message), message
    assert "not piecewise linear" in message
    assert "activation_rule='secant'" in message


def test_curvature_is_found_in_a_single_precision_module_in_training_mode():
    module = nn.Sequential(nn.Linear(D, 8), nn.Dropout(0.9), nn.Softplus(), nn.Linear(8, K))
    assert "'2' (Softplus)" in refusal(module.train(), rows().float())


def test_a_kept_final_softmax_is_curved():
    module, X = plain("Softmax module")
    verify_piecewise_linear(NetworkReader(module), X)
    assert "'5' (Softmax)" in refusal(module, X, drop_normalizer=False)


def test_a_dropped_final_softmax_is_not_blamed():
    layers = nn.Linear(D, 8), nn.Tanh(), nn.Linear(8, K), nn.Softmax(dim=1)
    message = refusal(seeded(nn.Sequential(*layers)))
    assert "'1' (Tanh)" in message
    assert "Softmax" not in message


def test_the_error_is_a_value_error():
    assert issubclass(NotPiecewiseLinearError, ValueError)


# Derivatives that lie


class Detached(Net):
    """Quadratic in truth, linear to autograd."""

    def forward(self, x):
        h = self.dense0(x)
        return self.output(self.dense1(h * h.detach()))


class StraightThrough(Net):
    def forward(self, x):
        h = self.dense0(x)
        return self.output(self.dense1(h + (h.round() - h).detach()))


class Rounding(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.round()

    @staticmethod
    def backward(ctx, g):
        return g


class RoundingBothWays(Rounding):
    @staticmethod
    def jvp(ctx, t):
        return t


class Custom(Net):
    def forward(self, x):
        return self.output(self.dense1(self.nonlin.apply(self.dense0(x))))


class FrozenBackbone(Net):
    def forward(self, x):
        with torch.no_grad():
            h = self.dense0(x).relu()
        return self.output(self.dense1(h))


@pytest.mark.parametrize(
    "build",
    [
        pytest.param(lambda: Detached(None), id="detached factor"),
        pytest.param(lambda: StraightThrough(None), id="straight-through by detach"),
        pytest.param(lambda: Custom(RoundingBothWays), id="custom Function with jvp"),
        pytest.param(lambda: Custom(Rounding), id="custom Function without jvp"),
        pytest.param(lambda: FrozenBackbone(None), id="a part under no_grad"),
    ],
)
def test_a_derivative_that_does_not_predict_the_output_is_refused(build):
    message = refusal(seeded(build()))
    assert "derivative does not predict its output" in message
    assert "remove it" in message


# Rows that mix


class Centred(nn.Module):
    """Piecewise linear, but an example's logits depend on its batch."""

    def __init__(self):
        super().__init__()
        self.core = nn.Linear(D, K)

    def forward(self, x):
        return self.core(x - x.mean(0))


def batch_statistics():
    norm = nn.BatchNorm1d(8, track_running_stats=False)
    return nn.Sequential(nn.Linear(D, 8), norm, nn.ReLU(), nn.Linear(8, K))


@pytest.mark.parametrize("secants", [False, True])
@pytest.mark.parametrize("build", [batch_statistics, Centred])
def test_networks_that_mix_rows_are_refused(build, secants):
    message = refusal(seeded(build()), secants=secants)
    assert "change with the rest of its batch" in message
    assert "BatchNorm without running statistics" in message
    assert "track_running_stats=True" in message


@pytest.mark.parametrize("n", [2, 3])
def test_few_rows_are_enough_to_see_them_mix(n):
    assert "rest of its batch" in refusal(seeded(Centred()), rows(n))


@pytest.mark.parametrize("n", [1, 2, 3])
def test_few_rows_are_enough_to_pass(n):
    module, X = plain("residual sums")
    verify_piecewise_linear(NetworkReader(module), X[:n])


@pytest.mark.parametrize("n", [1, 2, 3])
def test_few_rows_are_enough_to_see_curvature(n):
    assert "(Tanh)" in refusal(seeded(CURVED["tanh module"][0]()), rows(n))


# Piecewise-linear networks in awkward places


class Scaled(Net):
    """Takes columns in their own units, as a network with its own standardisation does."""

    def __init__(self, mean, scale):
        super().__init__(F.relu)
        self.register_buffer("mean", torch.as_tensor(mean, dtype=torch.float64))
        self.register_buffer("scale", torch.as_tensor(scale, dtype=torch.float64))

    def forward(self, x):
        return super().forward((x - self.mean) / self.scale)


@pytest.mark.parametrize(
    ("mean", "scale"),
    [
        pytest.param(0.0, [1e4, 1, 1, 1, 1, 1], id="one large column"),
        pytest.param(0.0, [1e8, 1, 1, 1, 1, 1], id="one huge column"),
        pytest.param(0.0, [1e8] * D, id="all huge"),
        pytest.param(0.0, [1e-8] * D, id="all tiny"),
        pytest.param(1e3, [1.0] * D, id="away from zero"),
        pytest.param(1e7, [1.0] * D, id="far from zero"),
    ],
)
def test_columns_may_be_scaled_arbitrarily(mean, scale):
    X = rows() * torch.tensor(scale, dtype=torch.float64) + mean
    verify_piecewise_linear(NetworkReader(seeded(Scaled(mean, scale))), X)


def test_rows_may_lie_on_kinks_of_a_relu():
    module = nn.Sequential(nn.Linear(D, 8, bias=False), nn.ReLU(), nn.Linear(8, K))
    verify_piecewise_linear(NetworkReader(seeded(module)), torch.zeros(8, D))


def test_sequences_may_tie_in_a_max_pool():
    class Motifs(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.out = nn.Conv1d(4, 16, 3), nn.Linear(16, K)

        def forward(self, x):
            return self.out(self.conv(x).amax(dim=2))

    letters = np.random.default_rng(0).integers(0, 4, (8, 200))
    X = F.one_hot(torch.as_tensor(letters), 4).transpose(1, 2).double()
    verify_piecewise_linear(NetworkReader(seeded(Motifs())), X)


def test_large_offsets_do_not_hide_in_the_rounding():
    module = seeded(nn.Sequential(nn.Linear(D, 8), nn.ReLU(), nn.Linear(8, K)))
    module[2].bias.data += 1e8
    verify_piecewise_linear(NetworkReader(module), rows())


def test_only_what_follows_a_hidden_layer_need_be_piecewise_linear():
    module = seeded(
        nn.Sequential(nn.Linear(D, 8), nn.Tanh(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, K))
    )
    verify_piecewise_linear(NetworkReader(module, layer="2"), rows())


def test_what_follows_a_hidden_layer_must_be_piecewise_linear():
    module = seeded(
        nn.Sequential(nn.Linear(D, 8), nn.ReLU(), nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, K))
    )
    assert "'3' (Tanh)" in refusal(module, layer="1")


# The secant rule


def test_the_secant_rule_lets_elementwise_activations_pass():
    for name in ("tanh module", "nested GELU", "two of them", "inline sigmoid inside"):
        verify_piecewise_linear(NetworkReader(seeded(CURVED[name][0]()), secants=True), rows())


@pytest.mark.parametrize(
    "name",
    [
        "softmax module inside",
        "inline product of activations",
        "LayerNorm",
        "gate with an innocent child",
    ],
)
def test_the_secant_rule_does_not_excuse_other_curvature(name):
    assert "second derivative" in refusal(seeded(CURVED[name][0]()), secants=True)


def test_an_activation_the_secant_rule_misses_is_refused():
    module = seeded(Net(lambda a: (a + 0).tanh_()))
    assert "second derivative" in refusal(module, secants=True)


# Side effects


def test_global_random_state_is_untouched():
    module = nn.Sequential(nn.Linear(D, 8), nn.Dropout(), nn.ReLU(), nn.Linear(8, K)).train()
    before, numpy_before = torch.get_rng_state(), np.random.get_state()[1].copy()
    verify_piecewise_linear(NetworkReader(module), rows().float())
    refusal(nn.Sequential(module, nn.Tanh()), rows().float())
    assert torch.equal(before, torch.get_rng_state())
    assert np.array_equal(numpy_before, np.random.get_state()[1])


def test_the_answer_does_not_depend_on_global_random_state():
    module = seeded(CURVED["tanh module"][0]())
    messages = []
    for seed in (1, 2):
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            messages.append(refusal(module))
    assert messages[0] == messages[1]


def test_only_a_few_rows_are_looked_at():
    module, X = BY_NAME["residual sums"].module(), rows(400)
    seen = []
    module.first.register_forward_hook(lambda _module, args, _output: seen.append(len(args[0])))
    verify_piecewise_linear(NetworkReader(module), X)
    assert max(seen) < 200  # four straight ways, from row to row
    few = list(seen)
    seen.clear()
    verify_piecewise_linear(NetworkReader(module), X[spread_positions(400)])
    assert seen == few


class CurvedWhereFlagged(nn.Module):
    """Rows with a flag of 1 pass through tanh; all others are linear."""

    def forward(self, x):
        return torch.where(x[:, :1] > 0.5, torch.tanh(x[:, 1:2]), x[:, 1:2])


@pytest.mark.parametrize("n", [9, 64, 400])
def test_the_rows_looked_at_are_spread_over_those_given(n):
    """Sorted by the column that decides, the first rows show nothing."""
    X = rows(n)
    X[:, 0] = torch.arange(n) >= n - max(n // 4, 1)
    assert "not piecewise linear" in refusal(CurvedWhereFlagged(), X)
    assert "not piecewise linear" in refusal(CurvedWhereFlagged(), X.flip(0))


@pytest.mark.parametrize("n", [0, 1, 2, 7, 8, 9, 15, 16, 1000, 999_983])
@pytest.mark.parametrize("most", [1, 2, 8])
def test_spread_positions_are_distinct_ascending_and_even(n, most):
    at = spread_positions(n, most).tolist()
    assert len(at) == min(n, most)
    assert at == sorted(set(at))
    assert all(0 <= i < n for i in at)
    if len(at) > 1:
        assert (at[0], at[-1]) == (0, n - 1)
        gaps = np.diff(at)
        assert gaps.max() - gaps.min() <= 1


def test_a_custom_function_needs_a_forward_mode_derivative():
    with pytest.raises(NotPiecewiseLinearError, match=r"no forward-mode derivative.*a jvp"):
        NetworkReader(Custom(Rounding)).form(rows())
