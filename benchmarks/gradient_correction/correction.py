"""What the correction gains, for which methods, and at what angles gradients stand.

``gain_KIND``: rise of the cosine between saliency and truth by the correction, mean over sequences
and over the networks of a kind. ``cells_improved``: of the networks times the four methods
(saliency, integrated gradients from the uniform letter, SmoothGrad, expected gradients over
dinucleotide shuffles), those whose mean cosine rises; ``cells``, how many there are.
``sequences_improved``: the smallest share, over these, of sequences whose cosine rises.
``identity_violations``: positions of motifs at which the cosine rises by more than 1 - cos(angle),
which no correction can do. ``angle_sd_motif_KIND`` and ``_background_KIND``: standard deviation of
the angle, in degrees. ``share_over_30_least``, ``_most`` and so on: share of all positions with an
angle beyond, of the kinds with the least and the most.
``auroc_change_METHOD_KIND``: change of the area under the ROC curve of positions, which the
correction need not raise. ``uniform_beats_zero_auroc_deep_relu``: that of integrated gradients from
the uniform letter, less that from zero.
"""

from __future__ import annotations

import warnings
from collections import defaultdict

import numpy as np

from benchmarks.gradient_correction.kinds import KINDS, positives, published
from sklearn_deeplifft import FeatureSelectionWarning
from sklearn_deeplifft.sequences import (
    cosine,
    expected_gradients,
    integrated_gradients,
    localisation_auroc,
    saliency,
    smooth_grad,
)

METHODS = {
    "saliency": saliency,
    "integrated": lambda net, X, **kw: integrated_gradients(net, X, n_steps=20, **kw),
    "zero": lambda net, X, **kw: integrated_gradients(net, X, n_steps=20, reference="zero", **kw),
    "smooth": lambda net, X, **kw: smooth_grad(net, X, n_samples=25, random_state=0, **kw),
    "expected": lambda net, X, **kw: expected_gradients(
        net, X, n_samples=20, n_references=20, random_state=0, **kw
    ),
}
IN_CELLS = ("saliency", "integrated", "smooth", "expected")


def figures(quick=False, data=None):
    """All figures of this part: a flat dict."""
    X, truth = positives(20 if quick else 200, data)
    letters = X.reshape(truth.shape)
    gains, auroc, angles, violations = [], defaultdict(list), defaultdict(list), 0
    by_kind = defaultdict(list)
    for kind, net in published(data, quick):
        for method, attribute in METHODS.items():
            before = attributed(attribute, net, X)
            after = before - before.mean(axis=2, keepdims=True)
            gain = cosine(after, truth) - cosine(before, truth)
            change = localisation_auroc(after, truth, letters).mean()
            change -= localisation_auroc(before, truth, letters).mean()
            auroc[method, kind].append(change)
            line = f"{kind:13s} {method:11s} cosine {cosine(before, truth).mean():6.3f}"
            print(f"{line} {gain.mean():+.3f}, position AUROC {change:+.3f}", flush=True)
            if method in IN_CELLS:
                gains.append(gain)
            if method == "saliency":
                by_kind[kind].append(gain.mean())
                angles[kind].append(angles_of(before))
                violations += beyond_identity(before, after, truth)
    found = {f"gain_{kind}": float(np.mean(by_kind[kind])) for kind in KINDS}
    found["cells_improved"] = sum(bool(gain.mean() > 0) for gain in gains)
    found["cells"] = len(gains)
    found["sequences_improved"] = float(min((gain > 0).mean() for gain in gains))
    found["identity_violations"] = violations
    found |= spreads(angles, truth) | shares(angles)
    for (method, kind), changes in auroc.items():
        found[f"auroc_change_{method}_{kind}"] = float(np.mean(changes))
    found["uniform_beats_zero_auroc_deep_relu"] = float(
        np.mean(auroc["integrated", "deep_relu"]) - np.mean(auroc["zero", "deep_relu"])
    )
    return found


def attributed(attribute, net, X):
    """Uncorrected scores (n, L, 4); that zero is no sequence is what is measured here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FeatureSelectionWarning)
        return attribute(net, X, simplex=False).scores.astype(np.float64)


def angles_of(scores):
    """Degrees (n, L), from the definition."""
    size = 2 * np.sqrt((scores**2).sum(axis=2))
    sine = scores.sum(axis=2) / np.where(size > 0, size, 1)
    return np.rad2deg(np.arcsin(sine.clip(-1, 1)))


def of_motifs(truth):
    """Positions (n, L) of more than .1 bit."""
    return 2 + (truth * np.log2(truth + 1e-10)).sum(axis=2) > 0.1


def beyond_identity(before, after, truth):
    """Positions at which the cosine rises by more than the angle allows."""
    at = of_motifs(truth)
    target = truth[at] - 0.25
    size = np.linalg.norm(target, axis=1)

    def cosines(scores):
        norm = np.linalg.norm(scores, axis=1) * size
        return (scores * target).sum(axis=1) / np.where(norm > 0, norm, 1)

    gain = cosines(after[at]) - cosines(before[at])
    allowed = 1 - np.cos(np.deg2rad(angles_of(before)[at]))
    return int((gain > allowed + 1e-9).sum())


def spreads(angles, truth):
    """Standard deviation of the angle in and outside of motifs, by kind."""
    at, found = of_motifs(truth), {}
    for kind, each in angles.items():
        found[f"angle_sd_motif_{kind}"] = float(np.mean([a[at].std() for a in each]))
        found[f"angle_sd_background_{kind}"] = float(np.mean([a[~at].std() for a in each]))
    return found


def shares(angles):
    """Shares of positions beyond 30, 45 and 60 degrees."""
    found = {}
    for limit in (30, 45, 60):
        beyond = [np.mean([np.abs(a) > limit for a in each]) for each in angles.values()]
        found[f"share_over_{limit}_least"] = float(min(beyond))
        found[f"share_over_{limit}_most"] = float(max(beyond))
    return found
