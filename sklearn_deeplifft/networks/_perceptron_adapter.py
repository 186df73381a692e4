"""Adapter of scikit-learn's own networks, which it trains itself; torch then reads them."""

from __future__ import annotations

from typing import Any, NamedTuple, final

import numpy as np
import scipy.sparse as sp
import torch
from sklearn.base import clone
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils.validation import check_is_fitted
from torch import nn
from torch.nn.utils import skip_init

from sklearn_deeplifft.exceptions import TrainingDivergedError
from sklearn_deeplifft.networks._adapter import NetworkAdapter
from sklearn_deeplifft.networks._build import Moments, NetworkSettings
from sklearn_deeplifft.networks._modules import Standardize
from sklearn_deeplifft.networks._train import seeded
from sklearn_deeplifft.networks._trained import TrainedNetwork, TrainingJob
from sklearn_deeplifft.tables import Problem, Scaling, powers_of_two, unskewed

__all__ = ["PerceptronAdapter", "in_units"]

NOT_FITTED = (
    "prefit=True, but this %(name)s is not fitted yet; call its fit first, or leave prefit=False "
    "to have it trained here. (sklearn.clone, as in GridSearchCV, returns an unfitted one: pass "
    "sklearn.frozen.FrozenEstimator(network), which is not cloned.)"
)

SQUARED, STEPPED = 1e150, 1e70
"""Sizes up to which squares, and squares of the gradients of squares, do not overflow."""


@final
class PerceptronAdapter(NetworkAdapter):
    """An ``MLPClassifier`` or ``MLPRegressor``."""

    built_here = False
    own_settings = True
    learning_rate = "learning_rate_init"
    may_return_probabilities = False
    gate_forms = ()
    why_ignored = "scikit-learn's perceptron trains by its own settings; set them on the estimator"
    float_targets = False

    @property
    def task(self) -> str:
        """Task of the class; "multilabel" once a classifier has learned several labels."""
        if isinstance(self.network, MLPRegressor):
            return "regression"
        learned = vars(self.network)  # a perceptron that is not fitted knows no labels yet
        several = learned.get("out_activation_") == "logistic" and learned.get("n_outputs_", 1) > 1
        return "multilabel" if several else "classification"

    @property
    def readable(self) -> bool:
        """Whether it is fitted, a ReLU network, and its outputs are read; else it is asked."""
        # coefs_ is scikit-learn's own sign of a fitted perceptron.
        mlp = self.network
        return mlp.activation == "relu" and hasattr(mlp, "coefs_") and _answers_are_read(mlp)

    def require_obeyed(self) -> None:
        """Pass: all of its settings act on the rows it is given."""

    def untrained(
        self, problem: Problem, settings: NetworkSettings, moments: Moments, seed: int
    ) -> None:
        """Refuse what could not be read; scikit-learn builds nothing before it trains."""
        _require_read(clone(self.network))

    def train(self, job: TrainingJob) -> TrainedNetwork:
        """Have scikit-learn train it; rows that are held out stay unseen."""
        mlp = clone(self.network).set_params(random_state=job.seed % 2**32)
        _require_read(mlp)
        table = job.table
        X = table.rows.matrix(job.training, job.columns)
        y = table.targets[job.training].numpy()
        y = y.ravel() if y.shape[1:] == (1,) else y
        weight = table.weight[job.training].numpy()
        fit_params: dict[str, Any] = {}
        if bool((weight != weight[0]).any()):
            fit_params[f"{type(mlp).__name__.lower()}__sample_weight"] = weight
        front = None
        if job.moments is None:
            _require_usual_sizes(X)
        else:
            front = _Front.of(job.moments, sparse=table.rows.sparse)
            fit_params["standardscaler__sample_weight"] = weight
        pipeline = make_pipeline(*(front.steps() if front else ()), mlp)
        with seeded(job.seed):
            _fit(pipeline, X, y, fit_params)
        learned = front and front.learned(pipeline)
        return TrainedNetwork(pipeline, _torch_of_mlp(mlp), learned, mlp.n_iter_)

    def read_fitted(self) -> TrainedNetwork:
        """Copy the weights of a fitted one."""
        # Not whatever ends in "_": a fit that failed leaves some of these behind.
        check_is_fitted(self.network, "n_iter_", msg=NOT_FITTED)
        if not all(np.isfinite(w).all() for w in (*self.network.coefs_, *self.network.intercepts_)):
            raise ValueError(
                f"weights of the fitted {type(self.network).__name__} hold NaN or infinity, so "
                "nothing that it answers means anything; its training diverged."
            )
        return TrainedNetwork(self.network, _torch_of_mlp(self.network), None)

    def warm_start(self, trained: TrainedNetwork, kept: np.ndarray, width: int) -> None:
        """None: scikit-learn goes on from no weights of others."""


class _Front(NamedTuple):
    """What stands before a perceptron whose columns are standardised."""

    moments: Scaling
    units: np.ndarray
    """(d,): what columns are divided by first, whose squares would overflow or vanish."""
    centred: bool

    @classmethod
    def of(cls, moments: Scaling, *, sparse: bool) -> _Front:
        """From moments of the rows that train; a sparse table stays sparse."""
        if sparse:  # what is on a logarithmic scale would have to be centred
            moments = Scaling.straight(moments.mean, moments.scale)
        units = _units(np.abs([moments.mean, moments.scale]))
        return cls(moments, units, not sparse)

    def steps(self) -> list[Any]:
        """Steps of a pipeline, not fitted."""
        steps: list[Any] = []
        if self.moments.bent.any():
            steps.append(FunctionTransformer(unskewed, kw_args={"scaling": self.moments}))
        if (self.units != 1).any():
            steps.append(FunctionTransformer(in_units, kw_args={"units": self.units}))
        return [*steps, StandardScaler(with_mean=self.centred)]

    def learned(self, pipeline: Pipeline) -> Standardize:
        """The same as one map, with what the fitted pipeline's scaler has found."""
        scaler = pipeline.named_steps["standardscaler"]
        mean = scaler.mean_ * self.units if self.centred else np.zeros(len(self.units))
        found = self.moments._replace(mean=mean, scale=scaler.scale_ * self.units)
        return Standardize.of(found, torch.float64)


def _units(sizes: np.ndarray) -> np.ndarray:
    """Powers of two of columns whose squares overflow or vanish, else 1, (d,); sizes are (m, d)."""
    largest = sizes.max(axis=0)
    usual = (largest > 1 / SQUARED) & (largest < SQUARED)
    return np.where(usual, 1.0, powers_of_two(sizes))


def in_units(X: Any, units: np.ndarray) -> Any:
    """Columns divided by their units."""
    if not sp.issparse(X):
        return X / units
    X = sp.csr_matrix(X, copy=True)
    X.data = X.data / units[X.indices]  # one over a tiny unit would be infinite
    return X


def _fit(pipeline: Pipeline, X: Any, y: Any, fit_params: dict[str, Any]) -> None:
    try:
        pipeline.fit(X, y, **fit_params)
    except ValueError as error:
        if "non-finite" not in str(error):
            raise
        raise TrainingDivergedError(
            "training diverged: scikit-learn's perceptron has weights that are not finite."
        ) from error


def _require_usual_sizes(X: Any) -> None:
    """Refuse values at which steps of the training overflow: they are of fourth powers."""
    largest = float(np.abs(X.data if sp.issparse(X) else X).max(initial=0.0))
    if largest > STEPPED:
        raise TrainingDivergedError(
            f"training diverges: X holds {largest:g}, and steps of scikit-learn's perceptrons "
            f"overflow beyond {STEPPED:g}."
        )


def _require_read(mlp: MLPClassifier | MLPRegressor) -> None:
    """Refuse what the logits do not tell: curved layers, and answers on another scale."""
    name = type(mlp).__name__
    if mlp.activation not in ("relu", "identity"):
        raise ValueError(
            f"activation={mlp.activation!r} of {name} is curved, and scikit-learn's "
            "perceptrons are read with activation='relu' or 'identity' alone, whatever the "
            "selector's activation_rule. Use one of these, or a torch module of the same layers."
        )
    if not _answers_are_read(mlp):
        raise ValueError(
            f"loss={mlp.loss!r} of {name} makes it answer a function of its last layer (the "
            "exponential, for 'poisson'), and what is read is that layer itself: importances and "
            "scores would be of the logarithm of y. Train it by loss='squared_error', on "
            "log(1 + y) say."
        )


def _answers_are_read(mlp: MLPClassifier | MLPRegressor) -> bool:
    """Whether the last layer holds what it answers: a number, or logits."""
    answers = vars(mlp).get("out_activation_")  # set by its fit
    if answers is None:
        return mlp.loss in ("squared_error", "log_loss")
    return answers in ("identity", "logistic", "softmax")


def _torch_of_mlp(mlp: MLPClassifier | MLPRegressor) -> nn.Sequential:
    """The same network in torch, float64, up to the logits."""
    _require_read(mlp)
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
