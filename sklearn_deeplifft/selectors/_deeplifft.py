"""Floor 3: ``DeepLIFFTSelector``."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_array, check_is_fitted

from sklearn_deeplifft.networks import GateSettings, network_kind
from sklearn_deeplifft.selectors._decomposition_scorer import BaseDecomposingSelector
from sklearn_deeplifft.tables import FitData, Rows

__all__ = ["DeepLIFFTSelector"]


class DeepLIFFTSelector(BaseDecomposingSelector):
    """Select features by exact linear decomposition of trained ReLU networks (DeepLIFFT).

    Around every example a network of affine maps and piecewise-linear activations *is* affine:
    each logit is exactly a bias plus one term a feature. The terms of an example are added in
    descending order of its true class's term; a feature's score is the change of that class's
    softmax probability at its step. Mean scores over the correctly classified examples of a class
    say which features speak for and against it; their sizes, averaged over classes, rank them,
    beside what the penalty's path says (``path_weight``).

    Parameters
    ----------
    estimator : object, default=None
        The network: None (ReLU layers of ``hidden_layer_sizes``), a torch module class or
        instance, an unfitted skorch net, scikit-learn's ``MLPClassifier`` or ``MLPRegressor``
        with ReLU; with ``prefit=True`` a fitted one of these. A module class may take
        ``n_features`` and ``n_outputs`` in its constructor.
    n_features_to_select : int, float, "auto" or None, default=None
        Number or fraction of features to keep; None keeps half. Resolved when asked for: changing
        it after ``fit`` trains nothing. With ``feature_groups`` it counts groups. ``"auto"`` keeps
        those with ``q_values_`` of at most ``alpha``, which may be none: the networks then read a
        null copy of every column as well, in the first round of elimination, on all features; later
        rounds only order what is kept (``ranking_`` need not follow q).
    threshold : float, str or None, default=None
        Keep features of at least this importance: a number, ``"mean"``, ``"median"`` or
        ``"1.25*mean"``. With ``n_features_to_select`` as well, both must hold.
    alpha : float, default=0.1
        Of ``"auto"``: expected share, above 0 and below 1, of what is kept that says nothing. A
        single feature reaches about ``1 / n_networks``; pass ``n_networks=10`` or more.
    per_class : bool, default=False
        Keep so many features (or ``"auto"``) for each class, of those that speak for it, as
        `support_per_class` lists them.
    n_networks : int, default=18
        Networks trained and averaged, each with its own seed and its own held-out fold.
    step : int, float or None, default=0.4
        Recursive elimination: drop so many features (or this fraction of those left), train again
        on the rest (for half of ``max_epochs`` and ``path_steps``; one of each six networks of
        ours from the start, the others from their weights), score again, until one is left; shares
        are averaged over rounds. None ranks in one pass.
    smoothing : float, default=0.5
        In elimination: what goes is decided by a running mean of the shares of all rounds so far,
        in which a round counts this many times (0 to below 1) what the next one does. A single
        round, what 0 takes, leaves more to chance.
    gate_penalty : "path", float or None, default="path"
        Group penalty on the columns of the first layer of networks of ours, in units of the
        largest step that Adam can take: at 1 every column closes, None is none. ``"path"`` raises
        it from 0.2 to 1 while a network trains; that of the best validation loss is kept, with
        the columns that were open then. See `ImportanceNeuronSelector`.
    path_steps : int, default=150
        Length of a path in steps; it has no fewer than ``max_epochs`` epochs.
    path_weight : float, default=0.5
        In elimination with ``"path"``: weight w, 0 to 1, of the path. A round's share of a
        feature is its share of the scores to the power of 1 - w times its share of the path (of
        the norms of the first layer's columns, from the epoch kept to the end) to the power of w:
        that hangs less on one epoch. Without effect on ``target_class``.
    reference : {"mean", "zero"} or array of shape (n_features,), default="mean"
        What a feature is compared with: terms are ``c_i (x_i - r_i)``. ``"zero"`` is the paper.
    simplex_groups : list of lists of column names or positions, default=None
        One-hot blocks and compositions, whose sum is the same in every row; coefficients lose
        their part normal to it, where no data lives.
    feature_groups : array-like, list of lists, mapping or callable, default=None
        Columns that are one feature (a one-hot block) are scored as one and kept or dropped
        whole: a label for each column, lists of columns, a mapping from names to labels, or a
        callable on names; columns without a label (None, NaN) stay alone. Their signed terms are
        added row by row, before they are ordered: a block neither gains nor loses by its width.
    activation_rule : {"exact", "secant"}, default="exact"
        ``"secant"`` replaces curved activations by their chord from zero, again an exact sum.
    layer : str, default=None
        Score the outputs of this submodule (hidden neurons) instead of the inputs, in one network:
        ``transform`` then returns the activations of the neurons selected.
    target_class : label, default=None
        Rank by the signed class score of this class, from its examples alone.
    class_balance : {"balanced", "max", None}, default="balanced"
        How classes make the overall score: each weighs the same, the one counts where the feature
        scores highest (a rare class's own feature is then not hidden by the others), or a class
        weighs by its examples (None, the paper).
    importance_type : {"signed", "absolute"}, default="signed"
        What of a class (or of a label's presence, or absence) enters the overall score: the size
        of its mean score, in which what differs in sign from example to example cancels, as noise
        does, or the mean size of its examples' scores (the paper). In regression always the
        latter; without effect on ``target_class``.
    score_on : {"validation", "training", "all", "out_of_fold"}, default="all"
        Rows that are scored. Each network holds a fold out; ``"out_of_fold"`` deals one fold a
        network: every row is scored once, by the network it only told when to stop.
    task : {"auto", "classification", "regression"}, default="auto"
        What ``y`` asks for; ``"auto"`` decides by its type.
    class_weight : dict, "balanced" or None, default=None
        Weight of each class in the training loss.
    standardize : bool, default=True
        Put ``(x - mean) / standard deviation`` in front of the network; sparse columns are
        scaled but not centred. Ignored with ``prefit=True``.
    prefit : bool, default=False
        ``estimator`` is fitted: only score it, on the rows given to ``fit``, columns as they are.
    hidden_layer_sizes : sequence of int, default=(200, 100)
    dropout : float, default=0.3
    learning_rate : float, default=4e-3
        Of Adam.
    weight_decay : float or "auto", default="auto"
        Times the weights, added to their gradients. ``"auto"`` is 2 over the number of rows: a
        normal prior on the weights, the same for any number of rows.
    batch_size : int, default=128
    max_epochs : int, default=15
    patience : int or None, default=10
        Epochs without a better validation loss before training stops; the best epoch is kept.
        A path is walked to its end.
    validation_fraction : float, default=0.1
        Share of the rows held out from each network, as one of ``round(1 / validation_fraction)``
        folds; 0 trains on all rows for ``max_epochs``.
    n_jobs : int or None, default=None
        Threads that train default networks; the result does not depend on it.
    checkpoint_dir : path-like or None, default=None
        Keep finished default networks here; the same fit, killed, goes on from there.
    memory : path-like, joblib.Memory or None, default=None
        Keep fits here: the same with another ``n_features_to_select`` or ``threshold`` trains
        nothing. Needs an integer ``random_state``.
    device : str, default="cpu"
        Where networks are trained; they are read on the CPU.
    dtype : {"float32", "float64"} or None, default=None
        Precision of the decomposition; None is the network's own.
    random_state : int, RandomState instance or None, default=None
        The same seed gives the same bits; global generators are left as they were.
    verbose : int or callable, default=0
        1 prints how far training is and how long it will take; a callable is handed a `Progress`.

    Attributes
    ----------
    feature_importances_ : ndarray of shape (n_features,)
        Non-negative without ``target_class``. In one pass (``step=None``): size of the mean change
        of the true class's probability in each network, 0 to 1. With
        ``importance_type="absolute"``: mean size of that change. In regression: mean size of the
        term, in standard deviations of the target. With elimination: its shares (see
        ``path_weight``), averaged over rounds; they sum to 1 over features (a group's columns
        share its value).
    class_importances_ : ndarray of shape (n_classes, n_features)
        Signed, -1 to 1, from the networks on all features: mean change of the probability of
        the class over its correctly classified examples; positive speaks for the class. Around
        the mean reference a column may do so by being low (``reference="zero"`` counts presence
        only). Terms are added in descending order, so where a probability is near 1 the terms
        against a class find little to take: compare signs and order, less the size of negative
        scores. Rows follow ``classes_``; in regression outputs, and scores are mean terms. A
        group's columns share its value.
    importances_std_ : ndarray of shape (n_features,)
        Over networks, as the following, which `ImportanceNeuronSelector` explains.
    importances_per_network_, importances_interval_, mean_ranks_, ranks_std_,
    selection_frequency_, stability_ : ndarray
    ranking_ : ndarray of shape (n_features,)
        1 is best, in the order of the importances; columns of a group share a rank. Equal ones,
        after elimination, by the round they stayed to.
    p_values_, q_values_ : ndarray of shape (n_features,)
        Against the null columns of all networks, and after Benjamini & Hochberg; columns of a group
        share them. Only after a fit with ``"auto"``, as the next two.
    class_p_values_, class_q_values_ : ndarray of shape (n_classes, n_features)
        The same of the size of the class scores, class by class.
    feature_groups_ : list of ndarray
        Columns of each feature, in the order of their first columns: one each by default.
    decomposition_error_ : float
        Largest relative residual of ``logits = bias + terms`` over the rows scored.
    estimators_, estimator_ : list of networks, the first of them
        Networks trained on all features; they take raw rows.
    classes_ : ndarray of shape (n_classes,), or list of them
    n_rounds_ : int
        Rounds of elimination.
    simplex_groups_ : list of ndarray
        The groups that carry a constraint in the data and were corrected.
    n_features_in_, feature_names_in_ : as everywhere in scikit-learn.

    Raises
    ------
    NotPiecewiseLinearError
        The network has curvature, or its decomposition leaves a residual; the module is named.
    TrainingDivergedError
        The training loss became NaN or infinite.
    ValueError
        NaN, infinity, a single class, unknown labels, more features asked than there are.

    Warns
    -----
    FeatureSelectionWarning
        Of constant columns, and of classes that no network gets right; both score zero. Of
        ``"auto"`` that selects nothing, or has too few networks to call a single feature.

    References
    ----------
    *LIFFTing the Top off the Black Box: Feature Selection for Neural Networks in Biology*,
    sections 2.1 (decomposition), 2.2 (softmax increments) and 2.3 (aggregation).
    A. Majdandzic, C. Rajesh, P. K. Koo (2023), "Correcting gradient-based interpretations of
    deep neural networks for genomics", Genome Biology 24:109 (simplex groups).

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_deeplifft import DeepLIFFTSelector
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> selector = DeepLIFFTSelector(n_features_to_select=2, n_networks=2, random_state=0)
    >>> list(selector.fit(X, y).get_feature_names_out())
    ['petal length (cm)', 'petal width (cm)']
    >>> selector.class_importances_.shape
    (3, 4)
    """

    _parameter_constraints: dict = {
        **BaseDecomposingSelector._parameter_constraints,
        "estimator": "no_validation",
        "smoothing": [Interval(Real, 0, 1, closed="left")],
        "gate_penalty": [None, StrOptions({"path"}), Interval(Real, 0, 1, closed="both")],
        "path_steps": [Interval(Integral, 1, None, closed="left")],
        "path_weight": [Interval(Real, 0, 1, closed="both")],
        "reference": [StrOptions({"mean", "zero"}), "array-like"],
        "simplex_groups": [None, list, tuple],
        "feature_groups": "no_validation",
        "activation_rule": [StrOptions({"exact", "secant"})],
        "layer": [None, str],
        "target_class": "no_validation",
        "class_balance": [None, StrOptions({"balanced", "max"})],
        "importance_type": [StrOptions({"signed", "absolute"})],
        "dtype": [None, StrOptions({"float32", "float64"})],
    }

    def __init__(
        self,
        estimator=None,
        *,
        n_features_to_select=None,
        threshold=None,
        alpha=0.1,
        per_class=False,
        n_networks=18,
        step=0.4,
        smoothing=0.5,
        gate_penalty="path",
        path_steps=150,
        path_weight=0.5,
        reference="mean",
        simplex_groups=None,
        feature_groups=None,
        activation_rule="exact",
        layer=None,
        target_class=None,
        class_balance="balanced",
        importance_type="signed",
        score_on="all",
        task="auto",
        class_weight=None,
        standardize=True,
        prefit=False,
        hidden_layer_sizes=(200, 100),
        dropout=0.3,
        learning_rate=4e-3,
        weight_decay="auto",
        batch_size=128,
        max_epochs=15,
        patience=10,
        validation_fraction=0.1,
        n_jobs=None,
        checkpoint_dir=None,
        memory=None,
        device="cpu",
        dtype=None,
        random_state=None,
        verbose=0,
    ):
        self.estimator = estimator
        self.n_features_to_select = n_features_to_select
        self.threshold = threshold
        self.alpha = alpha
        self.per_class = per_class
        self.n_networks = n_networks
        self.step = step
        self.smoothing = smoothing
        self.gate_penalty = gate_penalty
        self.path_steps = path_steps
        self.path_weight = path_weight
        self.reference = reference
        self.simplex_groups = simplex_groups
        self.feature_groups = feature_groups
        self.activation_rule = activation_rule
        self.layer = layer
        self.target_class = target_class
        self.class_balance = class_balance
        self.importance_type = importance_type
        self.score_on = score_on
        self.task = task
        self.class_weight = class_weight
        self.standardize = standardize
        self.prefit = prefit
        self.hidden_layer_sizes = hidden_layer_sizes
        self.dropout = dropout
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.n_jobs = n_jobs
        self.checkpoint_dir = checkpoint_dir
        self.memory = memory
        self.device = device
        self.dtype = dtype
        self.random_state = random_state
        self.verbose = verbose

    @staticmethod
    def paper_parameters() -> dict:
        """The paper, literally: one ReLU network 200-100 on raw columns, zero reference, one pass.

        Scores come from the validation part; every correctly classified example weighs the same.

        Examples
        --------
        >>> from sklearn_deeplifft import DeepLIFFTSelector
        >>> DeepLIFFTSelector(**DeepLIFFTSelector.paper_parameters()).reference
        'zero'
        """
        return {
            "estimator": None,
            "hidden_layer_sizes": (200, 100),
            "n_networks": 1,
            "step": None,
            "gate_penalty": None,
            "dropout": 0.0,
            "learning_rate": 1e-3,
            "weight_decay": 0.0,
            "max_epochs": 100,
            "validation_fraction": 0.2,
            "reference": "zero",
            "class_balance": None,
            "importance_type": "absolute",
            "score_on": "validation",
            "standardize": False,
        }

    def transform(self, X):
        """Reduce X to the selected features.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        array of shape (n_samples, n_selected_features)
            The selected columns; with ``layer``, the activations of the selected neurons.
        """
        check_is_fitted(self, "ranking_")
        return super().transform(X)

    def _transform(self, X):
        if self._settings.layer is None:
            return super()._transform(X)
        X = check_array(X, accept_sparse=("csr", "csc"))  # transform has checked the names
        reading = self._readings(Rows(X))[0]
        return reading.all_hidden().numpy()[:, self._get_support_mask()]

    def get_feature_names_out(self, input_features=None):
        """Names of the selected features; of neurons, ``layer`` and a position."""
        check_is_fitted(self, "ranking_")
        if self._settings.layer is None:
            return super().get_feature_names_out(input_features)
        chosen = self.get_support(indices=True)
        return np.array([f"{self._settings.layer}_{j}" for j in chosen], dtype=object)

    def _extra_settings(self, data: FitData) -> dict[str, Any]:
        if not self.gate_penalty or network_kind(self.estimator) != "default":
            return {}
        gates = GateSettings(
            feature_of_column=tuple(self._groups.of_column.tolist()),
            shown=False,
            penalty=None if self.gate_penalty == "path" else float(self.gate_penalty),
            path_steps=self.path_steps,
        )
        return {"gates": gates}
