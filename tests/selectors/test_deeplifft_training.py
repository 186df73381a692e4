"""Training: stopping, weights, elimination, and that the same data give the same bits."""

import copy
import itertools
import random

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import spearmanr
from sklearn.utils.class_weight import compute_sample_weight

from sklearn_deeplifft import DeepLIFFTSelector
from tests.conftest import (
    MLP,
    QUICK,
    bits,
    counted_trainings,
    planted,
    quick,
    relu_network,
    watched_batches,
)
from tests.processes import elsewhere


@pytest.fixture(scope="module")
def data():
    return planted()


@pytest.fixture(scope="module")
def fitted(data):
    return quick(step=0.5).fit(*data)


# Stopping


@pytest.fixture(scope="module")
def noisy(data):
    """One label in four is wrong, so that training beyond some epoch makes things worse."""
    wrong = np.random.default_rng(5).random(120) < 0.25
    return data.X, np.where(wrong, (data.y + 1) % 3, data.y)


def _same_network(a, b) -> bool:
    pairs = zip(
        a.estimator_.estimators_[0].module_.parameters(),
        b.estimator_.estimators_[0].module_.parameters(),
        strict=True,
    )
    return all(torch.equal(p, q) for p, q in pairs)


# What is learned here is mostly noise, so that there is something to stop for.
AT_CHANCE = "ignore:the networks predict no better:sklearn_deeplifft.FeatureSelectionWarning"


@pytest.mark.filterwarnings(AT_CHANCE)
@pytest.mark.parametrize("patience", [2, 6])
def test_training_stops_early_and_keeps_the_best_epoch(noisy, patience):
    selector = quick(max_epochs=300, patience=patience).fit(*noisy)
    losses = [row["valid_loss"] for row in selector.estimator_.estimators_[0].history]
    best = int(np.argmin(losses)) + 1
    assert len(losses) == best + patience < 300
    assert _same_network(selector, quick(max_epochs=best, patience=None).fit(*noisy))


@pytest.mark.filterwarnings(AT_CHANCE)
def test_the_best_epoch_is_kept_where_max_epochs_end_training(noisy):
    selector = quick(max_epochs=40, patience=39).fit(*noisy)
    losses = [row["valid_loss"] for row in selector.estimator_.estimators_[0].history]
    best = int(np.argmin(losses)) + 1
    assert best < len(losses) == 40
    assert _same_network(selector, quick(max_epochs=best, patience=None).fit(*noisy))


def test_patience_none_trains_to_the_end(data):
    assert (
        len(quick(max_epochs=60, patience=None).fit(*data).estimator_.estimators_[0].history) == 60
    )


def test_no_validation_trains_on_all_rows_to_the_end(data, monkeypatch):
    with watched_batches(monkeypatch) as batches:
        selector = quick(max_epochs=25, patience=1, validation_fraction=0).fit(*data)
    assert len(selector.estimator_.estimators_[0].history) == 25
    assert sum(rows for _, rows in batches).tolist() == [25 * 120]


@pytest.mark.slow
def test_a_network_from_which_no_row_is_held_out_trains_to_the_end(data):
    """Three folds for two groups: the third alone has a class, which all networks are to see."""
    params = {"n_networks": 5, "max_epochs": 60, "linear_share": 0.0}
    groups = np.where(data.y == 2, 2, np.arange(120) % 2)
    stopped, ended = (quick(patience=p, **params).fit(*data, groups=groups) for p in (2, None))
    watched = ["valid_loss" in net.history[0] for net in stopped.estimator_.estimators_]
    assert set(watched) == {True, False}
    for net, whole, held_out in zip(
        stopped.estimator_.estimators_, ended.estimator_.estimators_, watched, strict=True
    ):
        same = torch.equal(net.module_.core[0].weight, whole.module_.core[0].weight)
        assert (len(net.history) == 60) == same == (not held_out)


# Weights


@pytest.mark.slow
def test_weights_of_one_are_no_weights(data):
    a = quick(step=0.5).fit(*data)
    for weight in (np.ones(120), np.ones(120, dtype=np.float32), [1] * 120):
        assert bits(quick(step=0.5).fit(*data, sample_weight=weight)) == bits(a)


FITS = {
    "one pass": ({}, {}),
    "elimination": ({"step": 0.5, "n_networks": 2}, {}),
    "class weights": ({"class_weight": "balanced"}, {}),
    "module class": ({"estimator": MLP}, {}),
    "out of fold": ({"score_on": "out_of_fold", "n_networks": 3}, {}),
    "groups": ({}, {"groups": np.array([f"chr{i // 6:02d}" for i in range(120)])}),
    "mask": ({}, {"sample_mask": np.arange(120) % 3 > 0}),
}

TARGETS = {
    "classes": lambda X, y: y,
    "strings": lambda X, y: np.array(["a", "b", "c"])[y],
    "regression": lambda X, y: X[:, 0] - X[:, 1] ** 2,
    "multilabel": lambda X, y: (X[:, :3] > 1).astype(int),
    "outputs": lambda X, y: np.c_[y, np.digitize(X[:, 5], [0.5, 1.5])],
}


def _fit(fit, target, X, y, rows, weight=None):
    params, given = FITS[fit]
    given = {name: value[rows] for name, value in given.items()}
    task = "regression" if target == "regression" else "classification"
    return quick(task=task, **params).fit(X[rows], y[rows], sample_weight=weight, **given)


CASES = [
    *itertools.product(("one pass", "elimination", "module class"), TARGETS),
    *itertools.product(("class weights", "out of fold", "groups", "mask"), ("classes",)),
    # Folds and groups are dealt by classes where there are some, and masks cut every target.
    *(("out of fold", "regression"), ("out of fold", "multilabel"), ("groups", "regression")),
    ("mask", "outputs"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("fit", "target"), CASES)
def test_rows_of_weight_zero_are_dropped_rows(data, fit, target):
    y = TARGETS[target](*data)
    kept = np.arange(120) >= 12  # the first two groups are gone
    a = _fit(fit, target, data.X, y, np.arange(120), kept.astype(float))
    assert bits(a) == bits(_fit(fit, target, data.X, y, np.flatnonzero(kept)))


@pytest.mark.slow
@pytest.mark.parametrize(("fit", "target"), CASES)
def test_a_weight_of_two_is_a_repeated_row(data, fit, target):
    y = TARGETS[target](*data)
    twice = np.r_[np.arange(120), np.arange(0, 120, 3)]
    weight = np.where(np.arange(120) % 3 == 0, 2.0, 1.0)
    a = _fit(fit, target, data.X, y, np.arange(120), weight)
    assert bits(a) == bits(_fit(fit, target, data.X, y, twice))


@pytest.mark.slow
@pytest.mark.parametrize(("fit", "target"), CASES)
def test_the_order_of_rows_is_of_no_account(data, fit, target):
    y = TARGETS[target](*data)
    a = _fit(fit, target, data.X, y, np.arange(120))
    order = np.random.default_rng(1).permutation(120)
    assert bits(a) == bits(_fit(fit, target, data.X, y, order))


@pytest.mark.parametrize("weighted", [False, True])
def test_the_order_of_rows_is_of_no_account_in_float64_either(data, weighted):
    """Sums of floats depend on their order: no sum over the table may follow the rows' order."""
    X, net = data.X * 1e8 + 1e8 / 3, relu_network(8, 10, 3)
    weight = np.random.default_rng(2).random(120) if weighted else np.ones(120)
    a = quick(net, class_weight="balanced").fit(X, data.y, sample_weight=weight)
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(120)
        b = quick(net, class_weight="balanced")
        b.fit(X[order], data.y[order], sample_weight=weight[order])
        assert bits(a) == bits(b)


def test_a_class_in_rows_of_weight_zero_only_does_not_exist(data):
    y = np.r_[np.full(10, 9), data.y[10:]]
    selector = quick().fit(data.X, y, sample_weight=np.r_[np.zeros(10), np.ones(110)])
    assert list(selector.classes_) == [0, 1, 2]
    assert selector.class_importances_.shape == (3, 8)


# The second output is the first of another row: nothing predicts it, and a class may be missed.
@pytest.mark.filterwarnings("ignore::sklearn_deeplifft.FeatureSelectionWarning")
def test_nor_does_a_class_of_one_of_several_outputs(data):
    Y = np.c_[data.y, data.y[::-1]]
    Y[:10] = 9
    weight = np.r_[np.zeros(10), np.ones(110)]
    selector = quick(max_epochs=40).fit(data.X, Y, sample_weight=weight)
    assert [c.tolist() for c in selector.classes_] == [[0, 1, 2]] * 2
    assert bits(selector) == bits(quick(max_epochs=40).fit(data.X[10:], Y[10:]))


def test_weights_scale_freely(data):
    weight = np.linspace(0.5, 2, 120)
    a, b = (quick().fit(*data, sample_weight=w) for w in (weight, 64 * weight))
    np.testing.assert_allclose(a.feature_importances_, b.feature_importances_, rtol=1e-5)


def test_weights_matter(data):
    weight = np.where(data.X[:, 5] > 1, 1.0, 0.01)
    a, b = quick().fit(*data), quick().fit(*data, sample_weight=weight)
    assert np.abs(a.feature_importances_ - b.feature_importances_).max() > 1e-3


@pytest.mark.parametrize("estimator", [None, MLP])
def test_balanced_class_weight_is_the_equivalent_sample_weight(estimator):
    X, y = planted(n=200)
    keep = np.flatnonzero((y != 2) | (np.arange(200) % 4 == 0))
    X, y = X[keep], y[keep]
    params = {"standardize": False, "reference": "zero", "max_epochs": 30}
    a = quick(estimator, class_weight="balanced", **params).fit(X, y)
    b = quick(estimator, **params).fit(X, y, sample_weight=compute_sample_weight("balanced", y))
    np.testing.assert_allclose(a.class_importances_, b.class_importances_, atol=1e-5)
    np.testing.assert_allclose(a.feature_importances_, b.feature_importances_, atol=1e-5)
    plain = quick(estimator, **params).fit(X, y)
    assert np.abs(a.class_importances_ - plain.class_importances_).max() > 1e-3


@pytest.mark.slow
def test_class_weight_by_label(data):
    y = np.array(["a", "b", "c"])[data.y]
    factor = {"a": 1.0, "b": 3.0, "c": 0.5}
    params = {"standardize": False, "reference": "zero", "max_epochs": 40}
    a = quick(class_weight=factor, **params).fit(data.X, y)
    weight = np.array([factor[label] for label in y])
    b = quick(**params).fit(data.X, y, sample_weight=weight)
    np.testing.assert_allclose(a.class_importances_, b.class_importances_, atol=1e-5)
    some = quick(class_weight={"b": 3.0}, **params).fit(data.X, y)
    full = quick(class_weight={"a": 1, "b": 3.0, "c": 1}, **params).fit(data.X, y)
    assert bits(some) == bits(full)


def test_class_weights_do_not_weigh_scores(data):
    """They steer training; what is reported is a mean over examples."""
    selector = quick(class_weight={0: 1, 1: 4, 2: 1}, class_balance=None, max_epochs=40).fit(*data)
    again = selector.importances(*data)
    np.testing.assert_allclose(selector.feature_importances_, again.overall, atol=1e-6)


# Elimination


def test_elimination_ranks_by_the_round_a_feature_left(data, monkeypatch):
    with counted_trainings(monkeypatch) as calls:
        selector = quick(step=1, max_epochs=5).fit(*data)
    assert selector.n_rounds_ == 8
    assert [len(columns) for columns in calls] == [8, 7, 6, 5, 4, 3, 2]  # one alone is known
    for before, after in itertools.pairwise(calls):
        (gone,) = set(before) - set(after)
        assert set(after) < set(before)
        assert selector.ranking_[gone] == len(before)
    assert sorted(selector.ranking_[calls[-1]]) == [1, 2]
    assert sorted(selector.ranking_) == list(range(1, 9))


@pytest.mark.parametrize(
    ("step", "widths"),
    [
        (1, [8, 7, 6, 5, 4, 3, 2, 1]),
        (3, [8, 5, 2, 1]),
        (100, [8, 1]),
        (0.5, [8, 4, 2, 1]),
        (0.3, [8, 5, 3, 2, 1]),
        (0.01, [8, 7, 6, 5, 4, 3, 2, 1]),
        (np.int64(3), [8, 5, 2, 1]),
        (np.float32(0.5), [8, 4, 2, 1]),
        (None, [8]),
    ],
)
def test_step_is_a_count_or_a_fraction_of_those_left(data, step, widths, monkeypatch):
    with counted_trainings(monkeypatch) as calls:
        selector = quick(step=step, n_networks=2, max_epochs=2).fit(*data)
    trained = widths[:-1] or widths  # one alone needs no training
    assert [len(columns) for columns in calls] == [w for w in trained for _ in range(2)]
    assert selector.n_rounds_ == len(widths)


def test_elimination_shares_sum_to_one(fitted):
    assert fitted.feature_importances_.min() >= 0
    assert fitted.feature_importances_.sum() == pytest.approx(1)
    assert fitted.class_importances_.shape == (3, 8)  # of the networks on all features


def test_elimination_keeps_one_pass_scores_of_the_networks_on_all_features(data, fitted):
    once = quick().fit(*data)
    np.testing.assert_array_equal(fitted.class_importances_, once.class_importances_)
    np.testing.assert_array_equal(fitted.importances_std_, once.importances_std_)
    assert fitted.estimator_.estimators_[0].module_.core[0].in_features == 8


def test_elimination_starts_from_the_trained_network(data, monkeypatch):
    from sklearn_deeplifft.ensembles import _training

    rounds, train_batch = [], _training.train_batch

    def watched(members, rows, *args):
        (core,) = (member.core for member in members)
        start = copy.deepcopy(core)
        found = train_batch(members, rows, *args)
        rounds.append((start, np.arange(8) if rows.columns is None else rows.columns, core))
        return found

    monkeypatch.setattr(_training, "train_batch", watched)
    quick(step=3, max_epochs=3).fit(*data)
    assert [len(columns) for _, columns, _ in rounds] == [8, 5, 2]
    for (_, before, trained), (start, after, _) in itertools.pairwise(rounds):
        kept = torch.as_tensor(np.searchsorted(before, after))
        assert torch.equal(start[0].weight, trained[0].weight[:, kept])
        assert torch.equal(start[2].weight, trained[2].weight)


def test_elimination_finds_what_one_pass_finds_on_easy_data(data):
    selector = quick(step=0.3, max_epochs=30, n_networks=2).fit(*data)
    assert set(np.argsort(selector.ranking_)[:3]) == {0, 1, 2}


# Standardisation


def test_standardisation_can_be_left_out(data):
    front = quick(standardize=False).fit(*data).estimator_.estimators_[0].module_.standardize
    assert (front.mean == 0).all()
    assert (front.scale == 1).all()


def test_moments_are_weighted(data):
    weight = np.linspace(0, 2, 120)
    front = quick().fit(*data, sample_weight=weight).estimator_.estimators_[0].module_.standardize
    mean = np.average(data.X, axis=0, weights=weight)
    std = np.sqrt(np.average((data.X - mean) ** 2, axis=0, weights=weight))
    np.testing.assert_allclose(front.mean, mean, rtol=1e-12)
    np.testing.assert_allclose(front.scale, std, rtol=1e-12)


# Seeds


def test_the_same_seed_gives_the_same_bits(data):
    a, b = (quick(step=0.5, n_networks=2, dropout=0.2).fit(*data) for _ in range(2))
    assert bits(a) == bits(b)
    for x, z in zip(a.estimator_.estimators_, b.estimator_.estimators_, strict=True):
        for p, q in zip(x.module_.parameters(), z.module_.parameters(), strict=True):
            assert torch.equal(p, q)


def test_fit_twice_gives_the_same_bits(data):
    selector = quick(step=0.5)
    assert bits(selector.fit(*data)) == bits(selector.fit(*data))


def test_zero_is_a_seed_and_other_seeds_differ(data):
    digests = [bits(quick(random_state=seed).fit(*data)) for seed in (0, 0, 1, 2)]
    assert len(set(digests)) == 3
    assert digests[0] == digests[1]


def test_random_state_instances(data):
    a, b = (quick(random_state=np.random.RandomState(5)).fit(*data) for _ in range(2))
    assert bits(a) == bits(b)
    shared = np.random.RandomState(5)
    first, second = (quick(random_state=shared).fit(*data) for _ in range(2))
    assert bits(first) == bits(a)
    assert bits(second) != bits(a)


def test_random_state_none(data):
    a, b = (quick(random_state=None).fit(*data) for _ in range(2))
    assert bits(a) != bits(b)


def _global_state():
    numpy_state = np.random.get_state()
    return (
        torch.get_rng_state().tolist(),
        [part.tolist() if isinstance(part, np.ndarray) else part for part in numpy_state],
        random.getstate(),
        torch.get_num_threads(),
        torch.get_default_dtype(),
        torch.is_grad_enabled(),
        torch.are_deterministic_algorithms_enabled(),
        np.geterr(),
    )


@pytest.mark.parametrize("estimator", [None, MLP, "mlp"])
def test_global_state_is_left_as_found(data, estimator):
    from sklearn.neural_network import MLPClassifier

    if estimator == "mlp":
        estimator = MLPClassifier((5,), learning_rate_init=0.05, tol=1e-2)
    random_layers = {"dropout": 0.1} if estimator is None else {}
    before = _global_state()
    quick(estimator, step=0.5, **random_layers).fit(*data)
    quick(estimator, random_state=np.random.RandomState(0)).fit(*data).increments(*data)
    assert _global_state() == before


def test_global_state_is_left_as_found_after_an_error(data):
    before = _global_state()
    with pytest.raises(ValueError, match="layer"):
        quick(layer="nope").fit(*data)
    with pytest.raises(ValueError, match="diverged"):
        quick(learning_rate=1e30).fit(*data)
    assert _global_state() == before


def test_global_seeds_are_of_no_account(data, fitted):
    torch.manual_seed(123)
    with torch.random.fork_rng():
        torch.manual_seed(99)
        assert bits(quick(step=0.5).fit(*data)) == bits(fitted)


def test_a_session_in_float64_gives_the_same_network(data):
    plain = quick().fit(*data)
    torch.set_default_dtype(torch.float64)
    try:
        other = quick().fit(*data)
    finally:
        torch.set_default_dtype(torch.float32)
    assert other.decomposition_error_ < 1e-4
    assert set(np.argsort(other.ranking_)[:3]) == set(np.argsort(plain.ranking_)[:3])


def named_numbers() -> list:
    """All that a fit says of a frame with labels of text."""
    params = {name: value for name, value in QUICK.items() if name not in ("step", "score_on")}
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(100, 6)), columns=list("uvwxyz"))
    y = np.where(X["u"] > X["v"], "yes", "no")
    ensemble = DeepLIFFTSelector.default_estimator(**params, class_weight={"yes": 2.0, "no": 1.0})
    selector = DeepLIFFTSelector(ensemble, step=0.5).fit(X, y)
    return [
        selector.feature_importances_.tolist(),
        selector.ranking_.tolist(),
        selector.class_importances_.tolist(),
        *selector.get_feature_names_out(),
    ]


@pytest.mark.slow
def test_another_process_with_another_hash_seed_gives_the_same_numbers():
    here = named_numbers()
    assert elsewhere(named_numbers) == here
    assert len(here[0]) == 6


def test_columns_in_another_order_rank_alike(data):
    order = np.array([4, 0, 7, 2, 5, 1, 6, 3])
    params = {"n_networks": 5, "max_epochs": 40}
    a = quick(**params).fit(*data)
    b = quick(**params).fit(data.X[:, order], data.y)
    assert set(order[np.argsort(b.ranking_)[:3]]) == {0, 1, 2}
    correlation = spearmanr(a.feature_importances_[order], b.feature_importances_).statistic
    assert correlation > 0.6


# What is said


def test_silent_by_default(data, capsys):
    quick(step=0.5, n_networks=2).fit(*data).transform(data.X)
    assert capsys.readouterr() == ("", "")


ONE_AT_A_TIME = [{"estimator": MLP}, {"n_jobs": 3}]
"""Networks of a user's own; networks of ours, each in a chunk of its own."""


@pytest.mark.parametrize("params", ONE_AT_A_TIME)
def test_one_line_a_network_when_asked(data, capsys, params):
    quick(verbose=1, n_networks=3, **params).fit(*data)
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert err == ""
    assert len(lines) == 3
    for j, line in enumerate(lines, start=1):
        assert line.startswith(f"[DeepLIFFTSelector] network {j}/3 on 8 features: ")
        assert "epochs, validation loss 0." in line
        assert line.endswith(" left") == (j < 3)


def test_one_line_for_networks_trained_together(data, capsys):
    quick(verbose=1, n_networks=3, linear_share=0.0).fit(*data)
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("[DeepLIFFTSelector] network 3/3 on 8 features: ")
    assert "epochs, validation loss 0." in line


@pytest.mark.parametrize(("params", "per_round"), [*((p, 2) for p in ONE_AT_A_TIME), ({}, 1)])
def test_one_line_a_network_and_round_in_elimination(data, capsys, params, per_round):
    quick(verbose=1, n_networks=2, step=0.5, **params).fit(*data)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == per_round * 3
    assert "on 4 of 8 features" in lines[per_round]


def test_lines_do_not_grow_with_the_table(capsys):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 400))
    quick(verbose=1, max_epochs=8).fit(X, (X[:, 0] > 0).astype(int))
    assert len(capsys.readouterr().out) < 200


@pytest.mark.slow
def test_defaults_find_the_planted_features():
    X, y = planted(n=200, d=10)
    selector = DeepLIFFTSelector(random_state=0, n_features_to_select=3).fit(X, y)
    assert set(selector.get_support(indices=True)) == {0, 1, 2}
    assert len(selector.estimator_.estimators_) == 18
    assert selector.n_rounds_ == 7  # on 10, 8, 6, 4, 3, 2 and 1 features
