"""Settings of a skorch net act as under skorch alone, or are refused by name."""

from functools import partial

import numpy as np
import pytest
import skorch
import torch
from sklearn.base import clone
from skorch.callbacks import Callback, EarlyStopping, EpochScoring
from skorch.dataset import Dataset, ValidSplit
from skorch.helper import predefined_split
from torch import nn
from torch.utils.data import BatchSampler, DataLoader, RandomSampler, WeightedRandomSampler

from sklearn_deeplifft import (
    DeepLIFFTSelector,
    NetworkEnsembleClassifier,
)
from tests.conftest import MLP, counted_trainings, planted


class Watched(Callback):
    """Rows of the last epoch, those trained on and those held out, and classes of its batches."""

    rows: tuple = ()
    classes: list = []

    def on_epoch_begin(self, net, dataset_train=None, dataset_valid=None, **kwargs):
        held = None if dataset_valid is None else len(dataset_valid)
        Watched.rows, Watched.classes = (len(dataset_train), held), []

    def on_batch_begin(self, net, batch=None, training=None, **kwargs):
        if training:
            y = batch[1]
            Watched.classes += (y[0] if isinstance(y, tuple) else y).tolist()  # beside weights


@pytest.fixture(scope="module")
def data():
    return planted(n=100)


def net_of(callbacks=(), **params):
    params = {"max_epochs": 2, "verbose": 0, "criterion": nn.CrossEntropyLoss, **params}
    return skorch.NeuralNetClassifier(MLP, callbacks=[Watched, *callbacks], **params)


def ensemble(net, **params):
    return NetworkEnsembleClassifier(net, n_networks=1, random_state=0, **params)


def test_a_net_without_a_split_watches_no_row(data):
    fitted = ensemble(net_of(train_split=None), validation_fraction=0.2).fit(*data)
    assert Watched.rows == (80, None)
    assert fitted.estimators_[0].history[-1].keys().isdisjoint({"valid_loss", "valid_acc"})
    assert 0 <= fitted.out_of_fold_score_ <= 1


def test_without_a_split_weights_are_the_same(data):
    """To watch rows draws nothing, and decides nothing here."""
    one, other = (
        ensemble(net_of(**given)).fit(*data).estimators_[0].module_.state_dict()
        for given in ({}, {"train_split": None})
    )
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_all_rows_train_where_none_is_held_out(data):
    ensemble(net_of(train_split=None), validation_fraction=0).fit(*data)
    assert Watched.rows == (100, None)


def test_a_path_is_watched_all_the_same(data):
    """It ends with every gate closed, and rows held out say where to stop."""
    net = net_of(train_split=None, lr=0.1)
    nets = ensemble(net, gates="free", gate_penalty="path", validation_fraction=0.2)
    choice = nets.fit(*data).training_choice_
    assert Watched.rows == (80, 20)
    assert list(choice.kept_by) == ["held-out loss"]


@pytest.mark.parametrize(
    "split",
    [ValidSplit(0.5), ValidSplit(2, stratified=True), predefined_split(Dataset([0], [0])), len],
    ids=["half", "folds", "predefined", "function"],
)
def test_a_split_of_its_own_is_refused(data, split, monkeypatch):
    wanted = r"^train_split=.* would be ignored: .*validation_fraction.* or None, to have it watch"
    with counted_trainings(monkeypatch) as calls:
        with pytest.raises(ValueError, match=wanted):
            ensemble(net_of(train_split=split)).fit(*data)
        with pytest.raises(ValueError, match=wanted):
            DeepLIFFTSelector(net_of(train_split=split)).fit(*data)
    assert calls == []


@pytest.mark.parametrize("split", [ValidSplit(5), ValidSplit(5, stratified=True)])
def test_the_splits_of_skorch_are_no_settings(data, split):
    for given in ({}, {"train_split": split}):
        ensemble(clone(net_of(**given)), validation_fraction=0.2).fit(*data)
        assert Watched.rows == (80, 20)


class Noisy(Dataset):
    pass


@pytest.mark.parametrize(
    "given", [{"dataset": Noisy}, {"dataset": partial(Dataset, length=3)}, {"dataset__length": 3}]
)
def test_a_data_set_of_its_own_is_refused(data, given):
    with pytest.raises(ValueError, match=rf"^{next(iter(given))} of the skorch net would be ignor"):
        ensemble(net_of(**given)).fit(*data)


ONES = WeightedRandomSampler(np.arange(100) % 2, 50)


@pytest.mark.parametrize(
    "given",
    [
        {"iterator_train__sampler": ONES},
        {"iterator_train__sampler": ONES, "iterator_train__shuffle": False},
        {"iterator_train__batch_sampler": BatchSampler(ONES, 10, drop_last=False)},
        {"iterator_valid__sampler": RandomSampler(range(10))},
        {"iterator_train": DataLoader, "iterator_train__sampler": list(range(100))},
    ],
)
def test_samplers_of_other_rows_are_refused(data, given):
    wanted = r"^iterator_\w+sampler of the skorch net would draw other rows .* class_weight"
    with pytest.raises(ValueError, match=wanted):
        ensemble(net_of(**given)).fit(*data)


def balanced(dataset, sampler, batch_size):
    y = torch.stack([y for _, y in dataset])
    weight = 1.0 / torch.bincount(y)[y]
    return DataLoader(dataset, batch_size, sampler=sampler(weight, 1000))


def test_a_loader_makes_a_sampler_of_the_rows_it_is_given(data):
    """Class 0 in all but 20 rows: half of those drawn."""
    y = (np.arange(100) < 20).astype(int)
    net = net_of(iterator_train=balanced, iterator_train__sampler=WeightedRandomSampler)
    ensemble(net).fit(data.X, y)
    assert np.mean(Watched.classes) == pytest.approx(0.5, abs=0.06)


F1 = EpochScoring("f1_macro", lower_is_better=False)
F1_SEEN = EpochScoring("f1_macro", on_train=True, lower_is_better=False)


@pytest.mark.parametrize(
    ("callbacks", "monitor"),
    [
        ([EarlyStopping], "valid_loss"),
        ([EarlyStopping("valid_acc", lower_is_better=False)], "valid_acc"),
        ([F1, EarlyStopping("f1_macro", lower_is_better=False)], "f1_macro"),
    ],
)
@pytest.mark.parametrize(
    ("net", "nets", "wanted"),
    [
        ({}, {"validation_fraction": 0}, "set validation_fraction above 0"),
        ({"train_split": None}, {}, "leave train_split at its default"),
    ],
)
def test_stopping_by_rows_that_it_does_not_see(data, callbacks, monitor, net, nets, wanted):
    with pytest.raises(ValueError, match=f"stops early by '{monitor}' on rows held out.*{wanted}"):
        ensemble(net_of(callbacks, **net), **nets).fit(*data)


@pytest.mark.parametrize(
    ("callbacks", "given"),
    [
        ([EarlyStopping("train_loss", patience=2, sink=lambda _: None)], {}),
        (
            [("stop", EarlyStopping)],
            {
                "callbacks__stop__monitor": "train_loss",
                "callbacks__stop__patience": 2,
                "callbacks__stop__sink": lambda _: None,
            },
        ),
        (
            [F1_SEEN, EarlyStopping("f1_macro", 2, lower_is_better=False, sink=lambda _: None)],
            {},
        ),
    ],
    ids=["instance", "class", "score"],
)
@pytest.mark.parametrize("nets", [{"validation_fraction": 0}, {}])
def test_stopping_by_rows_that_train_needs_none_held_out(data, callbacks, given, nets):
    """A rate of 0 changes nothing: the first epoch, and two without progress, are all."""
    given = {"lr": 0.0, "max_epochs": 9, "iterator_train__shuffle": False, **given}
    net = net_of(callbacks, train_split=None, **given)
    assert len(ensemble(net, **nets).fit(*data).estimators_[0].history) == 3


@pytest.mark.parametrize("device", ["nowhere", "auto", torch.device("meta")])
def test_a_device_that_is_not_there(data, device, monkeypatch):
    wanted = r"^device='\w+' cannot be used here.*'cpu', or a device"
    with counted_trainings(monkeypatch) as calls, pytest.raises(ValueError, match=wanted):
        ensemble(net_of(device=device)).fit(*data)
    assert calls == []


@pytest.mark.parametrize("device", [None, "cpu", torch.device("cpu")])
def test_devices_of_skorch(data, device):
    ensemble(net_of(device=device)).fit(*data)
    assert Watched.rows[0] == 90


def test_a_sum_stays_one_under_weights(data):
    """Two nets of one step on all rows: halves of weights step as half of the learning rate."""
    given = {"criterion__reduction": "sum", "batch_size": -1, "max_epochs": 1}
    weight = np.linspace(0.5, 1.5, 100)
    one, other = (
        ensemble(net_of(lr=lr, **given), validation_fraction=0, standardize=False)
        .fit(*data, sample_weight=w)
        .estimators_[0]
        .module_.state_dict()
        for lr, w in ((0.01, weight), (0.02, weight / 2))
    )
    for name in one:
        torch.testing.assert_close(one[name], other[name])
