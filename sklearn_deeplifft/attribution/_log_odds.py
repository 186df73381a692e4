"""Log-odds coordinates: the true class's logit, and the others less it.

The softmax of class y needs only ``z_j - z_y``. Taking these differences once, before a linear
form is expanded to (n, K, d), saves passes over the largest array there is.
"""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["contrast", "sigmoid_contrast"]


def contrast(values: Tensor, y: Tensor) -> Tensor:
    """Rewrite (n, K, ...) per example as ``[v_y, v_j - v_y for j != y]``, j ascending."""
    n, K = values.shape[:2]
    if n > K and not values.stride(0):
        # Coefficients that are the same for all examples: once for each class.
        of_class = contrast(values[:K], torch.arange(K, device=y.device))
        return of_class.index_select(0, y)
    tail = values.shape[2:]
    others = torch.arange(K - 1, device=y.device).expand(n, -1)
    others = others + (others >= y[:, None])
    index = torch.cat([y[:, None], others], dim=1)
    index = index + torch.arange(0, n * K, K, device=y.device)[:, None]
    # Whole rows of what comes behind the classes: gather would take them number by number.
    out = values.flatten(0, 1).index_select(0, index.flatten()).view(n, K, *tail)
    out[:, 1:] -= out[:, :1]
    return out


def sigmoid_contrast(values: Tensor, y: Tensor) -> Tensor:
    """Rewrite one logit v (n, 1, ...), a pair ``(0, v)``, as ``[v, -v]`` or ``[-v, v]``.

    For class 0, whose own logit is the constant 0, the evidence ``-v`` takes its place: all of
    its terms would tie otherwise, and the order would say nothing.
    """
    sign = (2 * y - 1).to(values.dtype).view(-1, *(1 for _ in values.shape[1:]))
    return torch.cat([sign * values, -sign * values], dim=1)
