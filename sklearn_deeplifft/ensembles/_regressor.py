"""The ensemble of networks as a regressor."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import Any

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score

from sklearn_deeplifft.ensembles._base import BaseNetworkEnsemble
from sklearn_deeplifft.ensembles._progress import Report
from sklearn_deeplifft.tables import Task, powers_of_two

__all__ = ["NetworkEnsembleRegressor"]

LARGE = 1e100
"""Size of targets up to which they are scored as they are."""


class NetworkEnsembleRegressor(RegressorMixin, BaseNetworkEnsemble):
    """Predict numbers by the mean of many networks, trained as one.

    Each network has its own seed, and rows held out from it that say when to stop. Networks of ours
    are trained on standardised targets; predictions are in the target's units.

    Parameters
    ----------
    network : object, default=None
        The network to train: None (ReLU layers of ``hidden_layer_sizes``), a torch module class or
        instance, a function that builds one (those of `sklearn_deeplifft.networks` for sequences),
        an unfitted skorch net, whose own settings are obeyed, or scikit-learn's ``MLPRegressor``.
        A class or function may take ``n_features`` and ``n_outputs``. `motif_pool` recommends a
        learning rate, which takes the place of the default.
        For a module instance every network draws the trainable weights anew; frozen ones, as by
        ``requires_grad_(False)`` or a ``Freezer`` of the first epoch, keep their values.
    n_networks : int or "auto", default="auto"
        Networks trained and averaged, each with its own seed and its own held-out fold. ``"auto"``
        is 18, or 10 where 800 different rows or more train (those alike in X, y and group count
        once): on such tables more of them found no better lists. With ``null_features`` it is
        always 18, as q-values of single features need many. The rows of each ``fit`` are counted:
        of 800 to 999 a search over five folds scores 18 networks and refits 10. Give a number where
        all fits should have as many.
    hidden_layer_sizes : sequence of int, default=(100,)
    linear_share : float, default=0.0
        Share of the networks that have no hidden layer, evenly dealt: of n networks n times the
        share, rounded down. They take 200 steps (``max_steps`` if that is fewer), whatever
        ``max_epochs`` and ``patience`` say, at a learning rate that decays linearly to zero from
        2.5 times ``learning_rate``, without dropout, noise and penalty: their gates are read and
        close nothing. Where they certainly explain less than two thirds of what the others explain
        of rows held out, elimination goes on with networks like the others in their place
        (``linear_replaced_`` of `DeepLIFFTSelector`). They train first: where pairs of columns
        certainly tell together what they miss, every second network of one hidden layer begins with
        units for these (tables of 200 rows or more and up to 2,500 columns, fewer of more than 32
        targets, standardised, without ``groups``, ``null_features``, ``gate_initial="uniform"``
        and another ``loss``).
    dropout : float, default=0.3
    noise : float, default=0.0
        Standard deviation of normal noise added to the outputs of all hidden layers but the last.
    l2 : float, default=0.0
        Times the squared weights and biases of the hidden layers, added to the loss.
    loss : {"auto", "soft_f1"}, default="auto"
        ``"soft_f1"`` trains one sigmoid per label by F1 scores of probabilities.
    learning_rate : float, default=4e-3
        Step size of Adam.
    weight_decay : float or "auto", default="auto"
        Times the weights, added to their gradients. ``"auto"`` is 2 over the number of rows: a
        normal prior on the weights, the same for any number of rows.
    batch_size : int, default=128
    max_epochs : int, default=15
        Passes through the rows. On a path, as by default, training has at least ``path_steps``
        steps, however few passes are asked for: 75 passes of 200 rows.
    max_steps : int or None, default=1000
        Training ends with the pass through the rows in which so many steps are reached, if
        ``max_epochs`` do not end it before: a table ten times as long need not take ten times as
        long. No path ends before its ``path_steps`` for that. Where one pass has more steps, each
        network is dealt a random part of its rows, balanced by class, that they take in one pass,
        and holds out as small a part of its fold. On a path such a pass is made of three
        epochs, and each of two passes of two.
    patience : int or None, default=10
        Epochs without a better validation loss before training stops; the best epoch is kept.
        A path is walked to its end.
    tol : float, default=1e-4
        Relative improvement of the validation loss that counts as one.
    validation_fraction : float, default=0.1
        Share of the rows held out from each network, as one of ``round(1 / validation_fraction)``
        folds; 0 trains on all rows.
    standardize : bool, default=True
        Put ``(x - mean) / standard deviation`` in front of the network. Networks of one-hot
        sequences take columns as they are, and scikit-learn's do not centre sparse ones.
    unskew : bool, default=True
        Before that, read skewed amounts on a logarithmic scale: above its tenth percentile k such
        a column becomes ``log(1 + (x - k) / w)``, below it stays x
        (`sklearn_deeplifft.tables.Scaling`). Skewed is where the median lies at least 1.86 times as
        far from the 90th percentile as from k, amounts where k is not below zero; the same of -x.
        Where half of the rows are zero, as in counts of words, k is zero, and median and percentile
        are those of the other rows. Trees do not mind the scale, networks do. One-hot columns and
        those of ``simplex_groups`` stay as they are, and so does
        everything with ``standardize=False``.
    gates : {"tied", "free"} or None, default="tied"
        ``"tied"``: the gate of a column is the norm of its weights in the first layer of networks
        of ours; ``"free"``: gates are parameters of their own before the first layer, also of a
        module or skorch net; None: no gates.
    gate_initial : {"one", "uniform"}, default="one"
        Free gates at first; ``"uniform"`` draws from (-0.05, 0.05) and clips.
    gate_penalty : "path", float or None, default="path"
        Group penalty on the gates, in units of the largest step that Adam can take: at 1 every
        column closes, None is none. ``"path"`` raises it from 0.2 to 1 while a network trains; the
        weights of the best validation loss are kept, with the columns that were open then.
    path_steps : int, default=150
        Length of a path in steps, which ends with a pass through the rows. It is longer where
        ``max_epochs`` within ``max_steps`` are more steps than that; they never make it shorter.
        Less training on a short table is a smaller ``path_steps``.
    null_features : bool, default=False
        Networks read a null copy of every column as well; predictions hold them at their means.
    n_jobs : int or None, default=None
        Threads that train networks of ours, or workers of the backend that
        ``joblib.parallel_config`` names; the result does not depend on it.
    checkpoint_dir : path-like or None, default=None
        Keep every finished network of ours here; the same fit, killed, goes on from there and ends
        with the same bits. Needs a ``random_state``.
    device : str, default="cpu"
        Device for training: "cpu", "cuda", "mps" or any other of torch's, or "auto" for the
        accelerator that is here, if there is one. Trained networks lie on the CPU, and are read
        there.
    random_state : int, RandomState instance or None, default=None
        The same seed gives the same bits; global generators are left as they were.
    verbose : int or callable, default=0
        1 prints how far training is and how long it will take; a callable is handed a `Progress`.

    Attributes
    ----------
    estimators_ : list of networks
        They take raw rows, as arrays. Nets of skorch have ``feature_names_in_`` where there is one.
    validation_score_ : float
        R squared, 1 at best, on held-out rows, mean over the networks from which any were held out;
        NaN if from none.
    validation_score_interval_ : ndarray of shape (2,)
        95 % interval of that mean, Student's t over networks: it speaks of another training on
        the same rows, not of other rows. NaN with one network.
    validation_scores_ : ndarray of shape (n_networks,)
        Score of each network on its own held-out rows.
    training_choice_ : DataFrame of shape (n_networks, 9)
        What the training of each network came to: its hidden layers, whether it walked a penalty's
        path, epochs, the one that was kept and what decided on it, the penalty and the number of
        open columns there, loss and score on held-out rows. The property names the columns.
    starting_pairs_ : DataFrame of shape (n_pairs, 3)
        Pairs of columns that some networks began with, as these tell together what networks without
        a hidden layer have missed; none in most tables.
    unskewed_ : ndarray of shape (n_features,), bool
        Columns that the networks read on a logarithmic scale.
    out_of_fold_score_ : float
        R squared, 1 at best, of one prediction for every row that was held out: the
        mean over the networks it was held out from and, where these rows chose the epoch that was
        kept, over the epochs. An honest number: ``validation_score_`` is that of the chosen epoch,
        which flatters (.01 to .03 on noise of 300 rows). NaN if none was held
        out.
    out_of_fold_interval_ : ndarray of shape (2,)
        95 % interval of it over rows, or over ``groups`` of them. A row is one whatever its weight
        is, with all that repeat its values and target; the unit of weights does not matter.
    chance_p_value_ : float
        0 to 1: how likely predictions of held-out rows would rank with the targets as they do, if
        they knew nothing of them; small where any target is predicted. NaN where
        held-out rows cannot tell: too few (some 45 of two classes, or of groups of one class),
        where those that repeat each other are one. Weights are dealt with their targets, so
        that a class does not pass for known because its rows are repeated or weigh more.
    at_chance_ : bool or None
        ``chance_p_value_ > 0.01``: the networks predict no better than chance, and nothing that is
        read from them means anything. None where that cannot be told.
    n_features_in_, feature_names_in_ : as everywhere in scikit-learn.

    Raises
    ------
    TrainingDivergedError
        The training loss became NaN or infinite.
    ValueError
        NaN or infinity (columns are named), a target that is not numbers or holds one value; a
        parameter that was set and does not apply to ``network``, by name.

    See Also
    --------
    NetworkEnsembleClassifier, DeepLIFFTSelector

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_deeplifft import NetworkEnsembleRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> ensemble = NetworkEnsembleRegressor(n_networks=2, random_state=0).fit(X, y)
    >>> ensemble.predict(X[:2]).shape, bool(ensemble.score(X, y) > 0.4)
    ((2,), True)
    """

    def __init__(
        self,
        network: Any = None,
        *,
        n_networks: int | str = "auto",
        hidden_layer_sizes: Sequence[int] = (100,),
        linear_share: float = 0.0,
        dropout: float = 0.3,
        noise: float = 0.0,
        l2: float = 0.0,
        loss: str = "auto",
        learning_rate: float = 4e-3,
        weight_decay: float | str = "auto",
        batch_size: int = 128,
        max_epochs: int = 15,
        max_steps: int | None = 1000,
        patience: int | None = 10,
        tol: float = 1e-4,
        validation_fraction: float = 0.1,
        standardize: bool = True,
        unskew: bool = True,
        gates: str | None = "tied",
        gate_initial: str = "one",
        gate_penalty: float | str | None = "path",
        path_steps: int = 150,
        null_features: bool = False,
        n_jobs: int | None = None,
        checkpoint_dir: str | PathLike[str] | None = None,
        device: str = "cpu",
        random_state: Any = None,
        verbose: int | Report = 0,
    ) -> None:
        self.network = network
        self.n_networks = n_networks
        self.hidden_layer_sizes = hidden_layer_sizes
        self.linear_share = linear_share
        self.dropout = dropout
        self.noise = noise
        self.l2 = l2
        self.loss = loss
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.max_steps = max_steps
        self.patience = patience
        self.tol = tol
        self.validation_fraction = validation_fraction
        self.standardize = standardize
        self.unskew = unskew
        self.gates = gates
        self.gate_initial = gate_initial
        self.gate_penalty = gate_penalty
        self.path_steps = path_steps
        self.null_features = null_features
        self.n_jobs = n_jobs
        self.checkpoint_dir = checkpoint_dir
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    @property
    def _task(self) -> Task:
        return "regression"

    def predict(self, X: Any) -> np.ndarray:
        """Outputs, averaged over networks, in the target's units.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_targets)
        """
        outputs = self._mean_logits(X)
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """R squared, as scikit-learn has it, of targets and predictions of any size.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        float
            1 at best; minus infinity where the squared error is beyond all numbers.
        """
        found, values = self.predict(X), np.asarray(y)
        if values.dtype.kind == "f" and values.ndim in (1, 2):
            # R squared depends on no unit; squares of 1e200 overflow, those of 1e-200 vanish.
            sizes = powers_of_two(values.reshape(len(values), -1))
            units = np.where((sizes > 1 / LARGE) & (sizes < LARGE), 1.0, sizes)
            found, y = found / units, values / units
        with np.errstate(over="ignore"):
            return float(r2_score(y, found, sample_weight=sample_weight))
