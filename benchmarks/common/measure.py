"""Clocks and memory, measured the same way in every benchmark."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

N_CORES = os.cpu_count() or 1
"""Cores of this machine."""


def interleaved_seconds(runs: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Shortest time of each, taking turns, so that a slow spell of the machine hits all alike."""
    for run in runs.values():
        run()
    times = {name: [] for name in runs}
    for _ in range(repeats):
        for name, run in runs.items():
            times[name].append(_seconds(run))
    return {name: min(found) for name, found in times.items()}


def _seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


class PeakMemory:
    """Largest growth of this process's private memory within the block, in megabytes.

    Pages of a memory-mapped file are the system's to drop and do not count.
    """

    def __enter__(self) -> PeakMemory:
        self._before = self._peak = _private_bytes()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._done.set()
        self._thread.join()
        self.in_all = self._peak  # bytes
        self.megabytes = (self._peak - self._before) / 1e6

    def _watch(self) -> None:
        while not self._done.wait(0.002):
            self._peak = max(self._peak, _private_bytes())


def _private_bytes() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("this system does not report RssAnon in /proc/self/status")


def write_json(path: str | None, figures: Mapping[str, float]) -> None:
    """Write one flat object, name to number."""
    if path:
        Path(path).write_text(json.dumps(dict(figures), indent=2) + "\n")
