"""Held-out rows decide which pairs interact."""

import numpy as np
import pandas as pd
import pytest
import torch

from sklearn_deeplifft import (
    GIATransformer,
    NetworkEnsembleClassifier,
    NetworkEnsembleRegressor,
)
from sklearn_deeplifft.interventions import interaction_effects, interaction_evidence
from sklearn_deeplifft.interventions.interactions import _evidence
from sklearn_deeplifft.interventions.interactions import _held_out_test as parts
from sklearn_deeplifft.tables import encode_target

NETWORKS = {"n_networks": 3, "hidden_layer_sizes": (32, 16), "max_epochs": 25, "random_state": 0}


def rows(n=1600, d=6):
    return np.random.default_rng(0).standard_normal((n, d))


def fitted(X, y, task):
    networks = GIATransformer.default_estimator(task, **NETWORKS)
    return networks.set_params(learning_rate=4e-3).fit(X[:1000], y[:1000])


@pytest.fixture(scope="module")
def regression():
    X = pd.DataFrame(rows(), columns=list("ABCDEF"))
    noise = np.random.default_rng(1).standard_normal(len(X))
    y = (2 * X["A"] * X["B"] + X["C"] + abs(X["D"]) + 0.5 * noise).to_numpy()
    return fitted(X, y, "regression"), X, y


def called(found):
    return {tuple(pair) for pair in found.pairs[found.q_value <= 0.1].tolist()}


def test_a_planted_pair_is_called_and_no_other(regression):
    model, X, y = regression
    found = interaction_evidence(model, X[1000:], y[1000:])
    assert called(found) == {(0, 1)}
    assert found.gain[0] > 0.2
    assert found.n_rows == 600
    table = found.to_frame()
    assert table.loc[0, ["first", "second"]].tolist() == ["A", "B"]
    assert (np.diff(table["p_value"]) >= 0).all()


def test_pairs_that_were_found_before_are_tested(regression):
    model, X, y = regression
    two = interaction_effects(model, X[:1000], pairs=[("A", "B"), ("C", "D")])
    found = interaction_evidence(model, X[1000:], y[1000:], pairs=two)
    assert found.pairs.tolist() == [[0, 1], [2, 3]]
    same = interaction_evidence(model, X[1000:], y[1000:], pairs=[("C", "D"), ("A", "B")])
    np.testing.assert_array_equal(found.pairs, same.pairs)


def test_a_pair_that_is_named_twice_is_tested_once(regression):
    """It was a rival of its own, and nothing was left of it but rounding."""
    model, X, y = regression
    once = interaction_evidence(model, X[1000:], y[1000:], pairs=[("A", "B"), ("C", "D")])
    again = [("A", "B"), ("C", "D"), (0, 1), ("B", "A"), ("D", "C")]
    twice = interaction_evidence(model, X[1000:], y[1000:], pairs=again)
    assert twice.pairs.tolist() == [[0, 1], [2, 3]]
    np.testing.assert_array_equal(twice.z, once.z)
    np.testing.assert_array_equal(twice.q_value, once.q_value)
    before = (interaction_effects(model, X[:1000], pairs=given) for given in (again, again[:2]))
    found = [interaction_evidence(model, X[1000:], y[1000:], pairs=effects) for effects in before]
    np.testing.assert_array_equal(found[0].z, found[1].z)


def test_pairs_of_other_features_are_refused(regression):
    model, X, y = regression
    new, truth = X[1000:], y[1000:]

    def found(columns, **given):
        fitted = NetworkEnsembleRegressor(n_networks=1, max_epochs=1, random_state=0)
        return interaction_effects(fitted.fit(columns, y), columns, support=False, **given)

    with pytest.raises(ValueError, match="of 2 features and the networks have 6"):
        interaction_evidence(model, new, truth, pairs=found(X[["A", "B"]]))
    with pytest.raises(ValueError, match=r"of 'F' where the networks have 'A' \(position 0\)"):
        interaction_evidence(model, new, truth, pairs=found(X[list("FEDCBA")]))
    blocks = [["A", "B"], ["C"], ["D"], ["E"], ["F"]]
    of_blocks = found(X, feature_groups=blocks)
    with pytest.raises(ValueError, match="of 5 features"):
        interaction_evidence(model, new, truth, pairs=of_blocks)
    same = interaction_evidence(model, new, truth, pairs=of_blocks, feature_groups=blocks)
    assert same.names == ("A,B", *"CDEF")
    unnamed = interaction_evidence(model, new, truth, pairs=found(X.to_numpy()))
    assert unnamed.names == tuple("ABCDEF")


@pytest.mark.parametrize("classes", [2, 3])
def test_classes(classes):
    X = rows()
    f = np.stack([1.5 * X[:, 0] * X[:, 1], X[:, 2], -X[:, 3]], axis=1)[:, :classes]
    noise = np.random.default_rng(1).gumbel(size=f.shape)
    y = np.array(["a", "b", "c"])[(2 * f + noise).argmax(axis=1)]
    found = interaction_evidence(fitted(X, y, "classification"), X[1000:], y[1000:])
    assert (0, 1) in called(found)
    assert len(called(found)) <= 2


def test_labels_and_a_class_that_new_rows_lack():
    X = rows()
    y = np.stack([X[:, 0] * X[:, 1] > 0, X[:, 2] > 0], axis=1).astype(int)
    found = interaction_evidence(fitted(X, y, "classification"), X[1000:], y[1000:])
    assert found.pairs[0].tolist() == [0, 1]
    one = y[:, 0]
    model = fitted(X, one, "classification")
    few = interaction_evidence(model, X[1000:][one[1000:] == 0], one[1000:][one[1000:] == 0])
    assert np.isfinite(few.z).all()


def test_rows_of_a_group_count_as_one(regression):
    model, X, y = regression
    new, truth = X[1000:], y[1000:]
    plain = interaction_evidence(model, new, truth)
    twice = pd.concat([new, new + 1e-9]), np.append(truth, truth)
    doubled = interaction_evidence(model, *twice, groups=np.tile(np.arange(600), 2))
    assert doubled.z[0] == pytest.approx(plain.z[0], rel=0.15)
    assert interaction_evidence(model, *twice).z[0] > 1.2 * plain.z[0]


def test_rows_that_trained_are_refused(regression):
    model, X, y = regression
    with pytest.raises(ValueError, match="kept apart"):
        interaction_evidence(model, X[:1000], y[:1000])


def test_models_of_unknown_rows_are_refused():
    with pytest.raises(TypeError, match="fitted ensemble or selector"):
        interaction_evidence(torch.nn.Linear(2, 1), rows()[:, :2], np.zeros(1600))


def test_unknown_labels_are_named():
    X = rows(300)
    y = np.where(X[:, 0] > 0, "a", "b")
    model = NetworkEnsembleClassifier(n_networks=1, max_epochs=1).fit(X[:200], y[:200])
    with pytest.raises(ValueError, match="'z'"):
        interaction_evidence(model, X[200:], np.full(100, "z"))


@pytest.mark.parametrize("most", [5000, 200])
@pytest.mark.parametrize("pairs", [6, [(0, 1), ("C", "D"), ("E", 5)]])
def test_rows_in_another_order_are_the_same_bits(monkeypatch, regression, most, pairs):
    monkeypatch.setattr(_evidence, "MOST_ROWS", most)
    model, X, y = regression
    new, truth = X[1000:1400], y[1000:1400]
    weight = np.random.default_rng(2).integers(1, 4, 400)

    def found(order):
        return interaction_evidence(
            model, new.iloc[order], truth[order], pairs=pairs, sample_weight=weight[order]
        )

    first, orders = found(np.arange(400)), [np.argsort(truth), np.argsort(-truth)]
    for other in map(found, orders):
        np.testing.assert_array_equal(first.pairs, other.pairs)
        np.testing.assert_array_equal(first.z, other.z)
        np.testing.assert_array_equal(first.gain, other.gain)
    repeated = np.repeat(np.arange(400), weight)
    again = interaction_evidence(model, new.iloc[repeated], truth[repeated], pairs=pairs)
    np.testing.assert_array_equal(first.z, again.z)


@pytest.mark.parametrize("unit", [1e-6, 1e6])
def test_weights_have_no_unit(unit):
    """The penalty of the logistic fit was as strong as weights are small."""
    X = rows()
    y = (2 * X[:, 0] + X[:, 1] + np.random.default_rng(1).logistic(size=len(X)) > 0).astype(int)
    model, new = fitted(X, y, "classification"), (X[1000:], y[1000:])
    plain = interaction_evidence(model, *new)
    found = interaction_evidence(model, *new, sample_weight=np.full(600, unit))
    np.testing.assert_array_equal(found.pairs, plain.pairs)
    np.testing.assert_allclose(found.z, plain.z, rtol=1e-9)


@pytest.mark.parametrize("unit", [2**-10, 2**10])
def test_targets_have_no_unit(regression, unit):
    """What there is to say of the one target was drowned by another in a smaller unit."""
    X, y = rows(), regression[2]
    two = np.stack([y, X[:, 4] + np.random.default_rng(2).standard_normal(len(X))], axis=1)
    plain = interaction_evidence(fitted(X, two, "regression"), X[1000:], two[1000:])
    two *= [1, unit]
    found = interaction_evidence(fitted(X, two, "regression"), X[1000:], two[1000:], pairs=1)
    assert found.pairs.tolist() == [[0, 1]]  # its target's score is the smaller one
    for own in (found, plain):  # half of the first target's R squared
        assert own.z[0] > 7
        assert own.gain[0] == pytest.approx(0.25, abs=0.1)


@pytest.mark.parametrize("task", ["regression", "classification"])
def test_rows_too_few_for_any_function_say_nothing(task):
    X = rows(300)
    y = X[:, 0] if task == "regression" else (X[:, 0] > 0).astype(int)
    model = NetworkEnsembleClassifier if task == "classification" else NetworkEnsembleRegressor
    few = model(n_networks=1, max_epochs=1, random_state=0).fit(X[:296], y[:296])
    found = interaction_evidence(few, X[296:], y[296:])
    np.testing.assert_array_equal(found.z, 0)
    np.testing.assert_array_equal(found.p_value, 0.5)


# Parts of the test


def test_what_functions_of_single_columns_say_is_taken_out():
    X = rows(500, 2)
    B = parts.basis_of(X, [np.array([0]), np.array([1])])
    weight = np.ones(500)
    straight = parts.without(np.stack([X[:, 0], X[:, 1] * 3 + 1], axis=1), B, weight)
    assert abs(straight).max() < 1e-9
    product = parts.without(X[:, :1] * X[:, 1:], B, weight)
    assert 0.8 < product.std() < 1.2


def test_nothing_is_left_of_what_is_spanned():
    e, weight = rows(200, 3)[:, :, None], np.random.default_rng(1).uniform(0.5, 2, 200)
    rest = parts.without(e, e[:, :2, 0] @ np.array([[1.0, 1], [2, -1]]) + 3, weight)
    np.testing.assert_array_equal(rest[:, :2], 0)
    assert rest[:, 2].std() > 0.5


def test_a_basis_has_no_more_columns_than_rows_allow():
    X = rows(50, 40)
    assert parts.basis_of(X, [np.array([j]) for j in range(40)]).shape[1] <= 10


@pytest.mark.parametrize("n", [100, 150, 250, 400])
def test_a_wide_block_leaves_room_for_other_columns(n):
    """A block of 60 levels beside three columns: fewer than 300 rows held none of any feature."""
    rng = np.random.default_rng(0)
    level, own = rng.permuted(np.arange(n) % 80 % 60), rng.standard_normal((n, 3))
    X = np.hstack([np.eye(60)[level], own])
    features = [np.arange(60), *(np.array([j]) for j in (60, 61, 62))]
    B = parts.basis_of(X, features)
    assert B.shape[1] <= n / 2
    rest = parts.without(X, B, np.ones(n))
    assert abs(rest[:, 60:]).max() < 1e-9
    assert abs(rest[:, :20]).max() < 1e-9  # the commonest levels, twice as common as others
    assert (abs(rest[:, :60]).max() < 1e-9) == (n >= 250)


def test_losses_are_those_of_the_formula():
    target = encode_target(np.array(["a", "b", "a"]), "classification")
    f = np.array([[1.0, -1], [0, 0], [-2, 2]])
    p = np.exp(f) / np.exp(f).sum(axis=1, keepdims=True)
    found = parts.losses(f, target.codes, target)
    np.testing.assert_allclose(found, -np.log(p[[0, 1, 2], [0, 1, 0]]))
    nothing = parts.loss_of_nothing(target.codes, np.ones(3), target)
    assert nothing == pytest.approx(-(2 * np.log(2 / 3) + np.log(1 / 3)) / 3)


def test_what_was_fitted_leaves_fewer_degrees_of_freedom():
    B = rows(50, 4) @ np.ones((4, 1)) * np.ones(3)  # of rank one
    assert parts.share_left(B, 4) == pytest.approx(1 - 5 / 50)
    assert parts.share_left(np.eye(5), 2) == 0


def test_rows_whose_class_is_sure_count_little():
    target = encode_target(np.array(["a", "b", "a"]), "classification")
    f = np.array([[0.0, 0], [0.5 * np.log(3), -0.5 * np.log(3)], [20, -20]])
    found = parts.spread_of(f, target)
    np.testing.assert_allclose(found, [1 / 2, 2 * 3 / 4 * 1 / 4, 1e-3])
    numbers = encode_target(np.array([0.5, 1.5, 7.25]), "regression")
    assert parts.spread_of(f[:, :1], numbers).tolist() == [1, 1, 1]


def test_logits_of_labels_are_halves_of_log_odds():
    labels = encode_target(np.array([[0, 1], [1, 0], [1, 1]]), "classification")
    f = np.array([[0.0, 0.5 * np.log(4)]])
    np.testing.assert_allclose(parts.probabilities(f, labels), [[1 / 2, 4 / 5]])


def test_z_is_a_sum_over_its_standard_error():
    s, weight = np.array([[1.0], [3.0], [-1.0]]), np.array([1.0, 2.0, 1.0])
    expected = 6 / np.sqrt(1 + (2 * 3) ** 2 + 1)
    for unit in (1, 10, 0.25):
        assert parts.z_values(s, unit * weight, None)[0] == pytest.approx(expected)
    grouped = parts.z_values(s, np.ones(3), np.array([0, 0, 1]))
    assert grouped[0] == pytest.approx(3 / np.sqrt(16 + 1))


def test_dependent_columns_take_no_more_out_than_they_say():
    """As of a one-hot block: with the constant its columns are one too many."""
    rng = np.random.default_rng(0)
    block = np.eye(3)[rng.integers(0, 3, 200)]
    B = np.hstack([block - block.mean(axis=0), rng.standard_normal((200, 2))])
    e, weight = rng.standard_normal((200, 4, 1)), rng.uniform(0.5, 2, 200)
    rest = parts.without(e, B, weight)
    np.testing.assert_allclose(rest, parts.without(e, B[:, 1:], weight), atol=1e-12)
    design = np.hstack([np.ones((200, 1)), B[:, 1:]]) * np.sqrt(weight)[:, None]
    flat = e[..., 0] * np.sqrt(weight)[:, None]
    expected = flat - design @ np.linalg.lstsq(design, flat)[0]
    np.testing.assert_allclose(rest[..., 0] * np.sqrt(weight)[:, None], expected, atol=1e-12)


# Rows that are drawn


def test_a_rare_class_is_drawn_and_weighs_its_share(monkeypatch):
    """Of 4,000 rows 12 are rare: among the 400 drawn they would be one by their share."""
    seen, tested = [], _evidence._tested
    monkeypatch.setattr(_evidence, "MOST_ROWS", 400)

    def watched(ensemble, data, index, weight, *rest):
        seen.append((index, weight, data.target.codes[index, 0] == 2))
        return tested(ensemble, data, index, weight, *rest)

    monkeypatch.setattr(_evidence, "_tested", watched)
    X = rows(4400)
    y = np.where(X[:, 0] * X[:, 1] > 0, "a", "b")
    y[400 + np.arange(12) * 300], y[:40] = "rare", "rare"
    model = NetworkEnsembleClassifier(n_networks=1, max_epochs=2, random_state=0)
    model.fit(X[:400], y[:400])
    found = interaction_evidence(model, X[400:], y[400:], pairs=[(0, 1), (2, 3)])
    index, weight, rare = seen.pop()
    assert found.n_rows == len(index) == 400
    assert rare.sum() == 12
    np.testing.assert_allclose(weight[rare].sum() / weight.sum(), 12 / 4000)
    assert np.isfinite(found.z).all()
    # Where no row is left out, weights are as they were given.
    interaction_evidence(model, X[400:700], y[400:700], pairs=[(0, 1)])
    index, weight, _ = seen.pop()
    assert sorted(index) == list(range(300))
    np.testing.assert_array_equal(weight, 1)
