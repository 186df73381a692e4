"""Heart disease in Cleveland by the gates of either ensemble."""

from __future__ import annotations

import numpy as np
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from benchmarks.common.gate_tables import cleveland, present
from benchmarks.defaults.ensembles import ENSEMBLES, ensemble_for
from sklearn_deeplifft import ImportanceNeuronSelector


def on_cleveland(quick: bool) -> dict[str, float]:
    """Rank correlation of two ensembles that share no network, and the networks' held-out AUC."""
    if not present():
        print("Cleveland is not there, so it is skipped.")
        return {}
    X, degree, _ = cleveland()
    y = degree > 0
    figures = {}
    for ensemble in ENSEMBLES:
        fewer = {"n_networks": 6} if quick else {}
        networks = ensemble_for("gates", ensemble, "classification", **fewer)
        one, other = (
            ImportanceNeuronSelector(networks, random_state=seed).fit(X, y).feature_importances_
            for seed in (0, 1)
        )
        figures[f"cleveland_agreement_{ensemble}"] = float(spearmanr(one, other).statistic)
        figures[f"cleveland_auc_{ensemble}"] = _auc(networks, X, y, 2 if quick else 5)
    return figures


def _auc(networks, X, y, n_folds: int) -> float:
    scores = []
    for train, test in StratifiedKFold(n_folds, shuffle=True, random_state=0).split(X, y):
        fitted = networks.set_params(random_state=0).fit(X.iloc[train], y[train])
        scores.append(roc_auc_score(y[test], fitted.predict_proba(X.iloc[test])[:, 1]))
    return float(np.mean(scores))
