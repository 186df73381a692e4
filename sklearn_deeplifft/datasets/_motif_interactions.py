"""Sequences of two motifs whose classes follow a rule between them.

==========  ====================================================================  =========
name        meaning                                                               shape
==========  ====================================================================  =========
``cells``   0 neither motif, 1 the first alone, 2 the second alone, 3 both        (n,)
``kept``    the motifs of a sequence with both are arranged as the rule asks for  (n,)
``model``   probabilities that a sequence's letters are drawn of                  (n, 4, L)
==========  ====================================================================  =========
"""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_random_state

from sklearn_deeplifft._printable import shown
from sklearn_deeplifft.datasets._letters import (
    drawn_from,
    probabilities_of,
    require_at_least,
    texts_of,
)

__all__ = ["MotifInteractions", "make_motif_interactions"]

CELLS = ("neither", "first", "second", "both")

RULES: dict[str, tuple[float, float, float, float]] = {
    "and": (0, 0, 0, 1),
    "or": (0, 1, 1, 1),
    "xor": (0, 1, 1, 0),
    "a_not_b": (0, 1, 0, 0),
    "additive": (1 / (1 + np.exp(2)), 0.5, 0.5, 1 / (1 + np.exp(-2))),
    "spacing": (0, 0, 0, 1),
    "order": (0, 0, 0, 1),
}
"""Probability of the first class in each cell. Additive: log-odds of -2, 0, 0 and 2."""

ARRANGED = ("spacing", "order")
"""Rules that ask how the two motifs lie to each other."""

WORDS = {"first": "CCGGAAGTG", "second": "TTGCGCAAT", "decoy": "GCCACGTGGC"}
"""Consensus of sites of ETS, of C/EBP and of bHLH factors, which hardly resemble each other."""

SURE = 0.88
"""Probability of the consensus letter at each position of a motif that was not given."""

TRIES = 1000
"""Draws of places before an arrangement is taken to have no room."""


class MotifInteractions(NamedTuple):
    """Sequences, their classes and the truth, see :func:`make_motif_interactions`."""

    X: NDArray[np.uint8]
    """(n, 4 L): one-hot rows, position by position, as `SequenceEncoder` writes them."""
    y: NDArray[np.int64]
    """(n,): classes 0 and 1, some of them wrong by ``label_noise``."""
    y_true: NDArray[np.int64]
    """(n,): classes by the rule."""
    cells: NDArray[np.int64]
    """(n,): 0 neither motif, 1 the first alone, 2 the second alone, 3 both."""
    truth: NDArray[np.float32]
    """(n, 4, L): probabilities that the letters were drawn with, 1/4 outside of motifs."""
    tracks: NDArray[np.bool_]
    """(n, m, L): where each motif lies, in the order of ``motifs``."""
    motifs: dict[str, NDArray[np.float64]]
    """Probabilities of letters (4, width) by name: the first, the second, and the decoys."""
    rule: str

    @property
    def cell_counts(self) -> dict[str, int]:
        """Number of sequences with neither motif, the first alone, the second alone, and both."""
        counts = np.bincount(self.cells, minlength=4)
        return {name: int(count) for name, count in zip(CELLS, counts, strict=True)}

    @property
    def sequences(self) -> list[str]:
        """The sequences as strings."""
        return texts_of(self.X)


def make_motif_interactions(
    rule: str = "and",
    n_samples: int = 2000,
    length: int = 120,
    *,
    negatives: str = "all",
    motifs: Mapping[str, ArrayLike] | None = None,
    decoys: int = 1,
    label_noise: float = 0.02,
    max_distance: int = 10,
    random_state: int | np.random.RandomState | None = None,
) -> MotifInteractions:
    """Draw sequences whose class follows from two motifs together.

    Each sequence holds neither motif, one of them, or both, at places of their own drawing, on the
    forward strand; every decoy is in half of all sequences, whatever their class. All other letters
    are uniform. What a network says of the pair can then be held against the rule.

    Parameters
    ----------
    rule : {"and", "or", "xor", "a_not_b", "additive", "spacing", "order"}, default="and"
        Which sequences are of class 1. ``"a_not_b"``: with the first motif and without the second.
        ``"additive"``: either motif adds 2 to the log-odds, from -2; there is no interaction.
        ``"spacing"``: with both, at most ``max_distance`` letters apart. ``"order"``: with both,
        the first one before the second.
    n_samples : int, default=2000
    length : int, default=120
        Letters ``L`` of a sequence.
    negatives : {"all", "empty"}, default="all"
        ``"all"``: neither, first, second and both are in equal numbers, whatever class follows.
        (Of both, half are arranged as ``"spacing"`` and ``"order"`` ask for.) ``"empty"``: half of
        the sequences hold neither motif, and all others are of class 1, in equal numbers of the
        cells that may be. OR and additive are one and the same then, and AND and XOR have cells
        without any row.
    motifs : mapping of str to array-like of shape (4, width), default=None
        The first motif, the second, and the decoys, by name: counts or probabilities of A, C, G and
        T. None are made of consensus sites of ETS, of C/EBP and of bHLH factors.
    decoys : int, default=1
        Motifs without a say; at most 1 unless ``motifs`` has more.
    label_noise : float, default=0.02
        Share of the labels that are exchanged, from 0 to below .5.
    max_distance : int, default=10
        Of ``rule="spacing"``.
    random_state : int, RandomState or None, default=None

    Returns
    -------
    MotifInteractions
        ``X`` (n, 4 L), ``y`` (n,), ``y_true``, ``cells``, ``truth`` (n, 4, L), ``tracks``,
        ``motifs`` and ``rule``.

    Raises
    ------
    ValueError
        A rule or kind of negatives that there is not, too few motifs, motifs that do not fit.

    See Also
    --------
    sklearn_deeplifft.interventions.motif_epistasis : What a network has made of it.

    Examples
    --------
    >>> from sklearn_deeplifft.datasets import make_motif_interactions
    >>> data = make_motif_interactions("xor", 400, 60, random_state=0)
    >>> data.X.shape, data.cell_counts
    ((400, 240), {'neither': 100, 'first': 100, 'second': 100, 'both': 100})
    >>> list(data.motifs)
    ['first', 'second', 'decoy']
    """
    _require_choice("rule", rule, RULES)
    _require_choice("negatives", negatives, ("all", "empty"))
    require_at_least("n_samples", n_samples, 8)
    require_at_least("length", length, 1)
    require_at_least("decoys", decoys, 0)
    require_at_least("max_distance", max_distance, 0)
    if not isinstance(label_noise, Real) or not 0 <= label_noise < 0.5:
        raise ValueError(f"label_noise={shown(label_noise)} must be a share from 0 to below 0.5.")
    known = _motifs(motifs, decoys)
    matrices = list(known.values())
    widths = [p.shape[1] for p in matrices]
    if sum(widths) > length:
        raise ValueError(
            f"length={length} is too short for motifs of {widths} positions side by side; pass "
            f"{sum(widths)} or more, or fewer decoys."
        )
    rng = check_random_state(random_state)
    cells, kept = _cells(rule, negatives, n_samples, rng)
    y_true = _classes(rule, negatives, cells, kept, rng)
    present = np.zeros((n_samples, len(widths)), dtype=bool)
    present[:, 0], present[:, 1] = cells % 2 == 1, cells >= 2
    present[:, 2:] = rng.uniform(size=(n_samples, len(widths) - 2)) < 0.5
    model = np.full((n_samples, 4, length), 0.25)
    tracks = np.zeros((n_samples, len(widths), length), dtype=bool)
    for row in range(n_samples):
        wanted = bool(kept[row]) if rule in ARRANGED and cells[row] == 3 else None
        for number, start in _starts(
            present[row], widths, length, rng, rule, wanted, max_distance
        ).items():
            at = slice(start, start + widths[number])
            model[row, :, at], tracks[row, number, at] = matrices[number], True
    wrong = rng.uniform(size=n_samples) < label_noise
    return MotifInteractions(
        X=np.eye(4, dtype=np.uint8)[drawn_from(model, rng)].reshape(n_samples, -1),
        y=np.where(wrong, 1 - y_true, y_true),
        y_true=y_true,
        cells=cells,
        truth=model.astype(np.float32),
        tracks=tracks,
        motifs=known,
        rule=rule,
    )


def _motifs(given: Mapping[str, ArrayLike] | None, decoys: int) -> dict[str, NDArray[np.float64]]:
    """The two motifs and the decoys."""
    if given is None:
        eye = np.eye(4) * (SURE - (1 - SURE) / 3) + (1 - SURE) / 3
        found = {name: eye[:, ["ACGT".index(a) for a in word]] for name, word in WORDS.items()}
    else:
        found = {str(name): probabilities_of(str(name), M) for name, M in given.items()}
    if len(found) < 2 + decoys:
        raise ValueError(
            f"decoys={decoys} needs {2 + decoys} motifs, and there are {len(found)}: pass motifs=, "
            "a mapping of names to matrices (4, width), the two of the rule first."
        )
    return dict(list(found.items())[: 2 + decoys])


def _cells(
    rule: str, negatives: str, n: int, rng: np.random.RandomState
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The cell of each sequence (n,), in equal numbers, and whether a pair is as the rule asks."""
    if negatives == "all":
        choices = np.arange(4).repeat(2) * 2 + np.tile([0, 1], 4)
    else:
        may = [cell for cell in (1, 2, 3) if RULES[rule][cell] > 0]
        choices = np.array([1] * len(may) + [2 * cell + 1 for cell in may])
    code = rng.permutation(np.resize(choices, n))
    return code // 2, code % 2 == 1


def _classes(
    rule: str,
    negatives: str,
    cells: NDArray[np.int64],
    kept: NDArray[np.bool_],
    rng: np.random.RandomState,
) -> NDArray[np.int64]:
    if negatives == "empty":
        return (cells > 0).astype(np.int64)
    first = rng.uniform(size=len(cells)) < np.array(RULES[rule])[cells]
    if rule in ARRANGED:
        first &= kept
    return first.astype(np.int64)


def _starts(
    present: NDArray[np.bool_],
    widths: list[int],
    length: int,
    rng: np.random.RandomState,
    rule: str,
    wanted: bool | None,
    max_distance: int,
) -> dict[int, int]:
    """Place of each motif of a sequence; they do not overlap."""
    for _ in range(TRIES):
        order = rng.permutation(np.flatnonzero(present)).tolist()
        room = length - sum(widths[i] for i in order)
        before = np.sort(rng.randint(room + 1, size=len(order))).tolist()
        starts, taken = {}, 0
        for i, free in zip(order, before, strict=True):
            starts[i] = taken + free
            taken += widths[i]
        if wanted is None or wanted == _arranged(rule, starts, widths, max_distance):
            return starts
    raise ValueError(
        f"rule={rule!r}: two motifs of {widths[:2]} positions hardly ever lie "
        f"{'as asked for' if wanted else 'otherwise'} in sequences of {length}; change length or "
        f"max_distance={max_distance}."
    )


def _arranged(rule: str, starts: dict[int, int], widths: list[int], most: int) -> bool:
    """Whether both motifs lie as the rule asks for."""
    if rule == "order":
        return starts[0] < starts[1]
    left, right = sorted((0, 1), key=lambda i: starts[i])
    return starts[right] - starts[left] - widths[left] <= most


def _require_choice(name: str, value: Any, choices: Any) -> None:
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{name}={shown(value)} must be one of {list(choices)}.")
