"""From an estimator of any kind to a trained network."""

import random

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
    TrainingTable,
    known_classes,
    network_kind,
    read_fitted,
    train_network,
    wants_float_targets,
)
from sklearn_deeplifft.networks._train import seeded
from sklearn_deeplifft.tables import Problem, Rows
from tests.conftest import MLP, FixedMLP, planted, relu_network

SETTINGS = NetworkSettings((10,), learning_rate=0.02, batch_size=32, max_epochs=8)


@pytest.fixture(scope="module")
def data():
    return planted()


def trained(data, estimator=None, *, columns=None, settings=SETTINGS, weight=None, **given):
    columns = np.arange(8) if columns is None else columns
    weight = torch.ones(120) if weight is None else weight
    moments = (data.X.mean(0), data.X.std(0))
    table = TrainingTable(Rows(data.X), torch.as_tensor(data.y), weight, moments)
    parts = {"training": np.arange(100), "validation": np.arange(100, 120), "seed": 3, **given}
    problem = Problem("softmax", len(columns), 3)
    return train_network(estimator, problem, settings, table, columns=columns, **parts)


@pytest.mark.parametrize(
    ("estimator", "kind"),
    [
        (None, "default"),
        (MLP, "module"),
        (nn.Linear(2, 2), "module"),
        (skorch.NeuralNetClassifier(MLP), "skorch"),
        (skorch.NeuralNet(MLP, nn.MSELoss), "skorch"),
        (MLPClassifier(), "mlp"),
        (MLPRegressor(), "mlp"),
    ],
)
def test_kinds(estimator, kind):
    assert network_kind(estimator) == kind


@pytest.mark.parametrize("estimator", [0, "mlp", LogisticRegression(), skorch.NeuralNet, object])
def test_other_kinds(estimator):
    with pytest.raises(TypeError, match="is not a network; pass None"):
        network_kind(estimator)


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
    found = read_fitted(net)
    assert found.estimator is found.core is net
    assert found.standardize is None
    assert net.training


def test_adopting_an_mlp_copies_its_weights(data):
    mlp = MLPClassifier((5, 4), learning_rate_init=0.05, tol=1e-2, random_state=0).fit(*data)
    core = read_fitted(mlp).core
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


@pytest.mark.parametrize(
    ("estimator", "wants"),
    [
        (None, False),
        (MLP, False),
        (skorch.NeuralNetClassifier(MLP), False),
        (skorch.NeuralNetClassifier(MLP, criterion=nn.CrossEntropyLoss), False),
        (skorch.NeuralNetBinaryClassifier(MLP), True),
        (skorch.NeuralNetRegressor(MLP), True),
    ],
)
def test_what_losses_compare_with(estimator, wants):
    assert wants_float_targets(estimator) is wants


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
