"""The state that a call must leave as it found it: of the process and of a user's objects."""

from __future__ import annotations

import hashlib
import os
import random
import warnings
from typing import Any

import numpy as np
import torch
from torch import nn

__all__ = ["changed", "left_on", "state_of_process"]


def state_of_process() -> dict[str, Any]:
    """Whatever a library could leave changed."""
    numpy_state: Any = np.random.get_state(legacy=False)
    return {
        "torch default dtype": torch.get_default_dtype(),
        "torch default device": torch.get_default_device(),
        "torch threads": torch.get_num_threads(),
        "torch gradients": (torch.is_grad_enabled(), torch.is_inference_mode_enabled()),
        "torch autocast": torch.is_autocast_enabled("cpu"),
        "torch determinism": torch.are_deterministic_algorithms_enabled(),
        "torch generator": torch.get_rng_state().numpy().tobytes(),
        "numpy generator": (
            numpy_state["state"]["pos"],
            numpy_state["state"]["key"].tobytes(),
            numpy_state["gauss"],
        ),
        "python generator": hash(random.getstate()),
        "warning filters": tuple(map(str, warnings.filters)),
        "numpy errors": tuple(np.geterr().items()),
        "working folder": os.getcwd(),
        "environment": _environment(),
    }


def _environment() -> frozenset[tuple[str, str]]:
    """All but what torch sets when its compiler's rules are first loaded."""
    return frozenset((k, v) for k, v in os.environ.items() if not k.startswith("TORCHINDUCTOR"))


def changed(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Names of what differs."""
    every = before | after
    return [name for name in every if before.get(name) != after.get(name)]


def left_on(estimator: Any) -> dict[str, str]:
    """Digests of everything that an object of the user's holds, parameters and fitted values."""
    found = {name: _digest(value) for name, value in vars(estimator).items()}
    network = vars(estimator).get("estimator", vars(estimator).get("network"))
    inner = vars(network).get("network", network) if hasattr(network, "__dict__") else network
    module = getattr(inner, "module_", inner)
    if isinstance(module, nn.Module):
        found |= {
            f"network.{name}": _digest((value.detach(), value.requires_grad))
            for name, value in (*module.named_parameters(), *module.named_buffers())
            if not isinstance(value, nn.parameter.UninitializedTensorMixin)
        }
        found["network modes"] = str([child.training for child in module.modules()])
        found["network attributes"] = str([sorted(vars(child)) for child in module.modules()])
    return found


def _digest(value: Any) -> str:
    if isinstance(value, tuple):
        return str([_digest(part) for part in value])
    if isinstance(value, torch.Tensor):
        if value.device.type == "meta":
            return str(value.shape)
        value = value.numpy()
    if isinstance(value, np.ndarray) and value.dtype != object:
        return hashlib.sha1(np.ascontiguousarray(value).tobytes()).hexdigest()
    return str(id(value))
