"""The abstract selector, with a reading of its own: the size of the first layer's weights."""

import numpy as np
import pytest
import torch
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_deeplifft.selectors._base import BaseNetworkSelector, _all_or_nothing
from sklearn_deeplifft.selectors._scores import Scores, mean_by_class
from tests.conftest import counted_trainings, planted


class WeightSize(BaseNetworkSelector):
    """The smallest selector there can be: ``__init__``, settings and scores."""

    def __init__(
        self,
        estimator=None,
        *,
        n_features_to_select=None,
        threshold=None,
        alpha=0.1,
        per_class=False,
        n_networks=1,
        step=None,
        score_on="validation",
        task="auto",
        class_weight=None,
        standardize=True,
        prefit=False,
        hidden_layer_sizes=(8,),
        dropout=0.0,
        learning_rate=0.02,
        weight_decay=0.0,
        batch_size=32,
        max_epochs=10,
        patience=10,
        validation_fraction=0.2,
        n_jobs=None,
        checkpoint_dir=None,
        memory=None,
        device="cpu",
        random_state=None,
        verbose=0,
    ):
        self.estimator = estimator
        self.n_features_to_select = n_features_to_select
        self.threshold = threshold
        self.alpha = alpha
        self.per_class = per_class
        self.n_networks = n_networks
        self.step = step
        self.score_on = score_on
        self.task = task
        self.class_weight = class_weight
        self.standardize = standardize
        self.prefit = prefit
        self.hidden_layer_sizes = hidden_layer_sizes
        self.dropout = dropout
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.n_jobs = n_jobs
        self.checkpoint_dir = checkpoint_dir
        self.memory = memory
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    def _extra_settings(self, data):
        return {}

    def _score_function(self, data):
        def score(trained, rows, columns):
            size = trained.core[0].weight.detach().norm(dim=0).double().numpy()
            return Scores(size, size[None], np.ones(1, bool), 0.0)

        return score


# The battery's tables are noise, with a constant column here and there.
@pytest.mark.filterwarnings("ignore::sklearn_deeplifft.FeatureSelectionWarning")
@parametrize_with_checks([WeightSize()])
def test_the_smallest_selector_passes_the_battery(estimator, check):
    check(estimator)


def test_the_base_is_abstract():
    with pytest.raises(TypeError, match=r"abstract.*_extra_settings.*_score_function"):
        BaseNetworkSelector()


def test_it_ranks_eliminates_and_cuts(monkeypatch):
    X, y = planted()
    with counted_trainings(monkeypatch) as calls:
        selector = WeightSize(step=0.5, n_networks=2, max_epochs=40, random_state=0).fit(X, y)
    assert [len(c) for c in calls] == [8, 8, 4, 4, 2, 2, 1, 1]
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

    with pytest.raises(error), _all_or_nothing(bag):
        spoil()
    assert vars(bag) == {"kept": [1], "gone": 2}
    assert bag.kept is value
    with _all_or_nothing(bag):
        bag.new = 3
    assert bag.new == 3


def test_torch_threads_are_left_alone():
    before = torch.get_num_threads()
    WeightSize(random_state=0).fit(*planted())
    assert torch.get_num_threads() == before
