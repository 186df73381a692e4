"""Networks that cannot be built, trained or read: each is refused by name, and left as it was."""

import re
from functools import partial

import numpy as np
import pytest
import skorch
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier, MLPRegressor
from torch import nn

from sklearn_deeplifft import (
    DeepLIFFTSelector,
    GIATransformer,
    NetworkEnsembleClassifier,
    NetworkEnsembleRegressor,
)
from sklearn_deeplifft.exceptions import TrainingDivergedError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 4)).astype(np.float32)
y = (X[:, 0] > 0).astype(int)


class Answers(nn.Module):
    def __init__(self, spoil, n=2):
        super().__init__()
        self.inner = nn.Linear(4, n)
        self.spoil = spoil

    def forward(self, x):
        return self.spoil(self.inner(x))


SPOILT = {
    "whole numbers": (lambda z: z.int(), TypeError, "returned torch.int32; logits are real"),
    "truth values": (lambda z: z > 0, TypeError, "returned torch.bool"),
    "complex": (lambda z: z.to(torch.complex64), TypeError, "returned torch.complex64"),
    "too few rows": (lambda z: z[:1], ValueError, r"returned shape \(1, 2\) for"),
    "no rows": (lambda z: z[:0], ValueError, r"returned shape \(0, 2\) for"),
    "no columns": (lambda z: z[:, :0], ValueError, r"returned shape \(\d+, 0\) for"),
    "a pair": (lambda z: (z, z), TypeError, "returned tuple"),
}


@pytest.mark.parametrize(("spoil", "kind", "message"), SPOILT.values(), ids=SPOILT)
def test_what_are_no_logits_of_these_rows_is_refused(spoil, kind, message):
    network = Answers(spoil)
    with pytest.raises(kind, match=message):
        NetworkEnsembleClassifier(network, n_networks=1, max_epochs=1).fit(X, y)
    for selector in (DeepLIFFTSelector, GIATransformer):
        with pytest.raises(kind, match=message):
            selector(network, prefit=True).fit(X, y)


@pytest.mark.parametrize("name", ["whole numbers", "truth values", "too few rows", "no columns"])
def test_so_it_is_of_a_skorch_net_whose_training_failed_for_it(name):
    spoil, _, message = SPOILT[name]
    net = skorch.NeuralNetClassifier(Answers, module__spoil=spoil, max_epochs=1)
    with pytest.raises(ValueError, match=message):
        NetworkEnsembleClassifier(net, n_networks=1).fit(X, y)


def test_a_class_that_asks_for_more_than_sizes_is_told_what_it_was_given():
    with pytest.raises(TypeError, match=r"cannot be built by Linear\(\): .*in_features"):
        NetworkEnsembleClassifier(nn.Linear, n_networks=1).fit(X, y)
    with pytest.raises(TypeError, match="module=None is neither a torch module nor"):
        NetworkEnsembleClassifier(skorch.NeuralNetClassifier(None), n_networks=1).fit(X, y)


@pytest.mark.parametrize(
    "wrap", [lambda m: m, lambda m: skorch.NeuralNetClassifier(m, max_epochs=1)]
)
def test_a_frozen_module_is_not_trained(wrap):
    module = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2)).requires_grad_(False)
    with pytest.raises(ValueError, match="cannot be trained: none of its outputs depends"):
        NetworkEnsembleClassifier(wrap(module), n_networks=1).fit(X, y)
    assert GIATransformer(module, prefit=True).fit(X, y).ranking_.min() == 1


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("selector", [DeepLIFFTSelector, GIATransformer])
def test_fitted_weights_that_are_not_finite_are_named(selector, value):
    module = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    module[2].bias.data[1] = value
    with pytest.raises(ValueError, match=r"'2.bias' of the fitted network holds NaN or infinity"):
        selector(module, prefit=True).fit(X, y)
    mlp = MLPClassifier((3,), max_iter=1, tol=1e9).partial_fit(X, y, classes=[0, 1])
    mlp.coefs_[0][0, 0] = value
    with pytest.raises(ValueError, match="weights of the fitted MLPClassifier hold NaN"):
        selector(mlp, prefit=True).fit(X, y)


def test_answers_that_are_not_finite_are_no_effects():
    with pytest.raises(ValueError, match="not finite, though no value of X is larger than"):
        GIATransformer(Answers(lambda z: z / 0), prefit=True).fit(X, y)
    with pytest.raises(ValueError, match="terms of some rows are not finite"):
        DeepLIFFTSelector(Answers(lambda z: z / 0), prefit=True).fit(X, y)


def test_weights_that_hold_nothing_are_refused():
    module = nn.Linear(4, 2).to("meta")
    with pytest.raises(ValueError, match="'weight' of the module holds no numbers"):
        NetworkEnsembleClassifier(module, n_networks=1).fit(X, y)
    with pytest.raises(ValueError, match=r"of the module holds no numbers \(it is uninitialised"):
        DeepLIFFTSelector(nn.LazyLinear(2), prefit=True).fit(X, y)


def test_lazy_layers_are_trained_and_leave_the_generator_alone():
    lazy = nn.Sequential(nn.LazyLinear(3), nn.ReLU(), nn.LazyLinear(2))
    before = torch.get_rng_state()
    selector = DeepLIFFTSelector(
        NetworkEnsembleClassifier(lazy, n_networks=1, max_epochs=1, random_state=0), step=None
    )
    assert selector.fit(X, y).ranking_.min() == 1
    assert torch.equal(torch.get_rng_state(), before)


def test_networks_of_another_task_are_refused():
    classifier = skorch.NeuralNetClassifier(Answers, module__spoil=nn.Identity(), max_epochs=1)
    with pytest.raises(ValueError, match="answers a classification"):
        NetworkEnsembleRegressor(classifier, n_networks=1).fit(X, X[:, 0])
    with pytest.raises(ValueError, match="answers a regression"):
        NetworkEnsembleClassifier(MLPRegressor(), n_networks=1).fit(X, y)
    for selector in (DeepLIFFTSelector, GIATransformer):
        with pytest.raises(ValueError, match="y looks continuous"):
            selector(classifier).fit(X, X[:, 0])
        with pytest.raises(ValueError, match="a regression needs numbers"):
            selector(MLPRegressor()).fit(X, np.where(y, "a", "b"))


def test_a_criterion_for_classes_is_told_of_several_labels():
    net = skorch.NeuralNetClassifier(Answers, module__spoil=nn.Identity(), max_epochs=1)
    with pytest.raises(ValueError, match="NLLLoss, compares outputs with one class"):
        NetworkEnsembleClassifier(net, n_networks=1).fit(X, np.stack([y, 1 - y], axis=1))


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_a_perceptron_whose_fit_failed_is_not_fitted(kind):
    mlp = kind(hidden_layer_sizes=(3,))
    with pytest.raises(ValueError, match="NaN"):
        mlp.fit(X * np.nan, y)
    with pytest.raises(ValueError, match="is not fitted yet"):
        DeepLIFFTSelector(mlp, prefit=True).fit(X, y)


def test_a_fitted_perceptron_survives_a_grid_search_frozen():
    mlp = MLPClassifier((3,), solver="lbfgs").fit(X, y)

    def search(network):
        selector = DeepLIFFTSelector(network, prefit=True, score_on="all")
        grid = {"n_features_to_select": [1, 2]}
        return GridSearchCV(selector, grid, cv=2, scoring=lambda *_: 0.0, error_score="raise")

    wanted = r"this MLPClassifier is not fitted yet; .*GridSearchCV, .*FrozenEstimator\(network\)"
    with pytest.raises(NotFittedError, match=wanted):
        search(mlp).fit(X, y)
    assert search(FrozenEstimator(mlp)).fit(X, y).best_params_ == {"n_features_to_select": 1}


@pytest.mark.parametrize("reading", [DeepLIFFTSelector, GIATransformer])
def test_a_perceptron_that_answers_an_exponential_is_refused_before_it_trains(reading, monkeypatch):
    """Its last layer holds the logarithm of what it predicts."""
    counts = np.round(np.exp(X[:, 0]))
    mlp = MLPRegressor(loss="poisson", hidden_layer_sizes=(3,), solver="lbfgs", random_state=0)
    fitted = clone(mlp).fit(X, counts)
    np.testing.assert_allclose(_last_layer(fitted, X), np.log(fitted.predict(X)), rtol=1e-5)
    with pytest.raises(ValueError, match="loss='poisson' of MLPRegressor makes it answer"):
        reading(fitted, prefit=True).fit(X, counts)
    monkeypatch.setattr(MLPRegressor, "fit", None)
    for unread in (mlp, fitted):
        with pytest.raises(ValueError, match=r"logarithm of y. Train it by loss='squared_error'"):
            NetworkEnsembleRegressor(unread, n_networks=1).fit(X, counts)
        with pytest.raises(ValueError, match="loss='poisson'"):
            reading(NetworkEnsembleRegressor(unread, n_networks=1)).fit(X, counts)


def _last_layer(mlp, rows):
    inner, outer = mlp.coefs_
    return (np.maximum(rows @ inner + mlp.intercepts_[0], 0) @ outer + mlp.intercepts_[1])[:, 0]


def test_columns_of_zeros_do_not_make_probabilities_of_logits():
    """A network on zeros answers its bias wherever it is asked, which may lie between 0 and 1."""
    network = Answers(nn.Identity(), n=1)
    table = np.zeros((40, 4), dtype=np.float32)
    table[0] = 1e-30
    ensemble = NetworkEnsembleClassifier(network, n_networks=4, max_epochs=1, random_state=0)
    assert ensemble.fit(table, y).predict_proba(table).shape == (40, 2)


class Wide(nn.Module):
    """Numbers of outputs for each row; ``flat`` returns the first of them alone, (n,)."""

    def __init__(self, n, flat=False):
        super().__init__()
        self.inner = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, n))
        self.flat = flat

    def forward(self, x):
        z = self.inner(x)
        return z[:, 0] if self.flat else z


def counting():
    """A callback, and the list of what its copies have seen: whether a batch was trained on."""
    seen = []

    class Steps(skorch.callbacks.Callback):
        def on_batch_end(self, net, training=False, **kwargs):
            seen.append(training)

    return Steps(), seen


def regressing(criterion, n, cls=skorch.NeuralNetRegressor, **params):
    module = {f"module__{name}": value for name, value in params.items()}
    return cls(Wide, module__n=n, criterion=criterion, max_epochs=1, verbose=0, **module)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "loss", [nn.MSELoss, nn.L1Loss, nn.SmoothL1Loss, nn.HuberLoss, nn.PoissonNLLLoss]
)
@pytest.mark.parametrize(
    ("n_outputs", "n_targets", "flat", "said"),
    [
        (2, 1, False, "returns 2 numbers per row, but y asks for 1"),
        (3, 1, False, "returns 3 numbers per row, but y asks for 1"),
        (1, 2, False, "returns 1 number per row, but y asks for 2"),
        (2, 2, True, "returns 1 number per row, but y asks for 2"),
    ],
)
@pytest.mark.parametrize("cls", [skorch.NeuralNetRegressor, skorch.NeuralNet])
def test_outputs_are_as_many_as_targets_before_a_net_trains(
    loss, n_outputs, n_targets, flat, said, cls
):
    """Torch would compare each with each, warn, and train."""
    callback, steps = counting()
    net = regressing(loss, n_outputs, cls, flat=flat).set_params(callbacks=[callback])
    targets = X[:, 0] if n_targets == 1 else X[:, :n_targets]
    with pytest.raises(ValueError, match=said):
        NetworkEnsembleRegressor(net, n_networks=1).fit(X, targets)
    assert steps == []


SILENT = (nn.PoissonNLLLoss, nn.KLDivLoss, nn.MultiLabelSoftMarginLoss, nn.HingeEmbeddingLoss)
"""Losses that make pairs of what differs in shape, without a warning."""


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("loss", "n_outputs", "said"),
    [
        (nn.BCEWithLogitsLoss, 1, r"shape \(36, 1\), targets \(36,\).*\(squeeze\(-1\)\) from"),
        *((c, 1, r"Loss, compares .*shape \(36, 1\), targets \(36,\)") for c in SILENT),
        (nn.BCEWithLogitsLoss, 2, "BCEWithLogitsLoss, compares.*Give .*CrossEntropyLoss, which"),
        (nn.NLLLoss, 2, "NLLLoss, the logarithms of what forward returns.*below 0, .*Softmax"),
    ],
)
def test_a_classifiers_outputs_are_what_its_criterion_takes(loss, n_outputs, said):
    """Logits under skorch's own default would be NaN after the first step."""
    callback, steps = counting()
    net = regressing(loss, n_outputs, skorch.NeuralNetClassifier).set_params(callbacks=[callback])
    with pytest.raises(ValueError, match=said):
        NetworkEnsembleClassifier(net, n_networks=1).fit(X, y)
    assert steps == []


@pytest.mark.parametrize(
    "loss",
    [nn.BCEWithLogitsLoss, nn.BCEWithLogitsLoss(), partial(nn.BCEWithLogitsLoss, reduction="sum")],
    ids=["class", "instance", "partial"],
)
@pytest.mark.parametrize("cls", [skorch.NeuralNetBinaryClassifier, skorch.NeuralNetClassifier])
def test_a_binary_loss_is_given_numbers_however_it_is_handed_over(loss, cls):
    net = regressing(loss, 1, cls, flat=True).set_params(batch_size=40)
    trained = NetworkEnsembleClassifier(net, n_networks=1).fit(X, y).estimators_[0]
    assert np.isfinite(trained.history[-1]["train_loss"])


class OwnOfClasses(nn.Module):
    def forward(self, z, targets):
        return nn.functional.cross_entropy(z, targets)


class OwnBinary(nn.Module):
    def forward(self, z, targets):
        return nn.functional.binary_cross_entropy_with_logits(z, targets)


@pytest.mark.parametrize("form", [lambda c: c, lambda c: c(), partial], ids=["class", "it", "part"])
@pytest.mark.parametrize(
    ("loss", "labels", "handed"),
    [
        (nn.MultiMarginLoss, np.int64, torch.int64),
        (OwnOfClasses, np.int64, torch.int64),
        (OwnOfClasses, bool, torch.int64),
        (OwnOfClasses, str, torch.int64),
        (OwnBinary, np.float32, torch.float32),
        (OwnBinary, float, torch.float32),
    ],
)
def test_a_criterion_is_handed_targets_that_it_trains_on_alone(form, loss, labels, handed):
    seen = []

    class Own(skorch.NeuralNetClassifier):
        def get_loss(self, y_pred, y_true, *args, **kwargs):
            seen.append(y_true.dtype)
            return super().get_loss(y_pred, y_true, *args, **kwargs)

    binary = loss is OwnBinary
    net = regressing(form(loss), 1 if binary else 2, Own, flat=binary)
    net.set_params(callbacks__valid_acc=None)  # skorch predicts no classes from one output
    NetworkEnsembleClassifier(net, n_networks=1).fit(X, y.astype(labels))
    assert set(seen) == {handed}
    if np.dtype(labels).kind in "if":  # those that skorch can train on
        net.set_params(train_split=None).fit(X, y.astype(labels))


@pytest.mark.parametrize("loss", [nn.CrossEntropyLoss, nn.CrossEntropyLoss(), nn.MultiMarginLoss])
@pytest.mark.parametrize("flat", [True, False])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_binary_classifier_has_no_outputs_for_a_criterion_of_classes(loss, flat, n_classes):
    callback, steps = counting()
    net = regressing(loss, 1, skorch.NeuralNetBinaryClassifier, flat=flat)
    net.set_params(callbacks=[callback])
    said = r"Loss, compares an output per class .*shape \(36,\).* skorch.NeuralNetCl.*BCEWith"
    with pytest.raises(ValueError, match=said):
        NetworkEnsembleClassifier(net, n_networks=1).fit(X, np.arange(len(X)) % n_classes)
    assert steps == []


@pytest.mark.parametrize("loss", [nn.CrossEntropyLoss, nn.BCEWithLogitsLoss])
def test_a_binary_classifier_takes_one_output(loss):
    net = regressing(loss, 2, skorch.NeuralNetBinaryClassifier)
    with pytest.raises(ValueError, match=r"returns 2 numbers per row, .* takes one.*CrossEntropy"):
        NetworkEnsembleClassifier(net, n_networks=1).fit(X, y)


def test_a_binary_classifier_may_make_an_output_per_class_itself():
    class Own(skorch.NeuralNetBinaryClassifier):
        def get_loss(self, y_pred, y_true, *args, **kwargs):
            return self.criterion_(torch.stack([-y_pred, y_pred], dim=1), y_true.long())

    net = regressing(nn.CrossEntropyLoss, 1, Own).set_params(callbacks__valid_acc=None)
    assert len(NetworkEnsembleClassifier(net, n_networks=1).fit(X, y).estimators_) == 1


class OwnMargin(nn.Module):
    def forward(self, z, targets):
        return (1 - z * targets).clamp(min=0).mean()


def signed(loss):
    net = regressing(loss, 1, skorch.NeuralNetClassifier, flat=True)
    # skorch predicts no classes from one output.
    return net.set_params(max_epochs=60, lr=0.2, batch_size=10, callbacks__valid_acc=None)


@pytest.mark.parametrize("loss", [nn.SoftMarginLoss, OwnMargin])
@pytest.mark.parametrize("dtype", [np.int64, np.float32])
def test_a_margin_is_learned_from_labels_of_both_signs(loss, dtype):
    labels = (2 * y - 1).astype(dtype)
    ensemble = NetworkEnsembleClassifier(signed(loss), n_networks=2, random_state=0)
    assert ensemble.fit(X, labels).score(X, labels) > 0.9


def test_a_margin_is_not_learned_from_zeros():
    with pytest.raises(ValueError, match=r"SoftMarginLoss, compares.* -1 and 1, .*BCEWith"):
        NetworkEnsembleClassifier(signed(nn.SoftMarginLoss), n_networks=1).fit(X, y)


@pytest.mark.parametrize(("loss", "flat"), [(nn.BCEWithLogitsLoss, True), (nn.NLLLoss, False)])
def test_a_classifier_that_fits_its_criterion_is_trained(loss, flat):
    class Fitting(Wide):
        def forward(self, x):
            z = super().forward(x)
            return z if self.flat else z.softmax(-1)

    net = regressing(loss, 2, skorch.NeuralNetClassifier, flat=flat).set_params(module=Fitting)
    trained = NetworkEnsembleClassifier(net, n_networks=1).fit(X, y).estimators_[0]
    assert not trained.criterion_._forward_pre_hooks


@pytest.mark.parametrize("shift", [10.0, torch.nan])
def test_what_is_no_probability_is_told_before_its_logarithm_trains(shift):
    class Shifted(Wide):
        def forward(self, x):
            return super().forward(x) + shift

    net = regressing(nn.NLLLoss, 2, skorch.NeuralNetClassifier).set_params(module=Shifted)
    with pytest.raises(ValueError, match="above 1 or NaN"):
        NetworkEnsembleClassifier(net, n_networks=1).fit(X, y)


@pytest.mark.parametrize(
    ("cls", "loss"),
    [(skorch.NeuralNetClassifier, nn.NLLLoss), (skorch.NeuralNet, nn.BCEWithLogitsLoss)],
)
def test_a_net_hands_its_criterion_what_it_likes(cls, loss):
    class Own(cls):
        def get_loss(self, y_pred, y_true, *args, **kwargs):
            if loss is nn.NLLLoss:
                return self.criterion_(target=y_true, input=y_pred.log_softmax(-1))
            return self.criterion_(input=y_pred[:, 1], target=y_true.float())

    net = regressing(loss, 2, Own)
    trained = NetworkEnsembleClassifier(net, n_networks=1).fit(X, y).estimators_[0]
    assert len(trained.history) == 1


@pytest.mark.parametrize(
    ("given", "said"),
    [({"lr": 1e38}, "lr=1e+38"), ({"optimizer__lr": 1e38}, "optimizer__lr=1e+38")],
)
def test_what_to_lower_is_the_learning_rate_of_the_network(given, said):
    net = regressing(nn.CrossEntropyLoss, 2, skorch.NeuralNetClassifier).set_params(**given)
    said = re.escape(f"the learning rate that the network itself sets ({said})")
    with pytest.raises(TrainingDivergedError, match=said):
        NetworkEnsembleClassifier(net.set_params(max_epochs=20), n_networks=1).fit(X, y)


@pytest.mark.filterwarnings("ignore")  # of overflows, and of training that has not converged
def test_of_a_perceptron_as_well():
    mlp = MLPRegressor(hidden_layer_sizes=(3,), solver="sgd", learning_rate_init=1e10)
    with pytest.raises(TrainingDivergedError, match=r"sets \(learning_rate_init=10000000000.0\)"):
        NetworkEnsembleRegressor(mlp, n_networks=1, random_state=0).fit(X, X[:, 0])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("n", "flat", "n_targets"), [(1, False, 1), (2, True, 1), (2, False, 2)])
def test_outputs_that_fit_are_trained_and_nothing_stays_on_the_net(n, flat, n_targets):
    callback, steps = counting()
    net = regressing(nn.MSELoss, n, flat=flat).set_params(callbacks=[callback])
    targets = X[:, 0] if n_targets == 1 else X[:, :n_targets]
    ensemble = NetworkEnsembleRegressor(net, n_networks=1).fit(X, targets)
    assert True in steps
    trained = ensemble.estimators_[0]
    assert "on_train_begin" not in vars(trained)
    assert not trained.criterion_._forward_pre_hooks
    assert ensemble.predict(X).shape == targets.shape
