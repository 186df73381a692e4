"""Interactions of all pairs: closed forms, four forwards a pair, contexts with names."""

import itertools

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression

from sklearn_deeplifft.interventions import interaction_effects, pairwise_epistasis, swap
from sklearn_deeplifft.interventions.interactions import _pair_scores as scores_module
from tests.conftest import relu_network
from tests.interventions._functions import EXACT, Function, counts, normal, row_function
from tests.interventions._networks import NETS, made
from tests.interventions.test_epistasis import friedman
from tests.oracles_interventions import centred_logits
from tests.oracles_pairs import interaction_index, root_mean_square, second_difference

BITS = np.array(list(itertools.product([0.0, 1.0], repeat=3)))


def effects(f, X, **options):
    return interaction_effects(Function(f), X, **{**EXACT, **options})


def by_pair(found, field="score"):
    values = getattr(found, field).reshape(len(found.pairs), -1)[:, 0]
    return dict(zip(map(tuple, found.pairs.tolist()), values.tolist(), strict=True))


def test_friedman_by_swaps():
    X = np.random.default_rng(0).random((20_000, 5))
    found = effects(friedman, X, n_background=20_000, support=False)
    squares = {pair: score**2 for pair, score in by_pair(found).items()}
    assert squares.pop((0, 1)) == pytest.approx(7.1407, rel=0.05)
    np.testing.assert_allclose(list(squares.values()), 0, atol=1e-20)


@pytest.mark.parametrize(("corner", "expected"), [(1.0, 0.0), (0.5, 10.0)])
def test_friedmans_corners_may_hide_what_swaps_find(corner, expected):
    X = np.random.default_rng(0).random((9, 5))
    high = np.array([1, corner, 0.7, 0.7, 0.7])
    found = effects(friedman, X, levels=(np.zeros(5), high), reduce="mean")
    assert by_pair(found)[0, 1] == pytest.approx(expected, abs=1e-12)


def majority(a, b, c):
    return (a + b + c >= 2).double()


def any_of(a, b, c):
    return (a + b + c >= 1).double()


GATES = {
    "majority of 3": (majority, 0.0),
    "any of 3": (any_of, -0.5),
    "AND": (lambda a, b, c: a * b, 1.0),
    "XOR": (lambda a, b, c: a + b - 2 * a * b, -2.0),
    "additive": (lambda a, b, c: a + 2 * b - c, 0.0),
}


@pytest.mark.parametrize("context", ["shapley", "banzhaf"])
@pytest.mark.parametrize("gate", GATES)
def test_interaction_indices_of_gates(gate, context):
    f, expected = GATES[gate]
    options = {"levels": np.zeros(3), "context": context, "reduce": "mean"}
    found = effects(f, np.ones((1, 3)), n_background=64, **options)
    # Of three players opposite mixtures cancel what is odd, to the last bit.
    assert by_pair(found)[0, 1] == pytest.approx(expected, abs=1e-12)
    assert found.n_rows.tolist() == [64] * 3


@pytest.mark.parametrize("shapley", [True, False])
def test_interaction_indices_of_five_players(shapley):
    def f(a, b, c, d, e):
        return a * b * c + 2 * a * b * d * e - c * d + ((a + c + e) >= 2) * b

    def v(S):
        x = [torch.tensor([float(k in S)]).double() for k in range(5)]
        return float(f(*x))

    options = {"levels": np.zeros(5), "context": "shapley" if shapley else "banzhaf"}
    found = effects(f, np.ones((1, 5)), n_background=2000, reduce="mean", **options)
    for (i, j), score, error in zip(
        found.pairs, found.score[:, 0], found.standard_errors[:, 0], strict=True
    ):
        assert abs(score - interaction_index(v, 5, i, j, shapley)) <= 4 * error + 1e-12


def test_between_levels_from_either_side_it_is_the_same():
    X = normal(30, 3)
    f = lambda a, b, c: a * b * (1 + c) + c  # noqa: E731
    low, high = np.zeros(3), np.array([2.0, -1.0, 0.5])
    both = [effects(f, X, levels=side, reduce="mean") for side in ((low, high), (high, low))]
    np.testing.assert_allclose(both[0].score, both[1].score, atol=1e-12)
    assert by_pair(both[0])[0, 1] == pytest.approx((-2 * (1 + X[:, 2])).mean(), abs=1e-12)


def test_present_reads_rows_that_hold_neither():
    X = BITS.repeat(30, axis=0) * [1, 2, 1]
    f = lambda a, b, c: (a > 0) * (b > 0) * (1 + (c > 0).double())  # noqa: E731
    found = effects(f, X, levels="present", reduce="mean", n_background=1000)
    assert found.context == "without"
    assert by_pair(found)[0, 1] == pytest.approx(1.5, abs=1e-12)  # c is there in half of the rows
    assert found.n_rows.tolist() == [60, 60, 60]
    assert found.cells.tolist() == [[60] * 4] * 3
    assert not found.flagged.any()


def test_arch_detect_by_its_formula():
    X, reference = normal(1, 3, seed=3), np.zeros(3)
    f = lambda a, b, c: a * b + c * (a * b * b).sin()  # noqa: E731
    found = effects(f, X, levels=reference, context="archdetect")

    def row(x):
        return f(*torch.tensor(x)[:, None]).numpy()

    x = X[0]
    gap = x[0] * x[1]
    at_reference = second_difference(row, reference, [0], [1], x)
    at_x = second_difference(row, x, [0], [1], reference)
    omega = 0.5 * ((at_reference / gap) ** 2 + (at_x / gap) ** 2)
    assert by_pair(found)[0, 1] ** 2 == pytest.approx(omega.item(), abs=1e-12)


@pytest.mark.parametrize(("c", "expected"), [(0.5, 1 / 9), (1, 1 / 3), (2, 2 / 3)])
@pytest.mark.parametrize("cells", ["rows", "given"])
def test_friedmans_h_squared(c, expected, cells):
    X = 2 * BITS - 1
    f = lambda a, b, d: a + b + c * a * b + d  # noqa: E731
    levels = "swap" if cells == "rows" else X[::-1]
    found = effects(f, X, context="partial_dependence", levels=levels)
    assert by_pair(found, "h_squared")[0, 1] == pytest.approx(expected, abs=1e-12)
    assert by_pair(found)[0, 1] == pytest.approx(c, abs=1e-12)
    assert found.matrix("h_squared")[0, 1, 0] == pytest.approx(expected, abs=1e-12)


def test_spread_over_cells_and_its_error_by_the_definition():
    X, cells = normal(12, 3), normal(7, 3, seed=1)
    f = lambda a, b, d: a * b * (1 + d) + a  # noqa: E731

    def row(x):
        return f(*torch.tensor(x)[:, None]).numpy()

    found = effects(f, X, context="partial_dependence", levels=cells, pairs=[(0, 1)])
    means = np.array([[second_difference(row, x, [0], [1], g) for x in X] for g in cells]).mean(1)
    squares = (means - means.mean(0)) ** 2
    score = np.sqrt(squares.mean(0))
    error = squares.std(0, ddof=1) / np.sqrt(7) / (2 * score)  # of a root, over twice the root
    np.testing.assert_allclose(found.score[0], score, rtol=1e-12)
    np.testing.assert_allclose(found.standard_errors[0], error, rtol=1e-12)


def one_hot(codes, n_levels):
    return np.eye(n_levels)[codes]


def test_tables_of_blocks_by_the_definition():
    rng = np.random.default_rng(0)
    X = np.hstack([one_hot(rng.integers(0, L, 200), L) for L in (3, 4)] + [rng.random((200, 1))])
    table = rng.standard_normal((3, 4))
    T = torch.tensor(table)

    def f(*columns):
        x = torch.stack(columns, 1)
        mixed = torch.einsum("na,ab,nb->n", x[:, :3], T, x[:, 3:7])
        return mixed * (1 + x[:, 7]) + 5 * x[:, 0] - x[:, 4]

    groups = [[0, 1, 2], [3, 4, 5, 6]]
    found = effects(f, X, levels="table", feature_groups=groups, n_background=500)
    centred = table - table.mean(0) - table.mean(1)[:, None] + table.mean()
    expected = np.linalg.norm(centred) * (1 + X[:, 7].mean())
    assert found.names == ("x0,x1,x2", "x3,x4,x5,x6", "x7")
    assert by_pair(found)[0, 1] == pytest.approx(expected, abs=1e-12)
    assert by_pair(found)[1, 2] > 0 or by_pair(found)[0, 2] > 0
    a, b = np.unravel_index(np.abs(centred).argmax(), centred.shape)
    at = X[:, a] == 1, X[:, 3 + b] == 1
    cells = [((at[0] == one) & (at[1] == other)).sum() for other in (0, 1) for one in (0, 1)]
    assert found.cells[0].tolist() == cells


def test_blocks_are_swapped_whole():
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 3, 60)
    X = np.hstack([one_hot(codes, 3), rng.random((60, 1))])
    # Rows in two levels, or in none, would be far off.
    f = lambda a, b, c, d: (a - c) * d + 1e6 * (a + b + c - 1).abs() * d  # noqa: E731
    found = effects(f, X, feature_groups=[[0, 1, 2]])
    assert found.pairs.tolist() == [[0, 1]]
    assert 0.1 < found.score.item() < 10


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("reduce", ["rms", "mean"])
def test_every_network_by_four_forwards(name, reduce):
    net, X = made(name, torch.float64), counts(12, 6)
    levels = np.array([1.0, 2, 0, 3, 1, 2])
    found = interaction_effects(net, X, levels=levels, reduce=reduce, task="classification")
    f = row_function(made(name, torch.float64), None if "softmax" in name else centred_logits)
    if "softmax" in name:
        whole, f = f, lambda x: centred_logits(np.log(whole(x)))
    for p, (i, j) in enumerate(found.pairs):
        rows = np.array([second_difference(f, x, [i], [j], levels) for x in X])
        score, error = rows.mean(0), rows.std(0, ddof=1) / np.sqrt(len(X))
        if reduce == "rms":
            score, error = root_mean_square(rows)
        np.testing.assert_allclose(found.score[p], score, rtol=0, atol=1e-10)
        real = np.abs(score) > 1e-12  # else what is left is rounding
        np.testing.assert_allclose(found.standard_errors[p][real], error[real], rtol=0, atol=1e-7)


def test_swaps_equal_pairwise_epistasis_of_the_same_swaps():
    net, X = relu_network(6, 9, 7, 3).double(), counts(40, 6)
    found = interaction_effects(net, X, n_background=40, random_state=3)
    both = pairwise_epistasis(net, X, [swap(j, 3) for j in range(6)], n_background=40)
    np.testing.assert_array_equal(found.pairs, both.pairs)
    np.testing.assert_allclose(found.score**2, both.mean_squares, rtol=0, atol=1e-12)


def test_lists_of_pairs_are_those_of_all():
    net, X = relu_network(8, 9, 7, 3), counts(50, 8)
    every = interaction_effects(net, X)
    some = [(5, 2), (0, 7), (5, 1), (2, 6)]
    few = interaction_effects(net, X, pairs=some)
    assert few.pairs.tolist() == [list(pair) for pair in some]
    for values, (i, j) in zip(few.score, some, strict=True):
        np.testing.assert_allclose(values, every.matrix()[:, i, j], rtol=0, atol=1e-5)


@pytest.mark.parametrize("levels", ["swap", "present", "table", 2])
def test_the_order_of_a_pair_is_no_matter(levels):
    net, X = relu_network(4, 9, 3), counts(60, 4)
    one = interaction_effects(net, X, pairs=[(0, 2), (1, 3)], levels=levels)
    other = interaction_effects(net, X, pairs=[(2, 0), (3, 1)], levels=levels)
    assert (one.score > 0).any()
    np.testing.assert_allclose(other.score, one.score, rtol=0, atol=1e-12)
    np.testing.assert_allclose(other.standard_errors, one.standard_errors, rtol=0, atol=1e-9)
    np.testing.assert_array_equal(other.cells, one.cells[:, [0, 2, 1, 3]])


@pytest.mark.parametrize("bytes_held", [1, 500])
def test_bands_and_chunks_change_nothing(monkeypatch, bytes_held):
    nets = [relu_network(8, 9, 7, 3, seed=seed) for seed in range(2)]
    X = counts(50, 8)
    options = {"task": "classification", "dtype": "float64"}
    whole = interaction_effects(nets, X, **options)
    monkeypatch.setattr(scores_module, "BAND_BYTES", bytes_held)
    monkeypatch.setattr(scores_module, "TABLE_BYTES", 1)
    parts = interaction_effects(nets, X, **options)
    best = interaction_effects(nets, X, pairs=5, **options)
    for name in ("score", "standard_errors", "interval", "cells", "off_manifold", "pairs"):
        np.testing.assert_allclose(getattr(parts, name), getattr(whole, name), rtol=0, atol=1e-12)
        top = getattr(whole.top(5), name)
        np.testing.assert_allclose(getattr(best, name), top, rtol=0, atol=1e-12)


@pytest.mark.parametrize("reduce", ["rms", "mean"])
def test_an_ensembles_interval_is_about_its_score(reduce):
    nets = [relu_network(4, 9, 3, seed=seed) for seed in range(3)]
    X = counts(60, 4)
    options = {"reduce": reduce, "task": "classification", "dtype": "float64"}
    found = interaction_effects(nets, X, **options)
    np.testing.assert_allclose(found.interval.mean(0), found.score, rtol=0, atol=1e-12)
    if reduce == "mean":
        alone = [interaction_effects(net, X, **options).score for net in nets]
        np.testing.assert_allclose(np.mean(alone, 0), found.score, rtol=0, atol=1e-12)
    one = interaction_effects(nets[0], X, **options)
    assert np.isnan(one.interval).all()


def test_sparse_tables_and_frames_give_the_same():
    net, X = relu_network(6, 9, 3), counts(80, 6)
    dense = interaction_effects(net, X)
    for table in (sp.csr_array(X), sp.csc_matrix(X)):
        found = interaction_effects(net, table)
        np.testing.assert_array_equal(found.score, dense.score)
        np.testing.assert_array_equal(found.cells, dense.cells)


@pytest.mark.parametrize("model", [LinearRegression(), RandomForestRegressor(20, random_state=0)])
def test_predictors_of_every_kind(model):
    X = normal(300, 3)
    model.fit(X, 3 * X[:, 0] * X[:, 1] + X[:, 2])
    found = interaction_effects(model, X, n_background=20)
    if isinstance(model, LinearRegression):
        np.testing.assert_allclose(found.score, 0, atol=1e-12)
    else:
        assert found.top(1).pairs.tolist() == [[0, 1]]


def test_on_the_logit_scale_a_logistic_regression_is_additive():
    X = normal(80, 3)
    model = LogisticRegression().fit(X, X.sum(axis=1) > 0)
    assert interaction_effects(model, X).score.max() < 1e-12
    assert interaction_effects(model, X, scale="proba").score.max() > 1e-3


def test_empty_cells_are_flagged():
    X = np.repeat(BITS[[0, 1, 6, 7]], 30, axis=0)  # the first two columns are always equal
    found = effects(lambda a, b, c: a * b + c, X)
    flagged = dict(zip(map(tuple, found.pairs.tolist()), found.flagged.tolist(), strict=True))
    assert flagged == {(0, 1): True, (0, 2): False, (1, 2): False}
    assert found.cells[0].tolist() == [60, 0, 0, 60]
    assert found.off_manifold[0] < 0.1


@pytest.mark.parametrize("make", [normal, counts])
def test_cells_of_groups_of_numbers_are_halves_of_the_data(make):
    """Hardly any row is at the commonest of many levels; either half of the data is full."""
    X = make(400, 6)
    groups = [[0, 1], [2, 3, 4]]
    found = effects(lambda *x: x[0] * x[2], X, feature_groups=groups)
    assert not found.flagged.any()
    assert (found.cells.sum(axis=1) == 400).all()
    X[:, 2:5] = X[:, [0, 1, 1]]
    tied = effects(lambda *x: x[0] * x[2], X, feature_groups=[[0, 1], [2, 3]])
    assert tied.flagged[tied.pairs.tolist().index([0, 1])]


def test_off_manifold_shows_what_no_row_is_like():
    X = normal(200, 3)
    X[:, 1] = X[:, 0]
    found = effects(lambda a, b, c: a * b + c, X, levels=np.array([3.0, -3.0, 0.0]))
    share = by_pair(found, "off_manifold")
    assert share[0, 1] == 1.0
    mixed = effects(lambda a, b, c: a * b + c, X, levels=np.full(3, 9.0), context="shapley")
    assert (mixed.off_manifold > 0.5).all()


@pytest.mark.parametrize("n", [100, 150, 200, 400])
@pytest.mark.parametrize("far", [0, 1])
def test_both_sides_of_a_context_are_off_the_data_or_not(n, far):
    """Of the contexts of ArchDetect all features are low in one half, high in the other."""
    levels = [np.zeros(3), np.zeros(3)]
    levels[far] += 50
    net = Function(lambda a, b, c: a * b + c)
    options = {"context": "archdetect", "n_background": n, **EXACT}
    found = interaction_effects(net, normal(500, 3), levels=tuple(levels), **options)
    np.testing.assert_allclose(found.off_manifold, 0.5, atol=0.01)


def test_only_rows_that_a_pair_reads_are_off_the_data():
    """Rows that hold neither are taken off it; those that hold both move nowhere, unread."""
    X = np.zeros((400, 3))
    X[:200, :2] = 1  # half of the rows hold both features
    X[:, 2] = normal(400, 1)[:, 0] + 20 * X[:, 0]  # and lie elsewhere
    found = effects(lambda a, b, c: a * b + c, X, levels="present", pairs=[(0, 1)])
    assert found.n_rows.item() < 120
    assert found.off_manifold.item() == 1.0


def test_frames_are_sorted_and_say_what_pairs_stand_on():
    net, X = relu_network(4, 9, 3), counts(60, 4)
    found = interaction_effects([net, relu_network(4, 9, 3, seed=1)], X, task="classification")
    frame = found.to_frame()
    assert len(frame) == 6 * 3
    assert frame["score"].is_monotonic_decreasing
    assert (frame["low"] <= frame["score"]).all()
    assert (frame["score"] <= frame["high"]).all()
    cells = frame[["rows_neither", "rows_first", "rows_second", "rows_both"]]
    assert (cells.sum(axis=1) == 60).all()
    assert found.top(2).to_frame()["first"].isin(frame["first"][:6]).all()


def test_progress_is_told_and_ctrl_c_passes():
    told = []
    X = counts(40, 5)
    net = relu_network(5, 4, 2)
    interaction_effects(net, X, verbose=told.append)
    assert told == sorted(told)
    assert told[-1] == 1

    def stop(share):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interaction_effects(net, X, verbose=stop)


def test_progress_is_printed(capsys):
    interaction_effects(relu_network(5, 4, 2), counts(40, 5), verbose=1)
    assert "[interaction_effects] 100%" in capsys.readouterr().out


def test_same_seed_same_bits():
    net, X = relu_network(5, 4, 2), counts(400, 5)
    one, same, other = (interaction_effects(net, X, random_state=s).score for s in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_features_are_called_by_the_labels_that_were_given():
    """A label, the stem of one-hot columns, or what the columns are called."""
    X = pd.DataFrame(
        np.random.default_rng(0).normal(size=(40, 6)),
        columns=["smoker=no", "smoker=yes", "site_A", "site_B", "age", "dose"],
    )
    of_column = ["family", "family", 1, 1, None, None]
    given = {"support": False, "n_background": 8}

    def product(*columns):
        return torch.stack(columns).prod(dim=0)

    found = effects(product, X, feature_groups=of_column, **given)
    assert found.names == ("family", "site", "age", "dose")
    blocks = [["smoker=no", "smoker=yes"]]
    found = effects(product, X, feature_groups=blocks, **given)
    assert found.names == ("smoker", "site_A", "site_B", "age", "dose")
