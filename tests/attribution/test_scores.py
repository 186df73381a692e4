"""The whole of floor 1, from rows and targets to scores, against the oracle row by row."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from sklearn_deeplifft.attribution import (
    ChainReader,
    Head,
    NetworkReader,
    Scorer,
    ScoreSums,
    SimplexGroup,
    block_rows,
    cell_means,
    overall_score,
    reader_of,
)
from tests import oracles as o
from tests.attribution._architectures import ARCHITECTURES, BY_NAME, D, Headed, K, Net, plain

N = 40
GROUPS = [([0, 2, 5], [1.0, 0.5, 2.0])]
REFERENCE = np.linspace(-0.5, 1.0, D)
GAUGES = {
    "zero": (None, []),
    "reference": (REFERENCE, []),
    "simplex": (None, GROUPS),
    "reference and simplex": (REFERENCE, GROUPS),
}
every_gauge = pytest.mark.parametrize(("reference", "groups"), GAUGES.values(), ids=GAUGES.keys())
both_readers = pytest.mark.parametrize("read", [reader_of, NetworkReader], ids=["chain", "general"])


def table(name="mlp", n=N):
    """Module, rows, and targets of which about half are what the network says."""
    architecture = BY_NAME[name]
    forms = architecture.forms(n)
    h = np.array([int(np.argmax(f.z)) for f in forms])
    rng = np.random.default_rng(9)
    y = np.where(rng.random(n) < 0.5, h, rng.integers(0, K, n))
    return architecture.module(), architecture.rows(n), y, h, forms


def scorer(reader, heads, reference=None, groups=(), **kwargs):
    if isinstance(heads, Head):
        heads = (heads,)
    r = None if reference is None else torch.as_tensor(reference).to(reader.dtype)
    made = [SimplexGroup(torch.tensor(c), torch.tensor(s, dtype=reader.dtype)) for c, s in groups]
    return Scorer(reader, heads, r, made, **kwargs)


def column(y):
    return torch.as_tensor(np.asarray(y)).reshape(len(y), -1)


def ones(n):
    return torch.ones(n, dtype=torch.float64)


def literal_increments(forms, X, y, reference=None, groups=()):
    out = []
    for form, x, c in zip(forms, X.numpy(), y, strict=True):
        terms, bias = o.oracle_terms(form, x, reference, groups)
        out.append(o.oracle_softmax_increments(terms, bias, int(c)))
    return np.array(out)


SOFTMAX = Head("softmax", 0, K)


# Softmax


@both_readers
@every_gauge
def test_class_and_overall_scores_agree_with_the_oracle(read, reference, groups):
    module, X, y, h, forms = table()
    weight = np.random.default_rng(1).uniform(0.2, 2, N)
    sums = scorer(read(module), SOFTMAX, reference, groups).sums(
        X, column(y), torch.as_tensor(weight)
    )
    scores = literal_increments(forms, X, y, reference, groups)
    expected = o.oracle_class_scores(scores, y, h, K, weight)
    np.testing.assert_allclose(cell_means(sums.signed, sums.weight), expected, rtol=0, atol=1e-9)
    for balanced in (False, True):
        overall = o.oracle_overall(scores, y, h, K, balanced=balanced, weight=weight)
        np.testing.assert_allclose(
            overall_score(sums, balanced=balanced), overall, rtol=0, atol=1e-9
        )
    assert sums.residual <= 1e-10


@both_readers
@every_gauge
def test_increments_agree_with_the_oracle(read, reference, groups):
    module, X, y, h, forms = table()
    got = scorer(read(module), SOFTMAX, reference, groups).increments(X, column(y))
    expected = literal_increments(forms, X, y, reference, groups)
    expected[y != h] = 0
    assert got.shape == (N, 1, D)
    assert 0 < (y != h).sum() < N
    np.testing.assert_allclose(got[:, 0], expected, rtol=0, atol=1e-9)


MULTICLASS = [
    a for a in ARCHITECTURES if "logit" not in a.name and "igmoid" not in a.name and a.shape == (D,)
]


@pytest.mark.parametrize("architecture", MULTICLASS, ids=lambda a: a.name)
def test_every_architecture_agrees_with_the_oracle(architecture):
    X, forms = architecture.rows(), architecture.forms()
    y = np.arange(len(X)) % K
    reader = reader_of(architecture.module())
    got = scorer(reader, SOFTMAX, REFERENCE, only_correct=False).increments(X, column(y))
    expected = literal_increments(forms, X, y, REFERENCE)
    np.testing.assert_allclose(got[:, 0], expected, rtol=0, atol=1e-9)


@both_readers
def test_increments_of_a_row_sum_to_its_gain_over_the_bias(read):
    module, X, _, h, forms = table()
    got = scorer(read(module), SOFTMAX, REFERENCE).increments(X, column(h))
    for s, (form, x) in enumerate(zip(forms, X.numpy(), strict=True)):
        bias = o.oracle_terms(form, x, REFERENCE)[1]
        gain = o.softmax(form.z)[h[s]] - o.softmax(bias)[h[s]]
        assert got[s].sum().item() == pytest.approx(gain, abs=1e-12)


@both_readers
def test_all_rows_count_where_asked(read):
    module, X, y, _, forms = table()
    sums = scorer(read(module), SOFTMAX, only_correct=False).sums(X, column(y), ones(N))
    expected = o.oracle_class_scores(literal_increments(forms, X, y), y, y, K)
    np.testing.assert_allclose(cell_means(sums.signed, sums.weight), expected, rtol=0, atol=1e-9)
    assert sums.weight.tolist() == np.bincount(y, minlength=K).tolist()


@both_readers
def test_a_batch_without_a_correct_row_leaves_zeros(read):
    module, X, _, h, _ = table()
    sums = scorer(read(module), SOFTMAX, REFERENCE, GROUPS).sums(X, column((h + 1) % K), ones(N))
    empty = ScoreSums.zeros(K, D)
    assert torch.equal(sums.signed, empty.signed)
    assert torch.equal(sums.absolute, empty.absolute)
    assert torch.equal(sums.weight, empty.weight)
    assert sums.residual == 0
    assert not scorer(read(module), SOFTMAX).increments(X, column((h + 1) % K)).any()


@pytest.mark.parametrize(
    "read",
    [
        pytest.param(reader_of, id="chain"),
        pytest.param(NetworkReader, id="general"),
    ],
)
def test_no_rows_leave_zeros(read):
    module, X, y, _, _ = table()
    made = scorer(read(module), SOFTMAX, REFERENCE)
    assert not made.sums(X[:0], column(y)[:0], ones(0)).weight.any()
    assert made.increments(X[:0], column(y)[:0]).shape == (0, 1, D)


@both_readers
@pytest.mark.parametrize("size", [1, 7, N])
def test_batches_merge_to_the_whole(read, size):
    module, X, y, _, _ = table()
    made, w = scorer(read(module), SOFTMAX, REFERENCE, GROUPS), ones(N)
    whole, parts = made.sums(X, column(y), w), ScoreSums.zeros(K, D)
    for start in reversed(range(0, N, size)):
        at = slice(start, start + size)
        parts = made.sums(X[at], column(y)[at], w[at]).merge(parts)
    for name in ("signed", "absolute", "weight"):
        torch.testing.assert_close(getattr(parts, name), getattr(whole, name), rtol=0, atol=1e-12)


@both_readers
def test_scoring_twice_gives_the_same_bits(read):
    module, X, y, _, _ = table()
    made = scorer(read(module), SOFTMAX, REFERENCE, GROUPS)
    first, second = (made.sums(X, column(y), ones(N)) for _ in range(2))
    assert torch.equal(first.signed, second.signed)


@both_readers
def test_single_precision_agrees_with_double(read):
    module, X, y, _, _ = table()
    double = scorer(read(module), SOFTMAX, REFERENCE, GROUPS).increments(X, column(y))
    reader = read(BY_NAME["mlp"].module(torch.float32))
    made = scorer(reader, SOFTMAX, REFERENCE, GROUPS)
    single = made.increments(X.float(), column(y))
    torch.testing.assert_close(single.double(), double, rtol=0, atol=1e-4)
    assert made.sums(X.float(), column(y), ones(N)).residual <= 1e-4


@both_readers
def test_a_constant_on_all_logits_changes_nothing(read):
    module, X, y, _, _ = table()
    before = scorer(read(module), SOFTMAX, REFERENCE).increments(X, column(y))
    module[4].bias.data += 7
    after = scorer(read(module), SOFTMAX, REFERENCE).increments(X, column(y))
    torch.testing.assert_close(after, before, rtol=0, atol=1e-12)


@both_readers
def test_permuted_columns_permute_the_scores(read):
    module, X, y, _, _ = table()
    order = torch.tensor([4, 2, 0, 5, 1, 3])
    before = scorer(read(module), SOFTMAX, REFERENCE).sums(X, column(y), ones(N))
    module[0].weight.data = module[0].weight.data[:, order]
    after = scorer(read(module), SOFTMAX, REFERENCE[order]).sums(X[:, order], column(y), ones(N))
    torch.testing.assert_close(after.signed, before.signed[:, order], rtol=0, atol=1e-12)
    torch.testing.assert_close(after.absolute, before.absolute[:, order], rtol=0, atol=1e-12)


@both_readers
@pytest.mark.parametrize("head", [nn.Softmax(dim=1), nn.LogSoftmax(dim=1)])
def test_head_with_and_without_softmax_agree(read, head):
    module, X, y, _, _ = table()
    bare = scorer(read(module), SOFTMAX, REFERENCE).increments(X, column(y))
    headed = scorer(read(nn.Sequential(module, head)), SOFTMAX, REFERENCE)
    assert torch.equal(headed.increments(X, column(y)), bare)


@both_readers
def test_rescaled_columns_change_nothing(read):
    """Terms are the same in any units, so scores of x and of x / scale agree."""
    module, X, y, _, _ = table()
    scale = torch.logspace(-3, 3, D, dtype=torch.float64)
    before = scorer(read(module), SOFTMAX, REFERENCE).increments(X, column(y))
    module[0].weight.data /= scale
    made = scorer(read(module), SOFTMAX, torch.as_tensor(REFERENCE) * scale)
    torch.testing.assert_close(made.increments(X * scale, column(y)), before, rtol=0, atol=1e-10)


@both_readers
@pytest.mark.parametrize("share", [0.1, 0.7])
def test_absent_features_score_exactly_zero(read, share):
    module, X, _, h, _ = table()
    present = torch.as_tensor(np.random.default_rng(3).random((N, D)) < share)
    X = X * present
    h = module(X).argmax(1)
    got = scorer(read(module), SOFTMAX).increments(X, column(h))[:, 0]
    assert not got[~present].any()
    assert bool(got[present].any())


def test_constant_column_at_its_mean_scores_zero():
    module, X, _, _, _ = table()
    X[:, 3] = 2.5
    reference = torch.as_tensor(REFERENCE)
    reference[3] = 2.5
    h = module(X).argmax(1)
    got = scorer(reader_of(module), SOFTMAX, reference).increments(X, column(h))
    assert not got[:, :, 3].any()


def test_an_empty_class_scores_zero():
    module, X, _, h, _ = table()
    y = np.where(h == 2, 1, h)
    sums = scorer(reader_of(module), SOFTMAX).sums(X, column(y), ones(N))
    assert sums.weight[2] == 0
    assert not sums.signed[2].any()
    present = sums.weight > 0
    expected = cell_means(sums.absolute, sums.weight)[present].mean(0)
    torch.testing.assert_close(overall_score(sums, balanced=True), expected)


# Sigmoids


def sigmoid_table():
    architecture = BY_NAME["one logit"]
    forms = architecture.forms(N)
    h = np.array([int(f.z[0] > 0) for f in forms])
    y = np.where(np.random.default_rng(5).random(N) < 0.7, h, 1 - h)
    return architecture.module(), architecture.rows(N), y, h, forms


def literal_sigmoid(forms, X, y, k=0, reference=None):
    out = []
    for form, x, c in zip(forms, X.numpy(), y, strict=True):
        terms, bias = o.oracle_terms(form, x, reference)
        out.append(o.oracle_sigmoid_increments(terms[k], bias[k], int(c)))
    return np.array(out)


@both_readers
@pytest.mark.parametrize("reference", [None, REFERENCE], ids=["zero", "reference"])
def test_one_logit_agrees_with_the_oracle(read, reference):
    module, X, y, h, forms = sigmoid_table()
    made = scorer(read(module), Head("sigmoid", 0, 1), reference)
    assert made.n_cells == 2
    scores = literal_sigmoid(forms, X, y, reference=reference)
    sums = made.sums(X, column(y), ones(N))
    expected = o.oracle_class_scores(scores, y, h, 2)
    np.testing.assert_allclose(cell_means(sums.signed, sums.weight), expected, rtol=0, atol=1e-9)
    scores[y != h] = 0
    np.testing.assert_allclose(made.increments(X, column(y))[:, 0], scores, rtol=0, atol=1e-9)
    assert sums.weight.tolist() == [((y == c) & (h == c)).sum() for c in (0, 1)]


def test_a_logit_of_zero_says_class_zero():
    head = Head("sigmoid", 0, 1)
    assert head.correct(torch.zeros(2, 1), torch.tensor([0, 1])).tolist() == [True, False]


@both_readers
def test_labels_are_scored_one_sigmoid_each(read):
    module, X, _, _, forms = table()
    H = np.array([f.z > 0 for f in forms]).astype(int)
    Y = np.where(np.random.default_rng(6).random(H.shape) < 0.7, H, 1 - H)
    heads = tuple(Head("sigmoid", k, k + 1) for k in range(K))
    made = scorer(read(module), heads, REFERENCE)
    sums, got = made.sums(X, column(Y), ones(N)), made.increments(X, column(Y))
    assert made.n_cells == 2 * K
    assert got.shape == (N, K, D)
    means = cell_means(sums.signed, sums.weight)
    for k in range(K):
        scores = literal_sigmoid(forms, X, Y[:, k], k, REFERENCE)
        expected = o.oracle_class_scores(scores, Y[:, k], H[:, k], 2)
        np.testing.assert_allclose(means[2 * k : 2 * k + 2], expected, rtol=0, atol=1e-9)
        scores[Y[:, k] != H[:, k]] = 0
        np.testing.assert_allclose(got[:, k], scores, rtol=0, atol=1e-9)
    assert sums.residual <= 1e-10


@both_readers
def test_two_softmax_heads_share_a_network(read):
    module, X, _, _, forms = table()
    heads = (Head("softmax", 0, 3), Head("softmax", 1, K))
    H = np.stack([[int(np.argmax(f.z[a:b])) for f in forms] for _, a, b in heads], axis=1)
    Y = np.where(np.random.default_rng(7).random(H.shape) < 0.6, H, (H + 1) % 3)
    sums = scorer(read(module), heads, REFERENCE).sums(X, column(Y), ones(N))
    means = cell_means(sums.signed, sums.weight)
    for i, (_, a, b) in enumerate(heads):
        part = [o.Form(f.z[a:b], f.c[a:b], f.b[a:b]) for f in forms]
        scores = literal_increments(part, X, Y[:, i], REFERENCE)
        expected = o.oracle_class_scores(scores, Y[:, i], H[:, i], 3)
        np.testing.assert_allclose(means[3 * i : 3 * i + 3], expected, rtol=0, atol=1e-9)


# Regression


def literal_outputs(forms, X, reference=None, groups=()):
    return np.array(
        [o.oracle_terms(f, x, reference, groups)[0] for f, x in zip(forms, X.numpy(), strict=True)]
    )


@both_readers
@every_gauge
def test_regression_scores_are_the_terms(read, reference, groups):
    module, X, _, _, forms = table()
    weight = np.random.default_rng(1).uniform(0.2, 2, N)
    made = scorer(read(module), Head("identity", 0, K), reference, groups)
    y = torch.zeros(N, 1, dtype=torch.float64)
    terms = literal_outputs(forms, X, reference, groups)
    np.testing.assert_allclose(made.increments(X, y), terms, rtol=0, atol=1e-9)
    sums = made.sums(X, y, torch.as_tensor(weight))
    expected = np.average(terms, axis=0, weights=weight)
    np.testing.assert_allclose(cell_means(sums.signed, sums.weight), expected, rtol=0, atol=1e-9)
    overall = np.average(np.abs(terms).mean(1), axis=0, weights=weight)
    for balanced in (False, True):
        np.testing.assert_allclose(
            overall_score(sums, balanced=balanced), overall, rtol=0, atol=1e-9
        )


@pytest.mark.parametrize(
    "read",
    [
        pytest.param(reader_of, id="chain"),
        pytest.param(NetworkReader, id="general"),
    ],
)
@pytest.mark.parametrize("name", ["Linear", "Linear without bias"])
@pytest.mark.parametrize("n", [1, 5])
def test_linear_regression_is_scored_and_its_reader_stays_sound(read, name, n):
    architecture = BY_NAME[name]
    reader = read(architecture.module())
    made, y = scorer(reader, Head("identity", 0, K)), torch.zeros(N, 1)
    for _ in range(2):
        got = made.increments(architecture.rows(n), y[:n])
        expected = literal_outputs(architecture.forms(n), architecture.rows(n))
        np.testing.assert_allclose(got, expected, rtol=0, atol=1e-9)


@both_readers
@pytest.mark.parametrize("kind", ["softmax", "identity"])
def test_affine_networks_are_scored(read, kind):
    """A single affine stage hands out its own weight as coefficients; nobody may write there."""
    architecture = BY_NAME["Linear"]
    reader = read(architecture.module())
    before = reader.logits(architecture.rows())
    made = scorer(reader, Head(kind, 0, K), REFERENCE, GROUPS)
    made.sums(architecture.rows(), torch.zeros(9, 1, dtype=torch.int64), ones(9))
    assert torch.equal(reader.logits(architecture.rows()), before)


# Hidden neurons, other readers, small things


def test_hidden_neurons_are_scored_like_inputs():
    module, X, _, h, _ = table()
    tail = nn.Sequential(*list(module)[1:])
    H = module[0](X).detach()
    reference = torch.linspace(0, 1, 8, dtype=torch.float64)
    hidden = scorer(reader_of(module, layer="0"), SOFTMAX, reference).increments(X, column(h))
    direct = scorer(reader_of(tail), SOFTMAX, reference).increments(H, column(h))
    torch.testing.assert_close(hidden, direct, rtol=0, atol=1e-12)


def test_secant_scores_sum_to_the_gain():
    module, X = Net(torch.tanh).double(), plain()[1]
    reader = reader_of(module, secants=True)
    h = reader.logits(X).argmax(1)
    got = scorer(reader, SOFTMAX).increments(X, column(h))[:, 0]
    form = reader.form(X)
    rows = torch.arange(len(X))
    gain = form.logits.softmax(1)[rows, h] - form.bias.softmax(1)[rows, h]
    torch.testing.assert_close(got.sum(1), gain, rtol=0, atol=1e-12)


def test_both_readers_give_the_same_scores():
    module, X, y, _, _ = table()
    chain, general = reader_of(module), NetworkReader(module)
    assert isinstance(chain, ChainReader)
    left, right = (
        scorer(reader, SOFTMAX, REFERENCE, GROUPS).increments(X, column(y))
        for reader in (chain, general)
    )
    torch.testing.assert_close(left, right, rtol=0, atol=1e-12)


def test_squeezed_and_sigmoid_heads_are_one_logit():
    core, X = Net(F.relu, 1).double(), plain()[1]
    y = torch.ones(len(X), 1, dtype=torch.int64)
    head = Head("sigmoid", 0, 1)
    expected = scorer(reader_of(core), head, only_correct=False).increments(X, y)
    for behind in (lambda z: z.squeeze(1), torch.sigmoid, lambda z: torch.sigmoid(z.squeeze(1))):
        made = scorer(reader_of(Headed(core, behind)), head, only_correct=False)
        torch.testing.assert_close(made.increments(X, y), expected, rtol=0, atol=1e-12)


def test_head_picks_its_columns():
    values = torch.arange(24.0).reshape(2, 4, 3)
    head = Head("identity", 1, 3)
    assert torch.equal(head.of(values), values[:, 1:3])
    assert head.n_cells == 2
    assert Head("softmax", 0, 5).n_cells == 5
    assert Head("sigmoid", 3, 4).n_cells == 2
    assert head.correct(values[:, :, 0], torch.zeros(2)).tolist() == [True, True]


def test_correct_rows_are_those_of_the_largest_logit_in_the_head():
    z = torch.tensor([[9.0, 1.0, 2.0], [9.0, 3.0, 2.0]])
    assert Head("softmax", 1, 3).correct(z, torch.tensor([1, 1])).tolist() == [True, False]


@pytest.mark.parametrize(("k", "d"), [(1, 1), (8, 512), (2, 10**6), (1000, 10**6)])
def test_blocks_are_bounded(k, d):
    rows = block_rows(k, d)
    assert isinstance(rows, int)
    assert 8 <= rows <= 4096
    assert rows * k * d * 4 <= 8_000_000 or rows == 8
    assert block_rows(k, 2 * d) <= rows
