"""Tables of which it is known which columns matter, as users bring them: a few strong, or none.

Sparse ones are counts, 3 or 10 % of them not zero. Columns of one family are near-copies of each
other; of a family that matters no member is a false discovery.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from benchmarks.common import motif_tables

N_TRUE = 5
N_CLASSES = 8
CLOSE = [0, 5, 10]
STRENGTH = 1.5
"""Logits per standard deviation of a column that matters."""


class Design(NamedTuple):
    """A table; ``true`` (d,) are the columns that carry the target."""

    X: np.ndarray
    y: np.ndarray
    true: np.ndarray
    family: np.ndarray
    """(d,): near-copies share a number."""
    groups: np.ndarray | None = None
    """(n,): rows that belong together."""

    def outcome(self, mask: np.ndarray) -> tuple[float, float]:
        """Share of false columns among the selected, and of true families that were found."""
        families = np.unique(self.family[self.true])
        right = np.isin(self.family, families)
        found = np.isin(families, self.family[mask]).sum()
        return (mask & ~right).sum() / max(mask.sum(), 1), found / max(len(families), 1)


# Nothing matters


def dense(seed: int) -> Design:
    """300 x 30 normal columns."""
    rng = np.random.default_rng(seed)
    return _noise(rng, rng.normal(size=(300, 30)))


def wide(seed: int) -> Design:
    """60 x 5,000 normal columns."""
    rng = np.random.default_rng(seed)
    return _noise(rng, rng.normal(size=(60, 5000)))


def sparse_families(seed: int) -> Design:
    """300 x 700 counts, 3 % of them not zero, in families of five near-copies."""
    rng = np.random.default_rng(seed)
    X = np.repeat(_counts(rng, 300, 140, 0.03), 5, axis=1)
    # A tenth of what is counted is counted by one of a family alone.
    return _noise(rng, np.where(rng.random(X.shape) < 0.003, 1.0, X))


def motifs(seed: int) -> Design:
    """A real motif table, peaks beside their shuffles: each pair's labels swapped by a coin."""
    rng = np.random.default_rng(seed)
    factors = sorted(motif_tables.EXPECTED_FAMILY)
    table = motif_tables.deepbind_bound(factors[seed % len(factors)])
    y = table.y ^ rng.integers(2, size=table.groups.max() + 1)[table.groups]
    d = table.X.shape[1]
    return Design(table.X, y, np.zeros(d, dtype=bool), np.arange(d), table.groups)


def grouped_noise(seed: int) -> Design:
    """60 groups of 1 to 30 rows x 30 columns: rows of a group are alike, and have its label."""
    rng = np.random.default_rng(seed)
    groups = _groups(rng, 60)
    X = _alike(rng, groups, 30, 0.8)
    y = rng.integers(2, size=60)[groups]
    return Design(X, y, np.zeros(30, dtype=bool), np.arange(30), groups)


def noise_of_classes(seed: int) -> Design:
    """800 x 30 normal columns, eight classes."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(800, 30))
    return _noise(rng, X, N_CLASSES)


# Five columns matter


def independent(seed: int) -> Design:
    """500 x 100 normal columns."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(500, 100))
    return _planted(rng, X, np.arange(N_TRUE), np.arange(100))


def correlated(seed: int) -> Design:
    """500 x 100 normal columns in blocks of five, correlation .7; one of a block matters."""
    rng = np.random.default_rng(seed)
    block = np.repeat(np.arange(20), 5)
    shared = rng.normal(size=(500, 20))[:, block]
    X = np.sqrt(0.7) * shared + np.sqrt(0.3) * rng.normal(size=(500, 100))
    return _planted(rng, X, 5 * np.arange(N_TRUE), np.arange(100))


def skewed(seed: int) -> Design:
    """The same blocks as intensities: logarithms of deviation 1.2 are what matters."""
    table = correlated(seed)
    return table._replace(X=np.exp(1.2 * table.X))


def close(seed: int) -> Design:
    """300 x 60 normal columns that share a factor; three matter, each with four close neighbours.

    Correlated by .88 with what matters, just less than what counts as a near-copy.
    """
    rng = np.random.default_rng(seed)
    X = 0.45 * rng.normal(size=(300, 1)) + 0.9 * rng.normal(size=(300, 60))
    for column in CLOSE:
        near = slice(column + 1, column + 5)
        X[:, near] = 0.85 * X[:, [column]] + np.sqrt(1 - 0.85**2) * X[:, near]
    logit = 2 * X[:, CLOSE].sum(axis=1)
    y = rng.random(300) < 1 / (1 + np.exp(np.median(logit) - logit))
    return Design(X, y.astype(np.int64), np.isin(np.arange(60), CLOSE), np.arange(60))


def copies(seed: int) -> Design:
    """500 x 100 normal columns in families of four, correlation .98."""
    rng = np.random.default_rng(seed)
    family = np.repeat(np.arange(25), 4)
    X = rng.normal(size=(500, 25))[:, family] + 0.15 * rng.normal(size=(500, 100))
    return _planted(rng, X, 4 * np.arange(N_TRUE), family)


def sparse(seed: int) -> Design:
    """500 x 100 counts, 10 % of them not zero."""
    rng = np.random.default_rng(seed)
    return _planted(rng, _counts(rng, 500, 100, 0.1), np.arange(N_TRUE), np.arange(100))


def few_rows(seed: int) -> Design:
    """500 x 300 normal columns."""
    rng = np.random.default_rng(seed)
    return _planted(rng, rng.normal(size=(500, 300)), np.arange(N_TRUE), np.arange(300))


def grouped(seed: int) -> Design:
    """100 groups of 1 to 30 rows x 100 columns: rows of a group are alike, and share some noise."""
    rng = np.random.default_rng(seed)
    groups = _groups(rng, 100)
    X = _alike(rng, groups, 100, 0.5)
    noise = rng.normal(size=100)[groups]
    return _planted(rng, X, np.arange(N_TRUE), np.arange(100), noise)._replace(groups=groups)


# Columns of eight classes


def of_classes(seed: int) -> Design:
    """1,000 x 100 normal columns; each of eight uneven classes is raised by a column of its own."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(1000, 100))
    logits = STRENGTH * X[:, :N_CLASSES] + np.linspace(1, 0, N_CLASSES)
    y = np.argmax(logits + rng.gumbel(size=logits.shape), axis=1)
    return Design(X, y, np.arange(100) < N_CLASSES, np.arange(100))


def of_one_class(seed: int) -> Design:
    """1,000 x 100 normal columns, eight classes; two columns raise the last, nothing the others."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(1000, 100))
    logits = np.zeros((1000, N_CLASSES))
    logits[:, -1] = STRENGTH * X[:, :2].sum(axis=1)
    y = np.argmax(logits + rng.gumbel(size=logits.shape), axis=1)
    return Design(X, y, np.arange(100) < 2, np.arange(100))


def _groups(rng: np.random.Generator, n_groups: int) -> np.ndarray:
    """Group of each row; sizes are uneven, 1 to 30."""
    return np.repeat(np.arange(n_groups), rng.integers(1, 31, size=n_groups))


def _alike(rng: np.random.Generator, groups: np.ndarray, d: int, shared: float) -> np.ndarray:
    """Normal columns (n, d); ``shared`` is the correlation of two rows of one group."""
    of_group = rng.normal(size=(groups.max() + 1, d))[groups]
    own = rng.normal(size=of_group.shape)
    return np.sqrt(shared) * of_group + np.sqrt(1 - shared) * own


def _counts(rng: np.random.Generator, n: int, d: int, density: float) -> np.ndarray:
    return rng.binomial(1, density, size=(n, d)) * rng.integers(1, 4, size=(n, d)).astype(float)


def _noise(rng: np.random.Generator, X: np.ndarray, n_classes: int = 2) -> Design:
    d = X.shape[1]
    return Design(X, rng.integers(n_classes, size=len(X)), np.zeros(d, dtype=bool), np.arange(d))


def _planted(
    rng: np.random.Generator,
    X: np.ndarray,
    columns: np.ndarray,
    family: np.ndarray,
    noise: np.ndarray | float = 0.0,
) -> Design:
    Z = X[:, columns]
    Z = (Z - Z.mean(axis=0)) / Z.std(axis=0)
    logit = STRENGTH * Z @ np.resize([1.0, -1.0], N_TRUE) + noise
    y = (rng.random(len(X)) < 1 / (1 + np.exp(-logit))).astype(np.int64)
    true = np.zeros(X.shape[1], dtype=bool)
    true[columns] = True
    return Design(X, y, true, family)
