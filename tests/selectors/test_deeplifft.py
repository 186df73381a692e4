"""Sums, signs, aggregation and gauge of the scores, against the oracles."""

import numpy as np
import pytest
import torch
from torch import nn

from sklearn_deeplifft import (
    Contributions,
    DeepLIFFTSelector,
    Importances,
    NetworkEnsembleClassifier,
)
from tests.conftest import MLP, Table, answering, planted, quick
from tests.oracles import (
    identity,
    oracle_class_scores,
    oracle_linear_form,
    oracle_overall,
    oracle_softmax_increments,
    oracle_terms,
    relu,
    softmax,
)


def logits_of(selector, X) -> np.ndarray:
    """The first network, run on raw rows by hand."""
    module = selector.estimator_.estimators_[0].module_
    with torch.no_grad():
        return module(torch.as_tensor(np.asarray(X))).double().numpy()


def reread(network, X, y, **params) -> DeepLIFFTSelector:
    """Score one trained network by itself, on inputs standardised by hand, mean reference."""
    module = network.module_
    with torch.no_grad():
        Z = module.standardize(torch.as_tensor(X)).numpy()
    return quick(module.core, prefit=True, **params).fit(Z, y)


def softmax_rows(z: np.ndarray) -> np.ndarray:
    return np.array([softmax(row) for row in z])


def layers_of(module: nn.Sequential) -> list[tuple]:
    linear = [layer for layer in module if isinstance(layer, nn.Linear)]
    parts = [(p.weight.detach().double().numpy(), p.bias.detach().double().numpy()) for p in linear]
    return [(W, b, relu) for W, b in parts[:-1]] + [(*parts[-1], identity)]


def oracle_scores(module, X, y, reference, groups=()):
    """Increments (n, d) and predictions (n,) of a float64 ReLU network, row by row."""
    layers = layers_of(module)
    increments, predicted = [], []
    for x, label in zip(X, y, strict=True):
        form = oracle_linear_form(layers, x)
        terms, bias = oracle_terms(form, x, reference, groups)
        increments.append(oracle_softmax_increments(terms, bias, int(label)))
        predicted.append(int(np.argmax(form.z)))
    return np.array(increments), np.array(predicted)


@pytest.fixture(scope="module")
def data() -> Table:
    return planted()


@pytest.fixture(scope="module")
def fitted(data) -> DeepLIFFTSelector:
    return quick().fit(*data)


# Exact sums


def test_contributions_add_up_to_the_logits_of_the_network(fitted, data):
    found = fitted.contributions(data.X)
    assert isinstance(found, Contributions)
    assert found.terms.shape == (120, 3, 8)
    assert found.bias.shape == (120, 3)
    z = logits_of(fitted, data.X)
    np.testing.assert_allclose(found.bias + found.terms.sum(-1), z, rtol=1e-5, atol=1e-5)


def test_contributions_in_float64_add_up_to_rounding(data):
    selector = quick(dtype="float64").fit(*data)
    found = selector.contributions(data.X)
    assert found.terms.dtype == np.float64
    module = selector.estimator_.estimators_[0].module_
    with torch.no_grad():
        z = module.core.double()(module.standardize(torch.as_tensor(data.X)).double()).numpy()
    np.testing.assert_allclose(found.bias + found.terms.sum(-1), z, rtol=1e-10, atol=1e-10)
    assert selector.decomposition_error_ <= 1e-10


def test_increments_sum_to_the_change_of_the_true_probability(fitted, data):
    increments = fitted.increments(*data)
    assert increments.shape == (120, 8)
    assert np.abs(increments).max() <= 1
    rows = np.arange(120)
    z, b = logits_of(fitted, data.X), fitted.contributions(data.X).bias
    change = softmax_rows(z)[rows, data.y] - softmax_rows(b)[rows, data.y]
    np.testing.assert_allclose(increments.sum(1), change, atol=1e-5)


def test_increments_of_wrong_rows_are_given_too(fitted, data):
    wrong = logits_of(fitted, data.X).argmax(1) != data.y
    assert wrong.any()
    assert (fitted.increments(*data)[wrong] != 0).all()


def test_contributions_and_increments_are_means_over_networks(data):
    both = quick(n_networks=2).fit(*data)
    terms, increments = [], []
    for network in both.estimator_.estimators_:
        module = network.module_
        with torch.no_grad():
            Z = module.standardize(torch.as_tensor(data.X)).numpy()
        part = quick(module.core, prefit=True).fit(Z, data.y)
        terms.append(part.contributions(Z).terms)
        increments.append(part.increments(Z, data.y))
    np.testing.assert_allclose(both.contributions(data.X).terms, np.mean(terms, axis=0), atol=1e-5)
    np.testing.assert_allclose(both.increments(*data), np.mean(increments, axis=0), atol=1e-5)


def test_a_network_of_a_selector_can_be_read_again_with_prefit(fitted, data):
    for network in (fitted.estimator_.estimators_[0], fitted.estimator_.estimators_[0].module_):
        again = quick(network, prefit=True).fit(*data)
        np.testing.assert_allclose(
            again.feature_importances_, fitted.feature_importances_, atol=1e-5
        )


def test_rows_may_be_asked_for_one_at_a_time(fitted, data):
    whole, parts = fitted.contributions(data.X), [fitted.contributions(r[None]) for r in data.X[:5]]
    np.testing.assert_allclose(
        np.concatenate([p.terms for p in parts]), whole.terms[:5], rtol=1e-4, atol=1e-6
    )
    one = np.concatenate(
        [fitted.increments(data.X[i : i + 1], data.y[i : i + 1]) for i in range(5)]
    )
    np.testing.assert_allclose(one, fitted.increments(*data)[:5], rtol=1e-4, atol=1e-6)


# Against the oracle


@pytest.mark.parametrize("reference", ["mean", "zero", "array"])
@pytest.mark.parametrize("balance", ["balanced", None])
@pytest.mark.parametrize("kind", ["signed", "absolute"])
def test_scores_equal_the_oracle(data, reference, balance, kind):
    net, y = answering(data.X, 10, 6)
    y[::5] = (y[::5] + 1) % 3  # every fifth row is wrong
    point = {"mean": data.X.mean(0), "zero": np.zeros(8), "array": np.linspace(-1, 2, 8)}[reference]
    given = point if reference == "array" else reference
    params = {"class_balance": balance, "importance_type": kind}
    selector = quick(net, prefit=True, reference=given, **params).fit(data.X, y)
    increments, predicted = oracle_scores(net, data.X, y, point)
    np.testing.assert_allclose(selector.increments(data.X, y), increments, atol=1e-12)
    np.testing.assert_allclose(
        selector.class_importances_, oracle_class_scores(increments, y, predicted, 3), atol=1e-12
    )
    weighing = {"balanced": balance == "balanced", "signed": kind == "signed"}
    overall = oracle_overall(increments, y, predicted, 3, **weighing)
    np.testing.assert_allclose(selector.feature_importances_, overall, atol=1e-12)


@pytest.mark.parametrize("kind", ["signed", "absolute"])
def test_weights_of_scored_rows_enter_the_means(data, kind):
    net, _ = answering(data.X, 10)
    weight = np.linspace(0, 2, 120)
    increments, predicted = oracle_scores(net, data.X, data.y, np.zeros(8))
    params = {"class_balance": None, "importance_type": kind}
    selector = quick(net, prefit=True, reference="zero", **params)
    selector.fit(*data, sample_weight=weight)
    weighing = {"balanced": False, "weight": weight, "signed": kind == "signed"}
    expected = oracle_overall(increments, data.y, predicted, 3, **weighing)
    np.testing.assert_allclose(selector.feature_importances_, expected, atol=1e-12)
    by_class = oracle_class_scores(increments, data.y, predicted, 3, weight)
    np.testing.assert_allclose(selector.class_importances_, by_class, atol=1e-12)


def test_a_trained_network_is_scored_as_the_oracle_scores_its_weights(fitted, data):
    module = fitted.estimator_.estimators_[0].module_
    front = module.standardize
    Z = (data.X - front.mean.numpy()) / front.scale.numpy()
    increments, predicted = oracle_scores(module.core, Z, data.y, np.zeros(8))
    np.testing.assert_allclose(fitted.increments(*data), increments, atol=2e-5)
    expected = oracle_overall(increments, data.y, predicted, 3, balanced=True, signed=True)
    np.testing.assert_allclose(fitted.feature_importances_, expected, atol=2e-5)


# Aggregation


@pytest.mark.parametrize("balance", ["balanced", None])
def test_importances_are_recomputable_from_increments(data, balance):
    selector = quick(class_balance=balance, importance_type="absolute").fit(*data)
    increments = selector.increments(*data).astype(np.float64)
    right = logits_of(selector, data.X).argmax(1) == data.y
    means = [np.abs(increments[right & (data.y == c)]).mean(0) for c in range(3)]
    overall = np.mean(means, axis=0) if balance else np.abs(increments[right]).mean(0)
    np.testing.assert_allclose(selector.feature_importances_, overall, atol=1e-6)
    signed = [increments[right & (data.y == c)].mean(0) for c in range(3)]
    np.testing.assert_allclose(selector.class_importances_, signed, atol=1e-6)


def test_the_importance_is_the_mean_size_of_the_class_scores(data):
    selector = quick().fit(*data)
    sizes = np.abs(selector.class_importances_)
    np.testing.assert_allclose(selector.feature_importances_, sizes.mean(0), atol=1e-12)
    largest = quick(class_balance="max").fit(*data)
    np.testing.assert_allclose(largest.feature_importances_, sizes.max(0), atol=1e-12)


def test_noise_cancels_in_the_importance_and_not_in_the_mean_of_sizes():
    """A network with a weight on a column that says nothing: rows disagree about its sign."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(4000, 2))
    y = (X[:, 0] > 0).astype(int)
    net = nn.Sequential(nn.Linear(2, 2)).double()
    with torch.no_grad():
        net[0].weight[:] = torch.tensor([[-3.0, -1.0], [3.0, 1.0]])
        net[0].bias.zero_()
    signed, sizes = (
        quick(net, prefit=True, importance_type=kind).fit(X, y).feature_importances_
        for kind in ("signed", "absolute")
    )
    assert signed[1] / signed[0] < 0.5 * sizes[1] / sizes[0]


def test_wrong_rows_do_not_count(fitted, data):
    right = logits_of(fitted, data.X).argmax(1) == data.y
    assert not right.all()
    whole = reread(fitted.estimator_.estimators_[0], *data, reference="zero")
    part = reread(fitted.estimator_.estimators_[0], data.X[right], data.y[right], reference="zero")
    np.testing.assert_allclose(part.feature_importances_, whole.feature_importances_, atol=1e-7)
    np.testing.assert_allclose(part.class_importances_, whole.class_importances_, atol=1e-7)


def test_each_class_has_its_own_feature_first(data):
    selector = quick(n_networks=2, max_epochs=40).fit(*data)
    assert selector.class_importances_.shape == (3, 8)
    assert (selector.class_importances_.argmax(axis=1) == [0, 1, 2]).all()
    assert set(selector.ranking_[:3]) == {1, 2, 3}


def test_class_scores_are_signed():
    """A column that is high in class 1 only speaks against class 0, where it is high."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 4))
    y = (X[:, 0] - X[:, 1] > 0).astype(int)
    net = nn.Sequential(nn.Linear(4, 2))
    with torch.no_grad():
        net[0].weight.copy_(torch.tensor([[-1.0, 1, 0, 0], [1, -1, 0, 0]]))
        net[0].bias.zero_()
    X[:, 1] = np.abs(X[:, 1])
    y = (X[:, 0] - X[:, 1] > 0).astype(int)
    scores = quick(net, prefit=True, reference="zero").fit(X, y).class_importances_
    assert scores[0, 1] > 0 > scores[1, 1]
    assert scores[1, 0] > 0
    assert (scores[:, 2:] == 0).all()


def test_two_classes_have_two_rows(data):
    y = (data.y == 0).astype(int)
    selector = quick().fit(data.X, y)
    assert selector.class_importances_.shape == (2, 8)
    assert selector.contributions(data.X).terms.shape == (120, 2, 8)


@pytest.mark.slow
def test_class_balance_lets_a_rare_class_speak():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(300, 4))
    y = np.zeros(300, dtype=int)
    y[:15], X[:15, 3] = 1, 4.0
    y[15:150], X[15:150, 0] = 2, 3.0
    X[150:, 1] += 3.0
    balanced = quick(max_epochs=40).fit(X, y).feature_importances_
    each = quick(max_epochs=40, class_balance=None).fit(X, y).feature_importances_
    assert balanced[3] / balanced.sum() > 1.5 * each[3] / each.sum()


@pytest.mark.parametrize("label", [0, 2])
def test_target_class_ranks_by_its_signed_score(data, label):
    selector = quick(target_class=label, n_networks=2, max_epochs=40).fit(*data)
    whole = quick(n_networks=2, max_epochs=40).fit(*data)
    np.testing.assert_allclose(
        selector.feature_importances_, whole.class_importances_[label], atol=1e-7
    )
    assert selector.ranking_[label] == 1
    assert (whole.class_importances_ < 0).any()  # so that a sign is there to be kept


def test_target_class_takes_labels_of_any_type(data):
    names = np.array(["a", "b", "c"])
    by_name = quick(target_class="b").fit(data.X, names[data.y])
    np.testing.assert_array_equal(
        by_name.feature_importances_, quick(target_class=1).fit(*data).feature_importances_
    )


def test_sample_mask_scores_those_rows_only(data):
    net, _ = answering(data.X, 10)
    mask = data.X[:, 5] > 1
    masked = quick(net, prefit=True, reference="zero").fit(*data, sample_mask=mask)
    part = quick(net, prefit=True, reference="zero").fit(data.X[mask], data.y[mask])
    np.testing.assert_allclose(masked.feature_importances_, part.feature_importances_, atol=1e-7)


def test_sample_mask_leaves_training_alone(data):
    mask = data.X[:, 5] > 1
    whole, masked = quick().fit(*data), quick().fit(*data, sample_mask=mask)
    a, b = (s.estimator_.estimators_[0].module_.parameters() for s in (whole, masked))
    assert all(torch.equal(one, other) for one, other in zip(a, b, strict=True))
    expected = whole.importances(*data, sample_mask=mask)
    np.testing.assert_allclose(masked.feature_importances_, expected.overall, atol=1e-6)
    np.testing.assert_allclose(masked.class_importances_, expected.by_class, atol=1e-6)


def test_importances_of_the_training_rows_are_those_of_fit(fitted, data):
    again = fitted.importances(*data)
    assert isinstance(again, Importances)
    np.testing.assert_allclose(again.overall, fitted.feature_importances_, atol=1e-6)
    np.testing.assert_allclose(again.by_class, fitted.class_importances_, atol=1e-6)


def test_importances_and_fit_agree_where_a_network_misses_a_class(data):
    """Some of the networks never answer class 2: both aggregates leave them out alike."""

    class Forgetful(MLP):
        def __init__(self, n_features, n_outputs):
            super().__init__(n_features, n_outputs)
            forgets = torch.randint(2, ()).item()
            self.register_buffer("shift", torch.tensor([0.0, 0.0, -100.0 * forgets]))

        def forward(self, x):
            return super().forward(x) + self.shift

    selector = quick(Forgetful, n_networks=6, max_epochs=5).fit(*data)
    networks = selector.estimator_.estimators_
    answers = [net.module_(torch.as_tensor(data.X)).argmax(1) for net in networks]
    assert len({bool((a == 2).any()) for a in answers}) == 2
    again = selector.importances(*data)
    np.testing.assert_allclose(again.by_class, selector.class_importances_, atol=1e-6)
    np.testing.assert_allclose(again.overall, selector.feature_importances_, atol=1e-6)


def test_importances_on_other_rows(fitted):
    X, y = planted(seed=9)
    scores = fitted.importances(X, y, sample_weight=np.r_[np.ones(60), np.zeros(60)])
    expected = fitted.importances(X[:60], y[:60])
    np.testing.assert_allclose(scores.overall, expected.overall, atol=1e-6)
    np.testing.assert_allclose(scores.by_class, expected.by_class, atol=1e-6)


# Rows that are scored


def test_score_on_validation_is_the_rows_the_network_has_not_seen(data, monkeypatch):
    parts = _parts(monkeypatch)
    selector = quick(score_on="validation").fit(*data)
    (training, validation) = parts[0]
    assert len(validation) == pytest.approx(24, abs=2)
    assert not set(training) & set(validation)
    mask = np.isin(np.arange(120), validation)
    expected = selector.importances(*data, sample_mask=mask)
    np.testing.assert_allclose(selector.feature_importances_, expected.overall, atol=1e-6)


def test_score_on_training_is_the_other_rows(data, monkeypatch):
    parts = _parts(monkeypatch)
    selector = quick(score_on="training").fit(*data)
    mask = np.isin(np.arange(120), parts[0][0])
    expected = selector.importances(*data, sample_mask=mask)
    np.testing.assert_allclose(selector.feature_importances_, expected.overall, atol=1e-6)


def test_score_on_out_of_fold_scores_every_row_once_by_a_network_that_has_not_seen_it(
    data, monkeypatch
):
    parts = _parts(monkeypatch)
    selector = quick(score_on="out_of_fold", n_networks=3).fit(*data)
    assert sorted(np.concatenate([held for _, held in parts])) == list(range(120))
    assert all(not set(seen) & set(held) for seen, held in parts)
    expected = [
        reread(network, data.X[held], data.y[held], reference="zero").feature_importances_
        for network, (_, held) in zip(selector.estimator_.estimators_, parts, strict=True)
    ]
    np.testing.assert_allclose(selector.feature_importances_, np.mean(expected, axis=0), atol=1e-5)


def test_networks_hold_out_different_folds(data, monkeypatch):
    parts = _parts(monkeypatch)
    quick(n_networks=5, max_epochs=1, score_on="all").fit(*data)
    assert sorted(np.concatenate([held for _, held in parts])) == list(range(120))


def test_nothing_held_out_scores_all_rows(data):
    kept = quick(validation_fraction=0, score_on="validation").fit(*data)
    every = quick(validation_fraction=0, score_on="all").fit(*data)
    np.testing.assert_array_equal(kept.feature_importances_, every.feature_importances_)


def test_groups_are_held_out_together(data, monkeypatch):
    parts = _parts(monkeypatch)
    groups = np.repeat([f"chr{i}" for i in range(20)], 6)
    quick(n_networks=4, max_epochs=1, validation_fraction=0.25).fit(*data, groups=groups)
    assert all(not set(groups[seen]) & set(groups[held]) for seen, held in parts)


def _parts(monkeypatch) -> list[tuple[np.ndarray, np.ndarray]]:
    """Rows that each network is trained on, and those held out from it."""
    from sklearn_deeplifft.ensembles import _rounds

    parts, train_networks = [], _rounds.train_networks

    def recording(problem, settings, table, splits, *args):
        parts.extend((split.training, split.validation) for split in splits)
        return train_networks(problem, settings, table, splits, *args)

    monkeypatch.setattr(_rounds, "train_networks", recording)
    return parts


# Gauge


def test_reference_moves_mass_between_terms_and_bias_only(data):
    net, _ = answering(data.X, 10)
    found = [
        quick(net, prefit=True, reference=r).fit(*data).contributions(data.X)
        for r in ("mean", "zero", np.full(8, 3.0))
    ]
    for one in found[1:]:
        np.testing.assert_allclose(
            one.bias + one.terms.sum(-1), found[0].bias + found[0].terms.sum(-1), atol=1e-12
        )
        assert np.abs(one.terms - found[0].terms).max() > 0.1


def test_a_feature_at_its_reference_scores_nothing(data):
    X = data.X.copy()
    X[::2, 4] = 7.0
    selector = quick(reference=np.r_[np.zeros(4), 7.0, np.zeros(3)]).fit(X, data.y)
    assert (selector.contributions(X).terms[::2, :, 4] == 0).all()
    assert (selector.increments(X, data.y)[::2, 4] == 0).all()
    assert (selector.contributions(X).terms[1::2, :, 4] != 0).any(axis=1).all()


def test_mean_reference_is_the_weighted_mean_of_the_rows_of_fit(data):
    net, _ = answering(data.X, 10)
    weight = np.linspace(0, 2, 120)
    mean = quick(net, prefit=True).fit(*data, sample_weight=weight)
    array = quick(net, prefit=True, reference=np.average(data.X, axis=0, weights=weight))
    array.fit(*data, sample_weight=weight)
    np.testing.assert_allclose(mean.feature_importances_, array.feature_importances_, atol=1e-12)


def test_adding_a_constant_to_all_logits_changes_nothing(data):
    (net, _), (shifted, _) = answering(data.X, 10), answering(data.X, 10)
    with torch.no_grad():
        shifted[-1].bias.add_(5.0)
    a, b = (quick(n, prefit=True).fit(*data) for n in (net, shifted))
    np.testing.assert_allclose(a.feature_importances_, b.feature_importances_, atol=1e-12)


@pytest.mark.parametrize("head", [nn.Softmax(dim=1), nn.LogSoftmax(dim=1)])
def test_a_head_with_and_without_softmax_agree(data, head):
    net, _ = answering(data.X, 10)
    plain = quick(net, prefit=True).fit(*data)
    headed = quick(nn.Sequential(*net, head), prefit=True).fit(*data)
    np.testing.assert_allclose(headed.feature_importances_, plain.feature_importances_, atol=1e-12)


def test_permuted_columns_of_a_network_permute_the_scores(data):
    (net, _), (twin, _) = answering(data.X, 10), answering(data.X, 10)
    order = np.array([3, 1, 7, 0, 5, 2, 6, 4])
    with torch.no_grad():
        twin[0].weight.copy_(twin[0].weight[:, torch.as_tensor(order)])
    a = quick(net, prefit=True).fit(*data)
    b = quick(twin, prefit=True).fit(data.X[:, order], data.y)
    np.testing.assert_allclose(b.feature_importances_, a.feature_importances_[order], atol=1e-12)


def test_secant_rule_reads_a_curved_network_exactly(data):
    net, _ = answering(data.X, 10)
    net[1] = nn.Tanh()
    with torch.no_grad():
        net[2].bias.sub_(net(torch.as_tensor(data.X)).mean(0))
    y = net(torch.as_tensor(data.X)).argmax(1).numpy()
    selector = quick(net, prefit=True, activation_rule="secant").fit(data.X, y)
    found = selector.contributions(data.X)
    with torch.no_grad():
        z = net(torch.as_tensor(data.X)).numpy()
    np.testing.assert_allclose(found.bias + found.terms.sum(-1), z, atol=1e-10)


# The paper


def test_paper_parameters_are_the_paper(data):
    selector = DeepLIFFTSelector(**DeepLIFFTSelector.paper_parameters(), random_state=0)
    selector.set_params(estimator__max_epochs=15).fit(*data)
    core = selector.estimator_.estimators_[0].module_.core
    assert [m.out_features for m in core if isinstance(m, nn.Linear)] == [200, 100, 3]
    assert len(selector.estimator_.estimators_) == selector.n_rounds_ == 1
    with torch.no_grad():
        raw = core(torch.as_tensor(data.X, dtype=torch.float32)).numpy()
    found = selector.contributions(data.X)  # raw columns, terms c_i x_i
    np.testing.assert_allclose(found.bias + found.terms.sum(-1), raw, rtol=1e-4, atol=1e-4)
    increments, _ = oracle_scores(core, data.X[:10], data.y[:10], np.zeros(8))
    np.testing.assert_allclose(selector.increments(data.X[:10], data.y[:10]), increments, atol=1e-4)


def test_paper_scores_every_correct_held_out_example_alike(data, monkeypatch):
    parts = _parts(monkeypatch)
    selector = DeepLIFFTSelector(**DeepLIFFTSelector.paper_parameters(), random_state=0)
    selector.set_params(estimator__max_epochs=25, estimator__learning_rate=0.01).fit(*data)
    held = parts[0][1]
    core = selector.estimator_.estimators_[0].module_.core
    increments, predicted = oracle_scores(core, data.X[held], data.y[held], np.zeros(8))
    expected = oracle_overall(increments, data.y[held], predicted, 3, balanced=False)
    np.testing.assert_allclose(selector.feature_importances_, expected, atol=1e-5)


# The ranking


def test_ranking_is_a_permutation_that_follows_the_scores(fitted):
    assert sorted(fitted.ranking_) == list(range(1, 9))
    by_rank = fitted.feature_importances_[np.argsort(fitted.ranking_)]
    assert (np.diff(by_rank) <= 0).all()


def test_averages_over_networks(data):
    selector = quick(n_networks=3).fit(*data)
    scores = [reread(network, *data) for network in selector.estimator_.estimators_]
    overall = np.array([s.feature_importances_ for s in scores])
    np.testing.assert_allclose(selector.feature_importances_, overall.mean(0), atol=1e-4)
    np.testing.assert_allclose(selector.importances_std_, overall.std(0, ddof=1), atol=1e-4)
    np.testing.assert_allclose(
        selector.class_importances_, np.mean([s.class_importances_ for s in scores], 0), atol=1e-4
    )
    assert len(selector.estimator_.estimators_) == 3
    assert isinstance(selector.estimator_, NetworkEnsembleClassifier)


def test_one_network_has_no_spread(fitted):
    assert np.isnan(fitted.importances_std_).all()


def test_decomposition_error_is_small_and_positive(fitted):
    assert 0 <= fitted.decomposition_error_ < 1e-4
