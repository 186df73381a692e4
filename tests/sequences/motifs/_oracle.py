"""Counting motifs as the definition has it: slow, literal, in float64."""

from __future__ import annotations

import itertools

import numpy as np

PAIR = str.maketrans("ACGT", "TGCA")


def log_odds(C, b=(0.25,) * 4, pseudocount=0.5):
    C = np.asarray(C, dtype=np.float64)
    P = np.empty_like(C)
    for a, i in np.ndindex(C.shape):
        P[a, i] = (C[a, i] + pseudocount) / sum(C[x, i] + pseudocount for x in range(4))
    return np.array([[np.log2(P[a, i] / b[a]) for i in range(C.shape[1])] for a in range(4)])


def sites(text, S):
    """(start, strand, score) of every place where the motif fits into the letters."""
    w = S.shape[1]
    for start in range(len(text) - w + 1):
        site = text[start : start + w]
        if set(site) <= set("ACGT"):
            for strand, word in (("+", site), ("-", site.translate(PAIR)[::-1])):
                yield start, strand, sum(S["ACGT".index(a), i] for i, a in enumerate(word))


def exact_p_value(S, score, b=(0.25,) * 4):
    """Probability that a word of background letters has this score or more; by all words."""
    total = 0.0
    for word in itertools.product(range(4), repeat=S.shape[1]):
        if sum(S[a, i] for i, a in enumerate(word)) >= score - 1e-9:
            total += np.prod([b[a] for a in word])
    return total
