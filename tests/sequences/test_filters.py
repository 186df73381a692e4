"""Filters as motifs: which letters lie beneath an active filter."""

import numpy as np
import pytest
import torch
from torch import nn

from sklearn_deeplifft.networks import cnn_shallow, motif_pool
from sklearn_deeplifft.sequences import SequenceEncoder, filter_motifs

TEXTS = ["".join(row) for row in np.random.RandomState(0).choice(list("ACGT"), (70, 30))]
X = SequenceEncoder(dtype="float32").fit_transform(TEXTS)


def net():
    torch.manual_seed(0)
    return motif_pool(30, n_filters=3, width=5, n_hidden=4)


def test_counts_are_those_of_a_loop_over_places():
    network = net()
    found = filter_motifs(network, X, trim=0)
    with torch.no_grad():
        a = nn.Sequential(*list(network)[:3])(
            torch.tensor(X)
        ).numpy()  # channels, convolution, ReLU
    assert found.layer == "activation1"
    np.testing.assert_allclose(found.largest, a.max((0, 2)))
    for f, motif in enumerate(found.motifs):
        counts, sites = np.zeros((4, 5)), 0
        for row, text in enumerate(TEXTS):
            for place in range(30):
                start = place - 2  # "same" pads 4, two of them before
                if a[row, f, place] > a[:, f].max() / 2 and 0 <= start <= 25:
                    sites += 1
                    for i, letter in enumerate(text[start : start + 5]):
                        counts["ACGT".index(letter), i] += 1
        np.testing.assert_array_equal(motif.counts, counts)
        assert found.n_sites[f] == sites


def test_reads_behind_batch_norm_and_leaves_out_dead_filters():
    torch.manual_seed(0)
    network = cnn_shallow(100, activation="exponential", first_kernel=7)
    network.conv1.weight.data[1] = 0
    network.train()
    found = filter_motifs(network, np.tile(X, (1, 4))[:, :400])
    assert found.layer == "activation1"
    assert network.training
    assert found.motifs[1] is None or found.motifs[1].width <= 7
    dead = net()
    dead.conv1.bias.data[2] = -100
    assert filter_motifs(dead, X).motifs[2] is None


@pytest.mark.long
def test_matches_by_tomtom():
    pytest.importorskip("memelite", reason="matching motifs needs the extra sequences")
    network = net()
    rng = np.random.default_rng(0)
    database = {f"m{i}": rng.multinomial(30, [0.7, 0.1, 0.1, 0.1], size=7).T for i in range(30)}
    found = filter_motifs(network, X)
    database |= {"own": found.motifs[0].counts}
    network.conv1.bias.data[2] = -100
    found = filter_motifs(network, X)
    table = found.match(database)
    assert table["filter"].tolist() == [0, 1, 2]
    assert table["motif"][0] == "own"
    assert table["motif"][2] is None
    np.testing.assert_allclose(table["e_value"][:2], 31 * table["p_value"][:2])
    assert found.names(database)[0] == "filter 0 own"
    assert found.names(database)[2] == "filter 2"


def test_refuses():
    with pytest.raises(ValueError, match="has no Conv1d"):
        filter_motifs(nn.Linear(120, 1), X)
    with pytest.raises(ValueError, match="choose a layer before any pool"):
        filter_motifs(net(), X, layer="pool")
    with pytest.raises(ValueError, match=r"threshold=2 must be a share"):
        filter_motifs(net(), X, threshold=2)
    strided = nn.Sequential(nn.Conv1d(4, 2, 3, stride=2), nn.Flatten(), nn.Linear(28, 1))
    with pytest.raises(ValueError, match="without stride and dilation"):
        filter_motifs(strided, X.reshape(70, 30, 4).transpose(0, 2, 1))
