"""Plans, rounds and elimination, apart from any real network."""

from types import SimpleNamespace

import numpy as np
import pytest

from sklearn_deeplifft import _training
from sklearn_deeplifft._targets import encode_target
from sklearn_deeplifft._training import Recipe, Scores, eliminate, make_plan
from sklearn_deeplifft.networks import NetSettings, Rows


def recipe(**changes) -> Recipe:
    given = {
        "estimator": None,
        "settings": NetSettings(),
        "n_networks": 5,
        "score_on": "validation",
        "validation_fraction": 0.2,
        "standardize": True,
        "report": lambda line: None,
    }
    return Recipe(**{**given, **changes})


def data_of(n=100, n_classes=2, groups=None, scored=None, index=None, d=6):
    y = np.arange(n) % n_classes
    return SimpleNamespace(
        rows=Rows(np.zeros((n, d))),
        target=encode_target(y, "auto"),
        index=np.arange(n) if index is None else index,
        score_weight=np.ones(n) if scored is None else scored.astype(float),
        groups=groups,
    )


def plan_of(data, seed=0, **changes):
    return make_plan(recipe(**changes), data, np.random.RandomState(seed))


def test_each_network_holds_another_fold_out():
    plan = plan_of(data_of())
    assert [len(part.validation) for part in plan] == [20] * 5
    held = np.concatenate([part.validation for part in plan])
    assert sorted(held) == list(range(100))
    for part in plan:
        assert sorted([*part.training, *part.validation]) == list(range(100))
        np.testing.assert_array_equal(part.scored, part.validation)


def test_folds_are_dealt_anew_when_all_have_been_used():
    plan = plan_of(data_of(), n_networks=10)
    assert sorted(np.concatenate([p.validation for p in plan[5:]])) == list(range(100))
    assert set(plan[0].validation) != set(plan[5].validation)


def test_networks_have_seeds_of_their_own():
    seeds = [part.seed for part in plan_of(data_of(), n_networks=20)]
    assert len(set(seeds)) == 20
    assert seeds == [part.seed for part in plan_of(data_of(), n_networks=20)]
    assert seeds != [part.seed for part in plan_of(data_of(), n_networks=20, seed=1)]


def test_more_networks_begin_with_the_same_ones():
    few, many = plan_of(data_of(), n_networks=2), plan_of(data_of(), n_networks=4)
    for a, b in zip(few, many, strict=False):
        assert a.seed == b.seed
        np.testing.assert_array_equal(a.training, b.training)


@pytest.mark.parametrize(("fraction", "held"), [(0.5, 50), (0.25, 25), (0.1, 10), (0.34, 33)])
def test_the_fraction_held_out(fraction, held):
    sizes = [len(p.validation) for p in plan_of(data_of(), validation_fraction=fraction)]
    assert max(abs(np.array(sizes) - held)) <= 1


@pytest.mark.parametrize(("fraction", "n_folds"), [(0.4, 2), (0.3, 3), (0.45, 2), (0.15, 7)])
def test_fractions_that_are_no_whole_number_of_folds(fraction, n_folds):
    """As documented, one of round(1 / validation_fraction) folds is held out."""
    assert n_folds == round(1 / fraction)
    plan = plan_of(data_of(), validation_fraction=fraction, n_networks=2 * n_folds)
    for dealt in (plan[:n_folds], plan[n_folds:]):
        assert sorted(np.concatenate([part.validation for part in dealt])) == list(range(100))
        assert max(abs(len(part.validation) - 100 / n_folds) for part in dealt) < 1


@pytest.mark.parametrize("score_on", ["validation", "training", "all"])
def test_no_fraction_holds_nothing_out(score_on):
    for part in plan_of(data_of(), validation_fraction=0, score_on=score_on):
        assert len(part.validation) == 0
        assert len(part.training) == len(part.scored) == 100


@pytest.mark.parametrize(("score_on", "n"), [("validation", 20), ("training", 80), ("all", 100)])
def test_rows_scored(score_on, n):
    assert {len(part.scored) for part in plan_of(data_of(), score_on=score_on)} == {n}


def test_out_of_fold_deals_as_many_folds_as_networks():
    plan = plan_of(data_of(), n_networks=4, score_on="out_of_fold", validation_fraction=0.1)
    assert [len(part.scored) for part in plan] == [25] * 4
    assert sorted(np.concatenate([p.scored for p in plan])) == list(range(100))
    with pytest.raises(ValueError, match="n_networks >= 2, got 1"):
        plan_of(data_of(), n_networks=1, score_on="out_of_fold")


def test_a_mask_limits_what_is_scored_and_nothing_else():
    mask = np.arange(100) < 50
    masked, plain = plan_of(data_of(scored=mask)), plan_of(data_of())
    for a, b in zip(masked, plain, strict=True):
        np.testing.assert_array_equal(a.training, b.training)
        np.testing.assert_array_equal(a.scored, b.scored[mask[b.scored]])


def test_a_mask_that_leaves_nothing_held_out_scores_what_it_names():
    mask = np.arange(100) == 3
    for part in plan_of(data_of(scored=mask)):
        assert part.scored.tolist() == [3]


def test_positions_are_those_of_the_table():
    index = np.arange(0, 100, 2)[::-1]
    for part in plan_of(data_of(index=index)):
        assert set(part.training) | set(part.validation) == set(index)


def test_folds_are_balanced_by_class():
    for part in plan_of(data_of(n_classes=4)):
        assert np.bincount(part.validation % 4).tolist() == [5, 5, 5, 5]


def test_groups_stay_together():
    groups = np.arange(100) // 10
    for part in plan_of(data_of(groups=groups)):
        assert not set(groups[part.training]) & set(groups[part.validation])
        assert len(part.validation) == 20


# Elimination with scores that are known


def eliminated(scores_of_columns, d, step, monkeypatch, n_networks=1):
    """Run elimination where network j's scores of some columns are given by a function."""
    rounds = []

    def fake_run(recipe, data, plan, columns, score, starts, stage):
        rounds.append(columns.tolist())
        made = [Scores(scores_of_columns(columns, j), None, None, 0.0) for j in range(n_networks)]
        return [None] * n_networks, made

    monkeypatch.setattr(_training, "run", fake_run)
    monkeypatch.setattr(_training, "restricted", lambda *args: None)
    first = [Scores(scores_of_columns(np.arange(d), j), None, None, 0.0) for j in range(n_networks)]
    data = SimpleNamespace(rows=Rows(np.zeros((3, d))))
    found = eliminate(recipe(), data, [None], [None] * n_networks, first, None, step)
    return found, rounds


def test_the_lowest_go_first(monkeypatch):
    value = np.array([3.0, 1.0, 4.0, 2.0])
    found, rounds = eliminated(lambda columns, j: value[columns], 4, 1, monkeypatch)
    assert rounds == [[0, 2, 3], [0, 2], [2]]
    assert found.ranking.tolist() == [2, 4, 1, 3]
    assert found.n_rounds == 4


def test_a_twin_gains_what_its_twin_leaves(monkeypatch):
    """Columns 0 and 1 share what they say; once one is gone the other beats column 2."""

    def scores(columns, j):
        value = {0: 2.0, 1: 2.1, 2: 3.0, 3: 0.1}
        alone = {0, 1} & set(columns.tolist()) != {0, 1}
        return np.array([4.0 if c in (0, 1) and alone else value[c] for c in columns.tolist()])

    found, _ = eliminated(scores, 4, 1, monkeypatch)
    assert found.ranking.tolist() == [3, 1, 2, 4]


def test_ties_go_by_column(monkeypatch):
    found, _ = eliminated(lambda columns, j: np.ones(len(columns)), 5, 1, monkeypatch)
    assert found.ranking.tolist() == [1, 2, 3, 4, 5]
    found, _ = eliminated(lambda columns, j: np.zeros(len(columns)), 5, 0.5, monkeypatch)
    assert found.ranking.tolist() == [1, 2, 3, 4, 5]
    assert found.shares.tolist() == [[0.0] * 5]


def test_every_network_counts_alike(monkeypatch):
    """The second network's scores are a thousand times larger, and say the opposite."""
    value = np.array([[3.0, 2.0, 1.0], [1000.0, 2000.0, 3100.0]])
    found, _ = eliminated(lambda columns, j: value[j][columns], 3, 1, monkeypatch, n_networks=2)
    shares = value / value.sum(1, keepdims=True)
    assert found.ranking.argmin() == shares.mean(0).argmax()


def test_importances_are_mean_shares_of_the_rounds(monkeypatch):
    value = np.array([3.0, 1.0])
    found, _ = eliminated(lambda columns, j: value[columns], 2, 1, monkeypatch)
    np.testing.assert_allclose(found.shares, [[(0.75 + 1) / 2, 0.25 / 2]])
    assert found.shares.mean(0).sum() == pytest.approx(1)


def test_shares_are_those_of_each_network(monkeypatch):
    value = np.array([[3.0, 1.0], [20.0, 20.0]])
    found, _ = eliminated(lambda columns, j: value[j][columns], 2, 1, monkeypatch, n_networks=2)
    np.testing.assert_allclose(found.shares, [[(0.75 + 1) / 2, 0.25 / 2], [0.75, 0.25]])


def test_signed_scores_rank_from_the_largest_down(monkeypatch):
    value = np.array([-3.0, 1.0, 0.5, -0.1])
    found, _ = eliminated(lambda columns, j: value[columns], 4, 1, monkeypatch)
    assert found.ranking.tolist() == [4, 1, 2, 3]


@pytest.mark.parametrize("d", [1, 2, 3])
@pytest.mark.parametrize("step", [1, 5, 0.1, 0.9])
def test_few_columns(d, step, monkeypatch):
    found, rounds = eliminated(lambda c, j: np.ones(len(c)), d, step, monkeypatch)
    assert sorted(found.ranking) == list(range(1, d + 1))
    assert all(len(columns) >= 1 for columns in rounds)
    assert found.n_rounds == len(rounds) + 1
