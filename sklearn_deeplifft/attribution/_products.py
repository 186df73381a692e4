"""Matrix products at the rate of the machine."""

from __future__ import annotations

import functools
import pathlib
import platform

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["each_times_transposed", "round_rows", "times_transposed"]

MIN_ROWS = 128
"""Below it a plain product is as quick."""

MIN_MULTIPLICATIONS = 2**21
"""In each of several products; below it one call for all of them is as quick as one for each."""

STEPS = 16
"""Round numbers of rows from a power of two to the next."""

CPUINFO = pathlib.Path("/proc/cpuinfo")


def times_transposed(
    a: Tensor, weight: Tensor, bias: Tensor | None = None, *, relu: bool = False
) -> Tensor:
    """Return ``a @ weight.T + bias`` for ``a`` (M, k) and ``weight`` (N, k), or its positive part.

    torch gives plain products to a BLAS that uses AVX-512 on Intel's processors only. On others
    oneDNN is asked in float32, in the form that torch's own compiler asks for it: the bias is added
    before the sums leave the registers. That measured 440 against 205 GFLOP/s on two threads of an
    AMD EPYC; on an Intel Xeon the plain product is up to a quarter quicker. The ReLU comes after:
    oneDNN's makes 0 of NaN, and a broken network would look sound.
    """
    if _needs_gradient(a, weight, bias):
        out = F.linear(a, weight, bias)
        return out.relu() if relu else out
    if _fused_is_quicker() and a.shape[0] >= MIN_ROWS and _is_single_on_cpu(a):
        out = torch.ops.mkldnn._linear_pointwise(a.contiguous(), weight, bias, "none", [], "")
    else:
        out = torch.mm(a, weight.T)
        if bias is not None:  # to start from it would cost more than to add it
            out.add_(bias)
    return out.relu_() if relu else out


def each_times_transposed(
    a: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    out: Tensor | None = None,
    at: Tensor | None = None,
) -> Tensor:
    """Return ``a @ weight.mT + bias`` for N pairs: (N, M, k), (N, n, k), (N, 1, n).

    As ``times_transposed`` of each, and the bits of each are those that it has alone. ``out``
    (N, M, n) is written to if there is no bias, and with or without one where places ``at`` (N,)
    of its first axis are given; others stay as they are. Of no use where a gradient is to pass.
    """
    large = a.shape[1] * a.shape[2] * weight.shape[1] >= MIN_MULTIPLICATIONS
    if not (large and _fused_is_quicker() and _is_single_on_cpu(a)):
        if bias is None and at is None:
            return torch.bmm(a, weight.mT, out=out)
        found = torch.bmm(a, weight.mT) if bias is None else torch.baddbmm(bias, a, weight.mT)
        return found if out is None or at is None else out.index_copy_(0, at, found)
    out = a.new_empty(*a.shape[:2], weight.shape[1]) if out is None else out
    parts = out.unbind() if at is None else [out[i] for i in at.tolist()]
    product = torch.ops.mkldnn._linear_pointwise.default  # one look-up for all
    starts = [None] * len(a) if bias is None else bias.squeeze(1).unbind()
    for part, rows, w, start in zip(parts, a.unbind(), weight.unbind(), starts, strict=True):
        part.copy_(product(rows.contiguous(), w, start, "none", [], ""))
    return out


def round_rows(n: int, dtype: torch.dtype) -> int:
    """Return ``n``, or the next round number of rows where oneDNN takes products of ``dtype``.

    Round numbers are 16 from a power of two to the next; they add a sixteenth at most. oneDNN
    compiles a kernel for each number of rows, which takes longer than most of our products, and
    keeps 1,024 of them, some .5 MB each. Numbers that data decide on, new in every block, would
    fill that store. A BLAS keeps none.
    """
    if not n or dtype is not torch.float32 or not _fused_is_quicker():
        return n
    step = max((1 << (n.bit_length() - 1)) // STEPS, 1)
    return n + -n % step


def _needs_gradient(*tensors: Tensor | None) -> bool:
    return torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in tensors)


def _is_single_on_cpu(a: Tensor) -> bool:
    return a.dtype is torch.float32 and a.device.type == "cpu"


@functools.cache
def _fused_is_quicker() -> bool:
    """Return whether oneDNN is there and the processor is one that the BLAS does not know."""
    # A private operation of torch: builds and versions differ in whether they have it.
    if not (
        torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")
    ):
        return False
    return "GenuineIntel" not in _processor()


def _processor() -> str:
    """The system's description of the processor, its maker included."""
    try:
        return CPUINFO.read_text()
    except OSError:  # not Linux
        return platform.processor()
