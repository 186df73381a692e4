"""Two re-writings of a linear form that keep its sum: references and simplex groups.

============  ====================================================  ==========
code          symbol                                                shape
============  ====================================================  ==========
``c``         coefficients                                          (n, K, d)
``r``         reference: terms are ``c_k,i (x_i - r_i)``            (d,)
``s``         scale of a simplex group: ``sum_g s_g x_g`` is fixed  (m,)
============  ====================================================  ==========
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from sklearn_deeplifft.attribution._linear_form import LinearForm

__all__ = ["SimplexGroup", "Terms", "angle_to_simplex", "project", "terms_of"]


class SimplexGroup(NamedTuple):
    """Columns whose weighted sum is the same in every row: ``sum_g scale_g x_g = const``.

    A one-hot block of 0/1 columns has ``scale = 1``; after division of column g by ``sd_g`` it
    has ``scale_g = sd_g``.
    """

    columns: Tensor
    scale: Tensor
    units: Tensor | None = None
    """(m,): size of one unit of each input in the columns that ``scale`` refers to, where the
    network's inputs are those columns standardised (their standard deviations)."""


class Terms(NamedTuple):
    """``logits = bias + terms.sum(-1)``, in one gauge."""

    terms: Tensor
    """(n, K, d)."""
    bias: Tensor
    """(n, K)."""


def terms_of(
    form: LinearForm, groups: Sequence[SimplexGroup] = (), *, in_place: bool = False
) -> Terms:
    """Write a linear form as terms ``c'_k,i (x_i - r_i)`` and the bias that completes them.

    Simplex groups take the component normal to the simplex out of each coefficient
    (Majdandzic & Koo 2023) and give it to the bias, so that ``bias + terms.sum(-1)`` is
    unchanged. ``in_place`` writes the terms over the form's coefficients, the largest array.
    """
    c, b, x = form.coefficients, form.bias, form.displacement
    for group in groups:
        b = b + _normal_part(c, group) * (x[:, group.columns] @ _normal(group))[:, None]
    c = project(c, groups)
    return Terms(c.mul_(x[:, None, :]) if in_place else c * x[:, None, :], b)


def project(c: Tensor, groups: Sequence[SimplexGroup]) -> Tensor:
    """Apply ``P = I - s s' / (s's)`` within each group of the last axis of ``c``."""
    if not groups:
        return c
    c = c.clone()
    for group in groups:
        c[..., group.columns] -= _normal_part(c, group)[..., None] * _normal(group)
    return c


def angle_to_simplex(g: Tensor) -> Tensor:
    """Angle in degrees between gradients ``g`` (..., m) and the simplex; 0 for ``g = 0``.

    ``arcsin( sum(g) / (sqrt(m) ||g||) )``: 0 lies within the simplex, 90 is normal to it.
    """
    norm = g.norm(dim=-1) * g.shape[-1] ** 0.5
    sine = torch.where(norm > 0, g.sum(-1) / torch.where(norm > 0, norm, 1), 0.0)
    return torch.rad2deg(torch.arcsin(sine.clamp(-1, 1)))


def _normal_part(c: Tensor, group: SimplexGroup) -> Tensor:
    s = group.scale
    own = c[..., group.columns] if group.units is None else c[..., group.columns] / group.units
    return (own @ s) / (s @ s)


def _normal(group: SimplexGroup) -> Tensor:
    return group.scale if group.units is None else group.scale * group.units
