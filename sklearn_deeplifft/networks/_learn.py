"""From data and an estimator of any kind to a trained network that can be read.

The kinds: nothing (the default network), a module class or instance, an unfitted skorch net,
scikit-learn's ``MLPClassifier`` / ``MLPRegressor``; or, already fitted, a skorch net, a module
or an MLP.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import skorch
import torch
from sklearn.base import clone
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted
from skorch.exceptions import NotInitializedError
from torch import Tensor, nn
from torch.nn.utils import skip_init

from sklearn_deeplifft.attribution import evaluating, frozen_state, neutral_torch
from sklearn_deeplifft.networks._batches import TableDataset
from sklearn_deeplifft.networks._build import (
    LOGITS,
    NetworkSettings,
    OutputKind,
    build_net,
    is_net,
    stops_early,
)
from sklearn_deeplifft.networks._gate_callback import CloseGates
from sklearn_deeplifft.networks._gates import GateReading
from sklearn_deeplifft.networks._misfit import explained_misfit
from sklearn_deeplifft.networks._modules import Preprocessed, Standardize, on_fewer_columns
from sklearn_deeplifft.networks._null_columns import NullColumns
from sklearn_deeplifft.networks._penalty import path_epochs
from sklearn_deeplifft.networks._train import seeded, train
from sklearn_deeplifft.tables import Problem, Rows

__all__ = [
    "TrainedNetwork",
    "TrainingTable",
    "read_fitted",
    "untrained_network",
    "task_of_network",
    "output_kind_of",
    "is_network",
    "is_regressor_network",
    "known_classes",
    "train_network",
    "network_kind",
    "warm_start",
    "takes_columns",
    "wants_float_targets",
]


class TrainedNetwork(NamedTuple):
    """A trained network and how to read it."""

    estimator: Any
    """The network as a user keeps it: takes raw rows of the columns it was trained on."""
    core: nn.Module
    """Takes standardised rows, returns logits."""
    standardize: Standardize | None
    epochs: int | None = None
    loss: float | None = None
    """Best validation loss, where there was validation."""
    gates: GateReading | None = None
    """Numbers read off its gates, where it has any."""
    null_columns: NullColumns | None = None
    """Those that ``core`` reads behind the real ones, if it reads any."""
    beside_nulls: TrainedNetwork | None = None
    """The network as it was trained, reading null columns, where ``core`` does not any more."""


@dataclass(frozen=True)
class TrainingTable:
    """Rows with their targets and weights; ``moments`` None means inputs stay as they are."""

    rows: Rows
    targets: Tensor
    weight: Tensor
    moments: tuple[np.ndarray, np.ndarray] | None


def network_kind(estimator: Any) -> str:
    """Name the kind of ``estimator``, or raise ``TypeError`` with the kinds there are."""
    if estimator is None:
        return "default"
    if is_net(estimator):
        return "skorch"
    if isinstance(estimator, MLPClassifier | MLPRegressor):
        return "mlp"
    if isinstance(estimator, nn.Module):
        return "module"
    if isinstance(estimator, type) and issubclass(estimator, nn.Module):
        return "module"
    raise TypeError(
        f"estimator={estimator!r} is not a network; pass None, a skorch net, a torch module "
        "class or instance, or scikit-learn's MLPClassifier or MLPRegressor."
    )


def train_network(
    estimator: Any,
    problem: Problem,
    settings: NetworkSettings,
    table: TrainingTable,
    *,
    training: np.ndarray,
    validation: np.ndarray,
    columns: np.ndarray,
    seed: int,
    start: nn.Module | None = None,
    output_kind: OutputKind = LOGITS,
) -> TrainedNetwork:
    """Train one network on some rows and columns; ``start`` continues from a trained core."""
    if network_kind(estimator) == "mlp":
        return _learn_mlp(estimator, table, training, columns, seed)
    if is_net(estimator):
        # The user's callbacks and loss then see plain targets.
        table, training, validation = _repeated(table, training, validation)
    weighted = not is_net(estimator) or not _uniform(table.weight[np.append(training, validation)])
    if not len(validation):  # early stopping would have nothing to watch
        if is_net(estimator) and stops_early(estimator):
            raise ValueError(
                "the skorch net stops early on a validation loss, but no row is held out; set "
                "validation_fraction above 0, or take EarlyStopping out of its callbacks."
            )
        settings = replace(settings, patience=None, monitor="train_loss")
    if settings.gates is not None:
        steps = math.ceil(len(training) / settings.batch_size)
        epochs = path_epochs(settings.gates, settings.max_epochs, steps)
        settings = replace(settings, max_epochs=epochs)
    moments = table.moments and (table.moments[0][columns], table.moments[1][columns])
    net = build_net(
        estimator,
        problem,
        settings,
        moments=moments,
        core=start,
        weighted=weighted,
        output_kind=output_kind,
    )
    seen, held = (
        TableDataset(table.rows, table.targets, table.weight if weighted else None, part, columns)
        for part in (training, validation)
    )
    with explained_misfit(net, seen, problem):
        net = train(net, seen, held, seed)
    module: Preprocessed = net.module_
    losses = [row.get("valid_loss") for row in net.history]
    best = min((loss for loss in losses if loss is not None), default=None)
    gates = None
    if settings.gates is not None:
        closing = next(c for _, c in net.callbacks_ if isinstance(c, CloseGates))
        gates = closing.reading(module.core)
    return TrainedNetwork(net, module.core, module.standardize, len(net.history), best, gates)


def untrained_network(
    estimator: Any,
    problem: Problem,
    settings: NetworkSettings,
    moments: tuple[np.ndarray, np.ndarray] | None,
    seed: int,
) -> TrainedNetwork | None:
    """A torch network, initialised but not trained; None for scikit-learn's own."""
    kind = network_kind(estimator)
    if kind == "mlp":
        _require_relu(estimator)
        return None
    with seeded(seed):
        net = build_net(estimator, problem, settings, moments=moments, weighted=kind != "skorch")
        try:
            net.initialize()
        except ValueError as error:
            if "empty parameter list" not in str(error):
                raise
            raise ValueError(
                f"{estimator!r} has no parameters to train; pass prefit=True to read it as it is."
            ) from error
    module: Preprocessed = net.module_
    return TrainedNetwork(net, module.core.to("cpu"), module.standardize.to("cpu"))


def output_kind_of(trained: TrainedNetwork, rows: np.ndarray, kind: str) -> OutputKind:
    """Run an untrained network on rows as they are, and far away, where logits grow."""
    X = torch.tensor(rows)  # torch warns of read-only arrays
    with torch.no_grad():
        X = X if trained.standardize is None else trained.standardize(X)
        core = trained.core.eval()
        z = torch.cat([core(X.clone()), core(1e4 * X)]).reshape(2 * len(X), -1)
    probabilities = bool(((z >= 0) & (z <= 1)).all())
    single = kind == "softmax" and z.shape[1] == 1
    if kind == "softmax" and not single:
        probabilities = probabilities and bool(torch.allclose(z.sum(1), z.new_ones(len(z))))
    return OutputKind(probabilities, single)


def _uniform(weight: Tensor) -> bool:
    return bool((weight == weight[0]).all())


def _repeated(
    table: TrainingTable, training: np.ndarray, validation: np.ndarray
) -> tuple[TrainingTable, np.ndarray, np.ndarray]:
    """Whole-number weights as repeated rows, for a loss that cannot weigh them."""
    counts = table.weight.round().long()
    if not torch.equal(counts.float(), table.weight):
        return table, training, validation
    parts = [np.repeat(part, counts[part].numpy()) for part in (training, validation)]
    return replace(table, weight=torch.ones_like(table.weight)), parts[0], parts[1]


def warm_start(
    trained: TrainedNetwork, estimator: Any, kept: np.ndarray, width: int
) -> nn.Module | None:
    """The core to start from when only the columns ``kept`` of ``width`` are left."""
    kind = network_kind(estimator)
    if kind == "mlp":
        return None
    return on_fewer_columns(trained.core, kept, sliceable=kind == "default", n_features=width)


def read_fitted(estimator: Any) -> TrainedNetwork:
    """Read a network that is fitted already; nothing about it is changed."""
    kind = network_kind(estimator)
    if kind == "mlp":
        check_is_fitted(estimator)
        return TrainedNetwork(estimator, _torch_of_mlp(estimator), None)
    if kind == "skorch":
        try:
            estimator.check_is_fitted(attributes=["module_"])
        except NotInitializedError as error:
            raise ValueError(
                "prefit=True, but the skorch net is not fitted; call its fit first, or leave "
                "prefit=False to have it trained here. (sklearn.clone, as in GridSearchCV, "
                "returns an unfitted net: pass its module_ instead.)"
            ) from error
        return TrainedNetwork(estimator, estimator.module_, None)
    if not isinstance(estimator, nn.Module):
        raise ValueError(
            f"prefit=True needs a fitted network; got estimator={estimator!r}. Pass a fitted "
            "skorch net or MLP, or a torch module instance."
        )
    return TrainedNetwork(estimator, estimator, None)


def is_network(estimator: Any) -> bool:
    """Tell whether ``read_fitted`` reads ``estimator``: a fitted network, no class of them."""
    if isinstance(estimator, MLPClassifier | MLPRegressor):
        # sklearn's own sign of a fitted perceptron
        return estimator.activation == "relu" and hasattr(estimator, "coefs_")
    return isinstance(estimator, nn.Module) or is_net(estimator)


def task_of_network(estimator: Any) -> str:
    """Return the task that the kind of a network implies; "auto" where it implies none."""
    if is_regressor_network(estimator):
        return "regression"
    if isinstance(estimator, MLPClassifier):
        learned = vars(estimator)  # a perceptron that is not fitted knows no labels yet
        several = learned.get("out_activation_") == "logistic" and learned["n_outputs_"] > 1
        return "multilabel" if several else "classification"
    if isinstance(estimator, skorch.NeuralNetClassifier | skorch.NeuralNetBinaryClassifier):
        return "classification"
    return "auto"


def is_regressor_network(estimator: Any) -> bool:
    """Tell whether the kind of ``estimator`` alone implies regression."""
    return isinstance(estimator, MLPRegressor | skorch.NeuralNetRegressor)


def wants_float_targets(estimator: Any) -> bool:
    """Tell whether the estimator's loss compares outputs with numbers, not with class indices."""
    if not is_net(estimator):
        return False
    criterion = estimator.criterion
    return isinstance(criterion, type) and not issubclass(
        criterion, nn.CrossEntropyLoss | nn.NLLLoss
    )


@contextmanager
def takes_columns(n_features: int) -> Iterator[None]:
    """Explain a network's refusal of rows of this width."""
    try:
        yield
    except RuntimeError as error:
        raise ValueError(
            f"the network cannot take rows of {n_features} columns ({error}). Pass the columns it "
            "was built for, in their order."
        ) from error


def known_classes(estimator: Any, rows: np.ndarray, labels: np.ndarray) -> np.ndarray | None:
    """The classes of a trained network, in the order of its logits; None where y decides.

    A bare module has no names for its outputs: integers below their number stand for
    themselves, and as many other labels as there are outputs are taken in sorted order.
    """
    if is_regressor_network(estimator):
        return None
    # skorch's classifiers and MLPClassifier have it; a module of the user's may have it as well.
    named = getattr(estimator, "classes_", None)
    if isinstance(named, list | np.ndarray) and len(named):
        # A selector's networks number their classes: names are then taken as by a bare module.
        numbered = np.asarray(named).dtype.kind in "iu" and isinstance(labels.flat[0], str)
        return None if numbered else np.asarray(named)
    module = read_fitted(estimator).core
    dtype = next((p.dtype for p in module.parameters()), torch.float32)
    given = torch.tensor(np.ascontiguousarray(rows), dtype=dtype)  # torch knows no negative strides
    # The module stays in its own mode with its own buffers; not every module can be copied.
    with neutral_torch(), torch.no_grad(), takes_columns(rows.shape[1]), evaluating(module):
        state = frozen_state(module, dtype)
        width = torch.func.functional_call(module, state, (given,))
        if not isinstance(width, Tensor):
            raise TypeError(
                f"the module returned {type(width).__name__}; it must return one tensor of "
                "logits of shape (n, K)."
            )
        width = width.reshape(len(rows), -1)
    n_classes = max(width.shape[1], 2)
    if labels.dtype.kind in "iu" and labels.min() >= 0 and labels.max() < n_classes:
        return np.arange(n_classes)
    return None


def _learn_mlp(
    estimator: Any, table: TrainingTable, training: np.ndarray, columns: np.ndarray, seed: int
) -> TrainedNetwork:
    """scikit-learn trains its own network; its weights are then read as a torch module."""
    mlp = clone(estimator).set_params(random_state=seed % 2**32)
    _require_relu(mlp)
    X = table.rows.matrix(training, columns)
    y = table.targets[training].numpy()
    y = y.ravel() if y.shape[1:] == (1,) else y
    weight = table.weight[training].numpy()
    steps = [mlp]
    fit_params: dict[str, Any] = {}
    if bool((weight != weight[0]).any()):
        fit_params[f"{type(mlp).__name__.lower()}__sample_weight"] = weight
    if table.moments is not None:
        steps.insert(0, StandardScaler(with_mean=not table.rows.sparse))
        fit_params["standardscaler__sample_weight"] = weight
    pipeline = make_pipeline(*steps)
    with seeded(seed):
        pipeline.fit(X, y, **fit_params)
    core = _torch_of_mlp(mlp)
    if table.moments is None:
        return TrainedNetwork(pipeline, core, None, mlp.n_iter_)
    scaler = pipeline[0]
    mean = scaler.mean_ if scaler.with_mean else np.zeros(len(columns))
    front = Standardize(torch.as_tensor(mean), torch.as_tensor(scaler.scale_), torch.float64)
    return TrainedNetwork(pipeline, core, front, mlp.n_iter_)


def _require_relu(mlp: MLPClassifier | MLPRegressor) -> None:
    if mlp.activation not in ("relu", "identity"):
        raise ValueError(
            f"activation={mlp.activation!r} of {type(mlp).__name__} is not piecewise linear; an "
            "exact decomposition needs activation='relu' or 'identity'."
        )


def _torch_of_mlp(mlp: MLPClassifier | MLPRegressor) -> nn.Sequential:
    """The same network in torch, float64, up to the logits."""
    _require_relu(mlp)
    layers: list[nn.Module] = []
    for weight, bias in zip(mlp.coefs_, mlp.intercepts_, strict=True):
        # skip_init draws nothing from torch's generator.
        shape = weight.shape
        layer: nn.Linear = skip_init(nn.Linear, *shape, dtype=torch.float64)
        with torch.no_grad():
            layer.weight.copy_(torch.as_tensor(weight.T))
            layer.bias.copy_(torch.as_tensor(bias))
        layers.append(layer)
        if mlp.activation == "relu":
            layers.append(nn.ReLU())
    return nn.Sequential(*(layers[:-1] if mlp.activation == "relu" else layers))
