"""Outputs of a user's module decide the loss it is trained with."""

import numpy as np
import pytest
import torch
from torch import nn

from sklearn_deeplifft import TrainingDivergedError
from tests.conftest import MLP, planted, quick


@pytest.fixture
def data():
    return planted()


class OutputKind(nn.Module):
    """A ReLU network whose last step is given; a spare softmax lies about unused."""

    def __init__(self, n_features, n_outputs=2, last=lambda z: z):
        super().__init__()
        self.a, self.b = nn.Linear(n_features, 16), nn.Linear(16, n_outputs)
        self.last = last
        self.spare = nn.Softmax(dim=-1)

    def forward(self, x):
        return self.last(self.b(torch.relu(self.a(x))))


class Softmax(OutputKind):
    def __init__(self, n_features, n_outputs):
        super().__init__(n_features, n_outputs, lambda z: torch.softmax(z, dim=1))


class Sigmoids(OutputKind):
    def __init__(self, n_features, n_outputs):
        super().__init__(n_features, n_outputs, torch.sigmoid)


class OneLogit(OutputKind):
    def __init__(self, n_features):
        super().__init__(n_features, 1)


class OneProbability(OutputKind):
    def __init__(self, n_features):
        super().__init__(n_features, 1, torch.sigmoid)


LOSSES = {
    OutputKind: "WeightedCrossEntropyLoss",
    Softmax: "WeightedNLLLoss",
    OneLogit: "WeightedBCEWithLogitsLoss",
    OneProbability: "WeightedBCELoss",
}


@pytest.mark.parametrize("module", LOSSES)
def test_two_classes_are_learned_whatever_the_ending(data, module):
    y = (data.y == 0).astype(int)
    selector = quick(module, n_features_to_select=1, max_epochs=60).fit(data.X, y)
    (net,) = selector.estimator_.estimators_
    assert type(net.criterion_).__name__ == LOSSES[module]
    assert selector.get_support(indices=True).tolist() == [0]
    assert selector.class_importances_.shape == (2, 8)
    assert (net.predict(data.X.astype(np.float32)) == y).mean() > 0.9


@pytest.mark.parametrize(("module", "loss"), [(OutputKind, "BCEWithLogits"), (Sigmoids, "BCE")])
def test_labels_are_learned_whatever_the_ending(data, module, loss):
    Y = np.eye(3, dtype=int)[data.y]
    selector = quick(module, n_features_to_select=3, max_epochs=60).fit(data.X, Y)
    (net,) = selector.estimator_.estimators_
    assert type(net.criterion_).__name__ == f"Weighted{loss}Loss"
    assert set(selector.get_support(indices=True)) == {0, 1, 2}


def test_a_mask_of_the_scores_leaves_the_training_of_a_regression_alone():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 5))
    y = 1e4 * X[:, 0] + 0.5
    y[:20] = 7.25
    mask = np.arange(200) < 20
    a = quick(max_epochs=30, task="regression").fit(X, y)
    b = quick(max_epochs=30, task="regression").fit(X, y, sample_mask=mask)
    np.testing.assert_array_equal(a.contributions(X).terms, b.contributions(X).terms)


@pytest.mark.parametrize(
    ("estimator", "held_out", "said"),
    [
        (None, 0, "outputs are not finite"),
        (None, 0.2, "validation loss was never finite"),
        (MLP, 0, "outputs are not finite"),
        (MLP, 0.2, "outputs are not finite"),
    ],
)
def test_weights_that_diverge_in_the_last_step_are_called_so(data, estimator, held_out, said):
    params = {"max_epochs": 1, "learning_rate": 1e30, "batch_size": 200}
    with pytest.raises(TrainingDivergedError, match=said):
        quick(estimator, validation_fraction=held_out, **params).fit(*data)


def test_new_targets_of_a_multilabel_problem_are_checked(data):
    Y = np.eye(3, dtype=int)[data.y]
    selector = quick(max_epochs=30).fit(data.X, Y)
    with pytest.raises(ValueError, match="must hold 0 and 1 only"):
        selector.increments(data.X, 7 * Y)
