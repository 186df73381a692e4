"""What a module must look like while it is read, and how it comes back unchanged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

__all__ = ["evaluating", "frozen_state", "module_dtype"]


@contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """Hold ``module`` in evaluation mode; every submodule gets its own mode back."""
    modes = [(child, child.training) for child in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for child, training in modes:
            child.training = training


def module_dtype(module: nn.Module) -> torch.dtype:
    """Return the floating dtype of the parameters, the default dtype without any."""
    tensors = (*module.parameters(), *module.buffers())
    return next((t.dtype for t in tensors if t.is_floating_point()), torch.get_default_dtype())


def frozen_state(module: nn.Module, dtype: torch.dtype) -> dict[str, Tensor]:
    """Copies of parameters and buffers, cut from the graph and cast to ``dtype``.

    They are swapped in by ``torch.func.functional_call``, so neither a gradient nor a
    buffer that ``forward`` updates ever lands in the user's module.
    """
    state = (*module.named_parameters(), *module.named_buffers())
    return {
        name: t.detach().to(dtype, copy=True) if t.is_floating_point() else t.detach().clone()
        for name, t in state
    }
