"""Numbers of features at which lists are compared."""

from __future__ import annotations

from collections.abc import Sequence

import click

from sklearn_deeplifft.cli._words import counted

__all__ = ["DEFAULT", "counts_within", "require_counts"]

DEFAULT = (3, 5, 10, 20)


def require_counts(counts: Sequence[int] | None, n_features: int) -> None:
    """Refuse counts that were asked for and that the table has no room for.

    Raises
    ------
    click.BadParameter
        One is above the number of features.
    """
    beyond = [count for count in counts or () if count > n_features]
    if beyond:
        listed = ", ".join(f"{count:,}" for count in beyond)
        raise click.BadParameter(
            f"the table has {counted(n_features, 'feature')} to rank, fewer than {listed}; give "
            f"{'1' if n_features == 1 else f'numbers from 1 to {n_features:,}'}.",
            param_hint="--counts",
        )


def counts_within(counts: Sequence[int] | None, n_features: int) -> list[int]:
    """Counts below the number of features, ascending; of the default ones at least half of them.

    >>> counts_within(None, 7), counts_within(None, 3), counts_within(None, 1)
    ([3, 5], [1], [])
    >>> counts_within([7, 2], 7)
    [2]
    """
    usable = sorted({count for count in counts or DEFAULT if count < n_features})
    half = [n_features // 2] if n_features > 1 and counts is None else []
    return usable or half
