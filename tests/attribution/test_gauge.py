import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_deeplifft.attribution import (
    LinearForm,
    NetworkReader,
    SimplexGroup,
    angle_to_simplex,
    project,
    terms_of,
)
from tests import oracles as o
from tests.attribution._architectures import D, every_architecture, plain

PLAIN_GROUPS = [([0, 2, 5], [1.0, 1.0, 1.0])]
SCALED_GROUPS = [([1, 4], [0.3, 2.0]), ([5, 0, 3], [1.5, 0.2, 0.7])]


def simplex(groups):
    return [SimplexGroup(torch.tensor(c), torch.tensor(s, dtype=torch.float64)) for c, s in groups]


@every_architecture
def test_terms_and_bias_add_up_to_the_logits(architecture):
    form = NetworkReader(architecture.module()).form(architecture.rows())
    terms, bias = terms_of(form)
    torch.testing.assert_close(bias + terms.sum(-1), form.logits, rtol=0, atol=1e-10)


@pytest.mark.parametrize("reference", [None, np.linspace(-1, 1, D)], ids=["zero", "reference"])
@pytest.mark.parametrize(
    "groups", [[], PLAIN_GROUPS, SCALED_GROUPS], ids=["none", "plain", "scaled"]
)
def test_terms_agree_with_the_oracle(reference, groups):
    module, X = plain("residual sums")
    reader = NetworkReader(module)
    form = reader.form(X, None if reference is None else torch.as_tensor(reference))
    terms, bias = terms_of(form, simplex(groups))
    at_zero = reader.form(X)
    for s, x in enumerate(X.numpy()):
        row = o.Form(*(part[s].numpy() for part in at_zero[:3]))
        expected_terms, expected_bias = o.oracle_terms(row, x, reference, groups)
        np.testing.assert_allclose(terms[s], expected_terms, rtol=0, atol=1e-9)
        np.testing.assert_allclose(bias[s], expected_bias, rtol=0, atol=1e-9)


@pytest.mark.parametrize("groups", [PLAIN_GROUPS, SCALED_GROUPS])
def test_projection_is_the_matrix(groups):
    c = torch.as_tensor(np.random.default_rng(0).standard_normal((3, 4, D)))
    before = c.clone()
    got = project(c, simplex(groups))
    np.testing.assert_allclose(got, c.numpy() @ o.oracle_projector(D, groups), rtol=0, atol=1e-12)
    torch.testing.assert_close(project(got, simplex(groups)), got)
    assert torch.equal(c, before)
    for columns, scale in groups:
        normal = got[..., columns] @ torch.tensor(scale, dtype=torch.float64)
        torch.testing.assert_close(normal, torch.zeros_like(normal), rtol=0, atol=1e-12)


def test_no_group_is_no_projection():
    c = torch.ones(2, 3, 4)
    assert torch.equal(project(c, []), c)


def test_one_hot_block_loses_its_mean_and_nothing_else():
    g = torch.tensor([[3.0, 1.0, 2.0, 7.0]], dtype=torch.float64)
    got = project(g, simplex([([0, 1, 2], [1.0, 1.0, 1.0])]))
    assert got.tolist() == [[1.0, -1.0, 0.0, 7.0]]


def test_simplex_group_changes_no_term_difference_between_two_levels():
    """What moves is common to all levels: the contrast of two levels is untouched."""
    scale = [0.5, 2.0, 4.0]
    one_hot = torch.eye(3, dtype=torch.float64) / torch.tensor(scale)
    c = torch.tensor([[[5.0, -1.0, 2.0]]], dtype=torch.float64).expand(3, 1, 3)
    bias = torch.zeros(3, 1, dtype=torch.float64)
    logits = (c * one_hot[:, None]).sum(-1)
    form = LinearForm(logits, c, bias, one_hot)
    terms, moved = terms_of(form, simplex([([0, 1, 2], scale)]))
    # The bias gains the same for every level, because sum_g s_g x_g is 1 in every row.
    torch.testing.assert_close(moved, moved[:1].expand(3, 1))
    torch.testing.assert_close(moved + terms.sum(-1), logits)


def test_a_shift_along_the_normal_disappears():
    """A network that adds a multiple of the constraint to its logits says nothing new."""
    x = torch.tensor([[0.2, 0.5, 0.3]], dtype=torch.float64)
    c = torch.tensor([[[1.0, -2.0, 0.5]]], dtype=torch.float64)
    group = simplex([([0, 1, 2], [1.0, 1.0, 1.0])])
    one = LinearForm((c * x).sum(-1), c, torch.zeros(1, 1, dtype=torch.float64), x)
    lifted = LinearForm(one.logits + 9, c + 9, one.bias, x)
    left, right = terms_of(one, group), terms_of(lifted, group)
    torch.testing.assert_close(left.terms, right.terms)
    torch.testing.assert_close(left.bias + 9, right.bias)


@pytest.mark.parametrize(
    ("g", "degrees"),
    [
        ([1, 1, 1, 1], 90),
        ([-1, -1, -1, -1], -90),
        ([1, -1, 0, 0], 0),
        ([1, 0, 0, 0], 30),
        ([3, 1, 1, 1], 60),
        ([2, 2, -1, -1], 18.434948822922),
        ([0, 0, 0, 0], 0),
        ([5], 90),
    ],
)
@pytest.mark.parametrize(("dtype", "atol"), [(torch.float64, 1e-6), (torch.float32, 2e-2)])
def test_angle_closed_forms(g, degrees, dtype, atol):
    angle = angle_to_simplex(torch.tensor(g, dtype=dtype))
    assert angle.item() == pytest.approx(degrees, abs=atol)


def test_angles_of_many_gradients_at_once():
    g = np.random.default_rng(1).standard_normal((3, 5, 4))
    g[0, 0] = 0
    expected = [[o.oracle_angle(row) for row in rows] for rows in g]
    expected[0][0] = 0.0
    np.testing.assert_allclose(angle_to_simplex(torch.as_tensor(g)), expected, rtol=0, atol=1e-6)


@settings(max_examples=60, deadline=None, database=None)
@given(st.lists(st.sampled_from([-1e8, -3.0, -1.0, -1e-9, 0.0, 1e-9, 0.5, 2.0, 1e8]), min_size=1))
def test_angle_is_finite_bounded_and_odd(g):
    angle = angle_to_simplex(torch.tensor(g, dtype=torch.float64)).item()
    assert math.isfinite(angle)
    assert abs(angle) <= 90
    assert angle_to_simplex(-torch.tensor(g, dtype=torch.float64)).item() == -angle
    if any(g):
        # Near the normal the arcsine keeps half of the digits.
        assert angle == pytest.approx(o.oracle_angle(np.array(g)), abs=1e-5)


def test_projected_gradients_lie_in_the_simplex():
    g = torch.as_tensor(np.random.default_rng(2).standard_normal((20, 4)))
    projected = project(g, simplex([([0, 1, 2, 3], [1.0] * 4)]))
    assert angle_to_simplex(projected).abs().max() < 1e-6
