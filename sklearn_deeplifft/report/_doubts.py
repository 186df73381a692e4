"""What to distrust: reasons for which a ranking may mean less than it seems."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sklearn_deeplifft._printable import named, named_with_counts, printable
from sklearn_deeplifft.report._evidence import Doubt, Evidence
from sklearn_deeplifft.report._leaks import DATA_CHECKS

__all__ = ["doubts_of"]

LEVELS = ("serious", "caution", "unknown", "clear")
FEW, VERY_FEW = 30, 10
"""Rows of the smallest class, or of groups, below which to be careful, and very careful."""
UNSTABLE = 0.3
INEXACT = 1e-3


def doubts_of(evidence: Evidence) -> list[Doubt]:
    """All that was looked for; what was found comes first, the worst at the top."""
    found = [check(evidence) for check in (*FIT_CHECKS, *DATA_CHECKS)]
    return sorted((one for one in found if one), key=lambda one: LEVELS.index(one.level))


def _chance(evidence: Evidence) -> Doubt:
    what, selector = "Prediction at chance", evidence.selector
    if selector.at_chance_ is None:
        return Doubt(
            what,
            "unknown",
            "The rows held out are too few, or repeat each other too often, to tell the networks "
            "from chance. Until there are more rows, or more networks, take the list as a guess.",
        )
    p = selector.estimator_.chance_p_value_
    if selector.at_chance_:
        return Doubt(
            what,
            "serious",
            f"The networks predict rows held out from them no better than chance (p = {p:.2g}). "
            "Nothing in this report means anything.",
        )
    return Doubt(what, "clear", f"Rows held out are predicted better than by chance (p = {p:.2g}).")


def _few_rows(evidence: Evidence) -> Doubt:
    what, target, (n, d) = "Few rows", evidence.target, evidence.rows.shape
    fewest, who = n, "in all"
    if target is not None and target.classification:
        sizes = np.bincount(target.values, minlength=len(target.labels))
        fewest, who = int(sizes.min()), f"of class {printable(target.labels[int(sizes.argmin())])}"
    unit = "rows"
    if target is not None and target.groups is not None:
        n_groups = len(np.unique(target.groups))
        if n_groups < fewest:
            fewest, who, unit = n_groups, "of rows that belong together", "groups"
    finding = f"{fewest:,} {unit} {who}"
    if fewest < FEW:
        level = "serious" if fewest < VERY_FEW else "caution"
        return Doubt(
            what,
            level,
            f"Only {finding}: scores and ranks would be others with other {unit}.",
        )
    if n < d:
        return Doubt(
            what,
            "caution",
            f"{n:,} rows and {d:,} columns: where columns outnumber rows, some agree with the "
            "target by accident. Compare with null features.",
        )
    return Doubt(what, "clear", f"{finding[0].upper()}{finding[1:]} at the least.")


def _never_predicted(evidence: Evidence) -> Doubt | None:
    what, target = "A class never predicted", evidence.target
    if target is None or not target.classification:
        return None
    said = {str(label) for label in evidence.selector.estimator_.predict(evidence.X)}
    never = [label for label in target.labels if label not in said]
    if never:
        return Doubt(
            what,
            "serious",
            f"No row is predicted to be {named(never)}, not even of those trained on: what is "
            "listed for such a class means nothing.",
        )
    return Doubt(what, "clear", "Every class is predicted for some row.")


def _networks_disagree(evidence: Evidence) -> Doubt | None:
    what, n = "Networks that disagree", len(evidence.selector.importances_per_network_)
    if n < 2:
        return Doubt(
            what, "caution", "A single network was trained: nothing says what another would find."
        )
    points = [point for point in evidence.features.stability if np.isfinite(point.stability)]
    if not points:
        return None
    worst = min(points, key=lambda point: point.stability)
    finding = (
        f"The networks' own first {worst.count:,} features agree by {worst.stability:.2f} (1: they "
        "are the same, 0: as lists drawn at random)."
    )
    level = "caution" if worst.stability < UNSTABLE else "clear"
    return Doubt(what, level, finding)


def _inexact(evidence: Evidence) -> Doubt | None:
    error = evidence.selector.decomposition_error_
    if not error > INEXACT:  # NaN where nothing is decomposed
        return None
    return Doubt(
        "Inexact reading",
        "serious",
        f"What features add up to differs from the prediction by {error:.2g} of its size; exact "
        "readings differ by less than 0.001.",
    )


def _families(evidence: Evidence) -> Doubt:
    what, features = "Columns that say the same", evidence.features
    found = [
        (evidence.name(i), len(partners))
        for i, partners in enumerate(features.partners)
        if partners
    ]
    if not found:
        return Doubt(
            what, "clear", f"None of the first {len(features.partners)} features has a near-copy."
        )
    return Doubt(
        what,
        "caution",
        f"{len(found)} of the first {len(features.partners)} features have near-copies (number in "
        f"brackets): {named_with_counts(found)}. Networks share the importance among such columns, "
        "or give it to one of them by chance; that another one ranks low does not say that it is "
        "irrelevant. Grouped, they are one feature.",
    )


FIT_CHECKS: tuple[Callable[[Evidence], Doubt | None], ...] = (
    *(_chance, _few_rows, _never_predicted, _networks_disagree, _inexact, _families),
)
