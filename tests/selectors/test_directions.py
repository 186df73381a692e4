"""Directions of features, by the slopes of their columns."""

from __future__ import annotations

import numpy as np

from sklearn_deeplifft.selectors._directions import directions


def test_a_feature_has_the_direction_that_its_columns_agree_on():
    slopes = np.array([[0.3, 0.1, 0.2, -0.2, -0.4, 0.0, 0.0]])
    ranking = np.array([1, 1, 2, 2, 3, 3, 4])
    assert directions(slopes, ranking).tolist() == [[1], [0], [-1], [0]]


def test_a_column_that_is_closed_says_nothing_against_the_others():
    slopes = np.array([[0.0, 0.3, 0.2], [0.0, -0.3, -0.2], [0.0, 0.0, 0.1]])
    assert directions(slopes, np.array([1, 1, 1])).tolist() == [[1, -1, 1]]
