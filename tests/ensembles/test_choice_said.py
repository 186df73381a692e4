"""The sentence that says which epochs the networks of an ensemble keep."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from sklearn_deeplifft.ensembles._choice_said import choice_said
from sklearn_deeplifft.ensembles._training_choice import Gates, choice_frame
from sklearn_deeplifft.networks import (
    HELD_OUT,
    LAST,
    TRAINING,
    GateReading,
    KeptEpoch,
    TrainedNetwork,
)


def network(by=HELD_OUT, n_open=None, *, hidden=(100,), G=4, kept=3, epochs=9, path=True, c=0.5):
    """A network that keeps one of its epochs, with so many of its gates open; None has no gates."""
    widths = (G, *hidden, 3)
    core = nn.Sequential(*(nn.Linear(a, b) for a, b in itertools.pairwise(widths)))
    gate = torch.arange(G) < (n_open or 0)
    gates = None if n_open is None else GateReading(*[gate.float()] * 4)
    history = [{"valid_loss": 0.1 * (i + 1)} for i in range(epochs or 0)]
    chosen = by and KeptEpoch(kept, by, path, c)
    net = SimpleNamespace(history=history)
    return TrainedNetwork(net, core, None, epochs, gates=gates, kept=chosen)


def linear(G=4, n_open=None):
    """One without a hidden layer, trained to the end."""
    n_open = G if n_open is None else n_open
    return network(LAST, n_open, hidden=(), G=G, kept=9, path=False, c=0.0)


def said(*networks, of_column=None, ours=True):
    gates = Gates(np.arange(networks[0].core[0].in_features) if of_column is None else of_column)
    scores = np.full(len(networks), np.nan)
    frame = choice_frame(networks, scores, gates, ours=ours)
    return choice_said(frame, networks, gates, ours=ours)


LEAST = "kept where held-out loss was least"


@pytest.mark.parametrize(
    ("networks", "expected"),
    [
        (
            [network(n_open=1), network(n_open=3), linear()],
            f"2 networks of 100 units, {LEAST}, read 1 to 3 of 4 columns; 1 without a hidden "
            "layer, trained to the end, reads all.",
        ),
        ([network(n_open=1)], f"1 network of 100 units, {LEAST}, reads 1 of 4 columns."),
        ([network(n_open=4)], f"1 network of 100 units, {LEAST}, reads all 4 columns."),
        (
            [network(n_open=2), linear(), linear()],
            f"1 network of 100 units, {LEAST}, reads 2 of 4 columns; 2 without a hidden layer, "
            "trained to the end, read all.",
        ),
        ([linear()], "1 network without a hidden layer, trained to the end, reads all 4 columns."),
        (
            [network(n_open=2, G=2), linear(G=2)],
            f"1 network of 100 units, {LEAST}, reads both columns; 1 without a hidden layer, "
            "trained to the end, reads all.",
        ),
        (
            [network(n_open=1, G=1)],
            f"1 network of 100 units, {LEAST}, reads the only column.",
        ),
        ([network(n_open=0, G=1)], f"1 network of 100 units, {LEAST}, reads 0 of 1 column."),
        (
            [network(n_open=1200, G=3000, hidden=(1,))],
            f"1 network of 1 unit, {LEAST}, reads 1,200 of 3,000 columns.",
        ),
        (
            [network(hidden=(200, 100)), network(hidden=(200, 100), kept=7)],
            f"2 networks of 200 and 100 units, {LEAST}: epochs 3 to 7 of 9.",
        ),
        (
            [network(hidden=(9, 8, 7)), network(hidden=(9, 8, 7), epochs=12)],
            f"2 networks of 9, 8 and 7 units, {LEAST}: epoch 3 of 9 to 12.",
        ),
        (
            [network(TRAINING, 2)],
            "1 network of 100 units, kept where training loss was least, as no row was held out, "
            "reads 2 of 4 columns.",
        ),
        (
            [network(n_open=2, path=False, c=0.25)],
            f"1 network of 100 units, {LEAST} under a penalty of 0.25, reads 2 of 4 columns.",
        ),
        ([network(LAST, epochs=1, kept=1)], "1 network of 100 units, trained to the end: 1 epoch."),
        ([network(LAST, kept=9)] * 3, "3 networks of 100 units, trained to the end: 9 epochs."),
    ],
)
def test_which_networks_are_kept_where(networks, expected):
    assert said(*networks) == expected


def test_kinds_that_alternate_are_told_once():
    text = said(network(n_open=1), linear(), network(n_open=2), linear())
    assert text.startswith("2 networks of 100 units")
    assert "; 2 without a hidden layer" in text


def test_columns_that_share_a_gate_are_a_feature():
    networks = [network(n_open=1, G=4), linear()]
    assert said(*networks, of_column=np.array([0, 0, 1, 2, 3, 3])) == (
        f"1 network of 100 units, {LEAST}, reads 1 of 4 features; 1 without a hidden layer, "
        "trained to the end, reads all."
    )


def test_gates_of_null_columns_do_not_count():
    """Of 2 columns both are open, and one of the two null ones behind them."""
    assert said(network(n_open=3, G=4), of_column=np.array([0, 1])).endswith("reads both columns.")


@pytest.mark.parametrize(
    ("networks", "expected"),
    [
        ([network(None)], "1 network of the user's own, trained by its own settings: 9 epochs."),
        (
            [network(None), network(None, epochs=12)],
            "2 networks of the user's own, trained by their own settings: 9 to 12 epochs.",
        ),
        ([network(None, epochs=None)], "1 network of the user's own, trained elsewhere."),
        ([network()], f"1 network of the user's own, {LEAST}: epoch 3 of 9."),
        (
            [network("valid_acc")],
            "1 network of the user's own, kept where valid_acc was best: epoch 3 of 9.",
        ),
    ],
)
def test_networks_of_the_users_own(networks, expected):
    assert said(*networks, ours=False) == expected
