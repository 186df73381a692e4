"""Progress of training as a value; text is made of it where it is shown."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["LOGGER", "Progress", "ProgressBar", "Report", "progress_line", "reporter"]

LOGGER = logging.getLogger("sklearn_deeplifft")
"""Has every line of progress at the level INFO, whatever ``verbose`` is."""


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


class ProgressBar:
    """A bar in a notebook or a terminal, by tqdm: ``verbose=ProgressBar()``.

    Each round of training has its bar, which counts networks, tells the time left and goes when
    the round ends. Bars are written to standard error.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_deeplifft import DeepLIFFTSelector, ProgressBar
    >>> X, y = load_iris(return_X_y=True)
    >>> two = DeepLIFFTSelector.default_estimator(n_networks=2)
    >>> selector = DeepLIFFTSelector(two, step=None, random_state=0, verbose=ProgressBar())
    >>> len(selector.fit(X, y).get_feature_names_out())
    2
    """

    def __init__(self) -> None:
        self._bar: Any = None

    def __call__(self, progress: Progress) -> None:
        """Show how far a round has come."""
        bar = self._bar
        if bar is None or bar.total != progress.total or progress.done < bar.n:
            self._close()
            bar = self._bar = _bar_of(progress)
        bar.set_description_str(progress.stage, refresh=False)
        loss = "" if math.isnan(progress.loss) else f"validation loss {progress.loss:.4f}"
        bar.set_postfix_str(loss, refresh=False)
        bar.n = progress.done
        bar.refresh()
        if progress.done == progress.total:
            self._close()

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def __repr__(self) -> str:
        return "ProgressBar()"

    def __reduce__(self) -> tuple[type[ProgressBar], tuple[()]]:
        return ProgressBar, ()  # a bar on a screen is not copied, nor kept in a file


def _bar_of(progress: Progress) -> Any:
    try:
        from tqdm.auto import tqdm
    except ImportError as error:
        raise ImportError(
            "ProgressBar needs tqdm, which is not installed; pip install tqdm brings it."
        ) from error
    return tqdm(total=progress.total, unit="network", leave=False)


def reporter(verbose: int | Report, name: str) -> Report:
    """Return what hands progress on: to the log, and to the user's own callable or a printer."""

    def report(progress: Progress) -> None:
        LOGGER.info("[%s] %s", name, progress)
        if callable(verbose):
            verbose(progress)
        elif verbose:
            print(f"[{name}] {progress}", flush=True)

    return report


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
