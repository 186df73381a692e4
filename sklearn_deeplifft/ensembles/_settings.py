"""Parameters of an ensemble to the settings of its networks."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sklearn_deeplifft.ensembles._applicable import differs
from sklearn_deeplifft.networks import (
    GateSettings,
    NetworkSettings,
    adapter_of,
    recommended_training,
)
from sklearn_deeplifft.tables import FeatureGroups, FitData, named_device

__all__ = [
    "as_recommended",
    "epochs_within",
    "has_gates",
    "in_parts",
    "network_settings",
    "on_path",
    "rows_within",
]

PRIOR_ROWS = 2
"""``weight_decay="auto"`` is a prior that speaks as loudly as so many rows do."""

LOOKS = 3
"""Epochs of a path in a single pass, as many as one of 47,400 to 71,000 rows has. With 15 of them
networks keep more columns, and near-copies of them take places at the top of the list: of motif
counts a logistic regression on the first 50 then lost .004."""


def as_recommended(ensemble: Any, defaults: Mapping[str, Any]) -> Any:
    """The ensemble, with what its network recommends where a parameter is at its default."""
    recommended = recommended_training(ensemble.network)
    unset = {
        name: value
        for name, value in recommended.items()
        if not differs(getattr(ensemble, name), defaults[name])
    }
    return copy.copy(ensemble).set_params(**unset)


def network_settings(
    ensemble: Any, data: FitData, groups: FeatureGroups, max_epochs: int
) -> NetworkSettings:
    """Settings of the networks of an ensemble on one table."""
    kind = data.target.kind
    if ensemble.loss == "soft_f1" and kind not in ("softmax", "multilabel"):
        raise ValueError(
            "loss='soft_f1' needs one label per row or a multilabel y; y is "
            f"{data.target.in_words}. Use loss='auto'."
        )
    decay = ensemble.weight_decay
    return NetworkSettings(
        hidden_layer_sizes=tuple(ensemble.hidden_layer_sizes),
        dropout=ensemble.dropout,
        noise=ensemble.noise,
        l2=ensemble.l2,
        loss=ensemble.loss,
        learning_rate=ensemble.learning_rate,
        weight_decay=PRIOR_ROWS / len(data.index) if decay == "auto" else decay,
        tolerance=ensemble.tol,
        batch_size=ensemble.batch_size,
        max_epochs=max_epochs,
        patience=ensemble.patience,
        device=named_device(ensemble.device),
        gates=_gate_settings(ensemble, groups),
    )


def in_parts(settings: NetworkSettings, most_epochs: int, n_training: int) -> NetworkSettings:
    """Make epochs of a path parts of the rows, where bounded steps leave it a pass or two.

    Weights are kept after an epoch, and at the end of a path nearly every column has closed.
    ``most_epochs`` are those without a bound.
    """
    parts = math.ceil(min(most_epochs, LOOKS) / settings.max_epochs)
    if parts < 2 or not settings.on_path:
        return settings
    steps = settings.steps_per_epoch(n_training)
    part = math.ceil(steps / parts)
    epochs = math.ceil(settings.max_epochs * steps / part)
    return replace(settings, max_epochs=epochs, epoch_steps=part)


def epochs_within(ensemble: Any, n_training: int) -> int:
    """Epochs of training: ``max_epochs``, or fewer where ``max_steps`` are reached before."""
    if ensemble.max_steps is None:
        return int(ensemble.max_epochs)
    steps = math.ceil(n_training / ensemble.batch_size)
    return int(min(ensemble.max_epochs, max(math.ceil(ensemble.max_steps / steps), 1)))


def rows_within(ensemble: Any, n_training: int) -> int:
    """Rows that a network trains on: ``n_training``, or fewer where ``max_steps`` end an epoch.

    As many as all steps take, so that each of them is seen once, but for a path that is longer.
    """
    if ensemble.max_steps is None or adapter_of(ensemble.network).own_settings:
        return n_training
    steps = max(ensemble.max_steps, ensemble.path_steps if on_path(ensemble) else 0)
    return min(n_training, int(steps) * int(ensemble.batch_size))


def on_path(ensemble: Any) -> bool:
    """Whether a rising penalty closes the networks' gates."""
    return has_gates(ensemble) and ensemble.gate_penalty == "path"


def has_gates(ensemble: Any) -> bool:
    """Whether networks are trained with gates, of a form that their kind can have."""
    if ensemble.gates not in adapter_of(ensemble.network).gate_forms:
        return False
    # Norms of columns that nothing acts on are no part of the training.
    return ensemble.gates == "free" or ensemble.gate_penalty is not None


def _gate_settings(ensemble: Any, groups: FeatureGroups) -> GateSettings | None:
    if not has_gates(ensemble):
        return None
    penalty = ensemble.gate_penalty or 0.0
    return GateSettings(
        feature_of_column=tuple(groups.of_column.tolist()),
        tied=ensemble.gates == "tied",
        initial=ensemble.gate_initial,
        penalty=None if penalty == "path" else float(penalty),
        path_steps=ensemble.path_steps,
    )
