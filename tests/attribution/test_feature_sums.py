"""Scores of features that have several columns: signed terms are added before they are ordered."""

import numpy as np
import pytest
import torch

from sklearn_deeplifft.attribution import (
    Head,
    cell_means,
    overall_score,
    reader_of,
    softmax_increments,
)
from sklearn_deeplifft.attribution._feature_sums import summed_by_feature
from tests import oracles as o
from tests.attribution.test_scores import (
    REFERENCE,
    SOFTMAX,
    D,
    K,
    N,
    both_readers,
    column,
    every_gauge,
    ones,
    scorer,
    sigmoid_table,
    table,
)
from tests.conftest import relu_network

FEATURES = [1, 0, 1, 2, 0, 0]
"""Which feature each of the columns belongs to."""


def features():
    return torch.tensor(FEATURES)


def literal(forms, X, y, reference=None, groups=()):
    """Softmax increments (n, G), one example after another."""
    out = []
    for form, x, c in zip(forms, X.numpy(), y, strict=True):
        terms, bias = o.oracle_terms(form, x, reference, groups)
        out.append(
            o.oracle_softmax_increments(o.oracle_terms_of_features(terms, FEATURES), bias, int(c))
        )
    return np.array(out)


@both_readers
@every_gauge
def test_softmax_scores_agree_with_the_oracle(read, reference, groups):
    module, X, y, h, forms = table()
    weight = np.random.default_rng(1).uniform(0.2, 2, N)
    made = scorer(read(module), SOFTMAX, reference, groups, features=features())
    sums = made.sums(X, column(y), torch.as_tensor(weight))
    scores = literal(forms, X, y, reference, groups)
    expected = o.oracle_class_scores(scores, y, h, K, weight)
    np.testing.assert_allclose(cell_means(sums.signed, sums.weight), expected, rtol=0, atol=1e-9)
    overall = o.oracle_overall(scores, y, h, K, balanced=True, weight=weight)
    np.testing.assert_allclose(overall_score(sums, balanced=True), overall, rtol=0, atol=1e-9)
    scores[y != h] = 0
    got = made.increments(X, column(y))
    assert got.shape == (N, 1, 3)
    np.testing.assert_allclose(got[:, 0], scores, rtol=0, atol=1e-9)
    assert sums.residual <= 1e-10


@both_readers
def test_increments_of_a_row_sum_to_its_gain_over_the_bias(read):
    module, X, _, h, forms = table()
    made = scorer(read(module), SOFTMAX, REFERENCE, features=features())
    got = made.increments(X, column(h)).sum(-1)[:, 0]
    for s, (form, x) in enumerate(zip(forms, X.numpy(), strict=True)):
        bias = o.oracle_terms(form, x, REFERENCE)[1]
        gain = o.softmax(form.z)[h[s]] - o.softmax(bias)[h[s]]
        assert got[s].item() == pytest.approx(gain, abs=1e-12)


@both_readers
@pytest.mark.parametrize("reference", [None, REFERENCE], ids=["zero", "reference"])
def test_one_logit_agrees_with_the_oracle(read, reference):
    module, X, y, h, forms = sigmoid_table()
    made = scorer(read(module), Head("sigmoid", 0, 1), reference, features=features())
    scores = []
    for form, x, c in zip(forms, X.numpy(), y, strict=True):
        terms, bias = o.oracle_terms(form, x, reference)
        summed = o.oracle_terms_of_features(terms, FEATURES)
        scores.append(o.oracle_sigmoid_increments(summed[0], bias[0], int(c)))
    sums = made.sums(X, column(y), ones(N))
    expected = o.oracle_class_scores(np.array(scores), y, h, 2)
    np.testing.assert_allclose(cell_means(sums.signed, sums.weight), expected, rtol=0, atol=1e-9)


@both_readers
def test_a_score_in_regression_is_the_sum_of_terms_and_sizes_are_of_sums(read):
    module, X, _, _, forms = table()
    made = scorer(read(module), Head("identity", 0, K), REFERENCE, features=features())
    expected = []
    for form, x in zip(forms, X.numpy(), strict=True):
        terms, _ = o.oracle_terms(form, x, REFERENCE)
        expected.append(o.oracle_terms_of_features(terms, FEATURES))
    y = np.zeros((N, 1))
    np.testing.assert_allclose(made.increments(X, column(y)), expected, rtol=0, atol=1e-9)
    sums = made.sums(X, column(y), ones(N))
    np.testing.assert_allclose(sums.signed, np.sum(expected, axis=0), rtol=0, atol=1e-9)
    np.testing.assert_allclose(sums.absolute, np.abs(expected).sum(axis=0), rtol=0, atol=1e-9)


@both_readers
@pytest.mark.parametrize("share", [0.1, 0.7], ids=["sparse", "dense"])
def test_a_feature_scores_zero_only_where_all_of_its_columns_are_absent(read, share):
    module, X, _, _, _ = table()
    occupied = torch.as_tensor(np.random.default_rng(3).random((N, D)) < share)
    X = X * occupied
    y = module(X).argmax(1)
    got = scorer(read(module), SOFTMAX, features=features()).increments(X, column(y))[:, 0]
    present = summed_by_feature(occupied.double(), features()) > 0
    assert not got[~present].any()
    assert bool((got[present] != 0).all())
    form = read(module).form(X)
    summed = summed_by_feature(form.coefficients * form.displacement[:, None], features())
    plain = softmax_increments(summed, form.bias, y)
    torch.testing.assert_close(got, plain, rtol=0, atol=1e-12)


@both_readers
def test_one_column_a_feature_gives_the_scores_of_columns(read):
    module, X, y, _, _ = table()
    order = [3, 0, 5, 1, 4, 2]
    plain = scorer(read(module), SOFTMAX, REFERENCE).increments(X, column(y))
    named = scorer(read(module), SOFTMAX, REFERENCE, features=torch.tensor(order))
    torch.testing.assert_close(
        named.increments(X, column(y))[..., order], plain, rtol=0, atol=1e-12
    )


@pytest.mark.parametrize("width", [2, 200])
def test_a_linear_network_scores_a_split_feature_as_the_whole(width):
    """A column of levels, or a one-hot block whose weights are the levels times the slope."""
    rng, n = np.random.default_rng(0), 100
    levels, others = rng.integers(0, width, n), rng.normal(size=(n, 3))
    whole = np.c_[others, levels / width]
    split = np.c_[others, levels[:, None] == np.arange(width)].astype(float)
    linear, wide = relu_network(4, 3), relu_network(3 + width, 3)
    slope, steps = linear[0].weight.detach(), torch.arange(width, dtype=torch.float64) / width
    with torch.no_grad():
        wide[0].weight[:] = torch.cat([slope[:, :3], slope[:, 3:] * steps], dim=1)
        wide[0].bias[:] = linear[0].bias
    y = linear(torch.as_tensor(whole)).argmax(1)
    of_column = [0, 1, 2] + [3] * width
    expected = np.array(
        [
            literal_linear(wide[0], x, split.mean(0), int(c), of_column)
            for x, c in zip(split, y, strict=True)
        ]
    )
    head = Head("softmax", 0, 3)
    made = scorer(reader_of(wide), head, split.mean(0), features=torch.tensor(of_column))
    got = made.increments(torch.as_tensor(split), column(y))[:, 0]
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-10)
    plain = scorer(reader_of(linear), head, whole.mean(0))
    same = plain.increments(torch.as_tensor(whole), column(y))[:, 0]
    torch.testing.assert_close(got, same, rtol=0, atol=1e-10)


def literal_linear(layer, x, reference, y, of_column):
    W, b = layer.weight.detach().numpy(), layer.bias.detach().numpy()
    form = o.oracle_linear_form([(W, b, o.identity)], x)
    terms, bias = o.oracle_terms(form, x, reference)
    return o.oracle_softmax_increments(o.oracle_terms_of_features(terms, of_column), bias, y)
