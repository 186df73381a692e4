"""Parameters of an ensemble that say nothing of the networks it was given.

A skorch net trains by its own settings, scikit-learn's perceptron as well, and a module has the
layers it has: a parameter that was set and could only be ignored is an error that names it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sklearn_deeplifft.networks import NetworkAdapter

__all__ = ["differs", "ignored_parameters", "require_applicable"]

LAYERS = ("hidden_layer_sizes", "linear_share", "dropout", "noise", "l2")
"""Parameters of the layers of networks that are built here."""

BATCHED = ("null_features", "checkpoint_dir", "n_jobs")
"""Parameters of networks that are trained here as one batch."""

STEPS = (
    *("learning_rate", "weight_decay", "batch_size", "max_epochs", "max_steps"),
    *("patience", "tol", "loss", "device"),
)
"""Parameters of nets that bring no settings of their own."""

GATES = ("gate_initial", "gate_penalty", "path_steps")

SWITCHED_OFF = ("gates", "gate_penalty")
"""Parameters whose None asks for nothing."""

NEEDS_FREE = "only gates='free' are trained before a network of your own"


def ignored_parameters(adapter: NetworkAdapter, given: Mapping[str, Any]) -> list[str]:
    """Names of the parameters that say nothing of networks of this kind.

    ``given`` maps parameter names to values.
    """
    if adapter.built_here:
        return _of_our_gates(given)
    ignored = [*LAYERS, *BATCHED, *(STEPS if adapter.own_settings else ())]
    if not adapter.gate_forms:
        return [*ignored, "gates", *GATES]
    return ignored if given["gates"] in adapter.gate_forms else [*ignored, *GATES]


def require_applicable(
    adapter: NetworkAdapter, given: Mapping[str, Any], defaults: Mapping[str, Any]
) -> None:
    """Raise ``ValueError`` for parameters that were set and do not apply.

    ``given`` and ``defaults`` map parameter names to values; one that equals its default was not
    set.
    """
    ignored = ignored_parameters(adapter, given)
    changed = [name for name in ignored if differs(given[name], defaults[name])]
    # To switch gates off where there are none is not in vain.
    changed = [name for name in changed if given[name] is not None or name not in SWITCHED_OFF]
    if changed:
        shown = ", ".join(f"{name}={given[name]!r}" for name in changed)
        why = adapter.why_ignored
        if "free" in adapter.gate_forms and set(changed) <= {*GATES}:
            why = NEEDS_FREE if not adapter.built_here else why
        raise ValueError(
            f"{shown} would be ignored: network={adapter.network!r}, and {why}. "
            f"Leave {'it' if len(changed) == 1 else 'them'} at the default."
        )


def _of_our_gates(given: Mapping[str, Any]) -> list[str]:
    found = []
    if given["gates"] != "free":
        found.append("gate_initial")
    if given["gates"] is None:
        found += ["gate_penalty", "path_steps"]
    elif given["gate_penalty"] != "path":
        found.append("path_steps")
    return found


def differs(value: Any, default: Any) -> bool:
    """Whether a parameter was set to something else than its default."""
    if isinstance(default, tuple):
        return not isinstance(value, tuple | list) or tuple(value) != default
    if isinstance(default, bool) or default is None:
        return value is not default
    return isinstance(value, str) != isinstance(default, str) or value != default
