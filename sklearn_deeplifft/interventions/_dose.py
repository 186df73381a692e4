"""Dose and response: one more copy, saturation or cooperativity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from sklearn_deeplifft._printable import shown
from sklearn_deeplifft.interventions._effects import (
    InterventionEffects,
    intervention_effects,
    population_of,
)
from sklearn_deeplifft.interventions._statistics import t_interval
from sklearn_deeplifft.interventions._values import Column, set_to
from sklearn_deeplifft.tables import as_numbers, column_indices

__all__ = ["DoseResponse", "dose_response"]

MOST_DOSES = 11


@dataclass(frozen=True)
class DoseResponse:
    """Effect of each dose of a column: ``I(set(j, a))`` for a in ``doses``.

    Attributes
    ----------
    doses : ndarray of shape (m,)
        Ascending.
    response : ndarray of shape (m, R)
        Effect of each dose relative to the first one.
    interval : ndarray of shape (2, m, R)
        95 % interval of ``response`` over networks (Student's t); NaN with one network.
    self_epistasis : ndarray of shape (m - 2, R)
        ``I(a_2) - I(a_1) - (I(a_1) - I(a_0)) (a_2 - a_1) / (a_1 - a_0)`` of neighbouring doses;
        for doses 0, 1, 2 that is ``I(2) - 2 I(1)``. Where the response rises, below 0 is
        saturation, above 0 cooperativity.
    self_epistasis_interval : ndarray of shape (2, m - 2, R)
    effects : InterventionEffects
        The same effects relative to the data as it is, with support and the rest.
    """

    doses: np.ndarray
    response: np.ndarray
    interval: np.ndarray
    self_epistasis: np.ndarray
    self_epistasis_interval: np.ndarray
    effects: InterventionEffects

    def to_frame(self) -> pd.DataFrame:
        """Table with one row per dose and output."""
        m, R = self.response.shape
        return pd.DataFrame(
            {
                "dose": np.repeat(self.doses, R),
                "output": list(self.effects.outputs) * m,
                "response": self.response.ravel(),
                "low": self.interval[0].ravel(),
                "high": self.interval[1].ravel(),
                "support": np.repeat(self.effects.support, R),
                "flagged": np.repeat(self.effects.flagged, R),
            }
        )


def dose_response(
    estimator: Any, X: Any, column: Column, doses: ArrayLike | None = None, **options: Any
) -> DoseResponse:
    """Set a column to one dose after another, in every row of the background.

    Parameters
    ----------
    estimator, X : as for `intervention_effects`
    column : int or str
    doses : sequence of float, default=None
        At least two; None takes at most 11 values of a count up to its 99th percentile, and
        deciles of other columns.
    **options
        Further parameters of `intervention_effects`.

    Returns
    -------
    DoseResponse

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LinearRegression
    >>> from sklearn_deeplifft.interventions import dose_response
    >>> X = np.random.RandomState(0).poisson(1.0, size=(100, 3))
    >>> model = LinearRegression().fit(X, 2.0 * X[:, 0] - X[:, 1])
    >>> curve = dose_response(model, X, 0, doses=[0, 1, 2])
    >>> curve.response.ravel().round(6).tolist(), abs(curve.self_epistasis.round(6)).tolist()
    ([0.0, 2.0, 4.0], [[0.0]])
    """
    grid = _doses(estimator, X, column) if doses is None else as_numbers(doses, "doses")
    if not np.isfinite(grid).all():
        raise ValueError(f"doses={shown(doses)} hold NaN or infinity; give finite numbers.")
    grid = np.unique(grid)
    if len(grid) < 2:
        raise ValueError(
            f"doses={shown(doses)} of column {shown(column)} hold fewer than two "
            "different values; a response needs at least two."
        )
    found = intervention_effects(estimator, X, [set_to(column, dose) for dose in grid], **options)
    relative = found.per_network - found.per_network[:, :1]
    bend = _self_epistasis(grid, relative)
    return DoseResponse(
        doses=grid,
        response=relative.mean(axis=0),
        interval=t_interval(relative),
        self_epistasis=bend.mean(axis=0),
        self_epistasis_interval=t_interval(bend),
        effects=found,
    )


def _doses(estimator: Any, X: Any, column: Column) -> np.ndarray:
    population = population_of(X, None, estimator)
    (at,) = column_indices([column], population.names, population.rows.shape[1])
    values = population.rows.columns(np.array([at]))[:, 0]
    distinct = np.unique(values)
    if (distinct == np.round(distinct)).all() and distinct.min() >= 0:
        top = max(np.quantile(values, 0.99), distinct[min(1, len(distinct) - 1)])
        counts = distinct[distinct <= top]
        places = np.linspace(0, len(counts) - 1, min(len(counts), MOST_DOSES))
        chosen: np.ndarray = counts[places.round().astype(np.int64)]
        return chosen
    deciles: np.ndarray = np.quantile(values, np.linspace(0, 1, MOST_DOSES), method="inverted_cdf")
    return deciles


def _self_epistasis(doses: np.ndarray, response: np.ndarray) -> np.ndarray:
    """Rise of each step beyond what the step before it promised, (N, m - 2, R)."""
    step = np.diff(doses)
    rise = np.diff(response, axis=1)
    return rise[:, 1:] - rise[:, :-1] * (step[1:] / step[:-1])[None, :, None]
