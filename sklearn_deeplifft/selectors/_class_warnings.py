"""Warnings of classes whose scores are zero, or say little."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sklearn_deeplifft.exceptions import FeatureSelectionWarning, tell
from sklearn_deeplifft.selectors._class_scores import plain, row_of
from sklearn_deeplifft.selectors._scores import Scores
from sklearn_deeplifft.tables import FitData, Target

__all__ = ["warn_never_right", "warn_nothing_speaks", "warn_of_zero_scores"]

MOST_NAMED = 10
"""Classes that a warning names."""


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


def warn_nothing_speaks(
    seen: np.ndarray,
    class_importances: np.ndarray,
    target: Target,
    target_class: object,
    per_class: bool,
) -> None:
    """Warn of classes that features are ranked or kept for, and that none speaks for on the whole.

    Scores of an example add up to what its probability gains on that of the reference. A frequent
    class, or one in the middle of others, is what networks expect before they know any feature.
    ``seen`` (K,): classes of which a network got some row right.
    """
    if target.kind == "regression" or (target_class is None and not per_class):
        return
    asked = range(len(target.row_names)) if per_class else [row_of(target, target_class)]
    gains = class_importances.sum(axis=1)
    silent = [row for row in asked if seen[row] and gains[row] <= 0]
    if not silent:
        return
    of_them = np.isin(np.arange(len(seen)), silent)
    names, whose = _named(target, of_them)
    warning = FeatureSelectionWarning(
        f"on the whole nothing speaks for {names}: all features together change {whose} "
        f"probability by {gains[silent].max():.2g}, mean over {whose} examples. Where every "
        "feature is at the reference, networks expect a frequent class, or one in the middle of "
        "others, and nothing is left to gain. What is ranked or kept for it says little.",
        "Ask for the classes that it is told from, or leave target_class at None and per_class at "
        "False.",
    )
    tell(warning)


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
