"""From a table to a ranking, a comparison and what a reader has to know."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sklearn_deeplifft import DeepLIFFTSelector
from sklearn_deeplifft.cli._compare import compare, n_comparisons, usable_counts
from sklearn_deeplifft.cli._families import Families, groups_of, names_of_features, of_table
from sklearn_deeplifft.cli._fitting import collected, last_of_each, note_of, one_thread
from sklearn_deeplifft.cli._parts import Parts, encode, split
from sklearn_deeplifft.cli._progress import Stages, calls_per_network
from sklearn_deeplifft.cli._signs import directions
from sklearn_deeplifft.cli._table import Table
from sklearn_deeplifft.tables import FeatureGroups

__all__ = ["Outcome", "Settings", "n_rounds", "rank_table"]

FOR, SLOPE_OF = "for_", "slope_of_"
"""What stands before the name of a class, or target, in the header of the ranking."""


@dataclass(frozen=True)
class Settings:
    """Choices of the user."""

    counts: Sequence[int] = (3, 5, 10, 20)
    networks: int = 5
    seed: int = 0
    all_rows: bool = False
    families: Families | None = None
    """The group of each column; None lets each be a feature of its own."""


@dataclass(frozen=True)
class Outcome:
    """All there is to show and to write."""

    table: Table
    settings: Settings
    ranking: pd.DataFrame
    """rank, feature, group where there are any, importance, std, then a signed column for each
    class (or the slope), and of classes the slopes behind them; a row for each column."""
    signed_names: list[str]
    """Classes (or the target), in the order of the signed columns."""
    directions: np.ndarray
    """Like ``signed``: 1 where more of the feature speaks for the class, -1 where it speaks
    against it, 0 where its columns differ; in a regression the sign of the slope."""
    comparison: pd.DataFrame
    n_train: int
    n_test: int
    notes: list[str]
    """Remarks that came up on the way, beside the notes of the table."""

    @property
    def features(self) -> pd.DataFrame:
        """The ranking with one row per feature, whatever its columns; a group goes by its name.

        In a regression a group has no slope of its own; it is zero.
        """
        if "group" not in self.ranking:
            return self.ranking
        found = self.ranking.assign(feature=self.ranking["group"]).drop(columns="group")
        if self.table.task == "regression":
            several = found["rank"].duplicated(keep=False)
            found.loc[several, f"{SLOPE_OF}{self.signed_names[0]}"] = 0.0
        return found.drop_duplicates("rank", ignore_index=True)

    @property
    def signed(self) -> np.ndarray:
        """(n_features, n_classes), the best feature first."""
        prefix = SLOPE_OF if self.table.task == "regression" else FOR
        return np.asarray(self.features[[f"{prefix}{name}" for name in self.signed_names]])


def rank_table(table: Table, settings: Settings, progress: Stages) -> Outcome:
    """Rank the features on the training rows, and compare on the others."""
    notes: list[str] = []
    families = of_table(settings.families, table, notes)
    with collected() as warned, one_thread():
        parts = split(table, settings.seed)
        groups = groups_of(families, table, parts)
        began = time.perf_counter()
        selector = _fit(parts, groups, table.task, settings, progress)
        seconds = time.perf_counter() - began
        comparison = _compared(parts, groups, table.task, selector, settings, progress, seconds)
        ranked = parts
        if settings.all_rows:
            everything = np.arange(len(table.y))
            ranked = encode(table, everything, everything)
            groups = groups_of(families, table, ranked)
            selector = _fit(ranked, groups, table.task, settings, progress)
    names = [table.target] if table.task == "regression" else list(map(str, selector.classes_))
    ranking = _ranking(selector, names, table.task)
    if families is not None:
        ranking.insert(2, "group", names_of_features(families, table, ranked))
    return Outcome(
        table=table,
        settings=settings,
        ranking=ranking.sort_values("rank", kind="stable", ignore_index=True),
        signed_names=names,
        directions=directions(selector.class_slopes_, selector.ranking_),
        comparison=comparison,
        n_train=len(parts.y_train),
        n_test=len(parts.y_test),
        notes=last_of_each([*notes, *map(note_of, warned)]),
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
    parts: Parts, groups: FeatureGroups, task: str, settings: Settings, progress: Stages
) -> DeepLIFFTSelector:
    selector = DeepLIFFTSelector(
        DeepLIFFTSelector.default_estimator(task, n_networks=settings.networks),
        feature_groups=groups.of_column,
        simplex_groups=parts.blocks or None,
        random_state=settings.seed,
    )
    assert selector.step is not None
    total = settings.networks * n_rounds(len(groups.first), selector.step)
    with progress.stage("Training networks", total) as advance:
        selector.set_params(verbose=calls_per_network(advance))
        selector.fit(parts.X_train, parts.y_train)
    return selector


def _compared(
    parts: Parts,
    groups: FeatureGroups,
    task: str,
    selector: DeepLIFFTSelector,
    settings: Settings,
    progress: Stages,
    seconds: float,
) -> pd.DataFrame:
    counts = usable_counts(settings.counts, len(groups.first))
    order = np.argsort(selector.ranking_, kind="stable")
    with progress.stage("Comparing rankings", n_comparisons(task, counts)) as advance:
        return compare(
            parts,
            task,
            counts,
            lambda k: order[:k],
            seconds,
            groups=groups,
            seed=settings.seed,
            advance=advance,
        )


def _ranking(selector: DeepLIFFTSelector, names: list[str], task: str) -> pd.DataFrame:
    columns = {
        "rank": selector.ranking_,
        "feature": selector.feature_names_in_,
        "importance": selector.feature_importances_,
        "std": selector.importances_std_,
    }
    if task == "classification":
        scores = zip(names, selector.class_importances_, strict=True)
        columns |= {f"{FOR}{name}": row for name, row in scores}
    slopes = zip(names, selector.class_slopes_, strict=True)
    return pd.DataFrame(columns | {f"{SLOPE_OF}{name}": row for name, row in slopes})
