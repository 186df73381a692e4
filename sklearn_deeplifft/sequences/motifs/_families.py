"""Families of motifs that read alike sites, found by Tomtom or taken from the database.

======  ===============================================================  ==========
name    meaning                                                          shape
======  ===============================================================  ==========
``p``   Tomtom's p-value of the likeness of two motifs, either strand    (d, d)
``D``   mean of log10 p over pairs across two clusters, plus 16          scalar
======  ===============================================================  ==========
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from sklearn_deeplifft._printable import named, shown
from sklearn_deeplifft.exceptions import FeatureSelectionWarning, tell
from sklearn_deeplifft.sequences._extras import extra_module
from sklearn_deeplifft.sequences.motifs._matrices import Motif, probabilities

__all__ = ["CUT", "FAMILIES", "best_matches", "families_of", "similarity", "similarity_families"]

FAMILIES = ("similarity", "class")

CUT = 1e-3
"""Geometric mean of Tomtom's p-values over the pairs of a family, at the most.

Of the cuts 1e-3 to 1e-8, and single, average and complete linkage, this one with average linkage
agrees best with the structural families of JASPAR 2026 (vertebrates, zinc fingers left out).
"""

SMALLEST = 1e-16
"""p-values below are alike; what Tomtom's sums hold of them is rounding."""

FEWEST = 25
"""Motifs below which Tomtom's p-values, which come from the motifs themselves, are rough."""

PSEUDOCOUNT = 0.5


def families_of(motifs: Sequence[Motif], families: Any) -> NDArray[np.object_]:
    """Label of the family of each motif, (d,).

    Parameters
    ----------
    families : {"similarity", "class"}, mapping, sequence or None
        As `MotifCounter` takes them. A motif without a family is labelled by its own name.

    Raises
    ------
    ValueError
        Names or labels that do not fit the motifs; a family that is called like a motif outside of
        it that has none, since both would be one.
    """
    names = [motif.name for motif in motifs]
    if families is None:
        found: Iterable[str | None] = names
    elif isinstance(families, str):
        if families == "similarity":
            return similarity_families(motifs)
        found = [motif.family for motif in motifs]
    elif isinstance(families, Mapping):
        found = _mapped(names, families)
    else:
        found = _listed(names, families)
    found = list(found)
    merged = {f for f in found if f} & {name for f, name in zip(found, names, strict=True) if not f}
    if merged:
        raise ValueError(
            "families holds labels that are names of motifs without a family: "
            f"{named(sorted(merged))}; a motif without one is labelled by its name. Give these "
            "motifs their family, or call the families otherwise."
        )
    return np.array([f or name for f, name in zip(found, names, strict=True)], dtype=object)


def _mapped(names: Sequence[str], families: Mapping[Any, Any]) -> list[str | None]:
    unknown = [key for key in families if key not in set(names)]
    if unknown:
        raise ValueError(
            f"families names motifs that are not there: {named(unknown)}; the motifs are "
            f"{named(names)}."
        )
    return [None if families.get(name) is None else str(families[name]) for name in names]


def _listed(names: Sequence[str], families: Any) -> list[str | None]:
    labels = list(families)
    if len(labels) != len(names):
        raise ValueError(
            f"families={shown(labels)} holds {len(labels)} labels for {len(names)} motifs; pass "
            "one per motif, or a mapping from motifs to families."
        )
    return [None if label is None or label != label else str(label) for label in labels]


def similarity_families(motifs: Sequence[Motif], cut: float = CUT) -> NDArray[np.object_]:
    """Cluster motifs by Tomtom, average linkage on the logarithms of its p-values.

    Parameters
    ----------
    motifs : sequence of d Motif
    cut : float, default=1e-3
        Largest geometric mean of the p-values across two clusters that are joined, within (0, 1).

    Returns
    -------
    ndarray of d str
        A family of several is called by the motif that is most like the others, and how many there
        are beside: ``"MA0028.3 ELK1 +15"``. A motif alone has its own name.

    Warns
    -----
    FeatureSelectionWarning
        There are so few motifs that p-values are rough.

    References
    ----------
    S. Gupta et al. (2007), "Quantifying similarity between motifs", Genome Biology 8:R24.
    """
    names = np.array([motif.name for motif in motifs], dtype=object)
    if len(motifs) < 2:
        return names
    if len(motifs) < FEWEST:
        finding = (
            f"Tomtom compares {len(motifs)} motifs by the letters of these alone; with fewer than "
            f"{FEWEST} its p-values, and so the families, are rough."
        )
        tell(FeatureSelectionWarning(finding, "Pass families= as a mapping where you know them."))
    log_p = np.log10(similarity(motifs))
    distances = log_p - np.log10(SMALLEST)
    np.fill_diagonal(distances, 0)
    tree = linkage(squareform(distances, checks=False), "average")
    clusters = fcluster(tree, np.log10(cut) - np.log10(SMALLEST), "distance")
    labels = names.copy()
    for cluster in np.unique(clusters):
        own = np.flatnonzero(clusters == cluster)
        if len(own) > 1:
            middle = own[log_p[np.ix_(own, own)].sum(axis=1).argmin()]
            labels[own] = f"{names[middle]} +{len(own) - 1}"
    return labels


def similarity(motifs: Sequence[Motif]) -> NDArray[np.float64]:
    """Tomtom's p-value of every pair of motifs, (d, d), symmetric, within [1e-16, 1].

    Computed once per process for a set of motifs.
    """
    found: NDArray[np.float64] = _similarity(tuple(_bytes_of(motif) for motif in motifs))
    return found


def best_matches(
    queries: Sequence[Motif], database: Sequence[Motif]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The motif of ``database`` most like each query, and Tomtom's p-value of it, (q,) each."""
    tomtom = extra_module("memelite", "matching motifs").tomtom
    Q, T = (
        [probabilities(motif.counts, PSEUDOCOUNT) for motif in motifs]
        for motifs in (queries, database)
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="tomtom was given", category=UserWarning)
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        p = np.asarray(tomtom(Q, T, n_jobs=1)[0])
    best = p.argmin(axis=1)
    return best, np.clip(p[np.arange(len(Q)), best], SMALLEST, 1)


def _bytes_of(motif: Motif) -> bytes:
    return probabilities(motif.counts, PSEUDOCOUNT).tobytes()


@lru_cache(maxsize=2)
def _similarity(matrices: tuple[bytes, ...]) -> NDArray[np.float64]:
    tomtom = extra_module("memelite", "families='similarity'").symmetric_tomtom
    # Read-only arrays would be another type, compiled anew.
    P = [np.frombuffer(matrix).reshape(4, -1).copy() for matrix in matrices]
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", message="symmetric_tomtom was given", category=UserWarning
        )
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        p = np.asarray(tomtom(P, n_jobs=1)[0])
    p = np.asarray(np.clip(np.maximum(p, p.T), SMALLEST, 1))
    p.setflags(write=False)
    return p
