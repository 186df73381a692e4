"""Columns of encoded sequences by position."""

from __future__ import annotations

from numbers import Integral
from typing import Any

from sklearn_deeplifft._printable import shown

__all__ = ["position_groups", "require_positive"]


def position_groups(L: int, K: int = 4, window: int = 1) -> list[list[int]]:
    """Columns of each position of encoded sequences, or of each window of positions.

    Parameters
    ----------
    L : int
        Length of the sequences.
    K : int
        Letters of the alphabet.
    window : int
        Positions that are one group; the last group holds fewer where ``window`` does not divide
        ``L``.

    Returns
    -------
    list of lists of int
        For ``feature_groups=``; with ``window=1`` also for ``simplex_groups=``, since the letters
        of one position sum to one. Columns are those of `SequenceEncoder`: position by position,
        letter ``a`` of position ``l`` in column ``K l + a``.

    Raises
    ------
    ValueError
        A number below one, or a window longer than the sequences.

    Examples
    --------
    >>> position_groups(2)
    [[0, 1, 2, 3], [4, 5, 6, 7]]
    >>> position_groups(5, K=2, window=2)
    [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    """
    for name, value in (("L", L), ("K", K), ("window", window)):
        require_positive(name, value)
    if window > L:
        raise ValueError(
            f"window={window} is longer than the sequences (L={L}); pass {L} or fewer."
        )
    return [list(range(K * l, K * min(l + window, L))) for l in range(0, L, window)]  # noqa: E741


def require_positive(name: str, value: Any) -> None:
    """Raise ``ValueError`` for what is no whole number above zero."""
    if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{name}={shown(value)}; pass a whole number of at least 1.")
