"""What held-out rows decided in the training of an ensemble, in a sentence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from sklearn_deeplifft._printable import counted, printable
from sklearn_deeplifft.ensembles._training_choice import Gates
from sklearn_deeplifft.networks import HELD_OUT, LAST, TRAINING, TrainedNetwork

__all__ = ["choice_said", "pairs_said", "unskewed_said"]

MOST_PAIRS = 3
"""Pairs that are named."""

KIND = ["hidden_layer_sizes", "on_path", "kept_by"]
"""Columns in which networks that are told together are alike."""


def choice_said(
    frame: pd.DataFrame, networks: Sequence[TrainedNetwork], gates: Gates, *, ours: bool
) -> str:
    """Say how many networks of each kind there are, which epochs they keep, and what they read.

    ``frame`` is ``training_choice_`` of these networks, and ``gates`` are theirs; ``ours`` says
    whether we have built them.
    """
    parts: list[str] = []
    for _, own in frame.groupby(KIND, sort=False, dropna=False):
        which = "" if parts else " network" if len(own) == 1 else " networks"
        kind = _kind(own["hidden_layer_sizes"].iloc[0]) if ours else "of the user's own"
        gated = [trained for i in own.index if (trained := networks[i]).gates is not None]
        ending = _read(gated, gates, first=not parts) if gated else _epochs(own)
        parts.append(f"{len(own):,}{which} {kind}, {_kept(own)}{_penalty(own)}{ending}")
    return "; ".join(parts) + "."


def pairs_said(frame: pd.DataFrame, networks: Sequence[TrainedNetwork]) -> str:
    """Say how many networks began with pairs, and name the first of ``starting_pairs_``."""
    n = sum(trained.pairs is not None for trained in networks)
    if not n:
        return ""
    named = [f"{printable(a)} with {printable(b)}" for a, b, _ in frame.head(MOST_PAIRS).to_numpy()]
    rest = f" and {len(frame) - MOST_PAIRS:,} more" if len(frame) > MOST_PAIRS else ""
    pairs = "a pair of columns that tells" if len(frame) == 1 else "pairs of columns that tell"
    return (
        f" {n:,} of them began with {pairs} together what networks without a hidden layer have "
        f"missed: {', '.join(named)}{rest}."
    )


def unskewed_said(unskewed: np.ndarray) -> str:
    """Say how many columns (d,) are read on a logarithmic scale; nothing of none."""
    n = int(unskewed.sum())
    if not n:
        return ""
    if n == len(unskewed):
        which = (
            "The only column is" if n == 1 else "Both columns are" if n == 2 else "All columns are"
        )
    else:
        which = f"{n:,} of {len(unskewed):,} columns {'is' if n == 1 else 'are'}"
    return f" {which} skewed, and read on a logarithmic scale."


def _kind(hidden: tuple[int, ...]) -> str:
    if not hidden:
        return "without a hidden layer"
    *others, last = (f"{width:,}" for width in hidden)
    if not others:
        return f"of {counted(hidden[0], 'unit')}"
    return f"of {', '.join(others)} and {last} units"


def _kept(own: pd.DataFrame) -> str:
    by = own["kept_by"].iloc[0]
    if own["epochs"].isna().any():
        return "trained elsewhere"
    if pd.isna(by):
        return f"trained by {'its' if len(own) == 1 else 'their'} own settings"
    if by == LAST:
        return "trained to the end"
    if by == TRAINING:
        return "kept where training loss was least, as no row was held out"
    return f"kept where {by} was {'least' if by == HELD_OUT else 'best'}"


def _penalty(own: pd.DataFrame) -> str:
    """A penalty that stays as it is; along a path every network has another."""
    penalty = own["penalty"].iloc[0]
    acts = penalty > 0 and not own["on_path"].iloc[0]
    return f" under a penalty of {penalty:g}" if acts else ""


def _epochs(own: pd.DataFrame) -> str:
    """Where there are no gates: which epochs, of how many."""
    if own["epochs"].isna().any():
        return ""
    run, by = _range(own["epochs"]), own["kept_by"].iloc[0]
    if not pd.isna(by) and by != LAST:
        kept = _range(own["kept_epoch"])
        return f": epoch{'s' if ' ' in kept else ''} {kept} of {run}"
    return f": {run} epoch{'' if run == '1' else 's'}"


def _read(networks: Sequence[TrainedNetwork], gates: Gates, *, first: bool) -> str:
    """How many columns they read: those whose gate is open."""
    reads = ", reads" if len(networks) == 1 else ", read"
    masks = (gates.open(trained) for trained in networks)
    counts = pd.Series([int(mask.sum()) for mask in masks if mask is not None])
    thing = "column" if gates.n == len(gates.of_column) else "feature"
    if counts.min() < gates.n:
        return f"{reads} {_range(counts)} of {counted(gates.n, thing)}"
    if gates.n == 1:
        return f"{reads} the only {thing}"
    every = "both" if gates.n == 2 else f"all {gates.n:,}"
    return f"{reads} {every} {thing}s" if first else f"{reads} all"


def _range(numbers: pd.Series) -> str:
    low, high = int(numbers.min()), int(numbers.max())
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"
