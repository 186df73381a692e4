"""Floor 3: ``ImportanceNeuronSelector``."""

from __future__ import annotations

from numbers import Integral, Real

from sklearn.utils._param_validation import Interval, StrOptions

from sklearn_deeplifft.selectors._base import BaseNetworkSelector
from sklearn_deeplifft.selectors._gate_scorer import BaseGatedSelector

__all__ = ["ImportanceNeuronSelector"]


class ImportanceNeuronSelector(BaseGatedSelector):
    """Select features by the gates of many networks, trained as one (importance neurons).

    Before the first layer of a network every feature passes a gate, a single non-negative
    weight. What the gate and the first layer let through together, ``g_i ||W_i||``, is read off
    each of ``n_networks`` networks, scaled to sum to one, and averaged.

    A gate alone says little: it may shrink while the weights behind it grow, and two networks
    then disagree. By default the two are tied, a gate being the norm of its column of the first
    layer, and a penalty on the gates rises while the network trains until no feature is left.
    A gate that has closed stays closed, so along the path a higher penalty never has more
    features. Importances are means over the path, from the network's best validation loss on.

    Parameters
    ----------
    estimator : object, default=None
        The network behind the gates: None (ReLU layers of ``hidden_layer_sizes``), a torch module
        class or instance, or an unfitted skorch net; with ``prefit=True`` a fitted network of
        this class. Networks of your own are trained one after another, with gates that are
        parameters of their own.
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
    n_networks : int, default=20
        Networks trained and averaged, each with its own seed and its own held-out fold.
    gates : {"tied", "free"}, default="tied"
        ``"free"`` makes gates parameters of their own, projected to non-negative numbers after
        every step (the paper).
    gate_initial : {"one", "uniform"}, default="one"
        Free gates at first; ``"uniform"`` draws from (-0.05, 0.05) and clips (the paper), which
        closes half of them before the first step.
    gate_penalty : "path" or float, default="path"
        Group penalty on ``g_i ||W_i||``, in units of the largest step that Adam can take: 0 is
        none, at 1 every gate closes. ``"path"`` raises it from 0.2 to 1 while training.
    path_steps : int, default=500
        Length of the path in steps; it has no fewer than ``max_epochs`` epochs.
    readout : {"effective", "gate"}, default="effective"
        What is read: ``g_i ||W_i||``, or ``g_i`` alone (the paper). Along a path always the
        former.
    target_class : label, default=None
        Rank by the signed class score of this class
        (``feature_importances_`` is its row of ``class_importances_``, a group's largest), rather
        than by gates.
    feature_groups : array-like, list of lists, mapping or callable, default=None
        Columns that are one feature (a one-hot block) share a gate and are kept or dropped
        whole: a label for each column, lists of columns, a mapping from names to labels, or a
        callable on names; columns without a label (None, NaN) stay alone. ``||W_i||`` is then
        the norm of all its columns, and the penalty grows with the root of their number: a block
        neither gains nor loses by its width. With ``prefit=True`` those of the network.
    loss : {"auto", "soft_f1"}, default="auto"
        ``"soft_f1"`` trains one sigmoid a label by F1 scores of probabilities (the paper).
    score_on : {"validation", "training", "all", "out_of_fold"}, default="validation"
        Rows behind ``class_importances_``.
    task : {"auto", "classification", "regression"}, default="auto"
        What ``y`` asks for; ``"auto"`` decides by its type.
    class_weight : dict, "balanced" or None, default=None
        Weight of each class in the training loss.
    standardize : bool, default=True
        Put ``(x - mean) / standard deviation`` in front of the network; sparse columns are
        scaled but not centred. Ignored with ``prefit=True``.
    prefit : bool, default=False
        ``estimator`` is fitted: only read its gates.
    hidden_layer_sizes : sequence of int, default=(200, 100)
    dropout : float, default=0.3
    noise : float, default=0.0
        Standard deviation of normal noise added to the outputs of all hidden layers but the last.
    l2 : float, default=0.0
        Times the squared weights and biases of the hidden layers, added to the loss.
    learning_rate : float, default=4e-3
        Of Adam.
    weight_decay : float or "auto", default=0.0
        Times the weights, added to their gradients; ``"auto"`` is 2 over the number of rows.
    batch_size : int, default=128
    max_epochs : int, default=20
    patience : int or None, default=10
        Epochs without a better validation loss before training stops; the best epoch is kept.
        A path is walked to its end.
    tol : float, default=1e-4
        Relative improvement of the validation loss that counts as one.
    validation_fraction : float, default=0.2
        Share of the rows held out from each network, as one of ``round(1 / validation_fraction)``
        folds; 0 trains on all rows, and the best epoch of a path is that of the training loss.
    n_jobs : int or None, default=None
        Threads that train networks; the result does not depend on it.
    checkpoint_dir : path-like or None, default=None
        Keep every finished network here; the same fit, after it was killed, goes on from there
        and ends with the same bits. Needs a ``random_state``.
    memory : path-like, joblib.Memory or None, default=None
        Keep what ``fit`` finds here: the same fit, with any ``n_features_to_select`` or
        ``threshold``, trains nothing again. Needs an integer ``random_state``.
    device : str, default="cpu"
        Where networks are trained; they are read on the CPU.
    random_state : int, RandomState instance or None, default=None
        The same seed gives the same bits; global generators are left as they were.
    verbose : int or callable, default=0
        1 prints how far training is and how long it will take; a callable is handed a `Progress`.

    Attributes
    ----------
    feature_importances_ : ndarray of shape (n_features,)
        Mean over networks of what is read; each network's sum to 1 over features (a group's
        columns share its value).
    importances_per_network_ : ndarray of shape (n_networks, n_features)
    importances_std_ : ndarray of shape (n_features,)
        Standard deviation over networks.
    importances_interval_ : ndarray of shape (2, n_features)
        95 % bootstrap interval of the mean over networks.
    mean_ranks_, ranks_std_ : ndarray of shape (n_features,)
        Mean and spread of a feature's rank, 1 the best, over networks.
    selection_frequency_ : ndarray of shape (n_features,)
        Share of the networks, 0 to 1, that would select the feature at the current cut on their
        own.
    stability_ : float
        Nogueira's index of these selections: 1 for identical ones, about 0 for random ones. NaN
        where all or none are selected; there is none with one network.
    class_importances_ : ndarray of shape (n_classes, n_features)
        Signed, -1 to 1, from the exact decomposition of the same networks: see
        `DeepLIFFTSelector`. Positive speaks for the class.
    exit_penalties_ : ndarray of shape (n_networks, n_features)
        The penalty at which a gate closed for good; infinite if it never did. Only with
        ``gate_penalty="path"``.
    ranking_ : ndarray of shape (n_features,)
        1 is best; columns of a group (``feature_groups_``) share a rank. Of features without any
        importance, the one whose gates closed last comes first.
    p_values_, q_values_ : ndarray of shape (n_features,)
        Against the null columns of all networks, and after Benjamini & Hochberg; columns of a group
        share them. Only after a fit with ``"auto"``, as the next two.
    class_p_values_, class_q_values_ : ndarray of shape (n_classes, n_features)
        The same of the size of the class scores, class by class.
    decomposition_error_ : float
        Largest relative residual of the decomposition behind ``class_importances_``.
    estimators_, estimator_ : list of networks, the first of them
        They take raw rows, and begin with the gates.
    classes_ : ndarray of shape (n_classes,), or list of them
    n_features_in_, feature_names_in_ : as everywhere in scikit-learn.

    Raises
    ------
    NotPiecewiseLinearError
        The network has curvature; the module is named.
    TrainingDivergedError
        The training loss became NaN or infinite.
    ValueError
        NaN or infinity (columns are named), a single class, more features asked for than there
        are, a network without gates although ``prefit=True``.

    Warns
    -----
    FeatureSelectionWarning
        Of constant columns, of networks that let no feature through, of checkpoints that are
        damaged or belong to another fit, and of ``"auto"`` that selects nothing, or has too few
        networks to call a single feature.

    See Also
    --------
    DeepLIFFTSelector

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
    >>> selector = ImportanceNeuronSelector(n_features_to_select=2, n_networks=4, random_state=0)
    >>> list(selector.fit(X, y).get_feature_names_out())
    ['petal length (cm)', 'petal width (cm)']
    >>> selector.importances_per_network_.shape, selector.exit_penalties_.shape
    ((4, 4), (4, 4))
    """

    _parameter_constraints: dict = {
        **BaseNetworkSelector._parameter_constraints,
        "estimator": "no_validation",
        "gates": [StrOptions({"tied", "free"})],
        "gate_initial": [StrOptions({"one", "uniform"})],
        "gate_penalty": [StrOptions({"path"}), Interval(Real, 0, 1, closed="both")],
        "path_steps": [Interval(Integral, 1, None, closed="left")],
        "readout": [StrOptions({"effective", "gate"})],
        "target_class": "no_validation",
        "feature_groups": "no_validation",
        "loss": [StrOptions({"auto", "soft_f1"})],
        "noise": [Interval(Real, 0, None, closed="left")],
        "l2": [Interval(Real, 0, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        estimator=None,
        *,
        n_features_to_select=None,
        threshold=None,
        alpha=0.1,
        per_class=False,
        n_networks=20,
        gates="tied",
        gate_initial="one",
        gate_penalty="path",
        path_steps=500,
        readout="effective",
        target_class=None,
        feature_groups=None,
        loss="auto",
        score_on="validation",
        task="auto",
        class_weight=None,
        standardize=True,
        prefit=False,
        hidden_layer_sizes=(200, 100),
        dropout=0.3,
        noise=0.0,
        l2=0.0,
        learning_rate=4e-3,
        weight_decay=0.0,
        batch_size=128,
        max_epochs=20,
        patience=10,
        tol=1e-4,
        validation_fraction=0.2,
        n_jobs=None,
        checkpoint_dir=None,
        memory=None,
        device="cpu",
        random_state=None,
        verbose=0,
    ):
        self.estimator = estimator
        self.n_features_to_select = n_features_to_select
        self.threshold = threshold
        self.alpha = alpha
        self.per_class = per_class
        self.n_networks = n_networks
        self.gates = gates
        self.gate_initial = gate_initial
        self.gate_penalty = gate_penalty
        self.path_steps = path_steps
        self.readout = readout
        self.target_class = target_class
        self.feature_groups = feature_groups
        self.loss = loss
        self.score_on = score_on
        self.task = task
        self.class_weight = class_weight
        self.standardize = standardize
        self.prefit = prefit
        self.hidden_layer_sizes = hidden_layer_sizes
        self.dropout = dropout
        self.noise = noise
        self.l2 = l2
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.patience = patience
        self.tol = tol
        self.validation_fraction = validation_fraction
        self.n_jobs = n_jobs
        self.checkpoint_dir = checkpoint_dir
        self.memory = memory
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    @staticmethod
    def paper_parameters() -> dict:
        """The paper, literally, for a table of standardised columns.

        Free gates from a uniform start, read alone; three blocks of 128 units with L2, noise (not
        in the last) and dropout; one sigmoid a label with the soft F1 loss; Adam 1e-4, batches of
        64, half the rows for validation, 15 epochs of patience, the best epoch restored; 100
        networks.

        Examples
        --------
        >>> from sklearn_deeplifft import ImportanceNeuronSelector
        >>> ImportanceNeuronSelector(**ImportanceNeuronSelector.paper_parameters()).gates
        'free'
        """
        return {
            "estimator": None,
            "n_networks": 100,
            "gates": "free",
            "gate_initial": "uniform",
            "gate_penalty": 0.0,
            "readout": "gate",
            "loss": "soft_f1",
            "hidden_layer_sizes": (128, 128, 128),
            "dropout": 0.5,
            "noise": 0.005,
            "l2": 1e-3,
            "learning_rate": 1e-4,
            "weight_decay": 0.0,
            "batch_size": 64,
            "max_epochs": 2000,
            "patience": 15,
            "tol": 0.0,
            "validation_fraction": 0.5,
        }
