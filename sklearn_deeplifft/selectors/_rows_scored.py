"""Rows that each network is scored on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sklearn_deeplifft.ranking import drawn_rows
from sklearn_deeplifft.tables import FitData

__all__ = ["SCORE_ON", "require_known", "rows_of_rounds", "rows_to_score"]

ROWS_OF_ROUNDS = 5_000
"""Rows that all networks together are scored on in rounds after the first: what goes, and the order
of what is left, hang on which networks were trained long before they hang on which of more rows are
scored."""

LEAST = 500
"""Rows that each of them is scored on, if it has so many."""

SCORE_ON = ("validation", "training", "all", "out_of_fold")


def require_known(score_on: str, held_out: Sequence[np.ndarray] | None, data: FitData) -> None:
    """Raise ``ValueError`` where a choice of rows needs a training that is not known.

    On a table that networks were not trained on, every row is one for validation.
    """
    if held_out is None:
        if score_on in ("training", "out_of_fold"):
            raise ValueError(
                f"score_on={score_on!r} asks which rows each network was trained on, and prefit="
                "True with another table (or other weights) than theirs, or with a network that "
                "was trained elsewhere, does not know; use 'all' or 'validation'."
            )
        return
    covered = np.sort(np.concatenate(held_out)) if len(held_out) else np.empty(0)
    if score_on == "out_of_fold" and not np.array_equal(covered, np.sort(data.index)):
        raise ValueError(
            "score_on='out_of_fold' needs networks whose held-out rows together are all rows, each "
            "once; fit the ensemble with n_networks = round(1 / validation_fraction), or leave "
            "prefit=False."
        )


def rows_to_score(
    score_on: str, data: FitData, held_out: Sequence[np.ndarray] | None, n_networks: int
) -> list[np.ndarray]:
    """Positions of the rows that each network is scored on."""
    if held_out is None:
        return [data.scored] * n_networks
    return [_of_one(score_on, data, held) for held in held_out]


def rows_of_rounds(
    rows: Sequence[np.ndarray], seeds: Sequence[int], data: FitData
) -> list[np.ndarray]:
    """A part of the rows of each network, drawn by its seed, balanced by class.

    Some of each class, also of a rare one. Scores of rows are averaged as they are: a class drawn
    beyond its share counts some rows too much, where classes do not count alike.
    """
    strata, n = data.target.strata(), max(ROWS_OF_ROUNDS // len(rows), LEAST)
    return [
        drawn_rows(own, strata[own], n, np.random.default_rng((seed, 2)))
        for own, seed in zip(rows, seeds, strict=True)
    ]


def _of_one(score_on: str, data: FitData, held: np.ndarray) -> np.ndarray:
    if score_on == "all":
        return data.scored
    rows = data.index[~np.isin(data.index, held)] if score_on == "training" else held
    rows = rows[data.score_weight[rows] > 0]
    # Nothing was held out, or none of it may be scored: a score from all rows beats none.
    return rows if len(rows) or score_on == "out_of_fold" else data.scored
