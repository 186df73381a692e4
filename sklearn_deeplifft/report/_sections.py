"""Sections of a report in words, tables and figures."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from sklearn_deeplifft._printable import counted, named_with_counts
from sklearn_deeplifft.model_selection import FeatureCountCurve
from sklearn_deeplifft.report import _figures
from sklearn_deeplifft.report._doses import Dose, doses_of
from sklearn_deeplifft.report._evidence import Doubt, Evidence
from sklearn_deeplifft.report._ranking_table import (
    MOST_ROWS,
    SELECTED_BY,
    columns_of,
    rows_of,
    safe,
)
from sklearn_deeplifft.report._svg import inline_svg
from sklearn_deeplifft.tables.reading import date_texts

__all__ = ["class_section", "curve_section", "dose_section", "doubt_section", "null_section"]
__all__ += ["ranking_section", "stability_section", "verdict_of"]

Section = dict[str, Any]
WORDS = {"serious": "Serious", "caution": "Caution", "unknown": "Not known", "clear": "Clear"}
MOST_CLASSES, PER_CLASS = 30, 6
VISIBLE = 0.0005
BLUE_AND_RED = {
    True: "Blue: more of the feature speaks for it; red: against it",
    False: "Blue: the prediction rises with the feature; red: it falls",
}
"""By whether classes or labels are predicted."""


class Picture(NamedTuple):
    """A figure with what it shows in words."""

    svg: str
    alt: str
    caption: str


class Grid(NamedTuple):
    """A small table."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    texts: Sequence[int] = (0,)
    """Positions of the columns that hold no numbers."""


def verdict_of(evidence: Evidence, doubts: Iterable[Doubt]) -> Section:
    """The score on held-out rows, and what it says of everything below."""
    chance = next(one for one in doubts if one.check == "Prediction at chance")
    low, high = evidence.selector.estimator_.out_of_fold_interval_
    metric = "balanced accuracy" if evidence.labelled else "R squared"
    score = evidence.score
    said = (
        "No rows were held out, so nothing says how well the networks predict."
        if np.isnan(score)
        else f"{score:.3f} {metric} on rows held out (95 % interval {low:.3f} to {high:.3f})"
    )
    verdict = {"level": chance.level, "score": said, "finding": chance.finding}
    return {"verdict": verdict, "facts": _facts(evidence)}


def _facts(evidence: Evidence) -> list[tuple[str, str]]:
    """The table in a few lines."""
    (n, d), target = evidence.rows.shape, evidence.target
    n_features = len(evidence.features.names)
    columns = f"{d:,}" if d == n_features else f"{d:,}, as {n_features:,} features"
    facts = [
        ("Rows ranked on", f"{n:,}"),
        ("Columns", columns),
        ("Target", safe(evidence.target_name)),
    ]
    if target is not None and target.classification:
        sizes = np.bincount(target.values, minlength=len(target.labels)).tolist()
        classes = zip((safe(label) for label in target.labels), sizes, strict=True)
        facts.append((f"{len(target.labels):,} classes (rows)", named_with_counts(classes)))
    if target is not None and target.groups is not None:
        held = f"{len(np.unique(target.groups)):,} groups of rows"
        facts.append(("Held out together", held))
    facts.append(("Networks", f"{len(evidence.selector.importances_per_network_):,}"))
    facts.append(("First features", ", ".join(safe(x, 40) for x in evidence.features.names[:5])))
    return facts


def doubt_section(doubts: Sequence[Doubt]) -> Section:
    """What was found, and what was looked for in vain."""
    items = [
        {"check": one.check, "level": one.level, "word": WORDS[one.level], "finding": one.finding}
        for one in doubts
    ]
    return {
        "found": [item for item in items if item["level"] != "clear"],
        "clear": [item for item in items if item["level"] == "clear"],
    }


def ranking_section(evidence: Evidence) -> Section:
    """The table of features."""
    columns, n = columns_of(evidence), len(evidence.features.names)
    rows = rows_of(evidence, columns)
    chosen = (
        f"; {sum(bool(row['selected']) for row in rows):,} selected, in bold"
        if evidence.cut
        else ""
    )
    shown = (
        f"all {n:,}" if n <= MOST_ROWS else f"the first {MOST_ROWS:,} of {n:,}; no row holds others"
    )
    quantity = " ".join(evidence.selector.quantities_.importance.split())
    said = [f"Importance: {quantity}."]
    if "importance_low" in evidence.features.frame:
        said.append(
            "The interval is of the mean over networks: what another training would have said, "
            "not other rows."
        )
    if evidence.features.stability:
        said.append(
            "\u201cIn first k\u201d is the share of networks that have the feature among their own "
            "first k."
        )
    elif any(column.title == SELECTED_BY for column in columns):
        said.append(
            f"\u201c{SELECTED_BY.capitalize()}\u201d is the share of networks that select it."
        )
    return {
        "columns": columns,
        "rows": rows,
        "importance_said": " ".join(said),
        "shown_said": f"Features, {shown}{chosen}.",
    }


def class_section(evidence: Evidence) -> Section:
    """Heat map, and for each class what speaks for it and against it."""
    labels = evidence.features.labels
    first = ", ".join(safe(name, 30) for name in evidence.features.names[:5])
    n = min(_figures.MOST_FEATURES, len(evidence.features.names))
    kind = "class scores" if evidence.labelled else "slopes"
    beyond = (
        f" The first {_figures.MOST_CLASSES} of {len(labels)} classes are drawn."
        if len(labels) > _figures.MOST_CLASSES
        else ""
    )
    picture = Picture(
        inline_svg(lambda: _figures.draw_heat_map(evidence), "heat"),
        f"Heat map: {kind} of the first {n} features, from {first} down.",
        f"{_colours_said(evidence)}{beyond}",
    )
    speaks = _speaking(evidence) if evidence.labelled else []
    hidden = len(labels) - MOST_CLASSES
    return {
        "heat_map": picture,
        "speaks": speaks,
        "speaks_more": f"{hidden:,} more classes are not listed." if hidden > 0 and speaks else "",
    }


def _colours_said(evidence: Evidence) -> str:
    """The colours that are there, and what has none."""
    drawn = np.s_[: _figures.MOST_FEATURES, : _figures.MOST_CLASSES]
    signs, sizes = evidence.features.signs[drawn], evidence.sizes[drawn]
    grey = "; grey: its columns differ" if ((signs == 0) & (sizes != 0)).any() else ""
    without = not evidence.labelled and np.isnan(evidence.features.slopes[drawn]).any()
    none = " A group, or a text, has no slope." if without else ""
    return f"{BLUE_AND_RED[evidence.labelled]}{grey}.{none}"


def _speaking(evidence: Evidence) -> list[Section]:
    features, found = evidence.features, []
    for k, label in enumerate(features.labels[:MOST_CLASSES]):
        sizes, signs = evidence.sizes[:, k], features.signs[:, k]
        best = [i for i in np.argsort(-sizes, kind="stable")[:PER_CLASS] if sizes[i] >= VISIBLE]
        marks = {1: "+", -1: "\u2212", 0: "\u00b1"}
        lines = [
            f"{safe(features.names[i], 40)} {marks[int(signs[i])]}{sizes[i]:.3f}" for i in best
        ]
        found.append({"label": safe(label, 40), "lines": lines})
    return found


def curve_section(comparison: FeatureCountCurve | pd.DataFrame | None) -> Section:
    """The feature-count curve against other methods."""
    if comparison is None:
        return {
            "no_curve": "Not compared: a ranking cannot be tested on the rows it was made of. "
            "Pass comparison= the result of feature_count_curve, or use the command line, which "
            "holds rows out."
        }
    found, name = _scores_of(comparison)
    table = _curve_table(found, name)
    first = found.head(4)
    best = "; ".join(
        f"{row[0]} {counted(n, 'feature')}: {row[2]}"
        for row, n in zip(table.rows, first["n_features"], strict=False)
    )
    picture = Picture(
        inline_svg(lambda: _figures.draw_curve(comparison), "curve"),
        f"Score against the number of features, a line for each method. {best}.",
        f"Higher is better. {_noise_said(found)}",
    )
    return {"curve": picture, "curve_table": table}


def _scores_of(comparison: FeatureCountCurve | pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """A row for each method and number of features, and the name of the score."""
    if isinstance(comparison, FeatureCountCurve):
        found = comparison.summary().rename(columns={"selector": "method", "mean": "score"})
        return found, comparison.score_name
    return comparison, str(comparison["metric"].iloc[0])


def _noise_said(found: pd.DataFrame) -> str:
    """Which differences are noise; of rows of a single group that test nothing says it."""
    parts = found[found["method"] != "all features"]
    if parts["standard_error"].isna().all():
        return "No standard error is known: any difference may be noise."
    drawn = "bar" if parts["n_features"].nunique() == 1 else "band"
    return f"Differences within the {drawn} are noise."


def _curve_table(found: pd.DataFrame, name: str) -> Grid:
    errors = ["" if np.isnan(error) else f"{error:.3f}" for error in found["standard_error"]]
    rows = [
        [safe(row.method), f"{row.n_features:,}", f"{row.score:.3f}", error]
        for row, error in zip(found.itertuples(), errors, strict=True)
    ]
    return Grid(f"{name} on held-out rows", ["method", "features", "score", "standard error"], rows)


def stability_section(evidence: Evidence) -> Section:
    """Agreement of the networks on lists of several lengths."""
    points = evidence.features.stability
    if not points:
        why = (
            "A single network was trained: there is nothing to compare."
            if len(evidence.selector.importances_per_network_) < 2
            else "There are too few features for lists to differ."
        )
        return {"no_stability": why}
    names = evidence.features.names
    rows = []
    for point in points:
        sure = [safe(names[i], 30) for i in np.flatnonzero(point.frequency == 1)]
        shown = ", ".join(sure[:5]) + (f" and {len(sure) - 5:,} more" if len(sure) > 5 else "")
        index = "" if np.isnan(point.stability) else f"{point.stability:.2f}"
        rows.append([f"{point.count:,}", index, shown or "none"])
    n = len(evidence.selector.importances_per_network_)
    drawn = min(_figures.MOST_FEATURES, len(names))
    return {
        "stability": Picture(
            inline_svg(lambda: _figures.draw_stability(evidence), "stability"),
            f"Rank of each of the first {drawn} features in each network; the table below says "
            "which of them every network has among its first.",
            "Dots that lie close together: the networks agree on the feature.",
        ),
        "stability_said": f"Each of the {n:,} networks has a ranking of its own. Nogueira\u2019s "
        "index compares their first k features: 1 if they are the same, about 0 if they might as "
        "well have been drawn at random.",
        "stability_table": Grid(
            "Agreement of the networks",
            ["first k", "index", "features that every network has among its first k"],
            rows,
            texts=(2,),
        ),
    }


def null_section(evidence: Evidence) -> Section:
    """Features against null features of the same networks."""
    frame = evidence.features.frame
    if "q_value" not in frame:
        return {
            "no_nulls": "Not tested. Networks that read null columns beside the real ones "
            "(null_features=True, or --nulls on the command line) give each feature a p-value and "
            "a q-value."
        }
    q, alpha = frame["q_value"].to_numpy(), evidence.selector.alpha
    found = {level: (q <= level).sum() for level in (0.05, 0.1, 0.2)}
    at = ", ".join(f"{found[level]:,} at q \u2264 {level:g}" for level in (0.1, 0.2))
    n = min(len(q), _figures.MOST_FEATURES)
    return {
        "nulls_said": f"Of {counted(len(q), 'feature')}, {found[0.05]:,} stand out from null ones "
        f"at q \u2264 0.05, {at}. q is the share of false discoveries to expect among those listed "
        "down to it.",
        "nulls": Picture(
            inline_svg(lambda: _figures.draw_nulls(evidence), "nulls"),
            f"Share of null features that say as much as each of the {n} features of which that "
            f"is the smallest; {(q <= alpha).sum():,} of all have q at or below {alpha:g}.",
            f"Left: hardly any null feature says as much. Full: q at or below alpha = {alpha:g}.",
        ),
    }


def _values_said(dose: Dose) -> list[str]:
    if dose.levels is not None:
        return [safe(level, 30) for level in dose.levels]
    return date_texts(dose.values) if dose.dates else [f"{value:.4g}" for value in dose.values]


def dose_section(evidence: Evidence, dates: Collection[str] = ()) -> Section:
    """Predictions once the first features are set to one value after another."""
    doses = doses_of(evidence, dates)
    if not doses:
        return {"no_doses": "None of the first features can be set by itself: they are groups."}
    unit = "probability" if evidence.labelled else "target"
    rows = []
    for dose in doses:
        for m, at in enumerate(_values_said(dose)):
            for k, output in enumerate(dose.outputs):
                effect = f"{dose.effects[m, k]:+.3f}"
                own = [
                    safe(dose.feature, 30),
                    at,
                    safe(output, 30),
                    effect,
                    f"{dose.support[m]:,.0f}",
                ]
                rows.append(own)
    names = ", ".join(safe(dose.feature, 30) for dose in doses)
    return {
        "doses_said": "Mean change of the prediction if every row had this value, all else as it "
        "is. The networks are asked, not nature: a column that moves with others in the world "
        "moves alone here.",
        "doses": Picture(
            inline_svg(lambda: _figures.draw_doses(doses, labelled=evidence.labelled), "doses"),
            f"Change of the {unit} against the value of {names}.",
            "Band: 95 % over networks. Empty: fewer than 20 rows have such a value; networks "
            "guess there.",
        ),
        "dose_table": Grid(
            f"Change of the {unit}",
            ["feature", "value", "output", "change", "rows near"],
            rows,
            (0, 2),
        ),
    }
