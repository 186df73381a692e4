"""Plans, rounds and elimination, apart from any real network."""

from types import SimpleNamespace

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from sklearn.neural_network import MLPClassifier

from sklearn_deeplifft import DeepLIFFTSelector
from sklearn_deeplifft.ensembles import TrainingConfig, exported, finish, make_plan, run, untrained
from sklearn_deeplifft.networks import GateSettings, NetworkSettings
from sklearn_deeplifft.selectors import _elimination
from sklearn_deeplifft.selectors._elimination import eliminate
from sklearn_deeplifft.selectors._scores import Scores
from sklearn_deeplifft.tables import FitData, Rows, encode_target, find_groups, validated
from tests.oracles import smoothed_elimination


def recipe(**changes) -> TrainingConfig:
    given = {
        "estimator": None,
        "settings": NetworkSettings(),
        "n_networks": 5,
        "score_on": "validation",
        "validation_fraction": 0.2,
        "standardize": True,
        "report": lambda line: None,
    }
    return TrainingConfig(**{**given, **changes})


def data_of(n=100, n_classes=2, groups=None, scored=None, index=None, d=6):
    y = np.arange(n) % n_classes
    return SimpleNamespace(
        rows=Rows(np.zeros((n, d))),
        target=encode_target(y, "classification"),
        index=np.arange(n) if index is None else index,
        training_weight=np.ones(n),
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


def eliminated(scores_of_columns, d, step, monkeypatch, n_networks=1, groups=None, smoothing=0.0):
    """Run elimination where network j's scores of some columns are given by a function."""
    rounds = []

    def fake_run(recipe, data, plan, columns, score, starts, stage):
        rounds.append(columns.tolist())
        made = [Scores(scores_of_columns(columns, j), None, None, 0.0) for j in range(n_networks)]
        return [None] * n_networks, made

    monkeypatch.setattr(_elimination, "run", fake_run)
    monkeypatch.setattr(_elimination, "warm_start", lambda *args: None)
    first = [Scores(scores_of_columns(np.arange(d), j), None, None, 0.0) for j in range(n_networks)]
    data = SimpleNamespace(rows=Rows(np.zeros((3, d))))
    features = find_groups(groups, None, d)
    found = eliminate(
        recipe(), data, [None], [None] * n_networks, first, None, step, features, 0.0, smoothing
    )
    return found, rounds


def test_the_lowest_go_first(monkeypatch):
    value = np.array([3.0, 1.0, 4.0, 2.0])
    found, rounds = eliminated(lambda columns, j: value[columns], 4, 1, monkeypatch)
    assert rounds == [[0, 2, 3], [0, 2], [2]]
    assert found.ranking.tolist() == [2, 4, 1, 3]
    assert found.n_rounds == 4


def test_groups_go_whole_and_are_counted(monkeypatch):
    """Four features of 2, 1, 3 and 1 columns; a step of 1 drops one of them."""
    of_column = np.array([0, 1, 0, 2, 2, 3, 2])
    value = np.array([2.0, 4.0, 1.0, 1.0])[of_column]
    value[5] = 3.0
    found, rounds = eliminated(
        lambda columns, j: value[columns], 7, 1, monkeypatch, groups=of_column
    )
    assert rounds == [[0, 1, 2, 5], [1, 5], [1]]
    assert found.ranking.tolist() == [3, 1, 3, 4, 4, 2, 4]
    assert found.n_rounds == 4
    # Shares of a round are over features: 2, 4, 1 and 3 of 10, whatever their widths.
    assert found.shares[0, 3] == found.shares[0, 4] == pytest.approx(0.1 / 4)
    assert found.shares[0, [0, 1, 3, 5]].sum() == pytest.approx(1)
    halves, _ = eliminated(lambda columns, j: value[columns], 7, 0.5, monkeypatch, groups=of_column)
    assert halves.n_rounds == 3


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


def noisy_scores(columns, j):
    """As a round and a network would say them, signed."""
    rng = np.random.default_rng([len(columns), j])
    return np.linspace(1, 2, 12)[columns] + rng.uniform(-2, 2, len(columns))


@pytest.mark.parametrize("smoothing", [0.0, 0.3, 0.5, 0.9])
@pytest.mark.parametrize("step", [1, 3, 0.4])
def test_what_goes_is_decided_by_the_rounds_so_far(monkeypatch, smoothing, step):
    found, rounds = eliminated(noisy_scores, 12, step, monkeypatch, 2, smoothing=smoothing)
    assert [list(range(12)), *rounds] == smoothed_elimination(noisy_scores, 12, 2, step, smoothing)
    assert found.n_rounds == len(rounds) + 1
    # What is said of a feature is not smoothed, it is averaged.
    expected = np.zeros((2, 12))
    for columns in [list(range(12)), *rounds]:
        for j in range(2):
            said = noisy_scores(np.array(columns), j)
            expected[j, columns] += said / np.abs(said).sum() / found.n_rounds
    np.testing.assert_allclose(found.shares, expected, rtol=1e-12, atol=1e-15)


def test_one_bad_round_does_not_cost_a_feature_its_place(monkeypatch):
    """Column 0 leads in all rounds but the second."""

    def scores(columns, j):
        value = np.array([8.0, 4.0, 3.0, 2.0, 1.0])[columns]
        return np.where(columns == 0, 0.5, value) if len(columns) == 4 else value

    assert 0 not in eliminated(scores, 5, 1, monkeypatch)[1][1]
    found, rounds = eliminated(scores, 5, 1, monkeypatch, smoothing=0.5)
    assert rounds[-1] == [0]
    assert found.ranking[0] == 1


def test_each_round_trains_one_network_of_six_anew_each_in_its_turn(monkeypatch):
    """The others go on from what they learned, whatever columns are left."""
    anew, widths = [], []

    def fake_run(recipe, data, plan, columns, score, starts, stage):
        anew.append([j for j, start in enumerate(starts) if start is None])
        made = [Scores(np.arange(len(columns)) + 1.0, None, None, 0.0) for _ in starts]
        return list(range(len(starts))), made

    def going_on(trained, estimator, stay, width):
        widths.append((width, stay.tolist()))
        return "weights"

    monkeypatch.setattr(_elimination, "run", fake_run)
    monkeypatch.setattr(_elimination, "warm_start", going_on)
    first = [Scores(np.arange(14) + 1.0, None, None, 0.0)] * 18
    data = SimpleNamespace(rows=Rows(np.zeros((3, 14))))
    features = find_groups(None, None, 14)
    eliminate(recipe(), data, [None] * 18, list(range(18)), first, None, 1, features)
    assert anew[:6] == [[j, j + 6, j + 12] for j in (5, 4, 3, 2, 1, 0)]
    assert anew[6:12] == anew[:6]
    assert widths[0] == (14, list(range(1, 14)))
    assert widths[-1] == (2, [1])
    anew.clear()
    eliminate(recipe(), data, [None] * 7, list(range(7)), first[:7], None, 1, features)
    assert anew[:6] == [[5], [4], [3], [2], [1], [0]]
    anew.clear()
    eliminate(recipe(), data, [None] * 5, list(range(5)), first[:5], None, 1, features)
    assert len(anew) == 13
    assert not any(anew)  # too few to do without what one has learned
    anew.clear()
    theirs = recipe(estimator=torch.nn.Linear(14, 2))
    eliminate(theirs, data, [None] * 7, list(range(7)), first[:7], None, 1, features)
    assert len(anew) == 13
    assert not any(anew)


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


# Null features


def test_null_features_change_nothing_else_of_a_plan():
    for part, plain in zip(plan_of(data_of(), null_features=True), plan_of(data_of()), strict=True):
        assert plain.nulls is None
        assert part.seed == plain.seed
        for rows in ("training", "validation", "scored"):
            np.testing.assert_array_equal(getattr(part, rows), getattr(plain, rows))


def test_every_network_has_null_features_of_its_own_that_keep_held_out_rows_apart():
    index = np.arange(0, 100, 2)[::-1]
    plan = plan_of(data_of(index=index), null_features=True)
    for part in plan:
        assert part.nulls.shape == (100,)
        assert set(part.nulls[part.training]) == set(part.training)
        assert set(part.nulls[part.validation]) == set(part.validation)
        np.testing.assert_array_equal(part.nulls[1::2], np.arange(1, 100, 2))
        assert (part.nulls[part.training] != part.training).mean() > 0.5
    assert len({part.nulls.tobytes() for part in plan}) == len(plan)
    again = plan_of(data_of(index=index), null_features=True)
    assert [p.nulls.tolist() for p in plan] == [p.nulls.tolist() for p in again]


def test_rows_without_weight_stand_in_for_none():
    data = data_of()
    data.training_weight[data.target.codes[:, 0] == 1] = 0
    for part in plan_of(data, null_features=True):
        np.testing.assert_array_equal(part.nulls[1::2], np.arange(1, 100, 2))
        assert (part.nulls[::2] % 2 == 0).all()


@pytest.mark.parametrize(
    "estimator", [torch.nn.Linear(6, 2), MLPClassifier()], ids=["torch", "mlp"]
)
def test_a_network_of_the_users_cannot_carry_null_features(estimator):
    with pytest.raises(ValueError, match=r"twice the inputs.*Pass estimator=None"):
        plan_of(data_of(), null_features=True, estimator=estimator)


def real_data(*, sparse=False, standardize=True, regression=False) -> FitData:
    """Columns that start at zero and are not centred; the first two matter."""
    rng = np.random.default_rng(0)
    X = rng.poisson(1.5, size=(150, 6)) * np.arange(1.0, 7.0)
    y = X[:, 0] - X[:, 1] + 0.1 * rng.normal(size=150)
    selector = DeepLIFFTSelector(
        standardize=standardize, task="regression" if regression else "auto"
    )
    y = y if regression else y > np.median(y)
    return validated(selector, sp.csr_array(X) if sparse else X, y, None, None, None, "auto")


def trained_with_nulls(data):
    """Networks on all columns; ``widths`` are the inputs of each core that is scored."""
    chosen = recipe(
        settings=NetworkSettings((8,), learning_rate=0.02, batch_size=32, max_epochs=5),
        n_networks=2,
        null_features=True,
        score_on="all",
    )
    plan = make_plan(chosen, data, np.random.RandomState(0))
    widths = []

    def score(trained, rows, columns):
        widths.append(trained.core[0].in_features)
        norms = trained.core[0].weight.detach().norm(dim=0).numpy()
        return Scores(norms[: len(columns)], None, None, 0.0)

    networks, scores = run(chosen, data, plan, np.arange(6), score)
    return SimpleNamespace(
        recipe=chosen, plan=plan, score=score, networks=networks, scores=scores, widths=widths
    )


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("regression", [False, True])
def test_what_is_kept_is_the_network_with_null_columns_at_their_means(
    sparse, standardize, regression
):
    data = real_data(sparse=sparse, standardize=standardize, regression=regression)
    X = data.rows.take(slice(None))
    found = trained_with_nulls(data)
    before = [trained.core for trained in found.networks]
    finish(found.recipe, data, found.networks)
    for trained, kept in zip(found.networks, exported(data, found.networks), strict=True):
        wide = np.hstack([X, np.tile(data.mean, (len(X), 1))])
        expected = trained.estimator.forward(wide)
        np.testing.assert_allclose(kept.estimator.forward(X), expected, rtol=1e-4, atol=1e-4)
        assert kept.with_nulls in before
    if regression:  # in the target's units, null columns or not
        assert abs(kept.estimator.forward(X).mean() - data.target.codes.mean()) < 1.5


def test_networks_without_null_features_are_kept_as_they_are():
    data, plain = real_data(), recipe(settings=NetworkSettings((4,), max_epochs=1), n_networks=1)
    plan = make_plan(plain, data, np.random.RandomState(0))
    networks, _ = run(plain, data, plan, np.arange(6), lambda *args: Scores(*[None] * 4))
    assert exported(data, networks)[0] is networks[0]
    assert networks[0].with_nulls is None


@pytest.mark.parametrize("path", [False, True])
def test_rounds_that_go_on_are_half_as_long(monkeypatch, path):
    gates = GateSettings(tuple(range(6)), shown=False, path_steps=7) if path else None
    data, lengths = real_data(), []
    settings = NetworkSettings((4,), max_epochs=3, patience=None, gates=gates)
    given = recipe(settings=settings, n_networks=2)

    def score(trained, rows, columns):
        lengths.append((len(columns), trained.epochs))
        return Scores(np.ones(len(columns)), None, None, 0.0)

    plan = make_plan(given, data, np.random.RandomState(0))
    fitted = run(given, data, plan, np.arange(6), score)
    eliminate(given, data, plan, *fitted, score, 0.5, find_groups(None, None, 6))
    # An epoch is one step: 120 rows are one batch.
    assert [n for n, _ in lengths] == [6, 6, 3, 3, 1, 1]
    first, later = (7, 4) if path else (3, 2)
    assert [epochs for _, epochs in lengths] == [first] * 2 + [later] * 4


def test_elimination_goes_on_without_null_columns():
    data = real_data()
    found = trained_with_nulls(data)
    fitted = (found.networks, found.scores, found.score)
    ranking = eliminate(
        found.recipe, data, found.plan, *fitted, 0.5, find_groups(None, None, 6)
    ).ranking
    assert found.widths == [12, 12, 3, 3, 1, 1]
    assert set(np.argsort(ranking)[:2]) == {0, 1}


def test_before_the_first_step_a_network_reads_as_many_columns():
    data = real_data()
    plan = make_plan(recipe(null_features=True), data, np.random.RandomState(0))
    first = untrained(recipe(null_features=True), data, plan[0])
    assert first.core[0].in_features == 12
    assert first.standardize.mean.shape == (12,)
    assert untrained(recipe(), data, plan[0]._replace(nulls=None)).core[0].in_features == 6
