"""Sizes that default fits are measured at, and what they are compared with."""

from __future__ import annotations

import time

from benchmarks.common.gate_tables import present
from benchmarks.common.in_process import Cost, cost_of, exponent

__all__ = ["MOTIFS", "PAPER", "default_fits", "paper"]

MOTIFS = {"table": "motifs", "n": 4_000, "d": 192}
PAPER = {"table": "motifs", "n": 54_495, "d": 512}


def default_fits(quick: bool) -> dict[str, float]:
    """Growth of the default fit, its cost over a forest's, and seconds on known tables."""
    rows = [1_000, 4_000] if quick else [2_000, 20_000, 200_000]
    columns = [16, 64] if quick else [50, 500, 5_000]
    few = {"d": 16, "n_classes": 4} if quick else {"d": 50, "n_classes": 8}
    by_rows = [_fit(n=n, **few) for n in rows]
    by_columns = [_fit(n=1_000 if quick else 2_000, d=d, n_classes=4) for d in columns]
    forest = _cost("forest", n=rows[1], **few)
    found = {
        "exponent_n": exponent(rows, [cost.seconds for cost in by_rows]),
        "exponent_d": exponent(columns, [cost.seconds for cost in by_columns]),
        "fit_over_forest": by_rows[1].seconds / forest.seconds,
        "seconds_fit": by_rows[1].seconds,
        "peak_gb_fit": by_rows[-1].peak_gb,
    }
    if not quick:
        found["seconds_motifs"] = _fit(**MOTIFS).seconds
        if present():
            found |= {f"seconds_{name}": _fit(table=name).seconds for name in ("madelon", "isolet")}
    return found


def paper() -> dict[str, float]:
    """The default fit at the paper's size, beside a forest; and 20 counts x 5 folds and a refit."""
    fit, forest = _fit(**PAPER), _cost("forest", **PAPER)
    began = time.perf_counter()
    _cost("job", **PAPER)
    return {
        "paper_fit_over_forest": fit.seconds / forest.seconds,
        "paper_fit_seconds": fit.seconds,
        "peak_gb_paper": fit.peak_gb,
        "paper_job_minutes": (time.perf_counter() - began) / 60,
    }


def _fit(**table: object) -> Cost:
    return _cost("fit", **table)


def _cost(what: str, **table: object) -> Cost:
    return cost_of("benchmarks.cost", what=what, **table)
