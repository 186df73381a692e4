"""Columns that are one feature, in ``DeepLIFFTSelector``: summed, scored, dropped as one."""

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from sklearn.neural_network import MLPClassifier

from tests import oracles as o
from tests.conftest import MLP, answering, bits, counted_trainings, planted, quick, relu_network
from tests.gated import classifier

LABELS = [0, 1, 0, 2, 2, 2, 3, 4]
FIRST = [0, 1, 3, 6, 7]
BLOCK = [3, 4, 5]


@pytest.fixture(scope="module")
def data():
    return planted()


def one_hot_table(n: int = 80):
    """Three numbers, a block of three levels, two more numbers; a network and its answers."""
    rng = np.random.default_rng(0)
    X = np.hstack([rng.normal(1, 1, (n, 3)), np.eye(3)[rng.choice(3, n)], rng.normal(size=(n, 2))])
    net, y = answering(X, 10)
    return X, y, net


def literal(net, X, y, reference, groups=()):
    """Increments (n, G) of a network Linear, ReLU, Linear, one row after another."""
    layers = [(net[0], o.relu), (net[2], o.identity)]
    layers = [(m.weight.detach().numpy(), m.bias.detach().numpy(), act) for m, act in layers]
    out = []
    for x, c in zip(X, y, strict=True):
        form = o.oracle_linear_form(layers, x)
        terms, bias = o.oracle_terms(form, x, reference, groups)
        terms = o.oracle_terms_of_features(terms, LABELS)
        out.append(o.oracle_softmax_increments(terms, bias, int(c)))
    return np.array(out)


@pytest.mark.parametrize("simplex", [False, True])
def test_scores_agree_with_the_oracle(simplex):
    """The gauge goes first, then the sum."""
    X, y, net = one_hot_table()
    selector = quick(
        net, prefit=True, feature_groups=LABELS, simplex_groups=[BLOCK] if simplex else None
    ).fit(X, y)
    groups = [(BLOCK, [1.0, 1.0, 1.0])] if simplex else []
    expected = literal(net, X, y, X.mean(0), groups)
    np.testing.assert_allclose(selector.increments(X, y), expected, atol=1e-9)
    by_class = o.oracle_class_scores(expected, y, y, 3)
    np.testing.assert_allclose(selector.class_importances_, by_class[:, LABELS], atol=1e-9)
    overall = o.oracle_overall(expected, y, y, 3, balanced=True, signed=True)
    np.testing.assert_allclose(selector.feature_importances_, overall[LABELS], atol=1e-9)
    again = selector.importances(X, y)
    np.testing.assert_array_equal(again.overall, selector.feature_importances_)
    np.testing.assert_array_equal(again.by_class, selector.class_importances_)
    np.testing.assert_array_equal(selector.transform(X).shape[1], selector.get_support().sum())


def test_increments_of_a_row_add_up_to_the_change_of_its_probability(data):
    selector = quick(feature_groups=LABELS).fit(*data)
    found = selector.increments(*data)
    assert found.shape == (120, 5)
    parts = selector.contributions(data.X)
    assert parts.terms.shape == (120, 3, 8)  # columns stand apart
    logits = parts.bias + parts.terms.sum(-1)
    gain = [
        o.softmax(z)[c] - o.softmax(b)[c]
        for z, b, c in zip(logits, parts.bias, data.y, strict=True)
    ]
    np.testing.assert_allclose(found.sum(axis=1), gain, atol=1e-5)


def test_sparse_rows_are_read_alike():
    """Few columns of a row are there: the short way through the increments."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 40)) * (rng.random((100, 40)) < 0.1)
    net, y = answering(X, 10)
    params = {"prefit": True, "reference": "zero", "feature_groups": np.repeat(np.arange(10), 4)}
    dense, sparse = (quick(net, **params).fit(M, y) for M in (X, sp.csr_matrix(X)))
    np.testing.assert_allclose(sparse.feature_importances_, dense.feature_importances_, atol=1e-12)
    found = dense.increments(X, y)
    absent = (X.reshape(100, 10, 4) == 0).all(-1)
    assert absent.any()
    assert not found[absent].any()
    assert (found[~absent] != 0).all()


@pytest.mark.parametrize("width", [2, 200])
def test_a_feature_split_into_levels_keeps_its_score_in_a_linear_network(width):
    rng = np.random.default_rng(0)
    levels, others = rng.integers(0, width, 400), rng.normal(size=(400, 3))
    whole, split = np.c_[others, levels / width], np.c_[others, np.eye(width)[levels]]
    (linear, y), wide = answering(whole), relu_network(3 + width, 3)
    slope, steps = linear[0].weight.detach(), torch.arange(width, dtype=torch.float64) / width
    with torch.no_grad():
        wide[0].weight[:] = torch.cat([slope[:, :3], slope[:, 3:] * steps], dim=1)
        wide[0].bias[:] = linear[0].bias
    a = quick(linear, prefit=True).fit(whole, y)
    b = quick(wide, prefit=True, feature_groups=[list(range(3, 3 + width))]).fit(split, y)
    np.testing.assert_allclose(b.feature_importances_[:4], a.feature_importances_, atol=1e-9)
    np.testing.assert_allclose(b.class_importances_[:, :4], a.class_importances_, atol=1e-9)
    np.testing.assert_array_equal(b.ranking_[:4], a.ranking_)
    # Sizes added up over columns would have grown (of two levels one has no weight).
    apart = quick(wide, prefit=True).fit(split, y).feature_importances_[3:].sum()
    assert (apart > 1.2 * a.feature_importances_[3]) == (width > 2)


ESTIMATORS = {
    "our own": (None, {}),
    "class": (MLP, {}),
    "instance": (MLP(8, 3), {}),
    "skorch": (classifier(), {}),
    "scikit-learn": (MLPClassifier((12,), max_iter=60, learning_rate_init=0.02), {}),
    "count of a step": (None, {"step": 1}),
    "float64": (None, {"dtype": "float64"}),
    "target_class": (None, {"target_class": 0}),
}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_elimination_drops_groups_whole(data, kind, monkeypatch):
    estimator, params = ESTIMATORS[kind]
    with counted_trainings(monkeypatch) as calls:
        selector = quick(estimator, feature_groups=LABELS, **{"step": 0.5, **params}).fit(*data)
    sizes = np.bincount(LABELS)
    for columns in calls:
        kept = {LABELS[i] for i in columns}
        assert len(columns) == sizes[list(kept)].sum()
    features = [len({LABELS[i] for i in columns}) for columns in calls]
    assert features == ([5, 4, 3, 2] if params.get("step") == 1 else [5, 2])
    assert selector.n_rounds_ == len(features) + 1  # one alone needs no training
    assert sorted(selector.ranking_[FIRST]) == [1, 2, 3, 4, 5]
    assert 1 in selector.ranking_[list(calls[-1])]
    if "target_class" not in params:
        assert selector.feature_importances_[FIRST].sum() == pytest.approx(1)
        assert set(np.argsort(selector.ranking_, kind="stable")[:3]) == {0, 1, 2}


TARGETS = {
    "regression": lambda X: X[:, 0] - X[:, 1],
    "two targets": lambda X: np.c_[X[:, 0] - X[:, 1], X[:, 2]],
    "multilabel": lambda X: (X[:, :2] > 1).astype(int),
    "binary": lambda X: (X[:, 0] + X[:, 2] > 2).astype(int),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", TARGETS)
@pytest.mark.parametrize("step", [None, 0.5])
def test_every_kind_of_target(data, kind, step):
    y, regression = TARGETS[kind](data.X), kind in ("regression", "two targets")
    params = {"task": "regression" if regression else "classification", "max_epochs": 40}
    selector = quick(feature_groups=LABELS, step=step, **params).fit(data.X, y)
    importances, by_class = selector.feature_importances_, selector.class_importances_
    for values in (importances, *by_class):
        assert values[0] == values[2]
        assert values[3] == values[4] == values[5]
    assert selector.ranking_[0] <= 2
    found, parts = selector.increments(data.X, y), selector.contributions(data.X)
    assert found.shape[-1] == 5
    if regression:  # scores are terms, added over a group
        own = np.zeros((8, 5))
        own[np.arange(8), LABELS] = 1
        terms = parts.terms @ own
        np.testing.assert_allclose(found.reshape(terms.shape), terms, atol=1e-4)


@pytest.mark.slow
def test_one_column_a_group_gives_the_same_bits(data):
    for params in ({}, {"step": 0.4}, {"simplex_groups": [BLOCK]}):
        if "simplex_groups" in params:
            X = data.X.copy()
            X[:, BLOCK] = np.eye(3)[np.arange(120) % 3]
        else:
            X = data.X
        a, b = (quick(feature_groups=g, **params).fit(X, data.y) for g in (None, list(range(8))))
        assert bits(a) == bits(b)


def test_groups_and_a_layer_are_refused(data):
    with pytest.raises(ValueError, match=r"^feature_groups are columns of X, and layer= scores"):
        quick(feature_groups=LABELS, layer="1").fit(*data)
    with pytest.raises(ValueError, match=r"^simplex_groups are columns of X, and layer= scores"):
        quick(simplex_groups=[BLOCK], layer="1").fit(*data)


def test_a_group_of_a_simplex_is_dropped_with_its_constraint(data):
    """No level is lost on the way, so the correction holds in every round."""
    X, y, _ = one_hot_table()
    selector = quick(feature_groups=LABELS, simplex_groups=[BLOCK], step=1).fit(X, y)
    assert [g.tolist() for g in selector.simplex_groups_] == [BLOCK]
    assert selector.n_rounds_ == 5


def test_columns_of_a_group_come_in_any_order(data):
    order = [5, 0, 7, 3, 1, 6, 2, 4]
    net, _ = answering(data.X, 10)
    moved = relu_network(8, 10, 3)
    moved.load_state_dict(net.state_dict())
    with torch.no_grad():
        moved[0].weight[:] = net[0].weight[:, order]
    params = {"prefit": True}
    a = quick(net, feature_groups=LABELS, **params).fit(*data)
    b = quick(moved, feature_groups=[LABELS[i] for i in order], **params).fit(
        data.X[:, order], data.y
    )
    np.testing.assert_allclose(
        b.feature_importances_, a.feature_importances_[order], rtol=0, atol=1e-12
    )
