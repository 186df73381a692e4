"""Ensembles that are made for a selector: its own default, or one around a network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sklearn_deeplifft.ensembles._applicable import ignored_parameters
from sklearn_deeplifft.ensembles._classifier import NetworkEnsembleClassifier
from sklearn_deeplifft.ensembles._regressor import NetworkEnsembleRegressor
from sklearn_deeplifft.networks import adapter_of, recommended_training

__all__ = ["ENSEMBLES", "ensemble_for"]

ENSEMBLES: dict[str, type[NetworkEnsembleClassifier] | type[NetworkEnsembleRegressor]] = {
    "classification": NetworkEnsembleClassifier,
    "regression": NetworkEnsembleRegressor,
}


def ensemble_for(
    task: str, own: Mapping[str, Any], **changes: Any
) -> NetworkEnsembleClassifier | NetworkEnsembleRegressor:
    """Make an unfitted ensemble for a task.

    Parameters
    ----------
    task : {"classification", "regression"}
    own : mapping
        A selector's own values of parameters. Those that say nothing of the network in ``changes``
        are left out (a skorch net trains by its own settings), and those that it recommends itself.
    **changes
        Parameters that were asked for; one that does not apply is an error in ``fit``.

    Raises
    ------
    ValueError
        ``task`` is neither of the two.
    TypeError
        No ensemble has the parameter.
    """
    if task not in ENSEMBLES:
        raise ValueError(f"task={task!r} must be 'classification' or 'regression'.")
    ensemble = ENSEMBLES[task](**changes)
    given = ensemble.get_params(deep=False)
    given |= {name: value for name, value in own.items() if name not in changes}
    ignored = ignored_parameters(adapter_of(ensemble.network), given)
    left = {*changes, *ignored, *recommended_training(ensemble.network)}
    applied = {name: given[name] for name in own if name not in left}
    ensemble.set_params(**applied)
    return ensemble
