"""The benchmark counts what it says it counts."""

import numpy as np
import pytest

from benchmarks.sweep.counting import VARIABLE, CountedSelector
from benchmarks.sweep.search import grid
from tests.conftest import planted


# A fold of so few rows, trained so briefly, may get no row of a class right.
@pytest.mark.long
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:no scored example:sklearn_deeplifft.FeatureSelectionWarning")
def test_trainings_with_memory_and_without(monkeypatch):
    monkeypatch.setenv(VARIABLE, "put back after the test")
    own = CountedSelector.default_estimator
    small = {"path_steps": 10, "max_epochs": 2, "hidden_layer_sizes": (8,)}
    monkeypatch.setattr(CountedSelector, "default_estimator", lambda **kw: own(**kw | small))
    X, y = planted(n=90)
    kept = grid(X, y, [1, 2, 3], 1, kept=True)
    plain = grid(X, y, [1, 2, 3], 1, kept=False)
    assert (kept.trainings, plain.trainings) == (6, 16)
    np.testing.assert_array_equal(kept.scores, plain.scores)
