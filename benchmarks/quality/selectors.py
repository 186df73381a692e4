"""The selectors of the quality benchmark: ours, the literal papers, and the peers.

Each takes training rows and numbers of features and returns lists of columns. Ours have their
default settings, the same for every table. Peers have what an expert would give them: columns
standardised where weights are compared, classes weighing the same where that can be asked for, as
balanced accuracy is the judge, 500 trees; LightGBM has its default settings. Where columns come in
blocks, LassoNet, elimination and ours are told; for the others a block is as good as its best
column or, for what adds up, its columns' sum.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, issparse
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.feature_selection import RFE, mutual_info_classif
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupShuffleSplit

import sklearn_deeplifft
from benchmarks.quality.elimination import elimination_lists
from benchmarks.quality.filters import f_statistic, mrmr_lists, relieff_lists
from benchmarks.quality.l1 import l1_lists
from benchmarks.quality.lists import Lists, Training, best_lists, standardised
from benchmarks.quality.stability_selection import stability_selection_lists
from sklearn_deeplifft import DeepLIFFTSelector, GIATransformer, ImportanceNeuronSelector
from sklearn_deeplifft._versions import version_of

TREES = 500
#: A column of whole numbers with at most so many values is counted, not put in neighbourhoods.
DISCRETE_VALUES = 32


def importances_of(selector: Any, training: Training, counts: Sequence[int]) -> Lists:
    """The ranking of one of ours; blocks are its ``feature_groups`` where it has them."""
    if training.blocks is not None and "feature_groups" in selector.get_params():
        selector.set_params(feature_groups=training.blocks)
    selector.set_params(random_state=training.seed)
    selector.fit(training.X, training.y, groups=training.row_groups)
    return best_lists(-selector.ranking_.astype(float), training.blocks, counts)


def deeplifft(training: Training, counts: Sequence[int]) -> Lists:
    """``DeepLIFFTSelector()``, told that targets are classes, also where there are many."""
    selector = DeepLIFFTSelector(DeepLIFFTSelector.default_estimator("classification"))
    return importances_of(selector, training, counts)


def importance_neurons(training: Training, counts: Sequence[int]) -> Lists:
    """``ImportanceNeuronSelector()``, told that targets are classes, also where there are many."""
    selector = ImportanceNeuronSelector(
        ImportanceNeuronSelector.default_estimator("classification")
    )
    return importances_of(selector, training, counts)


def gia(training: Training, counts: Sequence[int]) -> Lists:
    """``GIATransformer()``, told that targets are classes, also where there are many."""
    return importances_of(
        GIATransformer(GIATransformer.default_estimator("classification")), training, counts
    )


def deeplifft_paper(training: Training, counts: Sequence[int]) -> Lists:
    """The DeepLIFFT paper, literally."""
    selector = DeepLIFFTSelector(**DeepLIFFTSelector.paper_parameters())
    return importances_of(selector, training, counts)


def importance_neurons_paper(training: Training, counts: Sequence[int]) -> Lists:
    """The paper on importance neurons, literally: 100 networks."""
    selector = ImportanceNeuronSelector(**ImportanceNeuronSelector.paper_parameters())
    return importances_of(selector, training, counts)


def forest(training: Training, counts: Sequence[int]) -> Lists:
    """Impurity importances of a random forest."""
    return _of_trees(RandomForestClassifier, training, counts)


def extra_trees(training: Training, counts: Sequence[int]) -> Lists:
    """Impurity importances of extremely randomised trees."""
    return _of_trees(ExtraTreesClassifier, training, counts)


def f_test(training: Training, counts: Sequence[int]) -> Lists:
    """The ANOVA F statistic."""
    return best_lists(f_statistic(training.X, training.y), training.blocks, counts)


def mutual_info(training: Training, counts: Sequence[int]) -> Lists:
    """Mutual information with the class; columns with few whole numbers are counted."""
    X = training.X
    discrete = True if issparse(X) else np.array([_is_discrete(column) for column in X.T])
    score = mutual_info_classif(
        X, training.y, discrete_features=discrete, random_state=training.seed
    )
    return best_lists(score, training.blocks, counts, np.sum)


def rfe(training: Training, counts: Sequence[int]) -> Lists:
    """Recursive elimination with logistic regression: a tenth at a time, at last one by one."""
    Z, y = standardised(training.X), training.y
    model = LogisticRegression(class_weight="balanced", max_iter=500)
    width = 1 if training.blocks is None else np.unique_counts(training.blocks).counts.max()
    last = min(Z.shape[1], int(max(counts) * width))
    coarse = RFE(model, n_features_to_select=last, step=0.1).fit(Z, y)
    fine = RFE(model, n_features_to_select=1).fit(Z[:, coarse.support_], y)
    score = -coarse.ranking_.astype(float) - Z.shape[1]
    score[coarse.support_] = -fine.ranking_
    return best_lists(score, training.blocks, counts)


def lightgbm(training: Training, counts: Sequence[int]) -> Lists:
    """LightGBM's total gain of each column, with its default settings."""
    from lightgbm import LGBMClassifier

    X = csr_matrix(training.X) if issparse(training.X) else training.X  # it knows no sparse array
    model = LGBMClassifier(
        importance_type="gain", random_state=training.seed, n_jobs=1, verbosity=-1
    )
    score = model.fit(X, training.y).feature_importances_
    return best_lists(score.astype(np.float64), training.blocks, counts, np.sum)


def boruta(training: Training, counts: Sequence[int]) -> Lists:
    """Boruta's confirmed columns, then its tentative ones, then the others by its own ranks.

    Columns of one rank, as all confirmed ones are, by their mean importance over its rounds.
    """
    from boruta import BorutaPy

    X = training.X.toarray() if issparse(training.X) else training.X
    trees = RandomForestClassifier(max_depth=5, class_weight="balanced", n_jobs=1)
    model = BorutaPy(trees, n_estimators="auto", random_state=training.seed)
    model.fit(X, training.y)
    # Its history starts with a row of zeros; what was rejected is not tried again.
    importance = np.nanmean(model.importance_history_[1:], axis=0)
    score = importance / (1 + importance.max()) - model.ranking_
    return best_lists(score, training.blocks, counts)


def lassonet(training: Training, counts: Sequence[int]) -> Lists:
    """The penalty at which each column leaves LassoNet's path, with its default settings."""
    from lassonet import LassoNetClassifier

    Z, y, groups = standardised(training.X), training.y, training.row_groups
    Z = (Z.toarray() if issparse(Z) else Z).astype(np.float32)
    model = LassoNetClassifier(
        groups=None if training.blocks is None else _members(training.blocks),
        verbose=0,
        random_state=training.seed,
        torch_seed=training.seed,
    )
    held_out = {}
    if groups is not None:  # its own held-out tenth would share mice with the rest
        halves = GroupShuffleSplit(1, test_size=0.1, random_state=training.seed)
        train, valid = next(halves.split(Z, y, groups))
        held_out = {"X_val": Z[valid], "y_val": y[valid]}
        Z, y = Z[train], y[train]
    model.path(Z, y, **held_out)
    return best_lists(model.feature_importances_.numpy(), training.blocks, counts)


def all_features(training: Training, counts: Sequence[int]) -> Lists:
    """Every column, at no cost, under the length 0."""
    return {0: list(range(training.X.shape[1]))}


OURS = {
    "deeplifft": deeplifft,
    "importance_neurons": importance_neurons,
    "gia": gia,
    "deeplifft_paper": deeplifft_paper,
    "importance_neurons_paper": importance_neurons_paper,
}
#: Those that take longest come last.
PEERS = {
    "f_test": f_test,
    "mutual_info": mutual_info,
    "forest": forest,
    "extra_trees": extra_trees,
    "l1": l1_lists,
    "rfe": rfe,
    "logistic_elimination": elimination_lists,
    "lightgbm": lightgbm,
    "mrmr": mrmr_lists,
    "relieff": relieff_lists,
    "stability_selection": stability_selection_lists,
    "boruta": boruta,
    "lassonet": lassonet,
}
SELECTORS: dict[str, Callable[[Training, Sequence[int]], Lists]] = {
    "all": all_features,
    **OURS,
    **PEERS,
}
#: The answer of these depends on the seed.
RANDOM = (*OURS, "forest", "extra_trees", "stability_selection", "boruta", "lassonet")
#: Random ones that are repeated only where a fit is quick.
COSTLY = ("stability_selection", "boruta", "lassonet")
#: Packages, beside scikit-learn, that selectors of the same name need.
PACKAGES = ("lightgbm", "boruta", "lassonet")


def installed(selector: str) -> bool:
    """Whether the package of this selector is here."""
    return selector not in PACKAGES or importlib.util.find_spec(selector) is not None


def version(selector: str) -> str:
    """What tells results of one state of the code from another's.

    Of ours a digest of the package's source, of a peer the release of its package.
    """
    if selector in OURS:
        root = Path(sklearn_deeplifft.__file__).parent
        digest = hashlib.sha256()
        for file in sorted(root.rglob("*.py")):
            digest.update(file.read_bytes())
        return digest.hexdigest()[:12]
    package = selector if selector in PACKAGES else "scikit-learn"
    return f"{package} {version_of(package)}"


def _of_trees(kind: Any, training: Training, counts: Sequence[int]) -> Lists:
    model = kind(TREES, class_weight="balanced", random_state=training.seed)
    score = model.fit(training.X, training.y).feature_importances_
    return best_lists(score, training.blocks, counts, np.sum)


def _is_discrete(column: np.ndarray) -> bool:
    values = np.unique(column)
    return len(values) <= DISCRETE_VALUES and np.array_equal(values, np.round(values))


def _members(blocks: np.ndarray) -> list[list[int]]:
    return [np.flatnonzero(blocks == name).tolist() for name in np.unique(blocks)]
