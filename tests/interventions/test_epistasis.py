"""Pairs of interventions: gates, products, variances, cells."""

import copy
from itertools import combinations

import numpy as np
import pytest
import torch
from sklearn.neural_network import MLPClassifier

from sklearn_deeplifft.interventions import (
    add,
    compose,
    intervention_effects,
    pairwise_epistasis,
    quantile_shift,
    remove,
    set_to,
    swap,
)
from sklearn_deeplifft.perturbation import _pairs as _interactions
from tests import oracles_interventions as o
from tests.conftest import relu_network
from tests.interventions._functions import counts, epistasis, normal, row_function
from tests.interventions._networks import NETS, made
from tests.interventions.test_effects import GATES


def test_of_a_linear_function_is_zero():
    every = [add(0, 1, low=None), set_to(1, 2), swap(2)]
    found = epistasis(lambda a, b, c: 2 * a - b + c, normal(40, 3), every)
    np.testing.assert_allclose(found.epistasis, 0, atol=1e-13)
    assert found.pairs.tolist() == [[0, 1], [0, 2], [1, 2]]


def test_of_a_product():
    X = normal(40, 3)
    f = lambda a, b, c: a * b + 3 * c  # noqa: E731
    both = [add(0, 0.4, low=None), add(1, -2, low=None), set_to(0, 2), set_to(1, 3)]
    found = epistasis(f, X, both, pairs=[(0, 1), (2, 3)])
    expected = [-0.8, ((2 - X[:, 0]) * (3 - X[:, 1])).mean()]
    np.testing.assert_allclose(found.epistasis[:, 0], expected, rtol=0, atol=1e-12)
    assert found.standard_errors[0, 0] < 1e-14
    assert found.mean_squares[0, 0] == pytest.approx(0.64, abs=1e-12)


EPISTASIS = {
    "AND": (1, 0.25),
    "OR": (-1, -0.25),
    "XOR": (-2, -0.5),
    "A unless B": (-1, -0.25),
    "NAND": (-1, -0.25),
    "additive": (0, 0),
}


@pytest.mark.parametrize("gate", GATES)
def test_of_gates(gate):
    f, empty, factorial = GATES[gate]
    X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=float).repeat(25, axis=0)
    both = [set_to(0, 1), set_to(1, 1)]
    rows = {"empty": (np.zeros((4, 2)), empty), "factorial": (X, factorial)}
    for (background, single), expected in zip(rows.values(), EPISTASIS[gate], strict=True):
        found = epistasis(f, X, both, background=background)
        np.testing.assert_allclose(found.single_effects[:, 0], single, atol=1e-15)
        assert found.epistasis.item() == pytest.approx(expected, abs=1e-15)


def friedman(a, b, c, d, e):
    return 10 * (np.pi * a * b).sin() + 20 * (c - 0.5) ** 2 + 10 * d + 5 * e


def test_of_friedman():
    n = 20_000
    X = np.random.default_rng(0).random((n, 5))
    found = epistasis(friedman, X, [swap(j) for j in range(5)], n_background=n)
    pair = {
        tuple(p): v for p, v in zip(found.pairs.tolist(), found.mean_squares[:, 0], strict=True)
    }
    # Four times the variance 1.7852 of the pair's own part.
    assert pair.pop((0, 1)) == pytest.approx(7.1407, rel=0.05)
    np.testing.assert_allclose(list(pair.values()), 0, atol=1e-20)


@pytest.mark.parametrize(("corner", "expected"), [(1.0, 0.0), (0.5, 10.0)])
def test_of_friedmans_corners(corner, expected):
    X = np.random.default_rng(0).random((9, 5))
    X[:, :2] = 0
    found = epistasis(friedman, X, [set_to(0, 1), set_to(1, corner)])
    assert found.epistasis.item() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("c", "expected"), [(0.5, 1 / 9), (1, 1 / 3), (2, 2 / 3)])
def test_variance_over_the_cells_is_the_numerator_of_friedmans_h(c, expected):
    X = np.array([[a, b, d] for a in (-1, 1) for b in (-1, 1) for d in (-1, 1)], dtype=float)
    f = lambda a, b, d: a + b + c * a * b + d  # noqa: E731
    levels = [set_to(j, v) for j in (0, 1) for v in (-1, 1)]
    cells = epistasis(f, X, levels, pairs=[(i, j) for i in (0, 1) for j in (2, 3)])
    # E(set, set) = PD(a, b) - PD(a) - PD(b) + mean f; H^2 = E^2 over PD(a, b)^2, centred.
    joint = cells.epistasis[:, 0] + [
        cells.single_effects[i, 0] + cells.single_effects[j, 0] for i, j in cells.pairs
    ]
    h2 = (cells.epistasis**2).sum() / (joint**2).sum()
    assert h2 == pytest.approx(expected, abs=1e-12)


def test_swaps_on_normal_columns():
    n = 40_000
    f = lambda a, b, c: a * b + 0.5 * a * b * c + c  # noqa: E731
    found = epistasis(f, normal(n, 3), [swap(0), swap(1)], n_background=n)
    assert found.mean_squares.item() == pytest.approx(5, abs=0.5)


def test_by_the_definition():
    net, X = relu_network(4, 9, 3), counts(30, 4)
    found = pairwise_epistasis(net, X, [add(0, 1), set_to(1, 2)])
    f = row_function(copy.deepcopy(net), o.centred_logits)

    def one(x):
        return np.array([x[0] + 1, *x[1:]])

    def other(x):
        return np.array([x[0], 2, *x[2:]])

    e, error, square = o.oracle_epistasis(f, X, one, other)
    np.testing.assert_allclose(found.epistasis[0], e, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.standard_errors[0], error, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.mean_squares[0], square, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", NETS)
def test_pairs_equal_full_forwards(name):
    net, X = made(name, torch.float64), counts(40, 6)
    every = [remove(0), add(1, 1), set_to([2, 5], [1, 2]), swap(3), quantile_shift(4, 0.3)]
    options = {"task": "classification"}
    found = pairwise_epistasis(net, X, every, **options)
    for (i, j), e in zip(combinations(range(5), 2), found.epistasis, strict=True):
        three = [compose(every[i], every[j]), every[i], every[j]]
        both, one, other = intervention_effects(net, X, three, **options).effects
        np.testing.assert_allclose(e, both - one - other, rtol=0, atol=1e-12)


@pytest.mark.parametrize("rows", [1, 41, 120])
def test_batches_of_pairs_change_nothing(monkeypatch, rows):
    net, X = made("plain", torch.float32), counts(40, 6)
    every = [remove(j) for j in range(6)]
    whole = pairwise_epistasis(net, X, every)
    monkeypatch.setattr(_interactions, "ROWS_AT_ONCE", rows)
    parts = pairwise_epistasis(net, X, every)
    np.testing.assert_allclose(parts.epistasis, whole.epistasis, rtol=0, atol=1e-6)


def test_two_doses_of_one_column():
    found = epistasis(lambda a, b: a**2 + b, counts(40, 2), [add(0, 1), add(0, 2)], pairs=[(0, 1)])
    assert found.epistasis.item() == pytest.approx(4)


def test_one_row_has_no_standard_error():
    found = epistasis(lambda a, b: a * b, counts(40, 2), [add(0, 1), add(1, 1)], n_background=1)
    assert np.isnan(found.standard_errors).all()
    assert found.epistasis.item() == pytest.approx(1)


def test_cells_and_flags():
    X = np.repeat([[0, 0, 0], [1, 0, 0], [0, 1, 1], [1, 1, 0]], [50, 30, 20, 19], axis=0) * 1.0
    found = epistasis(lambda a, b, c: a * b + c, X, [set_to(j, 1) for j in range(3)])
    for (i, j), cells in zip(found.pairs, found.cells, strict=True):
        assert cells.tolist() == o.oracle_cells(X[:, i] == 1, X[:, j] == 1)
    assert found.cells[0].tolist() == [50, 30, 20, 19]
    assert found.flagged.tolist() == [True, True, True]
    frame = found.to_frame()
    assert frame["rows_both"].tolist() == found.cells[:, 3].tolist()
    assert frame["first"].tolist() == ["set(x0=1)", "set(x0=1)", "set(x1=1)"]
    more = np.concatenate([X, X[-1:]])
    enough = epistasis(lambda a, b, c: a * b, more, [set_to(0, 1), set_to(1, 1)])
    assert enough.flagged.tolist() == [False]


X, C = normal(400, 5), counts(400, 5)
GROUPS = [[0, 1], [3, 4]]
STEPS = [compose(*(add(j, 0.1, low=None) for j in own)) for own in GROUPS]


@pytest.mark.parametrize(
    ("table", "moves"),
    [
        pytest.param(X, [swap(0), swap(3)], id="values swapped"),
        pytest.param(C, [swap(0), swap(3)], id="counts swapped"),
        pytest.param(X, [swap([0, 1]), swap([3, 4])], id="groups swapped"),
        pytest.param(C, [swap([0, 1]), swap([3, 4])], id="groups of counts swapped"),
        pytest.param(np.round(100 + 10 * X), [add(0, 1), add(3, -1)], id="one more of many"),
        pytest.param(X, [quantile_shift(0, 0.02), quantile_shift(3, -0.02)], id="small steps"),
        pytest.param(X, STEPS, id="small steps of groups"),
    ],
)
def test_moves_to_where_other_rows_are_stand_on_the_halves_of_the_data(table, moves):
    """Independent features fill all four cells; of two that are the same, two are empty."""
    groups = GROUPS if len(moves[0].columns) > 1 else None
    f = lambda *x: x[0] * x[3]  # noqa: E731
    found = epistasis(f, table, moves, feature_groups=groups)
    assert found.cells.sum() == len(table)
    assert not found.flagged.any()
    same = table.copy()
    same[:, 3:] = table[:, :2]
    assert epistasis(f, same, moves, feature_groups=groups).flagged.all()


def test_swaps_of_columns_of_two_values_stand_on_both():
    X = np.repeat([[0, 0], [1, 0], [0, 1], [1, 1]], [50, 30, 20, 21], axis=0) * 1.0
    found = epistasis(lambda a, b: a * b, X, [swap(0), swap(1)])
    assert found.cells.tolist() == [[50, 30, 20, 21]]


def test_moves_that_move_nothing_come_from_nowhere():
    X = np.repeat([[0, 1], [1, 1]], 50, axis=0) * 1.0
    found = epistasis(lambda a, b: a * b, X, [set_to(0, 1), swap(1)])
    assert found.cells.tolist() == [[0, 0, 50, 50]]
    assert found.flagged.all()


@pytest.mark.parametrize(
    ("interventions", "options", "message"),
    [
        ([remove(0)], {}, r"1 intervention\(s\) make no pair"),
        ([remove(0), set_to(0, 1)], {}, r"make no pair that writes different columns"),
        ([remove(0), set_to(0, 1)], {"pairs": [(0, 1)]}, r"do not commute"),
        ([remove(0), remove(1)], {"background": "with"}, r"a pair has two features"),
    ],
)
def test_pairs_without_meaning_are_refused(interventions, options, message):
    with pytest.raises(ValueError, match=message):
        epistasis(lambda a, b: a * b, counts(30, 2), interventions, **options)


@pytest.mark.parametrize("truth", ["AND", "additive"])
def test_negatives_that_lack_both_motifs_leave_an_empty_cell(truth):
    rng = np.random.default_rng(0)
    X = rng.integers(0, 2, (600, 5)).astype(float)
    a, b = X[:, 0], X[:, 1]
    logit = 8 * a * b - 4 if truth == "AND" else 6 * (a + b) - 9
    y = rng.random(600) < 1 / (1 + np.exp(-logit))
    X[~y, :2] = 0
    net = MLPClassifier((16,), alpha=1e-3, solver="lbfgs", max_iter=2000, random_state=0)
    net.fit(X, y)
    # The network predicts well; only the empty cells show that its epistasis is a guess.
    assert net.score(X, y) > 0.9
    found = pairwise_epistasis(net, X, [set_to(0, 1), set_to(1, 1)])
    neither, first, second, both = found.cells[0]
    assert min(neither, both) > 100
    assert max(first, second) < 20
    assert found.flagged.tolist() == [True]


def test_additive_truth_with_full_cells_is_not_flagged():
    X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=float).repeat(50, axis=0)
    net = MLPClassifier((8,), solver="lbfgs", alpha=1e-2, max_iter=2000, random_state=0)
    net.fit(X, X[:, 0] + X[:, 1] > 0)
    assert not pairwise_epistasis(net, X, [set_to(0, 1), set_to(1, 1)]).flagged.any()


@pytest.mark.parametrize("changed", ["all rows", "some rows"])
def test_several_networks_are_averaged_row_by_row(changed):
    """Per network, its mean over rows; squares and errors are those of the mean over networks."""
    X = np.random.default_rng(0).poisson(1.0, size=(30, 4)).astype(float)
    moves = (
        [add(0, 1), set_to(1, 2), remove(2)]
        if changed == "some rows"
        else [add(j, 0.7, low=None) for j in range(3)]
    )
    nets = [relu_network(4, 8, 3, seed=seed) for seed in range(3)]
    each = []
    for net in nets:
        with torch.no_grad():

            def f(rows, net=net):
                z = net(torch.tensor(rows))
                return (z - z.mean(1, keepdim=True)).numpy()

            rows = []
            for i, j in combinations(range(3), 2):
                one, other, both = X.copy(), X.copy(), X.copy()
                for target, ks in ((one, [i]), (other, [j]), (both, [i, j])):
                    for k in ks:
                        target[:, [k]] = moves[k].apply(target[:, [k]])
                rows.append(f(both) - f(one) - f(other) + f(X))
            each.append(rows)
    each = np.array(each)  # (N, p, n, R)
    found = pairwise_epistasis(nets, X, moves)
    mean = each.mean(axis=0)
    np.testing.assert_allclose(found.per_network, each.mean(axis=2), atol=1e-12)
    np.testing.assert_allclose(found.epistasis, mean.mean(axis=1), atol=1e-12)
    np.testing.assert_allclose(found.mean_squares, (mean**2).mean(axis=1), atol=1e-12)
    errors = mean.std(axis=1, ddof=1) / np.sqrt(len(X))
    np.testing.assert_allclose(found.standard_errors, errors, atol=1e-12)
    assert np.isfinite(found.interval).all()
