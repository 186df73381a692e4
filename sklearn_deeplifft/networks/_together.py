"""Many networks of ours, spread over chunks, workers and checkpoints."""

from __future__ import annotations

import copy
import itertools
import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from joblib import Parallel, delayed, effective_n_jobs
from torch import Tensor, nn

from sklearn_deeplifft.networks._build import NetSettings, Problem, build_net
from sklearn_deeplifft.networks._checkpoint import Checkpoints, key_of
from sklearn_deeplifft.networks._ensemble import Member, Trace, train_together
from sklearn_deeplifft.networks._gates import GateReading, split_gates
from sklearn_deeplifft.networks._learn import Trained, TrainingTable
from sklearn_deeplifft.networks._modules import Preprocessed, Standardize, relu_mlp
from sklearn_deeplifft.networks._streams import Stream
from sklearn_deeplifft.networks._train import require_finite, seeded, torch_threads

__all__ = ["Assignment", "Spread", "learn_together"]

CHUNK_BYTES = 12_000_000
"""Weights, gradients, moments and activations of a chunk: about what a core has of the cache."""

LARGEST_CHUNK = 25

FORMAT = 1
"""Raised when the same data and settings train other networks than before."""

TABLE_BYTES = 256_000_000
"""Standardised rows are kept whole up to this size."""


class Assignment(NamedTuple):
    """What one network is to learn from."""

    training: np.ndarray
    validation: np.ndarray
    seed: int
    start: nn.Sequential | None = None
    """A trained core to go on from."""


@dataclass(frozen=True)
class Spread:
    """How the work is spread."""

    n_jobs: int | None = None
    checkpoints: Checkpoints | None = None
    digest: str = ""
    """Of everything in the table that training depends on."""
    stage: str = "round-001"
    """Names the checkpoints."""


Report = Callable[[int, int, Sequence[Trained], float, float], None]
"""(networks done, of how many, the last ones, seconds so far, about how many are left)."""


class _Rows:
    """The table as the networks take it: float32, standardised."""

    def __init__(self, table: TrainingTable, columns: np.ndarray) -> None:
        self.table = table
        self.columns = None if len(columns) == table.rows.shape[1] else columns
        moments = table.moments
        d = len(columns)
        mean, scale = (m[columns] for m in moments) if moments else (np.zeros(d), np.ones(d))
        self.standardize = Standardize(torch.as_tensor(mean), torch.as_tensor(scale))
        self.whole: Tensor | None = None
        # Sparse tables and those on disk stay where they are.
        if table.rows.in_memory and table.rows.shape[0] * d * 4 <= TABLE_BYTES:
            self.whole = torch.empty(table.rows.shape[0], d)
            step = max(TABLE_BYTES // (32 * d), 1)
            for start in range(0, len(self.whole), step):
                at = np.arange(start, min(start + step, len(self.whole)))
                self.whole[start : start + step] = self._read(at)

    def take(self, index: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """X (N, B, d), y (N, B, ...) and weights (N, B) at positions (N, B)."""
        if self.whole is not None:
            X = self.whole[index]
        else:
            X = self._read(index.flatten().numpy()).view(*index.shape, -1)
        return X, self.table.targets[index], self.table.weight[index]

    def _read(self, index: np.ndarray) -> Tensor:
        return self.standardize(torch.from_numpy(self.table.rows.take(index, self.columns)))


def learn_together(
    problem: Problem,
    settings: NetSettings,
    table: TrainingTable,
    assignments: Sequence[Assignment],
    columns: np.ndarray,
    spread: Spread,
    report: Report,
) -> list[Trained]:
    """Train networks of ours; each comes out as if it had been trained alone.

    Raises
    ------
    KeyboardInterrupt
        With a message that says what is kept.
    """
    found: list[Trained | None] = [None] * len(assignments)
    keys = _keys(problem, settings, assignments, columns, spread)
    for i, key in enumerate(keys):
        saved = spread.checkpoints and spread.checkpoints.load(_name(spread, i), key)
        if saved:
            result = _restored(problem, settings, saved)
            found[i] = _as_trained(problem, settings, table, columns, result)
    missing = [i for i, trained in enumerate(found) if trained is None]
    began, total = time.perf_counter(), len(assignments)
    done = total - len(missing)
    if done:
        report(done, total, [t for t in found if t is not None], 0.0, math.nan)
    rows, halt = _Rows(table, columns), threading.Event()
    # Here, in one thread: drawing initial weights goes through torch's global generator.
    members = {i: _member(problem, settings, assignments[i]) for i in missing}

    def train_chunk(chunk: list[int]) -> list[int]:
        with torch_threads(1):
            own = [members.pop(i) for i in chunk]
            traces, gates = train_together(own, rows, problem, settings, halt)
        for j, i in enumerate(chunk):
            if halt.is_set():
                return []
            few = torch.from_numpy(assignments[i].training[:64])
            require_finite(own[j].core, rows.take(few)[0])
            result = Result(own[j].core, traces[j], gates[j] if gates else None)
            if spread.checkpoints:
                spread.checkpoints.save(_name(spread, i), keys[i], result.arrays())
            found[i] = _as_trained(problem, settings, table, columns, result)
        return chunk

    chunks = _chunks(problem, settings, assignments, missing, effective_n_jobs(spread.n_jobs))
    # Threads: torch lets go of the interpreter's lock while it computes, and no worker has to
    # start, import torch and be sent the table.
    work = Parallel(
        spread.n_jobs, prefer="threads", require="sharedmem", return_as="generator_unordered"
    )
    try:
        with torch_threads(1):
            for chunk in work(delayed(train_chunk)(chunk) for chunk in chunks):
                done += len(chunk)
                last = [t for t in (found[i] for i in chunk) if t is not None]
                seconds = time.perf_counter() - began
                left = seconds / (done - total + len(missing)) * (total - done)
                report(done, total, last, seconds, left)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(_farewell(found, spread)) from None
    finally:
        halt.set()
    return [t for t in found if t is not None]


class Result(NamedTuple):
    """What is left of a training, and all that a checkpoint holds."""

    core: nn.Sequential
    trace: Trace
    gates: GateReading | None

    def arrays(self) -> dict[str, np.ndarray]:
        """The same as named arrays."""
        found = {f"core.{name}": value.numpy() for name, value in self.core.state_dict().items()}
        found["train_loss"] = np.array(self.trace.train_loss)
        found["valid_loss"] = np.array(self.trace.valid_loss)
        found["best_epoch"] = np.array(self.trace.best_epoch)
        for name, value in (self.gates._asdict() if self.gates else {}).items():
            found[f"gates.{name}"] = value.numpy()
        return found


def _restored(problem: Problem, settings: NetSettings, saved: dict[str, np.ndarray]) -> Result:
    core = _fresh_core(problem, settings, 0)[0]
    prefix = "core."
    state = {
        k[len(prefix) :]: torch.from_numpy(v) for k, v in saved.items() if k.startswith(prefix)
    }
    core.load_state_dict(state)
    losses = (saved[name].tolist() for name in ("train_loss", "valid_loss"))
    gates = None
    if settings.gates is not None:
        fields = GateReading._fields
        gates = GateReading(*(torch.from_numpy(saved[f"gates.{name}"]) for name in fields))
    return Result(core, Trace(*losses, int(saved["best_epoch"])), gates)


def _as_trained(
    problem: Problem,
    settings: NetSettings,
    table: TrainingTable,
    columns: np.ndarray,
    result: Result,
) -> Trained:
    """The same as a fitted skorch net of its own."""
    core = result.core
    if settings.gates is not None and settings.gates.tied:
        core = nn.Sequential(split_gates(core[0], settings.gates), *core)  # type: ignore[arg-type]
    moments = table.moments and (table.moments[0][columns], table.moments[1][columns])
    plain = replace(settings, gates=None)  # they are layers now
    net = build_net(None, problem, plain, moments=moments, core=core)
    net.initialize()
    valid = result.trace.valid_loss
    for epoch, loss in enumerate(result.trace.train_loss):
        net.history.new_epoch()
        net.history.record("epoch", epoch + 1)
        net.history.record("train_loss", loss)
        if valid:
            net.history.record("valid_loss", valid[epoch])
    net.module_.to("cpu").eval()
    net.device = "cpu"
    module: Preprocessed = net.module_
    best = min(valid, default=None)
    return Trained(net, module.core, module.standardize, len(net.history), best, gates=result.gates)


def _farewell(found: Sequence[Trained | None], spread: Spread) -> str:
    done = f"{sum(t is not None for t in found)} of {len(found)} networks were trained"
    if spread.checkpoints is None:
        return (
            f"interrupted: {done}, and none is kept. Pass checkpoint_dir= to keep those finished."
        )
    folder = spread.checkpoints.folder
    return f"interrupted: {done} and are kept in {folder}; the same call goes on from there."


def _member(problem: Problem, settings: NetSettings, assignment: Assignment) -> Member:
    """A network as skorch would start it under this seed."""
    training, validation, seed, start = assignment
    if start is not None:
        return Member(copy.deepcopy(start), Stream(seed), training, validation)
    core, state = _fresh_core(problem, settings, seed)
    return Member(core, Stream(seed, state), training, validation)


def _fresh_core(problem: Problem, settings: NetSettings, seed: int) -> tuple[nn.Sequential, Tensor]:
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


def _chunks(
    problem: Problem,
    settings: NetSettings,
    assignments: Sequence[Assignment],
    wanted: Sequence[int],
    n_workers: int,
) -> list[list[int]]:
    """Networks that take equally many steps an epoch, so many at a time as the cache holds."""
    widths = [*settings.hidden_layer_sizes, problem.n_outputs]
    n_weights = sum(a * b for a, b in itertools.pairwise([problem.n_features, *widths]))
    size = CHUNK_BYTES // (16 * n_weights + 12 * settings.batch_size * sum(widths))
    size = min(max(size, 1), LARGEST_CHUNK)
    by_steps: dict[int, list[int]] = {}
    for i in wanted:
        steps = math.ceil(len(assignments[i].training) / settings.batch_size)
        by_steps.setdefault(steps, []).append(i)
    chunks = []
    for members in by_steps.values():
        n = math.ceil(len(members) / size)
        n = min(math.ceil(n / n_workers) * n_workers, len(members))
        chunks += [part.tolist() for part in np.array_split(np.array(members), n)]
    return chunks


def _name(spread: Spread, i: int) -> str:
    return f"{spread.stage}-network-{i + 1:04d}"


def _keys(
    problem: Problem,
    settings: NetSettings,
    assignments: Sequence[Assignment],
    columns: np.ndarray,
    spread: Spread,
) -> list[str]:
    """What each network's training depends on."""
    if spread.checkpoints is None:
        return [""] * len(assignments)
    shared = (FORMAT, torch.__version__, spread.digest, spread.stage, problem, settings)
    keys = []
    for i, (training, validation, seed, start) in enumerate(assignments):
        weights = None
        if start is not None:
            weights = {name: value.numpy() for name, value in start.state_dict().items()}
        keys.append(key_of(*shared, i, columns, training, validation, seed, weights))
    return keys
