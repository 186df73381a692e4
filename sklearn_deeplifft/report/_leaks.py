"""What the data alone give away: one column for all, identifiers, row totals, repeated rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.stats import rankdata

from sklearn_deeplifft._printable import counted, named, printable
from sklearn_deeplifft.report._alone import N_FOLDS, alone
from sklearn_deeplifft.report._evidence import LEADERS, Doubt, Evidence
from sklearn_deeplifft.tables import canonical_rows
from sklearn_deeplifft.tables.reading import kind_of_whole_numbers

__all__ = ["DATA_CHECKS"]

MOST_LOOKED_AT = 20
"""Features, the first of the ranking, that are looked at one by one."""
NEARLY_ALL = 0.9
"""Share of what all features know, beyond chance, from which one alone is suspicious."""
ALL = 0.99
"""Share beyond chance from which a few features are the target, told in other words."""
TIED = 0.7
IN_ORDER = 0.98
REPEATED = 0.01
CONSTANT_TOTAL = 1e-6


def _one_explains_all(evidence: Evidence) -> Doubt | None:
    what, target = "One feature explains everything", evidence.target
    n = len(evidence.features.names)
    if target is None or n < 2 or not target.skill(evidence.score) > 0:
        return None
    if evidence.selector.at_chance_:
        return None  # nothing is explained
    known = {i: score for i, score in enumerate(evidence.leaders_alone) if np.isfinite(score)}
    if not known:
        few = _too_few(evidence)
        return Doubt(what, "unknown", f"There are too few {few} to judge a feature by itself.")
    best = max(known, key=lambda i: known[i])
    finding = (
        f"{printable(evidence.name(best))} alone reaches a {target.metric} of {known[best]:.2f}; "
        f"all features together {evidence.score:.2f}."
    )
    if target.skill(known[best]) < NEARLY_ALL * target.skill(evidence.score):
        return Doubt(what, "clear", finding)
    return Doubt(
        what,
        "serious" if target.skill(known[best]) > NEARLY_ALL else "caution",
        f"{finding} Make sure that it was known before the target was, and does not follow from "
        "it.",
    )


def _too_few(evidence: Evidence) -> str:
    """What there are too few of to hold a fifth out: the rows may be many."""
    groups = None if evidence.target is None else evidence.target.groups
    n_groups = N_FOLDS if groups is None else len(np.unique(groups))
    return f"groups of rows ({n_groups:,})" if n_groups < N_FOLDS else "rows"


def _few_make_it_up(evidence: Evidence) -> Doubt | None:
    """As where the class is a condition, and its parts are columns: none of them says it alone."""
    what, target = "Features that make up the target", evidence.target
    first = range(LEADERS)
    if target is None or len(evidence.features.names) <= LEADERS or evidence.selector.at_chance_:
        return None
    together = alone(np.hstack([evidence.columns(i) for i in first]), target)
    if not np.isfinite(together) or max(evidence.leaders_alone) >= together:
        # The check of one feature tells it, or that rows are too few.
        return None
    names = named([printable(evidence.name(i)) for i in first])
    finding = f"{names}: a tree on these alone reaches a {target.metric} of {together:.2f}."
    if target.skill(together) < ALL:
        return Doubt(what, "clear", finding)
    return Doubt(
        what,
        "caution",
        f"{finding} Make sure that the target was not made from them; if it was, leave them out "
        "and rank once more.",
    )


def _identifiers(evidence: Evidence) -> Doubt:
    what = "Columns that give the target away"
    strange: list[str] = []
    looked = range(min(MOST_LOOKED_AT, len(evidence.features.names)))
    for i in looked:
        if len(evidence.features.columns[i]) > 1:
            continue
        name, values = evidence.name(i), evidence.columns(i)[:, 0]
        if reason := _gives_away(name, values, evidence.target_name):
            strange.append(f"{printable(name)} {reason}")
    if not strange:
        return Doubt(what, "clear", f"None among the first {len(looked)} features.")
    return Doubt(what, "serious", f"{named(strange)}. Leave such columns out and rank once more.")


def _gives_away(name: str, values: np.ndarray, target: str) -> str:
    """Why a column is suspicious, in words; empty if it is not."""
    if kind_of_whole_numbers(name, values) != "numbers":
        return "counts or names rows"
    if _follows_order(values):
        return "rises or falls from row to row, as a row number does"
    if len(target) > 3 and target.lower() in name.lower():
        return "has the target in its name"
    return ""


def _follows_order(values: np.ndarray) -> bool:
    if len(np.unique(values)) < max(len(values) / 2, 3):
        return False
    return abs(_correlation(rankdata(values), np.arange(len(values)))) > IN_ORDER


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    a, b = a - a.mean(), b - b.mean()
    size = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / size) if size > 0 else 0.0


def _totals(evidence: Evidence) -> Doubt | None:
    what = "Row totals (composition, size, depth)"
    amounts = ~_levels(evidence)
    total, largest = np.zeros(evidence.rows.shape[0]), np.zeros(amounts.sum())
    for where, block in evidence.rows.blocks():
        values = block if amounts.all() else block[:, amounts]
        if values.min(initial=0) < 0:
            return None  # no amounts, and nothing that a total could mean
        total[where] = values.sum(axis=1, dtype=np.float64)
        largest += values.sum(axis=0, dtype=np.float64)
    if len(largest) < 3 or largest.max() > largest.sum() / 2:
        return None  # a total of columns in different units is that of one of them
    if total.std() <= CONSTANT_TOTAL * total.mean():
        return Doubt(
            what,
            "caution",
            "Every row adds up to the same total: more of one column is less of others, and what "
            "speaks for a class may only be the lack of what speaks against it (simplex_groups).",
        )
    found = [_of_total(evidence, total), _tied(evidence, total)]
    said = [text for text in found if text]
    if not said:
        return Doubt(what, "clear", "They tell little of the target, and follow no leading column.")
    return Doubt(what, "serious" if found[0] else "caution", " ".join(said))


def _levels(evidence: Evidence) -> np.ndarray:
    """Columns (d,) that are levels of a text: of each text a row has one, whatever it says."""
    texts = [own for own in evidence.features.columns if len(own) > 1]
    for _, block in evidence.rows.blocks():
        texts = [own for own in texts if _one_at_most(block[:, own])]
    found = np.zeros(evidence.rows.shape[1], dtype=bool)
    for own in texts:
        found[own] = True
    return found


def _one_at_most(values: np.ndarray) -> bool:
    return bool(np.isin(values, (0, 1)).all() and values.sum(axis=1).max(initial=0) <= 1)


def _of_total(evidence: Evidence, total: np.ndarray) -> str:
    """Say how much of the target the total of a row tells, if that is much."""
    target = evidence.target
    if target is None or not target.skill(evidence.score) > 0:
        return ""
    score = alone(total[:, None], target)
    if not target.skill(score) > max(target.skill(evidence.score) / 2, 0.2):
        return ""
    return (
        f"The total of a row alone reaches a {target.metric} of {score:.2f}, all features together "
        f"{evidence.score:.2f}: the target differs in size, length or depth, and any column that "
        "grows with it ranks high. Divide rows by their totals, or balance the classes in them."
    )


def _tied(evidence: Evidence, total: np.ndarray) -> str:
    """Name leading columns that rise and fall with the total of all others."""
    found = []
    for i in range(min(MOST_LOOKED_AT, len(evidence.features.names))):
        own = evidence.columns(i).sum(axis=1)
        rho = _correlation(own, total - own)
        if abs(rho) > TIED:
            found.append(f"{printable(evidence.name(i))} ({rho:+.2f})")
    if not found:
        return ""
    return f"These follow the total of the other columns (correlation): {named(found)}."


def _repeated_rows(evidence: Evidence) -> Doubt:
    what, n = "Repeated rows", evidence.rows.shape[0]
    found = canonical_rows(evidence.rows, np.zeros((n, 1)))
    place = np.empty(n, dtype=np.int64)
    sizes = np.diff(np.append(found.starts, n))
    place[found.order] = np.repeat(np.arange(len(sizes)), sizes)
    repeated = int(n - len(sizes))
    if repeated == 0:
        return Doubt(what, "clear", "No two rows are equal.")
    target = evidence.target
    parted = _on_both_sides(place, None if target is None else target.groups)
    finding = f"{repeated:,} of {n:,} rows repeat another one."
    if parted:
        finding += (
            f" {parted:,} of them are in different groups, and so both trained on and held out: "
            "scores are too good."
        )
    elif repeated > REPEATED * n:
        finding += (
            " In training those of one target are held out together, as copies, and those of "
            "several targets one by one, as in tables of categories. If they are copies, give them "
            "a group of their own: other learners test on what they have trained on."
        )
    level = "serious" if parted else "caution" if repeated > REPEATED * n else "clear"
    return Doubt(what, level, finding)


def _on_both_sides(place: np.ndarray, groups: np.ndarray | None) -> int:
    """Rows beyond the first group of those that are equal."""
    if groups is None:
        return 0
    codes = np.unique(groups, return_inverse=True)[1]
    pairs = np.unique(np.column_stack([place, codes]), axis=0)
    return int(len(pairs) - len(np.unique(place)))


def _constant(evidence: Evidence) -> Doubt | None:
    low, high = np.full(evidence.rows.shape[1], np.inf), np.full(evidence.rows.shape[1], -np.inf)
    for _, block in evidence.rows.blocks():
        low, high = np.minimum(low, block.min(axis=0)), np.maximum(high, block.max(axis=0))
    constant = np.flatnonzero(low == high)
    if not len(constant):
        return None
    names = named(evidence.names[i] for i in constant.tolist())
    holds, tells = ("holds", "tells") if len(constant) == 1 else ("hold", "tell")
    return Doubt(
        "Constant columns",
        "caution",
        f"{len(constant):,} of {counted(len(low), 'column')} {holds} a single value and {tells} "
        f"nothing: {names}.",
    )


DATA_CHECKS: tuple[Callable[[Evidence], Doubt | None], ...] = (
    *(_one_explains_all, _few_make_it_up, _identifiers, _totals, _repeated_rows, _constant),
)
