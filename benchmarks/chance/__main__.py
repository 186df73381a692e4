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

import numpy as np

from benchmarks.chance.noise import CHANCE, KINDS, REGRESSION, table
from benchmarks.chance.real import tables
from benchmarks.common.measure import write_json
from sklearn_deeplifft import DeepLIFFTSelector
from sklearn_deeplifft.ensembles import LEVEL
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


def on_noise(kinds: Sequence[str], n_seeds: int, n_networks: int) -> dict[str, float]:
    """Shares of tables of noise that are flagged."""
    flagged, peer = {}, []
    for kind in kinds:
        fits = [fitted(kind in REGRESSION, n_networks, *table(kind, s)) for s in range(n_seeds)]
        flagged[kind] = np.array([ensemble.at_chance_ is True for ensemble in fits])
        peer += [fit.validation_score_interval_[0] <= CHANCE.get(kind, 0.5) for fit in fits]
    shares = {f"at_chance_flagged_{kind}": float(found.mean()) for kind, found in flagged.items()}
    return {
        "at_chance_flagged": float(np.concatenate([*flagged.values()]).mean()),
        "at_chance_flagged_least": min(shares.values(), default=np.nan),
        "at_chance_flagged_final": float(np.mean(peer)),
        **shares,
    }


def on_real(quick: bool, n_networks: int, data: str | None) -> dict[str, float]:
    """Number of real tables that are flagged, which are named."""
    p_values = {}
    for found in tables(quick, data):
        ensemble = fitted(False, n_networks, *found[1:])
        p_values[found.name] = ensemble.chance_p_value_
        if ensemble.at_chance_ is not False:
            print(f"{found.name}: at_chance_ is {ensemble.at_chance_}")
    alarms = [name for name, p in p_values.items() if not p <= LEVEL]
    return {
        "at_chance_real_tables": float(len(p_values)),
        "at_chance_false_alarms": float(len(alarms)),
        "at_chance_largest_p": max(p_values.values(), default=np.nan),
    }


def fitted(regression: bool, n_networks: int, X, y, row_groups):
    """An ensemble as the selector trains it."""
    task = "regression" if regression else "classification"
    ensemble = DeepLIFFTSelector.default_estimator(task, n_networks=n_networks, random_state=0)
    return ensemble.fit(X, y, groups=row_groups)


if __name__ == "__main__":
    main()
