"""How often n_features_to_select="auto" selects something that says nothing.

    python -m benchmarks.nulls [--json FILE] [--quick]

``DeepLIFFTSelector`` and (suffix ``_gates``) ``ImportanceNeuronSelector`` with 20 networks select
on generated tables at alpha = 0.1.

``global_null_empty_share``: y independent of X (300 rows, 20 columns); share of the tables on
which nothing is selected. ``fdp_*``: 600 rows, 40 columns, 10 of which carry a logistic target, two
of them also by their product; the mean share of the selected that are not among the 10, and
``power_*``, the share of the 10 that is selected. Columns are independent, or come in blocks of
four with correlation 0.7, one of the 10 in each; then ``fdp_correlated_permuted`` is that of null
columns that are permuted copies, and so say nothing of what a column shares with a true one beside
it. ``*_se`` are standard errors over tables. ``equal_sets_over_5_seeds``: whether five seeds of the
selector select the same of one independent table of 2,000 rows.
"""

from __future__ import annotations

import argparse
import time
from unittest import mock

from benchmarks.common.measure import write_json
from benchmarks.nulls.selection import SELECTORS, of_selector, planted
from sklearn_deeplifft.networks import torch_threads


def main() -> None:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.nulls", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--json", metavar="FILE", help="write the figures as one flat object")
    parser.add_argument("--quick", action="store_true", help="fewer tables")
    options = parser.parse_args()
    began, figures = time.perf_counter(), {}
    n_null, n_planted = (5, 2) if options.quick else (40, 20)
    with torch_threads(1):
        for suffix, make in SELECTORS.items():
            figures |= {
                f"{name}{suffix}": value
                for name, value in of_selector(make, n_null, n_planted).items()
            }
        with mock.patch("sklearn_deeplifft.ensembles._knockoff_map.MOST_COLUMNS", 1):
            permuted = planted("correlated", 0.7, n_planted, SELECTORS[""])
    figures["fdp_correlated_permuted"] = permuted["fdp_correlated"]
    for name, value in figures.items():
        print(f"{name:34s} {value:8.3f}")
    print(f"{time.perf_counter() - began:.0f} s in all")
    write_json(options.json, figures)


if __name__ == "__main__":
    main()
