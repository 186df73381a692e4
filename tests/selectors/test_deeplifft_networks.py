"""Networks of every kind, trained or fitted, and none of them touched."""

import copy
import warnings

import numpy as np
import pytest
import skorch
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier, MLPRegressor
from skorch.callbacks import Callback, EarlyStopping, EpochScoring, LRScheduler
from torch import nn

from sklearn_deeplifft import DeepLIFFTSelector, NotPiecewiseLinearError
from tests.conftest import (
    MLP,
    FixedMLP,
    OneLogitMLP,
    SoftmaxMLP,
    answering,
    bits,
    planted,
    quick,
    relu_network,
    watched_batches,
)

TRAINING = {"max_epochs": 15, "lr": 0.02, "batch_size": 32, "optimizer": torch.optim.Adam}
"""Of the skorch nets below, which are trained as their owner says."""

SIZES = {"module__n_features": 8, "module__n_outputs": 3}


def classifier(module=MLP, **params):
    params = {"criterion": nn.CrossEntropyLoss, **TRAINING, **params}
    return skorch.NeuralNetClassifier(module, **params)


@pytest.fixture(scope="module")
def data():
    return planted()


@pytest.fixture(scope="module")
def binary(data):
    return data.X, (data.X[:, 0] > data.X[:, 1]).astype(int)


def state_of(module: nn.Module):
    return {name: t.clone() for name, t in module.state_dict().items()}, [
        m.training for m in module.modules()
    ]


def assert_same_state(module: nn.Module, before) -> None:
    state, modes = before
    for name, t in module.state_dict().items():
        assert torch.equal(t, state[name]), name
    assert [m.training for m in module.modules()] == modes


# Kinds of unfitted networks


CLASSIFIERS = {
    "default": lambda: None,
    "module class that asks for its sizes": lambda: MLP,
    "module class that does not": lambda: FixedMLP,
    "module instance": lambda: FixedMLP(),
    "sequential instance": lambda: relu_network(8, 12, 3, dtype=torch.float32),
    "sequential with dropout and batch norm": lambda: nn.Sequential(
        nn.Linear(8, 12), nn.BatchNorm1d(12), nn.ReLU(), nn.Dropout(0.1), nn.Linear(12, 3)
    ),
    "sequential that ends in softmax": lambda: nn.Sequential(
        nn.Linear(8, 12), nn.ReLU(), nn.Linear(12, 3), nn.Softmax(dim=1)
    ),
    "float64 instance": lambda: relu_network(8, 12, 3),
    "skorch, cross-entropy": lambda: classifier(),
    "skorch, its own default loss and a softmax": lambda: skorch.NeuralNetClassifier(
        SoftmaxMLP, **TRAINING
    ),
    "skorch, sizes given": lambda: classifier(**SIZES, module__width=9),
    "skorch, module instance": lambda: classifier(FixedMLP()),
    "skorch, plain NeuralNet": lambda: skorch.NeuralNet(
        MLP, criterion=nn.CrossEntropyLoss, **TRAINING
    ),
    "MLPClassifier": lambda: MLPClassifier(
        (12,), learning_rate_init=0.02, tol=1e-2, max_iter=400, random_state=1
    ),
}


def longer(kind: str) -> dict:
    """More epochs for networks that do not train by settings of their own."""
    return {} if kind.startswith(("skorch", "MLP")) else {"max_epochs": 30}


@pytest.mark.slow
@pytest.mark.parametrize("kind", CLASSIFIERS)
@pytest.mark.parametrize("step", [None, 0.5])
def test_every_kind_learns_the_planted_features(data, kind, step):
    selector = quick(CLASSIFIERS[kind](), step=step, n_features_to_select=3, **longer(kind))
    selector.fit(*data)
    assert set(selector.get_support(indices=True)) == {0, 1, 2}
    assert (selector.class_importances_.argmax(axis=1) == [0, 1, 2]).all()
    assert selector.decomposition_error_ < 1e-4


def _estimator_logits(estimator, X) -> np.ndarray:
    """Whatever an owner of the network would do to get at its logits, up to a constant."""
    if hasattr(estimator, "steps"):
        mlp = estimator[-1]
        Z = estimator[:-1].transform(X)
        for i, (W, b) in enumerate(zip(mlp.coefs_, mlp.intercepts_, strict=True)):
            Z = Z @ W + b
            Z = np.maximum(Z, 0) if i < len(mlp.coefs_) - 1 else Z
        return Z
    with torch.no_grad():
        z = estimator.module_(torch.as_tensor(X)).double().numpy()
    return z


@pytest.mark.parametrize("kind", [k for k in CLASSIFIERS if "softmax" not in k])
def test_estimators_take_raw_rows_and_contributions_explain_them(data, kind):
    X = data.X * np.logspace(-3, 3, 8) + 5
    selector = quick(CLASSIFIERS[kind]()).fit(X, data.y)
    found = selector.contributions(X)
    z = _estimator_logits(selector.estimator_.estimators_[0], X)
    np.testing.assert_allclose(found.bias + found.terms.sum(-1), z, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "kind", ["default", "module class that asks for its sizes", "skorch, cross-entropy"]
)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_estimator_predicts_from_raw_rows(data, kind, dtype):
    X = (data.X * 100 + 50).astype(dtype)
    selector = quick(CLASSIFIERS[kind](), **longer(kind)).fit(X, data.y)
    for net in selector.estimator_.estimators_:
        assert (net.predict(X) == data.y).mean() > 0.8
        assert net.predict_proba(X).shape == (120, 3)


def test_mlp_predicts_from_raw_rows(data):
    mlp = MLPClassifier((12,), learning_rate_init=0.02, tol=1e-2, max_iter=400)
    selector = quick(mlp).fit(data.X * 100 + 50, data.y)
    assert (selector.estimator_.estimators_[0].predict(data.X * 100 + 50) == data.y).mean() > 0.8


BINARY = {
    "default": lambda: None,
    "one logit": lambda: skorch.NeuralNetBinaryClassifier(OneLogitMLP, **TRAINING),
    "two logits": lambda: classifier(),
    "MLPClassifier": lambda: MLPClassifier((12,), learning_rate_init=0.02, tol=1e-2, max_iter=400),
}


@pytest.mark.parametrize("kind", BINARY)
@pytest.mark.parametrize("step", [None, 0.5])
def test_every_kind_tells_two_classes_apart(binary, kind, step):
    X, y = binary
    selector = quick(BINARY[kind](), step=step, n_features_to_select=2).fit(X, y)
    assert set(selector.get_support(indices=True)) == {0, 1}
    assert selector.class_importances_.shape == (2, 8)
    assert list(selector.classes_) == [0, 1]


@pytest.mark.parametrize("kind", ["one logit", "MLPClassifier"])
def test_a_single_logit_is_a_pair_of_them(binary, kind):
    X, y = binary
    selector = quick(BINARY[kind]()).fit(X, y)
    terms, bias = selector.contributions(X)
    assert terms.shape == (120, 2, 8)
    assert (terms[:, 0] == 0).all()
    assert (bias[:, 0] == 0).all()
    z = _estimator_logits(selector.estimator_.estimators_[0], X).ravel()
    np.testing.assert_allclose(bias[:, 1] + terms[:, 1].sum(-1), z, rtol=1e-4, atol=1e-4)
    p = np.where(y == 1, 1 / (1 + np.exp(-z)), 1 / (1 + np.exp(z)))
    start = np.where(y == 1, 1 / (1 + np.exp(-bias[:, 1])), 1 / (1 + np.exp(bias[:, 1])))
    np.testing.assert_allclose(selector.increments(X, y).sum(1), p - start, atol=1e-5)


class RegressionMLP(MLP):
    def __init__(self, n_features, width=12):
        super().__init__(n_features, 1, width)


class SqueezedMLP(RegressionMLP):
    """Returns (n,), which skorch takes as well as (n, 1)."""

    def forward(self, x):
        return super().forward(x)[:, 0]


REGRESSORS = {
    "default": lambda: None,
    "module class": lambda: MLP,
    "skorch": lambda: skorch.NeuralNetRegressor(RegressionMLP, **TRAINING),
    "skorch, squeezed": lambda: skorch.NeuralNetRegressor(SqueezedMLP, **TRAINING),
    "skorch, absolute error": lambda: skorch.NeuralNetRegressor(
        RegressionMLP, criterion=nn.L1Loss, **TRAINING
    ),
    "MLPRegressor": lambda: MLPRegressor(
        hidden_layer_sizes=(12,), learning_rate_init=0.02, tol=1e-2, max_iter=800
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", REGRESSORS)
@pytest.mark.parametrize("step", [None, 0.5])
def test_every_kind_does_regression(data, kind, step):
    y = 2 * data.X[:, 0] - data.X[:, 1] ** 2
    params = {"task": "regression", "n_features_to_select": 2, **longer(kind)}
    selector = quick(REGRESSORS[kind](), step=step, **params)
    selector.fit(data.X, y.astype(np.float32))
    assert set(selector.get_support(indices=True)) == {0, 1}
    assert selector.class_importances_.shape == (1, 8)


@pytest.mark.parametrize("kind", ["skorch", "MLPRegressor"])
@pytest.mark.parametrize("levels", [2, 7])
def test_a_regressor_regresses_on_whole_numbers_too(data, kind, levels):
    y = np.clip(np.round(2 * data.X[:, 0]), 0, levels - 1).astype(int)
    selector = quick(REGRESSORS[kind](), n_features_to_select=1).fit(data.X, y)
    assert selector.class_importances_.shape == (1, 8)
    assert not hasattr(selector, "classes_")
    assert list(selector.get_support(indices=True)) == [0]


# What belongs to the user stays as it was


@pytest.mark.filterwarnings("ignore::sklearn_deeplifft.FeatureSelectionWarning")
@pytest.mark.parametrize("prefit", [False, True])
def test_a_module_instance_comes_back_untouched(data, prefit):
    net = nn.Sequential(
        nn.Linear(8, 12), nn.BatchNorm1d(12), nn.ReLU(), nn.Dropout(0.5), nn.Linear(12, 3)
    )
    net[3].eval()  # a mode of its own
    with torch.no_grad():
        net[4].weight.mul_(5)
    before = state_of(net)
    y = net.eval()(torch.as_tensor(data.X).float()).argmax(1).numpy()
    net.train()
    net[3].eval()
    params = {"prefit": True} if prefit else {"n_networks": 2}
    quick(net, **params).fit(data.X, _every_class(y))
    assert_same_state(net, before)
    assert all(p.grad is None for p in net.parameters())
    assert all(not m._forward_hooks for m in net.modules())


def _every_class(y):
    y = y.copy()
    y[:3] = [0, 1, 2]
    return y


@pytest.mark.filterwarnings("ignore::sklearn_deeplifft.FeatureSelectionWarning")
@pytest.mark.parametrize("prefit", [False, True])
def test_it_comes_back_untouched_after_an_exception_too(data, prefit, monkeypatch):
    from sklearn_deeplifft.selectors import _reading

    net = nn.Sequential(nn.Linear(8, 12), nn.BatchNorm1d(12), nn.ReLU(), nn.Linear(12, 3))
    before = state_of(net)

    def fail(*args, **kwargs):
        raise RuntimeError("in the middle")

    monkeypatch.setattr(_reading.Reading, "sums", fail)
    with pytest.raises(RuntimeError, match="in the middle"):
        quick(net, prefit=prefit).fit(*data)
    assert_same_state(net, before)


def test_an_unfitted_skorch_net_stays_unfitted(data):
    net = classifier(FixedMLP(), callbacks=[("lr", LRScheduler("StepLR", step_size=5))])
    params, state = net.get_params(), state_of(net.module)
    quick(net, n_networks=2, step=0.5).fit(*data)
    assert not hasattr(net, "module_")
    assert net.get_params().keys() == params.keys()
    assert net.module is params["module"]
    assert net.callbacks is params["callbacks"]
    assert net.train_split is params["train_split"]
    assert_same_state(net.module, state)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("net", "params"),
    [
        (FixedMLP(), {"max_epochs": 2}),
        (FixedMLP, {"max_epochs": 2}),
        (classifier(FixedMLP(), verbose=0, max_epochs=2), {}),
    ],
    ids=["module", "class", "net"],
)
def test_many_networks_of_a_fixed_width_go_on_through_all_rounds(data, net, params):
    selector = quick(net, n_networks=7, step=0.5, **params).fit(*data)
    assert selector.n_rounds_ == 4
    assert sorted(selector.ranking_) == list(range(1, 9))


def test_a_fitted_skorch_net_is_only_read(data):
    net = classifier(verbose=0, **SIZES).fit(data.X.astype(np.float32), data.y)
    before, history = state_of(net.module_), len(net.history)
    net.module_.train()
    selector = quick(net, prefit=True).fit(*data)
    assert selector.estimator_.estimators_[0] is net
    assert net.module_.training
    net.module_.eval()
    assert_same_state(net.module_, (before[0], [False] * len(before[1])))
    assert len(net.history) == history


def test_an_unfitted_mlp_stays_unfitted(data):
    mlp = MLPClassifier((12,), learning_rate_init=0.02, tol=1e-2, max_iter=400, random_state=3)
    quick(mlp).fit(*data)
    assert not hasattr(mlp, "coefs_")
    assert mlp.random_state == 3


# Networks that are fitted already


def test_prefit_module_is_read_as_it_is(data):
    net, y = answering(data.X, 10)
    selector = quick(net, prefit=True).fit(data.X, y)
    assert selector.estimator_.estimators_[0] is net
    found = selector.contributions(data.X)
    with torch.no_grad():
        z = net(torch.as_tensor(data.X)).numpy()
    np.testing.assert_allclose(found.bias + found.terms.sum(-1), z, atol=1e-12)


@pytest.mark.parametrize("softmax", [False, True])
def test_prefit_skorch_net(data, softmax):
    X = data.X.astype(np.float32)
    net = (
        skorch.NeuralNetClassifier(SoftmaxMLP, **SIZES, **TRAINING, verbose=0)
        if softmax
        else classifier(**SIZES, verbose=0)
    ).fit(X, data.y)
    selector = quick(net, prefit=True, n_features_to_select=3).fit(X, data.y)
    assert set(selector.get_support(indices=True)) == {0, 1, 2}
    terms, bias = selector.contributions(X)
    z = torch.as_tensor(bias + terms.sum(-1))
    p = z.softmax(1).numpy() if softmax else z.numpy()
    with torch.no_grad():
        np.testing.assert_allclose(p, net.module_(torch.as_tensor(X)).numpy(), atol=1e-5)


def test_prefit_binary_skorch_net_and_its_labels(binary):
    X, y = binary[0].astype(np.float32), binary[1]
    net = skorch.NeuralNetBinaryClassifier(
        OneLogitMLP, module__n_features=8, verbose=0, **TRAINING
    ).fit(X, y.astype(np.float32))
    selector = quick(net, prefit=True, n_features_to_select=2).fit(X, y)
    assert set(selector.get_support(indices=True)) == {0, 1}


@pytest.mark.parametrize("labels", [np.array([0, 1, 2]), np.array(["c", "b", "a"])])
def test_prefit_mlp_keeps_its_own_labels(data, labels):
    y = labels[data.y]
    mlp = MLPClassifier((12,), learning_rate_init=0.02, tol=1e-2, max_iter=400, random_state=0)
    mlp.fit(data.X, y)
    selector = quick(mlp, prefit=True).fit(data.X, y)
    assert selector.estimator_.estimators_[0] is mlp
    assert list(selector.classes_) == list(mlp.classes_)
    own = [list(labels).index(label) for label in mlp.classes_]
    assert (selector.class_importances_.argmax(axis=1) == own).all()


def test_prefit_scores_a_subset_of_the_classes_it_knows(data):
    mlp = MLPClassifier((12,), learning_rate_init=0.02, tol=1e-2, max_iter=400, random_state=0)
    mlp.fit(*data)
    some = data.y != 1
    with pytest.warns(UserWarning, match="no scored example is of class 1;"):
        selector = quick(mlp, prefit=True).fit(data.X[some], data.y[some])
    assert list(selector.classes_) == [0, 1, 2]
    assert (selector.class_importances_[1] == 0).all()


def test_prefit_mlp_regressor(data):
    y = 2 * data.X[:, 0] - data.X[:, 1] ** 2
    mlp = MLPRegressor(
        hidden_layer_sizes=(12,), learning_rate_init=0.02, tol=1e-2, max_iter=800, random_state=0
    )
    mlp.fit(data.X, y)
    selector = quick(mlp, prefit=True, n_features_to_select=2).fit(data.X, y)
    assert set(selector.get_support(indices=True)) == {0, 1}
    terms, bias = selector.contributions(data.X)
    np.testing.assert_allclose((bias + terms.sum(-1))[:, 0], mlp.predict(data.X), atol=1e-10)


def test_prefit_leaves_repeated_rows_apart(data):
    net, y = answering(data.X, 10)
    twice = np.r_[np.arange(120), np.arange(40)]
    doubled = quick(net, prefit=True).fit(data.X[twice], y[twice])
    weighed = quick(net, prefit=True).fit(data.X, y, sample_weight=np.r_[[2] * 40, [1] * 80])
    np.testing.assert_allclose(
        doubled.feature_importances_, weighed.feature_importances_, atol=1e-12
    )


# Parameters of networks


def test_training_parameters_reach_our_network(data, monkeypatch):
    params = {
        "hidden_layer_sizes": [7],
        "dropout": 0.25,
        "max_epochs": 12,
        "weight_decay": 0.01,
        "batch_size": 16,
    }
    with watched_batches(monkeypatch) as batches:
        selector = quick(**params).fit(*data)
    net = selector.estimator_.estimators_[0]
    assert [type(m).__name__ for m in net.module_.core] == ["Linear", "ReLU", "Dropout", "Linear"]
    assert net.module_.core[0].out_features == 7
    assert net.module_.core[2].p == 0.25
    assert len(net.history) == 12
    assert len(batches) == 12 * 6  # of 96 rows
    for trained in (batches[0][0], net):  # what trained it, and what the user may train again
        group = trained.optimizer_.param_groups[0]
        assert (group["lr"], group["weight_decay"]) == (0.02, 0.01)
    # The layers of the network say how it would be trained; these, how it was.
    for name, value in {"dropout": 0.0, "weight_decay": 0.0}.items():
        assert bits(quick(**{**params, name: value}).fit(*data)) != bits(selector)


def test_a_users_net_is_trained_as_its_owner_says(data):
    net = classifier(lr=0.5, optimizer=torch.optim.SGD, max_epochs=4, module__width=5)
    with pytest.raises(ValueError, match=r"^learning_rate=1e-09, max_epochs=77 would be ignored"):
        quick(net, learning_rate=1e-9, max_epochs=77).fit(*data)
    found = quick(net).fit(*data).estimator_.estimators_[0]
    assert isinstance(found.optimizer_, torch.optim.SGD)
    assert found.optimizer_.param_groups[0]["lr"] == 0.5
    assert len(found.history) == 4
    assert found.module_.core.hidden.out_features == 5


def test_nested_parameters_of_the_net_change_what_is_trained(data):
    selector = quick(classifier())
    changes = {"estimator__network__max_epochs": 3, "estimator__network__module__width": 7}
    selector.set_params(**changes).fit(*data)
    assert len(selector.estimator_.estimators_[0].history) == 3
    assert selector.estimator_.estimators_[0].module_.core.hidden.out_features == 7


class Recorder(Callback):
    epochs: list = []

    def on_epoch_end(self, net, **kwargs):
        Recorder.epochs.append(len(net.history))


SKORCH_OPTIONS = {
    "callbacks disabled": {"callbacks": "disable"},
    "a callback class": {"callbacks": [EarlyStopping]},
    "a callback": {"callbacks": [Recorder()]},
    "a scheduler": {"callbacks": [LRScheduler("StepLR", step_size=3)]},
    "a scheduler that watches": {"callbacks": [LRScheduler("ReduceLROnPlateau")]},
    "a score": {"callbacks": [EpochScoring("balanced_accuracy", lower_is_better=False)]},
    "stopping by accuracy": {
        "callbacks": [EarlyStopping(monitor="valid_acc", lower_is_better=False, sink=lambda _: 0)]
    },
    "shuffled": {"iterator_train__shuffle": True},
    "last batch dropped": {"iterator_train__drop_last": True},
    "workers": {"iterator_train__num_workers": 0, "iterator_valid__num_workers": 0},
    "a validation batch size": {"iterator_valid__batch_size": 10},
    "no split of its own": {"train_split": None},
    "classes given": {"classes": [0, 1, 2]},
    "batch of everything": {"batch_size": -1},
    "label smoothing": {"criterion__label_smoothing": 0.1},
    "class weights in the loss": {"criterion__weight": torch.tensor([1.0, 2.0, 1.0])},
    "verbose": {"verbose": 1},
    "a frozen part": {"callbacks": [skorch.callbacks.Freezer("out.bias")]},
    "not compiled": {"compile": False},
    "warm start": {"warm_start": True},
}


@pytest.mark.slow
@pytest.mark.parametrize("option", SKORCH_OPTIONS)
@pytest.mark.parametrize("weighted", [False, True])
def test_options_of_skorch_work(data, option, weighted, capsys):
    selector = quick(classifier(**SKORCH_OPTIONS[option]), n_features_to_select=3)
    weight = np.r_[np.ones(60), np.full(60, 1.5)] if weighted else None
    if weighted and option in ("a score", "stopping by accuracy"):
        with pytest.raises(ValueError, match="cannot read targets that carry fractional weights"):
            selector.fit(*data, sample_weight=weight)
        selector.fit(*data, sample_weight=np.r_[np.ones(60), np.full(60, 2)])
        return
    selector.fit(*data, sample_weight=weight)
    assert set(selector.get_support(indices=True)) == {0, 1, 2}
    assert capsys.readouterr().out == ""


def test_a_users_early_stopping_is_the_only_one(data):
    stop = EarlyStopping(patience=2, sink=lambda _: None)
    net = classifier(callbacks=[("early_stopping", stop)], max_epochs=200, lr=0.2)
    with pytest.raises(ValueError, match=r"^patience=150 would be ignored"):
        quick(net, patience=150).fit(*data)
    found = quick(net).fit(*data).estimator_.estimators_[0]
    assert len(found.history) < 120
    stops = [callback for _, callback in found.callbacks_ if isinstance(callback, EarlyStopping)]
    assert [callback.patience for callback in stops] == [2]


@pytest.mark.parametrize(
    "callback", [EarlyStopping(sink=lambda _: None), LRScheduler("ReduceLROnPlateau")]
)
def test_callbacks_that_watch_validation_without_any(data, callback):
    """Nothing is held out: the training loss may be watched, or the message must say what to do."""
    net = classifier(callbacks=[callback])
    if isinstance(callback, EarlyStopping):
        with pytest.raises(ValueError, match="validation_fraction"):
            quick(net, validation_fraction=0).fit(*data)
    else:
        quick(net, validation_fraction=0).fit(*data)


def test_a_loss_that_cannot_weigh_says_what_can(data):
    class Odd(nn.Module):
        def forward(self, output, y):
            return nn.functional.multi_margin_loss(output, y.long())

    weight = np.linspace(0.5, 1, 120)
    with pytest.raises(ValueError, match=r"'Odd' cannot weigh.*CrossEntropyLoss"):
        quick(classifier(criterion=Odd)).fit(*data, sample_weight=weight)


# Networks that are refused


def test_a_tanh_network_is_refused_and_the_module_named(data):
    net = nn.Sequential(nn.Linear(8, 10), nn.ReLU(), nn.Linear(10, 5), nn.Tanh(), nn.Linear(5, 3))
    with pytest.raises(NotPiecewiseLinearError, match=r"'3' \(Tanh\).*activation_rule='secant'"):
        quick(net).fit(*data)
    with pytest.raises(ValueError, match="Tanh"):
        quick(net, prefit=True).fit(*data)


@pytest.mark.parametrize("prefit", [False, True])
def test_a_tanh_mlp_is_refused(data, prefit):
    mlp = MLPClassifier((6,), activation="tanh", max_iter=3)
    if prefit:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            mlp.fit(*data)
    for rule in ("exact", "secant"):
        with pytest.raises(ValueError, match=r"activation='tanh' of MLPClassifier.*whatever"):
            quick(mlp, prefit=prefit, activation_rule=rule).fit(*data)


def test_a_wrong_network_is_refused_before_it_is_trained(data, monkeypatch):
    """Minutes of training must not go by before the network turns out to be of the wrong kind."""
    net = nn.Sequential(nn.Linear(8, 10), nn.Tanh(), nn.Linear(10, 3))
    epochs = []

    class Count(Callback):
        def on_epoch_end(self, net, **kwargs):
            epochs.append(1)

    with pytest.raises(NotPiecewiseLinearError):
        quick(classifier(net, callbacks=[Count()])).fit(*data)
    assert epochs == []


@pytest.mark.parametrize(
    "estimator",
    [LogisticRegression(), LogisticRegression, "relu", 3, skorch.NeuralNetClassifier],
)
def test_what_is_not_a_network_is_refused(data, estimator):
    with pytest.raises(TypeError, match="is not a network; pass None, a skorch net, a torch mod"):
        quick(estimator).fit(*data)


def test_a_module_without_parameters_is_refused_by_name(data):
    with pytest.raises(ValueError, match=r"ReLU.*no parameters|no parameters.*ReLU"):
        quick(nn.ReLU).fit(*data)


@pytest.mark.parametrize("estimator", [MLP, None, classifier(**SIZES), MLPClassifier()])
def test_prefit_needs_something_fitted(data, estimator):
    with pytest.raises(ValueError, match="fitted"):
        quick(estimator, prefit=True).fit(*data)


def test_a_net_with_too_few_outputs(data):
    with pytest.raises(ValueError, match="the network has 2 outputs, but y has 3 classes"):
        quick(relu_network(8, 6, 2), prefit=True).fit(*data)


def test_a_module_with_too_few_outputs_is_refused_before_it_is_trained(data):
    net = nn.Sequential(nn.Linear(8, 6), nn.ReLU(), nn.Linear(6, 2))
    with pytest.raises(ValueError, match="the network has 2 outputs, but y has 3 classes"):
        quick(net).fit(*data)


def test_a_net_for_other_columns(data):
    """torch's own "mat1 and mat2 shapes cannot be multiplied (2x8 and 5x6)" is no message."""
    with pytest.raises(ValueError, match=r"8 (columns|features)"):
        quick(relu_network(5, 6, 3), prefit=True).fit(*data)


def test_networks_have_parameters_of_their_own(data):
    """Three networks from one instance start from three draws, or there would be one."""
    selector = quick(FixedMLP(), n_networks=3, max_epochs=1).fit(*data)
    first = [net.module_.core.hidden.weight for net in selector.estimator_.estimators_]
    assert not torch.allclose(first[0], first[1])
    assert not torch.allclose(first[1], first[2])


def test_a_deep_copy_of_the_selector_shares_nothing(data):
    net, y = answering(data.X, 10)
    selector = quick(net, prefit=True).fit(data.X, y)
    twin = copy.deepcopy(selector)
    with torch.no_grad():
        net[0].weight.zero_()
    assert np.abs(twin.contributions(data.X).terms).max() > 0
    assert isinstance(twin, DeepLIFFTSelector)
