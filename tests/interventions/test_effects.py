"""Effects over a population: answers on paper, identities, invariances, refusals."""

import copy
from functools import partial

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from scipy import stats
from sklearn.ensemble import RandomForestClassifier
from sklearn.inspection import partial_dependence
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neural_network import MLPClassifier, MLPRegressor
from torch import nn

from sklearn_deeplifft.interventions import (
    _statistics,
    add,
    compose,
    intervention_effects,
    quantile_shift,
    remove,
    set_to,
    swap,
)
from sklearn_deeplifft.interventions._background import weighted_rows
from sklearn_deeplifft.perturbation import _responses as _interventions
from tests import oracles_interventions as o
from tests.conftest import relu_network
from tests.interventions._functions import Function, counts, effects, normal, row_function
from tests.interventions._networks import SOME, made

# Answers on paper


def test_of_a_linear_function():
    X, w = normal(80, 3), np.array([2.0, -1.0, 0.5])
    found = effects(
        lambda a, b, c: 2 * a - b + 0.5 * c + 7,
        X,
        [
            add(0, 0.3, low=None),
            add(1, -2, low=None),
            set_to(2, 4),
            compose(set_to(0, 1), remove(1)),
        ],
    )
    expected = [
        0.3 * w[0],
        -2 * w[1],
        w[2] * (4 - X[:, 2].mean()),
        w[0] * (1 - X[:, 0].mean()) - w[1] * X[:, 1].mean(),
    ]
    np.testing.assert_allclose(found.effects[:, 0], expected, rtol=0, atol=1e-12)
    assert found.standard_errors[:2].max() < 1e-15
    assert found.standard_errors[2:].min() > 0.01


def test_of_a_product():
    X = normal(60, 3)
    found = effects(
        lambda a, b, c: a * b + 3 * c, X, [add(0, 0.4, low=None), set_to(1, 3), remove(2)]
    )
    expected = [0.4 * X[:, 1].mean(), (X[:, 0] * (3 - X[:, 1])).mean(), -3 * X[:, 2].mean()]
    np.testing.assert_allclose(found.effects[:, 0], expected, rtol=0, atol=1e-12)


GATES = {
    "AND": (lambda a, b: a * b, (0, 0), (0.25, 0.25)),
    "OR": (lambda a, b: a + b - a * b, (1, 1), (0.25, 0.25)),
    "XOR": (lambda a, b: a + b - 2 * a * b, (1, 1), (0, 0)),
    "A unless B": (lambda a, b: a * (1 - b), (1, 0), (0.25, -0.25)),
    "NAND": (lambda a, b: 1 - a * b, (0, 0), (-0.25, -0.25)),
    "additive": (lambda a, b: a + b, (1, 1), (0.5, 0.5)),
}


@pytest.mark.parametrize("gate", GATES)
def test_of_gates(gate):
    f, empty, factorial = GATES[gate]
    X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=float).repeat(3, axis=0)
    both = [set_to(0, 1), set_to(1, 1)]
    np.testing.assert_allclose(
        effects(f, X, both, background=np.zeros((4, 2))).effects[:, 0], empty, atol=1e-15
    )
    np.testing.assert_allclose(effects(f, X, both).effects[:, 0], factorial, atol=1e-15)


@pytest.mark.parametrize("scale", ["logit", "proba"])
def test_a_constant_added_to_all_logits_changes_nothing(scale):
    net = relu_network(4, 9, 3)
    moved = copy.deepcopy(net)
    with torch.no_grad():
        moved[-1].bias.add_(17.0)
    X = normal(40, 4)
    every = [remove(0), add(1, 1, low=None), swap(2), quantile_shift(3, 0.25)]
    one, other = (intervention_effects(m, X, every, scale=scale) for m in (net, moved))
    np.testing.assert_allclose(one.effects, other.effects, rtol=0, atol=1e-12)
    np.testing.assert_allclose(one.effects.sum(axis=1), 0, atol=1e-12)


@pytest.mark.parametrize(("base", "expected"), [(-4, 0.279580), (-2, 0.0), (0, -0.279580)])
def test_probabilities_manufacture_interactions(base, expected):
    class Additive(nn.Module):
        def forward(self, x):
            return base + 2 * x.sum(1, keepdim=True)

    zero = np.zeros((3, 2))
    three = [set_to(0, 1), set_to(1, 1), set_to([0, 1], 1)]
    found = {
        scale: intervention_effects(
            Additive(), zero, three, task="classification", scale=scale, dtype="float64"
        ).effects
        for scale in ("logit", "proba")
    }
    a, b, both = found["proba"][:, 1]
    assert both - a - b == pytest.approx(expected, abs=5e-7)
    np.testing.assert_allclose(found["logit"], [[-1, 1], [-1, 1], [-2, 2]], atol=1e-12)


def test_mean_squares_of_a_swap_are_twice_the_total_variance():
    # x0 x1 + .5 x0 x1 x2 + x2 of N(0,1)^3: x0 has total variance 1 + .25.
    n = 40_000
    X = normal(n, 3)
    f = lambda a, b, c: a * b + 0.5 * a * b * c + c  # noqa: E731
    found = effects(f, X, swap(0), n_background=n)
    mean_square = found.standard_errors[0, 0] ** 2 * (n - 1) + found.effects[0, 0] ** 2
    assert mean_square == pytest.approx(2.5, abs=0.2)


# Against the definition

EVERY = [
    (set_to(0, 2), lambda X: lambda x: _with(x, 0, 2)),
    (remove([1, 2]), lambda X: lambda x: _with(x, [1, 2], 0)),
    (add(1, -1), lambda X: lambda x: _with(x, 1, max(x[1] - 1, 0))),
    (
        quantile_shift(3, 0.25),
        lambda X: lambda x: _with(x, 3, o.oracle_quantile_shift(X[:, 3], x[3], 0.25)),
    ),
    (compose(add(0, 1), set_to(2, 1)), lambda X: lambda x: _with(x, [0, 2], [x[0] + 1, 1])),
]


def _with(x, columns, values):
    x = x.copy()
    x[columns] = values
    return x


def test_effects_and_errors_by_the_definition():
    net, X = relu_network(4, 9, 3), counts(50, 4)
    found = intervention_effects(net, X, [one for one, _ in EVERY])
    f = row_function(copy.deepcopy(net), o.centred_logits)
    for i, (_, make) in enumerate(EVERY):
        effect, error = o.oracle_effect(f, X, make(X))
        np.testing.assert_allclose(found.effects[i], effect, rtol=0, atol=1e-12)
        np.testing.assert_allclose(found.standard_errors[i], error, rtol=0, atol=1e-12)


def _mlp(kind, X, y):
    with pytest.warns(Warning, match="Maximum iterations"):
        return kind(hidden_layer_sizes=(12, 6), max_iter=30, random_state=0).fit(X, y)


MODELS = {
    "linear": lambda X, y: LinearRegression().fit(X, y),
    "MLPRegressor": lambda X, y: _mlp(MLPRegressor, X, y),
    "Poisson": lambda X, y: _mlp(partial(MLPRegressor, loss="poisson"), X, np.exp(y)),
    "logistic": lambda X, y: LogisticRegression().fit(X, y > y.mean()),
    "three classes": lambda X, y: LogisticRegression().fit(X, np.digitize(y, [-0.5, 0.5])),
    "MLPClassifier": lambda X, y: _mlp(MLPClassifier, X, np.digitize(y, [-0.5, 0.5])),
    "forest": lambda X, y: RandomForestClassifier(5, random_state=0).fit(X, y > 0),
}


@pytest.mark.parametrize("kind", MODELS)
def test_set_to_is_partial_dependence_less_the_mean(kind):
    X = normal(90, 4)
    y = X[:, 0] - X[:, 1] * X[:, 2]
    model = MODELS[kind](X, y)
    grid = [-1.0, 0.25, 2.0]
    classifies = hasattr(model, "classes_")
    pd = partial_dependence(
        model,
        X,
        [1],
        custom_values={1: grid},
        method="brute",
        response_method="predict_proba" if classifies else "auto",
    )["average"]
    mean = model.predict_proba(X).mean(axis=0) if classifies else [model.predict(X).mean()]
    found = intervention_effects(
        model,
        X,
        [set_to(1, a) for a in grid],
        scale="proba",
        dtype="float64" if "MLP" in kind else None,
    )
    n = len(pd)  # of two classes scikit-learn tells the second
    np.testing.assert_allclose(
        found.effects[:, -n:].T, pd - np.array(mean)[-n:, None], rtol=0, atol=1e-12
    )


# What must not matter


@pytest.fixture
def setting():
    return relu_network(6, 9, 7, 3), counts(70, 6)


@pytest.mark.parametrize("rows", [1, 71, 150])
@pytest.mark.parametrize("name", ["plain", "tanh"])
def test_batches_and_blocks_change_nothing(monkeypatch, name, rows):
    X, net = counts(70, 6), made(name, torch.float32)
    whole = intervention_effects(net, X, SOME)
    monkeypatch.setattr(_interventions, "ROWS_AT_ONCE", rows)
    monkeypatch.setattr(_statistics, "BLOCK_BYTES", 8 * 70 * 3 * (rows % 3))
    parts = intervention_effects(net, X, SOME)
    for values in ("effects", "standard_errors", "quantiles", "per_network"):
        np.testing.assert_allclose(getattr(parts, values), getattr(whole, values), atol=1e-6)
    assert (parts.changed_share == whole.changed_share).all()


@pytest.mark.parametrize("form", [sp.csr_matrix, sp.csc_matrix, sp.csr_array])
def test_sparse_equals_dense(setting, form):
    net, X = setting
    a, b = (intervention_effects(net, one, SOME, n_background=50) for one in (X, form(X)))
    for values in ("effects", "support", "off_manifold", "changed_share", "quantiles"):
        np.testing.assert_array_equal(getattr(a, values), getattr(b, values))


def test_an_intervention_does_not_depend_on_its_neighbours(setting):
    net, X = setting
    together = intervention_effects(net, X, SOME)
    for i, one in enumerate(SOME):
        alone = intervention_effects(net, X, one)
        np.testing.assert_allclose(alone.effects[0], together.effects[i], rtol=0, atol=1e-12)


# Backgrounds


def test_rows_with_and_without_answer_different_questions():
    # OR saturates: acquiring A does something where B is absent, losing it likewise.
    X = np.array([[0, 0], [0, 1], [1, 0], [1, 0], [1, 1]], dtype=float).repeat(4, axis=0)
    f = GATES["OR"][0]
    gained = effects(f, X, set_to(0, 1), background="without")
    lost = effects(f, X, remove(0), background="with")
    assert gained.effects.item() == pytest.approx(1 / 2)
    assert lost.effects.item() == pytest.approx(-2 / 3)
    assert (gained.n_background.item(), lost.n_background.item()) == (8, 12)
    assert (gained.changed_share.item(), lost.changed_share.item()) == (1, 1)
    assert (gained.background, lost.background) == ("without", "with")


def test_matched_rows_are_the_nearest_without():
    X = np.array([[1, 0.0], [1, 0.1], [0, 0.2], [0, 50.0], [0, -60]])
    found = effects(lambda a, b: a * b, X, set_to(0, 1), background="matched")
    assert found.effects.item() == pytest.approx(0.2)
    assert found.n_background.item() == 2


def test_given_rows_are_used_as_they_are():
    X, given = counts(40, 3), normal(7, 3, seed=1)
    found = effects(lambda a, b, c: a * b + c, X, set_to(0, 1), background=given)
    assert found.effects.item() == pytest.approx(((1 - given[:, 0]) * given[:, 1]).mean())
    assert found.background == "given"
    assert found.n_background.tolist() == [7]
    # Support is counted in the data.
    assert found.support.item() == (X[:, 0] == 1).sum()


def test_at_most_so_many_rows_are_drawn_and_the_seed_decides_which():
    X = normal(300, 2)
    runs = [
        effects(lambda a, b: a * b, X, remove(0), n_background=20, random_state=s).effects.item()
        for s in (0, 0, 1)
    ]
    assert runs[0] == runs[1] != runs[2]
    assert effects(lambda a, b: a, X, remove(0), n_background=20).n_background.tolist() == [20]


@pytest.mark.parametrize("weight", [[1, 1, 1, 1], [2, 0, 1, 3], [0.5, 0.25, 0.25, 3]])
def test_weighted_rows_by_systematic_sampling(weight):
    weight = np.array(weight, dtype=float)
    got = weighted_rows(np.arange(4), weight, 100, np.random.RandomState(0))
    n = int(np.ceil(weight.sum() / weight[weight > 0].min()))
    expected = o.oracle_systematic(weight, n)
    assert np.bincount(got, minlength=4).tolist() == expected
    assert expected == (weight / weight[weight > 0].min()).tolist()


# Summaries


def _ensemble(n):
    return [relu_network(6, 9, 3, seed=s) for s in range(n)]


@pytest.mark.parametrize("n", [2, 5])
def test_interval_is_students_t_over_networks(n):
    nets, X = _ensemble(n), counts(70, 6)
    found = intervention_effects(nets, X, SOME)
    for i, net in enumerate(nets):
        own = intervention_effects(net, X, SOME).effects
        np.testing.assert_allclose(found.per_network[i], own, rtol=0, atol=1e-12)
    mean, sem = found.per_network.mean(axis=0), stats.sem(found.per_network, axis=0)
    low, high = stats.t.interval(0.95, n - 1, loc=mean, scale=sem)
    np.testing.assert_allclose(found.interval, [low, high], rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.effects, mean, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.network_std, sem * np.sqrt(n), rtol=0, atol=1e-12)


def test_one_network_has_no_interval(setting):
    found = intervention_effects(*setting, SOME)
    assert np.isnan(found.interval).all()
    assert np.isnan(found.network_std).all()
    assert found.interval.shape == (2, 6, 3)


def test_one_row_has_no_standard_error(setting):
    net, X = setting
    assert np.isnan(intervention_effects(net, X, remove(0), n_background=1).standard_errors).all()


def test_quantiles_and_shares_of_rows():
    X = np.array([[0.0, 1.0], [0, -1], [1, 2], [2, -3], [3, 5]])
    found = effects(lambda a, b: a * b, X, [remove(0), add(0, 1)], quantiles=(0, 0.5, 1))
    removed, added = -X[:, 0] * X[:, 1], X[:, 1]
    expected = np.quantile(np.stack([removed, added], axis=1), [0, 0.5, 1], axis=0)
    np.testing.assert_allclose(found.quantiles[:, :, 0], expected, atol=1e-12)
    np.testing.assert_allclose(found.positive_share[:, 0], [1 / 5, 3 / 5])
    np.testing.assert_allclose(found.changed_share, [3 / 5, 1])
    assert found.quantile_levels == (0.0, 0.5, 1.0)
    assert effects(lambda a, b: a, X, remove(0), quantiles=()).quantiles.shape == (0, 1, 1)


def test_to_frame_has_a_row_for_each_intervention_and_output(setting):
    net, X = setting
    found = intervention_effects(net, X, SOME[:2])
    frame = found.to_frame()
    assert len(frame) == 6
    assert frame["intervention"].tolist() == ["remove(x0)"] * 3 + ["add(x1+1)"] * 3
    assert frame["output"].tolist() == [0, 1, 2] * 2
    np.testing.assert_array_equal(frame["effect"], found.effects.ravel())
    np.testing.assert_array_equal(frame["support"], found.support.repeat(3))
    np.testing.assert_array_equal(frame["flagged"], found.flagged.repeat(3))


# The module stays as it was


@pytest.mark.parametrize("name", ["plain", "BatchNorm first", "tanh", "custom"])
def test_the_module_comes_back_as_it_was(name):
    net = made(name, torch.float32).train()
    before = copy.deepcopy(net.state_dict())
    intervention_effects(net, counts(40, 6), SOME)
    assert all(module.training for module in net.modules())
    for key, value in net.state_dict().items():
        assert torch.equal(value, before[key])
    assert all(p.requires_grad and p.grad is None for p in net.parameters())


def test_also_after_an_exception():
    net = Function(lambda a, b: a * b).train()
    net.fuse = KeyboardInterrupt("in the middle of forward")
    with pytest.raises(KeyboardInterrupt, match="in the middle"):
        intervention_effects(net, counts(40, 2), remove(0), task="regression")
    assert net.training


# Refusals


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"interventions": []}, ValueError, r"interventions is empty; pass at least one"),
        ({"interventions": ["x"]}, TypeError, r"'x' is not an intervention"),
        ({"interventions": [remove("a")]}, ValueError, r"column 'a' is not among the 6"),
        ({"interventions": [remove(6)]}, ValueError, r"column 6 is not among the 6"),
        ({"feature_groups": [[0, 1]]}, ValueError, r"not the rest of its block"),
        ({"background": "none"}, ValueError, r"background='none' must be one of"),
        ({"background": np.zeros((3, 5))}, ValueError, r"has 5 columns and X has 6"),
        ({"background": np.full((3, 6), np.nan)}, ValueError, r"contains NaN"),
        ({"n_background": 0}, ValueError, r"n_background=0 must be at least 1"),
        ({"scale": "odds"}, ValueError, r"scale='odds' must be one of"),
        ({"task": "ranking"}, ValueError, r"task='ranking' must be"),
        ({"X": np.full((9, 6), np.nan)}, ValueError, r"NaN: 54 values in 6 of 6 columns"),
        ({"estimator": []}, ValueError, r"estimator is an empty list"),
        ({"estimator": object()}, TypeError, r"object is neither a fitted selector"),
        ({"estimator": relu_network(6, 4, 1)}, ValueError, r"one output, which may be a logit"),
        (
            {"estimator": [relu_network(6, 4, 3), relu_network(6, 4, 2)]},
            ValueError,
            r"networks have \[2, 3\] outputs",
        ),
        (
            {"X": np.ones((9, 6)), "background": "without"},
            ValueError,
            r"background='without', but no row is without the feature of remove\(x0\)",
        ),
        (
            {"X": np.zeros((9, 6)), "background": "with"},
            ValueError,
            r"no row is with the feature of remove\(x0\)",
        ),
    ],
)
def test_bad_input_is_named(setting, options, error, message):
    net, X = setting
    given = {"estimator": net, "X": X, "interventions": [remove(0)]} | options
    with pytest.raises(error, match=message):
        intervention_effects(**given)
