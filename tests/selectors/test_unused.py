"""Parameters of a selector that are set in vain: one warning names them, with the reasons."""

import pytest
from sklearn.base import clone

from sklearn_deeplifft import (
    DeepLIFFTSelector,
    FeatureSelectionWarning,
    GIATransformer,
    ImportanceNeuronSelector,
    NetworkEnsembleClassifier,
    NetworkEnsembleRegressor,
)
from tests.conftest import planted

SMALL = {
    "n_networks": 2,
    "hidden_layer_sizes": (8,),
    "dropout": 0.0,
    "learning_rate": 0.02,
    "weight_decay": 0.0,
    "batch_size": 32,
    "max_epochs": 5,
    "path_steps": 40,
    "validation_fraction": 0.25,
    "random_state": 0,
}


@pytest.fixture(scope="module")
def data():
    return planted()


@pytest.fixture(scope="module")
def fitted(data):
    return NetworkEnsembleClassifier(**SMALL).fit(*data)


IN_VAIN = {
    "prefit trains no rounds": (
        lambda e: DeepLIFFTSelector(e, prefit=True, step=0.3, smoothing=0.1, path_weight=0.1),
        "step=0.3 (prefit=True trains nothing, and elimination trains rounds); "
        "smoothing=0.1 (prefit=True trains nothing, and elimination trains rounds); "
        "path_weight=0.1 (prefit=True trains nothing, and elimination trains rounds)",
    ),
    "prefit keeps nothing": (
        lambda e: GIATransformer(e, prefit=True, memory="kept"),
        "memory='kept' (prefit=True trains nothing that could be kept)",
    ),
    "neurons": (
        lambda e: DeepLIFFTSelector(clone(e), layer="0", step=0.3, smoothing=0.1),
        "step=0.3 (neurons of a layer are ranked in one pass); "
        "smoothing=0.1 (neurons of a layer are ranked in one pass)",
    ),
    "one pass": (
        lambda e: DeepLIFFTSelector(clone(e), step=None, smoothing=0.1, path_weight=0.1),
        "smoothing=0.1 (step=None eliminates nothing); "
        "path_weight=0.1 (step=None eliminates nothing)",
    ),
    "one class": (
        lambda e: DeepLIFFTSelector(
            clone(e),
            target_class=1,
            path_weight=0.1,
            class_balance="max",
            importance_type="absolute",
            step=5,
        ),
        "path_weight=0.1 (target_class ranks by the scores of one class); "
        "class_balance='max' (target_class ranks by the scores of one class); "
        "importance_type='absolute' (target_class ranks by the scores of one class)",
    ),
    "one class, gates": (
        lambda e: ImportanceNeuronSelector(e, prefit=True, target_class=1, readout="gate"),
        "readout='gate' (target_class ranks by the scores of one class)",
    ),
    "path": (
        lambda e: ImportanceNeuronSelector(e, prefit=True, readout="gate"),
        "readout='gate' (along a path effective gates are read)",
    ),
    "no path": (
        lambda e: DeepLIFFTSelector(
            clone(e).set_params(gate_penalty=0.2, path_steps=150), path_weight=0.1, step=5
        ),
        "path_weight=0.1 (the networks have no gates that a path would close)",
    ),
    "no gates": (
        lambda e: DeepLIFFTSelector(
            clone(e).set_params(gates=None, gate_penalty="path", path_steps=150),
            path_weight=0.1,
            step=5,
        ),
        "path_weight=0.1 (the networks have no gates that a path would close)",
    ),
}


@pytest.mark.parametrize("case", IN_VAIN)
def test_a_parameter_that_is_set_in_vain_is_named_with_the_reason(data, fitted, case):
    make, said = IN_VAIN[case]
    with pytest.warns(FeatureSelectionWarning) as caught:
        make(fitted).fit(*data)
    assert [str(w.message) for w in caught] == [f"without effect here: {said}."]
    assert caught[0].filename == __file__


def test_classes_are_nothing_to_a_regression(data):
    y = data.X[:, 0] + data.X[:, 1]
    both = {"class_balance": "max", "importance_type": "absolute"}
    said = (
        "without effect here: class_balance='max' (a regression has no classes); "
        "importance_type='absolute' (a regression has no classes)."
    )
    ensemble = NetworkEnsembleRegressor(**SMALL).fit(data.X, y)
    for given, prefit in ((ensemble, True), (ensemble.estimators_[0], True), (ensemble, False)):
        selector = DeepLIFFTSelector(given, prefit=prefit, step=None, **both)
        with pytest.warns(FeatureSelectionWarning) as caught:
            selector.fit(data.X, y)
        assert [str(w.message) for w in caught] == [said]


def test_a_regression_has_no_probabilities_to_change(data):
    y = data.X[:, 0] + data.X[:, 1]
    ensemble = NetworkEnsembleRegressor(**SMALL).fit(data.X, y)
    said = "without effect here: scale='proba' (a regression has no probabilities)."
    for given, prefit in ((ensemble, True), (clone(ensemble), False)):
        selector = GIATransformer(given, prefit=prefit, scale="proba")
        with pytest.warns(FeatureSelectionWarning) as caught:
            selector.fit(data.X, y)
        assert [str(w.message) for w in caught] == [said]
    GIATransformer(ensemble, prefit=True).fit(data.X, y)


@pytest.mark.slow
def test_defaults_and_what_is_switched_off_are_not_in_vain(data, fitted):
    y = data.X[:, 0] + data.X[:, 1]
    DeepLIFFTSelector(fitted, prefit=True).fit(*data)
    DeepLIFFTSelector(fitted, prefit=True, step=None, memory=None).fit(*data)
    DeepLIFFTSelector(clone(fitted), step=None).fit(*data)
    DeepLIFFTSelector(clone(fitted), layer="0", step=None).fit(*data)
    DeepLIFFTSelector(fitted, prefit=True, class_balance=None, target_class=1).fit(*data)
    DeepLIFFTSelector(NetworkEnsembleRegressor(**SMALL), step=None, class_balance=None).fit(
        data.X, y
    )
    DeepLIFFTSelector(clone(fitted), step=5, smoothing=0.1, path_weight=0.1).fit(*data)
    unpenalised = clone(fitted).set_params(gate_penalty=0.2, path_steps=150)
    ImportanceNeuronSelector(unpenalised, readout="gate").fit(*data)
