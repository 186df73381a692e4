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
from sklearn_deeplifft.cli._fitting import collected, one_thread
from sklearn_deeplifft.cli._parts import Parts, encode, split
from sklearn_deeplifft.cli._progress import Stages, calls_per_network
from sklearn_deeplifft.cli._signs import directions, slopes
from sklearn_deeplifft.cli._table import Table

__all__ = ["Outcome", "Settings", "n_rounds", "rank_table"]


@dataclass(frozen=True)
class Settings:
    """What the user may choose."""

    counts: Sequence[int] = (3, 5, 10, 20)
    networks: int = 5
    seed: int = 0
    all_rows: bool = False


@dataclass(frozen=True)
class Outcome:
    """All there is to show and to write."""

    table: Table
    settings: Settings
    ranking: pd.DataFrame
    """rank, feature, importance, std, then a signed column for each class (or the slope)."""
    signed_names: list[str]
    """Classes (or the target), in the order of the signed columns."""
    directions: np.ndarray
    """Like ``signed``: how much higher the feature is in a class than elsewhere, in standard
    deviations; zero in a regression, where the slope says it."""
    comparison: pd.DataFrame
    n_train: int
    n_test: int
    notes: list[str]
    """What came up on the way, beside the notes of the table."""

    @property
    def signed(self) -> np.ndarray:
        """(n_features, n_classes), the best feature first."""
        return self.ranking.iloc[:, 4:].to_numpy()


def rank_table(table: Table, settings: Settings, progress: Stages) -> Outcome:
    """Rank the features on the training rows, and compare on the others."""
    notes: list[str] = []
    with collected(notes), one_thread():
        parts = split(table, settings.seed)
        began = time.perf_counter()
        selector = _fit(parts, table.task, settings, progress)
        seconds = time.perf_counter() - began
        comparison = _compared(parts, table.task, selector, settings, progress, seconds)
        ranked = parts
        if settings.all_rows:
            everything = np.arange(len(table.y))
            ranked = encode(table, everything, everything)
            selector = _fit(ranked, table.task, settings, progress)
        signed, names, directions = _signed(selector, ranked, table)
    return Outcome(
        table=table,
        settings=settings,
        ranking=_ranking(selector, signed, names, table.task),
        signed_names=names,
        directions=directions,
        comparison=comparison,
        n_train=len(parts.y_train),
        n_test=len(parts.y_test),
        notes=list(dict.fromkeys(notes)),
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


def _fit(parts: Parts, task: str, settings: Settings, progress: Stages) -> DeepLIFFTSelector:
    selector = DeepLIFFTSelector(
        n_networks=settings.networks,
        simplex_groups=parts.blocks or None,
        task=task,
        random_state=settings.seed,
        verbose=1,
    )
    total = settings.networks * n_rounds(parts.X_train.shape[1], selector.step)
    with progress.stage("Training networks", total) as advance, calls_per_network(advance):
        return selector.fit(parts.X_train, parts.y_train)


def _compared(
    parts: Parts,
    task: str,
    selector: DeepLIFFTSelector,
    settings: Settings,
    progress: Stages,
    seconds: float,
) -> pd.DataFrame:
    counts = usable_counts(settings.counts, parts.X_train.shape[1])
    order = np.argsort(selector.ranking_, kind="stable")
    with progress.stage("Comparing rankings", n_comparisons(task, counts)) as advance:
        return compare(
            parts,
            task,
            counts,
            lambda k: order[:k],
            seconds,
            seed=settings.seed,
            advance=advance,
        )


def _signed(
    selector: DeepLIFFTSelector, parts: Parts, table: Table
) -> tuple[np.ndarray, list[str], np.ndarray]:
    """(K, d), what its rows are called, and directions (d, K) in the order of the ranking."""
    if table.task == "regression":
        found = slopes(selector, parts.X_train, parts.y_train)
        return found, [table.target], np.zeros_like(found.T)
    order = np.argsort(selector.ranking_, kind="stable")
    found = directions(parts.X_train.to_numpy(), parts.y_train)[:, order].T
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
    return frame.sort_values("rank", ignore_index=True)
