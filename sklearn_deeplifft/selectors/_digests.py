"""Digests of the table that ``fit`` was given, to know it again."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

from sklearn_deeplifft.ensembles import key_of
from sklearn_deeplifft.tables import Rows

__all__ = ["digests_of"]


def digests_of(X: Any, y: Any) -> tuple[str, str]:
    """Digests of the values of a table and of its target, whatever they are kept in.

    That of an ensemble counts weights, which a report is not given, and no rows without one.
    """
    blocks = [key_of(block.astype(np.float64, copy=False)) for _, block in Rows(X).blocks()]
    values = np.asarray(y.toarray() if sp.issparse(y) else y)
    values = values.reshape(len(values), -1)  # a column is a target
    numbers = values.dtype.kind in "biuf"
    return key_of(blocks), key_of(values.astype(np.float64 if numbers else np.str_))
