"""What a fitted selector has to say, as text: worth of the networks, cut, features, classes."""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np
from rich.console import Console

from sklearn_deeplifft._printable import counted, named
from sklearn_deeplifft.ensembles import METRICS
from sklearn_deeplifft.selectors._ranking_frame import class_names, displayed_names, signed_scores
from sklearn_deeplifft.selectors._ranking_screen import (
    ListedFeatures,
    class_unit,
    show_classes,
    show_features,
)

__all__ = ["Summary", "summary_of"]


class Summary(str):
    """A text of several lines, which a prompt shows as such."""

    def __repr__(self) -> str:
        return str(self)


def summary_of(selector: Any, most: int, width: int) -> Summary:
    """The text that ``summary`` returns: at most ``most`` features in lines of ``width``."""
    stream = io.StringIO()
    settings: dict[str, Any] = {"markup": False, "emoji": False, "highlight": False}
    console = Console(file=stream, width=width, color_system=None, **settings)
    console.print(_table_line(selector))
    console.print(_networks_line(selector))
    console.print(selector._training_said())
    console.print(_cut_line(selector))
    console.print()
    listed, quantities = _listed(selector), selector.quantities_
    by_class = _one_line(quantities.by_class)
    show_features(console, listed, _unit(listed, quantities), most)
    if listed.classes:
        show_classes(console, listed, class_unit(by_class))
    return Summary("\n".join(line.rstrip() for line in stream.getvalue().rstrip().splitlines()))


def _listed(selector: Any) -> ListedFeatures:
    sizes, directions = signed_scores(selector)
    ranking = selector._groups.merged(selector.ranking_)
    order = np.argsort(ranking, kind="stable")
    classes = "classes_" in vars(selector)
    return ListedFeatures(
        names=displayed_names(selector),
        ranks=ranking[order].tolist(),
        importances=selector._groups.merged(selector.feature_importances_)[order],
        scores=sizes if classes else sizes * directions,
        directions=directions,
        outputs=class_names(selector),
        classes=classes,
    )


def _table_line(selector: Any) -> str:
    n, d = selector._n_rows, selector.n_features_in_
    G = len(selector._groups.first)
    columns = counted(d, "column")
    if not selector._selects_inputs():
        columns = f"{columns} read, {counted(G, 'neuron')} of layer {selector._layer!r} to rank"
    elif d != G:
        columns = f"{columns} that are {counted(G, 'feature')}"
    head = f"{type(selector).__name__}: {counted(n, 'row')}, {columns}"
    names = class_names(selector)
    if "classes_" not in vars(selector):
        targets = "a quantity" if len(names) == 1 else f"{len(names)} quantities"
        return f"{head}, {targets} to predict."
    one, several = ("label", "labels") if _multilabel(selector) else ("class", "classes")
    return f"{head}, {counted(len(names), one, several)}: {named(names)}."


def _multilabel(selector: Any) -> bool:
    return bool(selector.estimator_._target.kind == "multilabel")


def _networks_line(selector: Any) -> str:
    """The worth of the networks on rows that they have not seen, and whether it is any."""
    ensemble = selector.estimator_
    networks = counted(len(selector.importances_per_network_), "network")
    score, interval = ensemble.out_of_fold_score_, ensemble.out_of_fold_interval_
    if math.isnan(score):
        them = "it is" if len(selector.importances_per_network_) == 1 else "they are"
        return f"{networks}; no row is known that was held out, so what {them} worth is not."
    ends = "" if np.isnan(interval).any() else f" [{interval[0]:.3f}, {interval[1]:.3f}]"
    worth = f"{networks}: {METRICS[ensemble._task]} {score:.3f}{ends} on rows held out"
    if selector.at_chance_ is None:
        return f"{worth}; too few to tell it from chance."
    if selector.at_chance_:
        return f"{worth}, no better than chance: THE RANKING MEANS NOTHING."
    return f"{worth}, better than chance."


def _cut_line(selector: Any) -> str:
    kept = int(selector._groups.merged(selector._get_support_mask()).sum())
    line = f"Keeps {kept:,} of {len(selector._groups.first):,} features"
    if len(selector.importances_per_network_) < 2 or math.isnan(stability := selector.stability_):
        return f"{line}."
    return (
        f"{line}; the networks' own lists agree by {stability:.2f} (1: all equal, 0: as by chance)."
    )


def _unit(listed: ListedFeatures, quantities: Any) -> str:
    importance = f"importance: {_one_line(quantities.importance)}. rank: by importance. "
    if listed.classes:
        return (
            f"{importance}most for class: of those that more of it speaks for, the one with the "
            "largest class score."
        )
    slope = _one_line(quantities.slope or quantities.by_class)
    return f"{importance}slope: {slope}; a group of columns that differ has none."


def _one_line(text: str) -> str:
    return " ".join(text.split())
