"""Floor 3: ``GIATransformer``."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn.utils import check_array, check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from sklearn_deeplifft._base import BaseNetworkSelector
from sklearn_deeplifft._fit_data import FitData, target_scale
from sklearn_deeplifft._training import ScoreFunction, Scores
from sklearn_deeplifft.attribution import Surface
from sklearn_deeplifft.interventions._background import weighted_rows
from sklearn_deeplifft.interventions._bind import bind
from sklearn_deeplifft.interventions._each import each_feature
from sklearn_deeplifft.interventions._effects import (
    InterventionEffects,
    Population,
    Support,
    effects_from,
    effects_on,
    network_effects,
    supports,
)
from sklearn_deeplifft.interventions._importances import averages_of
from sklearn_deeplifft.interventions._models import (
    SCALES,
    Ensemble,
    engine_error,
    output_names,
    scale_of,
    split,
    surface_of,
)
from sklearn_deeplifft.interventions._null_copies import (
    NullScores,
    Significance,
    against_nulls,
    beside_nulls,
    on_nulls,
)
from sklearn_deeplifft.interventions._statistics import Moments, changes
from sklearn_deeplifft.interventions._values import Intervention
from sklearn_deeplifft.networks import Trained, network_kind

__all__ = ["GIATransformer"]

QUANTILES = (0.05, 0.5, 0.95)


class GIATransformer(BaseNetworkSelector):
    """Select features by what networks do when they are set, or return these effects row by row.

    Global importance analysis: an intervention T writes some columns of every row of a background,
    and its effect is the mean change of the prediction, ``mean_n [ f_c(T x_n) - f_c(x_n) ]``. It
    answers "what if", for a population, with its uncertainty, and for any network.

    Parameters
    ----------
    estimator : object, default=None
        None (``n_networks`` ReLU networks of ``hidden_layer_sizes``), a torch module class or
        instance, an unfitted skorch net, or scikit-learn's ``MLPClassifier`` or ``MLPRegressor``;
        with ``prefit=True`` a fitted one.
    n_features_to_select : int, float or None, default=None
        Number or fraction of features to keep; None keeps half. Resolved when asked for: changing
        it after ``fit`` trains nothing. With ``groups`` it counts groups.
    threshold : float, str or None, default=None
        Keep features of at least this importance: a number, ``"mean"``, ``"median"`` or
        ``"1.25*mean"``. With ``n_features_to_select`` as well, both must hold.
    interventions : "each" or sequence of Intervention, default="each"
        ``"each"``: every feature is removed and added to where zero means absence (counts and
        sparse columns); every level of a block of ``groups`` is set; any other column is shifted
        up and down by a quarter of the data. Or your own, from
        `sklearn_deeplifft.interventions`; features without any score zero, and one that writes
        several features counts for none of them.
    output : {"features", "effects"}, default="features"
        What ``transform`` returns: the selected columns, or each row's own effects.
    n_background : int, default=1000
        At most so many rows of the data stand for the population.
    scale : {"logit", "proba"}, default="logit"
        Centred logits ``z_c - mean_c z`` (half the log-odds of two classes), or probabilities.
    groups : array-like, list of lists, mapping or callable, default=None
        Columns that are one feature, as in `ImportanceNeuronSelector`; written and kept whole.
    null_features : bool, default=False
        Carry a permuted copy of every column through the same networks, for ``p_values_`` and
        ``q_values_``. The smallest q-value that a single feature can reach is about
        ``1 / n_networks``. Needs ``estimator=None``; training takes about twice the time.
    n_networks : int, default=10
        Networks trained, each with its own seed and its own held-out fold.
    task : {"auto", "classification", "regression"}, default="auto"
    class_weight : dict, "balanced" or None, default=None
        Weight of each class in the training loss.
    standardize : bool, default=True
        Put ``(x - mean) / standard deviation`` in front of the network; sparse columns are
        scaled but not centred. Ignored with ``prefit=True``.
    prefit : bool, default=False
        ``estimator`` is fitted: only read it.
    hidden_layer_sizes : sequence of int, default=(200, 100)
    dropout : float, default=0.0
    learning_rate : float, default=1e-3
        Of Adam.
    weight_decay : float, default=0.0
    batch_size : int, default=128
    max_epochs : int, default=100
    patience : int or None, default=10
        Epochs without a better validation loss before training stops; the best epoch is kept.
    validation_fraction : float, default=0.2
        Share of the rows held out from each network, as one of ``round(1 / validation_fraction)``
        folds.
    n_jobs : int or None, default=None
        Threads that train default networks; the result does not depend on it.
    checkpoint_dir : path-like or None, default=None
        Keep finished default networks here; the same fit, killed, goes on from there.
    memory : path-like, joblib.Memory or None, default=None
        Keep fits here: the same with another cut trains nothing. Needs a seed.
    device : str, default="cpu"
        Where networks are trained; they are read on the CPU.
    dtype : {"float32", "float64"} or None, default=None
        Precision in which networks are read; None is their own.
    random_state : int, RandomState instance or None, default=None
        The same seed gives the same bits; global generators are left as they were.
    verbose : int, default=0
        1 prints how far training is and how long it will take.

    Attributes
    ----------
    effects_ : ndarray of shape (n_interventions, n_outputs)
        Mean change of each class (in the order of ``classes_``), label or target; positive speaks
        for the class. ``transform(background_)`` with ``output="effects"`` has this mean, exactly.
    effects_se_ : ndarray of shape (n_interventions, n_outputs)
        Monte-Carlo error of the mean over background rows. It shrinks with their number, so it is
        no evidence that an effect is real.
    effects_std_ : ndarray of shape (n_interventions, n_outputs)
        Standard deviation over networks; NaN with one.
    effects_interval_ : ndarray of shape (2, n_interventions, n_outputs)
        95 % interval of the mean over networks, Student's t; NaN with one network. It speaks of
        another training on the same data, not of other data.
    intervention_effects_ : InterventionEffects
        The same with support, off-manifold shares and correlated partners; ``to_frame()``.
    interventions_ : list of Intervention
        What was done, in the order of ``effects_``.
    background_ : array, sparse matrix or DataFrame of shape (n_background, n_features)
        The rows that stand for the population.
    feature_importances_ : ndarray of shape (n_features,)
        Non-negative: mean size of a row's change, over rows, classes and the feature's
        interventions. In regression in standard deviations of the target.
    class_importances_ : ndarray of shape (n_classes, n_features)
        Signed: mean effect of having more of the feature (of the level, for a column of a block);
        positive speaks for the class.
    ranking_ : ndarray of shape (n_features,)
        1 is best; columns of a group (``groups_`` lists them) share a rank.
    p_values_, q_values_ : ndarray of shape (n_features,)
        Against the null features, and after Benjamini & Hochberg. Only with ``null_features``,
        as the next two.
    class_p_values_, class_q_values_ : ndarray of shape (n_classes, n_features)
        The same of the effects on each class.
    importances_per_network_, importances_std_, importances_interval_ : ndarray
    mean_ranks_, ranks_std_, selection_frequency_, stability_ : ndarray, float
        As in `ImportanceNeuronSelector`.
    decomposition_error_ : float
        Largest relative difference between low-rank updates and whole forward passes, on a few
        rows and interventions; 0 where whole passes are all that is run.
    estimators_, estimator_ : list of networks, the first of them
        They take raw rows.
    classes_ : ndarray of shape (n_classes,), or list of them
    n_features_in_, feature_names_in_ : as everywhere in scikit-learn.

    Raises
    ------
    TrainingDivergedError
        The training loss became NaN or infinite.
    ValueError
        NaN or infinity (columns are named), a single class, unknown columns, a part of a block,
        more features asked for than there are.

    Warns
    -----
    FeatureSelectionWarning
        Of constant columns, which score zero.

    See Also
    --------
    DeepLIFFTSelector, ImportanceNeuronSelector

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
    >>> gia = GIATransformer(n_features_to_select=2, n_networks=3, random_state=0).fit(X, y)
    >>> list(gia.get_feature_names_out())
    ['petal length (cm)', 'petal width (cm)']
    >>> effects = gia.set_params(output="effects").transform(gia.background_)
    >>> bool((effects.mean(0) == gia.effects_.ravel()).all())
    True
    """

    _parameter_constraints: dict = {
        **{
            name: rule
            for name, rule in BaseNetworkSelector._parameter_constraints.items()
            if name not in ("step", "score_on")
        },
        "estimator": "no_validation",
        "interventions": [StrOptions({"each"}), list, tuple],
        "output": [StrOptions({"features", "effects"})],
        "n_background": [Interval(Integral, 2, None, closed="left")],
        "scale": [StrOptions(set(SCALES))],
        "groups": "no_validation",
        "null_features": ["boolean"],
        "dtype": [None, StrOptions({"float32", "float64"})],
    }

    def __init__(
        self,
        estimator=None,
        *,
        n_features_to_select=None,
        threshold=None,
        interventions="each",
        output="features",
        n_background=1000,
        scale="logit",
        groups=None,
        null_features=False,
        n_networks=10,
        task="auto",
        class_weight=None,
        standardize=True,
        prefit=False,
        hidden_layer_sizes=(200, 100),
        dropout=0.0,
        learning_rate=1e-3,
        weight_decay=0.0,
        batch_size=128,
        max_epochs=100,
        patience=10,
        validation_fraction=0.2,
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
        self.interventions = interventions
        self.output = output
        self.n_background = n_background
        self.scale = scale
        self.groups = groups
        self.null_features = null_features
        self.n_networks = n_networks
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

    def get_feature_names_out(self, input_features=None):
        """Names of the selected features, or of the effects: ``set(GATA1=2)->enhancer``."""
        check_is_fitted(self, "ranking_")
        if self.output == "features":
            return super().get_feature_names_out(input_features)
        found = self.intervention_effects_
        names = [f"{name}->{output}" for name in found.names for output in found.outputs]
        return np.array(names, dtype=object)

    def transform(self, X):
        """Reduce X to the selected features, or return each row's own effects.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        array of shape (n_samples, n_selected_features)
            With ``output="effects"`` (n_samples, n_interventions * n_outputs) in float64: the
            change of each output by each intervention, averaged over networks.
        """
        check_is_fitted(self, "ranking_")
        return super().transform(X)

    def _transform(self, X):
        if self.output == "features":
            return super()._transform(X)
        X = check_array(X, accept_sparse=("csr", "csc"))  # transform has checked the names
        rows = _as_dense(X)
        found = self._ensemble(rows)
        blocks = changes(found.surfaces, rows, self.interventions_, len(found.outputs))
        return np.hstack([total.reshape(len(rows), -1) for total, *_ in blocks])

    def _extra_settings(self, data: FitData) -> dict[str, Any]:
        return {}

    def _require_readable(self, data: FitData, trained: Trained | None) -> None:
        if trained is not None:
            few = data.rows.take(data.index[:2])
            self._surface(trained, np.hstack([few, few]) if self.null_features else few)

    def _score_function(self, data: FitData) -> ScoreFunction:
        if self.null_features and self.prefit:
            raise ValueError(
                "null_features=True trains networks with null columns, and prefit=True trains "
                "none; use one of the two."
            )
        self._target = replace(data.target, codes=data.target.codes[:0])
        base = self._choose_background(data)
        self.interventions_ = self._bound(base, data)
        self._averages = averages_of(self.interventions_, base, self._groups)
        self._null_scores: list[NullScores] = []
        # Our own regression networks are trained, and here scored, on a standardised target.
        ours = network_kind(self.estimator) == "default" and not self.prefit
        rescaled = data.target.kind == "regression" and not ours
        units = target_scale(data)[1] if rescaled else np.ones(1)

        def score(trained: Trained, index: np.ndarray, columns: np.ndarray) -> Scores:
            if trained.with_nulls is not None:
                return self._scored_beside_nulls(trained, base)
            surface = self._surface(trained, base)
            effects, sizes = network_effects(surface, base, self.interventions_)
            error = engine_error(surface, split(trained), base, self.interventions_)
            return self._as_scores(effects / units, sizes / units, error)

        return score

    def _choose_background(self, data: FitData) -> np.ndarray:
        """Rows that stand for the population, in proportion to their weights."""
        rng = check_random_state(self.random_state)
        self._seed = int(rng.randint(2**31 - 1))
        own = np.random.RandomState(self._seed)
        index = weighted_rows(data.index, data.score_weight, self.n_background, own)
        rows = data.rows.take(index)
        if data.rows.sparse:
            self.background_ = sp.csr_matrix(rows)
        elif data.names is not None:
            self.background_ = pd.DataFrame(rows, columns=data.names)
        else:
            self.background_ = rows
        return rows.astype(np.float64)

    def _bound(self, base: np.ndarray, data: FitData) -> list[Intervention]:
        if isinstance(self.interventions, str):
            asked = each_feature(base, data.names, self._groups)
        else:
            asked = list(self.interventions)
        bound = [bind(one, base, data.names, self._groups) for one in asked]
        if not bound:
            raise ValueError(
                "there is nothing to intervene on: interventions is empty, or every column holds "
                "a single value among the background rows. Pass interventions, or more rows."
            )
        return bound

    def _surface(self, trained: Trained, few: np.ndarray) -> Surface:
        """A network as a function of raw rows, on the scale asked for."""
        scaled = partial(scale_of, self._target, proba=self.scale == "proba")
        return surface_of(split(trained), few[:2], scaled, self.dtype)

    def _scored_beside_nulls(self, trained: Trained, base: np.ndarray) -> Scores:
        """Real and null columns are measured alike: neither is held fixed while the other moves."""
        d = base.shape[1]
        both = beside_nulls(base, self._seed)
        bound = [*self.interventions_, *on_nulls(self.interventions_, d)]
        surface = self._surface(trained, both)
        effects, sizes = network_effects(surface, both, bound)
        m = len(self.interventions_)
        self._null_scores.append(NullScores.of(self._averages, effects, sizes))
        error = engine_error(surface, split(trained), both, self.interventions_)
        return self._as_scores(effects[:m], sizes[:m], error)

    def _as_scores(self, effects: np.ndarray, sizes: np.ndarray, error: float) -> Scores:
        by_class = self._averages.by_class(effects)
        overall = self._groups.spread(self._averages.overall(sizes))
        return Scores(overall, by_class, np.ones(len(by_class), dtype=bool), error)

    def _after_fit(self, data: FitData) -> None:
        base = _as_dense(self.background_)
        found = self._ensemble(base)
        moments = effects_on(found, base, self.interventions_, QUANTILES)
        population = Population(data.rows, data.names, self._groups)
        nearby = supports(population, base, self.interventions_, np.random.RandomState(self._seed))
        self._keep(moments, nearby, population, found, len(base))
        significance = against_nulls(self._null_scores, self._averages.touched, self._groups)
        for name in Significance._fields:
            if significance is not None:
                setattr(self, f"{name}_", getattr(significance, name))
            elif hasattr(self, f"{name}_"):  # of an earlier fit
                delattr(self, f"{name}_")

    def _keep(
        self, moments: Moments, near: Support, population: Population, found: Ensemble, n: int
    ) -> None:
        counts = np.full(len(self.interventions_), n)
        self.intervention_effects_: InterventionEffects = effects_from(
            moments,
            near,
            self.interventions_,
            population,
            found,
            counts,
            "data",
            self.scale,
            QUANTILES,
        )
        self.effects_ = self.intervention_effects_.effects
        self.effects_se_ = self.intervention_effects_.standard_errors
        self.effects_std_ = self.intervention_effects_.network_std
        self.effects_interval_ = self.intervention_effects_.interval

    def _ensemble(self, rows: np.ndarray) -> Ensemble:
        surfaces = [self._surface(trained, rows) for trained in self._networks]
        return Ensemble(surfaces, output_names(self._target))


def _as_dense(X: Any) -> np.ndarray:
    return np.array(X.toarray() if sp.issparse(X) else X, dtype=np.float64)
