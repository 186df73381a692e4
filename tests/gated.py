"""A quick configuration of ``ImportanceNeuronSelector``, and what its tests have in common."""

from __future__ import annotations

import hashlib

import numpy as np
import skorch
import torch
from torch import nn

from sklearn_deeplifft import ImportanceNeuronSelector
from tests.conftest import MLP, made

GATED = {
    "n_networks": 3,
    "path_steps": 60,
    "hidden_layer_sizes": (16, 8),
    "dropout": 0.0,
    "learning_rate": 0.02,
    "batch_size": 32,
    "max_epochs": 5,
    "score_on": "all",
    "random_state": 0,
}
"""Three small networks on a short path, every row scored: a fit takes a tenth of a second."""

EARLY = {"gate_penalty": 0.3, "max_epochs": 40}
"""A constant penalty and early stopping in place of a path."""

UNPENALISED = {**EARLY, "gate_penalty": 0.0}


def gated(estimator=None, **params) -> ImportanceNeuronSelector:
    return made(ImportanceNeuronSelector, estimator, defaults=GATED, **params)


def classifier(module=MLP, **params) -> skorch.NeuralNetClassifier:
    """A user's own net."""
    given = {"criterion": nn.CrossEntropyLoss, "optimizer": torch.optim.Adam}
    given |= {"max_epochs": 20, "lr": 0.02, "batch_size": 32}
    return skorch.NeuralNetClassifier(module, **{**given, **params})


def gate_bits(selector) -> str:
    """A digest of every number that a fit leaves behind."""
    names = (
        "importances_per_network_",
        "class_importances_",
        "importances_interval_",
        "mean_ranks_",
        "ranking_",
        "exit_penalties_",
    )
    h = hashlib.sha256()
    for name in names:
        h.update(np.ascontiguousarray(getattr(selector, name, 0.0)).tobytes())
    h.update(repr(selector.decomposition_error_).encode())
    return h.hexdigest()
