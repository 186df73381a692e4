"""Feature selection for scikit-learn that reads trained neural networks exactly."""

from __future__ import annotations

import importlib
import typing

from sklearn_deeplifft._versions import __version__

if typing.TYPE_CHECKING:
    from sklearn_deeplifft import datasets, interventions, networks, sequences
    from sklearn_deeplifft.ensembles import (
        NetworkEnsembleClassifier,
        NetworkEnsembleRegressor,
        Progress,
        ProgressBar,
    )
    from sklearn_deeplifft.exceptions import (
        CheckpointWarning,
        FeatureSelectionWarning,
        NotPiecewiseLinearError,
        SavedFileError,
        TrainingDivergedError,
        TrainingInterrupted,
    )
    from sklearn_deeplifft.selectors._clusters import ScoreClusters
    from sklearn_deeplifft.selectors._contributions import Contributions
    from sklearn_deeplifft.selectors._deeplifft import DeepLIFFTSelector
    from sklearn_deeplifft.selectors._gia import GIATransformer
    from sklearn_deeplifft.selectors._importance_neurons import ImportanceNeuronSelector
    from sklearn_deeplifft.selectors._load import load
    from sklearn_deeplifft.selectors._per_row import Importances
    from sklearn_deeplifft.selectors._score_clusters import score_clusters
    from sklearn_deeplifft.selectors._table_sums import TableSums
    from sklearn_deeplifft.tables._correlations import groups_from_correlation
    from sklearn_deeplifft.tables._group_files import groups_from_file

__all__ = [
    "CheckpointWarning",
    "Contributions",
    "DeepLIFFTSelector",
    "FeatureSelectionWarning",
    "GIATransformer",
    "ImportanceNeuronSelector",
    "Importances",
    "NetworkEnsembleClassifier",
    "NetworkEnsembleRegressor",
    "NotPiecewiseLinearError",
    "Progress",
    "SavedFileError",
    "ProgressBar",
    "ScoreClusters",
    "TableSums",
    "TrainingDivergedError",
    "TrainingInterrupted",
    "__version__",
    "datasets",
    "groups_from_correlation",
    "groups_from_file",
    "interventions",
    "load",
    "networks",
    "score_clusters",
    "sequences",
]

_HOMES = {
    "ensembles": (
        "NetworkEnsembleClassifier",
        "NetworkEnsembleRegressor",
        "Progress",
        "ProgressBar",
    ),
    "exceptions": (
        "CheckpointWarning",
        "FeatureSelectionWarning",
        "NotPiecewiseLinearError",
        "SavedFileError",
        "TrainingDivergedError",
        "TrainingInterrupted",
    ),
    "selectors._clusters": ("ScoreClusters",),
    "selectors._deeplifft": ("DeepLIFFTSelector",),
    "selectors._gia": ("GIATransformer",),
    "selectors._importance_neurons": ("ImportanceNeuronSelector",),
    "selectors._contributions": ("Contributions",),
    "selectors._load": ("load",),
    "selectors._per_row": ("Importances",),
    "selectors._score_clusters": ("score_clusters",),
    "selectors._table_sums": ("TableSums",),
    "tables._correlations": ("groups_from_correlation",),
    "tables._group_files": ("groups_from_file",),
}
"""Public names by the module that defines them."""

_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

_ROOMS = ("datasets", "interventions", "networks", "sequences")


# Names are looked up on first use (PEP 562): torch alone takes seconds to load, and the command
# line answers --help without it.
def __getattr__(name: str) -> object:
    if name in _ROOMS:
        return importlib.import_module(f"{__name__}.{name}")
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = vars(importlib.import_module(f"{__name__}.{_HOME_OF[name]}"))[name]
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
