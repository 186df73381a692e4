"""Null columns that are correlated with the real ones as these are with one another.

==================  ===========================================================  ============
code                symbol                                                       shape
==================  ===========================================================  ============
``correlation``     Sigma, of the real columns, positive definite                (d, d)
``omega``           its inverse                                                  (d, d)
``conditional``     D, covariance of each feature's columns given all others     (d, d)
``separation``      S, what a column and its own null column do not share        (d, d)
``kept``            C = I - Omega S                                              (d, d)
``mixed``           A, with A' Sigma A = 2 S - S Omega S                         (d, d)
==================  ===========================================================  ============

D and S hold a block for each feature and zeros elsewhere. For standardised rows x, and y rows
independent of them with the same covariance, the null columns ``x C + y A`` have covariance Sigma,
and Sigma - S with the real ones: a null column is to the real column j of another feature what its
original is to it [1]_. For normal columns, swapping a feature with its null one then leaves the
joint distribution as it was; for others it leaves means and covariances. A feature that says
nothing of y beyond what others say cannot be told from its null one; a permuted copy can, by its
neighbours. Where features are uncorrelated, C is zero and A the identity: the copy is the permuted
one.

Correlations of a sample are never zero, and those of chance would make each null column a mixture
of all others. Mixtures have lighter tails than rare counts, and real columns would be told from
null ones by their shape. Columns fall into blocks that are correlated by more than chance [2]_, and
each block has maps of its own.

References
----------
.. [1] E. Candès, Y. Fan, L. Janson, J. Lv (2018), "Panning for gold: model-X knockoffs for high
   dimensional controlled variable selection", J. R. Statist. Soc. B 80(3), 551-577, section 3.
.. [2] E. Devijver, M. Gallopin (2018), "Block-diagonal covariance selection for high-dimensional
   Gaussian graphical models", JASA 113(521), 306-314: blocks are the connected components of the
   correlations above a threshold.
.. [3] J. Schäfer, K. Strimmer (2005), "A shrinkage approach to large-scale covariance matrix
   estimation and implications for functional genomics", Statistical Applications in Genetics and
   Molecular Biology 4(1), 32; variances of correlations are those of normal columns.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import eigh
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

__all__ = ["blocks_beyond_chance", "knockoff_maps", "knockoff_maps_of_blocks", "shrunk"]

MARGIN = 0.999
"""Short of the largest separation, where 2 Sigma - S is singular."""

SMALLEST = 0.1
"""Eigenvalue of two columns correlated by .9; closer ones are compared as one family."""


def knockoff_maps_of_blocks(
    correlation: np.ndarray, n: float, feature_of_column: np.ndarray, block_of_column: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """C and A, (d, d) each, zero between blocks: columns of different blocks count as unrelated.

    ``correlation`` is that of ``n`` rows, and is shrunk block by block. A column that is a block of
    its own has its permuted copy.

    Examples
    --------
    >>> of_sample = np.array([[1.0, 0.2], [0.2, 1.0]])
    >>> kept, mixed = knockoff_maps_of_blocks(of_sample, 9, np.arange(2), np.arange(2))
    >>> kept.tolist(), mixed.tolist()
    ([[0.0, 0.0], [0.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]])
    """
    kept, mixed = np.zeros_like(correlation), np.eye(len(correlation))
    for block in range(block_of_column.max() + 1):
        columns = np.flatnonzero(block_of_column == block)
        if len(columns) > 1:
            at = np.ix_(columns, columns)
            features = np.unique(feature_of_column[columns], return_inverse=True)[1]
            kept[at], mixed[at] = knockoff_maps(shrunk(correlation[at], n), features)
    return kept, mixed


def blocks_beyond_chance(
    correlation: np.ndarray, n: float, third_moment: np.ndarray, feature_of_column: np.ndarray
) -> np.ndarray:
    """Numbers of blocks (d,), from 0: columns joined by chains of correlations beyond chance.

    A correlation is beyond chance where it is above ``sqrt(2 L / n) + g_i g_j L / (3 n)``, L being
    the logarithm of the number of pairs. By Bernstein's inequality, no more than two pairs of
    independent columns are expected to exceed it, and among hundreds of columns hardly any does.
    With few columns chance joins some, and two columns are always joined, which does no harm: the
    correlations inside a block are kept. ``third_moment`` (d,) is g, the mean cubed absolute value
    of each standardised column. It raises the bound for rare counts, whose correlations hang on a
    few rows. Columns of one feature are in one block.

    Examples
    --------
    >>> of_sample = np.array([[1.0, 0.4, 0.1], [0.4, 1.0, 0.1], [0.1, 0.1, 1.0]])
    >>> blocks_beyond_chance(of_sample, 50, np.full(3, 1.6), np.arange(3)).tolist()
    [0, 0, 1]
    >>> blocks_beyond_chance(of_sample, 50, np.full(3, 6.0), np.arange(3)).tolist()  # rare
    [0, 1, 2]
    """
    d = len(correlation)
    pairs = np.log(max(d * (d - 1) / 2, 1))
    by_chance = np.sqrt(2 * pairs / n) + np.outer(third_moment, third_moment) * pairs / (3 * n)
    related = np.abs(correlation) > by_chance
    related |= feature_of_column[:, None] == feature_of_column
    return np.asarray(connected_components(csr_array(related), directed=False)[1])


def knockoff_maps(
    correlation: np.ndarray, feature_of_column: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """C and A, (d, d) each: null columns are ``x C + y A``.

    The separation of a feature is in proportion to its conditional covariance, as far apart as
    ``2 Sigma - S`` allows, but no farther than a permuted copy: duplicates have none, and cost the
    others nothing.

    Examples
    --------
    >>> kept, mixed = knockoff_maps(np.eye(2), np.arange(2))
    >>> float(abs(kept).max().round(3)), mixed.round(3).tolist()
    (0.0, [[1.0, 0.0], [0.0, 1.0]])
    """
    omega = np.linalg.inv(correlation)
    blocks = [np.flatnonzero(feature_of_column == g) for g in range(feature_of_column.max() + 1)]
    separation = _separation(correlation, omega, blocks)
    shift = omega @ separation
    inverse_root = _roots(correlation)[1]
    mixed = inverse_root @ _roots(2 * separation - separation @ shift)[0]
    # Of all roots these: a column that is related to no other is then mixed with none.
    return np.eye(len(correlation)) - shift, mixed


def shrunk(correlation: np.ndarray, n: float) -> np.ndarray:
    """Correlations (d, d) of ``n`` rows, drawn towards zero by no more than has to be.

    A null column lacks what is taken off, and a real one that is close to what matters then stands
    out from it. ``(1 - e) R + e I``, where e is the larger of the share that chance adds to the
    squared correlations [3]_ and of what lifts the smallest eigenvalue to ``SMALLEST``, but at
    least as if one row more had been seen in which there are none, and at most as if d more had
    been: so it can be inverted, however few rows there are. The first alone would leave separations
    near zero where the rows are few and all correlations strong; without the bound it would take a
    few strong correlations among many columns for noise.

    >>> shrunk(np.array([[1.0, 0.5], [0.5, 1.0]]), n=99).round(3)
    array([[1.  , 0.49],
           [0.49, 1.  ]])
    >>> shrunk(np.array([[1.0, 0.98], [0.98, 1.0]]), n=98)
    array([[1.   , 0.9604],
           [0.9604, 1.   ]])
    """
    d = len(correlation)
    off_diagonal = correlation[~np.eye(d, dtype=bool)]
    squares = (off_diagonal**2).sum()
    chance = ((1 - off_diagonal**2) ** 2).sum() / n
    smallest = np.linalg.eigvalsh(correlation)[0]
    lifted = (SMALLEST - smallest) / (1 - smallest) if smallest < SMALLEST else 0.0
    least, most = 1 / (n + 1), d / (n + d)
    share = np.clip(max(chance / squares if squares else most, lifted), least, most)
    found: np.ndarray = (1 - share) * correlation + share * np.eye(d)
    return found


def _separation(correlation: np.ndarray, omega: np.ndarray, blocks: list[np.ndarray]) -> np.ndarray:
    conditional, farthest = np.zeros_like(omega), np.zeros(len(omega))
    for columns in blocks:
        at = np.ix_(columns, columns)
        conditional[at] = np.linalg.inv(omega[at])
        # S may not exceed Sigma on the block.
        farthest[columns] = 1 / eigh(conditional[at], correlation[at], eigvals_only=True)[-1]
    root, _ = _roots(conditional)
    scale = 2 * MARGIN / np.linalg.eigvalsh(root @ omega @ root)[-1]
    separation: np.ndarray = conditional * np.minimum(scale, farthest)[:, None]
    return separation


def _roots(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Symmetric root and its inverse; rounding below zero counts as zero."""
    values, vectors = np.linalg.eigh(matrix)
    values = np.sqrt(np.maximum(values, 0))
    inverse = np.divide(1, values, out=np.zeros_like(values), where=values > 0)
    return (vectors * values) @ vectors.T, (vectors * inverse) @ vectors.T
