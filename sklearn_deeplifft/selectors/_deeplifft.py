"""``DeepLIFFTSelector``: features by the exact terms of every logit."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
import torch
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_array, check_is_fitted

from sklearn_deeplifft.ensembles import (
    Report,
)
from sklearn_deeplifft.networks import TrainedNetwork
from sklearn_deeplifft.selectors._base import BaseNetworkSelector
from sklearn_deeplifft.selectors._class_scores import of_class
from sklearn_deeplifft.selectors._class_warnings import warn_of_zero_scores
from sklearn_deeplifft.selectors._decomposition_scorer import DecompositionScorer, ScoreRule
from sklearn_deeplifft.selectors._quantities import Quantities, decomposed
from sklearn_deeplifft.selectors._reading import Gauge, ReadingPlan, ReadingSettings
from sklearn_deeplifft.selectors._row_readings import RowReadings
from sklearn_deeplifft.selectors._rows_scored import SCORE_ON
from sklearn_deeplifft.selectors._scores import Scores
from sklearn_deeplifft.selectors._sources import Source
from sklearn_deeplifft.tables import (
    FitData,
    Rows,
    find_simplices,
    reference_values,
    require_no_groups_beside_layer,
    require_reference,
    target_scale,
)

__all__ = ["DeepLIFFTSelector"]


class DeepLIFFTSelector(RowReadings, BaseNetworkSelector):
    """Select features by exact linear decomposition of trained ReLU networks (DeepLIFFT).

    Around every example a network of affine maps and piecewise-linear activations *is* affine:
    each logit is exactly a bias plus one term per feature. The terms of an example are added in
    descending order of its true class's term; a feature's score is the change of that class's
    softmax probability at its step. Mean scores over the correctly classified examples of a class
    say which features speak for and against it; their sizes, averaged over classes, rank them,
    beside what the penalty's path says (``path_weight``).

    Parameters
    ----------
    estimator : object, default=None
        The networks: a `NetworkEnsembleClassifier` or `NetworkEnsembleRegressor`, which is cloned
        and trained, or anything that one takes as ``network`` (a torch module, a skorch net,
        scikit-learn's perceptron with ReLU). None is `default_estimator`, for the task that ``y``
        asks for: whole numbers of more than 20 distinct values are a quantity.
    n_features_to_select : int, float, "auto" or None, default=None
        Number or fraction of features to keep; None keeps half. Resolved when asked for: changing
        it after ``fit`` trains nothing. With ``feature_groups`` it counts groups. ``"auto"`` keeps
        those with ``q_values_`` of at most ``alpha``: the networks then read a null copy of every
        column as well, in the first round of elimination, on all features; later rounds only order
        what is kept (``ranking_`` need not follow q). That may be none, which `transform` refuses
        to hand on.
    threshold : float, str or None, default=None
        Keep features of at least this importance: a number, ``"mean"``, ``"median"`` or
        ``"1.25*mean"``. With ``n_features_to_select`` as well, both must hold.
    alpha : float, default=0.1
        Used with ``"auto"``: expected share, above 0 and below 1, of what is kept that says
        nothing. A single feature reaches about 1 over the number of networks: train 10 or more.
    per_class : bool, default=False
        Keep so many features (or ``"auto"``) for each class, of those that speak for it, as
        `support_per_class` lists them.
    target_class : label, default=None
        Rank by the signed class score of this class, from its examples alone: what speaks for it
        comes first, what speaks against it last. Where the networks expect the class before they
        know any feature (a frequent class, or a middle one), little can speak for it, and a
        warning says so.
    step : int, float, "auto" or None, default="auto"
        Recursive elimination: drop so many features (or this fraction of those left; ``"auto"`` is
        half while more than 50 are left, then a fifth), train again on the rest (for half of
        ``max_epochs`` and ``path_steps``; one of each six networks of ours from the start, the
        others from their weights), score again, until one is left; shares are averaged over
        rounds. Where 800 rows or more train, rounds after the first of 20 features or more give
        each of two networks with tied gates on a path one half of the features (random subspaces,
        Ho 1998): what another stands for is then found. None ranks in one pass.
    smoothing : float, default=0.5
        In elimination: what goes is decided by a running mean of the shares of all rounds so far,
        in which a round counts this many times (0 to below 1) what the next one does; one in which
        networks read halves of the features counts half. A single round, what 0 takes, leaves more
        to chance.
    path_weight : float, default=0.5
        In elimination, where the ensemble has ``gate_penalty="path"``: weight w, 0 to 1, of the
        path. A round's share of a feature is its share of the scores to the power of 1 - w times
        its share of the path (of the norms of the first layer's columns, from the epoch kept to the
        end) to the power of w: that hangs less on one epoch. Without effect on ``target_class``.
    reference : {"mean", "zero"} or array of shape (n_features,), default="mean"
        What a feature is compared with: terms are ``c_i (x_i - r_i)``, of a skewed column on the
        logarithmic scale on which it is read (``unskew`` of the ensemble). ``"zero"`` is the paper.
        A Series is taken by the names of columns.
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
        Score the outputs of this submodule (hidden neurons) instead of the inputs. One network is
        trained, as neurons of two networks have nothing to do with each other; ``transform`` then
        returns the activations of the neurons selected.
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
        Rows that are scored. Each network holds a fold out; ``"out_of_fold"`` deals one fold per
        network: every row is scored once, by the network it only told when to stop. A fitted
        ensemble knows its own table again; of any other, every row was held out.
    prefit : bool, default=False
        Read ``estimator`` as it is: all networks of a fitted ensemble, or one fitted network, whose
        columns are taken as they are. Nothing is trained, and nothing eliminated.
    memory : path-like, joblib.Memory or None, default=None
        Keep fits here: the same with another ``n_features_to_select`` or ``threshold`` trains
        nothing. Needs an integer ``random_state``.
    dtype : {"float32", "float64"} or None, default=None
        Precision of the decomposition; None is the network's own.
    random_state : int, RandomState instance or None, default=None
        Also seeds an ensemble that has no ``random_state`` of its own. The same seed gives the same
        bits; global generators are left as they were.
    verbose : int or callable, default=0
        1 prints how far training is and how long it will take; a callable is handed a `Progress`.
        0 leaves it to the ensemble.

    Attributes
    ----------
    feature_importances_ : ndarray of shape (n_features,)
        Non-negative without ``target_class``. In one pass (``step=None``): size of the mean change
        of the true class's probability in each network, 0 to 1. With
        ``importance_type="absolute"``: mean size of that change. In regression: mean size of the
        term, in standard deviations of the target. With elimination: its shares (see
        ``path_weight``), averaged over rounds; they sum to 1 over features, to less where
        networks closed all of them (a group's columns share its value). With ``target_class``
        its signed class score, with elimination averaged over rounds: one that is gone has 0.
    class_importances_ : ndarray of shape (n_classes, n_features)
        Signed, -1 to 1, from the networks on all features: mean change of the probability of
        the class over its correctly classified examples; positive speaks for the class. Around
        the mean reference a column may do so by being low (``reference="zero"`` counts presence
        only; the direction is in ``class_slopes_``). Terms are added in descending order, so where
        a probability is near 1 the terms against a class find little to take: compare signs and
        order, less the size of negative scores. Rows follow ``classes_``; in regression outputs,
        and scores are mean terms. A group's columns share its value.
    class_slopes_ : ndarray of shape (n_classes, n_features)
        Direction, signed: mean over all rows that are scored, right or wrong, of the change of the
        class's centred logit ``z_c - mean z`` per unit of the column, times the column's standard
        deviation: what one standard deviation more of it does to the class. Of columns in
        ``estimator_.unskewed_`` per unit and deviation of their logarithms (of the rows trained
        on). Of one logit z the logits are (0, z), so slopes are -+ half of it; a label has the half
        of its log-odds. In regression in standard deviations of the target. From the networks on
        all features, so that every column has one: 0 if all of them closed it. Columns of a group
        have their own. What helps by being high in some rows and low in others has a slope near 0.
    importances_std_ : ndarray of shape (n_features,)
        Over networks, as the following, which `ImportanceNeuronSelector` explains.
    importances_per_network_, importances_interval_, mean_ranks_, ranks_std_,
    selection_frequency_, stability_ : ndarray
    ranking_ : ndarray of shape (n_features,)
        1 is best, in the order of the importances; columns of a group share a rank. Equal ones,
        after elimination, by the round they stayed to.
    p_values_, q_values_ : ndarray of shape (n_features,)
        Share of the null columns of all networks that reach the median over networks of the
        feature's score, above 0 to 1, and the same after Benjamini & Hochberg. Near-copies (any two
        correlated above 0.9) are compared as one, by their sum, and share them, as columns of a
        group do. Only where the networks have read null columns: with ``"auto"``, or an ensemble
        with ``null_features=True``; so are the next two.
    class_p_values_, class_q_values_ : ndarray of shape (n_classes, n_features)
        The same for each class, from the mean size of the feature's changes of the class's
        probability. The class score, their signed mean, would miss rare features: gains in the few
        rows that have one and losses in the many that lack it may cancel. A q-value is no smaller
        than that of standing out in any class, so that ``alpha`` holds for their union as well.
    feature_groups_ : list of ndarray
        Columns of each feature, in the order of their first columns: one each by default.
    decomposition_error_ : float
        Largest relative residual of ``logits = bias + terms`` over the rows scored.
    at_chance_ : bool or None
        Whether the networks predict held-out rows no better than chance; the ranking then means
        nothing, which a warning says. None where that cannot be told, as of a fitted network of
        your own, whose held-out rows are not known.
    training_choice_ : DataFrame of shape (n_networks, 9)
        That of ``estimator_``: which epochs its networks keep, what decided, what is open there.
    estimator_ : NetworkEnsembleClassifier or NetworkEnsembleRegressor
        The fitted ensemble, on all features: it predicts, has ``validation_score_`` and its
        networks, ``estimators_``, take raw rows.
    classes_ : ndarray of shape (n_classes,), or list of them
    n_rounds_ : int
        Rounds of elimination; the last one, with a single feature, trains nothing.
    linear_replaced_ : bool
        Whether the networks without a hidden layer certainly knew less than two thirds of what the
        others knew of held-out rows, and such as the others took their place after the first round.
    simplex_groups_ : list of ndarray
        The groups that carry a constraint in the data and were corrected.
    quantities_ : Quantities
        Names of what the importances (``importance``), class scores (``by_class``) and slopes
        (``slope``) measure, as axes show them.
    n_features_in_, feature_names_in_ : as everywhere in scikit-learn.

    Raises
    ------
    NotPiecewiseLinearError
        The network has curvature, or its decomposition leaves a residual; the module is named.
    TrainingDivergedError
        The training loss became NaN or infinite.
    ValueError
        NaN, infinity, a single class or value, unknown labels, more features asked than there are.

    Warns
    -----
    FeatureSelectionWarning
        Networks that predict no better than chance (``at_chance_``). Constant columns, and classes
        that no network gets right; both score zero. ``"auto"`` that selects nothing, or has too few
        networks to call a single feature.

    See Also
    --------
    NetworkEnsembleClassifier, NetworkEnsembleRegressor, ImportanceNeuronSelector, GIATransformer

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
    >>> two = DeepLIFFTSelector.default_estimator(n_networks=2)
    >>> selector = DeepLIFFTSelector(two, n_features_to_select=2, random_state=0)
    >>> list(selector.fit(X, y).get_feature_names_out())
    ['petal length (cm)', 'petal width (cm)']
    >>> selector.class_importances_.shape
    (3, 4)
    """

    _parameter_constraints: dict[str, Any] = {
        **BaseNetworkSelector._parameter_constraints,
        "step": [
            None,
            StrOptions({"auto"}),
            Interval(Integral, 1, None, closed="left"),
            Interval(Real, 0, 1, closed="neither"),
        ],
        "smoothing": [Interval(Real, 0, 1, closed="left")],
        "path_weight": [Interval(Real, 0, 1, closed="both")],
        "reference": [StrOptions({"mean", "zero"}), "array-like"],
        "simplex_groups": [None, list, tuple],
        "activation_rule": [StrOptions({"exact", "secant"})],
        "layer": [None, str],
        "class_balance": [None, StrOptions({"balanced", "max"})],
        "importance_type": [StrOptions({"signed", "absolute"})],
        "score_on": [StrOptions(set(SCORE_ON))],
        "dtype": [None, StrOptions({"float32", "float64"})],
    }

    def __init__(
        self,
        estimator: Any = None,
        *,
        n_features_to_select: float | str | None = None,
        threshold: float | str | None = None,
        alpha: float = 0.1,
        per_class: bool = False,
        target_class: Any = None,
        step: float | str | None = "auto",
        smoothing: float = 0.5,
        path_weight: float = 0.5,
        reference: Any = "mean",
        simplex_groups: Any = None,
        feature_groups: Any = None,
        activation_rule: str = "exact",
        layer: str | None = None,
        class_balance: str | None = "balanced",
        importance_type: str = "signed",
        score_on: str = "all",
        prefit: bool = False,
        memory: Any = None,
        dtype: str | None = None,
        random_state: Any = None,
        verbose: int | Report = 0,
    ) -> None:
        self.estimator = estimator
        self.n_features_to_select = n_features_to_select
        self.threshold = threshold
        self.alpha = alpha
        self.per_class = per_class
        self.target_class = target_class
        self.step = step
        self.smoothing = smoothing
        self.path_weight = path_weight
        self.reference = reference
        self.simplex_groups = simplex_groups
        self.feature_groups = feature_groups
        self.activation_rule = activation_rule
        self.layer = layer
        self.class_balance = class_balance
        self.importance_type = importance_type
        self.score_on = score_on
        self.prefit = prefit
        self.memory = memory
        self.dtype = dtype
        self.random_state = random_state
        self.verbose = verbose

    @staticmethod
    def _own_defaults(network: Any, *, null_features: bool) -> dict[str, Any]:
        return {"linear_share": 1 / 3}

    @staticmethod
    def paper_parameters() -> dict[str, Any]:
        """The paper, literally: one ReLU network 200-100 on raw columns, zero reference, one pass.

        Scores come from the validation part; every correctly classified example weighs the same.

        Examples
        --------
        >>> from sklearn_deeplifft import DeepLIFFTSelector
        >>> DeepLIFFTSelector(**DeepLIFFTSelector.paper_parameters()).reference
        'zero'
        """
        ensemble = DeepLIFFTSelector.default_estimator(
            hidden_layer_sizes=(200, 100),
            linear_share=0.0,
            n_networks=1,
            gates=None,
            dropout=0.0,
            learning_rate=1e-3,
            weight_decay=0.0,
            max_epochs=100,
            max_steps=None,
            validation_fraction=0.2,
            standardize=False,
        )
        return {
            "estimator": ensemble,
            "step": None,
            "reference": "zero",
            "class_balance": None,
            "importance_type": "absolute",
            "score_on": "validation",
        }

    def transform(self, X: Any) -> Any:
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

    def _transform(self, X: Any) -> Any:
        if self._plan.settings.layer is None:
            return super()._transform(X)
        X = check_array(X, accept_sparse=("csr", "csc"))  # transform has checked the names
        reading = self._readings(Rows(X))[0]
        return reading.all_hidden().numpy()[:, self._get_support_mask()]

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the selected features; of neurons, ``layer`` and a position."""
        check_is_fitted(self, "ranking_")
        layer = self._plan.settings.layer
        if layer is None:
            return np.asarray(super().get_feature_names_out(input_features))
        chosen = self.get_support(indices=True)
        return np.array([f"{layer}_{j}" for j in chosen], dtype=object)

    def _scorer(self, data: FitData, source: Source) -> DecompositionScorer:
        hidden = self.layer is not None
        require_no_groups_beside_layer(
            self.layer, groups=self.feature_groups, simplex_groups=self.simplex_groups
        )
        reference = reference_values(self.reference, None if hidden else data.names)
        require_reference(reference, data.rows.shape[1], hidden=hidden)
        of_class(data.index[:0], data.target, self.target_class)  # refuses an unknown class
        simplices = find_simplices(self.simplex_groups, data.rows, data.names)
        self.simplex_groups_ = [simplex.columns for simplex in simplices]
        # Settled here: parameters that are set later must not mix into what was measured.
        settings = ReadingSettings(
            reference=reference,
            secants=self.activation_rule == "secant",
            layer=self.layer,
            dtype=None if self.dtype is None else getattr(torch, self.dtype),
            drop_normalizer=data.target.kind != "regression",
        )
        gauge = Gauge(data.mean, data.std, data.constant, simplices)
        self._plan = ReadingPlan(settings, gauge, self._groups)
        self._rule = ScoreRule(self.target_class, self.class_balance, self.importance_type)
        self._units = target_scale(data)[1] if data.target.kind == "regression" else None
        units = None if source.target_is_standard else self._units
        return DecompositionScorer(self._plan, self._rule, data, units)

    def _quantities(self, kind: str) -> Quantities:
        if self._rule.target_class is not None:
            importance = f"mean change of the\nprobability of {self._rule.target_class}"
            importance += ", mean of rounds" if self.n_rounds_ > 1 else ""
        elif self.n_rounds_ > 1:
            importance = "share of all features'\nscores, mean of rounds"
        elif kind == "regression":
            importance = "mean size of the term\n(in SD of the target)"
        else:
            importance = "size of the change of the\ntrue class's probability"
        return decomposed(importance, kind)

    def _after_scores(
        self,
        data: FitData,
        networks: Sequence[TrainedNetwork],
        scores: Sequence[Scores],
        rows: Sequence[np.ndarray],
    ) -> None:
        if self.layer is not None and len(networks) > 1:
            raise ValueError(
                f"layer={self.layer!r} ranks the neurons of one network, and the fitted ensemble "
                f"has {len(networks)}: pass one of its estimators_, or an ensemble of one."
            )
        warn_of_zero_scores(scores, data, rows, self._rule.target_class)
        self._seen = np.any([s.seen for s in scores], axis=0)
        self._hidden_references = [s.hidden_reference for s in scores]
        # Elimination, where it follows, says its own.
        self.n_rounds_, self.linear_replaced_ = 1, False
