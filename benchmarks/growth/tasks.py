"""Tasks whose cost is measured: one fit, or one reading of rows."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.common.count_tables import count_table
from sklearn_deeplifft import DeepLIFFTSelector

__all__ = ["prepare"]


def prepare(
    what: str,
    n: int,
    d: int = 512,
    n_classes: int = 8,
    n_networks: int | None = None,
    density: float = 0.05,
    store: str = "dense",
    max_steps: int | None = None,
) -> Callable[[], object]:
    """Make a table ready and say what is to be measured on it."""
    warnings.simplefilter("ignore")  # of trainings that are too short to be right anywhere
    if what == "score":
        return _scoring(n, d, n_classes, n_networks or 1, density, store)
    X, y = _stored(n, d, n_classes, density, store)
    given = {} if n_networks is None else {"n_networks": n_networks}
    if max_steps is not None:
        given |= {"max_steps": max_steps, "path_steps": max_steps}
    ensemble = DeepLIFFTSelector.default_estimator(**given)
    selector = DeepLIFFTSelector(ensemble, step=None, random_state=0)
    return lambda: selector.fit(X, y)


def _scoring(
    n: int, d: int, n_classes: int, n_networks: int, density: float, store: str
) -> Callable[[], object]:
    X, y = _stored(n, d, n_classes, density, store)
    few = slice(0, 256)
    selectors = [
        DeepLIFFTSelector(
            _network(d, n_classes, seed),
            prefit=True,
            reference="zero" if store == "sparse" else "mean",
        ).fit(X[few], y[few])
        for seed in range(n_networks)
    ]
    # Labelled by the first network itself, so that no row is wrong and left out.
    with torch.no_grad():
        net = _network(d, n_classes, 0)
        starts = range(0, n, 10_000)
        dense = (X[start : start + 10_000] for start in starts)
        parts = [net(torch.from_numpy(_array(part))).argmax(1) for part in dense]
    y = torch.cat(parts).numpy()
    return lambda: [selector.importances(X, y) for selector in selectors]


def _stored(n: int, d: int, n_classes: int, density: float, store: str) -> tuple[Any, np.ndarray]:
    """A table in memory, or in a file that is written block by block and mapped."""
    if store != "file":
        return count_table(n, d, n_classes, density, sparse=store == "sparse")
    path = Path(tempfile.mkdtemp()) / "counts.f32"
    written = np.memmap(path, dtype=np.float32, mode="w+", shape=(n, d))
    block, y = count_table(10_000, d, n_classes, density)
    for start in range(0, n, 10_000):
        written[start : start + 10_000] = block[: n - start]
    written.flush()
    del written
    mapped = np.memmap(path, dtype=np.float32, mode="r", shape=(n, d))
    path.unlink()  # the mapping keeps it until the process ends
    return mapped, np.resize(y, n)


def _network(d: int, n_classes: int, seed: int) -> nn.Sequential:
    torch.manual_seed(seed)
    layers = [nn.Linear(d, 100), nn.ReLU(), nn.Linear(100, 50), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(50, n_classes)).eval().requires_grad_(False)


def _array(part: Any) -> np.ndarray:
    return np.array(part.toarray() if hasattr(part, "toarray") else part)
