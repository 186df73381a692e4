"""Features against null features, in classes: lists of each, and what their union holds."""

import numpy as np
import pytest

from sklearn_deeplifft.ranking import network_shares, null_p_values, of_any_class
from sklearn_deeplifft.selectors._significance import NullScores, against_nulls
from sklearn_deeplifft.tables import FeatureGroups
from tests.ranking.test_nulls import slow_p, slow_q


def alone(d: int) -> FeatureGroups:
    return FeatureGroups(np.arange(d), np.arange(d))


def scores(class_real: np.ndarray, class_null: np.ndarray) -> list[NullScores]:
    """Of networks whose overall scores say nothing; classes (N, K, d)."""
    d = class_real.shape[-1]
    every, ones = np.ones(d, dtype=bool), np.ones(d)
    return [NullScores(ones, ones, *own, every) for own in zip(class_real, class_null, strict=True)]


def test_q_values_of_a_class_are_its_own_and_no_smaller_than_of_any():
    rng = np.random.default_rng(0)
    real, null = rng.random((2, 12, 3, 4))
    real[:, 1, 0] = 50.0  # the first feature stands out in class 1
    found, tested = against_nulls(scores(real, null), alone(4), None)
    shares = network_shares(real, null)
    p = np.array([slow_p(shares[0][:, k], shares[1][:, k]) for k in range(3)])
    np.testing.assert_allclose(found.class_p_values, p)
    own = np.array([slow_q(row) for row in p])
    of_any = np.array(slow_q(null_p_values(*of_any_class(*shares))))
    np.testing.assert_allclose(found.class_q_values, np.maximum(own, of_any))
    assert found.class_q_values[1, 0] == pytest.approx(4 / 49) == tested.smallest_q
    assert found.class_q_values[[0, 2], 0].min() > 0.2
    assert found.class_q_values[:, 1:].min() > 0.2


def test_noise_in_eight_classes_is_kept_as_seldom_as_in_one():
    """At level .2, with networks in full agreement: the hardest case.

    Each class at its own level would keep something in about 1 - .8 ** 8 = 83 % of the tables.
    """
    rng, kept, kept_alone = np.random.default_rng(0), 0, 0
    for _ in range(400):
        real = np.repeat(np.abs(rng.normal(size=(1, 8, 15))), 40, axis=0)
        null = np.abs(rng.normal(size=(40, 8, 15)))
        found, _ = against_nulls(scores(real, null), alone(15), None)
        kept += (found.class_q_values <= 0.2).any()
        kept_alone += any(min(slow_q(p)) <= 0.2 for p in found.class_p_values)
    assert kept / 400 <= 0.2 + 2 * np.sqrt(0.2 * 0.8 / 400)
    assert kept_alone / 400 > 0.6


def test_one_class_of_eight_with_a_single_feature_is_found():
    rng = np.random.default_rng(0)
    real, null = np.abs(rng.normal(size=(2, 18, 8, 15)))
    real[:, 5, 3] = 30.0
    found, _ = against_nulls(scores(real, null), alone(15), None)
    np.testing.assert_array_equal(np.argwhere(found.class_q_values <= 0.1), [[5, 3]])
