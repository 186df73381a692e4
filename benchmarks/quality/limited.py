"""Run a function in a process of its own that is killed when its time is up.

Time is that of the processor, on one thread, which is the clock's where nothing else runs: what a
selector gets does not depend on what else the machine does.
"""

from __future__ import annotations

import math
import multiprocessing
import resource
import signal
import time
import traceback
import warnings
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

import torch
from threadpoolctl import threadpool_limits

#: Imported once, by the process that all others are forked from.
PRELOADED = ["benchmarks.quality.selectors"]
# By the clock a call may take so many times its processor time before it is given up.
_PATIENCE = 6


class Outcome(NamedTuple):
    """What became of a call."""

    status: str
    """``"done"``, ``"timeout"`` or ``"failed"``."""
    seconds: float
    cpu_seconds: float
    value: Any = None
    message: str = ""


def limited(function: Callable, arguments: tuple, seconds: float) -> Outcome:
    """``function(*arguments)`` on one thread, killed after `seconds` of processor time.

    The clock starts when the process does, with everything imported. `function` and what it takes
    and returns are pickled.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    receiver, sender = context.Pipe(duplex=False)
    work = sender, function, arguments, seconds
    process = context.Process(target=_work, args=work, daemon=True)
    process.start()
    sender.close()
    began = time.perf_counter()
    try:
        if receiver.poll(_PATIENCE * seconds):
            return receiver.recv()
        process.kill()
    except EOFError:
        pass
    finally:
        process.join()
        receiver.close()
    return _ended(process.exitcode, time.perf_counter() - began, seconds)


def _ended(code: int | None, spent: float, seconds: float) -> Outcome:
    """Of a process that sent nothing."""
    if code in (-signal.SIGKILL, -signal.SIGXCPU) and spent >= seconds:
        clock = "" if code == -signal.SIGXCPU else f", as {_PATIENCE} times as long had passed"
        message = f"stopped after {seconds:.0f} s{clock}"
        return Outcome("timeout", spent, seconds, message=message)
    return Outcome("failed", spent, spent, message=f"ended with exit code {code}")


def _work(sender: Connection, function: Callable, arguments: tuple, seconds: float) -> None:
    last = math.ceil(time.process_time() + seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (last, resource.RLIM_INFINITY))
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # of convergence, and of columns constant in these rows
    began, cpu = time.perf_counter(), time.process_time()
    status, value, message = "done", None, ""
    try:
        with threadpool_limits(1):
            value = function(*arguments)
    except Exception:
        status, message = "failed", traceback.format_exc(limit=-3)
    spent = time.perf_counter() - began, time.process_time() - cpu
    sender.send(Outcome(status, *spent, value, message))
