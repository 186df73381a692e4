"""References that carry names of columns are taken by name, others by position."""

import numpy as np
import pandas as pd
import pytest

from sklearn_deeplifft import DeepLIFFTSelector, NetworkEnsembleClassifier
from sklearn_deeplifft.tables import reference_values
from tests.conftest import planted

NAMES = list("abcdefgh")


@pytest.fixture(scope="module")
def data():
    return planted(n=60)


@pytest.fixture(scope="module")
def frame(data):
    return pd.DataFrame(data.X, columns=NAMES)


@pytest.fixture(scope="module")
def fitted(data, frame):
    ensemble = NetworkEnsembleClassifier(
        n_networks=4,
        hidden_layer_sizes=(8,),
        max_epochs=20,
        learning_rate=0.02,
        batch_size=16,
        gates=None,
        validation_fraction=0.25,
        random_state=0,
    )
    return ensemble.fit(frame, data.y)


POINT = np.linspace(-1, 2, 8)
SERIES = pd.Series(POINT, NAMES)


def scores(fitted, X, y, reference):
    selector = DeepLIFFTSelector(fitted, prefit=True, reference=reference).fit(X, y)
    return selector.class_importances_, selector.contributions(X).terms


def assert_same(found, expected):
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    "reference",
    [SERIES, SERIES[::-1], SERIES.sample(frac=1, random_state=3), SERIES[::-1].astype(object)],
    ids=["in order", "reversed", "shuffled", "objects"],
)
def test_a_series_is_taken_by_the_names_of_columns(data, frame, fitted, reference):
    expected = scores(fitted, frame, data.y, POINT)
    assert_same(scores(fitted, frame, data.y, reference), expected)
    assert np.abs(scores(fitted, frame, data.y, POINT[::-1])[0] - expected[0]).max() > 1e-3


def test_so_is_one_for_networks_that_are_trained_in_rounds(data, frame):
    ensemble = NetworkEnsembleClassifier(
        n_networks=1, hidden_layer_sizes=(8,), max_epochs=3, path_steps=9, random_state=0
    )
    by_name, by_place = (
        DeepLIFFTSelector(ensemble, reference=reference, step=0.5, random_state=0)
        .fit(frame, data.y)
        .feature_importances_
        for reference in (SERIES[::-1], POINT)
    )
    np.testing.assert_array_equal(by_name, by_place)


@pytest.mark.parametrize(
    "reference",
    [
        pd.Series(POINT),
        pd.Series(POINT, range(8, 0, -1)),
        pd.Series(POINT, [1, "a", *"bcdefg"]),
        POINT.tolist(),
        POINT,
    ],
    ids=["numbered", "other numbers", "some names", "list", "array"],
)
def test_a_reference_without_names_goes_by_position(data, frame, fitted, reference):
    assert_same(scores(fitted, frame, data.y, reference), scores(fitted, frame, data.y, POINT))


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_a_table_without_names_takes_a_series_by_position(data):
    ensemble = NetworkEnsembleClassifier(
        n_networks=1, hidden_layer_sizes=(8,), max_epochs=3, gates=None, random_state=0
    ).fit(*data)
    assert_same(scores(ensemble, *data, SERIES[::-1]), scores(ensemble, *data, POINT[::-1]))


@pytest.mark.parametrize(
    ("reference", "named"),
    [
        (SERIES.rename({"c": "z"}), r"\['c', 'z'\]"),
        (SERIES.drop("h"), r"\['h'\]"),
        (pd.concat([SERIES, pd.Series({"z": 1.0})]), r"\['z'\]"),
        (SERIES.rename(str.upper), r"\['A', 'B', 'C'"),
    ],
    ids=["another name", "one is missing", "one too many", "all others"],
)
def test_other_names_are_refused(data, frame, fitted, reference, named):
    with pytest.raises(ValueError, match=f"reference is named otherwise .*: {named}.* one number"):
        scores(fitted, frame, data.y, reference)


def test_a_series_of_neurons_goes_by_position(data, frame):
    ensemble = NetworkEnsembleClassifier(
        n_networks=1, hidden_layer_sizes=(8,), max_epochs=3, gates=None, random_state=0
    ).fit(frame, data.y)
    by_name, by_place = (
        DeepLIFFTSelector(ensemble, prefit=True, layer="1", reference=reference)
        .fit(frame, data.y)
        .feature_importances_
        for reference in (SERIES[::-1], POINT[::-1])
    )
    np.testing.assert_array_equal(by_name, by_place)


@pytest.mark.parametrize("reference", ["mean", "zero"])
def test_words_stay_words(reference):
    assert reference_values(reference, np.array(NAMES)) is reference
