"""Ranking of a selector with what its networks say one by one, and how far they agree."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sklearn_deeplifft import GIATransformer, ImportanceNeuronSelector

__all__ = ["Agreement", "agreement_of", "ranking_of"]

Selector = ImportanceNeuronSelector | GIATransformer


@dataclass(frozen=True)
class Agreement:
    """Agreement of the networks on lists of several lengths."""

    n_networks: int
    counts: list[int]
    """Lengths of the lists, ascending."""
    stability: list[float]
    """Nogueira's index at each of them; NaN where it cannot be told from chance."""
    frequency: np.ndarray
    """(n_counts, d): share of the networks that have each column in their own list."""


def agreement_of(selector: Selector, counts: Sequence[int]) -> Agreement:
    """Compare the networks' own lists; changes the cut of the fitted ``selector``."""
    n_networks = len(selector.importances_per_network_)
    stability, frequency = [], []
    for count in counts:
        selector.set_params(n_features_to_select=count)
        # One network has nothing to agree with.
        stability.append(selector.stability_ if n_networks > 1 else math.nan)
        frequency.append(selector.selection_frequency_)
    return Agreement(n_networks, list(counts), stability, np.array(frequency))


def ranking_of(
    selector: Selector, names: Sequence[str], agreement: Agreement, signed: pd.DataFrame
) -> pd.DataFrame:
    """Table of one row per feature, the best first.

    rank, feature, importance, std, low, high, mean_rank, rank_std, ``frequency_<k>`` for each
    count, then the columns of ``signed``.

    Parameters
    ----------
    names : sequence of str of length d
        Name of each column's feature.
    signed : DataFrame
        More values of each column: they add up over the columns of a feature; where all of them
        are NaN, so is their sum.
    """
    low, high = selector.importances_interval_
    shares = zip(agreement.counts, agreement.frequency, strict=True)
    columns = pd.DataFrame(
        {
            "rank": selector.ranking_,
            "feature": names,
            "importance": selector.feature_importances_,
            "std": selector.importances_std_,
            "low": low,
            "high": high,
            "mean_rank": selector.mean_ranks_,
            "rank_std": selector.ranks_std_,
            **{f"frequency_{count}": share for count, share in shares},
        }
    )
    # Columns of one feature have equal values; what speaks for a class adds up over them.
    frame = columns.drop_duplicates("feature").set_index("feature", drop=False)
    added = signed.set_axis(list(names), axis=0).groupby(level=0).sum(min_count=1)
    return frame.join(added).sort_values("rank", ignore_index=True)
