"""Features dealt to pairs of networks."""

import numpy as np
import pytest
import torch
from sklearn.datasets import make_classification

from sklearn_deeplifft import DeepLIFFTSelector
from sklearn_deeplifft.ensembles import Execution, Rounds, deal_splits
from sklearn_deeplifft.ensembles._halves import FEWEST, closed_halves
from sklearn_deeplifft.ensembles._network_count import MANY_ROWS
from sklearn_deeplifft.networks import GatePenalty, GateSettings, NetworkSettings, adapter_of
from sklearn_deeplifft.tables import encode_target, fit_data


def test_each_pair_reads_every_feature_once():
    for n_features in (20, 21, 500):
        dealt = closed_halves(n_features, [3, 4, 5, 6], 2)
        for one, other in (dealt[:2], dealt[2:]):
            assert (one ^ other).all()
            assert one.sum() == n_features // 2
        assert (dealt[0] != dealt[2]).any()


def test_every_round_is_dealt_anew_and_by_the_seeds_alone():
    first = closed_halves(40, [3, 4], 2)
    assert (first[0] == closed_halves(40, [3, 4], 2)[0]).all()
    assert (first[0] != closed_halves(40, [3, 4], 3)[0]).any()
    assert (first[0] != closed_halves(40, [7, 4], 2)[0]).any()


def test_one_left_over_reads_all_and_so_do_those_that_are_not_dealt_to():
    dealt = closed_halves(40, [3, None, 4, 5, None], 2)
    assert [own is None for own in dealt] == [False, True, False, True, True]
    assert (dealt[0] ^ dealt[2]).all()
    assert closed_halves(40, [3], 2) == [None]
    assert closed_halves(FEWEST - 1, [3, 4], 2) == [None, None]


def of(n, d=24, **settings):
    """Rounds of four networks on n rows of d columns."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, d))
    target = encode_target(X[:, 0] > 0, "classification")
    data = fit_data(X, X[:, 0] > 0, None, lambda X, y: target)
    splits = deal_splits(data, 4, 4, np.random.RandomState(0))
    own = NetworkSettings((8,), **settings)
    return Rounds(adapter_of(None), own, data, splits, Execution(), report=lambda progress: None)


def test_networks_on_a_path_deal_features_where_rows_are_many():
    path = {"gates": GateSettings(tuple(range(24)))}
    assert all(own is not None for own in of(MANY_ROWS, **path).closed_halves(24, 2))
    few = of(MANY_ROWS - 1, **path).closed_halves(24, 2)
    constant = of(MANY_ROWS, gates=GateSettings(tuple(range(24)), penalty=0.1))
    for none in (few, constant.closed_halves(24, 2), of(MANY_ROWS).closed_halves(24, 2)):
        assert none == [None] * 4


def test_what_one_round_leaves_to_another_network_the_next_one_reads():
    """A gate of its own that is zero stays so: of 24 features a network would read 12, then 4."""
    every = np.arange(24)
    for tied in (True, False):
        gates = GateSettings(tuple(range(24)), tied=tied, path_steps=100)
        rounds, starts, opened = of(MANY_ROWS, gates=gates, max_epochs=2), None, np.zeros((4, 24))
        for number in (2, 3):
            closed = rounds.closed_halves(24, number)
            assert all((own is not None) == tied for own in closed)
            networks = rounds.train(every, starts, number, closed)
            starts = [rounds.warm_start(trained, every, 24) for trained in networks]
            unread = np.array([np.zeros(24, dtype=bool) if own is None else own for own in closed])
            exits = torch.stack([trained.gates.exit for trained in networks]).numpy()
            opened += ~unread & (exits > gates.path_start * 1.1)
        assert (opened.sum(1) >= 18).all()


@pytest.mark.parametrize("d", [24, 520])
def test_a_network_never_reads_what_is_closed(d):
    """Whatever its neighbours read, in the bits that it has alone; of 520 it carries half."""
    gates = GateSettings(tuple(range(d)), path_steps=20)
    rounds = of(MANY_ROWS, d, gates=gates, max_epochs=2)
    closed = rounds.closed_halves(d, 2)
    closed[3] = None
    found = rounds.train(np.arange(d), None, 2, closed)
    for trained, own in zip(found, closed, strict=True):
        weight = trained.core[0].weight.detach().numpy()
        shut = (weight == 0).all(0)
        unread = np.zeros(d, dtype=bool) if own is None else own
        assert shut[unread].all()
        assert shut[~unread].sum() < 5  # closed by the path
        assert (trained.gates.path.numpy()[shut] == 0).all()
    alone = [None, closed[1], None, None]
    again = rounds.train(np.arange(d), None, 2, alone)[1].core[0].weight
    assert (again == found[1].core[0].weight).all()


def test_the_gate_of_a_group_closes_with_its_columns():
    gates = GateSettings((0, 0, 1, 2, 2, 2), tied=False)
    W, g = torch.ones(2, 3, 6), torch.ones(2, 3)
    penalty = GatePenalty(gates, 2, 0.1, 10)
    penalty.close(torch.tensor([[1, 1, 0, 0, 0, 0], [0, 0, 0, 1, 1, 1]]).bool(), W, g)
    assert g.tolist() == [[0, 1, 1], [1, 1, 0]]
    assert (W == 1).all()
    g += 1  # as a step would open them
    penalty.after_step(W, g)
    assert (g == 0).tolist() == [[True, False, False], [False, False, True]]
    penalty = GatePenalty(GateSettings(gates.feature_of_column), 2, 0.1, 10)
    penalty.close(torch.tensor([[1, 1, 0, 0, 0, 0], [0, 0, 0, 1, 1, 1]]).bool(), W, None)
    assert (W == 0).all(1).int().tolist() == [[1, 1, 0, 0, 0, 0], [0, 0, 0, 1, 1, 1]]


@pytest.mark.long
def test_columns_that_stand_for_others_are_found():
    """As in MADELON (Guyon et al. 2003): 15 of 20 planted columns are sums of the other five."""
    X, y = make_classification(
        1733, 500, n_informative=5, n_redundant=15, n_clusters_per_class=16, class_sep=2.0,
        shuffle=False, random_state=0,
    )  # fmt: skip
    ranking = DeepLIFFTSelector(random_state=0).fit(X, y).ranking_
    assert (ranking[:20] <= 20).sum() >= 17
