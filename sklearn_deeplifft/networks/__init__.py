"""Floor 1, torch and skorch: networks built, trained and handed on for reading."""

from sklearn_deeplifft.networks._build import LOGITS, Ending, NetSettings, Problem
from sklearn_deeplifft.networks._checkpoint import Checkpoints, key_of
from sklearn_deeplifft.networks._gated import first_linear, gates_of
from sklearn_deeplifft.networks._gates import GateReading, GateSettings, column_norms
from sklearn_deeplifft.networks._hash import hash_of, key_of_parameters
from sklearn_deeplifft.networks._learn import (
    Trained,
    TrainingTable,
    adopt,
    answers,
    build_untrained,
    ending_of,
    is_network,
    is_regressor_network,
    known_classes,
    learn,
    network_kind,
    restricted,
    takes_columns,
    wants_float_targets,
)
from sklearn_deeplifft.networks._modules import Preprocessed, Standardize, relu_mlp, rescale_output
from sklearn_deeplifft.networks._nulls import (
    Blend,
    beside,
    doubled_moments,
    null_rows,
    with_null_features,
    without_nulls,
)
from sklearn_deeplifft.networks._rows import Rows, canonical_rows, column_moments
from sklearn_deeplifft.networks._together import Assignment, Spread, learn_together
from sklearn_deeplifft.networks._train import torch_threads

__all__ = [
    "Assignment",
    "Blend",
    "Checkpoints",
    "Ending",
    "GateReading",
    "GateSettings",
    "LOGITS",
    "NetSettings",
    "Preprocessed",
    "Problem",
    "Rows",
    "Spread",
    "Standardize",
    "Trained",
    "TrainingTable",
    "adopt",
    "beside",
    "answers",
    "build_untrained",
    "canonical_rows",
    "column_moments",
    "column_norms",
    "ending_of",
    "first_linear",
    "gates_of",
    "hash_of",
    "is_network",
    "is_regressor_network",
    "key_of",
    "key_of_parameters",
    "known_classes",
    "learn",
    "learn_together",
    "network_kind",
    "null_rows",
    "relu_mlp",
    "rescale_output",
    "restricted",
    "takes_columns",
    "torch_threads",
    "doubled_moments",
    "wants_float_targets",
    "with_null_features",
    "without_nulls",
]
