"""What networks of one-hot sequences have in common, and what they need of their surroundings."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sklearn_deeplifft.attribution import ToChannels

__all__ = ["OneHotNetwork", "RowNorm", "recommended_training", "require_length"]


class RowNorm(nn.BatchNorm1d):
    """Batch normalisation of dense layers that takes a batch of one row, too.

    The last batch of an epoch may hold one; its own mean and variance say nothing then, and the
    running ones are used.
    """

    def forward(self, input: Tensor) -> Tensor:
        if self.training and len(input) == 1:
            assert self.running_mean is not None
            assert self.running_var is not None
            return F.batch_norm(
                input, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps
            )
        return super().forward(input)


class OneHotNetwork(nn.Sequential):
    """Layers behind `ToChannels`: a network of rows (n, L K) of one-hot columns.

    An ensemble puts no standardisation before it, which would scale each position in its own way,
    and feeds the uniform letter where elimination has removed a position.

    Parameters
    ----------
    length : int
        Positions ``L``.
    layers : mapping of str to nn.Module
        Layers by name, in the order in which they run; the last returns logits.
    n_letters : int, default=4
        Letters ``K`` of the alphabet.
    initial_scale : float, default=None
        Standard deviation of all weights at first; None draws them as He et al. 2015 do, those of
        the last layer as Glorot and Bengio 2010.
    recommended : mapping of str to value, default={}
        Parameters of an ensemble by which such a network is best trained.
    """

    def __init__(
        self,
        length: int,
        layers: Mapping[str, nn.Module],
        *,
        n_letters: int = 4,
        initial_scale: float | None = None,
        recommended: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.add_module("channels", ToChannels(length, n_letters))
        for name, layer in layers.items():
            self.add_module(name, layer)
        self.length = length
        self.n_letters = n_letters
        self.initial_scale = initial_scale
        self.recommended = dict(recommended or {})
        self.reset_parameters()

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Draw the weights of all layers anew; biases are zero."""
        layers = [m for m in self.modules() if isinstance(m, nn.Conv1d | nn.Linear)]
        for layer in layers:
            if self.initial_scale is not None:
                nn.init.normal_(layer.weight, std=self.initial_scale)
            elif layer is layers[-1]:
                nn.init.xavier_uniform_(layer.weight)
            else:
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
        for part in self.modules():
            if isinstance(part, nn.BatchNorm1d):
                part.reset_parameters()


def recommended_training(network: Any) -> Mapping[str, Any]:
    """Parameters of an ensemble that a module, or the function that makes it, recommends.

    A convention of this package, ``recommended``, and none of torch; networks of others have none.
    """
    made_by = network
    while isinstance(made_by, partial):
        made_by = made_by.func
    found = vars(made_by).get("recommended") if hasattr(made_by, "__dict__") else None
    return found if isinstance(found, dict) else {}


def require_length(
    name: str, L: int | None, n_features: int | None, n_letters: int, least: int
) -> int:
    """The number of positions, from itself or from the number of columns.

    Raises
    ------
    TypeError
        If neither is given.
    ValueError
        If columns are no whole positions, the two differ, or ``name`` reads longer sequences only.
    """
    if L is None and n_features is None:
        raise TypeError(
            f"{name} needs L, the number of positions. An ensemble knows it from the data: give it "
            f"networks.{name} itself, or functools.partial(networks.{name}, ...) with settings."
        )
    if n_features is not None and n_features % n_letters:
        raise ValueError(
            f"{name} reads rows of {n_letters} columns a position, and {n_features} columns are no "
            "whole number of positions. Encode sequences by SequenceEncoder, and take no other "
            "columns among them."
        )
    length = L if n_features is None else n_features // n_letters
    assert length is not None
    if L is not None and length != L:
        raise ValueError(
            f"{name} was built for L={L} positions, and rows of {n_features} columns have {length} "
            f"of {n_letters} letters. Leave L out to have it inferred."
        )
    if length < least:
        raise ValueError(
            f"{name} pools positions, and so reads sequences of {least} positions or more; "
            f"got {length}. networks.motif_pool reads sequences of any length."
        )
    return length
