"""The published study of corrected gradients, on its own networks.

    python -m benchmarks.gradient_correction [--json FILE] [--quick] [--parts NAME ...] [--data DIR]

Eight networks of Majdandzic, Rajesh and Koo (Genome Biology 24:109, 2023), two of each kind, are
held against sequences whose motifs were planted by their recipe. Each part is a file of this
folder, which says what its figures are, and has a function ``figures(quick, data)`` that returns a
flat dict.
"""

from __future__ import annotations

import argparse
import importlib
import time
from collections.abc import Sequence

from benchmarks.common.measure import write_json
from sklearn_deeplifft.networks import torch_threads

PARTS = ("correction", "exactness", "gauge", "networks")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.gradient_correction", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--json", metavar="FILE", help="write the figures as one flat object")
    parser.add_argument("--quick", action="store_true", help="one network of a kind, few sequences")
    parser.add_argument("--parts", nargs="*", choices=PARTS, default=PARTS)
    parser.add_argument("--data", metavar="DIR", help="where the networks and the motifs are")
    options = parser.parse_args(arguments)
    figures: dict[str, float] = {}
    for part in options.parts:
        began = time.perf_counter()
        module = importlib.import_module(f"benchmarks.gradient_correction.{part}")
        with torch_threads(1):
            found = module.figures(options.quick, options.data)
        for name, value in found.items():
            print(f"{name:44s} {value:12.4g}", flush=True)
        print(f"{part}: {time.perf_counter() - began:.0f} s", flush=True)
        figures |= found
    write_json(options.json, figures)


if __name__ == "__main__":
    main()
