"""The simplex of letters: what of a score lies within it, and at what angle the rest stands.

========  ==================================  ==================
code      meaning                             shape
========  ==================================  ==================
``s``     scores of each letter               (..., K)
========  ==================================  ==================

Letters of one position sum to one, so no data lies along the normal ``(1, ..., 1)``, and the
component of a gradient in that direction is left over from training (Majdandzic et al. 2023).
"""

from __future__ import annotations

from torch import Tensor

from sklearn_deeplifft.attribution._gauge import angle_to_simplex

__all__ = ["simplex_angles", "within_simplex"]


def within_simplex(s: Tensor) -> Tensor:
    """Take the component normal to the simplex out: subtract the mean over letters."""
    return s - s.mean(dim=-1, keepdim=True)


def simplex_angles(s: Tensor) -> Tensor:
    """Angle in degrees between the scores of each position and the simplex, (...).

    From -90 to 90: 0 within the simplex, also where all scores are zero.
    """
    return angle_to_simplex(s)
