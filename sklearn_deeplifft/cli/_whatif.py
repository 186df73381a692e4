"""From a table to what networks predict once features are set: effects, doses, support."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sklearn_deeplifft import GIATransformer
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
from sklearn_deeplifft.cli._parts import Parts, encode
from sklearn_deeplifft.cli._progress import Stages
from sklearn_deeplifft.cli._settings import Training
from sklearn_deeplifft.cli._signs import class_scores, of_single_columns
from sklearn_deeplifft.cli._table import Table
from sklearn_deeplifft.ensembles import network_count
from sklearn_deeplifft.interventions import Intervention, dose_response

__all__ = ["Answers", "answer_whatif"]

MOST_RANKED = 10
"""Features whose support is looked at, the first of the ranking."""

MOST_DRAWN = 6
"""Features whose doses are asked for, unless features are named."""

OF_A_DOSE = ("effect", "low", "high", "support", "off_manifold", "flagged")
OF_TARGET = ("effect", "low", "high", "network_std", "standard_error")
"""Columns in units of the target."""


@dataclass(frozen=True)
class Answers:
    """All there is to show and to write."""

    table: Table
    asked: list[str]
    """Features that were named, or none."""
    ranking: pd.DataFrame
    """As `ranking_of` makes it, the best feature first."""
    agreement: Agreement
    effects: pd.DataFrame
    """rank, feature, then the columns of `InterventionEffects.to_frame`; the best feature first."""
    doses: pd.DataFrame
    """feature, dose (a number, or the name of what is done to a text or a group), output, then
    ``OF_A_DOSE``."""
    scale: str
    validation: tuple[float, float, float]
    """Score on rows that were held out from each network, and its interval over networks."""
    notes: list[str]
    """Remarks that came up on the way, beside the notes of the table."""
    training: str = ""
    """What the training of the networks came to, in a sentence."""
    at_chance: bool | None = False
    """Whether networks predict no better than chance; the effects then mean nothing.

    None where rows held out cannot tell."""

    @property
    def outputs(self) -> list[str]:
        """Classes, or the target."""
        return list(dict.fromkeys(self.effects["output"]))


def answer_whatif(
    table: Table,
    training: Training,
    progress: Stages,
    *,
    families: Families | None = None,
    asked: Sequence[str] = (),
    scale: str = "logit",
    unit: float = 1.0,
) -> Answers:
    """Train networks on all rows, and set every feature; ask doses of the best, or of ``asked``.

    ``unit`` is that of the target in ``table``: effects are given in its own.
    """
    everything = np.arange(len(table.y))
    with collected() as warned, one_thread():
        parts = encode(table, everything, everything)
        names = np.array(names_of_features(families, table, parts), dtype=object)
        ensemble = GIATransformer.default_estimator(table.task, **parameters_of(training))
        gia = GIATransformer(
            ensemble, feature_groups=names, scale=scale, random_state=training.seed
        )
        n_networks = network_count(ensemble, len(parts.y_train))
        with progress.follow("Training networks", n_networks) as report:
            gia.set_params(verbose=report)
            gia.fit(parts.X_train, parts.y_train, **parts.fit_parameters)
        effects = _effects(gia, table, parts, names)
        moving = effects["feature"].unique()
        chosen = asked or moving[:MOST_DRAWN]
        with progress.stage("Asking doses", len(chosen)) as advance:
            doses = []
            for feature in chosen:
                doses.append(_doses(gia, table, parts, names, feature, effects))
                advance()
    # A group or a text has no more and less.
    signed = of_single_columns(class_scores(gia, table), names.tolist())
    agreement = agreement_of(gia, counts_within(training.counts, len(features_of(families, table))))
    scores = gia.estimator_
    return Answers(
        table=table,
        asked=list(asked),
        ranking=ranking_of(gia, names.tolist(), agreement, signed),
        agreement=agreement,
        effects=_in_units(effects, unit),
        doses=_in_units(pd.concat(doses, ignore_index=True) if doses else _no_doses(), unit),
        scale=scale,
        validation=(scores.validation_score_, *scores.validation_score_interval_),
        notes=[*notes_of(warned), *chance_notes(scores), *_guessed(effects)],
        training=scores._training_choice_said(),
        at_chance=gia.at_chance_,
    )


def _effects(gia: GIATransformer, table: Table, parts: Parts, names: np.ndarray) -> pd.DataFrame:
    """Effects of all interventions, with the feature that each of them sets."""
    found = gia.intervention_effects_
    first = [int(one.positions[0]) for one in found.interventions]
    pairs = zip(found.interventions, names[first], strict=True)
    said = [_said(one, feature, table, parts) for one, feature in pairs]
    frame = _named_outputs(found.to_frame(), table)
    R = len(found.outputs)
    frame["intervention"] = np.repeat(np.array(said, dtype=object), R)
    frame.insert(0, "rank", np.repeat(gia.ranking_[first], R))
    frame.insert(1, "feature", np.repeat(names[first], R))
    return frame.sort_values("rank", kind="stable", ignore_index=True)


def _guessed(effects: pd.DataFrame) -> list[str]:
    """A note where most features come first by what happens at values that few rows have."""
    first = effects[effects["feature"].isin(effects["feature"].unique()[:MOST_RANKED])]
    sizes = first["effect"].abs().groupby(first["feature"])
    largest = first.loc[sizes.idxmax()]
    n, few = len(largest), int(largest["flagged"].sum())
    if 2 * few <= n:
        return []
    subject = (
        "The only feature has its" if n == 1 else f"{few} of the first {n} features have their"
    )
    return [
        f"{subject} largest effect at values that fewer than 20 rows have. Networks guess there: "
        "the order of such features says little."
    ]


def _said(one: Intervention, feature: str, table: Table, parts: Parts) -> str:
    """Name an intervention by the feature: ``set(colour=red)``, ``add(GATA1+1)``."""
    if feature in table.levels and one.target is not None:
        at = one.positions[np.argmax(one.target)]
        return f"set({parts.X_train.columns[at]})"
    said = {part.describe(feature) for part in one.parts}
    # The columns of a group are added to each in its own unit.
    return said.pop() if len(said) == 1 else f"{said.pop().partition('(')[0]}({feature})"


def _doses(
    gia: GIATransformer,
    table: Table,
    parts: Parts,
    names: np.ndarray,
    feature: str,
    effects: pd.DataFrame,
) -> pd.DataFrame:
    """Effects of one value of a column after another, or of what is done to a text or a group."""
    columns = np.flatnonzero(names == feature)
    if len(columns) > 1:
        frame = effects[effects["feature"] == feature].copy()
        # Of a text the level alone: the rest of "set(colour=red)" is the title.
        prefix = f"set({feature}="
        said = frame["intervention"].str
        frame["dose"] = np.where(
            said.startswith(prefix),
            frame["intervention"].str.slice(len(prefix), -1),
            frame["intervention"],
        )
    else:
        curve = dose_response(gia, parts.X_train, int(columns[0]), scale=gia.scale)
        frame = _named_outputs(curve.effects.to_frame(), table)
        frame["dose"] = np.repeat(curve.doses, len(curve.effects.outputs)).astype(object)
    return frame.assign(feature=feature)[["feature", "dose", "output", *OF_A_DOSE]]


def _in_units(frame: pd.DataFrame, unit: float) -> pd.DataFrame:
    found = [name for name in OF_TARGET if name in frame]
    return frame.assign(**{name: frame[name] * unit for name in found})


def _no_doses() -> pd.DataFrame:
    return pd.DataFrame(columns=["feature", "dose", "output", *OF_A_DOSE])


def _named_outputs(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Name outputs as people do: the target of a regression, and classes as text."""
    regression = table.task == "regression"
    return frame.assign(output=table.target if regression else frame["output"].map(str))
