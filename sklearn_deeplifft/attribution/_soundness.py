"""Reasons why a network is no function of single rows, or none that answers in logits.

Each function returns what is to be said to the user, or None. They look at a few rows in float64,
and leave torch's random state as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from sklearn_deeplifft.attribution._linear_form import NetworkReader
from sklearn_deeplifft.attribution._module_state import neutral_torch
from sklearn_deeplifft.attribution._spread import FEW, spread_positions

__all__ = ["doubts", "mixed_rows", "probabilities", "randomness", "require_sound"]

SEED = 0
FAR = 1e6
"""Rows so many times as large are where a sigmoid has reached 0 or 1."""

DROPOUTS = frozenset(
    {F.dropout, F.alpha_dropout, F.feature_alpha_dropout, F.dropout1d, F.dropout2d, F.dropout3d}
    | {torch.dropout, torch.alpha_dropout, torch.feature_dropout}
)


def require_sound(
    module: nn.Module, X: Tensor, *, of_logits: bool, what: str, otherwise: str = ""
) -> None:
    """Refuse networks that draw, mix rows, or give probabilities where logits are wanted.

    ``what`` would be wrong of them; ``otherwise`` is what else may be done about probabilities.

    Raises
    ------
    ValueError
    """
    reader = NetworkReader(module, dtype=torch.float64, drop_normalizer=of_logits)
    try:
        doubt = doubts(reader, X)
    except (RuntimeError, TypeError):  # an operation, or a device, of one precision only
        reader = NetworkReader(module, drop_normalizer=of_logits)
        doubt = doubts(reader, X)
    if doubt is None and of_logits:
        doubt = probabilities(reader, X)
        doubt = None if doubt is None else f"{doubt}{otherwise}"
    if doubt is not None:
        raise ValueError(f"{doubt} {what} would not be those of the network's answers.")


def doubts(reader: NetworkReader, X: Tensor) -> str | None:
    """The first reason why ``reader`` cannot be asked row by row, or None."""
    return randomness(reader, X) or mixed_rows(reader, X)


def randomness(reader: NetworkReader, X: Tensor) -> str | None:
    """Compare two passes over the same rows; each several times, so that rare noise shows."""
    X = _few(X)
    X = X.repeat(-(-2 * FEW // len(X)), *(1 for _ in X.shape[1:]))
    with neutral_torch(), _seeded(), _Drawing() as drawing:
        first, second = reader.logits(X), reader.logits(X)
    if torch.allclose(first, second, rtol=1e-6, atol=1e-12, equal_nan=True):
        return None
    gap = float((first - second).abs().max())
    where = ", ".join(sorted(drawing.called)) or "a generator of its own"
    remedy = (
        "F.dropout draws also in evaluation mode unless it is told training=self.training; pass "
        "that, or use nn.Dropout."
        if drawing.called & {_named(f) for f in DROPOUTS}
        else "Draw only where self.training is true."
    )
    return (
        f"the network is random in evaluation mode: two passes over the same rows differ by "
        f"{gap:.3g}; it draws in {where}. {remedy}"
    )


def mixed_rows(reader: NetworkReader, X: Tensor) -> str | None:
    """Compare the first row in two companies, neither of one (BatchNorm refuses one row)."""
    X = _few(X)
    with neutral_torch():
        alone = reader.logits(torch.cat([X[:1], X[:1]]))[:1]
        try:
            together = reader.logits(torch.cat([X, X[:1] + 1]))[:1]
        except IndexError:  # a table of an embedding ends before that row
            together = reader.logits(torch.cat([X, X[-1:]]))[:1]
    if torch.allclose(together, alone, rtol=1e-6, atol=1e-9, equal_nan=True):
        return None
    found = [
        f"{name!r} ({type(child).__name__})"
        for name, child in reader.module.named_modules()
        if isinstance(child, nn.modules.batchnorm._BatchNorm) and child.running_mean is None
    ]
    cause = (
        f"{', '.join(found)}: a BatchNorm without running statistics. Set track_running_stats=True."
        if found
        else "A softmax, mean or norm over the rows (dim=0) in forward is the usual cause, or a "
        "BatchNorm without running statistics (set track_running_stats=True)."
    )
    return (
        f"an example's logits change with the rest of its batch (by "
        f"{float((together - alone).abs().max()):.3g}); independent rows are needed. {cause}"
    )


def probabilities(reader: NetworkReader, X: Tensor) -> str | None:
    """Say why the supposed logits look like probabilities, near the rows and far away.

    Evidence is needed of one or the other kind: rows that sum to one, or outputs most of which
    have reached 0 or 1 far away. Logits may lie between 0 and 1 by chance.
    """
    X = _few(X)
    with neutral_torch():
        near = reader.logits(X)
        if not _within(near):
            return None
        far = _far(reader, X)
    if far is not None and not _within(far):
        return None
    seen = near if far is None else torch.cat([near, far])
    if bool((seen - seen[:1]).abs().amax() <= 1e-9):
        return None
    summed = seen.shape[1] > 1 and torch.allclose(seen.sum(1), seen.new_ones(()), atol=1e-6)
    # Of some rows a dead ReLU leaves nothing but a constant, however far away they are.
    ends = far is not None and float((torch.minimum(far, 1 - far) <= 1e-6).double().mean()) >= 0.5
    if not (summed or ends):
        return None
    return (
        f"the network's outputs look like probabilities (between {float(seen.min()):.3g} and "
        f"{float(seen.max()):.3g}{', rows that sum to one' if summed else ''}), and the logits "
        "behind them were not found. Have forward return the logits, or end it in torch's own "
        "sigmoid or softmax."
    )


def _few(X: Tensor) -> Tensor:
    return X[spread_positions(len(X)).to(X.device)]


def _within(z: Tensor) -> bool:
    return bool(((z >= -1e-9) & (z <= 1 + 1e-9)).all())


def _far(reader: NetworkReader, X: Tensor) -> Tensor | None:
    try:
        far = reader.logits(torch.cat([FAR * X, -FAR * X]))
    except (IndexError, RuntimeError):  # there is nothing far away, such as in an embedding
        return None
    return far if bool(far.isfinite().all()) else None


@contextmanager
def _seeded() -> Iterator[None]:
    """Fix torch's random state while it lasts, and restore the caller's afterwards."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        yield


class _Drawing(TorchFunctionMode):
    """Remember the functions that draw random numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.called: set[str] = set()

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        before = torch.get_rng_state()
        out = func(*args, **(kwargs or {}))
        if not torch.equal(before, torch.get_rng_state()):
            self.called.add(_named(func))
        return out


def _named(func: Callable[..., Any]) -> str:
    # Whatever torch hands to a mode: its functions have a name, other callables need not.
    return str(getattr(func, "__name__", func))
