"""Hierarchical clustering of the examples of a class by their scores."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from scipy.cluster import hierarchy
from scipy.spatial.distance import pdist, squareform
from sklearn.metrics import silhouette_samples
from sklearn.utils import _safe_indexing, check_random_state
from sklearn.utils.validation import check_is_fitted

from sklearn_deeplifft._printable import shown
from sklearn_deeplifft.exceptions import FeatureSelectionWarning, tell
from sklearn_deeplifft.selectors._class_scores import row_of
from sklearn_deeplifft.selectors._clusters import ScoreClusters, name_of
from sklearn_deeplifft.selectors._row_readings import RowReadings
from sklearn_deeplifft.tables import check_rows, encode_like, names_of

__all__ = ["score_clusters"]

SCORES = ("increments", "contributions")
METHODS = ("ward", "average", "complete")
SILHOUETTE = "silhouette"

NO_STRUCTURE = 0.25
"""Kaufman & Rousseeuw 1990, table 4: a mean silhouette up to here is no substantial structure."""


def score_clusters(
    selector: Any,
    X: Any,
    y: Any,
    target_class: Any,
    *,
    scores: str = "increments",
    n_clusters: int | str = SILHOUETTE,
    max_clusters: int = 10,
    method: str = "ward",
    names: Any = None,
    feature_names: Any = None,
    max_examples: int = 5000,
    random_state: Any = 0,
) -> ScoreClusters:
    """Cluster the examples of a class by why they are of the class.

    A class may have several ways to be recognised: enhancers by one family of motifs, or by
    another. Each example that the networks classify correctly has its own scores, which say what
    recognised it; examples of similar scores are put together by hierarchical clustering.

    Parameters
    ----------
    selector : DeepLIFFTSelector
        Fitted, on a classification or on labels. Nothing is trained.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Rows of a table, motif counts, or encoded sequences, as in ``fit``.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        True labels.
    target_class : label
        The class whose examples are clustered; of several labels, the label.
    scores : {"increments", "contributions"}, default="increments"
        ``"increments"`` are changes of the class's probability, the scores of the paper: of
        features that go together (words of one motif) the strongest has nearly all of it, another
        one in another example, which parts what belongs together. ``"contributions"`` are terms
        of the class's centred logit, which do not depend on each other's order.
    n_clusters : int or "silhouette", default="silhouette"
        ``"silhouette"`` takes the number, from 2 to ``max_clusters``, of the largest mean
        silhouette.
    max_clusters : int, default=10
        The most that ``"silhouette"`` tries.
    method : {"ward", "average", "complete"}, default="ward"
        How clusters are joined, by Euclidean distances between scores.
    names : sequence of length n_samples, default=None
        Names of the examples, such as those of `read_fasta`; None takes the index of a DataFrame,
        else positions.
    feature_names : sequence of str, default=None
        Names of the columns of X, such as ``motif_names_`` of `MotifCounter`, whose counts carry
        none; None takes those that ``fit`` has seen.
    max_examples : int, default=5000
        At most so many correct examples are clustered, drawn at random: distances are n (n - 1) / 2
        numbers.
    random_state : int or RandomState instance, default=0
        Of that draw.

    Returns
    -------
    ScoreClusters
        ``enriched()`` tables the features of each cluster, ``members()`` its examples.

    Raises
    ------
    TypeError
        The selector has no scores of single examples.
    ValueError
        An unknown class; fewer than three correct examples of it, or fewer different ones than
        clusters asked for.

    Warns
    -----
    FeatureSelectionWarning
        The mean silhouette is .25 or less: the examples do not fall into clusters.

    References
    ----------
    *LIFFTing the Top off the Black Box: Feature Selection for Neural Networks in Biology*,
    section 6. L. Kaufman, P. J. Rousseeuw (1990), *Finding Groups in Data*, section 2.2
    (silhouettes).

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_deeplifft import DeepLIFFTSelector, score_clusters
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> one = DeepLIFFTSelector.default_estimator(n_networks=1)
    >>> selector = DeepLIFFTSelector(one, step=None, random_state=0).fit(X, y)
    >>> found = score_clusters(selector, X, y, 1, n_clusters=2)
    >>> found.n_clusters, found.enriched(k=1).shape
    (2, (2, 10))
    """
    if not isinstance(selector, RowReadings):
        raise TypeError(
            f"score_clusters needs scores of single examples, which {type(selector).__name__} "
            "does not have; pass a fitted DeepLIFFTSelector."
        )
    check_is_fitted(selector, "ranking_")
    _require_settings(n_clusters, max_clusters, method, max_examples)
    if scores not in SCORES:
        raise ValueError(f"scores={shown(scores)} must be one of {list(SCORES)}.")
    labels = _named(names, X)
    checked, y = check_rows(selector, X, reset=False, y=y)
    if labels is not None and len(labels) != checked.shape[0]:
        raise ValueError(
            f"names has {len(labels):,} entries and X has {checked.shape[0]:,} rows; pass a name "
            "for each row."
        )
    # What is read from here on is X as it was given: with its names, where it has any.
    of_class, correct, label = _correct(selector, X, y, target_class)
    rows = correct
    if len(rows) > max_examples:
        draw = check_random_state(random_state).permutation(len(rows))[:max_examples]
        rows = rows[np.sort(draw)]
    least = 3 if isinstance(n_clusters, str) else max(n_clusters, 3)
    if len(rows) < least:
        raise ValueError(
            f"{len(correct):,} of {of_class:,} examples of class {shown(target_class)} are "
            f"classified correctly, and {least} or more are needed; pass more rows, or networks "
            "that know the class."
        )
    # Terms of one row do not depend on others, so rows of other classes need not be read.
    part = _safe_indexing(X, rows)
    measured = _scores(selector, part, _safe_indexing(y, rows), label, scores)
    columns = _columns_of(selector)
    tree, clusters, silhouettes, own = _clustered(measured, n_clusters, max_clusters, method)
    found = ScoreClusters(
        target_class=target_class,
        scores=measured,
        values=_values(_safe_indexing(checked, rows), columns, measured.shape),
        rows=rows,
        names=rows if labels is None else labels[rows],
        clusters=clusters,
        feature_names=_feature_names(selector, columns, feature_names, checked.shape[1]),
        linkage=tree,
        silhouettes=silhouettes,
        example_silhouettes=own,
        n_of_class=of_class,
        n_correct=len(correct),
    )
    _warn_of_no_structure(found)
    return found


def _require_settings(n_clusters: Any, max_clusters: Any, method: Any, max_examples: Any) -> None:
    def whole(value: Any, least: int) -> bool:
        return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= least

    by_silhouette = isinstance(n_clusters, str) and n_clusters == SILHOUETTE
    if not by_silhouette and not whole(n_clusters, 2):
        raise ValueError(
            f'n_clusters={shown(n_clusters)} must be an integer from 2 on, or "{SILHOUETTE}".'
        )
    for name, value, least in (
        ("max_clusters", max_clusters, 2),
        ("max_examples", max_examples, 3),
    ):
        if not whole(value, least):
            raise ValueError(f"{name}={shown(value)} must be an integer from {least} on.")
    if method not in METHODS:
        raise ValueError(f"method={shown(method)} must be one of {list(METHODS)}.")


def _named(names: Any, X: Any) -> np.ndarray | None:
    """Names of the rows; the index of a frame unless it only counts them."""
    if names is None:
        index = getattr(X, "index", None)  # a frame of pandas has one, an array has not
        if not isinstance(index, pd.Index) or isinstance(index, pd.RangeIndex):
            return None
        names = index
    found = np.empty(len(names), dtype=object)
    found[:] = list(names)
    return found


def _correct(
    selector: RowReadings, X: Any, y: Any, target_class: Any
) -> tuple[int, np.ndarray, int]:
    """Number of examples of a class, the correct ones (positions), and the row of the class."""
    target = selector.estimator_._target
    if target.kind == "regression":
        raise ValueError(
            "score_clusters clusters the examples of a class, and the selector was fitted on a "
            "regression, which has none."
        )
    row = row_of(target, target_class)
    given, answered = (
        encode_like(labels, target).codes for labels in (y, selector.estimator_.predict(X))
    )
    multilabel = target.kind == "multilabel"
    own = given[:, row] == 1 if multilabel else given[:, 0] == row
    right = answered[:, row] == 1 if multilabel else answered[:, 0] == row
    return int(own.sum()), np.flatnonzero(own & right), row


def _scores(selector: RowReadings, part: Any, y: Any, row: int, which: str) -> np.ndarray:
    """(n, G): scores of examples of the class at ``row``, a column for each feature."""
    if which == "increments":
        found = selector.increments(part, y)
        return found if found.ndim == 2 else found[:, row]
    terms = selector.contributions(part).terms
    own = terms[:, row]
    if selector.estimator_._target.kind == "softmax":  # a constant for all classes says nothing
        own = own - terms.mean(axis=1)
    columns = _columns_of(selector)
    if columns is None:
        return own
    return np.stack([own[:, group].sum(axis=1) for group in columns], axis=1)


def _columns_of(selector: Any) -> list[np.ndarray] | None:
    """Columns of X of each score; None where neurons are scored."""
    if selector._plan.settings.layer is not None:
        return None
    groups: list[np.ndarray] = selector.feature_groups_
    return groups


def _feature_names(
    selector: Any, columns: Sequence[np.ndarray] | None, given: Any, n_columns: int
) -> np.ndarray:
    if columns is None:
        layer, n = selector._plan.settings.layer, len(selector.feature_importances_)
        return np.array([f"{layer}_{j}" for j in range(n)], dtype=object)
    known = names_of(selector) if given is None else given
    if known is None:
        known = [f"x{j}" for j in range(n_columns)]
    if len(known) != n_columns:
        raise ValueError(
            f"feature_names has {len(known):,} entries and X has {n_columns:,} columns; pass a "
            "name for each column."
        )
    names = [name_of([str(known[j]) for j in group]) for group in columns]
    return np.array(names, dtype=object)


def _values(part: Any, columns: Sequence[np.ndarray] | None, shape: tuple[int, ...]) -> np.ndarray:
    """(n, G): values of features of one column, NaN for others."""
    dense = np.asarray(part.toarray() if sp.issparse(part) else part, dtype=np.float64)
    found = np.full(shape, np.nan)
    for j, group in enumerate(columns or []):
        if len(group) == 1:
            found[:, j] = dense[:, group[0]]
    return found


def _clustered(
    scores: np.ndarray, n_clusters: int | str, max_clusters: int, method: str
) -> tuple[np.ndarray, np.ndarray, pd.Series, np.ndarray]:
    """The tree, clusters from 1 by size, mean silhouettes by count, and those of examples."""
    distances = pdist(scores)
    tree = hierarchy.linkage(distances, method)
    square = squareform(distances)
    most = min(max_clusters, len(scores) - 1)
    tried = range(2, most + 1) if isinstance(n_clusters, str) else [n_clusters]
    best, means = None, {}
    for n in tried:
        clusters = _by_size(hierarchy.fcluster(tree, n, criterion="maxclust"))
        if clusters.max() != n:  # ties: equal examples are joined at the same height
            continue
        # Every example a cluster of its own has no silhouette; by convention it is 0.
        alone = n == len(scores)
        own = np.zeros(n) if alone else silhouette_samples(square, clusters, metric="precomputed")
        means[n] = float(own.mean())
        if best is None or means[n] > means[best[0]]:
            best = n, clusters, own
    if best is None:
        asked = "two" if isinstance(n_clusters, str) else f"{n_clusters}"
        raise ValueError(
            f"the scores of the {len(scores):,} examples do not part into {asked} clusters: too "
            f"many are alike ({len(np.unique(scores, axis=0)):,} are different). Ask for fewer "
            "clusters, or pass more rows."
        )
    return tree, best[1], pd.Series(means, name="silhouette"), best[2]


def _by_size(clusters: np.ndarray) -> np.ndarray:
    """Number clusters from 1, the largest first; of equal ones the one that is met first."""
    _, first, of_each, sizes = np.unique(
        clusters, return_index=True, return_inverse=True, return_counts=True
    )
    number = np.empty(len(sizes), dtype=np.int64)
    number[np.lexsort((first, -sizes))] = np.arange(1, len(sizes) + 1)
    found: np.ndarray = number[of_each]
    return found


def _warn_of_no_structure(found: ScoreClusters) -> None:
    mean = float(found.silhouettes[found.n_clusters])
    if mean <= NO_STRUCTURE:
        finding = (
            f"the mean silhouette of {found.n_clusters} clusters of class "
            f"{shown(found.target_class)} is {mean:.2f}: its examples do not fall into clusters "
            f"({NO_STRUCTURE} and less is no substantial structure)."
        )
        tell(FeatureSelectionWarning(finding, "Read the table as parts of one cloud."))
