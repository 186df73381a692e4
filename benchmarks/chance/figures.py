"""Figures of networks at chance: shares of noise that are flagged, real tables that are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.chance.noise import CHANCE, REGRESSION, table
from benchmarks.chance.real import tables
from sklearn_deeplifft import DeepLIFFTSelector
from sklearn_deeplifft.ensembles import LEVEL


def on_noise(kinds: Sequence[str], n_seeds: int, n_networks: int) -> dict[str, float]:
    """Shares of tables of noise that are flagged."""
    flagged, peer = {}, []
    for kind in kinds:
        fits = [fitted(kind in REGRESSION, n_networks, *table(kind, s)) for s in range(n_seeds)]
        flagged[kind] = np.array([ensemble.at_chance_ is True for ensemble in fits])
        peer += [fit.validation_score_interval_[0] <= CHANCE.get(kind, 0.5) for fit in fits]
    shares = {f"at_chance_flagged_{kind}": float(found.mean()) for kind, found in flagged.items()}
    return {
        "at_chance_flagged": float(np.concatenate([*flagged.values()]).mean()),
        "at_chance_flagged_least": min(shares.values(), default=np.nan),
        "at_chance_flagged_final": float(np.mean(peer)),
        **shares,
    }


def on_real(quick: bool, n_networks: int, data: str | None) -> dict[str, float]:
    """Number of real tables that are flagged, which are named."""
    p_values = {}
    for found in tables(quick, data):
        ensemble = fitted(False, n_networks, *found[1:])
        p_values[found.name] = ensemble.chance_p_value_
        if ensemble.at_chance_ is not False:
            print(f"{found.name}: at_chance_ is {ensemble.at_chance_}")
    alarms = [name for name, p in p_values.items() if not p <= LEVEL]
    return {
        "at_chance_real_tables": float(len(p_values)),
        "at_chance_false_alarms": float(len(alarms)),
        "at_chance_largest_p": max(p_values.values(), default=np.nan),
    }


def fitted(regression: bool, n_networks: int, X, y, row_groups):
    """An ensemble as the selector trains it."""
    task = "regression" if regression else "classification"
    ensemble = DeepLIFFTSelector.default_estimator(task, n_networks=n_networks, random_state=0)
    return ensemble.fit(X, y, groups=row_groups)
