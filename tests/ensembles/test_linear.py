"""Members without a hidden layer: which they are, how they are trained, what is read of them."""

import math
import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.special import expit, softmax
from sklearn.neural_network import MLPClassifier
from torch import nn

from sklearn_deeplifft import (
    DeepLIFFTSelector,
    GIATransformer,
    ImportanceNeuronSelector,
    NetworkEnsembleClassifier,
    NetworkEnsembleRegressor,
)
from sklearn_deeplifft.ensembles import Split, _linear, network_count
from sklearn_deeplifft.ensembles._linear import linear_settings, with_linear_members
from sklearn_deeplifft.ensembles._random_streams import RandomStream
from sklearn_deeplifft.exceptions import CheckpointWarning
from sklearn_deeplifft.networks import GatePenalty, GateSettings, NetworkSettings
from tests.conftest import MLP, counted_trainings, planted
from tests.ensembles._cases import SETTINGS, assigned, case, digests, together

SMALL = {
    "n_networks": 3,
    "linear_share": 1 / 3,
    "hidden_layer_sizes": (8,),
    "learning_rate": 0.02,
    "batch_size": 64,
    "max_epochs": 4,
    "path_steps": 12,
    "max_steps": 40,
    "random_state": 0,
}
"""Two small networks on a short path, and a third without a hidden layer."""


def small(kind=NetworkEnsembleClassifier, **params):
    return kind(**{**SMALL, **params})


def cores(ensemble) -> list[nn.Module]:
    return [net.module_.core for net in ensemble.estimators_]


def linears(core) -> list[tuple[int, int]]:
    return [(m.in_features, m.out_features) for m in core if isinstance(m, nn.Linear)]


def is_linear(ensemble) -> list[bool]:
    return [len(linears(core)) == 1 for core in cores(ensemble)]


def weights(ensemble) -> list[bytes]:
    return [
        value.numpy().tobytes() for core in cores(ensemble) for value in core.state_dict().values()
    ]


@pytest.fixture(scope="module")
def data():
    return planted(n=100)


@pytest.fixture(scope="module")
def fitted(data):
    return small().fit(*data)


# Which networks


def dealt(n: int, share: float) -> list[bool]:
    splits = [Split(np.arange(5), np.arange(2), i) for i in range(n)]
    found = with_linear_members(splits, share, SETTINGS, 5, None)
    for before, after in zip(splits, found, strict=True):
        assert after._replace(settings=None) == before
    return [split.settings is not None for split in found]


@pytest.mark.parametrize("n", range(1, 19))
def test_a_share_of_the_networks_is_linear_evenly_dealt(n):
    assert dealt(n, 0.0) == [False] * n
    assert dealt(n, 1.0) == [True] * n
    assert dealt(n, 1 / 3) == [i % 3 == 2 for i in range(n)]
    for share in (0.1, 0.25, 0.5, 0.8):
        found = dealt(n, share)
        for m in range(n + 1):  # of the first m networks, whatever m
            assert sum(found[:m]) == math.floor(m * share)


@pytest.mark.parametrize(("share", "expected"), [(0.0, 0), (0.5, 2), (1.0, 4)])
def test_they_have_one_layer(data, share, expected):
    ensemble = small(n_networks=4, linear_share=share).fit(*data)
    assert sum(is_linear(ensemble)) == expected
    for core, linear in zip(cores(ensemble), is_linear(ensemble), strict=True):
        assert linears(core) == ([(8, 3)] if linear else [(8, 8), (8, 3)])
        assert not linear or [type(m) for m in core] == [nn.Linear]  # no dropout, no noise


def test_by_default_no_ensemble_has_any_and_a_third_of_the_selectors_networks_are():
    assert NetworkEnsembleClassifier().linear_share == NetworkEnsembleRegressor().linear_share == 0
    assert DeepLIFFTSelector.default_estimator().linear_share == 1 / 3
    assert DeepLIFFTSelector.default_estimator("regression").linear_share == 1 / 3
    assert ImportanceNeuronSelector.default_estimator().linear_share == 0
    assert GIATransformer.default_estimator().linear_share == 0
    default = DeepLIFFTSelector.default_estimator()
    for n in {network_count(default, n_rows) for n_rows in (10, 10_000)}:
        assert sum(dealt(n, 1 / 3)) == n // 3


def test_the_papers_networks_have_hidden_layers_and_no_bound_on_steps():
    for kind, sizes in (
        (DeepLIFFTSelector, (200, 100)),
        (ImportanceNeuronSelector, (128, 128, 128)),
    ):
        ensemble = kind.paper_parameters()["estimator"]
        assert ensemble.linear_share == 0
        assert ensemble.hidden_layer_sizes == sizes
        assert ensemble.max_steps is None


# How they are trained


def test_their_settings():
    given = NetworkSettings(
        (9, 4),
        dropout=0.3,
        noise=0.1,
        l2=0.2,
        learning_rate=0.004,
        weight_decay=0.01,
        batch_size=32,
        max_epochs=15,
        epoch_steps=2,
        gates=GateSettings((0, 1, 1), path_steps=70),
    )
    found = linear_settings(given, n_training=90, max_steps=None)
    assert found == replace(
        given,
        hidden_layer_sizes=(),
        dropout=0.0,
        noise=0.0,
        learning_rate=0.01,
        max_epochs=67,  # of 3 steps: 200 of these
        epoch_steps=None,
        patience=None,
        falling=True,
        gates=replace(given.gates, penalty=0.0),
    )
    assert linear_settings(replace(given, gates=None), 90, None).gates is None


@pytest.mark.parametrize(
    ("n_training", "max_steps", "epochs"),
    [
        (32, None, 200),
        (33, None, 100),
        (90, 1000, 67),
        (90, 7, 3),  # ends with the epoch in which they are reached
        (90, 1, 1),
        (64_000, None, 1),
    ],
)
def test_they_take_so_many_steps_whatever_the_number_of_rows(n_training, max_steps, epochs):
    settings = NetworkSettings((9,), batch_size=32, max_epochs=2)
    assert linear_settings(settings, n_training, max_steps).max_epochs == epochs


def written_out(data, settings, part, step_sizes):
    """Adam from its formula in float64, on the gradient of mean cross entropy."""
    m = data.table.moments
    X = (np.asarray(data.table.rows.take(np.arange(90)), float) - m.mean) / m.scale
    Y = np.eye(3)[data.table.targets.numpy()]
    with torch.random.fork_rng():
        torch.manual_seed(part.seed)
        layer = nn.Linear(5, 3)
        stream = RandomStream(part.seed, torch.get_rng_state())
    w = np.hstack([layer.weight.detach().double().numpy(), layer.bias.detach().double()[:, None]])
    first, second, k, n = np.zeros_like(w), np.zeros_like(w), 0, len(part.training)
    while k < len(step_sizes):
        order = part.training[stream.permutation(n).numpy()]
        for start in range(0, n, settings.batch_size):
            rows = order[start : start + settings.batch_size]
            Z = np.hstack([X[rows], np.ones((len(rows), 1))])
            p = softmax(Z @ w.T, axis=1)
            g = (p - Y[rows]).T @ Z / len(rows) + settings.weight_decay * w
            first, second = 0.9 * first + 0.1 * g, 0.999 * second + 0.001 * g**2
            up, size = first / (1 - 0.9 ** (k + 1)), np.sqrt(second / (1 - 0.999 ** (k + 1)))
            w = w - step_sizes[k] * up / (size + 1e-8)
            k += 1
    return w


@pytest.mark.parametrize("falling", [False, True])
def test_falling_steps_are_the_loop_written_out(falling):
    data, parts = case(), assigned(3)
    settings = replace(linear_settings(SETTINGS, 72, 30), falling=falling, weight_decay=0.01)
    T = settings.max_epochs * 5
    assert T == 30
    rates = settings.learning_rate * (1 - np.arange(T) / T if falling else np.ones(T))
    for trained, part in zip(together(data, settings, parts), parts, strict=True):
        (layer,) = trained.core
        found = np.hstack([layer.weight.detach().numpy(), layer.bias.detach().numpy()[:, None]])
        np.testing.assert_allclose(found, written_out(data, settings, part, rates), atol=1e-5)


def test_falling_steps_leave_the_chance_of_the_sample_alone(monkeypatch):
    """Weights of columns that say nothing, beside their standard error at the minimum."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(10_000, 60)).astype(np.float32)
    y = X[:, 0] + rng.logistic(size=10_000) > 0
    information = expit(X[:, 0]) * expit(-X[:, 0])
    error = 1 / math.sqrt(9_000 * information.mean())  # a tenth of the rows is held out
    excess = []
    for _ in range(2):
        ensemble = NetworkEnsembleClassifier(n_networks=2, linear_share=1.0, random_state=0)
        ensemble.fit(X, y)
        # Of the difference between classes: where both weights begin is of no effect.
        sizes = [np.abs(np.diff(c[0].weight.detach().numpy(), axis=0)[0]) for c in cores(ensemble)]
        size = np.mean(sizes, 0)
        assert size.argmax() == 0
        excess.append(size[1:].mean() / (error * math.sqrt(2 / math.pi)))
        # And once more by steps of one size.
        steady = lambda *given: replace(linear_settings(*given), falling=False)  # noqa: E731
        monkeypatch.setattr(_linear, "linear_settings", steady)
    assert excess[0] < 1.1
    assert excess[1] > 1.5


def test_epochs_of_both_kinds(data):
    """100 rows less 10 held out, batches of 64: 2 steps an epoch."""
    ensemble = small(gates=None, gate_penalty="path", path_steps=150, max_epochs=4).fit(*data)
    assert [len(net.history) for net in ensemble.estimators_] == [4, 4, 20]
    unbounded = small(gates=None, path_steps=150, max_steps=None).fit(*data)
    assert [len(net.history) for net in unbounded.estimators_] == [4, 4, 100]


def test_they_reach_the_minimum_of_a_convex_loss():
    """The same fit in float64 by LBFGS, of the mean cross entropy alone."""
    X, y = planted(n=300)
    rng = np.random.default_rng(0)
    y = np.where(rng.random(300) < 0.4, rng.integers(3, size=300), y)  # the minimum is finite
    ensemble = small(
        linear_share=1.0, n_networks=1, max_steps=None, weight_decay=0.0, validation_fraction=0.0
    ).fit(X, y)
    net = ensemble.estimators_[0]
    Z, target = torch.as_tensor((X - X.mean(0)) / X.std(0)), torch.as_tensor(y)
    W = torch.zeros(3, 8, dtype=torch.float64, requires_grad=True)
    b = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    start = math.log(3)  # of equal probabilities
    optimizer = torch.optim.LBFGS([W, b], max_iter=100, line_search_fn="strong_wolfe")

    def loss():
        optimizer.zero_grad()
        found = nn.functional.cross_entropy(Z @ W.T + b, target)
        found.backward()
        return found

    optimizer.step(loss)
    least = loss().item()
    with torch.no_grad():
        z = net.module_(torch.as_tensor(X))
    reached = float(nn.functional.cross_entropy(z.double(), target))
    assert least < reached < least + 0.001 * (start - least)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"l2": 0.1},
        {"weight_decay": 0.05, "dropout": 0.5, "noise": 0.1},
        {"gates": "free", "gate_initial": "uniform"},
        {"gate_penalty": 0.3},
        {"gates": None},
        {"loss": "soft_f1"},
        {"validation_fraction": 0.0},
        {"standardize": False},
    ],
    ids=str,
)
def test_neither_threads_nor_neighbours_change_a_bit(data, changes):
    changes = {**changes, "n_networks": 6}
    if changes.get("gates", "tied") is None or "gate_penalty" in changes:
        changes = {**changes, "path_steps": 150}  # there is no path
    ensemble = small(**changes).fit(*data)
    assert is_linear(ensemble) == [False, False, True] * 2
    assert weights(small(**changes, n_jobs=2).fit(*data)) == weights(ensemble)
    # The networks between them are those of an ensemble without linear ones.
    plain = small(**{**changes, "linear_share": 0.0}).fit(*data)
    for i in (0, 1, 3, 4):
        for name, value in cores(plain)[i].state_dict().items():
            assert torch.equal(cores(ensemble)[i].state_dict()[name], value)


def test_each_is_what_it_would_be_in_a_batch_of_its_own_kind():
    data = case()
    parts = assigned(6)
    mixed = with_linear_members(parts, 1 / 3, SETTINGS, 72, 30)
    own = linear_settings(SETTINGS, 72, 30)
    found = digests(together(data, SETTINGS, mixed))
    assert [found[i] for i in (2, 5)] == digests(together(data, own, [parts[2], parts[5]]))
    others = [parts[i] for i in (0, 1, 3, 4)]
    assert [found[i] for i in (0, 1, 3, 4)] == digests(together(data, SETTINGS, others))


def test_checkpoints_resume_with_equal_bits(data, tmp_path, monkeypatch):
    plain = small().fit(*data)
    first = small(checkpoint_dir=tmp_path).fit(*data)
    kept = sorted(tmp_path.glob("*.npz"))
    assert len(kept) == 3
    for path in kept[1:]:  # one with a hidden layer, and the one without
        path.unlink()
    with counted_trainings(monkeypatch) as calls:
        resumed = small(checkpoint_dir=tmp_path).fit(*data)
    assert len(calls) == 2
    with counted_trainings(monkeypatch) as calls:
        read = small(checkpoint_dir=tmp_path).fit(*data)
    assert len(calls) == 0
    for ensemble in (first, resumed, read):
        assert weights(ensemble) == weights(plain)
    for a, b in zip(read._networks, plain._networks, strict=True):
        assert all(torch.equal(x, y) for x, y in zip(a.gates, b.gates, strict=True))
    # A network of another kind is another network.
    foreign = pytest.warns(CheckpointWarning, match="made from other data or settings")
    with counted_trainings(monkeypatch) as calls, foreign:
        small(checkpoint_dir=tmp_path, linear_share=1.0).fit(*data)
    assert len(calls) == 2


# What is read of them


def test_gates_are_read_and_close_nothing(fitted):
    for trained, linear in zip(fitted._networks, is_linear(fitted), strict=True):
        gates = trained.gates
        if linear:
            norms = trained.core[0].weight.norm(dim=0)
            torch.testing.assert_close(gates.effective, norms)
            torch.testing.assert_close(gates.path, norms / norms.sum())
            assert torch.isinf(gates.exit).all()
        torch.testing.assert_close(float(gates.path.double().sum()), 1.0)


def test_gates_are_read_after_the_epoch_that_is_kept_alone(data, monkeypatch):
    epochs, read = [], GatePenalty.after_epoch

    def counted(self, W, g, better):
        epochs.append(self.step)
        return read(self, W, g, better)

    monkeypatch.setattr(GatePenalty, "after_epoch", counted)
    small(n_networks=1, linear_share=1.0).fit(*data)
    assert epochs == [40]  # of so many steps, two an epoch


def test_free_gates_stand_in_front(data):
    ensemble = small(gates="free").fit(*data)
    kinds = [[type(m).__name__ for m in core] for core in cores(ensemble)]
    assert kinds[2] == ["FeatureGate", "Linear"]
    assert kinds[0] == ["FeatureGate", "Linear", "ReLU", "Dropout", "Linear"]
    assert float(ensemble._networks[2].gates.gate.min()) >= 0


def test_without_gates_there_is_nothing_to_read(data):
    ensemble = small(gates=None, path_steps=150).fit(*data)
    assert is_linear(ensemble) == [False, False, True]
    assert all(trained.gates is None for trained in ensemble._networks)


def test_a_regression(data):
    y = 3 * data.X[:, 0] - data.X[:, 1] + 5
    ensemble = small(NetworkEnsembleRegressor, n_networks=6, max_steps=None, max_epochs=60)
    ensemble.fit(data.X, y)
    assert is_linear(ensemble) == [False, False, True] * 2
    for net, linear in zip(ensemble.estimators_, is_linear(ensemble), strict=True):
        if linear:  # in units of the target
            assert 1 - np.mean((net.predict(data.X)[:, 0] - y) ** 2) / y.var() > 0.98
    assert ensemble.score(data.X, y) > 0.9


def test_several_labels_at_once(data):
    Y = (data.X[:, :2] > 1).astype(int)
    ensemble = small(linear_share=0.5, n_networks=2, max_steps=None, max_epochs=40).fit(data.X, Y)
    assert is_linear(ensemble) == [False, True]
    assert ensemble.predict(data.X).shape == (100, 2)
    with torch.no_grad():
        z = ensemble.estimators_[1].module_(torch.as_tensor(data.X)).numpy()
    assert z.shape == (100, 2)
    assert ((z > 0) == Y).mean() > 0.9


def test_null_columns_are_read_by_both_kinds(data):
    ensemble = small(null_features=True).fit(*data)
    assert is_linear(ensemble) == [False, False, True]
    for trained in ensemble._networks:
        assert linears(trained.core)[0][0] == 8  # of the real columns alone
        assert linears(trained.as_trained.core)[0][0] == 16
        assert trained.as_trained.gates.path.shape == (16,)
    assert np.isfinite(ensemble.predict_proba(data.X)).all()


def test_an_ensemble_is_the_same_after_pickling(fitted, data):
    again = pickle.loads(pickle.dumps(fitted))
    assert weights(again) == weights(fitted)
    np.testing.assert_array_equal(again.predict_proba(data.X), fitted.predict_proba(data.X))


def test_predictions_are_means_over_both_kinds(fitted, data):
    with torch.no_grad():
        z = [net.module_(torch.as_tensor(data.X)).double() for net in fitted.estimators_]
    centred = torch.stack([logits - logits.mean(1, keepdim=True) for logits in z]).mean(0)
    np.testing.assert_allclose(
        fitted.predict_proba(data.X), centred.softmax(1).numpy(), rtol=1e-5, atol=1e-6
    )


# Refused


@pytest.mark.parametrize("network", [MLP, MLPClassifier()], ids=["module", "perceptron"])
def test_it_says_nothing_of_a_network_of_the_users_own(data, network):
    ensemble = NetworkEnsembleClassifier(network, linear_share=0.5, random_state=0)
    with pytest.raises(ValueError, match=r"^linear_share=0\.5 would be ignored: network="):
        ensemble.fit(*data)
    # Nor does a selector's own default: it is left out around such a network.
    assert DeepLIFFTSelector.default_estimator(network=network).linear_share == 0


@pytest.mark.parametrize("share", [-0.1, 1.1, "third", None, np.nan])
def test_a_share_is_a_number_from_zero_to_one(data, share):
    with pytest.raises(ValueError, match="'linear_share' parameter of NetworkEnsembleClassifier"):
        NetworkEnsembleClassifier(linear_share=share).fit(*data)
