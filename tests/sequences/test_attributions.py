"""Attributions against literal sums, closed forms and their own axioms."""

import copy
from itertools import pairwise

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from torch import nn

from sklearn_deeplifft import FeatureSelectionWarning
from sklearn_deeplifft.sequences import (
    SequenceEncoder,
    deep_lift,
    expected_gradients,
    integrated_gradients,
    mutagenesis,
    saliency,
    smooth_grad,
)
from tests.sequences._nets import NETS, K, L, chain

every_net = pytest.mark.parametrize("name", NETS)
N = 3
TEXTS = ["ACGGTTACGTCA", "GGNTCATTAGCA", "TTTACACAGGGA"]
FLAT = SequenceEncoder(dtype="float64").fit_transform(TEXTS)
X = FLAT.reshape(N, L, K).transpose(0, 2, 1)
OTHERS = SequenceEncoder(dtype="float64").fit_transform(
    ["CCGTTAACGGTC", "GACTTACTAGGC", "ACACGGTCATTT", "TGCATGCAAACC"]
)
REFERENCES = OTHERS.reshape(-1, L, K).transpose(0, 2, 1)
METHODS = {
    "saliency": saliency,
    "smooth_grad": lambda *args, **kw: smooth_grad(*args, n_samples=4, random_state=0, **kw),
    "integrated_gradients": lambda *args, **kw: integrated_gradients(*args, n_steps=5, **kw),
    "expected_gradients": lambda *args, **kw: expected_gradients(
        *args, n_samples=4, random_state=0, **kw
    ),
    "deep_lift": deep_lift,
    "mutagenesis": mutagenesis,
}
every_method = pytest.mark.parametrize("name", METHODS)


def net_of(name):
    torch.manual_seed(1)
    return NETS[name]().double().eval()


def outputs(net, x):
    with torch.no_grad():
        return net(torch.as_tensor(x).contiguous())[:, 0].numpy()


def softplus(a):
    return np.log1p(np.exp(a))


class OneLayer:
    """``z = v . f(W x + b)`` in numpy, and as a module."""

    def __init__(self, f, module):
        rng = np.random.default_rng(0)
        self.W, self.b = rng.normal(size=(5, L * K)), rng.normal(size=5)
        self.v, self.f = rng.normal(size=5), f
        self.net = nn.Sequential(nn.Linear(L * K, 5), module, nn.Linear(5, 1, bias=False)).double()
        with torch.no_grad():
            self.net[0].weight.copy_(torch.from_numpy(self.W))
            self.net[0].bias.copy_(torch.from_numpy(self.b))
            self.net[2].weight.copy_(torch.from_numpy(self.v[None]))

    def slopes(self, x, r):
        """(L, K): each unit's slope between its two inputs, unit by unit."""
        total = np.zeros(L * K)
        for w, b, v in zip(self.W, self.b, self.v, strict=True):
            a, c = w @ x + b, w @ r + b
            total += v * (self.f(a) - self.f(c)) / (a - c) * w
        return total.reshape(L, K)


def corrected(scores):
    out = scores.copy()
    for position in out.reshape(-1, K):
        position -= sum(position) / K
    return out


def contributions(slopes, d):
    """Slopes, corrected where the displacement ends within the simplex, times displacement."""
    within = np.abs(d.sum(axis=1)) < 1e-9
    return np.where(within[:, None], corrected(slopes), slopes) * d


@pytest.mark.parametrize(
    ("f", "module"), [(lambda a: max(a, 0.0), nn.ReLU()), (softplus, nn.Softplus())]
)
def test_slopes_of_one_layer(f, module):
    layer = OneLayer(f, module)
    expected = np.mean([[layer.slopes(x, r) for r in OTHERS] for x in FLAT], axis=1)
    found = deep_lift(layer.net, FLAT, reference=OTHERS, simplex=False)
    np.testing.assert_allclose(found.scores, expected, atol=1e-12)
    products = deep_lift(layer.net, FLAT, reference=OTHERS, times_input=True).scores
    literal = np.mean(
        [[contributions(layer.slopes(x, r), (x - r).reshape(L, K)) for r in OTHERS] for x in FLAT],
        axis=1,
    )
    np.testing.assert_allclose(products, literal, atol=1e-12)


def test_the_mean_gradient_on_the_way_through_one_layer_is_its_slope():
    layer = OneLayer(softplus, nn.Softplus())
    uniform = np.full(L * K, 0.25)
    expected = np.array([layer.slopes(x, uniform) for x in FLAT])
    found = integrated_gradients(layer.net, FLAT, simplex=False)
    np.testing.assert_allclose(found.scores, expected, atol=1e-10)
    assert found.error.max() < 1e-10
    several = integrated_gradients(layer.net, FLAT, reference=OTHERS, simplex=False)
    expected = np.mean([[layer.slopes(x, r) for r in OTHERS] for x in FLAT], axis=1)
    np.testing.assert_allclose(several.scores, expected, atol=1e-10)
    random = expected_gradients(
        layer.net, FLAT, reference=OTHERS, n_samples=2000, simplex=False, random_state=0
    )
    spread = np.abs(random.scores - expected).max() / np.abs(expected).max()
    assert 1e-6 < spread < 0.05


def test_max_pool_by_hand():
    net = nn.Sequential(nn.MaxPool1d(3), nn.Flatten(), nn.Linear(K * L // 3, 1)).double()
    v = net[2].weight[0].detach().numpy().reshape(K, L // 3)
    rng = np.random.default_rng(0)
    x, r = rng.normal(size=(2, K, L))
    x[0, :3], r[0, :3] = (1, 2, 1), (1, 2, 1)  # no difference: that of the derivative
    expected = np.zeros((L, K))
    for a in range(K):
        for w in range(L // 3):
            at = slice(3 * w, 3 * w + 3)
            i, j = 3 * w + x[a, at].argmax(), 3 * w + r[a, at].argmax()
            change = x[a, i] - r[a, j]
            place = i if change >= 0 else j
            slope = 1.0 if change == 0 else change / (x[a, place] - r[a, place])
            expected[place, a] = v[a, w] * slope
    found = deep_lift(net, x[None], reference=r, simplex=False)
    np.testing.assert_allclose(found.scores[0], expected, atol=1e-12)


@every_net
@pytest.mark.parametrize("reference", ["uniform", "dinucleotide", "array"])
def test_contributions_sum_to_the_difference(name, reference):
    net, r = net_of(name), REFERENCES if reference == "array" else reference
    found = deep_lift(
        net, X, reference=r, n_references=3, simplex=False, times_input=True, random_state=0
    )
    assert found.error.max() < 1e-11
    if reference == "uniform" and name != "sigmoid at the end":
        change = outputs(net, X) - outputs(net, np.full((1, K, L), 0.25))
        np.testing.assert_allclose(found.scores.sum(axis=(1, 2)), change, atol=1e-11)


UNKNOWN = SequenceEncoder(dtype="float64").fit_transform(["ACGGTTACGTCA", "GGNTCATNNNNN"])
UNKNOWN = UNKNOWN.reshape(2, L, K).transpose(0, 2, 1)


@every_net
@pytest.mark.parametrize("reference", ["uniform", "dinucleotide", "zero", "array"])
@pytest.mark.filterwarnings("ignore:.*is no sequence")
def test_corrected_contributions_sum_to_the_difference_where_letters_are_not_known(name, reference):
    """No part of a way from or to N and padding is within the simplex."""
    net = net_of(name)
    options = {"reference": REFERENCES if reference == "array" else reference, "random_state": 0}
    found = deep_lift(net, UNKNOWN, n_references=3, times_input=True, **options)
    plain = deep_lift(net, UNKNOWN, n_references=3, times_input=True, simplex=False, **options)
    total = found.scores.sum(axis=(1, 2))
    np.testing.assert_allclose(total, plain.scores.sum(axis=(1, 2)), atol=1e-11)
    assert found.error.max() < 1e-11
    if reference == "uniform":
        np.testing.assert_allclose(found.scores[1, 7:], plain.scores[1, 7:], atol=1e-12)
        assert np.abs(found.scores[0] - plain.scores[0]).max() > 1e-3


@pytest.mark.parametrize("simplex", [True, False])
@pytest.mark.parametrize("name", ["deep_lift", "integrated_gradients", "expected_gradients"])
@pytest.mark.filterwarnings("ignore:DeepLIFT's contributions miss")
def test_the_error_is_that_of_the_contributions(name, simplex):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Flatten(), Gated()).double()
    options = {"reference": np.full((K, L), 0.25), "simplex": simplex}
    found = METHODS[name](net, UNKNOWN, times_input=True, **options)
    with torch.no_grad():
        values = net(torch.from_numpy(np.concatenate([UNKNOWN, np.full((1, K, L), 0.25)])))
    missing = found.scores.sum(axis=(1, 2)) - (values[:2] - values[2]).numpy()
    np.testing.assert_allclose(found.error, np.abs(missing), atol=1e-12)
    assert np.abs(missing).max() > (1e-3 if name != "integrated_gradients" else -1)


def test_single_precision():
    net = net_of("exponential").float()
    assert deep_lift(net, X).error.max() < 1e-5
    assert deep_lift(net, X).scores.dtype == np.float32
    assert deep_lift(net, X, dtype=torch.float64).error.max() < 1e-11


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@every_method
def test_half_precision_is_read_in_single(name, dtype):
    """A network of the rounded weights has the same scores."""
    net = net_of("relu and max-pool").to(dtype)
    found = METHODS[name](net, X.astype(np.float32))
    assert found.scores.dtype == found.angles.dtype == np.float32
    assert next(net.parameters()).dtype is dtype
    rounded = METHODS[name](copy.deepcopy(net).float(), X.astype(np.float32))
    np.testing.assert_allclose(found.scores, rounded.scores, atol=1e-6)


def test_output_of_a_sigmoid():
    net = net_of("sigmoid at the end")
    found = deep_lift(net, X, scale="output", simplex=False, times_input=True)
    change = outputs(net, X) - outputs(net, np.full((1, K, L), 0.25))
    np.testing.assert_allclose(found.scores.sum(axis=(1, 2)), change, atol=1e-12)
    p = outputs(net, X)[:, None, None]
    probability = saliency(net, X, scale="output").scores
    np.testing.assert_allclose(probability, saliency(net, X).scores * p * (1 - p), atol=1e-12)


class Gated(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(L * K, 3), nn.Linear(L * K, 3)

    def forward(self, x):
        return (self.a(x) * self.b(x)).sum(dim=1)


def test_a_product_of_activations_is_told():
    with pytest.warns(FeatureSelectionWarning, match=r"miss the difference of outputs by up to \d"):
        deep_lift(Gated().double(), FLAT)


@pytest.mark.parametrize("gain", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_what_a_sum_misses_is_told_relative_to_the_differences(gain, dtype):
    """In any unit of the output; and not where the output is large and the sum exact."""
    scaled = nn.Sequential(Gated(), Turn(lambda z: gain * z)).to(dtype)
    with pytest.warns(FeatureSelectionWarning, match=r"where the largest is \d.*no slopes here"):
        found = deep_lift(scaled, FLAT)
    uniform = torch.full((1, L * K), 0.25, dtype=dtype)
    with torch.no_grad():
        change = scaled(torch.as_tensor(FLAT, dtype=dtype)) - scaled(uniform)
    assert found.error.max() > 1e-3 * change.abs().max()
    for name in ("exponential", "residual, tanh"):
        exact = nn.Sequential(net_of(name).to(dtype), Turn(lambda z: gain * (1000 + z)))
        deep_lift(exact, X)
        deep_lift(nn.Sequential(net_of(name).to(dtype), Turn(lambda z: gain * z)), X)


@every_net
def test_saliency_and_paths_by_differences(name):
    net, h = net_of(name), 1e-6
    expected = np.zeros((N, L, K))
    for position in range(L):
        for a in range(K):
            up, down = X.copy(), X.copy()
            up[:, a, position] += h
            down[:, a, position] -= h
            expected[:, position, a] = (outputs(net, up) - outputs(net, down)) / (2 * h)
    p = outputs(net, X)[:, None, None]
    expected = expected / (p * (1 - p)) if name == "sigmoid at the end" else expected
    found = saliency(net, X, simplex=False)
    # At a tie of a pool the two sides differ, and what is between them is no derivative.
    away = np.isclose(found.scores, expected, atol=1e-5)
    pooled = "max" in name or name in ("exponential", "batch-norm")
    assert away.mean() > 0.8 if pooled else away.all()
    np.testing.assert_allclose(saliency(net, X).scores, corrected(found.scores), atol=1e-12)
    product = saliency(net, X, times_input=True).scores
    expected = corrected(found.scores) * X.transpose(0, 2, 1)
    np.testing.assert_allclose(product, expected, atol=1e-12)


def test_mutations_one_by_one():
    net = net_of("relu and max-pool")
    expected = np.zeros((N, L, K))
    for n in range(N):
        for position in range(L):
            for a in range(K):
                mutant = X[n : n + 1].copy()
                mutant[0, :, position] = 0
                mutant[0, a, position] = 1
                change = outputs(net, mutant) - outputs(net, X[n : n + 1])
                expected[n, position, a] = change[0]
    plain = mutagenesis(net, X, simplex=False)
    np.testing.assert_allclose(plain.scores, expected, atol=1e-12)
    np.testing.assert_allclose(mutagenesis(net, X).scores, corrected(expected), atol=1e-12)
    only = mutagenesis(net, X, times_input=True).scores
    np.testing.assert_array_equal(only[X.transpose(0, 2, 1) == 0], 0)


def test_noise():
    net = net_of("linear")
    weights = net[1].weight.detach().numpy().reshape(K, L).T
    for on_simplex in (False, True):
        found = smooth_grad(net, X, n_samples=2, noise_on_simplex=on_simplex, simplex=False)
        np.testing.assert_allclose(found.scores, np.broadcast_to(weights, (N, L, K)), atol=1e-12)
    net = net_of("exponential")
    still = smooth_grad(net, X, noise=0.0, n_samples=2).scores
    np.testing.assert_allclose(still, saliency(net, X).scores, atol=1e-12)
    assert np.abs(smooth_grad(net, X, random_state=0).scores - still).max() > 1e-6


@every_method
def test_layouts_batches_and_containers_do_not_matter(name):
    method, net = METHODS[name], net_of("exponential")
    columns = nn.Sequential(Turn(lambda x: x.unflatten(1, (L, K)).transpose(1, 2)), net)
    last = nn.Sequential(Turn(lambda x: x.transpose(1, 2)), net)
    found = method(net, X)
    assert found.scores.shape == (N, L, K)
    assert found.angles.shape == (N, L)
    others = [
        method(columns, FLAT),
        method(columns, sp.csr_array(FLAT)),
        method(net, torch.from_numpy(X.copy())),
        method(last, X.transpose(0, 2, 1), channel_axis=2),
        method(net, X, channel_axis=1),
        method(net, X, output=0),
        *(method(net, X, batch_size=size) for size in (1, 5, 1000)),
    ]
    for other in others:
        np.testing.assert_allclose(other.scores, found.scores, atol=1e-12)
        np.testing.assert_allclose(other.angles, found.angles, atol=1e-8)


def test_noise_of_a_sequence_is_the_same_in_any_batch():
    """28 numbers a sequence: torch draws a multiple of 16 alike in any batch as it is."""
    rows = SequenceEncoder(dtype="float64").fit_transform(["ACGGTTA", "GGNTCAT", "TTTACAC"])
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(28, 6), nn.Softplus(), nn.Linear(6, 1)).double()
    options = {"n_samples": 10, "noise": 0.5, "random_state": 0}
    found = smooth_grad(net, rows, **options).scores
    for size in (1, 3, 7):
        other = smooth_grad(net, rows, batch_size=size, **options).scores
        np.testing.assert_allclose(other, found, atol=1e-14)


class Turn(nn.Module):
    def __init__(self, how):
        super().__init__()
        self.how = how

    def forward(self, x):
        return self.how(x)


@every_method
def test_the_module_is_left_as_it_was(name):
    net = chain(nn.BatchNorm1d(5), nn.ReLU(), nn.Dropout(0.5), nn.MaxPool1d(2)).train()
    before = copy.deepcopy(net.state_dict())
    first = METHODS[name](net, X.astype(np.float32))
    assert net.training
    assert all(part.training for part in net.modules())
    assert all(
        torch.equal(a, b) for a, b in zip(before.values(), net.state_dict().values(), strict=True)
    )
    assert all(p.grad is None and p.requires_grad for p in net.parameters())
    with torch.no_grad(), torch.inference_mode():
        second = METHODS[name](net, X.astype(np.float32))
    np.testing.assert_array_equal(first.scores, second.scores)


@every_method
def test_outputs_of_each_sequence(name):
    torch.manual_seed(0)
    net = chain(nn.ReLU(), n_outputs=3).double()
    each = METHODS[name](net, X, output=[2, 0, 1]).scores
    for n, output in enumerate([2, 0, 1]):
        np.testing.assert_allclose(each[n], METHODS[name](net, X, output=output).scores[n])


def test_angles():
    net = nn.Linear(K * 3, 1).double()
    with torch.no_grad():
        net.weight.copy_(torch.tensor([[1.0, 1, 1, 1, 1, -1, 0, 0, 0, 0, 0, 0]]))
    rows = SequenceEncoder(dtype="float64").fit_transform(["ACG"])
    np.testing.assert_allclose(saliency(net, rows).angles, [[90, 0, 0]], atol=1e-6)
    np.testing.assert_allclose(deep_lift(net, rows).angles, [[90, 0, 0]], atol=1e-6)


def test_shuffled_references():
    seen = []
    net = nn.Sequential(Turn(lambda x: seen.append(x) or x), net_of("linear"))
    deep_lift(net, X, reference="dinucleotide", n_references=4, random_state=0, batch_size=200)
    # The first pass of as many: before it the network was tried on a few rows.
    passed = next(x for x in seen if len(x) == 2 * N * 4)
    letters = passed.detach().transpose(1, 2).numpy()
    sources, shuffles = letters[: N * 4], letters[N * 4 :]
    assert len(shuffles) == N * 4
    for source, shuffle in zip(sources, shuffles, strict=True):
        assert pairs_of(source) == pairs_of(shuffle)
    assert (sources != shuffles).any()
    np.testing.assert_array_equal((sources == 0).all(axis=2), (shuffles == 0).all(axis=2))


def pairs_of(letters):
    text = "".join("N" if not row.any() else "ACGT"[row.argmax()] for row in letters)
    return sorted(pairwise(text))


def test_references_of_each_sequence():
    net = net_of("exponential")
    own = np.stack([REFERENCES[:2], REFERENCES[1:3], REFERENCES[2:]])
    found = deep_lift(net, X, reference=own).scores
    for n in range(N):
        alone = deep_lift(net, X[n : n + 1], reference=own[n]).scores
        np.testing.assert_allclose(found[n], alone[0], atol=1e-12)


def test_the_zero_reference_is_told():
    with pytest.warns(FeatureSelectionWarning, match="reference='zero' is no sequence"):
        found = integrated_gradients(net_of("linear"), X, reference="zero")
    assert found.error.max() < 1e-10


def test_no_rows():
    for method in METHODS.values():
        assert method(net_of("exponential"), X[:0]).scores.shape == (0, L, K)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda n: saliency("net", X), TypeError, "model is 'net', of type str; pass a torch"),
        (lambda n: saliency(n, X, rows=3), TypeError, "'rows' is no option; those of every"),
        (lambda n: saliency(n, TEXTS), ValueError, "encode sequences by SequenceEncoder first"),
        (
            lambda n: saliency(n, X.transpose(0, 2, 1)),
            ValueError,
            "letters last; .*_axis=2",
        ),
        (
            lambda n: saliency(n, X[:, :, :4]),
            ValueError,
            "in either axis; pass channel_axis",
        ),
        (lambda n: saliency(n, X[:, :3]), ValueError, "axis 1 holds no 4 letters"),
        (lambda n: saliency(n, X, channel_axis=2), ValueError, "axis 2 holds no 4 letters"),
        (lambda n: saliency(n, X, channel_axis=0), ValueError, "channel_axis=0; letters are in"),
        (lambda n: saliency(n, FLAT[:, :5]), ValueError, "pass encoded sequences"),
        (lambda n: saliency(n, X * np.nan), ValueError, "not finite"),
        (lambda n: saliency(n, X, output=1.0), ValueError, "output=1.0; pass the number of one"),
        (lambda n: saliency(n, X, output=[0, 0]), ValueError, "one for each of the 3 sequences"),
        (lambda n: saliency(n, X, output=3), ValueError, "the network has the outputs 0 to 0"),
        (lambda n: saliency(n, X, scale="proba"), ValueError, "scale='proba'; pass 'logit'"),
        (lambda n: saliency(n, X, batch_size=0), ValueError, "batch_size=0"),
        (lambda n: saliency(chain(n_outputs=2).double(), X), ValueError, "2 outputs; pass output="),
        (lambda n: smooth_grad(n, X, n_samples=0), ValueError, "n_samples=0"),
        (lambda n: smooth_grad(n, X, noise=-1), ValueError, "noise=-1; pass a standard deviation"),
        (lambda n: integrated_gradients(n, X, n_steps=0), ValueError, "n_steps=0"),
        (
            lambda n: deep_lift(n, X, reference="mean"),
            ValueError,
            "reference='mean'; pass",
        ),
        (lambda n: deep_lift(n, X, reference=X[0].T), ValueError, r"pass one sequence \(4, 12\)"),
        (
            lambda n: deep_lift(n, X, reference=X[None]),
            ValueError,
            "for 1 sequences, and X holds",
        ),
        (lambda n: deep_lift(n, X, reference=X[:0]), ValueError, "reference holds no sequence"),
        (lambda n: deep_lift(n, X, reference=X[:, None][:, :0]), ValueError, "holds no sequence"),
        (
            lambda n: deep_lift(n, X, reference="dinucleotide", n_references=0),
            ValueError,
            "n_references=0",
        ),
    ],
)
def test_refusals(call, error, message):
    with pytest.raises(error, match=message):
        call(net_of("linear"))
