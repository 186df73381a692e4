"""``GIATransformer``: features by what happens when they are set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn.utils import check_array
from sklearn.utils._param_validation import Interval, StrOptions, validate_parameter_constraints
from sklearn.utils.validation import check_is_fitted

from sklearn_deeplifft.ensembles import Report
from sklearn_deeplifft.interventions import Intervention
from sklearn_deeplifft.interventions._background import weighted_rows
from sklearn_deeplifft.interventions._effects import (
    Population,
    effects_from,
    effects_on,
    row_effects,
    supports,
)
from sklearn_deeplifft.interventions._importances import averages_of
from sklearn_deeplifft.interventions._models import SCALES, Ensemble, output_names
from sklearn_deeplifft.interventions.interactions._pair_columns import (
    PairColumns,
    strongest_pairs,
)
from sklearn_deeplifft.interventions.interactions._unseen import Unseen
from sklearn_deeplifft.selectors._base import BaseNetworkSelector
from sklearn_deeplifft.selectors._class_scores import row_of
from sklearn_deeplifft.selectors._intervention_scorer import (
    InterventionScorer,
    ResponseSettings,
    bound_to,
)
from sklearn_deeplifft.selectors._quantities import Quantities, effects
from sklearn_deeplifft.selectors._sources import Source
from sklearn_deeplifft.sequences import position_groups
from sklearn_deeplifft.tables import FeatureGroups, FitData, find_groups, group_labels, target_scale

__all__ = ["GIATransformer"]

OWN: dict[str, Any] = {
    "n_networks": 10,
    "hidden_layer_sizes": (200, 100),
    "gates": None,
    "dropout": 0.0,
    "learning_rate": 1e-3,
    "weight_decay": 0.0,
    "max_epochs": 100,
    "max_steps": None,
    "validation_fraction": 0.2,
}
"""Parameters in which the default ensemble differs from that of `DeepLIFFTSelector`."""

QUANTILES = (0.05, 0.5, 0.95)


class GIATransformer(BaseNetworkSelector):
    """Select features by what networks do when they are set, or return these effects row by row.

    Global importance analysis: an intervention T writes some columns of every row of a background,
    and its effect is the mean change of the prediction, ``mean_n [ f_c(T x_n) - f_c(x_n) ]``. It
    answers "what if", for a population, with its uncertainty, and for any network.

    Parameters
    ----------
    estimator : object, default=None
        The networks: a `NetworkEnsembleClassifier` or `NetworkEnsembleRegressor`, which is cloned
        and trained, or anything that one takes as ``network`` (a torch module, a skorch net,
        scikit-learn's perceptron). None is `default_estimator`, for the task that ``y`` asks for:
        whole numbers of more than 20 distinct values are a quantity. With ``"auto"`` it is
        ``default_estimator(null_features=True)``: networks under a penalty that closes columns
        which say nothing. Without one, they make about as much of a null column as of a real one.
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
        Rank by the signed class score of this class: by how much having
        more of a feature speaks for it, a group as its best level.
    interventions : "each" or sequence of Intervention, default="each"
        ``"each"``: every feature is removed and added to where zero means absence (counts and
        sparse columns); a column of two values is set to either, a block of ``feature_groups`` to
        every level; any other column is shifted up and down by a quarter of the data. A group of
        many levels whose sum never changes (several positions), or with one-hot columns in it, gets
        the values of another row. Or your own, from `sklearn_deeplifft.interventions`; features
        without any score zero, and one that writes several features counts for none of them.
    pairs : int or None, default=None
        Columns for so many pairs of features behind those that ``transform`` returns otherwise: the
        strongest, by the root mean square of their second differences over rows of the background
        (several targets in standard deviations of each), and what the two make together of each
        row's prediction, which is 0 where effects add up. A linear model behind the transformer can
        then say what no sum of columns says. None has none. Rows that the networks were trained on
        are read, as in stacking, by those that have held them out, if any has: of fewer networks
        than ``1 / validation_fraction`` all read the others, and promise more than they keep.
    output : {"features", "effects"}, default="features"
        What ``transform`` returns: the selected columns, or each row's own effects, by all networks
        on every row, so that their mean is ``effects_``; a model that is trained on effects of rows
        that networks were trained on leans on what these know, so give it those of other rows.
    n_background : int, default=1000
        At most so many rows of the data stand for the population.
    scale : {"logit", "proba"}, default="logit"
        Centred logits ``z_c - mean_c z`` (half the log-odds of two classes), or probabilities.
    feature_groups : array-like, list of lists, mapping or callable, default=None
        Columns that are one feature, as in `ImportanceNeuronSelector`; written and kept whole.
        None: where the networks are an `OneHotNetwork` (`motif_pool`, say), the columns of each
        position are one, as by ``position_groups``, since a row with two letters at a position, or
        with none, is no sequence; with other networks of encoded sequences, pass these groups.
    prefit : bool, default=False
        Read ``estimator`` as it is: all networks of a fitted ensemble, or one fitted network, whose
        columns are taken as they are. Nothing is trained, and nothing eliminated.
    memory : path-like, joblib.Memory or None, default=None
        Keep fits here: the same with another cut trains nothing. Needs a seed.
    dtype : {"float32", "float64"} or None, default=None
        Precision in which networks are read; None is their own.
    random_state : int, RandomState instance or None, default=None
        Also seeds an ensemble that has no ``random_state`` of its own. The same seed gives the same
        bits; global generators are left as they were.
    verbose : int or callable, default=0
        1 prints how far training is and how long it will take; a callable is handed a `Progress`.
        0 leaves it to the ensemble.

    Attributes
    ----------
    effects_ : ndarray of shape (n_interventions, n_outputs)
        Mean change of each class (in the order of ``classes_``), label or target; positive speaks
        for the class. ``transform(background_)`` with ``output="effects"`` has this mean, exactly.
    effects_se_ : ndarray of shape (n_interventions, n_outputs)
        Monte-Carlo error of the mean over background rows, of which one that its weight repeats is
        one. It shrinks with their number, so it is no evidence that an effect is real.
    effects_std_ : ndarray of shape (n_interventions, n_outputs)
        Standard deviation over networks, divisor N - 1; NaN with one.
    effects_interval_ : ndarray of shape (2, n_interventions, n_outputs)
        95 % interval of the mean over networks, Student's t; NaN with one network. It speaks of
        another training on the same data, not of other data.
    intervention_effects_ : InterventionEffects
        The same with support, off-manifold shares and correlated partners; ``to_frame()``.
    interventions_ : list of Intervention
        What was done, in the order of ``effects_``.
    pairs_ : list of tuple
        With ``pairs``: the two features of each, by name, or position where ``fit`` was given none;
        the strongest first.
    background_ : array, sparse matrix or DataFrame of shape (n_background, n_features)
        The rows that stand for the population.
    feature_importances_ : ndarray of shape (n_features,)
        Non-negative: mean size of a row's change, over rows, classes and the feature's
        interventions; what is added, removed or set counts for one standard deviation of the column
        at most, and a level of a block as often as it is met. So a column that hardly any row has
        is not first for what networks guess of rows unlike all that they know. In regression in
        standard deviations of the target.
    class_importances_ : ndarray of shape (n_classes, n_features)
        Signed: mean effect of having more of the feature (of the level, for a column of a block),
        for one standard deviation of it at most; positive speaks for the class.
    ranking_ : ndarray of shape (n_features,)
        1 is best; columns of a group (``feature_groups_`` lists them) share a rank.
    p_values_, q_values_ : ndarray of shape (n_features,)
        Share of the null columns of all networks that reach the median over networks of the
        feature's score, above 0 to 1, and the same after Benjamini & Hochberg. Near-copies (any two
        correlated above 0.9) are compared as one, by their sum, and share them, as columns of a
        group do. Only where the networks have read null columns: with ``"auto"``, or an ensemble
        with ``null_features=True``; so are the next two.
    class_p_values_, class_q_values_ : ndarray of shape (n_classes, n_features)
        The same of the effects on each class; q no smaller than that of standing out in any.
    importances_per_network_, importances_std_, importances_interval_ : ndarray
    mean_ranks_, ranks_std_, selection_frequency_, stability_ : ndarray, float
        As in `ImportanceNeuronSelector`.
    decomposition_error_ : float
        Largest relative difference between low-rank updates and whole forward passes, on a few
        rows and interventions; 0 where whole passes are all that is run.
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
        Names of what the importances (``importance``) and class scores (``by_class``) measure, as
        axes show them.
    n_features_in_, feature_names_in_ : as everywhere in scikit-learn.

    Raises
    ------
    TrainingDivergedError
        The training loss became NaN or infinite.
    ValueError
        NaN or infinity (columns are named), a single class or value, unknown columns, a part of
        a block, more features asked for than there are.

    Warns
    -----
    FeatureSelectionWarning
        Networks that predict no better than chance (``at_chance_``); constant columns, which score
        zero; ``"auto"`` that selects nothing, or has too few networks to call a single feature.

    See Also
    --------
    NetworkEnsembleClassifier, NetworkEnsembleRegressor, DeepLIFFTSelector, ImportanceNeuronSelector

    References
    ----------
    P. K. Koo, A. Majdandzic, M. Ploenzke, P. Anand, S. B. Paul (2021), "Global importance
    analysis: An interpretability method to quantify importance of genomic features in deep
    neural networks", PLoS Computational Biology 17(5): e1008925.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_deeplifft import GIATransformer
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> three = GIATransformer.default_estimator(n_networks=3)
    >>> gia = GIATransformer(three, n_features_to_select=2, random_state=0).fit(X, y)
    >>> list(gia.get_feature_names_out())
    ['petal length (cm)', 'petal width (cm)']
    >>> effects = gia.set_params(output="effects").transform(gia.background_)
    >>> bool((effects.mean(0) == gia.effects_.ravel()).all())
    True
    """

    _pair_columns: PairColumns | None = None

    _parameter_constraints: dict[str, Any] = {
        **BaseNetworkSelector._parameter_constraints,
        "interventions": [StrOptions({"each"}), list, tuple],
        "pairs": [None, Interval(Integral, 1, None, closed="left")],
        "output": [StrOptions({"features", "effects"})],
        "n_background": [Interval(Integral, 2, None, closed="left")],
        "scale": [StrOptions(set(SCALES))],
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
        interventions: str | Sequence[Intervention] = "each",
        pairs: int | None = None,
        output: str = "features",
        n_background: int = 1000,
        scale: str = "logit",
        feature_groups: Any = None,
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
        self.interventions = interventions
        self.pairs = pairs
        self.output = output
        self.n_background = n_background
        self.scale = scale
        self.feature_groups = feature_groups
        self.prefit = prefit
        self.memory = memory
        self.dtype = dtype
        self.random_state = random_state
        self.verbose = verbose

    @staticmethod
    def _own_defaults(network: Any, *, null_features: bool) -> dict[str, Any]:
        # Without a penalty, networks give every column about the same; null ones as well.
        return {} if null_features else OWN

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the selected features, or of the effects: ``set(GATA1=2)->enhancer``."""
        check_is_fitted(self, "ranking_")
        self._require_output()
        if self.output == "features":
            names = np.asarray(super().get_feature_names_out(input_features)).tolist()
        else:
            found = self.intervention_effects_
            names = [f"{name}->{output}" for name in found.names for output in found.outputs]
        titles = [] if self._pair_columns is None else self._pair_columns.titles()
        return np.array([*names, *titles], dtype=object)

    def transform(self, X: Any) -> Any:
        """Reduce X to the selected features, or return each row's own effects.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        array of shape (n_samples, n_selected_features)
            With ``output="effects"`` (n_samples, n_interventions * n_outputs) in float64: the
            change of each output by each intervention, averaged over networks. With ``pairs``
            columns of pairs stand behind: one for each pair, or for each pair and class
            (target, label) where there are more than two.
        """
        check_is_fitted(self, "ranking_")
        return super().transform(X)

    def _require_output(self) -> None:
        """Check ``output``, which may have been set since ``fit`` checked it."""
        limits = {"output": self._parameter_constraints["output"]}
        validate_parameter_constraints(limits, {"output": self.output}, type(self).__name__)

    def _transform(self, X: Any) -> Any:
        self._require_output()
        first = super()._transform(X) if self.output == "features" else self._effects_of(X)
        if self._pair_columns is None:
            return first
        rows = _as_dense(X)
        return self._pair_columns.beside(first, self._ensemble(rows), rows)

    def inverse_transform(self, X: Any) -> Any:
        """Selected columns in their places, and 0 in those of the others.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_selected_features)
            Columns of pairs may stand behind them, and are left out.

        Returns
        -------
        array of shape (n_samples, n_features)
        """
        check_is_fitted(self, "ranking_")
        if self._pair_columns is not None:
            X = self._pair_columns.left_out(X, int(self._get_support_mask().sum()))
        return super().inverse_transform(X)

    def _effects_of(self, X: Any) -> np.ndarray:
        rows, base = _as_dense(X), _as_dense(self.background_)
        return row_effects(self._ensemble(rows), rows, self.interventions_, base)

    def _features(self, data: FitData, source: Source) -> FeatureGroups:
        """Columns that are one feature: those that were given, else a sequence's positions."""
        K = None if self.feature_groups is not None else source.n_letters(data)
        d = data.rows.shape[1]
        if K is None or K == 1 or d % K:  # the network itself says what is wrong with its width
            return super()._features(data, source)
        return find_groups(position_groups(d // K, K), data.names, d)

    def _scorer(self, data: FitData, source: Source) -> InterventionScorer:
        if self.target_class is not None:
            row_of(data.target, self.target_class)  # refuses an unknown class
        self._background_seed = seed = int(np.random.RandomState(self._seed).randint(2**31 - 1))
        index = weighted_rows(
            data.index, data.score_weight, self.n_background, np.random.RandomState(seed)
        )
        self._repeats = np.bincount(index)[index].astype(np.float64)
        rows = data.rows.take(index)
        self.background_ = _as_given(rows, data)
        base = rows.astype(np.float64)
        self.interventions_ = bound_to(self.interventions, base, data.names, self._groups)
        target = replace(data.target, codes=data.target.codes[:0])
        self._response_settings = ResponseSettings(target, self.scale, self.dtype)
        rescaled = data.target.kind == "regression" and not source.target_is_standard
        return InterventionScorer(
            settings=self._response_settings,
            interventions=self.interventions_,
            averages=averages_of(self.interventions_, base, self._groups),
            groups=self._groups,
            background=base,
            units=target_scale(data)[1] if rescaled else np.ones(1),
            target_class=self.target_class,
            seed=seed,
        )

    def _quantities(self, kind: str) -> Quantities:
        return effects(kind, self.scale, self.target_class)

    def _after_fit(self, data: FitData) -> None:
        base = _as_dense(self.background_)
        found = self._ensemble(base)
        moments = effects_on(found, base, self.interventions_, QUANTILES, self._repeats)
        population = Population(data.rows, data.names, self._groups)
        rng = np.random.RandomState(self._background_seed)
        self.intervention_effects_ = effects_from(
            moments,
            supports(population, base, self.interventions_, rng, by_value=True),
            self.interventions_,
            population,
            found,
            counts=np.full(len(self.interventions_), len(base)),
            which="data",
            scale=self.scale,
            quantiles=QUANTILES,
        )
        self.effects_ = self.intervention_effects_.effects
        self.effects_se_ = self.intervention_effects_.standard_errors
        self.effects_std_ = self.intervention_effects_.network_std
        self.effects_interval_ = self.intervention_effects_.interval
        self._keep_pairs(found, base, data)

    def _keep_pairs(self, found: Ensemble, base: np.ndarray, data: FitData) -> None:
        self._pair_columns = None
        self._forget("pairs_")
        if self.pairs is not None:
            rng = np.random.RandomState(self._background_seed)
            asked = found, base, self._groups, data.names, self.pairs, rng
            self._pair_columns = strongest_pairs(
                *asked,
                data=data,
                labels=group_labels(self.feature_groups, data.names, base.shape[1]),
                unseen=Unseen.of_table(self.estimator_, data),
            )
            self.pairs_ = self._pair_columns.of_names(data.names)

    def _ensemble(self, rows: np.ndarray) -> Ensemble:
        responses = [self._response_settings.response(t, rows) for t in self.estimator_._networks]
        return Ensemble(responses, output_names(self._response_settings.target))


def _as_given(rows: np.ndarray, data: FitData) -> Any:
    """Rows in the form of the table: sparse, named, or plain."""
    if data.rows.sparse:
        return sp.csr_matrix(rows)
    return rows if data.names is None else pd.DataFrame(rows, columns=data.names)


def _as_dense(X: Any) -> np.ndarray:
    X = check_array(X, accept_sparse=("csr", "csc"))  # of a frame, transform has checked the names
    return np.array(X.toarray() if sp.issparse(X) else X, dtype=np.float64, order="F")
