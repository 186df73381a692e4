"""The gradient correction, put into the weights of the first layer once and for all.

============  ====================================================  ===============
code          symbol                                                shape
============  ====================================================  ===============
``W``         weights of the layer                                  (m, K, width)
``mean``      ``W`` averaged over letters                           (m, 1, width)
``b``         bias                                                  (m,)
============  ====================================================  ===============

Where every position holds one letter, ``sum_a x[a, l] = 1``, the part of the weights that is the
same for all letters adds the same number to every sequence: ``conv(x, W) = conv(x, W - mean) +
conv(1, mean)``. Without it no gradient has a part normal to the simplex, which is what Majdandzic &
Koo take out of gradients one by one. Zeros that pad a sequence hold no letter, and so ``conv(1,
mean)`` depends on the position there: to give back a constant alone is wrong by up to 1.8 logits on
their published networks.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized

from sklearn_deeplifft.attribution._channels import ToChannels

__all__ = ["GaugedConv1d", "PositionBias", "regauge_first_layer"]

PASSING = (nn.Identity, nn.Dropout, nn.Dropout1d, nn.AlphaDropout)
"""Modules that hand on what they are given, in evaluation mode."""


class GaugedConv1d(nn.Conv1d):
    """A first convolution that is trained without the mean of its weights over letters.

    ``weight`` may hold such a mean: it takes no part, and its gradient is zero.
    """

    def centred(self) -> Tensor:
        """Weights (m, K, width) as they are applied."""
        return self.weight - self.weight.mean(1, keepdim=True)

    def forward(self, input: Tensor) -> Tensor:
        out: Tensor = self._conv_forward(input, self.centred(), self.bias)
        return out


class PositionBias(nn.Module):
    """Add what a convolution makes of positions that hold one letter each: ``conv(1, mean)``.

    Its value does not depend on the letters, only on how near the padding a position is.
    """

    mean: Tensor

    def __init__(self, mean: Tensor, like: nn.Conv1d) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.padding, self.dilation = like.padding, like.dilation
        self.width = like.kernel_size[0]

    def forward(self, z: Tensor) -> Tensor:
        ones = self.mean.new_ones(1, 1, self._length(z.shape[-1]))
        return z + F.conv1d(ones, self.mean, padding=self.padding, dilation=self.dilation)

    def _length(self, n_out: int) -> int:
        """Positions that a convolution of stride 1 makes ``n_out`` of."""
        if isinstance(self.padding, str):
            return n_out
        return n_out + self.dilation[0] * (self.width - 1) - 2 * int(self.padding[0])


def regauge_first_layer(
    module: nn.Module, *, layer: str | None = None, n_letters: int = 4
) -> nn.Module:
    """A copy of a network with the gradient correction in the weights of its first layer.

    On rows in which every position holds one letter (or shares that sum to one, as the uniform
    letter) outputs are unchanged, exactly; every gradient with respect to them then sums to zero
    over the letters of each position, and so do integrated gradients and what else is computed from
    gradients. A position of zeros (an unknown letter encoded as ``"zero"``) is no such row.

    Parameters
    ----------
    module : nn.Module
        Reads rows (n, L K), position by position, or channels (n, K, L); it is not changed.
    layer : str, default=None
        Name of the layer that reads the letters, as in ``module.named_modules()``; None finds it
        at the beginning of an ``nn.Sequential``.
    n_letters : int, default=4
        Letters ``K`` of the alphabet.

    Returns
    -------
    nn.Module
        In the precision of ``module``.

    Raises
    ------
    ValueError
        If the first layer is no Conv1d over the letters and no Linear over rows of positions, or
        pads with anything but zeros.

    References
    ----------
    Majdandzic, A., Rajesh, C. and Koo, P. K., "Correcting gradient-based interpretations of deep
    neural networks for genomics", Genome Biology 24:109, 2023; the correction of gradients, which
    is taken to the weights here.
    """
    module = copy.deepcopy(module)
    name = _first_layer(module) if layer is None else layer
    known = dict(nn.Module.named_modules(module))
    if name not in known:
        names = [found for found in known if found]
        raise ValueError(f"layer={name!r} is not a submodule of the network; it has {names}.")
    with torch.no_grad():
        made = _regauged(known[name], n_letters, name or "the network")
    if not name:
        return made
    owner, _, last = name.rpartition(".")
    setattr(known[owner], last, made)
    return module


def _first_layer(module: nn.Module) -> str:
    """Name of the first layer of a chain that does more than turn its input about."""
    turned = False
    for name, leaf in _chain(module):
        if isinstance(leaf, nn.Unflatten | nn.Flatten):
            turned = True
        elif not isinstance(leaf, (ToChannels, *PASSING)):
            if not name and any(True for _ in leaf.children()):
                raise ValueError(
                    f"{type(leaf).__name__} is no nn.Sequential, so which of its layers reads the "
                    "letters is not known; name it by layer= (as in module.named_modules())."
                )
            if turned and isinstance(leaf, nn.Linear):
                raise ValueError(
                    f"{_named(leaf, name)} comes after a Flatten or Unflatten, so which of its "
                    "columns are letters of one position is not known. Have it read rows of "
                    "positions, or name it by layer= if it does."
                )
            return name
    raise ValueError("the network has no layer to re-gauge.")


def _chain(module: nn.Module, name: str = "") -> Iterator[tuple[str, nn.Module]]:
    """Parts of nested Sequentials in the order in which they run."""
    if not isinstance(module, nn.Sequential) or type(module).forward is not nn.Sequential.forward:
        yield name, module
        return
    for child, part in module.named_children():
        yield from _chain(part, f"{name}.{child}" if name else child)


def _regauged(layer: nn.Module, n_letters: int, name: str) -> nn.Module:
    hooks = (*layer._forward_hooks, *layer._forward_pre_hooks)
    if hooks or is_parametrized(layer) or type(layer) not in (nn.Conv1d, nn.Linear, GaugedConv1d):
        reason = " with a hook or a parametrization" if hooks or is_parametrized(layer) else ""
        raise ValueError(
            f"the first layer must be a Conv1d or a Linear to be re-gauged exactly; "
            f"{_named(layer, name)}{reason} is neither. Correct the gradients themselves instead: "
            "simplex_groups in a selector, simplex=True in an attribution."
        )
    if isinstance(layer, nn.Linear):
        return _regauged_linear(layer, n_letters, name)
    assert isinstance(layer, nn.Conv1d)
    return _regauged_convolution(layer, n_letters, name)


def _regauged_linear(layer: nn.Linear, K: int, name: str) -> nn.Linear:
    if layer.in_features % K:
        raise ValueError(
            f"{_named(layer, name)} reads {layer.in_features} columns, which are no positions of "
            f"{K} letters; pass n_letters=, or the name of the first layer by layer=."
        )
    W = layer.weight.view(layer.out_features, -1, K)
    mean = W.mean(-1, keepdim=True)
    made = nn.Linear(layer.in_features, layer.out_features, dtype=W.dtype, device=W.device)
    made.weight.copy_((W - mean).flatten(1))
    made.bias.copy_(mean.sum((1, 2)) + (0 if layer.bias is None else layer.bias))
    return made


def _regauged_convolution(layer: nn.Conv1d, K: int, name: str) -> nn.Module:
    if layer.in_channels != K or layer.groups != 1:
        groups = f" in {layer.groups} groups" if layer.groups != 1 else ""
        raise ValueError(
            f"{_named(layer, name)} reads {layer.in_channels} channels{groups}, not the {K} "
            "letters of a sequence; pass n_letters=, or the name of the first layer by layer=."
        )
    if layer.padding_mode != "zeros":
        raise ValueError(
            f"{_named(layer, name)} pads by {layer.padding_mode!r}, and only layers that pad with "
            "zeros or not at all are re-gauged. Pad the sequences themselves, or use "
            "padding_mode='zeros'."
        )
    # A gauged layer has nothing to give back: it was trained without the mean.
    gauged = isinstance(layer, GaugedConv1d)
    mean = torch.zeros_like(layer.weight[:, :1]) if gauged else layer.weight.mean(1, keepdim=True)
    made = nn.Conv1d(
        K,
        layer.out_channels,
        layer.kernel_size[0],
        layer.stride[0],
        layer.padding if isinstance(layer.padding, str) else layer.padding[0],
        layer.dilation[0],
        dtype=mean.dtype,
        device=mean.device,
    )
    assert made.bias is not None
    made.weight.copy_(layer.weight - layer.weight.mean(1, keepdim=True))
    made.bias.copy_(torch.zeros_like(made.bias) if layer.bias is None else layer.bias)
    made.train(layer.training)
    if gauged:
        return made
    if layer.padding in ("valid", (0,)):
        made.bias.add_(mean.sum((1, 2)))
        return made
    if layer.stride[0] != 1:
        raise ValueError(
            f"{_named(layer, name)} pads with zeros and moves by {layer.stride[0]} positions; only "
            "a stride of 1 is re-gauged there. Pad the sequences themselves."
        )
    return nn.Sequential(made, PositionBias(mean, layer))


def _named(layer: nn.Module, name: str) -> str:
    return f"{name} ({type(layer).__name__})"
