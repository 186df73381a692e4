"""Planted columns of motif counts: how many of them each ranking puts first.

    python -m benchmarks.planted [--rows 10000,54495] [--draws 3] [--json FILE] [--quick]

Tables of ``make_motif_counts``, 512 columns and 8 classes, of which 128 columns matter, 16 of them
in pairs alone. ``recall_*`` is the share of the 128 among the first 128 of a ranking, ``pairs_*``
the share of the 16 there, ``right_*`` the share of 5,000 other rows that the model predicts right,
and ``seconds_*`` its processor time: means over draws of the table. Ours is
``DeepLIFFTSelector()``, its predictions are those of its networks on all columns; beside it a
random forest of 500 trees and LightGBM by gain, each on one thread.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from threadpoolctl import threadpool_limits

from benchmarks.common.measure import write_json
from benchmarks.planted.rankings import over_draws

FULL = {"n_features": 512, "n_classes": 8}
QUICK = {"n_features": 128, "n_classes": 4}


def main(arguments: Sequence[str] | None = None) -> None:
    """Print every figure, and write them."""
    parser = argparse.ArgumentParser(
        "python -m benchmarks.planted", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--rows", metavar="N,N", default="10000,54495", help="sizes of the table")
    parser.add_argument("--draws", metavar="N", type=int, default=3, help="tables of each size")
    parser.add_argument("--json", metavar="FILE", help="write the figures as one flat object")
    parser.add_argument("--quick", action="store_true", help="one table of 3,000 rows")
    options = parser.parse_args(arguments)
    sizes = [3000] if options.quick else [int(n) for n in options.rows.split(",")]
    figures: dict[str, float] = {}
    with threadpool_limits(1):
        for n in sizes:
            shape, draws = (QUICK, 1) if options.quick else (FULL, options.draws)
            found = over_draws(n, draws, **shape)
            figures |= {f"{name}_{n}": value for name, value in found.items()}
    for name, value in figures.items():
        print(f"{name:40s} {value:10.3f}")
    write_json(options.json, figures)


if __name__ == "__main__":
    main()
