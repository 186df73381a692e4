"""Effects of interventions: speed beside peers, coverage of intervals, null features.

    python -m benchmarks.gia [--json FILE] [--quick] [--only speed|coverage|nulls|experiments]

Speed: 512 features x 8 classes x 1,000 background rows through 512-200-100-8, one intervention a
feature, beside full forward passes, captum's ``FeatureAblation`` and the bare matrix products of
the layers above the first (by ``torch.mm`` or as the engine asks for them, whichever is quicker);
all pairs of 128 features on 64 rows. Coverage: how often 95 % intervals over networks hold a known
truth. Nulls: how often nothing is reported where there is nothing. Experiments: the negative-set
experiment, and two real tables where ``../shared/data`` (or ``--data DIR``) is there; and how often
slopes and effects of the same networks have the same sign.
"""

from __future__ import annotations

import argparse
import time

from benchmarks.common.measure import N_CORES, write_json
from benchmarks.gia.experiments import doses_of_ctcf, negative_sets, on_crx, on_starr
from benchmarks.gia.signs import slope_signs
from benchmarks.gia.simulations import coverage, null_share
from benchmarks.gia.speed import speed, speed_of_pairs


def main() -> None:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.gia", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--json", metavar="FILE", help="write the figures as one flat object")
    parser.add_argument("--quick", action="store_true", help="fewer features, rows and seeds")
    parser.add_argument("--only", choices=["speed", "coverage", "nulls", "experiments"])
    parser.add_argument("--data", metavar="DIR", default="../shared/data")
    options = parser.parse_args()
    began, figures = time.perf_counter(), {}
    parts = {
        "speed": lambda: speed(options.quick) | speed_of_pairs(options.quick),
        "coverage": lambda: coverage(20 if options.quick else 200),
        "nulls": lambda: null_share(3 if options.quick else 40),
        "experiments": lambda: (
            negative_sets()
            | on_crx(options.data, options.quick)
            | on_starr(options.data)
            | doses_of_ctcf(options.data)
            | slope_signs(options.data, options.quick)
        ),
    }
    for name, part in parts.items():
        if options.only in (None, name):
            figures |= part()
    for name, value in figures.items():
        print(f"{name:40s} {value:12.4f}")
    print(f"{time.perf_counter() - began:.0f} s in all, {N_CORES} cores")
    write_json(options.json, figures)


if __name__ == "__main__":
    main()
