"""Slopes: how each logit moves with a feature, over all rows that are scored.

=============  =====================================================  ========
code           symbol                                                 shape
=============  =====================================================  ========
``slopes``     sum_s w_s P (dz_k/dx_i - mean_k dz_k/dx_i)             (C, D)
``total``      sum_s w_s                                              scalar
``deviation``  standard deviation of column i                         (D,)
result         ``deviation_i slopes_k,i / total``                     (K, D)
=============  =====================================================  ========

P takes out the part normal to simplex groups. The result does not depend on the unit of a column:
it says what one standard deviation more of it does to the logit, on average.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sklearn_deeplifft.attribution import ScoreSums
from sklearn_deeplifft.selectors._scores import Scores
from sklearn_deeplifft.tables import Target

__all__ = ["mean_slopes", "slopes_of"]


def slopes_of(
    sums: ScoreSums, target: Target, deviation: np.ndarray, units: np.ndarray | None
) -> np.ndarray:
    """Slopes (K, D) by one network; NaN where it scored no row.

    ``units`` (K,) divides those of a regression.
    """
    found = sums.slopes.numpy()
    if target.kind == "multilabel":  # of the cells (absent, present) a label is its presence
        found = found[1::2]
    if units is not None:
        found = found / units[:, None]
    return found * (deviation / sums.total if sums.total > 0 else np.nan)


def mean_slopes(scores: Sequence[Scores]) -> np.ndarray | None:
    """Mean (K, d) over the networks that scored any row; None where they have no slopes."""
    found = [s.slopes for s in scores if s.slopes is not None]
    if not found:
        return None
    known = [slopes for slopes in found if not np.isnan(slopes).any()]
    return np.mean(known, axis=0) if known else np.zeros_like(found[0])
