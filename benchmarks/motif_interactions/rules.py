"""One rule at a time: accuracy, epistasis, its support, filters, attributions.

``auc_RULE``: area under the ROC curve on new rows without noise in their labels;
``auc_possible_RULE``: that of a judge who knows the motifs and the rule, and sees the letters.
``epistasis_RULE``, ``_low``, ``_high``: log-odds, mean and 95 % interval over seeds.
``flagged_empty_negatives``: rules, of four, whose pair is flagged where negatives hold neither
motif; ``flagged_all_negatives``: of all five with rows in every cell. Cells of OR and of additive
motifs are full with either kind of negatives, and counts of rows cannot flag them.
``filter_pairs_ratio_RULE``: swap RMS of filters of one motif and of the other, over pairs of either
with a filter of neither. ``xor_attribution_auroc``: corrected gradients times letters, positions of
both motifs against all others, in sequences that hold both.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from scipy.special import expit, logsumexp
from sklearn.metrics import roc_auc_score

from benchmarks.gradient_correction.published import matrices
from sklearn_deeplifft import NetworkEnsembleClassifier, networks
from sklearn_deeplifft.datasets import make_motif_interactions
from sklearn_deeplifft.datasets._motif_interactions import RULES as PROBABILITIES
from sklearn_deeplifft.interventions import filter_interactions, motif_epistasis
from sklearn_deeplifft.interventions._statistics import t_interval
from sklearn_deeplifft.sequences import filter_motifs, saliency

RULES = ("and", "or", "xor", "a_not_b", "additive")
EMPTY = ("and", "or", "xor", "additive")
LENGTH, STARTS = 120, (40, 70)
FACTORS = {"first": "Gabpa", "second": "CEBPB", "decoy": "MAX"}
"""Matrices of JASPAR 2016; without the file, consensus sites of the same families."""
ALIKE = 0.75
"""Correlation of a filter's motif with a planted one above which it is of that motif."""


def figures(quick=False, rows=None, seeds=None, data=None):
    n = rows or (800 if quick else 8000)
    seeds = range(seeds or (1 if quick else 5))
    rules = ("and", "additive") if quick else RULES
    motifs = _motifs(data)
    found = {}
    for rule in rules:
        found |= _of_rule(rule, [_run(rule, "all", n, seed, motifs) for seed in seeds])
    empty = [rule for rule in EMPTY if rule in rules]
    flagged = [_run(rule, "empty", n, 0, motifs, read=False)["flagged"] for rule in empty]
    found["flagged_empty_negatives"] = float(sum(flagged))
    found["flagged_all_negatives"] = float(sum(found.pop(f"flagged_{rule}") for rule in rules))
    return found


def _motifs(folder):
    """The two motifs and the decoy; None where the file of matrices is not there."""
    try:
        known = matrices(folder)
    except FileNotFoundError:
        return None
    return {role: known[name] for role, name in FACTORS.items()}


def _of_rule(rule, runs):
    """Means over seeds of one rule."""
    of = {name: np.array([run[name] for run in runs], dtype=float) for name in runs[0]}
    low, high = t_interval(of["epistasis"])
    found = {
        f"auc_{rule}": of["auc"].mean(),
        f"auc_possible_{rule}": of["possible"].mean(),
        f"epistasis_{rule}": of["epistasis"].mean(),
        f"epistasis_{rule}_low": low,
        f"epistasis_{rule}_high": high,
        f"epistasis_decoy_{rule}": np.abs(of["decoy"].mean()),
        f"flagged_{rule}": of["flagged"].max(),
    }
    if rule in ("and", "or"):
        known = of["ratio"][~np.isnan(of["ratio"])]
        found[f"filter_pairs_ratio_{rule}"] = known.mean() if len(known) else np.nan
    if rule == "xor":
        found["xor_attribution_auroc"] = of["attribution"].mean()
    return {name: float(value) for name, value in found.items()}


def _run(rule, negatives, n, seed, motifs, read=True):
    """Train on one drawing and read the network."""
    draw = partial(make_motif_interactions, rule, length=LENGTH, negatives=negatives, motifs=motifs)
    train, test = draw(n, random_state=seed), draw(2000, random_state=1000 + seed)
    ensemble = NetworkEnsembleClassifier(networks.motif_pool, n_networks=1, random_state=seed)
    ensemble.fit(train.X, train.y)
    letters = np.random.RandomState(seed).choice(list("ACGT"), (500, LENGTH))
    background = ["".join(row) for row in letters]
    table = motif_epistasis(
        ensemble, background, train.motifs, STARTS, counts=train.tracks.any(axis=2)
    )
    # Two classes: centred logits are half of the log-odds.
    own = table[table["output"] == 1].set_index(["first", "second"])
    pair = own.loc[("first", "second")]
    found = {
        "auc": roc_auc_score(test.y_true, ensemble.predict_proba(test.X)[:, 1]),
        "possible": roc_auc_score(test.y_true, _judged(test)),
        "epistasis": 2 * pair["epistasis"],
        "decoy": 2 * own.loc[("first", "decoy"), "epistasis"],
        "flagged": bool(pair["flagged"]),
    }
    if read:
        net = ensemble.estimators_[0].module_
        found["ratio"] = _ratio(net, train)
        found["attribution"] = _attribution(net, test)
    print(f"{rule:8s} {negatives} {seed} {_shown(found)}", flush=True)
    return found


def _shown(found):
    return ", ".join(f"{name} {value:.3g}" for name, value in found.items())


def _judged(data):
    """Probability of class 1 given the letters, for who knows the motifs: (n,)."""
    a, b = (_presence(data.X, data.motifs[name]) for name in ("first", "second"))
    cells = np.stack([(1 - a) * (1 - b), a * (1 - b), (1 - a) * b, a * b])
    return np.array(PROBABILITIES[data.rule]) @ cells


def _presence(X, motif):
    """Probability that half of all sequences hold a motif somewhere, given their letters."""
    letters = X.reshape(len(X), -1, 4)
    n_places = letters.shape[1] - motif.shape[1] + 1
    log_ratio = np.log(4 * motif + 1e-9)
    at = sum(letters[:, j : j + n_places] @ log_ratio[:, j] for j in range(motif.shape[1]))
    return expit(logsumexp(at, axis=1) - np.log(n_places))


def _ratio(net, data):
    """Swap RMS of pairs across the two motifs, over those with a filter of neither; NaN if none."""
    X = data.X.astype(np.float32)
    motifs = filter_motifs(net, X[:1000]).motifs
    kinds = [_kind(motif, data.motifs) for motif in motifs]
    table = filter_interactions(net, X[:2000], names=range(len(kinds)), task="classification")
    own = table[table["output"] == table["output"].iloc[0]]
    of = [{kinds[int(i)], kinds[int(j)]} for i, j in zip(own["first"], own["second"], strict=True)]
    rms = own["swap_rms"].to_numpy()
    across = rms[[kind == {"first", "second"} for kind in of]]
    others = rms[["other" in kind and len(kind) > 1 for kind in of]]
    if not len(across) or not len(others) or not others.mean():
        return np.nan
    return across.mean() / others.mean()


def _kind(motif, planted):
    """Which planted motif of the two the letters beneath a filter are like, if any."""
    if motif is None:
        return "other"
    P = motif.counts / motif.counts.sum(axis=0) - 0.25
    likeness = {name: _correlation(P, planted[name] - 0.25) for name in ("first", "second")}
    best = max(likeness, key=likeness.get)
    return best if likeness[best] > ALIKE else "other"


def _correlation(P, Q):
    """Largest cosine of two motifs at any shift that leaves five positions of both."""
    found = [0.0]
    for shift in range(5 - Q.shape[1], P.shape[1] - 4):
        a = P[:, max(shift, 0) : shift + Q.shape[1]]
        b = Q[:, max(-shift, 0) : max(-shift, 0) + a.shape[1]]
        size = np.linalg.norm(a) * np.linalg.norm(b)
        found.append(float((a * b).sum() / size) if size else 0.0)
    return max(found)


def _attribution(net, data):
    rows = np.flatnonzero(data.cells == 3)[:200]
    X = data.X[rows].astype(np.float32)
    with torch.no_grad():
        one = net(torch.from_numpy(X[:2])).shape[1] == 1
    output = {} if one else {"output": 1}
    scores = saliency(net, X, times_input=True, **output).scores.sum(axis=2)
    places = data.tracks[rows, :2].any(axis=1)
    pairs = zip(places, scores, strict=True)
    return float(np.mean([roc_auc_score(place, score) for place, score in pairs]))
