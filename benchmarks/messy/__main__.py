"""Read every messy table, and say which readings are not the expected ones.

``messy_wrong 0`` is what must be printed; any other number ends with status 1.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.common.measure import write_json
from benchmarks.messy import files, formats, numbers, texts
from benchmarks.messy.case import Case, faults

__all__ = ["CASES", "main"]

CASES: list[Case] = [*numbers.CASES, *texts.CASES, *files.CASES, *formats.CASES]


def main(argv: Sequence[str] | None = None) -> int:
    """Print a line for each fault, and the numbers of tables and of wrong readings."""
    parser = argparse.ArgumentParser("python -m benchmarks.messy", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the same; it takes seconds")
    parser.add_argument("--json", metavar="FILE", help="write the figures as one flat object")
    parser.add_argument("--only", default="", help="tables whose name holds this")
    args = parser.parse_args(argv)
    cases = [case for case in CASES if args.only in case.name]
    wrong = 0
    for case in cases:
        with tempfile.TemporaryDirectory() as folder:
            found = faults(case, Path(folder))
        wrong += bool(found)
        for fault in found:
            print(f"{case.name}: {fault}")
    figures = {"messy_tables": len(cases), "messy_wrong": wrong}
    for name, value in figures.items():
        print(f"{name} {value}")
    write_json(args.json, figures)
    return int(wrong > 0)


if __name__ == "__main__":
    raise SystemExit(main())
