"""Simplex groups: what lies normal to a one-hot block or composition must not be scored."""

import copy

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch

from sklearn_deeplifft import FeatureSelectionWarning
from tests.conftest import answering, quick

BLOCK = [3, 4, 5]


def one_hot_table(n: int = 150, seed: int = 0):
    """Three numeric columns and a one-hot block of three levels; levels are not equally common."""
    rng = np.random.default_rng(seed)
    level = rng.choice(3, size=n, p=[0.6, 0.3, 0.1])
    numeric = rng.normal(size=(n, 3))
    X = np.hstack([numeric, np.eye(3)[level]])
    y = (numeric[:, 0] + 1.5 * (level == 2) - (level == 1) + 0.3 * numeric[:, 1] > 0).astype(int)
    return X, y


def shifted_along_normal(X, amount: float):
    """The same function of the data: all of a block's weights up, the bias down."""
    net, _ = answering(X, 10, n_classes=2)
    with torch.no_grad():
        push = torch.randn(10, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
        net[0].weight[:, BLOCK] += amount * push[:, None]
        net[0].bias -= amount * push
    return net


@pytest.mark.parametrize("reference", ["mean", "zero"])
def test_networks_that_agree_on_the_data_score_alike(reference):
    X, y = one_hot_table()
    nets = [shifted_along_normal(X, amount) for amount in (0.0, 3.0)]
    with torch.no_grad():
        a, b = (net(torch.as_tensor(X)) for net in nets)
    torch.testing.assert_close(a, b)
    params = {"prefit": True, "reference": reference}
    corrected = [quick(net, simplex_groups=[BLOCK], **params).fit(X, y) for net in nets]
    plain = [quick(net, **params).fit(X, y) for net in nets]
    assert np.abs(plain[0].increments(X, y) - plain[1].increments(X, y)).max() > 0.01
    np.testing.assert_allclose(
        corrected[0].increments(X, y), corrected[1].increments(X, y), atol=1e-10
    )
    np.testing.assert_allclose(
        corrected[0].feature_importances_, corrected[1].feature_importances_, atol=1e-10
    )


def test_terms_still_add_up_and_contrasts_between_levels_stay():
    X, y = one_hot_table()
    net = shifted_along_normal(X, 1.0)
    params = {"prefit": True, "reference": "zero"}
    plain = quick(net, **params).fit(X, y)
    corrected = quick(net, simplex_groups=[BLOCK], **params).fit(X, y)
    a, b = plain.contributions(X), corrected.contributions(X)
    np.testing.assert_allclose(a.bias + a.terms.sum(-1), b.bias + b.terms.sum(-1), atol=1e-12)
    np.testing.assert_allclose(a.terms[:, :, :3], b.terms[:, :, :3], atol=1e-12)


def _coefficients(selector, X) -> np.ndarray:
    """c (n, K, d): terms are c (x - r), and the reference is far from every value."""
    return selector.contributions(X).terms / (X - selector.reference)[:, None, :]


@pytest.mark.parametrize("scaled", [False, True])
def test_the_normal_part_is_gone_and_contrasts_between_levels_are_unchanged(scaled):
    """``P = I - s s' / (s's)`` in the columns as they come, s what they were divided by."""
    X, y = one_hot_table()
    sd = X.std(0) if scaled else np.ones(6)
    net = _on_scaled_columns(shifted_along_normal(X, 1.0), sd)
    params = {"prefit": True, "reference": np.full(6, 50.0)}
    plain = quick(net, **params).fit(X / sd, y)
    corrected = quick(net, simplex_groups=[BLOCK], **params).fit(X / sd, y)
    before, after = (_coefficients(s, X / sd)[:, :, BLOCK] for s in (plain, corrected))
    s = sd[BLOCK]
    projector = np.eye(3) - np.outer(s, s) / (s @ s)
    np.testing.assert_allclose(after, before @ projector, atol=1e-10)
    np.testing.assert_allclose(after @ s, 0, atol=1e-10)
    # per unit of the level itself, 0 or 1, whatever the column was divided by
    before, after = before / s, after / s
    np.testing.assert_allclose(after - after[:, :, :1], before - before[:, :, :1], atol=1e-10)


def _on_scaled_columns(net, sd):
    with torch.no_grad():
        net[0].weight.mul_(torch.as_tensor(sd))
    return net


@pytest.mark.parametrize("reference", ["mean", "zero"])
def test_networks_that_agree_on_scaled_columns_score_alike(reference):
    X, y = one_hot_table()
    sd = X.std(0)
    params = {"prefit": True, "reference": reference, "simplex_groups": [BLOCK]}
    nets = [_on_scaled_columns(shifted_along_normal(X, amount), sd) for amount in (0.0, 3.0)]
    a, b = (quick(net, **params).fit(X / sd, y) for net in nets)
    assert len(a.simplex_groups_) == len(b.simplex_groups_) == 1
    np.testing.assert_allclose(a.increments(X / sd, y), b.increments(X / sd, y), atol=1e-10)


@pytest.mark.parametrize("groups", [None, [BLOCK]])
def test_standardisation_inside_does_not_change_what_is_corrected(groups):
    """A network trained here, and the same function of the raw columns handed in as fitted."""
    X, y = one_hot_table()
    trained = quick(simplex_groups=groups).fit(X, y)
    module = trained.estimator_.estimators_[0].module_
    net = copy.deepcopy(module.core).double()
    mean, scale = module.standardize.mean, module.standardize.scale
    with torch.no_grad():
        net[0].bias -= net[0].weight @ (mean / scale)
        net[0].weight /= scale
    handed_in = quick(net, prefit=True, simplex_groups=groups).fit(X, y)
    np.testing.assert_allclose(handed_in.increments(X, y), trained.increments(X, y), atol=1e-4)


def test_a_composition_is_a_simplex_too():
    rng = np.random.default_rng(0)
    parts = rng.dirichlet([1, 2, 3], size=150)
    X = np.hstack([rng.normal(size=(150, 3)), parts])
    y = (X[:, 0] + 3 * X[:, 4] > 1).astype(int)
    selector = quick(simplex_groups=[BLOCK]).fit(X, y)
    assert [list(g) for g in selector.simplex_groups_] == [BLOCK]


def test_groups_by_name_and_several_of_them():
    X, y = one_hot_table()
    X = np.hstack([X, X[:, [5, 3, 4]]])
    frame = pd.DataFrame(X, columns=["n1", "n2", "n3", "a", "b", "c", "u", "v", "w"])
    by_name = quick(simplex_groups=[["a", "b", "c"], ("w", "u", "v")]).fit(frame, y)
    by_place = quick(simplex_groups=[[3, 4, 5], [8, 6, 7]]).fit(X, y)
    assert [list(g) for g in by_name.simplex_groups_] == [[3, 4, 5], [8, 6, 7]]
    np.testing.assert_array_equal(by_name.feature_importances_, by_place.feature_importances_)


@pytest.mark.parametrize("scaled", [False, True])
def test_a_block_without_its_constraint_is_left_alone_with_a_warning(scaled):
    X, y = one_hot_table()
    X = np.delete(X, 5, axis=1)
    X = X / X.std(0) if scaled else X
    with pytest.warns(FeatureSelectionWarning, match="3, 4 is not corrected.*dropped"):
        dropped = quick(simplex_groups=[[3, 4]]).fit(X, y)
    assert dropped.simplex_groups_ == []
    plain = quick().fit(X, y)
    np.testing.assert_array_equal(dropped.feature_importances_, plain.feature_importances_)


def test_a_block_that_loses_a_level_in_elimination_goes_on_without_a_correction():
    X, y = one_hot_table()
    selector = quick(simplex_groups=[BLOCK], step=1, max_epochs=4).fit(X, y)
    assert selector.n_rounds_ == 6
    assert sorted(selector.ranking_) == list(range(1, 7))


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([["a", "b"]], "column 'a' is not among the 6 columns"),
        ([[4, 6]], "column 6 is not among the 6 columns"),
        ([[-1, 2]], "column -1 is not among"),
        ([3, 4, 5], "list of lists|lists of columns|group"),
    ],
)
def test_groups_that_make_no_sense(groups, message):
    X, y = one_hot_table()
    with pytest.raises(ValueError, match=message):
        quick(simplex_groups=groups).fit(X, y)


def test_sparse_tables_have_simplices_too():
    X, y = one_hot_table()
    net = shifted_along_normal(X, 1.0)
    params = {"prefit": True, "simplex_groups": [BLOCK], "reference": "zero"}
    dense, sparse = (quick(net, **params).fit(M, y) for M in (X, sp.csr_matrix(X)))
    np.testing.assert_allclose(sparse.feature_importances_, dense.feature_importances_, atol=1e-12)
