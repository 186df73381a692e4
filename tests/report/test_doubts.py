"""What to distrust: each check finds what was planted, and nothing where nothing was."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from sklearn_deeplifft.report import _doubts, _leaks
from sklearn_deeplifft.report._alone import Target, alone
from sklearn_deeplifft.report._doubts import doubts_of
from sklearn_deeplifft.report._evidence import Evidence
from sklearn_deeplifft.report._features import Features, StabilityPoint
from sklearn_deeplifft.report._ranking_table import columns_of
from sklearn_deeplifft.tables import Rows

CLASSES = ("a", "b")


def ensemble(predicted=CLASSES, score=0.9, p=0.001):
    return SimpleNamespace(
        out_of_fold_score_=score, chance_p_value_=p, predict=lambda X: np.array(predicted)
    )


def evidence(X, codes=None, *, names=None, groups=None, partners=(), stability=1.0, **selector):
    """Evidence of a selector that ranks the columns of ``X`` in their order."""
    X = np.asarray(X, dtype=float)
    n, d = X.shape
    names = [f"f{i}" for i in range(d)] if names is None else names
    given = {
        "at_chance_": False,
        "decomposition_error_": 1e-7,
        "importances_per_network_": np.zeros((3, d)),
        "classes_": np.array(CLASSES),
        "estimator_": ensemble(),
        **selector,
    }
    features = Features(
        frame=pd.DataFrame({"feature": names}),
        names=list(names),
        columns=[np.array([i]) for i in range(d)],
        labels=list(CLASSES),
        scores=np.zeros((d, 2)),
        slopes=np.zeros((d, 2)),
        signs=np.zeros((d, 2)),
        partners=[partners] * min(d, 3),
        by_network=np.ones((3, d)),
        stability=[StabilityPoint(3, stability, np.ones(d))],
    )
    codes = np.arange(n) % 2 if codes is None else np.asarray(codes)
    target = Target(codes, classification=True, labels=CLASSES, groups=groups)
    return Evidence(
        SimpleNamespace(**given), X, Rows(X), names, features, target, target_name="outcome"
    )


def noise(n=120, d=4, seed=0):
    return np.random.default_rng(seed).normal(size=(n, d))


def level(check, given):
    found = check(given)
    return None if found is None else found.level


def test_nothing_is_found_where_nothing_was_planted():
    given = evidence(noise(), estimator_=ensemble(score=0.9))
    assert {doubt.level for doubt in doubts_of(given)} == {"clear"}


def test_the_worst_comes_first():
    X = np.column_stack([np.arange(120), noise()])
    given = evidence(X, at_chance_=None, partners=("copy",))
    levels = [doubt.level for doubt in doubts_of(given)]
    assert levels == sorted(levels, key=_doubts.LEVELS.index)
    assert levels[:3] == ["serious", "caution", "unknown"]


@pytest.mark.parametrize(
    ("at_chance", "expected"), [(True, "serious"), (None, "unknown"), (False, "clear")]
)
def test_chance(at_chance, expected):
    assert level(_doubts._chance, evidence(noise(), at_chance_=at_chance)) == expected


def test_what_helps_where_held_out_rows_cannot_tell():
    # Each network holds out a part: of few networks it is they that are too few.
    finding = _doubts._chance(evidence(noise(), at_chance_=None)).finding
    assert "more rows, or more networks" in finding
    assert "rows held out are too few" in finding


@pytest.mark.parametrize(
    ("n", "d", "expected"),
    [(200, 4, "clear"), (50, 4, "caution"), (12, 4, "serious"), (100, 200, "caution")],
)
def test_few_rows(n, d, expected):
    assert level(_doubts._few_rows, evidence(noise(n, d))) == expected


def test_few_groups_are_few_whatever_their_rows():
    given = evidence(noise(), groups=np.arange(120) // 20)
    assert _doubts._few_rows(given).level == "serious"
    assert "6 groups" in _doubts._few_rows(given).finding


def test_a_class_that_is_never_predicted():
    given = evidence(noise(), estimator_=ensemble(predicted=("a", "a")))
    assert _doubts._never_predicted(given).level == "serious"
    assert "to be b," in _doubts._never_predicted(given).finding


@pytest.mark.parametrize(("stability", "expected"), [(0.1, "caution"), (0.8, "clear")])
def test_networks_that_disagree(stability, expected):
    assert level(_doubts._networks_disagree, evidence(noise(), stability=stability)) == expected


def test_a_single_network_is_a_caution():
    given = evidence(noise(), importances_per_network_=np.zeros((1, 4)))
    assert level(_doubts._networks_disagree, given) == "caution"


@pytest.mark.parametrize(("error", "expected"), [(0.1, "serious"), (1e-6, None), (np.nan, None)])
def test_an_inexact_reading(error, expected):
    assert level(_doubts._inexact, evidence(noise(), decomposition_error_=error)) == expected


@pytest.mark.parametrize(("strength", "expected"), [(0.01, "serious"), (5.0, "clear")])
def test_one_feature_that_explains_everything(strength, expected):
    codes = np.arange(120) % 2
    X = noise()
    X[:, 0] = codes + strength * X[:, 0]
    given = evidence(X, codes, estimator_=ensemble(score=1.0))
    assert level(_leaks._one_explains_all, given) == expected


def test_a_feature_by_itself_is_not_judged_where_groups_are_few():
    found = _leaks._one_explains_all(evidence(noise(), groups=np.arange(120) // 40))
    assert found.level == "unknown"
    assert "too few groups of rows (3)" in found.finding


def test_of_a_single_feature_nothing_else_is_expected():
    assert _leaks._one_explains_all(evidence(noise(d=1))) is None


@pytest.mark.parametrize(
    ("name", "values", "word"),
    [
        ("row", np.arange(120.0), "counts or names rows"),
        ("patient_id", np.random.default_rng(0).permutation(5000)[:120], "counts or names rows"),
        ("time", np.sort(np.random.default_rng(0).normal(size=120)), "from row to row"),
        ("left", -np.sort(np.random.default_rng(0).normal(size=120)), "from row to row"),
        ("outcome_log", noise()[:, 0], "has the target in its name"),
    ],
)
def test_columns_that_give_the_target_away(name, values, word):
    X = np.column_stack([values, noise()])
    found = _leaks._identifiers(evidence(X, names=[name, "f1", "f2", "f3", "f4"]))
    assert found.level == "serious"
    assert word in found.finding


def test_a_total_that_tells_the_target():
    rng = np.random.default_rng(0)
    codes = np.arange(200) % 2
    X = rng.poisson((2 + 6 * codes)[:, None] * np.ones(5), size=(200, 5))
    found = _leaks._totals(evidence(X, codes))
    assert found.level == "serious"
    assert "total of a row alone" in found.finding


def test_a_total_that_tells_little_of_a_target_of_which_little_is_known():
    """Of networks that know nearly nothing a total may know half; that is no finding."""
    codes = np.arange(600) % 2
    X = np.random.default_rng(0).poisson(5 + 0.35 * codes[:, None], size=(600, 5))
    score = alone(X.sum(axis=1)[:, None], target_of(codes))
    assert 0.53 < score < 0.6
    found = _leaks._totals(evidence(X, codes, estimator_=ensemble(score=0.55)))
    assert found.level == "clear"


def test_a_column_that_follows_the_total_of_the_others():
    rng = np.random.default_rng(0)
    depth = rng.gamma(2, 20, size=200)
    X = rng.poisson(depth[:, None] * np.ones(5), size=(200, 5))
    found = _leaks._totals(evidence(X))
    assert found.level == "caution"
    assert "f0 (+0.9" in found.finding


def test_rows_of_one_total():
    X = np.random.default_rng(0).dirichlet(np.ones(5), size=200)
    assert "same total" in _leaks._totals(evidence(X)).finding


def with_texts(X, n_texts):
    """Evidence in which one-hot texts of three levels stand behind the columns of ``X``."""
    rng, d = np.random.default_rng(1), X.shape[1]
    texts = [np.eye(3)[rng.integers(3, size=len(X))] for _ in range(n_texts)]
    found = evidence(np.hstack([X, *texts]))
    columns = [*np.arange(d)[:, None], *np.arange(d, d + 3 * n_texts).reshape(-1, 3)]
    return replace(found, features=replace(found.features, columns=columns))


def test_texts_add_up_to_nothing():
    """Every row has one level of each; that is how texts are written, and no finding."""
    assert _leaks._totals(with_texts(np.empty((120, 0)), 4)) is None
    assert _leaks._totals(with_texts(np.abs(noise(d=2)), 4)) is None  # two numbers are few
    shares = np.random.default_rng(0).dirichlet(np.ones(5), size=120)
    assert "same total" in _leaks._totals(with_texts(shares, 4)).finding
    # Texts do not hide that numbers are in different units.
    unlike = np.abs(noise()) * [1000, 1, 1, 1]
    assert _leaks._totals(with_texts(unlike, 4)) is None
    # Shares that are grouped remain shares.
    found = evidence(shares)
    columns = [np.array([0, 1]), np.array([2, 3, 4])]
    grouped = replace(found, features=replace(found.features, columns=columns))
    assert "same total" in _leaks._totals(grouped).finding


def test_of_other_columns_there_is_no_total():
    X = np.abs(noise())
    X[:, 0] *= 1000  # another unit
    assert _leaks._totals(evidence(X)) is None
    assert _leaks._totals(evidence(noise())) is None
    assert level(_leaks._totals, evidence(np.abs(noise()))) == "clear"


def test_a_q_value_beyond_alpha_is_not_rounded_to_it():
    """The text counts none at q of 0.1, and messages of the selector call this one 0.104."""
    found = evidence(noise(d=1))
    frame = pd.DataFrame(
        {
            "rank": [1],
            "feature": ["f0"],
            "importance": [1.0],
            "direction": [""],
            "p_value": [0.0123],
            "q_value": [0.104],
        }
    )
    found = replace(found, features=replace(found.features, frame=frame))
    shown = {column.title: column.cell(0).text for column in columns_of(found)}
    assert (shown["p"], shown["q"]) == ("0.0123", "0.104")


def test_repeated_rows():
    X = noise()
    assert level(_leaks._repeated_rows, evidence(X)) == "clear"
    X[60:70] = X[:10]
    found = _leaks._repeated_rows(evidence(X))
    assert (found.level, found.finding[:13]) == ("caution", "10 of 120 row")
    found = _leaks._repeated_rows(evidence(X, groups=np.arange(120) // 30))
    assert found.level == "serious"
    assert "10 of them are in different groups" in found.finding


def test_constant_columns_are_named():
    X = noise()
    X[:, 2] = 1
    assert "1 of 4 columns" in _leaks._constant(evidence(X)).finding
    assert _leaks._constant(evidence(noise())) is None


def test_a_condition_whose_parts_are_columns():
    """As genotype, behaviour and treatment of mice are, beside the class that they make up."""
    parts = np.random.default_rng(0).integers(0, 2, (160, 3))
    made = parts.sum(axis=1) % 2
    X = np.column_stack([parts, noise(160, 3)])
    found = _leaks._few_make_it_up(evidence(X, made))
    assert found.level == "caution"
    assert "f0, f1, f2: a tree on these alone reaches a balanced accuracy of 1.00." in found.finding
    assert _leaks._one_explains_all(evidence(X, made)).level == "clear"
    noisy = np.where(np.random.default_rng(1).random(160) < 0.1, 1 - made, made)
    assert level(_leaks._few_make_it_up, evidence(X, noisy)) == "clear"
    assert _leaks._few_make_it_up(evidence(X[:, :3], made)) is None  # they are all features
    assert _leaks._few_make_it_up(evidence(np.column_stack([made, X]), made)) is None


# A few columns alone


def target_of(y, groups=None):
    labels = tuple(map(str, np.unique(y)))
    return Target(np.unique(y, return_inverse=True)[1], True, labels, groups)


def test_alone_knows_what_a_column_says_and_no_more():
    codes = np.arange(300) % 3
    assert alone(codes[:, None] * 1.0, target_of(codes)) == 1
    assert abs(alone(noise(300, 1), target_of(codes)) - 1 / 3) < 0.1
    y = noise(300, 1)[:, 0]
    assert alone(y[:, None], Target(y, classification=False)) > 0.8
    assert alone(noise(300, 1, seed=1), Target(y, classification=False)) < 0.1


def test_alone_keeps_groups_together():
    groups = np.arange(240) // 6
    codes = np.random.default_rng(0).integers(2, size=40)[groups]
    own = groups[:, None] * 1.0
    assert alone(own, target_of(codes)) > 0.6
    assert alone(own, target_of(codes, groups)) < 0.65


@pytest.mark.parametrize("n", [3, 8])
def test_alone_says_nothing_of_too_few_rows(n):
    assert np.isnan(alone(noise(n, 1), target_of(np.arange(n) % 2)))
    assert np.isnan(alone(noise(n, 1), Target(np.arange(n) * 1.0, classification=False)))


@pytest.mark.parametrize(("n", "n_classes"), [(240, 12), (30, 6)])
def test_alone_tells_many_classes_and_small_ones_apart(n, n_classes):
    """A leaf for each class, and no larger than five rows of which four are trained on."""
    codes = np.arange(n) % n_classes
    target = Target(codes, classification=True, labels=tuple("abcdefghijkl"[:n_classes]))
    assert alone(codes[:, None] * 1.0, target) == 1


def test_alone_takes_a_part_of_very_many_rows(monkeypatch):
    monkeypatch.setattr("sklearn_deeplifft.report._alone.MOST_ROWS", 100)
    codes = np.arange(1000) % 2
    assert alone(codes[:, None] * 1.0, target_of(codes, np.arange(1000))) == 1


def test_alone_keeps_a_rare_class_of_very_many_rows():
    """By its share it would have one row of 5,000, which cannot be folded."""
    codes = (np.arange(100_000) >= 99_970).astype(int)
    assert alone(codes[:, None] * 1.0, target_of(codes)) == 1
