"""Experiments on words: all of a length, and all changes of one."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from sklearn_deeplifft._printable import shown
from sklearn_deeplifft.interventions._edits import embed, mutate
from sklearn_deeplifft.interventions._letters import alphabet_of, letters_of, word_of
from sklearn_deeplifft.interventions.experiments._arms import Arm, Contrast, Experiment
from sklearn_deeplifft.sequences import Alphabet, position_groups

__all__ = ["AlignedWords", "aligned_words", "kmer_mutagenesis", "kmers"]

MOST_WORDS = 4**8

NORMAL_MAD = 1.4826
"""A normal's standard deviation over its median absolute deviation."""


@dataclass(frozen=True)
class _Words(Experiment):
    k: int
    start: int | None

    def arms(self, length: int, alphabet: Alphabet) -> list[Arm]:
        if self.k > length:
            raise ValueError(
                f"kmers(k={self.k}) are longer than the sequences, which have {length} positions; "
                "pass a smaller k."
            )
        if alphabet.K**self.k > MOST_WORDS:
            raise ValueError(
                f"kmers(k={self.k}) are {alphabet.K**self.k:,} words of {alphabet.name}, more than "
                f"{MOST_WORDS:,}; pass a smaller k."
            )
        start = (length - self.k) // 2 if self.start is None else self.start
        letters = alphabet.letters.decode()
        words = ("".join(word) for word in itertools.product(letters, repeat=self.k))
        return [Arm({"word": w}, embed(w, start, alphabet=letters)) for w in words]

    def finished(self, table: pd.DataFrame) -> pd.DataFrame:
        """How far each word is from others of the same letters, and how sure that is."""
        letters = table["word"].map(lambda word: "".join(sorted(word)))
        groups = table.groupby([letters, "output"])["effect"]
        beyond = table["effect"] - groups.transform("mean")
        sizes = groups.transform("size")
        # Letters of which there is one word say nothing of order.
        several = sizes > 1
        spread = NORMAL_MAD * beyond[several].abs().groupby(table["output"]).median()
        scale = table["output"].map(spread)
        p = np.where(several, 2 * stats.norm.sf(beyond.abs() / scale), 1.0)
        q = np.ones(len(table))
        for output in table["output"].unique():
            own = (table["output"] == output).to_numpy()
            q[own] = stats.false_discovery_control(np.nan_to_num(p[own], nan=1.0))
        table = table.assign(beyond_letters=beyond, q_value=q)
        return table.sort_values("effect", ascending=False, kind="stable", ignore_index=True)


def kmers(k: int = 6, start: int | None = None) -> Experiment:
    """Every word of k letters, written at one place.

    The table gains ``beyond_letters``, the effect less the mean over all words of the same letters
    (a run of G may beat the true word by composition alone), and its ``q_value``
    (Benjamini-Hochberg over all words of an output, against the spread of words about that mean).

    Parameters
    ----------
    k : int, default=6
    start : int, default=None
        Position of the first letter; None is the middle.

    Returns
    -------
    Experiment
    """
    position_groups(1, K=k)  # a whole number from 1 on
    return _Words(int(k), start)


@dataclass(frozen=True)
class _Changes(Experiment):
    word: str
    begin: int
    alphabet: str

    def arms(self, length: int, alphabet: Alphabet) -> list[Arm]:
        letters = alphabet.letters.decode()
        found = [Arm({"position": -1, "letter": ""}, self._edit(self.word, letters))]
        for i, old in enumerate(self.word):
            for letter in letters:
                if letter != old:
                    word = self.word[:i] + letter + self.word[i + 1 :]
                    labels = {"position": i, "letter": letter}
                    found.append(Arm(labels, self._edit(word, letters), reported=False))
        return found

    def _edit(self, word: str, letters: str) -> Any:
        return embed(word, self.begin, alphabet=letters)

    def contrasts(self, arms: Sequence[Arm]) -> list[Contrast]:
        return [Contrast(arms[i].labels, {i: 1.0, 0: -1.0}) for i in range(1, len(arms))]


def kmer_mutagenesis(word: str, start: int, *, alphabet: str = "DNA") -> Experiment:
    """Every change of one letter of a word that was written into the background.

    The row of position -1 is the effect of the word itself; the others, whose positions are those
    in the word, are the effect of the changed word less that, paired.

    Parameters
    ----------
    word : str
        Letters of the alphabet alone.
    start : int
    alphabet : str, default="DNA"

    Returns
    -------
    Experiment
    """
    known = alphabet_of(alphabet)
    if not isinstance(word, str) or set(word.upper()) - set(known.letters.decode()) or not word:
        raise ValueError(
            f"kmer_mutagenesis(word={shown(word)}) must be a word of the letters "
            f"{known.letters.decode()}."
        )
    embed(word, start, alphabet=alphabet)
    mutate(0, word[0], alphabet=alphabet)
    return _Changes(word.upper(), int(start), alphabet)


@dataclass(frozen=True)
class AlignedWords:
    """Words laid over each other.

    Attributes
    ----------
    words : tuple of str
    offsets : tuple of int
        Position of the first letter of each.
    counts : ndarray of shape (K, w)
        Weight of each letter at each position.
    consensus : str
        Its likeliest letters.
    """

    words: tuple[str, ...]
    offsets: tuple[int, ...]
    counts: np.ndarray
    consensus: str


def aligned_words(
    words: Sequence[str], weights: Any = None, *, alphabet: str = "DNA"
) -> AlignedWords:
    """Lay words over each other, each at the shift where it agrees most with those before it.

    Parameters
    ----------
    words : sequence of str
        Best first, such as the top of the table of `kmers`.
    weights : array-like, default=None
        Of the words, not negative; None is 1.
    alphabet : str, default="DNA"

    Returns
    -------
    AlignedWords
        ``counts`` are a matrix for a logo or a motif data base.
    """
    known = alphabet_of(alphabet)
    if isinstance(words, str) or not len(words):
        raise ValueError(f"aligned_words got {shown(words)}; pass words, the best one first.")
    encoded = [letters_of(word, known, "+") for word in words]
    share = np.ones(len(words)) if weights is None else np.asarray(weights, dtype=np.float64)
    if share.shape != (len(words),) or not (share >= 0).all() or not share.any():
        raise ValueError(f"weights={shown(weights)} must be one number from 0 on for each word.")
    widest = max(map(len, encoded))
    sums = np.zeros((3 * widest, known.K))
    sums[widest : widest + len(encoded[0])] += share[0] * encoded[0]
    offsets = [widest]
    for one, weight in zip(encoded[1:], share[1:], strict=True):
        # At least half of a word lies over the others; of equal shifts the nearest to theirs.
        shifts = range(widest - len(one) // 2, widest + len(encoded[0]) - (len(one) + 1) // 2 + 1)
        best = max(shifts, key=lambda s: ((sums[s : s + len(one)] * one).sum(), -abs(s - widest)))
        sums[best : best + len(one)] += weight * one
        offsets.append(best)
    used = np.flatnonzero(sums.any(axis=1))
    first, last = int(used[0]), int(used[-1]) + 1
    moved = tuple(offset - first for offset in offsets)
    counts = sums[first:last].T
    return AlignedWords(tuple(words), moved, counts, word_of(counts.T, known))
