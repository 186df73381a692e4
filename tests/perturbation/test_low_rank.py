"""Low-rank updates of the first layer against full forwards."""

import copy

import numpy as np
import pytest
import skorch
import torch
from sklearn.neural_network import MLPClassifier

from sklearn_deeplifft.attribution import module_dtype
from sklearn_deeplifft.interventions import (
    add,
    compose,
    intervention_effects,
    pairwise_epistasis,
    remove,
    set_to,
    swap,
)
from sklearn_deeplifft.interventions._bind import bind
from sklearn_deeplifft.interventions._models import ensemble_of
from sklearn_deeplifft.networks import Preprocessed
from sklearn_deeplifft.perturbation import Edit, LowRank
from sklearn_deeplifft.perturbation import _responses as _interventions
from sklearn_deeplifft.tables import Scaling
from tests import oracles_interventions as o
from tests.conftest import relu_network
from tests.gated import gated
from tests.interventions._functions import counts, normal
from tests.interventions._networks import NETS, SOME, made
from tests.onednn import needs_onednn, rows_asked_of_onednn


def _whole(module, X, bound, scale):
    """Whole rows through the module itself."""

    def f(rows):
        with torch.no_grad():
            z = module(torch.as_tensor(rows)).numpy()
        z = np.apply_along_axis(o.centred_logits, 1, z)
        if scale == "logit":
            return z
        p = np.exp(z)
        return p / p.sum(axis=1, keepdims=True)

    out = []
    for one in bound:
        moved = X.copy()
        moved[:, one.positions] = one.apply(X[:, one.positions])
        out.append((f(moved) - f(X)).mean(axis=0))
    return np.array(out)


@pytest.mark.parametrize("scale", ["logit", "proba"])
@pytest.mark.parametrize(("dtype", "bound"), [(torch.float64, 1e-12), (torch.float32, 1e-5)])
@pytest.mark.parametrize("name", NETS)
def test_low_rank_updates_equal_full_forwards(name, dtype, bound, scale):
    X = counts(70, 6)
    net = made(name, dtype)
    task = "classification"
    ensemble = ensemble_of(net, X[:2], scale=scale, task=task)
    assert isinstance(ensemble.responses[0], _interventions.LowRank) == NETS[name][1]
    found = intervention_effects(net, X, SOME, scale=scale, task=task)
    twin = copy.deepcopy(net).double()
    core = twin[:-1] if name == "softmax last" else twin
    expected = _whole(core, X, found.interventions, scale)
    np.testing.assert_allclose(found.effects, expected, rtol=0, atol=bound * np.abs(expected).max())
    assert module_dtype(net) == dtype


@pytest.mark.slow
@pytest.mark.parametrize("scale", ["logit", "proba"])
@pytest.mark.parametrize(("dtype", "bound"), [(torch.float64, 1e-12), (torch.float32, 1e-5)])
@pytest.mark.parametrize("name", NETS)
def test_so_do_many_moves_of_all_rows(name, dtype, bound, scale):
    X, net = counts(70, 6), made(name, dtype)
    many = [add(j, step) for step in np.linspace(0.1, 2, 9) for j in range(6)]
    moves = [SOME[0], *many, *SOME[1:]]
    found = intervention_effects(net, X, moves, scale=scale, task="classification")
    twin = copy.deepcopy(net).double()
    core = twin[:-1] if name == "softmax last" else twin
    expected = _whole(core, X, found.interventions, scale)
    np.testing.assert_allclose(found.effects, expected, rtol=0, atol=bound * np.abs(expected).max())


@pytest.mark.parametrize(("dtype", "bound"), [(torch.float64, 1e-12), (torch.float32, 1e-5)])
@pytest.mark.parametrize("pairs", [False, True])
def test_standardised_networks_are_moved_in_raw_units(dtype, bound, pairs):
    X = counts(200, 5) * [1, 10, 0.1, 3, 1] + [0, 100, 0, 0, 5]
    net = Preprocessed(
        relu_network(5, 8, 3, dtype=dtype),
        moments=Scaling.straight(X.mean(axis=0), X.std(axis=0)),
        n_features=5,
        n_outputs=3,
    )
    every = [add(1, 10, low=None), remove([0, 2]), swap(4)]
    ensemble = ensemble_of(net, X[:2], scale="logit")
    assert isinstance(ensemble.responses[0], _interventions.LowRank)
    twin = copy.deepcopy(net).double()
    if pairs:
        found = pairwise_epistasis(net, X, every, n_background=200)
        three = [compose(every[0], every[1]), *every[:2]]
        bound_three = [bind(one, X) for one in three]
        both, one, other = _whole(twin, X, bound_three, "logit")
        np.testing.assert_allclose(found.epistasis[0], both - one - other, rtol=0, atol=bound)
    else:
        found = intervention_effects(net, X, every)
        expected = _whole(twin, X, found.interventions, "logit")
        np.testing.assert_allclose(found.effects, expected, rtol=0, atol=bound)


@needs_onednn
@pytest.mark.slow
def test_however_many_rows_a_move_changes_few_shapes_are_asked_of_onednn():
    X, net = torch.as_tensor(counts(300, 6)), relu_network(6, 8, 3, dtype=torch.float32)
    low_rank = ensemble_of(net, X[:2].numpy(), scale="logit").responses[0]
    moved = X.clone()
    moved[:, 2] += 1
    expected = low_rank.outputs(moved)
    with rows_asked_of_onednn() as rows:
        for n in range(150, 300):
            edit = Edit(torch.tensor([2]), moved[300 - n :, 2:3], torch.arange(300 - n, 300))
            found = low_rank.after(X, [edit])
            torch.testing.assert_close(found, expected[300 - n :], rtol=0, atol=1e-5)
    assert 0 < len(rows) < 30


def test_a_fitted_selector_is_its_networks():
    X = counts(120, 4)
    y = (X[:, 0] > X[:, 1]).astype(int)
    selector = gated(n_networks=2).fit(X, y)
    moved = X.copy()
    moved[:, 0] = 0
    found = intervention_effects(selector, X, remove(0))
    for own, net in zip(found.per_network, selector.estimator_.estimators_, strict=True):
        with torch.no_grad():
            before, after = (net.module_.double().eval()(torch.as_tensor(x)) for x in (X, moved))
        change = [
            o.centred_logits(a) - o.centred_logits(b)
            for a, b in zip(after.numpy(), before.numpy(), strict=True)
        ]
        np.testing.assert_allclose(own[0], np.mean(change, axis=0), rtol=0, atol=1e-5)


def test_a_skorch_regression_network_is_read_exactly():
    X = normal(60, 3)
    net = skorch.NeuralNetRegressor(
        relu_network(3, 6, 1), max_epochs=1, train_split=None, verbose=0
    )
    net.fit(X, X[:, :1])
    moved = X.copy()
    moved[:, 1] = 0.5
    found = intervention_effects(net, X, set_to(1, 0.5))
    expected = (net.predict(moved) - net.predict(X)).mean()
    assert found.effects.item() == pytest.approx(expected, abs=1e-12)
    assert found.outputs == ("prediction",)


def test_multilabel_and_two_class_perceptrons_are_known_for_what_they_are():
    X = counts(60, 3)
    labels = (X[:, :2] > 1).astype(int)
    two = MLPClassifier((6,), solver="lbfgs", max_iter=2000, random_state=0).fit(X, labels[:, 0])
    several = MLPClassifier((6,), solver="lbfgs", max_iter=2000, random_state=0).fit(X, labels)
    moved = X.copy()
    moved[:, 0] = 0
    for model in (two, several):
        found = intervention_effects(model, X, remove(0), scale="proba", dtype="float64")
        expected = (model.predict_proba(moved) - model.predict_proba(X)).mean(axis=0)
        np.testing.assert_allclose(found.effects[0], expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("n_norms", [1, 2, 3])
def test_normalisations_before_the_first_layer_become_a_part_of_it(n_norms):
    generator = torch.Generator().manual_seed(0)
    norms = [torch.nn.BatchNorm1d(4).double() for _ in range(n_norms)]
    for norm in norms:
        for value in (norm.weight, norm.bias, norm.running_mean, norm.running_var):
            value.data.copy_(torch.rand(4, generator=generator, dtype=torch.float64) + 0.5)
    net = torch.nn.Sequential(*norms, *relu_network(4, 6, 3)).eval()
    X = counts(40, 4)
    (response,) = ensemble_of(net, X[:2], scale="logit").responses
    assert isinstance(response, LowRank)
    moved = X.copy()
    moved[:, 1] = 2
    with torch.no_grad():
        change = (net(torch.tensor(moved)) - net(torch.tensor(X))).mean(0)
    found = intervention_effects(net, X, set_to(1, 2), support=False)
    np.testing.assert_allclose(found.effects[0], change - change.mean(), rtol=0, atol=1e-13)


@pytest.mark.parametrize("rows", [None, torch.tensor([1, 3])])
def test_an_edit_finds_its_change_where_it_is_not_given(rows):
    X = torch.arange(12.0, dtype=torch.float64).view(4, 3)
    at = slice(None) if rows is None else rows
    values = torch.full((len(X[at]), 2), 7.0, dtype=torch.float64)
    edit = Edit(torch.tensor([0, 2]), values, rows)
    expected = torch.zeros(4, 2, dtype=torch.float64)
    expected[at] = 7.0 - X[at][:, [0, 2]]
    assert torch.equal(edit.changed(X), expected[at])
    assert torch.equal(edit.change_of_all(X), expected)
