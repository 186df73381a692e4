"""Ensembles and selectors over networks of sequences, on encoded tables."""

from functools import partial

import numpy as np
import pytest
import skorch
import torch

from sklearn_deeplifft import DeepLIFFTSelector, NetworkEnsembleClassifier, networks
from sklearn_deeplifft.networks import OneHotNetwork
from sklearn_deeplifft.networks._fill_columns import FillLetters
from sklearn_deeplifft.networks._modules import Front, on_fewer_columns
from sklearn_deeplifft.networks._redraw import redraw
from sklearn_deeplifft.sequences import SequenceEncoder, position_groups

L = 12


def table(n: int = 160):
    """Sequences with or without GATA at one of few places."""
    rng = np.random.default_rng(0)
    letters = rng.choice(list("ACGT"), size=(n, L))
    y = np.arange(n) % 2
    for row in np.flatnonzero(y):
        start = rng.integers(3, 6)
        letters[row, start : start + 4] = list("GATA")
    return SequenceEncoder().fit_transform(["".join(row) for row in letters]), y


X, y = table()
SMALL = {"n_networks": 1, "max_epochs": 12, "learning_rate": 0.02, "batch_size": 32}
small = partial(networks.motif_pool, n_filters=8, width=5, n_hidden=8)

NETWORKS = {
    "function": networks.motif_pool,
    "partial": small,
    "instance": networks.motif_pool(L, 2, n_filters=8, width=5),
    "one logit": networks.motif_pool(L, n_filters=8, width=5),
    "net": skorch.NeuralNetClassifier(
        small,
        criterion=torch.nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        lr=0.02,
        max_epochs=12,
        batch_size=32,
        train_split=None,
        verbose=0,
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_an_ensemble_trains_it_on_columns_as_they_are(name):
    own = {"n_networks": 1} if name == "net" else SMALL
    ensemble = NetworkEnsembleClassifier(NETWORKS[name], random_state=0, **own).fit(X, y)
    assert ensemble.score(X, y) > 0.85
    module = ensemble.estimators_[0].module_
    assert isinstance(module.users_module, OneHotNetwork)
    assert not module.standardize.mean.any()
    assert (module.standardize.scale == 1).all()


def test_networks_of_an_instance_start_with_its_spread():
    instance = networks.motif_pool(L, 2, initial_scale=0.005)
    before = instance.dense.weight.clone()
    redraw(instance)
    assert not torch.equal(instance.dense.weight, before)
    assert instance.dense.weight.std().item() == pytest.approx(0.005, rel=0.1)


@pytest.mark.slow
def test_a_selector_finds_the_places_and_eliminates_all_others():
    groups = position_groups(L)
    selector = DeepLIFFTSelector(
        NetworkEnsembleClassifier(small, random_state=0, **SMALL),
        n_features_to_select=6,
        feature_groups=groups,
        simplex_groups=groups,
        step=0.5,
        random_state=0,
    ).fit(X, y)
    positions = np.unique(selector.get_support(indices=True) // 4)
    assert set(range(4, 8)) <= set(positions)
    assert selector.n_rounds_ > 2
    assert selector.decomposition_error_ < 1e-4
    score = selector.transform(X)
    assert score.shape == (len(X), 24)


def test_missing_letters_keep_rows_on_the_simplex():
    fill = FillLetters(np.array([0, 1, 2, 3, 5]), 12, 4)
    out = fill(torch.tensor([[0.0, 1, 0, 0, 1], [0, 0, 0, 1, 0]]))
    third, quarter = 1 / 3, 0.25
    expected = [
        [[0, 1, 0, 0], [0, 1, 0, 0], [quarter] * 4],
        [[0, 0, 0, 1], [third, 0, third, third], [quarter] * 4],
    ]
    torch.testing.assert_close(out.view(2, 3, 4), torch.tensor(expected))
    fewer = fill.on(np.array([4]))
    assert fewer.columns.tolist() == [5]
    torch.testing.assert_close(
        fewer(torch.tensor([[0.0]])).view(3, 4)[1], torch.tensor([third, 0, third, third])
    )


def test_a_network_on_fewer_positions_answers_as_for_the_uniform_letter():
    network = networks.motif_pool(L, 2).eval()
    kept = np.array([i for i in range(4 * L) if not 8 <= i < 12])
    cut = on_fewer_columns(network, kept, sliceable=False, n_features=4 * L)
    again = on_fewer_columns(cut, np.arange(40), sliceable=False, n_features=44)
    rows = torch.as_tensor(X[:5])
    uniform = rows.clone()
    uniform[:, 8:12] = 0.25
    assert isinstance(cut, Front)
    torch.testing.assert_close(cut(rows[:, kept]), network(uniform))
    uniform[:, 44:] = 0.25
    torch.testing.assert_close(again(rows[:, kept[:40]]), network(uniform))


def test_columns_that_are_no_positions_are_refused_before_training():
    with pytest.raises(ValueError, match="47 columns are no whole number of positions"):
        NetworkEnsembleClassifier(small, n_networks=1).fit(X[:, 1:], y)
    with pytest.raises(ValueError, match="got rows of 44 columns"):
        NetworkEnsembleClassifier(NETWORKS["instance"], n_networks=1).fit(X[:, 4:], y)
