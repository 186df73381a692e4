"""Go through tables, splits and selectors; what is there already is not done again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.common.quality_tables import COUNTS, N_SPLITS, QualityTable, Split, half, split
from benchmarks.quality.cells import Cell, Cells, Key
from benchmarks.quality.downstream import LEARNERS, downstream_scores
from benchmarks.quality.limited import limited
from benchmarks.quality.lists import Training
from benchmarks.quality.selectors import COSTLY, RANDOM, SELECTORS


@dataclass(frozen=True)
class Plan:
    """What is asked for.

    Attributes
    ----------
    selectors : sequence of str
    versions : mapping of str to str
        Of each selector, now.
    redo : set of str
        Selectors whose cells of another version are done again.
    n_splits, n_seeds, n_halves : int
        For quality, for stability under seeds, and under other rows.
    counts : sequence of int
    row_counts : sequence of int
        Lengths of list whose stability under other rows is told.
    learners : sequence of str
        Who judges the lists.
    seconds : float
        Processor time of a selector for all splits of a table; and again for all seeds. For all
        halves of the rows as much a fit as for a split.
    affordable : float
        Of a costly selector stability is measured where its first fit took less than this.
    """

    selectors: Sequence[str]
    versions: Mapping[str, str]
    redo: frozenset[str] = frozenset()
    n_splits: int = N_SPLITS
    n_seeds: int = 5
    n_halves: int = 10
    counts: Sequence[int] = COUNTS
    row_counts: Sequence[int] = (10, 20)
    learners: Sequence[str] = LEARNERS
    seconds: float = 600.0
    affordable: float = 30.0


@dataclass
class Study:
    """A table, its splits cut once, and downstream scores that are known already."""

    table: QualityTable
    learners: Sequence[str] = LEARNERS
    known: dict[tuple[int, tuple[int, ...]], Mapping[str, float]] = field(default_factory=dict)
    parts: dict[int, Split] = field(default_factory=dict)

    def part(self, number: int) -> Split:
        if number not in self.parts:
            self.parts[number] = split(self.table, number)
        return self.parts[number]

    def learn_from(self, cells: Cells) -> None:
        """Take over the scores of the lists in these cells."""
        for cell in cells.values():
            if cell.table == self.table.name:
                for k, scores in cell.scores.items():
                    if set(self.learners) <= set(scores):
                        self.known[cell.split, self._columns(cell.lists.get(k, []), k)] = scores

    def scores(self, number: int, columns: list[int], k: int) -> Mapping[str, float]:
        """Of a list of columns; equal lists are judged once."""
        key = number, self._columns(columns, k)
        if key not in self.known:
            self.known[key] = downstream_scores(self.part(number), list(key[1]), self.learners)
        return self.known[key]

    def _columns(self, columns: list[int], k: int) -> tuple[int, ...]:
        return tuple(sorted(columns)) if k else tuple(range(self.table.X.shape[1]))


def quality_keys(study: Study, selector: str, plan: Plan) -> list[Key]:
    """One fit a split, whose number is the seed."""
    return [Key(study.table.name, s, selector, s) for s in range(plan.n_splits)]


def stability_keys(study: Study, selector: str, plan: Plan, cells: Cells) -> list[Key]:
    """Several seeds on the first split's training rows; the first seed is that of quality."""
    keys = [Key(study.table.name, 0, selector, seed) for seed in range(plan.n_seeds)]
    first = cells.get(keys[0])
    slow = selector in COSTLY and (first is None or first.cpu_seconds > plan.affordable)
    return [] if selector not in RANDOM or slow else keys


def row_keys(study: Study, selector: str, plan: Plan) -> list[Key]:
    """Halves of the table's rows, with one seed: what would have been named, had we other rows."""
    if selector == "all":
        return []
    return [Key(study.table.name, 0, selector, 0, number + 1) for number in range(plan.n_halves)]


def run(
    study: Study,
    keys: Sequence[Key],
    plan: Plan,
    cells: Cells,
    seconds: float | None = None,
) -> Iterator[Cell]:
    """Cells that were missing of these keys, of one selector; they share its time."""
    seconds, spent = plan.seconds if seconds is None else seconds, 0.0
    for key in keys:
        known = cells.get(key)
        if known is None or _again(known, plan):
            known = cells[key] = _cell(study, key, plan, seconds - spent)
            yield known
        spent += known.cpu_seconds


def _again(cell: Cell, plan: Plan) -> bool:
    """Failures are tried again, what another state of the code made where it is asked for."""
    outdated = cell.selector in plan.redo and cell.version != plan.versions[cell.selector]
    return outdated or cell.status == "failed"


def _cell(study: Study, key: Key, plan: Plan, seconds: float) -> Cell:
    def made(status: str, spent: float, cpu: float, **more: Any) -> Cell:
        version = plan.versions[key.selector]
        more |= {"finished": time.time(), "resample": key.resample}
        return Cell(*key[:4], version, status, spent, cpu, **more)

    if seconds <= 0:
        return made("timeout", 0.0, 0.0, message="no time was left for this split")
    table = study.table
    part = half(table, key.resample) if key.resample else study.part(key.split)
    counts = [k for k in plan.counts if k in table.counts]
    training = Training(part.X, part.y, part.row_groups, table.blocks, key.seed)
    asked = row_counts(table, plan) if key.resample else sorted({*counts, table.stability_count})
    outcome = limited(SELECTORS[key.selector], (training, asked), seconds)
    if outcome.status != "done":
        return made(outcome.status, outcome.seconds, outcome.cpu_seconds, message=outcome.message)
    scores = {}
    if key.seed == key.split and not key.resample:
        judged = [k for k in outcome.value if k == 0 or k in counts]
        scores = {k: study.scores(key.split, outcome.value[k], k) for k in judged}
    lists = {k: columns for k, columns in outcome.value.items() if k}
    return made("done", outcome.seconds, outcome.cpu_seconds, lists=lists, scores=scores)


def row_counts(table: QualityTable, plan: Plan) -> list[int]:
    """Lengths of list that the table can fill without being whole."""
    return [k for k in plan.row_counts if k < table.n_features]


def run_all(
    tables: Sequence[QualityTable],
    parts: Sequence[str],
    plan: Plan,
    cells: Cells,
    keep: Callable[[Cell], None],
) -> None:
    """One part after the other, of every table; `keep` is given each new cell."""
    studies = [Study(table, plan.learners) for table in tables]
    for part in parts:
        for study in studies:
            study.learn_from(cells)
            for selector in plan.selectors:
                keys, seconds = _asked(part, study, selector, plan, cells)
                for cell in run(study, keys, plan, cells, seconds):
                    keep(cell)
            study.parts.clear()


def _asked(
    part: str, study: Study, selector: str, plan: Plan, cells: Cells
) -> tuple[list[Key], float]:
    """Fits of a part, and the processor time for all of them."""
    if part == "quality":
        return quality_keys(study, selector, plan), plan.seconds
    if part == "stability":
        return stability_keys(study, selector, plan, cells), plan.seconds
    return row_keys(study, selector, plan), plan.seconds * plan.n_halves / plan.n_splits
