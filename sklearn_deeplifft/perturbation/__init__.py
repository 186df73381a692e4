"""Floor 1, torch: outputs of a network after some of its inputs were overwritten."""

from sklearn_deeplifft.perturbation._local import Local, local_of
from sklearn_deeplifft.perturbation._output_scale import AsReturned, OutputScale, Scale
from sklearn_deeplifft.perturbation._pair_tables import (
    Moves,
    PairTables,
    Which,
    pair_tables,
    pairs_in_cache,
)
from sklearn_deeplifft.perturbation._pairs import pairs_after
from sklearn_deeplifft.perturbation._responses import (
    Edit,
    FullForward,
    LowRank,
    Response,
    low_rank_of,
)
from sklearn_deeplifft.perturbation._steps import Steps, per_unit

__all__ = [
    "AsReturned",
    "Edit",
    "FullForward",
    "Local",
    "LowRank",
    "Moves",
    "OutputScale",
    "PairTables",
    "Response",
    "Which",
    "Scale",
    "Steps",
    "local_of",
    "low_rank_of",
    "pair_tables",
    "pairs_after",
    "pairs_in_cache",
    "per_unit",
]
