"""Which features work together: second differences of all pairs, in contexts that have names."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from numbers import Integral
from typing import Any

import numpy as np

from sklearn_deeplifft._iterables import is_iterable
from sklearn_deeplifft._printable import shown
from sklearn_deeplifft.attribution import neutral_torch, spread_positions
from sklearn_deeplifft.exceptions import FeatureSelectionWarning, tell
from sklearn_deeplifft.interventions._bind import feature_labels
from sklearn_deeplifft.interventions._models import ensemble_of
from sklearn_deeplifft.interventions._options import generator_of, require_options
from sklearn_deeplifft.interventions._population import (
    Population,
    background_rows,
    groups_for,
    population_of,
)
from sklearn_deeplifft.interventions._statistics import t_interval
from sklearn_deeplifft.interventions.interactions._interaction_effects import InteractionEffects
from sklearn_deeplifft.interventions.interactions._levels import PairLevels, pair_levels
from sklearn_deeplifft.interventions.interactions._pair_contexts import CONTEXTS, MIXTURES
from sklearn_deeplifft.interventions.interactions._pair_scores import (
    Told,
    require_finite_background,
)
from sklearn_deeplifft.interventions.interactions._pair_search import Found, Question, search
from sklearn_deeplifft.tables import FeatureGroups, column_indices, find_groups, group_labels

__all__ = ["interaction_effects"]

ROWS, CELLS = 200, 30
"""Default numbers of background rows; of cells there are as many, so that rows are squared."""


@neutral_torch()
def interaction_effects(
    model: Any,
    X: Any,
    *,
    pairs: str | int | Iterable[tuple[Any, Any]] = "all",
    levels: Any = "swap",
    context: str | None = None,
    reduce: str = "rms",
    scale: str = "logit",
    feature_groups: Any = None,
    n_background: int | None = None,
    support: bool = True,
    task: str = "auto",
    dtype: str | None = None,
    random_state: int | np.random.RandomState | None = 0,
    verbose: int | Callable[[float], object] = 0,
) -> InteractionEffects:
    """Interactions of all pairs of features, or of some.

    Parameters
    ----------
    model : object
        A fitted selector or ensemble of this package, a fitted skorch net, a torch module, a list
        of either, or a fitted scikit-learn classifier or regressor. Networks that begin with a
        dense layer are run by low-rank updates; for others every pair is a pass of its own.
    X : array-like or sparse matrix of shape (n_samples, n_features)
    pairs : "all", int or sequence of pairs, default="all"
        ``k`` keeps the k strongest of all pairs. A pair is two columns, by position or name; a
        column of a block stands for its block.
    levels : "swap", "present", "table", (low, high) or array-like, default="swap"
        Levels between which features are moved. ``"swap"``: from what a row holds to what another
        row holds. ``"present"``: from 0 to the median of what the column holds where it is not 0.
        ``(low, high)``: a tuple of two numbers, or of two arrays with one for each column. One
        number, or an array (n_features,): from what a row holds to that. ``"table"``: all levels of
        each feature, such as one-hot blocks of ``feature_groups``; the score is the Frobenius norm
        of the table of mean predictions without its margins, averaged over networks before the norm
        is taken.
    context : str, default=None
        Rows that hold the other features, see Notes. None is ``"without"`` for ``"present"``, else
        ``"data"``.
    reduce : "rms" or "mean", default="rms"
        Root of the mean square over contexts, which finds interactions whatever their sign, or
        their mean, which tells the sign.
    scale : {"logit", "proba"}, default="logit"
        Probabilities saturate and so manufacture interactions: for sizes that people read.
    feature_groups : array-like, list of lists, mapping or callable, default=None
        Columns that are one feature and are moved together; a fitted selector's own by default.
    n_background : int, default=None
        At most so many rows of the data, drawn without replacement; mixtures are drawn as often,
        however few rows there are. None is 200, and 30 with ``context="partial_dependence"``, which
        takes every row to every other.
    support : bool, default=True
        Count cells and measure distances.
    task : {"auto", "classification", "multilabel", "regression"}, default="auto"
        What the outputs of a bare torch module mean; needed if there is one output.
    dtype : {"float32", "float64"} or None, default=None
        Precision of the networks; None is their own. Sums are in double precision.
    random_state : int, RandomState instance or None, default=0
        Draws the background, donors and mixtures.
    verbose : int or callable, default=0
        1 prints how far it is, once a second; a callable is handed the share, 0 to 1.

    Returns
    -------
    InteractionEffects

    Raises
    ------
    ValueError
        Unknown columns, levels that do not fit the table or the context, NaN or infinity in ``X``.
    TypeError
        Something that cannot predict.

    Notes
    -----
    ======================  ===================  ==============================================
    context                 levels               square of the ``"rms"``, or the ``"mean"``
    ======================  ===================  ==============================================
    ``data``                ``"swap"``           4 x superset importance of independent features
    ``data``                array                mean: partial-dependence epistasis [1]_
    ``without``             ``"present"``        mean: pairwise global importance, over rows that
                                                 hold neither
    ``shapley``             array, ``"swap"``    mean: Shapley interaction index [2]_ against that
                                                 reference, or other rows; each feature of a
                                                 context is from the row with probability
                                                 p ~ U(0, 1)
    ``banzhaf``             array, ``"swap"``    mean: Banzhaf interaction index, p = 1/2
    ``archdetect``          array, ``"swap"``    square: ArchDetect [3]_, at reference and row, over
                                                 the gaps of both features
    ``partial_dependence``  ``"swap"``, (g, d)   square: variance over cells of the epistasis, the
                            array                numerator of Friedman's H squared [1]_
    ======================  ===================  ==============================================

    References
    ----------
    .. [1] J. H. Friedman, B. E. Popescu (2008), "Predictive learning via rule ensembles", Annals of
       Applied Statistics 2(3), section 8.1.
    .. [2] M. Grabisch, M. Roubens (1999), "An axiomatic approach to the concept of interaction
       among players in cooperative games", International Journal of Game Theory 28, equation 3.
    .. [3] M. Tsang, S. Rambhatla, Y. Liu (2020), "How does this interaction affect me?
       Interpretable attribution for feature interactions", NeurIPS 33, equation 4.

    Examples
    --------
    >>> import torch
    >>> from sklearn_deeplifft.interventions import interaction_effects
    >>> class Product(torch.nn.Module):
    ...     def forward(self, x):
    ...         return x[:, :1] * x[:, 1:2] + 3 * x[:, 2:]
    >>> X = torch.randn(50, 3, generator=torch.Generator().manual_seed(0)).double().numpy()
    >>> found = interaction_effects(Product(), X, levels=(0, 2), reduce="mean", task="regression",
    ...                             dtype="float64")
    >>> found.pairs.tolist(), found.score.round(6).tolist()
    ([[0, 1], [0, 2], [1, 2]], [[4.0], [0.0], [0.0]])
    """
    population = population_of(X, groups_for(feature_groups, model), model)
    groups = population.groups or find_groups(None, population.names, population.rows.shape[1])
    if len(groups.first) < 2:
        raise ValueError("X holds one feature, which makes no pair.")
    resolved = pair_levels(levels, population, groups)
    context = _context(context, resolved, reduce)
    n = n_background
    if n is None:
        n = CELLS if context == "partial_dependence" else ROWS
    require_options(scale=scale, task=task, dtype=dtype, n_background=n)
    asked, most = _pairs(pairs, population, groups)
    rng = generator_of(random_state)
    _, base = background_rows("data", population, n, rng)
    tried = base[spread_positions(len(base)).numpy()]
    ensemble = ensemble_of(
        model, tried, scale=scale, task=task, dtype=dtype, levels=population.levels
    )
    require_finite_background(ensemble, base)
    if context in MIXTURES and len(base) < n:
        base = np.resize(base, (n, base.shape[1]))
    question = Question(resolved, context, reduce == "rms", asked, most, support)
    told = Told(verbose, "interaction_effects")
    found = search(ensemble, population, base, groups, question, rng, told)
    labels = group_labels(groups_for(feature_groups, model), population.names, base.shape[1])
    names = feature_labels(groups, population.names, labels)
    _require_sound(found, names)
    return InteractionEffects(
        score=found.scores.score,
        standard_errors=found.scores.errors,
        interval=t_interval(found.scores.own),
        cells=found.cells,
        off_manifold=found.off_manifold,
        n_rows=found.n_rows,
        h_squared=found.scores.h_squared,
        pairs=found.pairs,
        names=names,
        outputs=ensemble.outputs,
        context=context,
        levels=resolved.name,
        reduce=reduce,
        scale=scale,
    )


def _context(context: Any, levels: PairLevels, reduce: Any) -> str:
    """The context asked for, or that which the levels mean."""
    if not isinstance(reduce, str) or reduce not in ("rms", "mean"):
        raise ValueError(f"reduce={shown(reduce)} must be 'rms' or 'mean'.")
    if context is None:
        context = "without" if levels.name == "present" else "data"
    if not isinstance(context, str) or context not in CONTEXTS:
        raise ValueError(f"context={shown(context)} must be one of {list(CONTEXTS)}, or None.")
    if levels.name == "table" and context != "data":
        raise ValueError(
            f"levels='table' is about rows as they are, context='data'; got context={context!r}."
        )
    if levels.name == "table" and reduce != "rms":
        raise ValueError(
            "levels='table' scores a pair by the norm of its table, whose entries sum to 0: "
            "reduce='mean' says nothing. Leave reduce as it is."
        )
    return context


def _pairs(
    pairs: Any, population: Population, groups: FeatureGroups
) -> tuple[np.ndarray | None, int | None]:
    """Features (p, 2) of the pairs that are asked for, None for all; and how many are kept."""
    if isinstance(pairs, str) and pairs == "all":
        return None, None
    if _is_whole(pairs) and pairs >= 1:
        return None, int(pairs)
    if not is_iterable(pairs):
        raise ValueError(
            f"pairs={shown(pairs)} must be 'all', a number of pairs to keep, or a sequence of "
            "pairs of columns, such as [(0, 1)]."
        )
    found = [_pair(pair, population, groups) for pair in pairs]
    if not found:
        raise ValueError("pairs is empty; pass at least one, such as (0, 1), or 'all'.")
    return np.array(found), None


def _pair(pair: Any, population: Population, groups: FeatureGroups) -> tuple[int, int]:
    both = list(pair) if is_iterable(pair) else []
    if len(both) != 2:
        raise ValueError(f"pairs holds {shown(pair)}; each pair is two columns, such as (0, 1).")
    columns = column_indices(both, population.names, population.rows.shape[1])
    i, j = groups.of_column[columns].tolist()
    if i == j:
        raise ValueError(
            f"pairs holds {shown(pair)}, which is one feature; a pair is two that are moved apart."
        )
    return i, j


def _is_whole(k: Any) -> bool:
    return isinstance(k, Integral) and not isinstance(k, bool)


def _require_sound(found: Found, names: tuple[str, ...]) -> None:
    """Raise for pairs that could not be computed with, by name; warn of those without rows."""
    known = found.n_rows > 0
    broken = np.flatnonzero(known & ~np.isfinite(found.scores.score).all(axis=1))
    if len(broken):
        i, j = found.pairs[broken[0]]
        raise ValueError(
            f"moving {names[i]} and {names[j]} changes the predictions by more than numbers of "
            "this precision hold. Use levels within the range of the data, or pass "
            "dtype='float64'."
        )
    if not known.any():
        raise ValueError(
            "no row of the background is without both features of any pair. Use levels='swap', "
            "(low, high) with context='data', or more rows."
        )
    if not known.all():
        tell(
            FeatureSelectionWarning(
                f"{(~known).sum():,} of {len(known):,} pairs have no background row without both "
                "features, and score NaN.",
                "Pass a larger n_background.",
            )
        )
