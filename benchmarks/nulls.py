"""How often null features let something through that says nothing.

    python -m benchmarks.nulls [--json FILE] [--quick]

Ensembles of 20 networks with null features on generated tables, read by the mean effect of a
one-SD change of each column on the probability of a class; features are selected where q <= 0.1.

``global_null_empty_share``: y independent of X (300 rows, 20 columns); share of the tables on
which nothing is selected. ``fdp_*``: 600 rows, 40 columns, 10 of which carry a logistic target, two
of them also by their product; the mean share of the selected that are not among the 10, and
``power_*``, the share of the 10 that is selected. Columns are independent, or come in blocks of
four with correlation 0.7, one of the 10 in each; then ``fdp_correlated_blocks`` takes nothing for
false that shares a block with a true one. Networks are trained with the rising penalty on the
columns of the first layer, and (``*_plain``) without: null columns are permuted, so they say
nothing of what a column shares with a true one beside it, and only a network that leaves such
columns out keeps them from being selected.
"""

from __future__ import annotations

import argparse
import time
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from benchmarks._measure import write_json
from sklearn_deeplifft.networks import (
    Assignment,
    GateSettings,
    NetSettings,
    Problem,
    Rows,
    Spread,
    Trained,
    TrainingTable,
    learn_together,
    null_rows,
    torch_threads,
)
from sklearn_deeplifft.ranking import deal_folds, network_shares, null_p_values, q_values

ALPHA = 0.1
N_NETWORKS = 20
N_TRUE = 10
BLOCK = 4


class Design(NamedTuple):
    """A generated table; ``true`` (d,) are the columns that the target depends on."""

    X: np.ndarray
    y: np.ndarray
    true: np.ndarray
    block: np.ndarray
    """(d,): which columns are correlated."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", metavar="FILE", help="write the figures as one flat object")
    parser.add_argument("--quick", action="store_true", help="fewer tables")
    options = parser.parse_args()
    began = time.perf_counter()
    n_null, n_planted = (5, 2) if options.quick else (40, 20)
    figures = global_null(n_null)
    figures |= planted("independent", 0.0, n_planted) | planted("correlated", 0.7, n_planted)
    for name, value in figures.items():
        print(f"{name:34s} {value:8.3f}")
    print(f"{time.perf_counter() - began:.0f} s in all")
    write_json(options.json, figures)


def global_null(n_tables: int) -> dict[str, float]:
    """Share of tables without any selected column, the target being noise."""
    found = {"": [], "_plain": []}
    for seed in range(n_tables):
        rng = np.random.default_rng(seed)
        X, y = rng.normal(size=(300, 20)), rng.integers(2, size=300)
        for suffix, empty in found.items():
            empty.append(not selected(X, y, seed, penalty=not suffix).any())
    return {f"global_null_empty_share{s}": float(np.mean(empty)) for s, empty in found.items()}


def planted(name: str, rho: float, n_tables: int) -> dict[str, float]:
    """False discoveries and power where ten columns matter."""
    figures = {}
    for suffix in ("", "_plain"):
        rows = []
        for seed in range(n_tables):
            design = table(rho, seed)
            rows.append(outcome(selected(design.X, design.y, seed, penalty=not suffix), design))
        fdp, of_blocks, power = np.mean(rows, axis=0)
        figures |= {f"fdp_{name}{suffix}": fdp, f"power_{name}{suffix}": power}
        if rho:
            figures[f"fdp_{name}_blocks{suffix}"] = of_blocks
    return {key: float(value) for key, value in figures.items()}


def table(rho: float, seed: int, n: int = 600) -> Design:
    """Ten blocks of four normal columns; the first of each block matters."""
    rng = np.random.default_rng(seed)
    block = np.repeat(np.arange(N_TRUE), BLOCK)
    shared = rng.normal(size=(n, N_TRUE))[:, block]
    X = np.sqrt(rho) * shared + np.sqrt(1 - rho) * rng.normal(size=(n, N_TRUE * BLOCK))
    true = np.arange(N_TRUE * BLOCK) % BLOCK == 0
    carrying = X[:, true]
    logit = carrying @ rng.choice([-1.0, 1.0], N_TRUE) + carrying[:, 0] * carrying[:, 1]
    y = (rng.random(n) < 1 / (1 + np.exp(-logit))).astype(np.int64)
    return Design(X, y, true, block)


def outcome(mask: np.ndarray, design: Design) -> tuple[float, float, float]:
    """Share of false ones, of those in no block of a true one, and of the true that are found."""
    near = np.isin(design.block, design.block[design.true])
    n = max(mask.sum(), 1)
    false = (mask & ~design.true).sum() / n
    return false, (mask & ~near).sum() / n, (mask & design.true).sum() / design.true.sum()


def selected(X: np.ndarray, y: np.ndarray, seed: int, *, penalty: bool) -> np.ndarray:
    """Columns with q <= 0.1, (d,) bool."""
    n, d = X.shape
    gates = GateSettings(tuple(range(d))) if penalty else None
    table = TrainingTable(
        Rows(X), torch.as_tensor(y), torch.ones(n), (X.mean(axis=0), X.std(axis=0))
    )
    parts = assignments(y, seed)
    with torch_threads(1):
        networks = learn_together(
            Problem("softmax", d, 2),
            NetSettings((64, 32), gates=gates),
            table,
            parts,
            np.arange(d),
            Spread(n_jobs=2),
            lambda *args: None,
        )
        pairs = zip(networks, parts, strict=True)
        effects = np.array([mean_effects(trained, part, X) for trained, part in pairs])
    real, null = network_shares(effects[:, :d], effects[:, d:])
    return q_values(null_p_values(real.mean(axis=0), null)) <= ALPHA


def assignments(y: np.ndarray, seed: int) -> list[Assignment]:
    """Each network holds out another of five folds, and has null rows of its own."""
    rng, parts = np.random.RandomState(seed), []
    for j in range(N_NETWORKS):
        if j % 5 == 0:
            fold = deal_folds(y, None, 5, rng)
        rows = np.flatnonzero(fold != j % 5), np.flatnonzero(fold == j % 5)
        own = int(rng.randint(2**31 - 1))
        parts.append(Assignment(*rows, own, nulls=null_rows(len(y), rows, own)))
    return parts


@torch.no_grad()
def mean_effects(trained: Trained, part: Assignment, X: np.ndarray) -> np.ndarray:
    """(2 d,): ``|mean over rows of p(x + SD_j) - p(x)|``, real columns, then null ones."""
    core = trained.with_nulls
    assert isinstance(core, nn.Module)
    Z = torch.as_tensor((X - X.mean(axis=0)) / X.std(axis=0)).float()
    Z = torch.cat([Z, Z[torch.from_numpy(part.nulls)]], dim=1)
    before = core(Z).softmax(1)[:, 1].mean()
    effects = np.empty(Z.shape[1])
    for j in range(Z.shape[1]):
        Z[:, j] += 1
        effects[j] = abs(core(Z).softmax(1)[:, 1].mean() - before)
        Z[:, j] -= 1
    return effects


if __name__ == "__main__":
    main()
