"""Names of the quantities that a selector's numbers are, for axes and tables."""

from __future__ import annotations

from typing import Any, NamedTuple

__all__ = ["Quantities", "decomposed", "effects"]


class Quantities(NamedTuple):
    """Names of what a selector's numbers measure, settled by ``fit``; in lines that fit an axis."""

    importance: str
    """Name of ``feature_importances_``."""
    by_class: str
    """Name of ``class_importances_``."""
    slope: str | None = None
    """Name of ``class_slopes_``; None without them, where signs of class scores are directions."""


def decomposed(importance: str, kind: str) -> Quantities:
    """Quantities of a selector whose class scores and slopes come from exact terms."""
    if kind == "regression":
        return Quantities(
            importance,
            "mean term of the feature\n(standard deviations of the target)",
            "change of the prediction for one standard\ndeviation more of the feature "
            "(in those of the target)",
        )
    return Quantities(
        importance,
        "mean change of the class's probability\nover its own rows",
        "change of the class's centred logit for one\nstandard deviation more of the feature",
    )


def effects(kind: str, scale: str, target_class: Any) -> Quantities:
    """Quantities of a selector whose scores are effects of interventions, on ``scale``."""
    if kind == "regression":
        changed = "prediction (in SD)"
    else:
        changed = "class's probability" if scale == "proba" else "class's centred logit"
    if target_class is None:
        importance = f"mean size of the change of\nthe {changed}"
    else:
        importance = f"mean effect on {target_class}\nof having more of the feature"
    return Quantities(importance, f"mean change of the {changed}\nby having more of the feature")
