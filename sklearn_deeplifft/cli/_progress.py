"""Progress of long stages, on standard error, so that a pipe carries results only."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, redirect_stdout
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

__all__ = ["Lines", "Live", "Silent", "Stages", "calls_per_network", "progress_for"]


class Stages(Protocol):
    """Shows how far a stage of known length has come."""

    def stage(self, what: str, total: int) -> AbstractContextManager[Callable[[], object]]:
        """Enter a stage of ``total`` steps; call what it yields after each step."""


def progress_for(*, quiet: bool) -> Stages:
    """A moving bar on a terminal, a line for each stage elsewhere, or nothing."""
    if quiet:
        return Silent()
    console = Console(stderr=True, highlight=False)
    return Live(console) if console.is_terminal and not console.is_dumb_terminal else Lines()


class Silent:
    """Shows nothing."""

    @contextmanager
    def stage(self, what: str, total: int) -> Iterator[Callable[[], object]]:
        """Enter a stage."""
        yield lambda: None


class Lines:
    """A line when a stage begins, and how long it took when it ends."""

    @contextmanager
    def stage(self, what: str, total: int) -> Iterator[Callable[[], object]]:
        """Enter a stage."""
        print(f"{what} ({total}) ...", end="", file=sys.stderr, flush=True)
        began = time.perf_counter()
        try:
            yield lambda: None
        except BaseException:
            print(file=sys.stderr)
            raise
        print(f" {time.perf_counter() - began:.1f} s", file=sys.stderr, flush=True)


class Live:
    """A bar, the steps done and the time elapsed, moving in place."""

    def __init__(self, console: Console) -> None:
        self.console = console

    @contextmanager
    def stage(self, what: str, total: int) -> Iterator[Callable[[], object]]:
        """Enter a stage."""
        columns = (
            SpinnerColumn(finished_text=" "),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        bars = Progress(*columns, console=self.console, redirect_stdout=False)
        with bars:
            task = bars.add_task(what, total=total)
            yield lambda: bars.advance(task)


@contextmanager
def calls_per_network(advance: Callable[[], object]) -> Iterator[None]:
    """Turn the lines a selector prints with ``verbose=1``, one a network, into calls."""
    with redirect_stdout(_NetworkLines(advance)):
        yield


class _NetworkLines(io.TextIOBase):
    def __init__(self, advance: Callable[[], object]) -> None:
        self._advance = advance

    def write(self, text: str) -> int:
        if "] network " in text:
            self._advance()
        return len(text)
