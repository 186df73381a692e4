"""From a table to a ranking, a comparison and what a reader has to know."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sklearn_deeplifft import DeepLIFFTSelector
from sklearn_deeplifft.cli._compare import OURS, compare, n_comparisons
from sklearn_deeplifft.cli._counts import counts_within
from sklearn_deeplifft.cli._families import (
    Families,
    features_of,
    groups_of,
    names_of_features,
)
from sklearn_deeplifft.cli._fitting import (
    chance_notes,
    collected,
    notes_of,
    one_thread,
    parameters_of,
)
from sklearn_deeplifft.cli._json import Document, about, records
from sklearn_deeplifft.cli._parts import Parts, encode, source_columns, split
from sklearn_deeplifft.cli._progress import Stages, calls_per_network
from sklearn_deeplifft.cli._settings import Training
from sklearn_deeplifft.cli._signs import FOR, SLOPE_OF, class_scores, outputs_of, slopes
from sklearn_deeplifft.cli._table import Table
from sklearn_deeplifft.ensembles import network_count
from sklearn_deeplifft.ranking import n_trainings
from sklearn_deeplifft.selectors._directions import directions

__all__ = ["Outcome", "rank_table"]


@dataclass(frozen=True)
class Outcome:
    """All there is to show and to write."""

    table: Table
    ranking: pd.DataFrame
    """rank, feature, group where there are any, importance, std, then a signed column for each
    class (or the slope), and of classes the slopes behind them; a row for each column of the
    table. A column of several levels has the scores of all of them, and no slope (NaN)."""
    signed_names: list[str]
    """Classes (or the target), in the order of the signed columns."""
    directions: np.ndarray
    """Like ``signed``: 1 where more of the feature speaks for the class, -1 where it speaks
    against it, 0 where its columns differ; in a regression the sign of the slope."""
    comparison: pd.DataFrame
    n_train: int
    n_test: int
    all_rows: bool
    """Whether the ranking is of all rows, those that test it included."""
    notes: list[str]
    """Remarks that came up on the way, beside the notes of the table."""
    selector: DeepLIFFTSelector
    """What ranked, fitted on ``ranked``."""
    ranked: Parts
    """Its rows are the training rows: all of them with ``all_rows``."""
    training: str = ""
    """What the training of its networks came to, in a sentence."""
    at_chance: bool | None = False
    """Whether networks predict no better than chance; the ranking then means nothing.

    None where rows held out cannot tell."""

    @property
    def features(self) -> pd.DataFrame:
        """The ranking with one row per feature, whatever its columns; a group goes by its name.

        In a regression a group or a column of text has no slope of its own; it is zero.
        """
        found, slope = self.ranking, f"{SLOPE_OF}{self.signed_names[0]}"
        if self.table.task == "regression":
            found = found.fillna({slope: 0.0})
        if "group" not in found:
            return found
        found = found.assign(feature=found["group"]).drop(columns="group")
        if self.table.task == "regression":
            several = found["rank"].duplicated(keep=False)
            found.loc[several, slope] = 0.0
        return found.drop_duplicates("rank", ignore_index=True)

    def document(self) -> Document:
        """What a program wants to know of it."""
        low, high = self.selector.estimator_.out_of_fold_interval_
        return {
            **about(self.table),
            "score": float(self.selector.estimator_.out_of_fold_score_),
            "score_interval": [float(low), float(high)],
            "at_chance": self.at_chance,
            "training": self.training,
            "notes": [*self.table.notes, *self.notes],
            "ranking": records(self.ranking),
            "comparison": records(self.comparison),
        }

    @property
    def signed(self) -> np.ndarray:
        """(n_features, n_classes), the best feature first."""
        prefix = SLOPE_OF if self.table.task == "regression" else FOR
        return np.asarray(self.features[[f"{prefix}{name}" for name in self.signed_names]])


def rank_table(
    table: Table,
    training: Training,
    progress: Stages,
    *,
    families: Families | None = None,
    all_rows: bool = False,
    nulls: bool = False,
) -> Outcome:
    """Rank the features on the training rows, and compare on the others.

    Parameters
    ----------
    families : mapping, default=None
        The group of each column; None lets each be a feature of its own.
    all_rows : bool, default=False
        Whether to rank once more on all rows, and to report that ranking.
    nulls : bool, default=False
        Whether networks read null columns as well, so that features have p and q.
    """
    with collected() as warned, one_thread():
        parts = split(table, training.seed)
        names = names_of_features(families, table, parts)
        began = time.perf_counter()
        selector = _fit(parts, names, table.task, training, progress, "training-rows", nulls)
        seconds = time.perf_counter() - began
        counts = counts_within(training.counts, len(features_of(families, table)))
        comparison = _compared(parts, names, table, selector, counts, training, progress, seconds)
        ranked = parts
        if all_rows:
            everything = np.arange(len(table.y))
            ranked = encode(table, everything, everything)
            names = names_of_features(families, table, ranked)
            selector = _fit(ranked, names, table.task, training, progress, "all-rows", nulls)
    ranking = _ranking(selector, table)
    if families is not None:
        ranking.insert(2, "group", names)
    return Outcome(
        table=table,
        ranking=_by_column(ranking, source_columns(table, ranked)),
        signed_names=outputs_of(selector, table),
        directions=directions(selector.class_slopes_, selector.ranking_),
        comparison=comparison,
        n_train=len(parts.y_train),
        n_test=len(parts.y_test),
        all_rows=all_rows,
        notes=[*notes_of(warned), *chance_notes(selector.estimator_)],
        selector=selector,
        ranked=ranked,
        training=selector._training_said(),
        at_chance=selector.at_chance_,
    )


def _fit(
    parts: Parts,
    names: Sequence[str],
    task: str,
    training: Training,
    progress: Stages,
    folder: str,
    nulls: bool = False,
) -> DeepLIFFTSelector:
    groups = groups_of(names)
    chosen = parameters_of(training, folder) | ({"null_features": True} if nulls else {})
    ensemble = DeepLIFFTSelector.default_estimator(task, **chosen)
    selector = DeepLIFFTSelector(
        ensemble,
        # By name where columns share a feature, as a frame or a page calls it so then.
        feature_groups=None if groups.single else list(names),
        simplex_groups=parts.blocks or None,
        random_state=training.seed,
    )
    assert selector.step is not None
    n_networks = network_count(ensemble, len(parts.y_train))
    total = n_networks * n_trainings(len(groups.first), selector.step)
    with progress.stage("Training networks", total) as advance:
        selector.set_params(verbose=calls_per_network(advance))
        selector.fit(parts.X_train, parts.y_train, **parts.fit_parameters)
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
            {OURS: (lambda k: order[:k], seconds)},
            groups=groups_of(names),
            names=source_columns(table, parts),
            seed=training.seed,
            advance=advance,
        )


def _by_column(ranking: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """One row for each column of the table; levels of a text share all but their slopes."""
    found = ranking.assign(feature=columns)
    several = found["feature"].duplicated(keep=False)
    found.loc[several, [name for name in found if name.startswith(SLOPE_OF)]] = np.nan
    found = found.drop_duplicates("feature")
    return found.sort_values("rank", kind="stable", ignore_index=True)


def _ranking(selector: DeepLIFFTSelector, table: Table) -> pd.DataFrame:
    columns = {
        "rank": selector.ranking_,
        "feature": selector.feature_names_in_,
        "importance": selector.feature_importances_,
        "std": selector.importances_std_,
    }
    if "q_values_" in vars(selector):  # its networks read null columns as well
        columns |= {"p_value": selector.p_values_, "q_value": selector.q_values_}
    signed = [class_scores(selector, table), slopes(selector, table)]
    return pd.concat([pd.DataFrame(columns), *signed], axis=1)
