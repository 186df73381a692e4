"""Processes beside this one, forked from one in which everything is imported already.

A new interpreter takes seconds to import torch; a fork of one that did so takes none.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.context import ForkServerContext
from typing import Any

from benchmarks.quality.limited import PRELOADED

__all__ = ["elsewhere", "processes"]

SECONDS = 120


def processes() -> ForkServerContext:
    """The context that starts them; their functions are pickled, so at the top of a module."""
    context = multiprocessing.get_context("forkserver")
    # There is one server for all of a process, and that of the quality benchmark is the same.
    context.set_forkserver_preload(["tests.conftest", *PRELOADED])
    return context


def elsewhere(function: Callable, *args: Any) -> Any:
    """``function(*args)`` of a process of its own, in which strings hash otherwise than here."""
    with ProcessPoolExecutor(1, mp_context=processes()) as pool:
        here, there = hash("strings"), pool.submit(hash, "strings").result(SECONDS)
        assert here != there
        return pool.submit(function, *args).result(SECONDS)
