"""``save`` and ``load`` of each selector and ensemble, on every task: equal to the last bit."""

import copy
import functools
import json
import pickle
import random
import subprocess
import sys

import joblib
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import skorch
import torch
from sklearn import config_context
from sklearn.base import clone
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline

from sklearn_deeplifft import (
    DeepLIFFTSelector,
    GIATransformer,
    ImportanceNeuronSelector,
    NetworkEnsembleClassifier,
    NetworkEnsembleRegressor,
    SavedFileError,
    load,
    networks,
)
from sklearn_deeplifft.interventions import compose, quantile_shift, set_to
from sklearn_deeplifft.saving import read_saved, write_object
from sklearn_deeplifft.selectors._asleep import asleep
from tests.conftest import MLP, ONE_PASS, QUICK, FixedMLP, made, quick
from tests.saved import difference

SMALL = {name: value for name, value in QUICK.items() if name not in ONE_PASS} | {"n_networks": 2}
GATES = {**SMALL, "path_steps": 60, "score_on": "all"}
KINDS = {
    DeepLIFFTSelector: {**QUICK, "n_networks": 2},
    ImportanceNeuronSelector: GATES,
    GIATransformer: SMALL,
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "saved.safetensors"


def selector(kind=DeepLIFFTSelector, network=None, **params):
    return made(kind, network, defaults=KINDS[kind], **params)


def target(task, X, y):
    if task == "binary":
        return np.where(y == 0, "no", "yes")
    if task == "multilabel":
        return (X[:, :3] > 1).astype(int)
    if task == "multioutput":
        return np.column_stack([y, (X[:, 0] > 1) + 3])
    if task == "regression":
        return X[:, 0] - 2 * X[:, 1]
    return y


TASKS = ("binary", "multiclass", "multilabel", "multioutput", "regression")


def assert_same(loaded, original, X, y):
    assert type(loaded) is type(original)
    assert loaded.get_params(deep=False).keys() == original.get_params(deep=False).keys()
    assert difference(loaded, original) is None
    np.testing.assert_array_equal(loaded.get_support(), original.get_support())
    both = [one.transform(X) for one in (loaded, original)]
    np.testing.assert_array_equal(*(b.toarray() if sp.issparse(b) else b for b in both))
    pd.testing.assert_frame_equal(loaded.to_frame(), original.to_frame(), check_exact=True)
    assert list(loaded.get_feature_names_out()) == list(original.get_feature_names_out())
    both = [one.estimator_.predict(X) for one in (loaded, original)]
    np.testing.assert_array_equal(*both)
    if hasattr(original, "contributions"):
        mine, theirs = (one.contributions(X) for one in (loaded, original))
        np.testing.assert_array_equal(mine.terms, theirs.terms)
        np.testing.assert_array_equal(mine.bias, theirs.bias)
        mine, theirs = (one.importances(X, y).overall for one in (loaded, original))
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_selectors_come_back(kind, task, path, table):
    y = target(task, *table)
    of = "regression" if task == "regression" else "classification"
    original = selector(kind, task=of, n_features_to_select=3).fit(table.X, y)
    original.save(path)
    assert_same(load(path), original, table.X, y)


FITS = {
    "sparse": lambda s, X, y: s.fit(sp.csr_matrix(X * (X > 1)), y),
    "frame": lambda s, X, y: s.fit(pd.DataFrame(X, columns=list("abcdefgh")), y),
    "groups": lambda s, X, y: s.fit(X, y, groups=np.arange(len(y)) // 4),
    "weights": lambda s, X, y: s.fit(X, y, sample_weight=np.linspace(1, 2, len(y))),
    "features": lambda s, X, y: s.set_params(feature_groups=[[0, 1], [2, 3]]).fit(X, y),
    "class": lambda s, X, y: s.set_params(target_class=1).fit(X, y),
    "pandas": lambda s, X, y: s.set_output(transform="pandas").fit(X, y),
}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("name", FITS)
def test_fits_of_every_input_come_back(name, kind, path, table):
    original = FITS[name](selector(kind, n_features_to_select=3), *table)
    original.save(path)
    X = table.X
    X = sp.csr_matrix(X * (X > 1)) if name == "sparse" else X
    X = pd.DataFrame(X, columns=list("abcdefgh")) if name == "frame" else X
    assert_same(load(path), original, X, table.y)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_null_features_come_back(kind, path, table):
    params = {"gates": "tied", "gate_penalty": "path", "path_steps": 60}
    original = selector(kind, n_features_to_select="auto", alpha=0.9, **params).fit(*table)
    original.save(path)
    found = load(path)
    assert_same(found, original, *table)
    np.testing.assert_array_equal(found.q_values_, original.q_values_)
    # Null columns are read again on the table of the fit.
    for one in (found, original):
        one.again = DeepLIFFTSelector(one.estimator_, prefit=True, random_state=0).fit(*table)
    np.testing.assert_array_equal(found.again.p_values_, original.again.p_values_)


OPTIONS = {
    "layer": {"layer": "0"},
    "reference": {"reference": pd.Series(np.arange(8.0)).to_numpy()},
    "secant": {"activation_rule": "secant", "dtype": "float64"},
    "elimination": {"step": 0.5},
    "out_of_fold": {"score_on": "out_of_fold", "n_networks": 3},
}


@pytest.mark.parametrize("name", OPTIONS)
def test_readings_of_every_kind_come_back(name, path, table):
    original = selector(n_features_to_select=2, **OPTIONS[name]).fit(*table)
    original.save(path)
    loaded = load(path)
    assert difference(loaded, original) is None
    np.testing.assert_array_equal(loaded.transform(table.X), original.transform(table.X))
    np.testing.assert_array_equal(*(s.increments(*table) for s in (loaded, original)))


def test_interventions_come_back(path, table):
    asked = [set_to(0, 2.0), quantile_shift(1, 0.25), compose(set_to(2, 1), set_to(3, 0))]
    original = selector(GIATransformer, interventions=asked, output="effects").fit(*table)
    original.save(path)
    loaded = load(path)
    assert loaded.interventions == asked
    np.testing.assert_array_equal(loaded.transform(table.X), original.transform(table.X))
    np.testing.assert_array_equal(loaded.effects_interval_, original.effects_interval_)
    assert list(loaded.get_feature_names_out()) == list(original.get_feature_names_out())


def test_functions_without_a_name_are_refused_by_name(path, table):
    original = selector(feature_groups=lambda name: name[:1])
    with pytest.raises(TypeError, match="cannot save feature_groups=<function"):
        original.save(path)
    assert not path.exists()


NETWORKS = {
    "class": (lambda: MLP, {"MLP": MLP}),
    "instance": (lambda: FixedMLP(), {"FixedMLP": FixedMLP}),
    "torch": (lambda: torch.nn.Sequential(torch.nn.Linear(8, 5), torch.nn.ReLU()), {}),
    "skorch": (
        lambda: skorch.NeuralNetClassifier(
            FixedMLP,
            criterion=torch.nn.CrossEntropyLoss,
            max_epochs=3,
            train_split=None,
            verbose=0,
            callbacks=[("stop", skorch.callbacks.GradientNormClipping(1.0))],
        ),
        {"FixedMLP": FixedMLP},
    ),
    "mlp": (lambda: MLPClassifier((9,), learning_rate_init=0.05, tol=1e-2), {}),
}


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer:sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:the networks predict:sklearn_deeplifft.FeatureSelectionWarning")
@pytest.mark.parametrize("name", NETWORKS)
def test_networks_of_the_user_come_back(name, path, table):
    make, modules = NETWORKS[name]
    network = make()
    if name == "torch":
        network.append(torch.nn.Linear(5, 3))
    original = quick(network, n_features_to_select=3).fit(*table)
    original.save(path)
    if modules:
        [asked] = modules
        with pytest.raises(SavedFileError, match=f"refers to {asked}, which is no part of the pa"):
            load(path)
    loaded = load(path, modules)
    assert_same(loaded, original, *table)
    first, other = (s.estimator_.estimators_[0] for s in (loaded, original))
    X = table.X.astype(np.float32) if hasattr(first, "module_") else table.X
    np.testing.assert_array_equal(first.predict_proba(X), other.predict_proba(X))


@pytest.mark.parametrize("task", TASKS)
def test_ensembles_come_back(task, path, table):
    kind = NetworkEnsembleRegressor if task == "regression" else NetworkEnsembleClassifier
    given = {"n_networks": 3, "max_epochs": 5, "hidden_layer_sizes": (8,), "random_state": 0}
    original = kind(**given).fit(table.X, target(task, *table))
    original.save(path)
    loaded = load(path)
    assert difference(loaded, original) is None
    np.testing.assert_array_equal(loaded.predict(table.X), original.predict(table.X))
    assert [len(net.history) for net in loaded.estimators_] == [
        len(net.history) for net in original.estimators_
    ]
    nets = zip(loaded.estimators_, loaded._networks, strict=True)
    for net, trained in nets:  # what was one object is one
        assert trained.estimator is net
        assert trained.core is net.module_.core


@pytest.mark.slow
def test_a_loaded_selector_is_as_any_other(path, table):
    original = selector(n_features_to_select=3).fit(*table)
    original.save(path)
    loaded = load(path)
    assert loaded.get_params().keys() == original.get_params().keys()
    assert repr(loaded) == repr(original)
    assert difference(clone(loaded).fit(*table), original) is None
    for copied in (pickle.loads(pickle.dumps(loaded)), copy.deepcopy(loaded)):
        np.testing.assert_array_equal(copied.increments(*table), original.increments(*table))
    loaded.save(path)  # again, over its own file
    assert difference(load(path), original) is None
    np.testing.assert_array_equal(loaded.fit(*table).ranking_, original.ranking_)
    again = DeepLIFFTSelector(loaded.estimator_, prefit=True, random_state=0).fit(*table)
    other = DeepLIFFTSelector(original.estimator_, prefit=True, random_state=0).fit(*table)
    np.testing.assert_array_equal(again.feature_importances_, other.feature_importances_)
    loaded.estimator_.estimators_[0].partial_fit(table.X.astype(np.float32), table.y)


def test_an_unfitted_selector_comes_back(path):
    selector(n_features_to_select=3, memory=joblib.Memory(None), verbose=print).save(path)
    found = load(path)
    assert found.get_params(deep=False)["n_features_to_select"] == 3
    assert found.verbose == 0
    assert not hasattr(found, "ranking_")


def asked(estimator):
    """What scikit-learn reads of the requests, method by method."""
    requests = estimator._get_metadata_request()
    return {method: dict(getattr(requests, method).requests) for method in ("fit", "score")}


def test_metadata_requests_come_back(path, table):
    with config_context(enable_metadata_routing=True):
        inner = selector().estimator.set_fit_request(sample_weight="weight", groups=False)
        outer = DeepLIFFTSelector(inner, random_state=0, step=None).set_fit_request(groups=True)
        twin = clone(outer).fit(*table)  # the owner of its requests is the original
        for original in (outer, twin, inner):
            original.save(path)
            loaded = load(path)
            assert asked(loaded) == asked(original)
            again = clone(loaded)
            assert asked(again) == asked(original)
        twin.save(path)
        loaded = load(path)
        assert asked(loaded.estimator_) == asked(loaded.estimator) == asked(inner)
        assert asked(inner)["fit"]["sample_weight"] == "weight"
        assert asked(loaded)["fit"]["groups"] is True
        np.testing.assert_array_equal(loaded.transform(table.X), twin.transform(table.X))
        weights = np.linspace(1, 2, len(table.y))
        pipeline = make_pipeline(loaded.set_fit_request(sample_weight=True))
        assert pipeline.fit(*table, sample_weight=weights).n_features_in_ == 8


def test_a_class_of_the_user_is_refused(path):
    class Mine(DeepLIFFTSelector):
        pass

    Mine().save(path)
    with pytest.raises(SavedFileError, match="Mine"):
        load(path)
    with pytest.raises(SavedFileError, match="holds a 'own:Mine', and load reads selectors"):
        load(path, {"Mine": Mine})


@pytest.mark.parametrize("value", [[1], {"a": 2}, make_pipeline(MLPClassifier())])
def test_files_of_other_objects_are_refused(value, path):
    write_object(path, value)
    with pytest.raises(SavedFileError, match="and load reads selectors and ensembles"):
        load(path)


@pytest.mark.parametrize("modules", [["MLP"], {"MLP": "MLP"}, 3])
def test_modules_are_checked(modules, path):
    with pytest.raises(TypeError, match=r"must map names to the classes"):
        load(path, modules)


@pytest.mark.slow
def test_200_tampered_files_are_refused(path, table):
    selector(n_features_to_select=3).fit(*table).save(path)
    content, rng = path.read_bytes(), random.Random(0)
    refused = 0
    for trial in range(210):
        at, size = rng.randrange(len(content)), rng.randrange(1, 200)
        other = bytes(rng.randrange(256) for _ in range(size))
        changed = [
            content[:at] + bytes([content[at] ^ 1 << rng.randrange(8)]) + content[at + 1 :],
            content[:at],
            content[:at] + content[at + size :],
            content[:at] + other + content[at:],
            content[:at] + other + content[at + size :],
            content[at:] + content[:at],
        ][trial % 6]
        if changed == content:
            continue
        path.write_bytes(changed)
        with pytest.raises(SavedFileError) as caught:
            load(path)
        said = str(caught.value)
        assert str(path) in said
        assert "\n" not in said
        assert len(said) < 500
        refused += 1
    assert refused >= 200


ASLEEP = """
import json, sys
import numpy as np
from sklearn_deeplifft import load

class NoTorch:
    def find_spec(self, name, path=None, target=None):
        if name == "torch" and not allowed:
            raise AssertionError("torch is imported")

allowed = False
sys.meta_path.insert(0, NoTorch())
X = np.load(sys.argv[2])
found = load(sys.argv[1])
said = [found.transform(X).tolist(), found.get_support().tolist()]
found.set_params(n_features_to_select=2)
said += [found.transform(X).tolist(), found.get_feature_names_out().tolist()]
said += [found.ranking_.tolist(), found.to_frame()["feature"].tolist()]
said += [found.inverse_transform(found.transform(X)).tolist(), found.stability_]
said += [hasattr(found, "nothing_"), found.top_features(2).tolist()]
assert "torch" not in sys.modules
allowed = True
from sklearn_deeplifft import DeepLIFFTSelector
assert isinstance(found, DeepLIFFTSelector)
said += [found.estimator_.predict(X).tolist()]
assert type(found) is DeepLIFFTSelector
said += [found.contributions(X).terms.tolist(), found.get_support().tolist()]
print(json.dumps(said))
"""


@pytest.mark.slow
def test_a_selector_transforms_without_torch(path, tmp_path, table):
    original = selector(n_features_to_select=3).fit(*table)
    original.save(path)
    X = table.X
    np.save(tmp_path / "X.npy", X)
    said = [original.transform(X).tolist(), original.get_support().tolist()]
    original.set_params(n_features_to_select=2)
    said += [original.transform(X).tolist(), original.get_feature_names_out().tolist()]
    said += [original.ranking_.tolist(), original.to_frame()["feature"].tolist()]
    said += [original.inverse_transform(original.transform(X)).tolist(), original.stability_]
    said += [False, original.top_features(2).tolist()]
    said += [original.estimator_.predict(X).tolist()]
    said += [original.contributions(X).terms.tolist(), original.get_support().tolist()]
    command = [sys.executable, "-W", "error", "-c", ASLEEP, str(path), str(tmp_path / "X.npy")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == said


WAKING = {
    "repr": repr,
    "params": lambda s: s.get_params(),
    "set": lambda s: s.set_params(step=None),
    "clone": clone,
    "pickle": lambda s: pickle.loads(pickle.dumps(s)),
    "copy": copy.deepcopy,
    "routing": lambda s: s.get_metadata_routing(),
    "networks": lambda s: s.estimator_,
    "method": lambda s: s.contributions,
}


@pytest.fixture
def sleeping(path, table):
    selector(n_features_to_select=3).fit(*table).save(path)
    return asleep(read_saved(path, {}), "DeepLIFFTSelector")


@pytest.mark.parametrize("name", WAKING)
def test_what_needs_the_networks_wakes_a_selector(name, sleeping, path, table):
    assert isinstance(sleeping, DeepLIFFTSelector)
    assert type(sleeping) is not DeepLIFFTSelector
    sleeping.set_params(alpha=0.5).transform(table.X)
    assert type(sleeping) is not DeepLIFFTSelector
    WAKING[name](sleeping)
    assert type(sleeping) is DeepLIFFTSelector
    assert sleeping.alpha == 0.5  # as it was set meanwhile
    sleeping.set_params(alpha=0.1, **({"step": None} if name == "set" else {}))
    assert difference(sleeping, load(path)) is None


def test_a_selector_that_is_fitted_wakes(sleeping, path, table):
    assert type(sleeping.fit(*table)) is DeepLIFFTSelector
    np.testing.assert_array_equal(sleeping.increments(*table), load(path).increments(*table))


@pytest.mark.parametrize("change", [{"layer": "0"}, {"output": "effects"}])
def test_what_networks_transform_wakes_a_selector(change, path, table):
    kind = DeepLIFFTSelector if "layer" in change else GIATransformer
    original = selector(kind, n_features_to_select=2, **change).fit(*table)
    original.save(path)
    for method in ("transform", "get_feature_names_out"):
        found = asleep(read_saved(path, {}), kind.__name__)
        args = (table.X,) if method == "transform" else ()
        both = (getattr(one, method)(*args) for one in (found, original))
        np.testing.assert_array_equal(*both)
        assert type(found) is kind


OF_SEQUENCES = {
    "motif_pool": functools.partial(networks.motif_pool, n_filters=4),
    "cnn_shallow": networks.cnn_shallow,
    "cnn_shallow, gauged": functools.partial(networks.cnn_shallow, gauged=True),
    "cnn_deep": functools.partial(networks.cnn_deep, activation="exponential"),
    "residual_bind": networks.residual_bind,
}


@pytest.mark.parametrize("network", OF_SEQUENCES.values(), ids=OF_SEQUENCES)
def test_networks_of_sequences(network, path):
    """Their normalisation, and gauged layers, were not among the classes that files hold."""
    rng = np.random.default_rng(0)
    X = np.eye(4, dtype=np.float32)[rng.integers(4, size=(24, 100))].reshape(24, -1)
    options = {"n_networks": 1, "max_epochs": 1, "random_state": 0}
    original = NetworkEnsembleClassifier(network, **options).fit(X, np.arange(24) % 2)
    original.save(path)
    found = load(path)
    assert difference(original, found) is None
    np.testing.assert_array_equal(found.predict_proba(X), original.predict_proba(X))
