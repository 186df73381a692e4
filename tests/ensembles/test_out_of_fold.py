"""Out-of-fold predictions: their score and interval, when they are at chance, when nobody knows."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import skorch
from scipy.sparse import csr_array
from scipy.stats import norm
from sklearn.metrics import balanced_accuracy_score, r2_score
from sklearn.neural_network import MLPClassifier
from torch import nn

from sklearn_deeplifft import NetworkEnsembleClassifier, NetworkEnsembleRegressor
from sklearn_deeplifft.ensembles import _out_of_fold
from tests.conftest import MLP, SoftmaxMLP

SMALL = {
    "n_networks": 5,
    "hidden_layer_sizes": (8,),
    "max_epochs": 10,
    "learning_rate": 0.02,
    "batch_size": 32,
    "gates": None,
    "validation_fraction": 0.2,
    "random_state": 0,
}

rng = np.random.default_rng(0)
X = rng.normal(size=(150, 5))
CODES = X[:, :3].argmax(axis=1)


def classifier(**params) -> NetworkEnsembleClassifier:
    return NetworkEnsembleClassifier(**{**SMALL, **params})


def regressor(**params) -> NetworkEnsembleRegressor:
    return NetworkEnsembleRegressor(**{**SMALL, **params})


TARGETS = {
    "two classes": (classifier, (X[:, 0] > 0).astype(int)),
    "three classes": (classifier, CODES),
    "text": (classifier, np.array(["a", "b", "c"])[CODES]),
    "labels": (classifier, (X[:, :2] > 0).astype(int)),
    "one of many labels": (classifier, np.column_stack([X[:, 0] > 0, rng.random((150, 2)) > 0.5])),
    "outputs": (classifier, np.column_stack([CODES, X[:, 3] > 0]).astype(int)),
    "a quantity": (regressor, 100 + 20 * X[:, 0]),
    "quantities": (regressor, 100 + X[:, :2]),
    "one of two quantities": (regressor, np.column_stack([X[:, 0], rng.normal(size=150)])),
    "a quantity of heavy tails": (regressor, np.exp(3 * X[:, 0])),
}


@pytest.mark.parametrize("name", TARGETS)
def test_what_can_be_learned_is_not_at_chance_and_dealt_anew_it_is(name):
    make, y = TARGETS[name]
    y = y.astype(int) if y.dtype == bool else y
    found = make().fit(X, y)
    assert found.at_chance_ is False
    assert found.chance_p_value_ < 0.01
    noise = make().fit(X, y[np.random.default_rng(1).permutation(150)])
    assert noise.at_chance_ is True
    assert 0.01 < noise.chance_p_value_ <= 1


def test_score_and_interval_written_out(monkeypatch):
    """Of final networks: outputs of the epochs are not kept."""
    judged = _out_of_fold.out_of_fold

    def of_final(networks, held, *rest):
        return judged([t._replace(held_out=None) for t in networks], held, *rest)

    monkeypatch.setattr("sklearn_deeplifft.ensembles._base.out_of_fold", of_final)
    ensemble = classifier(n_networks=8).fit(X, CODES)
    order = np.lexsort(np.column_stack([X, CODES])[:, ::-1].T)
    logits = [[] for _ in X]
    held = _held(ensemble, X, CODES)
    for network, rows in zip(ensemble.estimators_, held, strict=True):
        z = np.log(network.predict_proba(X[rows].astype(np.float32)))
        for row, own in zip(rows, z - z.mean(axis=1, keepdims=True), strict=True):
            logits[row].append(own)
    assert sorted(order) == list(range(150))
    found = np.array([np.mean(own, axis=0).argmax() for own in logits])
    assert ensemble.out_of_fold_score_ == pytest.approx(balanced_accuracy_score(CODES, found))
    recalls = [np.mean(found[c == CODES] == c) for c in range(3)]
    variance = sum(p * (1 - p) / np.sum(c == CODES) for c, p in enumerate(recalls)) / 9
    half = norm.ppf(0.975) * variance**0.5
    expected = [ensemble.out_of_fold_score_ - half, min(ensemble.out_of_fold_score_ + half, 1)]
    np.testing.assert_allclose(ensemble.out_of_fold_interval_, expected)


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("name", ["three classes", "a quantity"])
def test_rows_in_another_order_are_the_same_bits(name, grouped):
    own = np.random.default_rng(0)
    make, y = TARGETS[name]
    y, weight, patients = y + own.integers(2, size=150), own.random(150), own.integers(60, size=150)

    def found(order):
        groups = patients[order] if grouped else None
        fitted = make(max_epochs=2).fit(X[order], y[order], weight[order], groups)
        interval = fitted.out_of_fold_interval_.tolist()
        return fitted.out_of_fold_score_, fitted.chance_p_value_, *interval

    first = found(np.arange(150))
    assert np.isfinite(first).all()
    for _ in range(3):
        assert found(own.permutation(150)) == first


def _held(ensemble, X, y) -> list[np.ndarray]:
    data = ensemble._fit_data(X, y, None)
    return ensemble._held_out(data)


def test_r_squared_is_in_the_units_of_the_target():
    y = 1000 + 50 * X[:, 0]
    ensemble = regressor(max_epochs=30).fit(X, y)
    assert 0.8 < ensemble.out_of_fold_score_ <= 1
    assert ensemble.out_of_fold_score_ < r2_score(y, ensemble.predict(X)) + 0.05


def test_intervals_of_noise_hold_chance_and_chosen_epochs_flatter():
    """The epoch that is kept was chosen by the rows that it is scored on."""
    held, flattered = [], []
    for seed in range(6):
        noise = np.random.default_rng(seed)
        X, y = noise.normal(size=(60, 40)), noise.permutation(np.arange(60) % 2)
        ensemble = classifier(n_networks=10, validation_fraction=0.1, tol=0.0).fit(X, y)
        low, high = ensemble.out_of_fold_interval_
        held.append(low <= 0.5 <= high)
        flattered.append(ensemble.validation_score_ - ensemble.out_of_fold_score_)
    assert sum(held) >= 5
    assert np.mean(flattered) > 0.02


def test_rows_of_a_group_are_one_witness():
    group = np.repeat(np.arange(60), 3)
    patients = np.random.default_rng(3).normal(size=(60, 5))
    X = patients[group] + 0.1 * rng.normal(size=(180, 5))
    apart = classifier().fit(X, np.random.default_rng(4).integers(2, size=60)[group], groups=group)
    assert apart.at_chance_ is True
    y = (patients[:, 0] > 0).astype(int)[group]
    known = classifier(max_epochs=30).fit(X, y, groups=group)
    assert known.at_chance_ is False
    narrow = classifier(max_epochs=30).fit(X, y)
    assert np.ptp(narrow.out_of_fold_interval_) < np.ptp(known.out_of_fold_interval_)


@pytest.mark.parametrize("make", [classifier, regressor])
def test_a_row_that_counts_twice_is_one_witness(make):
    """Copies, whole weights and their fractions are the same rows, no more of them."""
    y = X[:, 0] + rng.normal(size=150)
    y = y if make is regressor else (y > 1).astype(int)
    count = np.random.default_rng(5).integers(1, 4, size=150)
    found = make().fit(X, y, sample_weight=count)
    copies = make().fit(np.repeat(X, count, axis=0), np.repeat(y, count))
    scaled = [make().fit(X, y, sample_weight=unit * count) for unit in (2, 0.25)]
    for other in (copies, *scaled):
        assert other.chance_p_value_ == pytest.approx(found.chance_p_value_, rel=1e-9)
        np.testing.assert_allclose(other.out_of_fold_interval_, found.out_of_fold_interval_)
    plain, tenfold = make().fit(X, y), make().fit(X, y, sample_weight=np.full(150, 10.0))
    assert np.ptp(tenfold.out_of_fold_interval_) == pytest.approx(
        np.ptp(plain.out_of_fold_interval_), rel=0.1
    )


UNKNOWN = {
    "nothing is held out": {"validation_fraction": 0.0, "patience": None},
    "one group": {"groups": np.zeros(150, dtype=int)},
    "few groups": {"groups": CODES + 3 * (np.arange(150) % 2)},
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_cannot_be_told_is_not_told(name):
    given = dict(UNKNOWN[name])
    groups = given.pop("groups", None)  # each of one class
    noise = np.random.default_rng(2).normal(size=X.shape)
    ensemble = classifier(**given).fit(noise, CODES, groups=groups)
    assert ensemble.at_chance_ is None
    assert np.isnan(ensemble.chance_p_value_)


@pytest.mark.parametrize(("n", "known"), [(10, None), (38, None), (60, True)])
def test_few_rows_cannot_tell(n, known):
    """A relation of .5 is sqrt((n - 1) / 4 / 1.8) standard errors, and 2.3 are needed."""
    noise = np.random.default_rng(0)
    ensemble = classifier().fit(noise.normal(size=(n, 4)), noise.permutation(np.arange(n) % 2))
    assert ensemble.at_chance_ is known
    assert np.isfinite(ensemble.out_of_fold_score_)


def test_of_a_table_of_categories_each_row_is_an_individual():
    """All cases of a pattern held out together, each class was predicted from the other."""
    twins = np.repeat([[0.0], [1.0]], 60, axis=0)
    unsure = (np.arange(120) % 10 == 0).astype(int)
    y = np.where(twins[:, 0] > 0, 1 - unsure, unsure)
    found = classifier().fit(twins, y)
    assert found.at_chance_ is False
    assert found.out_of_fold_score_ == pytest.approx(0.9, abs=0.02)
    told = classifier().fit(twins + 1e-6 * rng.normal(size=twins.shape), y)
    assert told.out_of_fold_score_ == pytest.approx(found.out_of_fold_score_, abs=0.02)
    order = rng.permutation(120)
    again = classifier().fit(twins[order], y[order])
    np.testing.assert_array_equal(again.predict_proba(twins), found.predict_proba(twins))
    noise = [rng.integers(2, size=120) for _ in range(20)]
    assert sum(classifier().fit(twins, y).at_chance_ is False for y in noise) <= 1
    rich = rng.integers(2, size=(600, 6)).astype(float)
    y = (rich[:, 0] + (rng.random(600) < 0.1)) % 2 > 0.5
    assert classifier(max_epochs=30).fit(rich, y.astype(int)).at_chance_ is False


def test_weights_of_classes_and_sparse_rows():
    y = (X[:, 0] > 0.8).astype(int)
    for fitted in (
        classifier(class_weight="balanced").fit(X, y),
        classifier().fit(csr_array(np.maximum(X, 0)), y),
        classifier().fit(X, y, sample_weight=rng.random(150)),
    ):
        assert fitted.at_chance_ is False


class ProbabilityMLP(MLP):
    """A single probability."""

    def __init__(self, n_features: int) -> None:
        super().__init__(n_features, 1)

    def forward(self, x):
        return super().forward(x).sigmoid()


NETWORKS = {
    "module": lambda: MLP,
    "probabilities": lambda: SoftmaxMLP,
    "a probability": lambda: ProbabilityMLP,
    "skorch": lambda: skorch.NeuralNetClassifier(
        MLP, module__n_features=5, module__n_outputs=2, criterion=nn.CrossEntropyLoss, lr=0.1,
        max_epochs=20, batch_size=32, train_split=None,
    ),
    "perceptron": lambda: MLPClassifier((8,), tol=0.01, learning_rate_init=0.01),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_networks_of_the_users_own(name):
    own = {"n_networks": 5, "validation_fraction": 0.2, "random_state": 0}
    if name in ("module", "probabilities", "a probability"):
        own |= {"max_epochs": 20, "learning_rate": 0.02, "batch_size": 32}
    y = (X[:, 0] > 0).astype(int)
    make = NETWORKS[name]
    ensemble = NetworkEnsembleClassifier(make(), gates=None, gate_penalty=None, **own).fit(X, y)
    assert ensemble.at_chance_ is False
    assert ensemble.out_of_fold_score_ > 0.8
    noise = np.random.default_rng(1).permutation(y)
    again = NetworkEnsembleClassifier(make(), gates=None, gate_penalty=None, **own).fit(X, noise)
    assert again.at_chance_ is True


def test_outputs_do_not_travel():
    ensemble = classifier(null_features=True, gates="tied", gate_penalty=None).fit(X, CODES)
    again = pickle.loads(pickle.dumps(ensemble))
    assert again.at_chance_ is False
    for trained in again._networks:
        assert trained.held_out is None
        assert trained.as_trained.held_out is None


def test_a_training_that_is_taken_up_again_says_the_same(tmp_path):
    plain = classifier().fit(X, CODES)
    for _ in range(2):
        kept = classifier(checkpoint_dir=tmp_path).fit(X, CODES)
        assert kept.chance_p_value_ == plain.chance_p_value_
        assert kept.out_of_fold_score_ == plain.out_of_fold_score_
