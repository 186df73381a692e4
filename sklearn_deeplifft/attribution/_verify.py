"""Is this network affine around these rows? Tested, never assumed.

Three tests, each in float64, on a few rows:

1. *Curvature.* In a piecewise-linear network every second derivative is exactly zero where it
   exists, so the Hessian-vector product of the logits in a random direction is zero to the
   last bit.
2. *Agreement.* The derivative must predict a small step. A custom backward (straight-through
   rounding, a detached factor) has no curvature for autograd to see, yet its Jacobian is wrong.
3. *Separation.* An example's logits must not depend on the other rows of its batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor, nn

from sklearn_deeplifft.attribution._linear_form import NetworkReader
from sklearn_deeplifft.attribution._module_state import evaluating, frozen_state
from sklearn_deeplifft.exceptions import NotPiecewiseLinearError

__all__ = ["curvature", "verify_piecewise_linear"]

ROWS = 8
STEP = 1e-6
SEED = 0


def curvature(f: Callable[[Tensor], Tensor], x: Tensor) -> float:
    """Largest entry of the Hessian-vector product of ``f`` in a random direction at ``x``."""
    generator = torch.Generator().manual_seed(SEED)
    with torch.enable_grad():
        x = x.detach().clone().requires_grad_()
        out = f(x)
        if not out.requires_grad:
            return 0.0
        weights = torch.randn(out.shape, generator=generator, dtype=out.dtype)
        (g,) = torch.autograd.grad((out * weights).sum(), x, create_graph=True)
        if not g.requires_grad:
            return 0.0
        direction = torch.randn(x.shape, generator=generator, dtype=x.dtype)
        (h,) = torch.autograd.grad((g * direction).sum(), x, materialize_grads=True)
    return float(h.abs().max()) if h.numel() else 0.0


def verify_piecewise_linear(reader: NetworkReader, X: Tensor) -> None:
    """Raise ``NotPiecewiseLinearError`` unless the logits are affine around the rows of ``X``.

    Under the secant rule slopes are constants by construction, so only the separation of rows
    is left to test.
    """
    exact = NetworkReader(
        reader.module,
        secants=reader.secants,
        drop_normalizer=reader.drop_normalizer,
        dtype=torch.float64,
    )
    X = X[:ROWS].to(torch.float64)
    _require_separate_rows(exact, X)
    if reader.secants:
        return
    bend = curvature(exact._forward, X)
    if bend != 0.0:
        raise NotPiecewiseLinearError(_curved_message(reader.module, X, bend, exact))
    _require_agreement(exact, X)


def _require_separate_rows(reader: NetworkReader, X: Tensor) -> None:
    together, alone = reader.logits(X)[:2], reader.logits(X[:2])
    if not torch.allclose(together, alone, rtol=1e-6, atol=1e-9, equal_nan=True):
        raise NotPiecewiseLinearError(
            f"an example's logits change with the rest of its batch (by "
            f"{float((together - alone).abs().max()):.3g}); scores per example need independent "
            "rows. A BatchNorm without running statistics is the usual cause: set "
            "track_running_stats=True."
        )


def _require_agreement(reader: NetworkReader, X: Tensor) -> None:
    """Compare ``J v`` with a finite step; a step that crosses a kink may disagree, most do not."""
    generator = torch.Generator().manual_seed(SEED)
    size = X.abs().amax().clamp_min(1.0)
    v = torch.randn(X.shape, generator=generator, dtype=X.dtype)
    moved = (reader.logits(X + STEP * size * v) - reader.logits(X)) / (STEP * size)
    with torch.no_grad(), torch.autograd.forward_ad.dual_level():
        dual = torch.autograd.forward_ad.make_dual(X, v)
        z = reader._forward(dual)
        slope = torch.autograd.forward_ad.unpack_dual(z).tangent
    slope = torch.zeros_like(moved) if slope is None else slope
    scale = torch.maximum(moved.abs(), slope.abs()).amax(dim=1).clamp_min(1e-12)
    gap = (moved - slope).abs().amax(dim=1) / scale
    noise = 1e-4 + 1e-9 * reader.logits(X).abs().amax(dim=1) / (STEP * size * scale)
    if bool(((gap > noise).sum() * 2 > len(X)).item()):
        raise NotPiecewiseLinearError(
            "the module's derivative does not predict its output: a small step moves the logits "
            f"by a different amount (relative difference {float(gap.median()):.3g}). A custom "
            "backward, rounding or a detached factor inside makes an exact decomposition "
            "impossible; remove it."
        )


def _curved_message(module: nn.Module, X: Tensor, bend: float, reader: NetworkReader) -> str:
    culprits = list(_curved_modules(module, X, reader))
    named = ", ".join(f"{name!r} ({_short(child)})" for name, child in culprits)
    where = f"the curvature sits in {named}" if named else "it sits in the module's own forward"
    return (
        "the network is not piecewise linear: a second derivative of its logits is "
        f"{bend:.3g}, where an exact decomposition needs 0; {where}. Use ReLU-like activations, "
        "or ask for activation_rule='secant'."
    )


def _short(module: nn.Module) -> str:
    return type(module).__name__


def _curved_modules(
    module: nn.Module, X: Tensor, reader: NetworkReader
) -> Iterator[tuple[str, nn.Module]]:
    """Innermost submodules that are curved by themselves, tested one at a time."""
    with _recorded_inputs(module) as inputs:
        reader.logits(X)
    named: list[str] = []
    children = [(name, child) for name, child in module.named_modules() if name]
    for name, child in sorted(children, key=lambda item: -item[0].count(".")):
        if name not in inputs or any(inner.startswith(f"{name}.") for inner in named):
            continue
        state = frozen_state(child, torch.float64)

        def alone(x: Tensor, child: nn.Module = child, state: dict[str, Tensor] = state) -> Tensor:
            with evaluating(child):
                return torch.func.functional_call(child, state, (x.clone(),))

        if curvature(alone, inputs[name]) != 0.0:
            named.append(name)
            yield name, child


@contextmanager
def _recorded_inputs(module: nn.Module) -> Iterator[dict[str, Tensor]]:
    """Collect what each submodule is called with; only modules of one tensor are kept."""
    inputs: dict[str, Tensor] = {}

    def recorder(name: str):
        def hook(_module, args, output):
            if len(args) == 1 and isinstance(args[0], Tensor) and isinstance(output, Tensor):
                inputs[name] = args[0].detach().clone()

        return hook

    with ExitStack() as stack:
        for name, child in module.named_modules():
            if name:
                stack.callback(child.register_forward_hook(recorder(name)).remove)
        yield inputs
