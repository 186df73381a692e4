"""Every letter at every position, in every sequence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sklearn_deeplifft.attribution import neutral_torch, spread_positions
from sklearn_deeplifft.interventions._edits import mutate, require_encoded
from sklearn_deeplifft.interventions._letters import alphabet_of
from sklearn_deeplifft.interventions._models import Ensemble, ensemble_of
from sklearn_deeplifft.interventions._options import require_options
from sklearn_deeplifft.interventions._population import dense_rows, population_of
from sklearn_deeplifft.interventions._statistics import changes
from sklearn_deeplifft.interventions._values import Intervention

__all__ = ["saturation_mutagenesis"]


@neutral_torch()
def saturation_mutagenesis(
    estimator: Any,
    X: Any,
    *,
    alphabet: str = "DNA",
    scale: str = "logit",
    task: str = "auto",
    dtype: str | None = None,
) -> np.ndarray:
    """Change of the prediction by every letter at every position of each sequence.

    Along a convolutional network only what a letter can reach is run again.

    Parameters
    ----------
    estimator : object
        As for `intervention_effects`.
    X : array-like of shape (n, K L)
        Rows that `SequenceEncoder` encoded.
    alphabet : str, default="DNA"
    scale : {"logit", "proba"}, default="logit"
        Centred logits ``z_c - mean_c z`` (half the log-odds of two classes), or probabilities.
    task : {"auto", "classification", "multilabel", "regression"}, default="auto"
    dtype : {"float32", "float64"} or None, default=None

    Returns
    -------
    ndarray of shape (n, R, L, K)
        Means over networks of ``f(x with the letter) - f(x)``, on R outputs; 0 for the letter that
        is there.
    """
    require_options(scale=scale, task=task, dtype=dtype, n_background=1)
    letters = alphabet_of(alphabet)
    population = population_of(X, None, estimator)
    rows = dense_rows(population.rows, np.arange(population.rows.shape[0]))
    n, d = rows.shape
    tried = rows[spread_positions(n).numpy()]
    ensemble = ensemble_of(estimator, tried, scale=scale, task=task, dtype=dtype)
    length = max(d // letters.K, 1)
    mutate(length - 1, letters.letters.decode()[0], alphabet=alphabet).require_within(d)
    require_encoded(rows, letters.K)
    one_hot = rows.reshape(n, length, letters.K)
    if ((one_hot == 1).sum(axis=2) == 1).all():
        return _by_rotation(ensemble, rows, one_hot.argmax(axis=2), letters.K)
    edits = [
        mutate(position, letter, alphabet=alphabet)
        for position in range(length)
        for letter in letters.letters.decode()
    ]
    return _changes(ensemble, rows, edits).reshape(n, -1, length, letters.K)


@dataclass(frozen=True)
class Rotated(Intervention):
    """Write the letter so many places further in the alphabet, in each row from its own."""

    places: int

    def apply(self, values: np.ndarray, rows: np.ndarray | None = None) -> np.ndarray:
        return np.roll(values, self.places, axis=1)

    def describe(self, label: str) -> str:
        return f"rotate({label}{self.places:+d})"


def _by_rotation(ensemble: Ensemble, rows: np.ndarray, codes: np.ndarray, K: int) -> np.ndarray:
    """K - 1 edits a position in the place of K, one of which each row would not need."""
    n, length = codes.shape
    edits = [
        Rotated(tuple(range(K * position, K * (position + 1))), places)
        for position in range(length)
        for places in range(1, K)
    ]
    change = _changes(ensemble, rows, edits).reshape(n, -1, length, K - 1)
    found = np.zeros((*change.shape[:3], K))
    for places in range(1, K):
        at = (codes + places) % K
        np.put_along_axis(found, at[:, None, :, None], change[..., places - 1, None], axis=3)
    return found


def _changes(ensemble: Ensemble, rows: np.ndarray, edits: Sequence[Intervention]) -> np.ndarray:
    """Mean changes over networks (n, R, B)."""
    blocks = changes(ensemble.responses, rows, edits, len(ensemble.outputs))
    every = np.concatenate([change.copy() for change, _, _ in blocks], axis=1)
    return every.transpose(0, 2, 1)
