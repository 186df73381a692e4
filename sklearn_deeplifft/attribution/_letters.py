"""One output of a network of sequences as a function of letters.

==========  ==========================================================  =============
code        meaning                                                     shape
==========  ==========================================================  =============
``x``       letters, position by position                               (m, L, K)
``rows``    the sequence that each of them comes from                   (m,)
``f``       the output that is attributed, one for each                 (m,)
==========  ==========================================================  =============

Networks take letters as columns, as channels or as a last axis; here they are always the last.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from sklearn_deeplifft.attribution._linear_form import NetworkReader
from sklearn_deeplifft.attribution._module_state import module_dtype, neutral_torch

__all__ = ["LetterReader", "LetterSums", "Layout", "layout_of"]

BATCH = 64
"""Rows of a pass; 1,000 at once take twice as long on published networks, out of cache."""


HALVES = (torch.float16, torch.bfloat16)
"""Read in single precision: sums over a path lose digits in them, and NumPy has no bfloat16."""


class Layout(NamedTuple):
    """How a network takes its letters."""

    form: Literal["columns", "first", "last"]
    L: int
    K: int

    def letters(self, X: Tensor) -> Tensor:
        """What the network takes, as (m, L, K)."""
        if self.form == "columns":
            return X.reshape(-1, self.L, self.K)
        return X.transpose(1, 2) if self.form == "first" else X

    def inputs(self, x: Tensor) -> Tensor:
        """The opposite of `letters`."""
        if self.form == "columns":
            return x.flatten(1)
        return x.transpose(1, 2) if self.form == "first" else x


def layout_of(shape: tuple[int, ...], n_letters: int, channel_axis: int | None) -> Layout:
    """Tell the axis of letters by its size.

    Raises
    ------
    ValueError
        Neither (n, K L), nor three axes of which one has K entries; or both have, or the last one,
        and ``channel_axis`` does not say so.
    """
    K = n_letters
    if len(shape) == 2 and shape[1] and shape[1] % K == 0 and channel_axis is None:
        return Layout("columns", shape[1] // K, K)
    if len(shape) != 3:
        raise ValueError(
            f"X has the shape {shape}; pass encoded sequences, (n, {K} L) as SequenceEncoder "
            f"writes them or (n, {K}, L), or n_letters= for an alphabet of another size."
        )
    if channel_axis is not None and channel_axis not in (1, 2, -1):
        raise ValueError(f"channel_axis={channel_axis}; letters are in axis 1 or 2.")
    axis = channel_axis if channel_axis != -1 else 2
    if axis is None:
        if shape[1] == K == shape[2]:
            raise ValueError(
                f"X has the shape {shape}, and letters may be in either axis; pass channel_axis=1 "
                "if they come first, or 2."
            )
        if shape[2] == K:
            raise ValueError(
                f"X has the shape {shape} with letters last; networks of torch take (n, {K}, L). "
                "Transpose X, or pass channel_axis=2 if the network does take it so."
            )
        axis = 1
    if shape[axis] != K:
        raise ValueError(
            f"X has the shape {shape}, and axis {axis} holds no {K} letters; pass (n, {K}, L), or "
            "n_letters= for an alphabet of another size."
        )
    return Layout("first" if axis == 1 else "last", shape[3 - axis], K)


class LetterReader:
    """Outputs and gradients of a network with respect to letters.

    Parameters
    ----------
    module : torch.nn.Module
        Never modified.
    layout : Layout
    output : Tensor of shape (n,), int64, or None
        Output that is attributed for each sequence; None is for networks of one.
    logits : bool
        Attribute what goes into a final softmax or sigmoid.
    dtype : torch.dtype or None
        Precision; None takes the module's own. Half precisions are read in float32.
    batch_size : int or None
        Rows of a pass; None takes 64.
    """

    def __init__(
        self,
        module: nn.Module,
        layout: Layout,
        output: Tensor | None = None,
        *,
        logits: bool = True,
        dtype: torch.dtype | None = None,
        batch_size: int | None = None,
    ) -> None:
        self.layout = layout
        self.output = output
        self.batch_size = batch_size or BATCH
        with neutral_torch():
            own = dtype or module_dtype(module)
        self.dtype = torch.float32 if own in HALVES else own
        self._reader = NetworkReader(module, drop_normalizer=logits, dtype=self.dtype)

    def live(self, x: Tensor, rows: Tensor) -> Tensor:
        """``f`` (m,) with its graph."""
        return self.chosen(self.outputs(x), rows)

    def outputs(self, x: Tensor) -> Tensor:
        """All outputs (m, R)."""
        X = self.layout.inputs(x)
        return self._reader.run_from(X, X)

    def chosen(self, z: Tensor, rows: Tensor) -> Tensor:
        """Of outputs (m, R, ...), the one that is attributed (m, ...)."""
        if self.output is None:
            if z.shape[1] != 1:
                raise ValueError(
                    f"the network has {z.shape[1]} outputs; pass output=, the one to attribute "
                    f"(0 to {z.shape[1] - 1}), or one for each sequence."
                )
            return z[:, 0]
        wanted = self.output[rows.cpu()]
        if len(wanted) and not 0 <= int(wanted.min()) <= int(wanted.max()) < z.shape[1]:
            raise ValueError(
                f"output= goes from {int(wanted.min())} to {int(wanted.max())}, and the network "
                f"has the outputs 0 to {z.shape[1] - 1}."
            )
        return z[torch.arange(len(z)), wanted]

    def values(self, x: Tensor, rows: Tensor | None = None) -> Tensor:
        """``f`` (m,)."""
        rows = torch.arange(len(x)) if rows is None else rows
        with neutral_torch(), torch.no_grad():
            parts = [self.live(x[at], rows[at]) for at in self.batches(len(x))]
        return torch.cat(parts) if parts else x.new_zeros(0)

    def gradients(self, x: Tensor, rows: Tensor) -> Tensor:
        """``df/dx`` (m, L, K) of at most a batch; rows must not mix."""
        with neutral_torch():
            leaf = x.detach().clone().requires_grad_()
            f = self.live(leaf, rows)
            if not f.requires_grad:  # the output does not depend on the letters at all
                return torch.zeros_like(x)
            return torch.autograd.grad(f.sum(), leaf, materialize_grads=True)[0]

    def batches(self, n: int) -> Iterator[slice]:
        for start in range(0, n, self.batch_size):
            yield slice(start, min(start + self.batch_size, n))


class LetterSums:
    """Weighted sums, sequence by sequence, of gradients at several points each.

    Parameters
    ----------
    x : Tensor of shape (n, L, K)
        The sequences.
    simplex : bool
        Take the component normal to the simplex out before anything is multiplied.
    complete : bool
        Products sum to ``w g.d``: what a displacement that leaves the simplex (to or from a letter
        that is not known) owes to the normal component is dealt to its letters by their share.
    """

    def __init__(self, x: Tensor, *, simplex: bool, complete: bool = False) -> None:
        self.simplex = simplex
        self.complete = complete
        self.slopes = torch.zeros_like(x)
        """(n, L, K): sum of ``w g``."""
        self.products = torch.zeros_like(x)
        """(n, L, K): sum of ``w P g d``, where P projects if asked."""

    @property
    def explained(self) -> Tensor:
        """(n,): what the products of a sequence sum to."""
        return self.products.sum(dim=(1, 2))

    def add(self, rows: Tensor, w: Tensor, g: Tensor, d: Tensor) -> None:
        """Add gradients ``g`` with weights ``w`` and displacements ``d``."""
        g, rows = w[:, None, None] * g, rows.to(g.device)
        self.slopes.index_add_(0, rows, g)
        self.products.index_add_(0, rows, self._products(g, d))

    def _products(self, g: Tensor, d: Tensor) -> Tensor:
        if not self.simplex:
            return g * d
        normal = g.mean(dim=-1, keepdim=True)
        products = (g - normal) * d
        if self.complete:
            size = d.abs()
            total = size.sum(dim=-1, keepdim=True)
            share = size / torch.where(total > 0, total, 1)
            products += normal * d.sum(dim=-1, keepdim=True) * share
        return products

    def scores(self, *, times_input: bool) -> Tensor:
        if times_input:
            return self.products
        return self.slopes - self.slopes.mean(-1, keepdim=True) if self.simplex else self.slopes
