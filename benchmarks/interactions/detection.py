"""Whether pairs that interact are ranked before others: ten functions, three readings.

``auc_f1_f10``: area under the curve of 45 pairs, mean over functions and seeds, of the root mean
square of swaps on ``GIATransformer.default_estimator``, which is the ensemble for reading
interactions; ``auc_nid``: of the strength read off the weights (Tsang et al. 2018: ``sum_k z_k
min(|W_ki|, |W_kj|)``), ``auc_dfim``: of how the gradient times the change of one column differs
after the other was swapped (Greenside et al. 2018), both on the same networks and rows. ``auc_f1``
and so on: swaps, of each function. ``r2_lowest``: held-out R^2 of the worst ensemble. Names with
``selecting_``: the same on ``NetworkEnsembleRegressor()``, which is made for selecting: dropout and
a penalty that closes columns cost it the interactions. A reading finds what a network has learned.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from sklearn.metrics import roc_auc_score

from benchmarks.interactions.functions import FUNCTIONS, labels, table
from sklearn_deeplifft import GIATransformer, NetworkEnsembleRegressor
from sklearn_deeplifft.interventions import interaction_effects
from sklearn_deeplifft.interventions._models import ensemble_of

N_ROWS, N_BACKGROUND = 10_000, 1000

ENSEMBLES = {
    "": partial(GIATransformer.default_estimator, "regression"),
    "selecting_": NetworkEnsembleRegressor,
}


def figures(quick=False, data=None):
    """All figures of this part: a flat dict."""
    names, seeds = (["f5", "f8"], range(1)) if quick else (list(FUNCTIONS), range(5))
    found = {}
    for prefix, made in ENSEMBLES.items():
        found |= of_ensemble(prefix, made, names, seeds, 2000 if quick else N_ROWS)
    return found


def of_ensemble(prefix, made, names, seeds, n):
    """Figures of one kind of networks."""
    found, lowest = {}, 1.0
    for name in names:
        for seed in seeds:
            areas, r2 = detected(name, n, seed, made)
            lowest = min(lowest, r2)
            print(f"{prefix}{name} seed {seed}: R2 {r2:.3f}", areas, flush=True)
            for method, area in areas.items():
                found.setdefault((method, name), []).append(area)

    def mean(method, several):
        return float(np.mean([found[method, name] for name in several]))

    figures = {f"auc_{prefix}f1_f10": mean("swap", names), f"r2_{prefix}lowest": lowest}
    figures |= {f"auc_{prefix}{method}": mean(method, names) for method in ("nid", "dfim")}
    return figures | {f"auc_{prefix}{name}": mean("swap", [name]) for name in names}


def detected(name, n, seed, made):
    """Area under the curve of each method on one table, and the R^2 of the networks."""
    X, y = table(name, n, seed)
    model = made(random_state=seed).fit(X, y)
    swaps = interaction_effects(
        model, X, n_background=N_BACKGROUND, random_state=seed, support=False
    )
    rows = X[:N_BACKGROUND]
    scores = {"swap": swaps.matrix()[0], "nid": nid(model, rows), "dfim": dfim(model, rows)}
    at = np.triu_indices(10, 1)
    truth = labels(name)[at]
    areas = {method: float(roc_auc_score(truth, score[at])) for method, score in scores.items()}
    return areas, float(model.validation_score_)


def nid(model, rows):
    """Strength (d, d) by the formula, mean over networks; columns as they are standardised."""
    total = 0.0
    for response in ensemble_of(model, rows[:2], scale="logit").responses:
        W = response.first.weight.abs().numpy()
        z = np.eye(1)
        for stage, _ in reversed(response.above):
            z = z @ stage.matrix().abs().numpy()
        total = total + (z[0][:, None, None] * np.minimum(W[:, :, None], W[:, None])).sum(0)
    return total


def dfim(model, rows):
    """Root mean square (d, d) of the change of ``dz/dx_i (x_i' - x_i)`` when j is swapped."""
    X, donors = torch.tensor(rows), torch.tensor(np.roll(rows, 1, axis=0))
    before, found = gradients(model, X), torch.zeros(X.shape[1], X.shape[1]).double()
    for j in range(X.shape[1]):
        moved = X.clone()
        moved[:, j] = donors[:, j]
        change = (gradients(model, moved) - before) * (donors - X)
        found[:, j] = change.square().mean(0).sqrt()
    return (found + found.T).numpy()


def gradients(model, X):
    """Gradient (n, d) of the mean over networks."""
    x = X.clone().requires_grad_()
    total = 0.0
    for one in model._networks:
        front = one.standardize
        inputs = x if front is None else (x - front.mean) / front.scale
        dtype = next(one.core.parameters()).dtype
        total = total + one.core.eval()(inputs.to(dtype)).double().sum()
    return torch.autograd.grad(total / len(model._networks), x)[0]
