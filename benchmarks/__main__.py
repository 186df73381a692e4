"""The quick form of every benchmark, held against ``bounds.toml``.

    python -m benchmarks [NAME ...] [--json FILE]

Each benchmark runs in a process of its own. The status is 1 where a figure falls short or a
benchmark ends with an error, and the last lines name what did.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.common.bounds import read_bounds, shortfalls
from benchmarks.common.measure import write_json

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run them, and say what fell short."""
    bounds = read_bounds()
    parser = argparse.ArgumentParser(
        "python -m benchmarks", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of {', '.join(bounds)}")
    parser.add_argument("--json", metavar="FILE", help="write all figures, NAME.figure to number")
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.names) - bounds.keys())
    if unknown:
        parser.error(f"no benchmark is named {', '.join(unknown)}; there are {', '.join(bounds)}")
    short, all_figures = [], {}
    for name in options.names or bounds:
        began = time.perf_counter()
        print(f"== {name}", flush=True)
        figures, status = quick_figures(name)
        if status:
            short.append(f"{name} ended with status {status}")
        print(f"== {name}: {time.perf_counter() - began:.0f} s", flush=True)
        short += [f"{name}: {fault}" for fault in shortfalls(figures, bounds[name])]
        all_figures |= {f"{name}.{figure}": value for figure, value in figures.items()}
    write_json(options.json, all_figures)
    for fault in short:
        print(f"FELL SHORT: {fault}", flush=True)
    print(f"{len(short)} fell short" if short else "all figures are within their bounds")
    return int(bool(short))


def quick_figures(name: str) -> tuple[dict[str, float], int]:
    """Figures of the quick form of one benchmark, none if it wrote none, and its exit status."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "figures.json"
        command = [sys.executable, "-m", f"benchmarks.{name}", "--quick", "--json", str(path)]
        status = subprocess.run(command).returncode
        return (json.loads(path.read_text()) if path.exists() else {}), status


if __name__ == "__main__":
    raise SystemExit(main())
