"""Importances by gates: shares, paths, averages; and that they mean something."""

import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import rankdata, spearmanr
from torch import nn

from sklearn_deeplifft import (
    DeepLIFFTSelector,
    FeatureSelectionWarning,
    ImportanceNeuronSelector,
    NetworkEnsembleClassifier,
)
from sklearn_deeplifft.ensembles import _training as _together
from sklearn_deeplifft.networks import _gate_callback as _gated
from sklearn_deeplifft.networks._gates import FeatureGate
from sklearn_deeplifft.networks._penalty import GatePenalty
from sklearn_deeplifft.selectors import _reading
from tests.conftest import (
    MLP,
    OF_NETWORKS,
    FixedMLP,
    Table,
    counted_trainings,
    planted,
    relu_network,
)
from tests.gated import EARLY, GATED, UNPENALISED, classifier, gate_bits, gated
from tests.processes import elsewhere


@pytest.fixture(scope="module")
def data() -> Table:
    return planted()


@pytest.fixture(scope="module")
def fitted(data) -> ImportanceNeuronSelector:
    return gated().fit(*data)


FREE = {"gates": "free"}

CONFIGURATIONS = {
    "tied, path": {},
    "free, path": FREE,
    "tied, constant penalty": EARLY,
    "free, constant penalty": {**FREE, **EARLY},
    "tied, no penalty": UNPENALISED,
    "free, no penalty": {**FREE, **UNPENALISED},
    "gates alone": {**FREE, **UNPENALISED, "readout": "gate"},
    "tied, gates alone": {**EARLY, "readout": "gate"},
    "no early stopping": {**EARLY, "patience": None},
    "nothing held out": {"validation_fraction": 0},
    "nothing held out, no penalty": {**UNPENALISED, "validation_fraction": 0},
    "no hidden layer": {"hidden_layer_sizes": ()},
    "noise, dropout, decay": {"noise": 0.1, "dropout": 0.1, "l2": 1e-3, "weight_decay": 1e-3},
    "class": {"estimator": MLP},
    "instance": {"estimator": FixedMLP()},
    "float64 instance": {"estimator": relu_network(8, 12, 3)},
    "class, constant penalty": {"estimator": MLP, **EARLY},
    "class, nothing held out": {"estimator": MLP, "validation_fraction": 0},
    "skorch": {"estimator": classifier()},
    "skorch, constant penalty": {"estimator": classifier(), "gate_penalty": 0.3},
}


# What the attributes say of one another


@pytest.mark.slow
@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_shares_of_each_network_are_positive_sum_to_one_and_find_what_was_planted(data, name):
    selector = gated(**CONFIGURATIONS[name], n_features_to_select=3).fit(*data)
    shares = selector.importances_per_network_
    assert shares.shape == (3, 8)
    assert shares.min() >= 0
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-12)
    np.testing.assert_allclose(selector.feature_importances_, shares.mean(axis=0), rtol=1e-12)
    spread = shares.std(axis=0, ddof=1)  # networks are a sample
    np.testing.assert_allclose(selector.importances_std_, spread, rtol=1e-12)
    assert set(selector.get_support(indices=True)) == {0, 1, 2}
    assert (selector.class_importances_.argmax(axis=1) == [0, 1, 2]).all()
    assert selector.decomposition_error_ < 1e-4
    on_path = selector.estimator_.gate_penalty == "path"
    assert hasattr(selector, "exit_penalties_") == on_path
    assert len(selector.estimator_.estimators_) == 3
    assert selector.estimator_.estimators_[0] is selector.estimator_.estimators_[0]


def test_the_uniform_start_of_the_paper_finds_something_too(data):
    selector = gated(**FREE, **UNPENALISED, gate_initial="uniform", n_networks=9).fit(*data)
    assert (selector.importances_per_network_ >= 0).all()
    assert selector.feature_importances_[:3].mean() > 2 * selector.feature_importances_[3:].mean()


def test_ranks_are_means_over_networks(fitted):
    ranks = np.array([rankdata(-row) for row in fitted.importances_per_network_])
    np.testing.assert_allclose(fitted.mean_ranks_, ranks.mean(axis=0))
    np.testing.assert_allclose(fitted.ranks_std_, ranks.std(axis=0, ddof=1))
    assert fitted.mean_ranks_.sum() == pytest.approx(8 * 9 / 2)


def test_the_ranking_follows_the_importances(fitted):
    assert sorted(fitted.ranking_) == list(range(1, 9))
    by_rank = fitted.feature_importances_[np.argsort(fitted.ranking_)]
    assert (np.diff(by_rank) <= 0).all()


@pytest.mark.slow
def test_the_interval_holds_the_mean_and_narrows_with_networks(data):
    few, many = (gated(**UNPENALISED, n_networks=n).fit(*data) for n in (4, 40))
    for selector in (few, many):
        low, high = selector.importances_interval_
        assert (low <= selector.feature_importances_).all()
        assert (selector.feature_importances_ <= high).all()
    # A standard error falls by the root of 10.
    widths = [np.diff(s.importances_interval_, axis=0).mean() for s in (few, many)]
    assert widths[1] < 0.6 * widths[0]


def test_one_network_has_no_spread_and_no_stability(data):
    selector = gated(n_networks=1, n_features_to_select=3).fit(*data)
    assert np.isnan(selector.importances_std_).all()
    assert np.isnan(selector.ranks_std_).all()
    assert np.isnan(selector.importances_interval_).all()
    assert set(selector.selection_frequency_) <= {0, 1}
    assert not hasattr(selector, "stability_")
    assert "ImportanceNeuronSelector" in selector._repr_html_()


# Selections of the networks


def frequency_by_hand(selector, k: int) -> np.ndarray:
    """Each network on its own takes its k largest shares, if they are not zero."""
    masks = []
    for row in selector.importances_per_network_:
        chosen = sorted(range(len(row)), key=lambda i: (-row[i], i))[:k]
        masks.append([i in chosen and row[i] > 0 for i in range(len(row))])
    return np.mean(masks, axis=0)


def test_frequency_and_stability_follow_the_count_without_training(data, fitted, monkeypatch):
    n = len(fitted.estimator_.estimators_)
    with counted_trainings(monkeypatch) as calls:
        for k in range(1, 9):
            fitted.set_params(n_features_to_select=k)
            assert fitted.get_support().sum() == k
            p = frequency_by_hand(fitted, k)
            np.testing.assert_allclose(fitted.selection_frequency_, p)
            share = p.mean()
            if 0 < share < 1:
                variance = n / (n - 1) * p * (1 - p)
                expected = 1 - variance.mean() / (share * (1 - share))
                assert fitted.stability_ == pytest.approx(expected)
    fitted.set_params(n_features_to_select=None)
    assert calls == []


def test_networks_that_agree_are_stable(data):
    selector = gated(path_steps=200, n_features_to_select=3).fit(*data)
    assert selector.selection_frequency_.tolist() == [1] * 3 + [0] * 5
    assert selector.stability_ == pytest.approx(1)


def test_a_count_that_is_too_large_after_fit_is_no_attribute(data):
    selector = gated().fit(*data).set_params(n_features_to_select=9)
    assert not hasattr(selector, "selection_frequency_")
    assert not hasattr(selector, "stability_")
    with pytest.raises(ValueError, match=r"n_features_to_select=9 must be between 1 and .*, 8"):
        selector.get_support()


# Before the first step


@pytest.fixture
def beginnings(monkeypatch) -> list[np.ndarray]:
    """What passes each gate of every network before it is trained."""
    found: list[np.ndarray] = []
    together, begin = _together.train_batch, _gated.CloseGates.on_train_begin

    def watched(members, *args):
        for member in members:
            gate = next((m for m in member.core if isinstance(m, FeatureGate)), None)
            first = next(m for m in member.core if isinstance(m, nn.Linear))
            norms = first.weight.detach().norm(dim=0).numpy()
            found.append(norms if gate is None else norms * gate.weight.detach().numpy())
        return together(members, *args)

    def begun(self, net, *args, **kwargs):
        found.append(_gated.gates_of(net.module_.core).weight.detach().numpy().copy())
        return begin(self, net, *args, **kwargs)

    monkeypatch.setattr(_together, "train_batch", watched)
    monkeypatch.setattr(_gated.CloseGates, "on_train_begin", begun)
    return found


@pytest.mark.parametrize("params", [{}, FREE, {"estimator": MLP}], ids=["tied", "free", "own"])
def test_no_gate_is_closed_at_first(data, params, beginnings):
    gated(**params, max_epochs=1, path_steps=1).fit(*data)
    assert len(beginnings) == 3
    assert np.min(beginnings) > 0


# One of hundreds of columns, and 60 rows: what is looked at is where the gates begin.
AT_CHANCE = "ignore:the networks predict no better:sklearn_deeplifft.FeatureSelectionWarning"


@pytest.mark.filterwarnings(AT_CHANCE)
def test_the_uniform_start_closes_half(beginnings):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 200))
    gated(**FREE, **UNPENALISED, gate_initial="uniform").fit(X, (X[:, 0] > 0).astype(int))
    assert np.mean(np.array(beginnings) == 0) == pytest.approx(0.5, abs=0.1)


@pytest.mark.filterwarnings(AT_CHANCE)
def test_no_gate_of_a_wide_table_closes_at_the_first_step():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 500))
    selector = gated(learning_rate=4e-3).fit(X, (X[:, 0] > 0).astype(int))
    assert selector.exit_penalties_.min() > 0.1


# The path


@pytest.fixture
def walk(monkeypatch):
    """Record what passes the gates after every step, and at the end of every epoch."""
    steps: list[tuple[float, np.ndarray]] = []
    epochs: list[tuple[np.ndarray, bool]] = []
    step, epoch = GatePenalty.after_step, GatePenalty.after_epoch

    def passing(W, g):
        norms = np.linalg.norm(W.double().numpy()[0], axis=0)
        return norms if g is None else norms * g.double().numpy()[0]

    def after_step(self, W, g):
        step(self, W, g)
        steps.append((self.now(), passing(W, g)))

    def after_epoch(self, W, g, better):
        epochs.append((passing(W, g), bool(better[0])))
        return epoch(self, W, g, better)

    monkeypatch.setattr(GatePenalty, "after_step", after_step)
    monkeypatch.setattr(GatePenalty, "after_epoch", after_epoch)
    return steps, epochs


PATHS = {
    "tied": {},
    "free": FREE,
    "class": {"estimator": MLP},
    "skorch": {"estimator": classifier(max_epochs=60)},
    "nothing held out": {"validation_fraction": 0},
    "class, nothing held out": {"estimator": MLP, "validation_fraction": 0},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", PATHS)
def test_a_higher_penalty_never_has_more_features(data, walk, name):
    selector = gated(n_networks=1, path_steps=150, **PATHS[name]).fit(*data)
    steps, _ = walk
    penalties = [c for c, _ in steps]
    assert penalties == sorted(penalties)
    assert penalties[0] == pytest.approx(0.2, rel=0.2)
    assert penalties[-1] == pytest.approx(1)
    exits = np.full(8, np.inf)
    for c, e in steps:
        assert (e[np.isfinite(exits)] == 0).all()  # to the last bit
        exits[(e == 0) & np.isinf(exits)] = c
    assert np.isfinite(exits).any()
    np.testing.assert_allclose(selector.exit_penalties_[0], exits, rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("name", PATHS)
def test_importances_are_mean_shares_from_the_best_epoch_on(data, walk, name):
    selector = gated(n_networks=1, path_steps=150, **PATHS[name]).fit(*data)
    _, epochs = walk
    best = max(i for i, (_, better) in enumerate(epochs) if better)
    assert 0 < best < len(epochs) - 1
    shares = [e / e.sum() if e.any() else e for e, _ in epochs[best:]]
    expected = np.sum(shares, axis=0) / np.sum(shares)
    np.testing.assert_allclose(selector.importances_per_network_[0], expected, rtol=1e-4, atol=1e-7)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in PATHS if name != "skorch"])
def test_a_path_has_its_steps_and_no_fewer_epochs_than_asked_for(data, walk, name):
    gated(n_networks=1, path_steps=100, max_epochs=2, **PATHS[name]).fit(*data)
    steps, epochs = walk
    a_epoch = len(steps) // len(epochs)
    assert 100 <= len(steps) < 100 + a_epoch
    steps.clear()
    epochs.clear()
    gated(n_networks=1, path_steps=1, max_epochs=15, **PATHS[name]).fit(*data)
    assert len(epochs) == 15


def test_noise_leaves_before_what_was_planted(data):
    selector = gated(path_steps=200).fit(*data)
    exits = selector.exit_penalties_
    assert exits.shape == (3, 8)
    assert (exits > 0.2).all()
    assert (exits[:, :3].min(axis=1) > np.median(exits[:, 3:], axis=1)).all()


@pytest.mark.slow
def test_a_long_path_among_noise_ends_with_exact_zeros():
    """Whatever is left at the end, importances are those from the best epoch on."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 30))
    y = (X[:, 0] > 0).astype(int)
    selector = gated(path_steps=400, n_features_to_select=1).fit(X, y)
    np.testing.assert_allclose(selector.importances_per_network_.sum(axis=1), 1)
    assert list(selector.get_support(indices=True)) == [0]
    assert selector.feature_importances_[0] > 5 * selector.feature_importances_[1:].max()


def test_networks_that_let_nothing_through_are_warned_of():
    """Gates that begin near zero do not outlast the first step of a path."""
    X = np.random.default_rng(0).normal(size=(60, 200))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        selector = gated(**FREE, gate_initial="uniform").fit(X, (X[:, 0] > 0).astype(int))
    said = [str(w.message) for w in caught if w.category is FeatureSelectionWarning]
    assert any("3 of 3 networks let no feature through; their importances are 0" in s for s in said)
    assert (selector.importances_per_network_ == 0).all()


def test_a_fit_without_a_path_leaves_no_exits_of_an_earlier_one(data):
    selector = gated().fit(*data)
    assert hasattr(selector, "exit_penalties_")
    selector.set_params(estimator=gated(**EARLY).estimator).fit(*data)
    assert not hasattr(selector, "exit_penalties_")


def test_a_closed_gate_takes_no_part_in_the_answers(data):
    selector = gated(gate_penalty=0.7, max_epochs=60).fit(*data)
    assert (selector.importances_per_network_ == 0).any()
    for net, row in zip(
        selector.estimator_.estimators_, selector.importances_per_network_, strict=True
    ):
        closed = row == 0
        X = data.X.copy()
        X[:, closed] = 1e3
        with torch.no_grad():
            a, b = (net.module_(torch.as_tensor(x)) for x in (data.X, X))
        assert torch.equal(a, b)
        alone = DeepLIFFTSelector(net, prefit=True).fit(*data)
        assert (alone.class_importances_[:, closed] == 0).all()


# Scales of weights


def test_weights_rescaled_without_changing_the_function_change_no_importance(data):
    """Twice the gate and half the layer behind it; three times a layer and a third of the next."""
    rng = np.random.default_rng(1)
    before = gated(**FREE, **EARLY).fit(*data)
    for net in before.estimator_.estimators_:
        plain = gated(net, prefit=True).fit(*data)
        core = net.module_.core
        gate, (first, second, _) = core[0], [m for m in core if isinstance(m, nn.Linear)]
        logits = core(torch.as_tensor(data.X).float())
        factor = torch.as_tensor(rng.uniform(0.1, 10, size=8)).float()
        with torch.no_grad():
            gate.weight.mul_(factor)
            first.weight.div_(factor).mul_(3)
            first.bias.mul_(3)
            second.weight.div_(3)
        torch.testing.assert_close(core(torch.as_tensor(data.X).float()), logits)
        again = gated(net, prefit=True).fit(*data)
        np.testing.assert_allclose(
            again.feature_importances_, plain.feature_importances_, rtol=1e-5
        )
        alone = gated(net, prefit=True, readout="gate").fit(*data)
        assert np.abs(alone.feature_importances_ - plain.feature_importances_).max() > 0.01


@pytest.mark.slow
def test_scales_of_networks_do_not_weigh_in_their_average(data):
    selector = gated(**FREE, **EARLY).fit(*data)
    shares = []
    for scale, net in zip((1, 10, 1000), selector.estimator_.estimators_, strict=True):
        with torch.no_grad():
            net.module_.core[0].weight.mul_(scale)
        shares.append(gated(net, prefit=True).fit(*data).feature_importances_)
    np.testing.assert_allclose(np.mean(shares, axis=0), selector.feature_importances_, rtol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("readout", ["effective", "gate"])
@pytest.mark.parametrize("patience", [3, None])
@pytest.mark.parametrize("params", [FREE, {"estimator": MLP}], ids=["free", "own"])
def test_a_network_read_again_says_the_same(data, readout, patience, params):
    """So the reading is of the weights that were kept, whichever epoch they are of."""
    selector = gated(**params, **EARLY, readout=readout, patience=patience).fit(*data)
    for net, row in zip(
        selector.estimator_.estimators_, selector.importances_per_network_, strict=True
    ):
        again = gated(net.module_, prefit=True, readout=readout).fit(*data)
        np.testing.assert_allclose(again.feature_importances_, row, rtol=1e-5, atol=1e-8)
        assert not hasattr(again, "exit_penalties_")


READINGS = {
    "tied": EARLY,
    "free": {**FREE, **EARLY},
    "own": {"estimator": MLP, **EARLY},
    "gates alone": {**FREE, **EARLY, "readout": "gate"},
    "no early stopping": {**EARLY, "patience": None},
    "tied, path": {},
    "free, path": FREE,
    "own, path": {"estimator": MLP},
}


@pytest.mark.slow
@pytest.mark.parametrize("score_on", ["all", "validation"])
@pytest.mark.parametrize("name", READINGS)
def test_an_ensemble_read_again_says_the_same_to_the_bit(data, name, score_on, monkeypatch):
    params = {**READINGS[name], "score_on": score_on}
    selector = gated(**params).fit(*data)
    own = {name: value for name, value in params.items() if name in ("readout", "score_on")}
    with counted_trainings(monkeypatch) as calls:
        again = gated(selector.estimator_, prefit=True, **own).fit(*data)
    assert calls == []
    assert again.estimator_.estimators_ == selector.estimator_.estimators_
    assert gate_bits(again) == gate_bits(selector)
    assert hasattr(again, "exit_penalties_") == name.endswith("path")


@pytest.mark.parametrize("patience", [3, None])
def test_networks_of_tied_gates_are_plain_layers_whose_norms_are_the_gates(data, patience):
    selector = gated(**EARLY, patience=patience).fit(*data)
    for net, row in zip(
        selector.estimator_.estimators_, selector.importances_per_network_, strict=True
    ):
        assert not any(isinstance(m, FeatureGate) for m in net.module_.modules())
        norms = net.module_.core[0].weight.detach().norm(dim=0).numpy()
        np.testing.assert_allclose(row, norms / norms.sum(), rtol=1e-5, atol=1e-8)


def test_networks_predict_from_raw_rows(data):
    X = (data.X * 100 + 50).astype(np.float32)
    selector = gated(path_steps=120).fit(X, data.y)
    for net in selector.estimator_.estimators_:
        assert (net.predict(X) == data.y).mean() > 0.8
        assert not net.module_.training


# Class scores


@pytest.mark.slow
@pytest.mark.parametrize(
    "params",
    [{"path_steps": 120}, {**FREE, **EARLY}, {"estimator": MLP, "path_steps": 120}],
    ids=["tied", "free", "own"],
)
@pytest.mark.parametrize("target", ["classes", "labels", "regression"])
def test_class_scores_are_those_of_deeplifft_on_the_same_networks(data, params, target):
    y = {
        "classes": data.y,
        "labels": (data.X[:, :3] > 1).astype(int),
        "regression": 100 * data.X[:, 0] - 30 * data.X[:, 1] + 7,
    }[target]
    task = "regression" if target == "regression" else "classification"
    selector = gated(**params, task=task).fit(data.X, y)
    read = [
        DeepLIFFTSelector(net, prefit=True).fit(data.X, y)
        for net in selector.estimator_.estimators_
    ]
    expected = np.mean([one.class_importances_ for one in read], axis=0)
    np.testing.assert_allclose(selector.class_importances_, expected, rtol=1e-3, atol=2e-5)


def test_what_float32_cannot_add_up_is_read_in_float64(data, monkeypatch):
    """Large terms that cancel are no reason to throw away hours of training."""
    monkeypatch.setitem(_reading.TOLERANCE, torch.float32, 1e-9)
    assert 0 < gated().fit(*data).decomposition_error_ < 1e-10
    short = DeepLIFFTSelector.default_estimator(n_networks=1, max_epochs=2, path_steps=20)
    plain = DeepLIFFTSelector(short, step=None, random_state=0)
    assert 0 < plain.fit(*data).decomposition_error_ < 1e-10


def test_which_rows_are_scored_is_of_no_account_to_importances(data, fitted):
    for score_on in ("validation", "training"):
        selector = gated(score_on=score_on).fit(*data)
        np.testing.assert_array_equal(
            selector.importances_per_network_, fitted.importances_per_network_
        )
        assert not np.array_equal(selector.class_importances_, fitted.class_importances_)
    gated(score_on="out_of_fold").fit(*data)


# Two ensembles, other columns


@pytest.fixture(scope="module")
def graded() -> Table:
    """Eight columns, each less telling than the one before it, one as noisy as the next."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(800, 8))
    return Table(X, (X @ 0.75 ** np.arange(8) > 0).astype(int))


def test_ensembles_without_a_network_in_common_agree(graded):
    a, b = (gated(n_networks=8, random_state=seed).fit(*graded) for seed in (0, 1))
    assert spearmanr(a.feature_importances_, b.feature_importances_).statistic > 0.85
    truth = spearmanr(a.feature_importances_, -np.arange(8)).statistic
    assert truth > 0.8


def test_columns_in_another_order_rank_alike(graded):
    order = np.random.default_rng(3).permutation(8)
    a, b = (
        gated(n_networks=8).fit(X, graded.y).feature_importances_
        for X in (graded.X, graded.X[:, order])
    )
    assert spearmanr(a[order], b).statistic > 0.85
    np.testing.assert_allclose(a[order], b, atol=0.1)


def test_scale_and_origin_of_a_column_are_of_no_account(data, fitted):
    X = data.X * np.logspace(-6, 6, 8) + np.linspace(-100, 100, 8)
    params = {"batch_size": 120, "validation_fraction": 0, "path_steps": 80}
    a, b = gated(**params).fit(*data), gated(**params).fit(X, data.y)
    np.testing.assert_allclose(a.feature_importances_, b.feature_importances_, atol=0.03)


# Seeds


@pytest.mark.slow
@pytest.mark.parametrize("params", [{"dropout": 0.1}, {"estimator": MLP}], ids=["ours", "own"])
def test_the_same_seed_gives_the_same_bits_and_another_does_not(data, params):
    seeds = (0, 0, 1, *(np.random.RandomState(0) for _ in range(2)))
    found = [gate_bits(gated(**params, random_state=s).fit(*data)) for s in seeds]
    assert found[0] == found[1]
    assert found[0] != found[2]
    assert found[3] == found[4]  # a generator draws the seed of the ensemble


def test_no_seed_is_another_seed_each_time(data):
    a, b = (gate_bits(gated(random_state=None).fit(*data)) for _ in range(2))
    assert a != b


def test_a_shared_random_state_goes_on(data):
    shared = np.random.RandomState(0)
    a, b = (gate_bits(gated(random_state=shared).fit(*data)) for _ in range(2))
    assert a != b


def test_fit_twice_gives_the_same_bits(data):
    selector = gated()
    assert gate_bits(selector.fit(*data)) == gate_bits(selector.fit(*data))


@pytest.mark.slow
@pytest.mark.parametrize("params", [{}, FREE, EARLY, {"dropout": 0.2, "noise": 0.1}])
def test_the_number_of_jobs_is_of_no_account(data, params):
    found = {gate_bits(gated(**params, n_networks=4, n_jobs=n).fit(*data)) for n in (None, 1, 2)}
    assert len(found) == 1


def test_the_first_networks_of_many_are_those_of_few(data):
    """Each comes out as if it had been trained alone."""
    few, many = (gated(n_networks=n).fit(*data) for n in (2, 5))
    np.testing.assert_allclose(
        many.importances_per_network_[:2], few.importances_per_network_, rtol=1e-4, atol=1e-6
    )


def named_numbers() -> list:
    """All that a fit says of a frame with named groups and labels of text."""
    training = {name: value for name, value in GATED.items() if name in OF_NETWORKS}
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(100, 6)), columns=["u_1", "u_2", "v", "w", "x_1", "x_2"])
    y = np.where(X["u_1"] > X["v"], "yes", "no")
    ensemble = ImportanceNeuronSelector.default_estimator(
        **training, class_weight={"yes": 2.0, "no": 1.0}
    )
    selector = ImportanceNeuronSelector(
        ensemble,
        feature_groups={"u_1": "u", "u_2": "u", "x_1": "x", "x_2": "x"},
        score_on="all",
        random_state=0,
    ).fit(X, y)
    return [
        selector.importances_per_network_.tolist(),
        selector.ranking_.tolist(),
        selector.class_importances_.tolist(),
        *selector.get_feature_names_out(),
    ]


@pytest.mark.slow
def test_another_process_with_another_hash_seed_gives_the_same_numbers():
    here = named_numbers()
    assert elsewhere(named_numbers) == here
    assert len(here[0]) == 3


# Checkpoints


@pytest.mark.slow
def test_a_fit_goes_on_from_its_checkpoints_with_the_same_bits(data, tmp_path, monkeypatch):
    whole = gated(n_networks=4).fit(*data)
    kept = gated(n_networks=4, checkpoint_dir=tmp_path).fit(*data)
    files = sorted(tmp_path.glob("*.npz"))
    assert len(files) == 4
    for gone in (files[1:3], files[:1], []):
        for file in gone:
            file.unlink()
        with counted_trainings(monkeypatch) as calls:
            again = gated(n_networks=4, checkpoint_dir=str(tmp_path)).fit(*data)
        assert len(calls) == len(gone)
        assert gate_bits(whole) == gate_bits(kept) == gate_bits(again)


@pytest.mark.slow
def test_what_is_read_of_networks_does_not_train_them_again(data, tmp_path, monkeypatch):
    readings = [{"readout": "gate"}, {"score_on": "training"}, {"threshold": "mean"}]
    readings = [{**FREE, **EARLY, **params} for params in readings]
    expected = [gate_bits(gated(**params).fit(*data)) for params in readings]
    gated(**FREE, **EARLY, checkpoint_dir=tmp_path).fit(*data)
    with counted_trainings(monkeypatch) as calls:
        found = [
            gate_bits(gated(**params, checkpoint_dir=tmp_path).fit(*data)) for params in readings
        ]
    assert calls == []
    assert found == expected
    assert len(set(found)) == 3


@pytest.mark.parametrize(
    "other",
    [{"gates": "free"}, {"gate_penalty": 0.5}, {"feature_groups": [0, 0, 1, 1, 2, 3, 4, 5]}],
)
def test_checkpoints_of_another_fit_are_not_taken(data, tmp_path, other):
    gated(checkpoint_dir=tmp_path).fit(*data)
    with pytest.warns(FeatureSelectionWarning, match="is foreign"):
        selector = gated(**other, checkpoint_dir=tmp_path).fit(*data)
    assert gate_bits(selector) == gate_bits(gated(**other).fit(*data))


# The paper


def test_paper_parameters_are_those_of_the_paper():
    params = ImportanceNeuronSelector.paper_parameters()
    ensemble = params.pop("estimator")
    assert params == {"readout": "gate"}
    assert type(ensemble) is NetworkEnsembleClassifier
    assert ensemble.get_params(deep=False) == {
        **NetworkEnsembleClassifier().get_params(deep=False),
        "n_networks": 100,
        "gates": "free",
        "gate_initial": "uniform",
        "gate_penalty": 0.0,
        "loss": "soft_f1",
        "hidden_layer_sizes": (128, 128, 128),
        "dropout": 0.5,
        "noise": 0.005,
        "l2": 1e-3,
        "learning_rate": 1e-4,
        "weight_decay": 0.0,
        "batch_size": 64,
        "max_epochs": 2000,
        "max_steps": None,
        "patience": 15,
        "tol": 0.0,
        "validation_fraction": 0.5,
    }


@pytest.fixture(scope="module")
def paper(data) -> ImportanceNeuronSelector:
    params = ImportanceNeuronSelector.paper_parameters()
    params["estimator"].set_params(n_networks=4, max_epochs=40, learning_rate=0.01)
    return ImportanceNeuronSelector(**params, random_state=0).fit(*data)


def test_a_network_of_the_paper(paper, data):
    core = paper.estimator_.estimators_[0].module_.core
    assert isinstance(core[0], FeatureGate)
    assert [m.out_features for m in core if isinstance(m, nn.Linear)] == [128, 128, 128, 3]
    assert [m.p for m in core if isinstance(m, nn.Dropout)] == [0.5] * 3
    assert sum(type(m).__name__ == "GaussianNoise" for m in core) == 2  # not in the last block
    shares = [net.module_.core[0].weight.detach().double() for net in paper.estimator_.estimators_]
    np.testing.assert_allclose(
        paper.importances_per_network_, [g / g.sum() for g in shares], rtol=1e-6
    )
    assert not hasattr(paper, "exit_penalties_")


def test_the_loss_of_the_paper_has_no_meaning_for_other_targets(data):
    both = np.c_[data.y, data.y[::-1]]
    for y, kind, task in (
        (data.X[:, 0], "a regression", "regression"),
        (both, "several outputs of classes", "classification"),
    ):
        with pytest.raises(ValueError, match=f"soft_f1' needs one label .*y is {kind}.*'auto'"):
            gated(loss="soft_f1", task=task).fit(data.X, y)


@pytest.mark.slow
@pytest.mark.parametrize("estimator", [None, MLP])
def test_the_loss_of_the_paper_learns(data, estimator):
    labels = (data.X[:, :3] > 1).astype(int)
    for y in (data.y, data.y == 1, labels):
        selector = gated(estimator, loss="soft_f1", path_steps=150, n_features_to_select=3)
        selector.fit(data.X, y)
        assert set(selector.get_support(indices=True)) == {0, 1, 2}


# What is said


def test_silent_by_default(data, capsys):
    gated().fit(*data).transform(data.X)
    gated(MLP).fit(*data)
    assert capsys.readouterr() == ("", "")


def test_progress_when_asked(data, capsys):
    gated(verbose=1).fit(*data)
    out, err = capsys.readouterr()
    assert err == ""
    assert out.startswith("[ImportanceNeuronSelector] network 3/3 on 8 features: ")


def test_features_without_importance_are_ranked_by_when_they_closed():
    X, y = planted(n=400, d=20)
    fitted = gated(path_steps=400, learning_rate=0.05, n_networks=1).fit(X, y)
    zero = np.flatnonzero(fitted.feature_importances_ == 0)
    assert len(zero) > 3  # else the test sees nothing
    held_out = np.minimum(fitted.exit_penalties_, 1).mean(axis=0)[zero]
    assert len(np.unique(held_out)) > 1
    assert (np.diff(held_out[np.argsort(fitted.ranking_[zero])]) <= 0).all()
