"""Interactions of motifs in sequences, and the data that stand behind them.

==========  =========================================================================
code        meaning
==========  =========================================================================
``E``       mean_n [ f(A B x) - f(A x) - f(B x) + f(x) ], each motif alone at exactly
            the place that it has in the pair
cell        data rows with neither motif, the first, the second, both, wherever
==========  =========================================================================
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp

from sklearn_deeplifft._printable import shown
from sklearn_deeplifft.attribution import neutral_torch, spread_positions
from sklearn_deeplifft.exceptions import FeatureSelectionWarning, tell
from sklearn_deeplifft.interventions._bind import bind
from sklearn_deeplifft.interventions._compose import compose
from sklearn_deeplifft.interventions._edits import embed
from sklearn_deeplifft.interventions._epistasis import over_rows
from sklearn_deeplifft.interventions._letters import alphabet_of, letters_of, written_positions
from sklearn_deeplifft.interventions._models import ensemble_of
from sklearn_deeplifft.interventions._options import require_options
from sklearn_deeplifft.interventions._statistics import require_finite_changes, t_interval
from sklearn_deeplifft.interventions._support import FEW_ROWS
from sklearn_deeplifft.interventions.experiments._importance import encoded
from sklearn_deeplifft.ranking import sample_std
from sklearn_deeplifft.sequences import Alphabet, MotifCounter

__all__ = ["motif_epistasis"]

CELLS = ("neither", "first", "second", "both")


@neutral_torch()
def motif_epistasis(
    model: Any,
    background: Any,
    motifs: Any,
    starts: tuple[int, int],
    *,
    pairs: Sequence[tuple[Any, Any]] | None = None,
    data: Any = None,
    counts: Any = None,
    p_value: float = 1e-4,
    alphabet: str = "DNA",
    scale: str = "logit",
    task: str = "auto",
    dtype: str | None = None,
) -> pd.DataFrame:
    """What two motifs do together beyond the sum of what each does alone.

    Both are written into every background, and each alone at exactly the place that it has in the
    pair. Along convolutional networks only what an edit can reach is run again.

    Parameters
    ----------
    model : object
        As for `intervention_effects`; pass an ensemble, or a list of networks, for the spread over
        networks.
    background : list of n str, or array-like of shape (n, K L)
        Sequences, or rows that `SequenceEncoder` encoded.
    motifs : mapping of str to motif, or sequence of str
        Motifs as for `embed`, by name: words, or matrices (K, w) whose likeliest letters are
        written.
    starts : (int, int)
        Places of the first and of the second motif of every pair.
    pairs : sequence of (str, str), default=None
        Names of the first and the second motif; None is all pairs, in the order of ``motifs``.
    data : list of str, or array-like of shape (m, K L), default=None
        The sequences that the model was trained on, in which `MotifCounter` finds who has each
        motif, on either strand. Needs the extra ``sequences``, and DNA.
    counts : array-like or sparse matrix of shape (m, number of motifs), default=None
        Hits of each motif in the training data, where you know them better; above 0 is present.
    p_value : float, default=1e-4
        As of the `MotifCounter`. Short words need a larger one: a hit of 6 letters has 2.5e-4.
    alphabet : str, default="DNA"
    scale : {"logit", "proba"}, default="logit"
        Centred logits. Probabilities saturate and manufacture interactions.
    task : {"auto", "classification", "multilabel", "regression"}, default="auto"
    dtype : {"float32", "float64"} or None, default=None

    Returns
    -------
    DataFrame
        A row for each pair and output. ``first``, ``second``, ``output``; ``effect_first``,
        ``effect_second`` and ``effect_both``, positive where they speak for the output;
        ``epistasis``, 0 where effects add up, above where the pair does more; ``standard_error``
        over backgrounds; ``low``, ``high``, 95 % interval over networks, and ``network_sd``, their
        standard deviation (NaN with one); ``rows_neither``, ``rows_first``, ``rows_second``,
        ``rows_both``: training sequences in each cell (NaN where not known); ``flagged``: one of
        them has fewer than 20, and the sign of the epistasis is the network's guess.

    Raises
    ------
    ValueError
        Motifs that overlap or run over the end, a pair of unknown names, counts of another shape.

    Warns
    -----
    FeatureSelectionWarning
        Neither ``data`` nor ``counts``: nothing says whether an interaction could be learned.

    See Also
    --------
    pairwise_epistasis : The same for any interventions; it counts rows at exact levels.
    sklearn_deeplifft.datasets.make_motif_interactions : Sequences with a known rule.

    Examples
    --------
    >>> import numpy as np, torch
    >>> from sklearn_deeplifft.interventions import motif_epistasis
    >>> class Product(torch.nn.Module):
    ...     def forward(self, x):  # A at position 0 times C at position 2
    ...         return x[:, :1] * x[:, 9:10]
    >>> table = motif_epistasis(
    ...     Product(), ["GGGG", "TTTT"], ["A", "C"], (0, 2), counts=np.eye(2), task="regression"
    ... )
    >>> table[["first", "second", "effect_both", "epistasis", "flagged"]]
      first second  effect_both  epistasis  flagged
    0     A      C          1.0        1.0     True
    """
    require_options(scale=scale, task=task, dtype=dtype, n_background=1)
    letters = alphabet_of(alphabet)
    named = _named(motifs)
    names, chosen = list(named), _pairs(list(named), pairs)
    places = _places(starts)
    _require_apart(named, chosen, places, letters)
    X = encoded(background, alphabet, model)
    cells = _cells(named, chosen, data, counts, letters, p_value)
    edits, at = _edits(named, chosen, places, letters)
    bound = [bind(edit, X) for edit in edits]
    ensemble = ensemble_of(
        model, X[spread_positions(len(X)).numpy()], scale=scale, task=task, dtype=dtype
    )
    own, errors, _, alone = over_rows(ensemble, X, bound, at)
    require_finite_changes(own, [compose(bound[i], bound[j]) for i, j in at])
    low, high = t_interval(own)
    i, j = np.array(at).T
    mean = own.mean(axis=0)
    numbers = {
        "effect_first": alone[i],
        "effect_second": alone[j],
        "effect_both": alone[i] + alone[j] + mean,
        "epistasis": mean,
        "standard_error": errors,
        "low": low,
        "high": high,
        "network_sd": sample_std(own),
    }
    R = len(ensemble.outputs)
    both = np.array([(names[a], names[b]) for a, b in chosen], dtype=object)
    rows = {f"rows_{cell}": np.repeat(cells[:, c], R) for c, cell in enumerate(CELLS)}
    return pd.DataFrame(
        {
            "first": np.repeat(both[:, 0], R),
            "second": np.repeat(both[:, 1], R),
            "output": list(ensemble.outputs) * len(both),
            **{name: values.ravel() for name, values in numbers.items()},
            **rows,
            "flagged": np.repeat((cells < FEW_ROWS).any(axis=1), R),
        }
    )


def _named(motifs: Any) -> dict[str, Any]:
    """Motifs by name; words are their own names."""
    if isinstance(motifs, Mapping):
        found = {str(name): motif for name, motif in motifs.items()}
    elif isinstance(motifs, str) or not all(isinstance(m, str) for m in motifs):
        raise ValueError(
            f"motifs={shown(motifs)} must be a mapping from names to motifs, or a list of words."
        )
    else:
        found = {motif: motif for motif in motifs}
    if len(found) < 2:
        raise ValueError(f"{len(found)} motif(s) make no pair; pass two different ones or more.")
    return found


def _pairs(names: list[str], pairs: Any) -> list[tuple[int, int]]:
    """Positions of the motifs of each pair."""
    if pairs is None:
        return list(itertools.combinations(range(len(names)), 2))
    found = []
    for pair in pairs:
        both = () if isinstance(pair, str) else tuple(pair)
        if len(both) != 2 or not set(both) <= set(names):
            raise ValueError(
                f"pairs holds {shown(pair)}; each pair is two names of motifs, of {shown(names)}."
            )
        found.append((names.index(both[0]), names.index(both[1])))
    if not found:
        raise ValueError("pairs is empty; pass two names of motifs or more, or None for all pairs.")
    return found


def _places(starts: Any) -> tuple[int, int]:
    try:
        first, second = starts
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"starts={shown(starts)} must be two positions, of the first and the second motif."
        ) from error
    for start in (first, second):
        written_positions(start, 1, "motif_epistasis")
    return first, second


def _require_apart(
    named: Mapping[str, Any],
    pairs: Sequence[tuple[int, int]],
    starts: tuple[int, int],
    alphabet: Alphabet,
) -> None:
    """Refuse pairs whose motifs would be written over each other."""
    names = list(named)
    widths = [len(letters_of(motif, alphabet, "+")) for motif in named.values()]
    for pair in pairs:
        left, right = sorted(zip(starts, pair, strict=True))
        if left[0] + widths[left[1]] > right[0]:
            raise ValueError(
                f"{shown(names[left[1]])} at {left[0]} is {widths[left[1]]} letters long and "
                f"overlaps {shown(names[right[1]])} at {right[0]}; move starts={starts} apart."
            )


def _edits(
    named: Mapping[str, Any],
    pairs: Sequence[tuple[int, int]],
    starts: tuple[int, int],
    alphabet: Alphabet,
) -> tuple[list[Any], list[tuple[int, int]]]:
    """Each motif at each place that it has in some pair, once, and the pairs as positions."""
    motifs = list(named.values())
    place: dict[tuple[int, int], int] = {}
    sides = dict.fromkeys((i, side) for pair in pairs for side, i in enumerate(pair))
    edits: list[Any] = []
    for i, side in sides:
        place[i, side] = len(edits)
        letters = alphabet.letters.decode()
        # Codes that stand for several letters are drawn anew for each motif, alike in all pairs.
        edits.append(embed(motifs[i], starts[side], random_state=len(edits), alphabet=letters))
    return edits, [(place[i, 0], place[j, 1]) for i, j in pairs]


def _cells(
    named: Mapping[str, Any],
    pairs: Sequence[tuple[int, int]],
    data: Any,
    counts: Any,
    alphabet: Alphabet,
    p_value: float,
) -> np.ndarray:
    """Training sequences in the four cells of each pair, (p, 4); NaN where nothing is known."""
    if counts is None and data is None:
        finding = "nothing says how many training sequences hold the motifs, alone and together."
        remedy = "An interaction that no data show is a guess: pass data= or counts=."
        tell(FeatureSelectionWarning(finding, remedy))
        return np.full((len(pairs), 4), np.nan)
    if counts is None:
        counts = _hits(named, data, alphabet, p_value)
    table = np.asarray(counts.toarray() if sp.issparse(counts) else counts)
    if table.ndim != 2 or table.shape[1] != len(named):
        raise ValueError(
            f"counts has shape {table.shape}; pass a column for each of the {len(named)} motifs."
        )
    present = table > 0
    return np.array([list(_quadrants(present[:, i], present[:, j])) for i, j in pairs])


def _quadrants(a: np.ndarray, b: np.ndarray) -> Iterator[int]:
    for rows in (~a & ~b, a & ~b, ~a & b, a & b):
        yield int(rows.sum())


def _hits(named: Mapping[str, Any], data: Any, alphabet: Alphabet, p_value: float) -> Any:
    if alphabet.letters != b"ACGT":
        raise ValueError(
            f"data= is searched by MotifCounter, which is for DNA, not {alphabet.name}; pass "
            "counts=, hits of each motif."
        )
    texts = data
    if getattr(data, "ndim", 1) == 2:
        texts = _texts(np.asarray(data.toarray() if sp.issparse(data) else data), alphabet)
    matrices = {name: _matrix(motif, alphabet) for name, motif in named.items()}
    return MotifCounter(matrices, p_value=p_value).fit_transform(texts)


def _matrix(motif: Any, alphabet: Alphabet) -> np.ndarray:
    """Counts or probabilities (4, w); any letter where a word leaves a position as it is."""
    if not isinstance(motif, str | bytes):
        return np.asarray(motif, dtype=np.float64)
    letters = letters_of(motif, alphabet, "+")
    return np.where(letters.any(axis=1, keepdims=True), letters, 0.25).T


def _texts(rows: np.ndarray, alphabet: Alphabet) -> list[str]:
    """Encoded rows as strings."""
    if rows.shape[1] % alphabet.K:
        raise ValueError(
            f"data has {rows.shape[1]} columns, which are no encoded sequences of {alphabet.K} "
            "letters; pass strings, or rows that SequenceEncoder encoded."
        )
    letters = rows.reshape(len(rows), -1, alphabet.K)
    sure = letters.max(axis=2) > 0.5
    codes = np.where(sure, letters.argmax(axis=2), -1)
    return [row.tobytes().decode() for row in alphabet.letter_of()[codes]]
