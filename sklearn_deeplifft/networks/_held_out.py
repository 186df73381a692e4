"""Outputs of one network on rows held out from it, while it trains."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from skorch.callbacks import Callback
from torch import Tensor

__all__ = ["HeldOut"]


class HeldOut(Callback):
    """Mean outputs over epochs, which no epoch was chosen by.

    Parameters
    ----------
    probabilities : bool, default=False
        Whether the network returns probabilities; what is averaged are logits in any case.
    """

    def __init__(self, probabilities: bool = False) -> None:
        self.probabilities = probabilities

    def on_train_begin(self, net: Any, **kwargs: Any) -> None:
        self.epoch_: list[np.ndarray] = []
        self.sum_: np.ndarray | None = None
        self.n_epochs_ = 0

    def on_batch_end(
        self, net: Any, training: bool, y_pred: Tensor | None = None, **kwargs: Any
    ) -> None:
        if training or y_pred is None:
            return
        z = y_pred.detach().cpu().double().reshape(len(y_pred), -1)
        if self.probabilities:
            z = torch.logit(z, eps=1e-12) if z.shape[1] == 1 else z.clamp_min(1e-12).log()
        self.epoch_.append(z.numpy())

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        if not self.epoch_:
            return
        outputs = np.concatenate(self.epoch_)
        self.sum_ = outputs if self.sum_ is None else self.sum_ + outputs
        self.epoch_, self.n_epochs_ = [], self.n_epochs_ + 1

    def pop_mean(self) -> np.ndarray | None:
        """Return the mean, (m, R), and forget it, as every pickle of the network would hold it."""
        mean = None if self.sum_ is None else self.sum_ / self.n_epochs_
        self.sum_, self.epoch_ = None, []
        return mean
