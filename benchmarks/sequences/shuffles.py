"""Dinucleotide shuffles: which are reached, how evenly, and time beside tangermeme.

``shuffle_reached``: share of the 48 and 27 sequences that two short ones can be shuffled to, the
lower of both, in 20,000 draws. ``shuffle_p``: the smaller p-value of the two chi-squared tests for
equal frequency. ``shuffle_reached_tangermeme``: the same share by tangermeme. ``ratio_shuffle``:
its time over ours for 20 shuffles of each of 1,000 sequences of 200 letters, strings in and out on
our side, tensors on its side; rounds interleaved, medians, one thread.
"""

from __future__ import annotations

import statistics
import time
from collections import Counter
from itertools import pairwise

import numpy as np
import torch
from scipy.stats import chisquare

from sklearn_deeplifft.sequences import SequenceEncoder, dinucleotide_shuffle

WORDS = ("AACCAGGATCA", "ACCCACGATGATG")
DRAWS, ROUNDS = 20_000, 9


def figures(quick=False, data=None):
    """All figures of this part: a flat dict."""
    return evenness(2_000 if quick else DRAWS) | speed(
        100 if quick else 1000, 3 if quick else ROUNDS
    )


def reachable(text):
    """Every sequence with the same ends and pairs, by walking along pairs that are left."""
    found, left = set(), Counter(pairwise(text))

    def walk(path):
        if len(path) == len(text):
            found.add(path)
            return
        for pair in [pair for pair, n in left.items() if n and pair[0] == path[-1]]:
            left[pair] -= 1
            walk(path + pair[1])
            left[pair] += 1

    walk(text[0])
    return found


def evenness(draws):
    """Shares that are reached, ours and tangermeme's, and the p-value of ours."""
    ours, theirs, p = [], [], []
    for word in WORDS:
        every = reachable(word)
        counts = Counter(dinucleotide_shuffle([word], draws, random_state=0))
        assert set(counts) <= every
        ours.append(len(counts) / len(every))
        p.append(chisquare([counts[text] for text in every]).pvalue)
        theirs.append(len(drawn_by_tangermeme(word, draws) & every) / len(every))
    return {
        "shuffle_reached": min(ours),
        "shuffle_p": float(min(p)),
        "shuffle_reached_tangermeme": min(theirs),
    }


def drawn_by_tangermeme(word, draws):
    """Distinct shuffles of one sequence."""
    from tangermeme.ersatz import dinucleotide_shuffle as shuffle

    shuffles = shuffle(one_hot([word]), n=draws, random_state=0)[0]
    letters = np.array([*"ACGT"])[shuffles.argmax(dim=1).numpy()]
    return {"".join(row) for row in letters}


def speed(n, rounds):
    """Time of 20 shuffles each."""
    from tangermeme.ersatz import dinucleotide_shuffle as shuffle

    rng = np.random.default_rng(0)
    texts = ["".join(row) for row in rng.choice([*"ACGT"], size=(n, 200))]
    tensor = one_hot(texts)
    runs = {
        "ours": lambda seed: dinucleotide_shuffle(texts, 20, random_state=seed),
        "theirs": lambda seed: shuffle(tensor, n=20, random_state=seed),
    }
    seconds = {name: [] for name in runs}
    for seed in range(rounds + 1):  # the first compiles theirs and is not counted
        for name, run in runs.items():
            began = time.perf_counter()
            run(seed)
            seconds[name].append(time.perf_counter() - began)
    ours, theirs = (statistics.median(seconds[name][1:]) for name in runs)
    return {"seconds_shuffle": ours, "ratio_shuffle": theirs / ours}


def one_hot(texts):
    """A float32 tensor (n, 4, L)."""
    rows = SequenceEncoder().fit_transform(texts)
    return torch.from_numpy(rows.reshape(len(texts), -1, 4).transpose(0, 2, 1).copy())
