"""Training in other processes, on this machine or others, by the backend that joblib is told of.

Threads of this process need none of it: they are the default. Where ``joblib.parallel_config``
names a backend whose workers share no memory with this process, chunks of networks are sent to
them, and the table is sent ahead, once for all rounds of a fit.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import weakref
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import joblib
from joblib import Parallel, delayed, effective_n_jobs
from joblib._parallel_backends import LokyBackend, MultiprocessingBackend, ParallelBackendBase
from joblib.parallel import get_active_backend

from sklearn_deeplifft.networks import TrainingTable

__all__ = ["Delivery", "spreads"]

OF_THIS_MACHINE = (LokyBackend, MultiprocessingBackend)
"""Backends whose workers see this machine's files; a cluster's may inherit from one of them."""

LOST_IN_VAIN = 5
"""Losses of the table, with no result between them, after which it is not sent again."""


@dataclass(eq=False)
class Delivery:
    """The table of a fit where workers of a backend find it, sent once however many rounds."""

    _sent: dict[type, Any] = field(default_factory=dict)

    def outputs_of(
        self,
        function: Callable[..., Any],
        calls: Sequence[Sequence[Any]],
        table: TrainingTable,
        n_jobs: int | None,
    ) -> Iterator[tuple[int, Any]]:
        """Results of ``function(*call, table)``, each with its call's number, as they are ready."""
        missing, vain = dict(enumerate(calls)), 0
        while missing:
            sent = self.of(table)
            numbered = [(i, function, *call, sent) for i, call in missing.items()]
            try:
                for i, result in _outputs_of(numbered, n_jobs):
                    del missing[i]
                    vain = 0
                    yield i, result
            except CancelledError as error:
                # Workers died that held the table: of what is scattered Dask keeps no second copy
                # for good, cannot compute it anew, and cancels what depends on it.
                self._sent.clear()
                vain += 1
                if vain == LOST_IN_VAIN:
                    raise RuntimeError(
                        f"the cluster lost the table {vain} times, with no network trained between "
                        "them. Its workers die, perhaps for want of memory, or somebody cancels "
                        "their work: see their logs."
                    ) from error

    def of(self, table: TrainingTable) -> Any:
        """Stand for the table in the arguments of a call: itself, mapped from a file, or a future.

        The rounds of a fit train on one table, so the first that is asked for is kept.
        """
        backend = get_active_backend(prefer="threads")[0]
        if type(backend) not in self._sent:
            self._sent[type(backend)] = self._delivered(table, backend)
        return self._sent[type(backend)]

    def _delivered(self, table: TrainingTable, backend: ParallelBackendBase) -> Any:
        if _of_dask(backend):
            # Without a hash, by which a fit inside a worker would be given futures that others
            # have cancelled.
            return backend.client.scatter(table, broadcast=True, hash=False)
        return self._mapped(table) if type(backend) in OF_THIS_MACHINE else table

    def _mapped(self, table: TrainingTable) -> TrainingTable:
        """The same table in a file that workers of this machine map; one in a file stays there."""
        if not (table.rows.in_memory or table.rows.sparse):
            return table
        folder = tempfile.mkdtemp(prefix="sklearn-deeplifft-")
        # With the end of the fit; a TemporaryDirectory would warn that nobody has closed it.
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        path = Path(folder) / "table.joblib"
        joblib.dump(table, path)
        mapped: TrainingTable = joblib.load(path, mmap_mode="r")
        return mapped


def spreads(n_jobs: int | None, device: str) -> bool:
    """Whether networks go to other processes: asked for, with more than one worker, on the CPU.

    Processes of this machine would share its one accelerator, which one of them fills; those of a
    cluster have what the cluster gives them.
    """
    backend = get_active_backend(prefer="threads")[0]
    if getattr(backend, "supports_sharedmem", False):  # not all of joblib's backends have it
        return False
    if _of_dask(backend):
        return True
    here = type(backend) in OF_THIS_MACHINE
    return effective_n_jobs(n_jobs) > 1 and not (here and device != "cpu")


def _of_dask(backend: ParallelBackendBase) -> bool:
    # joblib has loaded the module where such a backend exists; to load it here, for every user,
    # would load distributed as well, and make half of what an import of this package costs.
    module = sys.modules.get("joblib._dask")
    return module is not None and isinstance(backend, module.DaskDistributedBackend)


def _outputs_of(calls: Sequence[Sequence[Any]], n_jobs: int | None) -> Iterator[tuple[int, Any]]:
    # One task a call: they take long, and are of one length where that could be arranged.
    at_once = get_active_backend(prefer="threads")[0].supports_return_generator
    return_as = "generator_unordered" if at_once else "list"
    work = Parallel(n_jobs, prefer="threads", return_as=return_as, batch_size=1)
    yield from work(delayed(_numbered)(*call) for call in calls)


def _numbered(i: int, function: Callable[..., Any], *call: Any) -> tuple[int, Any]:
    return i, function(*call)
