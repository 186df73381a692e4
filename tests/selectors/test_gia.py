"""GIATransformer: effects of interventions as a ranking and as features."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from scipy import stats
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline

from sklearn_deeplifft import GIATransformer
from sklearn_deeplifft.interventions import (
    _statistics,
    add,
    compose,
    intervention_effects,
    remove,
    set_to,
)
from tests.conftest import MLP, counted_trainings, made, planted, relu_network

QUICK = {
    "n_networks": 3,
    "hidden_layer_sizes": (16,),
    "learning_rate": 0.02,
    "batch_size": 32,
    "max_epochs": 20,
    "random_state": 0,
}

CODES = [(1, 2), (-1, 1), (0, 2), (-0.8, 1.25)]
"""Two values in the place of 0 and 1."""

BLOCK = ["grade_low", "grade_mid", "grade_high"]


def quick(estimator=None, **params) -> GIATransformer:
    return made(GIATransformer, estimator, defaults=QUICK, **params)


def motifs(n: int = 300, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """GATA1 and a high grade speak for "enhancer", SOX2 against it."""
    rng = np.random.RandomState(seed)
    grade = rng.randint(3, size=n)
    X = pd.DataFrame({"GATA1": rng.poisson(1.0, n), "SOX2": rng.poisson(0.3, n)})
    X = X.assign(age=rng.normal(50, 10, n), noise=rng.normal(size=n))
    X = X.assign(**{name: grade == g for g, name in enumerate(BLOCK)}).astype(float)
    logit = 2 * X.GATA1 - 3 * X.SOX2 + 3 * X.grade_high - 2
    return X, np.where(logit + rng.logistic(size=n) > 0, "enhancer", "none")


@pytest.fixture(scope="module")
def table():
    return motifs()


@pytest.fixture(scope="module")
def fitted(table):
    return quick(feature_groups=[BLOCK]).fit(*table)


def effects(gia, X):
    """What ``transform`` returns with ``output="effects"``."""
    return gia.set_params(output="effects").transform(X)


def after_effects(gia):
    gia.set_params(output="features")


def test_default_interventions(fitted):
    assert fitted.intervention_effects_.names == (
        "remove(GATA1)",
        "add(GATA1+1)",
        "remove(SOX2)",
        "add(SOX2+1)",
        "quantile(age+0.25)",
        "quantile(age-0.25)",
        "quantile(noise+0.25)",
        "quantile(noise-0.25)",
        "set(grade=low)",
        "set(grade=mid)",
        "set(grade=high)",
    )


def test_shapes_and_signs(fitted):
    m, d = 11, 7
    assert fitted.effects_.shape == fitted.effects_se_.shape == fitted.effects_std_.shape == (m, 2)
    assert fitted.effects_interval_.shape == (2, m, 2)
    assert fitted.class_importances_.shape == (2, d)
    assert fitted.feature_importances_.shape == fitted.ranking_.shape == (d,)
    enhancer = dict(zip(fitted.feature_names_in_, fitted.class_importances_[0], strict=True))
    assert enhancer["GATA1"] > 0 > enhancer["SOX2"]
    assert enhancer["grade_high"] > 0 > enhancer["grade_low"]
    assert (fitted.feature_importances_ >= 0).all()
    assert fitted.decomposition_error_ < 1e-5
    # Centred: what speaks for one of two classes speaks against the other.
    np.testing.assert_allclose(fitted.effects_.sum(axis=1), 0, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(
    "params",
    [
        {},
        {"n_networks": 1},
        {"scale": "proba"},
        {"interventions": [add("GATA1", 1)]},
        {"interventions": [compose(add("GATA1", 1), remove("SOX2")), remove("age")]},
        {"n_background": 40},
        {"dtype": "float64"},
        {"feature_groups": [BLOCK]},
    ],
    ids=str,
)
def test_mean_of_the_row_effects_is_the_effect_exactly(table, params):
    gia = quick(**params).fit(*table)
    rows = effects(gia, gia.background_)
    assert rows.dtype == np.float64
    assert (rows.mean(0) == gia.effects_.ravel()).all()
    assert rows.shape[1] == len(gia.get_feature_names_out())


def test_mean_of_a_single_column_of_effects_exactly(table):
    X, _ = table
    gia = quick(interventions=[remove("GATA1")], task="regression").fit(X, 2.0 * X["GATA1"])
    rows = effects(gia, gia.background_)
    assert rows.shape[1] == 1
    assert rows.mean(0) == gia.effects_.ravel()


def test_effects_are_those_of_whole_forward_passes(fitted, table):
    """Literally, row by row, through the networks that the user keeps."""
    after_effects(fitted)
    X, _ = table
    rows = X.to_numpy()
    moved = rows.copy()
    moved[:, 0] = 0

    def outputs(values):
        z = np.mean(
            [
                net.module_(torch.tensor(values)).detach().numpy()
                for net in fitted.estimator_.estimators_
            ],
            axis=0,
        )
        return z - z.mean(axis=1, keepdims=True)

    expected = outputs(moved) - outputs(rows)
    found = effects(fitted, X)[:, :2]
    after_effects(fitted)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_standard_errors_and_intervals(fitted):
    rows = effects(fitted, fitted.background_)
    after_effects(fitted)
    errors = rows.std(axis=0, ddof=1) / np.sqrt(len(rows))
    np.testing.assert_allclose(fitted.effects_se_.ravel(), errors, rtol=1e-10, atol=1e-15)
    own = fitted.intervention_effects_.per_network
    low, high = stats.t.interval(0.95, 2, own.mean(0), stats.sem(own, axis=0))
    np.testing.assert_allclose(fitted.effects_interval_, [low, high], rtol=1e-10)
    np.testing.assert_allclose(fitted.effects_std_, own.std(axis=0, ddof=1))


def test_names_of_effects(fitted):
    names = fitted.set_params(output="effects").get_feature_names_out()
    frame = clone(fitted).set_output(transform="pandas").fit(*motifs()).transform(motifs()[0])
    after_effects(fitted)
    assert names[0] == "remove(GATA1)->enhancer"
    assert names[-1] == "set(grade=high)->none"
    assert list(frame.columns) == list(names)


def test_blocks_are_kept_whole_and_counted_once(fitted):
    for k in range(1, 6):
        chosen = fitted.set_params(n_features_to_select=k).get_feature_names_out()
        assert len({"grade" if name in BLOCK else name for name in chosen}) == k
        assert set(BLOCK) <= set(chosen) or not set(BLOCK) & set(chosen)
    fitted.set_params(n_features_to_select=None)


def test_changing_the_cut_trains_nothing(fitted, monkeypatch):
    with counted_trainings(monkeypatch) as calls:
        fitted.set_params(n_features_to_select=1).get_support()
        effects(fitted, fitted.background_)
    after_effects(fitted.set_params(n_features_to_select=None))
    assert calls == []


@pytest.mark.slow
def test_in_a_pipeline_and_a_grid(table):
    pipeline = make_pipeline(quick(), LogisticRegression(max_iter=1000))
    counts = {"giatransformer__n_features_to_select": [1, 3]}
    search = GridSearchCV(pipeline, counts, cv=3).fit(*table)
    assert search.best_score_ > 0.6
    as_features = make_pipeline(quick(output="effects"), LogisticRegression(max_iter=1000))
    assert as_features.fit(*table).score(*table) > 0.7


def test_sparse_equals_dense(table):
    X, y = planted()
    X = np.where(X > 1.2, np.round(X), 0)
    gia = quick().fit(sp.csr_matrix(X), y)
    assert sp.issparse(gia.background_)
    dense = effects(gia, X)
    np.testing.assert_allclose(effects(gia, sp.csr_matrix(X)), dense, atol=1e-12)
    np.testing.assert_allclose(quick().fit(X, y).effects_, gia.effects_, atol=1e-12)
    assert (effects(gia, gia.background_).mean(0) == gia.effects_.ravel()).all()


@pytest.mark.slow
def test_same_seed_same_bits_and_seed_matters(table):
    one, again, other = (quick(random_state=seed).fit(*table) for seed in (0, 0, 1))
    assert (one.effects_ == again.effects_).all()
    assert (one.effects_ != other.effects_).any()


def test_a_weight_of_two_is_the_row_twice():
    X, y = planted(n=60)
    weight = np.random.RandomState(0).randint(0, 3, size=60)
    weighted = quick().fit(X, y, sample_weight=weight)
    repeated = quick().fit(np.repeat(X, weight, axis=0), np.repeat(y, weight))
    np.testing.assert_allclose(weighted.effects_, repeated.effects_, atol=1e-12)
    assert len(weighted.background_) == weight.sum()
    rows = effects(weighted, weighted.background_)
    distinct, often = np.unique(weighted.background_, axis=0, return_counts=True)
    summed = [
        times * (rows[(weighted.background_ == row).all(axis=1)].mean(0) - rows.mean(0))
        for row, times in zip(distinct, often, strict=True)
    ]
    U, n = len(distinct), len(rows)
    errors = np.sqrt(np.sum(np.square(summed), axis=0) * U / (U - 1)) / n
    np.testing.assert_allclose(weighted.effects_se_.ravel(), errors, rtol=1e-9, atol=1e-15)
    for unit in (2, 0.25):
        scaled = quick().fit(X, y, sample_weight=unit * weight)
        np.testing.assert_allclose(scaled.effects_, weighted.effects_, atol=1e-9)
        np.testing.assert_allclose(scaled.effects_se_, weighted.effects_se_, rtol=1e-6)


def test_background_is_drawn_by_weight():
    X, y = planted(n=200)
    weight = np.where(np.arange(200) < 20, 100.0, 1e-9)
    gia = quick(n_background=50).fit(X, y, sample_weight=weight)
    first = {tuple(row) for row in X[:20]}
    assert len(gia.background_) == 50
    assert all(tuple(row) in first for row in gia.background_)


@pytest.mark.parametrize(
    ("estimator", "params"),
    [
        (MLP, {}),
        (relu_network(8, 12, 3), {"standardize": False}),
        (torch.nn.Sequential(torch.nn.Linear(8, 8), torch.nn.Tanh(), torch.nn.Linear(8, 3)), {}),
        (MLPClassifier((8,), max_iter=2000, learning_rate_init=0.02, random_state=0), {}),
    ],
    ids=["class", "instance", "tanh", "mlp"],
)
def test_networks_of_the_user(estimator, params):
    X, y = planted()
    gia = quick(estimator, **{**params, "n_networks": 2}).fit(X, y)
    assert np.isfinite(gia.effects_).all()
    assert (effects(gia, gia.background_).mean(0) == gia.effects_.ravel()).all()


def test_prefit_network_is_only_read(table):
    X, y = planted()
    trained = quick().fit(X, y).estimator_.estimators_[0]
    before = {name: p.clone() for name, p in trained.module_.named_parameters()}
    gia = quick(trained, prefit=True).fit(X, y)
    assert all(torch.equal(p, before[name]) for name, p in trained.module_.named_parameters())
    assert np.isnan(gia.effects_interval_).all()
    assert gia.estimator_.estimators_[0] is trained


@pytest.mark.parametrize("share", [0.1, 0.6])
@pytest.mark.parametrize(
    ("low", "high", "groups"),
    [
        *((low, high, None) for low, high in [*CODES, (2, 1)]),
        # A group goes up or down as one, so which of the two is more does matter there.
        *((low, high, [[0], [1, 2, 3]]) for low, high in CODES),
    ],
)
def test_codes_of_columns_of_two_values_do_not_matter(low, high, groups, share):
    """The same network, whose first layer takes other codes, gives the same importances."""
    rng = np.random.default_rng(0)
    X = np.hstack([rng.random((90, 3)) < share, rng.poisson(1.0, (90, 2))]).astype(float)
    net, coded = relu_network(5, 8, 3), relu_network(5, 8, 3)
    other = X.copy()
    other[:, :3] = np.where(X[:, :3] == 1, high, low)
    with torch.no_grad():
        slope = coded[0].weight[:, :3] / (high - low)
        coded[0].weight[:, :3] = slope
        coded[0].bias -= low * slope.sum(1)
    y = net(torch.tensor(X)).argmax(1).numpy()
    one, two = (
        GIATransformer(network, prefit=True, feature_groups=groups).fit(rows, y)
        for network, rows in ((net, X), (coded, other))
    )
    np.testing.assert_allclose(two.feature_importances_, one.feature_importances_, rtol=1e-9)
    # Having more of a column whose codes are the other way round is having less of it.
    sign = np.where(np.arange(5) < 3, np.sign(high - low), 1)
    if groups is None:
        by_class = one.class_importances_ * sign
        np.testing.assert_allclose(two.class_importances_, by_class, rtol=1e-9, atol=1e-12)


@pytest.mark.slow
def test_regression_effects_are_in_units_of_the_target():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(400, 3))
    y = 100 * X[:, 0] - 50 * X[:, 1]
    gia = quick(
        interventions=[add(j, 1.0, low=None) for j in range(3)],
        hidden_layer_sizes=(),
        max_epochs=100,
        task="regression",
    ).fit(X, y)
    np.testing.assert_allclose(gia.effects_.ravel(), [100, -50, 0], atol=3)
    scale = y.std()
    np.testing.assert_allclose(gia.feature_importances_, [100 / scale, 50 / scale, 0], atol=0.05)
    assert gia.intervention_effects_.outputs == ("prediction",)


def test_multilabel():
    X, _ = planted()
    y = (X[:, :2] > 1).astype(int)
    gia = quick().fit(X, y)
    assert gia.effects_.shape[1] == 2
    assert gia.class_importances_[0].argmax() == 0
    assert gia.class_importances_[1].argmax() == 1


def test_several_outputs():
    X, y = planted()
    gia = quick().fit(X, np.stack([y, (X[:, 4] > 1).astype(int)], axis=1))
    assert gia.class_importances_.shape == (5, 8)
    np.testing.assert_allclose(gia.effects_[:, :3].sum(axis=1), 0, atol=1e-5)


def test_constant_columns_score_zero():
    X, y = planted()
    X[:, 3] = 7.0
    with pytest.warns(UserWarning, match="holds a single value and scores 0: 3"):
        gia = quick().fit(X, y)
    assert gia.feature_importances_[3] == 0
    assert not any(3 in one.columns for one in gia.interventions_)


def test_what_hardly_any_row_has_is_not_first_and_effects_stay_as_they_are():
    """40 motifs of one or two rows each beside one of half of the rows that decides."""
    rng = np.random.default_rng(0)
    X = np.zeros((400, 43))
    X[:, 0] = rng.integers(2, size=400)
    for j in range(1, 41):
        X[rng.choice(400, size=1 + j % 2, replace=False), j] = 1
    X[:, 41:] = rng.normal(size=(400, 2))  # rows that are the same would be held out together
    y = np.where(rng.random(400) < 0.1, 1 - X[:, 0], X[:, 0]).astype(int)
    gia = quick().fit(X, y)
    assert gia.ranking_[0] == 1
    found = gia.set_params(output="effects").transform(gia.background_)
    np.testing.assert_array_equal(found.mean(axis=0), gia.effects_.ravel())
    added = [i for i, one in enumerate(gia.interventions_) if one.sign > 0]
    sizes = np.abs(gia.effects_[added]).max(axis=1)
    assert sizes[1:41].max() > 0.2 * sizes[0]  # effects of rare motifs are not small


def test_features_without_an_intervention_score_zero(table):
    both = compose(remove("SOX2"), remove("age"))
    gia = quick(interventions=[add("GATA1", 1), both]).fit(*table)
    assert np.flatnonzero(gia.feature_importances_).tolist() == [0]
    assert gia.effects_.shape == (2, 2)


@pytest.mark.slow
def test_dropping_null_features_leaves_no_trace(table):
    gia = quick(null_features=True).fit(*table)
    assert gia.q_values_.shape == (7,)
    gia.set_params(estimator__null_features=False).fit(*table)
    assert not hasattr(gia, "q_values_")


@pytest.mark.slow
def test_null_features_report_what_is_planted_and_take_raw_rows(table):
    X, y = table
    gia = quick(null_features=True, n_networks=20, feature_groups=[BLOCK]).fit(X, y)
    by_name = dict(zip(X.columns, gia.q_values_, strict=True))
    assert max(by_name["GATA1"], by_name["grade_high"]) <= 0.05
    assert by_name["noise"] > 0.05
    assert gia.class_q_values_.shape == (2, 7)
    assert (gia.p_values_ <= gia.q_values_ + 1e-15).all()
    # The smallest p is one over the pooled null features of all networks, and one.
    assert gia.p_values_.min() >= 1 / (1 + 20 * 5)
    assert gia.estimator_.estimators_[0].predict_proba(X.to_numpy(dtype=np.float32)).shape == (
        len(X),
        2,
    )
    assert (effects(gia, gia.background_).mean(0) == gia.effects_.ravel()).all()


def test_agrees_with_the_function(fitted, table):
    X, _ = table
    found = intervention_effects(fitted, X, list(fitted.interventions_), n_background=len(X))
    assert found.outputs == ("enhancer", "none")
    # The function takes the rows in their order, the selector in one that their content decides.
    order = [i for i, one in enumerate(fitted.interventions_) if one.target is not None]
    np.testing.assert_allclose(found.effects[order], fitted.effects_[order], atol=1e-6)


def test_survives_pickle_and_clone(fitted, table):
    again = pickle.loads(pickle.dumps(fitted))
    assert (effects(again, table[0]) == effects(fitted, table[0])).all()
    after_effects(fitted)
    own = [set_to("GATA1", 2)]
    copy = clone(quick(interventions=own))
    assert copy.get_params()["interventions"] == own


def test_checkpoints_resume_with_the_same_bits(table, tmp_path):
    one = quick(checkpoint_dir=tmp_path).fit(*table)
    again = quick(checkpoint_dir=tmp_path).fit(*table)
    assert (one.effects_ == again.effects_).all()


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"interventions": []}, "nothing to intervene on"),
        ({"interventions": [remove("SOX9")]}, "'SOX9' is not among the 7 columns"),
        (
            {"interventions": [set_to("grade_low", 1)], "feature_groups": [BLOCK]},
            "rest of its block",
        ),
        ({"interventions": [add("noise", 1)]}, "'noise' holds values below 0"),
        (
            {"null_features": True, "estimator": MLP},
            "null_features=True would be ignored: network=",
        ),
        ({"scale": "odds"}, "'scale' parameter"),
        ({"output": "both"}, "'output' parameter"),
        ({"n_background": 1}, "'n_background' parameter"),
    ],
    ids=str,
)
def test_refusals_leave_the_selector_as_it_was(table, params, message):
    gia = quick(**params)
    before = dict(vars(gia))
    with pytest.raises(ValueError, match=message):
        gia.fit(*table)
    assert vars(gia) == before


def test_refuses_what_is_no_intervention(table):
    with pytest.raises(TypeError, match="'remove' is not an intervention; make one with"):
        quick(interventions=["remove"]).fit(*table)


def test_null_features_of_a_prefit_network(table):
    trained = quick().fit(*table).estimator_.estimators_[0]
    with pytest.raises(
        ValueError, match=r"these networks read none\. Fit the ensemble with null_feat"
    ):
        quick(trained, prefit=True, n_features_to_select="auto").fit(*table)


@pytest.mark.parametrize("n_networks", [1, 2])
def test_row_effects_in_blocks_are_those_at_once(table, n_networks, monkeypatch):
    gia = quick(n_networks=n_networks, output="effects").fit(*table)
    whole = gia.transform(table[0])
    monkeypatch.setattr(_statistics, "BLOCK_BYTES", 1)
    assert gia.interventions_[2:]
    np.testing.assert_allclose(gia.transform(table[0]), whole, rtol=0, atol=1e-6)
    np.testing.assert_allclose(gia.transform(table[0][:3]), whole[:3], rtol=0, atol=1e-6)
