"""Elimination where linear networks know nothing: others replace them; elsewhere no bit moves."""

import warnings

import numpy as np
import pytest
from torch import nn

from sklearn_deeplifft import DeepLIFFTSelector, load
from sklearn_deeplifft.ensembles import Rounds
from tests.conftest import bits, counted_trainings, noted_rounds, planted

# Nine networks of 100 units, in rounds: half a second to a few seconds each.
pytestmark = pytest.mark.slow

SHORT = {"n_networks": 9, "path_steps": 80, "random_state": 0}


def selector_of(task="classification", **changes):
    return DeepLIFFTSelector(DeepLIFFTSelector.default_estimator(task, **{**SHORT, **changes}))


def signs(n=900, d=12):
    """Labels are the sign of the product of columns 3 and 7: no line tells them."""
    X = np.random.default_rng(0).normal(size=(n, d))
    return X, X[:, 3] * X[:, 7]


def kinds_of(rounds):
    """Widths of the hidden layers of each network, round by round."""
    layers = [
        [[m.out_features for m in trained.core if isinstance(m, nn.Linear)] for trained in networks]
        for networks in rounds
    ]
    return [[tuple(widths[:-1]) for widths in networks] for networks in layers]


@pytest.fixture
def rounds(monkeypatch):
    """Networks of every round of the fits that follow."""
    return noted_rounds(monkeypatch)


def never(monkeypatch):
    monkeypatch.setattr(Rounds, "linear_that_know_less", lambda self, networks: [])


LINEAR_THIRD = [(100,), (100,), ()] * 3


@pytest.mark.parametrize(
    "task", ["labels", "quantity", "two quantities", "two labels", "two outputs"]
)
def test_where_nothing_is_linear_others_take_the_place(task, rounds):
    X, z = signs()
    y = {
        "labels": np.where(z > 0, "same", "other"),
        "quantity": 1e4 + 300 * z,
        "two quantities": np.stack([z, 5 - 2 * z], axis=1),
        "two labels": np.stack([z > 0, z < 0.2], axis=1).astype(int),
        "two outputs": np.stack([z > 0, z > 0.2], axis=1) + np.array([4, 7]),
    }[task]
    quantity = task.endswith(("quantity", "quantities"))
    selector = selector_of("regression" if quantity else "classification").fit(X, y)
    assert selector.linear_replaced_
    assert set(np.argsort(selector.ranking_)[:2]) == {3, 7}
    first, *later = kinds_of(rounds)
    assert first == LINEAR_THIRD
    assert len(later) == selector.n_rounds_ - 2 >= 5
    assert all(kinds == [(100,)] * 9 for kinds in later)
    # What is kept, and told, are the networks of the first round.
    choice = selector.training_choice_
    assert choice["hidden_layer_sizes"].tolist() == LINEAR_THIRD
    assert selector.importances_per_network_.shape == (9, 12)
    assert "took the place of those without" in " ".join(selector.summary().split())


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_where_linear_networks_know_as_much_no_bit_changes(task, monkeypatch, rounds):
    X, y = planted(n=300, d=10)
    y = X[:, 0] - X[:, 1] if task == "regression" else y
    found = selector_of(task).fit(X, y)
    assert not found.linear_replaced_
    assert all(kinds == LINEAR_THIRD for kinds in kinds_of(rounds))
    assert "took the place" not in found.summary()
    never(monkeypatch)
    plain = selector_of(task).fit(X, y)
    assert bits(found) == bits(plain)


# Linear networks alone are at chance, and say so.
@pytest.mark.filterwarnings("ignore::sklearn_deeplifft.exceptions.FeatureSelectionWarning")
@pytest.mark.parametrize(
    "changes",
    [
        {"linear_share": 0},
        {"linear_share": 1},
        {"hidden_layer_sizes": ()},
        {"n_networks": 5},
        {"validation_fraction": 0},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_without_two_of_each_kind_and_rows_held_out_nothing_is_compared(changes, monkeypatch):
    """Of five networks one is linear."""
    X, z = signs(200, 8)
    short = {"max_steps": 40, "path_steps": 30, **changes}
    found = selector_of(**short).fit(X, z > 0)
    assert not found.linear_replaced_
    never(monkeypatch)
    assert bits(selector_of(**short).fit(X, z > 0)) == bits(found)


def test_rows_in_one_pass_compare_nothing():
    X, z = signs(200, 8)
    selector = selector_of().set_params(step=None).fit(X, z > 0)
    assert not selector.linear_replaced_


def test_a_network_that_holds_out_nothing_is_left_out():
    """Of eight rows three weigh nothing: two networks have none left to hold out."""
    X, y = np.random.default_rng(0).normal(size=(8, 4)), np.arange(8) % 3
    small = {"n_networks": 12, "hidden_layer_sizes": (4,), "max_epochs": 2, "path_steps": 4}
    weight = np.repeat([1.0, 0.0], [5, 3])
    with warnings.catch_warnings():  # so few rows say nothing
        warnings.simplefilter("ignore", UserWarning)
        selector = selector_of(**small).fit(X, y, sample_weight=weight)
    assert not selector.linear_replaced_
    assert sorted(selector.ranking_) == [1, 2, 3, 4]


def test_null_columns_do_not_hide_it():
    X, z = signs()
    selector = selector_of(null_features=True).fit(X, z > 0)
    assert selector.linear_replaced_
    assert set(np.argsort(selector.ranking_)[:2]) == {3, 7}


def test_threads_and_checkpoints_end_with_the_same_bits(tmp_path, monkeypatch):
    X, z = signs()
    whole = selector_of().fit(X, z > 0)
    assert whole.linear_replaced_
    kept = selector_of(checkpoint_dir=tmp_path, n_jobs=2).fit(X, z > 0)
    assert bits(kept) == bits(whole)
    # As if killed in the second round: the first is there, and one network of the second.
    for file in tmp_path.rglob("round-*"):
        number = int(file.name.split("-")[1])
        if number > 2 or (number == 2 and "network-0001" not in file.name):
            file.unlink()
    with counted_trainings(monkeypatch) as calls:
        resumed = selector_of(checkpoint_dir=tmp_path).fit(X, z > 0)
    assert max(len(columns) for columns in calls) < 12
    assert bits(resumed) == bits(whole)
    assert resumed.linear_replaced_


def test_a_kept_fit_and_a_file_say_so(tmp_path):
    X, z = signs(d=8)
    first, second = (selector_of().set_params(memory=tmp_path, random_state=0) for _ in range(2))
    first.fit(X, z > 0)
    assert first.linear_replaced_
    assert second.fit(X, z > 0).linear_replaced_
    first.save(tmp_path / "fit.safetensors")
    assert load(tmp_path / "fit.safetensors").linear_replaced_
    assert not second.fit(*planted(n=100)).linear_replaced_
