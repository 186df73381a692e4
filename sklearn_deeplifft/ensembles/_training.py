"""Many networks of ours, spread over chunks, workers and checkpoints."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import skorch
import torch
from joblib import Parallel, delayed, effective_n_jobs
from torch import nn

from sklearn_deeplifft.attribution import neutral_torch
from sklearn_deeplifft.ensembles._batched_training import train_batch
from sklearn_deeplifft.ensembles._checkpoints import Checkpoints, Failures, key_of
from sklearn_deeplifft.ensembles._chunks import chunks_of, kind_of
from sklearn_deeplifft.ensembles._elsewhere import Delivery, spreads
from sklearn_deeplifft.ensembles._member_batches import Member
from sklearn_deeplifft.ensembles._null_columns import (
    all_carry_nulls,
    paired,
    with_null_features,
)
from sklearn_deeplifft.ensembles._random_streams import RandomStream
from sklearn_deeplifft.ensembles._results import Result, fresh_core, write_history
from sklearn_deeplifft.ensembles._splits import Split
from sklearn_deeplifft.ensembles._standardized_rows import StandardizedRows
from sklearn_deeplifft.ensembles._under_way import State, UnderWay
from sklearn_deeplifft.exceptions import TrainingInterrupted
from sklearn_deeplifft.networks import (
    KnockoffMap,
    Moments,
    NetworkSettings,
    Standardize,
    TrainedNetwork,
    TrainingTable,
    copied_chain,
    default_net,
    require_finite,
    seeded,
    torch_threads,
)
from sklearn_deeplifft.tables import Problem, Scaling

__all__ = ["ChunkReport", "Execution", "Part", "train_networks"]

FORMAT = 9
"""Raised when the same data and settings train other networks than before, or keep more of them."""

UNDER_WAY = "-under-way"
"""Ends the name of a checkpoint in which training goes on."""


class Part(NamedTuple):
    """Some of an ensemble's networks, where not all are trained at once."""

    numbers: tuple[int, ...]
    """Theirs, from 0, among all."""
    before: int
    """How many were trained before them."""
    total: int


@dataclass(frozen=True)
class Execution:
    """Workers and checkpoints of a training."""

    n_jobs: int | None = None
    checkpoints: Checkpoints | None = None
    digest: str = ""
    """A digest of everything in the table that training depends on."""
    stage: str = "round-001"
    """Names the checkpoints."""
    part: Part | None = None
    """Which of an ensemble's networks these are; None has all."""
    nets: bool = True
    """Whether networks come with the skorch net that a user keeps; to make one takes as long as to
    train a narrow network."""
    delivery: Delivery = field(default_factory=Delivery, compare=False)
    """Brings the table to workers in other processes."""


ChunkReport = Callable[[int, int, Sequence[TrainedNetwork], float, float], None]
"""(networks done, of how many, the last ones, seconds so far, about how many are left)."""


def train_networks(
    problem: Problem,
    settings: NetworkSettings,
    table: TrainingTable,
    splits: Sequence[Split],
    columns: np.ndarray,
    execution: Execution,
    report: ChunkReport,
) -> list[TrainedNetwork]:
    """Train networks of ours; each comes out as if it had been trained alone.

    ``settings`` are those of networks whose split has none of its own. They, ``problem`` and
    ``columns`` are those of the d real columns. With null columns the networks read 2 d, and so do
    their cores and estimators; ``without_null_columns`` leaves those of the real columns.

    Raises
    ------
    ValueError
        If some of the networks carry null columns and others do not.
    TrainingInterrupted
        On Ctrl-C; it says what is kept.
    """
    work = _Work(problem, settings, table, splits, columns, execution)
    part = execution.part or Part(tuple(range(len(splits))), 0, len(splits))
    found = work.restored()
    done, total, began = len(found), len(splits), time.perf_counter()
    if found:
        report(part.before + done, part.total, list(found.values()), 0.0, math.nan)
    missing = [i for i in range(total) if i not in found]
    try:
        for new in work.trained(missing):
            found.update(new)
            seconds = time.perf_counter() - began
            ready = part.before + len(found)
            left = seconds / (len(found) - done) * (part.total - ready)
            work.failures.tell()
            report(ready, part.total, list(new.values()), seconds, left)
    except KeyboardInterrupt:
        folder = None if execution.checkpoints is None else execution.checkpoints.folder
        work.failures.tell()
        kept = part.before + len(found.keys() - work.lost)
        raise TrainingInterrupted(kept, part.total, folder) from None
    return [found[i] for i in range(total)]


class _Work:
    """The networks of one call: restored from checkpoints, or trained in chunks."""

    def __init__(
        self,
        problem: Problem,
        settings: NetworkSettings,
        table: TrainingTable,
        splits: Sequence[Split],
        columns: np.ndarray,
        execution: Execution,
    ) -> None:
        self.with_nulls = all_carry_nulls([split.null_columns for split in splits])
        self.settings = [split.settings or settings for split in splits]
        """Of each network."""
        if self.with_nulls:
            self.settings = [with_null_features(problem, own)[1] for own in self.settings]
            problem = with_null_features(problem, settings)[0]
        self.problem = problem
        self.table = table
        self.splits = splits
        self.columns = columns
        self.execution = execution
        self.halt = threading.Event()
        self.threads: set[int] = set()
        """Those that train."""
        self.changed = threading.Condition()
        self.failures = Failures(execution.checkpoints)
        self.lost: set[int] = set()
        """Networks that are trained and not written."""

    def restored(self) -> dict[int, TrainedNetwork]:
        """Networks that checkpoints hold."""
        store, found = self.execution.checkpoints, {}
        if store is None:
            return {}
        for i in range(len(self.splits)):
            saved = store.load(self._name(i), self._key(i))
            if saved is not None:
                store.discard(self._name(i, UNDER_WAY))
                found[i] = self._as_trained(
                    i, Result.of_arrays(self.problem, self.settings[i], saved)
                )
        return found

    def trained(self, missing: Sequence[int]) -> Iterator[dict[int, TrainedNetwork]]:
        """Train the networks ``missing``, a chunk at a time."""
        if not missing:
            return
        n_jobs, settings = self.execution.n_jobs, self.settings
        if spreads(n_jobs, settings[missing[0]].device):
            kinds = {i: kind_of(settings[i], self.splits[i], None) for i in missing}
            yield from self._trained_elsewhere(
                chunks_of(self.problem, kinds, effective_n_jobs(n_jobs))
            )
            return
        self.rows = StandardizedRows(self.table, self.columns, _knockoff_map_of(self.splits))
        store = self.execution.checkpoints
        states = {i: store.load(self._name(i, UNDER_WAY), self._key(i)) for i in missing if store}
        self.states = {i: state for i, state in states.items() if state is not None}
        # Here, in one thread: drawing initial weights goes through torch's global generator.
        self.members = {i: _member(self.problem, settings[i], self.splits[i]) for i in missing}
        kinds = {i: kind_of(settings[i], self.splits[i], self.states.get(i)) for i in missing}
        chunks = chunks_of(self.problem, kinds, effective_n_jobs(n_jobs))
        # Threads: torch lets go of the interpreter's lock while it computes, and no worker has
        # to start, import torch and be sent the table.
        # None would be one thread under joblib.parallel_config(n_jobs=...) that names no backend.
        n_jobs = effective_n_jobs(None) if n_jobs is None else n_jobs
        work = Parallel(
            n_jobs, prefer="threads", require="sharedmem", return_as="generator_unordered"
        )
        outputs: Iterator[dict[int, Result]] = iter(())
        with torch_threads(1):
            try:
                outputs = work(delayed(self._train)(chunk) for chunk in chunks)
                for results in outputs:
                    yield {i: self._as_trained(i, result) for i, result in results.items()}
            finally:
                self._stop()
                with contextlib.suppress(Exception):  # one has ended the call already
                    deque(outputs, maxlen=0)  # joblib warns of what is not waited for

    def _stop(self) -> None:
        """Return when no other thread trains any more, at most a batch from now.

        joblib does not wait for its threads when Ctrl-C ends a call. An interpreter that shuts down
        beside a thread within torch is aborted by the system.
        """
        others = self.threads - {threading.get_ident()}
        while others or not self.halt.is_set():
            with contextlib.suppress(KeyboardInterrupt), self.changed:  # Ctrl-C, once more
                self.halt.set()
                others = self.threads - {threading.get_ident()}
                if others:
                    self.changed.wait()

    def _trained_elsewhere(
        self, chunks: Sequence[list[int]]
    ) -> Iterator[dict[int, TrainedNetwork]]:
        """Train chunks in the workers of joblib's backend; what they send back is kept here."""
        calls = [
            (
                self.problem,
                self.settings[chunk[0]],
                [self.splits[i]._replace(settings=None) for i in chunk],
                self.columns,
            )
            for chunk in chunks
        ]
        delivery, n_jobs = self.execution.delivery, self.execution.n_jobs
        for number, results in delivery.outputs_of(_train_chunk, calls, self.table, n_jobs):
            found = dict(zip(chunks[number], results, strict=True))
            self._save(found)
            yield {i: self._as_trained(i, result) for i, result in found.items()}

    def _train(self, chunk: list[int]) -> dict[int, Result]:
        """Train a chunk, unless all is to end."""
        me = threading.get_ident()
        with self.changed:
            if self.halt.is_set():
                return {}
            self.threads.add(me)
        try:
            return self._train_chunk(chunk)
        finally:
            with self.changed:
                self.threads.discard(me)
                self.changed.notify_all()

    def _train_chunk(self, chunk: list[int]) -> dict[int, Result]:
        own = [self.members.pop(i) for i in chunk]
        settings = self.settings[chunk[0]]  # one for all of a chunk
        under_way = self._under_way(chunk)
        found = _results(own, self.rows, self.problem, settings, self.halt, under_way)
        results: dict[int, Result] = {}
        for i, result in zip(chunk, found, strict=False):
            results[i] = result
            self._save({i: result})
        return results

    def _save(self, results: Mapping[int, Result]) -> None:
        """Keep networks, and what was kept of them under way no longer."""
        store = self.execution.checkpoints
        if store is None:
            return
        for i, result in results.items():
            self.lost.add(i)
            with self.failures.noted():
                store.save(self._name(i), self._key(i), result.arrays())
                self.lost.discard(i)
                store.discard(self._name(i, UNDER_WAY))

    def _under_way(self, chunk: Sequence[int]) -> UnderWay | None:
        """Keep states of a chunk; None without a folder."""
        store = self.execution.checkpoints
        if store is None:
            return None

        def keep(j: int, state: State) -> None:
            with self.failures.noted():
                store.save(self._name(chunk[j], UNDER_WAY), self._key(chunk[j]), state)

        return UnderWay([self.states.pop(i, None) for i in chunk], keep)

    def _as_trained(self, i: int, result: Result) -> TrainedNetwork:
        net = self._net(i, result) if self.execution.nets else None
        core = result.core.eval() if net is None else net.module_.core
        losses = result.trace.valid_loss
        return TrainedNetwork(
            net,
            core,
            self._standardize() if net is None else net.module_.standardize,
            len(result.trace.train_loss),
            min(losses, default=None),
            gates=result.gates,
            null_columns=self.splits[i].null_columns,
            held_out=result.trace.held_out,
            kept=result.kept(self.settings[i], len(self.splits[i].training)),
        )

    def _net(self, i: int, result: Result) -> skorch.NeuralNet:
        """The network as a fitted skorch net of its own."""
        # The net is given the recipe, not the weights: a clone of it starts afresh.
        net = default_net(self.problem, replace(self.settings[i], gates=None), self._moments())
        gates = self.settings[i].gates
        if gates is not None and not gates.tied:
            net.set_params(module__gates=gates)
        with seeded(0):
            net.initialize()
        net.module_.core.load_state_dict(result.core.state_dict())
        net.module_.to("cpu").eval()
        net.device = "cpu"
        write_history(net, result.trace)
        return net

    def _standardize(self) -> Standardize:
        """The standardisation before such a net's layers."""
        moments = self._moments() or Scaling.none(self.problem.n_features)
        return Standardize.of(moments).eval()

    def _moments(self) -> Moments:
        """What stands before what the networks read."""
        moments = self.table.moments
        if moments is None:
            return None
        moments = moments.at(self.columns)
        return moments.twice() if self.with_nulls else moments

    def _name(self, i: int, what: str = "") -> str:
        part = self.execution.part
        number = i if part is None else part.numbers[i]
        return f"{self.execution.stage}-network-{number + 1:04d}{what}"

    def _key(self, i: int) -> str:
        """A digest of what the training of network ``i`` depends on."""
        training, validation, seed, start, nulls, _, *others = self.splits[i]
        weights, knockoff_map = None, None if nulls is None else nulls.knockoff_map
        if start is not None:
            weights = {name: value.numpy() for name, value in start.state_dict().items()}
        return key_of(
            FORMAT,
            torch.__version__,
            self.execution.digest,
            self._name(i),
            self.problem,
            self.settings[i],
            self.columns,
            training,
            validation,
            seed,
            weights,
            *(other for other in others if other is not None),
            *(() if nulls is None else (nulls.donors,)),
            *(
                ()
                if knockoff_map is None
                else (knockoff_map.weight.numpy(), knockoff_map.constant.numpy())
            ),
        )


def _train_chunk(
    problem: Problem,
    settings: NetworkSettings,
    splits: Sequence[Split],
    columns: np.ndarray,
    table: TrainingTable,
) -> list[Result]:
    """Train networks of one kind in a process to which all of this was sent."""
    with neutral_torch():
        rows = StandardizedRows(table, columns, _knockoff_map_of(splits))
        own = [_member(problem, settings, split) for split in splits]
        return list(_results(own, rows, problem, settings, threading.Event()))


def _results(
    members: Sequence[Member],
    rows: StandardizedRows,
    problem: Problem,
    settings: NetworkSettings,
    halt: threading.Event,
    under_way: UnderWay | None = None,
) -> Iterator[Result]:
    """Train a chunk, and give its networks one by one until ``halt`` is set."""
    with torch_threads(1):
        traces, gates = train_batch(members, rows, problem, settings, halt, under_way)
    for j, member in enumerate(members):
        if halt.is_set():
            return
        few = paired(member.training[:64], member.null_columns)
        require_finite(member.core.eval(), rows.take(few)[0])
        yield Result(member.core, traces[j], gates[j] if gates else None)


def _knockoff_map_of(splits: Sequence[Split]) -> KnockoffMap | None:
    given = splits[0].null_columns
    return None if given is None else given.knockoff_map


def _member(problem: Problem, settings: NetworkSettings, split: Split) -> Member:
    """A network as skorch would start it under this seed."""
    training, validation, seed, start, nulls, _, *others = split
    if start is not None:
        assert isinstance(start, nn.Sequential)  # networks of ours are
        core, stream = copied_chain(start), RandomStream(seed)
    else:
        core, state = fresh_core(problem, settings, seed)
        stream = RandomStream(seed, state)
    return Member(core, stream, training, validation, nulls, *others)
