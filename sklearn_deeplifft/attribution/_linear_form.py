"""The local linear form of a network: one affine function per example.

===================  ======================  ==================================================
code                 symbol                  shape
===================  ======================  ==================================================
``logits``           z                       (n, K)
``coefficients``     c[s, k, i] = dz_k/dx_i  (n, K, d); d counts the flattened axes of x
``displacement``     x - r                   (n, d); r is the reference, zero in the paper
``bias``             b = z - J (x - r)       (n, K), by forward-mode differentiation
``summed``           sum_s w_s c[s, k, i]    (K, d), of all rows and outputs as they are
===================  ======================  ==================================================

In a piecewise-linear network ``z = b + c.(x - r)`` holds exactly on the cell that holds ``x``.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import Any, NamedTuple

import torch
import torch.autograd.forward_ad as forward_ad
from torch import Tensor, nn

from sklearn_deeplifft.attribution._intercept import Secants
from sklearn_deeplifft.attribution._module_state import (
    evaluating,
    frozen_state,
    is_one_precision,
    module_dtype,
    neutral_torch,
)
from sklearn_deeplifft.attribution._normalizers import FinalNormalizer
from sklearn_deeplifft.attribution._precision import OnePrecision
from sklearn_deeplifft.exceptions import NotPiecewiseLinearError

__all__ = [
    "LinearForm",
    "NetworkReader",
    "OutputMap",
    "RowFilter",
    "logits_of",
    "relative_residual",
]

RowFilter = Callable[[Tensor], Tensor]
"""A choice of rows from the logits (n, K): returns their indices (m,)."""


OutputMap = Callable[[Tensor, Tensor | None], Tensor]
"""A linear map of the outputs, per example: (m, K, ...) and row indices -> (m, R, ...)."""


class LinearForm(NamedTuple):
    """``logits = bias + sum_i coefficients[..., i] displacement_i``, example by example."""

    logits: Tensor
    coefficients: Tensor
    bias: Tensor
    displacement: Tensor
    """(n, d): the input, or the hidden layer asked for, less the reference."""
    rows: Tensor | None = None
    """(n,): which rows of the batch these are; None means all of them, in order."""
    summed: Tensor | None = None
    """(K, d): where weights were given, the weighted sum of the coefficients of all rows of the
    batch, unwanted ones too, and of the outputs as they are, before a map of them."""


def relative_residual(logits: Tensor, bias: Tensor, explained: Tensor) -> float:
    """Largest ``|z - b - c.x|`` over each example's largest of ``|z|``, ``|b|``, ``|c.x|``."""
    if not logits.numel():
        return 0.0
    largest = torch.stack([logits.abs(), bias.abs(), explained.abs()]).amax(dim=(0, 2))
    # The smallest normal number only keeps 0 / 0 from being NaN. A NaN of the network stays one,
    # and is refused: no comparison with a tolerance holds for it.
    gap = (logits - bias - explained).abs().amax(dim=1)
    return float((gap / largest.clamp_min(torch.finfo(logits.dtype).tiny)).max())


class NetworkReader:
    """Reads the linear form of any torch module by automatic differentiation.

    Parameters
    ----------
    module : torch.nn.Module
        Maps (n, ...) to (n, K) or (n,). It is never modified.
    layer : str or None
        Name of a submodule (as in ``module.named_modules()``) whose output takes the place of
        the input.
    secants : bool
        Replace curved elementwise activations by their secants through zero.
    drop_normalizer : bool
        Decompose what goes into a final softmax, log-softmax or sigmoid.
    dtype : torch.dtype or None
        Precision of the reading; None takes the module's own.

    Whatever torch's ambient state (default dtype, autocast, inference mode, default device), a
    reading has the same bits.
    """

    def __init__(
        self,
        module: nn.Module,
        *,
        layer: str | None = None,
        secants: bool = False,
        drop_normalizer: bool = True,
        dtype: torch.dtype | None = None,
    ) -> None:
        self.module = module
        self.layer = _named_layer(module, layer)
        self.layer_name = layer
        self.secants = secants
        self.drop_normalizer = drop_normalizer
        with neutral_torch():  # a module without parameters takes the default dtype
            self.dtype = dtype or module_dtype(module)
            self.one_precision = not is_one_precision(module, self.dtype)
            # Copied now: a reading does not change when the module is trained on.
            self._state = frozen_state(module, self.dtype)
        self.dropped: list[Tensor] | None = None
        """A list is given the outputs of final normalisers that were looked behind."""

    def logits(self, X: Tensor) -> Tensor:
        """Return z (n, K), without a final normaliser."""
        with neutral_torch(), torch.no_grad():
            return self._forward(self._cast(X))

    def form(
        self,
        X: Tensor,
        reference: Tensor | None = None,
        select: RowFilter | None = None,
        outputs: OutputMap | None = None,
        weight: Tensor | None = None,
    ) -> LinearForm:
        """Return the linear form at ``X``.

        Parameters
        ----------
        X : Tensor of shape (n, ...)
        reference : Tensor or None
            Shape of one example (of its hidden layer, if one is read); None is zero.
        select : callable or None
            Picks the rows to read from the logits; None reads all of them.
        outputs : callable or None
            Linear map of the logits to what is decomposed, such as log-odds.
        weight : Tensor of shape (n,) or None
            Weights of rows, for ``summed``; None leaves it out.
        """
        with neutral_torch():
            return self._form(X, reference, select, outputs, weight)

    def _form(
        self,
        X: Tensor,
        reference: Tensor | None,
        select: RowFilter | None,
        outputs: OutputMap | None,
        weight: Tensor | None,
    ) -> LinearForm:
        source = _Source(lambda value: value.detach().clone().requires_grad_())
        z = self._forward_from(source, self._cast(X))
        x = source.value
        rows = None if select is None else select(z.detach())
        # All rows are differentiated, the unwanted too: which they are is known from the logits
        # only, and leaving them out would need a second pass.
        c = jacobian(z, x)
        summed = None if weight is None else torch.tensordot(weight.to(c.dtype), c, 1)
        # A pass of its own, forwards. From c the bias would complete the sum whatever c is, and the
        # residual would check nothing.
        b = z.detach() - self._directional(self._cast(X), reference)
        z, displacement = z.detach(), _less(x.detach(), reference).flatten(1)
        if rows is not None:
            z, c, b, displacement = z[rows], c[rows], b[rows], displacement[rows]
        if outputs is not None:
            z, c, b = outputs(z, rows), outputs(c, rows), outputs(b, rows)
        return LinearForm(z, c, b, displacement, rows, summed)

    def hidden(self, X: Tensor) -> Tensor:
        """Return what the coefficients multiply, flattened to (n, d)."""
        source = _Source(lambda value: value)
        with neutral_torch(), torch.no_grad():
            self._forward_from(source, self._cast(X))
        return source.value.flatten(1)

    def above(self, X: Tensor) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
        """Return the tensor differentiated at ``X``, and the logits as a function of it."""
        source, X = _Source(lambda value: value.detach().clone()), self._cast(X)
        with neutral_torch(), torch.no_grad():
            self._forward_from(source, X)
        return source.value, lambda h: self.run_from(h, X)

    def run_from(self, h: Tensor, X: Tensor) -> Tensor:
        """The logits (n, K) with ``h`` in the place of what is differentiated at ``X``."""
        return self._forward_from(_Source(lambda _: h), X)

    def _cast(self, X: Tensor) -> Tensor:
        return X.to(self.dtype)

    def _directional(self, X: Tensor, reference: Tensor | None) -> Tensor:
        """J (x - r) by forward-mode differentiation in that direction."""
        _load_forward_rules()
        with torch.no_grad(), forward_ad.dual_level():
            source = _Source(
                lambda value: forward_ad.make_dual(value.clone(), _less(value, reference))
            )
            try:
                z = self._forward_from(source, X)
            except NotImplementedError as error:
                raise NotPiecewiseLinearError(
                    "an operation of the module has no forward-mode derivative, so the "
                    f"decomposition cannot be checked ({error}). Give the custom autograd.Function "
                    "a jvp."
                ) from error
            # None where the logits do not depend on the input; zero then, for every row.
            tangent = forward_ad.unpack_dual(z).tangent
            return torch.zeros(1) if tangent is None else tangent.clone()

    def _forward_from(self, source: _Source, X: Tensor) -> Tensor:
        if self.layer is None:
            return self._forward(source.start(X))
        with _replaced_output(self.layer, source, self.layer_name):
            return self._forward(X)

    def _forward(self, X: Tensor) -> Tensor:
        final = FinalNormalizer()
        # The mode entered last sees each call first: a final sigmoid must be recognised
        # before Secants replaces it by its chord.
        with ExitStack() as stack:
            stack.enter_context(evaluating(self.module))
            if self.secants:
                stack.enter_context(Secants())
            if self.one_precision:
                stack.enter_context(OnePrecision(self.dtype))
            if self.drop_normalizer:
                stack.enter_context(final)
            # A clone keeps an in-place first layer off the tensor that is differentiated.
            z = torch.func.functional_call(self.module, self._state, (X.clone(),))
            z = final.undo(z)
        if self.dropped is not None:
            self.dropped.extend(final.dropped)
        return logits_of(z, len(X))


class _Source:
    """The tensor at which differentiation starts; remembers it and counts its uses."""

    def __init__(self, prepare: Callable[[Tensor], Tensor]) -> None:
        self._prepare = prepare
        self.calls = 0
        self.value: Tensor

    def start(self, value: Tensor) -> Tensor:
        self.calls += 1
        self.value = self._prepare(value)
        return self.value


@contextmanager
def _replaced_output(layer: nn.Module, source: _Source, name: str | None) -> Iterator[None]:
    """While it lasts, ``layer`` returns the source in the place of its output."""

    def hook(_module: nn.Module, _args: Any, output: Any) -> Tensor:
        if not isinstance(output, Tensor):
            raise TypeError(
                f"layer={name!r} returns {type(output).__name__}; only layers that return "
                "one tensor can be scored. Choose a layer inside or after it."
            )
        # A clone keeps an in-place next layer off the tensor that is differentiated.
        return source.start(output).clone()

    handle = layer.register_forward_hook(hook)
    try:
        yield
    finally:
        handle.remove()
    # Of a layer that is used twice only the last output would be differentiated, a part of the
    # answer that looks like all of it.
    if source.calls != 1:
        raise ValueError(
            f"layer={name!r} was called {source.calls} times in one forward pass; it must be "
            "called once. Give each use a module of its own."
        )


@cache
def _load_forward_rules() -> None:
    """Have torch compile its forward-mode rules, which warns of its own torch.jit.script (2.13)."""
    with warnings.catch_warnings(), forward_ad.dual_level():
        warnings.simplefilter("ignore", DeprecationWarning)
        forward_ad.make_dual(torch.zeros(1), torch.ones(1))


def _less(x: Tensor, reference: Tensor | None) -> Tensor:
    return x.clone() if reference is None else x - reference.to(x.dtype).view(x.shape[1:])


def jacobian(z: Tensor, x: Tensor) -> Tensor:
    """Reverse-mode ``dz_k/dx_i`` (n, K, d); rows must not mix, so a sum over rows separates."""
    if not z.requires_grad:  # the logits do not depend on x at all
        return x.detach().new_zeros(len(x), z.shape[1], x[0].numel())
    # K backward passes, each over all rows; the graph goes with the last of them.
    last = z.shape[1] - 1
    columns = (
        torch.autograd.grad(z[:, k].sum(), x, retain_graph=k < last, materialize_grads=True)[0]
        for k in range(z.shape[1])
    )
    return torch.stack([column.flatten(1) for column in columns], dim=1)


def logits_of(z: Any, n: int) -> Tensor:
    """Bring what a module returned for ``n`` rows to (n, K); raise for what are no logits."""
    if not isinstance(z, Tensor):
        raise TypeError(
            f"the module returned {type(z).__name__}; a decomposition needs one tensor of "
            "logits of shape (n, K). Wrap the module so that forward returns it."
        )
    if not z.is_floating_point():
        raise TypeError(
            f"the module returned {z.dtype}; logits are real numbers of a floating type. Return "
            "what is before a rounding or an argmax."
        )
    logits: Tensor = z[:, None] if z.ndim == 1 else z
    if logits.ndim == 2 and len(logits) == n and logits.shape[1]:
        return logits
    if logits.ndim == 2:
        raise ValueError(
            f"the module returned shape {tuple(z.shape)} for {n} rows; logits must have shape "
            "(n, K), one row for each row and at least one column."
        )
    raise ValueError(
        f"the module returned shape {tuple(z.shape)}; logits must have shape (n, K). "
        "Flatten or pool the remaining axes inside forward."
    )


def _named_layer(module: nn.Module, layer: str | None) -> nn.Module | None:
    if layer is None:
        return None
    names = [name for name, _ in module.named_modules() if name]
    if layer not in names:
        raise ValueError(f"layer={layer!r} is not a submodule of the network; it has {names}.")
    return module.get_submodule(layer)
