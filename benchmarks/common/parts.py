"""The command line of a benchmark whose parts are files of its folder."""

from __future__ import annotations

import argparse
import importlib
import time
from collections.abc import Sequence

from benchmarks.common.measure import write_json
from sklearn_deeplifft.networks import torch_threads

__all__ = ["run_parts"]


def run_parts(
    package: str,
    summary: str,
    parts: Sequence[str],
    arguments: Sequence[str] | None,
    *,
    quick: str,
    data: str,
) -> None:
    """Print the figures of the parts that are asked for, on one thread, and write them.

    Each of ``parts`` is a module of ``package`` with a function ``figures(quick, data)`` that
    returns a flat dict. ``summary``, ``quick`` and ``data`` are words of the help.
    """
    parser = argparse.ArgumentParser(f"python -m {package}", description=summary)
    parser.add_argument("--json", metavar="FILE", help="write the figures as one flat object")
    parser.add_argument("--quick", action="store_true", help=quick)
    parser.add_argument("--parts", nargs="*", choices=parts, default=parts)
    parser.add_argument("--data", metavar="DIR", help=data)
    options = parser.parse_args(arguments)
    figures: dict[str, float] = {}
    for part in options.parts:
        began = time.perf_counter()
        module = importlib.import_module(f"{package}.{part}")
        with torch_threads(1):
            found = module.figures(options.quick, options.data)
        for name, value in found.items():
            print(f"{name:44s} {value:12.4g}", flush=True)
        print(f"{part}: {time.perf_counter() - began:.0f} s", flush=True)
        figures |= found
    write_json(options.json, figures)
