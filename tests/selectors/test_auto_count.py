"""n_features_to_select="auto": what stands out from null features, in all selectors."""

import warnings
from functools import partial

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline

from sklearn_deeplifft import (
    DeepLIFFTSelector,
    FeatureSelectionWarning,
    GIATransformer,
    ImportanceNeuronSelector,
)
from sklearn_deeplifft.ensembles import Rounds
from sklearn_deeplifft.model_selection import feature_count_curve, feature_selection_report
from sklearn_deeplifft.networks import with_null_columns
from sklearn_deeplifft.tables import unskewed
from tests.conftest import MLP, counted_trainings, made, planted, relu_network
from tests.oracles import oracle_overall
from tests.ranking.test_nulls import slow_p, slow_q
from tests.selectors.test_deeplifft import oracle_scores

QUICK = {
    "n_features_to_select": "auto",
    "n_networks": 12,
    "hidden_layer_sizes": (16,),
    "learning_rate": 0.02,
    "batch_size": 32,
    "max_epochs": 12,
    "random_state": 1,
}
SELECTORS = {
    "deeplifft": partial(made, DeepLIFFTSelector, defaults={**QUICK, "step": None}),
    "eliminating": partial(made, DeepLIFFTSelector, defaults={**QUICK, "step": 0.5}),
    "gates": partial(made, ImportanceNeuronSelector, defaults={**QUICK, "path_steps": 150}),
    "gia": partial(made, GIATransformer, defaults=QUICK),
}
EACH = pytest.mark.parametrize("name", SELECTORS)


def quietly(selector, X, y):
    """Fit where the selection may be empty, or too few networks are trained on purpose."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FeatureSelectionWarning)
        return selector.fit(X, y)


def noise(n: int = 150, d: int = 6, seed: int = 0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)), rng.integers(2, size=n)


@pytest.fixture(scope="module")
def fitted():
    return {name: make().fit(*planted(n=240)) for name, make in SELECTORS.items()}


# What is selected


@pytest.mark.slow
@EACH
def test_what_is_planted_is_selected_and_q_says_so(name, fitted):
    selector = fitted[name]
    assert selector.get_support(indices=True).tolist() == [0, 1, 2]
    assert selector.p_values_.shape == selector.q_values_.shape == (8,)
    assert selector.class_p_values_.shape == selector.class_q_values_.shape == (3, 8)
    assert (selector.get_support() == (selector.q_values_ <= selector.alpha)).all()
    np.testing.assert_allclose(selector.q_values_, slow_q(selector.p_values_))
    assert selector.p_values_.min() >= 1 / (1 + 12 * 8)
    assert sorted(selector.ranking_) == list(range(1, 9))
    assert selector.transform(planted(n=240).X).shape == (240, 3)
    assert selector.estimator_.estimators_[0].predict_proba(
        planted().X.astype(np.float32)
    ).shape == (120, 3)


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("name", ["deeplifft", "gates", "gia"])
def test_of_noise_hardly_anything_is_selected(name):
    """At most 3 of 10 tables; at a rate of alpha = 0.1 more are seen once in 78 times."""
    found = [quietly(SELECTORS[name](random_state=s), *noise(seed=s)) for s in range(10)]
    assert sum(selector.get_support().any() for selector in found) <= 3


@pytest.mark.slow
@EACH
def test_an_empty_selection_is_explained_once(name):
    X, y = noise()
    X = pd.DataFrame(X, columns=list("abcdef"))
    selector = SELECTORS[name]()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        selector.fit(X, y)
    others = ("networks let no feature", "networks predict no better")
    said = [w for w in caught if not any(text in str(w.message) for text in others)]
    assert not selector.get_support().any()
    assert len(selector.get_feature_names_out()) == 0
    [text] = [str(w.message) for w in said]
    assert said[0].category is FeatureSelectionWarning
    assert text.startswith("no feature is selected: of 6 tested, ")
    best = np.lexsort((-selector.feature_importances_, selector.q_values_))[0]
    assert f"{'abcdef'[best]!r} is the best candidate" in text
    assert f"importance of {selector.feature_importances_[best]:.3g} and" in text
    assert f"q = {selector.q_values_[best]:.3g}, above alpha=0.1" in text
    assert "with 12 networks the smallest q-value that a single feature can reach" in text
    assert f"is {6 / (1 + 72):.3g}." in text
    with pytest.raises(ValueError, match=r"kept no column at alpha=0\.1, so transform has"):
        selector.transform(X)
    assert (selector.selection_frequency_ == 0).all()
    assert np.isnan(selector.stability_)
    assert len(selector.redundant_features(X)) == 0


@pytest.mark.slow
def test_what_hands_on_nothing_says_which_rule_left_nothing():
    """Null columns are blamed for what they have left out, a threshold is not."""
    X, y = planted(n=240)
    selector = SELECTORS["deeplifft"](n_networks=10).fit(X, y)
    assert selector.get_support().any()
    with pytest.warns(FeatureSelectionWarning, match="keeps no column: the largest importance is"):
        assert selector.set_params(threshold=10.0).transform(X).shape == (240, 0)
    selector.set_params(threshold=None, per_class=True, alpha=1e-6)
    q = np.where(selector.class_importances_ > 0, selector.class_q_values_, 1)
    with pytest.raises(ValueError, match=f"smallest q-value is {q.min():.3g}\\)"):
        selector.transform(X)


@pytest.mark.slow
def test_too_few_networks_are_said_to_be_too_few():
    """Three features stand out together, one could not."""
    X, y = planted(n=240)
    with pytest.warns(
        FeatureSelectionWarning,
        match=r"with 6 networks .* can reach is 0\.163; so only features that stand out together "
        r"can be selected at alpha=0\.1; an ensemble of n_networks=10 would be",
    ):
        selector = SELECTORS["deeplifft"](n_networks=6).fit(X, y)
    assert selector.get_support(indices=True).tolist() == [0, 1, 2]
    only = X[:, :1] > np.median(X[:, 0])
    with pytest.warns(FeatureSelectionWarning, match="no feature is selected.*n_networks=20") as w:
        SELECTORS["deeplifft"](alpha=0.05).fit(X, only.ravel())
    assert len(w) == 1


@pytest.mark.slow
def test_the_same_set_with_every_seed():
    X, y = planted(n=400)
    for seed in range(4):
        found = SELECTORS["deeplifft"](random_state=seed).fit(X, y).get_support(indices=True)
        assert found.tolist() == [0, 1, 2]


def neighbours(seed: int):
    """Columns 0 to 3 matter; 4 to 11 are correlated with them, 0.8, and say nothing more."""
    X = np.random.default_rng(seed).normal(size=(400, 16))
    X[:, 4:12] = 0.8 * np.tile(X[:, :4], 2) + 0.6 * X[:, 4:12]
    return X, (X[:, :4].sum(axis=1) > 0).astype(int)


def plainly_trained(seed: int) -> DeepLIFFTSelector:
    """Networks that use every column: without a penalty nothing but the null columns protects."""
    plain = {"gate_penalty": None, "dropout": 0.0, "weight_decay": 0.0, "random_state": seed}
    plain["linear_share"] = 0.0
    return SELECTORS["deeplifft"](**plain)


@pytest.mark.slow
def test_neighbours_of_what_matters_are_left_out(monkeypatch):
    """Permuted copies know nothing of them, and let them through."""
    found = []
    for most in (2000, 1):
        monkeypatch.setattr("sklearn_deeplifft.ensembles._knockoff_map.MOST_COLUMNS", most)
        runs = [quietly(plainly_trained(s), *neighbours(s)) for s in range(8)]
        found.append(np.mean([selector.get_support() for selector in runs], axis=0))
    blended, permuted = found
    assert blended[:4].mean() > 0.8
    assert blended[4:12].mean() < 0.1
    assert permuted[4:12].mean() > blended[4:12].mean() + 0.2


# By the definition


def spied(monkeypatch) -> list:
    """The table of each round, and the null columns of each network."""
    seen, train = [], Rounds.train

    def training(self, *args, **kwargs):
        seen.append((self.data, [split.null_columns for split in self.splits]))
        return train(self, *args, **kwargs)

    monkeypatch.setattr(Rounds, "train", training)
    return seen


@pytest.mark.slow
@pytest.mark.parametrize("balance", ["balanced", None, "max"])
@pytest.mark.parametrize("kind", ["signed", "absolute"])
def test_p_and_q_of_increments_equal_the_oracle(balance, kind, monkeypatch):
    """Networks on the table written out with its null columns, read literally in float64."""
    seen = spied(monkeypatch)
    X, y = planted(n=90, d=5)
    X[:, 3] = X[:, 0] + X[:, 3]
    make = SELECTORS["deeplifft"]
    params = {"class_balance": balance, "importance_type": kind, "dtype": "float64"}
    selector = quietly(make(n_networks=3, **params), X, y)
    [(data, nulls)] = seen
    real, null, of_class = [], [], []
    for network, own in zip(selector.estimator_._networks, nulls, strict=True):
        rows = data.rows.take(slice(None))
        inputs = (unskewed(rows, data.moments) - data.moments.mean) / data.moments.scale
        pair = (torch.from_numpy(part) for part in (inputs, inputs[own.donors]))
        Z = with_null_columns(*pair, own.knockoff_map).numpy()[data.index]
        labels = data.target.codes[data.index, 0]
        core = network.as_trained.core.double()
        increments, predicted = oracle_scores(core, Z, labels, np.zeros(10))
        own = [increments[(labels == c) & (predicted == c)] for c in range(3)]
        signed = kind == "signed"
        if balance == "max":
            sizes = [
                np.abs(part.mean(axis=0)) if signed else np.abs(part).mean(axis=0) for part in own
            ]
            overall = np.max(sizes, axis=0)
        else:
            weighing = {"balanced": bool(balance), "signed": signed}
            overall = oracle_overall(increments, labels, predicted, 3, **weighing)
        real.append(overall[:5] / overall[:5].sum())
        null.append(overall[5:] / overall[:5].sum())
        by_class = np.array([np.abs(part).mean(axis=0) for part in own])
        of_class.append(by_class / by_class[:, :5].sum(axis=1, keepdims=True))
    p = slow_p(np.array(real), null)
    np.testing.assert_allclose(selector.p_values_, p)
    np.testing.assert_allclose(selector.q_values_, slow_q(p))
    for c in range(3):
        own = np.array(of_class)[:, c]
        p = slow_p(own[:, :5], own[:, 5:])
        np.testing.assert_allclose(selector.class_p_values_[c], p)
    np.testing.assert_allclose(
        selector.importances_per_network_ / selector.importances_per_network_.sum(1)[:, None],
        real,
        atol=1e-6,
    )


@pytest.mark.parametrize("dtype", [np.float16, object])
def test_q_values_do_not_depend_on_how_numbers_are_stored(dtype):
    X, y = planted(n=90, d=5)
    X = X.astype(np.float16)
    groups = np.repeat(np.arange(30), [1, 5] * 15)
    found = []
    for given in (X.astype(dtype), X.astype(np.float32)):
        selector = SELECTORS["deeplifft"](n_networks=2)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FeatureSelectionWarning)
            found.append(selector.fit(given, y, groups=groups).q_values_)
    np.testing.assert_array_equal(*found)


def test_p_and_q_of_gates_equal_the_definition():
    selector = quietly(SELECTORS["gates"](n_networks=3), *planted(n=90, d=5))
    path = np.array(
        [trained.gates.path.numpy() for trained in selector.estimator_._networks], dtype=float
    )
    shares = path / path[:, :5].sum(axis=1, keepdims=True)
    np.testing.assert_allclose(selector.importances_per_network_, shares[:, :5])
    p = slow_p(shares[:, :5], shares[:, 5:])
    np.testing.assert_allclose(selector.p_values_, p)
    assert selector.exit_penalties_.shape == (3, 5)


# The cut


@pytest.mark.slow
@EACH
def test_the_cut_may_change_and_nothing_is_trained(name, fitted, monkeypatch):
    selector = fitted[name]
    with counted_trainings(monkeypatch) as calls:
        for k in (1, 5):
            assert selector.set_params(n_features_to_select=k).get_support().sum() == k
        selector.set_params(n_features_to_select="auto", alpha=0.001)
        assert not selector.get_support().any()
        selector.set_params(alpha=0.999)
        assert (selector.get_support() == (selector.q_values_ <= 0.999)).all()
        selector.set_params(alpha=0.1, threshold=np.inf)
        assert not selector.get_support().any()
        selector.set_params(threshold=None)
    assert calls == []
    assert selector.get_support().sum() == 3


@pytest.mark.slow
@EACH
def test_auto_has_to_be_seen_by_fit(name):
    X, y = planted()
    selector = SELECTORS[name](n_features_to_select=2, n_networks=2).fit(X, y)
    assert not hasattr(selector, "q_values_")
    selector.set_params(n_features_to_select="auto")
    with pytest.raises(ValueError, match=r"the last fit have read none\. Set it before fit"):
        selector.get_support()
    quietly(selector, X, y)
    assert hasattr(selector, "q_values_")
    selector.set_params(n_features_to_select=2).fit(X, y)
    assert not hasattr(selector, "q_values_")


@pytest.mark.slow
def test_a_fit_without_auto_is_what_it_was():
    """Null features change the networks that read them, and no others."""
    X, y = planted()
    first = SELECTORS["deeplifft"](n_features_to_select=2).fit(X, y)
    again = quietly(SELECTORS["deeplifft"](n_networks=12), X, y)
    again.set_params(n_features_to_select=2, alpha=0.3).fit(X, y)
    np.testing.assert_array_equal(first.feature_importances_, again.feature_importances_)


@pytest.mark.slow
def test_later_rounds_of_elimination_read_no_null_columns(monkeypatch):
    with counted_trainings(monkeypatch) as calls:
        selector = quietly(SELECTORS["eliminating"](n_networks=2), *planted())
    assert [len(c) for c in calls] == [16, 16, 4, 4, 2, 2]
    one = quietly(SELECTORS["deeplifft"](n_networks=2), *planted())
    np.testing.assert_array_equal(selector.q_values_, one.q_values_)


@pytest.mark.slow
@EACH
def test_groups_have_one_p(name):
    X, y = planted(n=240)
    groups = [[0, 3], [1, 4]]
    selector = SELECTORS[name](feature_groups=groups).fit(X, y)
    assert selector.q_values_[0] == selector.q_values_[3]
    assert selector.p_values_[1] == selector.p_values_[4]
    assert (selector.class_q_values_[:, 0] == selector.class_q_values_[:, 3]).all()
    assert selector.get_support()[[0, 1, 2, 3, 4]].all()
    assert selector.p_values_.min() >= 1 / (1 + 12 * 6)
    np.testing.assert_allclose(
        selector.q_values_[[0, 1, 2, 5, 6, 7]], slow_q(selector.p_values_[[0, 1, 2, 5, 6, 7]])
    )


@pytest.mark.slow
@EACH
def test_near_copies_are_compared_as_one_and_kept_as_one(name):
    """Of four copies none says what the others do not; alone, none would stand out."""
    X, y = planted(n=240)
    rng = np.random.default_rng(0)
    copies = X[:, [0, 1, 2]].repeat(3, axis=1) + 0.1 * rng.normal(size=(240, 9))
    selector = SELECTORS[name]().fit(np.hstack([X, copies]), y)
    family = np.r_[0:8, np.repeat([0, 1, 2], 3)]
    assert (selector.get_support() == np.isin(family, [0, 1, 2])).all()
    for one in range(8):
        assert len(set(selector.p_values_[family == one])) == 1
        assert len({tuple(q) for q in selector.class_q_values_[:, family == one].T}) == 1
    assert selector.p_values_.min() >= 1 / (1 + 12 * 8)


@pytest.mark.slow
def test_of_sparse_noise_in_families_nothing_is_kept():
    """Most statistics of a network are zero there: their means kept whole tables."""
    for seed in range(3):
        rng = np.random.default_rng(seed)
        X = np.repeat(rng.binomial(1, 0.04, size=(200, 30)), 4, axis=1).astype(float)
        X = np.where(rng.random(X.shape) < 0.002, 1.0, X)
        kept = quietly(SELECTORS["eliminating"](), X, rng.integers(2, size=200)).get_support()
        assert not kept.any()


@pytest.mark.filterwarnings("ignore:the networks predict no better:UserWarning")
def test_an_empty_selection_names_near_copies():
    X, y = noise()
    X = np.hstack([X, X + 0.01])
    with pytest.warns(FeatureSelectionWarning, match=r"of 6 tested, .* with near-copies \(.*,.*\)"):
        SELECTORS["deeplifft"](n_networks=4).fit(X, y)


@pytest.mark.slow
@EACH
def test_sparse_tables_regressions_and_constant_columns(name):
    X = np.where(planted(n=240).X > 1.2, planted(n=240).X, 0)
    X[:, 7] = 0
    y = 3 * X[:, 0] - 2 * X[:, 1] + np.random.default_rng(0).normal(size=240) * 0.3
    with pytest.warns(FeatureSelectionWarning, match="holds a single value"):
        selector = SELECTORS[name](task="regression", max_epochs=25).fit(sp.csr_array(X), y)
    assert selector.get_support()[:2].all()
    assert selector.q_values_[7] > 0.1


@pytest.mark.parametrize("name", ["deeplifft", "gates", "gia"])
@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"estimator": MLP}, "null features need twice the inputs"),
        ({"estimator": MLPClassifier()}, r"twice the inputs.*MLPClassifier.*Pass network=None"),
        ({"alpha": 0.0}, "'alpha' parameter"),
        ({"alpha": 1.0}, "'alpha' parameter"),
        ({"n_features_to_select": "all"}, "'n_features_to_select' parameter"),
    ],
    ids=str,
)
def test_what_auto_cannot_have(name, params, match):
    with pytest.raises(ValueError, match=match):
        SELECTORS[name](**params).fit(*planted())


ONE_PASS = pytest.mark.parametrize("name", ["deeplifft", "gates", "gia"])


@ONE_PASS
def test_fitted_networks_that_read_no_null_columns_cannot_answer(name, table):
    ensemble = SELECTORS[name](n_features_to_select=2, n_networks=2).fit(*table).estimator_
    with pytest.raises(ValueError, match=r"^n_features_to_select=\"auto\" .* read none\. Fit the"):
        SELECTORS[name](ensemble, prefit=True).fit(*table)


@pytest.mark.parametrize("name", ["deeplifft", "gia"])
def test_nor_can_a_fitted_network_alone(name, table):
    with pytest.raises(ValueError, match=r"these networks read none.* or leave prefit=False"):
        SELECTORS[name](relu_network(8, 4, 3), prefit=True).fit(*table)


@pytest.mark.slow
@ONE_PASS
def test_a_fitted_ensemble_answers_as_when_it_is_trained_in_fit(name, fitted, monkeypatch):
    trained, table = fitted[name], planted(n=240)
    with counted_trainings(monkeypatch) as calls:
        read = SELECTORS[name](trained.estimator_, prefit=True).fit(*table)
    assert calls == []
    for result in ("p_values_", "q_values_", "class_p_values_", "class_q_values_", "ranking_"):
        np.testing.assert_array_equal(getattr(read, result), getattr(trained, result))
    np.testing.assert_array_equal(read.importances_per_network_, trained.importances_per_network_)
    with pytest.raises(ValueError, match="pass the table it was trained on"):
        SELECTORS[name](trained.estimator_, prefit=True).fit(*planted(n=200))


def test_neurons_have_no_null_copies():
    with pytest.raises(ValueError, match="the neurons of layer='0' have none"):
        SELECTORS["deeplifft"](layer="0").fit(*planted())


# Around it


@pytest.mark.slow
def test_memory_keeps_one_fit_for_all_levels_and_warns_by_its_own(tmp_path, monkeypatch):
    X, y = planted(n=240)
    make = SELECTORS["deeplifft"]
    make(memory=tmp_path, n_features_to_select=2).fit(X, y)
    with counted_trainings(monkeypatch) as calls:
        first = make(memory=tmp_path).fit(X, y)
        assert len(calls) == 12
    with counted_trainings(monkeypatch) as calls:
        with pytest.warns(FeatureSelectionWarning, match="above alpha=0.01") as said:
            strict = make(memory=tmp_path, alpha=0.01).fit(X, y)
        again = make(memory=tmp_path).fit(X, y)
        make(memory=tmp_path, n_features_to_select=5).fit(X, y)
    assert calls == []
    assert len(said) == 1
    assert not strict.get_support().any()
    np.testing.assert_array_equal(again.q_values_, first.q_values_)


def test_memory_of_a_transformer_with_null_features_serves_auto(tmp_path, monkeypatch):
    X, y = planted()
    params = {"memory": tmp_path, "n_networks": 3}
    quietly(SELECTORS["gia"](null_features=True, n_features_to_select=2, **params), X, y)
    with counted_trainings(monkeypatch) as calls:
        quietly(SELECTORS["gia"](null_features=True, **params), X, y)
    assert calls == []


@pytest.mark.slow
@EACH
def test_in_a_pipeline_and_a_grid(name):
    X, y = planted(n=240)
    pipeline = make_pipeline(clone(SELECTORS[name]()), LogisticRegression(max_iter=1000))
    step = pipeline.steps[0][0]
    search = GridSearchCV(pipeline, {f"{step}__n_features_to_select": ["auto", 1]}, cv=2)
    search.fit(X, y)
    assert search.best_params_ == {f"{step}__n_features_to_select": "auto"}
    assert feature_selection_report(search)["frequency"].sum() >= 3


def test_curves_are_counts():
    model = LogisticRegression(max_iter=1000)
    curve = feature_count_curve(
        SELECTORS["deeplifft"](n_networks=2), model, *planted(), feature_counts=[1, 3], cv=2
    )
    assert curve.frame["n_features"].tolist() == [1, 3, 1, 3]


@pytest.mark.slow
def test_checkpoints_go_on_with_the_same_bits(tmp_path):
    X, y = planted()
    X[:, 5] = X[:, 0] + X[:, 5]
    plain, one, again = (
        quietly(SELECTORS["deeplifft"](n_networks=3, **params), X, y)
        for params in ({}, {"checkpoint_dir": tmp_path}, {"checkpoint_dir": tmp_path})
    )
    for other in (one, again):
        np.testing.assert_array_equal(plain.feature_importances_, other.feature_importances_)
        np.testing.assert_array_equal(plain.p_values_, other.p_values_)
    threads = quietly(SELECTORS["deeplifft"](n_networks=3, n_jobs=2), X, y)
    np.testing.assert_array_equal(plain.p_values_, threads.p_values_)


def test_a_count_that_nothing_can_fill_is_said(table):
    """Five gates are closed for good: their columns hold a single value."""
    X = table.X.copy()
    X[:, 3:] = 1.0

    def make(**params):
        return SELECTORS["gates"](gate_penalty=0.1, **params)

    with pytest.warns(FeatureSelectionWarning) as said:
        selector = make(n_features_to_select=8, n_networks=2).fit(X, table.y)
    assert "n_features_to_select=8 keeps 5 features of importance 0, as only 3 of 8 have" in str(
        said[-1].message
    )
    assert selector.get_support().all()
    for fits in ({"n_features_to_select": 3}, {"n_features_to_select": 8, "threshold": 1e-9}):
        with pytest.warns(FeatureSelectionWarning, match="5 of 8 columns hold") as said:
            selector = make(n_networks=2, **fits).fit(X, table.y)
        assert len(said) == 1
        assert selector.get_support().sum() == 3
