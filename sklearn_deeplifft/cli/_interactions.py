"""From a table to pairs of features that work together, and what held-out rows say of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from sklearn_deeplifft import GIATransformer
from sklearn_deeplifft.cli._families import Families, features_of, names_of_features
from sklearn_deeplifft.cli._fitting import (
    chance_notes,
    collected,
    notes_of,
    one_thread,
    parameters_of,
)
from sklearn_deeplifft.cli._learners import balanced_accuracy, r_squared
from sklearn_deeplifft.cli._parts import split
from sklearn_deeplifft.cli._progress import Stages
from sklearn_deeplifft.cli._settings import Training
from sklearn_deeplifft.cli._table import Table
from sklearn_deeplifft.ensembles import network_count
from sklearn_deeplifft.interventions import (
    InteractionEffects,
    InteractionEvidence,
    interaction_effects,
    interaction_evidence,
)

__all__ = ["PairsFound", "find_pairs"]


@dataclass(frozen=True)
class PairsFound:
    """All there is to show and to write."""

    table: Table
    effects: InteractionEffects
    """Of the strongest pairs, in units of the target or of the centred logit."""
    pairs: pd.DataFrame
    """rank, first, second, output, score, low, high, gain, z, p_value, q_value, rows of the four
    cells, flagged, off_manifold; the surest pair first, of each the output it moves most."""
    score: float
    """Of the networks, on the test rows."""
    n_networks: int
    n_train: int
    n_test: int
    n_pairs: int
    """That there are."""
    notes: list[str]
    """Remarks that came up on the way, beside the notes of the table."""
    training: str = ""
    """What the training of the networks came to, in a sentence."""
    at_chance: bool | None = False
    """Whether networks predict no better than chance; the pairs then mean nothing.

    None where rows held out cannot tell."""


def find_pairs(
    table: Table,
    training: Training,
    progress: Stages,
    *,
    families: Families | None = None,
    n_pairs: int = 50,
    unit: float = 1.0,
) -> PairsFound:
    """Train on 70 % of the rows, score all pairs, and test the strongest on the other rows.

    ``unit`` is that of the target in ``table``: scores are given in its own.
    """
    n_features = len(features_of(families, table))
    with collected() as warned, one_thread():
        parts = split(table, training.seed)
        names = np.array(names_of_features(families, table, parts), dtype=object)
        ensemble = GIATransformer.default_estimator(table.task, **parameters_of(training))
        n_networks = network_count(ensemble, len(parts.y_train))
        with progress.follow("Training networks", n_networks) as report:
            ensemble.set_params(random_state=training.seed, verbose=report)
            ensemble.fit(parts.X_train, parts.y_train, **parts.fit_parameters)
        given: dict[str, Any] = {"feature_groups": names, "random_state": training.seed}
        with progress.stage("Scoring pairs", 1) as advance:
            effects = interaction_effects(ensemble, parts.X_train, pairs=n_pairs, **given)
            advance()
        with progress.stage("Testing pairs", 1) as advance:
            evidence = interaction_evidence(
                *(ensemble, parts.X_test, parts.y_test),
                pairs=effects,
                groups=parts.groups_test,
                **given,
            )
            advance()
        judge = r_squared if table.task == "regression" else balanced_accuracy
        score = float(judge(parts.y_test, ensemble.predict(parts.X_test)))
    return PairsFound(
        table=table,
        effects=effects,
        pairs=_frame(effects, evidence, table, unit),
        score=score,
        n_networks=len(ensemble.estimators_),
        n_train=len(parts.y_train),
        n_test=len(parts.y_test),
        n_pairs=n_features * (n_features - 1) // 2,
        notes=[*notes_of(warned), *chance_notes(ensemble)],
        training=ensemble._training_choice_said(),
        at_chance=ensemble.at_chance_,
    )


def _frame(
    effects: InteractionEffects, evidence: InteractionEvidence, table: Table, unit: float
) -> pd.DataFrame:
    """One row per pair, the surest first."""
    scores = effects.to_frame()
    strongest = ~scores.duplicated(["first", "second"])  # the largest of each comes first
    frame = evidence.to_frame().merge(scores[strongest], on=["first", "second"], how="left")
    if table.task == "regression":
        frame["output"] = table.target
        frame[["score", "low", "high"]] *= unit
    frame["output"] = frame["output"].map(str)
    frame.insert(0, "rank", np.arange(1, len(frame) + 1))
    cells = [f"rows_{name}" for name in ("neither", "first", "second", "both")]
    of_scores = ("output", "score", "low", "high")
    of_evidence = ("gain", "z", "p_value", "q_value")
    support = (*cells, "flagged", "off_manifold")
    return frame[["rank", "first", "second", *of_scores, *of_evidence, *support]]
