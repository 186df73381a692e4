"""Outputs of networks that are run to find out what they mean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import skorch
import torch
from torch import Tensor

from sklearn_deeplifft.attribution import evaluating, frozen_state, logits_of, neutral_torch
from sklearn_deeplifft.networks._build import OutputKind
from sklearn_deeplifft.networks._kinds import adapter_of
from sklearn_deeplifft.networks._misfit import NOT_TRAINABLE
from sklearn_deeplifft.networks._train import seeded
from sklearn_deeplifft.networks._trained import TrainedNetwork
from sklearn_deeplifft.tables import Names, Target

__all__ = ["known_classes", "name_classes", "name_columns", "output_kind_of", "takes_columns"]

LABELS = "labels_"
"""Attribute for the labels of a net that has no parameter for them, or whose classes are 0 and 1
always."""


def output_kind_of(trained: TrainedNetwork, rows: np.ndarray, kind: str) -> OutputKind:
    """Run an untrained network on rows as they are, and far away, where logits grow."""
    X = torch.tensor(rows)  # torch warns of read-only arrays
    with seeded(0):  # lazy layers draw their weights when the first rows arrive
        _require_gradient(trained, X[:2])
    with torch.no_grad():
        X = X if trained.standardize is None else trained.standardize(X)
        X = X if bool(X.any()) else X + 1  # nothing is far away from columns of zeros
        core = trained.core.eval()
        with takes_columns(rows.shape[1]):
            parts = [logits_of(core(x), len(X)) for x in (X.clone(), 1e4 * X)]
        z = torch.cat(parts)
    probabilities = bool(((z >= 0) & (z <= 1)).all())
    single = kind == "softmax" and z.shape[1] == 1
    if kind == "softmax" and not single:
        probabilities = probabilities and bool(torch.allclose(z.sum(1), z.new_ones(len(z))))
    return OutputKind(probabilities, single)


def _require_gradient(trained: TrainedNetwork, X: Tensor) -> None:
    """Refuse a module that no step would change."""
    with torch.no_grad():
        X = X if trained.standardize is None else trained.standardize(X)
    with takes_columns(X.shape[1]):
        z = trained.core.eval()(X.clone())
    if logits_of(z, len(X)).requires_grad:
        return
    raise ValueError(NOT_TRAINABLE)


def known_classes(estimator: Any, rows: np.ndarray, labels: np.ndarray) -> np.ndarray | None:
    """The classes of a trained network, in the order of its logits; None where y decides.

    A bare module has no names for its outputs: integers below their number stand for
    themselves, and as many other labels as there are outputs are taken in sorted order.
    """
    adapter = adapter_of(estimator)
    if adapter.task == "regression":
        return None
    # skorch's classifiers and MLPClassifier have it; a module of the user's may have it as well.
    named = getattr(estimator, LABELS, getattr(estimator, "classes_", None))
    if isinstance(named, list | np.ndarray) and len(named):
        # A selector's networks number their classes: names are then taken as by a bare module.
        numbered = np.asarray(named).dtype.kind in "iu" and isinstance(labels.flat[0], str)
        return None if numbered else np.asarray(named)
    module = adapter.read_fitted().core
    dtype = next((p.dtype for p in module.parameters()), torch.float32)
    given = torch.tensor(np.ascontiguousarray(rows), dtype=dtype)  # torch knows no negative strides
    # The module stays in its own mode with its own buffers; not every module can be copied.
    with neutral_torch(), torch.no_grad(), takes_columns(rows.shape[1]), evaluating(module):
        state = frozen_state(module, dtype)
        z = logits_of(torch.func.functional_call(module, state, (given,)), len(rows))
    n_classes = max(z.shape[1], 2)
    if labels.dtype.kind in "iu" and labels.min() >= 0 and labels.max() < n_classes:
        return np.arange(n_classes)
    return None


def name_classes(networks: Sequence[TrainedNetwork], target: Target) -> None:
    """Tell networks trained on class numbers the labels that these stand for.

    Where one of them is read by itself, later, its outputs then have names.
    """
    if target.kind != "softmax":
        return
    for trained in networks:
        if isinstance(trained.estimator, skorch.NeuralNetClassifier):
            trained.estimator.classes = list(target.classes)
        elif isinstance(trained.estimator, skorch.NeuralNet):
            setattr(trained.estimator, LABELS, target.classes)


def name_columns(networks: Sequence[TrainedNetwork], names: Names) -> None:
    """Tell networks the names of their columns, as scikit-learn's ``fit`` leaves them.

    Where one of them is read by itself, columns in another order are refused.
    """
    for trained in networks:
        # Steps of scikit-learn's pipelines would warn of arrays.
        if names is not None and isinstance(trained.estimator, skorch.NeuralNet):
            trained.estimator.feature_names_in_ = names


@contextmanager
def takes_columns(n_features: int) -> Iterator[None]:
    """Explain a network's refusal of rows of this width."""
    try:
        yield
    except RuntimeError as error:
        raise ValueError(
            f"the network cannot take rows of {n_features} columns ({error}). Pass the columns it "
            "was built for, in their order."
        ) from error
