"""Arrays and tensors as blocks of bytes, and back with the same bits and order in memory."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sklearn_deeplifft.saving._container import Block

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["array_from", "block_of_array", "block_of_tensor", "is_plain", "tensor_from"]

NUMPY = {
    **{"BOOL": "|b1", "U8": "|u1", "I8": "|i1", "U16": "<u2", "I16": "<i2", "F16": "<f2"},
    **{"U32": "<u4", "I32": "<i4", "F32": "<f4", "U64": "<u8", "I64": "<i8", "F64": "<f8"},
}
KIND_OF_DTYPE = {dtype: kind for kind, dtype in NUMPY.items()}

TORCH = {
    **{"BOOL": "bool", "U8": "uint8", "I8": "int8", "I16": "int16", "I32": "int32"},
    **{"I64": "int64", "F16": "float16", "BF16": "bfloat16", "F32": "float32", "F64": "float64"},
}
KIND_OF_TENSOR = {f"torch.{dtype}": kind for kind, dtype in TORCH.items()}


def is_plain(array: np.ndarray) -> bool:
    """Whether an array holds numbers, dates or text: no pointers, and nothing of a subclass."""
    return type(array) in (np.ndarray, np.memmap) and array.dtype.kind in "biufcmMSU"


def block_of_array(array: np.ndarray) -> tuple[Block, dict[str, Any]]:
    """A block, and what a reader has to know beside it."""
    order = _order(array.strides, array.shape)
    stored = np.asarray(array.transpose(order), order="C")
    kind, shape = KIND_OF_DTYPE.get(array.dtype.str), stored.shape
    beside: dict[str, Any] = {} if order == sorted(order) else {"order": order}
    content = stored.tobytes()
    if kind is None:  # text, dates, numbers that safetensors does not have: as bytes
        beside |= {"dtype": array.dtype.str, "shape": list(shape)}
        kind, shape = "U8", (len(content),)
    return Block(kind, shape, content), beside


def array_from(block: Block, beside: Mapping[str, Any]) -> np.ndarray:
    """The array of a block."""
    dtype = np.dtype(beside.get("dtype", NUMPY[block.kind]))
    shape = tuple(beside.get("shape", block.shape))
    if dtype.kind not in "biufcmMSU" or math.prod(shape) * dtype.itemsize != len(block.content):
        raise ValueError(f"{len(block.content)} bytes are no array of shape {shape} and {dtype}")
    if dtype.kind == "b" and len(block.content) and max(block.content) > 1:
        raise ValueError("neither true nor false")
    if dtype.itemsize:
        stored = np.frombuffer(block.content, dtype).reshape(shape)
    else:  # empty texts
        stored = np.empty(shape, dtype)
    order = beside.get("order")
    found = stored if order is None else stored.transpose(np.argsort(order))
    return found.copy(order="K")


def block_of_tensor(tensor: Tensor) -> tuple[Block, dict[str, Any]]:
    """The same of a dense tensor; wherever it lies, it comes back on the CPU.

    Raises
    ------
    KeyError
        safetensors has no such type of numbers.
    """
    import torch

    kind = KIND_OF_TENSOR[str(tensor.dtype)]
    tensor = tensor.detach().cpu()
    order = _order(tensor.stride(), tensor.shape)
    stored = tensor.permute(order).contiguous()
    content = stored.reshape(-1).view(torch.uint8).numpy().tobytes()
    beside = {} if order == sorted(order) else {"order": order}
    return Block(kind, tuple(stored.shape), content), beside


def tensor_from(block: Block, beside: Mapping[str, Any]) -> Tensor:
    """The tensor of a block."""
    import torch

    dtype = getattr(torch, TORCH[block.kind])
    if not len(block.content):
        stored = torch.empty(block.shape, dtype=dtype, device="cpu")
    else:
        stored = torch.frombuffer(bytearray(block.content), dtype=dtype).reshape(block.shape)
    order = beside.get("order")
    return stored if order is None else stored.permute(np.argsort(order).tolist())


def _order(strides: Sequence[int], shape: Sequence[int]) -> list[int]:
    """Axes from the slowest to the fastest, where the memory has no gaps; else as they are.

    Sums add in the order of memory, so that an array in another order has other last bits.
    """
    axes = list(range(len(shape)))
    order = sorted(axes, key=lambda axis: -strides[axis])
    step, expected = 1, {}
    for axis in reversed(order):
        expected[axis] = step
        step *= shape[axis]
    unit = strides[order[-1]] if order else 1
    dense = all(shape[a] == 1 or strides[a] == expected[a] * unit for a in axes)
    return order if dense and unit > 0 else axes
