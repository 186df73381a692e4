"""A linear model with and without columns for pairs, in one pipeline, cross-validated.

``pipeline_gain_xor``: accuracy gained by ten pairs where the class is the exclusive or of two of
twelve columns, with one class in ten turned round; ``pipeline_gain_three``: where it is the sign of
a sum of three products; ``pipeline_gain_madelon``: on a table made as MADELON was (Guyon et al.
2003): 5 informative columns in a hypercube, 15 sums of them, 480 of noise. ``pipeline_gain``: the
smallest of them. Names with ``linear_``: without pairs.
"""

from __future__ import annotations

import numpy as np
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_deeplifft import GIATransformer


def figures(quick=False, data=None):
    """All figures of this part: a flat dict."""
    tables = {"xor": xor, "three": three} | ({} if quick else {"madelon": madelon})
    found = {}
    for name, make in tables.items():
        X, y = make(np.random.RandomState(0))
        alone, both = (score(X, y, pairs) for pairs in (None, 10))
        found[f"linear_{name}"], found[f"pipeline_gain_{name}"] = alone, both - alone
    gains = [value for name, value in found.items() if name.startswith("pipeline_gain")]
    return found | {"pipeline_gain": min(gains)}


def score(X, y, pairs):
    """Accuracy of the pipeline on three parts of the rows in turn."""
    networks = GIATransformer.default_estimator(n_networks=4)
    gia = GIATransformer(networks, pairs=pairs, n_features_to_select=10, random_state=0)
    model = make_pipeline(gia, StandardScaler(), LogisticRegression())
    return float(cross_val_score(model, X, y, cv=3).mean())


def xor(rng):
    X = rng.randint(0, 2, (1500, 12)).astype(float)
    return X, (X[:, 0] != X[:, 1]) ^ (rng.rand(len(X)) < 0.1)


def three(rng):
    X = rng.standard_normal((1500, 12))
    f = X[:, 0] * X[:, 1] + X[:, 2] * X[:, 3] + X[:, 4] * X[:, 5]
    return X, f > 0


def madelon(rng):
    return make_classification(
        n_samples=2000,
        n_features=500,
        n_informative=5,
        n_redundant=15,
        n_clusters_per_class=16,
        flip_y=0.01,
        class_sep=2.0,
        random_state=rng,
    )
