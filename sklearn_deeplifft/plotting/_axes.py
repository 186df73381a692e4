"""The one place where matplotlib is asked for."""

from __future__ import annotations

from typing import Any

__all__ = ["axes_or_new"]


def axes_or_new(ax: Any, size: tuple[float, float]) -> Any:
    """Return ``ax``, or the axes of a new figure of ``size`` inches.

    Raises
    ------
    ImportError
        matplotlib is not installed; the message says how to get it.
    """
    if ax is not None:
        return ax
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise ImportError(
            "drawing needs matplotlib, which is not installed; "
            "pip install 'sklearn-deeplifft[plot]' brings it."
        ) from error
    return pyplot.subplots(figsize=size, layout="constrained")[1]
