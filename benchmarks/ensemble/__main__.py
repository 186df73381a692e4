"""Many networks trained as one: speed beside skorch, and rankings that are the same tomorrow.

    python -m benchmarks.ensemble [--json FILE] [--quick] [--only speed|rankings]

Speed: the networks of this package and the same networks as a user of skorch writes them, one fit
after another, on the same cores in the same run; and the machine's own rate of matrix products.
``networks_unlike_in_another_batch``: of four networks those that differ in a bit when other
networks are in their batch.
Rankings: Cleveland (the paper's table, beside the gates that were published) and MADELON (20
planted columns of 500), every fit with the default settings or with the paper's.
"""

from __future__ import annotations

import argparse
import sys
import time

from benchmarks.common.gate_tables import present
from benchmarks.common.measure import write_json
from benchmarks.ensemble.rankings import on_cleveland, on_madelon
from benchmarks.ensemble.speed import small, wide

SHARES = """\
matmul_share_*: the operations of our products a second of our training, by those of one product of
2048 x 2048 matrices on all cores. matmul_share_100_small_same_shapes: the time of the same products
alone, in the small shapes that batches of separate networks have, by our time; products that are
too small for the full rate are not held against us."""


def main() -> None:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.ensemble", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--json", metavar="FILE", help="write the figures as one flat object")
    parser.add_argument("--quick", action="store_true", help="fewer networks, rows and epochs")
    parser.add_argument("--only", choices=["speed", "rankings"], help="one half")
    options = parser.parse_args()
    began, figures = time.perf_counter(), {}
    if options.only != "rankings":
        figures |= small(options.quick) | wide(options.quick)
    if options.only != "speed":
        if present():
            figures |= on_cleveland(options.quick) | on_madelon(options.quick)
        else:
            print("Cleveland and MADELON are not here: no rankings.", file=sys.stderr)
    for name, value in figures.items():
        print(f"{name:40s} {value:10.3f}")
    if "speedup_100_small" in figures:
        print(SHARES)
    print(f"{time.perf_counter() - began:.0f} s in all")
    write_json(options.json, figures)


if __name__ == "__main__":
    main()
