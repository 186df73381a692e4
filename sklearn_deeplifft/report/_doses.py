"""Predictions once the first features are set to one value after another."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np

from sklearn_deeplifft.interventions import (
    InterventionEffects,
    dose_response,
    intervention_effects,
    set_to,
)
from sklearn_deeplifft.report._evidence import Evidence

__all__ = ["Dose", "doses_of"]

MOST_DRAWN = 6
MOST_OUTPUTS = 4
MOST_LEVELS = 12


@dataclass(frozen=True)
class Dose:
    """Effect of giving every row a value of one feature, relative to the rows as they are."""

    feature: str
    levels: list[str] | None
    """Values of a text; None of numbers."""
    dates: bool
    """Whether the numbers are days since 1970-01-01."""
    values: np.ndarray
    """(m,): numbers, or positions of levels."""
    outputs: list[str]
    """Classes, or targets; those that move most."""
    effects: np.ndarray
    """(m, R): change of the probability of a class, or of the target."""
    interval: np.ndarray
    """(2, m, R): 95 % over networks; NaN with one network."""
    support: np.ndarray
    """(m,): rows that have such a value."""
    flagged: np.ndarray
    """(m,): whether these are too few to go by."""


def doses_of(evidence: Evidence, dates: Collection[str] = ()) -> list[Dose]:
    """Doses of those among the first features that can be set alone: not of a group of numbers.

    ``dates`` are names of columns that are days since 1970-01-01.
    """
    first = range(min(MOST_DRAWN, len(evidence.features.columns)))
    found = (_dose_of(evidence, i, dates) for i in first)
    return [dose for dose in found if dose is not None]


def _dose_of(evidence: Evidence, feature: int, dates: Collection[str]) -> Dose | None:
    columns, values = evidence.features.columns[feature], evidence.columns(feature)
    name, scale = evidence.name(feature), "proba" if evidence.labelled else "logit"
    if len(columns) == 1:
        if len(np.unique(values)) < 2:
            return None
        curve = dose_response(evidence.selector, evidence.X, int(columns[0]), scale=scale)
        drawn = _drawn(evidence, name, None, curve.doses, curve.effects)
        return replace(drawn, dates=evidence.names[columns[0]] in dates)
    if not _is_one_hot(values):
        return None
    shown = np.sort(np.argsort(-values.sum(axis=0), kind="stable")[:MOST_LEVELS])
    levels = [str(evidence.names[columns[j]]) for j in shown]
    own = list(map(int, columns))
    steps = [
        set_to(own, np.eye(len(own))[j], level=level)
        for j, level in zip(shown, levels, strict=True)
    ]
    effects = intervention_effects(evidence.selector, evidence.X, steps, scale=scale)
    # Of "colour=red" the level alone.
    levels = [level.removeprefix(f"{name}=") for level in levels]
    return _drawn(evidence, name, levels, np.arange(len(levels)), effects)


def _is_one_hot(values: np.ndarray) -> bool:
    return bool(((values == 0) | (values == 1)).all() and (values.sum(axis=1) == 1).all())


def _drawn(
    evidence: Evidence,
    name: str,
    levels: list[str] | None,
    values: np.ndarray,
    found: InterventionEffects,
) -> Dose:
    sizes = np.abs(found.effects).max(axis=0)
    chosen = np.sort(np.argsort(-sizes, kind="stable")[:MOST_OUTPUTS])
    return Dose(
        feature=name,
        levels=levels,
        dates=False,
        values=values,
        outputs=[evidence.features.labels[k] for k in chosen],
        effects=found.effects[:, chosen],
        interval=found.interval[:, :, chosen],
        support=found.support,
        flagged=found.flagged,
    )
