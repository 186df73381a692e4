"""Interactions of pooled features, against the network above them run four times."""

import itertools

import numpy as np
import pytest
import torch
from torch import nn

from sklearn_deeplifft.interventions import filter_interactions
from sklearn_deeplifft.networks import motif_pool
from sklearn_deeplifft.sequences import SequenceEncoder

TEXTS = ["".join(row) for row in np.random.RandomState(0).choice(list("ACGT"), (40, 30))]
X = SequenceEncoder(dtype="float32").fit_transform(TEXTS)


class Wrapped(nn.Module):
    """No plain sequence of layers."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        return self.inner(x)


def net():
    torch.manual_seed(3)
    return motif_pool(30, n_filters=4, width=5, n_hidden=5).double().eval()


@pytest.mark.parametrize("network", [net(), Wrapped(net())], ids=["sequence", "wrapped"])
def test_corners_and_swaps(network):
    table = filter_interactions(network, X, task="regression")
    assert (np.diff(table["swap_rms"]) <= 0).all()
    layers = list(net())
    inner, above = nn.Sequential(*layers[:5]), nn.Sequential(*layers[5:])
    with torch.no_grad():
        H = inner(torch.tensor(X).double())
        ends = np.quantile(H.numpy(), [0.05, 0.95], axis=0)
        for i, j in itertools.combinations(range(4), 2):
            corner = 0
            for a, b in itertools.product((0, 1), repeat=2):
                h = H.clone()
                h[:, i], h[:, j] = ends[a, i], ends[b, j]
                corner += (1 if a == b else -1) * above(h).mean().item()
            row = table[(table["first"] == f"filter {i}") & (table["second"] == f"filter {j}")]
            assert row["corner"].item() == pytest.approx(corner, abs=1e-5)


def test_a_product_is_the_pair_and_a_sum_is_not():
    class Head(nn.Module):
        def forward(self, h):
            return h[:, :1] * h[:, 1:2] + 3 * h[:, 2:3]

    torch.manual_seed(0)
    conv = nn.Conv1d(4, 3, 5)
    network = nn.Sequential(
        nn.Unflatten(1, (30, 4)), nn.Flatten(1), nn.Unflatten(1, (4, 30)), conv,
        nn.AdaptiveMaxPool1d(1), nn.Flatten(), Head(),
    )  # fmt: skip
    table = filter_interactions(network, X, names="abc", task="regression", quantiles=(0, 1))
    assert table[["first", "second"]].values.tolist()[0] == ["a", "b"]
    H = network[:6](torch.tensor(X)).detach().numpy()
    spread = np.ptp(H[:, 0]) * np.ptp(H[:, 1])
    np.testing.assert_allclose(table["corner"], [spread, 0, 0], atol=1e-5)
    np.testing.assert_allclose(table["swap_rms"][1:], 0, atol=1e-5)
    assert table["swap_rms"][0] > 1e-3


def test_refuses():
    with pytest.raises(ValueError, match="names holds 2 names, and the layer returns 4"):
        filter_interactions(net(), X, names=["a", "b"], task="regression")
    with pytest.raises(ValueError, match="no layer behind a convolution returns rows"):
        filter_interactions(nn.Linear(120, 1), X, task="regression")
    with pytest.raises(ValueError, match="must be two shares"):
        filter_interactions(net(), X, quantiles=(0.9, 0.1), task="regression")
