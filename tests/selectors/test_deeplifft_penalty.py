"""The group penalty on the first layer of the networks that DeepLIFFTSelector trains."""

import copy
import itertools

import numpy as np
import pytest
import torch
from torch import nn

from sklearn_deeplifft import DeepLIFFTSelector, FeatureSelectionWarning
from sklearn_deeplifft.ensembles import Rounds
from sklearn_deeplifft.networks import FeatureGate, GateSettings
from sklearn_deeplifft.selectors._decomposition_scorer import DecompositionScorer
from tests.conftest import MLP, bits, counted_trainings, planted, quick
from tests.gated import classifier


@pytest.fixture(scope="module")
def data():
    return planted()


def first_weights(selector) -> list[np.ndarray]:
    return [net.module_.core[0].weight.detach().numpy() for net in selector.estimator_.estimators_]


def penalised(penalty="path", **params) -> DeepLIFFTSelector:
    return quick(gate_penalty=penalty, n_networks=2, **params)


@pytest.mark.slow
def test_networks_stay_plain(data):
    """Gates are the norms of columns: the layers, and their names, are those without a penalty."""
    names = [
        [
            name
            for name, _ in selector.fit(*data)
            .estimator_.estimators_[0]
            .module_.core.named_modules()
        ]
        for selector in (penalised(), penalised(None))
    ]
    assert names[0] == names[1]
    assert isinstance(penalised().fit(*data).estimator_.estimators_[0].module_.core[0], nn.Linear)


def test_a_constant_penalty_closes_columns_that_say_nothing(data):
    open_, closed = (
        np.mean(
            [(W != 0).any(axis=0) for W in first_weights(penalised(c, max_epochs=60).fit(*data))]
        )
        for c in (0.01, 0.5)
    )
    assert open_ > closed > 0


@pytest.mark.parametrize("without", [None, 0, 0.0])
def test_no_penalty_is_plain_training(data, without):
    assert bits(penalised(without).fit(*data)) == bits(penalised(None).fit(*data))


def test_a_block_closes_whole(data):
    blocks = [[0, 3, 4], [1, 5], [2, 6, 7]]
    selector = penalised(0.3, feature_groups=blocks, max_epochs=40).fit(*data)
    for W in first_weights(selector):
        for block in blocks:
            assert len(set((W[:, block] != 0).any(axis=0))) == 1


def test_a_path_is_walked_in_every_round(data):
    selector = penalised(step=0.5, path_steps=30, max_epochs=1).fit(*data)
    assert selector.n_rounds_ == 4
    assert sorted(selector.ranking_) == list(range(1, 9))
    assert set(np.argsort(selector.ranking_)[:3]) == {0, 1, 2}


def test_networks_of_the_users_are_trained_as_they_are(data):
    fits = [quick(MLP, n_networks=2, gates=gates).fit(*data) for gates in ("tied", None)]
    assert bits(fits[0]) == bits(fits[1])
    assert all(trained.gates is None for trained in fits[0].estimator_._networks)
    with pytest.raises(ValueError, match=r"^gate_penalty=0.3 would be ignored: network=.*MLP"):
        penalised(0.3, estimator=MLP).fit(*data)


@pytest.mark.parametrize("penalty", [-0.1, 1.5, "lasso"])
def test_penalties_that_are_none(data, penalty):
    with pytest.raises(ValueError, match="gate_penalty"):
        penalised(penalty).fit(*data)


def test_settings_on_some_columns():
    settings = GateSettings((0, 1, 1, 2, 0, 3))
    assert settings.on(np.array([1, 2, 4, 5])).feature_of_column == (1, 1, 0, 2)
    assert settings.on(np.arange(6)) == settings


def test_elimination_goes_on_from_weights_with_columns_that_are_closed(data):
    """A column that closed in one network may be kept by the others; nothing divides by zero."""
    selector = penalised(0.5, step=0.3, max_epochs=40).fit(*data)
    assert np.isfinite(selector.importances_per_network_).all()
    assert torch.isfinite(torch.tensor(selector.decomposition_error_))


def test_automatic_weight_decay_is_two_over_the_rows(data):
    X, y = data
    auto, same, none = (
        first_weights(quick(weight_decay=decay, n_networks=1).fit(X, y))[0]
        for decay in ("auto", 2 / len(X), 0.0)
    )
    np.testing.assert_array_equal(auto, same)
    assert np.linalg.norm(auto) < np.linalg.norm(none)


# What the path says, beside the scores


def rounds_of(monkeypatch, selector, data):
    """The columns, scores and paths of every round, as they come."""
    seen, train, score = [], Rounds.train, DecompositionScorer.__call__

    def training(self, columns, *rest, **named):
        networks = train(self, columns, *rest, **named)
        seen.append((columns, [], [t.gates.path.double().numpy() for t in networks]))
        return networks

    def scoring(self, trained, index, columns):
        found = score(self, trained, index, columns)
        seen[-1][1].append(found.overall)
        return found

    monkeypatch.setattr(Rounds, "train", training)
    monkeypatch.setattr(DecompositionScorer, "__call__", scoring)
    selector.fit(*data)
    return seen


LABELS = np.array([4, 0, 2, 0, 1, 3, 4, 1])


def literal_shares(rounds, labels, w, last) -> np.ndarray:
    """Shares (2, 8) of two networks, averaged over rounds, a feature after the other.

    In the last round the feature ``last`` is alone, and has all that a network gave it before.
    """
    found, n_rounds = np.zeros((2, 8)), len(rounds) + 1
    for columns, scores, paths in rounds:
        features = list(dict.fromkeys(labels[columns]))  # as their first columns come
        for i in range(2):
            # A path counts groups in the order of their first columns, null ones behind.
            score = {f: scores[i][labels[columns] == f][0] for f in features}
            path = {f: paths[i][features.index(f)] for f in features}
            a, b = sum(score.values()), sum(path[f] for f in features)
            mixed = {
                f: (score[f] / a) ** (1 - w) * (path[f] / b) ** w if score[f] else 0.0
                for f in features
            }
            total = sum(mixed.values())
            for j in columns:
                found[i, j] += mixed[labels[j]] / total / n_rounds
                if columns is rounds[-1][0] and labels[j] == last and mixed[last]:
                    found[i, j] += 1 / n_rounds
    return found


@pytest.mark.slow
@pytest.mark.parametrize("w", [0, 0.3, 1])
@pytest.mark.parametrize("groups", [None, LABELS], ids=["columns", "groups"])
@pytest.mark.parametrize("auto", [False, True])
@pytest.mark.filterwarnings("ignore::sklearn_deeplifft.FeatureSelectionWarning")
def test_a_rounds_shares_are_those_of_scores_and_path(data, monkeypatch, w, groups, auto):
    selector = penalised(
        step=0.5, feature_groups=groups, path_weight=w, n_features_to_select="auto" if auto else 2
    )
    rounds = rounds_of(monkeypatch, selector, data)
    labels = np.arange(8) if groups is None else groups
    expected = literal_shares(rounds, labels, w, labels[selector.ranking_.argmin()])
    np.testing.assert_allclose(selector.importances_per_network_, expected, rtol=1e-9, atol=1e-15)


def test_a_path_says_nothing_of_one_class(data):
    given, fits = {"step": 0.5, "path_steps": 20, "max_epochs": 1, "target_class": 1}, []
    for w in (0, 1):
        with pytest.warns(FeatureSelectionWarning, match=f"path_weight={w} .target_class ranks"):
            fits.append(penalised(**given, path_weight=w).fit(*data))
    assert bits(fits[0]) == bits(fits[1])


@pytest.mark.slow
def test_a_constant_column_scores_zero_whatever_the_weight(data):
    X = data.X.copy()
    X[:, 5] = 3
    with pytest.warns(FeatureSelectionWarning, match="single value"):
        selector = penalised(step=0.5, path_weight=1).fit(X, data.y)
    assert selector.feature_importances_[5] == 0
    assert selector.feature_importances_[0] > 0


NO_PATH = "the networks have no gates that a path would close"


@pytest.mark.parametrize(
    ("params", "why"),
    [
        ({"gate_penalty": None, "step": 0.5}, NO_PATH),
        ({"gate_penalty": 0.3, "step": 0.5}, NO_PATH),
        ({"gate_penalty": "path", "path_steps": 20}, "step=None eliminates nothing"),
        ({"estimator": MLP, "step": 0.5}, NO_PATH),
    ],
)
def test_without_a_path_or_rounds_its_weight_does_nothing(data, params, why):
    fits = []
    for w in (0, 1):
        with pytest.warns(FeatureSelectionWarning, match=f"path_weight={w} .*{why}"):
            fits.append(quick(max_epochs=2, **params, path_weight=w).fit(*data))
    assert bits(fits[0]) == bits(fits[1])


@pytest.mark.parametrize("w", [-0.1, 1.1, "half"])
def test_weights_of_a_path_that_are_none(data, w):
    with pytest.raises(ValueError, match="path_weight"):
        penalised(path_weight=w).fit(*data)


# Gates that are parameters of their own


def free(estimator=None, **params) -> DeepLIFFTSelector:
    return quick(estimator, gates="free", n_networks=2, step=0.5, **params)


def starts_of(monkeypatch, selector, data):
    """The columns of each round, the cores that it started from, and those it trained."""
    seen, train = [], Rounds.train

    def training(self, columns, starts=None, number=1, closed=None):
        starts = starts or [None] * len(self.splits)
        begun = copy.deepcopy(starts)
        networks = train(self, columns, starts, number, closed)
        seen.append((columns, begun, [trained.core for trained in networks]))
        return networks

    monkeypatch.setattr(Rounds, "train", training)
    selector.fit(*data)
    return seen


@pytest.mark.slow
@pytest.mark.parametrize("penalty", ["path", 0.3, None])
@pytest.mark.parametrize("groups", [None, LABELS], ids=["columns", "groups"])
def test_free_gates_stay_with_their_columns(data, monkeypatch, penalty, groups):
    """In each round networks begin as they were, but for columns that are held at their mean."""
    selector = free(gate_penalty=penalty, feature_groups=groups)
    rounds = starts_of(monkeypatch, selector, data)
    labels = np.arange(8) if groups is None else groups
    assert selector.n_rounds_ == len(rounds) + 1 >= 3
    assert len(set(labels[rounds[-1][0]])) == 2
    for (before, _, trained), (after, starts, _) in itertools.pairwise(rounds):
        here = np.searchsorted(before, after)
        for core, start in zip(trained, starts, strict=True):
            assert isinstance(start[0], FeatureGate)
            assert len(start[0].weight) == len(set(labels[after]))
            assert start[1].in_features == len(after)
            of_column = core[0].weight[core[0].feature_of_column[here]]
            assert torch.equal(start[0].weight[start[0].feature_of_column], of_column)
            some = torch.randn(20, len(after), generator=torch.Generator().manual_seed(0))
            at_mean = torch.zeros(20, len(before))
            at_mean[:, here] = some
            torch.testing.assert_close(start(some), core(at_mean))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::sklearn_deeplifft.FeatureSelectionWarning")
@pytest.mark.parametrize("params", [{}, {"n_features_to_select": "auto"}, {"gate_penalty": "path"}])
def test_elimination_with_free_gates_finds_what_is_planted(data, params):
    selector = free(max_epochs=30, **params).fit(*data)
    assert set(np.argsort(selector.ranking_)[:3]) == {0, 1, 2}
    assert sorted(selector.ranking_) == list(range(1, 9))
    core = selector.estimator_.estimators_[0].module_.core
    assert isinstance(core[0], FeatureGate)  # of all features, and of no null column
    assert len(core[0].weight) == core[1].in_features == 8


@pytest.mark.slow
def test_shares_of_free_gates_are_those_of_scores_and_path(data, monkeypatch):
    selector = free(gate_penalty="path", feature_groups=LABELS, path_weight=0.3)
    rounds = rounds_of(monkeypatch, selector, data)
    expected = literal_shares(rounds, LABELS, 0.3, LABELS[selector.ranking_.argmin()])
    np.testing.assert_allclose(selector.importances_per_network_, expected, rtol=1e-9, atol=1e-15)


NETWORKS = {"class": lambda: MLP, "instance": lambda: MLP(8, 3), "skorch": lambda: classifier()}


@pytest.mark.parametrize("kind", NETWORKS)
def test_free_gates_before_a_network_of_the_users_cannot_follow(data, kind, monkeypatch):
    with (
        counted_trainings(monkeypatch) as calls,
        pytest.raises(
            ValueError,
            match=r"^elimination trains .*gates='free' before a network of your own.*step=None",
        ),
    ):
        free(NETWORKS[kind]()).fit(*data)
    assert calls == []
    one_pass = free(NETWORKS[kind]()).set_params(step=None).fit(*data)
    assert all(trained.gates is not None for trained in one_pass.estimator_._networks)
    read = quick(one_pass.estimator_, prefit=True).fit(*data)  # which trains no rounds
    assert bits(read) == bits(one_pass)
