"""Progress of long stages, on standard error, so that a pipe carries results only."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bars
from rich.text import Text

from sklearn_deeplifft.ensembles import Progress, Report

__all__ = ["Lines", "Live", "Silent", "Stages", "calls_per_network", "progress_for"]

SILENCE = 60
"""Seconds after which a stage in a pipe or a log gives a sign of life."""


class Stages(Protocol):
    """Shows how far a stage of known length has come."""

    def stage(self, what: str, total: int) -> AbstractContextManager[Callable[[], object]]:
        """Enter a stage of ``total`` steps; call what it yields after each step."""

    def follow(self, what: str, total: int) -> AbstractContextManager[Report]:
        """Enter the training of ``total`` networks; what it yields is a selector's ``verbose``."""


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

    @contextmanager
    def follow(self, what: str, total: int) -> Iterator[Report]:
        """Enter a training."""
        yield lambda progress: None


class Lines:
    """A line when a stage begins, and how long it took when it ends; of a training every line.

    In a long stage a line now and then says how far it has come.
    """

    @contextmanager
    def stage(self, what: str, total: int) -> Iterator[Callable[[], object]]:
        """Enter a stage."""
        print(f"{what} ({total}) ...", end="", file=sys.stderr, flush=True)
        began = said = time.perf_counter()
        done = 0

        def advance() -> None:
            nonlocal done, said
            done, now = done + 1, time.perf_counter()
            if now - said >= SILENCE and done < total:
                said = now
                left = timedelta(seconds=round((now - began) * (total / done - 1)))
                print(f" {done}/{total}, {left} left ...", end="", file=sys.stderr, flush=True)

        try:
            yield advance
        except BaseException:
            print(file=sys.stderr)
            raise
        print(f" {time.perf_counter() - began:.1f} s", file=sys.stderr, flush=True)

    @contextmanager
    def follow(self, what: str, total: int) -> Iterator[Report]:
        """Enter a training."""
        print(f"{what} ({total})", file=sys.stderr, flush=True)
        yield lambda progress: print(progress, file=sys.stderr, flush=True)


class Live:
    """A bar, the steps done and the time elapsed, moving in place; of a training the time left."""

    def __init__(self, console: Console) -> None:
        self.console = console

    @contextmanager
    def stage(self, what: str, total: int) -> Iterator[Callable[[], object]]:
        """Enter a stage."""
        with self._bars(TimeRemainingColumn()) as bars:
            task = bars.add_task(what, total=total)
            yield lambda: bars.advance(task)

    @contextmanager
    def follow(self, what: str, total: int) -> Iterator[Report]:
        """Enter a training."""
        with self._bars(_TimeLeft()) as bars:
            task = bars.add_task(what, total=total, end=None)

            def report(progress: Progress) -> None:
                known = progress.left > 0  # NaN is not
                end = bars.get_time() + progress.left if known else None
                bars.update(task, completed=progress.done, end=end, refresh=True)

            yield report

    def _bars(self, *more: ProgressColumn) -> Bars:
        columns = (
            SpinnerColumn(finished_text=" "),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            *more,
        )
        return Bars(*columns, console=self.console, redirect_stdout=False)


class _TimeLeft(ProgressColumn):
    """Counts down to the end that the last report foretold."""

    def render(self, task: Task) -> Text:
        end = task.fields["end"]
        if end is None or task.finished:
            return Text("")
        left = timedelta(seconds=max(round(end - task.get_time()), 0))
        return Text(f"{left} left", style="progress.remaining")


def calls_per_network(advance: Callable[[], object]) -> Report:
    """Return a selector's ``verbose`` that calls ``advance`` for each network."""
    before = 0

    def report(progress: Progress) -> None:
        nonlocal before
        for _ in range(progress.done - before):
            advance()
        # Each round counts from one.
        before = 0 if progress.done == progress.total else progress.done

    return report
