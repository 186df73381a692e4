"""Floor 3: ``GIATransformer``."""

from __future__ import annotations

from numbers import Integral

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from sklearn_deeplifft.interventions._models import SCALES
from sklearn_deeplifft.selectors._base import BaseNetworkSelector
from sklearn_deeplifft.selectors._intervention_scorer import BaseInterveningSelector

__all__ = ["GIATransformer"]


class GIATransformer(BaseInterveningSelector):
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
    n_features_to_select : int, float, "auto" or None, default=None
        Number or fraction of features to keep; None keeps half. Resolved when asked for: changing
        it after ``fit`` trains nothing. With ``feature_groups`` it counts groups. ``"auto"`` keeps
        those with ``q_values_`` of at most ``alpha``, which may be none: the networks then read a
        null copy of every column as well.
    threshold : float, str or None, default=None
        Keep features of at least this importance: a number, ``"mean"``, ``"median"`` or
        ``"1.25*mean"``. With ``n_features_to_select`` as well, both must hold.
    alpha : float, default=0.1
        Of ``"auto"``: expected share, above 0 and below 1, of what is kept that says nothing. A
        single feature reaches about ``1 / n_networks``.
    per_class : bool, default=False
        Keep so many features (or ``"auto"``) for each class, of those that speak for it, as
        `support_per_class` lists them.
    interventions : "each" or sequence of Intervention, default="each"
        ``"each"``: every feature is removed and added to where zero means absence (counts and
        sparse columns); every level of a block of ``feature_groups`` is set; any other column is
        shifted up and down by a quarter of the data. Or your own, from
        `sklearn_deeplifft.interventions`; features without any score zero, and one that writes
        several features counts for none of them.
    output : {"features", "effects"}, default="features"
        What ``transform`` returns: the selected columns, or each row's own effects.
    n_background : int, default=1000
        At most so many rows of the data stand for the population.
    scale : {"logit", "proba"}, default="logit"
        Centred logits ``z_c - mean_c z`` (half the log-odds of two classes), or probabilities.
    target_class : label, default=None
        Rank by the signed class score of this class: by how much having
        more of a feature speaks for it, a group as its best level.
    feature_groups : array-like, list of lists, mapping or callable, default=None
        Columns that are one feature, as in `ImportanceNeuronSelector`; written and kept whole.
    null_features : bool, default=False
        Carry a null copy of every column through the same networks, for ``p_values_`` and
        ``q_values_``, whatever is selected; ``n_features_to_select="auto"`` does so by itself.
        Needs ``estimator=None``; training takes about twice the time.
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
    weight_decay : float or "auto", default=0.0
        Times the weights, added to their gradients; ``"auto"`` is 2 over the number of rows.
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
    verbose : int or callable, default=0
        1 prints how far training is and how long it will take; a callable is handed a `Progress`.

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
        1 is best; columns of a group (``feature_groups_`` lists them) share a rank.
    p_values_, q_values_ : ndarray of shape (n_features,)
        Against the null columns of all networks, and after Benjamini & Hochberg; columns of a group
        share them. Only with ``null_features`` or ``"auto"``, as the next two.
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
        Of constant columns, which score zero, and of ``"auto"`` that selects nothing, or has too
        few networks to call a single feature.

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
        "target_class": "no_validation",
        "feature_groups": "no_validation",
        "null_features": ["boolean"],
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
        interventions="each",
        output="features",
        n_background=1000,
        scale="logit",
        target_class=None,
        feature_groups=None,
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
        self.alpha = alpha
        self.per_class = per_class
        self.interventions = interventions
        self.output = output
        self.n_background = n_background
        self.scale = scale
        self.target_class = target_class
        self.feature_groups = feature_groups
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
