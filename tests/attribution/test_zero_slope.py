"""Columns that are read through steps are named and refused; dead units are not accused."""

import numpy as np
import pytest
import torch
from torch import nn

from sklearn_deeplifft.attribution import NetworkReader, verify_piecewise_linear
from sklearn_deeplifft.exceptions import NotPiecewiseLinearError
from tests.attribution._architectures import D, K

CODES = 5


def rows(n=9, whole=()):
    rng = np.random.default_rng(3)
    X = rng.standard_normal((n, D))
    for column in whole:
        X[:, column] = rng.permutation(np.arange(n) % CODES)
    return torch.as_tensor(X)


class Reads(nn.Module):
    """``features`` of the rows, then a ReLU network; and columns 3 to 5 as they are."""

    def __init__(self, features, width):
        super().__init__()
        self.features = features
        self.table = nn.Embedding(CODES, 3)
        self.top = nn.Sequential(nn.Linear(width + 3, 8), nn.ReLU(), nn.Linear(8, K))

    def forward(self, x):
        return self.top(torch.cat([self.features(self, x), x[:, 3:]], dim=1))


def _one_hot(codes):
    return nn.functional.one_hot(codes, CODES).to(torch.float64)


def _binned(x):
    return torch.bucketize(x.contiguous(), BOUNDS.to(x.dtype))


BOUNDS = torch.tensor([-0.5, 0.0, 0.5], dtype=torch.float64)
STEPPED = {
    "embedding": (lambda self, x: self.table(x[:, 0].long()), 3, [0], [0]),
    "two embeddings": (
        lambda self, x: torch.cat([self.table(x[:, i].round().long()) for i in (0, 2)], 1),
        6,
        [0, 2],
        [0, 2],
    ),
    "round": (lambda self, x: torch.round(2 * x[:, :3]), 3, [], [0, 1, 2]),
    "floor": (lambda self, x: x[:, 1:2].floor(), 1, [], [1]),
    "comparison": (lambda self, x: (x[:, :2] > 0.1).float(), 2, [], [0, 1]),
    "bucketize": (
        lambda self, x: torch.bucketize(x[:, :1].contiguous(), BOUNDS.to(x.dtype)),
        1,
        [],
        [0],
    ),
    "one-hot": (lambda self, x: _one_hot(x[:, 2].long()), CODES, [2], [2]),
    "sign": (lambda self, x: torch.sign(x[:, 2:3]), 1, [], [2]),
    "argmax": (lambda self, x: _one_hot(x[:, :3].argmax(1)), CODES, [], None),
    "whole numbers": (lambda self, x: x[:, :2].long().double(), 2, [0, 1], [0, 1]),
}


def made(features, width):
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return Reads(features, width).double()


def refusal(module, X, names=None, **options):
    with pytest.raises(NotPiecewiseLinearError) as caught:
        verify_piecewise_linear(NetworkReader(module, **options), X, names)
    return str(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("features", "width", "whole", "named"), STEPPED.values(), ids=STEPPED.keys()
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_columns_that_are_read_through_steps_are_named(features, width, whole, named, dtype):
    module = made(features, width)
    message = refusal(module.to(dtype), rows(whole=whole).to(dtype))
    assert "step of zero slope" in message
    if named is not None:
        word = "column" if len(named) == 1 else "columns"
        assert f"{word} {', '.join(map(str, named))} through" in message


def test_an_embedding_is_named():
    features, width, whole, _ = STEPPED["embedding"]
    assert "'table' (Embedding)" in refusal(made(features, width), rows(whole=whole))


class Rounding(nn.Module):
    def forward(self, x):
        return x.round()


def test_a_module_that_rounds_is_named():
    module = nn.Sequential(nn.Linear(D, 8), Rounding(), nn.Linear(8, K)).double()
    assert "'1' (Rounding)" in refusal(module, 3 * rows())


def test_a_lookup_off_the_table_is_no_index_error():
    """Of whole numbers rounded down; a step to either side leaves the table."""
    module = made(lambda self, x: self.table(x[:, 0].floor().long()), 3)
    X = rows(whole=[0])
    message = refusal(module, X)
    assert "step of zero slope" in message
    assert "'table' (Embedding)" in message
    outside = X.clone()
    outside[0, 0] = CODES
    assert "'table' (Embedding)" in refusal(module, outside)


NAMES = ["district", "age", "dose", "a", "b", "c"]


def test_columns_beyond_the_names_are_called_by_their_positions():
    """With null features a network reads twice the columns of the table."""
    features, width, whole, _ = STEPPED["two embeddings"]
    message = refusal(made(features, width), rows(whole=whole), NAMES[:1])
    assert "columns 'district', 2 through" in message


def test_columns_that_lead_off_a_table_are_called_by_their_names():
    module = made(lambda self, x: self.table(x[:, 0].floor().long()), 3)
    message = refusal(module, rows(whole=[0]), NAMES)
    assert "column 'district' through" in message


def test_neurons_are_not_called_by_the_names_of_columns():
    module = nn.Sequential(nn.Linear(D, 8), nn.ReLU(), Rounding(), nn.Linear(8, K)).double()
    message = refusal(module, 5 * rows(), NAMES, layer="1")
    assert "neurons" in message
    assert not any(repr(name) in message for name in NAMES)


class Shelf(nn.Module):
    """Neuron 0 looks itself up in a table that ends beside the rows."""

    def __init__(self):
        super().__init__()
        self.first = nn.Identity()
        self.table = nn.Embedding(CODES, K)

    def forward(self, x):
        return self.table(self.first(x)[:, 0].floor().long())


def test_neurons_that_lead_off_a_table_are_not_called_by_the_names_of_columns():
    message = refusal(Shelf().double(), rows(whole=[0]), NAMES, layer="first")
    assert "neuron 0 through" in message


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_a_small_step_beside_much_that_is_linear_is_found(scale):
    class Mostly(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = nn.Sequential(nn.Linear(D, 50), nn.ReLU(), nn.Linear(50, K))

        def forward(self, x):
            return self.net(x / scale) + 0.05 * (x[:, :1] > 0).double()

    with torch.random.fork_rng():
        torch.manual_seed(0)
        module = Mostly().double()
    assert "column 0 through" in refusal(module, scale * rows())


def test_steps_of_a_hidden_layer_are_found():
    module = nn.Sequential(nn.Linear(D, 8), nn.ReLU(), Rounding(), nn.Linear(8, K)).double()
    assert "neurons" in refusal(module, 5 * rows(), layer="1")


def test_steps_are_found_under_the_secant_rule_too():
    features, width, whole, _ = STEPPED["embedding"]
    module = nn.Sequential(made(features, width), nn.Tanh())
    assert "column 0 through" in refusal(module, rows(whole=whole), secants=True)


# Networks that must not be accused


class Custom(nn.Module):
    """No plain chain, so that it is looked at."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        return self.net(x)


def _with_bias(value):
    net = nn.Sequential(nn.Linear(D, 8), nn.ReLU(), nn.Linear(8, K)).double()
    with torch.no_grad():
        net[0].bias.fill_(value)
    return net


@pytest.mark.parametrize("bias", [-2.0, -3.0, -100.0], ids=["mostly", "nearly", "all"])
@pytest.mark.parametrize("seed", range(5))
def test_a_dead_relu_is_no_step(bias, seed):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        module = Custom(_with_bias(bias))
    verify_piecewise_linear(NetworkReader(module), 3 * rows())


def test_a_steep_ramp_is_no_step():
    class Ramp(nn.Module):
        def forward(self, x):
            return (1e5 * (x - 0.1)).clamp(-3, 3)

    verify_piecewise_linear(NetworkReader(Ramp()), rows())


@pytest.mark.parametrize("seed", range(5))
def test_many_kinks_are_no_steps(seed):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        deep = nn.Sequential(
            nn.Linear(D, 100), nn.ReLU(), nn.Linear(100, 100), nn.ReLU(), nn.Linear(100, K)
        ).double()
    verify_piecewise_linear(NetworkReader(Custom(deep)), rows())


@pytest.mark.parametrize(
    "reads",
    [
        lambda x: x.sort(dim=1).values,
        lambda x: x.gather(1, x.argmax(1, keepdim=True)).expand(-1, 3),
        lambda x: torch.where(x > 0, x, 0.1 * x),
        lambda x: x * (x > 0),
        lambda x: x.masked_fill(x < 0, 0),
    ],
    ids=["sort", "gathered maximum", "where", "masked", "filled"],
)
def test_comparisons_that_choose_among_equals_at_their_border_are_no_steps(reads):
    class Choosing(nn.Module):
        def forward(self, x):
            return reads(x)

    verify_piecewise_linear(NetworkReader(Choosing()), rows())


def test_a_threshold_that_lets_its_input_through_is_complete_on_each_side():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = nn.Sequential(nn.Linear(D, 8), nn.Hardshrink(), nn.Linear(8, K)).double()
    verify_piecewise_linear(NetworkReader(net), rows())


@pytest.mark.parametrize("n", [1, 2, 3])
def test_few_rows_are_enough(n):
    features, width, whole, _ = STEPPED["embedding"]
    module, X = made(features, width), rows(whole=whole)[:n]
    assert "step of zero slope" in refusal(module, X)
    verify_piecewise_linear(NetworkReader(Custom(_with_bias(0.0))), rows()[:n])


def test_random_state_is_untouched():
    before = torch.get_rng_state()
    verify_piecewise_linear(NetworkReader(Custom(_with_bias(0.0).eval())), rows())
    features, width, whole, _ = STEPPED["embedding"]
    module = made(features, width)
    state = torch.get_rng_state()
    refusal(module, rows(whole=whole))
    assert torch.equal(torch.get_rng_state(), state)
    assert before.shape == state.shape


def test_columns_are_called_by_their_names():
    features, width, whole, _ = STEPPED["two embeddings"]
    names = ["sex", "age", "city", "a", "b", "c"]
    with pytest.raises(NotPiecewiseLinearError, match="columns 'sex', 'city' through"):
        verify_piecewise_linear(NetworkReader(made(features, width)), rows(whole=whole), names)
