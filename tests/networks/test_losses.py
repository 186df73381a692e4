"""Weighted losses: a weighted mean of the plain ones, row by row."""

import pytest
import torch
from torch import nn

from sklearn_deeplifft.networks._losses import WEIGHTED, MultiSoftmaxLoss

G = torch.Generator().manual_seed(0)
Z = torch.randn(9, 3, generator=G, dtype=torch.float64)
Y = torch.randint(3, (9,), generator=G)
W = torch.rand(9, generator=G, dtype=torch.float64)

CASES = {
    nn.CrossEntropyLoss: (Z, Y),
    nn.NLLLoss: (Z.log_softmax(1), Y),
    nn.BCEWithLogitsLoss: (Z, (Z > 0.3).double()),
    nn.BCELoss: (Z.sigmoid(), (Z > 0.3).double()),
    nn.MSELoss: (Z, Z.flip(0)),
}


@pytest.mark.parametrize("loss", WEIGHTED)
def test_without_weights_it_is_the_plain_loss(loss):
    output, y = CASES[loss]
    torch.testing.assert_close(WEIGHTED[loss]()(output, y), loss()(output, y))


@pytest.mark.parametrize("loss", WEIGHTED)
def test_weighted_mean_of_the_rows(loss):
    output, y = CASES[loss]
    rows = torch.stack([loss()(output[i : i + 1], y[i : i + 1]) for i in range(9)])
    expected = (rows * W).sum() / W.sum()
    torch.testing.assert_close(WEIGHTED[loss]()(output, (y, W)), expected)
    torch.testing.assert_close(WEIGHTED[loss]()(output, [y, W]), expected)


@pytest.mark.parametrize("loss", WEIGHTED)
@pytest.mark.filterwarnings("ignore:size_average")  # torch's former name of reduction
@pytest.mark.parametrize("asked", [{"reduction": "sum"}, {"size_average": False}], ids=str)
def test_weighted_sum_of_the_rows(loss, asked):
    output, y = CASES[loss]
    rows = [loss(reduction="sum")(output[i : i + 1], y[i : i + 1]) for i in range(9)]
    expected = sum(w * row for w, row in zip(W, rows, strict=True))
    torch.testing.assert_close(WEIGHTED[loss](**asked)(output, (y, W)), expected)
    torch.testing.assert_close(WEIGHTED[loss](**asked)(output, y), sum(rows))


def test_a_loss_of_each_row_is_none_to_descend():
    with pytest.raises(ValueError, match=r"^reduction='none' of the criterion .*'mean' or 'sum'"):
        WEIGHTED[nn.MSELoss](reduction="none")


@pytest.mark.parametrize("loss", WEIGHTED)
def test_repeated_rows_and_scaled_weights(loss):
    output, y = CASES[loss]
    counts = torch.tensor([1, 2, 3, 1, 0, 1, 1, 4, 1])
    twice = WEIGHTED[loss]()(output.repeat_interleave(counts, 0), y.repeat_interleave(counts, 0))
    torch.testing.assert_close(WEIGHTED[loss]()(output, (y, counts.double())), twice)
    torch.testing.assert_close(WEIGHTED[loss]()(output, (y, 7.0 * counts)), twice)


@pytest.mark.parametrize("loss", [nn.BCEWithLogitsLoss, nn.BCELoss, nn.MSELoss])
@pytest.mark.parametrize("weight", [None, W])
def test_a_single_output_is_not_broadcast(loss, weight):
    """(n, 1) against (n,) would be an n x n table of errors."""
    output, y = (part[:, :1] for part in CASES[loss])
    plain = loss(reduction="none")(output, y)[:, 0]
    w = torch.ones(9) if weight is None else weight
    target = y[:, 0] if weight is None else (y[:, 0], weight)
    torch.testing.assert_close(WEIGHTED[loss]()(output, target), (plain * w).sum() / w.sum())


def test_options_of_the_plain_loss_are_kept():
    for options in ({"label_smoothing": 0.2}, {"ignore_index": 2}):
        loss = WEIGHTED[nn.CrossEntropyLoss](**options)
        rows = nn.CrossEntropyLoss(**options, reduction="none")(Z, Y)
        torch.testing.assert_close(loss(Z, (Y, W)), (rows * W).sum() / W.sum())


CLASS_WEIGHT = torch.tensor([1.0, 5.0, 2.0], dtype=torch.float64)


@pytest.mark.parametrize(
    ("loss", "options"),
    [
        (nn.CrossEntropyLoss, {}),
        (nn.CrossEntropyLoss, {"label_smoothing": 0.2}),
        (nn.NLLLoss, {}),
    ],
)
def test_class_weights_of_the_plain_loss_are_kept_in_the_mean(loss, options):
    """torch divides by the sum of the class weights of the rows: so must the weighted form."""
    output, plain = CASES[loss][0], loss(weight=CLASS_WEIGHT, **options)
    weighted = WEIGHTED[loss](weight=CLASS_WEIGHT, **options)
    torch.testing.assert_close(weighted(output, Y), plain(output, Y))
    counts = torch.tensor([1, 2, 3, 1, 0, 1, 1, 4, 1])
    repeated = plain(output.repeat_interleave(counts, 0), Y.repeat_interleave(counts, 0))
    torch.testing.assert_close(weighted(output, (Y, counts.double())), repeated)
    torch.testing.assert_close(weighted(output, (Y, 7.0 * counts)), repeated)
    rows = loss(weight=CLASS_WEIGHT, **options, reduction="none")(output, Y)
    expected = (rows * W).sum() / (W * CLASS_WEIGHT[Y]).sum()
    torch.testing.assert_close(weighted(output, (Y, W)), expected)


def test_targets_that_are_probabilities_leave_class_weights_out_of_the_mean():
    """So does torch: there is no one class whose weight could count."""
    plain = nn.CrossEntropyLoss(weight=CLASS_WEIGHT)
    weighted = WEIGHTED[nn.CrossEntropyLoss](weight=CLASS_WEIGHT)
    p = Z.flip(0).softmax(1)
    torch.testing.assert_close(weighted(Z, p), plain(Z, p))
    counts = torch.tensor([1, 2, 3, 1, 0, 1, 1, 4, 1])
    repeated = plain(Z.repeat_interleave(counts, 0), p.repeat_interleave(counts, 0))
    torch.testing.assert_close(weighted(Z, (p, counts.double())), repeated)


@pytest.mark.parametrize("weight", [None, W])
def test_blocks_of_softmaxes(weight):
    z = torch.cat([Z, Z[:, :2] * 2], dim=1)
    y = torch.stack([Y, Y.clamp(max=1)], dim=1)
    rows = (
        nn.functional.cross_entropy(z[:, :3], y[:, 0], reduction="none")
        + nn.functional.cross_entropy(z[:, 3:], y[:, 1], reduction="none")
    ) / 2
    w = torch.ones(9) if weight is None else weight
    target = y if weight is None else (y, weight)
    torch.testing.assert_close(MultiSoftmaxLoss((3, 2))(z, target), (rows * w).sum() / w.sum())
