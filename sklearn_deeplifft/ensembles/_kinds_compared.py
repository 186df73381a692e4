"""Whether members without a hidden layer know much less than the others do.

===========  ================================================================  =======
code         meaning                                                           shape
===========  ================================================================  =======
``z``        outputs for the rows held out from each network, one after other  (m, K)
``t``        targets of these rows: a class or label 0 or 1, or a quantity     (m, K)
``w``        weights of the rows                                               (m,)
``network``  number of the network whose row it is                             (m,)
``b``        slope of the targets on one kind's outputs, 0 or more             (K,)
``known``    share of the targets' variance that a network's outputs explain   (N,)
===========  ================================================================  =======

A regression has its R squared for it, and outputs of classes are taken for such as well: up to
their scale, which of a network that is trained to the end says little. The scale is that of all
networks of a kind, as one network holds out few rows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import t as student

from sklearn_deeplifft.ensembles._out_of_fold import held_out_outputs, targets_of_outputs
from sklearn_deeplifft.networks import TrainedNetwork
from sklearn_deeplifft.tables import FitData, target_scale

__all__ = ["certainly_less", "knowledge", "known_shares"]

LESS = 2 / 3
"""Linear networks that explain less than this share of what the others explain make room. Those
that know nearly as much are worth having for their other view; and where rows abound, networks with
a hidden layer are always certain to be a little better, so that a plain test would replace all."""

LEVEL = 0.01
"""Level of the test that they do."""


def knowledge(
    networks: Sequence[TrainedNetwork],
    linear: np.ndarray,
    held: Sequence[np.ndarray],
    data: FitData,
) -> np.ndarray:
    """Shares (N,) that networks explain of the rows ``held`` out from each; NaN without any.

    ``linear`` (N,) says which networks have no hidden layer. A regression's are read on the
    standardised target, which changes no share.
    """
    rows = np.concatenate(held)
    network = np.repeat(np.arange(len(held)), [len(own) for own in held])
    if not len(rows):
        return np.full(len(held), np.nan)
    outputs = [
        held_out_outputs(trained, own, data)
        for trained, own in zip(networks, held, strict=True)
        if len(own)  # rows of weight zero hold out nothing
    ]
    codes = data.target.codes[rows]
    if data.target.kind == "regression":  # squares of a target in its units may be no numbers
        mean, scale = target_scale(data)
        codes = (codes - mean) / scale
    columns, t, _ = targets_of_outputs(data.target, codes)
    z = np.concatenate(outputs)[:, columns]
    return known_shares(z, t, data.training_weight[rows], network, linear)


def known_shares(
    z: np.ndarray, t: np.ndarray, w: np.ndarray, network: np.ndarray, linear: np.ndarray
) -> np.ndarray:
    """Explained shares (N,), means over the columns; NaN of a network without a row that weighs.

    With both centred by the means of the kind's rows, and V their targets' variance, that of
    network i in one column is ``sum_i w (t^2 - (t - b z)^2) / (V sum_i w)``, where ``sum_i`` is
    over its rows: at most 1, and below 0 where they are better predicted by the mean. A column that
    does not vary has a share of 0.
    """
    n = len(linear)
    total = np.bincount(network, w, n)
    known = np.full(n, np.nan)
    for kind in (linear, ~linear):
        own = kind[network]
        if not w[own].sum() > 0:
            continue
        explained = _explained(z[own], t[own], w[own])
        sums = np.bincount(network[own], w[own] * explained, n)
        some = kind & (total > 0)
        known[some] = sums[some] / total[some]
    return known


def _explained(z: np.ndarray, t: np.ndarray, w: np.ndarray) -> np.ndarray:
    """(m,): each row's part of the share that one kind's outputs explain, mean over columns."""
    z, t = (x - np.average(x, axis=0, weights=w) for x in (z, t))
    zz, zt, tt = (np.average(x, axis=0, weights=w) for x in (z * z, z * t, t * t))
    # Outputs that say the opposite know nothing.
    b = np.maximum(zt, 0) / np.where(zz > 0, zz, 1)
    return np.asarray((b * z * (2 * t - b * z) / np.where(tt > 0, tt, 1)).mean(axis=1))


def certainly_less(known: np.ndarray, linear: np.ndarray) -> bool:
    """Whether linear networks explain less than ``LESS`` of what the others do, by Welch's t-test.

    Shares (N,) of networks are its observations; with fewer than two of a kind nothing is certain.
    """
    few, many = known[linear & ~np.isnan(known)], known[~linear & ~np.isnan(known)]
    if min(len(few), len(many)) < 2:
        return False
    parts = np.array([few.var(ddof=1) / len(few), LESS**2 * many.var(ddof=1) / len(many)])
    gap, variance = LESS * many.mean() - few.mean(), parts.sum()
    if not variance > 0:
        return bool(gap > 0)
    freedom = variance**2 / (parts**2 / [len(few) - 1, len(many) - 1]).sum()
    return bool(student.sf(gap / np.sqrt(variance), freedom) < LEVEL)
