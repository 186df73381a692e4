"""Floor 1, numpy: importances to ranking to mask; folds; stability."""

from sklearn_deeplifft.ranking._folds import deal_folds
from sklearn_deeplifft.ranking._rank import (
    count_to_select,
    importance_threshold,
    rank,
    rank_by_elimination,
    top_mask,
)
from sklearn_deeplifft.ranking._stability import (
    bootstrap_interval,
    nogueira_stability,
    ranks,
    selection_frequency,
    top_masks,
)

__all__ = [
    "bootstrap_interval",
    "count_to_select",
    "deal_folds",
    "importance_threshold",
    "nogueira_stability",
    "rank",
    "rank_by_elimination",
    "ranks",
    "selection_frequency",
    "top_mask",
    "top_masks",
]
