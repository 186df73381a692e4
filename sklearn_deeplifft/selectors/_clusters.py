"""Clusters of the examples of a class, and the features that tell them apart."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sklearn_deeplifft._printable import named, shown

__all__ = ["ScoreClusters"]

REGION = re.compile(r"^(?P<chromosome>[^\s:]+):(?P<start>\d+)-(?P<end>\d+)$")
"""``chromosome:start-end``, start from 0 and end not included, as in a BED file."""


@dataclass(frozen=True)
class ScoreClusters:
    """Clusters of examples of one class by their own scores; made by `score_clusters`.

    Attributes
    ----------
    target_class : object
    scores : ndarray of shape (n_examples, n_features)
        Scores of the examples that were clustered, ``increments`` or
        ``contributions`` of the selector, as asked for.
    values : ndarray of shape (n_examples, n_features)
        What the examples have of each feature; NaN for features of several columns.
    rows : ndarray of shape (n_examples,)
        Their positions in X.
    names : ndarray of shape (n_examples,)
        Their names, or the same positions.
    clusters : ndarray of shape (n_examples,)
        Cluster of each, from 1; cluster 1 is the largest.
    feature_names : ndarray of shape (n_features,)
    linkage : ndarray of shape (n_examples - 1, 4)
        The tree, as scipy writes it.
    silhouettes : Series
        Mean silhouette, -1 to 1, by the number of clusters; of those that were tried.
    example_silhouettes : ndarray of shape (n_examples,)
        Silhouette of each example, -1 to 1; below 0 another cluster is nearer on average.
    n_of_class, n_correct : int
        Examples of the class, and those of them that the networks classify correctly.
    """

    target_class: Any
    scores: np.ndarray
    values: np.ndarray
    rows: np.ndarray
    names: np.ndarray
    clusters: np.ndarray
    feature_names: np.ndarray
    linkage: np.ndarray
    silhouettes: pd.Series
    example_silhouettes: np.ndarray
    n_of_class: int
    n_correct: int

    @property
    def n_clusters(self) -> int:
        """Number of clusters."""
        return int(self.clusters.max())

    @property
    def sizes(self) -> np.ndarray:
        """Number of members of each cluster, the largest first."""
        return np.bincount(self.clusters)[1:]

    def members(self) -> pd.DataFrame:
        """The examples, cluster by cluster, the most typical of each first.

        Returns
        -------
        DataFrame
            ``cluster``, ``name``, ``row`` (position in X) and ``silhouette``.
        """
        order = np.lexsort((-self.example_silhouettes, self.clusters))
        return pd.DataFrame(
            {
                "cluster": self.clusters[order],
                "name": self.names[order],
                "row": self.rows[order],
                "silhouette": self.example_silhouettes[order],
            }
        )

    def enriched(self, k: int | None = 10) -> pd.DataFrame:
        """The features that tell a cluster from the other examples of the class.

        There are no p-values: clusters were made of these scores, which therefore differ between
        them, also where there is nothing to find.

        Parameters
        ----------
        k : int, default=10
            Features of each cluster; None lists all.

        Returns
        -------
        DataFrame
            ``cluster``, ``n_members``, ``feature``; ``score``, mean over the members, and
            ``score_elsewhere``, mean over the other examples: changes of the class's probability,
            -1 to 1, or terms of its centred logit; ``difference`` of the two, by whose size
            features are sorted: above 0 the feature speaks for the class in this cluster more
            than in others, below 0 less, or against it; ``share``, 0 to 1, of the
            members on the cluster's side of the middle
            between the two means, and ``share_elsewhere`` of the others on that side;
            ``value`` and ``value_elsewhere``, means of the feature itself, NaN for features of
            several columns.
        """
        return pd.concat(
            [self._enriched(cluster, k) for cluster in range(1, self.n_clusters + 1)],
            ignore_index=True,
        )

    def best(self, cluster: int, k: int | None = 10) -> np.ndarray:
        """Positions of the features that tell a cluster from others, in the order of the table.

        Parameters
        ----------
        cluster : int
            From 1.
        k : int, default=10
            So many of them; None lists all.

        Returns
        -------
        ndarray of shape (min(k, n_features),)
        """
        if k is not None and (not isinstance(k, Integral) or isinstance(k, bool) or k < 1):
            raise ValueError(f"k={shown(k)} must be a positive integer, or None for all features.")
        score, elsewhere = self._means(cluster)
        found: np.ndarray = np.argsort(-np.abs(score - elsewhere), kind="stable")[:k]
        return found

    def _means(self, cluster: int) -> tuple[np.ndarray, np.ndarray]:
        """Mean scores (n_features,) of a cluster and of the other examples."""
        own = self.clusters == cluster
        return self.scores[own].mean(axis=0), self.scores[~own].mean(axis=0)

    def _enriched(self, cluster: int, k: int | None) -> pd.DataFrame:
        own = self.clusters == cluster
        score, elsewhere = self._means(cluster)
        best, difference = self.best(cluster, k), score - elsewhere
        middle = (score + elsewhere)[best] / 2
        beyond = (self.scores[:, best] - middle) * np.sign(difference[best]) > 0
        return pd.DataFrame(
            {
                "cluster": cluster,
                "n_members": int(own.sum()),
                "feature": self.feature_names[best],
                "score": score[best],
                "score_elsewhere": elsewhere[best],
                "difference": difference[best],
                "share": beyond[own].mean(axis=0),
                "share_elsewhere": beyond[~own].mean(axis=0),
                "value": self.values[own][:, best].mean(axis=0),
                "value_elsewhere": self.values[~own][:, best].mean(axis=0),
            }
        )

    def write_bed(self, path: str | PathLike[str]) -> None:
        """Write the members as a BED file, for a genome browser.

        Parameters
        ----------
        path : str or path
            Four columns: chromosome, start (from 0), end (not included) and the cluster as
            ``cluster_1``, sorted by position.

        Raises
        ------
        ValueError
            Names that are no regions, ``chromosome:start-end``, as `read_bed` gives them to those
            that have no name of their own. Nothing is written then.
        """
        found = [REGION.match(str(name)) for name in self.names]
        other = [name for name, match in zip(self.names, found, strict=True) if match is None]
        if other:
            raise ValueError(
                f"{len(other):,} of {len(self.names):,} examples have names that are no regions: "
                f"{named(other)}. A BED file needs chromosome:start-end; pass such names to "
                "score_clusters, or write members() as a table."
            )
        frame = pd.DataFrame([match.groupdict() for match in found if match is not None])
        frame = frame.astype({"start": "int64", "end": "int64"})
        frame["cluster"] = [f"cluster_{cluster}" for cluster in self.clusters]
        frame = frame.sort_values(["chromosome", "start", "end"], kind="stable")
        text = frame.to_csv(sep="\t", header=False, index=False, lineterminator="\n")
        Path(path).write_bytes(text.encode())


def name_of(names: Sequence[str]) -> str:
    """Name a feature of several columns by what its columns' names begin with.

    Letters of a position are ``p17=A``; levels of a category are ``grade_low``.

    >>> name_of(["p17=A", "p17=C"]), name_of(["p1=A", "p1=C", "p2=A"]), name_of(["g_low", "g_high"])
    ('p17', 'p1-p2', 'g')
    """
    if len(names) == 1:
        return names[0]
    for mark in ("=", "_"):
        stems = list(dict.fromkeys(name.rpartition(mark)[0] for name in names))
        if all(stems) and len(stems) == 1:
            return stems[0]
        if all(stems) and mark == "=":
            return f"{stems[0]}-{stems[-1]}"
    return named(names)
