"""DeepLIFT by the rescale rule, for any references.

==========  ==========================================================  =============
code        meaning                                                     shape
==========  ==========================================================  =============
``x``       letters of the sequences                                    (n, L, K)
``r``       references of each                                          (n, R, L, K)
``slopes``  contributions per unit of letter, DeepLIFT's multipliers    (m, L, K)
==========  ==========================================================  =============
"""

from __future__ import annotations

import torch
from torch import Tensor

from sklearn_deeplifft.attribution._letters import LetterReader, LetterSums
from sklearn_deeplifft.attribution._module_state import neutral_torch
from sklearn_deeplifft.attribution._rescale import Rescale

__all__ = ["between_pairs", "slopes_between"]


def between_pairs(reader: LetterReader, x: Tensor, r: Tensor, *, simplex: bool) -> LetterSums:
    """Slopes between each sequence and its references, and their products with the difference.

    ``explained`` is what they sum to, to be held against ``f(x) - mean f(r)``.
    """
    sums, R = LetterSums(x, simplex=simplex, complete=True), r.shape[1]
    size = max(reader.batch_size // 2, 1)  # a pair is two rows of a pass
    for start in range(0, len(x) * R, size):
        flat = torch.arange(start, min(start + size, len(x) * R))
        rows = flat // R
        reference = r[rows, flat % R]
        slopes = slopes_between(reader, x[rows], reference, rows)
        sums.add(rows, x.new_full((len(rows),), 1 / R), slopes, x[rows] - reference)
    return sums


def slopes_between(reader: LetterReader, x: Tensor, reference: Tensor, rows: Tensor) -> Tensor:
    """Slopes (m, L, K) of one pass; rows must not mix."""
    with neutral_torch():
        leaf = torch.cat([x, reference]).detach().requires_grad_()
        with Rescale(len(x)):
            f = reader.live(leaf, rows.repeat(2))
        if not f.requires_grad:
            return torch.zeros_like(x)
        total = f[: len(x)].sum()
        return torch.autograd.grad(total, leaf, materialize_grads=True)[0][: len(x)]
