"""Floor 6: figures, as scikit-learn's Display classes; matplotlib is imported when one is drawn."""

from sklearn_deeplifft.plotting._class_importances import ClassImportanceDisplay
from sklearn_deeplifft.plotting._clusters import ScoreClusterDisplay
from sklearn_deeplifft.plotting._dose_response import DoseResponseDisplay
from sklearn_deeplifft.plotting._epistasis import EpistasisDisplay
from sklearn_deeplifft.plotting._feature_counts import FeatureCountDisplay
from sklearn_deeplifft.plotting._importances import ImportanceDisplay
from sklearn_deeplifft.plotting._interactions import InteractionDisplay
from sklearn_deeplifft.plotting._labels import shortened
from sklearn_deeplifft.plotting._logo import LogoDisplay
from sklearn_deeplifft.plotting._null_features import NullFeatureDisplay
from sklearn_deeplifft.plotting._rank_comparison import RankComparisonDisplay
from sklearn_deeplifft.plotting._row import RowDisplay
from sklearn_deeplifft.plotting._selector_comparison import SelectorComparisonDisplay
from sklearn_deeplifft.plotting._sequence_importance import SequenceImportanceDisplay
from sklearn_deeplifft.plotting._stability import StabilityDisplay

__all__ = [
    "ClassImportanceDisplay",
    "DoseResponseDisplay",
    "EpistasisDisplay",
    "FeatureCountDisplay",
    "ImportanceDisplay",
    "InteractionDisplay",
    "LogoDisplay",
    "NullFeatureDisplay",
    "RankComparisonDisplay",
    "RowDisplay",
    "ScoreClusterDisplay",
    "SelectorComparisonDisplay",
    "SequenceImportanceDisplay",
    "StabilityDisplay",
    "shortened",
]
