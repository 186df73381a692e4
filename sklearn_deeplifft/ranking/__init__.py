"""Floor 0, numpy: importances to ranking to mask; folds; stability; null features and FDR."""

from sklearn_deeplifft.ranking._folds import deal_folds, drawn_rows, rarest_strata, share_factors
from sklearn_deeplifft.ranking._knockoffs import (
    blocks_beyond_chance,
    knockoff_maps,
    knockoff_maps_of_blocks,
    shrunk,
)
from sklearn_deeplifft.ranking._nulls import (
    fewest_networks,
    network_shares,
    null_p_values,
    of_any_class,
    q_values,
    smallest_q,
)
from sklearn_deeplifft.ranking._rank import (
    count_to_select,
    importance_threshold,
    rank,
    top_mask,
)
from sklearn_deeplifft.ranking._stability import (
    bootstrap_interval,
    nogueira_stability,
    ranks,
    sample_std,
    selection_frequency,
    top_masks,
)
from sklearn_deeplifft.ranking._steps import n_dropped, n_rounds, n_trainings

__all__ = [
    "blocks_beyond_chance",
    "bootstrap_interval",
    "count_to_select",
    "deal_folds",
    "drawn_rows",
    "fewest_networks",
    "importance_threshold",
    "knockoff_maps",
    "knockoff_maps_of_blocks",
    "n_dropped",
    "n_rounds",
    "n_trainings",
    "network_shares",
    "nogueira_stability",
    "null_p_values",
    "of_any_class",
    "q_values",
    "rank",
    "ranks",
    "sample_std",
    "rarest_strata",
    "selection_frequency",
    "share_factors",
    "shrunk",
    "smallest_q",
    "top_mask",
    "top_masks",
]
