"""Training plans and rounds of training, for any way of scoring a network."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from sklearn_deeplifft.ensembles._checkpoints import key_of
from sklearn_deeplifft.ensembles._null_columns import (
    KnockoffMap,
    moments_with_nulls,
    null_rows,
    with_null_features,
    without_nulls,
)
from sklearn_deeplifft.ensembles._progress import Progress, Report
from sklearn_deeplifft.ensembles._training import Assignment, Execution, train_networks
from sklearn_deeplifft.exceptions import TrainingDivergedError
from sklearn_deeplifft.networks import (
    LOGITS,
    NetworkSettings,
    OutputKind,
    TrainedNetwork,
    TrainingTable,
    network_kind,
    rescale_output,
    train_network,
    untrained_network,
    wants_float_targets,
)
from sklearn_deeplifft.ranking import deal_folds
from sklearn_deeplifft.tables import FitData, column_names, target_scale

__all__ = [
    "digest_of",
    "training_table",
    "Split",
    "TrainingConfig",
    "exported",
    "finish",
    "make_plan",
    "run",
    "untrained",
]


ScoreFunction = Callable[[TrainedNetwork, np.ndarray, np.ndarray], Any]


@dataclass(frozen=True)
class TrainingConfig:
    """How networks are trained."""

    estimator: Any
    settings: NetworkSettings
    n_networks: int
    score_on: str
    validation_fraction: float
    standardize: bool
    report: Report
    output_kind: OutputKind = LOGITS
    """What a user's module returns."""
    spread: Execution = field(default_factory=Execution)
    """How many networks of ours are spread over workers and checkpoints."""
    null_features: bool = False
    """Whether networks of ours read a null column for each column, at first."""
    knockoff_map: KnockoffMap | None = None
    """Of which rows null columns are made; None has them be permuted copies."""


class Split(NamedTuple):
    """The rows of one network, and its seed."""

    training: np.ndarray
    validation: np.ndarray
    scored: np.ndarray
    seed: int
    nulls: np.ndarray | None = None
    """(n,): which row of the table stands in for each in the null columns."""


def make_plan(recipe: TrainingConfig, data: FitData, rng: np.random.RandomState) -> list[Split]:
    """Hold out a different fold from each network, dealt anew when all have been used.

    Null features change nothing else: each network draws its own from its seed.
    """
    _require_room_for_nulls(recipe)
    if recipe.score_on == "out_of_fold" and recipe.n_networks < 2:
        raise ValueError(
            f"score_on='out_of_fold' needs n_networks >= 2, got {recipe.n_networks} (layer= trains "
            "one): each network scores the rows it was not trained on, and together they cover all."
        )
    n_folds = _fold_count(recipe)
    strata = data.target.strata()[data.index]
    groups = None if data.groups is None else data.groups[data.index]
    fold = np.full(len(strata), -1)
    plan = []
    for j in range(recipe.n_networks):
        if n_folds and j % n_folds == 0:
            fold = deal_folds(strata, groups, n_folds, rng)
        held = (fold == j % n_folds) if n_folds else np.zeros(len(strata), dtype=bool)
        training, validation = data.index[~held], data.index[held]
        scored = _rows_to_score(recipe.score_on, training, validation, data)
        seed = int(rng.randint(2**31 - 1))
        nulls = _nulls(data, training, validation, seed) if recipe.null_features else None
        plan.append(Split(training, validation, scored, seed, nulls))
    return plan


def _require_room_for_nulls(recipe: TrainingConfig) -> None:
    if recipe.null_features and network_kind(recipe.estimator) != "default":
        raise ValueError(
            f"null features need twice the inputs, which estimator={recipe.estimator!r} does not "
            "have; only networks that are built here can carry them. Pass estimator=None, or do "
            "without null features."
        )


def _nulls(data: FitData, training: np.ndarray, validation: np.ndarray, seed: int) -> np.ndarray:
    """Stand-ins of one network's rows; a row of weight zero, as of no class, is none's."""
    parts = (part[data.training_weight[part] > 0] for part in (training, validation))
    return null_rows(data.rows.shape[0], parts, seed)


def untrained(recipe: TrainingConfig, data: FitData, part: Split) -> TrainedNetwork | None:
    """The first network as it is before its first step; None for scikit-learn's own."""
    problem, settings = data.target.problem(data.rows.shape[1]), recipe.settings
    moments = data.moments
    if part.nulls is not None:
        problem, settings = with_null_features(problem, settings)
        moments = moments_with_nulls(moments)
    first = untrained_network(recipe.estimator, problem, settings, moments, part.seed)
    return first and first._replace(nulls=part.nulls, knockoff_map=recipe.knockoff_map)


def run(
    recipe: TrainingConfig,
    data: FitData,
    plan: Sequence[Split],
    columns: np.ndarray,
    score: ScoreFunction,
    starts: Sequence[nn.Module | None] | None = None,
    stage: str = "round-001",
) -> tuple[list[TrainedNetwork], list[Any]]:
    """Train and score every network of the plan once on ``columns``.

    With null features the networks' cores read the null columns behind the real ones.
    """
    ours = network_kind(recipe.estimator) == "default"
    table = training_table(
        data,
        ours=ours,
        as_float=recipe.output_kind.single or wants_float_targets(recipe.estimator),
    )
    if plan[0].nulls is not None:
        table = replace(table, knockoff_map=recipe.knockoff_map)
    parts = [
        Assignment(part.training, part.validation, part.seed, start, part.nulls)
        for part, start in zip(plan, starts or [None] * len(plan), strict=True)
    ]
    with _explained(recipe, data):
        if ours:
            networks = _run_together(recipe, data, table, parts, columns, stage)
        else:
            networks = list(_run_in_turn(recipe, data, table, parts, columns))
    scores = [score(t, part.scored, columns) for t, part in zip(networks, plan, strict=True)]
    return networks, scores


def _run_together(
    recipe: TrainingConfig,
    data: FitData,
    table: TrainingTable,
    parts: Sequence[Assignment],
    columns: np.ndarray,
    stage: str,
) -> list[TrainedNetwork]:
    stage_name = _stage_name(columns, data)

    def report(
        done: int, total: int, last: Sequence[TrainedNetwork], seconds: float, left: float
    ) -> None:
        recipe.report(_progress(stage_name, done, total, last, seconds, left))

    return train_networks(
        data.target.problem(len(columns)),
        _settings_on(recipe.settings, columns),
        table,
        parts,
        columns,
        replace(recipe.spread, stage=stage),
        report,
    )


def _settings_on(settings: NetworkSettings, columns: np.ndarray) -> NetworkSettings:
    """The settings of networks that read some of the columns."""
    gates = settings.gates
    return settings if gates is None else replace(settings, gates=gates.on(columns))


def _run_in_turn(
    recipe: TrainingConfig,
    data: FitData,
    table: TrainingTable,
    parts: Sequence[Assignment],
    columns: np.ndarray,
) -> Iterator[TrainedNetwork]:
    """Networks of the user's own, each by its own net."""
    began, stage_name = time.perf_counter(), _stage_name(columns, data)
    for j, part in enumerate(parts):
        trained = train_network(
            recipe.estimator,
            data.target.problem(len(columns)),
            recipe.settings,
            table,
            training=part.training,
            validation=part.validation,
            columns=columns,
            seed=part.seed,
            start=part.start,
            output_kind=recipe.output_kind,
        )
        seconds = time.perf_counter() - began
        left = seconds / (j + 1) * (len(parts) - j - 1)
        recipe.report(_progress(stage_name, j + 1, len(parts), [trained], seconds, left))
        yield trained


def finish(recipe: TrainingConfig, data: FitData, networks: Sequence[TrainedNetwork]) -> None:
    """Give the networks we built for a regression the target's units."""
    if data.target.kind == "regression" and network_kind(recipe.estimator) == "default":
        mean, scale = target_scale(data)
        for trained in networks:
            rescale_output(trained.core, mean, scale)


def exported(data: FitData, networks: Sequence[TrainedNetwork]) -> list[TrainedNetwork]:
    """Networks on all columns as a user keeps them: null inputs are held at the columns' means.

    Those without null features stay as they are. ``finish`` goes first, as it changes the cores.
    """
    center, scale = data.moments or (np.zeros_like(data.mean), np.ones_like(data.std))
    values = (data.mean - center) / scale
    return [t if t.with_nulls is None else without_nulls(t, values) for t in networks]


def _fold_count(recipe: TrainingConfig) -> int:
    if recipe.score_on == "out_of_fold":
        return recipe.n_networks
    return round(1 / recipe.validation_fraction) if recipe.validation_fraction else 0


def _rows_to_score(
    score_on: str, training: np.ndarray, validation: np.ndarray, data: FitData
) -> np.ndarray:
    parts = {"training": training, "all": data.index, "validation": validation}
    rows = parts.get(score_on, validation)
    rows = rows[data.score_weight[rows] > 0]
    if len(rows) or score_on == "out_of_fold":
        return rows
    # Nothing was held out, or none of it may be scored: a score from all rows beats none.
    return data.index[data.score_weight[data.index] > 0]


@contextmanager
def _explained(recipe: TrainingConfig, data: FitData) -> Iterator[None]:
    """Add the likeliest remedy to a divergence."""
    try:
        yield
    except TrainingDivergedError as error:
        if recipe.standardize:
            hint = f"Lower learning_rate (it is {recipe.settings.learning_rate})."
        else:
            worst = np.argsort(-(np.abs(data.mean) + data.std))[:3]
            named = column_names(data.names, worst)
            hint = f"Set standardize=True; the columns of largest scale are {named}."
        raise TrainingDivergedError(f"{error} {hint}") from error


def _stage_name(columns: np.ndarray, data: FitData) -> str:
    width, kept = data.rows.shape[1], len(columns)
    return f"{kept} features" if kept == width else f"{kept} of {width} features"


def _progress(
    stage: str,
    done: int,
    total: int,
    last: Sequence[TrainedNetwork],
    seconds: float,
    left: float,
) -> Progress:
    losses = [t.loss for t in last if t.loss is not None]
    epochs = [t.epochs for t in last if t.epochs is not None]
    loss = float(np.mean(losses)) if losses else math.nan
    mean_epochs = float(np.mean(epochs)) if epochs else math.nan
    return Progress(stage, done, total, seconds, left, mean_epochs, loss)


def training_table(data: FitData, *, ours: bool, as_float: bool) -> TrainingTable:
    """Rows, targets and weights for the networks; our own see a regression standardised."""
    targets = data.target.training_tensor(as_float=as_float)
    if ours and data.target.kind == "regression":
        mean, scale = target_scale(data)
        values = torch.from_numpy((data.target.codes - mean) / scale).float()
        targets = values.view(targets.shape)
    weight = torch.from_numpy(data.training_weight).float()
    return TrainingTable(data.rows, targets, weight, data.moments)


def digest_of(data: FitData) -> str:
    """A digest of all that training depends on: rows, targets, weights, moments."""
    parts = [key_of(block) for _, block in data.rows.blocks()]
    target = (data.target.kind, data.target.codes)
    return key_of(parts, target, data.training_weight, data.moments)
