"""Rankings of Cleveland and MADELON, beside what is known of them."""

from __future__ import annotations

import time

import numpy as np
from scipy.stats import spearmanr
from sklearn.base import clone
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from benchmarks.common.gate_tables import PLANTED, cleveland, madelon
from benchmarks.common.measure import N_CORES
from sklearn_deeplifft import ImportanceNeuronSelector


def on_cleveland(quick: bool) -> dict[str, float]:
    """Any disease against none for the default; the degrees 0 to 4 for the paper."""
    X, y, published = cleveland()
    n, seeds = (5, 1) if quick else (50, 4)
    paper = ImportanceNeuronSelector(**ImportanceNeuronSelector.paper_parameters())
    paper.set_params(estimator__n_networks=n, estimator__n_jobs=N_CORES)
    if quick:
        paper.set_params(estimator__max_epochs=50)
    found = [_fit(paper, X, y, seed) for seed in range(seeds)]
    by_paper = [_agreement(f.feature_importances_, published.mean(axis=0)) for f in found]
    one, other = (_fit(_default(n), X, y > 0, seed) for seed in (0, 1))
    best = X.columns[np.argsort(one.ranking_)].tolist()
    print("Cleveland, default:", ", ".join(best))
    print("Cleveland, paper:  ", ", ".join(X.columns[np.argsort(found[0].ranking_)]))
    print("Spearman with the published means, by seed:", np.round(by_paper, 3))
    return {
        "cleveland_spearman_paper": float(np.mean(by_paper)),
        "cleveland_spearman_paper_lowest": min(by_paper),
        "cleveland_spearman_default": _agreement(one.feature_importances_, published.mean(axis=0)),
        "cleveland_agreement_default": _agreement(
            one.feature_importances_, other.feature_importances_
        ),
        "cleveland_agreement_paper": _agreement(
            found[0].feature_importances_, found[-1].feature_importances_
        ),
        "cleveland_agreement_published": _agreement(
            published[:50].mean(axis=0), published[50:].mean(axis=0)
        ),
        "cleveland_known_in_top4": len({"ca", "thal", "cp"} & set(best[:4])),
        "cleveland_auc_default": held_out_auc(X, y > 0, _default(n)),
        "cleveland_auc_paper": held_out_auc(X, y > 0, paper),
        "cleveland_closed_gates_paper": float((found[0].importances_per_network_ == 0).mean()),
    }


def on_madelon(quick: bool) -> dict[str, float]:
    """Two ensembles that share no network."""
    X, y = madelon()
    n = 3 if quick else 20
    began = time.perf_counter()
    found = [_fit(_default(n), X, y, seed) for seed in (0, 1)]
    seconds = time.perf_counter() - began
    tops = [set(np.flatnonzero(f.ranking_ <= 20).tolist()) for f in found]
    return {
        "madelon_overlap": len(tops[0] & tops[1]),
        "madelon_recall20": min(len(top & set(PLANTED)) for top in tops),
        "madelon_seconds_a_fit": seconds / 2,
        "madelon_stability": found[0].set_params(n_features_to_select=20).stability_,
    }


def held_out_auc(X, y, selector: ImportanceNeuronSelector) -> float:
    """Mean over five outer folds of the AUC of the networks' mean probability."""
    scores = []
    for train, test in StratifiedKFold(5, shuffle=True, random_state=0).split(X, y):
        fitted = _fit(selector, X.iloc[train], y[train], 0)
        rows = X.iloc[test].to_numpy(dtype=np.float32)
        p = np.mean(
            [net.predict_proba(rows)[:, 1] for net in fitted.estimator_.estimators_], axis=0
        )
        scores.append(roc_auc_score(y[test], p))
    return float(np.mean(scores))


def _default(n_networks: int) -> ImportanceNeuronSelector:
    return ImportanceNeuronSelector(
        ImportanceNeuronSelector.default_estimator(n_networks=n_networks, n_jobs=N_CORES)
    )


def _fit(selector: ImportanceNeuronSelector, X, y, seed: int) -> ImportanceNeuronSelector:
    return clone(selector).set_params(random_state=seed).fit(X, y)


def _agreement(a: np.ndarray, b: np.ndarray) -> float:
    return float(spearmanr(a, b)[0])
