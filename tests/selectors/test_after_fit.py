"""Parameters set after a fit, rows too large to compute with, odd arguments, and memory maps."""

import numpy as np
import pytest

from sklearn_deeplifft import (
    DeepLIFFTSelector,
    GIATransformer,
    ImportanceNeuronSelector,
    NetworkEnsembleClassifier,
)
from sklearn_deeplifft.interventions import dose_response, intervention_effects, remove

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4))
y = (X[:, 0] > 0).astype(int)
SELECTORS = (DeepLIFFTSelector, GIATransformer, ImportanceNeuronSelector)


def tiny(**changes):
    settings = {"n_networks": 2, "hidden_layer_sizes": (6,), "max_epochs": 2}
    settings |= {} if "gates" in changes else {"path_steps": 8}
    return NetworkEnsembleClassifier(**{**settings, "random_state": 0, **changes})


@pytest.fixture(scope="module", params=SELECTORS, ids=lambda kind: kind.__name__)
def fitted(request):
    return request.param(tiny(), random_state=0).fit(X, y)


SET_LATER = {
    "threshold": (np.nan, 10**400, b"x", [1]),
    "alpha": (np.nan, 0, 1.5, "x"),
    "n_features_to_select": (1.5, 0, "all", np.nan, [2], 10**400),
    "per_class": ("x", 2, None),
}


@pytest.mark.parametrize("name", SET_LATER)
def test_a_cut_that_is_set_after_fit_is_checked_when_it_is_used(fitted, name):
    before = fitted.get_params(deep=False)[name]
    for value in SET_LATER[name]:
        fitted.set_params(**{name: value})
        for use in (fitted.get_support, lambda: fitted.transform(X), fitted.to_frame):
            with pytest.raises(ValueError, match=name):
                use()
    fitted.set_params(**{name: before})
    assert fitted.get_support().sum() == 2


def test_nor_is_another_output_taken_for_effects():
    gia = GIATransformer(tiny(), random_state=0).fit(X, y).set_params(output="x")
    for use in (lambda: gia.transform(X), gia.get_feature_names_out):
        with pytest.raises(ValueError, match="'output' parameter"):
            use()


@pytest.mark.parametrize("label", [np.array([0, 1]), [0], {}, (np.array([1]),), np.nan, "x"])
def test_anything_may_be_asked_for_as_a_label(fitted, label):
    with pytest.raises(ValueError, match="is not one of those that fit has seen: 0, 1"):
        fitted.top_features(2, label=label)
    with pytest.raises(ValueError, match="is not a class of y; its classes are"):
        type(fitted)(tiny(), target_class=label).fit(X, y)


@pytest.mark.parametrize("scale", [1e39, 1e300])
def test_rows_too_large_to_compute_with_are_named(scale):
    selector = DeepLIFFTSelector(tiny(), step=None, random_state=0).fit(X, y)
    far = X * [1, 1, scale, 1]
    wanted = r"column 2 holds values up to"
    for use in (
        lambda: selector.contributions(far),
        lambda: selector.increments(far, y),
        lambda: intervention_effects(selector, far, remove(0)),
        lambda: GIATransformer(tiny(), output="effects", random_state=0).fit(X, y).transform(far),
    ):
        with pytest.raises(ValueError, match=wanted):
            use()
    with pytest.raises(ValueError, match="terms of some rows are not finite"):
        selector.importances(far, y)
    with pytest.raises(ValueError, match=r"set\(x0=1e\+.*changes the predictions by more"):
        dose_response(selector, X, 0, [0, scale])


@pytest.mark.parametrize("scale", [1e-300, 1e-39, 1e39, 1e154, 1e300])
@pytest.mark.parametrize("kind", SELECTORS)
def test_columns_of_any_size_are_fitted_without_a_word(kind, scale):
    selector = kind(tiny(max_epochs=10, path_steps=40), random_state=0).fit(X * scale, y)
    assert np.isfinite(selector.feature_importances_).all()
    assert selector.feature_importances_[0] > selector.feature_importances_[1]
    assert selector.estimator_.score(X * scale, y) > 0.8
    if kind is GIATransformer:
        found = selector.intervention_effects_
        assert np.isfinite(found.support).all()
        assert ((found.off_manifold >= 0) & (found.off_manifold <= 1)).all()


def test_infinity_of_both_signs_is_refused_without_a_warning(fitted):
    rows = np.array([[np.inf, -np.inf, 1, 1]], dtype=np.float32)
    with pytest.raises(ValueError, match="infinity"):
        fitted.transform(rows)


def test_scores_of_no_row_are_refused():
    selector = DeepLIFFTSelector(tiny(), step=None, random_state=0).fit(X, y)
    first = np.arange(60) == 0
    with pytest.raises(ValueError, match="no row is left to score"):
        selector.importances(X, y, sample_weight=~first, sample_mask=first)
    # scikit-learn says so itself from 1.9 on
    with pytest.raises(ValueError, match=r"at least one non-zero number|no row is left to score"):
        selector.importances(X, y, sample_weight=np.zeros(60))


POSITIONS = [[[0.5, 1]], [[True, False]], [[None]], [["a", None]], [[0, [1]]], [[0, 99]]]


@pytest.mark.parametrize("groups", POSITIONS)
def test_columns_are_whole_positions_or_names(groups):
    with pytest.raises(ValueError, match="is not among the 4 columns of X"):
        DeepLIFFTSelector(tiny(), feature_groups=groups).fit(X, y)
    with pytest.raises(ValueError, match="is not among the 4 columns of X"):
        DeepLIFFTSelector(tiny(), simplex_groups=groups).fit(X, y)


@pytest.mark.parametrize("groups", [["a", None], [None], 3, "abcd"])
def test_groups_of_another_form_are_told(groups):
    with pytest.raises(ValueError, match=r"feature_groups|columns of X"):
        DeepLIFFTSelector(tiny(), feature_groups=groups).fit(X, y)
    with pytest.raises(ValueError, match=r"'simplex_groups' parameter|group of columns"):
        DeepLIFFTSelector(tiny(), simplex_groups=groups).fit(X, y)


@pytest.mark.parametrize("reference", [[1 + 1j] * 4, ["a"] * 4, [10**400] * 4, [np.nan] * 4])
def test_a_reference_is_real_and_finite(reference):
    with pytest.raises(ValueError, match=r"reference (must hold numbers|holds NaN)"):
        DeepLIFFTSelector(tiny(), reference=reference).fit(X, y)


ABSURD = {
    "n_jobs": 0,
    "hidden_layer_sizes": (10**12,),
    "device": "meta",
    "noise": 1e300,
    "l2": 10**400,
    "learning_rate": 1e300,
    "weight_decay": 10**200,
    "class_weight": {0: "x"},
    "checkpoint_dir": "a\0b",
}


@pytest.mark.parametrize("name", ABSURD)
def test_absurd_parameters_of_an_ensemble_are_named(name):
    ensemble = tiny(gates=None, **{name: ABSURD[name]})
    with pytest.raises(ValueError, match=name):
        ensemble.fit(X, y)
    assert not hasattr(ensemble, "estimators_")


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int16])
@pytest.mark.parametrize("kind", SELECTORS)
def test_a_memory_map_has_the_bits_of_the_array(kind, dtype, tmp_path):
    table = np.rint(10 * X).astype(dtype)
    mapped = np.memmap(tmp_path / "table", dtype=dtype, mode="w+", shape=table.shape)
    mapped[:] = table
    one, other = (kind(tiny(n_networks=3), random_state=0).fit(rows, y) for rows in (table, mapped))
    np.testing.assert_array_equal(one.importances_per_network_, other.importances_per_network_)
    np.testing.assert_array_equal(one.class_importances_, other.class_importances_)
    found = (fitted.estimator_.predict_proba(table) for fitted in (one, other))
    np.testing.assert_array_equal(*found)
