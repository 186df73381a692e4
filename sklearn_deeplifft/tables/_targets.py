"""Targets of any kind as codes, heads and class names."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp
from sklearn.preprocessing import LabelEncoder
from sklearn.utils.multiclass import type_of_target

from sklearn_deeplifft._printable import counted, shown
from sklearn_deeplifft.exceptions import FeatureSelectionWarning, tell
from sklearn_deeplifft.tables._task import Task
from sklearn_deeplifft.tables._validation import as_numbers

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Problem", "Target", "encode_like", "encode_known", "encode_target", "require_varied"]

SPELLED_MISSING = ("nan", "NaT", "<NA>")
"""Texts that no file has for a class; "None" and "NA" may be one."""

LARGEST, SMALLEST = 1e37, 1e-37
"""Sizes of a quantity that single precision holds, with some room for what is computed of it."""

IN_WORDS = {
    "softmax": "one label per row",
    "multilabel": "a multilabel indicator",
    "multisoftmax": "several outputs of classes",
    "regression": "a regression",
}


@dataclass(frozen=True)
class Problem:
    """The task that the data set a network."""

    kind: str
    """One of "softmax", "sigmoid", "regression" and "multisoftmax"."""
    n_features: int
    n_outputs: int
    sizes: tuple[int, ...] = ()
    """Block sizes of a "multisoftmax"."""


@dataclass(frozen=True)
class Target:
    """``y`` ready for networks: one column of ``codes`` for each head."""

    kind: str
    """One of "softmax", "multilabel", "multisoftmax" and "regression"."""
    codes: np.ndarray
    """(n, H): class indices or 0/1 as int64, or float64 values in regression."""
    classes: Any
    """(K,) array; a list of arrays for "multisoftmax"; None in regression."""
    row_names: tuple[Any, ...]
    """Names of the rows of ``class_importances_``."""

    @property
    def in_words(self) -> str:
        """The kind, as a message says what y is."""
        return IN_WORDS[self.kind]

    @property
    def n_classes(self) -> list[int]:
        """Number of classes of each output."""
        return [len(c) for c in (self.classes if self.kind == "multisoftmax" else [self.classes])]

    def problem(self, n_features: int) -> Problem:
        """The task of a network of our own."""
        if self.kind == "softmax":
            return Problem("softmax", n_features, len(self.classes))
        if self.kind == "multisoftmax":
            sizes = tuple(self.n_classes)
            return Problem("multisoftmax", n_features, sum(sizes), sizes)
        kind = "sigmoid" if self.kind == "multilabel" else "regression"
        return Problem(kind, n_features, self.codes.shape[1])

    def training_tensor(self, *, as_float: bool | None) -> Tensor:
        """Targets as a loss takes them: (n,) for one head, (n, H) for several.

        ``as_float=None`` makes them floats where ``y`` held floats, and leaves -1 and 1 as they
        are: these are no indices, so a loss that is given them compares with them.
        """
        import torch

        codes = torch.from_numpy(self.codes)
        if as_float is None and self.kind == "softmax" and list(self.classes) == [-1, 1]:
            codes = 2 * codes - 1
        as_float = self._held_floats if as_float is None else as_float
        if self.kind in ("multilabel", "regression") or as_float:
            codes = codes.float()
        return codes[:, 0] if self.kind == "softmax" else codes

    @property
    def _held_floats(self) -> bool:
        classes = self.classes if self.kind == "multisoftmax" else [self.classes]
        return all(np.asarray(c).dtype.kind == "f" for c in classes)

    def strata(self) -> np.ndarray:
        """Strata (n,) that held-out folds are balanced by."""
        if self.kind == "softmax":
            return self.codes[:, 0]
        if self.kind == "regression":
            return np.zeros(len(self.codes), dtype=np.int64)
        return np.unique(self.codes, axis=0, return_inverse=True)[1].reshape(-1)


def encode_target(y: Any, task: Task, classes: np.ndarray | None = None) -> Target:
    """Encode ``y`` for a task that the caller has decided upon.

    Parameters
    ----------
    y : array or sparse matrix of shape (n,) or (n, L)
        Plain values of one type, nothing missing, as ``plain_target`` returns them.
    task : "classification" or "regression"
    classes : array of shape (K,), optional
        Classes that a trained network has already, in the order of its outputs; they decide what a
        label may be.

    Raises
    ------
    ValueError
        Text in a regression; fractions, a single class or an unknown label in a classification.
    """
    y = y.toarray() if sp.issparse(y) else y
    return _encode_numbers(y) if task == "regression" else _encode_labels(y, classes)


def require_varied(target: Target) -> None:
    """Raise for a target of one value, of which networks learn nothing.

    Where it holds classes, `encode_target` does. Networks that are trained can be read on such
    rows, and a label that no row has is left to what is said of its scores.
    """
    varied = (target.codes != target.codes[0]).any(axis=0)
    if varied.all() or target.kind not in ("multilabel", "regression"):
        return
    first, labels = target.codes[0].tolist(), target.kind == "multilabel"
    if labels and varied.any():
        return
    if len(first) == 1 or labels:
        value = f"combination of labels, {shown(first)}" if labels else f"value, {first[0]:g}"
        raise ValueError(
            f"y has only one {value}; at least two are needed to learn what tells them apart."
        )
    j = int(np.argmin(varied))
    raise ValueError(
        f"column {j} of y has only one value, {first[j]:g}; there is nothing to tell apart. Leave "
        "the column out."
    )


def _encode_numbers(y: np.ndarray) -> Target:
    if y.dtype.kind not in "biuf":
        # Text that happens to be numbers may be codes; nobody but the user knows.
        raise ValueError(
            f"y holds {str(y.flat[0])!r}, and a regression needs numbers. Convert it, for example "
            "with y.astype(float), or learn it as classes."
        )
    values = y.astype(np.float64).reshape(len(y), -1)
    _require_learnable(y, values)
    return Target("regression", values, None, tuple(range(values.shape[1])))


def _require_learnable(y: np.ndarray, values: np.ndarray) -> None:
    """Raise for numbers that a network of single precision cannot answer with."""
    largest = np.abs(values).max(initial=0.0)
    if not largest <= LARGEST:
        raise ValueError(
            f"y holds {largest:g}, and the networks' outputs reach {LARGEST:g}. Divide y, for "
            "example by its standard deviation."
        )
    spread = values.max(axis=0) - values.min(axis=0)
    whole = y.dtype.kind in "iu" and len(np.unique(y)) > len(np.unique(values))
    if whole or ((spread > 0) & (spread < SMALLEST)).any():
        raise ValueError(
            f"y varies by {spread.min():g}, less than the networks' outputs can tell. Subtract its "
            "mean and divide by its standard deviation."
        )


def _encode_labels(y: np.ndarray, classes: np.ndarray | None) -> Target:
    if y.ndim == 2 and y.dtype == object:
        # type_of_target would sort all columns together, and text does not compare with numbers.
        return _encode_outputs(y)
    with np.errstate(invalid="ignore"):  # it compares large numbers with themselves as integers
        kind = type_of_target(y, input_name="y")
    if kind in ("binary", "multiclass"):
        return _encode_classes(y) if classes is None else encode_known(y, classes)
    if kind == "multilabel-indicator" and not np.isin(y, (0, 1)).all():
        # Two values other than 0 and 1 say nothing of presence: each column has classes of its own.
        return _encode_outputs(y)
    if kind == "multilabel-indicator":
        labels = np.arange(y.shape[1])
        return Target("multilabel", y.astype(np.int64), labels, tuple(labels))
    if kind == "multiclass-multioutput":
        return _encode_outputs(y)
    raise ValueError(
        f"Unknown label type: y looks {kind}, and a classification needs class labels. Bin it, or "
        "learn it as a quantity: NetworkEnsembleRegressor, task='regression'."
    )


def _encode_classes(y: np.ndarray) -> Target:
    encoder = LabelEncoder()
    codes = encoder.fit_transform(np.ravel(y))
    if len(encoder.classes_) < 2:
        raise ValueError(
            f"y has only one class, {encoder.classes_.tolist()[0]!r}; at least two classes are "
            "needed to learn what tells them apart."
        )
    classes = encoder.classes_
    _warn_spelled_missing(classes, codes)
    return Target("softmax", codes.astype(np.int64)[:, None], classes, tuple(classes))


def _warn_spelled_missing(classes: np.ndarray, codes: np.ndarray) -> None:
    """Warn of a class such as "nan": what becomes of a missing label by ``y.astype(str)``."""
    for code, label in enumerate(classes.tolist()):
        if label in SPELLED_MISSING:
            rows = counted(int((codes == code).sum()), "row")
            finding = f"y has a class {label!r} ({rows}), which is how text spells a missing label."
            tell(FeatureSelectionWarning(finding, "If it is one, drop these rows."))


def encode_known(y: np.ndarray, classes: np.ndarray) -> Target:
    """Encode labels of known ``classes``; any other label is an error that names it."""
    if y.ndim > 1 and y.shape[1] > 1:
        raise ValueError(
            f"y has {y.shape[1]} columns; the networks know one label for each row, of "
            f"{np.asarray(classes).tolist()}."
        )
    y = np.ravel(y)
    position = {label: i for i, label in enumerate(np.asarray(classes).tolist())}
    unseen = [label for label in np.unique(y).tolist() if label not in position]
    if unseen:
        raise ValueError(
            f"y holds labels the network does not know: {unseen[:5]}; its classes are "
            f"{np.asarray(classes).tolist()}. Pass y as the network was trained on it."
        )
    codes = np.array([position[label] for label in y.tolist()], dtype=np.int64)
    return Target("softmax", codes[:, None], np.asarray(classes), tuple(classes))


def encode_like(y: Any, fitted: Target) -> Target:
    """Encode new targets as those of ``fitted`` were."""
    y = y.toarray() if sp.issparse(y) else np.asarray(y)
    if fitted.kind == "softmax":
        return encode_known(y, fitted.classes)
    y = y.reshape(len(y), -1)
    if y.shape[1] != fitted.codes.shape[1]:
        raise ValueError(
            f"y has {y.shape[1]} columns; the networks were fitted with {fitted.codes.shape[1]}."
        )
    if fitted.kind == "multisoftmax":
        parts = [encode_known(c, k).codes for c, k in zip(y.T, fitted.classes, strict=True)]
        return replace(fitted, codes=np.hstack(parts))
    values = as_numbers(y, "y")
    if not np.isfinite(values).all():
        raise ValueError("y holds NaN or infinity; drop rows without a target first.")
    if fitted.kind == "regression":
        _require_learnable(values, values)
    if fitted.kind == "multilabel" and not np.isin(values, (0, 1)).all():
        raise ValueError("y of a multilabel problem must hold 0 and 1 only.")
    return replace(fitted, codes=values.astype(fitted.codes.dtype))


def _encode_outputs(y: np.ndarray) -> Target:
    encoders = [LabelEncoder().fit(column) for column in y.T]
    codes = [e.transform(column) for e, column in zip(encoders, y.T, strict=True)]
    classes = [e.classes_ for e in encoders]
    for j, labels in enumerate(classes):
        if len(labels) < 2:
            raise ValueError(
                f"column {j} of y has only one class, {labels.tolist()[0]!r}; there is nothing to "
                "tell apart. Leave the column out."
            )
    names = tuple((o, label) for o, labels in enumerate(classes) for label in labels)
    return Target("multisoftmax", np.stack(codes, axis=1).astype(np.int64), classes, names)
