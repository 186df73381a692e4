"""Floor 2, torch and skorch: one network, built, trained and handed on for reading."""

from sklearn_deeplifft.networks._build import (
    LOGITS,
    NetworkSettings,
    OutputKind,
    build_net,
    clone_network,
    criterion_of,
)
from sklearn_deeplifft.networks._gate_callback import first_linear, gates_of
from sklearn_deeplifft.networks._gates import (
    FeatureGate,
    GateReading,
    GateSettings,
    GaussianNoise,
    column_norms,
)
from sklearn_deeplifft.networks._hash import hash_of, key_of_parameters
from sklearn_deeplifft.networks._heads import heads_for
from sklearn_deeplifft.networks._learn import (
    TrainedNetwork,
    TrainingTable,
    is_network,
    is_regressor_network,
    known_classes,
    network_kind,
    output_kind_of,
    read_fitted,
    takes_columns,
    task_of_network,
    train_network,
    untrained_network,
    wants_float_targets,
    warm_start,
)
from sklearn_deeplifft.networks._modules import Preprocessed, Standardize, relu_mlp, rescale_output
from sklearn_deeplifft.networks._null_columns import (
    KnockoffMap,
    NullColumns,
    with_null_columns,
)
from sklearn_deeplifft.networks._penalty import GatePenalty, path_epochs
from sklearn_deeplifft.networks._train import require_finite, seeded, torch_threads

__all__ = [
    "FeatureGate",
    "GatePenalty",
    "GateReading",
    "GateSettings",
    "GaussianNoise",
    "KnockoffMap",
    "LOGITS",
    "NetworkSettings",
    "NullColumns",
    "OutputKind",
    "Preprocessed",
    "Standardize",
    "TrainedNetwork",
    "TrainingTable",
    "build_net",
    "clone_network",
    "column_norms",
    "criterion_of",
    "first_linear",
    "gates_of",
    "hash_of",
    "heads_for",
    "is_network",
    "is_regressor_network",
    "key_of_parameters",
    "known_classes",
    "network_kind",
    "output_kind_of",
    "path_epochs",
    "read_fitted",
    "relu_mlp",
    "require_finite",
    "rescale_output",
    "seeded",
    "takes_columns",
    "task_of_network",
    "torch_threads",
    "train_network",
    "untrained_network",
    "wants_float_targets",
    "warm_start",
    "with_null_columns",
]
