"""Lists for each class, the ranking for one, and what a rare class needs."""

import warnings
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sklearn_deeplifft import DeepLIFFTSelector, GIATransformer, ImportanceNeuronSelector
from sklearn_deeplifft.attribution import ScoreSums
from sklearn_deeplifft.exceptions import FeatureSelectionWarning
from sklearn_deeplifft.selectors._class_scores import scores_of, split_null_scores
from sklearn_deeplifft.tables import FeatureGroups
from tests.conftest import ONE_PASS, QUICK, counted_trainings, made, planted, quick

SHARED = {name: value for name, value in QUICK.items() if name not in ONE_PASS}
GATES = {**SHARED, "score_on": "all", "path_steps": 300}
SELECTORS = {
    "deeplifft": quick,
    "gates": lambda **params: made(ImportanceNeuronSelector, defaults=GATES, **params),
    "gia": lambda **params: made(GIATransformer, defaults=SHARED, **params),
}
EACH = pytest.mark.parametrize("name", SELECTORS)


# k for each class


@EACH
def test_private_features_come_top_for_their_own_class(name, table, monkeypatch):
    selector = SELECTORS[name]().fit(*table)
    with counted_trainings(monkeypatch) as calls:
        np.testing.assert_array_equal(selector.support_per_class(1), np.eye(3, 8, dtype=bool))
        selector.set_params(n_features_to_select=1, per_class=True)
        assert selector.get_support(indices=True).tolist() == [0, 1, 2]
    assert calls == []
    assert selector.transform(table.X).shape == (120, 3)


@pytest.mark.slow
@EACH
@pytest.mark.parametrize("k", [1, 3, 8, 0.5, None])
def test_masks_by_the_definition(name, k, table):
    selector = SELECTORS[name](n_features_to_select=k).fit(*table)
    n = {0.5: 4, None: 4}.get(k, k)
    expected = np.zeros((3, 8), dtype=bool)
    for c, row in enumerate(selector.class_importances_):
        for j in sorted(range(8), key=lambda j: (-row[j], j))[:n]:
            expected[c, j] = row[j] > 0
    np.testing.assert_array_equal(selector.support_per_class(k), expected)
    np.testing.assert_array_equal(selector.support_per_class(), expected)
    selector.set_params(per_class=True)
    np.testing.assert_array_equal(selector.get_support(), expected.any(axis=0))


@pytest.mark.slow
def test_groups_are_one_feature_of_a_class(table):
    for make in SELECTORS.values():
        selector = make(feature_groups=[[0, 3], [4, 5]]).fit(*table)
        found = selector.support_per_class(1)
        assert found[0].tolist() == [True, False, False, True, False, False, False, False]
        assert (found[:, 4] == found[:, 5]).all()


def test_auto_by_class():
    X, y = planted(n=240)
    selector = quick(n_features_to_select="auto", n_networks=12, per_class=True).fit(X, y)
    q, speaks = selector.class_q_values_, selector.class_importances_ > 0
    np.testing.assert_array_equal(selector.support_per_class(), (q <= 0.1) & speaks)
    np.testing.assert_array_equal(selector.get_support(), ((q <= 0.1) & speaks).any(axis=0))
    assert selector.get_support(indices=True).tolist() == [0, 1, 2]
    np.testing.assert_array_equal(selector.support_per_class(1), np.eye(3, 8, dtype=bool))


@pytest.mark.parametrize("kind", ["softmax", "multilabel", "regression"])
def test_sizes_are_tested_and_not_means_in_which_presence_and_absence_cancel(kind):
    """Two rows of a cell; the first column lifts one by what it takes from the other."""
    rows = torch.tensor([[0.4, 0.3, 0.05, 0.0], [-0.4, 0.1, 0.05, -0.1]], dtype=torch.float64)
    cell = torch.tensor([1, 1])
    sums = ScoreSums.of(rows, cell, torch.ones(2), torch.zeros(2, 4), 2.0)
    groups = FeatureGroups(np.arange(2), np.arange(2))
    units = np.array([1.0, 2.0]) if kind == "regression" else None
    found = split_null_scores(scores_of(sums, SimpleNamespace(kind=kind), units=units), groups)
    per_unit = 2.0 if kind == "regression" else 1.0
    assert found.by_class[-1, 0] == 0
    np.testing.assert_allclose(found.nulls.class_real[-1] * per_unit, [0.4, 0.2])
    np.testing.assert_allclose(found.nulls.class_null[-1] * per_unit, [0.05, 0.05])
    np.testing.assert_allclose(found.class_sizes[-1] * per_unit, [0.4, 0.2])


def test_in_a_pipeline_and_a_grid_it_trains_once_a_fold(tmp_path, monkeypatch):
    X, y = planted(n=240)
    selector = quick(per_class=True, memory=tmp_path)
    pipeline = make_pipeline(selector, LogisticRegression(max_iter=1000))
    counts = {"deeplifftselector__n_features_to_select": [1, 2, 5]}
    with counted_trainings(monkeypatch) as calls:
        search = GridSearchCV(pipeline, counts, cv=2).fit(X, y)
    assert len(calls) == 3
    assert search.best_score_ > 0.8


def test_hidden_neurons_of_a_class(table):
    selector = quick(layer="0", n_features_to_select=2, per_class=True).fit(*table)
    assert selector.support_per_class().shape == (3, 16)
    assert selector.transform(table.X).shape[1] == selector.get_support().sum() <= 6


def test_regressions_have_no_classes(table):
    with pytest.raises(ValueError, match="a regression has none"):
        quick(task="regression", per_class=True).fit(table.X, table.X[:, 0])
    selector = quick(task="regression").fit(table.X, table.X[:, 0])
    with pytest.raises(ValueError, match="Pass per_class=False, or labels"):
        selector.support_per_class(1)
    with pytest.raises(ValueError, match="must be between 1 and the number of features, 8"):
        quick().fit(*table).support_per_class(9)


# One class


@pytest.mark.slow
@EACH
def test_ranking_for_one_class(name, table):
    y = np.array(["x", "y", "z"])[table.y]
    plain = SELECTORS[name](n_networks=3).fit(table.X, y)
    for row, label in enumerate(["x", "y", "z"]):
        selector = SELECTORS[name](n_networks=3, target_class=label).fit(table.X, y)
        own = selector.class_importances_[row]
        np.testing.assert_allclose(selector.feature_importances_, own, rtol=1e-12, atol=1e-15)
        order = np.argsort(-selector.feature_importances_, kind="stable")
        np.testing.assert_array_equal(np.argsort(selector.ranking_), order)
        assert selector.ranking_[row] == 1
        # All classes, and not this one alone: what is not asked for is no zero.
        np.testing.assert_array_equal(selector.class_importances_, plain.class_importances_)
        assert selector.importances_per_network_.shape == (3, 8)


def of_two_unequal_classes(share: float):
    """Rows of two columns that tell the classes apart and six that do not; the share of class 1."""
    X = np.random.default_rng(3).normal(size=(300, 8))
    total = X[:, 0] + X[:, 1]
    return X, (total <= np.quantile(total, share)).astype(int)


@pytest.mark.parametrize("step", ["auto", 1, 0.5])
def test_elimination_for_the_more_frequent_class(step):
    """Rounds in which nothing is left to gain had outweighed those that know."""
    X, y = of_two_unequal_classes(0.63)
    few = DeepLIFFTSelector.default_estimator(n_networks=6)
    selector = DeepLIFFTSelector(few, target_class=1, step=step, random_state=0).fit(X, y)
    assert sorted(selector.ranking_[:2]) == [1, 2]
    assert selector.feature_importances_[:2].min() > 5 * selector.feature_importances_[2:].max()
    assert "share" not in selector.quantities_.importance


def test_shares_of_signed_scores_are_none():
    """A feature's importance is its mean over rounds, 0 in those after it went."""
    X, y = of_two_unequal_classes(0.5)
    few = DeepLIFFTSelector.default_estimator(n_networks=3)
    one = DeepLIFFTSelector(few, target_class=1, step=None, random_state=0).fit(X[:, :2], y)
    two = DeepLIFFTSelector(few, target_class=1, step=1, random_state=0).fit(X[:, :2], y)
    kept, gone = np.argsort(two.ranking_)
    np.testing.assert_allclose(two.feature_importances_[kept], one.feature_importances_[kept])
    np.testing.assert_allclose(two.feature_importances_[gone], one.feature_importances_[gone] / 2)


@pytest.mark.parametrize("asked", [{"target_class": "well"}, {"per_class": True}])
@pytest.mark.parametrize("make", [DeepLIFFTSelector, ImportanceNeuronSelector])
def test_a_class_that_nothing_speaks_for_is_named(make, asked):
    X, y = of_two_unequal_classes(0.85)
    few = make.default_estimator(n_networks=3)
    names = np.array(["ill", "well"])
    with pytest.warns(FeatureSelectionWarning, match="nothing speaks for class 'well': all feat"):
        make(few, random_state=0, **asked).fit(X, names[y])
    with warnings.catch_warnings():
        warnings.simplefilter("error", FeatureSelectionWarning)
        make(few, random_state=0, target_class="ill").fit(X, names[y])
        make(few, random_state=0).fit(X, names[y])


@pytest.mark.parametrize("first", [False, True], ids=["overall first", "per class first"])
@pytest.mark.parametrize("make", [DeepLIFFTSelector, ImportanceNeuronSelector])
def test_a_kept_fit_warns_of_the_classes_that_are_asked_for_now(make, first, tmp_path):
    """``per_class`` is a cut: the same file serves both."""
    X, y = of_two_unequal_classes(0.85)
    few = make.default_estimator(n_networks=3)
    for per_class in (first, not first):
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            make(few, random_state=0, per_class=per_class, memory=tmp_path).fit(X, y)
        told = [str(w.message) for w in said if "nothing speaks for class 1" in str(w.message)]
        assert len(told) == per_class
    assert len(list(tmp_path.rglob("fit.safetensors"))) == 1


@EACH
def test_a_group_speaks_for_a_class_as_one(name, table):
    selector = SELECTORS[name](target_class=1, feature_groups=[[1, 3], [0, 2]]).fit(*table)
    assert selector.ranking_[1] == selector.ranking_[3] == 1
    expected = selector.class_importances_[1, [1, 3]].max()
    np.testing.assert_allclose(selector.feature_importances_[[1, 3]], expected)


@EACH
def test_unknown_classes(name, table):
    with pytest.raises(ValueError, match=r"target_class='b' is not a class of y; its classes are"):
        SELECTORS[name](target_class="b").fit(*table)
    with pytest.raises(ValueError, match="target_class=0 asks for one class, and y is a regr"):
        SELECTORS[name](task="regression", target_class=0).fit(table.X, table.X[:, 0])


@pytest.mark.slow
@EACH
def test_auto_for_one_class_selects_what_speaks_for_it(name):
    X, y = planted(n=240)
    selector = SELECTORS[name](target_class=1, n_features_to_select="auto", n_networks=12)
    selector.fit(X, y)
    assert selector.get_support()[1]
    # What speaks against it alone has a p of 1, whatever its size.
    assert (selector.p_values_[selector.importances_per_network_.max(axis=0) <= 0] == 1).all()


# A rare class


def rare(seed: int = 0):
    """Column 9 marks 1 % of the rows; columns 0 to 5 tell the two large classes apart."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(2000, 12))
    y = np.where(X[:, :6].sum(axis=1) > 0, "a", "b")
    few = np.arange(2000) % 100 == 0
    X[few, 9] += 6
    return X, np.where(few, "rare", y)


@pytest.mark.slow
def test_the_feature_of_a_rare_class_is_kept_under_max():
    X, y = rare()
    params = {"n_networks": 2, "max_epochs": 40, "hidden_layer_sizes": (32,)}
    ranks = {
        balance: quick(class_balance=balance, **params).fit(X, y).ranking_[9]
        for balance in ("max", "balanced", None)
    }
    assert ranks["max"] == 1
    assert ranks[None] == 7  # of seven that matter it comes last


def test_max_is_the_largest_of_the_class_means(table):
    for step in (None, 0.5):
        selector = quick(class_balance="max", step=step).fit(*table)
        assert selector.feature_importances_.argmax() in (0, 1, 2)
    selector = quick(class_balance="max", importance_type="absolute").fit(*table)
    increments = selector.increments(*table)
    right = selector.estimator_.estimators_[0].predict(table.X.astype(np.float32)) == table.y
    by_class = [np.abs(increments[right & (table.y == c)]).mean(axis=0) for c in range(3)]
    np.testing.assert_allclose(selector.feature_importances_, np.max(by_class, axis=0), rtol=1e-5)
