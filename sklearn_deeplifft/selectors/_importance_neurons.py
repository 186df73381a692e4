"""``ImportanceNeuronSelector``: features by the gates before the first layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.utils._param_validation import StrOptions

from sklearn_deeplifft.ensembles import (
    NetworkEnsembleClassifier,
    Report,
    has_gates,
)
from sklearn_deeplifft.exceptions import FeatureSelectionWarning, tell
from sklearn_deeplifft.networks import TrainedNetwork, adapter_of
from sklearn_deeplifft.selectors._base import BaseNetworkSelector
from sklearn_deeplifft.selectors._class_scores import row_of
from sklearn_deeplifft.selectors._class_warnings import warn_of_zero_scores
from sklearn_deeplifft.selectors._gate_scorer import GateScorer, groups_of_gates
from sklearn_deeplifft.selectors._quantities import Quantities, decomposed
from sklearn_deeplifft.selectors._reading import Gauge, ReadingPlan, ReadingSettings
from sklearn_deeplifft.selectors._rows_scored import SCORE_ON
from sklearn_deeplifft.selectors._scores import Scores
from sklearn_deeplifft.selectors._sources import Source
from sklearn_deeplifft.tables import FeatureGroups, FitData, find_groups, target_scale

__all__ = ["ImportanceNeuronSelector"]

OWN: dict[str, Any] = {
    "n_networks": 20,
    "path_steps": 500,
    "weight_decay": 0.0,
    "max_epochs": 20,
    "validation_fraction": 0.2,
}
"""Parameters in which the default ensemble differs from that of `DeepLIFFTSelector`."""


class ImportanceNeuronSelector(BaseNetworkSelector):
    """Select features by the gates of many networks, trained as one (importance neurons).

    Before the first layer of a network every feature passes a gate, a single non-negative
    weight. What the gate and the first layer let through together, ``g_i ||W_i||``, is read off
    each network of the ensemble, scaled to sum to one, and averaged.

    A gate alone says little: it may shrink while the weights behind it grow, and two networks
    then disagree. By default the two are tied, a gate being the norm of its column of the first
    layer, and a penalty on the gates rises while the network trains until no feature is left.
    A gate that has closed stays closed, so along the path a higher penalty never has more
    features. Importances are means over the path, from the network's best validation loss on.

    Parameters
    ----------
    estimator : object, default=None
        The networks behind the gates: a `NetworkEnsembleClassifier` or `NetworkEnsembleRegressor`
        that trains gates, which is cloned and trained, or a torch module or skorch net, which then
        has free gates before it. None is `default_estimator`, for the task that ``y`` asks for:
        whole numbers of more than 20 distinct values are a quantity.
    n_features_to_select : int, float, "auto" or None, default=None
        Number or fraction of features to keep; None keeps half. Resolved when asked for: changing
        it after ``fit`` trains nothing. With ``feature_groups`` it counts groups. ``"auto"`` keeps
        those with ``q_values_`` of at most ``alpha``: the networks then read a null copy of every
        column as well. That may be none, which `transform` refuses to hand on.
    threshold : float, str or None, default=None
        Keep features of at least this importance: a number, ``"mean"``, ``"median"`` or
        ``"1.25*mean"``. With ``n_features_to_select`` as well, both must hold.
    alpha : float, default=0.1
        Used with ``"auto"``: expected share, above 0 and below 1, of what is kept that says
        nothing. A single feature reaches about 1 over the number of networks.
    per_class : bool, default=False
        Keep so many features (or ``"auto"``) for each class, of those that speak for it, as
        `support_per_class` lists them.
    target_class : label, default=None
        Rank by the signed class score of this class
        (``feature_importances_`` is its row of ``class_importances_``, a group's largest), rather
        than by gates.
    readout : {"effective", "gate"}, default="effective"
        What is read: ``g_i ||W_i||``, or ``g_i`` alone (the paper). Along a path always the
        former.
    feature_groups : array-like, list of lists, mapping or callable, default=None
        Columns that are one feature (a one-hot block) share a gate and are kept or dropped
        whole: a label for each column, lists of columns, a mapping from names to labels, or a
        callable on names; columns without a label (None, NaN) stay alone. ``||W_i||`` is then
        the norm of all its columns, and the penalty grows with the root of their number: a block
        neither gains nor loses by its width. With ``prefit=True`` those of the network.
    score_on : {"validation", "training", "all", "out_of_fold"}, default="validation"
        Rows behind ``class_importances_``.
    prefit : bool, default=False
        Read the gates of ``estimator`` as they are: of all networks of a fitted ensemble, or of one
        fitted network. Nothing is trained.
    memory : path-like, joblib.Memory or None, default=None
        Keep what ``fit`` finds here: the same fit, with any ``n_features_to_select`` or
        ``threshold``, trains nothing again. Needs an integer ``random_state``.
    random_state : int, RandomState instance or None, default=None
        Also seeds an ensemble that has no ``random_state`` of its own. The same seed gives the same
        bits; global generators are left as they were.
    verbose : int or callable, default=0
        1 prints how far training is and how long it will take; a callable is handed a `Progress`.
        0 leaves it to the ensemble.

    Attributes
    ----------
    feature_importances_ : ndarray of shape (n_features,)
        Mean over networks of what is read; each network's sum to 1 over features (a group's
        columns share its value).
    importances_per_network_ : ndarray of shape (n_networks, n_features)
    importances_std_ : ndarray of shape (n_features,)
        Standard deviation over networks, divisor N - 1; NaN with one.
    importances_interval_ : ndarray of shape (2, n_features)
        95 % bootstrap interval of the mean over networks (expanded percentiles: Hesterberg 2015,
        section 5.2); of fewer than 10 networks it is too narrow, with one NaN.
    mean_ranks_, ranks_std_ : ndarray of shape (n_features,)
        Mean and standard deviation (as above) of a feature's rank, 1 the best, over networks.
    selection_frequency_ : ndarray of shape (n_features,)
        Share of the networks, 0 to 1, that would select the feature at the current cut on their
        own.
    stability_ : float
        Nogueira's index of these selections: 1 for identical ones, about 0 for random ones. NaN
        where all or none are selected; there is none with one network.
    class_importances_ : ndarray of shape (n_classes, n_features)
        Signed, -1 to 1, from the exact decomposition of the same networks: see
        `DeepLIFFTSelector`. Positive speaks for the class.
    class_slopes_ : ndarray of shape (n_classes, n_features)
        What one standard deviation more of a column does to the class's centred logit, from the
        same networks and rows: see `DeepLIFFTSelector`.
    exit_penalties_ : ndarray of shape (n_networks, n_features)
        The penalty at which a gate closed for good; infinite if it never did, as none of a network
        without a hidden layer does. Only with ``gate_penalty="path"``.
    ranking_ : ndarray of shape (n_features,)
        1 is best; columns of a group (``feature_groups_``) share a rank. Of features without any
        importance, the one whose gates closed last comes first.
    p_values_, q_values_ : ndarray of shape (n_features,)
        Share of the null columns of all networks that reach the median over networks of the
        feature's score, above 0 to 1, and the same after Benjamini & Hochberg. Near-copies (any two
        correlated above 0.9) are compared as one, by their sum, and share them, as columns of a
        group do. Only where the networks have read null columns: with ``"auto"``, or an ensemble
        with ``null_features=True``; so are the next two.
    class_p_values_, class_q_values_ : ndarray of shape (n_classes, n_features)
        The same class by class, of the mean size of what the feature does to the probability of
        the class. Its mean, the class score, is about zero of a rare feature that helps the few
        rows that have it as much as the many others miss it. A q-value is no smaller than that of
        standing out in any class.
    decomposition_error_ : float
        Largest relative residual of the decomposition behind ``class_importances_``.
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
    quantities_ : Quantities
        Names of what the importances (``importance``), class scores (``by_class``) and slopes
        (``slope``) measure, as axes show them.
    n_features_in_, feature_names_in_ : as everywhere in scikit-learn.

    Raises
    ------
    NotPiecewiseLinearError
        The network has curvature; the module is named.
    TrainingDivergedError
        The training loss became NaN or infinite.
    ValueError
        NaN or infinity (columns are named), a single class or value, more features asked for
        than there are, a network without gates although ``prefit=True``.

    Warns
    -----
    FeatureSelectionWarning
        Networks that predict no better than chance (``at_chance_``).
        Constant columns, networks that let no feature through, checkpoints that are damaged or
        belong to another fit, and ``"auto"`` that selects nothing, or has too few networks to call
        a single feature.

    See Also
    --------
    NetworkEnsembleClassifier, NetworkEnsembleRegressor, DeepLIFFTSelector

    References
    ----------
    A. Ashraf (2021), *Deep Global Feature Importance Extraction* (importance neurons).
    I. Lemhadri, F. Ruan, L. Abraham, R. Tibshirani (2021), "LassoNet: a neural network with
    feature sparsity", JMLR 22(127) (a penalty path from dense to sparse).
    S. Nogueira, K. Sechidis, G. Brown (2018), "On the stability of feature selection
    algorithms", JMLR 18(174) (``stability_``).

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_deeplifft import ImportanceNeuronSelector
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> four = ImportanceNeuronSelector.default_estimator(n_networks=4)
    >>> selector = ImportanceNeuronSelector(four, n_features_to_select=2, random_state=0)
    >>> list(selector.fit(X, y).get_feature_names_out())
    ['petal length (cm)', 'petal width (cm)']
    >>> selector.importances_per_network_.shape, selector.exit_penalties_.shape
    ((4, 4), (4, 4))
    """

    _parameter_constraints: dict[str, Any] = {
        **BaseNetworkSelector._parameter_constraints,
        "readout": [StrOptions({"effective", "gate"})],
        "score_on": [StrOptions(set(SCORE_ON))],
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
        readout: str = "effective",
        feature_groups: Any = None,
        score_on: str = "validation",
        prefit: bool = False,
        memory: Any = None,
        random_state: Any = None,
        verbose: int | Report = 0,
    ) -> None:
        self.estimator = estimator
        self.n_features_to_select = n_features_to_select
        self.threshold = threshold
        self.alpha = alpha
        self.per_class = per_class
        self.target_class = target_class
        self.readout = readout
        self.feature_groups = feature_groups
        self.score_on = score_on
        self.prefit = prefit
        self.memory = memory
        self.random_state = random_state
        self.verbose = verbose

    @staticmethod
    def _own_defaults(network: Any, *, null_features: bool) -> dict[str, Any]:
        # Gates before a network can only be parameters of their own.
        only_free = adapter_of(network).gate_forms == ("free",)
        return {**OWN, "gates": "free"} if only_free else OWN

    @staticmethod
    def paper_parameters() -> dict[str, Any]:
        """The paper, literally, for a table of standardised columns.

        Free gates from a uniform start, read alone; three blocks of 128 units with L2, noise (not
        in the last) and dropout; one sigmoid per label with the soft F1 loss; Adam 1e-4, batches of
        64, half the rows for validation, 15 epochs of patience, the best epoch restored; 100
        networks.

        Examples
        --------
        >>> from sklearn_deeplifft import ImportanceNeuronSelector
        >>> selector = ImportanceNeuronSelector(**ImportanceNeuronSelector.paper_parameters())
        >>> selector.readout, selector.estimator.gates
        ('gate', 'free')
        """
        ensemble = NetworkEnsembleClassifier(
            n_networks=100,
            gates="free",
            gate_initial="uniform",
            gate_penalty=0.0,
            loss="soft_f1",
            hidden_layer_sizes=(128, 128, 128),
            dropout=0.5,
            noise=0.005,
            l2=1e-3,
            learning_rate=1e-4,
            weight_decay=0.0,
            batch_size=64,
            max_epochs=2000,
            max_steps=None,
            patience=15,
            tol=0.0,
            validation_fraction=0.5,
        )
        return {"estimator": ensemble, "readout": "gate"}

    def _features(self, data: FitData, source: Source) -> FeatureGroups:
        asked = find_groups(self.feature_groups, data.names, data.rows.shape[1])
        own = source.gate_groups
        if own is None:
            return asked
        groups = groups_of_gates(own, data.rows.shape[1])
        if self.feature_groups is not None and not np.array_equal(asked.of_column, own):
            raise ValueError(
                "feature_groups are not those that the gates of the fitted networks were trained "
                "with; leave feature_groups at None to take theirs, or prefit at False to train "
                "gates per group."
            )
        return groups

    def _scorer(self, data: FitData, source: Source) -> GateScorer:
        ensemble = source.ensemble
        _require_gates(source)
        if self.target_class is not None:
            row_of(data.target, self.target_class)  # refuses an unknown class
        rescaled = data.target.kind == "regression" and not source.target_is_standard
        settings = ReadingSettings(drop_normalizer=data.target.kind != "regression")
        columns = np.arange(data.rows.shape[1])
        gauge = Gauge(data.mean, data.std, data.constant)
        self._on_path = source.on_path
        return GateScorer(
            plan=ReadingPlan(settings, gauge, FeatureGroups(columns, columns)),
            data=data,
            groups=self._groups,
            units=target_scale(data)[1] if rescaled else None,
            target_class=self.target_class,
            readout=self.readout,
            on_path=self._on_path,
            reads_weights=self.readout == "effective" or bool(ensemble.gate_penalty),
            in_front=not adapter_of(ensemble.network).built_here,
        )

    def _quantities(self, kind: str) -> Quantities:
        share = "share of the gates,\nmean over networks"
        one = f"mean change of the\nprobability of {self.target_class}"
        return decomposed(share if self.target_class is None else one, kind)

    def _after_scores(
        self,
        data: FitData,
        networks: Sequence[TrainedNetwork],
        scores: Sequence[Scores],
        rows: Sequence[np.ndarray],
    ) -> None:
        warn_of_zero_scores(scores, data, rows, self.target_class)
        self._seen = np.any([s.seen for s in scores], axis=0)
        if self.target_class is None:
            _warn_closed(scores)
        self._forget("exit_penalties_")
        exits = [t.gates.exit.numpy() for t in networks if t.gates is not None]
        if exits and self._on_path:
            features = np.array(exits)[:, : len(self._groups.first)]  # null columns' come behind
            self.exit_penalties_ = self._groups.spread(features)

    def _second_importances(self) -> np.ndarray | None:
        """Features that closed before they were read differ in how long they held out."""
        exits = vars(self).get("exit_penalties_")
        return None if exits is None else np.minimum(exits, 1).mean(axis=0)


def _require_gates(source: Source) -> None:
    """Refuse an ensemble that trains no gates, before it is trained."""
    if source.prefit or has_gates(source.ensemble):
        return
    adapter = adapter_of(source.ensemble.network)
    if not adapter.gate_forms:
        raise TypeError(
            f"{type(adapter.network).__name__} cannot be trained with gates before it; "
            "pass None, a torch module or a skorch net."
        )
    remedy = "gates='tied' and a gate_penalty" if "tied" in adapter.gate_forms else "gates='free'"
    raise ValueError(
        f"the ensemble trains no gates (gates={source.ensemble.gates!r}, gate_penalty="
        f"{source.ensemble.gate_penalty!r}), and gates are what is read; set {remedy}."
    )


def _warn_closed(scores: Sequence[Scores]) -> None:
    closed = sum(not s.overall.any() for s in scores)
    if closed:
        whose = "its" if closed == 1 else "their"
        warning = FeatureSelectionWarning(
            f"{closed} of {len(scores)} networks let no feature through; {whose} importances are "
            "0, and lower every mean.",
            "Lower gate_penalty, or begin with gate_initial='one'.",
        )
        tell(warning)
