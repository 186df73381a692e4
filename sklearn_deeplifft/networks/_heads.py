"""Blocks of outputs by which a network answers a target."""

from __future__ import annotations

import itertools

import numpy as np

from sklearn_deeplifft._printable import counted
from sklearn_deeplifft.attribution import Head
from sklearn_deeplifft.tables import Target

__all__ = ["heads_for"]


def heads_for(target: Target, n_outputs: int) -> tuple[Head, ...]:
    """Return the blocks by which ``n_outputs`` logits answer ``target``."""
    width = target.codes.shape[1]
    if target.kind == "softmax":
        if n_outputs == len(target.classes):
            return (Head("softmax", 0, n_outputs),)
        if n_outputs == 1 and len(target.classes) == 2:
            return (Head("sigmoid", 0, 1),)
        wanted = f"{len(target.classes)} classes"
    elif target.kind == "multisoftmax":
        edges = np.cumsum([0, *target.n_classes]).tolist()
        if n_outputs == edges[-1]:
            return tuple(Head("softmax", a, b) for a, b in itertools.pairwise(edges))
        wanted = f"{edges[-1]} classes in all"
    elif target.kind == "multilabel":
        if n_outputs == width:
            return tuple(Head("sigmoid", i, i + 1) for i in range(width))
        wanted = counted(width, "label")
    else:
        if n_outputs == width:
            return (Head("identity", 0, width),)
        wanted = counted(width, "target")
    raise ValueError(
        f"the network has {counted(n_outputs, 'output')}, but y has {wanted}. Give the network one "
        "output for each (or a single logit for two classes)."
    )
