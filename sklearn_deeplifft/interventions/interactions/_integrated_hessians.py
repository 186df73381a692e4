"""How much two features contribute together, on the way from a reference to each row."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from sklearn_deeplifft._printable import shown
from sklearn_deeplifft.attribution import integrated_hessian, neutral_torch, spread_positions
from sklearn_deeplifft.exceptions import NotPiecewiseLinearError
from sklearn_deeplifft.interventions._options import require_options
from sklearn_deeplifft.interventions._population import dense_rows, population_of
from sklearn_deeplifft.interventions.interactions._interaction_scores import (
    InteractionScores,
    names_for,
)
from sklearn_deeplifft.interventions.interactions._relu_networks import (
    ReadNetwork,
    relu_networks_of,
)
from sklearn_deeplifft.tables import as_numbers, reference_values

__all__ = ["integrated_hessians"]

MOST_BYTES = 1 << 33
"""Largest result: a number for each row, output and pair soon fills a machine."""

TOLERANCE = 1e-9
"""Largest difference between a network's answers and those of the layers read, relative."""


@neutral_torch()
def integrated_hessians(
    model: Any,
    X: Any,
    reference: Any,
    reduce: str | None = "mean_abs",
    *,
    task: str = "auto",
) -> InteractionScores:
    """Exact integrated Hessians of ReLU networks: no steps along the path, no smoothing.

    Integrated gradients of integrated gradients: how much of the contribution of feature i feature
    j accounts for, from the reference to the row. The diagonal is what a feature does alone. In a
    network of ReLUs the second derivative is zero but where the straight path from the reference
    meets a kink: unit u there, at the share t of the path, with input gradient ``a_u``, rate
    ``q_u = a_u . D`` of its pre-activation along ``D = x - reference`` and derivative ``s_u`` of
    the output with respect to it, adds ``D_i D_j a_ui a_uj s_u (-t ln t) / |q_u|``. The diagonal
    takes ``D_i int_0^1 -ln(t) g_i(t) dt`` of the gradient g beside. All kinks are found, layer by
    layer. Of columns that an ensemble reads on a logarithmic scale (its ``unskewed_``), x and
    reference are taken to that scale first, and the path is straight on it.

    Parameters
    ----------
    model : object
        As for `neural_interaction_strength`; of several networks the mean output is read.
    X : array-like or sparse matrix of shape (n, d)
        Rows, as the model takes them.
    reference : {"zero", "mean"} or array-like of shape (d,) or (n, d)
        Where paths start: zeros, the mean of X, one row for all, or one for each.
    reduce : {"mean_abs"} or None, default="mean_abs"
        Mean over rows of the absolute scores; None keeps every row's, with signs: n K d d numbers.
    task : {"auto", "classification", "multilabel", "regression"}, default="auto"
        What outputs of a bare module mean. Of several classes each logit less their mean is read,
        of two classes half the log-odds; with one output and "auto" the output itself.

    Returns
    -------
    InteractionScores
        ``score`` (K, d, d), or (n, K, d, d), in units of the logit or of the target. Before they
        are reduced, rows i of a row's matrix sum to integrated gradients, and all of it to the
        answer at the row less that at the reference; ``error`` says how exactly.

    Raises
    ------
    NotPiecewiseLinearError
        A curved network (tanh, exp, softplus, GELU), named by its layer.
    ValueError
        One that is no plain sequence of layers, or a reference of another shape.

    Notes
    -----
    Units that cross zero at the same place, as those of counts with a zero reference may, are taken
    one at a time: those that switch off first, upper layers before lower ones, then those that
    switch on, lower layers before upper ones. A unit that is zero along a stretch of the path is
    off there, as in torch. A kink at either end has no weight, as t ln t is zero at both. A path
    that nearly runs along a kink meets it with a small ``q_u``: then single scores are large, and
    cancel in their sums.

    References
    ----------
    Janizek, J. D., Sturmfels, P. and Lee, S.-I., "Explaining explanations: axiomatic feature
    interactions for deep networks", JMLR 22, 2021; they smooth ReLUs and take steps.

    Examples
    --------
    >>> import torch
    >>> from sklearn_deeplifft.interventions import integrated_hessians
    >>> net = torch.nn.Sequential(torch.nn.Linear(2, 1), torch.nn.ReLU(), torch.nn.Linear(1, 1))
    >>> _ = net[0].weight.data.fill_(1), net[0].bias.data.fill_(-1)
    >>> _ = net[2].weight.data.fill_(1), net[2].bias.data.fill_(0)
    >>> integrated_hessians(net, [[1.0, 1.0]], "zero").score[0].round(6).tolist()
    [[0.326713, 0.173287], [0.173287, 0.326713]]
    """
    if reduce is not None and reduce != "mean_abs":
        raise ValueError(f"reduce={shown(reduce)} must be 'mean_abs' or None.")
    require_options(task=task, n_background=1)
    population = population_of(X, None, model)
    rows = dense_rows(population.rows, np.arange(population.rows.shape[0]))
    starts = _references(reference, rows, population.names)
    few = rows[spread_positions(len(rows)).numpy()]
    networks, outputs = relu_networks_of(model, "integrated_hessians", task=task, rows=few)
    names = names_for(rows.shape[1], population.names)
    score, error = _scores(networks, rows, starts, len(outputs), reduce is None)
    return InteractionScores(score, outputs, names.shown, error)


def _references(reference: Any, rows: np.ndarray, names: Any) -> np.ndarray:
    """One reference (d,) for each row."""
    if isinstance(reference, str):
        if reference not in ("zero", "mean"):
            raise ValueError(
                f"reference={shown(reference)} must be 'zero', 'mean', or rows of your own."
            )
        own = rows.mean(axis=0) if reference == "mean" else np.zeros(rows.shape[1])
    elif isinstance(reference, pd.DataFrame):
        own = _in_order(reference, names)
    else:
        own = as_numbers(reference_values(reference, names), "reference")
    if not np.isfinite(own).all():
        raise ValueError("reference holds NaN or infinity; give one finite number per feature.")
    if own.shape not in (rows.shape, rows.shape[1:]):
        raise ValueError(
            f"reference has shape {own.shape}; X has shape {rows.shape}, so it must have shape "
            f"{rows.shape[1:]}, or one row for each of X."
        )
    return np.broadcast_to(own, rows.shape)


def _in_order(reference: pd.DataFrame, names: Any) -> np.ndarray:
    """Values of a frame of references, by the names of columns where X has any."""
    if names is not None and sorted(map(str, reference.columns)) != sorted(names):
        raise ValueError("reference has other columns than X; pass the same ones.")
    return as_numbers(reference if names is None else reference[list(names)], "reference")


def _scores(
    networks: Sequence[ReadNetwork], X: np.ndarray, R: np.ndarray, K: int, every_row: bool
) -> tuple[np.ndarray, float]:
    """Scores (K, d, d), mean of sizes, or (n, K, d, d); and the largest relative error of a sum."""
    n, d = X.shape
    total = _zeros(n, K, d, d) if every_row else _zeros(K, d, d)
    one_row = None if every_row else torch.empty_like(total)
    ends = [(one.inputs(X), one.inputs(R)) for one in networks]
    gap, largest = total.new_zeros(2)
    with torch.no_grad():
        answers = [
            torch.stack([_answers(one, part) for part in both])
            for one, both in zip(networks, ends, strict=True)
        ]
        for s in range(n):
            into = total[s] if one_row is None else one_row.zero_()
            for one, (x, r), z in zip(networks, ends, answers, strict=True):
                summed = _add(into, one, r[s], x[s], 1 / len(networks))
                gap = torch.maximum(gap, (summed - (z[0, s] - z[1, s])).abs().max())
                largest = torch.maximum(largest, z[:, s].abs().max())
            if one_row is not None:
                total.add_(one_row.abs_(), alpha=1 / n)
    return total.numpy(), float(gap / largest if largest > 0 else gap)


def _zeros(*shape: int) -> Tensor:
    size = 8 * math.prod(shape)
    if size > MOST_BYTES:
        raise ValueError(
            f"scores of shape {shape} take {size / 2**30:.0f} GiB; pass fewer rows at a time or "
            "reduce='mean_abs', or fewer columns."
        )
    return torch.zeros(shape, dtype=torch.float64)


def _answers(one: ReadNetwork, inputs: Tensor) -> Tensor:
    """Outputs (n, K) of a network; refuse one whose layers say something else."""
    z, of_layers = one.answers(inputs), one.relu(inputs)
    if not bool((z - of_layers).abs().max() <= TOLERANCE * z.abs().max().clamp_min(1)):
        raise NotPiecewiseLinearError(
            "some rows (or their references) are answered otherwise by the network than by its "
            "layers, one after another: its forward does more, or numbers are beyond double "
            "precision. Pass rows within the range of the data."
        )
    return z


def _add(into: Tensor, one: ReadNetwork, r: Tensor, x: Tensor, share: float) -> Tensor:
    """Add one network's scores to (K, d, d); return their sums (K,)."""
    columns, H = integrated_hessian(one.relu, r, x)
    if len(columns) == len(x):
        into.add_(H, alpha=share)
    else:
        into[:, columns[:, None], columns] += share * H
    return H.sum((1, 2))
