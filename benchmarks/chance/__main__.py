"""Shares of networks at chance, and of others, that say so.

    python -m benchmarks.chance [--json FILE] [--quick] [--seeds N] [--networks N] [--data DIR]

The default ensemble of ``DeepLIFFTSelector`` is fitted on tables without any signal, of twelve
kinds and 40 seeds each, and on the real tables of ``benchmarks.quality`` and of ``development``.

``at_chance_flagged_*``: share of the tables of a kind on which ``at_chance_`` is True;
``at_chance_flagged`` of all of them, and ``at_chance_flagged_least`` of the kind on which it is
least often. ``at_chance_false_alarms``: number of the ``at_chance_real_tables`` on which it is True
(these are named), and ``at_chance_largest_p``, the largest p-value of them. ``..._final`` is the
peer: the share that would be flagged by the usual rule, that the 95 % interval of the mean
validation score of the networks holds chance.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

from benchmarks.chance.figures import on_noise, on_real
from benchmarks.chance.noise import KINDS
from benchmarks.common.measure import write_json
from sklearn_deeplifft.networks import torch_threads


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.chance", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--json", metavar="FILE", help="write the figures as one flat object")
    parser.add_argument("--quick", action="store_true", help="two seeds, narrow kinds, two tables")
    parser.add_argument("--seeds", type=int, default=40, help="tables of each kind")
    parser.add_argument("--networks", type=int, default=18, help="of an ensemble")
    parser.add_argument("--kinds", nargs="*", choices=KINDS, help="noise to draw; default: all")
    parser.add_argument("--no-real", action="store_true", help="noise alone")
    parser.add_argument("--data", metavar="DIR", help="where the real tables are")
    options = parser.parse_args(arguments)
    began = time.perf_counter()
    n_networks, seeds, kinds = options.networks, options.seeds, options.kinds
    if options.quick:
        n_networks, seeds, kinds = 10, 2, ["dense", "regression", "grouped"]
    with torch_threads(1):
        figures = on_noise(KINDS if kinds is None else kinds, seeds, n_networks)
        if not options.no_real:
            figures |= on_real(options.quick, n_networks, options.data)
    for name, value in figures.items():
        print(f"{name:36s} {value:8.3f}")
    print(f"{time.perf_counter() - began:.0f} s in all")
    write_json(options.json, figures)


if __name__ == "__main__":
    main()
