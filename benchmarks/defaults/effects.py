"""Effects of interventions by either ensemble, beside a truth that is known.

In a table of ``make_motif_counts`` without pairs and without shuffled labels the log-odds of the
classes are a linear function of the hits, whose weights follow from the rates that hits are drawn
with: an effect of one more hit is a weight.
"""

from __future__ import annotations

import numpy as np

from benchmarks.common.intervals import held
from benchmarks.defaults.ensembles import ENSEMBLES, ensemble_for
from sklearn_deeplifft import GIATransformer
from sklearn_deeplifft.datasets import MotifCounts, make_motif_counts
from sklearn_deeplifft.ensembles import network_count
from sklearn_deeplifft.interventions import add

EFFECT, N_PRIVATE = 1.5, 2
KEEP, KEEP_AGAINST = 0.7, 0.35
"""Chance that a host's hit has the contrary motif beside it, elsewhere and in the class."""

LINE, LINE_ROWS = np.array([1.0, -0.5, 0.0]), 300


def effects(quick: bool) -> dict[str, float]:
    """Errors of effects and coverage of their 95 % intervals, with either ensemble of GIA.

    ``effect_error_ENSEMBLE`` is the root mean square difference to the truth over motifs and
    classes, in centred logits (``effect_size`` is that of the truth), and ``effect_slope_ENSEMBLE``
    that of the effects over the truth, 1 where they are neither shrunk nor blown up.
    ``coverage_ENSEMBLE_*`` is how often intervals of a default ensemble hold the mean of the other
    networks on the same table, which is what they promise: of ``motifs``, and of ``line``, a linear
    regression on 300 rows. ``coverage_ENSEMBLE_motifs_truth`` is how often they hold the truth of
    the population, which no interval over networks promises.
    """
    n_rows = 400 if quick else 4000
    table, truth = known_effects(n_rows)
    n_ensembles, n_networks = (3, 2) if quick else (20, 10)
    figures = {"effect_size": float(np.sqrt(np.mean(truth**2)))}
    for ensemble in ENSEMBLES:
        default = ensemble_for("gia", ensemble, "classification")
        size, of_line = (network_count(default, n) for n in (n_rows, LINE_ROWS))
        found = _per_network(table.X, table.y, "classification", ensemble, n_networks * size)
        mean = found.mean(axis=0)
        line = _on_a_line(ensemble, n_ensembles * of_line)
        figures |= {
            f"effect_error_{ensemble}": float(np.sqrt(np.mean((mean - truth) ** 2))),
            f"effect_slope_{ensemble}": float((mean * truth).sum() / (truth**2).sum()),
            f"coverage_{ensemble}_motifs": float(held(found, size).mean()),
            f"coverage_{ensemble}_motifs_truth": float(held(found, size, truth).mean()),
            f"coverage_{ensemble}_line": float(held(line, of_line).mean()),
        }
    return figures


def known_effects(n_rows: int, seed: int = 0) -> tuple[MotifCounts, np.ndarray]:
    """A motif table, and what one more hit of each motif does to the centred logits, (d, K)."""
    table = make_motif_counts(
        n_rows,
        n_features=24,
        n_classes=3,
        n_private=N_PRIVATE,
        family_size=2,
        n_null_families=1,
        n_pairs=0,
        effect=EFFECT,
        density=0.25,
        class_skew=1,
        flip_y=0,
        random_state=seed,
    )
    K, d = table.causal.shape
    weights = np.zeros((d, K))
    strengths = np.linspace(EFFECT, EFFECT / 2, N_PRIVATE)
    for f, column in enumerate(table.representative[: K * N_PRIVATE]):
        k, m = divmod(f, N_PRIVATE)
        weights[column, k] = strengths[m]
    lost, lost_against = 1 - KEEP, 1 - KEEP_AGAINST
    for k in range(K):
        # A hit of the host is one of the class and of the next; that it came without the contrary
        # motif speaks for the class, and a contrary motif beside it takes that back and more.
        weights[table.host[k], [k, (k + 1) % K]] += EFFECT
        weights[table.host[k], k] += np.log(lost_against / lost)
        weights[table.contrary[k], k] += np.log(KEEP_AGAINST / lost_against) - np.log(KEEP / lost)
    return table, weights - weights.mean(axis=1, keepdims=True)


def _per_network(
    X: np.ndarray, y: np.ndarray, task: str, ensemble: str, n_networks: int, **changes
) -> np.ndarray:
    """Effects of one more of each column by each network, (N, d, outputs)."""
    networks = ensemble_for("gia", ensemble, task, n_networks=n_networks, **changes)
    edits = [add(j, 1.0, low=None) for j in range(X.shape[1])]
    gia = GIATransformer(networks, interventions=edits, random_state=0).fit(X, y)
    return gia.intervention_effects_.per_network


def _on_a_line(ensemble: str, n_networks: int) -> np.ndarray:
    rng = np.random.RandomState(1000)
    X = rng.normal(size=(LINE_ROWS, len(LINE)))
    y = X @ LINE + rng.normal(size=LINE_ROWS)
    return _per_network(X, y, "regression", ensemble, n_networks, hidden_layer_sizes=(16,))
