"""An explanation where a network and the table that it is trained on do not fit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import skorch
import torch

from sklearn_deeplifft.networks._batches import TableDataset
from sklearn_deeplifft.tables import Problem

__all__ = ["explained_misfit"]


@contextmanager
def explained_misfit(net: skorch.NeuralNet, rows: TableDataset, problem: Problem) -> Iterator[None]:
    """Say which size is wrong when a training fails for it.

    Looked for after a failure only: a pass through the network before its training could change
    it (random numbers drawn, lazy layers built), and the user's net would not be what it is alone.
    """
    try:
        yield
    except (RuntimeError, ValueError, IndexError) as error:
        found = _misfit(net, rows, problem) if net.initialized_ else None
        if found is None:
            raise
        sizes = ("module__n_features", "module__n_outputs")
        params = net.get_params(deep=False)
        given = [f"{name}={params[name]!r}" for name in sizes if name in params]
        remedy = (
            f"The net was given {' and '.join(given)}; leave them out to have them inferred, or "
            "give those of the table."
            if given
            else "Give the module the sizes of the table; a class that asks for n_features and "
            "n_outputs is given them."
        )
        raise ValueError(f"{found} {remedy}") from error


def _misfit(net: skorch.NeuralNet, rows: TableDataset, problem: Problem) -> str | None:
    """Run the network on two rows: the size that is wrong, None where both fit."""
    X = rows.batch(np.arange(min(len(rows), 2)))[0].to(net.device)
    net.module_.eval()
    try:
        with torch.no_grad():
            z = net.module_(X)
    except RuntimeError as error:
        return f"the network cannot take rows of {problem.n_features} columns ({error})."
    if not isinstance(z, torch.Tensor):
        return None
    width = z.reshape(len(X), -1).shape[1]
    fitting = {problem.n_outputs}
    if problem.kind == "softmax" and problem.n_outputs == 2:
        fitting.add(1)
    if width in fitting:
        return None
    return f"the network returns {width} numbers per row, but y asks for {problem.n_outputs}."
