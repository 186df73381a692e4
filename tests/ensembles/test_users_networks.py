"""Networks of a user's own do under us what they do under skorch alone."""

import copy
import pickle
from functools import partial

import numpy as np
import pytest
import skorch
import torch
from sklearn.base import clone
from skorch.callbacks import (
    Callback,
    Checkpoint,
    EarlyStopping,
    Freezer,
    GradientNormClipping,
    Initializer,
    LRScheduler,
    TrainEndCheckpoint,
    Unfreezer,
)
from skorch.dataset import Dataset
from skorch.helper import predefined_split
from torch import nn

from sklearn_deeplifft import (
    DeepLIFFTSelector,
    GIATransformer,
    ImportanceNeuronSelector,
    NetworkEnsembleClassifier,
)
from sklearn_deeplifft.networks import (
    GateSettings,
    NetworkSettings,
    TrainedNetwork,
    TrainingJob,
    TrainingTable,
    adapter_of,
)
from sklearn_deeplifft.tables import Problem, Rows, Scaling

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 5)).astype(np.float32)
Y = (X[:, :3] + 0.5 * RNG.normal(size=(60, 3))).argmax(1)
TRAINING, VALIDATION = np.arange(45), np.arange(45, 60)
MOMENTS = Scaling.straight(X.mean(0).astype(np.float64), X.std(0).astype(np.float64))
GATES = GateSettings(tuple(range(5)), tied=False, penalty=0.0)


class Two(nn.Module):
    """Layers a and b, a raw parameter, buffers, and an attribute that changes the outputs."""

    def __init__(self, n_features=5, n_outputs=3, width=8) -> None:
        super().__init__()
        self.a = nn.Linear(n_features, width)
        self.norm = nn.BatchNorm1d(width)
        self.b = nn.Linear(width, n_outputs)
        self.shift = nn.Parameter(torch.zeros(n_outputs))
        self.temperature = 1.0

    def forward(self, x):
        return self.b(torch.relu(self.norm(self.a(x)))) / self.temperature + self.shift


class Awkward(Two):
    """Has submodules of the names that our wrapper uses itself."""

    def __init__(self, **sizes) -> None:
        super().__init__(**sizes)
        self.core, self.gate, self.standardize = self.a, nn.Identity(), nn.Linear(3, 3)

    def forward(self, x):
        return self.standardize(self.gate(super().forward(x)))


class Anneal(Callback):
    """Changes an attribute of the module, as callbacks of users do."""

    def on_epoch_begin(self, net, **kwargs):
        net.module_.temperature = net.module_.temperature + 0.5


def net_of(module=Two, cls=skorch.NeuralNetClassifier, **params):
    given = {"max_epochs": 5, "lr": 0.1, "batch_size": 16, "iterator_train__shuffle": False}
    given = {"criterion": nn.CrossEntropyLoss, "verbose": 0, **given, **params}
    return cls(module, **given)


def alone(net, seed: int, rows=X, targets=Y):
    """Trained by skorch, without anything of ours."""
    targets = (
        targets.astype(np.float32) if isinstance(net, skorch.NeuralNetBinaryClassifier) else targets
    )
    held = Dataset(rows[VALIDATION], targets[VALIDATION])
    net = net.set_params(train_split=predefined_split(held))
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return net.fit(rows[TRAINING], targets[TRAINING])


def ours(net, seed: int, *, moments=None, gates=None, targets=Y, **settings) -> TrainedNetwork:
    single = isinstance(net, skorch.NeuralNetBinaryClassifier)
    y = torch.as_tensor(targets)
    table = TrainingTable(Rows(X), y.float() if single else y, torch.ones(60), moments)
    job = TrainingJob(
        Problem("softmax", 5, len(np.unique(targets))),
        NetworkSettings(gates=gates, max_epochs=3, **settings),
        table,
        training=TRAINING,
        validation=VALIDATION,
        columns=np.arange(5),
        seed=seed,
    )
    return adapter_of(net).train(job)


def weights(module: nn.Module) -> dict[str, np.ndarray]:
    return {name: t.detach().numpy().copy() for name, t in module.state_dict().items()}


def assert_same(found: nn.Module, expected: nn.Module, rtol: float = 0) -> None:
    one, other = weights(found), weights(expected)
    assert list(one) == list(other)
    for name, value in other.items():
        np.testing.assert_allclose(one[name], value, rtol=rtol, atol=rtol, err_msg=name)


def doubled(p):
    p.data.fill_(0.25)


SETTINGS = {
    "nothing": {},
    "a group that stands still": {"optimizer__param_groups": [("a.*", {"lr": 0.0})]},
    "two groups": {"optimizer__param_groups": [("a.*", {"lr": 0.02}), ("*.bias", {"lr": 0.3})]},
    "a group that matches nothing": {"optimizer__param_groups": [("z.*", {"lr": 0.0})]},
    "freezer": {"callbacks": [Freezer("a.*")]},
    "freezer by a function": {"callbacks": [Freezer(lambda name: name.startswith("a"))]},
    "freezer of several": {"callbacks": [Freezer(["a.bias", "b.*", "shift"])]},
    "freezer that matches nothing": {"callbacks": [Freezer("core.a.*")]},
    "unfreezer": {"callbacks": [Freezer("a.*"), Unfreezer("a.*", at=3)]},
    "initializer": {"callbacks": [Initializer("a.bias", fn=doubled)]},
    "scheduler of groups": {
        "optimizer__param_groups": [("a.*", {"lr": 0.02})],
        "callbacks": [LRScheduler("StepLR", step_size=2)],
    },
    "clipping": {"callbacks": [GradientNormClipping(0.1)]},
    "an attribute": {"callbacks": [Anneal()]},
    "names of our callbacks": {"callbacks": [("watch", Freezer("a.*")), ("gates", Anneal())]},
    "stopping": {"callbacks": [EarlyStopping(patience=1, load_best=True, sink=lambda _: None)]},
    "no early stopping of ours": {"max_epochs": 40, "lr": 0.5},
    "no losses recorded": {"callbacks__train_loss": None, "callbacks__valid_loss": None},
    "disabled": {"callbacks": "disable"},
    "momentum": {"optimizer__momentum": 0.9, "optimizer__nesterov": True},
    "adam": {"optimizer": torch.optim.Adam, "optimizer__weight_decay": 0.1},
    "width": {"module__width": 3},
    "a partial": {"module": partial(Two, width=4)},
    "awkward names": {"module": Awkward, "optimizer__param_groups": [("core.*", {"lr": 0.0})]},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SETTINGS)
def test_weights_are_those_of_skorch_alone(name):
    found = ours(net_of(**SETTINGS[name]), 3)
    expected = alone(net_of(**SETTINGS[name]), 3)
    assert_same(found.estimator.module_, expected.module_)
    assert len(found.estimator.history) == len(expected.history)


@pytest.mark.parametrize("pattern", ["a.*", "b.weight", "core.*"])
def test_patterns_matter(pattern):
    """The comparison above could not fail if skorch ignored them as well."""
    free, still = (
        alone(net_of(optimizer__param_groups=groups), 3).module_
        for groups in ([], [(pattern, {"lr": 0.0})])
    )
    same = all(np.array_equal(v, weights(still)[n]) for n, v in weights(free).items())
    assert same == (pattern == "core.*")


@pytest.mark.slow
@pytest.mark.parametrize("name", SETTINGS)
def test_with_standardisation_they_are_those_on_standardised_rows(name):
    found = ours(net_of(**SETTINGS[name]), 3, moments=MOMENTS)
    Z = ((X - MOMENTS[0]) / MOMENTS[1]).astype(np.float32)
    expected = alone(net_of(**SETTINGS[name]), 3, Z)
    assert_same(found.estimator.module_, expected.module_, rtol=1e-3)


@pytest.mark.parametrize("module", [Two, Awkward])
def test_with_gates_names_are_the_same(module):
    """One gate that stays at one: all others are as without gates."""
    own = [("gate_.weight" if module is Awkward else "gate.weight", {"lr": 0.0})]
    groups = [*own, ("a.*" if module is Two else "core.*", {"lr": 0.0})]
    found = ours(net_of(module, optimizer__param_groups=groups), 3, gates=GATES)
    expected = alone(net_of(module, optimizer__param_groups=groups[1:]), 3)
    state = weights(found.estimator.module_)
    gate = state.pop(own[0][0])
    assert (gate == 1).all()
    for name, value in weights(expected.module_).items():
        np.testing.assert_allclose(state[name], value, rtol=1e-5, atol=1e-6)


def test_gates_can_be_frozen_by_name():
    trained = ours(net_of(), 3, gates=GATES).estimator.module_
    frozen = ours(net_of(callbacks=[Freezer("gate.*")]), 3, gates=GATES).estimator.module_
    assert (weights(frozen)["gate.weight"] == 1).all()
    assert not (weights(trained)["gate.weight"] == 1).all()


@pytest.mark.parametrize("gates", [None, GATES])
@pytest.mark.parametrize("module", [Two, Awkward])
def test_the_state_comes_and_goes(gates, module):
    found = ours(net_of(module), 3, moments=MOMENTS, gates=gates)
    net = found.estimator
    rows = torch.as_tensor(X)
    with torch.no_grad():
        z = net.module_(rows)
        for again in (copy.deepcopy(net.module_), pickle.loads(pickle.dumps(net.module_))):
            assert torch.equal(again(rows), z)
            assert list(again.state_dict()) == list(net.module_.state_dict())
        fresh = net.initialize().module_
        assert not torch.equal(fresh.eval()(rows), z)
        fresh.load_state_dict(again.state_dict())
        assert torch.equal(fresh(rows), z)


@pytest.mark.parametrize("f", ["checkpoint", "end"])
@pytest.mark.parametrize("moments", [None, MOMENTS])
def test_checkpoints_hold_the_users_names(tmp_path, f, moments):
    """A file written under us is read by skorch alone, and the other way about."""
    path = str(tmp_path / "params.pt")
    if f == "end":
        saving = TrainEndCheckpoint(dirname=str(tmp_path), sink=lambda _: None)
    else:
        saving = Checkpoint(
            f_params=path, f_optimizer=None, f_criterion=None, f_history=None, sink=lambda _: None
        )
    found = ours(net_of(callbacks=[saving]), 3, moments=moments)
    path = path if f == "checkpoint" else str(tmp_path / "train_end_params.pt")
    plain = net_of().initialize()
    plain.load_params(f_params=path)
    if f == "end":
        assert_same(plain.module_, found.estimator.module_)
    plain.save_params(f_params=path)
    found.estimator.load_params(f_params=path)
    assert_same(found.estimator.module_, plain.module_)


def test_attributes_of_the_module_are_reached():
    found = ours(net_of(callbacks=[Anneal()]), 3).estimator.module_
    assert found.temperature == found.core.temperature == 3.5
    assert found.a is found.core.a
    with pytest.raises(AttributeError, match="no attribute 'nonesuch'"):
        _ = found.nonesuch


# Sizes


class Hidden(nn.Module):
    """Takes ``n_features`` for the width of what it hides."""

    def __init__(self, n_features=16, n_outputs=3) -> None:
        super().__init__()
        self.a = nn.Linear(5, n_features)
        self.b = nn.Linear(n_features, n_outputs)

    def forward(self, x):
        return self.b(torch.relu(self.a(x)))


@pytest.mark.parametrize(
    "params",
    [
        {"module": Hidden, "module__n_features": 64},
        {"module": partial(Hidden, n_features=64)},
        {"module": partial(partial(Hidden, 64), n_outputs=3)},
        {"module": Hidden(64, 3), "module__n_features": 64},
    ],
    ids=["a setting", "a partial", "two partials", "an instance with a setting"],
)
def test_a_given_size_stays(params):
    found = ours(net_of(**params), 3).estimator.module_
    assert found.a.out_features == 64
    assert_same(found, alone(net_of(**params), 3).module_)


@pytest.mark.parametrize("given", [{"module__n_outputs": 1}, {}], ids=["given", "inferred"])
def test_one_logit_for_two_classes(given):
    y = (Y == 0).astype(np.int64)
    net = partial(net_of, cls=skorch.NeuralNetBinaryClassifier, criterion=nn.BCEWithLogitsLoss)
    found = ours(net(**given), 3, targets=y)
    expected = alone(net(module__n_outputs=1), 3, targets=y)
    assert_same(found.estimator.module_, expected.module_)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"module__n_features": 64}, r"cannot take rows of 5 columns.*n_features=64; leave them"),
        ({"module__n_outputs": 2}, r"returns 2 numbers per row, but y asks for 3.*n_outputs=2"),
        ({"module": nn.Linear(7, 3)}, r"cannot take rows of 5 columns.*sizes of the table"),
    ],
)
def test_a_given_size_that_does_not_fit(sizes, message):
    with pytest.raises(ValueError, match=message):
        ours(net_of(**sizes), 3)


def test_another_failure_is_the_users_own():
    class Failing(Two):
        def forward(self, x):
            if self.training:
                raise RuntimeError("mine")
            return super().forward(x)

    with pytest.raises(RuntimeError, match="mine"):
        ours(net_of(Failing), 3)


# Through an ensemble


def test_an_ensemble_obeys_a_skorch_net():
    net = net_of(optimizer__param_groups=[("a.*", {"lr": 0.0})], max_epochs=3)
    found = NetworkEnsembleClassifier(net, n_networks=2, random_state=0).fit(X, Y)
    for trained in found.estimators_:
        assert len(trained.history) == 3
        assert list(trained.module_.state_dict()) == list(Two().state_dict())
        assert [g["lr"] for g in trained.optimizer_.param_groups] == [0.0, 0.1]


def old_weight_norm() -> nn.Module:
    return nn.Sequential(torch.nn.utils.weight_norm(nn.Linear(5, 4)), nn.ReLU(), nn.Linear(4, 3))


# Warnings are errors here, and torch warns of its older forms.
@pytest.mark.filterwarnings("ignore:.*weight_norm.*deprecated:FutureWarning")
@pytest.mark.parametrize("as_net", [False, True])
def test_an_ensemble_is_cloned_and_its_networks_too(as_net):
    """torch.nn.utils.weight_norm leaves a tensor in the layer that torch does not copy."""
    module = old_weight_norm()
    network = net_of(module, max_epochs=2) if as_net else module
    ensemble = NetworkEnsembleClassifier(network, n_networks=2, random_state=0)
    if not as_net:
        ensemble.set_params(max_epochs=2)
    one, other = ensemble.fit(X, Y), clone(ensemble).fit(X, Y)
    np.testing.assert_array_equal(one.predict_proba(X), other.predict_proba(X))
    assert ensemble.network is network
    assert other.network is not network
    assert other.get_params()["n_networks"] == 2
    twin = clone(one.estimators_[0])
    assert not twin.initialized_
    assert set(weights(twin.initialize().module_)) == set(weights(module))
    pickle.loads(pickle.dumps(one)).predict(X)


HOLDERS = {
    "itself": (lambda module: module, lambda module: module),
    "a net": (net_of, lambda net: net.module),
    "an ensemble": (NetworkEnsembleClassifier, lambda ensemble: ensemble.network),
}


@pytest.mark.filterwarnings("ignore:.*weight_norm.*deprecated:FutureWarning")
@pytest.mark.parametrize("holder", HOLDERS)
@pytest.mark.parametrize("kind", [DeepLIFFTSelector, GIATransformer, ImportanceNeuronSelector])
def test_a_selector_is_cloned_and_its_network_too(kind, holder):
    around, module_of = HOLDERS[holder]
    module = old_weight_norm()
    given = around(module)
    selector = kind(given, n_features_to_select=2, random_state=0)
    twin = clone(selector)
    assert type(twin) is kind
    assert selector.estimator is given
    others = [one.get_params(deep=False) for one in (selector, twin)]
    assert [type(params.pop("estimator")) for params in others] == [type(given)] * 2
    assert others[0] == others[1]
    assert module_of(twin.estimator) is not module_of(given) is module
    assert_same(module_of(twin.estimator), module)


def test_a_selector_of_what_is_no_network_is_cloned_as_well():
    """Parameters are looked at in fit, and no sooner."""
    assert clone(DeepLIFFTSelector("mlp")).estimator == "mlp"
    assert clone(DeepLIFFTSelector()).estimator is None
    assert clone(DeepLIFFTSelector(Two)).estimator is Two


def test_an_ensemble_keeps_what_is_frozen_and_draws_the_rest():
    module = Two()
    module.a.requires_grad_(False)
    found = NetworkEnsembleClassifier(
        module, n_networks=3, max_epochs=2, standardize=False, random_state=0
    ).fit(X, Y)
    networks = [weights(net.module_) for net in found.estimators_]
    for one in networks:
        np.testing.assert_array_equal(one["a.weight"], module.a.weight)
        np.testing.assert_array_equal(one["a.bias"], module.a.bias)
    for i, one in enumerate(networks):
        assert all(not np.array_equal(one["b.weight"], o["b.weight"]) for o in networks[:i])
