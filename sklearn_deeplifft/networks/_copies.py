"""Copies of modules that torch itself cannot copy."""

from __future__ import annotations

import copy

from torch import Tensor, nn

__all__ = ["copied"]


def copied(module: nn.Module) -> nn.Module:
    """Return a deep copy that shares nothing with ``module``.

    ``torch.nn.utils.weight_norm`` and its like leave a computed weight in the layer, still tied to
    the graph, and ``copy.deepcopy`` refuses such a tensor. The layer computes it anew in every
    forward pass, so its value alone is copied.
    """
    memo: dict[int, object] = {}
    for part in module.modules():
        for value in vars(part).values():
            if isinstance(value, Tensor) and not value.is_leaf:
                memo[id(value)] = value.detach().clone()
    return copy.deepcopy(module, memo)
