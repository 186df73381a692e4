"""Rounds of training: what is built before the first step, trained, and kept for a user."""

import numpy as np
import pytest
import scipy.sparse as sp

from sklearn_deeplifft.ensembles import (
    Execution,
    NetworkEnsembleClassifier,
    Rounds,
    _rounds,
    deal_splits,
    knockoff_map_of,
    with_nulls_held,
    with_target_units,
)
from sklearn_deeplifft.ensembles._splits import with_null_draws
from sklearn_deeplifft.networks import GateSettings, NetworkSettings, TrainingJob, adapter_of
from sklearn_deeplifft.tables import FeatureGroups, FitData, encode_target, fit_data
from tests.conftest import MLP

SETTINGS = NetworkSettings((8,), learning_rate=0.02, batch_size=32, max_epochs=5)


def real_data(*, sparse=False, standardize=True, regression=False) -> FitData:
    """Columns that start at zero and are not centred; the first two matter."""
    rng = np.random.default_rng(0)
    X = rng.poisson(1.5, size=(150, 6)) * np.arange(1.0, 7.0)
    y = X[:, 0] - X[:, 1] + 0.1 * rng.normal(size=150)
    y, task = (y, "regression") if regression else (y > np.median(y), "classification")
    X = sp.csr_array(X) if sparse else X
    return fit_data(X, y, None, lambda X, y: encode_target(y, task), standardize=standardize)


def rounds_of(data, settings=SETTINGS, *, null_columns=False) -> Rounds:
    """Rounds of two networks, each with a fifth of the rows held out."""
    splits = deal_splits(data, 2, 5, np.random.RandomState(0))
    if null_columns:
        every = np.arange(data.rows.shape[1])
        splits = with_null_draws(splits, data, knockoff_map_of(data, FeatureGroups(every, every)))
    ours = adapter_of(None)
    return Rounds(ours, settings, data, splits, Execution(), report=lambda progress: None)


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("regression", [False, True])
def test_what_is_kept_is_the_network_with_null_columns_at_their_means(
    sparse, standardize, regression
):
    data = real_data(sparse=sparse, standardize=standardize, regression=regression)
    X = data.rows.take(slice(None))
    rounds = rounds_of(data, null_columns=True)
    networks = rounds.train(rounds.every_column)
    with_target_units(rounds, networks)
    for trained, kept in zip(networks, with_nulls_held(data, networks), strict=True):
        wide = np.hstack([X, np.tile(data.mean, (len(X), 1))])
        expected = trained.estimator.forward(wide)
        np.testing.assert_allclose(kept.estimator.forward(X), expected, rtol=1e-4, atol=1e-4)
        assert kept.null_columns is None
        assert kept.as_trained is trained
    if regression:  # in the target's units, null columns or not
        assert abs(kept.estimator.forward(X).mean() - data.target.codes.mean()) < 1.5


def test_networks_without_null_columns_are_kept_as_they_are():
    rounds = rounds_of(real_data(), NetworkSettings((4,), max_epochs=1))
    networks = rounds.train(rounds.every_column)
    assert with_nulls_held(rounds.data, networks)[0] is networks[0]
    assert networks[0].null_columns is networks[0].as_trained is None


def test_before_the_first_step_a_network_reads_as_many_columns():
    rounds = rounds_of(real_data(), null_columns=True)
    first = rounds.untrained()
    assert first.core[0].in_features == 12
    assert first.standardize.mean.shape == (12,)
    assert first.null_columns is rounds.splits[0].null_columns
    plain = rounds.without_null_columns().untrained()
    assert plain.core[0].in_features == 6
    assert plain.null_columns is None


def test_shorter_rounds_are_half_as_long_and_otherwise_the_same():
    gates = GateSettings(tuple(range(6)), path_steps=7)
    rounds = rounds_of(real_data(), NetworkSettings((4,), max_epochs=3, gates=gates))
    short = rounds.shortened()
    assert (short.settings.max_epochs, short.settings.gates.path_steps) == (2, 4)
    assert (rounds.settings.max_epochs, rounds.settings.gates.path_steps) == (3, 7)
    assert (short.settings.always_watched, rounds.settings.always_watched) == (False, True)
    for ours, theirs in zip(short.splits, rounds.splits, strict=True):
        assert all(a is b for a, b in zip(ours, theirs, strict=True))
    assert rounds_of(real_data()).shortened().settings.gates is None


def test_fewer_columns_keep_their_gates_of_groups():
    """Columns 1 and 4 share a gate, and stay a group of two among those that are left."""
    gates = GateSettings((0, 1, 2, 3, 1, 4), penalty=0.1)
    rounds = rounds_of(real_data(), NetworkSettings((4,), max_epochs=2, gates=gates))
    np.testing.assert_array_equal(rounds.gate_groups, [0, 1, 2, 3, 1, 4])
    (trained, _) = rounds.train(np.array([1, 3, 4]))
    assert trained.core[0].in_features == 3
    assert trained.gates.gate.shape == (2,)
    assert rounds_of(real_data()).gate_groups is None


def test_a_class_drawn_beyond_its_share_weighs_its_share(monkeypatch):
    """Losses are those of the whole table: of each part a class has its share of the weight."""
    seen, train = [], _rounds._train_together

    def watched(rounds, table, splits, columns, execution):
        seen.append((table, splits))
        return train(rounds, table, splits, columns, execution)

    monkeypatch.setattr(_rounds, "_train_together", watched)
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(2000, 3)), (np.arange(2000) >= 1980).astype(int)
    ensemble = NetworkEnsembleClassifier(
        n_networks=2, max_steps=2, batch_size=100, path_steps=2, random_state=0
    )
    for class_weight, rare in ((None, 0.01), ("balanced", 0.5)):
        ensemble.set_params(class_weight=class_weight).fit(X, y)
        table, splits = seen.pop()
        for split in splits:
            assert y[split.training].sum() >= 15
            assert y[split.validation].sum() == 2
            weight = _rounds._weighted(table, split).weight.numpy()
            for part in (split.training, split.validation):
                share = weight[part][y[part] == 1].sum() / weight[part].sum()
                assert share == pytest.approx(rare, rel=0.15)


def test_networks_of_the_user_have_the_factors_of_their_own_rows(monkeypatch):
    jobs = []

    def job(**given):
        jobs.append(TrainingJob(**given))
        return jobs[-1]

    monkeypatch.setattr(_rounds, "TrainingJob", job)
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(2000, 3)), (np.arange(2000) >= 1980).astype(int)
    NetworkEnsembleClassifier(
        MLP,
        n_networks=2,
        max_steps=2,
        batch_size=100,
        gates=None,
        class_weight=None,
        random_state=0,
    ).fit(X, y)
    for one in jobs:
        weight = one.table.weight.numpy()
        for part in (one.training, one.validation):
            assert y[part].mean() > 0.03
            share = weight[part][y[part] == 1].sum() / weight[part].sum()
            assert share == pytest.approx(0.01, rel=0.15)
    assert len(jobs) == 2
