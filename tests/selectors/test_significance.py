"""Features against null features: what is said of classes, and of networks that are too few."""

import numpy as np
import pytest

from sklearn_deeplifft.selectors import _significance
from sklearn_deeplifft.selectors._significance import NullScores, against_nulls, explained
from sklearn_deeplifft.tables import FeatureGroups
from tests.ranking.test_nulls import slow_p, slow_q

ALONE = FeatureGroups(np.arange(4), np.arange(4))


def scores(rng: np.random.Generator, n: int = 12) -> list[NullScores]:
    """Of n networks, three classes and four features; the first feature is large in class 1."""
    found = []
    for _ in range(n):
        real, null, class_real, class_null = rng.random(4), rng.random(4), *rng.random((2, 3, 4))
        class_real[1, 0] = 50.0
        found.append(NullScores(real, null, class_real, class_null, np.ones(4, dtype=bool)))
    return found


def test_q_values_of_classes_are_of_classes_as_families():
    """A p-value is of its class alone; of three classes one holds something."""
    given = scores(np.random.default_rng(0))
    found, tested = against_nulls(given, ALONE, None)
    p = []
    for k in range(3):
        own = np.array([(s.class_real[k], s.class_null[k]) for s in given])
        own = own / own[:, :1].sum(axis=-1, keepdims=True)
        p.append(slow_p(own[:, 0], own[:, 1]))
    np.testing.assert_allclose(found.class_p_values, p)
    alone = np.array([slow_q(row) for row in p])
    assert (alone.min(axis=1)[[0, 2]] > 0.3).all()
    np.testing.assert_allclose(found.class_q_values[1, 0], 3 * alone[1, 0])
    np.testing.assert_array_less(0.3, np.delete(found.class_q_values.ravel(), 4))
    assert found.class_p_values[1, 0] == pytest.approx(1 / 49)
    assert found.class_q_values[1, 0] == pytest.approx(3 * 4 / 49)
    assert tested._replace(n_classes=3).smallest_q == pytest.approx(3 * 4 / 49)
    assert tested.smallest_q == pytest.approx(4 / 49)


def test_noise_in_eight_classes_is_kept_as_seldom_as_in_one():
    """At level .2, with networks in full agreement, the hardest case: not in each class as often.

    Each class at its own level would keep something in 1 - .8 ** 8 = 83 % of the tables.
    """
    rng, kept = np.random.default_rng(0), 0
    for _ in range(400):
        real = np.abs(rng.normal(size=(8, 15)))
        given = [
            NullScores(*np.ones((2, 15)), real, np.abs(rng.normal(size=(8, 15))), np.ones(15, bool))
            for _ in range(40)
        ]
        found, _ = against_nulls(given, FeatureGroups(np.arange(15), np.arange(15)), None)
        kept += (found.class_q_values <= 0.2).any()
    assert kept / 400 <= 0.2 + 2 * np.sqrt(0.2 * 0.8 / 400)


def test_an_empty_selection_of_classes_says_how_many_networks_one_class_needs():
    q, importances = np.array([0.5, 1.0, 1.0, 1.0]), np.array([0.4, 0.3, 0.2, 0.1])
    text = explained(q, importances, None, 0.1, _significance.Tested(ALONE, 4, 18, 8))
    assert f"feature of one of 8 classes can reach is {8 * 4 / (1 + 18 * 4):.3g}; so only" in text
    assert "an ensemble of n_networks=80 would be enough for a single one." in text


def test_a_selection_of_classes_is_not_doubted_for_networks_that_are_enough_for_one():
    q, importances = np.array([0.05, 1.0, 1.0, 1.0]), np.array([0.4, 0.3, 0.2, 0.1])
    assert explained(q, importances, None, 0.1, _significance.Tested(ALONE, 4, 18, 8)) is None
    text = explained(q, importances, None, 0.1, _significance.Tested(ALONE, 4, 6, 8))
    assert text.startswith(
        f"with 6 networks the smallest q-value that a single feature can reach is {4 / 25:.3g}; so"
    )
