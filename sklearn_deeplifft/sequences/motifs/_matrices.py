"""Motifs as matrices: letters counted at each position, and what a letter there is worth.

==========  =====================================================  ==========
name        meaning                                                shape
==========  =====================================================  ==========
``C``       sites that have each letter at each position           (4, w)
``b``       background: how often a letter occurs by itself        (4,)
``S``       log2-odds, bits: what a letter adds to a site's score  (4, w)
``w``       positions of a motif                                   scalar
==========  =====================================================  ==========

Letters are in the order ACGT, so that the reverse complement is ``C[::-1, ::-1]``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sklearn_deeplifft._printable import named, quoted, shown

__all__ = [
    "LETTERS",
    "ROUNDED",
    "Motif",
    "information",
    "log_odds",
    "motif_of",
    "motif_of_probabilities",
    "motifs_of",
    "probabilities",
    "require_distinct_names",
    "reverse_complement",
]

LETTERS = "ACGT"

SITES = 20
"""Sites behind a matrix of probabilities that does not say so, as in the MEME format."""

ROUNDED = 0.05
"""What the probabilities of a position may add up to beside one: files round them."""


WHOLE = 0.01
"""What a count may be beside a whole number."""


class Motif(NamedTuple):
    """A motif and what is known of it."""

    name: str
    counts: NDArray[np.float64]
    """C, (4, w)."""
    family: str | None = None
    """Structural family of the factor, where its database has one."""

    @property
    def width(self) -> int:
        return int(self.counts.shape[1])


def motif_of(
    name: str, values: ArrayLike, *, sites: float | None = None, family: str | None = None
) -> Motif:
    """Check a matrix of counts or probabilities, and make it one of counts.

    Parameters
    ----------
    values : array-like of shape (4, w)
        Rows A, C, G, T. Where every position adds up to one (.95 to 1.05) they are
        probabilities, and otherwise counts, which are rounded to whole numbers (databases hold
        999.9997).
    sites : float, default=None
        Sites behind probabilities; None is 20.

    Raises
    ------
    ValueError
        The matrix is not of four rows, has no position, holds what is no count, or fractions of at
        most one that do not add up to one; the message names the motif.
    """
    C = _numbers(name, values)
    off = np.abs(C.sum(axis=0) - 1)
    if off.max() <= ROUNDED:
        return motif_of_probabilities(name, C, sites=sites, family=family)
    # Rounded, they would be a consensus of one site.
    if C.max() <= 1 and (np.abs(C - np.rint(C)) > WHOLE).any():
        at = int(off.argmax())
        raise ValueError(
            f"motif {quoted(name)} holds fractions of at most one, and position {at} adds up to "
            f"{C[:, at].sum():.3g}; divide each position by its sum if they are probabilities, or "
            "pass counts."
        )
    counts = np.rint(C)
    _require_full(name, counts, "rounded to whole numbers ")
    return Motif(name, counts, family)


def motif_of_probabilities(
    name: str, values: ArrayLike, *, sites: float | None = None, family: str | None = None
) -> Motif:
    """Make a matrix of probabilities one of counts, each position divided by its sum.

    Parameters
    ----------
    values : array-like of shape (4, w)
        Rows A, C, G, T.
    sites : float, default=None
        Sites behind the probabilities; None is 20.
    """
    P = _numbers(name, values)
    return Motif(name, P / P.sum(axis=0) * (sites or SITES), family)


def motifs_of(matrices: Mapping[Any, ArrayLike]) -> tuple[Motif, ...]:
    """Motifs of a mapping from names to matrices (4, w)."""
    if not matrices:
        raise ValueError("motifs is an empty mapping; pass at least one motif, name -> (4, w).")
    motifs = tuple(motif_of(str(name), values) for name, values in matrices.items())
    require_distinct_names(motif.name for motif in motifs)
    return motifs


def require_distinct_names(names: Iterable[str]) -> None:
    """Raise ``ValueError`` if two motifs have one name: they would be one column."""
    counts = Counter(names)
    shared = [name for name, count in counts.items() if count > 1]
    if shared:
        more = sum(counts[name] - 1 for name in shared)
        raise ValueError(
            f"{more:,} of the {counts.total():,} motifs have a name that stands before: "
            f"{named(shared)}; rename or drop them."
        )


def probabilities(C: NDArray[np.float64], pseudocount: float) -> NDArray[np.float64]:
    """Probability of each letter at each position, (4, w): ``(C + p) / (sum C + 4 p)``."""
    return np.asarray((C + pseudocount) / (C.sum(axis=0) + 4 * pseudocount))


def log_odds(
    C: NDArray[np.float64], b: NDArray[np.float64], pseudocount: float
) -> NDArray[np.float32]:
    """S = log2 of the probability of each letter over its background, (4, w), in bits."""
    return np.log2(probabilities(C, pseudocount) / b[:, None]).astype(np.float32)


def reverse_complement(M: NDArray[Any]) -> NDArray[Any]:
    """The matrix (4, w) of the other strand."""
    return M[::-1, ::-1]


def information(P: NDArray[np.float64]) -> NDArray[np.float64]:
    """Height of each letter in a logo, (4, w), in bits: its share of what its position tells.

    A position tells ``2 + sum_a P_a log2 P_a``, 0 where all letters are equally likely and 2 where
    one is certain (Schneider & Stephens 1990).
    """
    entropy = -np.where(P > 0, P * np.log2(np.where(P > 0, P, 1)), 0).sum(axis=0)
    return np.asarray(P * (2 - entropy))


def _numbers(name: str, values: ArrayLike) -> NDArray[np.float64]:
    try:
        C = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"motif {quoted(name)} is {shown(values)}, which is no matrix of numbers; pass counts "
            "or probabilities of shape (4, w), rows A, C, G, T."
        ) from error
    if C.ndim != 2 or C.shape[0] != 4 or not C.shape[1]:
        turned = C.ndim == 2 and C.shape[1] == 4
        remedy = "transpose it" if turned else "pass counts or probabilities, rows A, C, G, T"
        raise ValueError(
            f"motif {quoted(name)} is of shape {C.shape}; a motif of DNA is (4, w): {remedy}."
        )
    bad = ~(np.isfinite(C) & (C >= 0))
    if bad.any():
        a, at = np.argwhere(bad)[0]
        raise ValueError(
            f"motif {quoted(name)} holds {C[a, at]:g} for {LETTERS[a]} at position {at}; counts "
            "and probabilities are 0 or more. Scores (log-odds) cannot be turned back: pass what "
            "they were made of."
        )
    _require_full(name, C, "")
    return C


def _require_full(name: str, C: NDArray[np.float64], how: str) -> None:
    empty = np.flatnonzero(C.sum(axis=0) == 0)
    if len(empty):
        raise ValueError(
            f"motif {quoted(name)} {how}has a position without any letter (position {empty[0]}); "
            "cut it off, or pass probabilities that add up to one at each position."
        )
