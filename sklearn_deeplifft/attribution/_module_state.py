"""The state in which a module is read, and its return to the user unchanged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor, nn

__all__ = [
    "evaluating",
    "frozen_state",
    "is_one_precision",
    "module_dtype",
    "neutral_torch",
]


@contextmanager
def neutral_torch(*, autograd: bool = True) -> Iterator[None]:
    """Give torch the state in which it was imported, whatever the caller's is; then give it back.

    Default dtype float32, no autocast, new tensors on the CPU; no inference mode and gradients on,
    unless ``autograd`` is false: then these two, which change no numbers, stay as they are. Each
    of the others would change numbers, or what may be done with them.
    """
    dtype = torch.get_default_dtype()
    with ExitStack() as stack:
        if autograd:
            stack.enter_context(torch.inference_mode(False))
            stack.enter_context(torch.enable_grad())
        for device in ("cpu", "cuda"):
            if torch.is_autocast_enabled(device):
                stack.enter_context(torch.autocast(device, enabled=False))
        # A device context sees every call of torch, which takes time; none is needed for a CPU.
        # The device is that of a new tensor: torch 2.5 has a get_default_device that raises after
        # a default was taken back.
        if torch.empty(0).device.type != "cpu":
            stack.enter_context(torch.device("cpu"))
        if dtype is not torch.float32:
            stack.callback(torch.set_default_dtype, dtype)
            torch.set_default_dtype(torch.float32)
        yield


@contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """Hold ``module`` in evaluation mode; every submodule gets its own mode back.

    So do its tensors that are neither parameters nor buffers: a weight of
    ``torch.nn.utils.weight_norm`` is one, which every forward sets anew.
    """
    modes = [(child, child.training) for child in module.modules()]
    kept = [
        (vars(child), name, value)
        for child, _ in modes
        for name, value in vars(child).items()
        if isinstance(value, Tensor)
    ]
    module.eval()
    for attributes, name, value in kept:
        if value.is_inference():  # of a module built in inference mode; autograd takes no such
            attributes[name] = value.clone()
    try:
        yield
    finally:
        for child, training in modes:
            child.training = training
        for attributes, name, value in kept:
            attributes[name] = value


def module_dtype(module: nn.Module) -> torch.dtype:
    """Return the floating dtype of the parameters, the default dtype without any."""
    tensors = (*module.parameters(), *module.buffers())
    return next((t.dtype for t in tensors if t.is_floating_point()), torch.get_default_dtype())


def frozen_state(module: nn.Module, dtype: torch.dtype) -> dict[str, Tensor]:
    """Copies of parameters and buffers, cut from the graph and cast to ``dtype``.

    They are swapped in by ``torch.func.functional_call``, so neither a gradient nor a
    buffer that ``forward`` updates ever lands in the user's module.
    """
    # torch.nn.Module's own names, by which functional_call finds the tensors: a wrapper may show
    # its parameters under the names that they have in the module that it wraps.
    state = (*nn.Module.named_parameters(module), *nn.Module.named_buffers(module))
    return {
        name: t.detach().to(dtype, copy=True) if t.is_floating_point() else t.detach().clone()
        for name, t in state
    }


def is_one_precision(module: nn.Module, dtype: torch.dtype) -> bool:
    """Return whether all parameters and buffers are in ``dtype``: the module then runs as it is."""
    tensors = (*module.parameters(), *module.buffers())
    found = {t.dtype for t in tensors if t.is_floating_point()}
    return found <= {dtype} and dtype is module_dtype(module)
