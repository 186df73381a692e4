"""Errors of every kind: each says what came in, what the rule is and what to do."""

import copy
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.exceptions import NotFittedError
from torch import nn

from sklearn_deeplifft import (
    DeepLIFFTSelector,
    FeatureSelectionWarning,
    ImportanceNeuronSelector,
    NotPiecewiseLinearError,
    TrainingDivergedError,
)
from sklearn_deeplifft.attribution import reader_of, relative_residual
from tests.conftest import MLP, answering, bits, counted_trainings, planted, quick


@pytest.fixture(scope="module")
def data():
    return planted()


# Parameters


BAD_PARAMETERS: list[tuple[dict, str]] = [
    ({"n_features_to_select": 9}, "n_features_to_select=9 must be between 1 and .*, 8.*fraction"),
    ({"n_networks": 0}, "n_networks"),
    ({"step": 0}, "step"),
    ({"step": 1.0}, "step"),
    ({"smoothing": 1.0}, "smoothing"),
    ({"smoothing": -0.1}, "smoothing"),
    ({"reference": "median"}, "'reference' parameter .* 'median'"),
    ({"reference": np.zeros(5)}, r"reference has shape \(5,\).*each of the 8 features"),
    ({"reference": np.zeros((2, 8))}, r"reference has shape \(2, 8\)"),
    ({"reference": [0.0] * 7 + [np.nan]}, "reference.*(NaN|finite)"),
    ({"reference": ["a"] * 8}, "reference"),
    ({"activation_rule": "tangent"}, "activation_rule"),
    ({"score_on": "test"}, "score_on"),
    ({"score_on": "out_of_fold"}, "score_on='out_of_fold' needs n_networks >= 2, got 1"),
    ({"class_balance": "even"}, "class_balance"),
    ({"task": "ranking"}, "task"),
    ({"class_weight": {7: 2.0}}, r"class_weight names \['7'\].*\[0, 1, 2\]"),
    ({"class_weight": "even"}, "class_weight"),
    ({"validation_fraction": 0.7}, "validation_fraction"),
    ({"hidden_layer_sizes": [10, -3]}, "hidden_layer_sizes"),
    ({"hidden_layer_sizes": [10, 0]}, "hidden_layer_sizes"),
    ({"hidden_layer_sizes": [2.5]}, "hidden_layer_sizes"),
    ({"hidden_layer_sizes": 10}, "hidden_layer_sizes"),
    ({"dtype": "float16"}, "dtype"),
    ({"dropout": 1.0}, "dropout"),
    ({"learning_rate": 0.0}, "learning_rate"),
    ({"batch_size": 0}, "batch_size"),
    ({"patience": 0}, "patience"),
    ({"device": "gpu"}, "device"),
    ({"target_class": 7}, r"target_class=7 is not a class of y; its classes are \[0, 1, 2\]"),
    ({"target_class": "0"}, "target_class='0' is not a class of y"),
    ({"layer": "nope"}, "layer='nope' is not a submodule of the network; it has"),
]


@pytest.mark.parametrize(("params", "message"), BAD_PARAMETERS)
def test_parameters_that_make_no_sense(data, params, message):
    with pytest.raises(ValueError, match=message):
        quick(**params).fit(*data)


@pytest.mark.parametrize("params", [params for params, _ in BAD_PARAMETERS], ids=str)
def test_they_are_found_out_before_hours_of_training(data, params, monkeypatch):
    from sklearn_deeplifft.networks._train import DivergenceCheck

    epochs = []
    monkeypatch.setattr(
        DivergenceCheck, "on_epoch_end", lambda self, net, **kwargs: epochs.append(1)
    )
    with pytest.raises(Exception):  # noqa: B017, PT011 - which one is tested above
        quick(**params).fit(*data)
    assert epochs == []


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"sample_mask": np.ones(120)}, "sample_mask must be 120 booleans.*dtype float64"),
        ({"sample_mask": np.ones(12, bool)}, "sample_mask must be 120 booleans.*got 12"),
        (
            {"sample_mask": [0, 3, 5]},
            r"must be 120 booleans.*got 3 values, 0 \(int\) among them",
        ),
        ({"sample_mask": np.zeros(120, bool)}, "sample_mask is False for every row"),
        ({"sample_weight": np.ones(7)}, "sample_weight.shape == .7"),
        ({"sample_weight": -np.ones(120)}, "[Nn]egative"),
        ({"sample_weight": np.full(120, np.nan)}, "NaN"),
        ({"sample_weight": np.zeros(120)}, "zero"),
        ({"groups": [1, 2]}, "inconsistent|groups"),
        ({"sample_weight": np.r_[1, np.zeros(119)]}, "1 distinct row|one class"),
    ],
)
def test_companions_of_the_rows_that_do_not_fit(data, given, message, monkeypatch):
    with (
        counted_trainings(monkeypatch) as calls,
        pytest.raises(ValueError, match=message),
    ):
        quick().fit(*data, **given)
    assert calls == []


def test_a_single_group_cannot_be_held_out(data):
    """It trains on all rows: nothing can be validated. That must be said, or done without harm."""
    selector = quick(score_on="validation", n_features_to_select=3, max_epochs=30)
    selector.fit(*data, groups=np.zeros(120))
    assert set(selector.get_support(indices=True)) == {0, 1, 2}


def test_class_weight_needs_classes(data):
    labels, outputs = np.eye(3, dtype=int)[data.y], np.c_[data.y, data.y[::-1]]
    for Y, kind in ((labels, "a multilabel indicator"), (outputs, "several outputs of classes")):
        with pytest.raises(ValueError, match=f"'balanced' needs one label per row; y is {kind}. "):
            quick(class_weight="balanced").fit(data.X, Y)
    with pytest.raises(TypeError, match="class_weight"):
        quick(class_weight="balanced", task="regression")


def test_an_ensemble_that_classifies_needs_classes(data):
    with pytest.raises(ValueError, match=r"y looks continuous.*NetworkEnsembleRegressor"):
        quick().fit(data.X, data.X[:, 0])


def test_target_class_needs_classes(data):
    with pytest.raises(ValueError, match=r"target_class=0 .*(regression|classes)"):
        quick(target_class=0, task="regression").fit(data.X, data.X[:, 0])


def test_a_mask_that_hides_the_class_asked_for(data):
    with pytest.warns(FeatureSelectionWarning, match="no scored example is of class 1;"):
        selector = quick(target_class=1).fit(*data, sample_mask=data.y != 1)
    assert (selector.feature_importances_ == 0).all()


# Before fit


@pytest.mark.parametrize(
    "call",
    [
        lambda s: s.get_support(),
        lambda s: s.transform(np.ones((2, 8))),
        lambda s: s.inverse_transform(np.ones((2, 4))),
        lambda s: s.get_feature_names_out(),
        lambda s: s.increments(np.ones((2, 8)), [0, 1]),
        lambda s: s.contributions(np.ones((2, 8))),
        lambda s: s.importances(np.ones((2, 8)), [0, 1]),
    ],
)
@pytest.mark.parametrize("params", [{}, {"layer": "1"}])
def test_not_fitted(call, params):
    with pytest.raises(NotFittedError, match=r"not fitted yet\. Call 'fit'"):
        call(quick(**params))


# Training that fails


@pytest.mark.parametrize("learning_rate", [1e20, 1e30])
def test_diverged_training_says_what_to_lower(data, learning_rate):
    with pytest.raises(TrainingDivergedError, match=r"diverged.*Lower learning_rate \(it is 1e\+"):
        quick(learning_rate=learning_rate, max_epochs=30).fit(*data)


def test_diverged_training_on_raw_columns_names_the_worst_scaled(data):
    frame = pd.DataFrame(data.X, columns=list("abcdefgh"))
    frame["c"] *= 1e30
    frame["g"] *= 1e39  # more than float32 holds
    message = "diverged.*Set standardize=True; the columns of largest scale are 'g', 'c'"
    with pytest.raises(TrainingDivergedError, match=message):
        quick(standardize=False).fit(frame, data.y)


def test_a_divergence_is_a_value_error_too():
    assert issubclass(TrainingDivergedError, ValueError)
    assert issubclass(NotPiecewiseLinearError, ValueError)
    assert issubclass(FeatureSelectionWarning, UserWarning)


@pytest.mark.parametrize("label", [0, 1, 2])
def test_a_row_that_overflows_gives_an_error_or_is_left_out(data, label):
    """Too large for the float32 of the network; rows that are fine must not drown in NaN."""
    net, y = answering(data.X, 10)
    X = data.X.copy()
    X[100 + np.flatnonzero(y[100:] == label)[0]] = 1e39
    try:
        selector = quick(net.float(), prefit=True, reference="zero").fit(X, y)
    except ValueError as error:
        assert "finite" in str(error) or "nan" in str(error)  # noqa: PT017
    else:
        assert np.isfinite(selector.feature_importances_).all()
        assert np.isfinite(selector.class_importances_).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_residual_that_is_not_a_number_is_not_a_small_one(data, bad, monkeypatch):
    """max(0.0, nan) is 0.0: one such row must not pass for an exact decomposition."""
    from sklearn_deeplifft.attribution import ChainReader

    net, y = answering(data.X, 10)
    form = ChainReader.form

    def spoiled(self, *args, **kwargs):
        found = form(self, *args, **kwargs)
        found.bias[-1] = bad
        return found

    monkeypatch.setattr(ChainReader, "form", spoiled)
    with pytest.raises(NotPiecewiseLinearError, match=r"residual of (nan|inf)"):
        quick(net, prefit=True).fit(data.X, y)


@pytest.mark.parametrize("prefit", [True, False])
def test_a_reference_beyond_the_networks_precision_is_named_as_such(data, prefit):
    net, y = answering(data.X, 10)
    estimator = net.float() if prefit else None
    point = np.where(np.arange(data.X.shape[1]) == 2, -1e300, 0.0)
    with pytest.raises(ValueError, match=r"^reference holds -1e\+300, which is more than the"):
        quick(estimator, prefit=prefit, reference=point).fit(data.X, y)


def test_a_fitted_network_with_nan_in_its_weights_is_an_error(data):
    net, y = answering(data.X, 10)
    with torch.no_grad():
        net[0].weight[3, 2] = np.nan
    with pytest.raises(ValueError, match=r"NaN|nan|finite"):
        quick(net, prefit=True).fit(data.X, y)


# Classes that no network gets right


def _blind_to(label: int, X) -> nn.Module:
    net, _ = answering(X, 10)
    with torch.no_grad():
        net[-1].bias[label] -= 1e6
    return net


@pytest.mark.parametrize("names", [np.array([0, 1, 2]), np.array(["u", "v", "w"])])
@pytest.mark.parametrize("balance", ["balanced", None])
def test_a_class_never_right_scores_zero_and_is_named_once(data, names, balance):
    net = _blind_to(1, data.X)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        selector = quick(net, prefit=True, class_balance=balance).fit(data.X, names[data.y])
    assert [w.category for w in caught] == [FeatureSelectionWarning]
    assert f"no scored example of class {names[1].item()!r} is classified correctly" in str(
        caught[0].message
    )
    assert (selector.class_importances_[1] == 0).all()
    assert (selector.class_importances_[0] != 0).any()
    assert np.isfinite(selector.feature_importances_).all()


def test_several_classes_never_right_are_one_warning(data):
    net = _blind_to(1, data.X)
    with torch.no_grad():
        net[-1].bias[2] -= 1e6
    with pytest.warns(FeatureSelectionWarning, match="classes 1, 2 is classified") as caught:
        quick(net, prefit=True).fit(*data)
    assert len(caught) == 1


def _told(fit):
    """The only warning of a fit of few networks."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit()
    (text,) = [str(w.message) for w in caught if "class scores are 0" in str(w.message)]
    return text


def test_all_rows_are_advised_where_some_are_not_scored(data):
    y = np.where(np.arange(120) < 4, 2, data.y % 2)
    told = {
        score_on: _told(lambda on=score_on: quick(max_epochs=5, score_on=on).fit(data.X, y))
        for score_on in ("all", "training")
    }
    assert all(text.startswith("no scored example of class 2 is cl") for text in told.values())
    assert "score_on" not in told["all"]
    assert told["training"].endswith(", or score all rows (score_on='all').")


@pytest.mark.parametrize("target_class", [None, 2])
@pytest.mark.parametrize("kind", [DeepLIFFTSelector, ImportanceNeuronSelector])
def test_a_class_that_is_not_scored_is_said_to_be_absent_and_not_wrong(data, kind, target_class):
    few = kind.default_estimator(n_networks=2, max_epochs=20)
    selector = kind(few, target_class=target_class, random_state=0)
    text = _told(lambda: selector.fit(*data, sample_mask=data.y != 2))
    assert text.startswith("no scored example is of class 2; its class scores are 0. Give fit some")


def test_labels_are_told_from_classes(data):
    rare = np.arange(120) < 3
    never, both = np.zeros(120), np.c_[data.X[:, 0] > 1, rare]
    text = _told(lambda: quick(max_epochs=1).fit(data.X, np.c_[both[:, 0], never].astype(int)))
    assert text.startswith("no scored example has label 1; its class scores are 0.")
    assert "leave out of y" in text
    text = _told(lambda: quick(max_epochs=9).fit(data.X, both.astype(int)))
    assert text.startswith("no scored example that has label 1 is predicted to have it")
    assert "class_weight" not in text  # which several labels cannot have
    text = _told(lambda: quick().fit(data.X, np.c_[both[:, 0], never, never].astype(int)))
    assert text.startswith("no scored example has any of labels 1, 2; their class scores are 0.")


def test_a_class_of_one_of_several_outputs_is_named_with_its_output(data):
    y = np.c_[data.y, np.where(np.arange(120) < 2, 7, 5)]
    text = _told(lambda: quick(max_epochs=20).fit(data.X, y))
    assert text.startswith("no scored example of class (1, 7) is classified correctly")


def test_of_many_classes_ten_are_named_and_the_others_counted(data):
    net = nn.Sequential(nn.Linear(8, 15), nn.ReLU(), nn.Linear(15, 15))
    with torch.no_grad():
        net[-1].bias[0] += 1e6
    text = _told(lambda: quick(net, prefit=True).fit(data.X, np.arange(120) % 15))
    assert "classes 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 4 more is classified" in text


def test_a_class_that_is_right_in_one_network_of_several_is_not_named(data):
    quick(n_networks=3, max_epochs=20).fit(*data)  # a warning would be an error


# All or nothing


CURVED = nn.Sequential(nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 3))
FAILURES = {
    "NaN": lambda s, X, y: s.fit(np.where(X > 2, np.nan, X), y),
    "only one class": lambda s, X, y: s.fit(X[:, :3], np.zeros(120)),
    "y has only one class": lambda s, X, y: s.fit(
        pd.DataFrame(X[:, :4], columns=list("zyxw")), [0] * 120
    ),
    "layer='nope'": lambda s, X, y: s.set_params(layer="nope", step=None).fit(X[:, :5], y),
    "99": lambda s, X, y: s.set_params(simplex_groups=[[99, 1]]).fit(X[:, :5], y),
    "diverged": lambda s, X, y: s.set_params(estimator__learning_rate=1e30).fit(X[:, :5], y),
    "Tanh": lambda s, X, y: s.set_params(estimator=CURVED).fit(X[:, :5], y),
    "estimator=3 is not a network": lambda s, X, y: s.set_params(estimator=3).fit(X[:, :5], y),
    "n_networks": lambda s, X, y: s.set_params(estimator__n_networks=0).fit(X[:, :5], y),
    "l2=1.0.* would be ignored": lambda s, X, y: s.set_params(
        estimator__network=MLP, estimator__l2=1.0
    ).fit(X[:, :5], y),
    "holds a single value": lambda s, X, y: s.fit(np.c_[X[:, :4], np.ones(120)], y),
}


@pytest.mark.slow
@pytest.mark.parametrize("failure", FAILURES)
def test_after_a_failed_fit_the_selector_holds_its_earlier_state(data, failure):
    selector = quick(step=0.5).fit(pd.DataFrame(data.X, columns=list("abcdefgh")), data.y)
    params = selector.get_params()
    before, digest = dict(vars(selector)), bits(selector)
    names, kept = selector.get_feature_names_out(), copy.deepcopy(selector.feature_importances_)
    increments = selector.increments(pd.DataFrame(data.X, columns=list("abcdefgh")), data.y)
    with pytest.raises((ValueError, TypeError, UserWarning), match=failure):
        FAILURES[failure](selector, *data)
    selector.set_params(**params)
    assert vars(selector).keys() == before.keys()
    for name, value in before.items():
        assert getattr(selector, name) is value, name
    assert bits(selector) == digest
    np.testing.assert_array_equal(selector.feature_importances_, kept)
    np.testing.assert_array_equal(selector.get_feature_names_out(), names)
    np.testing.assert_array_equal(
        selector.increments(pd.DataFrame(data.X, columns=list("abcdefgh")), data.y), increments
    )


def test_a_failed_first_fit_leaves_it_unfitted(data):
    selector = quick(learning_rate=1e30)
    before = dict(vars(selector))
    with pytest.raises(TrainingDivergedError):
        selector.fit(*data)
    assert vars(selector) == before
    with pytest.raises(NotFittedError):
        selector.get_support()


@pytest.mark.parametrize(
    ("estimator", "step"),
    [
        (None, "_members.Members.on_batch_end"),
        (MLP, "_rounds.TrainingJob"),
    ],
)
def test_an_interrupt_leaves_the_earlier_state_too(data, monkeypatch, estimator, step):
    selector = quick(estimator).fit(*data)
    before = dict(vars(selector))

    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(f"sklearn_deeplifft.ensembles.{step}", interrupted)
    with pytest.raises(KeyboardInterrupt):
        selector.fit(data.X[:, :5], data.y)
    assert vars(selector) == before


def test_fewer_features_after_more(data):
    """A re-fit on another table leaves nothing of the first."""
    selector = quick(n_features_to_select=2)
    selector.fit(pd.DataFrame(data.X, columns=list("abcdefgh")), data.y)
    selector.fit(data.X[:, :5], data.y)
    assert set(vars(selector)) == set(vars(quick().fit(data.X[:, :5], data.y)))
    assert selector.transform(data.X[:, :5]).shape == (120, 2)


def test_parameters_changed_after_fit_do_not_change_what_was_measured(data):
    """A gauge is chosen in fit; another one needs another fit, or an error, not a mixture."""
    selector = quick(reference="mean").fit(*data)
    terms = selector.contributions(data.X).terms
    selector.set_params(reference="zero", layer="1", dtype="float64")
    again = selector.contributions(data.X)
    assert again.terms.shape == terms.shape
    np.testing.assert_allclose(again.terms, terms)
    assert isinstance(selector, DeepLIFFTSelector)


def test_large_terms_that_cancel_are_read_in_double_precision():
    """Logits near zero are sums of terms of any size: single precision leaves rounding alone."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(40, 8, bias=False), nn.ReLU(), nn.Linear(8, 2, bias=False))
    with torch.no_grad():
        net[0].weight[:, 20:] = -net[0].weight[:, :20]
        half = 1e4 * torch.randn(64, 20)
        X = torch.cat([half, half + 10 * torch.randn(64, 20)], dim=1)
        y = net(X).argmax(1).numpy()
    form = reader_of(net).form(X)
    explained = (form.coefficients * form.displacement[:, None]).sum(-1)
    assert relative_residual(form.logits, form.bias, explained) > 1e-4
    read = DeepLIFFTSelector(net, prefit=True, reference="zero").fit(X.numpy(), y)
    assert read.decomposition_error_ < 1e-10
