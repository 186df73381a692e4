"""Transformers of sequences, which may come from what is gone through only once."""

from __future__ import annotations

from typing import Any

from sklearn.base import TransformerMixin

from sklearn_deeplifft._iterables import read_once

__all__ = ["SequenceTransformer"]


class SequenceTransformer(TransformerMixin):
    """Fits and transforms with the same sequences, those of a generator too."""

    def fit_transform(self, X: Any, y: Any = None, **fit_params: Any) -> Any:
        """Fit to sequences, and transform them.

        Parameters
        ----------
        X : iterable of n str or bytes
            Sequences; a generator is gone through once.
        y : ignored
        """
        return super().fit_transform(read_once(X), y, **fit_params)
