"""Floor 6: the number of features, chosen and judged by cross-validation."""

from sklearn_deeplifft.model_selection._compare import SelectorComparison, compare_selectors
from sklearn_deeplifft.model_selection._curve import FeatureCountCurve, feature_count_curve
from sklearn_deeplifft.model_selection._one_standard_error import one_standard_error
from sklearn_deeplifft.model_selection._report import feature_selection_report

__all__ = [
    "FeatureCountCurve",
    "SelectorComparison",
    "compare_selectors",
    "feature_count_curve",
    "feature_selection_report",
    "one_standard_error",
]
