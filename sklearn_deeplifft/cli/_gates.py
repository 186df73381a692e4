"""From a table to the gate weights of many networks, and the ranking they give."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sklearn_deeplifft import CheckpointWarning, FeatureSelectionWarning, ImportanceNeuronSelector
from sklearn_deeplifft.cli._fitting import collected, note_of, one_thread
from sklearn_deeplifft.cli._parts import encode, source_columns
from sklearn_deeplifft.cli._progress import Stages
from sklearn_deeplifft.cli._table import Table
from sklearn_deeplifft.ranking import count_to_select

__all__ = ["GateOptions", "GateOutcome", "train_gates"]


@dataclass(frozen=True)
class GateOptions:
    """Choices of the user."""

    n_networks: int | None = None
    """None is the default of the selector, or the paper's."""
    n_selected: int | None = None
    """None is half of the features."""
    paper: bool = False
    seed: int = 0
    n_jobs: int = 1
    checkpoint_dir: Path | None = None


@dataclass(frozen=True)
class GateOutcome:
    """All there is to show and to write."""

    table: Table
    gates: pd.DataFrame
    """A row for each network, a column for each feature of the table; rows sum to 1."""
    ranking: pd.DataFrame
    """rank, feature, importance, std, low, high, mean_rank, rank_std, frequency, then a signed
    column for each class."""
    n_selected: int
    stability: float
    """NaN where agreement cannot be told from chance."""
    notes: list[str]
    """Remarks that came up on the way, beside the notes of the table."""


def train_gates(table: Table, options: GateOptions, progress: Stages) -> GateOutcome:
    """Train the networks on all rows, and read their gates."""
    everything = np.arange(len(table.y))
    with collected() as warned, one_thread():
        parts = encode(table, everything, everything)
        features = source_columns(table, parts)
        selector = _selector(table.task, features, options)
        n_networks = selector.estimator.n_networks
        with progress.follow("Training networks", n_networks) as report:
            selector.set_params(verbose=report).fit(parts.X_train, parts.y_train)
    gates = pd.DataFrame(selector.importances_per_network_, columns=features)
    gates = gates.loc[:, ~gates.columns.duplicated()][table.features]
    return GateOutcome(
        table=table,
        gates=gates,
        ranking=_ranking(selector, table, features),
        n_selected=count_to_select(options.n_selected, table.n_columns),
        # One network has nothing to agree with.
        stability=selector.stability_ if len(gates) > 1 else math.nan,
        notes=[*_notes(warned), *_closed(gates)],
    )


def _selector(task: str, features: Sequence[str], options: GateOptions) -> ImportanceNeuronSelector:
    asked: dict[str, Any] = {"n_jobs": options.n_jobs, "checkpoint_dir": options.checkpoint_dir}
    if options.n_networks is not None:
        asked["n_networks"] = options.n_networks
    chosen: dict[str, Any] = (
        ImportanceNeuronSelector.paper_parameters()
        if options.paper
        else {"estimator": ImportanceNeuronSelector.default_estimator(task)}
    )
    chosen["estimator"].set_params(**asked)
    return ImportanceNeuronSelector(
        **chosen,
        n_features_to_select=options.n_selected,
        feature_groups=features,
        random_state=options.seed,
    )


def _ranking(
    selector: ImportanceNeuronSelector, table: Table, features: Sequence[str]
) -> pd.DataFrame:
    low, high = selector.importances_interval_
    columns = pd.DataFrame(
        {
            "rank": selector.ranking_,
            "feature": features,
            "importance": selector.feature_importances_,
            "std": selector.importances_std_,
            "low": low,
            "high": high,
            "mean_rank": selector.mean_ranks_,
            "rank_std": selector.ranks_std_,
            "frequency": selector.selection_frequency_,
        }
    )
    # Columns of one feature have equal values; what speaks for a class adds up over them.
    frame = columns.drop_duplicates("feature").set_index("feature", drop=False)
    if table.task == "classification":
        names = [f"for_{label}" for label in selector.classes_]
        signed = pd.DataFrame(selector.class_importances_.T, index=features, columns=names)
        frame = frame.join(signed.groupby(level=0).sum())
    return frame.sort_values("rank", ignore_index=True)


def _notes(warned: Sequence[FeatureSelectionWarning]) -> list[str]:
    """Each note once; of the checkpoints that cannot be used, the first and how many more."""
    unfit = [warning for warning in warned if isinstance(warning, CheckpointWarning)]
    others = [note_of(warning) for warning in warned if warning not in unfit]
    return [*_of_checkpoints(unfit), *dict.fromkeys(others)]


def _of_checkpoints(unfit: Sequence[CheckpointWarning]) -> list[str]:
    if not unfit:
        return []
    remedy = " Use another --checkpoint-dir for another fit." if unfit[0].remedy else ""
    rest = f" So it is with {len(unfit) - 1:,} more." if len(unfit) > 1 else ""
    return [f"{note_of(unfit[0])}{remedy}{rest}"]


def _closed(gates: pd.DataFrame) -> list[str]:
    n_closed = int((gates.sum(axis=1) == 0).sum())
    if not n_closed:
        return []
    return [
        f"Every gate is closed in {n_closed:,} of {len(gates):,} networks: their rows in gates.csv "
        "are zeros, and lower every mean."
    ]
