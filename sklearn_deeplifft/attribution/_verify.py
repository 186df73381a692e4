"""Tests that a network is affine around some rows; nothing is assumed.

Five tests, each in float64, on a few rows, spread over those given:

1. *Rows.* Two passes agree (nothing is drawn), and an example's logits do not depend on the other
   rows of its batch.
2. *Logits.* What is read looks like no probabilities.
3. *Curvature.* In a piecewise-linear network every second derivative is exactly zero where it
   exists, so the Hessian-vector product of the logits in a random direction is zero to the
   last bit.
4. *Agreement.* The derivative must predict a small step. A custom backward (straight-through
   rounding, a detached factor) has no curvature for autograd to see, yet its Jacobian is wrong.
5. *Steps.* From row to row, slopes must account for the change: a lookup or a comparison jumps
   where its derivative is zero.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from sklearn_deeplifft.attribution._chain import chain_of
from sklearn_deeplifft.attribution._culprits import innermost, named, recorded_calls
from sklearn_deeplifft.attribution._linear_form import NetworkReader, jacobian
from sklearn_deeplifft.attribution._module_state import neutral_torch
from sklearn_deeplifft.attribution._soundness import doubts, probabilities
from sklearn_deeplifft.attribution._spread import spread_positions
from sklearn_deeplifft.attribution._steps import Steps, extents, looked_up, steps
from sklearn_deeplifft.exceptions import NotPiecewiseLinearError

__all__ = ["curvature", "verify_piecewise_linear"]

STEPS = (1e-3, 1e-5, 1e-7, 1e-9)
SEED = 0


def curvature(f: Callable[[Tensor], Tensor], x: Tensor) -> float:
    """Largest entry of the Hessian-vector product of ``f`` in a random direction at ``x``."""
    generator = torch.Generator().manual_seed(SEED)
    # Of the quicker kernels of attention torch has no second derivative.
    with torch.enable_grad(), sdpa_kernel(SDPBackend.MATH):
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


def verify_piecewise_linear(
    reader: NetworkReader, X: Tensor, names: Sequence[str] | None = None
) -> None:
    """Raise ``NotPiecewiseLinearError`` unless the logits are affine around the rows of ``X``.

    Eight of the rows are tried, those of `spread_positions`. ``names`` of the columns are for
    messages; columns beyond them (null features) are called by their position.

    Under the secant rule slopes are constants, so what curvature is left is no elementwise
    activation; only the comparison with a finite step has no meaning there.
    """
    exact = _exact(reader, secants=reader.secants)
    X = X[spread_positions(len(X)).to(X.device)].to(torch.float64)
    # A plain chain draws nothing, mixes no rows and has no steps, by construction.
    plain = exact.layer is None and chain_of(exact.module, torch.float64) is not None
    with neutral_torch():
        try:
            if not plain:
                _require_rows(exact, X)
            _require_no_curvature(exact, X)
            if not reader.secants:
                x, f = exact.above(X)
                _require_agreement(f, x)
            if not plain:
                _require_no_steps(exact, X, names)
        except IndexError as error:
            found = looked_up(_exact(reader, secants=False), X)
            raise NotPiecewiseLinearError(
                f"{_stepping_message(found, exact, names)} A value beside those of the rows is in "
                f"no table ({error})."
            ) from error


def _exact(reader: NetworkReader, *, secants: bool) -> NetworkReader:
    """Repeat a reading in double precision."""
    exact = NetworkReader(
        reader.module,
        layer=reader.layer_name,
        secants=secants,
        drop_normalizer=reader.drop_normalizer,
        dtype=torch.float64,
    )
    exact.one_precision = True  # what it rounds on the way would look like steps
    return exact


def _require_rows(exact: NetworkReader, X: Tensor) -> None:
    doubt = doubts(exact, X)
    if doubt is None and exact.drop_normalizer:
        doubt = probabilities(exact, X)
    if doubt is not None:
        raise NotPiecewiseLinearError(doubt)


def _require_no_curvature(exact: NetworkReader, X: Tensor) -> None:
    x, f = exact.above(X)
    bend = curvature(f, x)
    if bend != 0.0:
        raise NotPiecewiseLinearError(_curved_message(X, bend, exact))


def _require_no_steps(exact: NetworkReader, X: Tensor, names: Sequence[str] | None) -> None:
    """Without secants, whose slopes account for no change."""
    found = steps(_exact(exact, secants=False), X)
    if found is not None:
        raise NotPiecewiseLinearError(_stepping_message(found, exact, names))


def _stepping_message(found: Steps, exact: NetworkReader, names: Sequence[str] | None) -> str:
    """Name what is stepped through: a neuron has no column's name."""
    return found.message("column", names) if exact.layer is None else found.message("neuron")


def _require_agreement(f: Callable[[Tensor], Tensor], x: Tensor) -> None:
    """Compare the reverse-mode derivative with finite steps, beside the rows.

    Beside, because discrete rows lie on kinks; in units of each column's range; and of several
    lengths, one of which stays within the cell.
    """
    generator = torch.Generator().manual_seed(SEED)
    extent = extents(x)
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


def _curved_message(X: Tensor, bend: float, reader: NetworkReader) -> str:
    culprits = innermost(recorded_calls(reader, X), lambda call: curvature(*call.alone()) != 0.0)
    shown = ", ".join(named(call.name, call.module) for call in culprits)
    remedy = (
        "The secant rule covers elementwise activations (tanh, sigmoid, GELU, SiLU, ELU, softplus, "
        "exp and the like) only; replace what else is curved."
        if reader.secants
        else "Use ReLU-like activations, or DeepLIFFTSelector with activation_rule='secant'."
    )
    where = f"the curvature sits in {shown}" if shown else "it sits in the module's own forward"
    return (
        "the network is not piecewise linear: a second derivative of its logits is "
        f"{bend:.3g}, where an exact decomposition needs 0; {where}. {remedy}"
    )
