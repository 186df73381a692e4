"""Integrated Hessians of networks of ReLUs, exactly.

===========  ==============================================================  ===========
code         symbol                                                          shape
===========  ==============================================================  ===========
``D``        x - r, of the columns in which the two differ                   (m,)
``weight``   s_u (-t ln t) / abs(q_u) of each kink                           (M, K)
``H``        Gamma: how much two features contribute together                (K, m, m)
===========  ==============================================================  ===========

Integrated gradients of integrated gradients (Janizek et al. 2021) are, with ``t`` the product of
the two places on the path, ``g`` the gradient and ``h`` the Hessian of an output there,

    Gamma_ij = D_i D_j int_0^1 -t ln(t) h_ij dt  +  [i = j] D_i int_0^1 -ln(t) g_i dt

The Hessian of a network of ReLUs is zero but at its kinks: there it is ``s_u a_u a_u'`` times a
delta function of the pre-activation, and a path that crosses at ``t`` with the rate ``q_u = a_u.D``
takes up ``1 / abs(q_u)`` of it. So the first integral is the sum of ``weight a_ui a_uj``. The
gradient is constant between kinks, so that the second is the sum of what ``t - t ln(t)`` grows by.
"""

from __future__ import annotations

import torch
from torch import Tensor

from sklearn_deeplifft.attribution._kinks import kinks_on_path
from sklearn_deeplifft.attribution._relu_layers import ReluNetwork

__all__ = ["integrated_hessian"]


def integrated_hessian(network: ReluNetwork, r: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    """Columns (m,) in which a row and its reference (d,) differ, and Gamma (K, m, m) of these.

    All others are zero. Row ``i`` sums to the integrated gradient of ``i``, and all of it to
    ``network(x) - network(r)``. A kink at either end of the path weighs nothing.
    """
    columns = (x != r).nonzero()[:, 0]
    D = (x - r)[columns]
    if not network.layers:
        return columns, torch.diag_embed(network.top[:, columns] * D)
    kinks = kinks_on_path(network, r, x, columns)
    path = -torch.special.xlogy(kinks.place, kinks.place) / kinks.rate.abs()
    weight = kinks.downstream * path[:, None]
    A = kinks.direction * D
    H = torch.stack([(A.T * w) @ A for w in weight.T])
    H.diagonal(dim1=1, dim2=2).add_(kinks.slopes * D)
    return columns, H
