"""How well three learners predict from a list of columns."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.common.quality_tables import Split

LEARNERS = ("logistic", "forest", "network")
# The network's budget is in steps, the same for few rows and for many.
_STEPS, _BATCH = 2000, 64
# A sparse table is judged sparse only where it would be large.
_DENSE_COLUMNS = 500


def learner(name: str, n_rows: int, sparse: bool = False) -> Any:
    """One of `LEARNERS`, unfitted, for so many rows."""
    if name == "forest":
        return RandomForestClassifier(100, random_state=0)
    scale = StandardScaler(with_mean=not sparse)
    if name == "logistic":
        return make_pipeline(scale, LogisticRegression(max_iter=1000))
    batch = min(_BATCH, n_rows)
    epochs = math.ceil(_STEPS / math.ceil(n_rows / batch))
    network = MLPClassifier(
        (50,), batch_size=batch, learning_rate_init=3e-3, max_iter=epochs, random_state=0
    )
    return make_pipeline(scale, network)


def downstream_scores(
    part: Split, columns: list[int], learners: Sequence[str] = LEARNERS
) -> dict[str, float]:
    """Balanced accuracy on the test rows of each learner, trained on these columns."""
    chosen = np.sort(columns)
    X, test_X = part.X[:, chosen], part.test_X[:, chosen]
    if issparse(X) and len(chosen) <= _DENSE_COLUMNS:
        X, test_X = X.toarray(), test_X.toarray()
    found = {}
    for name in learners:
        model = learner(name, len(part.y), issparse(X))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(X, part.y)
        found[name] = float(balanced_accuracy_score(part.test_y, model.predict(test_X)))
    return found
