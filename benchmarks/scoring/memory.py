"""Memory that scoring a table in a file takes beside the file."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np

from benchmarks.common.measure import PeakMemory
from benchmarks.scoring.network import N_CLASSES, N_FEATURES, counts, network
from sklearn_deeplifft import DeepLIFFTSelector


def memory(n_rows: int) -> dict[str, float]:
    """Peak extra private memory while a memory-mapped table is scored, in a fresh process."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.scoring", "--measure-memory", str(n_rows)],
        check=True,
        capture_output=True,
        text=True,
    )
    megabytes = float(done.stdout.split()[-1])
    name = f"peak_extra_mb_{n_rows // 1000}k"
    print(f"  scoring {n_rows:,} x {N_FEATURES} from a memory map: {megabytes:.0f} MB extra")
    return {name: megabytes}


def measure_memory(n_rows: int) -> float:
    """Score a table of ``n_rows`` that lives in a file."""
    net = network()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "counts.f32"
        table = np.memmap(path, dtype=np.float32, mode="w+", shape=(n_rows, N_FEATURES))
        for start in range(0, n_rows, 10_000):
            rows = min(10_000, n_rows - start)
            table[start : start + rows] = counts(rows).numpy()
        table.flush()
        table = np.memmap(path, dtype=np.float32, mode="r", shape=(n_rows, N_FEATURES))
        y = np.arange(n_rows) % N_CLASSES
        few = slice(0, 512)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            selector = DeepLIFFTSelector(net, prefit=True).fit(table[few], y[few])
            with PeakMemory() as peak:
                selector.importances(table, y)
    return peak.megabytes
