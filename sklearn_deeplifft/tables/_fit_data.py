"""A table made ready: validated, named, merged to distinct rows in canonical order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.exceptions import DataConversionWarning
from sklearn.utils.validation import (
    _check_sample_weight,
    column_or_1d,
    validate_data,
)

from sklearn_deeplifft._printable import shown
from sklearn_deeplifft.exceptions import tell
from sklearn_deeplifft.tables._containers import naming_bad_cells, require_readable
from sklearn_deeplifft.tables._forks import prepare_for_forks
from sklearn_deeplifft.tables._frames import arrow_as_frame
from sklearn_deeplifft.tables._labels import plain_target
from sklearn_deeplifft.tables._partitions import gathered
from sklearn_deeplifft.tables._row_groups import encode_row_groups
from sklearn_deeplifft.tables._rows import (
    Rows,
    canonical_rows,
    column_moments,
    of_several_targets,
    with_native_bytes,
)
from sklearn_deeplifft.tables._scaling import Scaling, scaling_of
from sklearn_deeplifft.tables._targets import Target
from sklearn_deeplifft.tables._validation import (
    LARGEST_WEIGHT,
    SMALLEST_WEIGHT,
    as_numbers,
    class_weights,
    require_finite,
    require_range,
    require_told_apart,
    warn_constant,
)

__all__ = [
    "FitData",
    "check_rows",
    "fit_data",
    "scored_rows",
    "target_scale",
]

COLUMN_VECTOR = (
    "A column-vector y was passed when a 1d array was expected. Please change the shape of y to "
    "(n_samples,), for example using ravel()."
)
"""In the words of scikit-learn, whose own warning would point at a line of this package."""


@dataclass(frozen=True)
class FitData:
    """A validated table: distinct rows in canonical order, and what belongs to them."""

    rows: Rows
    target: Target
    index: np.ndarray
    """(m,): positions of the distinct rows in ``rows``."""
    training_weight: np.ndarray
    """(n,): weight of each row in the loss; zero for rows merged into another."""
    sample_weight: np.ndarray
    """(n,): the same without weights of classes."""
    score_weight: np.ndarray
    """(n,): weight of each row in the scores; zero where ``sample_mask`` is False as well."""
    groups: np.ndarray | None
    names: np.ndarray | None
    mean: np.ndarray
    std: np.ndarray
    """(d,), zero for a constant column."""
    moments: Scaling | None
    """What is put in front of networks trained here; None leaves columns as they are."""
    canonical: bool = True
    """Whether equal rows are merged and all are sorted, as for training; else they are as given."""

    @property
    def constant(self) -> np.ndarray:
        """(d,) bool: columns that held one value in training; of rows as given, none is known."""
        return np.asarray((self.std == 0) & self.canonical)

    @property
    def mean_as_read(self) -> np.ndarray:
        """(d,): mean of each column as networks read it; 0 where it is centred."""
        m = self.moments
        return self.mean if m is None else np.where(m.bent, 0.0, (self.mean - m.mean) / m.scale)

    @property
    def std_as_read(self) -> np.ndarray:
        """(d,): standard deviation of each column as networks read it, 0 for a constant one."""
        m = self.moments
        return self.std if m is None else np.where(m.bent, 1.0, self.std / m.scale)

    @property
    def scored(self) -> np.ndarray:
        """Positions of the distinct rows that may be scored."""
        return np.asarray(self.index[self.score_weight[self.index] > 0])


def check_rows(selector: Any, X: Any, *, reset: bool, y: Any = "no_validation") -> Any:
    """Validate ``X`` (and ``y``) as scikit-learn does, and name the columns that are not finite.

    Returns ``X``, or the pair of ``X`` and ``y`` where ``y`` was given. Dask collections are read
    into memory.
    """
    prepare_for_forks()
    X, y = gathered(X), gathered(y)
    # First, since scikit-learn knows neither truth values that are objects nor pandas.NA.
    y = y if isinstance(y, str) else plain_target(y)
    require_readable(X)
    X = arrow_as_frame(X)
    given = X
    with naming_bad_cells(X):
        checked = validate_data(
            selector,
            X,
            y,
            reset=reset,
            accept_sparse=("csr", "csc"),
            dtype="numeric",
            ensure_all_finite=False,
            ensure_min_samples=2 if reset else 1,
            **({} if isinstance(y, str) else {"multi_output": True}),
        )
        X, y = (checked, None) if isinstance(y, str) else checked
        if X.dtype.kind == "O":  # decimals and texts of frames, which it leaves as they are
            X = X.astype(np.float64)
        if X.dtype.kind not in "biuf":
            raise ValueError(f"cells of X are {X.dtype}")
    names = getattr(selector, "feature_names_in_", None)
    require_finite(X, names)
    require_told_apart(X, names, given)
    if sp.issparse(X):
        X = with_native_bytes(X)
    return X if y is None else (X, y)


def fit_data(
    X: Any,
    y: Any,
    names: np.ndarray | None,
    encode: Callable[[Any, Any], Target],
    *,
    sample_weight: Any = None,
    sample_mask: Any = None,
    groups: Any = None,
    class_weight: Any = None,
    standardize: bool = True,
    unskew: bool = False,
    straight: Sequence[np.ndarray] = (),
    canonical: bool = True,
) -> FitData:
    """Make a table ready whose ``X`` and ``y`` `check_rows` has passed.

    ``encode`` makes the target of X and y. ``unskew`` puts skewed columns on a logarithmic scale,
    but for those at the positions ``straight``. ``canonical`` merges equal rows and sorts them by
    content, so that the bits of a training depend on the data alone.
    """
    if getattr(y, "ndim", 1) == 2 and y.shape[1] == 1 and not sp.issparse(y):
        y = column_or_1d(y)
        tell(DataConversionWarning(COLUMN_VECTOR))
    weight = _weights(sample_weight, X)
    mask = _as_mask(sample_mask, len(weight))
    groups = None if groups is None else encode_row_groups(groups, len(weight))
    X, y, weight, mask, groups = _without_weightless(X, y, weight, mask, groups)
    codes = None if groups is None else np.unique(groups, return_inverse=True)[1].reshape(-1)
    target, rows = encode(X, y), Rows(X)
    index, score_weight = np.arange(len(weight)), weight * mask
    if canonical:
        index, weight, score_weight = _distinct(rows, target, weight, mask, codes)
    mean, std = column_moments(rows, index, weight)
    require_range(std, names)
    if canonical:
        warn_constant(std, names)
    moments = None
    if standardize and canonical:
        kept = np.zeros(len(mean), dtype=bool)
        kept[np.concatenate([*straight, np.empty(0, dtype=int)]).astype(int)] = True
        moments = scaling_of(rows, index, weight, mean, std, unskew=unskew, straight=kept)
    return FitData(
        rows=rows,
        target=target,
        index=index,
        sample_weight=weight,
        training_weight=weight * _class_factor(class_weight, target, index, weight),
        score_weight=score_weight,
        groups=codes,
        names=names,
        mean=mean,
        std=std,
        moments=moments,
        canonical=canonical,
    )


def scored_rows(X: Any, sample_weight: Any, sample_mask: Any) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the rows to score, and the weight of every row."""
    weight = _weights(sample_weight, X)
    index = np.flatnonzero(_as_mask(sample_mask, len(weight)) & (weight > 0))
    if not len(index):
        raise ValueError(
            "no row is left to score: sample_weight is zero wherever sample_mask is True."
        )
    return index, weight


def target_scale(data: FitData) -> tuple[np.ndarray, np.ndarray]:
    """Weighted mean and standard deviation of each regression target."""
    # A regression takes no class weights, so these are the weights of the rows, masked or not.
    y, w = data.target.codes[data.index], data.training_weight[data.index]
    mean = w @ y / w.sum()
    std = np.sqrt(w @ (y - mean) ** 2 / w.sum())
    return mean, np.where(std > 0, std, 1.0)


def _weights(given: Any, X: Any) -> np.ndarray:
    """Weight of every row, (n,) float64; the loss reads them in single precision."""
    given = (
        given if given is None or isinstance(given, Real) else as_numbers(given, "sample_weight")
    )
    weight: np.ndarray = _check_sample_weight(given, X, dtype=np.float64, ensure_non_negative=True)
    counted = weight[weight > 0]
    if len(counted) and (counted.min() < SMALLEST_WEIGHT or counted.max() > LARGEST_WEIGHT):
        raise ValueError(
            f"sample_weight goes from {counted.min():g} to {counted.max():g}; weights are 0, or "
            f"between {SMALLEST_WEIGHT:g} and {LARGEST_WEIGHT:g}. Divide all of them by their mean."
        )
    return weight


def _without_weightless(
    X: Any, y: Any, weight: np.ndarray, mask: np.ndarray, groups: np.ndarray | None
) -> tuple[Any, Any, np.ndarray, np.ndarray, np.ndarray | None]:
    """Drop rows of zero weight: they must not leave a class or a group behind."""
    kept = weight > 0
    if not kept.any():
        raise ValueError("sample_weight is zero for every row; at least two rows must count.")
    if kept.all():
        return X, y, weight, mask, groups
    if not mask[kept].any():
        raise ValueError("sample_mask is True only where sample_weight is zero.")
    groups = None if groups is None else groups[kept]
    return X[kept], y[kept], weight[kept], mask[kept], groups


def _distinct(
    rows: Rows, target: Target, weight: np.ndarray, mask: np.ndarray, groups: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Positions of distinct rows, their weights, and their weights in the scores.

    Identical rows are one row of as much weight, so that no copy of what a network learns from is
    held out from it. Where the same values come with several targets, as in tables of categories,
    each row is an individual: held out as one, all cases of a pattern would be, and its controls
    would be learned from.
    """
    extra = [target.codes] if groups is None else [target.codes, groups[:, None]]
    distinct = canonical_rows(rows, np.hstack(extra).astype(np.float64))
    if len(distinct.starts) < len(weight):
        mixed = of_several_targets(rows, target.codes, distinct)
        distinct = distinct.with_each(mixed, weight + weight * mask) if mixed.any() else distinct
    if len(distinct.starts) < 2:
        raise ValueError(
            f"X has n_samples=1 distinct row of nonzero weight (of {len(weight)}); at least two "
            "are needed."
        )
    return distinct.positions, distinct.summed(weight), distinct.summed(weight * mask)


def _class_factor(
    class_weight: Any, target: Target, index: np.ndarray, weight: np.ndarray
) -> np.ndarray:
    if class_weight is None:
        return np.ones(len(weight))
    if target.kind != "softmax":
        raise ValueError(
            f"class_weight={class_weight!r} needs one label per row; y is {target.in_words}. Use "
            "sample_weight instead."
        )
    factor = np.ones(len(weight))
    factor[index] = class_weights(
        class_weight, target.codes[index, 0], weight[index], target.classes
    )
    return factor


def _described(mask: Any, values: np.ndarray) -> str:
    if values.ndim == 1:
        if values.dtype != object:
            return f"{len(values)} of dtype {values.dtype}"
        odd = next(value for value in values if not isinstance(value, bool | np.bool_))
        return f"{len(values)} values, {shown(odd)} ({type(odd).__name__}) among them"
    return shown(mask) if values.ndim == 0 else f"shape {values.shape}"


def _as_mask(mask: Any, n: int) -> np.ndarray:
    if mask is None:
        return np.ones(n, dtype=bool)
    values = np.asarray(mask, dtype=None if isinstance(mask, np.ndarray) else object)
    if values.dtype == object and all(isinstance(value, bool | np.bool_) for value in values.flat):
        values = values.astype(bool)
    values = values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values
    if values.dtype != bool or values.shape != (n,):
        raise ValueError(
            f"sample_mask must be {n} booleans, one per row; got {_described(mask, values)}."
        )
    if not values.any():
        raise ValueError("sample_mask is False for every row; at least one must be scored.")
    return values
