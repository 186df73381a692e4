"""From a table to a ranking, a comparison and what a reader has to know."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sklearn_deeplifft import DeepLIFFTSelector
from sklearn_deeplifft.cli._compare import compare, n_comparisons
from sklearn_deeplifft.cli._counts import counts_within
from sklearn_deeplifft.cli._families import (
    Families,
    features_of,
    groups_of,
    names_of_features,
)
from sklearn_deeplifft.cli._fitting import collected, notes_of, one_thread, parameters_of
from sklearn_deeplifft.cli._parts import Parts, encode, source_columns, split
from sklearn_deeplifft.cli._progress import Stages, calls_per_network
from sklearn_deeplifft.cli._settings import Training
from sklearn_deeplifft.cli._signs import directions, slopes
from sklearn_deeplifft.cli._table import Table

__all__ = ["Outcome", "n_rounds", "rank_table"]


@dataclass(frozen=True)
class Outcome:
    """All there is to show and to write."""

    table: Table
    ranking: pd.DataFrame
    """rank, feature, group where there are any, importance, std, then a signed column for each
    class (or the slope, NaN for a column of text); a row for each column of the table."""
    signed_names: list[str]
    """Classes (or the target), in the order of the signed columns."""
    directions: np.ndarray
    """Like ``signed``: how much higher the feature is in a class than elsewhere, in standard
    deviations; zero in a regression, where the slope says it, and for a group of columns."""
    comparison: pd.DataFrame
    n_train: int
    n_test: int
    all_rows: bool
    """Whether the ranking is of all rows, those that test it included."""
    notes: list[str]
    """Remarks that came up on the way, beside the notes of the table."""

    @property
    def features(self) -> pd.DataFrame:
        """The ranking with one row per feature, whatever its columns; a group goes by its name.

        In a regression a group or a column of text has no slope of its own; it is zero.
        """
        found = self.ranking
        if self.table.task == "regression":
            found = found.fillna({found.columns[-1]: 0.0})
        if "group" not in found:
            return found
        found = found.assign(feature=found["group"]).drop(columns="group")
        if self.table.task == "regression":
            found.iloc[found["rank"].duplicated(keep=False), -1] = 0.0
        return found.drop_duplicates("rank", ignore_index=True)

    @property
    def signed(self) -> np.ndarray:
        """(n_features, n_classes), the best feature first."""
        return np.asarray(self.features.iloc[:, -len(self.signed_names) :])


def rank_table(
    table: Table,
    training: Training,
    progress: Stages,
    *,
    families: Families | None = None,
    all_rows: bool = False,
) -> Outcome:
    """Rank the features on the training rows, and compare on the others.

    Parameters
    ----------
    families : mapping, default=None
        The group of each column; None lets each be a feature of its own.
    all_rows : bool, default=False
        Whether to rank once more on all rows, and to report that ranking.
    """
    with collected() as warned, one_thread():
        parts = split(table, training.seed)
        names = names_of_features(families, table, parts)
        began = time.perf_counter()
        selector = _fit(parts, names, table.task, training, progress, "training-rows")
        seconds = time.perf_counter() - began
        counts = counts_within(training.counts, len(features_of(families, table)))
        comparison = _compared(parts, names, table, selector, counts, training, progress, seconds)
        ranked = parts
        if all_rows:
            everything = np.arange(len(table.y))
            ranked = encode(table, everything, everything)
            names = names_of_features(families, table, ranked)
            selector = _fit(ranked, names, table.task, training, progress, "all-rows")
        signed, signed_names, directions = _signed(selector, ranked, table)
    ranking = _ranking(selector, signed, signed_names, table.task)
    if families is not None:
        ranking.insert(2, "group", names)
    return Outcome(
        table=table,
        ranking=_by_column(ranking, table, ranked),
        signed_names=signed_names,
        directions=directions,
        comparison=comparison,
        n_train=len(parts.y_train),
        n_test=len(parts.y_test),
        all_rows=all_rows,
        notes=notes_of(warned),
    )


def n_rounds(n_features: int, step: float) -> int:
    """Rounds of recursive elimination until one feature is left.

    >>> n_rounds(1, 0.3), n_rounds(4, 0.3)
    (1, 3)
    """
    rounds = 1
    while n_features > 1:
        n_features = max(n_features - math.ceil(step * n_features), 1)
        rounds += 1
    return rounds


def _fit(
    parts: Parts,
    names: Sequence[str],
    task: str,
    training: Training,
    progress: Stages,
    folder: str,
) -> DeepLIFFTSelector:
    groups = groups_of(names)
    ensemble = DeepLIFFTSelector.default_estimator(task, **parameters_of(training, folder))
    selector = DeepLIFFTSelector(
        ensemble,
        feature_groups=groups.of_column,
        simplex_groups=parts.blocks or None,
        random_state=training.seed,
    )
    assert selector.step is not None
    total = ensemble.n_networks * n_rounds(len(groups.first), selector.step)
    with progress.stage("Training networks", total) as advance:
        selector.set_params(verbose=calls_per_network(advance))
        selector.fit(parts.X_train, parts.y_train)
    return selector


def _compared(
    parts: Parts,
    names: Sequence[str],
    table: Table,
    selector: DeepLIFFTSelector,
    counts: Sequence[int],
    training: Training,
    progress: Stages,
    seconds: float,
) -> pd.DataFrame:
    order = np.argsort(selector.ranking_, kind="stable")
    with progress.stage("Comparing rankings", n_comparisons(table.task, counts)) as advance:
        return compare(
            parts,
            table.task,
            counts,
            lambda k: order[:k],
            seconds,
            groups=groups_of(names),
            names=source_columns(table, parts),
            seed=training.seed,
            advance=advance,
        )


def _by_column(ranking: pd.DataFrame, table: Table, parts: Parts) -> pd.DataFrame:
    """One row for each column of the table: the levels of a text have all of theirs in common."""
    found = ranking.assign(feature=source_columns(table, parts))
    levels = found["feature"].isin(list(table.levels))
    if table.task == "regression":
        found.loc[levels, found.columns[-1]] = np.nan
    found = found.drop_duplicates("feature")
    return found.sort_values("rank", kind="stable", ignore_index=True)


def _signed(
    selector: DeepLIFFTSelector, parts: Parts, table: Table
) -> tuple[np.ndarray, list[str], np.ndarray]:
    """(K, d), what its rows are called, and directions (G, K) of features, the best first."""
    _, first, sizes = np.unique(selector.ranking_, return_index=True, return_counts=True)
    if table.task == "regression":
        found = slopes(selector, parts.X_train, parts.y_train)
        return found, [table.target], np.zeros((len(first), 1))
    found = directions(parts.X_train.to_numpy(), parts.y_train)[:, first].T
    found = np.where(sizes[:, None] == 1, found, 0.0)  # the columns of a group may differ
    return selector.class_importances_, [str(label) for label in selector.classes_], found


def _ranking(
    selector: DeepLIFFTSelector, signed: np.ndarray, names: list[str], task: str
) -> pd.DataFrame:
    prefix = "slope_of" if task == "regression" else "for"
    frame = pd.DataFrame(
        {
            "rank": selector.ranking_,
            "feature": selector.feature_names_in_,
            "importance": selector.feature_importances_,
            "std": selector.importances_std_,
            **{f"{prefix}_{name}": row for name, row in zip(names, signed, strict=True)},
        }
    )
    return frame
