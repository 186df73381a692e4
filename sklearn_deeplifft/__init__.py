"""Feature selection for scikit-learn that reads trained neural networks exactly."""

from sklearn_deeplifft import datasets, interventions
from sklearn_deeplifft.ensembles import (
    NetworkEnsembleClassifier,
    NetworkEnsembleRegressor,
    Progress,
)
from sklearn_deeplifft.exceptions import (
    CheckpointWarning,
    FeatureSelectionWarning,
    NotPiecewiseLinearError,
    TrainingDivergedError,
    TrainingInterrupted,
)
from sklearn_deeplifft.selectors._deeplifft import DeepLIFFTSelector
from sklearn_deeplifft.selectors._gia import GIATransformer
from sklearn_deeplifft.selectors._importance_neurons import ImportanceNeuronSelector
from sklearn_deeplifft.selectors._per_row import Contributions, Importances
from sklearn_deeplifft.tables._correlations import groups_from_correlation
from sklearn_deeplifft.tables._group_files import groups_from_file

__version__ = "0.1.0"

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
    "TrainingDivergedError",
    "TrainingInterrupted",
    "__version__",
    "datasets",
    "groups_from_correlation",
    "groups_from_file",
    "interventions",
]
