"""Errors and warnings of the package; each also inherits the nearest builtin type."""

import sys
import warnings
from pathlib import Path

__all__ = [
    "CheckpointWarning",
    "FeatureSelectionWarning",
    "NotPiecewiseLinearError",
    "TrainingDivergedError",
    "TrainingInterrupted",
    "tell",
]

BETWEEN = ("sklearn_deeplifft", "sklearn", "joblib")
"""Packages that may stand between a warning and the line of the user that it speaks of."""


class NotPiecewiseLinearError(ValueError):
    """The network is not affine around its inputs, so no exact decomposition exists."""


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
    """A file of ``checkpoint_dir`` is damaged or foreign; its piece is computed again."""


def tell(warning: FeatureSelectionWarning) -> None:
    """Warn at the user's line, however many calls of ours and of scikit-learn's lie between."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and _package(frame.f_globals) in BETWEEN:
        frame, level = frame.f_back, level + 1
    warnings.warn(warning, stacklevel=level)


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
