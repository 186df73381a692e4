"""New initial weights for a copy of a user's module, so that every network has its own draw.

Frozen parameters keep their values, and so do the buffers of a submodule that is frozen as a
whole: someone pretrained them. All others are drawn as the layer that owns them draws them:

- by its ``reset_parameters``, which most layers of torch have;
- where the weight is computed from parameters (weight norm, spectral norm, parametrizations), by
  that of the bare layer, whose weight is then taken apart again;
- parameters of a module without ``reset_parameters`` by constructing the module anew, which is
  safe only where its constructor takes no arguments.

Where none of the three applies, all networks would start from the same numbers and their spread
would say too little: that is an error.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm

__all__ = ["redraw"]


@torch.no_grad()
def redraw(module: nn.Module, is_frozen: Callable[[str], bool] = lambda name: False) -> None:
    """Draw the trainable parameters anew, in place, from torch's global generator.

    Parameters
    ----------
    module : nn.Module
    is_frozen : callable
        Whether the parameter of this name is frozen by something other than its
        ``requires_grad=False``, such as a callback.

    Raises
    ------
    ValueError
        If a trainable parameter cannot be drawn anew; it is named.
    """
    pretrained = {name for name, p in _parameters(module) if not p.requires_grad or is_frozen(name)}
    kept = {name: t.clone() for name, t in _tensors_to_keep(module, pretrained).items()}
    before = {name: p.clone() for name, p in _parameters(module)}
    for part in list(module.modules()):
        _reset(part)
    same = [
        name
        for name, p in _parameters(module)
        if name not in pretrained and torch.equal(p, before[name]) and not _is_constant(p)
    ]
    undrawn = [name for name in same if not _draws(_owner(module, name))]
    _reconstruct(module, undrawn)
    # By name, not by tensor: a reset_parameters may put new tensors in the place of the old.
    tensors = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    for name, value in kept.items():
        tensors[name].copy_(value)


def _parameters(module: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    """Parameters with values: those of lazy layers are drawn when the first rows arrive."""
    for name, p in module.named_parameters():
        if not nn.parameter.is_lazy(p):
            yield name, p


def _tensors_to_keep(module: nn.Module, pretrained: set[str]) -> dict[str, Tensor]:
    """Pretrained parameters, and the buffers of submodules that are frozen as a whole."""
    kept: dict[str, Tensor] = {n: p for n, p in _parameters(module) if n in pretrained}
    names = {p: name for name, p in module.named_parameters()}
    for at, part in module.named_modules():
        own = [names[p] for p in part.parameters()]
        if own and pretrained.issuperset(own):
            kept |= {f"{at}.{name}" if at else name: b for name, b in part.named_buffers()}
    return kept


def _is_constant(p: Tensor) -> bool:
    """Whether all numbers are one: a scale or a temperature starts alike on purpose."""
    return p.numel() == 0 or bool((p == p.flatten()[0]).all())


def _draws(module: nn.Module) -> bool:
    return _resetter(module) is not None


def _resetter(module: nn.Module) -> Callable[[], Any] | None:
    """The method by which a layer draws its parameters: a convention of torch, and no interface."""
    public = getattr(module, "reset_parameters", None)
    if public is None and isinstance(module, nn.MultiheadAttention):
        return module._reset_parameters
    return public if callable(public) else None


def _reset(module: nn.Module) -> None:
    reset = _resetter(module)
    if reset is None:
        return
    computed = _computed_weights(module)
    if not computed:
        reset()
        return
    bare = _bare(module, {name: value for name, (value, _) in computed.items()})
    bare.reset_parameters()
    for name, (_, put) in computed.items():
        put(getattr(bare, name).detach())


def _computed_weights(
    module: nn.Module,
) -> dict[str, tuple[Tensor, Callable[[Tensor], None]]]:
    """Weights that a layer computes from other tensors: each with what writes a new value."""
    found: dict[str, tuple[Tensor, Callable[[Tensor], None]]] = {}
    if parametrize.is_parametrized(module):
        for name in module.parametrizations:  # type: ignore[union-attr]
            found[name] = getattr(module, name), _parametrized_setter(module, name)
    for hook in module._forward_pre_hooks.values():  # the older forms are hooks
        if isinstance(hook, WeightNorm):
            found[hook.name] = hook.compute_weight(module), _weight_norm_setter(module, hook)
        elif isinstance(hook, SpectralNorm):
            original = module.get_parameter(f"{hook.name}_orig")
            found[hook.name] = original, original.copy_
    return found


def _parametrized_setter(module: nn.Module, name: str) -> Callable[[Tensor], None]:
    def put(value: Tensor) -> None:
        try:
            setattr(module, name, value)
        except (NotImplementedError, RuntimeError):
            # Without right_inverse torch takes the original for the weight, and so do we.
            module.parametrizations[name].original.copy_(value)  # type: ignore[index,union-attr]

    return put


def _weight_norm_setter(module: nn.Module, hook: WeightNorm) -> Callable[[Tensor], None]:
    def put(value: Tensor) -> None:
        module.get_parameter(f"{hook.name}_g").copy_(torch.norm_except_dim(value, 2, hook.dim))
        module.get_parameter(f"{hook.name}_v").copy_(value)
        setattr(module, hook.name, hook.compute_weight(module))

    return put


def _bare(module: nn.Module, weights: dict[str, Tensor]) -> Any:
    """The layer without the computation of its weights; it shares all its other parameters."""
    cls = parametrize.type_before_parametrizations(module)
    bare = cls.__new__(cls)
    bare.__dict__.update({k: v for k, v in vars(module).items() if k not in weights})
    own = {name: nn.Parameter(value.detach().clone()) for name, value in weights.items()}
    bare.__dict__["_parameters"] = {**module._parameters, **own}
    return bare


def _owner(module: nn.Module, name: str) -> nn.Module:
    """The module that draws a parameter: lists of parameters and parametrizations draw none."""
    path = name.split(".")[:-1]
    if "parametrizations" in path:
        path = path[: path.index("parametrizations")]
    return module.get_submodule(".".join(path))


def _reconstruct(module: nn.Module, names: list[str]) -> None:
    """Take these parameters from modules that were constructed anew."""
    made: dict[str, nn.Module] = {}
    failed = []
    for name in names:
        path = name.split(".")[:-1]
        found = None
        for depth in range(len(path), -1, -1):  # the nearest module that can be constructed
            at = ".".join(path[:depth])
            part = module.get_submodule(at)
            if _takes_no_arguments(type(part)):
                made.setdefault(at, type(part)())
                found = _same_parameter(made[at], name.removeprefix(f"{at}.") if at else name)
                break
        p = module.get_parameter(name)
        if found is None or found.shape != p.shape:
            failed.append(name)
        else:
            p.copy_(found)
    if failed:
        raise ValueError(_refusal(module, failed))


def _takes_no_arguments(cls: type[nn.Module]) -> bool:
    return not inspect.signature(cls).parameters


def _same_parameter(module: nn.Module, name: str) -> Tensor | None:
    return dict(module.named_parameters()).get(name)


def _refusal(module: nn.Module, names: list[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:5]) + (", ..." if len(names) > 5 else "")
    return (
        f"the parameters {shown} of this {type(module).__name__} instance cannot be drawn anew: "
        "their module has no reset_parameters and its constructor takes arguments, so every "
        "network would start from the same numbers and the networks would look more alike than "
        "they are. Pass the class in place of the instance (in a skorch net with module__... for "
        "its arguments), give the module a reset_parameters method, or freeze pretrained "
        "parameters with requires_grad_(False)."
    )
