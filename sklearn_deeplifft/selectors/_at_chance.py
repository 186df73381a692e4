"""Warning of networks that predict no better than chance."""

from __future__ import annotations

from sklearn_deeplifft.ensembles import BaseNetworkEnsemble
from sklearn_deeplifft.exceptions import FeatureSelectionWarning, tell

__all__ = ["warn_at_chance"]


def warn_at_chance(ensemble: BaseNetworkEnsemble) -> None:
    """Warn of a fitted ensemble whose networks predict no better than chance."""
    if not ensemble.at_chance_:
        return
    score = "R2" if ensemble._task == "regression" else "balanced accuracy"
    low, high = ensemble.out_of_fold_interval_
    finding = (
        f"the networks predict no better than chance ({score} {ensemble.out_of_fold_score_:.2f} "
        f"[{low:.2f}, {high:.2f}]); the ranking means nothing."
    )
    tell(FeatureSelectionWarning(finding, "More rows, or other features, may tell more."))
