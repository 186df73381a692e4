"""What the training of each network came to, and which epoch of it was kept."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.exceptions import NotFittedError
from sklearn.metrics import log_loss
from sklearn.neural_network import MLPClassifier
from skorch import NeuralNetClassifier
from skorch.callbacks import EarlyStopping
from torch import nn

from sklearn_deeplifft import (
    DeepLIFFTSelector,
    GIATransformer,
    ImportanceNeuronSelector,
    NetworkEnsembleClassifier,
    NetworkEnsembleRegressor,
    load,
)
from tests.conftest import MLP, counted_trainings, planted

SMALL = {
    "n_networks": 3,
    "linear_share": 1 / 3,
    "hidden_layer_sizes": (8,),
    "learning_rate": 0.02,
    "batch_size": 32,
    "max_epochs": 40,
    "path_steps": 160,
    "random_state": 0,
}
"""Two small networks on a path, and a third without a hidden layer."""

SELECTORS = (DeepLIFFTSelector, ImportanceNeuronSelector, GIATransformer)
COLUMNS = [
    *("hidden_layer_sizes", "on_path", "epochs", "kept_epoch", "kept_by", "penalty"),
    *("open_columns", "held_out_loss", "held_out_score"),
]


def small(kind=NetworkEnsembleClassifier, **params):
    return kind(**{**SMALL, **params})


def history(net, name):
    return [row[name] for row in net.history]


def closed_columns(net):
    """Columns that change no output, whatever is written into them."""
    first = next(m for m in net.module_.core.modules() if isinstance(m, nn.Linear))
    return [j for j in range(first.in_features) if not bool(first.weight[:, j].any())]


@pytest.fixture(scope="module")
def data():
    """Of 40 columns the first three decide; few rows, so that noise is learned on the way."""
    return planted(n=100, d=40)


@pytest.fixture(scope="module")
def fitted(data):
    return small().fit(*data)


def test_one_row_per_network_in_their_order(fitted):
    frame = fitted.training_choice_
    assert frame.columns.tolist() == COLUMNS
    assert frame.index.tolist() == [0, 1, 2]
    assert frame.index.name == "network"
    assert frame["hidden_layer_sizes"].tolist() == [(8,), (8,), ()]
    assert frame["on_path"].tolist() == [True, True, False]
    assert frame["held_out_score"].tolist() == fitted.validation_scores_.tolist()
    assert not frame.isna().any().any()
    kinds = frame.dtypes.astype(str)
    assert kinds[["epochs", "kept_epoch", "open_columns"]].tolist() == ["Int64"] * 3
    assert kinds["on_path"] == "boolean"


def test_the_kept_epoch_is_that_of_the_least_held_out_loss(fitted):
    for row, net in zip(fitted.training_choice_.itertuples(), fitted.estimators_, strict=True):
        losses = history(net, "valid_loss")
        assert row.epochs == len(losses)
        assert row.held_out_loss == losses[row.kept_epoch - 1]
        if row.on_path:
            assert row.kept_by == "held-out loss"
            # An epoch counts as better from a share of ``tol`` on.
            assert row.held_out_loss <= min(losses) * (1 + fitted.tol)
            assert row.held_out_loss < losses[-1]
        else:
            assert (row.kept_by, row.kept_epoch) == ("last epoch", row.epochs)


def test_held_out_rows_end_the_path_where_noise_is_closed_and_signal_is_not(fitted):
    """3 of 40 columns matter; at the end of the path none would be left."""
    frame = fitted.training_choice_
    for row, net in zip(frame.itertuples(), fitted.estimators_, strict=True):
        closed = closed_columns(net)
        assert row.open_columns == 40 - len(closed)
        if row.on_path:
            assert 3 <= row.open_columns < 40
            assert not {0, 1, 2} & set(closed)
            assert row.kept_epoch < row.epochs
        else:
            assert row.open_columns == 40


def test_the_penalty_is_that_at_the_end_of_the_kept_epoch(fitted):
    """It rises from 0.2 to 1; 90 rows are 3 batches, and 160 steps then 54 epochs."""
    for row, trained in zip(fitted.training_choice_.itertuples(), fitted._networks, strict=True):
        if not row.on_path:
            assert row.penalty == 0
            continue
        assert row.penalty == pytest.approx(0.2 ** (1 - row.kept_epoch / 54), rel=1e-12)
        closed = torch.isfinite(trained.gates.exit) & (trained.gates.gate == 0)
        # All that are closed then were closed by a lower penalty, or by this one.
        assert float(trained.gates.exit[closed].max()) <= row.penalty * (1 + 1e-6)
        later = trained.gates.exit[trained.gates.gate > 0]
        assert float(later.min()) >= row.penalty * (1 - 1e-6)


def test_the_loss_is_cross_entropy_of_the_weights_that_are_kept(data, fitted):
    table = fitted._fit_data(data.X, data.y, None, known=True)
    rows = fitted.training_choice_.itertuples()
    held = fitted._held_out(table)
    for row, net, index in zip(rows, fitted.estimators_, held, strict=True):
        p = net.predict_proba(np.float32(table.rows.take(index)))
        found = log_loss(table.target.codes[index], p, labels=[0, 1, 2])
        assert row.held_out_loss == pytest.approx(found, rel=1e-4)


def test_a_regression_is_in_variances_of_the_target(data):
    y = 1000 * (data.X[:, 0] - data.X[:, 1]) + 5
    ensemble = small(NetworkEnsembleRegressor).fit(data.X, y)
    frame = ensemble.training_choice_
    assert (frame["held_out_loss"] < 1).all()
    # One less R squared, but for the variance of the few rows that are held out.
    np.testing.assert_allclose(
        frame["held_out_loss"], 1 - frame["held_out_score"], atol=0.3, rtol=0.8
    )


@pytest.mark.parametrize(
    ("changes", "by", "path", "penalty"),
    [
        ({"gates": None}, "held-out loss", False, 0.0),
        ({"gates": None, "patience": None}, "last epoch", False, 0.0),
        ({"gates": None, "validation_fraction": 0}, "last epoch", False, 0.0),
        ({"gate_penalty": 0.3, "max_epochs": 200}, "held-out loss", False, 0.3),
        ({"gate_penalty": None}, "held-out loss", False, 0.0),
    ],
    ids=str,
)
def test_what_decides(data, changes, by, path, penalty):
    if changes.get("gates", "tied") is None or "gate_penalty" in changes:
        changes = {**changes, "path_steps": 150}
    ensemble = small(n_networks=1, linear_share=0.0, **changes).fit(*data)
    row = ensemble.training_choice_.iloc[0]
    assert (row["kept_by"], row["on_path"], row["penalty"]) == (by, path, penalty)
    if by == "last epoch":
        assert row["kept_epoch"] == row["epochs"] == 40
    else:
        assert row["kept_epoch"] == row["epochs"] - 10  # of patience
    if "gate_penalty" not in changes:
        assert row["open_columns"] == 40


def test_without_rows_held_out_the_training_loss_decides_on_a_path(data):
    ensemble = small(validation_fraction=0).fit(*data)
    frame = ensemble.training_choice_
    assert frame["kept_by"].tolist() == ["training loss"] * 2 + ["last epoch"]
    assert frame[["held_out_loss", "held_out_score"]].isna().all().all()
    losses = history(ensemble.estimators_[0], "train_loss")
    assert losses[frame["kept_epoch"][0] - 1] <= min(losses) * (1 + ensemble.tol)


def test_columns_of_a_gate_are_open_together(data):
    groups = np.repeat(np.arange(10), 4)
    selector = DeepLIFFTSelector(small(), feature_groups=groups, step=None).fit(*data)
    frame = selector.training_choice_
    assert (frame["open_columns"] % 4 == 0).all()
    for n, net in zip(frame["open_columns"], selector.estimator_.estimators_, strict=True):
        assert n == 40 - len(closed_columns(net))
    assert "of 10 features" in selector.estimator_._training_choice_said()


def test_null_columns_do_not_count(data):
    ensemble = small(null_features=True).fit(*data)
    for n, net in zip(ensemble.training_choice_["open_columns"], ensemble.estimators_, strict=True):
        assert n == 40 - len(closed_columns(net)) <= 40


# The same wherever networks come from


def test_checkpoints_bring_it_back(data, fitted, tmp_path, monkeypatch):
    small(checkpoint_dir=tmp_path).fit(*data)
    next(iter(tmp_path.glob("*network-0002.npz"))).unlink()
    with counted_trainings(monkeypatch) as calls:
        again = small(checkpoint_dir=tmp_path).fit(*data)
    assert len(calls) == 1
    pd.testing.assert_frame_equal(again.training_choice_, fitted.training_choice_)


def test_pickling_saving_and_reading_change_nothing(data, fitted, tmp_path):
    expected = fitted.training_choice_
    pd.testing.assert_frame_equal(pickle.loads(pickle.dumps(fitted)).training_choice_, expected)
    fitted.save(tmp_path / "ensemble")
    pd.testing.assert_frame_equal(load(tmp_path / "ensemble").training_choice_, expected)


@pytest.mark.parametrize("kind", SELECTORS)
def test_selectors_have_that_of_their_ensemble(kind, data, fitted, tmp_path):
    selector = kind(fitted, prefit=True, n_features_to_select=2).fit(*data)
    pd.testing.assert_frame_equal(selector.training_choice_, fitted.training_choice_)
    selector.save(tmp_path / "selector")
    loaded = load(tmp_path / "selector")
    np.testing.assert_array_equal(loaded.transform(data.X), selector.transform(data.X))
    pd.testing.assert_frame_equal(loaded.training_choice_, fitted.training_choice_)


def test_memory_brings_it_back(data, fitted, tmp_path, monkeypatch):
    selector = DeepLIFFTSelector(small(), step=None, random_state=0, memory=tmp_path).fit(*data)
    with counted_trainings(monkeypatch) as calls:
        again = DeepLIFFTSelector(small(), step=None, random_state=0, memory=tmp_path).fit(*data)
    assert len(calls) == 0
    pd.testing.assert_frame_equal(again.training_choice_, selector.training_choice_)
    pd.testing.assert_frame_equal(again.training_choice_, fitted.training_choice_)


@pytest.mark.parametrize("estimator", [NetworkEnsembleClassifier(), *(k() for k in SELECTORS)])
def test_it_needs_a_fit(estimator):
    with pytest.raises(NotFittedError):
        _ = estimator.training_choice_


# Networks of the user's own


def own_net(**params):
    return NeuralNetClassifier(
        MLP, criterion=nn.CrossEntropyLoss, max_epochs=20, lr=0.05, verbose=0, **params
    )


def test_a_module_trains_as_ours_do_and_its_layers_are_its_own(data):
    ensemble = NetworkEnsembleClassifier(
        MLP, n_networks=2, gates="free", path_steps=160, learning_rate=0.02, random_state=0
    ).fit(*data)
    frame = ensemble.training_choice_
    assert frame["hidden_layer_sizes"].isna().all()
    assert frame["on_path"].all()
    for row, net, trained in zip(
        frame.itertuples(), ensemble.estimators_, ensemble._networks, strict=True
    ):
        losses = history(net, "valid_loss")
        assert row.held_out_loss == losses[row.kept_epoch - 1] <= min(losses) * (1 + ensemble.tol)
        assert row.penalty == pytest.approx(0.2 ** (1 - row.kept_epoch / net.max_epochs))
        assert row.open_columns == int((trained.gates.gate > 0).sum())


PERCEPTRON = MLPClassifier((5,), max_iter=7)


@pytest.mark.parametrize("network", [own_net(), PERCEPTRON], ids=["net", "perceptron"])
def test_what_settings_of_its_own_keep_is_not_known(network, data):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # seven epochs are few
        ensemble = NetworkEnsembleClassifier(network, n_networks=2, random_state=0).fit(*data)
    frame = ensemble.training_choice_
    known = ["epochs", "open_columns", "held_out_score"]
    assert frame.drop(columns=known).isna().all().all()
    assert frame["epochs"].tolist() == ([7, 7] if network is PERCEPTRON else [20, 20])
    assert frame["open_columns"].tolist() == [40, 40]
    assert frame["held_out_score"].notna().all()


@pytest.mark.parametrize(
    ("monitor", "by"), [("valid_loss", "held-out loss"), ("valid_acc", "valid_acc")]
)
def test_early_stopping_that_restores_says_which_epoch_it_was(monitor, by, data):
    stopping = EarlyStopping(
        monitor=monitor, lower_is_better=by != "valid_acc", patience=3, load_best=True
    )
    net = own_net(callbacks=[("stop", stopping)])
    ensemble = NetworkEnsembleClassifier(net, n_networks=2, random_state=0).fit(*data)
    for row, own in zip(ensemble.training_choice_.itertuples(), ensemble.estimators_, strict=True):
        assert row.kept_by == by
        assert row.kept_epoch == dict(own.callbacks_)["stop"].best_epoch_
        assert row.held_out_loss == history(own, "valid_loss")[row.kept_epoch - 1]


def test_nothing_is_known_of_a_network_that_was_fitted_before(fitted, data):
    selector = DeepLIFFTSelector(fitted.estimators_[0], prefit=True).fit(*data)
    assert selector.training_choice_.shape == (1, len(COLUMNS))
    assert selector.training_choice_.isna().all().all()
