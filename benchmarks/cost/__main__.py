"""Processor time and memory of default fits of ``DeepLIFFTSelector``, beside a random forest's.

    python -m benchmarks.cost [--json FILE] [--quick] [--paper]

Each fit runs on one thread in a process of its own, and its time is the processor's.
``fit_over_forest`` is the time of the default fit over that of 500 trees on the same table;
``exponent_n`` and ``exponent_d`` are slopes of log time over log rows (2,000 to 200,000) and log
columns (50 to 5,000). With ``--paper`` the same at the paper's size, 54,495 x 512 x 8, and
``paper_job_minutes``, minutes of the clock for 20 numbers of features x 5 folds and a refit with
``memory`` and two workers.
"""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.common.in_process import run_task, task_parser
from benchmarks.common.measure import write_json
from benchmarks.cost.figures import default_fits, paper
from benchmarks.cost.tasks import prepare


def main(arguments: Sequence[str] | None = None) -> None:
    """Print every figure, and write them."""
    parser = task_parser("benchmarks.cost", __doc__.splitlines()[0], "smaller tables")
    parser.add_argument("--paper", action="store_true", help="the paper's size too: an hour")
    options = parser.parse_args(arguments)
    if options.task:
        run_task(prepare, options.task)
        return
    found = default_fits(options.quick) | (paper() if options.paper else {})
    for name, value in found.items():
        print(f"{name:40s} {value:10.3f}")
    write_json(options.json, found)


if __name__ == "__main__":
    main()
