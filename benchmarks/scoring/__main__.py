"""Speed of scoring: against the bare matrix products, and against captum and shap.

    python -m benchmarks.scoring [--json FILE] [--quick]

13,577 rows x 512 motif counts x 8 classes through 512-200-100-8, all classes: decomposition,
softmax increments and aggregation. The network is freshly drawn and each row's label is the
network's own prediction, so that every row is correct and none is skipped. Every ratio is of
times measured in this run, taking turns.
"""

from __future__ import annotations

import argparse
import time

from benchmarks.common.measure import write_json
from benchmarks.scoring.memory import measure_memory, memory
from benchmarks.scoring.network import N_ROWS
from benchmarks.scoring.speed import speed


def main() -> None:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.scoring", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--json", metavar="FILE", help="write the figures as one flat object")
    parser.add_argument("--quick", action="store_true", help="fewer rows and repeats")
    parser.add_argument("--measure-memory", type=int, metavar="ROWS", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure_memory:
        print(measure_memory(options.measure_memory))
        return
    start = time.perf_counter()
    figures = speed(3_000 if options.quick else N_ROWS, 2 if options.quick else 7)
    for n_rows in (5_000, 20_000) if options.quick else (50_000, 200_000):
        figures |= memory(n_rows)
    for name, value in figures.items():
        print(f"{name:40s} {value:10.3f}")
    print(f"{time.perf_counter() - start:.0f} s in all")
    write_json(options.json, figures)


if __name__ == "__main__":
    main()
