"""Running what is missing of a study, and showing all that there is."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.common.quality_tables import QualityTable
from benchmarks.quality.cells import Cell, Cells, append_cell, read_cells
from benchmarks.quality.print import report, rows_report, stability_report
from benchmarks.quality.run import Plan, row_counts, run_all
from benchmarks.quality.selectors import OURS, installed, version
from benchmarks.quality.summary import (
    figures,
    quality_cells,
    stability,
    stability_figures,
    written_rows,
)
from benchmarks.quality.under_rows import stability_rows, stability_rows_figures

PARTS = {"both": ("quality", "stability"), "summary": ()}
QUICK = {
    "n_splits": 1,
    "n_seeds": 2,
    "n_halves": 3,
    "counts": (5, 10),
    "seconds": 60.0,
    "affordable": 0.0,
}


def study(options: argparse.Namespace, files: Sequence[str]) -> None:
    """Run what is missing, then show all that there is."""
    began = time.perf_counter()
    tables = list(_tables(options.datasets, options.known, options.data))
    selectors = [name for name in options.selectors if _here(name)]
    plan = Plan(
        selectors,
        {name: _version(name, options.label) for name in selectors},
        frozenset(options.redo),
        learners=options.learners,
        **(QUICK if options.quick else {}),
    )
    cells = read_cells(files)

    def keep(cell: Cell) -> None:
        append_cell(files[0], cell)
        print(_line(cell), flush=True)

    run_all(tables, PARTS.get(options.only, (options.only,)), plan, cells, keep)
    names = {table.name for table in tables}
    shown = {k: c for k, c in cells.items() if k.table in names and k.selector in selectors}
    write(options.json, show(shown, tables, plan))
    print(f"{time.perf_counter() - began:.0f} s in all")


def _tables(
    names: Sequence[str], known: Mapping[str, Any], data_dir: str | None
) -> Iterator[QualityTable]:
    for name in names:
        try:
            yield known[name](data_dir)
        except FileNotFoundError as missing:
            print(f"{name} is passed over: {missing}")


def _here(selector: str) -> bool:
    if not installed(selector):
        print(f"{selector} is passed over: pip install 'sklearn-deeplifft[bench]'")
    return installed(selector)


def _version(selector: str, label: str | None) -> str:
    return label if label and selector in OURS else version(selector)


def _line(cell: Cell) -> str:
    scores = (f"{k}:{sum(s.values()) / len(s):.3f}" for k, s in cell.scores.items())
    name = f"{cell.table}, split {cell.split}, {cell.selector}, seed {cell.seed}"
    name += f", half {cell.resample}" if cell.resample else ""
    return f"{name:64s} {cell.status:8s}{cell.cpu_seconds:6.1f} s  {' '.join(scores)}{cell.message}"


def show(cells: Cells, tables: Sequence[QualityTable], plan: Plan) -> dict[str, Any]:
    """Print everything; return the flat figures, and ``cells``, a list of rows."""
    shapes = {table.name: (table.X.shape[1], table.stability_count) for table in tables}
    agreement = stability(cells, shapes, plan.n_seeds)
    for line in report(cells, plan.n_splits, plan.counts):
        print(line)
    for line in stability_report(agreement, plan.n_seeds):
        print(line)
    asked = {table.name: (table.X.shape[1], row_counts(table, plan)) for table in tables}
    under_rows = stability_rows(cells, asked, plan.n_halves)
    for line in rows_report(under_rows, plan.n_halves):
        print(line)
    flat = figures(cells, plan.n_splits, plan.counts)
    flat |= stability_figures(agreement) | stability_rows_figures(under_rows)
    print()
    for name, value in flat.items():
        print(f"{name:38s} {value:8.3f}")
    return flat | {"cells": written_rows(quality_cells(cells, plan.n_splits), plan.counts)}


def write(path: str | None, found: dict[str, Any]) -> None:
    """One object; of its rows each has a line."""
    if not path:
        return
    listed = ",\n".join("    " + json.dumps(row) for row in found["cells"])
    flat = json.dumps({k: v for k, v in found.items() if k != "cells"}, indent=2)
    inside = flat[1:-2] + ",\n" if len(found) > 1 else "\n"
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text("{" + inside + '  "cells": [\n' + listed + "\n  ]\n}\n")
