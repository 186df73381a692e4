"""Floor 2, torch and skorch: one network, built, trained and handed on for reading."""

from sklearn_deeplifft.attribution import regauge_first_layer
from sklearn_deeplifft.networks._adam import FusedAdam
from sklearn_deeplifft.networks._adapter import NetworkAdapter
from sklearn_deeplifft.networks._build import (
    LOGITS,
    Moments,
    NetworkSettings,
    OutputKind,
    criterion_of,
    default_net,
)
from sklearn_deeplifft.networks._copies import clone_holder, copied_chain
from sklearn_deeplifft.networks._exponential import Exponential
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
from sklearn_deeplifft.networks._kept_epoch import HELD_OUT, LAST, TRAINING, KeptEpoch, kept_epoch
from sklearn_deeplifft.networks._keras import from_keras
from sklearn_deeplifft.networks._kinds import adapter_of, is_network
from sklearn_deeplifft.networks._modules import (
    Preprocessed,
    Standardize,
    letters_of,
    relu_mlp,
    rescale_output,
)
from sklearn_deeplifft.networks._null_columns import (
    KnockoffMap,
    NullColumns,
    with_null_columns,
)
from sklearn_deeplifft.networks._one_hot import OneHotNetwork, recommended_training
from sklearn_deeplifft.networks._outputs import (
    known_classes,
    name_classes,
    name_columns,
    output_kind_of,
    takes_columns,
)
from sklearn_deeplifft.networks._penalty import GatePenalty, path_epochs
from sklearn_deeplifft.networks._relu_networks import relu_network_of, why_no_relu_network
from sklearn_deeplifft.networks._sequence_nets import (
    cnn_deep,
    cnn_shallow,
    motif_pool,
    residual_bind,
)
from sklearn_deeplifft.networks._train import require_finite, seeded, torch_threads
from sklearn_deeplifft.networks._trained import TrainedNetwork, TrainingJob, TrainingTable

__all__ = [
    "Exponential",
    "FeatureGate",
    "FusedAdam",
    "GatePenalty",
    "GateReading",
    "GateSettings",
    "GaussianNoise",
    "HELD_OUT",
    "KeptEpoch",
    "KnockoffMap",
    "LAST",
    "LOGITS",
    "Moments",
    "NetworkAdapter",
    "NetworkSettings",
    "NullColumns",
    "OneHotNetwork",
    "OutputKind",
    "Preprocessed",
    "Standardize",
    "TRAINING",
    "TrainedNetwork",
    "TrainingJob",
    "TrainingTable",
    "adapter_of",
    "clone_holder",
    "cnn_deep",
    "cnn_shallow",
    "column_norms",
    "copied_chain",
    "criterion_of",
    "default_net",
    "first_linear",
    "from_keras",
    "gates_of",
    "hash_of",
    "heads_for",
    "is_network",
    "kept_epoch",
    "key_of_parameters",
    "known_classes",
    "letters_of",
    "motif_pool",
    "name_classes",
    "name_columns",
    "output_kind_of",
    "path_epochs",
    "regauge_first_layer",
    "relu_mlp",
    "relu_network_of",
    "require_finite",
    "recommended_training",
    "residual_bind",
    "rescale_output",
    "seeded",
    "takes_columns",
    "torch_threads",
    "why_no_relu_network",
    "with_null_columns",
]
