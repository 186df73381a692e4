"""Interaction of a few pairs at every row: how much of its prediction the two make together.

``e_ij(x) = mean_b [ f(x) - f(b_i, x) - f(b_j, x) + f(b_i, b_j, x) ]`` over donor rows b, whose
values take the place of the row's own: the part of f that depends on both features, on top of what
each does whatever the other holds. 0 in every row where effects add up.

=============  ==================================================  ============
code           meaning                                             shape
=============  ==================================================  ============
``features``   columns of each feature                             G of them
``pairs``      positions in ``features``                           (p, 2)
``donors``     b                                                   (m, d)
=============  ==================================================  ============
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from sklearn_deeplifft.attribution import neutral_torch
from sklearn_deeplifft.perturbation import Edit, LowRank, Response, pairs_after

__all__ = ["donors_of", "row_interactions"]

CELLS = 1 << 15
"""Rows times features that are held together: of each the units of a layer."""


def donors_of(base: np.ndarray, m: int, rng: np.random.RandomState) -> np.ndarray:
    """``m`` rows of the data, or all that there are, whose values stand for any."""
    return base[rng.permutation(len(base))[:m]]


@neutral_torch(autograd=False)
def row_interactions(
    response: Response,
    X: np.ndarray,
    features: Sequence[np.ndarray],
    pairs: np.ndarray,
    donors: np.ndarray,
) -> np.ndarray:
    """Interactions (n, p, R) of rows (n, d), by one network."""
    used, place = np.unique(pairs, return_inverse=True)
    place = place.reshape(-1, 2)
    # Runs of pairs that share the first and count up the second are asked for at once.
    order = np.lexsort((place[:, 1], place[:, 0]))
    columns = [torch.from_numpy(features[g]) for g in used]
    listed = list(map(tuple, place[order].tolist()))
    step = max(CELLS // len(used), 16)
    rows = torch.tensor(X, dtype=torch.float64)
    parts = []
    for block in rows.split(step):
        before = response.outputs(block).double()
        total = before.new_zeros(len(pairs), *before.shape)
        for donor in torch.tensor(donors, dtype=torch.float64):
            total += _second_differences(response, block, columns, listed, donor, before)
        parts.append(total.transpose(0, 1) / len(donors))
    found = torch.cat(parts) if parts else torch.zeros(0, len(pairs), 1, dtype=torch.float64)
    out = np.empty(found.shape)
    out[:, order] = found.numpy()
    return out


def _second_differences(
    response: Response,
    rows: Tensor,
    columns: Sequence[Tensor],
    pairs: Sequence[tuple[int, int]],
    donor: Tensor,
    before: Tensor,
) -> Tensor:
    """(p, n, R), once features hold what ``donor`` does."""
    edits = [_edit(rows, own, donor) for own in columns]
    alone = response.after(rows, edits).double().unflatten(0, (len(edits), len(rows)))
    i, j = torch.tensor(pairs).T
    both = _both(response, rows, columns, edits, pairs, donor)
    return both - alone[i] - alone[j] + before


def _edit(rows: Tensor, columns: Tensor, donor: Tensor) -> Edit:
    return Edit(columns, donor[columns].expand(len(rows), -1))


def _both(
    response: Response,
    rows: Tensor,
    columns: Sequence[Tensor],
    edits: Sequence[Edit],
    pairs: Sequence[tuple[int, int]],
    donor: Tensor,
) -> Tensor:
    if isinstance(response, LowRank):
        return torch.cat([z.double() for z in pairs_after(response, rows, edits, pairs)])
    together = [_edit(rows, torch.cat([columns[i], columns[j]]), donor) for i, j in pairs]
    return response.after(rows, together).double().unflatten(0, (len(pairs), len(rows)))
