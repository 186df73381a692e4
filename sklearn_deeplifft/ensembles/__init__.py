"""Floor 3: many networks trained as one batched module, null columns, checkpoints."""

from sklearn_deeplifft.ensembles._applicable import differs
from sklearn_deeplifft.ensembles._base import (
    BaseNetworkEnsemble,
    all_or_nothing,
    defaults_of,
)
from sklearn_deeplifft.ensembles._chance import LEVEL
from sklearn_deeplifft.ensembles._checkpoints import Checkpoints, key_of
from sklearn_deeplifft.ensembles._classifier import NetworkEnsembleClassifier
from sklearn_deeplifft.ensembles._defaults import ENSEMBLES, ensemble_for
from sklearn_deeplifft.ensembles._knockoff_map import families_of, knockoff_map_of
from sklearn_deeplifft.ensembles._network_count import network_count
from sklearn_deeplifft.ensembles._null_columns import (
    null_rows,
    with_null_features,
    without_null_columns,
)
from sklearn_deeplifft.ensembles._progress import Progress, ProgressBar, Report, reporter
from sklearn_deeplifft.ensembles._regressor import NetworkEnsembleRegressor
from sklearn_deeplifft.ensembles._rounds import (
    Rounds,
    digest_of,
    with_nulls_held,
    with_target_units,
)
from sklearn_deeplifft.ensembles._settings import has_gates, on_path
from sklearn_deeplifft.ensembles._splits import Split, deal_splits
from sklearn_deeplifft.ensembles._training import Execution, train_networks
from sklearn_deeplifft.ensembles._validation_score import METRICS

__all__ = [
    "ENSEMBLES",
    "BaseNetworkEnsemble",
    "Checkpoints",
    "Execution",
    "LEVEL",
    "METRICS",
    "NetworkEnsembleClassifier",
    "NetworkEnsembleRegressor",
    "Progress",
    "ProgressBar",
    "Report",
    "Rounds",
    "Split",
    "all_or_nothing",
    "deal_splits",
    "defaults_of",
    "differs",
    "digest_of",
    "ensemble_for",
    "with_nulls_held",
    "has_gates",
    "key_of",
    "families_of",
    "knockoff_map_of",
    "network_count",
    "null_rows",
    "on_path",
    "reporter",
    "train_networks",
    "with_null_features",
    "with_target_units",
    "without_null_columns",
]
