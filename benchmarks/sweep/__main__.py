"""A grid over numbers of features: how often networks are trained, and how long it takes.

    python -m benchmarks.sweep [--json FILE] [--quick]

``GridSearchCV`` over 20 numbers of features and 5 folds, and a refit on all rows, with
``DeepLIFFTSelector(memory=...)`` and logistic regression. ``trainings_20x5`` is how often networks
began to train in it, written down by the processes that do; ``trainings_20x5_two_processes`` the
same with two workers. ``time_ratio_20_counts_to_1`` is its time over that of the grid with one
number of features, each from an empty folder. Beside it the same grid without ``memory``, which is
what scikit-learn does by itself. Networks are few and small, so that this ends.
"""

from __future__ import annotations

import argparse

from benchmarks.common.measure import write_json
from benchmarks.sweep.search import measure


def main() -> None:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.sweep", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--json", metavar="FILE", help="write the figures as one flat object")
    parser.add_argument("--quick", action="store_true", help="a smaller table, fewer networks")
    options = parser.parse_args()
    figures = measure(500, 1) if options.quick else measure(2000, 3)
    for name, value in figures.items():
        print(f"{name:40s} {value:10.3f}")
    write_json(options.json, figures)


if __name__ == "__main__":
    main()
