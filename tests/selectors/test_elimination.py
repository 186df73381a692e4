"""Recursive elimination: with scores that are known, and with networks that are trained."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch

from sklearn_deeplifft.networks import GateReading, GateSettings, NetworkSettings, TrainedNetwork
from sklearn_deeplifft.selectors._elimination import _with_path, eliminate
from sklearn_deeplifft.selectors._scores import Scores
from sklearn_deeplifft.tables import find_groups
from tests.ensembles.test_rounds import real_data, rounds_of
from tests.ensembles.test_splits import data_of
from tests.oracles import smoothed_elimination


class KnownRounds:
    """Rounds in which nothing is trained: the networks are numbers, and what is asked is kept."""

    def __init__(
        self, d: int, n_networks: int, *, ours: bool = True, linear: Sequence[int] = (), halves=None
    ) -> None:
        self.n_networks, self.halves = n_networks, halves
        self.dealt: list[tuple[int, int]] = []
        self.closed: list[list] = []
        self.data, self.ours, self.every_column = data_of(n=3, d=d), ours, np.arange(d)
        self.columns: list[list[int]] = []
        self.starts: list[list] = []
        self.numbers: list[int] = []
        self.cuts: list[tuple[int, list[int]]] = []
        self.linear = linear

    def without_null_columns(self):
        return self

    def shortened(self):
        return self

    def linear_that_know_less(self, networks):
        return self.linear

    def with_settings_of_others(self, numbers):
        assert numbers == self.linear
        return self

    def warm_start(self, trained, kept, width):
        self.cuts.append((width, kept.tolist()))
        return f"weights of {trained.estimator}"

    def closed_halves(self, n_features, number):
        self.dealt.append((n_features, number))
        return [None] * self.n_networks if self.halves is None else self.halves(n_features)

    def train(self, columns, starts, number, closed):
        self.closed.append(closed)
        self.columns.append(columns.tolist())
        self.starts.append(starts)
        self.numbers.append(number)
        return numbered(len(starts))


def numbered(n_networks: int) -> list[TrainedNetwork]:
    return [TrainedNetwork(j, None, None) for j in range(n_networks)]


def eliminated(scores_of_columns, d, step, n_networks=1, groups=None, smoothing=0.0, **rounds_):
    """Run elimination where network j's scores of some columns are given by a function."""

    def scorer(trained, index, columns):
        return Scores(scores_of_columns(columns, trained.estimator), None, None, 0.0)

    rounds, networks = KnownRounds(d, n_networks, **rounds_), numbered(n_networks)
    scores = [scorer(trained, None, np.arange(d)) for trained in networks]
    rows = [np.arange(3)] * n_networks
    features = find_groups(groups, None, d)
    found = eliminate(rounds, networks, scores, scorer, rows, step, features, 0.0, smoothing)
    return found, rounds


def test_the_lowest_go_first():
    value = np.array([3.0, 1.0, 4.0, 2.0])
    found, rounds = eliminated(lambda columns, j: value[columns], 4, 1)
    assert rounds.columns == [[0, 2, 3], [0, 2]]  # one alone needs no training
    assert found.ranking.tolist() == [2, 4, 1, 3]
    assert found.n_rounds == 4


def test_groups_go_whole_and_are_counted():
    """Four features of 2, 1, 3 and 1 columns; a step of 1 drops one of them."""
    of_column = np.array([0, 1, 0, 2, 2, 3, 2])
    value = np.array([2.0, 4.0, 1.0, 1.0])[of_column]
    value[5] = 3.0
    found, rounds = eliminated(lambda columns, j: value[columns], 7, 1, groups=of_column)
    assert rounds.columns == [[0, 1, 2, 5], [1, 5]]
    assert found.ranking.tolist() == [3, 1, 3, 4, 4, 2, 4]
    assert found.n_rounds == 4
    # Shares of a round are over features: 2, 4, 1 and 3 of 10, whatever their widths.
    assert found.shares[0, 3] == found.shares[0, 4] == pytest.approx(0.1 / 4)
    assert found.shares[0, [0, 1, 3, 5]].sum() == pytest.approx(1)
    halves, _ = eliminated(lambda columns, j: value[columns], 7, 0.5, groups=of_column)
    assert halves.n_rounds == 3


def test_a_twin_gains_what_its_twin_leaves():
    """Columns 0 and 1 share what they say; once one is gone the other beats column 2."""

    def scores(columns, j):
        value = {0: 2.0, 1: 2.1, 2: 3.0, 3: 0.1}
        alone = {0, 1} & set(columns.tolist()) != {0, 1}
        return np.array([4.0 if c in (0, 1) and alone else value[c] for c in columns.tolist()])

    found, _ = eliminated(scores, 4, 1)
    assert found.ranking.tolist() == [3, 1, 2, 4]


def test_ties_go_by_column():
    found, _ = eliminated(lambda columns, j: np.ones(len(columns)), 5, 1)
    assert found.ranking.tolist() == [1, 2, 3, 4, 5]
    found, _ = eliminated(lambda columns, j: np.zeros(len(columns)), 5, 0.5)
    assert found.ranking.tolist() == [1, 2, 3, 4, 5]
    assert found.shares.tolist() == [[0.0] * 5]


def test_every_network_counts_alike():
    """The second network's scores are a thousand times larger, and say the opposite."""
    value = np.array([[3.0, 2.0, 1.0], [1000.0, 2000.0, 3100.0]])
    found, _ = eliminated(lambda columns, j: value[j][columns], 3, 1, n_networks=2)
    shares = value / value.sum(1, keepdims=True)
    assert found.ranking.argmin() == shares.mean(0).argmax()


def test_importances_are_mean_shares_of_the_rounds():
    value = np.array([3.0, 1.0])
    found, _ = eliminated(lambda columns, j: value[columns], 2, 1)
    np.testing.assert_allclose(found.shares, [[(0.75 + 1) / 2, 0.25 / 2]])
    assert found.shares.mean(0).sum() == pytest.approx(1)


def test_a_network_that_reads_half_of_them_shares_out_half_of_a_round():
    """Each network reads one of the two features left, which then has all of its scores."""

    def halves(n_features):
        return [np.array([True, False]), np.array([False, True])]

    def scores(columns, j):
        if len(columns) == 3:
            return np.array([5.0, 3.0, 2.0])
        return np.array([0.0, 7.0]) if j == 0 else np.array([7.0, 0.0])

    found, rounds = eliminated(scores, 3, 1, 2, halves=halves)
    assert rounds.dealt == [(2, 2)]
    assert [own.tolist() for own in rounds.closed[0]] == [[True, False], [False, True]]
    # Feature 0 is there in three rounds, of which network 0 has read it in the first alone, and
    # network 1 in all; feature 1 in two, of which network 1 has read it in the first.
    expected = [
        [0.5, (0.3 + 0.5) / 3, 0.2 / 3],
        [(0.5 + 0.5 + 1.0) / 3, 0.3 * 2 / 3, 0.2 / 3],
    ]
    np.testing.assert_allclose(found.shares, expected)


def test_columns_of_a_feature_are_dealt_together():
    of_column = np.array([0, 1, 0, 2, 1])

    def halves(n_features):
        return [np.arange(n_features) == 0]

    value = np.array([3.0, 2.0, 3.0, 1.0, 2.0])
    _, rounds = eliminated(lambda columns, j: value[columns], 5, 1, groups=of_column, halves=halves)
    assert rounds.columns == [[0, 1, 2, 4]]
    assert rounds.closed[0][0].tolist() == [True, False, True, False]


def noisy_scores(columns, j):
    """As a round and a network would say them, signed."""
    rng = np.random.default_rng([len(columns), j])
    return np.linspace(1, 2, 12)[columns] + rng.uniform(-2, 2, len(columns))


@pytest.mark.parametrize("smoothing", [0.0, 0.3, 0.5, 0.9])
@pytest.mark.parametrize("step", [1, 3, 0.4])
def test_what_goes_is_decided_by_the_rounds_so_far(smoothing, step):
    found, rounds = eliminated(noisy_scores, 12, step, 2, smoothing=smoothing)
    left = smoothed_elimination(noisy_scores, 12, 2, step, smoothing)
    assert [list(range(12)), *rounds.columns] == left[:-1]  # the last trains nothing
    assert found.n_rounds == len(left)
    # What is said of a feature is not smoothed, it is averaged.
    expected = np.zeros((2, 12))
    for columns in [list(range(12)), *rounds.columns]:
        for j in range(2):
            said = noisy_scores(np.array(columns), j)
            share = said / np.abs(said).sum()
            expected[j, columns] += share / found.n_rounds
            if columns == rounds.columns[-1]:  # alone, the last one has all of it
                (last,) = left[-1]
                expected[j, last] += np.sign(share[columns.index(last)]) / found.n_rounds
    np.testing.assert_allclose(found.shares, expected, rtol=1e-12, atol=1e-15)


def test_a_round_of_halves_counts_half_in_what_goes():
    """Feature 1 leads feature 2 in the first round, and trails it in the second, of halves."""

    def halves(n_features):
        dealt = [np.array([True, False, False]), np.array([False, True, True])]
        return dealt if n_features == 3 else [None, None]

    def scores(columns, j):
        if len(columns) == 4:
            return np.array([4.0, 3.0, 2.0, 1.0])
        return np.array([[0.0, 0.38, 0.62], [1.0, 0.0, 0.0]])[j][columns]

    first, second = np.array([4, 3, 2]) / 9, np.array([1 / 3, 0.38 * 2 / 3, 0.62 * 2 / 3]) / 2
    assert (first + second).argmin() == 2
    assert (first + 2 * second).argmin() == 1  # were it a whole round
    rounds = eliminated(scores, 4, 1, 2, smoothing=0.5, halves=halves)[1]
    assert rounds.columns == [[0, 1, 2], [0, 1]]


def test_one_bad_round_does_not_cost_a_feature_its_place():
    """Column 0 leads in all rounds but the second."""

    def scores(columns, j):
        value = np.array([8.0, 4.0, 3.0, 2.0, 1.0])[columns]
        return np.where(columns == 0, 0.5, value) if len(columns) == 4 else value

    assert 0 not in eliminated(scores, 5, 1)[1].columns[1]
    found, rounds = eliminated(scores, 5, 1, smoothing=0.5)
    assert 0 in rounds.columns[-1]
    assert found.ranking[0] == 1


def test_each_round_trains_one_network_of_six_anew_each_in_its_turn():
    """The others go on from what they learned, whatever columns are left."""

    def anew_of(n_networks, **given):
        rounds = eliminated(lambda columns, j: columns + 1.0, 14, 1, n_networks, **given)[1]
        assert len(rounds.starts) == 12
        for starts in rounds.starts:
            assert {s for s in starts if s} <= {f"weights of {j}" for j in range(n_networks)}
        return [[j for j, start in enumerate(s) if start is None] for s in rounds.starts], rounds

    anew, rounds = anew_of(18)
    assert anew[:6] == [[j, j + 6, j + 12] for j in (5, 4, 3, 2, 1, 0)]
    assert anew[6:12] == anew[:6]
    assert rounds.cuts[0] == (14, list(range(1, 14)))
    assert rounds.cuts[-1] == (3, [1, 2])
    assert rounds.numbers == list(range(2, 14))  # the first round was number 1
    anew, rounds = anew_of(7)
    assert anew[:6] == [[5], [4], [3], [2], [1], [0]]
    assert not any(anew_of(5)[0])  # too few to do without what one has learned
    assert not any(anew_of(7, ours=False)[0])


def test_those_in_the_place_of_linear_networks_start_anew_once():
    """Their kind changes between the first round and the second, and not again."""

    def anew_of(linear):
        found, rounds = eliminated(lambda columns, j: columns + 1.0, 14, 1, 18, linear=linear)
        assert found.linear_replaced is bool(linear)
        return [{j for j, start in enumerate(s) if start is None} for s in rounds.starts]

    plain, changed = anew_of([]), anew_of([2, 8, 14])
    assert changed[0] == plain[0] | {2, 8, 14} == {5, 11, 17, 2, 8, 14}
    assert changed[1:] == plain[1:]


def test_shares_are_those_of_each_network():
    value = np.array([[3.0, 1.0], [20.0, 20.0]])
    found, _ = eliminated(lambda columns, j: value[j][columns], 2, 1, n_networks=2)
    np.testing.assert_allclose(found.shares, [[(0.75 + 1) / 2, 0.25 / 2], [0.75, 0.25]])


def test_signed_scores_rank_from_the_largest_down():
    value = np.array([-3.0, 1.0, 0.5, -0.1])
    found, _ = eliminated(lambda columns, j: value[columns], 4, 1)
    assert found.ranking.tolist() == [4, 1, 2, 3]


@pytest.mark.parametrize("d", [1, 2, 3])
@pytest.mark.parametrize("step", [1, 5, 0.1, 0.9])
def test_few_columns(d, step):
    found, rounds = eliminated(lambda c, j: np.ones(len(c)), d, step)
    assert sorted(found.ranking) == list(range(1, d + 1))
    assert all(len(columns) >= 1 for columns in rounds.columns)
    assert found.n_rounds == len(rounds.columns) + (2 if d > 1 else 1)


# Networks that are trained


class Watched:
    """Scores by a function, and what it was asked to score."""

    def __init__(self, overall) -> None:
        self.overall, self.seen = overall, []

    def __call__(self, trained, index, columns):
        self.seen.append((len(columns), trained.core[0].in_features, trained.epochs))
        return Scores(self.overall(trained, columns), None, None, 0.0)


def eliminated_in_halves(rounds, scorer):
    networks, rows = rounds.train(rounds.every_column), [rounds.data.index] * len(rounds.splits)
    scores = [scorer(trained, rows[0], rounds.every_column) for trained in networks]
    return eliminate(rounds, networks, scores, scorer, rows, 0.5, find_groups(None, None, 6))


@pytest.mark.parametrize("path", [False, True])
def test_rounds_that_go_on_are_half_as_long(path):
    gates = GateSettings(tuple(range(6)), path_steps=7) if path else None
    settings = NetworkSettings((4,), max_epochs=3, patience=None, gates=gates)
    scorer = Watched(lambda trained, columns: np.ones(len(columns)))
    eliminated_in_halves(rounds_of(real_data(), settings), scorer)
    # An epoch is one step: 120 rows are one batch.
    assert [n for n, _, _ in scorer.seen] == [6, 6, 3, 3]
    first, later = (7, 4) if path else (3, 2)
    assert [epochs for _, _, epochs in scorer.seen] == [first] * 2 + [later] * 2


def test_elimination_goes_on_without_null_columns():
    def norms(trained, columns):
        return trained.core[0].weight.detach().norm(dim=0).numpy()[: len(columns)]

    scorer = Watched(norms)
    ranking = eliminated_in_halves(rounds_of(real_data(), null_columns=True), scorer).ranking
    assert [width for _, width, _ in scorer.seen] == [12, 12, 3, 3]
    assert set(np.argsort(ranking)[:2]) == {0, 1}


def test_a_share_is_the_geometric_mean_of_scores_and_path():
    """``s^(1-w) p^w``, as shares again; what scores nothing has none, null features' paths none."""
    path = torch.tensor([0.1, 0.2, 0.3, 0.1, 0.3])  # the last two are of null features
    gates = GateReading(path, path, path, path)
    trained = TrainedNetwork(None, torch.nn.Linear(1, 1), None, gates=gates)
    shares = np.array([0.5, 0.0, 0.5])
    expected = np.array([0.5**0.75 * 0.1**0.25, 0, 0.5**0.75 * 0.3**0.25])
    np.testing.assert_allclose(
        _with_path(shares, trained, 0.25), expected / expected.sum(), rtol=1e-6
    )
