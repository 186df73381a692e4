"""A scikit-learn estimator: parameters, copies, pickles, pipelines, grids and routing."""

import inspect
import pickle

import cloudpickle
import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
import skorch
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from sklearn_deeplifft import DeepLIFFTSelector, NetworkEnsembleClassifier
from tests.conftest import MLP, FixedMLP, bits, counted_trainings, planted, quick


@pytest.fixture(scope="module")
def data():
    return planted()


OTHER_VALUES = {
    "estimator": MLP,
    "n_features_to_select": 3,
    "threshold": "mean",
    "alpha": 0.05,
    "per_class": True,
    "step": 1,
    "reference": [0.0] * 8,
    "simplex_groups": [[0, 1], (2, 3)],
    "feature_groups": [[4, 5], [6, 7]],
    "activation_rule": "secant",
    "layer": "hidden",
    "target_class": "b",
    "class_balance": None,
    "importance_type": "absolute",
    "score_on": "out_of_fold",
    "prefit": True,
    "path_weight": 0.2,
    "smoothing": 0.2,
    "memory": "kept",
    "dtype": "float64",
    "random_state": 3,
    "verbose": 1,
}


def test_every_parameter_is_in_the_list_above_and_documented():
    names = list(inspect.signature(DeepLIFFTSelector.__init__).parameters)[1:]
    assert set(names) == set(OTHER_VALUES)
    for name in names:
        assert f"    {name} : " in DeepLIFFTSelector.__doc__, name


def test_every_fitted_attribute_is_documented(data):
    selector = quick(n_networks=2).fit(pd.DataFrame(data.X, columns=list("abcdefgh")), data.y)
    for name in {*vars(selector), *dir(selector)}:
        if name.endswith("_") and not name.startswith("_"):
            assert name in DeepLIFFTSelector.__doc__, name


@pytest.mark.parametrize("name", OTHER_VALUES)
def test_parameters_are_kept_as_they_are_and_cloned(name):
    given = OTHER_VALUES[name]
    selector = DeepLIFFTSelector(**{name: given})
    assert selector.get_params()[name] is given
    twin = clone(selector).get_params()
    assert twin.keys() == selector.get_params().keys()
    if not isinstance(given, nn.Module):
        assert twin[name] == given


def test_parameters_of_the_ensemble_and_of_its_network_are_set_through_the_selector():
    net = skorch.NeuralNetClassifier(MLP, lr=0.2)
    selector = DeepLIFFTSelector(NetworkEnsembleClassifier(net, n_networks=3))
    assert selector.get_params()["estimator__n_networks"] == 3
    assert selector.get_params()["estimator__network__lr"] == 0.2
    twin = clone(selector).set_params(estimator__n_networks=4, estimator__network__lr=0.1)
    assert (twin.estimator.n_networks, twin.estimator.network.lr) == (4, 0.1)
    assert (selector.estimator.n_networks, net.lr) == (3, 0.2)
    bare = DeepLIFFTSelector(net).set_params(estimator__lr=0.3)
    assert bare.estimator.lr == 0.3


@pytest.mark.slow
@pytest.mark.parametrize(
    "estimator",
    [
        None,
        MLP,
        lambda: FixedMLP(),
        lambda: skorch.NeuralNetClassifier(
            MLP, criterion=nn.CrossEntropyLoss, max_epochs=20, lr=0.2
        ),
        lambda: MLPClassifier((5,), learning_rate_init=0.05, tol=1e-2),
    ],
    ids=["default", "class", "instance", "skorch", "mlp"],
)
def test_fit_leaves_parameters_as_they_were(data, estimator):
    if callable(estimator) and not isinstance(estimator, type):
        estimator = estimator()
    given = {
        "reference": np.zeros(8),
        "random_state": np.random.RandomState(0),
        "class_weight": {0: 2.0},
        "n_features_to_select": 0.5,
    }
    if estimator is None:  # the other networks have their own layers
        given["hidden_layer_sizes"] = [6]
    selector = quick(estimator, step=0.5, **given)
    owners = (selector, selector.estimator)
    before = [dict(vars(owner)) for owner in owners]
    contents = [_shown(owner) for owner in owners]
    selector.fit(*data)
    for owner, values, texts in zip(owners, before, contents, strict=True):
        for name, value in values.items():
            assert getattr(owner, name) is value, name
        assert {name: _shown(owner)[name] for name in texts} == texts
    assert vars(selector.estimator).keys() == before[1].keys()
    assert set(vars(selector.estimator_)) > set(before[1])


def _shown(owner) -> dict[str, str]:
    """Parameters as they print, but for the generator, which moves on."""
    return {name: repr(value) for name, value in vars(owner).items() if name != "random_state"}


def test_a_clone_is_unfitted_and_fits_the_same(data):
    selector = quick(step=0.5).fit(*data)
    twin = clone(selector)
    with pytest.raises(sklearn.exceptions.NotFittedError):
        twin.get_support()
    assert bits(twin.fit(*data)) == bits(selector)


SAVERS = {
    "pickle": lambda s, path: pickle.loads(pickle.dumps(s)),
    "pickle, oldest protocol": lambda s, path: pickle.loads(pickle.dumps(s, protocol=2)),
    "cloudpickle": lambda s, path: cloudpickle.loads(cloudpickle.dumps(s)),
    "joblib": lambda s, path: joblib.load(joblib.dump(s, path / "s.joblib")[0]),
    "joblib, compressed": lambda s, path: joblib.load(joblib.dump(s, path / "s.gz", compress=3)[0]),
}

KINDS = {
    "default": lambda: quick(step=0.5, n_networks=2),
    "reference and class": lambda: quick(reference="zero", target_class=1),
    "layer": lambda: quick(layer="1"),
    "module class": lambda: quick(MLP),
    "module instance": lambda: quick(FixedMLP()),
    "skorch": lambda: quick(
        skorch.NeuralNetClassifier(MLP, criterion=nn.CrossEntropyLoss, max_epochs=30, lr=0.2)
    ),
    "mlp": lambda: quick(MLPClassifier((5,), learning_rate_init=0.05, tol=1e-2)),
    "regression": lambda: quick(task="regression"),
}


@pytest.mark.slow
@pytest.mark.parametrize("saver", SAVERS)
@pytest.mark.parametrize("kind", KINDS)
def test_round_trips(data, kind, saver, tmp_path):
    frame = pd.DataFrame(data.X, columns=list("abcdefgh"))
    selector = KINDS[kind]().fit(frame, data.y)
    again = SAVERS[saver](selector, tmp_path)
    assert bits(again) == bits(selector)
    assert list(again.get_feature_names_out()) == list(selector.get_feature_names_out())
    np.testing.assert_array_equal(again.transform(frame), selector.transform(frame))
    np.testing.assert_array_equal(
        again.increments(frame, data.y), selector.increments(frame, data.y)
    )
    np.testing.assert_array_equal(
        again.contributions(frame).terms, selector.contributions(frame).terms
    )
    again.set_params(n_features_to_select=2)
    assert again.get_support().sum() == 2


def test_an_unfitted_selector_is_pickled_and_fits_the_same(data):
    assert bits(pickle.loads(pickle.dumps(quick())).fit(*data)) == bits(quick().fit(*data))


def test_no_data_travels_with_a_pickle():
    rng = np.random.default_rng(0)
    sizes = []
    for n in (200, 4000):
        X = rng.normal(size=(n, 8))
        y = (X[:, 0] > 0).astype(int)
        net = skorch.NeuralNetClassifier(
            MLP, criterion=nn.CrossEntropyLoss, max_epochs=12, lr=0.5, batch_size=n
        )
        for selector in (quick(max_epochs=12, batch_size=n), quick(net)):
            sizes.append(len(pickle.dumps(selector.fit(X, y))))
    assert abs(sizes[2] - sizes[0]) < 1000  # the larger table alone is 256 kB
    assert abs(sizes[3] - sizes[1]) < 1000


def test_fitted_networks_are_on_the_cpu(data):
    selector = quick(n_networks=2).fit(*data)
    for net in selector.estimator_.estimators_:
        assert net.device == "cpu"
        assert all(p.device.type == "cpu" for p in net.module_.parameters())
        assert not net.module_.training


# Pipelines, grids


@pytest.mark.slow
def test_pipeline_and_grid_over_counts(data):
    pipe = Pipeline([("select", quick()), ("fit", LogisticRegression())])
    search = GridSearchCV(pipe, {"select__n_features_to_select": [1, 3, 8]}, cv=3)
    search.fit(*data)
    assert search.best_params_["select__n_features_to_select"] >= 3
    assert search.best_estimator_["select"].transform(data.X).shape[1] >= 3
    assert search.score(*data) > 0.85


@pytest.mark.slow
def test_grid_over_nested_parameters(data):
    net = skorch.NeuralNetClassifier(
        MLP, criterion=nn.CrossEntropyLoss, optimizer=torch.optim.Adam, max_epochs=30, lr=0.02
    )
    pipe = make_pipeline(quick(net, n_features_to_select=3), LogisticRegression())
    grid = {
        "deeplifftselector__estimator__network__module__width": [4, 16],
        "deeplifftselector__estimator__network__lr": [0.02, 0.05],
    }
    search = GridSearchCV(pipe, grid, cv=2).fit(*data)
    best = search.best_estimator_["deeplifftselector"].estimator_.estimators_[0]
    assert best.module_.core.hidden.out_features == search.best_params_[next(iter(grid))]


@pytest.mark.long
@pytest.mark.slow
def test_grid_in_two_processes_gives_what_one_gives(data):
    """Processes whose fits have threads of their own."""
    pipe = make_pipeline(quick(n_networks=2, n_jobs=2), LogisticRegression())
    grid = {"deeplifftselector__n_features_to_select": [2, 4]}
    one, two = (GridSearchCV(pipe, grid, cv=2, n_jobs=n).fit(*data) for n in (1, 2))
    np.testing.assert_array_equal(
        one.cv_results_["mean_test_score"], two.cv_results_["mean_test_score"]
    )


@pytest.mark.slow
@pytest.mark.filterwarnings(
    "ignore:the networks predict no:sklearn_deeplifft.FeatureSelectionWarning"
)
def test_selection_inside_cross_validation_does_not_leak():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(400, 60)), rng.integers(2, size=400)
    pipe = make_pipeline(quick(n_features_to_select=5), LogisticRegression())
    # Three standard errors of a coin tossed 400 times; selection on all rows scores above 0.6.
    assert abs(cross_val_score(pipe, X, y, cv=5).mean() - 0.5) < 0.075


def test_after_a_scaler_and_with_names(data):
    frame = pd.DataFrame(data.X, columns=list("abcdefgh"))
    pipe = make_pipeline(StandardScaler(), quick(n_features_to_select=3, max_epochs=30))
    pipe.set_output(transform="pandas").fit(frame, data.y)
    assert set(pipe.get_feature_names_out()) == {"a", "b", "c"}
    assert set(pipe.transform(frame).columns) == {"a", "b", "c"}


# Metadata


def test_sample_weight_is_routed(data):
    weight = np.linspace(0.1, 2, 120)
    with sklearn.config_context(enable_metadata_routing=True):
        selector = quick().set_fit_request(sample_weight=True)
        pipe = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), selector)
        pipe.fit(*data, sample_weight=weight)
        Z = StandardScaler().fit_transform(data.X)
        direct = quick().fit(Z, data.y, sample_weight=weight)
    assert bits(pipe[-1]) == bits(direct)
    assert bits(direct) != bits(quick().fit(Z, data.y))


def test_weights_masks_and_groups_are_routed_through_a_grid(data, monkeypatch):
    weight, mask = np.linspace(0.1, 2, 120), np.arange(120) % 4 > 0
    groups = np.arange(120) // 6
    seen = []
    fit = DeepLIFFTSelector.fit

    def watched(self, X, y, sample_weight=None, sample_mask=None, groups=None):
        seen.append((sample_weight, sample_mask, groups))
        return fit(self, X, y, sample_weight, sample_mask, groups)

    monkeypatch.setattr(DeepLIFFTSelector, "fit", watched)
    with sklearn.config_context(enable_metadata_routing=True):
        selector = quick(max_epochs=15, n_networks=5).set_fit_request(
            sample_weight=True, sample_mask=True, groups=True
        )
        pipe = Pipeline(
            [
                ("select", selector),
                (
                    "fit",
                    LogisticRegression()
                    .set_fit_request(sample_weight=False)
                    .set_score_request(sample_weight=True),
                ),
            ]
        )
        search = GridSearchCV(pipe, {"select__n_features_to_select": [2, 3]}, cv=2)
        search.fit(*data, sample_weight=weight, sample_mask=mask, groups=groups)
    assert len(seen) == 5
    for found in seen:
        assert [len(part) for part in found] in ([60] * 3, [120] * 3)
    np.testing.assert_array_equal(seen[-1][0], weight)
    np.testing.assert_array_equal(seen[-1][1], mask)


def test_weights_that_nobody_asked_for_are_refused(data):
    with sklearn.config_context(enable_metadata_routing=True):
        pipe = make_pipeline(quick(), LogisticRegression())
        with pytest.raises(ValueError, match=r"sample_weight.*not explicitly set"):
            pipe.fit(*data, sample_weight=np.ones(120))


# Tags and representation


def test_tags():
    tags = sklearn.utils.get_tags(DeepLIFFTSelector())
    assert tags.target_tags.required
    assert tags.target_tags.multi_output
    assert tags.input_tags.sparse
    assert not tags.input_tags.allow_nan


def test_representations(data):
    assert repr(DeepLIFFTSelector(n_features_to_select=3)) == (
        "DeepLIFFTSelector(n_features_to_select=3)"
    )
    assert "DeepLIFFTSelector" in quick().fit(*data)._repr_html_()
    uncuttable = quick(n_networks=2).fit(*data).set_params(n_features_to_select=9)
    assert "DeepLIFFTSelector" in uncuttable._repr_html_()


def test_a_number_that_cannot_be_computed_is_no_attribute(data):
    alone, two = quick().fit(*data), quick(n_networks=2).fit(*data)
    assert "stability_" in dir(two)
    assert "stability_" not in dir(alone)
    with pytest.raises(AttributeError, match=r"needs at least 2.*more networks"):
        alone.stability_  # noqa: B018
    assert set(alone.selection_frequency_) == {0, 1}
    two.set_params(n_features_to_select=9)
    for name in ("stability_", "selection_frequency_"):
        with pytest.raises(AttributeError, match=r"n_features_to_select=9 must be"):
            getattr(two, name)
    with pytest.raises(NotFittedError):
        quick().stability_  # noqa: B018


def test_defaults_do_not_share_mutable_objects():
    for parameter in inspect.signature(DeepLIFFTSelector.__init__).parameters.values():
        assert not isinstance(parameter.default, list | dict | np.ndarray)


def test_a_sweep_over_counts_by_hand_trains_once(data, monkeypatch):
    with counted_trainings(monkeypatch) as calls:
        selector = quick().fit(*data)
        tables = [
            selector.set_params(n_features_to_select=k).transform(data.X) for k in range(1, 9)
        ]
    assert len(calls) == 1
    assert [t.shape[1] for t in tables] == list(range(1, 9))
