"""Progress of training as a value; text is made of it where it is shown."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Progress", "Report", "progress_line", "reporter"]


@dataclass(frozen=True)
class Progress:
    """Progress of a training, handed to ``verbose`` where that is a callable.

    ``str(progress)`` is the line that ``verbose=1`` prints.
    """

    stage: str
    """Columns that are trained on, such as "12 of 64 features"."""
    done: int
    """Networks of this round that are finished."""
    total: int
    """Networks of this round."""
    seconds: float
    """Since the round began."""
    left: float
    """Seconds until its end, about; NaN where that is not known."""
    epochs: float = math.nan
    """Mean over the networks that were finished last."""
    loss: float = math.nan
    """Their mean validation loss; NaN without validation rows."""

    def __str__(self) -> str:
        return progress_line(self)


Report = Callable[[Progress], object]


def reporter(verbose: int | Report, name: str) -> Report:
    """Return what hands progress on: the user's own callable, a printer, or nothing."""
    if callable(verbose):
        return verbose
    if verbose:
        return lambda progress: print(f"[{name}] {progress}", flush=True)
    return lambda progress: None


def progress_line(progress: Progress) -> str:
    """Networks done, the last ones' epochs and loss, time spent and left, in one line.

    >>> progress_line(Progress("8 features", 1, 2, 3.21, 3.2, epochs=15))
    'network 1/2 on 8 features: 15 epochs, 3.2 s, about 3.2 s left'
    """
    done, total = progress.done, progress.total
    epochs = "" if math.isnan(progress.epochs) else f"{progress.epochs:.0f} epochs"
    loss = "" if math.isnan(progress.loss) else f", validation loss {progress.loss:.4f}"
    known = done < total and not math.isnan(progress.left)
    rest = f", about {duration(progress.left)} left" if known else ""
    spent = duration(progress.seconds)
    return f"network {done}/{total} on {progress.stage}: {epochs}{loss}, {spent}{rest}"


def duration(seconds: float) -> str:
    """Seconds as a reader takes them in.

    >>> duration(3.21), duration(100), duration(7300)
    ('3.2 s', '1 min 40 s', '2 h 1 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"
