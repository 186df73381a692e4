"""From a table to the gate weights of many networks, and the ranking they give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from sklearn_deeplifft import ImportanceNeuronSelector
from sklearn_deeplifft.cli._agreement import Agreement, agreement_of, ranking_of
from sklearn_deeplifft.cli._counts import counts_within
from sklearn_deeplifft.cli._families import Families, features_of, names_of_features
from sklearn_deeplifft.cli._fitting import (
    chance_notes,
    collected,
    notes_of,
    one_thread,
    parameters_of,
)
from sklearn_deeplifft.cli._parts import encode
from sklearn_deeplifft.cli._progress import Stages
from sklearn_deeplifft.cli._settings import Training
from sklearn_deeplifft.cli._signs import class_scores, of_single_columns, slopes
from sklearn_deeplifft.cli._table import Table
from sklearn_deeplifft.ensembles import network_count

__all__ = ["GateOutcome", "train_gates"]


@dataclass(frozen=True)
class GateOutcome:
    """All there is to show and to write."""

    table: Table
    gates: pd.DataFrame
    """A row for each network, a column for each feature of the table; rows sum to 1."""
    ranking: pd.DataFrame
    """As `ranking_of` makes it, the best feature first."""
    agreement: Agreement
    notes: list[str]
    """Remarks that came up on the way, beside the notes of the table."""
    training: str = ""
    """What the training of the networks came to, in a sentence."""
    at_chance: bool | None = False
    """Whether networks predict no better than chance; the ranking then means nothing.

    None where rows held out cannot tell."""


def train_gates(
    table: Table,
    training: Training,
    progress: Stages,
    *,
    families: Families | None = None,
    paper: bool = False,
) -> GateOutcome:
    """Train the networks on all rows, and read their gates."""
    everything = np.arange(len(table.y))
    with collected() as warned, one_thread():
        parts = encode(table, everything, everything)
        names = names_of_features(families, table, parts)
        selector = _selector(table.task, names, training, paper=paper)
        n_networks = network_count(selector.estimator, len(parts.y_train))
        with progress.follow("Training networks", n_networks) as report:
            selector.set_params(verbose=report)
            selector.fit(parts.X_train, parts.y_train, **parts.fit_parameters)
    features = features_of(families, table)
    gates = pd.DataFrame(selector.importances_per_network_, columns=names)
    gates = gates.loc[:, ~gates.columns.duplicated()][features]
    agreement = agreement_of(selector, counts_within(training.counts, len(features)))
    signed = [class_scores(selector, table), of_single_columns(slopes(selector, table), names)]
    return GateOutcome(
        table=table,
        gates=gates,
        ranking=ranking_of(selector, names, agreement, pd.concat(signed, axis=1)),
        agreement=agreement,
        notes=[*notes_of(warned), *chance_notes(selector.estimator_)],
        training=selector.estimator_._training_choice_said(),
        at_chance=selector.at_chance_,
    )


def _selector(
    task: str, names: Sequence[str], training: Training, *, paper: bool = False
) -> ImportanceNeuronSelector:
    chosen: dict[str, Any] = (
        ImportanceNeuronSelector.paper_parameters()
        if paper
        else {"estimator": ImportanceNeuronSelector.default_estimator(task)}
    )
    chosen["estimator"].set_params(**parameters_of(training))
    return ImportanceNeuronSelector(**chosen, feature_groups=names, random_state=training.seed)
