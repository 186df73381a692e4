"""Floor 6: figures, as scikit-learn's Display classes; matplotlib is imported when one is drawn."""

from sklearn_deeplifft.plotting._class_importances import ClassImportanceDisplay
from sklearn_deeplifft.plotting._clusters import ScoreClusterDisplay
from sklearn_deeplifft.plotting._feature_counts import FeatureCountDisplay
from sklearn_deeplifft.plotting._labels import shortened
from sklearn_deeplifft.plotting._logo import LogoDisplay
from sklearn_deeplifft.plotting._sequence_importance import SequenceImportanceDisplay

__all__ = [
    "ClassImportanceDisplay",
    "FeatureCountDisplay",
    "LogoDisplay",
    "ScoreClusterDisplay",
    "SequenceImportanceDisplay",
    "shortened",
]
