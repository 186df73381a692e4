"""Motif-count tables with planted truth.

========  =============================================  ======
name      meaning                                        shape
========  =============================================  ======
``n``     rows, that is regions                          scalar
``d``     columns, that is motifs                        scalar
``K``     classes                                        scalar
``base``  Poisson rate of a motif where no class acts    scalar
``hits``  hits of one motif in each row                  (n,)
========  =============================================  ======
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy.optimize import brentq
from scipy.sparse import csc_array
from sklearn.utils import check_random_state

Columns = Mapping[int, tuple[NDArray[np.int32], NDArray[np.int16]]]
"""Rows and hits of each column, by its position, where there are any."""

# Halved where the motif is evidence against the class: low enough for a clear sign once the host
# is known, high enough for the host's own enrichment to make the motif look like the class's own.
_KEEP, _KEEP_AGAINST = 0.7, 0.35
# Spread of log rates among background motifs: their hit rates differ about tenfold in real tables.
_BACKGROUND_SPREAD = 0.75
# Further hits in a row where a member of a pair is present; the class has no part in them.
_PAIR_EXTRA_HITS = 0.2

# Kind, least, most, and what to do about a value outside.
_LIMITS: Mapping[str, tuple[Any, float, float, str]] = {
    "n_classes": (Integral, 2, np.inf, "pass 2 or more classes"),
    "n_private": (Integral, 1, np.inf, "each class needs a motif of its own, so pass 1 or more"),
    "family_size": (Integral, 1, np.inf, "pass 1 for motifs without near-copies"),
    "n_null_families": (Integral, 0, np.inf, "pass 0 for none"),
    "n_pairs": (Integral, 0, np.inf, "pass 0 for none"),
    "effect": (Real, 0.1, 5, "it is the log of an enrichment, try 2.5"),
    "density": (Real, 0.001, 0.9, "it is a fraction of the entries, try 0.07"),
    "family_correlation": (Real, 0, 1, "try 0.9"),
    # Outside its class a pair's members exclude each other, which takes twice the rate.
    "pair_rate": (Real, 0.01, 0.5, "it is a fraction of the rows, try 0.2"),
    "class_skew": (Real, 1, np.inf, "pass 1 for classes of one size"),
    "flip_y": (Real, 0, 1, "it is a fraction of the rows, pass 0 for clean labels"),
}


class MotifCounts(NamedTuple):
    """A motif-count table and its planted truth, see :func:`make_motif_counts`."""

    X: Any
    y: np.ndarray
    feature_names: list[str]
    causal: np.ndarray
    family: np.ndarray
    representative: np.ndarray
    contrary: np.ndarray
    host: np.ndarray
    pairs: tuple[tuple[int, int, int], ...]
    split: dict[str, slice] | None

    @property
    def relevant(self) -> NDArray[np.bool_]:
        """Columns that tell of the class, alone or in a pair: bool array of shape (d,)."""
        in_pair = np.zeros(self.causal.shape[1], dtype=np.bool_)
        in_pair[[column for _, *members in self.pairs for column in members]] = True
        return in_pair | self.causal.any(axis=0)


def make_motif_counts(
    n_samples: int | tuple[int, ...] = (54495, 13577, 16871),
    n_features: int = 512,
    n_classes: int = 8,
    *,
    n_private: int = 3,
    family_size: int = 4,
    n_null_families: int = 8,
    n_pairs: int = 8,
    effect: float = 2.5,
    family_correlation: float = 0.9,
    pair_rate: float = 0.2,
    density: float = 0.07,
    class_skew: float = 10.0,
    flip_y: float = 0.05,
    sparse: bool = False,
    dtype: DTypeLike = np.float32,
    random_state: int | np.random.RandomState | None = None,
) -> MotifCounts:
    """Draw a table of motif hits per region whose relevant columns are known.

    Rows are regions, columns are motifs, entries are numbers of hits. Classes are drawn first and
    hits given the class, so the truth is a property of the model and not of an estimate.

    Parameters
    ----------
    n_samples : int or tuple of three ints, default=(54495, 13577, 16871)
        Number of rows; or of training, validation and test rows. Every class is in every part.
    n_features : int, default=512
        Number of columns `d`. At least
        ``(n_classes * n_private + n_null_families) * family_size + 2 * n_classes + 2 * n_pairs``;
        what is left is background. Roles are dealt to columns at random.
    n_classes : int, default=8
        Number of classes `K`, at least 2.
    n_private : int, default=3
        Families that are enriched in one class only, for each class.
    family_size : int, default=4
        Motifs in a family: the representative and its near-copies.
    n_null_families : int, default=8
        Families that no class enriches.
    n_pairs : int, default=8
        Pairs of motifs that matter only together. Pair `m` belongs to class ``m % n_classes``.
    effect : float in [0.1, 5], default=2.5
        Natural logarithm of the enrichment of a class's strongest private family and of the hosts.
        A class's private families fall off evenly to half of it.
    family_correlation : float in [0, 1], default=0.9
        Correlation between two members of a family; enrichment by class raises it a little.
    pair_rate : float in [0.01, 0.5], default=0.2
        Fraction of rows, in every class, with a given member of a pair.
    density : float in [0.001, 0.9], default=0.07
        Fraction of entries that are not zero. The background is thinned to meet it, at most to a
        quarter of `density`, so a table made almost wholly of planted motifs comes out denser.
    class_skew : float, at least 1, default=10
        Frequency of class 0 over that of class ``n_classes - 1``; geometric in between.
    flip_y : float in [0, 1], default=0.05
        Fraction of rows whose labels are shuffled among themselves, after the hits are drawn.
        Class frequencies are not changed by it.
    sparse : bool, default=False
        Return `X` as ``scipy.sparse.csr_array``. The entries are the same.
    dtype : numpy dtype, default=numpy.float32
        Type of the entries. ``numpy.uint8`` takes a quarter of the memory.
    random_state : int, RandomState instance or None, default=None
        The source of everything random; NumPy's global generator serves only for None.

    Returns
    -------
    MotifCounts
        A named tuple with fields

        X : array or csr_array of shape (n, d)
            Hits, whole numbers from 0.
        y : int array of shape (n,)
            Classes, 0 to ``n_classes - 1``.
        feature_names : list of d str
            Names, which tell nothing of the role.
        causal : int8 array of shape (n_classes, d)
            +1: the motif speaks for the class, -1: against it, 0: it tells nothing by itself.
            Precisely the sign of the log of the motif's rate in the class over its rate where no
            class acts on it; for a contrary motif, of the rates given its host's hits. All
            members of a family carry its sign.
        family : int array of shape (d,)
            Family of each motif, -1 for motifs of no family. Family `f` is private to class
            ``f // n_private`` if ``f < n_classes * n_private``, else enriched in none.
        representative : int array of shape (n_families,)
            Column of each family that the class acts on. Given it, the near-copies tell nothing.
        contrary, host : int arrays of shape (n_classes,)
            Column of each class's contrary motif, and of its host; see Notes.
        pairs : tuple of (class, column, column)
            Pairs that matter only together. Zero in `causal`, as neither member acts alone.
        split : dict of slices or None
            Rows of "train", "valid" and "test" where `n_samples` is a tuple, else None.

        and the property ``relevant``, a bool array of shape (d,): all that tells of the class.

    Raises
    ------
    ValueError
        If a parameter is out of its range, a part has fewer rows than there are classes, the
        planted motifs outnumber the columns, or `dtype` cannot hold the largest number of hits.

    Notes
    -----
    With ``base = -log(1 - density)``, the hits of a private family's representative are Poisson
    with rate ``base * exp(effect_f)`` in its class and `base` elsewhere. A near-copy keeps each
    of these hits with probability ``sqrt(family_correlation)`` and replaces the lost ones at
    random rows.

    The *host* of class `c` has rate ``base * exp(effect)`` in `c` and in the confusable class
    ``(c + 1) % n_classes``. The *contrary motif* of `c` sits beside its host's hits: each of them
    has it with probability 0.7, but 0.35 in `c`. Its logit for `c` therefore changes by
    ``log(0.35 / 0.65) - log(0.7 / 0.3) = -1.47`` per hit: exactly linear, and negative. Yet the
    host is so enriched in `c` that, with four or more classes of like frequency, the contrary
    motif too is more frequent in `c` than elsewhere: importances without a sign rank it high, and
    frequencies by class assign it to the class it speaks against.

    Members of a *pair* always occur together in the pair's class and never in another, each in a
    fraction `pair_rate` of every class: frequencies by class, and any model without interactions,
    see nothing.

    Examples
    --------
    >>> from sklearn_deeplifft.datasets import make_motif_counts
    >>> table = make_motif_counts(2000, n_features=200, random_state=0)
    >>> table.X.shape, table.y.shape, table.causal.shape
    ((2000, 200), (2000,), (8, 200))
    >>> int(table.relevant.sum())
    128
    >>> [int(table.causal[k, table.contrary[k]]) for k in range(8)]
    [-1, -1, -1, -1, -1, -1, -1, -1]
    """
    _check(n_classes=n_classes, n_private=n_private, family_size=family_size)
    _check(n_null_families=n_null_families, n_pairs=n_pairs, effect=effect, density=density)
    _check(family_correlation=family_correlation, pair_rate=pair_rate)
    _check(class_skew=class_skew, flip_y=flip_y)
    parts = _parts(n_samples, n_classes)
    shapes = {
        "private": (n_classes, n_private, family_size),
        "null": (n_null_families, family_size),
        "host": (n_classes,),
        "contrary": (n_classes,),
        "pair": (n_pairs, 2),
    }
    rng = check_random_state(random_state)
    roles = _deal_columns(rng, n_features, shapes)
    y = _labels(rng, parts, class_skew, n_classes)
    base = -np.log1p(-density)
    planted = _nonzeros(_planted(rng, y, roles, base, effect, family_correlation, pair_rate))
    rates = _background_rates(rng, planted, len(y), n_features, density)
    hits = (_scatter(rng, len(y), rate) for rate in rates)
    background = _nonzeros(zip(roles["background"], hits, strict=True))
    X = _assemble(planted | background, (len(y), n_features), sparse, dtype)
    y = _shuffle_some(rng, y, flip_y, parts)
    width = len(str(n_features - 1))
    names = [f"motif_{j:0{width}d}" for j in range(n_features)]
    return MotifCounts(X, y, names, **_truth(roles, n_features), split=_slices(n_samples))


def _check(**parameters: Any) -> None:
    for name, value in parameters.items():
        kind, low, high, remedy = _LIMITS[name]
        if not isinstance(value, kind) or not low <= value <= high:
            whole = "a whole" if kind is Integral else "a"
            raise ValueError(
                f"{name}={value!r} must be {whole} number from {low} to {high}; {remedy}."
            )


def _parts(n_samples: int | tuple[int, ...], n_classes: int) -> tuple[int, ...]:
    """Rows of each part, each part large enough for every class."""
    parts = n_samples if isinstance(n_samples, tuple) else (n_samples,)
    if len(parts) not in (1, 3) or not all(isinstance(n, Integral) for n in parts):
        raise ValueError(
            f"n_samples={n_samples!r} must be an integer, or a tuple of the numbers of training, "
            "validation and test rows; pass for example 1000 or (800, 100, 100)."
        )
    if min(parts) < n_classes:
        raise ValueError(
            f"n_samples={n_samples!r} leaves a part with fewer rows than n_classes={n_classes}, "
            "but every class must be in every part; ask for more rows or fewer classes."
        )
    return parts


def _slices(n_samples: int | tuple[int, ...]) -> dict[str, slice] | None:
    if not isinstance(n_samples, tuple):
        return None
    ends = np.cumsum((0, *n_samples)).tolist()
    names = ("train", "valid", "test")
    return dict(zip(names, map(slice, ends[:-1], ends[1:]), strict=True))


def _deal_columns(
    rng: np.random.RandomState, n_features: int, shapes: Mapping[str, tuple[int, ...]]
) -> dict[str, np.ndarray]:
    """Deal columns to roles at random; the rest is background."""
    sizes = [int(np.prod(shape)) for shape in shapes.values()]
    if not isinstance(n_features, Integral) or n_features < sum(sizes):
        asked = ", ".join(f"{n} {role}" for role, n in zip(shapes, sizes, strict=True))
        raise ValueError(
            f"n_features={n_features!r} cannot hold the {sum(sizes)} planted motifs asked for "
            f"({asked}); pass n_features={sum(sizes)} or more, or lower n_private, family_size, "
            "n_null_families, n_pairs or n_classes."
        )
    hands = np.split(rng.permutation(n_features), np.cumsum(sizes))
    shapes = {**shapes, "background": (-1,)}
    return {role: hand.reshape(shapes[role]) for role, hand in zip(shapes, hands, strict=True)}


def _labels(
    rng: np.random.RandomState, parts: tuple[int, ...], class_skew: float, n_classes: int
) -> np.ndarray:
    """Labels with exact class frequencies in every part, in random order."""
    weight = class_skew ** -np.linspace(0, 1, n_classes)
    return np.concatenate([rng.permutation(_quota(weight / weight.sum(), n)) for n in parts])


def _quota(frequency: np.ndarray, n: int) -> np.ndarray:
    """The labels of `n` rows: one for each class, the rest by largest remainder."""
    share = frequency * (n - len(frequency))
    count = 1 + share.astype(int)
    largest = np.argsort(count - share, kind="stable")[: n - count.sum()]
    count[largest] += 1
    return np.repeat(np.arange(len(frequency)), count)


def _shuffle_some(
    rng: np.random.RandomState, y: np.ndarray, fraction: float, parts: tuple[int, ...]
) -> np.ndarray:
    """Shuffle a fraction of each part's labels among themselves, so that no class is lost."""
    y = y.copy()
    for stop, n in zip(np.cumsum(parts), parts, strict=True):
        rows = stop - n + rng.permutation(n)[: round(fraction * n)]
        y[rows] = y[rng.permutation(rows)]
    return y


def _planted(
    rng: np.random.RandomState,
    y: np.ndarray,
    roles: Mapping[str, np.ndarray],
    base: float,
    effect: float,
    correlation: float,
    pair_rate: float,
) -> Iterator[tuple[int, np.ndarray]]:
    """Column and hits (n,) of every planted motif."""
    n_classes, n_private, family_size = roles["private"].shape
    strengths = np.linspace(effect, effect / 2, n_private)
    for f, columns in enumerate(roles["private"].reshape(-1, family_size)):
        k, m = divmod(f, n_private)
        hits = rng.poisson(base * np.exp(strengths[m] * (y == k)))
        yield from _family(rng, hits, columns, correlation)
    for columns in roles["null"]:
        yield from _family(rng, _scatter(rng, len(y), base), columns, correlation)
    for k in range(n_classes):
        host = rng.poisson(base * np.exp(effect * np.isin(y, (k, (k + 1) % n_classes))))
        yield roles["host"][k], host
        yield roles["contrary"][k], rng.binomial(host, np.where(y == k, _KEEP_AGAINST, _KEEP))
    for m, columns in enumerate(roles["pair"]):
        yield from zip(columns, _pair(rng, y == m % n_classes, pair_rate), strict=True)


def _family(
    rng: np.random.RandomState, hits: np.ndarray, columns: np.ndarray, correlation: float
) -> Iterator[tuple[int, np.ndarray]]:
    """The representative with its own hits, then the near-copies with theirs."""
    yield columns[0], hits
    kept = np.sqrt(correlation)
    for column in columns[1:]:
        new_hits = _scatter(rng, len(hits), (1 - kept) * hits.mean())
        yield column, rng.binomial(hits, kept) + new_hits


def _pair(rng: np.random.RandomState, in_class: np.ndarray, rate: float) -> list[np.ndarray]:
    """Hits of two motifs, together in the class and apart elsewhere, each at `rate` in both."""
    u = rng.uniform(size=len(in_class))
    first = u < rate
    second = np.where(in_class, first, (rate <= u) & (u < 2 * rate))
    return [present * (1 + rng.poisson(_PAIR_EXTRA_HITS, len(u))) for present in (first, second)]


def _scatter(rng: np.random.RandomState, n: int, rate: float) -> np.ndarray:
    """Poisson hits at one rate, drawn hit by hit: sparse rows cost only their hits."""
    return np.bincount(rng.randint(n, size=rng.poisson(n * rate)), minlength=n)


def _background_rates(
    rng: np.random.RandomState, planted: Columns, n: int, n_features: int, density: float
) -> np.ndarray:
    """Uneven rates for the columns left over that bring the whole table to `density`."""
    weight = np.exp(_BACKGROUND_SPREAD * rng.standard_normal(n_features - len(planted)))
    if not weight.size:
        return weight
    missing = density * n_features - sum(len(rows) for rows, _ in planted.values()) / n
    target = np.clip(missing / weight.size, density / 4, (3 + density) / 4)
    log_scale = brentq(lambda s: np.mean(-np.expm1(-np.exp(s) * weight)) - target, -50, 50)
    rates: np.ndarray = np.exp(log_scale) * weight
    return rates


def _nonzeros(columns: Iterable[tuple[int, np.ndarray]]) -> dict[int, Any]:
    """Rows and hits of each column where there are any, so that no dense table is built."""
    found = {}
    for j, hits in columns:
        rows = np.flatnonzero(hits)
        found[int(j)] = rows.astype(np.int32), hits[rows].astype(np.int16)
    return found


def _assemble(columns: Columns, shape: tuple[int, int], sparse: bool, dtype: DTypeLike) -> Any:
    most = max(hits.max(initial=0) for _, hits in columns.values())
    if most.astype(dtype) != most:
        raise ValueError(
            f"dtype={np.dtype(dtype).name} cannot hold {most} hits, but entries must be exact; "
            "pass a wider dtype, or lower effect or density."
        )
    if sparse:
        parts = [columns[j] for j in range(shape[1])]
        starts = np.cumsum([0, *(len(rows) for rows, _ in parts)])
        entries = np.concatenate([hits for _, hits in parts]).astype(dtype)
        places = np.concatenate([rows for rows, _ in parts])
        return csc_array((entries, places, starts), shape=shape).tocsr()
    X = np.zeros(shape, dtype=dtype)
    for j, (rows, hits) in columns.items():
        X[rows, j] = hits
    return X


def _truth(roles: Mapping[str, np.ndarray], n_features: int) -> dict[str, Any]:
    """The planted truth, by column."""
    private, host, contrary = roles["private"], roles["host"], roles["contrary"]
    n_classes, _, family_size = private.shape
    k = np.arange(n_classes)
    causal = np.zeros((n_classes, n_features), dtype=np.int8)
    causal[k[:, None], private.reshape(n_classes, -1)] = 1
    causal[k, host] = causal[(k + 1) % n_classes, host] = 1
    causal[k, contrary] = -1
    members = np.concatenate([private.reshape(-1, family_size), roles["null"]])
    family = np.full(n_features, -1)
    family[members] = np.arange(len(members))[:, None]
    pairs = ((m % n_classes, int(i), int(j)) for m, (i, j) in enumerate(roles["pair"]))
    return {
        "causal": causal,
        "family": family,
        "representative": members[:, 0].copy(),
        "contrary": contrary.copy(),
        "host": host.copy(),
        "pairs": tuple(pairs),
    }
