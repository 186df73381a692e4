"""Networks that begin with pairs which members without a hidden layer have missed."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone

from sklearn_deeplifft import (
    DeepLIFFTSelector,
    NetworkEnsembleClassifier,
    NetworkEnsembleRegressor,
    load,
)
from sklearn_deeplifft.ensembles import _missed_pairs
from sklearn_deeplifft.ensembles import _rounds as rounds_module
from sklearn_deeplifft.ensembles._choice_said import pairs_said
from sklearn_deeplifft.ensembles._pair_starts import (
    _factors,
    _rows_to_search,
    pair_starts,
    starting_pairs,
)
from sklearn_deeplifft.ensembles._pair_units import UNITS
from sklearn_deeplifft.networks import TrainedNetwork, relu_mlp

SMALL = {
    "n_networks": 4,
    "linear_share": 0.5,
    "hidden_layer_sizes": (4 * UNITS,),
    "learning_rate": 0.01,
    "max_epochs": 3,
    "path_steps": 20,
    "max_steps": 60,
    "random_state": 0,
}


def table(n=2500, d=30, seed=0):
    """Column 0 tells by itself, 5 and 11 only together."""
    X = np.random.RandomState(seed).randn(n, d)
    return X, 0.7 * X[:, 0] + 1.5 * X[:, 5] * X[:, 11]


@pytest.fixture
def begun(monkeypatch):
    """What the networks with a hidden layer have begun with, fit by fit."""
    seen: list = []
    plain = rounds_module.pair_starts

    def noting(*args):
        seen.append(plain(*args))
        return seen[-1]

    monkeypatch.setattr(rounds_module, "pair_starts", noting)
    return seen


@pytest.fixture
def never(monkeypatch):
    def none(data, linear, splits, fresh, n_hidden):
        return [None] * len(splits)

    monkeypatch.setattr(rounds_module, "pair_starts", none)


def pairs_in(start):
    """Columns of each pair that a core begins with."""
    core = start.core
    weight = core[0].weight[: core[0].out_features // 2 : UNITS]
    rows = [tuple(np.flatnonzero(row).tolist()) for row in weight.detach().numpy()]
    return [row for row in rows if len(row) == 2]


def bits(ensemble):
    return [
        value.numpy().tobytes()
        for trained in ensemble._networks
        for value in trained.core.state_dict().values()
    ]


TARGETS = {
    "two classes": lambda z: (z > 0) * 1,
    "three classes": lambda z: np.digitize(z, [-0.7, 0.7]),
    "labels": lambda z: np.stack([z > 0, z > 1], axis=1) * 1,
    "several outputs": lambda z: np.stack([z > 0, np.digitize(z, [-1, 1])], axis=1),
}


@pytest.mark.parametrize("kind", TARGETS)
def test_classifiers_begin_with_the_pair(kind, begun):
    X, z = table()
    NetworkEnsembleClassifier(**SMALL).fit(X, TARGETS[kind](z))
    ((one, other),) = begun
    assert pairs_in(one) == [(5, 11)]
    assert other is None  # every second begins as ever


def test_regressors_too(begun):
    X, z = table()
    NetworkEnsembleRegressor(**SMALL).fit(X, 1e6 + 1e3 * z)
    assert pairs_in(begun[0][0]) == [(5, 11)]


def test_an_effect_has_its_sign():
    X, z = table()
    y = (z > 0) * 1
    found = {}
    for sign in (1, -1):
        core = NetworkEnsembleClassifier(**SMALL).fit(X * np.where(np.arange(30) == 5, sign, 1), y)
        found[sign] = core.score(X * np.where(np.arange(30) == 5, sign, 1), y)
    assert min(found.values()) > 0.75


def test_they_predict_what_others_of_as_many_steps_do_not(monkeypatch):
    (X, z), (X_new, z_new) = table(), table(seed=1)
    y, y_new = z > 0, z_new > 0
    with_pairs = NetworkEnsembleClassifier(**SMALL).fit(X, y).score(X_new, y_new)
    monkeypatch.setattr(
        rounds_module, "pair_starts", lambda d, li, splits, f, h: [None] * len(splits)
    )
    without = NetworkEnsembleClassifier(**SMALL).fit(X, y).score(X_new, y_new)
    assert with_pairs > without + 0.05


def test_a_selector_ranks_them_first():
    X, z = table()
    selector = DeepLIFFTSelector(NetworkEnsembleClassifier(**SMALL), step=None).fit(X, z > 0)
    assert set(np.argsort(selector.ranking_)[:3]) == {0, 5, 11}


def test_where_nothing_is_missed_all_is_as_if_trained_at_once(begun, monkeypatch):
    X, _ = table()
    y = X[:, 0] > 0
    parts = NetworkEnsembleClassifier(**SMALL).fit(X, y)
    assert begun == [[None, None]]
    monkeypatch.setattr(
        rounds_module.Rounds, "train_first", lambda self: self.train(self.every_column)
    )
    assert bits(NetworkEnsembleClassifier(**SMALL).fit(X, y)) == bits(parts)


def test_targets_of_rows_held_out_are_not_fitted_by_what_a_network_begins_with():
    X, z = table()
    ensemble = NetworkEnsembleClassifier(**SMALL)
    data = ensemble._fit_data(X, z > 0, None)
    rounds = ensemble._rounds(data, lambda progress: None)
    linear = [1, 3]  # every second
    trained = rounds._train_part(linear, 0)
    splits = [rounds.splits[i] for i in (0, 2, 2)]

    def fresh(split):
        return relu_mlp(30, 2, SMALL["hidden_layer_sizes"])

    def starts(data):
        return pair_starts(data, trained, splits, fresh, 4 * UNITS)

    codes = data.target.codes.copy()
    codes[splits[0].validation] = 1 - codes[splits[0].validation]
    other = replace(data, target=replace(data.target, codes=codes))
    before, after = (
        [one.core[-1].weight[:, :UNITS] for one in starts(d)[::2]] for d in (data, other)
    )
    assert torch.equal(before[0], after[0])
    assert not torch.equal(before[1], after[1])


@pytest.mark.usefixtures("never")
def test_nothing_is_searched_without_linear_members(begun):
    X, z = table(600)
    NetworkEnsembleClassifier(**{**SMALL, "linear_share": 0.0}).fit(X, z > 0)
    assert begun == []


@pytest.mark.parametrize(
    "given",
    [
        {"null_features": True},
        {"hidden_layer_sizes": (16, 8)},
        {"hidden_layer_sizes": (UNITS,)},
        {"standardize": False},
        {"loss": "soft_f1"},
        {"gates": "free", "gate_initial": "uniform"},
    ],
)
def test_these_begin_as_ever(given, begun):
    X, z = table()
    NetworkEnsembleClassifier(**{**SMALL, **given}).fit(X, (z > 0) * 1)
    assert all(start is None for starts in begun for start in starts)


def test_groups_of_rows_are_not_searched(begun):
    X, z = table()
    NetworkEnsembleClassifier(**SMALL).fit(X, z > 0, groups=np.arange(len(X)) // 2)
    assert begun == [[None, None]]


def test_order_of_rows_jobs_and_sparse_tables_change_no_bit():
    X, z = table()
    X = np.where(np.abs(X) < 0.8, 0.0, X)
    y = z > 0
    right = bits(NetworkEnsembleClassifier(**SMALL).fit(X, y))
    order = np.random.RandomState(1).permutation(len(X))
    assert bits(NetworkEnsembleClassifier(**SMALL).fit(X[order], y[order])) == right
    assert bits(NetworkEnsembleClassifier(**SMALL, n_jobs=2).fit(X, y)) == right


def test_threads_of_torch_change_no_bit(begun):
    X, z = table()
    before, found = torch.get_num_threads(), []
    try:
        for n in (1, 2):
            torch.set_num_threads(n)
            found.append(bits(NetworkEnsembleClassifier(**SMALL).fit(X, z > 0)))
            assert torch.get_num_threads() == n
    finally:
        torch.set_num_threads(before)
    assert begun[0][0] is not None
    assert found[0] == found[1]


@pytest.mark.parametrize("unit", [1e-29, 2.0**80, 1e29])
def test_weights_are_of_no_unit(unit, begun):
    X, z = table()
    weight = np.full(len(X), unit)
    NetworkEnsembleClassifier(**SMALL).fit(X, z > 0, sample_weight=weight)
    assert pairs_in(begun[0][0]) == [(5, 11)]


def test_of_a_long_table_rows_are_searched_that_a_network_trains_on(monkeypatch):
    X, z = table(6000)
    y = np.where(np.arange(6000) < 60, 2, z > 0)
    monkeypatch.setattr(_missed_pairs, "MOST_ROWS", 1000)
    few = {**SMALL, "max_steps": 10, "path_steps": 10, "n_networks": 6}
    ensemble = NetworkEnsembleClassifier(**few)
    data = ensemble._fit_data(X, y, None)
    begin = ensemble._rounds(data, lambda progress: None).splits[::4]
    parts = [_factors(split, len(X)) for split in begin]
    rows = _rows_to_search(data, parts)
    assert len(rows) == 1000 == len(np.unique(rows))
    read = np.union1d(begin[0].training, begin[1].training)
    assert len(begin[0].training) == 1280
    assert np.isin(rows, read).all()
    for split, part in zip(begin, parts, strict=True):
        assert (np.flatnonzero(part) == np.sort(split.training)).all()
        # Of the third class 20 rows are drawn, and weigh what their share is.
        share = part[data.target.codes[:, 0] == 2].sum() / part.sum()
        assert share == pytest.approx(0.01, rel=0.1)


def test_checkpoints_of_both_parts_are_taken_up(tmp_path, begun):
    X, z = table()
    ensemble = NetworkEnsembleClassifier(**SMALL, checkpoint_dir=tmp_path)
    right = bits(ensemble.fit(X, z > 0))
    pairs = ensemble.starting_pairs_
    names = sorted(path.name for path in tmp_path.rglob("*network*"))
    assert len(names) == 4
    assert pairs_in(begun[0][0]) == [(5, 11)]
    (first, *_, last) = (next(tmp_path.rglob(name)) for name in names)
    for path in (first, last):
        path.unlink()
    again = clone(ensemble).fit(X, z > 0)
    assert bits(again) == right
    pd.testing.assert_frame_equal(again.starting_pairs_, pairs)


def test_pairs_are_named_and_counted_and_told(tmp_path):
    X, z = table()
    frame = pd.DataFrame(X, columns=[f"c{i}" for i in range(30)])
    ensemble = NetworkEnsembleClassifier(**SMALL).fit(frame, z > 0)
    assert ensemble.starting_pairs_.to_numpy().tolist() == [["c5", "c11", 1]]
    said = " 1 of them began with a pair of columns that tells together what networks without a "
    assert f"{said}hidden layer have missed: c5 with c11." in ensemble._training_choice_said()
    ensemble.save(tmp_path / "ensemble")
    loaded = load(tmp_path / "ensemble")
    pd.testing.assert_frame_equal(loaded.starting_pairs_, ensemble.starting_pairs_)
    selector = DeepLIFFTSelector(
        NetworkEnsembleClassifier(**SMALL), memory=str(tmp_path / "kept"), random_state=0
    )
    told = [selector.fit(frame, z > 0).summary() for _ in range(2)]
    assert told[0] == told[1]
    assert "c5 with c11" in " ".join(told[0].split())


def test_pairs_of_several_networks():
    none = TrainedNetwork(None, relu_mlp(9, 2, (4,)), None)
    networks = [none._replace(pairs=np.array(p)) for p in ([[1, 8], [5, 2]], [[7, 0], [8, 1]])]
    found = starting_pairs([*networks, none], np.arange(9))
    assert found.to_numpy().tolist() == [[1, 8, 2], [2, 5, 1], [0, 7, 1]]
    assert pairs_said(found, [*networks, none]).endswith("missed: 1 with 8, 2 with 5, 0 with 7.")
    many = [none._replace(pairs=np.array([[0, k] for k in range(1, 6)]))] * 2
    found = starting_pairs(many, np.array([*"abcdefghi"]))
    assert pairs_said(found, many) == (
        " 2 of them began with pairs of columns that tell together what networks without a hidden "
        "layer have missed: a with b, a with c, a with d and 2 more."
    )
    nothing = starting_pairs([none], np.arange(9))
    assert nothing.columns.tolist() == ["feature", "partner", "networks"]
    assert len(nothing) == 0
    assert pairs_said(nothing, [none]) == ""


def test_progress_counts_all_networks():
    X, z = table(600)
    told = []
    NetworkEnsembleClassifier(**SMALL, verbose=told.append).fit(X, z > 0)
    assert {progress.total for progress in told} == {4}
    assert [progress.done for progress in told] == sorted(progress.done for progress in told)
    assert told[-1].done == 4
    assert torch.is_grad_enabled()
