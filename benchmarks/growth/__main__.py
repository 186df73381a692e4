"""Time and memory of fits and readings against rows, columns, classes and networks.

    python -m benchmarks.growth [--json FILE] [--quick]

Each task runs on one thread in a process of its own, and its processor time is that of the process,
so that other work on the machine changes little. ``exponent_X`` is the slope of log time over log
X: 1 is linear. ``exponent_n``, ``_nnz``, ``_d``, ``_classes`` and ``_networks`` are of scoring rows
of counts, with the time that every process takes to begin; ``exponent_fit_*`` of fits without
elimination, of 100 steps or one epoch. ``giga_operations_a_second_*`` is the rate at which the
operations of ``model.py`` are worked off, at the largest size of each; ``model_spread_*`` is the
highest of these rates over the lowest, 1 if the model knew all. ``extra_gb_of_4_times_the_rows`` is
by how much more private memory scores 200,000 x 512 counts in a file than 50,000, and
``peak_gb_mapped`` the largest private memory of a process that trains on the former;
``peak_gb_1m_sparse`` that of one that trains the default networks on 1,000,000 x 512 CSR counts x 8
classes, for one epoch, and scores every row with each of them.
"""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.common.in_process import run_task, task_parser
from benchmarks.common.measure import write_json
from benchmarks.growth.sizes import figures
from benchmarks.growth.tasks import prepare


def main(arguments: Sequence[str] | None = None) -> None:
    """Print every figure, and write them."""
    parser = task_parser("benchmarks.growth", __doc__.splitlines()[0], "two small sizes of each")
    options = parser.parse_args(arguments)
    if options.task:
        run_task(prepare, options.task)
        return
    found = figures(options.quick)
    for name, value in found.items():
        print(f"{name:40s} {value:10.3f}")
    write_json(options.json, found)


if __name__ == "__main__":
    main()
