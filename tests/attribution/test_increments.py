import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_deeplifft.attribution import NetworkReader, softmax_increments, terms_of
from sklearn_deeplifft.attribution._increments import (
    SPARSE_BELOW,
    descending_order,
    odds_increments,
)
from sklearn_deeplifft.attribution._log_odds import contrast, sigmoid_contrast
from tests import oracles as o
from tests.attribution._architectures import K, every_architecture

VALUES = st.sampled_from([-1e4, -40.0, -2.0, -1.0, -0.5, -0.0, 0.0, 0.5, 1.0, 1.0, 3.0, 40.0, 1e4])


@st.composite
def examples(draw):
    """Terms (n, K, d), bias (n, K) and classes, full of ties, zeros and extremes."""
    n, k, d = (draw(st.integers(low, high)) for low, high in ((0, 3), (1, 4), (1, 6)))
    terms = draw(st.lists(VALUES, min_size=n * k * d, max_size=n * k * d))
    bias = draw(st.lists(VALUES, min_size=n * k, max_size=n * k))
    y = draw(st.lists(st.integers(0, k - 1), min_size=n, max_size=n))
    return np.array(terms).reshape(n, k, d), np.array(bias).reshape(n, k), np.array(y, dtype=int)


def dense(n=12, n_classes=5, d=9, seed=0):
    rng = np.random.default_rng(seed)
    terms, bias = rng.standard_normal((n, n_classes, d)), rng.standard_normal((n, n_classes))
    return (
        torch.as_tensor(terms),
        torch.as_tensor(bias),
        torch.as_tensor(rng.integers(0, n_classes, n)),
    )


def expected(terms, bias, y):
    rows = zip(np.asarray(terms), np.asarray(bias), np.asarray(y), strict=True)
    found = [o.oracle_softmax_increments(t, b, int(c)) for t, b, c in rows]
    return np.array(found).reshape(len(terms), terms.shape[2])


def gains(terms, bias, y):
    """softmax_y of the logits less softmax_y of the bias."""
    y = y[:, None]
    after = torch.softmax(bias + terms.sum(-1), 1).gather(1, y)
    return (after - torch.softmax(bias, 1).gather(1, y))[:, 0]


@settings(max_examples=200, deadline=None, database=None)
@given(examples())
def test_agrees_with_the_oracle_on_ties_zeros_and_extremes(example):
    terms, bias, y = example
    got = softmax_increments(*(torch.as_tensor(part) for part in example))
    assert got.shape == (len(terms), terms.shape[2])
    np.testing.assert_allclose(got, expected(terms, bias, y), rtol=0, atol=1e-9)


@settings(max_examples=100, deadline=None, database=None)
@given(examples())
def test_single_precision_is_finite_bounded_and_close(example):
    terms, bias, y = example
    got = softmax_increments(
        torch.as_tensor(terms, dtype=torch.float32),
        torch.as_tensor(bias, dtype=torch.float32),
        torch.as_tensor(y),
    )
    assert got.dtype == torch.float32
    assert bool((got.abs() <= 1).all())
    # Partial logits near 1e4 are known to 1e-3 only.
    np.testing.assert_allclose(got, expected(terms, bias, y), rtol=0, atol=2e-3)


@every_architecture
def test_agrees_with_the_oracle_on_every_architecture(architecture):
    form = NetworkReader(architecture.module()).form(architecture.rows())
    terms, bias = terms_of(form)
    n_outputs = terms.shape[1]
    y = torch.arange(len(terms)) % n_outputs
    oracle = [
        f.c * x.ravel()
        for f, x in zip(architecture.forms(), architecture.rows().numpy(), strict=True)
    ]
    biases = np.array([f.b for f in architecture.forms()])
    got = softmax_increments(terms, bias, y)
    np.testing.assert_allclose(got, expected(np.stack(oracle), biases, y), rtol=0, atol=1e-9)
    torch.testing.assert_close(got.sum(1), gains(terms, bias, y), rtol=0, atol=1e-12)


@pytest.mark.parametrize("n_classes", [2, 3, 8, 9, 20])
@pytest.mark.parametrize("d", [1, 7, 64])
def test_increments_of_one_example_sum_to_the_gain(n_classes, d):
    terms, bias, y = dense(20, n_classes, d)
    got = softmax_increments(terms, bias, y)
    torch.testing.assert_close(got.sum(1), gains(terms, bias, y), rtol=0, atol=1e-13)
    np.testing.assert_allclose(got, expected(terms, bias, y), rtol=0, atol=1e-12)


def test_worked_example():
    """Two classes, bias 0: terms of class 0 are 2 and 1, of class 1 zero, so the odds are e, ..."""
    terms = torch.tensor([[[1.0, 2.0], [0.0, 0.0]]], dtype=torch.float64)
    got = softmax_increments(terms, torch.zeros(1, 2, dtype=torch.float64), torch.tensor([0]))
    at = [1 / (1 + math.exp(-v)) for v in (0, 2, 3)]
    np.testing.assert_allclose(got, [[at[2] - at[1], at[1] - at[0]]], rtol=0, atol=1e-15)


def test_ties_go_by_column_index():
    terms = torch.zeros(1, 2, 3, dtype=torch.float64)
    terms[0, 0] = 1.0
    got = softmax_increments(terms, torch.zeros(1, 2, dtype=torch.float64), torch.tensor([0]))[0]
    at = [1 / (1 + math.exp(-v)) for v in range(4)]
    np.testing.assert_allclose(got, np.diff(at), rtol=0, atol=1e-15)
    assert got[0] > got[1] > got[2]


def test_own_terms_of_zero_sit_between_the_positive_and_the_negative():
    """A term that is zero for class y alone still counts, and in its place."""
    terms = torch.tensor([[[0.0, -1.0, 1.0], [5.0, 0.0, 0.0]]], dtype=torch.float64)
    bias = torch.zeros(1, 2, dtype=torch.float64)
    got = softmax_increments(terms, bias, torch.tensor([0]))
    at = [1 / (1 + math.exp(-v)) for v in (0, 1, -4, -5)]
    np.testing.assert_allclose(got[0, [2, 0, 1]], np.diff(at), rtol=0, atol=1e-15)


# Invariances


@pytest.mark.parametrize("shift", [3.0, -1e4])
def test_a_constant_on_all_logits_changes_nothing(shift):
    terms, bias, y = dense()
    moved = softmax_increments(terms, bias + shift, y)
    torch.testing.assert_close(moved, softmax_increments(terms, bias, y), rtol=0, atol=1e-10)


def test_a_common_term_on_all_logits_keeps_the_sum():
    """Adding t_i to all K logits changes the order of the walk, never the sum."""
    terms, bias, y = dense()
    shifted = terms + torch.linspace(-3, 3, terms.shape[2], dtype=torch.float64)
    got = softmax_increments(shifted, bias, y)
    torch.testing.assert_close(got.sum(1), gains(terms, bias, y), rtol=0, atol=1e-12)


def test_permuted_columns_permute_the_increments():
    terms, bias, y = dense()
    order = torch.as_tensor(np.random.default_rng(1).permutation(terms.shape[2]))
    got = softmax_increments(terms[:, :, order], bias, y)
    expected_ = softmax_increments(terms, bias, y)[:, order]
    torch.testing.assert_close(got, expected_, rtol=0, atol=1e-14)


def test_relabelled_classes_change_nothing():
    terms, bias, y = dense()
    order = torch.tensor([3, 0, 4, 1, 2])
    got = softmax_increments(terms[:, order], bias[:, order], torch.argsort(order)[y])
    torch.testing.assert_close(got, softmax_increments(terms, bias, y), rtol=0, atol=1e-14)


@pytest.mark.parametrize("rows", [[4], [11, 2, 7, 5, 0, 3, 1]])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_batches_and_subsets_change_nothing(rows, dtype):
    terms, bias, y = dense()
    terms, bias = terms.to(dtype), bias.to(dtype)
    whole = softmax_increments(terms, bias, y)
    part = softmax_increments(terms[rows], bias[rows], y[rows])
    torch.testing.assert_close(part, whole[rows], rtol=0, atol=2 * torch.finfo(dtype).eps)


def test_single_precision_agrees_with_double():
    terms, bias, y = dense(100, 8, 64)
    single = softmax_increments(terms.float(), bias.float(), y)
    double = softmax_increments(terms, bias, y)
    torch.testing.assert_close(single.double(), double, rtol=0, atol=1e-4)


def test_arguments_are_left_alone():
    arguments = dense()
    before = [part.clone() for part in arguments]
    softmax_increments(*arguments)
    softmax_increments(*arguments, torch.zeros(12, 9, dtype=torch.float64))
    assert all(torch.equal(a, b) for a, b in zip(arguments, before, strict=True))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("n_classes", [2, 3, 20])
def test_terms_zero_for_all_classes_score_exactly_zero(n_classes, dtype):
    terms, bias, y = dense(200, n_classes, 17)
    occupied = torch.as_tensor(np.random.default_rng(1).random((200, 17)) < 0.6)
    assert occupied.sum() > SPARSE_BELOW * occupied.numel()
    terms = terms.masked_fill(~occupied[:, None], 0).to(dtype)
    # Half of the rows have nothing that speaks for their class: there the zeros come first.
    own = terms[torch.arange(100), y[:100]]
    terms[torch.arange(100), y[:100]] = -own.abs()
    without = softmax_increments(terms, bias.to(dtype), y)
    assert without[~occupied].abs().max() <= torch.finfo(dtype).eps
    got = softmax_increments(terms, bias.to(dtype), y, occupied)
    assert bool((got[occupied] != 0).any())
    assert not got[~occupied].any()


@pytest.mark.parametrize("share", [0.0, 0.02, 0.2, SPARSE_BELOW, 0.6, 1.0])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_sparse_packing_equals_dense(share, dtype):
    terms, bias, y = dense(40, 4, 33)
    occupied = torch.as_tensor(np.random.default_rng(2).random((40, 33)) < share)
    terms, bias = terms.masked_fill(~occupied[:, None], 0).to(dtype), bias.to(dtype)
    packed = softmax_increments(terms, bias, y, occupied)
    full = softmax_increments(terms, bias, y)
    torch.testing.assert_close(packed, full, rtol=0, atol=4 * torch.finfo(dtype).eps)
    if share < SPARSE_BELOW:
        assert not packed[~occupied].any()


def test_sparse_packing_keeps_ties_and_zeros_that_only_class_y_has():
    terms = torch.zeros(2, 2, 12, dtype=torch.float64)
    terms[0, :, [2, 7]] = torch.tensor([[1.0, 1.0], [0.0, -1.0]], dtype=torch.float64)
    terms[1, 1, 11] = 2.0  # zero for the class that is true
    bias, y = torch.zeros(2, 2, dtype=torch.float64), torch.tensor([0, 0])
    occupied = (terms != 0).any(1)
    assert occupied.sum() < SPARSE_BELOW * occupied.numel()
    got = softmax_increments(terms, bias, y, occupied)
    np.testing.assert_allclose(got, expected(terms, bias, y), rtol=0, atol=1e-15)


def test_a_row_without_anything_scores_zeros():
    terms, bias = (
        torch.zeros(3, 4, 50),
        torch.randn(3, 4, generator=torch.Generator().manual_seed(0)),
    )
    terms[1, :, 7] = 1.0
    terms[1, 0, 7] = 3.0
    got = softmax_increments(terms, bias, torch.zeros(3, dtype=torch.int64), (terms != 0).any(1))
    assert got[1].nonzero().tolist() == [[7]]
    assert not got[[0, 2]].any()


@pytest.mark.parametrize("sparse", [False, True])
def test_no_rows_and_nothing_occupied(sparse):
    occupied = torch.zeros(0, 3, dtype=torch.bool) if sparse else None
    none = softmax_increments(
        torch.zeros(0, 2, 3), torch.zeros(0, 2), torch.zeros(0, dtype=int), occupied
    )
    assert none.shape == (0, 3)
    empty = softmax_increments(
        torch.zeros(2, 2, 3), torch.ones(2, 2), torch.tensor([0, 1]), torch.zeros(2, 3, dtype=bool)
    )
    assert empty.tolist() == [[0.0] * 3] * 2


def test_one_class_is_always_certain():
    terms, bias, _ = dense(4, 1, 3)
    assert not softmax_increments(terms, bias, torch.zeros(4, dtype=torch.int64)).any()


def test_one_column_takes_the_whole_gain():
    terms, bias, y = dense(10, 3, 1)
    got = softmax_increments(terms, bias, y)
    torch.testing.assert_close(got[:, 0], gains(terms, bias, y), rtol=0, atol=1e-14)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_extreme_logits_give_no_nan(dtype):
    terms = torch.tensor([[[1e4, -1e4, 3.0], [-1e4, 1e4, 0.0]]] * 2, dtype=dtype)
    bias = torch.tensor([[1e4, -1e4], [-1e4, 1e4]], dtype=dtype)
    got = softmax_increments(terms, bias, torch.tensor([0, 0]))
    np.testing.assert_allclose(got, expected(terms, bias, [0, 0]), rtol=0, atol=1e-6)


# Order


FLOATS = st.floats(allow_nan=False, width=32)


@settings(max_examples=150, deadline=None, database=None)
@given(
    st.integers(1, 7).flatmap(
        lambda d: st.lists(
            st.lists(FLOATS | st.sampled_from([0.0, -0.0, 1.0]), min_size=d, max_size=d),
            min_size=1,
            max_size=4,
        )
    )
)
def test_descending_order_is_a_stable_sort(values):
    literal = [sorted(range(len(row)), key=lambda i: (-row[i], i)) for row in values]
    for dtype in (torch.float32, torch.float64):
        assert descending_order(torch.tensor(values, dtype=dtype)).tolist() == literal


def test_descending_order_of_a_strided_view():
    values = torch.arange(24.0).reshape(2, 3, 4)[:, :, 1]
    assert descending_order(values).tolist() == [[2, 1, 0]] * 2


# Log-odds


def test_contrast_is_the_class_and_the_others_less_it():
    values = torch.tensor([[1.0, 2.0, 4.0], [1.0, 2.0, 4.0]])
    got = contrast(values, torch.tensor([1, 0]))
    assert got.tolist() == [[2.0, -1.0, 2.0], [1.0, 1.0, 3.0]]


def test_contrast_of_terms_is_taken_column_by_column():
    terms, _, y = dense()
    got = contrast(terms, y)
    for s in range(len(terms)):
        own = terms[s, y[s]]
        others = [terms[s, j] - own for j in range(terms.shape[1]) if j != y[s]]
        torch.testing.assert_close(got[s], torch.stack([own, *others]), rtol=0, atol=0)


def test_increments_from_log_odds_are_the_same():
    terms, bias, y = dense()
    from_odds = odds_increments(contrast(terms, y), contrast(bias, y))
    assert torch.equal(from_odds, softmax_increments(terms, bias, y))


@settings(max_examples=100, deadline=None, database=None)
@given(st.lists(VALUES, min_size=1, max_size=6), VALUES, st.integers(0, 1))
def test_one_logit_agrees_with_the_oracle(terms, bias, y):
    target = torch.tensor([y])
    got = odds_increments(
        sigmoid_contrast(torch.tensor([[terms]], dtype=torch.float64), target),
        sigmoid_contrast(torch.tensor([[bias]], dtype=torch.float64), target),
    )
    literal = o.oracle_sigmoid_increments(np.array(terms), bias, y)
    np.testing.assert_allclose(got[0], literal, rtol=0, atol=1e-9)


def test_one_logit_is_the_pair_zero_and_z():
    terms, bias, _ = dense(10, 1, 6)
    ones = torch.ones(10, dtype=torch.int64)
    single = odds_increments(sigmoid_contrast(terms, ones), sigmoid_contrast(bias, ones))
    pair = [torch.cat([torch.zeros_like(part), part], dim=1) for part in (terms, bias)]
    torch.testing.assert_close(single, softmax_increments(*pair, ones), rtol=0, atol=1e-15)


def test_class_zero_mirrors_class_one():
    terms, bias, _ = dense(10, 1, 6)
    zeros, ones = torch.zeros(10, dtype=torch.int64), torch.ones(10, dtype=torch.int64)
    left = odds_increments(sigmoid_contrast(terms, zeros), sigmoid_contrast(bias, zeros))
    right = odds_increments(sigmoid_contrast(-terms, ones), sigmoid_contrast(-bias, ones))
    assert torch.equal(left, right)


def test_oracle_softmax_is_torchs_at_moderate_logits():
    z = torch.as_tensor(np.random.default_rng(3).standard_normal((5, K)))
    literal = [o.softmax(row) for row in z.tolist()]
    np.testing.assert_allclose(literal, torch.softmax(z, 1), rtol=0, atol=1e-15)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_descending_order_is_stable_in_wide_rows(dtype):
    values = torch.as_tensor(np.random.default_rng(4).integers(-1, 2, (3, 2000)), dtype=dtype)
    literal = [sorted(range(2000), key=lambda i: (-row[i], i)) for row in values.tolist()]
    assert descending_order(values).tolist() == literal
