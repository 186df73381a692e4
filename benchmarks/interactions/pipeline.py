"""A linear model with and without columns for pairs, in one pipeline, cross-validated.

``pipeline_gain_xor``: accuracy gained by ten pairs where the class is the exclusive or of two of
twelve columns, with one class in ten turned round; ``pipeline_gain_three``: where it is the sign of
a sum of three products; ``pipeline_gain``: the smaller of the two. ``pipeline_gain_splice`` and
``pipeline_gain_madelon``: on real tables, where they are; the class of MADELON (Guyon et al. 2003)
is a parity of five columns, of which no pair says anything. ``pipeline_gain_additive``: where a
linear model says all that there is, with 480 columns of noise beside it, so that nothing can be
gained and much be lost. Names with ``linear_``: without pairs.
"""

from __future__ import annotations

import numpy as np
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.common.gate_tables import present
from benchmarks.common.quality_tables import load
from sklearn_deeplifft import GIATransformer


def figures(quick=False, data=None):
    """All figures of this part: a flat dict."""
    tables = {"xor": xor, "three": three}
    found = {}
    for name, make in (tables if quick else tables | {"additive": additive}).items():
        found |= gain(name, *make(np.random.RandomState(0)))
    if not quick and present():
        for name in ("splice", "madelon"):
            table = load(name)
            found |= gain(name, table.X, table.y)
    return found | {"pipeline_gain": min(found[f"pipeline_gain_{name}"] for name in tables)}


def gain(name, X, y):
    """Accuracy without pairs, and what ten of them add."""
    alone, both = (score(X, y, pairs) for pairs in (None, 10))
    return {f"linear_{name}": alone, f"pipeline_gain_{name}": both - alone}


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


def additive(rng):
    # As many clusters as corners: scikit-learn deals them so that one column tells the classes.
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
