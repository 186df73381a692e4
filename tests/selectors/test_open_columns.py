"""Columns that a network does not weigh are left out of what is read, and have scores of zero."""

import numpy as np
import pytest
import torch
from torch import nn

from sklearn_deeplifft.attribution import ChainReader, reader_of
from sklearn_deeplifft.networks import TrainedNetwork
from sklearn_deeplifft.selectors import _reading
from sklearn_deeplifft.selectors._reading import Gauge, Reading, ReadingSettings
from sklearn_deeplifft.tables import FeatureGroups, Rows, Simplex, encode_target

N, D, OPEN = 60, 9, [1, 4, 8]
RNG = np.random.default_rng(0)
X = RNG.normal(1.0, 2.0, size=(N, D))
LABELS = RNG.integers(3, size=N)
WEIGHT = RNG.uniform(0.5, 2.0, size=N)


def network(*, hidden: bool) -> nn.Sequential:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        layers = [nn.Linear(D, 7), nn.ReLU(), nn.Linear(7, 3)] if hidden else [nn.Linear(D, 3)]
    core = nn.Sequential(*layers).double()
    closed = [i for i in range(D) if i not in OPEN]
    with torch.no_grad():
        core[0].weight[:, closed] = 0
    return core


def reading(core: nn.Module, groups: FeatureGroups | None = None, simplices=()) -> Reading:
    gauge = Gauge(X.mean(0), X.std(0), np.zeros(D, dtype=bool), simplices)
    trained = TrainedNetwork(None, core, None)
    return Reading(trained, ReadingSettings(), Rows(X), gauge, np.arange(D), features=groups)


def sums_of(found: Reading):
    return found.sums(np.arange(N), encode_target(LABELS, "classification"), WEIGHT)


@pytest.mark.parametrize("hidden", [True, False])
def test_sums_are_those_of_all_columns(hidden, monkeypatch):
    core = network(hidden=hidden)
    assert reading(core)._open_columns().tolist() == OPEN
    few = sums_of(reading(core))
    monkeypatch.setattr(_reading, "FEW", 0.0)
    assert reading(core)._open_columns() is None
    every = sums_of(reading(core))
    for name in ("signed", "absolute", "slopes", "weight"):
        torch.testing.assert_close(getattr(few, name), getattr(every, name), rtol=1e-12, atol=1e-12)
    closed = [i for i in range(D) if i not in OPEN]
    assert (few.absolute[:, closed] == 0).all()
    assert (few.absolute[:, OPEN].sum(0) > 0).all()
    assert few.total == every.total


def test_a_chain_on_its_open_inputs_has_the_same_logits():
    reader = reader_of(network(hidden=True))
    assert isinstance(reader, ChainReader)
    at, rows = reader.open_inputs(), torch.from_numpy(X)
    torch.testing.assert_close(
        reader.on(at).logits(rows[:, at]), reader.logits(rows), rtol=1e-12, atol=1e-12
    )


def test_what_is_measured_across_columns_is_read_on_all_of_them():
    """Groups are scored as one, and a simplex takes its mean from every coefficient."""
    core = network(hidden=True)
    assert reading(core, FeatureGroups.numbered(np.repeat(np.arange(3), 3)))._open_columns() is None
    assert reading(core, simplices=[Simplex(np.arange(3), np.ones(3))])._open_columns() is None


def test_a_network_of_no_open_column_is_read_as_it_is():
    core = network(hidden=True)
    with torch.no_grad():
        core[0].weight.zero_()
    assert reading(core)._open_columns() is None
    assert (sums_of(reading(core)).absolute == 0).all()
