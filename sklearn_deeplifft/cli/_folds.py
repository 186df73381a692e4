"""The same comparison on every fold of a cross-validation."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

from sklearn_deeplifft import DeepLIFFTSelector, GIATransformer, ImportanceNeuronSelector
from sklearn_deeplifft.cli._compare import ALL, compare, n_comparisons
from sklearn_deeplifft.cli._counts import counts_within
from sklearn_deeplifft.cli._families import Families, features_of, groups_of, names_of_features
from sklearn_deeplifft.cli._fitting import collected, notes_of, one_thread, parameters_of
from sklearn_deeplifft.cli._parts import Parts, encode, source_columns
from sklearn_deeplifft.cli._progress import Stages, calls_per_network
from sklearn_deeplifft.cli._rankers import Chooser
from sklearn_deeplifft.cli._settings import Training
from sklearn_deeplifft.cli._table import Table
from sklearn_deeplifft.cli._words import counted
from sklearn_deeplifft.ensembles import network_count
from sklearn_deeplifft.ranking import n_trainings

__all__ = ["FoldOutcome", "compare_folds"]

SELECTORS: dict[str, tuple[str, Any]] = {
    "rank": ("DeepLIFFT", DeepLIFFTSelector),
    "gates": ("importance neurons", ImportanceNeuronSelector),
    "whatif": ("global importance", GIATransformer),
}
"""Our own ways to rank, by the command that ranks so: name and class."""


@dataclass(frozen=True)
class FoldOutcome:
    """All there is to show and to write."""

    table: Table
    folds: pd.DataFrame
    """fold, then the columns of `compare`; a row for each fold, count and method."""
    notes: list[str]

    @property
    def n_folds(self) -> int:
        """Parts of the rows, each of which has tested."""
        return int(self.folds["fold"].nunique())

    @property
    def comparison(self) -> pd.DataFrame:
        """Means over folds, with ``standard_error`` over folds."""
        found = self.folds.groupby(["n_features", "method", "metric"], sort=False)
        means = found[["score", "linear_score", "forest_score", "ranking_seconds"]].mean()
        means.insert(1, "standard_error", found["score"].sem())
        frame = means.reset_index()
        last = frame["method"] == ALL
        return pd.concat([frame[~last], frame[last]], ignore_index=True)


def compare_folds(
    table: Table,
    training: Training,
    progress: Stages,
    *,
    n_folds: int,
    selectors: Sequence[str],
    families: Families | None = None,
) -> FoldOutcome:
    """Rank by every method on the rows of all folds but one, and test on the rows of that one.

    Parameters
    ----------
    selectors : sequence of str
        Names of ``SELECTORS``.

    Raises
    ------
    ValueError
        Rows, or groups of rows, are too few for folds.
    """
    counts = counts_within(training.counts, len(features_of(families, table)))
    splits, notes = _splits(table, n_folds, training.seed)
    parts = []
    with collected() as warned, one_thread():
        for fold, (train, test) in enumerate(splits):
            own = encode(table, np.sort(train), np.sort(test))
            told = f"fold {fold + 1} of {len(splits)}"
            found = _one_fold(own, table, families, training, progress, counts, selectors, told)
            found.insert(0, "fold", fold)
            parts.append(found)
    return FoldOutcome(table, pd.concat(parts, ignore_index=True), [*notes, *notes_of(warned)])


def _splits(
    table: Table, n_folds: int, seed: int
) -> tuple[list[tuple[np.ndarray, np.ndarray]], list[str]]:
    """Folds, and a note if they are fewer than was asked for."""
    classes = table.task == "classification"
    if table.groups is not None:
        most, why = len(np.unique(table.groups)), "there are no more groups of rows"
    elif classes:
        most = int(np.unique(table.y, return_counts=True)[1].min())
        why = "no more can have rows of every class"
    else:
        most, why = len(table.y), "there are no more rows"
    n = min(n_folds, most)
    if n < 2:
        raise ValueError(
            f"{counted(most, 'group')} of rows cannot be dealt into folds; two are the least."
        )
    notes = [] if n == n_folds else [f"Only {n} folds: {why}."]
    kind: Any
    if table.groups is None:
        kind = StratifiedKFold if classes else KFold
        dealt = kind(n, shuffle=True, random_state=seed)
    elif classes:
        dealt = StratifiedGroupKFold(n, shuffle=True, random_state=seed)
    else:
        dealt = GroupKFold(n)
    return list(dealt.split(np.zeros((len(table.y), 1)), table.y, table.groups)), notes


def _one_fold(
    parts: Parts,
    table: Table,
    families: Families | None,
    training: Training,
    progress: Stages,
    counts: Sequence[int],
    selectors: Sequence[str],
    told: str,
) -> pd.DataFrame:
    names = names_of_features(families, table, parts)
    ours: dict[str, tuple[Chooser, float]] = {}
    for one in selectors:
        label, kind = SELECTORS[one]
        stage = f"Training networks, {label}, {told}"
        folder = f"{one}-{told.replace(' ', '-')}"
        ours[label] = _chooser(kind, parts, names, table.task, training, progress, stage, folder)
    steps = n_comparisons(table.task, counts, len(ours))
    with progress.stage(f"Comparing rankings, {told}", steps) as advance:
        return compare(
            parts,
            table.task,
            counts,
            ours,
            groups=groups_of(names),
            names=source_columns(table, parts),
            seed=training.seed,
            advance=advance,
        )


def _chooser(
    kind: Any,
    parts: Parts,
    names: Sequence[str],
    task: str,
    training: Training,
    progress: Stages,
    stage: str,
    folder: str,
) -> tuple[Chooser, float]:
    """Fit a selector; features by its ranking, and the seconds it took."""
    began = time.perf_counter()
    ensemble = kind.default_estimator(task, **parameters_of(training, folder))
    selector = kind(ensemble, feature_groups=list(names), random_state=training.seed)
    if kind is DeepLIFFTSelector:
        selector.set_params(simplex_groups=parts.blocks or None)
    rounds = 1 if selector.step is None else n_trainings(len(groups_of(names).first), selector.step)
    n_networks = network_count(ensemble, len(parts.y_train))
    with progress.stage(stage, n_networks * rounds) as advance:
        selector.set_params(verbose=calls_per_network(advance))
        selector.fit(parts.X_train, parts.y_train, **parts.fit_parameters)
    order = np.argsort(selector.ranking_, kind="stable")
    return (lambda k: order[:k]), time.perf_counter() - began
