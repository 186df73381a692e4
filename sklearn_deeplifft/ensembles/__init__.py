"""Floor 3: many networks trained as one batched module, null columns, checkpoints."""

from sklearn_deeplifft.ensembles._checkpoints import Checkpoints, key_of
from sklearn_deeplifft.ensembles._classifier import NetworkEnsembleClassifier
from sklearn_deeplifft.ensembles._knockoff_map import knockoff_map_of
from sklearn_deeplifft.ensembles._null_columns import (
    KnockoffMap,
    null_rows,
    with_null_columns,
    with_null_features,
    without_nulls,
)
from sklearn_deeplifft.ensembles._plan import (
    ScoreFunction,
    Split,
    TrainingConfig,
    digest_of,
    exported,
    finish,
    make_plan,
    run,
    untrained,
)
from sklearn_deeplifft.ensembles._progress import Progress
from sklearn_deeplifft.ensembles._regressor import NetworkEnsembleRegressor
from sklearn_deeplifft.ensembles._training import Assignment, Execution, train_networks

__all__ = [
    "NetworkEnsembleClassifier",
    "NetworkEnsembleRegressor",
    "Progress",
    "Assignment",
    "Checkpoints",
    "Execution",
    "KnockoffMap",
    "ScoreFunction",
    "Split",
    "TrainingConfig",
    "digest_of",
    "exported",
    "finish",
    "key_of",
    "knockoff_map_of",
    "make_plan",
    "null_rows",
    "run",
    "train_networks",
    "untrained",
    "with_null_columns",
    "with_null_features",
    "without_nulls",
]
