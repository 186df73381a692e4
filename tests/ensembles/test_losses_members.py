"""Losses of many networks at once, and the F1 score of probabilities."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from sklearn_deeplifft.networks._losses import (
    MultiSoftmaxLoss,
    SoftF1Loss,
    WeightedBCEWithLogitsLoss,
    WeightedCrossEntropyLoss,
    WeightedMSELoss,
)
from tests import oracles as o

G = torch.Generator().manual_seed(0)
N, B, K = 3, 11, 3
Z = torch.randn(N, B, K, generator=G, dtype=torch.float64)
W = torch.rand(N, B, generator=G, dtype=torch.float64)
LABELS = torch.randint(K, (N, B), generator=G)
MANY = (torch.rand(N, B, K, generator=G) < 0.4).double()

CASES = {
    "softmax": (WeightedCrossEntropyLoss(), Z, LABELS),
    "sigmoid": (WeightedBCEWithLogitsLoss(), Z, MANY),
    "regression": (WeightedMSELoss(), Z, Z.flip(1)),
    "one number": (WeightedMSELoss(), Z[..., :1], Z[..., 1:2]),
    "multisoftmax": (
        MultiSoftmaxLoss((2, 3)),
        torch.cat([Z, Z[..., :2]], dim=2),
        torch.stack([LABELS.clamp(max=1), LABELS], dim=2),
    ),
    "f1 of labels": (SoftF1Loss(), Z, MANY),
    "f1 of classes": (SoftF1Loss(), Z, LABELS),
}
CLASS_BY_CLASS = [name for name in CASES if not name.startswith("f1")]


@pytest.fixture(params=CASES)
def kind(request):
    return CASES[request.param]


def test_each_network_has_the_loss_it_has_alone(kind):
    loss, z, y = kind
    found = loss.of_members(z, y, W)
    alone = torch.stack([loss(z[i], (y[i], W[i])) for i in range(N)])
    torch.testing.assert_close(found, alone, rtol=1e-12, atol=1e-12)


def test_a_loss_depends_on_its_own_network_alone(kind):
    loss, z, y = kind
    z = z.clone().requires_grad_()
    for i, value in enumerate(loss.of_members(z, y, W)):
        (g,) = torch.autograd.grad(value, z, retain_graph=True)
        assert g[i].abs().max() > 0
        assert (g[[j for j in range(N) if j != i]] == 0).all()


@pytest.mark.parametrize("rows", [B, 0])
def test_the_gradient_is_that_of_each_loss(kind, rows):
    """Also of a network without any row of weight, whose loss is zero."""
    loss, z, y = kind
    weight = W.clone()
    weight[1, rows:] = 0
    losses, found = loss.descended(z, y, weight)
    given = z.clone().requires_grad_()
    expected = loss.of_members(given, y, weight)
    torch.testing.assert_close(losses, expected.detach(), rtol=1e-12, atol=1e-12)
    (right,) = torch.autograd.grad(expected.sum(), given)
    torch.testing.assert_close(found, right, rtol=1e-12, atol=1e-12)
    assert found.shape == z.shape
    assert not losses.requires_grad


@pytest.mark.parametrize("n_classes", [2, 10, 15, 16, 17, 40])
def test_cross_entropy_of_few_and_many_classes(n_classes):
    """Whose gradient comes by hand, in a layout that hangs on their number."""
    z = torch.randn(N, B, n_classes, generator=G, dtype=torch.float64, requires_grad=True)
    y = torch.randint(n_classes, (N, B), generator=G)
    plain = nn.functional.cross_entropy(z.flatten(0, 1), y.flatten(), reduction="none").view(N, B)
    expected = (plain * W).sum(1) / W.sum(1)
    losses, found = WeightedCrossEntropyLoss().descended(z.detach(), y, W)
    torch.testing.assert_close(losses, expected.detach(), rtol=1e-12, atol=1e-12)
    (right,) = torch.autograd.grad(expected.sum(), z)
    torch.testing.assert_close(found, right, rtol=1e-12, atol=1e-12)
    assert found.is_contiguous()


@pytest.mark.parametrize(
    "loss",
    [
        WeightedCrossEntropyLoss(weight=torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)),
        WeightedCrossEntropyLoss(label_smoothing=0.1),
    ],
    ids=["class weights", "smooth labels"],
)
def test_other_cross_entropies_have_the_gradient_of_torch(loss):
    losses, found = loss.descended(Z, LABELS, W)
    given = Z.clone().requires_grad_()
    own = torch.stack([loss._of_rows(z, y) for z, y in zip(given, LABELS, strict=True)])
    expected = (own * W).sum(1) / W.sum(1)
    torch.testing.assert_close(losses, expected.detach(), rtol=1e-12, atol=1e-12)
    (right,) = torch.autograd.grad(expected.sum(), given)
    torch.testing.assert_close(found, right, rtol=1e-12, atol=1e-12)


def test_rows_of_no_weight_change_nothing(kind):
    """They pad the batches of networks that have fewer rows."""
    loss, z, y = kind
    z = z.clone().requires_grad_()
    none = torch.zeros(N, B // 2)
    padded = [torch.cat([part, part[:, : B // 2]], dim=1) for part in (z, y)]
    found = loss.of_members(*padded, torch.cat([W, none], dim=1))
    torch.testing.assert_close(found, loss.of_members(z, y, W), rtol=1e-12, atol=1e-12)
    (g,) = torch.autograd.grad(found.sum(), padded[0])
    assert (g[:, B:] == 0).all()


def test_a_network_without_any_weight_has_no_gradient(kind):
    loss, z, y = kind
    z = z.clone().requires_grad_()
    weight = W * torch.tensor([1.0, 0.0, 1.0])[:, None]
    found = loss.of_members(z, y, weight)
    assert torch.isfinite(found).all()
    (g,) = torch.autograd.grad(found.sum(), z)
    assert (g[1] == 0).all()
    assert torch.isfinite(g).all()


def test_weights_are_repetitions(kind):
    loss, z, y = kind
    counts = torch.tensor([1, 2, 0, 3, 1, 1, 0, 2, 1, 5, 1])
    repeated = [part[0].repeat_interleave(counts, 0)[None] for part in (z, y)]
    ones = torch.ones(1, int(counts.sum()))
    expected = loss.of_members(*repeated, ones)
    for scale in (1.0, 0.125):
        found = loss.of_members(z[:1], y[:1], scale * counts[None].double())
        torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)


def test_the_plain_losses_are_those_of_torch():
    """Without weights, as torch defines them."""
    ones, F = torch.ones(N, B), nn.functional
    plain = {
        "softmax": F.cross_entropy,
        "sigmoid": F.binary_cross_entropy_with_logits,
        "regression": F.mse_loss,
        "one number": F.mse_loss,
        "multisoftmax": lambda z, y: (
            (F.cross_entropy(z[:, :2], y[:, 0]) + F.cross_entropy(z[:, 2:], y[:, 1])) / 2
        ),
    }
    assert list(plain) == CLASS_BY_CLASS
    for name, f in plain.items():
        loss, z, y = CASES[name]
        expected = torch.stack([f(z[i], y[i]) for i in range(N)])
        torch.testing.assert_close(loss.of_members(z, y, ones).double(), expected)


# The F1 score of probabilities


@pytest.mark.parametrize("weight", [None, W[0]])
def test_soft_f1_is_the_formula(weight):
    target = MANY[0] if weight is None else (MANY[0], weight)
    w = None if weight is None else weight.numpy()
    expected = o.oracle_soft_f1(Z[0].numpy(), MANY[0].numpy(), w)
    assert SoftF1Loss()(Z[0], target).item() == pytest.approx(expected, rel=1e-12)


def test_one_label_a_row_is_one_sigmoid_a_class():
    found = SoftF1Loss().of_members(Z, LABELS, W)
    for i in range(N):
        y = np.eye(K)[LABELS[i].numpy()]
        expected = o.oracle_soft_f1(Z[i].numpy(), y, W[i].numpy())
        assert found[i].item() == pytest.approx(expected, rel=1e-12)


@given(
    n=st.integers(1, 40),
    share=st.sampled_from([0.0, 0.02, 0.5, 0.98, 1.0]),
    shift=st.floats(-40, 40),
    weighted=st.booleans(),
    seed=st.integers(0, 10**6),
)
def test_soft_f1_in_single_precision(n, share, shift, weighted, seed):
    """Also where all labels and all answers agree, and counts cancel."""
    rng = np.random.default_rng(seed)
    z = (rng.normal(size=(n, 2)) + shift).astype(np.float32)
    y = (rng.random((n, 2)) < share).astype(np.float32)
    w = rng.random(n).astype(np.float32) + np.float32(0.01) if weighted else np.ones(n, np.float32)
    output = torch.from_numpy(z).requires_grad_()
    found = SoftF1Loss()(output, (torch.from_numpy(y), torch.from_numpy(w)))
    found.backward()
    assert -1e-6 <= found.item() <= 1 + 1e-6
    assert torch.isfinite(output.grad).all()
    if abs(shift) < 30:  # beyond it a sigmoid in single precision has no complement
        assert found.item() == pytest.approx(o.oracle_soft_f1(z, y, w), abs=2e-6)


def test_perfect_and_perfectly_wrong():
    y = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [0.0, 0.0]])
    sure = 60 * (y - 0.5)
    assert SoftF1Loss()(sure, y).item() == pytest.approx(0, abs=1e-6)
    assert SoftF1Loss()(-sure, y).item() == pytest.approx(1, abs=1e-6)
    half = SoftF1Loss()(torch.zeros(4, 2), y).item()
    assert half == pytest.approx(0.5)


@pytest.mark.parametrize("there", [0.0, 1.0])
@pytest.mark.parametrize("said", [-200.0, -20.0, 0.0, 20.0, 200.0])
def test_a_label_that_is_always_or_never_there(there, said):
    z = torch.full((5, 1), said, requires_grad=True)
    loss = SoftF1Loss()(z, torch.full((5, 1), there))
    loss.backward()
    p = 1 / (1 + math.exp(-said))
    right = p if there else 1 - p
    # One side's F1 is 2 p / (p + 1), the other has nothing to find and is 0.
    assert loss.item() == pytest.approx(1 - right / (right + 1), abs=1e-6)
    assert torch.isfinite(z.grad).all()


def test_its_gradient_is_that_of_differences():
    z = Z[:2, :5].clone().requires_grad_()
    weight = W[:2, :5]
    for y in (MANY[:2, :5], LABELS[:2, :5]):
        assert torch.autograd.gradcheck(lambda a, y=y: SoftF1Loss().of_members(a, y, weight), (z,))


def test_it_is_learned_from():
    """Gradient descent on the loss alone finds the labels."""
    z = torch.zeros(B, K, dtype=torch.float64, requires_grad=True)
    for _ in range(200):
        (g,) = torch.autograd.grad(SoftF1Loss()(z, MANY[0]), z)
        z.data -= 50 * g
    assert ((z > 0) == (MANY[0] > 0)).all()
