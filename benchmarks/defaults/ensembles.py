"""The two ensembles that every reading is tried with."""

from __future__ import annotations

from typing import Any

from benchmarks.common.measure import N_CORES
from sklearn_deeplifft import DeepLIFFTSelector, GIATransformer, ImportanceNeuronSelector
from sklearn_deeplifft.ensembles import BaseNetworkEnsemble

READINGS: dict[str, Any] = {"gates": ImportanceNeuronSelector, "gia": GIATransformer}
"""Selectors whose default ensemble is not that of ``DeepLIFFTSelector``."""

ENSEMBLES = ("own", "common")


def ensemble_for(reading: str, ensemble: str, task: str, **changes: Any) -> BaseNetworkEnsemble:
    """Make the default ensemble of a reading, or of ``DeepLIFFTSelector`` where it is "common"."""
    kind = READINGS[reading] if ensemble == "own" else DeepLIFFTSelector
    return kind.default_estimator(task, **{"n_jobs": N_CORES, **changes})
