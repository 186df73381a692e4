"""The networks that a user keeps: skorch nets on raw rows, to be cloned, fitted again, pickled."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
import skorch
import torch
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from sklearn_deeplifft.networks import GateSettings, column_norms
from sklearn_deeplifft.networks._gates import FeatureGate
from tests.ensembles._cases import KINDS, SETTINGS, assigned, case, digest, losses, together

X = case().table.rows.take(slice(None))

CHOSEN = {
    **{kind: (kind, SETTINGS) for kind in KINDS},
    "f1": ("softmax", replace(SETTINGS, loss="soft_f1", dropout=0.2)),
    "tied": ("softmax", replace(SETTINGS, gates=GateSettings((0, 1, 1, 2, 0), path_steps=30))),
    "free": ("softmax", replace(SETTINGS, gates=GateSettings((0, 1, 2, 3, 4), False, penalty=0.1))),
    "noisy": ("regression", replace(SETTINGS, noise=0.1, dropout=0.2, l2=1e-3, patience=None)),
}


@pytest.fixture(params=CHOSEN)
def trained(request):
    kind, settings = CHOSEN[request.param]
    return kind, together(case(kind), settings, assigned(2))[1]


def targets(kind) -> np.ndarray:
    return case(kind).table.targets.numpy()


def outputs(trained, rows) -> torch.Tensor:
    mean, scale = X.mean(0), X.std(0)
    with torch.no_grad():
        return trained.core(torch.as_tensor((rows - mean) / scale).float())


def test_a_net_takes_raw_rows(trained):
    _, found = trained
    net, z = found.estimator, outputs(found, X)
    assert isinstance(net, skorch.NeuralNet)
    check_is_fitted(net, "module_")
    np.testing.assert_allclose(net.forward(X), z, rtol=1e-5, atol=1e-5)
    assert found.core is net.module_.core
    assert not net.module_.training
    assert all(p.requires_grad for p in net.module_.core.parameters())


def test_predictions(trained):
    kind, found = trained
    net, z = found.estimator, outputs(found, X)
    if kind == "regression":
        np.testing.assert_allclose(net.predict(X), z, rtol=1e-5, atol=1e-5)
    if kind == "softmax":
        assert isinstance(net, skorch.NeuralNetClassifier)
        np.testing.assert_array_equal(net.predict(X), z.argmax(1))
        np.testing.assert_array_equal(net.classes_, [0, 1, 2])
        soft_f1 = type(net.criterion_).__name__ == "SoftF1Loss"
        expected = z.sigmoid() if soft_f1 else z.softmax(1)
        np.testing.assert_allclose(net.predict_proba(X), expected, rtol=1e-5, atol=1e-6)


def test_the_history_lists_the_epochs(trained):
    _, found = trained
    history = found.estimator.history
    assert found.epochs == len(history) >= 1
    assert [row["epoch"] for row in history] == list(range(1, len(history) + 1))
    valid = losses(found)["valid_loss"]
    assert len(valid) == len(losses(found)["train_loss"]) == len(history)
    assert np.isfinite(valid).all()
    assert found.loss == min(valid)


@pytest.mark.slow
def test_a_clone_is_fitted_afresh(trained):
    """On raw rows and plain targets, from weights of its own."""
    kind, found = trained
    before = digest(found)
    net = clone(found.estimator)
    assert not net.initialized_
    net.fit(X if kind == "softmax" else X.astype(np.float32), targets(kind))
    assert np.isfinite(net.history[:, "train_loss"]).all()
    assert digest(found) == before
    same = [
        torch.equal(a, b)
        for a, b in zip(net.module_.parameters(), found.core.parameters(), strict=True)
    ]
    assert not any(same)
    if kind == "softmax":
        assert net.score(X, targets(kind)) > 0.5


def test_a_pickle_holds_the_weights_once_and_no_data(trained):
    kind, found = trained
    blob = pickle.dumps(found.estimator)
    rows = case(kind).table
    first = next(m for m in found.core if isinstance(m, torch.nn.Linear))
    assert blob.count(first.weight.detach().numpy().tobytes()) == 1
    assert X[3, :4].tobytes() not in blob
    standardized = (X[3] - X.mean(0)) / X.std(0)
    assert standardized.astype(np.float32).tobytes()[:16] not in blob
    assert rows.targets[:20].numpy().tobytes() not in blob
    again = pickle.loads(blob)
    np.testing.assert_array_equal(again.forward(X), found.estimator.forward(X))
    assert again.history == found.estimator.history


@pytest.mark.slow
def test_pickles_do_not_grow_with_the_table():
    few, many = (
        pickle.dumps(together(case(n=n), SETTINGS, assigned(1, n=n))[0].estimator)
        for n in (90, 2000)
    )
    assert abs(len(many) - len(few)) < 1000


def test_networks_share_nothing():
    a, b = together(case(), SETTINGS, assigned(2))
    before = digest(b)
    with torch.no_grad():
        for p in a.core.parameters():
            p.fill_(7)
    assert digest(b) == before
    pointers = {p.untyped_storage().data_ptr() for t in (a, b) for p in t.core.parameters()}
    assert len(pointers) == 2 * len(list(a.core.parameters()))
    for p in a.core.parameters():
        assert p.untyped_storage().nbytes() == p.numel() * 4  # no slice of all networks'


@pytest.mark.parametrize("name", ["tied", "free"])
def test_gates_of_an_exported_network(name):
    """Free ones stand before it; tied ones are the norms of its columns, and it is plain layers."""
    kind, settings = CHOSEN[name]
    for found in together(case(kind), settings, assigned(2)):
        g, e = found.gates.gate, found.gates.effective
        if name == "tied":
            layers = [type(layer) for layer in found.core]
            assert layers == [
                type(layer) for layer in together(case(kind), SETTINGS, assigned(1))[0].core
            ]
            W = found.core[0].weight[None].detach()
            torch.testing.assert_close(e, column_norms(W, settings.gates.columns(), 3)[0])
            torch.testing.assert_close(g, e)
        else:
            gate = found.core[0]
            assert isinstance(gate, FeatureGate)
            assert torch.equal(gate.weight.detach(), g)
            W = found.core[1].weight.detach()
            torch.testing.assert_close(e, W.norm(dim=0) * g)
        assert (g >= 0).all()
        assert found.gates.path.sum().item() == pytest.approx(1, abs=1e-6)


def test_without_moments_rows_stay_as_they_are():
    data = case()
    data = data._replace(table=replace(data.table, moments=None))
    found = together(data, SETTINGS, assigned(1))[0]
    with torch.no_grad():
        z = found.core(torch.as_tensor(X).float())
    np.testing.assert_allclose(found.estimator.forward(X), z, rtol=1e-5, atol=1e-5)
