"""Errors and warnings of the package; each also inherits the nearest builtin type."""

__all__ = [
    "CheckpointWarning",
    "FeatureSelectionWarning",
    "NotPiecewiseLinearError",
    "TrainingDivergedError",
]


class NotPiecewiseLinearError(ValueError):
    """The network is not affine around its inputs, so no exact decomposition exists."""


class TrainingDivergedError(ValueError):
    """The training loss became NaN or infinite."""


class FeatureSelectionWarning(UserWarning):
    """The fit is usable, but part of what was asked has no answer in the data."""


class CheckpointWarning(FeatureSelectionWarning):
    """A file of ``checkpoint_dir`` is damaged or foreign; its piece is computed again."""
