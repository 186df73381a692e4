"""Networks of the user's and of ours as layers of ReLUs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from sklearn_deeplifft.attribution import (
    NetworkReader,
    ReluNetwork,
    chain_of,
    is_link,
    neutral_torch,
    relu_network,
    unrolled,
)
from sklearn_deeplifft.networks._gates import FeatureGate, GaussianNoise

__all__ = ["relu_network_of", "why_no_relu_network"]

SEED = 0
TOLERANCE = 1e-10


def _diagonal(gate: FeatureGate) -> nn.Module:
    g = gate.weight.detach()[gate.feature_of_column]
    layer = nn.Linear(len(g), len(g), bias=False, dtype=g.dtype)
    layer.weight.data.copy_(torch.diag(g))
    return layer


KNOWN: Mapping[type[nn.Module], Callable[[Any], nn.Module]] = {
    FeatureGate: _diagonal,
    GaussianNoise: lambda _: nn.Identity(),
}
"""Modules of ours, in evaluation mode, as layers of torch."""


@neutral_torch()
def relu_network_of(
    core: nn.Module, *, drop_normalizer: bool, rows: Tensor | None = None
) -> ReluNetwork | None:
    """Layers of ReLUs, float64, that answer what a network does; None where it is no such thing.

    ``rows`` (n, d) are those on which the two are compared; None draws some.
    """
    plain = unrolled(core, KNOWN)
    stages = plain and chain_of(plain, torch.float64, drop_normalizer=drop_normalizer)
    if not stages:
        return None
    found = relu_network(stages)
    if rows is None:
        generator = torch.Generator().manual_seed(SEED)
        rows = torch.randn(8, found.n_inputs, generator=generator, dtype=torch.float64)
    expected = NetworkReader(core, dtype=torch.float64, drop_normalizer=drop_normalizer).logits(
        rows
    )
    with torch.no_grad():
        got = found(rows.double())
    if got.shape != expected.shape:
        return None
    gap = (got - expected).abs().max()
    return found if bool(gap <= TOLERANCE * expected.abs().max().clamp_min(1)) else None


def why_no_relu_network(core: nn.Module) -> str:
    """Say what keeps a network from being layers of ReLUs, as the end of a sentence."""
    leaves = [
        (name, one) for name, one in core.named_modules() if not any(True for _ in one.children())
    ]
    strange = [
        f"{type(one).__name__}" + (f" ({name!r})" if name else "")
        for name, one in leaves
        if not is_link(one) and type(one) not in KNOWN
    ]
    if strange:
        more = f" and {len(strange) - 3} more" if len(strange) > 3 else ""
        return f"it holds {', '.join(strange[:3])}{more}"
    return "its forward does more than call them one after another"
