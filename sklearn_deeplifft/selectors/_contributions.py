"""The exact terms of rows, and the same as shap's own Explanation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from sklearn_deeplifft._printable import shown

__all__ = ["Contributions"]


@dataclass(frozen=True)
class Contributions:
    """The exact terms of each logit: ``logits = bias + terms.sum(axis=-1)``.

    ``terms, bias = contributions`` takes both apart.
    """

    terms: np.ndarray
    """(n, K, d), in units of the logit; positive raises it."""
    bias: np.ndarray
    """(n, K)."""
    data: Any = None
    """(n, d): the rows, dense or sparse; None of the neurons of a layer."""
    feature_names: tuple[str, ...] | None = None
    """d names of columns (``x0`` without any) or neurons."""
    output_names: tuple[Any, ...] | None = None
    """K classes, labels or targets; of several outputs pairs of output and class."""

    def __iter__(self) -> Iterator[np.ndarray]:
        return iter((self.terms, self.bias))

    def output(self, name: Any = None, row: int = 0) -> int:
        """Position of an output among the K logits.

        Parameters
        ----------
        name : object, default=None
            One of ``output_names``. None takes the one with the largest logit of the row: of
            classes the one that is predicted.
        row : int, default=0

        Raises
        ------
        ValueError
            There is no such output.
        """
        if name is None:
            return int((self.bias[row] + self.terms[row].sum(axis=-1)).argmax())
        known = list(self.output_names or range(self.bias.shape[1]))
        if name not in known:
            raise ValueError(
                f"output={shown(name)} is not one of those that fit has seen: {known}."
            )
        return known.index(name)

    def to_shap(self, output: Any = None) -> Any:
        """The same as ``shap.Explanation``, for the figures of shap.

        Base values are the bias of each row, and so differ from row to row: a term is exact at its
        row, and no average over other rows.

        Parameters
        ----------
        output : object, default=None
            One of ``output_names``; None keeps all.

        Returns
        -------
        shap.Explanation
            ``values`` (n, d, K), ``base_values`` (n, K), ``data`` (n, d), ``feature_names`` and
            ``output_names``; of one output, asked for or the only one, (n, d) and (n,).

        Raises
        ------
        ImportError
            shap is not installed; the message says how to get it.
        ValueError
            There is no such output.
        """
        try:
            import shap
        except ImportError as error:
            raise ImportError(
                "to_shap needs shap, which is not installed; pip install shap brings it."
            ) from error
        data = self.data.toarray() if hasattr(self.data, "toarray") else self.data
        names = None if self.feature_names is None else list(self.feature_names)
        values, base = self.terms.transpose(0, 2, 1), self.bias
        if output is not None or base.shape[1] == 1:
            k = 0 if output is None else self.output(output)
            return shap.Explanation(values[:, :, k], base[:, k], data=data, feature_names=names)
        outputs = None if self.output_names is None else [str(name) for name in self.output_names]
        return shap.Explanation(values, base, data=data, feature_names=names, output_names=outputs)
