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

from sklearn_deeplifft.attribution._linear_form import NetworkReader, jacobian
from sklearn_deeplifft.attribution._module_state import evaluating, frozen_state
from sklearn_deeplifft.exceptions import NotPiecewiseLinearError

__all__ = ["curvature", "verify_piecewise_linear"]

ROWS = 8
STEPS = (1e-3, 1e-5, 1e-7, 1e-9)
SEED = 0
FINAL = (nn.Softmax, nn.LogSoftmax, nn.Sigmoid, nn.LogSigmoid)


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

    Under the secant rule slopes are constants, so what curvature is left is no elementwise
    activation; only the comparison with a finite step has no meaning there.
    """
    exact = NetworkReader(
        reader.module,
        layer=reader.layer_name,
        secants=reader.secants,
        drop_normalizer=reader.drop_normalizer,
        dtype=torch.float64,
    )
    X = X[:ROWS].to(torch.float64)
    _require_separate_rows(exact, X)
    x, f = exact.above(X)
    bend = curvature(f, x)
    if bend != 0.0:
        raise NotPiecewiseLinearError(_curved_message(reader.module, X, bend, exact))
    if not reader.secants:
        _require_agreement(f, x)


def _require_separate_rows(reader: NetworkReader, X: Tensor) -> None:
    """Compare the first row in two companies, neither of one (BatchNorm refuses one row)."""
    together = reader.logits(torch.cat([X, X[:1] + 1]))[:1]
    alone = reader.logits(torch.cat([X[:1], X[:1]]))[:1]
    if not torch.allclose(together, alone, rtol=1e-6, atol=1e-9, equal_nan=True):
        raise NotPiecewiseLinearError(
            f"an example's logits change with the rest of its batch (by "
            f"{float((together - alone).abs().max()):.3g}); scores per example need independent "
            "rows. A BatchNorm without running statistics is the usual cause: set "
            "track_running_stats=True."
        )


def _require_agreement(f: Callable[[Tensor], Tensor], x: Tensor) -> None:
    """Compare the reverse-mode derivative with finite steps, beside the rows.

    Beside, because discrete rows lie on kinks; in units of each column's range; and of several
    lengths, one of which stays within the cell.
    """
    generator = torch.Generator().manual_seed(SEED)
    extent = x.amax(0) - x.amin(0)
    extent = torch.where(extent > 0, extent, x.abs().amax(0))
    extent = torch.where(extent > 0, extent, 1.0)
    x = x + 0.01 * extent * torch.randn(x.shape, generator=generator, dtype=x.dtype)
    v = extent * torch.randn(x.shape, generator=generator, dtype=x.dtype)
    with torch.enable_grad():
        leaf = x.detach().requires_grad_()
        z = f(leaf)
        c, z = jacobian(z, leaf), z.detach()
    gap = torch.stack([_step_gap(f, x, z, c, step * v) for step in STEPS]).amin(0)
    if bool(((gap > 1e-4).sum() * 2 > len(x)).item()):
        raise NotPiecewiseLinearError(
            "the module's derivative does not predict its output: a small step moves the logits "
            f"by a different amount (relative difference {float(gap.median()):.3g}). A custom "
            "backward, rounding, torch.no_grad() or a detached factor inside makes an exact "
            "decomposition impossible; remove it."
        )


def _step_gap(
    f: Callable[[Tensor], Tensor], x: Tensor, z: Tensor, c: Tensor, step: Tensor
) -> Tensor:
    """Relative difference (n,) between ``f(x + step) - z`` and ``c.step``, beyond rounding."""
    near = x + step
    with torch.no_grad():
        moved = f(near) - z
    slope = (c * (near - x).flatten(1)[:, None]).sum(-1)
    scale = torch.maximum(moved.abs(), slope.abs()).amax(1)
    noise = 1e-13 * z.abs().amax(1)
    excess = ((moved - slope).abs().amax(1) - noise).clamp_min(0)
    return torch.where(scale > 0, excess / scale.clamp_min(1e-300), 0.0)


def _curved_message(module: nn.Module, X: Tensor, bend: float, reader: NetworkReader) -> str:
    culprits = list(_curved_modules(module, X, reader))
    named = ", ".join(f"{name!r} ({_short(child)})" for name, child in culprits)
    remedy = (
        "The secant rule covers elementwise activations (tanh, sigmoid, GELU, SiLU, ELU, softplus "
        "and the like) only; replace what else is curved."
        if reader.secants
        else "Use ReLU-like activations, or DeepLIFFTSelector with activation_rule='secant'."
    )
    where = f"the curvature sits in {named}" if named else "it sits in the module's own forward"
    return (
        "the network is not piecewise linear: a second derivative of its logits is "
        f"{bend:.3g}, where an exact decomposition needs 0; {where}. {remedy}"
    )


def _short(module: nn.Module) -> str:
    return type(module).__name__


def _curved_modules(
    module: nn.Module, X: Tensor, reader: NetworkReader
) -> Iterator[tuple[str, nn.Module]]:
    """Innermost submodules that are curved by themselves, tested one at a time."""
    with _recorded_inputs(module, reader.drop_normalizer) as inputs, torch.enable_grad():
        x, f = reader.above(X)
        f(x.requires_grad_())
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
def _recorded_inputs(module: nn.Module, drop_normalizer: bool) -> Iterator[dict[str, Tensor]]:
    """Collect what each submodule is called with; only modules of one tensor are kept.

    Left out: what lies below the layer read (its input needs no gradient), and a final
    normaliser that is not decomposed.
    """
    inputs: dict[str, Tensor] = {}
    outputs: dict[str, Tensor] = {}

    def recorder(name: str):
        def hook(_module, args, output):
            if len(args) == 1 and isinstance(args[0], Tensor) and isinstance(output, Tensor):
                outputs[name] = output
                if args[0].requires_grad:
                    inputs[name] = args[0].detach().clone()

        return hook

    def finish(_module, _args, output):
        for name, child in module.named_modules():
            if drop_normalizer and isinstance(child, FINAL) and outputs.get(name) is output:
                inputs.pop(name, None)

    with ExitStack() as stack:
        for name, child in module.named_modules():
            if name:
                stack.callback(child.register_forward_hook(recorder(name)).remove)
        stack.callback(module.register_forward_hook(finish).remove)
        yield inputs
