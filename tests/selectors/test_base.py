"""The abstract selector, with a reading of its own: the size of the first layer's weights."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_deeplifft.ensembles import all_or_nothing
from sklearn_deeplifft.selectors._base import BaseNetworkSelector
from sklearn_deeplifft.selectors._quantities import Quantities
from sklearn_deeplifft.selectors._scores import Scores, mean_by_class
from tests.conftest import counted_trainings, planted

SMALL = {
    "n_networks": 1,
    "hidden_layer_sizes": (8,),
    "dropout": 0.0,
    "gates": None,
    "learning_rate": 0.02,
    "weight_decay": 0.0,
    "batch_size": 32,
    "max_epochs": 10,
    "validation_fraction": 0.2,
}
"""One small plain network."""


@dataclass(frozen=True)
class SizeScorer:
    """The norm of each column of the first layer."""

    def __call__(self, trained, index, columns):
        size = trained.core[0].weight.detach().norm(dim=0).double().numpy()
        return Scores(size, size[None], np.ones(1, bool), 0.0)

    def require_readable(self, trained):
        return trained.core[0].in_features


class WeightSize(BaseNetworkSelector):
    """The smallest selector there can be: ``__init__``, a default ensemble and a scorer."""

    def __init__(
        self,
        estimator=None,
        *,
        n_features_to_select=None,
        threshold=None,
        alpha=0.1,
        per_class=False,
        step=None,
        prefit=False,
        memory=None,
        random_state=None,
        verbose=0,
    ):
        self.estimator = estimator
        self.n_features_to_select = n_features_to_select
        self.threshold = threshold
        self.alpha = alpha
        self.per_class = per_class
        self.step = step
        self.prefit = prefit
        self.memory = memory
        self.random_state = random_state
        self.verbose = verbose

    @staticmethod
    def _own_defaults(network, *, null_features):
        return SMALL

    def _scorer(self, data, source):
        return SizeScorer()

    def _quantities(self, kind):
        return Quantities("size of the first layer's weights", "the same")


# The battery's tables are noise, with a constant column here and there.
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::sklearn_deeplifft.FeatureSelectionWarning")
@parametrize_with_checks([WeightSize()])
def test_the_smallest_selector_passes_the_battery(estimator, check):
    check(estimator)


def test_the_base_is_abstract():
    with pytest.raises(TypeError, match=r"abstract.*_own_defaults.*_quantities.*_scorer"):
        BaseNetworkSelector()


def test_it_ranks_eliminates_and_cuts(monkeypatch):
    X, y = planted()
    with counted_trainings(monkeypatch) as calls:
        longer = WeightSize.default_estimator(n_networks=2, max_epochs=40)
        selector = WeightSize(longer, step=0.5, random_state=0).fit(X, y)
    assert [len(c) for c in calls] == [8, 8, 4, 4, 2, 2]
    assert set(np.argsort(selector.ranking_)[:3]) == {0, 1, 2}
    assert selector.set_params(n_features_to_select=3).transform(X).shape == (120, 3)


def test_the_mean_leaves_out_networks_that_saw_nothing():
    first = Scores(np.zeros(2), np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([True, True]), 0.0)
    second = Scores(np.zeros(2), np.array([[3.0, 0.0], [0.0, 0.0]]), np.array([True, False]), 0.0)
    third = Scores(np.zeros(2), np.zeros((2, 2)), np.array([False, False]), 0.0)
    mean = mean_by_class([first, second, third])
    np.testing.assert_array_equal(mean, [[2.0, 1.0], [3.0, 4.0]])
    np.testing.assert_array_equal(mean_by_class([third, third]), np.zeros((2, 2)))


class Bag:
    pass


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_all_or_nothing(error):
    bag, value = Bag(), [1]
    bag.kept, bag.gone = value, 2

    def spoil():
        bag.kept, bag.new = None, 3
        del bag.gone
        raise error

    with pytest.raises(error), all_or_nothing(bag):
        spoil()
    assert vars(bag) == {"kept": [1], "gone": 2}
    assert bag.kept is value
    with all_or_nothing(bag):
        bag.new = 3
    assert bag.new == 3


def test_torch_threads_are_left_alone():
    before = torch.get_num_threads()
    WeightSize(random_state=0).fit(*planted())
    assert torch.get_num_threads() == before
