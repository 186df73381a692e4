"""Columns that are one feature: their terms are added before they are ordered.

=============  ====================================================  ============
code           symbol                                                shape
=============  ====================================================  ============
``values``     anything with a value for each column                 (..., d)
``features``   g(i), the feature of column i, 0 to G - 1             (d,)
result         sum over i with g(i) = g                              (..., G)
=============  ====================================================  ============

Signed, row by row: of a one-hot block whose levels pull a logit up and down only the level that
a row has is left, so a feature does not gain by the number of columns it is spread over.
"""

from __future__ import annotations

from torch import Tensor

__all__ = ["summed_by_feature"]


def summed_by_feature(values: Tensor, features: Tensor) -> Tensor:
    """Sum (..., d) over the columns of each feature, (..., G)."""
    sums = values.new_zeros(*values.shape[:-1], int(features.max()) + 1)
    return sums.scatter_add_(-1, features.expand(values.shape), values)
