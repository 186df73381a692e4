"""Validation that names columns: what came in, what the rule is, what to do."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
import scipy.sparse as sp

from sklearn_deeplifft._iterables import is_iterable
from sklearn_deeplifft._printable import counted, shown
from sklearn_deeplifft.exceptions import FeatureSelectionWarning, tell
from sklearn_deeplifft.tables._frames import stored_column
from sklearn_deeplifft.tables._rows import Rows

__all__ = [
    "Names",
    "as_numbers",
    "class_weights",
    "column_indices",
    "column_names",
    "names_of",
    "named_device",
    "require_device",
    "require_finite",
    "require_finite_answers",
    "require_layer_sizes",
    "require_machine_numbers",
    "require_no_groups_beside_layer",
    "require_range",
    "reference_values",
    "require_reference",
    "require_told_apart",
    "warn_constant",
]

MOST_NAMED = 5

ORDINARY = 1e6
"""Size of values with which any sound network can compute."""

EXACT = 2**53
"""Largest number up to which float64 holds every whole number."""

WIDEST = 2.0**1022
"""A quarter of the largest double; beyond, differences from the mean may overflow."""

SMALLEST_WEIGHT, LARGEST_WEIGHT = 1e-30, 1e30
"""Weights that single precision holds, sums and products of them included."""

MOST_WEIGHTS = 1e10
"""Weights of a network: with gradients and moments 160 GB."""

Names = Sequence[str] | np.ndarray | None
"""Column names, where the table has any."""


def names_of(estimator: Any) -> np.ndarray | None:
    """Column names that the last validation of X has seen, if it has seen any."""
    names: np.ndarray | None = vars(estimator).get("feature_names_in_")
    return names


def column_names(names: Names, columns: Iterable[int]) -> str:
    """Name up to five columns for a message."""
    columns = [int(i) for i in columns]
    shown = [str(i) if names is None else repr(str(names[i])) for i in columns[:MOST_NAMED]]
    rest = len(columns) - len(shown)
    return ", ".join(shown) + (f" and {rest} more" if rest else "")


def require_finite(X: Any, names: Names) -> None:
    """Raise ``ValueError`` that names the columns with NaN or infinity and counts them."""
    values = X.data if sp.issparse(X) else X
    if values.dtype.kind != "f" or np.isfinite(_sum_of(values)):
        return
    found = []
    for what, test in (("NaN", np.isnan), ("infinity", np.isinf)):
        counts = _counts(X, test)
        bad = np.flatnonzero(counts)
        if len(bad):
            found.append(
                f"{what}: {counted(int(counts.sum()), 'value')} in {len(bad)} of "
                f"{counted(X.shape[1], 'column')} ({_counted(names, bad, counts)})"
            )
    if found:
        raise ValueError(
            f"Input X contains {'; '.join(found)}. Impute or drop them first, for example with "
            "sklearn.impute.SimpleImputer in the pipeline."
        )


def require_told_apart(X: Any, names: Names, given: Any = None) -> None:
    """Raise for columns of whole numbers that differ by less than float64 can tell.

    Identifiers of 64 bits and counters of nanoseconds go beyond its 53 bits; networks would read
    several of them as one. ``given`` is the table before it was made an array of floats: a frame
    with columns of several types, or objects.
    """
    values = X.data if sp.issparse(X) else X
    if not values.size:
        return
    if values.dtype.kind in "iu" and values.dtype.itemsize == 8:
        if max(int(values.max()), -int(values.min())) <= EXACT:
            return
        merged = [j for j in range(X.shape[1]) if _merges(_column(X, j))]
    elif values.dtype == np.float64 and _of_several_types(given):
        largest = np.maximum(_flat(X.max(axis=0)), -_flat(X.min(axis=0)))
        large = np.flatnonzero(largest > EXACT)
        merged = [j for j in large.tolist() if _merged(stored_column(given, j))]
    else:
        return
    if merged:
        columns = "column" if len(merged) == 1 else "columns"
        hold = "holds" if len(merged) == 1 else "hold"
        raise ValueError(
            f"{columns} {column_names(names, merged)} {hold} whole numbers beyond 2**53 that "
            "differ by less than float64 can tell. Subtract the smallest, or drop identifiers."
        )


def require_range(std: np.ndarray, names: Names) -> None:
    """Raise for columns whose differences no double holds, by their standard deviations (d,)."""
    wide = np.flatnonzero(std > WIDEST)
    if len(wide):
        columns, vary = ("column", "varies") if len(wide) == 1 else ("columns", "vary")
        raise ValueError(
            f"{columns} {column_names(names, wide)} {vary} by {std[wide[0]]:g} (standard "
            f"deviation), and differences beyond {WIDEST:.2g} overflow. Divide by a large number, "
            "or take the logarithm."
        )


def _of_several_types(X: Any) -> bool:
    """Whether numpy has to find a type that all columns have in common."""
    if X is None:
        return False
    dtype = getattr(X, "dtype", np.dtype(object))  # lists have none, and torch's have no kind
    return hasattr(X, "columns") or getattr(dtype, "kind", None) == "O"


def _column(X: Any, j: int) -> np.ndarray:
    return _flat(X[:, [j]])


def _flat(part: Any) -> np.ndarray:
    """A single row or column, dense: also of frames whose columns are all sparse."""
    return np.ravel(part.toarray() if sp.issparse(part) else part)


def _merges(values: np.ndarray) -> bool:
    return len(np.unique(values.astype(np.float64))) < len(np.unique(values))


def _merged(cells: Sequence[Any]) -> bool:
    whole = {int(cell) for cell in cells if isinstance(cell, Integral)}
    return len(set(map(float, whole))) < len(whole)


def _counts(X: Any, test: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Number of values of each column that pass a test, (d,)."""
    counts = np.zeros(X.shape[1], dtype=np.int64)
    if sp.issparse(X):
        coo = X.tocoo()
        np.add.at(counts, coo.col, test(coo.data))
        return counts
    for where, _ in Rows(X).blocks():
        counts += test(X[where]).sum(axis=0)
    return counts


def _sum_of(values: np.ndarray) -> float:
    """One cheap pass that is finite if all values are, unless the sum itself overflows."""
    with np.errstate(over="ignore", invalid="ignore"):
        return float(np.sum(values, dtype=np.float64))


def _counted(names: Names, bad: np.ndarray, counts: np.ndarray) -> str:
    shown = ", ".join(f"{column_names(names, [i])}: {counts[i]}" for i in bad[:MOST_NAMED])
    rest = len(bad) - MOST_NAMED
    return shown + (f" and {rest} more" if rest > 0 else "")


def require_finite_answers(answers: Any, X: Any, names: Names, what: str) -> None:
    """Raise unless what networks answer to rows ``X`` (an array or ``Rows``) is finite.

    Weights were looked at before: the fault is in values that single precision does not hold, or
    in the network's own arithmetic.
    """
    if np.isfinite(_sum_of(answers)) or np.isfinite(answers).all():
        return
    rows = X if isinstance(X, Rows) else Rows(np.asarray(X))
    largest = np.max([np.abs(block).max(axis=0) for _, block in rows.blocks()], axis=0)
    at = int(largest.argmax())
    if largest[at] <= ORDINARY:
        raise ValueError(
            f"{what} are not finite, though no value of X is larger than {largest[at]:g}: the "
            "network divides by zero, or its answers grow beyond what it computes in."
        )
    raise ValueError(
        f"{what} are not finite: column {column_names(names, [at])} holds values up to "
        f"{largest[at]:g}, which is more than the networks can compute with. Leave such rows out, "
        "or clip their values to the range of the training."
    )


def warn_constant(std: np.ndarray, names: Names) -> None:
    """Warn once, by name, of columns that hold one value only; they score zero."""
    constant = np.flatnonzero(std == 0)
    if len(constant):
        holds, scores = ("holds", "scores") if len(constant) == 1 else ("hold", "score")
        finding = (
            f"{len(constant):,} of {counted(len(std), 'column')} {holds} a single value and "
            f"{scores} 0: {column_names(names, constant)}."
        )
        tell(FeatureSelectionWarning(finding))


def column_indices(columns: Sequence[int | str], names: Names, n_features: int) -> np.ndarray:
    """Turn column names or positions into positions."""
    if not is_iterable(columns):
        raise ValueError(
            f"a group of columns must be a list of names or positions; got {shown(columns)}."
        )
    columns = list(columns)
    known: dict[Any, int] = {}
    if names is not None and any(isinstance(column, str) for column in columns):
        known = {str(name): i for i, name in enumerate(names)}
    found = []
    for column in columns:
        whole = isinstance(column, Integral) and not isinstance(column, bool)
        i = known.get(column) if isinstance(column, str) else int(column) if whole else None
        if i is None or not 0 <= i < n_features:
            raise ValueError(
                f"column {shown(column)} is not among the {n_features} columns of X; use a name "
                "that X carries, or a position from 0."
            )
        found.append(i)
    return np.asarray(found, dtype=np.int64)


def class_weights(
    class_weight: Mapping[Any, float] | str | None,
    codes: np.ndarray,
    weight: np.ndarray,
    classes: np.ndarray,
) -> np.ndarray:
    """Weight of each row's class, (n,): ``"balanced"`` makes classes weigh the same in the loss.

    Raises
    ------
    ValueError
        A class that is not there, a weight that is not a finite number from 0 on, or no class left.
    """
    if class_weight is None:
        return np.ones(len(weight))
    totals = np.bincount(codes, weights=weight, minlength=len(classes))
    if isinstance(class_weight, str):
        if class_weight != "balanced":
            raise ValueError(
                f"class_weight={class_weight!r} must be 'balanced', None, or a mapping of classes "
                "to weights."
            )
        # A class of no weight has no rows in the loss either; nothing may be divided by its zero.
        factor = weight.sum() / (len(classes) * np.maximum(totals, 1e-300))
        return np.asarray(factor[codes])
    if not isinstance(class_weight, Mapping):
        raise ValueError(
            f"class_weight={shown(class_weight)} must be 'balanced', None, or a mapping of classes "
            "to weights."
        )
    unknown = set(class_weight) - set(classes.tolist())
    if unknown:
        raise ValueError(
            f"class_weight names {sorted(map(str, unknown))}, which y does not hold; its classes "
            f"are {classes.tolist()}."
        )
    for label, value in class_weight.items():
        if not isinstance(value, Real) or not (
            value == 0 or SMALLEST_WEIGHT <= value <= LARGEST_WEIGHT
        ):
            raise ValueError(
                f"class_weight gives class {label!r} the weight {shown(value)}; a weight must be a "
                f"finite number from 0 on, above 0 between {SMALLEST_WEIGHT:g} and "
                f"{LARGEST_WEIGHT:g}."
            )
    factor = np.array([float(class_weight.get(label, 1)) for label in classes.tolist()])
    if not factor.any():
        raise ValueError("class_weight is zero for every class; at least one must count.")
    return np.asarray(factor[codes])


def as_numbers(values: Any, name: str) -> np.ndarray:
    """Convert a parameter to float64; ``name`` says whose text cannot be."""
    try:
        found: np.ndarray = np.asarray(values)
        if found.dtype.kind in "cmM":  # numpy would drop imaginary parts, and number dates
            raise TypeError(f"got {found.dtype}")
        return np.asarray(found, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{name} must hold numbers ({error}).") from error


def require_machine_numbers(params: Mapping[str, Any]) -> None:
    """Raise for numbers that scikit-learn's limits cannot be compared with, by parameter.

    Those are integers of more than 64 bits and fractions: numpy has no type for them.
    """
    for name, value in params.items():
        if isinstance(value, Real):
            number: Any = value
            try:
                np.isnan(number)
            except TypeError as error:
                raise ValueError(
                    f"{name}={shown(value)} must be an integer of 64 bits, or a float."
                ) from error


def require_reference(reference: Any, n_features: int, *, hidden: bool) -> None:
    """Raise unless a reference given as numbers is finite, and one for each feature."""
    if isinstance(reference, str):
        return
    values = as_numbers(reference, "reference")
    if not np.isfinite(values).all():
        raise ValueError("reference holds NaN or infinity; give one finite number per feature.")
    if not hidden and values.shape != (n_features,):
        raise ValueError(
            f"reference has shape {values.shape}; it must be 'mean', 'zero', or one number for "
            f"each of the {n_features} features."
        )


def reference_values(reference: Any, names: Names) -> Any:
    """Put a reference that carries names of columns into their order; others stay as they are."""
    if not hasattr(reference, "index") or not hasattr(reference, "to_dict"):
        return reference
    own = [str(name) for name in reference.index]
    if names is None or not all(isinstance(name, str) for name in reference.index):
        return np.asarray(reference)
    wanted = [str(name) for name in names]
    if sorted(own) != sorted(wanted):
        strange = sorted(set(own) ^ set(wanted))[:MOST_NAMED]
        raise ValueError(
            f"reference is named otherwise than the columns of X: {strange} are in one and not in "
            "the other. Give one number per column, under its name."
        )
    return np.asarray(reference.loc[wanted])


def require_no_groups_beside_layer(layer: str | None, *, groups: Any, simplex_groups: Any) -> None:
    """Raise where groups of columns meet a layer of neurons."""
    if layer is None:
        return
    name = "feature_groups" if groups is not None else "simplex_groups" if simplex_groups else None
    if name is not None:
        raise ValueError(f"{name} are columns of X, and layer= scores neurons; use one of the two.")


def require_layer_sizes(sizes: Iterable[Any]) -> None:
    """Raise unless every hidden layer has a positive whole number of units."""
    sizes = list(sizes)
    for size in sizes:
        if not isinstance(size, Integral) or isinstance(size, bool) or size < 1:
            raise ValueError(
                f"hidden_layer_sizes={shown(sizes)} must hold positive integers, one per hidden "
                f"layer; got {shown(size)}."
            )
    n_weights = sum(int(a) * int(b) for a, b in itertools.pairwise([1, *sizes, 1]))
    if n_weights > MOST_WEIGHTS:
        raise ValueError(
            f"hidden_layer_sizes={shown(sizes)} make at least {n_weights:.3g} weights a network, "
            f"and {MOST_WEIGHTS:g} are the most that can be trained. Use smaller layers."
        )


def named_device(device: str) -> str:
    """The device that is meant: for ``"auto"`` an accelerator if torch finds one, or the CPU."""
    if device != "auto":
        return device
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def require_device(device: Any, *, auto: bool = True) -> None:
    """Raise unless torch knows the device and has it here; ``auto`` lets "auto" be one."""
    import torch

    try:
        found = named_device(device) if auto else device
        torch.zeros(1, device=found).item()  # "meta" makes tensors that hold nothing
    except (AssertionError, RuntimeError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        chosen = "'auto' for whatever torch finds here, " if auto else ""
        raise ValueError(
            f"device={str(device)!r} cannot be used here: {reason}. Use 'cpu', {chosen}or a device "
            "that it reports as available."
        ) from error
