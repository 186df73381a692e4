"""Rankings and scores against scikit-learn's own, and against what was planted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import balanced_accuracy_score, r2_score

from sklearn_deeplifft.cli._compare import compare
from sklearn_deeplifft.cli._learners import balanced_accuracy, judge, r_squared
from sklearn_deeplifft.cli._parts import Parts
from sklearn_deeplifft.cli._rankers import anova_ranker, l1_ranker, rankers_for
from sklearn_deeplifft.tables import FeatureGroups

RNG = np.random.default_rng(0)
X = RNG.normal(loc=5, size=(150, 6)) * [1, 100, 1, 1, 1, 0]
CLASSES = np.digitize(X[:, 1], np.quantile(X[:, 1], [0.33, 0.66]))
NUMBERS = X[:, 1] / 100 + RNG.normal(size=150) * 0.1


@pytest.mark.parametrize(("task", "y"), [("classification", CLASSES), ("regression", NUMBERS)])
def test_every_method_finds_the_planted_feature(task, y):
    for method, ranker in rankers_for(task).items():
        choose = ranker(task, X, y, 0)
        assert choose(1).tolist() == [1], method
        for k in (2, 4, 6):  # also more than an L1 penalty leaves, a constant column included
            assert len(set(choose(k).tolist())) == k, method
        assert choose(6)[-1] == 5 or method == "random forest"


def test_the_f_test_sees_a_copy_of_the_target():
    # In a third of such tables scikit-learn's statistic is a huge negative number.
    for seed in range(20):
        Z = np.random.default_rng(seed).normal(size=(84, 3))
        assert anova_ranker("regression", Z, Z[:, 0], seed)(1).tolist() == [0]


def test_l1_takes_the_penalty_whose_features_fit_best():
    # Two classes each need a feature of their own; the strongest penalty sees one of them twice.
    rng = np.random.default_rng(1)
    y = np.repeat([0, 1, 2], 60)
    Z = rng.normal(size=(180, 4)) * 0.3
    Z[:, 0] += 3 * (y == 0)
    Z[:, 1] += 3 * (y == 0)
    Z[:, 2] += 2 * (y == 1)
    assert 2 in l1_ranker("classification", Z, y, 0)(2)


def test_scores_agree_with_scikit_learn():
    rng = np.random.default_rng(0)
    truth = np.array(["a", "b", "c"])[rng.integers(3, size=50)]
    found = np.array(["a", "b", "c"])[rng.integers(3, size=50)]
    expected = balanced_accuracy_score(truth, found)
    assert balanced_accuracy(truth, found) == pytest.approx(expected)
    y, z = rng.normal(size=(2, 50))
    assert r_squared(y, z) == pytest.approx(r2_score(y, z))
    assert np.isnan(r_squared(np.ones(3), np.ones(3)))


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_columns_that_say_nothing_alone_are_ranked_by_every_method(task):
    """Of a balanced exclusive or L1 keeps no column, however weak its penalty is."""
    X = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]] * 10)
    y = (X[:, 0] != X[:, 1]).astype(int if task == "classification" else float)
    for values in (X, np.ones_like(X)):
        chosen = l1_ranker(task, values, y, 0)
        assert chosen(1).tolist() == [0]  # equals go by their place
        assert chosen(2).tolist() == [0, 1]


def test_standard_error_is_that_of_a_share():
    y = np.repeat([0, 1], 400)
    noise = np.random.default_rng(0).normal(size=(800, 1))
    found = judge("classification", noise[::2], noise[1::2], y[::2], y[1::2], 0)
    assert found.mean == pytest.approx(0.5, abs=0.08)
    # Two learners that agree in part: between a half and a whole coin-flip error of 400 rows.
    assert 0.5 * 0.025 < found.standard_error < 1.2 * 0.025


def test_the_labels_01_and_1_are_compared_as_any_two():
    def compared(labels):
        y = np.array(labels)[CLASSES]
        frame = pd.DataFrame(X, columns=list("abcdef"))
        parts = Parts(frame[::2], frame[1::2], y[::2], y[1::2], [])
        found = compare(
            parts,
            "classification",
            [2],
            {},
            groups=FeatureGroups.numbered(np.arange(6)),
            names=list("abcdef"),
            seed=0,
            advance=lambda: None,
        )
        return found.drop(columns="ranking_seconds")

    pd.testing.assert_frame_equal(compared(["01", "1", "2"]), compared(["a", "b", "c"]))
