"""First weights and gradients off the simplex: CNN-shallow trained from several spreads.

Figure 4c of Majdandzic et al. 2023, and a first layer that is gauged from the start. Gradients that
know nothing of the letters point in any direction of four dimensions alike: their angles have the
density ``2 cos(a)^2 / pi`` and the standard deviation ``sqrt(pi^2 / 12 - 1 / 2)``, 32.5 degrees.
Large spreads end there, and which of two such is the larger is noise.
"""

from functools import partial

import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from torch import nn

from benchmarks.gradient_correction import published
from sklearn_deeplifft import networks
from sklearn_deeplifft.sequences import cosine, saliency

SPREADS = {"005": 0.005, "05": 0.05, "15": 0.15, "5": 0.5}
EPOCHS, BATCH, POSITIVES = 12, 100, 200


def figures(quick=False, data=None, seeds=(0, 1)):
    """Angles, areas and cosines, each a mean over seeds; `quick` trains two epochs of few rows."""
    n_train, n_test = (300, 200) if quick else (6000, 2000)
    drawn = published.sequences(n_train + n_test, data)
    train = drawn.rows(np.arange(n_train))
    test = drawn.rows(np.arange(n_train, n_train + n_test))
    epochs = 2 if quick else EPOCHS
    builds = {
        **{name: {"initial_scale": spread} for name, spread in SPREADS.items()},
        "he": {},
        "gauged": {"gauged": True},
    }
    found = {}
    for name, settings in builds.items():
        build = partial(networks.cnn_shallow, published.LENGTH, **settings)
        runs = [_measured(_trained(build, train, seed, epochs), test) for seed in seeds]
        found[name] = np.mean(runs, axis=0)
    auc, agreement = (found["gauged"] - found["he"])[1:]
    return {
        **{f"init_angle_sd_{name}": float(found[name][0]) for name in SPREADS},
        **{f"init_auc_{name}": float(found[name][1]) for name in (*SPREADS, "he", "gauged")},
        **{f"init_cosine_{name}": float(found[name][2]) for name in (*SPREADS, "he", "gauged")},
        "init_angle_sd_he": float(found["he"][0]),
        "gauged_angle_sd": float(found["gauged"][0]),
        "gauged_auc_minus_he": float(auc),
        "gauged_cosine_minus_corrected": float(agreement),
    }


def _trained(build, data, seed, epochs):
    """Adam with its defaults, on all rows, as long as it says."""
    torch.manual_seed(seed)
    network = build().train()
    X = torch.as_tensor(data.X).float()
    y = torch.as_tensor(data.y).float()
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    for _ in range(epochs):
        for rows in torch.randperm(len(X)).split(BATCH):
            optimizer.zero_grad()
            loss = nn.functional.binary_cross_entropy_with_logits(network(X[rows])[:, 0], y[rows])
            loss.backward()
            optimizer.step()
    return network.eval()


def _measured(network, test):
    """Spread of angles in degrees, area under the ROC curve, cosine of corrected gradients."""
    X = torch.as_tensor(test.X).float()
    with torch.no_grad():
        z = torch.cat([network(part) for part in X.split(64)])[:, 0].numpy()
    positive = np.flatnonzero(test.y)[:POSITIVES]
    found = saliency(network, test.X[positive].astype(np.float32))
    truth = test.truth[positive].transpose(0, 2, 1)
    auc = roc_auc_score(test.y, z)
    return float(found.angles.std()), float(auc), float(cosine(found.scores, truth).mean())
