"""What the quality benchmark shows a reader."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from benchmarks.quality.cells import Cells
from benchmarks.quality.selectors import PEERS
from benchmarks.quality.summary import (
    DEFAULT,
    TOLERANCE,
    by_count,
    by_split,
    margins,
    mean_ranks,
    planted_found,
    quality_cells,
    rows,
    tried_tables,
)

WIDTH = 10
SHORT = {
    "importance_neurons": "imp.neur.",
    "deeplifft_paper": "dl.paper",
    "importance_neurons_paper": "in.paper",
    "extra_trees": "x.trees",
    "mutual_info": "mut.info",
    "logistic_elimination": "log.elim.",
    "stability_selection": "stab.sel.",
}


def report(cells: Cells, n_splits: int, counts: Sequence[int]) -> Iterator[str]:
    """Lines on quality."""
    of_quality = quality_cells(cells, n_splits)
    found = rows(of_quality, counts)
    if found.empty:
        return
    scores = by_split(of_quality, counts)
    everything = found[found["k"] == 0].groupby("table")["balanced_accuracy"].mean()
    yield "Mean balanced accuracy over learners and splits; * best of the row, < ours by more than"
    yield f"{TOLERANCE} below the best peer on the same splits, - no result on some split; cpu s:"
    yield "processor time of all splits"
    less = margins(scores) if DEFAULT in scores else pd.DataFrame(index=by_count(scores).index)
    worst = less[[name for name in less if name in PEERS]].min(axis=1)
    means = by_count(scores)
    for table, of_table in means.groupby(level="table", sort=False):
        yield ""
        total = f"   all columns {everything[table]:.3f}" if table in everything else ""
        yield f"{table}{total}"
        yield "     k" + "".join(f"{SHORT.get(name, name):>{WIDTH}}" for name in means)
        for (_, k), row in of_table.iterrows():
            lost = f"  < {worst[table, k]:.3f}" if worst[table, k] < -TOLERANCE else ""
            yield f"{k:6d}" + "".join(map(_score, row, row == row.max())) + lost
        spent = _seconds({key: cell for key, cell in of_quality.items() if key.table == table})
        # One that was not tried on the table yet has spent nothing.
        yield " cpu s" + "".join(f"{spent.get(name, 0.0):{WIDTH - 1}.1f} " for name in means)
    yield from _totals(of_quality, n_splits, means)


def _score(value: float, best: bool) -> str:
    if pd.isna(value):
        return f"{'-':>{WIDTH}}"
    return f"{value:{WIDTH - 1}.3f}" + ("*" if best else " ")


def _totals(cells: Cells, n_splits: int, means: pd.DataFrame) -> Iterator[str]:
    tables = tried_tables(cells, n_splits)
    counted = means[means.index.get_level_values("table").isin(tables)]
    left_out = sorted({key.table for key in cells} - set(tables))
    yield ""
    if left_out:
        yield f"Not every selector was tried yet on {', '.join(left_out)}: not in the figures."
    if len(counted):
        yield f"Mean rank over {len(counted)} (table, k): " + _named(mean_ranks(counted), ".2f")
    yield "Seconds of processor time in all: " + _named(_seconds(cells), ".0f")
    recall = {name: planted_found(cells, name) for name in means}
    found = {name: sum(n) / len(n) for name, n in recall.items() if n}
    if found:
        yield "MADELON's 20 columns in the top 20: " + _named(found, ".1f")
    yield from _without_result(cells)
    yield from _mixed(cells)


def _seconds(cells: Cells) -> dict[str, float]:
    total: dict[str, float] = {}
    for key, cell in cells.items():
        total[key.selector] = total.get(key.selector, 0.0) + cell.cpu_seconds
    return total


def _mixed(cells: Cells) -> Iterator[str]:
    for name in dict.fromkeys(key.selector for key in cells):
        versions = {cell.version for cell in cells.values() if cell.selector == name}
        if len(versions) > 1:
            yield f"{name} is of several versions: {', '.join(sorted(versions))}"


def _without_result(cells: Cells) -> Iterator[str]:
    for key, cell in cells.items():
        if cell.status != "done":
            reason = cell.message.strip().splitlines()[-1:] or [""]
            yield f"{cell.status}: {key.selector} on {key.table}, split {key.split}: {reason[0]}"


def stability_report(found: pd.DataFrame, n_seeds: int) -> Iterator[str]:
    """Lines on stability."""
    if found.empty:
        return
    yield ""
    yield f"Agreement (Nogueira) of {n_seeds} seeds on the same rows, 20 features or half of them"
    yield f"{'':26s}" + "".join(f"{SHORT.get(name, name):>{WIDTH}}" for name in found)
    for table, row in found.iterrows():
        yield f"{table:26s}" + "".join(map(_score, row, row == row.max()))


def rows_report(found: pd.DataFrame, n_halves: int) -> Iterator[str]:
    """Lines on stability under other rows."""
    if found.empty:
        return
    yield ""
    yield f"Agreement (Nogueira) of {n_halves} halves of the rows, with one seed"
    yield f"{'':26s}{'k':>4s}" + "".join(f"{SHORT.get(name, name):>{WIDTH}}" for name in found)
    for (table, k), row in found.iterrows():
        yield f"{table:26s}{k:4d}" + "".join(map(_score, row, row == row.max()))


def _named(values: Mapping[str, float] | pd.Series, form: str) -> str:
    return ", ".join(f"{name} {value:{form}}" for name, value in values.items())
