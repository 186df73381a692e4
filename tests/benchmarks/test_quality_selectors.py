"""Every selector of the quality benchmark finds what is planted, and keeps to its blocks."""

from functools import partial

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.base import is_classifier

from benchmarks.quality import l1, selectors, stability_selection
from benchmarks.quality.lists import Training, best_lists, standardised
from benchmarks.quality.selectors import (
    OURS,
    PACKAGES,
    PEERS,
    SELECTORS,
    importances_of,
    installed,
    version,
)
from sklearn_deeplifft import DeepLIFFTSelector, GIATransformer, ImportanceNeuronSelector

FAST = {"n_networks": 2, "hidden_layer_sizes": (16,), "batch_size": 32, "learning_rate": 1e-2}


def needs(name):
    return pytest.mark.skipif(not installed(name), reason=f"{name} is in the extra [bench]")


PEERS_HERE = [pytest.param(name, marks=needs(name)) for name in PEERS]


def training(n=150, *, sparse=False, blocks=None, groups=None):
    """Of six columns the second and the fifth say the class."""
    rng = np.random.default_rng(0)
    X = rng.poisson(1.0, size=(n, 6)).astype(np.float32)
    y = (X[:, 1] > X[:, 4]).astype(np.int64)
    return Training(csr_array(X) if sparse else X, y, groups, blocks, 0)


@pytest.fixture
def short(monkeypatch):
    """Fewer trees, and a short path of LassoNet in place of its own, of steps of 2 %."""
    monkeypatch.setattr(selectors, "TREES", 50)
    monkeypatch.setattr(stability_selection, "PAIRS", 5)
    if installed("lassonet"):
        import lassonet

        path = {"lambda_start": 1.0, "path_multiplier": 1.15, "n_iters": (200, 20)}
        coarse = partial(lassonet.LassoNetClassifier, **path)
        monkeypatch.setattr(lassonet, "LassoNetClassifier", coarse)


@pytest.mark.slow
@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("name", PEERS_HERE)
def test_peers_find_what_is_planted(name, sparse):
    found = SELECTORS[name](training(sparse=sparse), [2, 3])
    assert set(found) == {2, 3}
    assert set(found[2]) == {1, 4}
    assert found[3][:2] == found[2] or set(found[2]) < set(found[3])


@pytest.mark.slow
@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("name", PEERS_HERE)
def test_peers_keep_blocks_whole(name):
    blocks = np.array([0, 1, 0, 2, 1, 2])
    found = SELECTORS[name](training(blocks=blocks), [1, 2])
    assert set(found[1]) == {1, 4}
    assert len(found[2]) == 4


@pytest.mark.slow
@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("name", ["l1", pytest.param("lassonet", marks=needs("lassonet"))])
def test_what_is_tuned_holds_out_whole_groups(name):
    groups = np.arange(150) // 5
    assert set(SELECTORS[name](training(groups=groups), [2])[2]) == {1, 4}


@pytest.mark.parametrize("kind", [DeepLIFFTSelector, ImportanceNeuronSelector, GIATransformer])
def test_ours_find_what_is_planted(kind):
    steps = {"path_steps": 60} if kind is ImportanceNeuronSelector else {}
    selector = kind(kind.default_estimator(**FAST, **steps))
    if kind is DeepLIFFTSelector:
        selector.set_params(step=0.5)
    found = importances_of(selector, training(), [2])
    assert set(found[2]) == {1, 4}


def test_ours_are_told_of_blocks_where_they_have_groups():
    blocks = np.array([0, 1, 0, 2, 1, 2])
    networks = ImportanceNeuronSelector.default_estimator(**FAST, path_steps=60)
    selector = ImportanceNeuronSelector(networks)
    assert set(importances_of(selector, training(blocks=blocks), [1])[1]) == {1, 4}
    np.testing.assert_array_equal(selector.feature_groups, blocks)


@pytest.mark.parametrize("name", ["deeplifft", "importance_neurons", "gia"])
def test_many_classes_are_no_quantity(name, monkeypatch):
    """Isolet has 26 numbered classes, which nobody must take for a quantity."""
    found = []
    monkeypatch.setattr(selectors, "importances_of", lambda selector, *_: found.append(selector))
    SELECTORS[name](training(), [2])
    assert is_classifier(found[0].estimator)


@pytest.mark.slow
def test_several_classes():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(150, 6)).astype(np.float32)
    part = Training(X, np.digitize(X[:, 3], [-0.5, 0.5]), None, None, 0)
    for name in ("l1", "rfe", "f_test", "mutual_info", "logistic_elimination", "mrmr", "relieff"):
        assert SELECTORS[name](part, [1, 3])[1] == [3], name


def test_longer_lists_of_l1_go_on_along_the_path():
    part = training()
    found = l1.l1_lists(part, [2, 5])
    assert len(set(found[5])) == 5
    Z, y = standardised(part.X), part.y ^ (np.arange(150) % 5 == 0)
    penalties, weights = l1.path(Z, y, 6)
    assert np.all(np.diff(penalties) > 0)
    assert np.count_nonzero(weights[0]) >= 1
    assert np.count_nonzero(weights[-1]) == 6
    least = l1.least_penalty(Z, y)
    assert not l1.weights(Z, y, 0.99 * least).any()
    assert l1.weights(Z, y, 1.05 * least).any()


def test_best_lists_pool_blocks_and_break_ties_by_column():
    score = np.array([0.2, 0.4, 0.3, 0.3])
    assert best_lists(score, None, [3]) == {3: [1, 2, 3]}
    blocks = np.array([7, 7, 3, 3])
    assert best_lists(score, blocks, [1], np.max) == {1: [0, 1]}
    assert best_lists(np.array([0.1, 0.4, 0.3, 0.3]), blocks, [1], np.sum) == {1: [2, 3]}


def test_all_features_are_all():
    assert SELECTORS["all"](training(), [2]) == {0: [0, 1, 2, 3, 4, 5]}


def test_versions_tell_packages_apart():
    assert len({version(name) for name in OURS}) == 1
    assert version("forest").startswith("scikit-learn ")


@pytest.mark.parametrize("name", [pytest.param(name, marks=needs(name)) for name in PACKAGES])
def test_a_peer_of_another_package_is_of_its_version(name):
    assert version(name).startswith(f"{name} ")
