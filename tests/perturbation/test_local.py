"""Windows of sequence networks against whole passes in double precision."""

import copy

import pytest
import torch
from torch import nn

from sklearn_deeplifft.attribution import Head, NetworkReader
from sklearn_deeplifft.networks import Standardize
from sklearn_deeplifft.perturbation import Edit, FullForward, Local, OutputScale, local_of, per_unit
from tests.perturbation._sequence_networks import (
    LENGTH,
    NETWORKS,
    RUN_WHOLE,
    Unflatten,
    drawn,
    made,
)

D = 4 * LENGTH

# torch's own word on even kernels; ours are padded by hand.
pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")


def sequences(n, seed=0):
    generator = torch.Generator().manual_seed(seed)
    letters = torch.randint(0, 4, (n, LENGTH), generator=generator)
    return nn.functional.one_hot(letters, 4).flatten(1).double()


def answers(net, dtype, few=8, proba=False, prepare=lambda X: X, steps=None):
    """The network by windows (or None), and whole."""
    with torch.no_grad():
        K = net(prepare(sequences(2)).to(dtype)).shape[1]
    kind = "softmax" if K > 1 else "sigmoid"
    scale = OutputScale((Head(kind, 0, K),), proba)
    reader = NetworkReader(net, dtype=dtype)
    whole = FullForward(lambda X: scale(reader.logits(prepare(X))))
    steps = per_unit(torch.ones(D)) if steps is None else steps
    local = local_of(net, sequences(few), dtype, prepare, steps, scale, whole)
    return local, whole


def columns(start, stop):
    return torch.arange(4 * start, 4 * stop)


def word(letters, start):
    """A word written into all rows."""
    values = nn.functional.one_hot(torch.tensor(letters), 4).flatten().double()
    return Edit(columns(start, start + len(letters)), values[None])


def edits(X, words=((0, 1, 2), (3,), (1, 1), (2, 0, 3, 1, 2, 2))):
    """Words and letters at every kind of place, values of other rows, two places at once."""
    n = len(X)
    found = []
    for i, letters in enumerate(words):
        for start in {0, 3 * i + 2, LENGTH - len(letters)}:
            one = word(letters, start)
            found.append(one._replace(values=one.values.expand(n, -1)))
    other = X.flip(0).roll(1, 0)
    at = columns(5, 12)
    found.append(Edit(at, other[:, at]))
    some = torch.arange(0, n, 3)
    found.append(Edit(at, other[some][:, at], some, other[some][:, at] - X[some][:, at]))
    found.append(Edit(at[:4], word((2,), 0).values.expand(len(some), -1), some))
    two = torch.cat([columns(1, 4), columns(LENGTH - 5, LENGTH - 1)])
    found.append(Edit(two, other[:, two]))
    found.append(Edit(two, other[:1, two].expand(n, -1)))
    found.append(Edit(two.flip(0), other[:, two.flip(0)]))
    return found


def largest_gap(local, whole, X):
    """Largest difference over the largest effect: before, after, and as changes."""
    moves = edits(X)
    expected, before = whole.after(X, moves).double(), whole.outputs(X).double()
    found = local.after(X, moves).double()
    rows = torch.cat([before if e.rows is None else before[e.rows] for e in moves])
    effect = (expected - rows).abs().max()
    out = torch.zeros(len(X), len(moves), before.shape[1], dtype=torch.float64)
    local.write_changes(out, X, moves, before)
    parts = [out[slice(None) if e.rows is None else e.rows, i] for i, e in enumerate(moves)]
    untouched = [i for i, e in enumerate(moves) if e.rows is not None]
    for i in untouched:
        left = torch.ones(len(X), dtype=torch.bool)
        left[moves[i].rows] = False
        assert not out[left, i].any()
    gaps = [found - expected, torch.cat(parts) - (expected - rows), local.outputs(X) - before]
    return float(max(gap.abs().max() for gap in gaps) / effect)


@pytest.mark.parametrize("name", NETWORKS)
def test_windows_give_what_whole_passes_give(name):
    net = made(NETWORKS[name])
    local, whole = answers(net, torch.float64)
    assert isinstance(local, Local)
    assert largest_gap(local, whole, sequences(19, seed=1)) <= 1e-12


@pytest.mark.parametrize("name", NETWORKS)
def test_so_they_do_in_single_precision(name):
    net = made(NETWORKS[name], torch.float32)
    local, _ = answers(net, torch.float32)
    _, exact = answers(copy.deepcopy(net).double(), torch.float64)
    assert largest_gap(local, exact, sequences(19, seed=1)) <= 1e-5


@pytest.mark.parametrize("seed", range(40))
def test_random_chains(seed):
    net = made(lambda: drawn(seed), seed=seed)
    local, whole = answers(net, torch.float64)
    assert isinstance(local, Local), net
    X = sequences(7, seed=seed)
    moves = edits(X)
    expected = whole.after(X, moves)
    gap = (local.after(X, moves) - expected).abs().max()
    assert gap <= 1e-12 * expected.abs().max(), net


@pytest.mark.parametrize("name", RUN_WHOLE)
def test_what_is_no_chain_along_a_sequence_is_run_whole(name):
    assert answers(made(RUN_WHOLE[name]), torch.float64)[0] is None


def test_a_network_of_another_precision_is_read_in_the_one_asked_for():
    net = made(NETWORKS["residual, dilated, averaged"], torch.float32)
    whole = answers(copy.deepcopy(net).double(), torch.float64)[1]
    scale = OutputScale((Head("sigmoid", 0, 1),))
    steps = per_unit(torch.ones(D))
    few = sequences(8)
    local = local_of(net, few, torch.float64, lambda X: X, steps, scale, whole)
    assert largest_gap(local, whole, sequences(9)) <= 1e-12


def test_standardised_columns_are_moved_in_their_own_units():
    mean, size = torch.linspace(-1, 1, D).double(), torch.linspace(0.5, 2, D).double()
    local, whole = answers(
        made(NETWORKS["convolution, flat"]),
        torch.float64,
        prepare=lambda X: (X - mean) / size,
        steps=per_unit(size),
    )
    assert largest_gap(local, whole, sequences(12)) <= 1e-12


def test_skewed_columns_are_moved_on_their_logarithmic_scale():
    part = torch.linspace(0.5, 2, D)
    sign = torch.tensor([1.0, -1.0, 0.0]).repeat(D)[:D]
    front = Standardize(part - 1, part, torch.float64, (sign, -0.3 * part, 0.2 * part))
    net = made(NETWORKS["convolution, flat"])
    local, whole = answers(net, torch.float64, prepare=front.exact, steps=front.steps)
    assert local is not None
    assert largest_gap(local, whole, sequences(12)) <= 1e-12


def test_probabilities():
    local, whole = answers(made(NETWORKS["both strands"]), torch.float64, proba=True)
    assert largest_gap(local, whole, sequences(12)) <= 1e-12


def test_many_rows_and_many_edits_come_in_blocks():
    local, whole = answers(made(NETWORKS["pool larger than the window"]), torch.float64)
    X = sequences(140)
    words = torch.randint(0, 4, (10, 3), generator=torch.Generator().manual_seed(0))
    moves = [word(tuple(w), 7) for w in words.tolist()]
    moves = [move._replace(values=move.values.expand(140, -1)) for move in moves]
    assert (local.after(X, moves) - whole.after(X, moves)).abs().max() <= 1e-12


def test_columns_that_no_window_reads_change_nothing_to_the_last_bit():
    class Half(nn.Module):
        def __init__(self):
            super().__init__()
            self.core = NETWORKS["global maximum"]()[2:]

        def forward(self, x):
            return self.core(x[:, : D // 2].view(len(x), -1, 4).transpose(1, 2))

    local, _ = answers(made(Half), torch.float64)
    X = sequences(10)
    unread = Edit(columns(30, 33), torch.zeros(10, 12, dtype=torch.float64))
    assert not local.reads(unread)
    assert local.reads(Edit(columns(1, 2), torch.zeros(10, 4, dtype=torch.float64)))
    out = torch.full((10, 1, 2), 7.0, dtype=torch.float64)
    local.write_changes(out, X, [unread], local.outputs(X))
    assert not out.any()
    assert torch.equal(local.after(X, [unread]), local.outputs(X))


def test_the_network_is_left_as_it_was_and_may_be_trained_on():
    net = made(NETWORKS["residual, dilated, averaged"]).train()
    state = copy.deepcopy(net.state_dict())
    local, _ = answers(net.eval(), torch.float64)
    X = sequences(6)
    before = local.outputs(X)
    net.train()
    with torch.no_grad():
        for weight in net.parameters():
            weight.add_(1)
    assert torch.equal(local.outputs(X), before)
    assert all(torch.equal(state[k], v) for k, v in net.state_dict().items() if "running" in k)


def test_a_graph_that_answers_otherwise_is_not_used():
    net = made(NETWORKS["convolution, flat"])
    scale = OutputScale((Head("softmax", 0, 3),))
    other = FullForward(lambda X: scale(net(X).detach()) + X[:, :1])
    steps = per_unit(torch.ones(D))
    few = sequences(8)
    assert local_of(net, few, torch.float64, lambda X: X, steps, scale, other) is None


def test_a_first_layer_that_is_no_convolution():
    net = made(
        lambda: nn.Sequential(
            Unflatten(), nn.BatchNorm1d(4), nn.MaxPool1d(2), nn.Conv1d(4, 3, 3), nn.ReLU(),
            nn.Flatten(), nn.Linear(54, 2),
        )
    )  # fmt: skip
    local, whole = answers(net, torch.float64)
    assert largest_gap(local, whole, sequences(11)) <= 1e-12
