"""Rows of one-hot columns as channels, the form that convolutions read."""

from __future__ import annotations

from torch import Tensor, nn

__all__ = ["ToChannels"]


class ToChannels(nn.Module):
    """Rows (n, L K), position by position, as channels (n, K, L), one for each letter.

    Column ``K l + a`` holds letter ``a`` at position ``l``, as ``SequenceEncoder`` writes it. What
    has the shape (n, K, L) already passes through.

    Parameters
    ----------
    length : int
        Positions ``L``.
    n_letters : int, default=4
        Letters ``K`` of the alphabet.
    """

    def __init__(self, length: int, n_letters: int = 4) -> None:
        super().__init__()
        self.length = length
        self.n_letters = n_letters

    def extra_repr(self) -> str:
        return f"length={self.length}, n_letters={self.n_letters}"

    def forward(self, x: Tensor) -> Tensor:
        L, K = self.length, self.n_letters
        if x.ndim == 2 and x.shape[1] == L * K:
            by_position: Tensor = x.unflatten(1, (L, K))
            return by_position.transpose(1, 2)
        if x.ndim == 3 and x.shape[1:] == (K, L):
            return x
        turned = " (its last two axes look exchanged)" if x.shape[1:] == (L, K) else ""
        raise ValueError(
            f"the network reads {L} positions of {K} letters, as rows of {L * K} columns, position "
            f"by position, or as (n, {K}, {L}); got {_shape(x)}{turned}. SequenceEncoder(length="
            f"{L}) writes such rows."
        )


def _shape(x: Tensor) -> str:
    return f"rows of {x.shape[1]} columns" if x.ndim == 2 else f"shape {tuple(x.shape)}"
