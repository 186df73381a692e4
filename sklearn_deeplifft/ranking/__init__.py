"""Floor 1, numpy: importances to ranking to mask; folds."""

from sklearn_deeplifft.ranking._folds import deal_folds
from sklearn_deeplifft.ranking._rank import (
    count_to_select,
    importance_threshold,
    rank,
    rank_by_elimination,
    top_mask,
)

__all__ = [
    "count_to_select",
    "deal_folds",
    "importance_threshold",
    "rank",
    "rank_by_elimination",
    "top_mask",
]
