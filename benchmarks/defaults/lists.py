"""Short lists of features by either ensemble, and the time that they take."""

from __future__ import annotations

import time
import warnings
from collections import defaultdict
from pathlib import Path

import numpy as np
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.defaults.ensembles import ENSEMBLES, READINGS, ensemble_for
from benchmarks.defaults.tables import COUNTS, N_SPLITS, Table, tables
from sklearn_deeplifft import FeatureSelectionWarning

LEARNERS = {
    "logistic": make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)),
    "forest": RandomForestClassifier(100, random_state=0),
}


def quality(quick: bool, data: str | Path | None = None) -> dict[str, float]:
    """Balanced accuracy of the k best, by table, learner and k, its means, and seconds.

    ``accuracy_READING_ENSEMBLE`` is the mean over all of them, ``gain_of_own_READING`` how much
    the reading's own ensemble leads the common one, and ``gain_of_own_READING_se`` the standard
    error of that over tables.
    """
    figures: dict[str, float] = {}
    seconds: dict[str, float] = defaultdict(float)
    means: dict[str, list[float]] = defaultdict(list)
    for table in tables(quick, data):
        for reading in READINGS:
            for ensemble in ENSEMBLES:
                case = f"{reading}_{ensemble}"
                found, spent = judged(table, reading, ensemble, 1 if quick else N_SPLITS)
                named = {f"accuracy_{case}_{table.name}_{name}": v for name, v in found.items()}
                figures |= named
                means[case].append(float(np.mean(list(found.values()))))
                seconds[case] += spent
    for case, by_table in means.items():
        figures[f"accuracy_{case}"] = float(np.mean(by_table))
        figures[f"seconds_{case}"] = seconds[case]
    for reading in READINGS:
        gains = np.array(means[f"{reading}_own"]) - np.array(means[f"{reading}_common"])
        figures[f"gain_of_own_{reading}"] = float(gains.mean())
        figures[f"gain_of_own_{reading}_se"] = float(gains.std(ddof=1) / np.sqrt(len(gains)))
    return figures


def judged(
    table: Table, reading: str, ensemble: str, n_splits: int
) -> tuple[dict[str, float], float]:
    """Mean balanced accuracy over splits, by learner and k, and the seconds of the fits."""
    folds = StratifiedKFold(N_SPLITS, shuffle=True, random_state=0)
    scores: dict[str, list[float]] = defaultdict(list)
    seconds = 0.0
    for seed, (train, test) in enumerate(list(folds.split(table.X, table.y))[:n_splits]):
        networks = ensemble_for(reading, ensemble, "classification")
        selector = READINGS[reading](networks, random_state=seed)
        began = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FeatureSelectionWarning)  # a fold's constant columns
            selector.fit(table.X[train], table.y[train])
        seconds += time.perf_counter() - began
        best = np.argsort(selector.ranking_, kind="stable")
        for k in COUNTS:
            for name, learner in LEARNERS.items():
                model = clone(learner).fit(table.X[train][:, best[:k]], table.y[train])
                predicted = model.predict(table.X[test][:, best[:k]])
                scores[f"{name}_k{k}"].append(balanced_accuracy_score(table.y[test], predicted))
    return {name: float(np.mean(found)) for name, found in scores.items()}, seconds
