"""Refusals and warnings that name what was asked, and whose parameter the remedy is."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline

from sklearn_deeplifft import (
    DeepLIFFTSelector,
    FeatureSelectionWarning,
    GIATransformer,
    ImportanceNeuronSelector,
    NetworkEnsembleClassifier,
    NetworkEnsembleRegressor,
)
from tests.conftest import MLP, counted_trainings, planted, relu_network

SMALL = {"n_networks": 1, "hidden_layer_sizes": (8,), "max_epochs": 2, "path_steps": 9}
SELECTORS = [DeepLIFFTSelector, ImportanceNeuronSelector, GIATransformer]
each_selector = pytest.mark.parametrize("kind", SELECTORS)


@pytest.fixture(scope="module")
def data():
    return planted(n=60)


def ensemble(kind=NetworkEnsembleClassifier, **params):
    return kind(**{**SMALL, "random_state": 0, **params})


@each_selector
def test_feature_groups_are_one_column_of_a_frame(data, kind):
    groups = pd.DataFrame({"family": list("aabbccdd"), "other": range(8)})
    with pytest.raises(ValueError, match=r"feature_groups is a DataFrame; pass one column of it"):
        kind(ensemble(), feature_groups=groups).fit(*data)


@pytest.mark.filterwarnings("ignore::sklearn_deeplifft.FeatureSelectionWarning")
@each_selector
def test_such_a_column_is_taken(data, kind):
    groups = pd.DataFrame({"family": list("aabbccdd")})["family"]
    selector = kind(ensemble(), feature_groups=groups).fit(*data)
    assert [list(part) for part in selector.feature_groups_] == [[0, 1], [2, 3], [4, 5], [6, 7]]


@each_selector
def test_a_regression_has_no_class_to_rank_for(data, kind, monkeypatch):
    y = data.X[:, 0]
    fitted = ensemble(NetworkEnsembleRegressor).fit(data.X, y)
    wanted = r"target_class=0 asks for one class, and y is a regression; leave it at None"
    with counted_trainings(monkeypatch) as calls:
        for given, prefit in ((fitted, False), (fitted, True)):
            with pytest.raises(ValueError, match=wanted):
                kind(given, prefit=prefit, target_class=0).fit(data.X, y)
    assert calls == []


@each_selector
def test_several_outputs_have_no_one_class(data, kind):
    both = np.c_[data.y, data.y == 0].astype(int)
    wanted = "target_class=1 asks for one class, and y is several outputs of classes; leave it"
    with pytest.raises(ValueError, match=wanted):
        kind(ensemble(), target_class=1).fit(data.X, both)


@each_selector
def test_an_unknown_class_is_named_with_those_there_are(data, kind):
    with pytest.raises(ValueError, match=r"target_class=9 is not a class of y; .* \[0, 1, 2\]"):
        kind(ensemble(), target_class=9).fit(*data)


@each_selector
@pytest.mark.parametrize("value", [None, np.random.RandomState(0)], ids=["None", "generator"])
def test_memory_names_whose_random_state_is_no_integer(data, kind, value, tmp_path):
    of_the_selector = kind(ensemble(), memory=tmp_path, random_state=value)
    wanted = f"memory needs a random_state of {kind.__name__} that is an integer, got"
    with pytest.raises(ValueError, match=wanted):
        of_the_selector.fit(*data)


@each_selector
def test_memory_names_the_ensemble_as_well(data, kind, tmp_path):
    drawn = ensemble(random_state=np.random.RandomState(0))
    wanted = "memory needs a random_state of NetworkEnsembleClassifier that is an integer, got"
    with pytest.raises(ValueError, match=wanted):
        kind(drawn, memory=tmp_path, random_state=0).fit(*data)


@each_selector
def test_checkpoints_need_a_seed_that_somebody_gave(data, kind, tmp_path):
    kept = ensemble(random_state=None, checkpoint_dir=tmp_path)
    with pytest.raises(ValueError, match="checkpoint_dir needs random_state: with None every fit"):
        kind(kept).fit(*data)
    with pytest.raises(ValueError, match="checkpoint_dir needs random_state: with None every fit"):
        kept.fit(*data)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.filterwarnings("ignore::sklearn_deeplifft.FeatureSelectionWarning")
@pytest.mark.parametrize("of", ["selector", "ensemble"])
def test_the_seed_of_either_will_do(data, of, tmp_path):
    seeds = {"selector": None, "ensemble": None, of: np.random.RandomState(0)}
    kept = ensemble(checkpoint_dir=tmp_path, random_state=seeds["ensemble"])
    DeepLIFFTSelector(kept, step=None, random_state=seeds["selector"]).fit(*data)
    assert [file.suffix for file in tmp_path.iterdir()] == [".npz"]


@each_selector
@pytest.mark.parametrize("estimator", [None, MLP], ids=["None", "a class"])
def test_parameters_of_an_estimator_that_has_none(kind, estimator):
    selector = kind(estimator)
    before = selector.get_params(deep=False)
    wanted = (
        r"^estimator=.* has no parameters, and estimator__n_networks sets one\. Pass estimator="
        rf"{kind.__name__}\.default_estimator\(\), or"
    )
    with pytest.raises(ValueError, match=wanted):
        selector.set_params(alpha=0.2, estimator__n_networks=2)
    assert selector.get_params(deep=False) == before
    selector.set_params(estimator=kind.default_estimator(), estimator__n_networks=2)
    assert selector.estimator.n_networks == 2


def test_a_grid_over_parameters_of_no_estimator_says_so(data):
    grid = GridSearchCV(
        Pipeline([("selector", DeepLIFFTSelector()), ("model", LogisticRegression())]),
        {"selector__estimator__n_networks": [2, 4]},
        cv=2,
    )
    with pytest.raises(ValueError, match="estimator=None has no parameters"):
        grid.fit(*data)


class Stop(Exception):
    """Ends a fit where its training would begin."""


@pytest.fixture
def untrained(monkeypatch):
    """Training is not what these tests are about."""
    from sklearn_deeplifft.ensembles import BaseNetworkEnsemble

    def stop(*args, **kwargs):
        raise Stop

    monkeypatch.setattr(BaseNetworkEnsemble, "_fit_data", stop)


@pytest.mark.parametrize(
    ("network", "given"), [(None, ""), (MLP, "network=...")], ids=["ours", "own"]
)
@each_selector
def test_the_remedy_for_many_numbers_is_the_selectors_own(data, kind, network, given, untrained):
    wanted = (
        "y holds 60 distinct numbers, ranked as a quantity; if they are classes, pass "
        f"estimator={kind.__name__}.default_estimator({given}), or text labels such as "
        "y.astype(str)."
    )
    with pytest.warns(FeatureSelectionWarning) as caught, pytest.raises(Stop):
        kind(network).fit(data.X, np.arange(60))
    assert [str(w.message) for w in caught] == [wanted]
    kind_of = kind.default_estimator(**({} if network is None else {"network": network}))
    with pytest.raises(Stop):  # and no warning: the remedy works
        kind(kind_of).fit(data.X, np.arange(60))


def test_a_fitted_network_of_one_output_has_a_remedy_of_its_own(data):
    module = relu_network(8, 4, 1)
    wanted = (
        "ranked as a quantity; if they are classes, give the network an output for each, or pass "
        r"text labels such as y\.astype\(str\)"
    )
    with pytest.warns(FeatureSelectionWarning, match=wanted):
        DeepLIFFTSelector(module, prefit=True).fit(data.X, np.arange(60))


def test_a_network_with_an_output_for_each_number_needs_none(data):
    module = relu_network(8, 4, 60)
    with pytest.warns(FeatureSelectionWarning) as caught:  # untrained, it gets few rows right
        selector = DeepLIFFTSelector(module, prefit=True).fit(data.X, np.arange(60))
    assert not [w for w in caught if "quantity" in str(w.message)]
    assert len(selector.classes_) == 60
