"""What the layers of a network return, in the order in which they run."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from sklearn_deeplifft.attribution._linear_form import NetworkReader

__all__ = ["LayerOutput", "layer_outputs"]


class LayerOutput(NamedTuple):
    name: str
    module: nn.Module
    shape: tuple[int, ...]


def layer_outputs(module: nn.Module, X: Tensor) -> list[LayerOutput]:
    """Modules without children and the shapes of what they return, as they run on ``X``."""
    found: list[LayerOutput] = []

    def hook_of(name: str) -> Any:
        def hook(layer: nn.Module, _args: Any, output: Any) -> None:
            if isinstance(output, Tensor):
                found.append(LayerOutput(name, layer, tuple(output.shape)))

        return hook

    leaves = [(name, m) for name, m in module.named_modules() if name and not any(m.children())]
    handles = [m.register_forward_hook(hook_of(name)) for name, m in leaves]
    try:
        with torch.no_grad():
            NetworkReader(module, drop_normalizer=False).logits(X)
    finally:
        for handle in handles:
            handle.remove()
    return found
