"""Quality of short lists of features, ours and the peers', on real tables.

    python -m benchmarks.quality [--data DIR] [--datasets a,b] [--selectors a,b] [--quick]
                                 [--only quality|stability|summary] [--cells FILE ...]
                                 [--redo a,b] [--label TEXT] [--json FILE]

Every table is cut into three folds (stratified; by mouse for the mice); selectors see two of them
and name their best 3, 5, 10, 20 and 50 features; logistic regression, a random forest and a small
network trained on these columns are judged by balanced accuracy on the third. Lists that would hold
every feature are left out. Of splice junctions a feature is a position, four columns.

A line of ``--cells`` for each (table, split, selector) is written as soon as it is known, and what
is there is not done again, so a run may be stopped, and its tables shared out: several files are
read, the newest of equal cells counts, and new cells go to the first file. ``--redo`` names
selectors whose cells are done again where they are of another version: for ours a digest of the
package's source, or ``--label``. A selector has ten minutes (of processor time, on one thread) for
all splits of a table and is stopped then: it has the worst rank on that table, and margins over it
are means over the splits that it has.

``mean_rank_default`` and ``best_peer_mean_rank`` are means over (table, k) of ranks among all
selectors but "all columns"; ``share_within_001`` is the share of (table, k) at which ours is at
most 0.01 below the best peer, ``margin_*`` its mean lead, and ``hindsight_*`` that of the best of
all selectors at each (table, k), chosen by the scores reported; ``madelon_recall20`` how many of 20
planted columns are in its top 20; ``time_share_of_lassonet`` its time over LassoNet's;
``stability_wins`` the share of tables on which five seeds agree more (Nogueira's index at 20
features) than a forest's do. LassoNet's stability is measured where a fit takes less than 30 s.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from benchmarks._quality_cells import Cell, Cells, append_cell, read_cells
from benchmarks._quality_print import report, stability_report
from benchmarks._quality_run import Plan, run_all
from benchmarks._quality_selectors import OURS, SELECTORS, installed, version
from benchmarks._quality_summary import (
    figures,
    quality_cells,
    stability,
    stability_figures,
    written_rows,
)
from benchmarks._quality_tables import TABLES, QualityTable, load

CELLS = "results/quality.jsonl"
PARTS = {"both": ("quality", "stability"), "summary": ()}
#: A hundred networks, one paper's setting, are left to ``--selectors every``.
USUAL = tuple(name for name in SELECTORS if name != "importance_neurons_paper")
QUICK_TABLES = ("breast_cancer", "sonar", "ionosphere_random")
QUICK = {"n_splits": 1, "n_seeds": 2, "counts": (5, 10), "seconds": 60.0, "affordable": 0.0}


def main(arguments: Sequence[str] | None = None) -> None:
    options = parsed(arguments)
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(1):
        # A quick run measures anew, unless it is told where to keep what it measured.
        fallback = str(Path(folder) / "cells.jsonl") if options.quick else CELLS
        study(options, options.cells or [fallback])


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", metavar="DIR", help="where the tables' folders are")
    parser.add_argument("--datasets", metavar="A,B", help=f"of {', '.join(TABLES)}")
    parser.add_argument(
        "--selectors", metavar="A,B", help=f'of {", ".join(SELECTORS)}; or "every" one of them'
    )
    parser.add_argument("--quick", action="store_true", help="small tables, in five minutes")
    parser.add_argument("--only", choices=("quality", "stability", "summary"), default="both")
    parser.add_argument(
        "--cells", metavar="FILE", nargs="+", help=f"read all, add to the first ({CELLS})"
    )
    parser.add_argument("--redo", metavar="A,B", help="of another version: do these again")
    parser.add_argument("--label", help="version of our selectors, instead of a digest")
    parser.add_argument("--json", metavar="FILE", help="write the figures, and every row")
    options = parser.parse_args(arguments)
    everything = tuple(SELECTORS) if options.selectors == "every" else USUAL
    asked = None if options.selectors == "every" else options.selectors
    usual = QUICK_TABLES if options.quick else tuple(TABLES)
    options.selectors = _named(parser, "--selectors", asked, SELECTORS, everything)
    options.datasets = _named(parser, "--datasets", options.datasets, TABLES, usual)
    options.redo = _named(parser, "--redo", options.redo, SELECTORS, ())
    return options


def _named(parser, option, text, known, usual):
    names = tuple(text.split(",")) if text else usual
    if unknown := [name for name in names if name not in known]:
        parser.error(f"{option} {','.join(unknown)} must be of {', '.join(known)}.")
    return names


def study(options: argparse.Namespace, files: Sequence[str]) -> None:
    """Run what is missing, then show all that there is."""
    began = time.perf_counter()
    tables = list(_tables(options.datasets, options.data))
    selectors = [name for name in options.selectors if _here(name)]
    plan = Plan(
        selectors,
        {name: _version(name, options.label) for name in selectors},
        frozenset(options.redo),
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


def _tables(names: Sequence[str], data_dir: str | None) -> Iterator[QualityTable]:
    for name in names:
        try:
            yield load(name, data_dir)
        except FileNotFoundError as missing:
            print(f"{name} is passed over: {missing}")


def _here(selector: str) -> bool:
    if not installed(selector):
        print(f"{selector} is passed over: pip install {selector}")
    return installed(selector)


def _version(selector: str, label: str | None) -> str:
    return label if label and selector in OURS else version(selector)


def _line(cell: Cell) -> str:
    scores = (f"{k}:{sum(s.values()) / len(s):.3f}" for k, s in cell.scores.items())
    name = f"{cell.table}, split {cell.split}, {cell.selector}, seed {cell.seed}"
    return f"{name:64s} {cell.status:8s}{cell.cpu_seconds:6.1f} s  {' '.join(scores)}{cell.message}"


def show(cells: Cells, tables: Sequence[QualityTable], plan: Plan) -> dict[str, Any]:
    """Print everything; return the flat figures, and ``cells``, a list of rows."""
    shapes = {table.name: (table.X.shape[1], table.stability_count) for table in tables}
    agreement = stability(cells, shapes, plan.n_seeds)
    for line in report(cells, plan.n_splits, plan.counts):
        print(line)
    for line in stability_report(agreement, plan.n_seeds):
        print(line)
    flat = figures(cells, plan.n_splits, plan.counts) | stability_figures(agreement)
    print()
    for name, value in flat.items():
        print(f"{name:26s} {value:8.3f}")
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


if __name__ == "__main__":
    main()
