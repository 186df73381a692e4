"""Columns for a few pairs of features: what each pair makes of a row's prediction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn.utils import check_array

from sklearn_deeplifft.interventions._bind import feature_labels
from sklearn_deeplifft.interventions._models import Ensemble
from sklearn_deeplifft.interventions._population import Population
from sklearn_deeplifft.interventions.interactions._levels import PairLevels
from sklearn_deeplifft.interventions.interactions._pair_rows import donors_of, row_interactions
from sklearn_deeplifft.interventions.interactions._pair_search import Question, search
from sklearn_deeplifft.interventions.interactions._unseen import Unseen
from sklearn_deeplifft.tables import FeatureGroups, FitData, Names, Rows, target_scale

__all__ = ["PairColumns", "strongest_pairs"]

N_DONORS = 16
"""Rows whose values take the place of a row's own."""

MOST_ROWS = 200
"""Rows of the background on which pairs are compared."""


@dataclass(frozen=True)
class PairColumns:
    """Pairs, and the rows whose values take the place of a row's own."""

    features: tuple[np.ndarray, ...]
    """Columns of each feature."""
    names: tuple[str, ...]
    """Of the features."""
    pairs: np.ndarray
    """(p, 2): positions in ``names``, the strongest first."""
    donors: np.ndarray
    """(m, d)."""
    outputs: tuple[Any, ...]
    """Outputs that have a column of their own: of two classes the second, the other's mirror."""
    at: tuple[int, ...]
    """Their positions."""
    unseen: Unseen | None = None
    """Which networks read rows of the training table; None where that is not known."""

    def titles(self) -> list[str]:
        """Names of the columns: ``A x B``, or ``A x B->class`` where there are several outputs."""
        titles = [f"{self.names[i]} x {self.names[j]}" for i, j in self.pairs.tolist()]
        if len(self.outputs) == 1:
            return titles
        return [f"{title}->{output}" for title in titles for output in self.outputs]

    def of_rows(self, ensemble: Ensemble, X: np.ndarray) -> np.ndarray:
        """Interactions (n, p times outputs) of rows (n, d), the mean over networks.

        A row of the training table is read by the networks that have held it out.
        """
        width = len(self.pairs) * len(self.at)
        if self.unseen is None:
            reads = np.ones((len(X), len(ensemble.responses)), dtype=bool)
        else:
            reads = self.unseen.networks(X)
        total = np.zeros((len(X), width))
        for response, own in zip(ensemble.responses, reads.T, strict=True):
            if own.any():
                part = row_interactions(response, X[own], self.features, self.pairs, self.donors)
                total[own] += part[:, :, list(self.at)].reshape(-1, width)
        total /= reads.sum(axis=1, keepdims=True)
        return total

    def beside(self, first: Any, ensemble: Ensemble, X: np.ndarray) -> Any:
        """Columns of pairs behind other columns (n, q) of the same rows, in their form."""
        second = self.of_rows(ensemble, X)
        frame = isinstance(first, pd.DataFrame)  # what set_output asks for may be made of one
        if (first.to_numpy() if frame else first).dtype == np.float32:
            second = second.astype(np.float32)
        if frame:
            titled = pd.DataFrame(second, index=first.index, columns=self.titles())
            return pd.concat([first, titled], axis=1)
        both = [first, second]
        return sp.hstack(both, "csr") if sp.issparse(first) else np.hstack(both)

    def left_out(self, X: Any, q: int) -> Any:
        """The first ``q`` columns, where those of pairs stand behind them."""
        X = check_array(X, accept_sparse=("csr", "csc"), dtype=None)
        return X[:, :q] if X.shape[1] == q + len(self.titles()) else X

    def of_names(self, names: Names) -> list[tuple[Any, Any]]:
        """The two features of each pair, by name or, where there are none, position."""
        own = range(len(self.features)) if names is None else self.names
        return [(own[i], own[j]) for i, j in self.pairs.tolist()]


def strongest_pairs(
    ensemble: Ensemble,
    base: np.ndarray,
    groups: FeatureGroups,
    names: Names,
    k: int,
    rng: np.random.RandomState,
    *,
    data: FitData,
    labels: Sequence[str | None] | None = None,
    unseen: Unseen | None = None,
) -> PairColumns:
    """The ``k`` strongest pairs on rows (n, d) of the background, by root mean square of swaps.

    Of two classes, which mirror each other, the second has columns. Several targets of ``data``
    are each in standard deviations of its own. ``labels`` are those of the features; ``unseen`` is
    that of the training table.
    """
    G = len(groups.first)
    if G < 2:
        raise ValueError(f"pairs={k} needs two features or more, and X has n_features={G}.")
    d = base.shape[1]
    known = np.array([f"x{j}" for j in range(d)]) if names is None else names  # scikit-learn's
    rows = base[rng.permutation(len(base))[:MOST_ROWS]]
    population = Population(Rows(rows), names, groups)
    levels = PairLevels("swap", None, None)
    R, kind = len(ensemble.outputs), data.target.kind
    several = kind == "regression" and R > 1
    question = Question(levels, "data", True, None, None if several else k, support=False)
    found = search(ensemble, population, rows, groups, question, rng, lambda share: None)
    size = (found.scores.score / (target_scale(data)[1] if several else 1)).max(axis=1)
    at = (1,) if kind == "softmax" and R == 2 else tuple(range(R))
    return PairColumns(
        features=tuple(groups.columns),
        names=feature_labels(groups, known, labels),
        pairs=found.pairs[np.argsort(-size, kind="stable")[:k]],
        donors=donors_of(base, N_DONORS, rng),
        outputs=tuple(ensemble.outputs[c] for c in at),
        at=at,
        unseen=unseen,
    )
