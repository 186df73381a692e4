"""Epochs that are parts of the rows: which rows they see, and when a path has them."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.neural_network import MLPClassifier

from sklearn_deeplifft import NetworkEnsembleClassifier, NetworkEnsembleRegressor
from sklearn_deeplifft.ensembles._member_batches import Member, MemberBatches, MemberRows
from sklearn_deeplifft.ensembles._random_streams import RandomStream
from sklearn_deeplifft.ensembles._settings import in_parts
from sklearn_deeplifft.ensembles._standardized_rows import StandardizedRows
from sklearn_deeplifft.networks import GateSettings, NetworkSettings
from tests.conftest import planted
from tests.ensembles._cases import SETTINGS, assigned, case, digests, losses, together

PATH = GateSettings((0, 1, 2, 3, 4), path_steps=5)
RANDOM = replace(SETTINGS, dropout=0.2, noise=0.1, patience=None)
"""On 72 rows in batches of 16: 5 steps a pass, the last of 8 rows."""


# Rows of an epoch


def rows_seen(lengths, size, epoch_steps, epochs) -> list[list[np.ndarray]]:
    """Rows of each network, epoch by epoch."""
    data = case()
    table = StandardizedRows(data.table, np.arange(5), None)
    members = [Member(None, None, np.arange(n), np.arange(0)) for n in lengths]
    streams = [RandomStream(j) for j in range(len(lengths))]
    rows = MemberRows(table, members, "training")
    loader = MemberBatches(rows, size, streams, epoch_steps)
    every = MemberRows(table, [Member(None, None, np.arange(90), np.arange(0))], "training")
    whole = next(iter(MemberBatches(every, 90))).X[0, :90]
    found = []
    for number in range(1, epochs + 1):
        loader.number, seen = number, [[] for _ in lengths]
        for batch in loader:
            assert batch.rows == [len(r) for r in _cut(lengths, size, epoch_steps, number)]
            for j, count in enumerate(batch.counts):
                equal = (batch.X[j, :count, None] == whole[None]).all(2)
                seen[j] += equal.int().argmax(1).tolist()
        found.append([np.array(own) for own in seen])
    return found


def _cut(lengths, size, epoch_steps, number) -> list[range]:
    """Places in a pass of the rows of an epoch: ``epoch_steps`` batches, or what is left."""
    passes = math.ceil(math.ceil(max(lengths) / size) / epoch_steps)
    first = (number - 1) % passes * epoch_steps * size
    return [range(first, min(first + epoch_steps * size, n)) for n in lengths]


@pytest.mark.parametrize(("size", "epoch_steps"), [(16, 2), (16, 1), (8, 4), (16, 5), (100, 1)])
def test_a_pass_sees_every_row_once_in_one_random_order(size, epoch_steps):
    lengths = [72, 71]
    passes = math.ceil(math.ceil(72 / size) / epoch_steps)
    found = rows_seen(lengths, size, epoch_steps, 2 * passes)
    for j, n in enumerate(lengths):
        stream = RandomStream(j)
        orders = [torch.randperm(n, generator=stream._shuffle).numpy() for _ in range(2)]
        if n <= size:  # one batch, whose order says nothing
            orders = [np.arange(n)] * 2
        for k, own in enumerate(seen[j] for seen in found):
            order = orders[k // passes]
            expected = [order[i] for i in _cut(lengths, size, epoch_steps, k + 1)[j]]
            np.testing.assert_array_equal(own, expected)


def test_a_stream_goes_on_in_the_midst_of_an_order():
    stream, other = RandomStream(3), RandomStream(9)
    first = stream.permutation(20, 0, 3)
    assert torch.equal(stream.permutation(20, 1, 3), first)
    other.set_state(stream.state())
    for one in (stream, other):
        assert torch.equal(one.permutation(20, 2, 3), first)
    other.set_state(stream.state())
    second = stream.permutation(20, 0, 3)
    assert torch.equal(other.permutation(20, 0, 3), second)
    assert not torch.equal(second, first)


# Training


@pytest.mark.parametrize("epoch_steps", [1, 2, 4])
def test_whole_passes_end_with_the_same_weights(epoch_steps):
    data, parts = case(), assigned(3)
    settings = replace(RANDOM, max_epochs=3)
    n = math.ceil(5 / epoch_steps)
    fine = replace(settings, max_epochs=3 * n, epoch_steps=epoch_steps)
    for a, b in zip(together(data, fine, parts), together(data, settings, parts), strict=True):
        for x, y in zip(a.core.parameters(), b.core.parameters(), strict=True):
            assert torch.equal(x, y)
        assert (a.epochs, b.epochs) == (3 * n, 3)
        # The loss of a pass is the mean over its rows.
        own = np.array(losses(a)["train_loss"]).reshape(3, n)
        sizes = [len(_cut([72], 16, epoch_steps, k)[0]) for k in range(1, n + 1)]
        np.testing.assert_allclose(own @ sizes / 72, losses(b)["train_loss"], rtol=1e-6)


def test_more_steps_than_a_pass_has_are_a_pass():
    data, parts = case(), assigned(2)
    settings = replace(RANDOM, max_epochs=3, gates=PATH)
    fine = replace(settings, epoch_steps=7)
    assert digests(together(data, fine, parts)) == digests(together(data, settings, parts))


def test_the_weights_kept_are_those_of_a_part():
    """On a path in one pass nothing is open at its end; the best part comes long before."""
    data, parts = case(), assigned(3, held=20)
    settings = replace(SETTINGS, batch_size=4, max_epochs=1, learning_rate=0.1, gates=PATH)
    fine = replace(settings, max_epochs=6, epoch_steps=3)  # 18 steps of 70 rows
    for whole, kept in zip(
        together(data, settings, parts), together(data, fine, parts), strict=True
    ):
        assert whole.kept.penalty == 1
        assert kept.kept.number == int(np.argmin(losses(kept)["valid_loss"])) + 1
        assert kept.kept.penalty == pytest.approx(0.2 ** (1 - kept.kept.number / 6))
        assert kept.loss < whole.loss
        assert (kept.gates.gate > 0).sum() > (whole.gates.gate > 0).sum()


# When


def steps_of(settings, n) -> int:
    """Steps of the whole training, by counting them."""
    whole = math.ceil(n / settings.batch_size)
    sizes, at = [], 0
    for _ in range(settings.max_epochs):
        sizes.append(min(settings.epoch_steps, whole - at))
        at = (at + sizes[-1]) % whole
    return sum(sizes)


@pytest.mark.parametrize(
    ("most", "epochs", "expected"),
    [
        (15, 1, (3, 334)),  # of 1,000 steps
        (2, 1, (2, 500)),
        (1, 1, (1, None)),  # as was asked for
        (15, 2, (4, 500)),  # of two passes
        (2, 2, (2, None)),
        (15, 3, (3, None)),
        (15, 15, (15, None)),
    ],
)
def test_a_path_in_a_pass_or_two_has_three_epochs_or_four(most, epochs, expected):
    settings = NetworkSettings((9,), batch_size=128, max_epochs=epochs, gates=PATH)
    found = in_parts(settings, most, 128_000)
    assert found == replace(settings, max_epochs=expected[0], epoch_steps=expected[1])
    if found.epoch_steps:
        assert steps_of(found, 128_000) == 1000 * epochs


@pytest.mark.parametrize("gates", [None, replace(PATH, penalty=0.1)])
def test_without_a_path_an_epoch_is_all_rows(gates):
    settings = NetworkSettings((9,), max_epochs=1, gates=gates)
    assert in_parts(settings, 15, 128_000) == settings


def rounds_of(kind=NetworkEnsembleClassifier, **params):
    """108 rows of 120 in batches of 8: 14 steps a pass, of which 10 are dealt."""
    params = {"n_networks": 3, "batch_size": 8, "max_steps": 10, "path_steps": 5, **params}
    ensemble = kind(random_state=0, **params)
    return ensemble._rounds(ensemble._fit_data(*planted(), None), lambda progress: None)


@pytest.mark.parametrize("kind", [NetworkEnsembleClassifier, NetworkEnsembleRegressor])
def test_bounded_steps_cut_the_few_passes_of_our_networks_on_a_path(kind):
    own = rounds_of(kind, linear_share=1 / 3)
    assert (own.settings.max_epochs, own.settings.epoch_steps) == (3, 4)
    assert own.splits[2].settings.epoch_steps is None
    later = own.shortened().settings
    assert (later.max_epochs, later.epoch_steps) == (2, 4)
    two = rounds_of(kind, max_steps=28).settings
    assert (two.max_epochs, two.epoch_steps) == (4, 7)
    for given in ({"max_steps": None}, {"max_steps": 42}, {"gates": None, "path_steps": 150}):
        assert rounds_of(kind, **given).settings.epoch_steps is None


def test_nets_that_train_by_their_own_settings_are_left_alone():
    ensemble = NetworkEnsembleClassifier(MLPClassifier(), n_networks=2, random_state=0)
    rounds = ensemble._rounds(ensemble._fit_data(*planted(), None), lambda progress: None)
    assert rounds.settings.epoch_steps is None


def test_training_choice_counts_parts():
    X, y = planted()
    ensemble = NetworkEnsembleClassifier(
        n_networks=2, batch_size=8, max_steps=10, path_steps=5, random_state=0
    ).fit(X, y)
    assert ensemble.training_choice_["epochs"].tolist() == [3, 3]
    ends = 0.2 ** (1 - ensemble.training_choice_["kept_epoch"].to_numpy(float) / 3)
    np.testing.assert_allclose(ensemble.training_choice_["penalty"], ends)
