"""Classes and functions that a file may name: a fixed list, and what a caller adds to it.

A file holds names and values, never code. A name means something only if it is listed here, or if
the caller of ``load`` hands over the class himself.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from typing import Any

__all__ = ["HOMES", "class_of", "known_name", "needs_torch", "resolve"]

OURS = {
    "ensembles._classifier": ("NetworkEnsembleClassifier",),
    "ensembles._regressor": ("NetworkEnsembleRegressor",),
    "exceptions": ("CheckpointWarning", "FeatureSelectionWarning"),
    "attribution._channels": ("ToChannels",),
    "attribution._regauge": ("GaugedConv1d", "PositionBias"),
    "interventions._compose": ("Composed",),
    "interventions._edits": ("Drawn", "Shuffled", "Word"),
    "interventions._effects": ("InterventionEffects",),
    "interventions._mutagenesis": ("Rotated",),
    "interventions._values": ("Add", "QuantileShift", "Remove", "SetTo", "Swap"),
    "interventions.experiments._regions": ("Stem",),
    "interventions.interactions._pair_columns": ("PairColumns",),
    "interventions.interactions._unseen": ("Unseen",),
    "networks._adam": ("PlainAdam",),
    "networks._batches": ("row_batches",),
    "networks._build": ("OutputKind", "_silent"),
    "networks._exponential": ("Exponential",),
    "networks._fill_columns": ("FillColumns", "FillLetters"),
    "networks._gate_callback": ("CloseGates",),
    "networks._gates": ("FeatureGate", "GateReading", "GateSettings", "GaussianNoise"),
    "networks._held_out": ("HeldOut",),
    "networks._kept_epoch": ("KeptEpoch",),
    "networks._losses": (
        *("MultiSoftmaxLoss", "SoftF1Loss", "WeightedBCELoss", "WeightedBCEWithLogitsLoss"),
        *("WeightedCrossEntropyLoss", "WeightedMSELoss", "WeightedNLLLoss"),
    ),
    "networks._modules": ("Front", "Preprocessed", "Standardize", "relu_mlp"),
    "networks._null_columns": ("KnockoffMap", "NullColumns"),
    "networks._one_hot": ("OneHotNetwork", "RowNorm"),
    "networks._penalty": ("GatePenalty",),
    "networks._sequence_nets": (
        *("ResidualBlock", "cnn_deep", "cnn_shallow", "motif_pool", "residual_bind"),
    ),
    "networks._perceptron_adapter": ("in_units",),
    "networks._train": ("DivergenceCheck",),
    "networks._trained": ("TrainedNetwork",),
    "networks._users_module": ("UsersModule",),
    "selectors._decomposition_scorer": ("ScoreRule",),
    "selectors._deeplifft": ("DeepLIFFTSelector",),
    "selectors._gia": ("GIATransformer",),
    "selectors._importance_neurons": ("ImportanceNeuronSelector",),
    "selectors._intervention_scorer": ("ResponseSettings",),
    "selectors._quantities": ("Quantities",),
    "selectors._reading": ("Gauge", "ReadingPlan", "ReadingSettings"),
    "selectors._significance": ("Tested",),
    "tables._feature_groups": ("FeatureGroups",),
    "tables._scaling": ("Scaling", "unskewed"),
    "tables._simplex_groups": ("Simplex",),
    "tables._targets": ("Target",),
}
"""Names of ours by the file that defines them; saved without it, so that files may move."""

THEIRS = {
    "numpy": ("float32", "float64", "int32", "int64"),
    "skorch": (
        *("NeuralNet", "NeuralNetBinaryClassifier", "NeuralNetClassifier", "NeuralNetRegressor"),
    ),
    "skorch.callbacks": (
        *("EarlyStopping", "EpochScoring", "EpochTimer", "Freezer", "GradientNormClipping"),
        *("Initializer", "LRScheduler", "PassthroughScoring", "PrintLog", "Unfreezer"),
    ),
    "skorch.dataset": ("Dataset", "ValidSplit"),
    "skorch.history": ("History",),
    "skorch.setter": ("optimizer_setter",),
    "skorch.utils": (
        *("_indexing_dict", "_indexing_list_tuple_of_data", "_indexing_ndframe"),
        *("_indexing_none", "_indexing_other", "noop", "to_numpy"),
    ),
    "sklearn.frozen": ("FrozenEstimator",),
    "sklearn.neural_network": ("MLPClassifier", "MLPRegressor"),
    "sklearn.neural_network._stochastic_optimizers": ("AdamOptimizer", "SGDOptimizer"),
    "sklearn.pipeline": ("Pipeline",),
    "sklearn.preprocessing": ("FunctionTransformer", "LabelBinarizer", "StandardScaler"),
    "torch": ("relu", "sigmoid", "softmax", "tanh"),
    "torch.nn.functional": (
        *("elu", "gelu", "hardtanh", "leaky_relu", "relu", "relu6", "sigmoid", "silu", "softplus"),
        "tanh",
    ),
    "torch.utils.data": ("DataLoader",),
}

FAMILIES = {
    "torch.nn": ("torch.nn", "Module"),
    "torch.optim": ("torch.optim", "Optimizer"),
    "torch.optim.lr_scheduler": ("torch.optim.lr_scheduler", "LRScheduler"),
}
"""Modules of which every public class with this base is known."""

PACKAGE = "sklearn_deeplifft"
HOMES = {name: f"{PACKAGE}.{home}" for home, names in OURS.items() for name in names}
"""Modules that define what is ours, by name."""

LIBRARIES = {f"{home}:{name}" for home, names in THEIRS.items() for name in names}
WITHOUT_TORCH = ("exceptions", "tables", "selectors._quantities", "selectors._significance")


def known_name(value: Any) -> str | None:
    """Name of a listed class or function; None of any other."""
    name = getattr(value, "__name__", "")
    if name in HOMES and _found(HOMES[name], name) is value:
        return f"{PACKAGE}:{name}"
    listed = (home for home, names in THEIRS.items() if name in names)
    for home in (*listed, *FAMILIES):
        if _found(home, name) is value and (home not in FAMILIES or _of_family(home, value)):
            return f"{home}:{name}"
    return None


def resolve(name: str, own: Mapping[str, Any]) -> Any:
    """The class or function of a name; ``own`` are those that the caller hands over.

    Raises
    ------
    KeyError
        The name is not listed.
    """
    home, _, short = name.partition(":")
    if home == "own":
        return own[short]
    if home == PACKAGE:
        return vars(importlib.import_module(HOMES[short]))[short]
    if name in LIBRARIES:
        return getattr(importlib.import_module(home), short)
    if home in FAMILIES:
        found = vars(importlib.import_module(home)).get(short)
        if not short.startswith("_") and _of_family(home, found):
            return found
    raise KeyError(name)


def class_of(name: str) -> Any:
    """The listed class of a name, ``package:Class``."""
    return resolve(name, {})


def needs_torch(name: str) -> bool:
    """Whether to resolve a name imports torch."""
    home, _, short = name.partition(":")
    if home == PACKAGE:
        return not HOMES[short].removeprefix(f"{PACKAGE}.").startswith(WITHOUT_TORCH)
    return not home.startswith(("numpy", "sklearn"))


def _found(home: str, name: str) -> Any:
    """What a module holds under a name, if it is imported: what exists comes from somewhere."""
    module = sys.modules.get(home)
    return None if module is None else vars(module).get(name)


def _of_family(home: str, value: Any) -> bool:
    module, base = FAMILIES[home]
    kind = vars(importlib.import_module(module))[base]
    return isinstance(value, type) and issubclass(value, kind)
