"""Tensors, modules, optimizers and skorch nets, as what they hold."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sklearn_deeplifft.saving._arrays import block_of_tensor, tensor_from

if TYPE_CHECKING:
    from sklearn_deeplifft.saving._decode import Decoder
    from sklearn_deeplifft.saving._encode import Encoder

__all__ = ["TORCH_TAGS", "decode_torch", "encode_torch"]


def encode_torch(encoder: Encoder, value: Any) -> list[Any] | None:
    """JSON of an object of torch or skorch; None of any other."""
    if "torch" not in sys.modules:  # then it is none
        return None
    import skorch
    import torch

    if isinstance(value, torch.Tensor):
        return _tensor(encoder, value)
    if isinstance(value, torch.dtype):
        return ["torch_dtype", str(value).removeprefix("torch.")]
    if isinstance(value, torch.device):
        return ["device", str(value)]
    if isinstance(value, torch.Size):
        return ["tuple", list(value)]
    if isinstance(value, torch.nn.Module):
        return ["module", encoder.name_of(type(value)), encoder.fields(_state(value))]
    if isinstance(value, torch.optim.Optimizer):
        state = value.__getstate__()
        return ["optimizer", encoder.name_of(type(value)), encoder.fields(state)]
    if isinstance(value, skorch.NeuralNet):
        # Its own state is a pickle.
        return ["net", encoder.name_of(type(value)), encoder.fields(vars(value))]
    if type(value) is skorch.history.History:
        return ["history", [encoder.encode(row) for row in value]]
    return None


def _tensor(encoder: Encoder, value: Any) -> list[Any]:
    import torch

    parameter = type(value) is torch.nn.Parameter
    if not parameter and type(value) is not torch.Tensor:
        raise encoder.refusal(value, f"a tensor of {type(value).__name__}")
    try:
        block, beside = block_of_tensor(value)
    except (KeyError, RuntimeError, NotImplementedError, TypeError) as error:
        kind = f"a tensor of {value.dtype} and {value.layout} on {value.device}"
        raise encoder.refusal(value, kind) from error
    return ["tensor", *encoder.keep(block, beside), parameter, value.requires_grad]


def _state(module: Any) -> dict[str, Any]:
    """Attributes of a module, but for hooks that it does not have."""
    import torch

    empty = {name for name, value in vars(torch.nn.Module()).items() if not value}
    needed = ("_parameters", "_buffers", "_modules", "training")
    return {
        name: value
        for name, value in module.__getstate__().items()
        if name in needed or name not in empty or value
    }


def decode_torch(decoder: Decoder, at: int, tag: str, parts: list[Any]) -> Any:
    """The object of a node; one that may refer to itself is known before it is filled."""
    return TORCH_TAGS[tag](decoder, at, *parts)


def _read_tensor(
    decoder: Decoder, at: int, name: str, beside: dict[str, Any], parameter: bool, grad: bool
) -> Any:
    import torch

    found = tensor_from(decoder.blocks[name], beside)
    if parameter:
        return torch.nn.Parameter(found, requires_grad=grad)
    return found.requires_grad_(grad)


def _read_dtype(decoder: Decoder, at: int, name: str) -> Any:
    import torch

    found = vars(torch)[name]
    if not isinstance(found, torch.dtype):
        raise TypeError(f"{name} is no type of tensors")
    return found


def _read_device(decoder: Decoder, at: int, name: str) -> Any:
    import torch

    return torch.device(name)


def _read_module(decoder: Decoder, at: int, name: str, state: dict[str, Any]) -> Any:
    import torch

    found = decoder.made(at, name, torch.nn.Module)
    vars(found).update(vars(torch.nn.Module()))
    theirs = type(found).__module__.startswith("torch.")  # some add what older versions lack
    kind = type(found) if theirs else torch.nn.Module
    kind.__setstate__(found, decoder.fields(state))
    return found


def _read_optimizer(decoder: Decoder, at: int, name: str, state: dict[str, Any]) -> Any:
    import torch

    found = decoder.made(at, name, torch.optim.Optimizer)
    found.__setstate__(decoder.fields(state))
    return found


def _read_net(decoder: Decoder, at: int, name: str, state: dict[str, Any]) -> Any:
    import skorch

    found = decoder.made(at, name, skorch.NeuralNet)
    vars(found).update(decoder.fields(state))
    return found


def _read_history(decoder: Decoder, at: int, rows: list[Any]) -> Any:
    from skorch.history import History

    return History([decoder.decode(row) for row in rows])


TORCH_TAGS: dict[str, Callable[..., Any]] = {
    "device": _read_device,
    "history": _read_history,
    "module": _read_module,
    "net": _read_net,
    "optimizer": _read_optimizer,
    "tensor": _read_tensor,
    "torch_dtype": _read_dtype,
}
