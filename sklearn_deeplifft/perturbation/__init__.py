"""Floor 1, torch: outputs of a network after some of its inputs were overwritten."""

from sklearn_deeplifft.perturbation._local import Local, local_of
from sklearn_deeplifft.perturbation._output_scale import AsReturned, OutputScale, Scale
from sklearn_deeplifft.perturbation._pairs import pairs_after
from sklearn_deeplifft.perturbation._responses import (
    Edit,
    FullForward,
    LowRank,
    Response,
    low_rank_of,
)

__all__ = [
    "AsReturned",
    "Edit",
    "FullForward",
    "Local",
    "LowRank",
    "OutputScale",
    "Response",
    "Scale",
    "local_of",
    "low_rank_of",
    "pairs_after",
]
