"""How often n_features_to_select="auto" keeps something that says nothing, and what it misses.

    python -m benchmarks.nulls [--json FILE] [--only DESIGN ...] [--selectors SUFFIX ...]
                               [--draws N] [--quick]

``DeepLIFFTSelector``, ``ImportanceNeuronSelector`` (suffix ``_gates``) and ``GIATransformer``
(``_gia``) of default networks at alpha = 0.1; ``_per_class`` is the union of what is kept for each
class.

Share of 40 tables on which nothing is kept although nothing matters: ``global_null_empty_share``
(300 x 30 normal columns), ``null_empty_sparse`` (300 x 700 counts, 3 % of them not zero, families
of near-copies), ``null_empty_motifs`` (real motif tables of 1,000 rows, labels swapped within pairs
of rows), ``null_empty_wide`` (60 x 5,000), ``null_empty_grouped`` (60 groups of 1 to 30 rows x 30;
rows of a group are alike and have one label, and ``groups=`` is given) and ``null_empty_classes``
(800 x 30, eight classes).
``fdp_*`` and ``power_*``: five columns of 100 matter, 500 rows, 20 tables; the mean share of false
ones among those kept, with its standard error (``_se``), and the share of the five that is found.
Columns are independent, in blocks of correlation 0.7 (as intensities: ``skewed``), near-copies in
families of four, or sparse
counts; three of 60 columns with a common factor matter, 300 rows, each with four neighbours just
below a near-copy (``close``); ``few_rows`` has 300 columns; ``grouped`` has 100 groups of 1 to 30
rows that are alike. Of eight classes and 1,000 rows, ``classes`` gives each one column that raises
it, ``one_class`` two columns to one of them.
``at_chance_*`` are figures of ``benchmarks.chance``: tables of noise and real ones on which
the networks are said to predict no better than chance.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

from benchmarks.chance.figures import on_noise, on_real
from benchmarks.chance.noise import KINDS
from benchmarks.common.measure import write_json
from benchmarks.nulls.selection import GLOBAL_NULLS, PLANTED, SELECTORS, figures_of
from sklearn_deeplifft.networks import torch_threads

QUICK = {"global_null_empty_share": 4, "independent": 2, "copies": 2, "sparse": 2}
"""Tables of each design in the quick form."""

AT_CHANCE = "at_chance"
ALL = (*GLOBAL_NULLS, *PLANTED, AT_CHANCE)


def main() -> None:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.nulls", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--json", metavar="FILE", help="write the figures as one flat object")
    parser.add_argument("--only", nargs="+", choices=ALL, help="these designs alone")
    parser.add_argument(
        "--selectors", nargs="+", choices=["deeplifft", "gates", "gia"], help="these alone"
    )
    parser.add_argument("--draws", type=int, help="tables of each design")
    parser.add_argument("--quick", action="store_true", help="few tables of a few designs")
    options = parser.parse_args()
    began, figures = time.perf_counter(), {}
    asked = ["" if s == "deeplifft" else f"_{s}" for s in options.selectors or ()]
    designs = options.only or (QUICK if options.quick else ALL)
    with torch_threads(1):
        for suffix in asked or SELECTORS:
            for design in designs:
                if design != AT_CHANCE:
                    n = options.draws or _usual_draws(design, options.quick)
                    found = figures_of(design, suffix, n, _reporter(f"{design}{suffix}"))
                    figures |= _printed(found)
        if AT_CHANCE in designs:
            noise = on_noise(list(KINDS), options.draws or 40, 18)
            figures |= _printed(noise | on_real(False, 18, None))
    print(f"{time.perf_counter() - began:.0f} s in all")
    write_json(options.json, figures)


def _usual_draws(design: str, quick: bool) -> int:
    if quick:
        return QUICK.get(design, 2)
    return 40 if design in GLOBAL_NULLS else 20


def _printed(figures: dict[str, float]) -> dict[str, float]:
    for name, value in figures.items():
        print(f"{name:44s} {value:8.3f}", flush=True)
    return figures


def _reporter(stage: str) -> Callable[[str], None]:
    return lambda text: print(f"  {stage}, {text}", flush=True)


if __name__ == "__main__":
    main()
