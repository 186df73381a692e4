"""Effects of interventions over a population, with their uncertainty and their support."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch

from sklearn_deeplifft.attribution import neutral_torch, spread_positions
from sklearn_deeplifft.interventions._background import own_rows, places_of, sampled
from sklearn_deeplifft.interventions._bind import bind, columns_of, described
from sklearn_deeplifft.interventions._models import Ensemble, ensemble_of
from sklearn_deeplifft.interventions._options import (
    generator_of,
    interventions_of,
    quantile_levels_of,
    require_options,
)
from sklearn_deeplifft.interventions._population import (
    Population,
    background_rows,
    dense_rows,
    groups_for,
    population_of,
)
from sklearn_deeplifft.interventions._statistics import (
    EffectMoments,
    changes,
    merged,
    moments_of,
    t_interval,
)
from sklearn_deeplifft.interventions._support import FEW_ROWS, Correlations, DataNearby, support_of
from sklearn_deeplifft.interventions._text_columns import (
    require_swaps,
    without_text,
)
from sklearn_deeplifft.interventions._values import Intervention
from sklearn_deeplifft.perturbation import Response
from sklearn_deeplifft.ranking import sample_std
from sklearn_deeplifft.tables import Names, row_codes

__all__ = [
    "InterventionEffects",
    "Population",
    "Support",
    "background_rows",
    "effects_from",
    "effects_on",
    "intervention_effects",
    "network_effects",
    "population_of",
    "row_effects",
    "supports",
]

MOST_NEIGHBOURS = 1000
"""Most rows of the data from which distances and correlations are taken."""


class Support(NamedTuple):
    """Amount of data where interventions lead."""

    rows: np.ndarray
    """(m,): median number of data rows at the levels that rows are brought to."""
    off_manifold: np.ndarray
    """(m,): share of the moved rows further from the data than 99 % of the data is."""
    partners: list[list[tuple[Any, float]]]
    """Columns strongly correlated with those written (``|rho| > 0.7``), strongest first."""


@dataclass(frozen=True)
class InterventionEffects:
    """Effects of interventions on the predictions of a population.

    m interventions, R outputs (classes in the order of ``outputs``), N networks. On the logit
    scale an effect is the mean change of the centred logit ``z_c - mean_c z``, of two classes half
    the change of the log-odds; positive speaks for the class. In regression it is in units of the
    target.

    Attributes
    ----------
    effects : ndarray of shape (m, R)
    standard_errors : ndarray of shape (m, R)
        Monte-Carlo error of the mean over background rows: it shrinks with their number, so it is
        no evidence that an effect is real.
    interval : ndarray of shape (2, m, R)
        95 % interval of the mean over networks (Student's t, N - 1 degrees of freedom): the
        uncertainty to report. NaN with one network.
    network_std : ndarray of shape (m, R)
        Standard deviation over networks, divisor N - 1; NaN with one.
    per_network : ndarray of shape (N, m, R)
    positive_share : ndarray of shape (m, R)
        Share of the rows, 0 to 1, whose prediction rises.
    quantiles : ndarray of shape (q, m, R)
        Quantiles of the rows' changes, at ``quantile_levels``.
    quantile_levels : tuple of float
    changed_share : ndarray of shape (m,)
        Share of the rows that are changed at all: removing a motif does nothing to rows without.
    support : ndarray of shape (m,)
        Median number of data rows at the levels that rows of the background are brought to; below
        20 is flagged.
    off_manifold : ndarray of shape (m,)
        Share of the moved rows of the background whose nearest neighbour in the data is further
        away than that of 99 % of the data; about 0.01 is none.
    partners : list of list of (column, rho)
        Strongly correlated columns (``|rho| > 0.7``), which usually move along and here do not.
    interventions : tuple of Intervention
    names : tuple of str
    outputs : tuple
    n_background : ndarray of shape (m,)
        Background rows behind each effect.
    background, scale : str
    """

    effects: np.ndarray
    standard_errors: np.ndarray
    interval: np.ndarray
    network_std: np.ndarray
    per_network: np.ndarray
    positive_share: np.ndarray
    quantiles: np.ndarray
    quantile_levels: tuple[float, ...]
    changed_share: np.ndarray
    support: np.ndarray
    off_manifold: np.ndarray
    partners: list[list[tuple[Any, float]]]
    interventions: tuple[Intervention, ...]
    names: tuple[str, ...]
    outputs: tuple[Any, ...]
    n_background: np.ndarray
    background: str
    scale: str

    @property
    def flagged(self) -> np.ndarray:
        """(m,) bool: fewer than 20 data rows where the intervention leads."""
        return self.support < FEW_ROWS

    def to_frame(self) -> pd.DataFrame:
        """Table with one row per intervention and output."""
        m, R = self.effects.shape
        per_output = {
            "effect": self.effects,
            "low": self.interval[0],
            "high": self.interval[1],
            "network_std": self.network_std,
            "standard_error": self.standard_errors,
            "positive_share": self.positive_share,
        }
        per_intervention: dict[str, Any] = {
            "changed_share": self.changed_share,
            "support": self.support,
            "off_manifold": self.off_manifold,
            "flagged": self.flagged,
            "partners": [" ".join(f"{c}:{rho:+.2f}" for c, rho in p) for p in self.partners],
        }
        return pd.DataFrame(
            {"intervention": np.repeat(self.names, R), "output": list(self.outputs) * m}
            | {name: values.ravel() for name, values in per_output.items()}
            | {name: np.repeat(values, R) for name, values in per_intervention.items()}
        )


@neutral_torch()
def intervention_effects(
    estimator: Any,
    X: Any,
    interventions: Intervention | Iterable[Intervention],
    *,
    background: Any = "data",
    n_background: int = 1000,
    scale: str = "logit",
    feature_groups: Any = None,
    task: str = "auto",
    quantiles: Sequence[float] = (0.05, 0.5, 0.95),
    support: bool = True,
    dtype: str | None = None,
    random_state: int | np.random.RandomState | None = 0,
) -> InterventionEffects:
    """Estimate the mean effect of interventions on the predictions of a population.

    ``I_c(T) = mean_n [ f_c(T x_n) - f_c(x_n) ]``, the global importance of Koo et al. [1]_.

    Parameters
    ----------
    estimator : object
        A fitted selector of this package, a fitted skorch net, a torch module, a list of such
        networks, or any fitted scikit-learn classifier or regressor (by full forwards).
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        The data: background rows are drawn from it, and support is counted in it. A frame may
        hold text, where the estimator takes it; such columns can be swapped.
    interventions : Intervention or sequence of them
        From `set_to`, `add`, `remove`, `quantile_shift`, `swap` and `compose`.
    background : {"data", "without", "with", "matched"} or array-like, default="data"
        Who is intervened on, part of what is estimated. ``"without"``: rows that lack the
        feature, so that adding it shows sufficiency; ``"with"``: rows that have it, so that
        removing it shows necessity; ``"matched"``: for each row with it the nearest row without.
        An array holds rows of your own.
    n_background : int, default=1000
        At most so many rows of the data, drawn without replacement.
    scale : {"logit", "proba"}, default="logit"
        Probabilities saturate and so manufacture interactions: for sizes that people read.
    feature_groups : array-like, list of lists, mapping or callable, default=None
        Blocks of columns that are written whole; a fitted selector's own by default.
    task : {"auto", "classification", "multilabel", "regression"}, default="auto"
        What the outputs of a bare torch module mean; needed if there is one output.
    quantiles : sequence of float, default=(0.05, 0.5, 0.95)
        Levels of the quantiles of the rows' changes.
    support : bool, default=True
        Count and measure around each intervention; without it ``support`` and ``off_manifold``
        are NaN, ``partners`` are empty, and nothing is flagged.
    dtype : {"float32", "float64"} or None, default=None
        Precision of the networks; None is their own.
    random_state : int, RandomState instance or None, default=0
        Draws the background.

    Returns
    -------
    InterventionEffects

    Raises
    ------
    ValueError
        Unknown columns, a part of a block, no row in the background, NaN or infinity in ``X``.
    TypeError
        Something that is no intervention or cannot predict.

    References
    ----------
    .. [1] P. K. Koo, A. Majdandzic, M. Ploenzke, P. Anand, S. B. Paul (2021), "Global importance
       analysis", PLoS Computational Biology 17(5): e1008925.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LinearRegression
    >>> from sklearn_deeplifft.interventions import add, intervention_effects
    >>> X = np.random.RandomState(0).poisson(1.0, size=(100, 3))
    >>> model = LinearRegression().fit(X, 2.0 * X[:, 0] - X[:, 1])
    >>> found = intervention_effects(model, X, [add(0, 1), add(1, 1)])
    >>> found.names, found.effects.ravel().round(6).tolist()
    (('add(x0+1)', 'add(x1+1)'), [2.0, -1.0])
    """
    population = population_of(X, groups_for(feature_groups, estimator), estimator)
    require_options(scale=scale, task=task, dtype=dtype, n_background=n_background)
    quantiles, asked = quantile_levels_of(quantiles), interventions_of(interventions)
    if not asked:
        raise ValueError("interventions is empty; pass at least one, such as remove(0).")
    # One generator draws the background first and rows for the support last, so that effects are
    # the same with support and without.
    rng = generator_of(random_state)
    which, base = background_rows(background, population, n_background, rng)
    tried = base[spread_positions(len(base)).numpy()]
    ensemble = ensemble_of(
        estimator, tried, scale=scale, task=task, dtype=dtype, levels=population.levels
    )
    # Quantiles and donors come from the background, not from all of the data.
    bound = [bind(one, base, population.names, population.groups) for one in asked]
    require_swaps(bound, population.levels, population.names)
    own = None
    if which in ("data", "given"):
        moments = effects_on(ensemble, base, bound, quantiles)
        counts = np.full(len(bound), len(base))
    else:
        # Who has the feature differs from one intervention to the next: a background and a pass
        # for each of them.
        own = [
            own_rows(one, population.rows, which, n_background, rng, population.names)
            for one in bound
        ]
        blocks = (dense_rows(population.rows, rows) for rows in own)
        passes = zip(blocks, bound, strict=True)
        moments = merged([effects_on(ensemble, rows, [one], quantiles) for rows, one in passes])
        counts = np.array([len(rows) for rows in own])
    found = supports(population, base, bound, rng, own) if support else _unknown(len(bound))
    return effects_from(
        moments, found, bound, population, ensemble, counts, which, scale, quantiles
    )


@neutral_torch()
def effects_on(
    ensemble: Ensemble,
    X: np.ndarray,
    bound: Sequence[Intervention],
    quantiles: Sequence[float],
    repeats: np.ndarray | None = None,
) -> EffectMoments:
    """Stream the changes of rows (n, d) into their summaries.

    Rows that come ``repeats`` (n,) times have one donor.
    """
    places = None if repeats is None else places_of(X, X)
    blocks = changes(ensemble.responses, X, bound, len(ensemble.outputs), places)
    return merged([moments_of(t, own, share, quantiles, repeats) for t, own, share in blocks])


def row_effects(
    ensemble: Ensemble, X: np.ndarray, bound: Sequence[Intervention], base: np.ndarray
) -> np.ndarray:
    """Changes (n, m R) of rows (n, d), each by its own values; of ``base`` as `effects_on` has."""
    blocks = changes(ensemble.responses, X, bound, len(ensemble.outputs), places_of(X, base))
    return np.hstack([np.array(total).reshape(len(X), -1) for total, *_ in blocks])


@neutral_torch()
def network_effects(
    response: Response, X: np.ndarray, bound: Sequence[Intervention]
) -> tuple[np.ndarray, np.ndarray]:
    """Effects (m, R) of one network and mean sizes of the changes (m, R)."""
    few = torch.tensor(X[:2], dtype=torch.float64)
    outputs = tuple(range(response.outputs(few).shape[1]))
    found = effects_on(Ensemble([response], outputs), X, bound, ())
    return found.effects, found.magnitudes


def effects_from(
    moments: EffectMoments,
    found: Support,
    bound: Sequence[Intervention],
    population: Population,
    ensemble: Ensemble,
    counts: np.ndarray,
    which: str,
    scale: str,
    quantiles: Sequence[float],
) -> InterventionEffects:
    """Assemble the effects of interventions from their moments and their support."""
    return InterventionEffects(
        effects=moments.effects,
        standard_errors=moments.standard_errors,
        interval=t_interval(moments.per_network),
        network_std=sample_std(moments.per_network),
        per_network=moments.per_network,
        positive_share=moments.positive,
        quantiles=moments.quantiles,
        quantile_levels=tuple(float(q) for q in quantiles),
        changed_share=moments.changed,
        support=found.rows,
        off_manifold=found.off_manifold,
        partners=found.partners,
        interventions=tuple(bound),
        names=tuple(described(one, population.names) for one in bound),
        outputs=ensemble.outputs,
        n_background=counts,
        background=which,
        scale=scale,
    )


def supports(
    population: Population,
    base: np.ndarray,
    bound: Sequence[Intervention],
    rng: np.random.RandomState,
    own: Sequence[np.ndarray] | None = None,
    by_value: bool = False,
) -> Support:
    """Count and measure around every intervention.

    ``own`` are rows of the table that are the background of each; without, all move ``base``. What
    is measured ``by_value`` is the same in whatever order the rows of the table are.
    """
    # Distances and correlations need dense rows, so they are taken from a sample; rows at a level
    # are counted in the whole table, of which only the columns written are read.
    index = sampled(np.arange(population.rows.shape[0]), MOST_NEIGHBOURS, rng)
    if by_value:
        index = np.argsort(row_codes(population.rows), kind="stable")[index]
    data = without_text(dense_rows(population.rows, index), population.levels)
    nearby, correlations = DataNearby(data), Correlations(data)
    rows, off, partners = np.empty(len(bound)), np.empty(len(bound)), []
    around = nearby.of(without_text(base, population.levels))
    for i, one in enumerate(bound):
        if own is not None:
            base = dense_rows(population.rows, own[i])
            around = nearby.of(without_text(base, population.levels))
        values = population.rows.columns(one.positions)
        before = columns_of(base, one)
        after = one.apply(before)
        # A row that is at its level already is brought nowhere. If all are, one of them says where.
        moved = (after != before).any(axis=1)
        rows[i] = support_of(values, after[moved] if moved.any() else after[:1])
        is_text = not population.levels.keys().isdisjoint(one.positions.tolist())
        off[i] = np.nan if is_text else around.off_manifold(one)
        partners.append(_named(correlations.partners(one.positions), population.names))
    return Support(rows, off, partners)


def _unknown(m: int) -> Support:
    return Support(np.full(m, np.nan), np.full(m, np.nan), [[] for _ in range(m)])


def _named(found: list[tuple[int, float]], names: Names) -> list[tuple[Any, float]]:
    return [(i if names is None else str(names[i]), rho) for i, rho in found]
