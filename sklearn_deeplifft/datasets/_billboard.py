"""Sequences with motifs wherever they fall, as signs on a billboard, and which ones tell the class.

==========  ====================================================  =========
name        meaning                                               shape
==========  ====================================================  =========
``model``   probabilities that a sequence's letters are drawn of  (4, L)
``gaps``    letters of no motif, before and behind each motif     (m + 1,)
==========  ====================================================  =========
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_random_state

from sklearn_deeplifft.datasets._letters import (
    drawn_from,
    probabilities_of,
    require_at_least,
    texts_of,
)

__all__ = ["BillboardSequences", "make_billboard_sequences"]

COUNTS = np.array([3, 4, 5, 6, 7])
"""Numbers of motifs in a sequence."""

BELOW = np.cumsum([0.5, 0.25, 0.17, 0.05])
"""Probabilities of no more motifs than each of these but the last: .5 .25 .17 .05 .03."""

TRIES = 1000
"""Draws of motifs before they are taken to be too long."""


class BillboardSequences(NamedTuple):
    """Sequences and where their motifs are, see :func:`make_billboard_sequences`."""

    X: NDArray[np.uint8]
    """(n, 4 L): one-hot rows, position by position, as `SequenceEncoder` writes them."""
    y: NDArray[np.int64]
    """(n,): 1 for sequences of core motifs, 0 for those of any."""
    truth: NDArray[np.float32]
    """(n, 4, L): probabilities that the letters were drawn with, 1/4 outside of motifs. The
    information of a position, ``log2(4) + sum_a p log2(p)``, is what attributions are held to."""
    sites: NDArray[np.int64]
    """(m, 4): row, motif, start and strand (1 forward, -1 reverse) of each motif. Motifs are
    numbered in the order of ``names``."""
    names: list[str]
    """Motifs: the core first, then the background."""

    @property
    def sequences(self) -> list[str]:
        """The sequences as strings."""
        return texts_of(self.X)


def make_billboard_sequences(
    core: Mapping[str, ArrayLike],
    background: Mapping[str, ArrayLike],
    n_samples: int = 2000,
    length: int = 200,
    *,
    shuffle: bool = True,
    random_state: int | np.random.RandomState | None = None,
) -> BillboardSequences:
    """Draw sequences in which some motifs tell the class and others do not.

    Every sequence holds three to seven motifs (with probabilities .5, .25, .17, .05 and .03) in any
    order and at any distance, on either strand; all other letters are uniform. The first class has
    core motifs alone, the other one motifs of both pools: so a core motif is found in either class,
    and more of them make the first one likelier. This is the recipe by which Koo & Ploenzke and
    Majdandzic & Koo hold attributions against the truth.

    Parameters
    ----------
    core, background : mapping of str to array-like of shape (4, width)
        Motifs by name, counts or probabilities of A, C, G and T in each column. A motif of the
        background may be one of the core as well; it then is drawn more often.
    n_samples : int, default=2000
        Sequences; half of them, rounded down, are of the first class.
    length : int, default=200
        Letters ``L`` of a sequence.
    shuffle : bool, default=True
        Mix the classes; False puts the first class first.
    random_state : int, RandomState or None, default=None

    Returns
    -------
    BillboardSequences
        ``X`` (n, 4 L), ``y`` (n,), ``truth`` (n, 4, L), ``sites`` and ``names``.

    Raises
    ------
    ValueError
        If a motif is no matrix of four rows without negative numbers and columns of zeros, or if
        three motifs do not fit into ``length``.

    References
    ----------
    Koo, P. K. and Ploenzke, M., Nature Machine Intelligence 3, 2021.
    Majdandzic, A., Rajesh, C. and Koo, P. K., Genome Biology 24:109, 2023.

    Examples
    --------
    >>> from sklearn_deeplifft.datasets import make_billboard_sequences
    >>> core = {"GATA": [[0, 9, 0, 9], [0, 0, 0, 0], [9, 0, 0, 0], [0, 0, 9, 0]]}
    >>> other = {"TATA": [[0, 9, 0, 9], [0, 0, 0, 0], [0, 0, 0, 0], [9, 0, 9, 0]]}
    >>> data = make_billboard_sequences(core, other, n_samples=10, length=30, random_state=0)
    >>> data.X.shape, data.truth.shape, len(data.sequences[0])
    ((10, 120), (10, 4, 30), 30)
    """
    require_at_least("n_samples", n_samples, 2)
    require_at_least("length", length, 1)
    pools = [*_both_strands(core, "core"), *_both_strands(background, "background", len(core))]
    n_core = 2 * len(core)
    _require_room(pools[:n_core], pools, length)
    rng = check_random_state(random_state)
    n_first = n_samples // 2
    rows = [
        _sequence(pools[:n_core] if i < n_first else pools, length, rng) for i in range(n_samples)
    ]
    y = (np.arange(n_samples) < n_first).astype(np.int64)
    order = rng.permutation(n_samples) if shuffle else np.arange(n_samples)
    rows = [rows[i] for i in order]
    codes = np.stack([codes for codes, _, _ in rows])
    return BillboardSequences(
        X=np.eye(4, dtype=np.uint8)[codes].reshape(n_samples, -1),
        y=y[order],
        truth=np.stack([model for _, model, _ in rows]).astype(np.float32),
        sites=np.array([(i, *site) for i, (_, _, sites) in enumerate(rows) for site in sites]),
        names=[*map(str, core), *map(str, background)],
    )


class _Motif(NamedTuple):
    number: int
    strand: int
    p: NDArray[np.float64]
    """(4, width)."""


def _sequence(
    pool: list[_Motif], length: int, rng: np.random.RandomState
) -> tuple[NDArray[np.int64], NDArray[np.float64], list[tuple[int, int, int]]]:
    """Letters (L,), their model (4, L), and number, start and strand of each motif."""
    for _ in range(TRIES):
        count = COUNTS[np.searchsorted(BELOW, rng.rand(), side="left")]
        motifs = [pool[i] for i in rng.randint(len(pool), size=count)]
        room = length - sum(motif.p.shape[1] for motif in motifs)
        if room > 0:
            break
    else:
        raise ValueError(
            f"motifs of this pool hardly ever fit into length={length}; pass a larger one."
        )
    gaps = _gaps(len(motifs) + 1, room, rng)
    model, sites, start = np.full((4, length), 0.25), [], 0
    for gap, motif in zip(gaps[:-1], motifs, strict=True):
        start += gap
        model[:, start : start + motif.p.shape[1]] = motif.p
        sites.append((motif.number, start, motif.strand))
        start += motif.p.shape[1]
    return drawn_from(model, rng), model, sites


def _gaps(n: int, room: int, rng: np.random.RandomState) -> list[int]:
    """Whole numbers that sum to ``room``: rounded shares, drawn until they do."""
    while True:
        share = rng.uniform(0, 2, size=n)
        gaps = np.round(share / sum(share) * room).astype(int)
        if gaps.sum() == room:
            return [int(gap) for gap in gaps]


def _both_strands(motifs: Mapping[str, ArrayLike], what: str, first: int = 0) -> list[_Motif]:
    if not motifs:
        raise ValueError(f"{what} holds no motif; pass a mapping of names to matrices (4, width).")
    found = []
    for number, (name, matrix) in enumerate(motifs.items(), start=first):
        p = probabilities_of(name, matrix)
        found += [_Motif(number, 1, p), _Motif(number, -1, p[::-1, ::-1])]
    return found


def _require_room(core: Iterable[_Motif], pool: Iterable[_Motif], length: int) -> None:
    """Refuse a pool of which not even the fewest and shortest motifs fit."""
    for what, motifs in (("core", core), ("both pools", pool)):
        shortest = min(motif.p.shape[1] for motif in motifs)
        if 3 * shortest >= length:
            raise ValueError(
                f"length={length} is too short for three motifs of {what}, the shortest of which "
                f"has {shortest} positions; pass {3 * shortest + 1} or more."
            )
