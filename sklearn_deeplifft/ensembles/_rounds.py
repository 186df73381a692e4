"""Rounds of training: the networks of one ensemble on one table, on all columns or on fewer."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import nn

from sklearn_deeplifft.attribution import neutral_torch
from sklearn_deeplifft.ensembles._checkpoints import key_of
from sklearn_deeplifft.ensembles._elsewhere import spreads
from sklearn_deeplifft.ensembles._halves import closed_halves
from sklearn_deeplifft.ensembles._kinds_compared import certainly_less, knowledge
from sklearn_deeplifft.ensembles._network_count import MANY_ROWS
from sklearn_deeplifft.ensembles._null_columns import (
    with_null_features,
    without_null_columns,
)
from sklearn_deeplifft.ensembles._pair_starts import begins_with_pairs, pair_starts
from sklearn_deeplifft.ensembles._progress import Progress, Report
from sklearn_deeplifft.ensembles._results import fresh_core
from sklearn_deeplifft.ensembles._splits import Split
from sklearn_deeplifft.ensembles._training import Execution, Part, train_networks
from sklearn_deeplifft.exceptions import TrainingDivergedError
from sklearn_deeplifft.networks import (
    LOGITS,
    NetworkAdapter,
    NetworkSettings,
    OutputKind,
    TrainedNetwork,
    TrainingJob,
    TrainingTable,
    output_kind_of,
    rescale_output,
)
from sklearn_deeplifft.tables import FitData, column_names, target_scale

__all__ = [
    "Rounds",
    "digest_of",
    "digest_of_table",
    "target_units",
    "with_nulls_held",
    "training_table",
    "with_target_units",
]

ROWS_RUN = 64
"""Rows that an untrained module is run on to find out what it returns."""


@dataclass(frozen=True)
class Rounds:
    """The training of one ensemble on one table; each round trains all networks once."""

    adapter: NetworkAdapter
    """The network that the ensemble was given, of whatever kind."""
    settings: NetworkSettings
    data: FitData
    splits: Sequence[Split]
    execution: Execution
    report: Report
    output_kind: OutputKind = LOGITS
    """Outputs of a user's module: logits or probabilities, one or several."""

    @property
    def ours(self) -> bool:
        """Whether the networks are built and trained here, a regression's on a standard target."""
        return self.adapter.built_here

    @property
    def every_column(self) -> np.ndarray:
        """(d,)."""
        return np.arange(self.data.rows.shape[1])

    @property
    def gate_groups(self) -> np.ndarray | None:
        """(d,): the gate of each column; None without gates."""
        gates = self.settings.gates
        return None if gates is None else np.asarray(gates.feature_of_column)

    @property
    def held_out(self) -> list[np.ndarray]:
        """Rows held out from each network."""
        return [split.validation for split in self.splits]

    def untrained(self) -> TrainedNetwork | None:
        """Build the first network as it is before its first step; None for scikit-learn's own."""
        problem, settings = self.data.target.problem(self.data.rows.shape[1]), self.settings
        moments, split = self.data.moments, self.splits[0]
        if split.null_columns is not None:
            problem, settings = with_null_features(problem, settings)
            moments = None if moments is None else moments.twice()
        first = self.adapter.untrained(problem, settings, moments, split.seed)
        return first and first._replace(null_columns=split.null_columns)

    def answering_as(self, first: TrainedNetwork | None) -> Rounds:
        """The same rounds, once an untrained module has shown what it returns."""
        if first is None or not self.adapter.may_return_probabilities:
            return self
        # Before any training: the loss depends on it, and a wrong one would train to the end.
        few = self.data.rows.take(self.data.index[:ROWS_RUN])
        kind = output_kind_of(first, few, self.data.target.problem(1).kind)
        return replace(self, output_kind=kind)

    def train_first(self) -> list[TrainedNetwork]:
        """Train every network once on all columns.

        Networks without a hidden layer go first, and every second other may begin with pairs of
        columns that these have missed.
        """
        linear = [i for i, deep in enumerate(self._deep) if not deep]
        others = [i for i, deep in enumerate(self._deep) if deep]
        may = (begins_with_pairs(s, s.settings or self.settings) for s in self.splits)
        if not self.ours or not linear or not any(itertools.compress(may, self._deep)):
            return self.train(self.every_column)
        networks = dict(zip(linear, self._train_part(linear, 0), strict=True))
        problem = self.data.target.problem(len(self.every_column))
        settings = _settings_on(self.settings, self.every_column)

        def fresh(split: Split) -> nn.Sequential:
            return fresh_core(problem, settings, split.seed)[0]

        starts = pair_starts(
            self.data,
            [networks[i] for i in linear],
            [self.splits[i] for i in others],
            fresh,
            self.settings.hidden_layer_sizes[0],
        )
        cores = [start and start.core for start in starts]
        trained = self._train_part(others, len(linear), cores)
        for i, start, one in zip(others, starts, trained, strict=True):
            networks[i] = one if start is None else one._replace(pairs=start.pairs)
        return [networks[i] for i in range(len(self.splits))]

    def _train_part(
        self, numbers: Sequence[int], before: int, starts: Sequence[nn.Module | None] | None = None
    ) -> list[TrainedNetwork]:
        """Train the networks of these numbers on all columns, after ``before`` others."""
        part = Part(tuple(numbers), before, len(self.splits))
        some = replace(
            self,
            splits=[self.splits[i] for i in numbers],
            execution=replace(self.execution, part=part),
        )
        return some.train(self.every_column, starts)

    @property
    def _deep(self) -> list[bool]:
        """Whether each network has a hidden layer."""
        return [bool((s.settings or self.settings).hidden_layer_sizes) for s in self.splits]

    def train(
        self,
        columns: np.ndarray,
        starts: Sequence[nn.Module | None] | None = None,
        number: int = 1,
        closed: Sequence[np.ndarray | None] | None = None,
    ) -> list[TrainedNetwork]:
        """Train every network once on ``columns``; ``starts`` go on from trained cores.

        With null columns the networks' cores read these behind the real ones. ``number`` is that of
        the round, for checkpoints; networks of the first come with their nets. A network on a path
        opens none of its ``closed`` columns, bool like ``columns``.
        """
        starts = starts or [None] * len(self.splits)
        closed = closed or [None] * len(self.splits)
        begun = [
            split._replace(start=start, closed=own)
            for split, start, own in zip(self.splits, starts, closed, strict=True)
        ]
        as_float = self.output_kind.single or self.adapter.float_targets
        table = training_table(self.data, ours=self.ours, as_float=as_float)
        with _explained(self):
            if self.ours:
                execution = replace(self.execution, stage=f"round-{number:03d}", nets=number == 1)
                return _train_together(self, table, begun, columns, execution)
            return list(_train_in_turn(self, table, begun, columns))

    def shortened(self) -> Rounds:
        """Rounds half as long, where the settings say how long.

        Rows held out are predicted after each epoch only where they choose one.
        """
        return self._with_settings(_half_as_long)

    def _with_settings(self, change: Callable[[NetworkSettings], NetworkSettings]) -> Rounds:
        splits = [s._replace(settings=s.settings and change(s.settings)) for s in self.splits]
        return replace(self, settings=change(self.settings), splits=splits)

    def without_null_columns(self) -> Rounds:
        """The same rounds on real columns alone."""
        return replace(self, splits=[split._replace(null_columns=None) for split in self.splits])

    def linear_that_know_less(self, networks: Sequence[TrainedNetwork]) -> list[int]:
        """Numbers of the networks without a hidden layer, if these certainly know less.

        ``networks`` are those of the first round, as a user keeps them but in standard units.
        """
        linear = ~np.array(self._deep)
        if not self.ours or linear.all() or not linear.any():
            return []
        known = knowledge(networks, linear, self.held_out, self.data)
        return np.flatnonzero(linear).tolist() if certainly_less(known, linear) else []

    def with_settings_of_others(self, numbers: Sequence[int]) -> Rounds:
        """The same rounds, in which networks of these numbers have no settings of their own."""
        splits = [
            split._replace(settings=None) if i in numbers else split
            for i, split in enumerate(self.splits)
        ]
        return replace(self, splits=splits)

    def closed_halves(self, n_features: int, number: int) -> list[np.ndarray | None]:
        """Which features each network leaves to another in a round of this number, bool (G,).

        None leaves none. Networks on a path deal features where rows are many; of few rows, one
        that reads half of the features learns too little. Those with gates of their own read all: a
        network that goes on from a gate of zero never opens it again.
        """
        if not self.ours or len(self.data.index) < MANY_ROWS:
            return [None] * len(self.splits)
        own = [split.settings or self.settings for split in self.splits]
        tied = [s.on_path and s.gates is not None and s.gates.tied for s in own]
        seeds = [s.seed if deals else None for s, deals in zip(self.splits, tied, strict=True)]
        return closed_halves(n_features, seeds, number)

    def warm_start(self, trained: TrainedNetwork, kept: np.ndarray, width: int) -> nn.Module | None:
        """The core to start from when only the columns ``kept`` of ``width`` are left."""
        return self.adapter.warm_start(trained, kept, width)


def target_units(rounds: Rounds) -> tuple[np.ndarray, np.ndarray] | None:
    """Mean and scale of a target that the networks are trained to give in standard deviations."""
    standard = rounds.data.target.kind == "regression" and rounds.ours
    return target_scale(rounds.data) if standard else None


def with_target_units(rounds: Rounds, networks: Sequence[TrainedNetwork]) -> None:
    """Give the networks we built for a regression the target's units, in place."""
    units = target_units(rounds)
    if units is not None:
        for trained in networks:
            rescale_output(trained.core, *units)


def with_nulls_held(data: FitData, networks: Sequence[TrainedNetwork]) -> list[TrainedNetwork]:
    """Networks on all columns as a user keeps them: null inputs are held at the columns' means.

    Those without null columns stay as they are. Units go first, as they change the cores.
    """
    values = data.mean_as_read
    return [
        trained if trained.null_columns is None else without_null_columns(trained, values)
        for trained in networks
    ]


def digest_of(data: FitData) -> str:
    """A digest of all that training depends on: rows, targets, weights, moments."""
    return key_of(digest_of_table(data), data.moments)


def digest_of_table(data: FitData) -> str:
    """A digest of rows, targets and weights.

    Moments follow from them, but for the last bits: these hang on the order in which rows are
    summed, and so on whether groups of rows were given.
    """
    parts = [key_of(block) for _, block in data.rows.blocks()]
    return key_of(parts, (data.target.kind, data.target.codes), data.training_weight)


def training_table(data: FitData, *, ours: bool, as_float: bool | None) -> TrainingTable:
    """Rows, targets and weights for the networks; our own see a regression standardised."""
    targets = data.target.training_tensor(as_float=as_float)
    # Adam's steps have the size of the learning rate: a target in thousands would never be reached.
    if ours and data.target.kind == "regression":
        mean, scale = target_scale(data)
        values = torch.from_numpy((data.target.codes - mean) / scale).float()
        targets = values.view(targets.shape)
    weight = torch.from_numpy(data.training_weight).float()
    return TrainingTable(data.rows, targets, weight, data.moments)


def _train_together(
    rounds: Rounds,
    table: TrainingTable,
    splits: Sequence[Split],
    columns: np.ndarray,
    execution: Execution,
) -> list[TrainedNetwork]:
    """Train networks of ours, as one batch."""
    stage_name = _stage_name(columns, rounds.data)

    def report(
        done: int, total: int, last: Sequence[TrainedNetwork], seconds: float, left: float
    ) -> None:
        rounds.report(_progress(stage_name, done, total, last, seconds, left))

    splits = [s._replace(settings=s.settings and _settings_on(s.settings, columns)) for s in splits]
    return train_networks(
        rounds.data.target.problem(len(columns)),
        _settings_on(rounds.settings, columns),
        table,
        splits,
        columns,
        execution,
        report,
    )


def _half_as_long(settings: NetworkSettings) -> NetworkSettings:
    gates = settings.gates
    if gates is not None:
        gates = replace(gates, path_steps=math.ceil(gates.path_steps / 2))
    # Rounded up, so that one epoch stays one. Nobody asks for the losses of these rounds.
    epochs = math.ceil(settings.max_epochs / 2)
    return replace(settings, max_epochs=epochs, gates=gates, always_watched=False)


def _settings_on(settings: NetworkSettings, columns: np.ndarray) -> NetworkSettings:
    """The settings of networks that read some of the columns."""
    gates = settings.gates
    return settings if gates is None else replace(settings, gates=gates.on(columns))


def _train_in_turn(
    rounds: Rounds, table: TrainingTable, splits: Sequence[Split], columns: np.ndarray
) -> Iterator[TrainedNetwork]:
    """Train networks of the user's own, each by its own net."""
    began, stage_name = time.perf_counter(), _stage_name(columns, rounds.data)
    calls = [(rounds.adapter, split, _job_of(rounds, split, columns)) for split in splits]
    found: dict[int, TrainedNetwork] = {}
    for i, trained in _outputs_of_jobs(rounds, calls, table):
        found[i] = trained
        seconds = time.perf_counter() - began
        left = seconds / len(found) * (len(splits) - len(found))
        rounds.report(_progress(stage_name, len(found), len(splits), [trained], seconds, left))
    yield from (found[i] for i in range(len(splits)))


def _job_of(rounds: Rounds, split: Split, columns: np.ndarray) -> dict[str, Any]:
    """The training of one network but for the table, which travels by itself."""
    return {
        "problem": rounds.data.target.problem(len(columns)),
        "settings": rounds.settings,
        "training": split.training,
        "validation": split.validation,
        "columns": columns,
        "seed": split.seed,
        "start": split.start,
        "output_kind": rounds.output_kind,
    }


def _outputs_of_jobs(
    rounds: Rounds,
    calls: Sequence[tuple[NetworkAdapter, Split, dict[str, Any]]],
    table: TrainingTable,
) -> Iterator[tuple[int, TrainedNetwork]]:
    """Numbers and networks: here one after another, or elsewhere as they are ready."""
    n_jobs = rounds.execution.n_jobs
    if spreads(n_jobs, rounds.settings.device):
        return rounds.execution.delivery.outputs_of(_train_job, calls, table, n_jobs)
    return ((i, _train_job(*call, table)) for i, call in enumerate(calls))


def _train_job(
    adapter: NetworkAdapter, split: Split, job: dict[str, Any], table: TrainingTable
) -> TrainedNetwork:
    with neutral_torch():
        return adapter.train(TrainingJob(table=_weighted(table, split), **job))


def _weighted(table: TrainingTable, split: Split) -> TrainingTable:
    """The table with the weights that rows have for one network."""
    parts = (split.training, split.training_factor), (split.validation, split.validation_factor)
    for rows, factor in parts:
        if factor is not None:
            weight = table.weight.clone()
            weight[rows] *= torch.from_numpy(factor).float()
            table = replace(table, weight=weight)
    return table


@contextmanager
def _explained(rounds: Rounds) -> Iterator[None]:
    """Add the likeliest remedy to a divergence."""
    try:
        yield
    except TrainingDivergedError as error:
        data = rounds.data
        if data.moments is not None:
            hint = f"Lower {_learning_rate_of(rounds)}."
        else:
            worst = np.argsort(-(np.abs(data.mean) / 2 + data.std / 2))[:3]
            named = column_names(data.names, worst)
            hint = f"Set standardize=True; the columns of largest scale are {named}."
        raise TrainingDivergedError(f"{error} {hint}") from error


def _learning_rate_of(rounds: Rounds) -> str:
    """The learning rate that networks are trained by, the user's own nets by theirs."""
    adapter, name = rounds.adapter, rounds.adapter.learning_rate
    if not adapter.own_settings:
        return f"{name} (it is {getattr(rounds.settings, name)})"
    own = adapter.network.get_params(deep=False)
    name = next((key for key in (f"optimizer__{name}", name) if own.get(key) is not None), name)
    return f"the learning rate that the network itself sets ({name}={own.get(name)})"


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
