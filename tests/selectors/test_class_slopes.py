"""Slopes of a fitted selector: mean coefficients of its networks, in standard deviations."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from torch import nn

from sklearn_deeplifft import (
    DeepLIFFTSelector,
    GIATransformer,
    ImportanceNeuronSelector,
    NetworkEnsembleClassifier,
    NetworkEnsembleRegressor,
)
from sklearn_deeplifft.datasets import make_motif_counts
from tests.conftest import OneLogitMLP, counted_trainings, planted, quick, relu_network

pytestmark = pytest.mark.filterwarnings("ignore:no scored example")  # short trainings

SMALL = {"n_networks": 2, "hidden_layer_sizes": (8,), "max_epochs": 4, "path_steps": 20}
SMALL |= {"learning_rate": 0.02, "batch_size": 32, "random_state": 0}


def jacobians(net: nn.Module, X: np.ndarray) -> np.ndarray:
    """dz_k/dx_i of raw rows by differentiation, one row at a time: (n, K, d), float64."""
    net = net.double().eval()
    rows = torch.as_tensor(np.asarray(X), dtype=torch.float64)
    found = [torch.autograd.functional.jacobian(lambda x: net(x[None])[0], row) for row in rows]
    return torch.stack(found).numpy()


def centred(J: np.ndarray) -> np.ndarray:
    return J - J.mean(axis=1, keepdims=True)


def module_of(network) -> nn.Module:
    """A fitted network of an ensemble, which takes raw rows."""
    return network.module_


def expected(selector, X, rows=slice(None), centre=centred) -> np.ndarray:
    """Literal slopes: mean over networks of the mean over rows, times standard deviations."""
    per_network = [
        centre(jacobians(module_of(one), X))[rows].mean(axis=0)
        for one in selector.estimator_.estimators_
    ]
    return np.mean(per_network, axis=0) * np.asarray(X, dtype=np.float64).std(axis=0)


@pytest.mark.parametrize("params", [{}, {"prefit": True}])
def test_slopes_are_mean_centred_coefficients_times_deviations(params):
    X, y = planted()
    X = X * np.logspace(-2, 2, X.shape[1])
    ensemble = NetworkEnsembleClassifier(**SMALL)
    if params.get("prefit"):
        ensemble.fit(X, y)
    selector = DeepLIFFTSelector(ensemble, **{"step": None, "random_state": 0, **params}).fit(X, y)
    assert selector.class_slopes_.shape == (3, X.shape[1])
    np.testing.assert_allclose(selector.class_slopes_, expected(selector, X), rtol=1e-4, atol=1e-5)


def test_elimination_keeps_the_slopes_of_networks_on_all_columns():
    X, y = planted()
    one_pass, rounds = (quick(step=step).fit(X, y) for step in (None, 0.5))
    np.testing.assert_array_equal(rounds.class_slopes_, one_pass.class_slopes_)
    assert rounds.n_rounds_ > 2
    assert rounds.class_slopes_.any(axis=0).all()  # those that went first as well


def test_a_network_of_the_users_own_and_wrong_rows_count():
    X, y = planted()
    net = relu_network(8, 6, 3)
    y[:3] = [0, 1, 2]
    selector = quick(net, prefit=True).fit(X, y)
    assert (net(torch.as_tensor(X)).argmax(1).numpy() != y).sum() > 20
    slopes = centred(jacobians(net, X)).mean(axis=0) * X.std(axis=0)
    np.testing.assert_allclose(selector.class_slopes_, slopes, rtol=0, atol=1e-9)


def test_one_logit_is_a_pair_of_zero_and_z():
    X, y = planted(n_classes=2)
    selector = quick(OneLogitMLP).fit(X, y)
    (network,) = selector.estimator_.estimators_
    slope = jacobians(network.module_, X).mean(axis=0)[0] * X.std(axis=0)
    np.testing.assert_allclose(selector.class_slopes_, [-slope / 2, slope / 2], atol=1e-5)
    assert selector.class_slopes_[1, 1] > 0 > selector.class_slopes_[1, 0]


def test_labels_have_half_their_log_odds_and_several_outputs_their_own_centre():
    X, y = planted()
    labels = np.c_[y == 0, y == 1].astype(int)
    selector = quick().fit(X, labels)
    half = expected(selector, X, centre=lambda J: J / 2)
    np.testing.assert_allclose(selector.class_slopes_, half, rtol=1e-4, atol=1e-5)
    selector = quick().fit(X, np.c_[y, y % 2])
    several = expected(
        selector, X, centre=lambda J: np.concatenate([centred(J[:, :3]), centred(J[:, 3:])], 1)
    )
    np.testing.assert_allclose(selector.class_slopes_, several, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("prefit", [False, True])
def test_a_regression_has_its_coefficients_in_units_of_the_targets(prefit):
    X, _ = planted()
    Y = np.c_[30 * X[:, 0] - 10 * X[:, 1], X[:, 2] / 10]
    plain = {name: value for name, value in SMALL.items() if name != "path_steps"}
    ensemble = NetworkEnsembleRegressor(**{**plain, "max_epochs": 30, "gate_penalty": None})
    if prefit:
        ensemble.fit(X, Y)
    selector = DeepLIFFTSelector(ensemble, step=None, prefit=prefit, random_state=0).fit(X, Y)
    slopes = expected(selector, X, centre=lambda J: J) / Y.std(axis=0)[:, None]
    np.testing.assert_allclose(selector.class_slopes_, slopes, rtol=1e-3, atol=1e-4)
    assert selector.class_slopes_[0, 0] > 0.3
    assert selector.class_slopes_[0, 1] < -0.1


def test_weights_masks_and_rows_held_out_choose_the_rows():
    X, y = planted()
    weight = np.arange(len(y)) % 3
    net = relu_network(8, 6, 3)
    J = centred(jacobians(net, X))
    selector = quick(net, prefit=True).fit(X, y, sample_weight=weight)
    mean = (weight @ X) / weight.sum()
    std = np.sqrt(weight @ (X - mean) ** 2 / weight.sum())
    slopes = np.tensordot(weight, J, 1) / weight.sum() * std
    np.testing.assert_allclose(selector.class_slopes_, slopes, atol=1e-9)
    mask = np.arange(len(y)) < 50
    selector = quick(net, prefit=True).fit(X, y, sample_mask=mask)
    np.testing.assert_allclose(selector.class_slopes_, J[:50].mean(0) * X.std(0), atol=1e-9)


def test_a_ranking_for_one_class_leaves_all_slopes_as_they_are():
    X, y = planted()
    net = relu_network(8, 6, 3)
    selector = quick(net, prefit=True, target_class=1).fit(X, y)
    slopes = centred(jacobians(net, X)).mean(axis=0) * X.std(axis=0)
    np.testing.assert_allclose(selector.class_slopes_, slopes, rtol=0, atol=1e-9)


def test_groups_keep_the_slopes_of_their_columns():
    X, y = planted()
    net = relu_network(8, 6, 3)
    alone = quick(net, prefit=True).fit(X, y)
    grouped = quick(net, prefit=True, feature_groups=[[0, 1, 2]]).fit(X, y)
    np.testing.assert_allclose(grouped.class_slopes_, alone.class_slopes_, rtol=0, atol=1e-12)
    assert len(np.unique(grouped.class_importances_[0, :3])) == 1


def test_simplex_groups_lose_their_normal_part():
    X, y = planted()
    X[:, :3] = np.eye(3)[np.random.default_rng(0).integers(0, 3, len(y))]
    net = relu_network(8, 6, 3)
    selector = quick(net, prefit=True, simplex_groups=[[0, 1, 2]]).fit(X, y)
    c = centred(jacobians(net, X)).mean(axis=0)
    c[:, :3] -= c[:, :3].mean(axis=1, keepdims=True)
    np.testing.assert_allclose(selector.class_slopes_, c * X.std(axis=0), rtol=0, atol=1e-9)


def test_neurons_have_slopes_too():
    X, y = planted()
    net = relu_network(8, 6, 3)
    selector = quick(net, prefit=True, layer="1").fit(X, y)
    H = net[1](net[0](torch.as_tensor(X))).detach().numpy()
    slopes = centred(jacobians(net[2], H)).mean(axis=0) * H.std(axis=0)
    np.testing.assert_allclose(selector.class_slopes_, slopes, rtol=0, atol=1e-9)


def test_sparse_rows_and_constant_columns():
    X, _ = planted()
    X = np.round(np.abs(X)) * (np.random.default_rng(0).random(X.shape) < 0.4)
    y = X[:, :3].argmax(axis=1)
    X[:, 5] = 0
    with pytest.warns(UserWarning, match="holds a single value"):
        dense, sparse = (
            DeepLIFFTSelector(NetworkEnsembleClassifier(**SMALL), step=None, random_state=0).fit(
                table, y
            )
            for table in (X, sp.csr_matrix(X))
        )
    for selector in (dense, sparse):
        np.testing.assert_allclose(
            selector.class_slopes_, expected(selector, X), rtol=1e-3, atol=1e-5
        )
        assert not selector.class_slopes_[:, 5].any()


def test_null_columns_leave_the_slopes_of_the_real_ones():
    X, y = planted()
    ensemble = NetworkEnsembleClassifier(**{**SMALL, "max_epochs": 20}, null_features=True)
    selector = DeepLIFFTSelector(ensemble, step=None, random_state=0).fit(X, y)
    assert selector.class_slopes_.shape == (3, 8)
    np.testing.assert_allclose(selector.class_slopes_.sum(axis=0), 0, atol=1e-6)


def test_gates_read_the_same_slopes_and_effects_have_none():
    X, y = planted()
    fitted = NetworkEnsembleClassifier(**SMALL).fit(X, y)
    ours = DeepLIFFTSelector(fitted, prefit=True).fit(X, y)
    gates = ImportanceNeuronSelector(fitted, prefit=True, score_on="all").fit(X, y)
    np.testing.assert_allclose(gates.class_slopes_, ours.class_slopes_, rtol=0, atol=1e-6)
    effects = GIATransformer(fitted, prefit=True, random_state=0).fit(X, y)
    assert not hasattr(effects, "class_slopes_")
    assert not any(name.startswith("class_slope") for name in effects.to_frame())


def test_the_frame_holds_them_behind_the_class_scores():
    X, y = planted()
    frame = pd.DataFrame(X, columns=list("abcdefgh"))
    selector = quick().fit(frame, np.array(["x", "y", "z"])[y])
    table = selector.to_frame().set_index("feature").loc[list("abcdefgh")]
    names = ["class_slope[x]", "class_slope[y]", "class_slope[z]"]
    assert list(table)[-5:-2] == names
    np.testing.assert_array_equal(table[names].T, selector.class_slopes_)


def test_a_kept_fit_and_a_checkpoint_give_the_same_bits(tmp_path, monkeypatch):
    X, y = planted()

    def fit(**changes):
        ensemble = NetworkEnsembleClassifier(**SMALL, **changes)
        memory = None if changes else tmp_path / "memory"
        selector = DeepLIFFTSelector(ensemble, step=None, memory=memory, random_state=0)
        return selector.fit(X, y).class_slopes_

    first, folder = fit(), tmp_path / "networks"
    np.testing.assert_array_equal(fit(checkpoint_dir=folder), first)
    with counted_trainings(monkeypatch) as calls:
        np.testing.assert_array_equal(fit(), first)
        np.testing.assert_array_equal(fit(checkpoint_dir=folder), first)
    assert calls == []


@pytest.mark.slow
def test_motifs_that_speak_against_a_class_are_negative_in_every_class():
    """Though each sits beside its host, and is more frequent in the class than elsewhere."""
    table = make_motif_counts(8_000, 200, class_skew=1, flip_y=0, random_state=0)
    ensemble = NetworkEnsembleClassifier(
        n_networks=2, hidden_layer_sizes=(32,), dropout=0.5, gate_penalty=None, random_state=0
    )
    selector = DeepLIFFTSelector(ensemble, step=None, random_state=0).fit(table.X, table.y)
    every = np.arange(8)
    assert (selector.class_slopes_[every, table.contrary] < 0).all()
    assert (selector.class_slopes_[every, table.host] > 0).all()
    hits = np.stack([table.X[table.y == k].mean(axis=0) for k in every])
    assert (hits[every, table.contrary] > table.X.mean(axis=0)[table.contrary]).all()
