"""The public predictors: batteries, predictions, held-out scores, settings that do not apply."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import skorch
import torch
from scipy.stats import t
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.metrics import accuracy_score, balanced_accuracy_score, r2_score
from sklearn.model_selection import GridSearchCV, KFold, cross_validate
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks
from torch import nn

from sklearn_deeplifft import (
    DeepLIFFTSelector,
    NetworkEnsembleClassifier,
    NetworkEnsembleRegressor,
    Progress,
)
from sklearn_deeplifft.ensembles._base import BaseNetworkEnsemble
from tests.conftest import MLP, planted

SMALL = {
    "n_networks": 2,
    "hidden_layer_sizes": (16, 8),
    "dropout": 0.0,
    "gates": None,
    "gate_penalty": None,
    "learning_rate": 0.02,
    "batch_size": 32,
    "max_epochs": 30,
    "random_state": 0,
}


def small(kind=NetworkEnsembleClassifier, **params) -> BaseNetworkEnsemble:
    given = {**SMALL, **params}
    if given["gates"] is None:
        del given["gate_penalty"]
    return kind(**given)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::sklearn_deeplifft.FeatureSelectionWarning")
@parametrize_with_checks(
    [small(max_epochs=12, learning_rate=0.05), small(NetworkEnsembleRegressor, max_epochs=20)],
    expected_failed_checks=None,
)
def test_sklearn_checks(estimator, check):
    check(estimator)


def test_probabilities_are_those_of_the_mean_centred_logits():
    """A literal mean, in float64, over networks read as torch modules."""
    X, y = load_iris(return_X_y=True)
    ensemble = small(n_networks=3).fit(X, y)
    total = np.zeros((len(X), 3))
    for net in ensemble.estimators_:
        module = net.module_.double()
        with torch.no_grad():
            z = module(torch.from_numpy(X)).numpy()
        total += z - z.mean(axis=1, keepdims=True)
    mean = total / 3
    expected = np.exp(mean) / np.exp(mean).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(ensemble.predict_proba(X), expected, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(ensemble.decision_function(X), mean, rtol=1e-5, atol=1e-6)
    assert (ensemble.predict(X) == expected.argmax(axis=1)).mean() == 1
    assert ensemble.score(X, y) > 0.9


@pytest.mark.slow
def test_mean_logits_are_the_sum_of_the_mean_contributions():
    X, y = load_breast_cancer(return_X_y=True)
    selector = DeepLIFFTSelector(small(), step=None).fit(X, y)
    given = selector.contributions(X)
    z = given.bias + given.terms.sum(axis=-1)
    ensemble = small().fit(X, y)
    assert [len(e.estimators_) for e in (ensemble, selector.estimator_)] == [2, 2]
    np.testing.assert_allclose(
        ensemble.decision_function(X), z[:, 1] - z[:, 0], rtol=1e-3, atol=1e-4
    )


def test_validation_score_is_that_of_rows_held_out():
    """Each network is scored on its own fold; the interval is Student's t over networks."""
    X, y = load_breast_cancer(return_X_y=True)
    ensemble = small(n_networks=3, validation_fraction=0.2).fit(X, y)
    scores = ensemble.validation_scores_
    assert ensemble.validation_score_ == pytest.approx(scores.mean())
    half = t.ppf(0.975, 2) * scores.std(ddof=1) / np.sqrt(3)
    np.testing.assert_allclose(
        ensemble.validation_score_interval_, [scores.mean() - half, scores.mean() + half]
    )
    assert 0.8 < ensemble.validation_score_ <= 1


@pytest.mark.parametrize("kind", [NetworkEnsembleClassifier, NetworkEnsembleRegressor])
def test_held_out_rows_by_the_metrics_of_scikit_learn(kind, monkeypatch):
    """One network: predictions of its held-out rows, scored by scikit-learn."""
    from sklearn_deeplifft.ensembles import _base

    dealt, deal_splits = [], _base.deal_splits

    def dealing(*given):
        dealt.extend(deal_splits(*given))
        return dealt

    monkeypatch.setattr(_base, "deal_splits", dealing)
    load = load_iris if kind is NetworkEnsembleClassifier else load_diabetes
    X, y = load(return_X_y=True)
    ensemble = small(kind, n_networks=1, validation_fraction=0.3).fit(X, y)
    held = dealt[0].validation
    metric = balanced_accuracy_score if kind is NetworkEnsembleClassifier else r2_score
    expected = metric(y[held], ensemble.predict(X[held]))
    assert ensemble.validation_score_ == pytest.approx(expected, abs=1e-6)


def test_nothing_held_out_has_no_score():
    X, y = load_iris(return_X_y=True)
    ensemble = small(validation_fraction=0.0, patience=None).fit(X, y)
    assert np.isnan(ensemble.validation_score_)
    assert np.isnan(ensemble.validation_score_interval_).all()


def test_regression_predicts_in_units_of_the_target():
    X, y = load_diabetes(return_X_y=True)
    ensemble = small(NetworkEnsembleRegressor).fit(X, 1000 + y)
    assert abs(ensemble.predict(X).mean() - (1000 + y).mean()) < 20
    assert ensemble.score(X, 1000 + y) > 0.3
    two = small(NetworkEnsembleRegressor).fit(X, np.c_[y, -y])
    assert two.predict(X).shape == (len(X), 2)


def test_multilabel_and_several_outputs():
    X, y = planted(n=200)
    labels = np.c_[X[:, 0] > 1, X[:, 1] > 1].astype(int)
    found = small().fit(X, labels)
    assert found.predict(X).shape == found.predict_proba(X).shape == labels.shape
    assert (found.predict(X) == labels).mean() > 0.85
    both = np.c_[y + 5, y == 0].astype(int)
    found = small().fit(X, both)
    assert [list(c) for c in found.classes_] == [[5, 6, 7], [0, 1]]
    assert [p.shape[1] for p in found.predict_proba(X)] == [3, 2]
    assert (found.predict(X) == both).mean() > 0.7


def test_labels_of_rows_far_from_the_data_are_sure():
    """Logits beyond what an exponential holds: 0 and 1, and no warning of NumPy."""
    X, _ = planted(n=200)
    labels = np.c_[X[:, 0] > 1, X[:, 1] > 1].astype(int)
    found = small().fit(X, labels).predict_proba(1e30 * X[:50])
    assert set(found.ravel().tolist()) == {0, 1}


def test_score_of_several_outputs_is_the_share_of_rows_that_are_all_right():
    X, y = planted(n=200)
    both = np.array([[f"{a}", a == 0] for a in y], dtype=object)
    ensemble = small(max_epochs=8).fit(X, both)
    right = [list(p) == list(t) for p, t in zip(ensemble.predict(X), both, strict=True)]
    assert 0 < sum(right) < 200
    assert ensemble.score(X, both) == pytest.approx(sum(right) / 200)
    assert ensemble.score(X, pd.DataFrame(both)) == ensemble.score(X, both)
    weight = np.arange(200) % 3
    expected = sum(w for w, ok in zip(weight, right, strict=True) if ok) / weight.sum()
    assert ensemble.score(X, both, sample_weight=weight) == pytest.approx(expected)
    for truth in (both[:-1], both[:, :1], both[:, 0], np.c_[both, both]):
        with pytest.raises(ValueError, match=r"y has shape .* the true label of each row"):
            ensemble.score(X, truth)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        ensemble.score(X, both, sample_weight=weight[1:])


def test_score_of_several_labels_is_that_of_scikit_learn():
    X, _ = planted(n=200)
    labels = np.c_[X[:, 0] > 1, X[:, 1] > 1].astype(int)
    ensemble = small(max_epochs=8).fit(X, labels)
    weight = np.arange(200) % 3
    for given in (None, weight):
        expected = accuracy_score(labels, ensemble.predict(X), sample_weight=given)
        assert ensemble.score(X, labels, sample_weight=given) == pytest.approx(expected)


def test_cross_validation_of_several_outputs():
    X, y = planted(n=200)
    both = np.c_[y, y == 0].astype(int)
    found = cross_validate(small(), X, both, cv=3, error_score="raise", return_estimator=True)
    folds = KFold(3).split(X)
    for score, ensemble, (_, test) in zip(
        found["test_score"], found["estimator"], folds, strict=True
    ):
        right = (ensemble.predict(X[test]) == both[test]).all(axis=1)
        assert score == pytest.approx(right.mean())
        assert score > 0.5


def test_labels_names_and_sparse_tables():
    X, y = planted()
    frame = pd.DataFrame(X, columns=list("abcdefgh"))
    named = small().fit(frame, np.array(["x", "y", "z"])[y])
    assert list(named.feature_names_in_) == list("abcdefgh")
    assert set(named.predict(frame)) <= {"x", "y", "z"}
    counts = np.round(np.abs(X))
    dense, sparse = (small(standardize=False).fit(T, y) for T in (counts, sp.csr_matrix(counts)))
    np.testing.assert_array_equal(
        dense.decision_function(counts), sparse.decision_function(sp.csr_matrix(counts))
    )


def test_weights_equal_repeated_rows_and_groups_are_held_out_together():
    X, y = planted()
    weight = np.random.default_rng(0).integers(0, 3, len(y))
    weighted = small().fit(X, y, sample_weight=weight).decision_function(X)
    repeated = small().fit(np.repeat(X, weight, axis=0), np.repeat(y, weight))
    np.testing.assert_array_equal(weighted, repeated.decision_function(X))
    grouped = small().fit(X, y, groups=np.arange(len(y)) // 2)
    assert np.isfinite(grouped.validation_score_)


def test_a_grid_and_a_pipeline():
    X, y = load_iris(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), small(max_epochs=5))
    search = GridSearchCV(pipeline, {"networkensembleclassifier__n_networks": [1, 2]}, cv=2)
    assert search.fit(X, y).best_score_ > 0.5


def test_checkpoints_go_on_to_the_same_bits(tmp_path):
    X, y = planted()
    plain = small().fit(X, y).decision_function(X)
    for _ in range(2):
        kept = small(checkpoint_dir=tmp_path).fit(X, y).decision_function(X)
        np.testing.assert_array_equal(kept, plain)
    assert len(list(tmp_path.glob("*.npz"))) == 2
    with pytest.raises(ValueError, match="checkpoint_dir needs random_state"):
        small(checkpoint_dir=tmp_path, random_state=None).fit(X, y)


def test_max_steps_end_training():
    """120 rows less 12 held out, batches of 32: 4 steps an epoch, so 6 steps are 2 epochs."""
    X, y = planted()
    ensemble = small(max_steps=6, patience=None).fit(X, y)
    assert [len(net.history) for net in ensemble.estimators_] == [2, 2]


def seen_rows(ensemble) -> list[tuple[int, int]]:
    """Rows that each network trains on, and those held out from it, on 120 rows."""
    rounds = ensemble._rounds(ensemble._fit_data(*planted(), None), lambda progress: None)
    return [(len(split.training), len(split.validation)) for split in rounds.splits]


def test_max_steps_end_an_epoch():
    """2 steps of 32 rows: 64 rows of 108 in one epoch, and as small a share of those held out."""
    X, y = planted()
    ensemble = small(max_steps=2, patience=None).fit(X, y)
    assert [len(net.history) for net in ensemble.estimators_] == [1, 1]
    assert seen_rows(small(max_steps=2)) == [(64, 8)] * 2
    assert not np.isnan(ensemble.out_of_fold_score_)


def test_where_no_epoch_is_cut_every_row_is_seen():
    whole = [(108, 12)] * 2
    assert seen_rows(small(max_steps=None)) == seen_rows(small(max_steps=4)) == whole
    on_path = {"gates": "tied", "gate_penalty": "path", "max_steps": 1}
    assert seen_rows(small(**on_path, path_steps=4)) == whole
    assert seen_rows(small(**on_path, path_steps=3)) == [(96, 11)] * 2


def test_nets_that_train_by_their_own_settings_see_every_row():
    ensemble = NetworkEnsembleClassifier(MLPClassifier(), n_networks=2, random_state=0)
    ensemble.max_steps = 1  # which fit refuses beside them
    assert seen_rows(ensemble) == [(108, 12)] * 2


def test_null_columns_leave_networks_of_the_real_ones():
    X, y = planted()
    ensemble = small(null_features=True).fit(X, y)
    assert ensemble.estimators_[0].module_.core[0].in_features == X.shape[1]
    assert ensemble.score(X, y) > 0.6


def test_gates_of_both_kinds():
    X, y = planted()
    tied = small(gates="tied", gate_penalty=0.3).fit(X, y)
    free = small(gates="free", gate_penalty=0.3).fit(X, y)
    kinds = [type(e.estimators_[0].module_.core[0]).__name__ for e in (tied, free)]
    assert kinds == ["Linear", "FeatureGate"]


NET = skorch.NeuralNetClassifier(
    MLP, criterion=nn.CrossEntropyLoss, max_epochs=3, lr=0.02, optimizer=torch.optim.Adam
)


@pytest.mark.parametrize(
    ("network", "given", "named"),
    [
        (NET, {"max_epochs": 3}, "max_epochs=3"),
        (NET, {"learning_rate": 0.1, "batch_size": 7}, "learning_rate=0.1, batch_size=7"),
        (NET, {"hidden_layer_sizes": (3,)}, r"hidden_layer_sizes=\(3,\)"),
        (MLP, {"dropout": 0.5}, "dropout=0.5"),
        (MLP, {"gate_penalty": 0.2}, "gate_penalty=0.2"),
        (MLP, {"null_features": True}, "null_features=True"),
        (MLPClassifier(), {"gates": "free"}, "gates='free'"),
        (MLPClassifier(), {"patience": None}, "patience=None"),
        (None, {"gates": None, "path_steps": 3}, "path_steps=3"),
        (None, {"gate_penalty": 0.2, "path_steps": 3}, "path_steps=3"),
        (None, {"gate_initial": "uniform"}, "gate_initial='uniform'"),
    ],
)
def test_settings_that_would_be_ignored_are_named(network, given, named):
    X, y = planted()
    ensemble = NetworkEnsembleClassifier(network, n_networks=1, random_state=0, **given)
    with pytest.raises(ValueError, match=f"{named} would be ignored"):
        ensemble.fit(X, y)
    assert not hasattr(ensemble, "estimators_")


def test_a_skorch_net_trains_by_its_own_settings():
    X, y = planted()
    ensemble = NetworkEnsembleClassifier(NET, n_networks=2, random_state=0).fit(X, y)
    assert [len(net.history) for net in ensemble.estimators_] == [3, 3]
    assert ensemble.predict(X).shape == (len(X),)
    module = NetworkEnsembleClassifier(MLP, n_networks=1, max_epochs=4, random_state=0)
    assert len(module.fit(X, y).estimators_[0].history) <= 4


def test_progress_is_a_value(capsys):
    X, y = planted()
    said: list[Progress] = []
    small(verbose=said.append).fit(X, y)
    assert capsys.readouterr().out == ""
    assert (said[-1].stage, said[-1].done, said[-1].total) == ("8 features", 2, 2)
    small(verbose=1).fit(X, y)
    printed = capsys.readouterr().out
    assert printed.startswith("[NetworkEnsembleClassifier] network 2/2 on 8 features: ")


def test_parameters_are_left_as_they_were():
    X, y = planted()
    ensemble = small()
    before = ensemble.get_params()
    ensemble.fit(X, y)
    assert ensemble.get_params() == before
    assert clone(ensemble).get_params() == before
    again = small().fit(X, y)
    np.testing.assert_array_equal(again.decision_function(X), ensemble.decision_function(X))


def test_an_error_leaves_the_fit_before():
    X, y = planted()
    ensemble = small().fit(X, y)
    before = ensemble.decision_function(X)
    with pytest.raises(ValueError, match="one class"):
        ensemble.fit(X, np.zeros(len(y)))
    np.testing.assert_array_equal(ensemble.decision_function(X), before)
    with pytest.raises(ValueError, match=r"continuous|class labels"):
        ensemble.fit(X, X[:, 0])
