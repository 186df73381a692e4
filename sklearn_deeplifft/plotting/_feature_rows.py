"""Features as rows, the best on top: names, heights and what stands beside them."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sklearn_deeplifft._printable import shown
from sklearn_deeplifft.plotting._labels import literal, shortened
from sklearn_deeplifft.plotting._signed_cells import LIST, name_size, row_height
from sklearn_deeplifft.selectors._support import RankedFeatures

__all__ = [
    "FAINT",
    "PLAIN",
    "best_features",
    "label_rows",
    "require_alike",
    "require_selector",
    "rows_size",
]

LONGEST_NAME = 36
LETTER = 0.075
"""Inches that a letter of a label takes, on average."""
PLAIN, FAINT = "#4f7ba6", "#ccd8e3"
"""What is selected, and what is not: told apart by lightness alone."""


def best_features(selector: Any, k: int) -> int:
    """How many features are drawn: ``k`` of a fitted selector, or all that there are."""
    require_selector(selector)
    check_is_fitted(selector, "ranking_")
    if not isinstance(k, Integral) or k < 1:
        raise ValueError(f"k={shown(k)} features cannot be drawn; ask for a whole number from 1.")
    return min(int(k), len(selector._groups.first))


def require_selector(selector: Any) -> None:
    """Refuse what ranks no features as the selectors of this package do."""
    if not isinstance(selector, RankedFeatures):
        kind = type(selector).__name__
        raise TypeError(
            f"selector is {'an' if kind[:1] in 'AEIOU' else 'a'} {kind}, and what is drawn is the "
            "ranking of a DeepLIFFTSelector, ImportanceNeuronSelector or GIATransformer; pass one "
            "of these, fitted. A fitted ensemble or network is ranked by DeepLIFFTSelector("
            "ensemble, prefit=True).fit(X, y)."
        )


def require_alike(names: Sequence[object], **values: Any) -> None:
    """Refuse values of which there are not as many as features."""
    for name, value in values.items():
        n = len(names) if value is None else np.shape(value)[-1]
        if n != len(names):
            raise ValueError(
                f"{name}={shown(value)} holds {n} values, and feature_names {len(names)}; give "
                "one for each feature."
            )


def label_rows(ax: Any, names: Sequence[object]) -> None:
    """Name the rows, the first on top, and give each its place."""
    labels = [literal(shortened(name, LONGEST_NAME)) for name in names]
    ax.set_yticks(range(len(labels)), labels, fontsize=name_size(len(labels)))
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(len(labels) - 0.5, -0.5)
    if len(labels) > LIST:  # the axis below is a page or more away
        ax.tick_params(axis="x", labeltop=True)


def rows_size(names: Sequence[object], width: float) -> tuple[float, float]:
    """Width and height in inches at which rows beside a panel of ``width`` inches are readable."""
    longest = max((len(shortened(name, LONGEST_NAME)) for name in names), default=0)
    return 0.6 + LETTER * longest + width, 0.9 + row_height(len(names)) * max(len(names), 4)
