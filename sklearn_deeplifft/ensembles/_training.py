"""Many networks of ours, spread over chunks, workers and checkpoints."""

from __future__ import annotations

import contextlib
import copy
import itertools
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import skorch
import torch
from joblib import Parallel, delayed, effective_n_jobs
from torch import Tensor, nn

from sklearn_deeplifft.ensembles._batched_training import Member, Trace, epoch_shape, train_batch
from sklearn_deeplifft.ensembles._checkpoints import Checkpoints, Failures, key_of
from sklearn_deeplifft.ensembles._null_columns import (
    all_carry_nulls,
    moments_with_nulls,
    paired,
    with_null_features,
)
from sklearn_deeplifft.ensembles._random_streams import RandomStream
from sklearn_deeplifft.ensembles._splits import Split
from sklearn_deeplifft.ensembles._standardized_rows import StandardizedRows
from sklearn_deeplifft.ensembles._under_way import State, UnderWay, stage_of
from sklearn_deeplifft.exceptions import TrainingInterrupted
from sklearn_deeplifft.networks import (
    GateReading,
    Moments,
    NetworkSettings,
    Preprocessed,
    TrainedNetwork,
    TrainingTable,
    default_net,
    relu_mlp,
    require_finite,
    seeded,
    torch_threads,
)
from sklearn_deeplifft.tables import Problem

__all__ = ["ChunkReport", "Execution", "train_networks"]

CHUNK_BYTES = 50_000_000
"""Weights, gradients, moments and activations of a chunk; more leave the caches for good."""

LARGEST_CHUNK = 50

FORMAT = 3
"""Raised when the same data and settings train other networks than before, or keep more of them."""

UNDER_WAY = "-under-way"
"""Ends the name of a checkpoint in which training goes on."""


@dataclass(frozen=True)
class Execution:
    """Threads and checkpoints of a training."""

    n_jobs: int | None = None
    checkpoints: Checkpoints | None = None
    digest: str = ""
    """A digest of everything in the table that training depends on."""
    stage: str = "round-001"
    """Names the checkpoints."""
    nets: bool = True
    """Whether networks come with the skorch net that a user keeps; to make one takes as long as to
    train a narrow network."""


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
    found = work.restored()
    done, total, began = len(found), len(splits), time.perf_counter()
    if found:
        report(done, total, list(found.values()), 0.0, math.nan)
    missing = [i for i in range(total) if i not in found]
    try:
        for part in work.trained(missing):
            found.update(part)
            seconds = time.perf_counter() - began
            left = seconds / (len(found) - done) * (total - len(found))
            work.failures.tell()
            report(len(found), total, list(part.values()), seconds, left)
    except KeyboardInterrupt:
        folder = None if execution.checkpoints is None else execution.checkpoints.folder
        work.failures.tell()
        raise TrainingInterrupted(len(found.keys() - work.lost), total, folder) from None
    return [found[i] for i in range(total)]


class Result(NamedTuple):
    """Outcome of a training, all that a checkpoint holds."""

    core: nn.Sequential
    trace: Trace
    gates: GateReading | None

    def arrays(self) -> dict[str, np.ndarray]:
        """The same as named arrays."""
        found = {f"core.{name}": value.numpy() for name, value in self.core.state_dict().items()}
        found["train_loss"] = np.array(self.trace.train_loss)
        found["valid_loss"] = np.array(self.trace.valid_loss)
        found["best_epoch"] = np.array(self.trace.best_epoch)
        if self.trace.held_out is not None:
            found["held_out"] = self.trace.held_out
        for name, value in (self.gates._asdict() if self.gates else {}).items():
            found[f"gates.{name}"] = value.numpy()
        return found


class Kind(NamedTuple):
    """What networks that train side by side have in common."""

    settings: NetworkSettings
    shape: tuple[tuple[int, int], ...]
    """Of an epoch's training and validation."""
    stage: tuple[int, bool]
    """Epochs that an earlier run has done, and whether no more are to come."""


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
        self.training_threads: set[int] = set()
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
                found[i] = self._as_trained(i, self._result(i, saved))
        return found

    def trained(self, missing: Sequence[int]) -> Iterator[dict[int, TrainedNetwork]]:
        """Train the networks ``missing``, a chunk at a time."""
        if not missing:
            return
        given = self.splits[0].null_columns
        knockoff_map = None if given is None else given.knockoff_map
        self.rows = StandardizedRows(self.table, self.columns, knockoff_map)
        store = self.execution.checkpoints
        states = {i: store.load(self._name(i, UNDER_WAY), self._key(i)) for i in missing if store}
        self.states = {i: state for i, state in states.items() if state is not None}
        # Here, in one thread: drawing initial weights goes through torch's global generator.
        self.members = {i: _member(self.problem, self.settings[i], self.splits[i]) for i in missing}
        n_jobs = self.execution.n_jobs
        kinds = {i: _kind(self.settings[i], self.splits[i], self.states.get(i)) for i in missing}
        chunks = _chunks(self.problem, kinds, effective_n_jobs(n_jobs))
        # Threads: torch lets go of the interpreter's lock while it computes, and no worker has
        # to start, import torch and be sent the table.
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
        others = self.training_threads - {threading.get_ident()}
        while others or not self.halt.is_set():
            with contextlib.suppress(KeyboardInterrupt), self.changed:  # Ctrl-C, once more
                self.halt.set()
                others = self.training_threads - {threading.get_ident()}
                if others:
                    self.changed.wait()

    def _train(self, chunk: list[int]) -> dict[int, Result]:
        """Train a chunk, unless all is to end."""
        me = threading.get_ident()
        with self.changed:
            if self.halt.is_set():
                return {}
            self.training_threads.add(me)
        try:
            return self._train_chunk(chunk)
        finally:
            with self.changed:
                self.training_threads.discard(me)
                self.changed.notify_all()

    def _train_chunk(self, chunk: list[int]) -> dict[int, Result]:
        own = [self.members.pop(i) for i in chunk]
        with torch_threads(1):
            settings = self.settings[chunk[0]]  # one for all of a chunk
            under_way = self._under_way(chunk)
            traces, gates = train_batch(
                own, self.rows, self.problem, settings, self.halt, under_way
            )
        results: dict[int, Result] = {}
        for j, i in enumerate(chunk):
            if self.halt.is_set():
                break
            few = paired(own[j].training[:64], own[j].null_columns)
            require_finite(own[j].core.eval(), self.rows.take(few)[0])
            results[i] = Result(own[j].core, traces[j], gates[j] if gates else None)
            if self.execution.checkpoints:
                self._save(self.execution.checkpoints, i, results[i])
        return results

    def _save(self, store: Checkpoints, i: int, result: Result) -> None:
        """Keep a network, and what was kept of it under way no longer."""
        self.lost.add(i)
        with self.failures.noted():
            store.save(self._name(i), self._key(i), result.arrays())
            self.lost.discard(i)
            store.discard(self._name(i, UNDER_WAY))

    def _under_way(self, chunk: Sequence[int]) -> UnderWay | None:
        """Keep states of a chunk; None without a folder."""
        if (store := self.execution.checkpoints) is None:
            return None

        def keep(j: int, state: State) -> None:
            with self.failures.noted():
                store.save(self._name(chunk[j], UNDER_WAY), self._key(chunk[j]), state)

        return UnderWay([self.states.pop(i, None) for i in chunk], keep)

    def _result(self, i: int, saved: dict[str, np.ndarray]) -> Result:
        core = _fresh_core(self.problem, self.settings[i], 0)[0]
        prefix = "core."
        core.load_state_dict(
            {
                name[len(prefix) :]: torch.from_numpy(values)
                for name, values in saved.items()
                if name.startswith(prefix)
            }
        )
        trace = Trace(
            saved["train_loss"].tolist(),
            saved["valid_loss"].tolist(),
            int(saved["best_epoch"]),
            saved.get("held_out"),
        )
        gates = None
        if self.settings[i].gates is not None:
            fields = (torch.from_numpy(saved[f"gates.{name}"]) for name in GateReading._fields)
            gates = GateReading(*fields)
        return Result(core, trace, gates)

    def _as_trained(self, i: int, result: Result) -> TrainedNetwork:
        net, module = self._net(i, result) if self.execution.nets else (None, self._bare(result))
        losses = result.trace.valid_loss
        return TrainedNetwork(
            net,
            module.core,
            module.standardize,
            len(result.trace.train_loss),
            min(losses, default=None),
            gates=result.gates,
            null_columns=self.splits[i].null_columns,
            held_out=result.trace.held_out,
        )

    def _net(self, i: int, result: Result) -> tuple[skorch.NeuralNet, Preprocessed]:
        """The network as a fitted skorch net of its own, and its module."""
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
        _write_history(net, result.trace)
        return net, net.module_

    def _bare(self, result: Result) -> Preprocessed:
        """The same module around the core itself."""
        n_features, n_outputs = self.problem.n_features, self.problem.n_outputs
        module = Preprocessed(
            result.core, moments=self._moments(), n_features=n_features, n_outputs=n_outputs
        )
        return module.eval()

    def _moments(self) -> Moments:
        """Means and scales of what the networks read."""
        moments = self.table.moments
        if moments is None:
            return None
        moments = (moments[0][self.columns], moments[1][self.columns])
        return moments_with_nulls(moments) if self.with_nulls else moments

    def _name(self, i: int, what: str = "") -> str:
        return f"{self.execution.stage}-network-{i + 1:04d}{what}"

    def _key(self, i: int) -> str:
        """A digest of what the training of network ``i`` depends on."""
        training, validation, seed, start, nulls, _ = self.splits[i]
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
            *(() if nulls is None else (nulls.donors,)),
            *(
                ()
                if knockoff_map is None
                else (knockoff_map.weight.numpy(), knockoff_map.constant.numpy())
            ),
        )


def _write_history(net: skorch.NeuralNet, trace: Trace) -> None:
    for epoch, loss in enumerate(trace.train_loss):
        net.history.new_epoch()
        net.history.record("epoch", epoch + 1)
        net.history.record("train_loss", loss)
        if trace.valid_loss:
            net.history.record("valid_loss", trace.valid_loss[epoch])


def _member(problem: Problem, settings: NetworkSettings, split: Split) -> Member:
    """A network as skorch would start it under this seed."""
    training, validation, seed, start, nulls, _ = split
    if start is not None:
        assert isinstance(start, nn.Sequential)  # networks of ours are
        return Member(copy.deepcopy(start), RandomStream(seed), training, validation, nulls)
    core, state = _fresh_core(problem, settings, seed)
    return Member(core, RandomStream(seed, state), training, validation, nulls)


def _fresh_core(
    problem: Problem, settings: NetworkSettings, seed: int
) -> tuple[nn.Sequential, Tensor]:
    """A network of ours, and the state that drawing its weights left torch's generator in."""
    with seeded(seed):
        core = relu_mlp(
            problem.n_features,
            problem.n_outputs,
            settings.hidden_layer_sizes,
            settings.dropout,
            settings.noise,
            settings.gates,
        )
        return core, torch.get_rng_state()


def _kind(settings: NetworkSettings, split: Split, state: State | None) -> Kind:
    parts = split.training, split.validation
    shape = tuple(epoch_shape(len(part), settings.batch_size) for part in parts)
    return Kind(settings, shape, stage_of(state))


def _chunks(problem: Problem, kinds: Mapping[int, Kind], n_workers: int) -> list[list[int]]:
    """Networks of one kind, so many at a time as the cache holds."""
    alike: dict[Kind, list[int]] = {}
    for i, kind in kinds.items():
        alike.setdefault(kind, []).append(i)
    chunks = []
    for kind, members in alike.items():
        n = math.ceil(len(members) / _chunk_size(problem, kind.settings))
        n = min(math.ceil(n / n_workers) * n_workers, len(members))
        chunks += [part.tolist() for part in np.array_split(np.array(members), n)]
    return chunks


def _chunk_size(problem: Problem, settings: NetworkSettings) -> int:
    widths = [*settings.hidden_layer_sizes, problem.n_outputs]
    n_weights = sum(a * b for a, b in itertools.pairwise([problem.n_features, *widths]))
    size = CHUNK_BYTES // (16 * n_weights + 12 * settings.batch_size * sum(widths))
    return min(max(size, 1), LARGEST_CHUNK)
