"""Sizes that are gone through, and the exponents that they show."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from benchmarks.common.in_process import Cost, cost_of, exponent
from benchmarks.growth.model import fit_operations, score_operations

__all__ = ["figures"]


class Sweep(NamedTuple):
    """One size that grows while all others stay."""

    figure: str
    task: dict[str, Any]
    varied: str
    quick: list[Any]
    full: list[Any]


SCORE = {"what": "score"}
FIT = {"what": "fit", "n": 4_000, "d": 64, "n_classes": 8, "n_networks": 4, "max_steps": 100}
"""Of networks that are stopped early: a step costs the same, and all of them would take days."""

SWEEPS = (
    Sweep("n", SCORE, "n", [20_000, 80_000], [20_000, 140_000, 1_000_000]),
    Sweep(
        "nnz", SCORE | {"n": 40_000, "store": "sparse"}, "density", [0.03, 0.3], [0.03, 0.1, 0.3]
    ),
    Sweep("d", SCORE | {"n": 4_000}, "d", [512, 4_096], [512, 2_048, 10_000]),
    Sweep("classes", SCORE | {"n": 10_000}, "n_classes", [8, 32], [5, 20, 100]),
    Sweep("networks", SCORE | {"n": 4_000}, "n_networks", [5, 20], [5, 30, 200]),
    Sweep("fit_n", FIT, "n", [4_000, 16_000], [4_000, 40_000, 400_000]),
    Sweep("fit_d", FIT, "d", [128, 1_024], [100, 1_000, 10_000]),
    Sweep("fit_classes", FIT, "n_classes", [4, 32], [4, 20, 100]),
    Sweep("fit_networks", FIT, "n_networks", [2, 8], [2, 20, 200]),
)

MAPPED = {"d": 512, "n_classes": 8, "store": "file"}
MILLION = {"what": "fit", "n": 1_000_000, "store": "sparse", "max_steps": 20}


def figures(quick: bool) -> dict[str, float]:
    """Exponents of processor time, and of memory where a table in a file is scored."""
    found, rates = {}, {"score": [], "fit": []}
    for sweep in SWEEPS:
        sizes = sweep.quick if quick else sweep.full
        costs = [_cost(sweep.task | {sweep.varied: size}) for size in sizes]
        found[f"exponent_{sweep.figure}"] = exponent(sizes, [cost.seconds for cost in costs])
        largest = sweep.task | {sweep.varied: sizes[-1]}
        rates[largest["what"]].append(_operations(**largest) / costs[-1].seconds)
    for what, found_rates in rates.items():
        found[f"giga_operations_a_second_{what}"] = float(np.median(found_rates)) / 1e9
        found[f"model_spread_{what}"] = max(found_rates) / min(found_rates)
    few, many = (10_000, 40_000) if quick else (50_000, 200_000)
    scored = [_cost(MAPPED | {"what": "score", "n": n}).peak_gb for n in (few, many)]
    found["extra_gb_of_4_times_the_rows"] = scored[1] - scored[0]
    trained = _cost(MAPPED | {"what": "fit", "n": many, "n_networks": 4, "max_steps": 20})
    found["peak_gb_mapped"] = trained.peak_gb
    if not quick:
        found["peak_gb_1m_sparse"] = _cost(MILLION).peak_gb
    return found


def _operations(what: str, **size: Any) -> float:
    return fit_operations(**size) if what == "fit" else score_operations(**size)


def _cost(task: dict[str, Any]) -> Cost:
    return cost_of("benchmarks.growth", **task)
