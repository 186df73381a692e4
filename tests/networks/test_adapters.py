"""Networks of each kind: what is known of them, and how they are trained and read."""

import random
from functools import partial

import numpy as np
import pytest
import skorch
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier, MLPRegressor
from torch import nn

from sklearn_deeplifft.exceptions import TrainingDivergedError
from sklearn_deeplifft.networks import (
    NetworkSettings,
    TrainingJob,
    TrainingTable,
    adapter_of,
    is_network,
    known_classes,
)
from sklearn_deeplifft.networks._perceptron_adapter import PerceptronAdapter
from sklearn_deeplifft.networks._torch_adapters import (
    DefaultAdapter,
    ModuleAdapter,
    SkorchAdapter,
)
from sklearn_deeplifft.networks._train import seeded
from sklearn_deeplifft.tables import Problem, Rows, Scaling
from tests.conftest import MLP, FixedMLP, planted, relu_network

SETTINGS = NetworkSettings((10,), learning_rate=0.02, batch_size=32, max_epochs=8)


@pytest.fixture(scope="module")
def data():
    return planted()


def trained(data, estimator=None, *, columns=None, settings=SETTINGS, weight=None, **given):
    columns = np.arange(8) if columns is None else columns
    weight = torch.ones(120) if weight is None else weight
    moments = Scaling.straight(data.X.mean(0), data.X.std(0))
    table = TrainingTable(Rows(data.X), torch.as_tensor(data.y), weight, moments)
    parts = {"training": np.arange(100), "validation": np.arange(100, 120), "seed": 3, **given}
    problem = Problem("softmax", len(columns), 3)
    job = TrainingJob(problem, settings, table, columns=columns, **parts)
    return adapter_of(estimator).train(job)


@pytest.mark.parametrize(
    ("estimator", "kind"),
    [
        (None, DefaultAdapter),
        (MLP, ModuleAdapter),
        (nn.Linear(2, 2), ModuleAdapter),
        (skorch.NeuralNetClassifier(MLP), SkorchAdapter),
        (skorch.NeuralNet(MLP, nn.MSELoss), SkorchAdapter),
        (MLPClassifier(), PerceptronAdapter),
        (MLPRegressor(), PerceptronAdapter),
    ],
)
def test_kinds(estimator, kind):
    adapter = adapter_of(estimator)
    assert type(adapter) is kind
    assert adapter.network is estimator


@pytest.mark.parametrize("estimator", [0, "mlp", LogisticRegression(), skorch.NeuralNet, object])
def test_other_kinds(estimator):
    with pytest.raises(TypeError, match="is not a network; pass None"):
        adapter_of(estimator)
    assert not is_network(estimator)


FITTED = MLPClassifier((3,), tol=1.0, n_iter_no_change=1, random_state=0).fit(*planted())


@pytest.mark.parametrize(
    ("estimator", "readable"),
    [
        (None, False),
        (MLP, False),
        (FixedMLP(), True),
        (skorch.NeuralNetClassifier(MLP), True),  # refused with a remedy when it is read
        (MLPClassifier(), False),
        (FITTED, True),
        ("mlp", False),
        (LogisticRegression(), False),
        (skorch.NeuralNet, False),
    ],
)
def test_networks_to_read_and_recipes_for_them(estimator, readable):
    assert is_network(estimator) is readable


@pytest.mark.parametrize("estimator", [None, MLP])
def test_a_recipe_is_not_read(estimator):
    with pytest.raises(ValueError, match="prefit=True needs a fitted network; got estimator="):
        adapter_of(estimator).read_fitted()


@pytest.mark.parametrize(
    ("estimator", "task"),
    [
        (None, "auto"),
        (MLP, "auto"),
        (FixedMLP(), "auto"),
        (skorch.NeuralNet(MLP, nn.MSELoss), "auto"),
        (skorch.NeuralNetClassifier(MLP), "classification"),
        (skorch.NeuralNetBinaryClassifier(MLP), "classification"),
        (skorch.NeuralNetRegressor(MLP), "regression"),
        (MLPClassifier(), "classification"),
        (FITTED, "classification"),
        (MLPRegressor(), "regression"),
    ],
)
def test_tasks_that_kinds_imply(estimator, task):
    assert adapter_of(estimator).task == task


@pytest.mark.slow
@pytest.mark.parametrize(
    "estimator",
    [None, FixedMLP(), skorch.NeuralNetClassifier(FixedMLP, criterion=nn.CrossEntropyLoss)],
)
def test_a_start_on_fewer_columns_answers_as_before(data, estimator):
    """Columns that are gone stand at their mean, which is zero."""
    found = trained(data, estimator)
    kept = np.array([1, 2, 5])
    start = adapter_of(estimator).warm_start(found, kept, 8)
    Z = torch.zeros(4, 8)
    Z[:, kept] = torch.linspace(-2, 2, 12).view(4, 3)
    with torch.no_grad():
        torch.testing.assert_close(start(Z[:, kept]), found.core(Z))


def test_scikit_learn_goes_on_from_no_weights(data):
    adapter = adapter_of(FITTED)
    assert adapter.warm_start(adapter.read_fitted(), np.array([1, 2]), 8) is None


@pytest.mark.parametrize("estimator", [None, MLP, FixedMLP()])
def test_the_core_takes_standardised_rows_and_the_net_raw_ones(data, estimator):
    found = trained(data, estimator)
    Z = torch.as_tensor((data.X - data.X.mean(0)) / data.X.std(0)).float()
    with torch.no_grad():
        torch.testing.assert_close(
            found.core(Z), found.estimator.module_(torch.as_tensor(data.X)), rtol=1e-4, atol=1e-5
        )
    assert found.epochs == len(found.estimator.history) == 8
    assert found.loss == min(row["valid_loss"] for row in found.estimator.history)


def test_only_the_columns_asked_for_are_read(data):
    found = trained(data, columns=np.array([6, 1]))
    assert found.core[0].in_features == 2
    np.testing.assert_allclose(found.standardize.mean, data.X.mean(0)[[6, 1]])
    others = np.where(np.isin(np.arange(8), [1, 6]), data.X, data.X[::-1])
    again = trained(data._replace(X=others), columns=np.array([6, 1]))
    assert torch.equal(again.core[0].weight, found.core[0].weight)


def test_seeds(data):
    a, b, c = (trained(data, seed=seed) for seed in (3, 3, 4))
    assert torch.equal(a.core[0].weight, b.core[0].weight)
    assert not torch.equal(a.core[0].weight, c.core[0].weight)


def test_a_start_is_continued(data):
    start = trained(data).core
    before = start[0].weight.clone()
    frozen = trained(data, start=start, settings=NetworkSettings(learning_rate=1e-12, max_epochs=1))
    torch.testing.assert_close(frozen.core[0].weight, before)
    trained(data, start=start)
    assert torch.equal(start[0].weight, before)


def test_without_validation(data):
    found = trained(data, validation=np.array([], dtype=int))
    assert found.loss is None
    assert found.epochs == 8


def test_weights_reach_the_loss(data):
    a = trained(data)
    b = trained(data, weight=torch.where(torch.arange(120) < 50, 0.01, 1.0))
    assert not torch.allclose(a.core[0].weight, b.core[0].weight, atol=1e-3)


def test_divergence(data):
    with pytest.raises(TrainingDivergedError, match=r"the loss became (nan|inf) in epoch \d"):
        trained(data, settings=NetworkSettings((10,), learning_rate=1e30, max_epochs=30))


def test_a_nan_loss_of_a_users_net_is_noticed_too(data):
    net = skorch.NeuralNetClassifier(MLP, criterion=nn.CrossEntropyLoss, lr=1e30, max_epochs=9)
    with pytest.raises(TrainingDivergedError):
        trained(data, net)


def test_adopting_changes_nothing():
    net = relu_network(4, 3, 2).train()
    found = adapter_of(net).read_fitted()
    assert found.estimator is found.core is net
    assert found.standardize is None
    assert net.training


def test_adopting_an_mlp_copies_its_weights(data):
    mlp = MLPClassifier((5, 4), learning_rate_init=0.05, tol=1e-2, random_state=0).fit(*data)
    core = adapter_of(mlp).read_fitted().core
    with torch.no_grad():
        p = core(torch.as_tensor(data.X)).softmax(1).numpy()
    np.testing.assert_allclose(p, mlp.predict_proba(data.X), atol=1e-12)


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        (np.array([0, 2]), [0, 1, 2]),
        (np.array([0, 1, 2]), [0, 1, 2]),
        (np.array([1, 2, 3]), None),
        (np.array([-1, 1]), None),
        (np.array(["a", "b"]), None),
    ],
)
def test_classes_of_a_bare_module(labels, found):
    classes = known_classes(relu_network(4, 3, 3), np.zeros((2, 4), np.float32), labels)
    assert classes is found if found is None else classes.tolist() == found


def test_asking_a_module_for_its_classes_leaves_it_alone():
    net = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Linear(3, 3)).train()
    before = net[1].running_mean.clone()
    known_classes(net, np.ones((2, 4), np.float32), np.array([0, 1]))
    assert net.training
    assert torch.equal(net[1].running_mean, before)


class Own(nn.Module):
    """A loss of a user's."""


class OwnOfClasses(nn.CrossEntropyLoss):
    pass


class OwnOfPairs(nn.MSELoss):
    pass


class OwnBinary(nn.BCEWithLogitsLoss):
    pass


CRITERIA = [
    (form(loss), wants)
    for loss, wants in [
        *((nn.NLLLoss, False), (nn.MultiMarginLoss, False), (OwnOfClasses, False)),
        *((nn.BCELoss, True), (nn.MSELoss, True), (nn.L1Loss, True), (OwnBinary, True)),
        *((Own, None), (OwnOfPairs, None), (nn.SoftMarginLoss, None)),
    ]
    for form in (lambda c: c, lambda c: c(), partial)
] + [(lambda: Own(), None)]


@pytest.mark.parametrize(
    ("estimator", "wants"),
    [
        (None, False),
        (MLP, False),
        (skorch.NeuralNetClassifier(MLP), False),
        (skorch.NeuralNetClassifier(MLP, criterion=nn.CrossEntropyLoss), False),
        (skorch.NeuralNetBinaryClassifier(MLP), True),
        (skorch.NeuralNetRegressor(MLP), True),
        *((skorch.NeuralNetClassifier(MLP, criterion=c), wants) for c, wants in CRITERIA),
        (skorch.NeuralNetBinaryClassifier(MLP, criterion=Own), True),
        (skorch.NeuralNetBinaryClassifier(MLP, criterion=Own()), True),
    ],
)
def test_what_losses_compare_with(estimator, wants):
    assert adapter_of(estimator).float_targets is wants


@pytest.mark.parametrize("fails", [False, True])
def test_seeded_leaves_every_generator_as_it_was(fails):
    def drawn():
        return torch.rand(1).item(), np.random.rand(), random.random()

    states = torch.get_rng_state(), np.random.get_state(), random.getstate()
    expected = drawn()
    torch.set_rng_state(states[0])
    np.random.set_state(states[1])
    random.setstate(states[2])

    def inside():
        with seeded(7):
            first = drawn()
            if fails:
                raise RuntimeError
        with seeded(7):
            assert drawn() == first

    if fails:
        with pytest.raises(RuntimeError):
            inside()
    else:
        inside()
    assert drawn() == expected
