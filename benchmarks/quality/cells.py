"""What is kept of a fit, one line of a file each, so that a run may be stopped and go on."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import NamedTuple


class Key(NamedTuple):
    """Which fit: with the seed of its split for quality, with others for stability.

    Under other rows, `resample` is the number of the half of the table's rows, from 1.
    """

    table: str
    split: int
    selector: str
    seed: int
    resample: int = 0


@dataclass(frozen=True)
class Cell:
    """One selector on the training rows of one split.

    Attributes
    ----------
    table, split, selector, seed
        Its key.
    version : str
        Of the selector's code.
    status : {"done", "timeout", "failed"}
    seconds, cpu_seconds : float
        Of the fit by the clock and by the processor, or spent in vain; 0 where nothing was left of
        the table's time.
    lists : mapping of int to list of int
        Columns selected, best first, for each number of features; 0 stands for all columns, and
        these are not written down.
    scores : mapping of int to mapping of str to float
        Balanced accuracy of each downstream learner with each list; empty where only stability was
        asked for.
    message : str
        Why there is no result.
    finished : float
        Seconds since 1970; of two cells with one key the newer counts.
    resample : int
        The rest of its key.
    """

    table: str
    split: int
    selector: str
    seed: int
    version: str
    status: str
    seconds: float
    cpu_seconds: float
    lists: Mapping[int, list[int]] = field(default_factory=dict)
    scores: Mapping[int, Mapping[str, float]] = field(default_factory=dict)
    message: str = ""
    finished: float = 0.0
    resample: int = 0

    @property
    def key(self) -> Key:
        return Key(self.table, self.split, self.selector, self.seed, self.resample)


Cells = dict[Key, Cell]


def read_cells(paths: Iterable[str | Path]) -> Cells:
    """All cells of these files, the newest of each key; files that are not there hold none."""
    found: Cells = {}
    for path in map(Path, paths):
        lines = path.read_text().splitlines() if path.exists() else []
        for number, line in enumerate(lines, start=1):
            try:
                cell = _parsed(line)
            except ValueError:  # a run was ended while it wrote this line
                print(f"{path}:{number} is no cell and is passed over", file=sys.stderr)
                continue
            known = found.get(cell.key)
            if known is None or known.finished <= cell.finished:
                found[cell.key] = cell
    return found


def append_cell(path: str | Path, cell: Cell) -> None:
    """Write one line at the end of a file, which is made if need be."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        if file.tell() and not _ends_line(file):
            file.write(b"\n")
        file.write(json.dumps(asdict(cell), separators=(",", ":")).encode() + b"\n")


def _ends_line(file) -> bool:
    file.seek(-1, 2)
    return file.read(1) == b"\n"


def _parsed(line: str) -> Cell:
    found = json.loads(line)
    for name in ("lists", "scores"):  # JSON has no numbers as keys
        found[name] = {int(k): value for k, value in found[name].items()}
    return Cell(**found)
