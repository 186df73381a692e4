"""Sums and identities that hold exactly, beside captum and tangermeme.

``parity_tangermeme``: largest difference between corrected saliency times input and tangermeme's.
``parity_captum_ig``: largest difference from captum's integrated gradients over the same nodes,
relative to the largest attribution. ``deep_lift_error_relu`` and ``_exp``: largest difference, in
logits, between what DeepLIFT's contributions sum to and the change of the output, over the networks
of an activation, from the uniform letter and from dinucleotide shuffles;
``captum_deep_lift_error_*`` and ``tangermeme_deep_lift_error_*``: theirs, captum from the uniform
letter, tangermeme from the shuffles, since it takes no other reference than sequences.
"""

from __future__ import annotations

import contextlib
import copy
import io
import warnings

import numpy as np
import torch
from torch import nn

from benchmarks.gradient_correction.kinds import positives, published
from sklearn_deeplifft.sequences import deep_lift, integrated_gradients, saliency

N_SHUFFLES, N_STEPS = 5, 50


class Channels(nn.Module):
    """A network of rows as one of (n, 4, L), which the peers take."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        return self.net(x.transpose(1, 2).flatten(1))


def figures(quick=False, data=None):
    """All figures of this part: a flat dict."""
    X, _ = positives(10 if quick else 200, data)
    channels = torch.from_numpy(X.reshape(len(X), -1, 4).transpose(0, 2, 1).copy())
    found = {}
    for kind, net in published(data, quick):
        activation = kind.rpartition("_")[2]
        for name, value in {
            # Copies, since peers set modes of a network that they do not give back.
            **{f"deep_lift_error_{activation}": own_error(net, X)},
            **parity(copy.deepcopy(net), X, channels),
            **peers(copy.deepcopy(net), channels, activation, 10 if quick else 50),
        }.items():
            found[name] = max(found.get(name, 0.0), float(value))
    return found


def own_error(net, X):
    """Largest summation error from both references."""
    uniform = deep_lift(net, X).error.max()
    few = X[: max(len(X) // 4, 1)]
    shuffled = deep_lift(
        net, few, reference="dinucleotide", n_references=N_SHUFFLES, random_state=0
    )
    return max(uniform, shuffled.error.max())


def parity(net, X, channels):
    """Against the peers where they compute the same."""
    from captum.attr import IntegratedGradients
    from tangermeme.saliency import saliency as their_saliency

    model = Channels(net).eval()
    ours = saliency(net, X, times_input=True).scores.transpose(0, 2, 1)
    theirs = their_saliency(model, channels, gradient_correction=True, device="cpu")
    # In double precision: in single precision rounding moves nodes across kinks.
    model, few = model.double(), channels[: max(len(channels) // 4, 1)].double()
    captum = IntegratedGradients(model).attribute(
        few, torch.full_like(few, 0.25), n_steps=N_STEPS, method="gausslegendre"
    )
    path = integrated_gradients(
        net, X[: len(few)], n_steps=N_STEPS, simplex=False, times_input=True
    ).scores.transpose(0, 2, 1)
    gap = np.abs(captum.detach().numpy() - path).max() / np.abs(path).max()
    return {
        "parity_tangermeme": np.abs(theirs.detach().numpy() - ours).max(),
        "parity_captum_ig": gap,
    }


def peers(net, channels, activation, n):
    """Summation errors of the peers' DeepLIFT."""
    from captum.attr import DeepLift
    from tangermeme.deep_lift_shap import deep_lift_shap
    from tangermeme.ersatz import dinucleotide_shuffle

    few, model = channels[:n], Channels(net).eval()
    uniform = torch.full_like(few, 0.25)
    shuffles = dinucleotide_shuffle(few, n=N_SHUFFLES, random_state=0)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")  # of hooks, and of the errors that are measured here
        captum = DeepLift(model).attribute(few, uniform).sum(dim=(1, 2))
        slopes = deep_lift_shap(
            model, few, references=shuffles, raw_outputs=True, only_warn=True, device="cpu"
        )
    with torch.no_grad():
        outputs = model(few)[:, 0]
        change = outputs - model(uniform)[:, 0]
        before = model(shuffles.flatten(0, 1))[:, 0].unflatten(0, (n, -1))
    sums = (slopes * (few[:, None] - shuffles)).sum(dim=(2, 3))
    theirs = (sums.detach() - (outputs[:, None] - before)).abs().max()
    return {
        f"captum_deep_lift_error_{activation}": (captum.detach() - change).abs().max(),
        f"tangermeme_deep_lift_error_{activation}": theirs,
    }
