"""Errors and warnings of the package; each also inherits the nearest builtin type."""

import re
import sys
import warnings
from contextvars import ContextVar
from pathlib import Path
from types import FrameType
from typing import Any
from weakref import WeakKeyDictionary

__all__ = [
    "CheckpointWarning",
    "FeatureSelectionWarning",
    "NotPiecewiseLinearError",
    "SavedFileError",
    "TrainingDivergedError",
    "TrainingInterrupted",
    "tell",
    "withheld",
    "without_numbers",
]

BETWEEN = ("sklearn_deeplifft", "sklearn", "joblib")
"""Packages that may stand between a warning and the line of the user that it speaks of."""


class NotPiecewiseLinearError(ValueError):
    """The network is not affine around its inputs, so no exact decomposition exists."""


class SavedFileError(ValueError):
    """A file of ``save`` is foreign, damaged or newer, or refers to classes that are not known."""


class TrainingDivergedError(ValueError):
    """The training loss became NaN or infinite."""


class FeatureSelectionWarning(UserWarning):
    """The fit is usable, but part of what was asked has no answer in the data.

    Parameters
    ----------
    finding : str
        What is the case, in sentences that hold wherever they are shown.
    remedy : str, default=""
        What to do about it, in words of Python: names of parameters, say. The message is both.
    """

    def __init__(self, finding: str, remedy: str = "") -> None:
        super().__init__(f"{finding} {remedy}".rstrip())
        self.finding = finding
        self.remedy = remedy


class CheckpointWarning(FeatureSelectionWarning):
    """A file of ``checkpoint_dir`` is damaged, foreign or cannot be written; its piece is computed
    again when it is needed."""


TOLD: WeakKeyDictionary[Any, set[tuple[type, str]]] = WeakKeyDictionary()
"""Warnings that each ``joblib.Parallel`` has led to: their types, and texts without numbers."""

HELD: ContextVar[list[UserWarning] | None] = ContextVar("HELD", default=None)
"""Warnings that ``withheld`` collects."""


def tell(warning: UserWarning) -> None:
    """Warn at the user's line, however many calls of ours and of scikit-learn's lie between.

    Fits of one grid search or cross-validation are one call of the user's, and warnings that differ
    in their numbers alone are told once: scikit-learn resets the registry by which Python's own
    "default" filter would know. Worker processes know nothing of each other.
    """
    held = HELD.get()
    if held is not None:
        held.append(warning)
        return
    frame, level, call = sys._getframe(1), 2, None
    while frame.f_back is not None and _package(frame.f_globals) in BETWEEN:
        call = _parallel_of(frame) or call  # the outermost is the user's
        frame, level = frame.f_back, level + 1
    if call is not None:
        told = TOLD.setdefault(call, set())
        text = type(warning), without_numbers(str(warning))
        if text in told:
            return
        told.add(text)
    warnings.warn(warning, stacklevel=level)


def without_numbers(text: str) -> str:
    """The words of a message, and the names that it quotes.

    >>> without_numbers("2 of 1,800 columns (R2 -0.5) hold a single value: 'x1', 3")
    "# of # columns (R# #) hold a single value: 'x1', #"
    """
    numbers_or_names = r"'[^']*'|[-+]?\d(?:[\d.e+-]|,(?=\d))*"
    return re.sub(numbers_or_names, lambda m: m[0] if m[0][0] == "'" else "#", text)


class withheld:
    """Collect what is told within the block; it is told when the block has ended.

    A class, since a generator would put a line of ``contextlib`` before the user's.
    """

    def __enter__(self) -> list[UserWarning]:
        self.found: list[UserWarning] = []
        self.token = HELD.set(self.found)
        return self.found

    def __exit__(self, *exc: object) -> None:
        HELD.reset(self.token)
        for warning in self.found:
            tell(warning)


def _parallel_of(frame: FrameType) -> Any:
    """The ``joblib.Parallel`` that a call of scikit-learn's or joblib's runs its fits by."""
    joblib = sys.modules.get("joblib")
    if joblib is None or _package(frame.f_globals) == "sklearn_deeplifft":
        return None
    return next((v for v in frame.f_locals.values() if isinstance(v, joblib.Parallel)), None)


def _package(names: dict[str, object]) -> str:
    return str(names.get("__name__", "")).partition(".")[0]


class TrainingInterrupted(KeyboardInterrupt):
    """Ctrl-C during training.

    Parameters
    ----------
    done, total : int
        Networks that are finished, and all of them.
    folder : Path, default=None
        Where those finished are kept; None if they are lost.
    """

    def __init__(self, done: int, total: int, folder: Path | None = None) -> None:
        super().__init__(done, total, folder)
        self.done = done
        self.total = total
        self.folder = folder

    @property
    def finding(self) -> str:
        """Networks that are left of the training."""
        networks = "network" if self.total == 1 else "networks"
        verbs = ("was", "is") if self.done == 1 else ("were", "are")
        said = f"interrupted: {self.done} of {self.total} {networks} {verbs[0]} trained"
        if self.folder is None:
            return f"{said}, and none is kept."
        return f"{said} and {verbs[1]} kept in {self.folder}; the same call goes on from there."

    def __str__(self) -> str:
        remedy = " Pass checkpoint_dir= to keep those that are finished."
        return self.finding + (remedy if self.folder is None else "")
