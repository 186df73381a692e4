"""Sums of scores to the numbers a user sees: per class, overall, and what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from sklearn_deeplifft._printable import shown
from sklearn_deeplifft.attribution import ScoreSums, cell_means, largest_score, overall_score
from sklearn_deeplifft.exceptions import FeatureSelectionWarning, tell
from sklearn_deeplifft.selectors._cut import position_of
from sklearn_deeplifft.selectors._scores import Scores, mean_by_class
from sklearn_deeplifft.selectors._significance import NullScores
from sklearn_deeplifft.tables import FeatureGroups, FitData, Target

__all__ = [
    "split_null_scores",
    "of_class",
    "plain",
    "row_of",
    "scores_of",
    "warn_never_right",
    "warn_nothing_speaks",
    "warn_of_zero_scores",
]

MOST_NAMED = 10
"""Classes that a warning names."""


def scores_of(
    sums: ScoreSums,
    target: Target,
    *,
    balance: str | None = "balanced",
    signed: bool = False,
    target_class: object = None,
    units: np.ndarray | None = None,
) -> Scores:
    """Per-class and overall scores; ``units`` (K,) divides the terms of a regression.

    Overall, scores are averaged in size, or with ``signed`` added up over a class first.
    """
    if units is not None:
        per_unit = 1 / sums.signed.new_tensor(units)[:, None]
        sums = replace(sums, signed=sums.signed * per_unit, absolute=sums.absolute * per_unit)
    by_class, sizes = (
        cell_means(part, sums.weight).numpy() for part in (sums.signed, sums.absolute)
    )
    seen = sums.weight.numpy() > 0
    if target.kind == "multilabel":  # of the cells (absent, present) a label is its presence
        by_class, sizes, seen = by_class[1::2], sizes[1::2], seen[1::2]
    if target_class is None:
        # Around the mean the terms of a regression cancel for every column.
        overall = _overall(sums, balance, signed and target.kind != "regression")
    else:
        overall = by_class[row_of(target, target_class)]
    return Scores(overall, by_class, seen, sums.residual, class_sizes=sizes)


def _overall(sums: ScoreSums, balance: str | None, signed: bool) -> np.ndarray:
    if balance == "max":
        return largest_score(sums, signed=signed).numpy()
    return overall_score(sums, balanced=balance == "balanced", signed=signed).numpy()


def split_null_scores(scores: Scores, groups: FeatureGroups) -> Scores:
    """Scores (2d,) of real columns and null ones behind them as those of the real ones."""
    d = len(groups.of_column)
    assert scores.class_sizes is not None
    return scores._replace(
        overall=scores.overall[:d],
        by_class=scores.by_class[:, :d],
        slopes=None if scores.slopes is None else scores.slopes[:, :d],
        class_sizes=scores.class_sizes[:, :d],
        nulls=NullScores.of_columns(scores.overall, scores.class_sizes, groups),
    )


def of_class(index: np.ndarray, target: Target, target_class: object) -> np.ndarray:
    """Rows of ``index`` that belong to the class asked for; all of them without one."""
    if target_class is None:
        return index
    row = row_of(target, target_class)
    softmax = target.kind == "softmax"
    own = target.codes[index, 0] == row if softmax else target.codes[index, row] == 1
    return np.asarray(index[own])


def warn_never_right(
    scores: Sequence[Scores],
    target: Target,
    target_class: object,
    present: np.ndarray | None = None,
) -> None:
    """Warn once, by name, of classes that no network got right; their scores are zero.

    ``present``: codes of the classes that were there to be got right; None means all of them.
    """
    wrong = _never_right(scores, target, target_class)
    if present is not None and target.kind == "softmax":
        wrong = wrong & np.isin(np.arange(len(wrong)), present)
    _tell_wrong(target, wrong)


def warn_of_zero_scores(
    scores: Sequence[Scores], data: FitData, rows: Sequence[np.ndarray], target_class: object
) -> None:
    """The same of a fit, of which classes without a row that is scored are told apart.

    ``rows`` are those that each network is scored on.
    """
    target = data.target
    wrong = _never_right(scores, target, target_class)
    if not wrong.any():
        return
    there = _classes_among(np.unique(np.concatenate(rows)), target)
    fewer = min(map(len, rows)) < len(data.scored)
    _tell_wrong(target, wrong & there, more_rows=fewer)
    _tell_absent(target, wrong & ~there)


def _never_right(scores: Sequence[Scores], target: Target, target_class: object) -> np.ndarray:
    """(K,) bool: classes asked for that no network has got right."""
    wrong = ~np.any([s.seen for s in scores], axis=0)
    if target.kind == "regression":
        return np.zeros_like(wrong)
    if target_class is not None:
        wrong = wrong & (np.arange(len(wrong)) == row_of(target, target_class))
    return np.asarray(wrong)


def _classes_among(index: np.ndarray, target: Target) -> np.ndarray:
    """(K,) bool: classes, or labels, that some of these rows have."""
    codes = target.codes[index]
    if target.kind == "multilabel":
        return np.asarray((codes == 1).any(axis=0))
    found = [np.isin(np.arange(k), own) for k, own in zip(target.n_classes, codes.T, strict=True)]
    return np.concatenate(found)


def _tell_wrong(target: Target, wrong: np.ndarray, *, more_rows: bool = False) -> None:
    """Warn of classes whose rows no network got right; ``more_rows``: not all were scored."""
    if not wrong.any():
        return
    names, whose = _named(target, wrong)
    if target.kind == "multilabel":
        finding = f"no scored example that has {names} is predicted to have it"
    else:
        finding = f"no scored example of {names} is classified correctly"
    ways = ["Train longer", "use a smaller weight_decay"]
    if target.kind == "softmax":
        ways.insert(1, "use class_weight='balanced'")
    if more_rows:
        ways.append("score all rows (score_on='all')")
    remedy = f"{', '.join(ways[:-1])}, or {ways[-1]}."
    tell(FeatureSelectionWarning(f"{finding}; {whose} class scores are 0.", remedy))


def _tell_absent(target: Target, absent: np.ndarray) -> None:
    """Warn of classes that have no row among those that are scored."""
    if not absent.any():
        return
    names, whose = _named(target, absent)
    labels = target.kind == "multilabel"
    finding = f"no scored example {'has' if labels else 'is of'} {names}"
    remedy = "Give fit some that sample_mask and score_on let be scored"
    remedy += ", or leave out of y what no row has." if labels else "."
    tell(FeatureSelectionWarning(f"{finding}; {whose} class scores are 0.", remedy))


def _named(target: Target, rows: np.ndarray) -> tuple[str, str]:
    """Classes or labels by name, ten of them at most, and whose theirs is."""
    names = [repr(plain(name)) for name, one in zip(target.row_names, rows, strict=True) if one]
    rest = f" and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else ""
    text = f"{', '.join(names[:MOST_NAMED])}{rest}"
    one, more = ("label", "any of labels") if target.kind == "multilabel" else ("class", "classes")
    return (f"{one} {text}", "its") if len(names) == 1 else (f"{more} {text}", "their")


def warn_nothing_speaks(
    scores: Sequence[Scores], target: Target, target_class: object, per_class: bool
) -> None:
    """Warn of classes that features are ranked or kept for, and that none speaks for on the whole.

    Scores of an example add up to what its probability gains on that of the reference. A frequent
    class, or one in the middle of others, is what networks expect before they know any feature.
    """
    if target.kind == "regression" or (target_class is None and not per_class):
        return
    asked = range(len(target.row_names)) if per_class else [row_of(target, target_class)]
    seen, gains = np.any([s.seen for s in scores], axis=0), mean_by_class(scores).sum(axis=1)
    silent = [row for row in asked if seen[row] and gains[row] <= 0]
    if not silent:
        return
    names = ", ".join(shown(plain(target.row_names[row])) for row in silent[:10])
    more = f" and {len(silent) - 10} more" if len(silent) > 10 else ""
    warning = FeatureSelectionWarning(
        f"on the whole nothing speaks for class {names}{more}: all features together change its "
        f"probability by {gains[silent].max():.2g}, mean over its examples, as the networks expect "
        "it where every feature is at the reference (a frequent class, or one in the middle of "
        "others). What is ranked or kept for it says little.",
        "Ask for the classes that it is told from, or leave target_class at None and per_class at "
        "False.",
    )
    tell(warning)


def row_of(target: Target, target_class: object) -> int:
    names = [plain(name) for name in target.row_names]
    if target.kind not in ("softmax", "multilabel"):
        raise ValueError(
            f"target_class={shown(target_class)} asks for one class, and y is {target.in_words}; "
            "leave it at None."
        )
    row = position_of(target_class, names)
    if row is None:
        raise ValueError(
            f"target_class={shown(target_class)} is not a class of y; its classes are {names}."
        )
    return row


def plain(label: object) -> object:
    """A label as Python's own, and not NumPy's."""
    if isinstance(label, tuple):
        return tuple(plain(part) for part in label)
    return label.item() if isinstance(label, np.generic) else label
