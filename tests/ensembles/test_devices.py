"""Devices of training: names, choice of one, and where trained networks lie."""

import pickle

import numpy as np
import pytest
import torch

from sklearn_deeplifft import NetworkEnsembleClassifier
from sklearn_deeplifft.tables import named_device
from tests.conftest import planted

ON_A_CARD = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="torch finds no CUDA device on this machine"
)


def small(device):
    return NetworkEnsembleClassifier(
        hidden_layer_sizes=(6,), n_networks=2, max_epochs=3, random_state=0, device=device
    )


@pytest.mark.parametrize(
    ("cuda", "mps", "expected"),
    [(True, True, "cuda"), (True, False, "cuda"), (False, True, "mps"), (False, False, "cpu")],
)
def test_auto_takes_what_torch_finds(monkeypatch, cuda, mps, expected):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert named_device("auto") == expected
    assert named_device("cpu") == "cpu"


def test_auto_without_an_accelerator_is_the_cpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    X, y = planted(n=80)
    auto, cpu = (small(device).fit(X, y) for device in ("auto", "cpu"))
    assert auto.get_params()["device"] == "auto"
    np.testing.assert_array_equal(auto.predict_proba(X), cpu.predict_proba(X))


@pytest.mark.skipif(torch.cuda.is_available(), reason="torch finds a CUDA device here")
def test_a_card_that_is_not_there():
    X, y = planted(n=80)
    with pytest.raises(ValueError, match=r"device='cuda' cannot be used here.*'auto'"):
        small("cuda").fit(X, y)


@ON_A_CARD
def test_what_a_card_has_trained_lies_on_the_cpu():
    X, y = planted(n=80)
    fitted = small("cuda").fit(X, y)
    parts = [p for t in fitted._networks for p in t.core.parameters()]
    assert {p.device.type for p in parts} == {"cpu"}
    assert b"cuda:0" not in pickle.dumps(fitted)
    np.testing.assert_allclose(
        fitted.predict_proba(X), small("cpu").fit(X, y).predict_proba(X), atol=1e-2
    )
