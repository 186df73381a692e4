"""Networks that have not been trained on a row, known by its values.

What networks make of rows that they were trained on promises more than it keeps: a model behind
would lean on it. As in stacking, such a row is read by those that have held it out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from sklearn_deeplifft.tables import FitData, Rows, row_codes

__all__ = ["Unseen"]


@dataclass(frozen=True)
class Unseen:
    """Rows of a training table, and which networks have held each of them out."""

    codes: np.ndarray
    """(m,): of the distinct rows, ascending."""
    held: np.ndarray
    """(m, N), of truth values."""

    @classmethod
    def of_table(cls, ensemble: Any, data: FitData) -> Self | None:
        """Of a fitted ensemble's table; None if its networks were trained on another.

        Of rows that are alike all must be held out, and a row that no network has held out is
        left to all of them.
        """
        if not ensemble._was_trained_on(data):
            return None
        codes, at = np.unique(row_codes(data.rows)[data.index], return_inverse=True)
        seen = np.zeros((len(codes), len(ensemble.estimators_)), dtype=bool)
        for k, held_out in enumerate(ensemble._held_out(data)):
            seen[at[~np.isin(data.index, held_out)], k] = True
        return cls(codes, ~seen | seen.all(axis=1, keepdims=True))

    def networks(self, X: np.ndarray) -> np.ndarray:
        """Mask (n, N) of the networks that read each row: all of them where it is a new one."""
        codes = row_codes(Rows(X))
        at = np.minimum(np.searchsorted(self.codes, codes), len(self.codes) - 1)
        reads: np.ndarray = self.held[at] | (self.codes[at] != codes)[:, None]
        return reads
