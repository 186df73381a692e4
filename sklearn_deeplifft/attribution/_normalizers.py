"""Logits behind probabilities: the final normaliser, followed through what reshapes its output.

==============  ==========================================================  =====================
code            symbol                                                      shape
==============  ==========================================================  =====================
``joint``       z of a softmax, up to a constant per row                    that of the output
``alone``       log(p / (1 - p)) of each entry by itself, where linear      that of the output
``classes``     which class of which softmax an entry is; -1 for a sigmoid  that of the output
==============  ==========================================================  =====================

A function mode sees every torch function that ``forward`` calls. What only moves entries about
(view, squeeze, a slice, cat) is done to the logits as well, so that at the end they lie where the
probabilities lie.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

__all__ = ["NORMALIZERS", "FinalNormalizer"]

Function = Callable[..., Any]

SOFTMAXES: frozenset[Function] = frozenset(
    {F.softmax, torch.softmax, Tensor.softmax, torch.special.softmax}
)
LOG_SOFTMAXES: frozenset[Function] = frozenset(
    {F.log_softmax, torch.log_softmax, Tensor.log_softmax, torch.special.log_softmax}
)
SIGMOIDS: frozenset[Function] = frozenset(
    {
        torch.sigmoid,
        torch.sigmoid_,
        Tensor.sigmoid,
        Tensor.sigmoid_,
        F.sigmoid,
        torch.special.expit,
    }
)
IN_PLACE = frozenset({torch.sigmoid_, Tensor.sigmoid_})
NORMALIZERS: frozenset[Function] = SOFTMAXES | LOG_SOFTMAXES | SIGMOIDS | {F.logsigmoid}
"""Maps from logits to (log-)probabilities; their input is what is decomposed."""


def _functions(names: str, *owners: Any) -> frozenset[Function]:
    """Functions of these names that the owners have: torch and Tensor spell most of them alike."""
    # Not each is in both, nor in every version of torch.
    found = (getattr(owner, name, None) for name in names.split() for owner in owners)
    return frozenset(function for function in found if function is not None)


MOVES = _functions(
    "view reshape flatten unflatten squeeze squeeze_ unsqueeze unsqueeze_ select narrow transpose "
    "permute t movedim moveaxis swapaxes swapdims flip fliplr flipud roll ravel index_select take "
    "gather take_along_dim expand expand_as view_as reshape_as contiguous clone detach "
    "__getitem__ unbind split split_with_sizes chunk tensor_split hsplit vsplit nan_to_num "
    "atleast_1d atleast_2d broadcast_to t_ transpose_ alias",
    torch,
    Tensor,
) | {getattr(Tensor, name).__get__ for name in ("T", "mT", "H", "mH", "data")}
"""Functions that move entries and change none."""

# torch's stubs declare Tensor.data as a tensor; on the class it is a descriptor.
CUTS = _functions("detach detach_", torch, Tensor) | {Tensor.data.__get__}  # type: ignore[attr-defined]
CASTS = _functions("to type type_as float double half bfloat16 cpu", Tensor)
JOINS = _functions("cat concat concatenate stack hstack vstack dstack column_stack", torch)
LIMITS = _functions(
    "clamp clamp_ clip clip_ clamp_min clamp_max clamp_min_ clamp_max_", torch, Tensor
)
REVERSED = _functions("rsub __rsub__", torch, Tensor)
COMPLEMENTS = REVERSED | _functions("sub subtract __sub__", torch, Tensor)
GUARDS = _functions("add add_ __add__ __radd__ __iadd__", torch, Tensor)
EXPS, LOGS = _functions("exp exp_", torch, Tensor), _functions("log log_", torch, Tensor)

FEWEST = 1e-3
"""Limits within so much of 0 and 1, and numbers so small that are added, only guard a logarithm."""


@dataclass(frozen=True)
class _Probabilities:
    """A tensor of probabilities (or their logarithms) and the logits that it stands for."""

    out: Tensor
    version: int
    joint: Tensor | None
    alone: Tensor | None
    classes: Tensor
    log: bool
    sign: int = 1
    """-1 for 1 - p."""
    root: int = 0

    def intact(self) -> bool:
        """Return whether nothing was written over the tensor since."""
        return bool(self.out._version == self.version)

    def moved(self, move: Callable[[Tensor], Tensor], out: Tensor) -> _Probabilities:
        """The probabilities and their logits after a function that moves entries."""
        joint, alone = (None if z is None else move(z) for z in (self.joint, self.alone))
        with torch.no_grad():
            classes = move(self.classes)
        return replace(
            self, out=out, version=out._version, joint=joint, alone=alone, classes=classes
        )


class FinalNormalizer(TorchFunctionMode):
    """Remember the logits behind every tensor of probabilities that ``forward`` makes."""

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[int, _Probabilities] = {}
        self._sizes: list[int] = []
        self._outputs: list[Tensor] = []
        self.dropped: list[Tensor] = []
        """Outputs of normalisers that ``undo`` has looked behind."""

    def __torch_function__(
        self, func: Function, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if func in NORMALIZERS:
            return self._normalized(func, args, kwargs)
        follow = _FOLLOWED.get(func) if self._known else None
        if follow is None:
            return func(*args, **kwargs)
        found = [self._of(part) for part in _followed(func, args, kwargs)]
        out = func(*args, **kwargs)
        if all(one is not None for one in found):
            follow(self, func, args, kwargs, out, found)
        return out

    def undo(self, output: Any) -> Any:
        """Return the logits behind ``output`` where it is probabilities, else itself."""
        known = self._of(output)
        if known is None:
            return output
        logits = self._logits(known)
        if logits is None:
            return output
        self.dropped.extend(self._outputs)
        return logits

    def _of(self, tensor: Any) -> _Probabilities | None:
        known = self._known.get(id(tensor)) if isinstance(tensor, Tensor) else None
        return known if known is not None and known.intact() else None

    def _keep(self, known: _Probabilities) -> None:
        self._known[id(known.out)] = known  # which holds the tensor: its id stays its own

    def _normalized(self, func: Function, args: Any, kwargs: Any) -> Any:
        z = args[0] if args else kwargs["input"]
        if func in IN_PLACE:
            z = z.clone()
        out = func(*args, **kwargs)
        soft = func in SOFTMAXES or func in LOG_SOFTMAXES
        dim = _dimension(z, args, kwargs) if soft else None
        both = not soft and z.shape[1:] == (2,) and _are_opposite(z[:, 0], z[:, 1])
        known = _Probabilities(
            out,
            out._version,
            joint=z if soft else z / 2 if both else None,
            alone=_alone(z, dim),
            classes=self._numbered(z, 1 if both else dim),
            log=func in LOG_SOFTMAXES or func is F.logsigmoid,
            root=len(self._outputs),
        )
        self._outputs.append(out)
        self._keep(known)
        return out

    def _numbered(self, z: Tensor, dim: int | None) -> Tensor:
        """Classes of a new softmax, numbered after those of the ones before."""
        if dim is None:
            return torch.full(z.shape, -1, dtype=torch.int64, device=z.device)
        size, start = z.shape[dim], sum(self._sizes)
        self._sizes.append(size)
        shape = [size if i == dim else 1 for i in range(z.ndim)]
        return torch.arange(start, start + size, device=z.device).view(shape).expand(z.shape)

    def _logits(self, known: _Probabilities) -> Tensor | None:
        """Column by column: jointly where all classes of a softmax are there, else alone."""
        if known.out.ndim > 2:
            return None
        classes = known.classes if known.classes.ndim == 2 else known.classes[:, None]
        row = classes[0].tolist() if len(classes) else []
        if not bool((classes == classes[:1]).all()):  # a softmax over the rows themselves
            return None
        whole = self._whole(row)
        if known.joint is not None and all(whole):
            return known.joint
        if known.alone is not None and not any(whole):
            return known.alone
        if known.joint is None or known.alone is None:
            return None
        chosen = torch.tensor(whole, device=classes.device)
        return torch.where(chosen, known.joint, known.alone)

    def _whole(self, row: Sequence[int]) -> list[bool]:
        start, complete = 0, {-1: False}
        for size in self._sizes:
            members = range(start, start + size)
            complete |= dict.fromkeys(members, all(row.count(c) == 1 for c in members))
            start += size
        return [complete[c] for c in row]

    # What follows a tensor of probabilities

    def _move(
        self, func: Function, args: Any, kwargs: Any, out: Any, found: list[_Probabilities]
    ) -> None:
        (known,) = found
        rest = args[1:] if args else ()
        options = {name: value for name, value in kwargs.items() if name not in ("input", "out")}
        if isinstance(out, Tensor):
            self._keep(known.moved(_again(func, rest, options), out))
            return
        for i, part in enumerate(out):
            self._keep(known.moved(_again(func, rest, options, i), part))

    def _cast(
        self, func: Function, args: Any, kwargs: Any, out: Any, found: list[_Probabilities]
    ) -> None:
        if isinstance(out, Tensor) and out.is_floating_point():
            self._keep(found[0].moved(_cast_like(out), out))

    def _joined(
        self, func: Function, args: Any, kwargs: Any, out: Any, found: list[_Probabilities]
    ) -> None:
        if len({known.log for known in found}) > 1:
            return
        options = {name: value for name, value in kwargs.items() if name not in ("tensors", "out")}

        def join(parts: list[Tensor]) -> Tensor:
            joined: Tensor = func(parts, *args[1:], **options)
            return joined

        joint = alone = None
        if all(known.alone is not None for known in found):
            alone = join([known.alone for known in found if known.alone is not None])
        classes = join([known.classes for known in found])
        if alone is not None and _are_two_sides(found) and classes.ndim == 2:
            # p and 1 - p are a softmax over two classes, whose log-odds are z.
            joint, classes = alone / 2, self._numbered(alone, 1)
        elif any(known.joint is not None for known in found):
            parts = [k.alone if k.joint is None else k.joint for k in found]
            joint = join([p for p in parts if p is not None])
        self._keep(_Probabilities(out, out._version, joint, alone, classes, found[0].log, root=-1))

    def _limited(
        self, func: Function, args: Any, kwargs: Any, out: Any, found: list[_Probabilities]
    ) -> None:
        (known,) = found
        low, high = _limits(func, args, kwargs)
        if known.log:
            low, high = (None if v is None else math.exp(min(v, 0.0)) for v in (low, high))
        low, high = low or 0.0, 1.0 if high is None else high
        if low <= FEWEST and high >= 1 - FEWEST:
            self._keep(replace(known, out=out, version=out._version))
        elif known.alone is not None and not known.log and low < high:
            ends = (math.log(p / (1 - p)) if 0 < p < 1 else None for p in (low, high))
            alone = known.alone.clamp(*ends)
            self._keep(replace(known, out=out, version=out._version, alone=alone, joint=None))

    def _complement(
        self, func: Function, args: Any, kwargs: Any, out: Any, found: list[_Probabilities]
    ) -> None:
        (known,) = found
        alone = known.alone
        if alone is None or known.log or kwargs.get("alpha", 1) != 1:
            return
        one = args[1] if func in REVERSED else args[0]
        if not (bool((one == 1).all()) if isinstance(one, Tensor) else one == 1):
            return
        joint = None if known.joint is None else -known.joint
        known = replace(known, out=out, version=out._version, sign=-known.sign)
        self._keep(replace(known, joint=joint, alone=-alone))

    def _guarded(
        self, func: Function, args: Any, kwargs: Any, out: Any, found: list[_Probabilities]
    ) -> None:
        other = args[1] if len(args) > 1 else kwargs.get("other")
        if isinstance(other, int | float) and 0 <= other <= FEWEST and not found[0].log:
            self._keep(replace(found[0], out=out, version=out._version))

    def _exponential(
        self, func: Function, args: Any, kwargs: Any, out: Any, found: list[_Probabilities]
    ) -> None:
        if found[0].log:
            self._keep(replace(found[0], out=out, version=out._version, log=False))

    def _logarithm(
        self, func: Function, args: Any, kwargs: Any, out: Any, found: list[_Probabilities]
    ) -> None:
        if not found[0].log:
            self._keep(replace(found[0], out=out, version=out._version, log=True))


_FOLLOWED: dict[Function, Callable[..., None]] = {
    function: follow
    for functions, follow in (
        (MOVES, FinalNormalizer._move),
        (CASTS, FinalNormalizer._cast),
        (JOINS, FinalNormalizer._joined),
        (LIMITS, FinalNormalizer._limited),
        (COMPLEMENTS, FinalNormalizer._complement),
        (GUARDS, FinalNormalizer._guarded),
        (EXPS, FinalNormalizer._exponential),
        (LOGS, FinalNormalizer._logarithm),
    )
    for function in functions
}


def _followed(func: Function, args: Any, kwargs: Any) -> Sequence[Any]:
    """The tensors that must be probabilities for what ``func`` returns to be."""
    if func in JOINS:
        tensors: Sequence[Any] = args[0] if args else kwargs["tensors"]
        return tensors
    if func in COMPLEMENTS and func not in REVERSED:
        return args[1:2] or [None]
    return [args[0] if args else kwargs.get("input")]


def _again(
    func: Function, rest: Any, options: dict[str, Any], part: int | None = None
) -> Callable[[Tensor], Tensor]:
    """Repeat a move on another tensor of the same shape."""

    def move(z: Tensor) -> Tensor:
        if func in CUTS:  # what is cut from the graph is the same function of the inputs
            return z
        # In place it would write the shape of what is not ours; and a view needs plain strides.
        moved = func(z.clone(memory_format=torch.contiguous_format), *rest, **options)
        found: Tensor = moved if part is None else moved[part]
        return found

    return move


def _cast_like(out: Tensor) -> Callable[[Tensor], Tensor]:
    return lambda z: z.to(out.device, out.dtype) if z.is_floating_point() else z


def _alone(z: Tensor, dim: int | None) -> Tensor | None:
    """The log-odds of each entry: z of a sigmoid, the difference of two; of more it is curved."""
    if dim is None:
        return z
    return z - z.flip(dim) if z.shape[dim] == 2 else None


def _dimension(z: Tensor, args: Any, kwargs: Any) -> int | None:
    """The axis that a softmax sums over; None says that of torch's legacy default."""
    dim = args[1] if len(args) > 1 else kwargs.get("dim")
    if dim is None:
        dim = 0 if z.ndim in (0, 1, 3) else 1
    return int(dim) % z.ndim


def _are_two_sides(found: Sequence[_Probabilities]) -> bool:
    """Return whether two tensors are p and 1 - p, one column each, of one sigmoid or of two."""
    if len(found) != 2:
        return False
    one, other = found[0].alone, found[1].alone
    if one is None or other is None or one.shape != other.shape or one.numel() != len(one):
        return False
    of_one = found[0].root == found[1].root and found[0].sign != found[1].sign
    return torch.equal(one, -other) if of_one else _are_opposite(one, other)


def _are_opposite(one: Tensor, other: Tensor) -> bool:
    """Return whether z of two sigmoids have opposite signs throughout."""
    # Zeros are opposite by chance: two labels of which nothing is known yet are no two sides.
    return torch.equal(one, -other) and bool(one.any())


def _limits(func: Function, args: Any, kwargs: Any) -> tuple[float | None, float | None]:
    given = dict(zip(("min", "max"), args[1:], strict=False)) | kwargs
    if func in _functions("clamp_max clamp_max_", torch, Tensor):
        given = {"max": given.get("max", given.get("min"))}
    low, high = given.get("min"), given.get("max")
    return None if low is None else float(low), None if high is None else float(high)
