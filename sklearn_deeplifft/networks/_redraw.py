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

import contextlib
import inspect
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm

from sklearn_deeplifft.networks._one_hot import OneHotNetwork

__all__ = ["redraw"]


SETTLING = 15
"""Power iterations by which a spectral norm finds the norm of a new weight, as many as torch's."""


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
    before = {name: (p.requires_grad, p.clone()) for name, p in _parameters(module)}
    pretrained = {name for name, (trains, _) in before.items() if not trains or is_frozen(name)}
    kept = {name: t.clone() for name, t in _tensors_to_keep(module, pretrained).items()}
    for part in list(_drawn_by_themselves(module)):
        _reset(part)
    undrawn = [
        name
        for name, p in _parameters(module)
        if name not in pretrained
        and torch.equal(p, before[name][1])
        and not _is_constant(p)
        and _resetter(module.get_submodule(_owner(name))) is None
    ]
    _reconstruct(module, undrawn)
    # By name, not by tensor: a reset_parameters may put new tensors in the place of the old.
    for name, p in _parameters(module):
        p.requires_grad_(before[name][0])
    tensors = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    for name, value in kept.items():
        tensors[name].copy_(value)


def _drawn_by_themselves(module: nn.Module) -> Iterator[nn.Module]:
    """Modules, but for layers that a network of sequences draws itself, in a way of its own."""
    yield module
    if not isinstance(module, OneHotNetwork):
        for child in module.children():
            yield from _drawn_by_themselves(child)


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
            kept |= {_joined(at, name): b for name, b in part.named_buffers()}
    return kept


def _is_constant(p: Tensor) -> bool:
    """Tell whether all numbers are one: a scale or a temperature starts alike on purpose."""
    return p.numel() == 0 or bool((p == p.flatten()[0]).all())


def _joined(*path: str) -> str:
    return ".".join(part for part in path if part)


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
    bare = _bare(module, {name: weight.value for name, weight in computed.items()})
    bare.reset_parameters()
    for name, weight in computed.items():
        weight.put(getattr(bare, name).detach())


class ComputedWeight(NamedTuple):
    """A weight that a layer computes from other tensors."""

    value: Tensor
    put: Callable[[Tensor], None]
    """Writes the tensors from which this value is computed."""
    sources: tuple[str, ...]
    """Beginnings of the names of these tensors."""


def _computed_weights(module: nn.Module) -> dict[str, ComputedWeight]:
    found: dict[str, ComputedWeight] = {}
    if parametrize.is_parametrized(module):
        lists = cast(Any, module.parametrizations)
        for name, steps in lists.items():
            put = partial(_put_parametrized, steps)
            found[name] = ComputedWeight(steps().detach(), put, (f"parametrizations.{name}.",))
    for hook in module._forward_pre_hooks.values():  # torch's older forms are hooks
        if isinstance(hook, WeightNorm):
            put = partial(_put_weight_norm, module, hook)
            value = hook.compute_weight(module)
            found[hook.name] = ComputedWeight(value, put, (f"{hook.name}_g", f"{hook.name}_v"))
        elif isinstance(hook, SpectralNorm):
            put = partial(_put_spectral_norm, module, hook)
            original = f"{hook.name}_orig"
            found[hook.name] = ComputedWeight(module.get_parameter(original), put, (original,))
    return found


def _put_parametrized(steps: parametrize.ParametrizationList, value: Tensor) -> None:
    """As ``register_parametrization`` does; a step without an inverse takes the value as it is."""
    tensors: Any = value
    for step in reversed(list(steps)):
        if hasattr(step, "right_inverse"):  # torch's protocol: it may be absent or refuse
            with contextlib.suppress(NotImplementedError):
                invert: Any = step.right_inverse
                tensors = invert(tensors)
    if isinstance(tensors, Tensor):
        steps.original.copy_(tensors)
    else:
        for i, tensor in enumerate(tensors):
            steps.get_parameter(f"original{i}").copy_(tensor)
    modes = [(part, part.training) for part in steps.modules()]
    steps.train()
    for _ in range(SETTLING):
        steps()
    for part, training in modes:
        part.training = training


def _put_weight_norm(module: nn.Module, hook: WeightNorm, value: Tensor) -> None:
    module.get_parameter(f"{hook.name}_g").copy_(torch.norm_except_dim(value, 2, hook.dim))
    module.get_parameter(f"{hook.name}_v").copy_(value)
    setattr(module, hook.name, hook.compute_weight(module))


def _put_spectral_norm(module: nn.Module, hook: SpectralNorm, value: Tensor) -> None:
    module.get_parameter(f"{hook.name}_orig").copy_(value)
    for _ in range(SETTLING):
        weight = hook.compute_weight(module, do_power_iteration=True)
    setattr(module, hook.name, weight)


def _bare(module: nn.Module, weights: dict[str, Tensor]) -> Any:
    """The layer without the computation of its weights; it shares all its other parameters."""
    cls = parametrize.type_before_parametrizations(module)
    bare: Any = object.__new__(cls)
    bare.__dict__.update({k: v for k, v in vars(module).items() if k not in weights})
    own = {name: nn.Parameter(value.detach().clone()) for name, value in weights.items()}
    bare.__dict__["_parameters"] = {**module._parameters, **own}
    return bare


def _owner(name: str) -> str:
    """The module that draws a parameter; a list of parametrizations draws none."""
    path = name.split(".")[:-1]
    if "parametrizations" in path:
        path = path[: path.index("parametrizations")]
    return _joined(*path)


def _reconstruct(module: nn.Module, names: list[str]) -> None:
    """Take these parameters from modules that are constructed anew."""
    made: dict[str, nn.Module] = {}
    failed = []
    for name in names:
        at = _constructible(module, name)
        if at is None:
            failed.append(name)
            continue
        if at not in made:
            made[at] = parametrize.type_before_parametrizations(module.get_submodule(at))()
        if not _take(module, name, made[at], at):
            failed.append(name)
    if failed:
        raise ValueError(_refusal(module, failed))


def _constructible(module: nn.Module, name: str) -> str | None:
    """The nearest module around a parameter whose constructor takes no arguments."""
    path = _owner(name).split(".")
    for depth in range(len(path), -1, -1):
        at = _joined(*path[:depth])
        cls = parametrize.type_before_parametrizations(module.get_submodule(at))
        if not inspect.signature(cls).parameters:
            return at
    return None


def _take(module: nn.Module, name: str, made: nn.Module, at: str) -> bool:
    """Write the parameter's value in ``made``, the module ``at`` anew; whether it has one."""
    drawn = dict(made.named_parameters())
    owner = _owner(name)
    inner = name.removeprefix(f"{owner}.") if owner else name
    for weight, computed in _computed_weights(module.get_submodule(owner)).items():
        if inner.startswith(computed.sources):  # the constructor knows nothing of its parts
            plain = drawn.get(_joined(owner, weight).removeprefix(f"{at}." if at else ""))
            if plain is not None and plain.shape == computed.value.shape:
                computed.put(plain)
                return True
    value, p = drawn.get(name.removeprefix(f"{at}." if at else "")), module.get_parameter(name)
    if value is None or value.shape != p.shape:
        return False
    p.copy_(value)
    return True


def _refusal(module: nn.Module, names: list[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:5]) + (", ..." if len(names) > 5 else "")
    kind = parametrize.type_before_parametrizations(module).__name__
    return (
        f"the parameters {shown} of this {kind} instance cannot be drawn anew: their module has "
        "no reset_parameters and its constructor takes arguments, so every network would start "
        "from the same numbers and the networks would look more alike than they are. Pass the "
        "class in place of the instance (in a skorch net with module__... for its arguments), "
        "give the module a reset_parameters method, or freeze pretrained parameters with "
        "requires_grad_(False)."
    )
