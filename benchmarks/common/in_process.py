"""Processor time and peak memory of one task, measured in a process of its own."""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from benchmarks.common.measure import PeakMemory

__all__ = ["Cost", "cost_of", "exponent", "run_task", "task_parser"]


class Cost(NamedTuple):
    """Cost of a task, but for making its table."""

    seconds: float
    """Of all threads and of children, user and system: what other processes do costs none."""
    peak_gb: float
    """Largest private memory of the process, its imports and its table included.

    Pages of a mapped file are the system's to drop, and do not count.
    """


def cost_of(module: str, **task: Any) -> Cost:
    """Run ``python -m module --task {...}`` on one thread, which answers by `run_task`."""
    command = [sys.executable, "-m", module, "--task", json.dumps(task)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with exit status {done.returncode}")
    cost = Cost(*json.loads(done.stdout.splitlines()[-1]))
    print(f"  {task}: {cost.seconds:.1f} s, {cost.peak_gb:.2f} GB", flush=True)
    return cost


def run_task(prepare: Callable[..., Callable[[], object]], text: str) -> None:
    """Measure what ``prepare(**task)`` returns, and print the cost for `cost_of`."""
    run = prepare(**json.loads(text))
    before = _processor_seconds()
    with PeakMemory() as peak:
        run()
    print(json.dumps(Cost(_processor_seconds() - before, peak.in_all / 1e9)))


def task_parser(name: str, summary: str, quick: str) -> argparse.ArgumentParser:
    """The command line of a benchmark that runs its tasks in processes of their own."""
    parser = argparse.ArgumentParser(f"python -m {name}", description=summary)
    parser.add_argument("--json", metavar="FILE", help="write the figures as one flat object")
    parser.add_argument("--quick", action="store_true", help=quick)
    parser.add_argument("--task", metavar="JSON", help=argparse.SUPPRESS)
    return parser


def exponent(sizes: list[int], values: list[float]) -> float:
    """Slope of log(value) over log(size), by least squares: value ~ size ** slope."""
    return float(np.polyfit(np.log(sizes), np.log(np.maximum(values, 1e-9)), 1)[0])


def _processor_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(part.ru_utime + part.ru_stime for part in used)
