"""Floor 1, torch and skorch: networks built, trained and handed on for reading."""

from sklearn_deeplifft.networks._build import LOGITS, Ending, NetSettings, Problem
from sklearn_deeplifft.networks._learn import (
    Trained,
    TrainingTable,
    adopt,
    build_untrained,
    ending_of,
    is_regressor_network,
    known_classes,
    learn,
    network_kind,
    restricted,
    takes_columns,
    wants_float_targets,
)
from sklearn_deeplifft.networks._modules import Preprocessed, Standardize, relu_mlp, rescale_output
from sklearn_deeplifft.networks._rows import Rows, canonical_rows, column_moments
from sklearn_deeplifft.networks._train import torch_threads

__all__ = [
    "LOGITS",
    "Ending",
    "NetSettings",
    "Preprocessed",
    "Problem",
    "Rows",
    "Standardize",
    "Trained",
    "TrainingTable",
    "adopt",
    "build_untrained",
    "ending_of",
    "canonical_rows",
    "column_moments",
    "is_regressor_network",
    "known_classes",
    "learn",
    "network_kind",
    "relu_mlp",
    "rescale_output",
    "restricted",
    "takes_columns",
    "torch_threads",
    "wants_float_targets",
]
