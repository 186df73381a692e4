"""Rules between two motifs, and what comes back from networks that have learned them.

    python -m benchmarks.motif_interactions [--json FILE] [--quick] [--rows N] [--seeds N]
        [--data DIR]

Motifs of Gabpa and CEBPB, and of MAX as a decoy, in sequences of 120 letters, 2 % of the labels
exchanged. Networks of the default kind for sequences are trained on each rule, with negatives of
all four cells and with negatives that hold neither motif; the epistasis of the pair is read on
sequences of random letters.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

from benchmarks.common.measure import write_json
from benchmarks.motif_interactions.rules import figures
from sklearn_deeplifft.networks import torch_threads


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.motif_interactions", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--json", metavar="FILE", help="write the figures as one flat object")
    parser.add_argument("--quick", action="store_true", help="one seed, two rules, few rows")
    parser.add_argument("--rows", type=int, help="rows of training; 8,000, or 800 when quick")
    parser.add_argument("--seeds", type=int, help="5, or 1 when quick")
    parser.add_argument("--data", metavar="DIR", help="where the matrices of JASPAR 2016 are")
    options = parser.parse_args(arguments)
    began = time.perf_counter()
    with torch_threads(1):
        found = figures(options.quick, options.rows, options.seeds, options.data)
    for name, value in found.items():
        print(f"{name:44s} {value:12.4g}", flush=True)
    print(f"{time.perf_counter() - began:.0f} s", flush=True)
    write_json(options.json, found)


if __name__ == "__main__":
    main()
