"""Evidence for interactions, from rows that networks were not trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from sklearn_deeplifft.attribution import neutral_torch, spread_positions
from sklearn_deeplifft.ensembles import BaseNetworkEnsemble
from sklearn_deeplifft.interventions._background import weighted_rows
from sklearn_deeplifft.interventions._bind import feature_labels
from sklearn_deeplifft.interventions._models import ensemble_behind, ensemble_of
from sklearn_deeplifft.interventions._options import generator_of
from sklearn_deeplifft.interventions._population import dense_rows, groups_for
from sklearn_deeplifft.interventions.interactions._held_out_test import (
    additive_fit,
    basis_of,
    loss_of_nothing,
    losses,
    residuals,
    share_left,
    spread_of,
    without,
    z_values,
)
from sklearn_deeplifft.interventions.interactions._interaction_effects import InteractionEffects
from sklearn_deeplifft.interventions.interactions._interactions import interaction_effects
from sklearn_deeplifft.interventions.interactions._pair_rows import donors_of, row_interactions
from sklearn_deeplifft.ranking import drawn_rows, q_values, share_factors
from sklearn_deeplifft.tables import (
    FitData,
    Target,
    check_rows,
    column_labels,
    find_groups,
    group_labels,
)

__all__ = ["InteractionEvidence", "interaction_evidence"]

MOST_ROWS = 5000
"""Rows that are looked at, drawn without replacement: of each class its share, or some rows."""

N_COMPARED = 200
"""Rows on which the strongest pairs are found."""

N_SEEDS = 8
"""Numbers that seed a draw of rows."""

N_RIVALS = 5
"""Strongest other pairs, of whose part nothing is counted for a pair."""

N_DONORS = 8
"""Rows whose values take the place of a row's own."""


@dataclass(frozen=True)
class InteractionEvidence:
    """What rows that networks have not seen say of p pairs of features, the surest first.

    Attributes
    ----------
    pairs : ndarray of shape (p, 2)
        Positions in ``names``.
    gain : ndarray of shape (p,)
        How much more predictions lose on these rows once the pair's part is taken out of them, as a
        share of what they lose if nothing but the mean (the frequencies of the classes) is known.
        In regression a part of R squared, of several targets of its mean. Below 0 where the part
        does harm.
    z : ndarray of shape (p,)
        How far the pair's part goes with what the rest leaves of the target, in standard errors.
    p_value, q_value : ndarray of shape (p,)
        One-sided, 0 to 1; and after Benjamini and Hochberg over the p pairs: the share of false
        ones to be expected among the pairs up to this one.
    n_rows : int
        Rows that were asked.
    names : tuple of str
        The features.
    """

    pairs: np.ndarray
    gain: np.ndarray
    z: np.ndarray
    p_value: np.ndarray
    q_value: np.ndarray
    n_rows: int
    names: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """Table with one row per pair, the surest first."""
        names = np.array(self.names, dtype=object)[self.pairs]
        columns = {"first": names[:, 0], "second": names[:, 1]}
        columns |= {name: getattr(self, name) for name in ("gain", "z", "p_value", "q_value")}
        return pd.DataFrame(columns)


@neutral_torch()
def interaction_evidence(
    model: Any,
    X: Any,
    y: Any,
    *,
    pairs: Any = 50,
    feature_groups: Any = None,
    sample_weight: Any = None,
    groups: Any = None,
    random_state: int | np.random.RandomState | None = 0,
) -> InteractionEvidence:
    """Test pairs of features on rows that the networks were not trained on.

    The score of a pair that does not interact is above 0 too: networks bend where strong features
    meet, and what they overfit is interactions as well. Neither helps on new rows. Of such a row
    the pair's part ``e`` is taken out of the prediction, and what a function of the one feature and
    one of the other could say (and functions of columns correlated with them) out of ``e``. What is
    left of both is unrelated where the target has no such interaction. On rows that the networks
    know it is not, which is why those are refused.

    Parameters
    ----------
    model : object
        A fitted ensemble or selector of this package.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        New rows; at most 5,000 of them are drawn, at least 20 of each class where it has them.
        What is estimated stays that of all: a class drawn beyond its share weighs its share.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
    pairs : int, InteractionEffects or sequence of pairs, default=50
        So many strongest pairs, which the networks choose without a look at ``y``; or pairs that
        were found before, or named. One that is named twice is tested once.
    feature_groups : array-like, list of lists, mapping or callable, default=None
        Columns that are one feature; a selector's own by default.
    sample_weight : array-like of shape (n_samples,), default=None
    groups : array-like of shape (n_samples,), default=None
        Rows of one group (a patient) count as one observation.
    random_state : int, RandomState instance or None, default=0
        Draws rows, and those whose values take the place of their own.

    Returns
    -------
    InteractionEvidence

    Raises
    ------
    TypeError
        A model whose training rows are not known.
    ValueError
        The rows that the networks were trained on; columns or labels that they do not know; pairs
        of other features.

    Notes
    -----
    The test is conditional on the networks: one that has learned an interaction badly finds it
    badly. Taking out what additive functions could say is needed where features are correlated: of
    two like columns a product is nearly a square.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_deeplifft import GIATransformer
    >>> from sklearn_deeplifft.interventions import interaction_evidence
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((1200, 4))
    >>> y = X[:, 0] * X[:, 1] + X[:, 2] + 0.3 * rng.standard_normal(1200)
    >>> model = GIATransformer.default_estimator("regression", n_networks=3, random_state=0)
    >>> found = interaction_evidence(model.fit(X[:800], y[:800]), X[800:], y[800:])
    >>> found.pairs[found.q_value <= 0.1].tolist()
    [[0, 1]]
    """
    ensemble = ensemble_behind(model)
    if ensemble is None:
        raise TypeError(
            f"model is a {type(model).__name__}, and which rows it knows cannot be told; pass a "
            "fitted ensemble or selector of this package, such as "
            "NetworkEnsembleClassifier(network=...)."
        )
    rng = generator_of(random_state)
    names = getattr(ensemble, "feature_names_in_", None)
    given: dict[str, Any] = {"sample_weight": sample_weight, "groups": groups}
    checked, y = check_rows(ensemble, X, reset=False, y=y)
    data = ensemble._fit_data(checked, y, names, known=True, **given)
    if ensemble._was_trained_on(data):
        raise ValueError(
            "X and y are the rows that the networks were trained on, where whatever they overfit "
            "looks true. Pass rows that were kept apart, as by train_test_split."
        )
    given_groups, d = groups_for(feature_groups, model), data.rows.shape[1]
    blocks = find_groups(given_groups, names, d)
    labels = group_labels(given_groups, names, d)
    shown = feature_labels(blocks, names, labels)
    if isinstance(pairs, InteractionEffects):
        known = (shown, feature_labels(blocks, None, labels))
        _require_same_features(pairs.names, known, named=names is not None)
    else:
        pairs = _chosen(pairs, model, X, data, feature_groups, rng)
    asked, score = _once_each(pairs)
    index, weight = _drawn(data, rng)
    gain, z = _tested(ensemble, data, index, weight, blocks.columns, asked, rng)
    p = norm.sf(z)
    order = np.lexsort((-np.abs(score).max(axis=1), p))
    return InteractionEvidence(
        pairs=asked[order],
        gain=gain[order],
        z=z[order],
        p_value=p[order],
        q_value=q_values(p)[order],
        n_rows=len(index),
        names=shown,
    )


def _require_same_features(
    found: tuple[str, ...], known: Sequence[tuple[str, ...]], *, named: bool
) -> None:
    """Raise for pairs of other features, whose positions would be those of something else.

    ``known`` are the names of the features, and those that they have where columns have none.
    """
    same_number = len(found) == len(known[0])
    if found in known or (same_number and not named):
        return
    of = f"{len(found)} features and the networks have {len(known[0])}"
    if same_number:
        i = next(i for i, name in enumerate(found) if name != known[0][i])
        of = f"{found[i]!r} where the networks have {known[0][i]!r} (position {i})"
    raise ValueError(
        f"pairs are of {of}; find them in the same columns, with the same feature_groups."
    )


def _chosen(
    pairs: Any,
    model: Any,
    X: Any,
    data: FitData,
    feature_groups: Any,
    rng: np.random.RandomState,
) -> InteractionEffects:
    """The pairs asked for on a few rows, which are the same in whatever order X is."""
    index = weighted_rows(data.index, data.sample_weight, N_COMPARED, rng)
    rows, columns = data.rows.take(index), column_labels(X)
    few: Any = pd.DataFrame(rows, columns=columns) if columns else rows
    asked: dict[str, Any] = {"feature_groups": feature_groups, "support": False}
    units = _units(data.target, data.index, data.sample_weight[data.index])
    number = isinstance(pairs, Integral) and not isinstance(pairs, bool) and int(pairs) >= 1
    if units is None or not number:
        return interaction_effects(model, few, pairs=pairs, random_state=rng, **asked)
    found = interaction_effects(model, few, random_state=rng, **asked)
    return replace(found, score=found.score / units).top(pairs)


def _once_each(found: InteractionEffects) -> tuple[np.ndarray, np.ndarray]:
    """Pairs (p, 2) and scores (p, R), each pair where it comes first: it is no rival of its own."""
    first = np.unique(np.sort(found.pairs, axis=1), axis=0, return_index=True)[1]
    kept = np.sort(first)
    return found.pairs[kept], found.score[kept]


def _drawn(data: FitData, rng: np.random.RandomState) -> tuple[np.ndarray, np.ndarray]:
    """Rows that are looked at, in the order of their values, and their weights, 1 on average."""
    rows, strata = data.index, data.target.strata()
    # Taken from the generator however few the rows are, as donors are drawn from it as well.
    own = np.random.default_rng(rng.permutation(len(rows))[:N_SEEDS])
    index = drawn_rows(rows, strata[rows], MOST_ROWS, own)
    weight, factor = data.sample_weight[index], share_factors(strata[rows], strata[index])
    weight = weight if factor is None else weight * factor
    return index, weight / weight.mean()  # the penalty of the logistic fit is for these


def _tested(
    ensemble: BaseNetworkEnsemble,
    data: FitData,
    index: np.ndarray,
    weight: np.ndarray,
    features: Sequence[np.ndarray],
    pairs: np.ndarray,
    rng: np.random.RandomState,
) -> tuple[np.ndarray, np.ndarray]:
    """Gain (p,) and z (p,) of pairs, on the rows ``index`` of these weights."""
    X, target = dense_rows(data.rows, index), data.target
    units = _units(target, index, weight)
    codes = target.codes[index] if units is None else target.codes[index] / units
    groups = None if data.groups is None else data.groups[index]
    responses = ensemble_of(ensemble, X[spread_positions(len(X)).numpy()], scale="logit").responses
    donors = donors_of(X, N_DONORS, rng)
    parts = (row_interactions(response, X, features, pairs, donors) for response in responses)
    e = np.asarray(sum(parts)) / len(responses)
    e = e if units is None else e / units
    B = basis_of(X, [features[g] for g in _by_strength(features, pairs)])
    f = additive_fit(B, codes, weight, target)
    r, worth = residuals(f, codes, target), loss_of_nothing(codes, weight, target)
    varies = weight * spread_of(f, target)
    rivals = np.argsort(-(e**2).mean(axis=(0, 2)), kind="stable")[: N_RIVALS + 1]
    plain = without(e, B, varies)
    s, gain = np.zeros((len(X), len(pairs))), np.zeros(len(pairs))
    for k in range(len(pairs)):
        others = plain[:, [other for other in rivals if other != k][:N_RIVALS]]
        # Where another pair is learned too faintly, what is left of it goes with triples of both.
        rest = without(plain[:, k], others.reshape(len(X), -1), varies)
        s[:, k] = (r * rest).sum(axis=1)
        lost = losses(f, codes, target) - losses(f + rest, codes, target)
        gain[k] = np.average(lost, weights=weight) / worth if worth > 0 else 0.0
    # What was fitted to these rows is smaller than what it estimates.
    return gain, z_values(s, weight, groups) * np.sqrt(share_left(B, N_RIVALS))


def _units(target: Target, index: np.ndarray, weight: np.ndarray) -> np.ndarray | None:
    """Standard deviations (R,) of several targets: they are summed up, whatever their units."""
    codes = target.codes[index]
    if target.kind != "regression" or codes.shape[1] == 1:
        return None
    mean = np.average(codes, axis=0, weights=weight)
    units = np.sqrt(np.average((codes - mean) ** 2, axis=0, weights=weight))
    return np.where(units > 0, units, 1.0)


def _by_strength(features: Sequence[np.ndarray], pairs: np.ndarray) -> list[int]:
    """Features, those of the strongest pairs first."""
    used = list(dict.fromkeys(pairs.ravel().tolist()))
    return [*used, *(g for g in range(len(features)) if g not in set(used))]
