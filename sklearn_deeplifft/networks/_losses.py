"""Losses that weigh examples: targets may be ``y`` or ``(y, weight)``."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

__all__ = [
    "WEIGHTED",
    "MultiSoftmaxLoss",
    "SoftF1Loss",
    "WeightedBCELoss",
    "WeightedBCEWithLogitsLoss",
    "WeightedCrossEntropyLoss",
    "WeightedMSELoss",
    "WeightedNLLLoss",
]


VECTOR = 16
"""Numbers in the widest vector of a processor."""


def _total_of_members(weight: Tensor) -> Tensor:
    return weight.sum(1).clamp_min_(1e-30)


class _ForMembers:
    """The losses of networks that are trained side by side, with their gradients."""

    def of_members(self, output: Tensor, y: Tensor, weight: Tensor) -> Tensor:
        """Losses (N,) of N networks at once: (N, B, K), (N, B, ...), (N, B)."""
        raise NotImplementedError

    def descended(self, output: Tensor, y: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Losses (N,) and the gradient (N, B, K) of each network's own."""
        with torch.enable_grad():
            output = output.detach().requires_grad_()
            losses = self.of_members(output, y, weight)
            # Of the sum, not of the mean: that would divide the gradients by N.
            (gradient,) = torch.autograd.grad(losses.sum(), output)
        return losses.detach(), gradient


class _Weighted(_ForMembers):
    """Mean of per-example losses, weighted where weights come with the target; or their sum."""

    reduction: str
    _sums = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.reduction not in ("mean", "sum"):
            raise ValueError(
                f"reduction={self.reduction!r} of the criterion leaves a loss for each row, and "
                "training needs one number. Use 'mean' or 'sum'."
            )
        self._sums, self.reduction = self.reduction == "sum", "none"

    def forward(self, output: Tensor, target: Any) -> Tensor:
        y, weight = target if isinstance(target, tuple | list) else (target, None)
        loss = self._of_rows(output, y)
        weight = torch.ones_like(loss) if weight is None else weight
        total = (loss * weight).sum()
        return total if self._sums else total / self._total(weight, y)

    def of_members(self, output: Tensor, y: Tensor, weight: Tensor) -> Tensor:
        """Losses (N,) of N networks at once: (N, B, K), (N, B, ...), (N, B).

        A network without any weight in the batch has a loss of zero.
        """
        loss = self._of_rows(output.flatten(0, 1), y.flatten(0, 1)).view(weight.shape)
        return (loss * weight).sum(1) / _total_of_members(weight)

    def _total(self, weight: Tensor, y: Tensor) -> Tensor:
        return weight.sum()

    def _of_rows(self, output: Tensor, y: Tensor) -> Tensor:
        if self._same_shape:
            y = y.view_as(output).to(output.dtype)
        loss: Tensor = super().forward(output, y)  # type: ignore[misc]  # of the loss beside it
        if loss.ndim == 1:
            return loss
        return loss.flatten(1).sum(1) if self._sums else loss.flatten(1).mean(1)

    _same_shape = False


class _ClassWeighted(_Weighted):
    """As in torch, class weights count in the mean, unless targets are probabilities."""

    weight: Tensor | None

    def _total(self, weight: Tensor, y: Tensor) -> Tensor:
        if self.weight is None or y.is_floating_point():
            return weight.sum()
        return (weight * self.weight[y]).sum()


class WeightedCrossEntropyLoss(_ClassWeighted, nn.CrossEntropyLoss):
    """Cross-entropy of logits."""

    def of_members(self, output: Tensor, y: Tensor, weight: Tensor) -> Tensor:
        if not self._plain(y):
            return super().of_members(output, y, weight)
        log_p, dim = _log_softmax(output)
        found = log_p.gather(dim, y.unsqueeze(dim)).squeeze(dim) * weight
        return found.sum(1).div_(_total_of_members(weight)).neg_()

    def descended(self, output: Tensor, y: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
        """By hand: autograd takes as long as a narrow layer."""
        if not self._plain(y):
            return super().descended(output, y, weight)
        log_p, dim = _log_softmax(output)
        true = y.unsqueeze(dim)
        # Losses are sums over rows of these shares, below zero, times logarithms.
        share = weight / _total_of_members(weight).neg_().unsqueeze(1)
        downhill = torch.zeros_like(log_p).scatter_(dim, true, share.unsqueeze(dim))
        gradient = _softmax_gradient(downhill, log_p, dim, log_p.dtype)
        gradient = gradient if dim == -1 else gradient.mT.contiguous()
        return log_p.gather(dim, true).squeeze(dim).mul_(share).sum(1), gradient

    def _plain(self, y: Tensor) -> bool:
        return self.weight is None and not self.label_smoothing and not y.is_floating_point()


_softmax_gradient = torch.ops.aten._log_softmax_backward_data.default


def _log_softmax(output: Tensor) -> tuple[Tensor, int]:
    """Logarithms of the probabilities of (N, B, K), and the axis that they have classes on."""
    if output.shape[-1] >= VECTOR:
        return output.log_softmax(-1), -1
    # Torch takes such rows number by number; side by side, B at a time, they come to the same bits.
    return output.mT.contiguous().log_softmax(1), 1


class WeightedNLLLoss(_ClassWeighted, nn.NLLLoss):
    """Negative log-likelihood of log-probabilities."""


class WeightedBCEWithLogitsLoss(_Weighted, nn.BCEWithLogitsLoss):
    """Independent sigmoids, averaged over labels."""

    _same_shape = True


class WeightedBCELoss(_Weighted, nn.BCELoss):
    """The same from probabilities."""

    _same_shape = True


class WeightedMSELoss(_Weighted, nn.MSELoss):
    """Squared error, averaged over outputs."""

    _same_shape = True


class MultiSoftmaxLoss(_Weighted, nn.Module):
    """Mean cross-entropy of several softmax blocks side by side in the logits."""

    def __init__(self, sizes: tuple[int, ...] = (), reduction: str = "none") -> None:
        nn.Module.__init__(self)
        self.sizes = tuple(sizes)

    def _of_rows(self, output: Tensor, y: Tensor) -> Tensor:
        blocks = torch.split(output, list(self.sizes), dim=1)
        losses = [
            nn.functional.cross_entropy(block, y[:, h], reduction="none")
            for h, block in enumerate(blocks)
        ]
        return torch.stack(losses).mean(0)


class SoftF1Loss(_ForMembers, nn.Module):
    """One minus the F1 score of probabilities, mean over labels and over both sides of each.

    Counts of hits and misses become sums of probabilities over the batch; the F1 of a label's
    presence and of its absence weigh the same. Ashraf (2021) trains importance neurons with it.
    """

    def forward(self, output: Tensor, target: Any) -> Tensor:
        y, weight = target if isinstance(target, tuple | list) else (target, None)
        weight = output.new_ones(len(output)) if weight is None else weight
        return self.of_members(output[None], y[None], weight[None])[0]

    def of_members(self, output: Tensor, y: Tensor, weight: Tensor) -> Tensor:
        """Losses (N,) of N networks at once: (N, B, K), (N, B) classes or (N, B, K), (N, B)."""
        p = output.sigmoid()
        if not y.is_floating_point():
            y = nn.functional.one_hot(y, output.shape[-1])
        w = weight[..., None]
        return 1 - (_soft_f1(p, y, w) + _soft_f1(1 - p, 1 - y, w)).mean(1) / 2


def _soft_f1(p: Tensor, y: Tensor, w: Tensor) -> Tensor:
    """(N, K): F1 is twice the hits over what was said and what was there."""
    return 2 * (w * y * p).sum(1) / (w * (y + p)).sum(1).clamp_min(1e-16)


WEIGHTED: dict[type[nn.Module], type[nn.Module]] = {
    nn.CrossEntropyLoss: WeightedCrossEntropyLoss,
    nn.NLLLoss: WeightedNLLLoss,
    nn.BCEWithLogitsLoss: WeightedBCEWithLogitsLoss,
    nn.BCELoss: WeightedBCELoss,
    nn.MSELoss: WeightedMSELoss,
}
"""The weighted form of each loss that can be weighed."""
