"""Motifs by family and one by one: two readings of the same networks."""

from __future__ import annotations

import pandas as pd

from sklearn_deeplifft import DeepLIFFTSelector
from sklearn_deeplifft.cli._fitting import collected, one_thread
from sklearn_deeplifft.cli._motif_table import Counted
from sklearn_deeplifft.cli._rank import Outcome
from sklearn_deeplifft.cli._signs import FOR, SLOPE_OF

__all__ = ["leading_motifs", "rank_motifs"]

SIGN_FOR = "sign_for_"


def rank_motifs(outcome: Outcome, found: Counted, seed: int) -> pd.DataFrame:
    """One row per motif: families by rank, and in each its motifs by what networks say of them.

    Nothing is trained: the networks that the ranking of families begins with are read once more,
    motif by motif.
    """
    selector, parts = outcome.selector, outcome.ranked
    with collected(), one_thread():
        alone = DeepLIFFTSelector(selector.estimator_, prefit=True, random_state=seed)
        alone.fit(parts.X_train, parts.y_train, groups=parts.groups_train)
    low, high = selector.importances_interval_
    own_low, own_high = alone.importances_interval_
    columns = pd.DataFrame(
        {
            "feature": selector.feature_names_in_,
            "low": low,
            "high": high,
            "motif_importance": alone.feature_importances_,
            "motif_low": own_low,
            "motif_high": own_high,
            "hits": found.table.numbers.mean()[selector.feature_names_in_].to_numpy(),
        }
    )
    classes = pd.DataFrame(
        alone.class_importances_.T,
        columns=[f"motif_{FOR}{name}" for name in outcome.signed_names],
    )
    frame = outcome.ranking.merge(columns.join(classes), on="feature", validate="one_to_one")
    frame = frame.join(_signs(outcome), on="rank")
    frame = frame.rename(columns={"feature": "motif", "group": "family"})
    frame = frame.sort_values(["rank", "motif_importance"], ascending=[True, False], kind="stable")
    return frame[_ordered(list(frame))].reset_index(drop=True)


def _signs(outcome: Outcome) -> pd.DataFrame:
    """Whether more of a family speaks for each class, by rank: 1, -1, or 0 where motifs differ."""
    labels = [f"{SIGN_FOR}{name}" for name in outcome.signed_names]
    signs = pd.DataFrame(outcome.directions, columns=labels).astype(int)
    return signs.set_axis(outcome.features["rank"].to_numpy())


def leading_motifs(ranking: pd.DataFrame, k: int) -> pd.Series:
    """The first motif of each of the ``k`` best families, by family."""
    first = ranking.drop_duplicates("rank").head(k)
    return pd.Series(first["motif"].to_numpy(), index=first["family"].to_numpy())


def _ordered(names: list[str]) -> list[str]:
    """The family and what is known of it, then the motif."""
    family = ["rank", "family", "importance", "std", "low", "high"]
    family += [name for name in names if name.startswith((FOR, SIGN_FOR))]
    motif = ["motif", "hits", "motif_importance", "motif_low", "motif_high"]
    motif += [name for name in names if name.startswith(f"motif_{FOR}")]
    motif += [name for name in names if name.startswith(SLOPE_OF)]
    return [*family, *motif]
