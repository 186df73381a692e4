"""Pairs of columns from whatever says which they are."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np

from sklearn_deeplifft._iterables import is_iterable
from sklearn_deeplifft._printable import shown
from sklearn_deeplifft.interventions.interactions._interaction_scores import InteractionScores
from sklearn_deeplifft.tables import Names, column_indices

__all__ = ["pairs_given"]

MOST = 30
"""Strongest pairs that are taken of a result."""

MOST_COLUMNS = 40
"""Most columns of which all pairs are tried."""


@runtime_checkable
class PairsFound(Protocol):
    """Interactions of pairs of features, the strongest of which it can tell."""

    pairs: Any
    names: Any

    def top(self, k: int) -> Any:
        """The strongest pairs."""


def pairs_given(features: Any, names: Names, d: int) -> np.ndarray:
    """Pairs (p, 2) of columns, each ascending, from columns, pairs or a result."""
    if isinstance(features, InteractionScores):
        _require_columns(features.names, names, d)
        found = features.strongest(MOST)
    elif isinstance(features, PairsFound):
        _require_columns(features.names, names, d)
        found = np.asarray(features.top(MOST).pairs).tolist()
    else:
        found = _of_list(features, names, d)
    pairs = np.unique(np.sort(np.array(found, dtype=np.int64).reshape(-1, 2), axis=1), axis=0)
    if not len(pairs):
        raise ValueError(f"features={shown(features)} make no pair; pass at least two columns.")
    return pairs


def _require_columns(found: Sequence[Any], names: Names, d: int) -> None:
    if len(found) != d:
        raise ValueError(
            f"the pairs are of {len(found)} features and X has {d} columns: features that are "
            "groups of columns have no low and high level. Pass pairs of columns."
        )
    if names is None or all(name in (j, f"x{j}") for j, name in enumerate(found)):
        return  # one side has no names
    other = [j for j, name in enumerate(found) if str(name) != str(names[j])]
    if other:
        raise ValueError(
            f"the pairs are of {str(found[other[0]])!r} where X has {str(names[other[0]])!r} "
            f"(position {other[0]}); find them in the same columns in the same order."
        )


def _of_list(features: Any, names: Names, d: int) -> list[Any]:
    if not is_iterable(features):
        raise ValueError(
            f"features={shown(features)} must be a list of columns, a list of pairs, or what "
            "interaction_effects found."
        )
    given = list(features)
    if given and all(isinstance(one, tuple | list | np.ndarray) for one in given):
        found = [column_indices(pair, names, d) for pair in given]
        wrong = [given[i] for i, pair in enumerate(found) if len(set(pair.tolist())) != 2]
        if wrong:
            raise ValueError(f"features holds {shown(wrong[0])}; each pair is two columns.")
        return found
    columns = np.unique(column_indices(given, names, d)).tolist()
    if len(columns) > MOST_COLUMNS:
        raise ValueError(
            f"features holds {len(columns)} columns, and all pairs of at most {MOST_COLUMNS} are "
            "tried; find pairs by interaction_effects first, and pass what it returns."
        )
    return list(itertools.combinations(columns, 2))
