"""Rows that each network is scored on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sklearn_deeplifft._printable import counted, named, shown
from sklearn_deeplifft.ranking import drawn_rows
from sklearn_deeplifft.tables import FitData, Target

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
    if score_on == "out_of_fold":
        _require_once_each(held_out, data)


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


def _require_once_each(held_out: Sequence[np.ndarray], data: FitData) -> None:
    """Raise unless every row is held out from one network, and say why it is not."""
    covered = np.concatenate([*held_out, np.empty(0, dtype=np.int64)])
    left = np.setdiff1d(data.index, covered)
    if len(covered) == len(data.index) and not len(left):
        return
    needed = _strata_that_keep(left, held_out, data)
    if not len(needed):
        raise ValueError(
            "score_on='out_of_fold' needs networks whose held-out rows together are all rows, each "
            "once; fit the ensemble with n_networks = round(1 / validation_fraction), or leave "
            "prefit=False."
        )
    without = "it" if len(left) == 1 else "them"
    remedy = "Leave" if data.groups is None else "Take smaller groups, leave"
    raise ValueError(
        f"score_on='out_of_fold' holds every row out from one network, and "
        f"{counted(len(left), 'row')} of {len(data.index):,} cannot be: without {without} a "
        f"network would see {_no_row_of(needed, data.target)}. {remedy} such rows out, or use "
        "score_on='all' or 'validation'."
    )


def _strata_that_keep(
    left: np.ndarray, held_out: Sequence[np.ndarray], data: FitData
) -> np.ndarray:
    """Strata for whose sake `deal_folds` holds the rows ``left`` out from no network.

    None where rows are left for another reason, as where not every fold has a network.
    """
    if len(held_out) < 2:
        return left[:0]
    strata = data.target.strata()
    unit = np.arange(len(strata)) if data.groups is None else data.groups
    parts = [_pairs(strata[held], np.full(len(held), k)) for k, held in enumerate(held_out)]
    of_unit = _pairs(strata[data.index], unit[data.index])
    networks, units = (
        np.bincount(pairs[:, 0], minlength=strata.max() + 1)
        for pairs in (np.concatenate(parts), of_unit)
    )
    alone = units[strata[left]] == 1
    met = (networks[strata[left]] == 1) & ~np.isin(unit[left], unit[left[alone]])
    needed = left[alone | met]
    explained = np.isin(unit[left], unit[needed]).all()
    return np.unique(strata[needed]) if explained else needed[:0]


def _pairs(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Distinct pairs of codes, (m, 2)."""
    return np.unique(np.column_stack([a, b]), axis=0)


def _no_row_of(strata: np.ndarray, target: Target) -> str:
    if target.kind == "regression":
        return "no row"
    if target.kind != "softmax":
        return "no row with some combination of labels"
    classes = [shown(label) for label in target.classes[strata].tolist()]
    return f"no row of class{'es' if len(classes) > 1 else ''} {named(classes)}"


def _of_one(score_on: str, data: FitData, held: np.ndarray) -> np.ndarray:
    if score_on == "all":
        return data.scored
    rows = data.index[~np.isin(data.index, held)] if score_on == "training" else held
    rows = rows[data.score_weight[rows] > 0]
    # Nothing was held out, or none of it may be scored: a score from all rows beats none.
    return rows if len(rows) or score_on == "out_of_fold" else data.scored
