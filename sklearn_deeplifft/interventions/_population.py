"""The table that interventions are made on, and the rows of it that stand for the population."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
import scipy.sparse as sp
import torch
from sklearn.utils.validation import check_array

from sklearn_deeplifft.interventions._background import BACKGROUNDS, sampled
from sklearn_deeplifft.interventions._text_columns import Levels, numbered, text_levels
from sklearn_deeplifft.tables import (
    FeatureGroups,
    Names,
    Rows,
    arrow_as_frame,
    find_groups,
    naming_bad_cells,
    prepare_for_forks,
    require_finite,
    require_readable,
)

__all__ = ["Population", "background_rows", "dense_rows", "groups_for", "population_of"]


class Population(NamedTuple):
    """A table as interventions see it."""

    rows: Rows
    names: Names
    groups: FeatureGroups | None
    levels: Levels = {}
    """Values of the columns of text, which stand as numbers in ``rows``."""


@runtime_checkable
class Grouped(Protocol):
    """A predictor with a parameter that says which columns are one feature."""

    feature_groups: Any


def groups_for(feature_groups: Any, estimator: Any) -> Any:
    """Return the groups that were given, else those of the estimator, if it has any."""
    if feature_groups is None and isinstance(estimator, Grouped):
        return estimator.feature_groups
    return feature_groups


def population_of(X: Any, feature_groups: Any, estimator: Any = None) -> Population:
    """Validate a table of rows; names are those of its columns, or of the estimator's.

    Of a list of estimators each is asked, and the first that knows names gives them.
    """
    # X is any table, the estimator any predictor: frames have columns, and scikit-learn's fit sets
    # the other two where there was something to set.
    prepare_for_forks()  # a torch module alone has come through no other door
    require_readable(X)
    X = arrow_as_frame(X)
    names = getattr(X, "columns", None)
    for one in estimator if isinstance(estimator, list | tuple) else [estimator]:
        fitted = getattr(one, "feature_names_in_", None)
        _require_same_names("X", names, fitted, "estimator.feature_names_in_")
        names = fitted if names is None else names
    expected = getattr(estimator, "n_features_in_", None)
    levels = text_levels(X)
    table = numbered(X, levels)
    with naming_bad_cells(table):
        X = check_array(
            table,
            accept_sparse=("csr", "csc"),
            dtype="numeric",
            ensure_all_finite=False,
            copy=False,
        )
    if expected is not None and X.shape[1] != expected:
        raise ValueError(
            f"X has {X.shape[1]} columns, but {type(estimator).__name__} was fitted on {expected}."
        )
    names = None if names is None or len(names) != X.shape[1] else np.array(list(map(str, names)))
    require_finite(X, names)
    blocks = None if feature_groups is None else find_groups(feature_groups, names, X.shape[1])
    return Population(Rows(X), names, blocks, levels)


def _require_same_names(what: str, names: Any, known: Any, remedy: str) -> None:
    """Raise unless the columns of ``what`` are the known ones, in their order."""
    if names is None or known is None:
        return
    given, expected = list(map(str, names)), list(map(str, known))
    if len(given) == len(expected) and given != expected:
        pairs = zip(given, expected, strict=True)
        at = next(i for i, pair in enumerate(pairs) if len(set(pair)) > 1)
        whose = "the estimator was fitted on" if what == "X" else "X has"
        raise ValueError(
            f"{what} has column {given[at]!r} where {whose} {expected[at]!r} (position "
            f"{at}); pass the same columns in the same order, such as {what}[{remedy}]."
        )


def background_rows(
    background: Any, population: Population, n: int, rng: np.random.RandomState
) -> tuple[str, np.ndarray]:
    """Name of the background, and rows (n, d) float64 that interventions are bound to."""
    if not isinstance(background, str):
        require_readable(background, "background")
        background = arrow_as_frame(background)
        own = getattr(background, "columns", None)  # a frame has them, an array has not
        _require_same_names("background", own, population.names, "X.columns")
        given = numbered(background, population.levels, "background")
        with naming_bad_cells(given, "background"):
            given = check_array(given, accept_sparse=True, dtype="numeric")
        given = given.toarray() if sp.issparse(given) else given
        if given.shape[1] != population.rows.shape[1]:
            raise ValueError(
                f"background has {given.shape[1]} columns and X has {population.rows.shape[1]}; "
                "they must be the same columns."
            )
        return "given", np.array(given, dtype=np.float64, order="F")
    if background not in BACKGROUNDS:
        raise ValueError(
            f"background={background!r} must be one of {list(BACKGROUNDS)}, or rows of your own."
        )
    if n < 1:
        raise ValueError(f"n_background={n} must be at least 1.")
    index = sampled(np.arange(population.rows.shape[0]), n, rng)
    return background, dense_rows(population.rows, index)


def dense_rows(rows: Rows, index: np.ndarray) -> np.ndarray:
    """Rows (n, d) float64, stored by column, as they are read."""
    part = torch.from_numpy(rows.take(index).astype(np.float64, copy=False))
    return part.T.contiguous().numpy().T  # torch transposes several times quicker than numpy
