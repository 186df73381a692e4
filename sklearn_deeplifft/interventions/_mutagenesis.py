"""Every letter at every position, in every sequence."""

from __future__ import annotations

from typing import Any

import numpy as np

from sklearn_deeplifft.attribution import neutral_torch, spread_positions
from sklearn_deeplifft.interventions._edits import mutate, require_encoded
from sklearn_deeplifft.interventions._letters import alphabet_of
from sklearn_deeplifft.interventions._models import ensemble_of
from sklearn_deeplifft.interventions._options import require_options
from sklearn_deeplifft.interventions._population import dense_rows, population_of
from sklearn_deeplifft.interventions._statistics import changes

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
    edits = [
        mutate(position, letter, alphabet=alphabet)
        for position in range(length)
        for letter in letters.letters.decode()
    ]
    edits[-1].require_within(d)
    require_encoded(rows, letters.K)
    blocks = changes(ensemble.responses, rows, edits, len(ensemble.outputs))
    every = np.concatenate([change.copy() for change, _, _ in blocks], axis=1)
    return every.transpose(0, 2, 1).reshape(n, -1, length, letters.K)
