"""Progress of long stages, on standard error, so that a pipe carries results only."""

from __future__ import annotations

import io
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, redirect_stdout
from datetime import timedelta
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

LINE = re.compile(r"network (?P<done>\d+)/\d+ (?:.*about (?P<left>.+) left)?")
UNITS = {"s": 1.0, "min": 60.0, "h": 3600.0}

__all__ = ["Lines", "Live", "Silent", "Stages", "calls_per_network", "progress_for"]


class Stages(Protocol):
    """Shows how far a stage of known length has come."""

    def stage(self, what: str, total: int) -> AbstractContextManager[Callable[[], object]]:
        """Enter a stage of ``total`` steps; call what it yields after each step."""

    def follow(self, what: str, total: int) -> AbstractContextManager[None]:
        """Enter the training of ``total`` networks by a selector with ``verbose=1``."""


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
    def follow(self, what: str, total: int) -> Iterator[None]:
        """Enter a training."""
        with redirect_stdout(_Told(lambda line: None)):
            yield


class Lines:
    """A line when a stage begins, and how long it took when it ends; of a training every line."""

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

    @contextmanager
    def follow(self, what: str, total: int) -> Iterator[None]:
        """Enter a training."""
        print(f"{what} ({total})", file=sys.stderr, flush=True)
        with redirect_stdout(_Told(lambda line: print(line, file=sys.stderr, flush=True))):
            yield


class Live:
    """A bar, the steps done and the time elapsed, moving in place; of a training the time left."""

    def __init__(self, console: Console) -> None:
        self.console = console

    @contextmanager
    def stage(self, what: str, total: int) -> Iterator[Callable[[], object]]:
        """Enter a stage."""
        with self._bars() as bars:
            task = bars.add_task(what, total=total)
            yield lambda: bars.advance(task)

    @contextmanager
    def follow(self, what: str, total: int) -> Iterator[None]:
        """Enter a training."""
        with self._bars(_TimeLeft()) as bars:
            task = bars.add_task(what, total=total, end=None)

            def hear(line: str) -> None:
                if found := LINE.search(line):
                    done, left = int(found["done"]), _seconds(found["left"] or "")
                    end = bars.get_time() + left if left else None
                    bars.update(task, completed=done, end=end, refresh=True)

            with redirect_stdout(_Told(hear)):
                yield

    def _bars(self, *more: ProgressColumn) -> Progress:
        columns = (
            SpinnerColumn(finished_text=" "),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            *more,
        )
        return Progress(*columns, console=self.console, redirect_stdout=False)


class _TimeLeft(ProgressColumn):
    """Counts down to the end that the last line foretold."""

    def render(self, task: Task) -> Text:
        end = task.fields["end"]
        if end is None or task.finished:
            return Text("")
        left = timedelta(seconds=max(round(end - task.get_time()), 0))
        return Text(f"{left} left", style="progress.remaining")


def _seconds(duration: str) -> float:
    """What a selector's words for a duration come to.

    >>> _seconds("29.5 s"), _seconds("1 min 40 s"), _seconds("2 h 1 min"), _seconds("")
    (29.5, 100.0, 7260.0, 0.0)
    """
    parts = re.findall(r"([\d.]+) (s|min|h)\b", duration)
    return sum((float(n) * UNITS[unit] for n, unit in parts), 0.0)


class _Told(io.TextIOBase):
    """Hands on what a selector prints, without its name."""

    def __init__(self, hear: Callable[[str], object]) -> None:
        self._hear = hear

    def write(self, text: str) -> int:
        if "] network " in text:
            self._hear(text.partition("] ")[2])
        return len(text)


@contextmanager
def calls_per_network(advance: Callable[[], object]) -> Iterator[None]:
    """Turn the lines a selector prints with ``verbose=1`` into a call for each network."""
    done = 0

    def hear(line: str) -> None:
        nonlocal done
        if found := LINE.search(line):
            before = done if int(found["done"]) > done else 0  # each round counts from one
            done = int(found["done"])
            for _ in range(done - before):
                advance()

    with redirect_stdout(_Told(hear)):
        yield
