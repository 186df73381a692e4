"""An explanation where a network and the table that it is trained on do not fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import skorch
from torch import Tensor, nn

from sklearn_deeplifft._printable import counted
from sklearn_deeplifft.attribution import logits_of
from sklearn_deeplifft.networks._batches import TableDataset
from sklearn_deeplifft.networks._criteria import BINARY, BY_CLASS, ELEMENTWISE
from sklearn_deeplifft.tables import Problem

__all__ = ["NOT_TRAINABLE", "explained_misfit"]

NOT_TRAINABLE = (
    "the module cannot be trained: none of its outputs depends on a parameter that takes a "
    "gradient (requires_grad=False, or forward detaches). Let some of its parameters be trained, "
    "or pass it fitted and with prefit=True to have it read as it is."
)


ABOVE_ONE = 1e-3
"""A logarithm that rounding alone does not make."""


@contextmanager
def explained_misfit(net: skorch.NeuralNet, rows: TableDataset, problem: Problem) -> Iterator[None]:
    """Say which size is wrong when a training fails for it.

    Looked for after a failure only: a pass through the network before its training could change
    it (random numbers drawn, lazy layers built), and the user's net would not be what it is alone.
    """
    try:
        with _comparable(net):
            yield
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        found = _misfit(net, rows, problem) if net.initialized_ else None
        if found is None:
            raise
        if not found.of_sizes:
            raise ValueError(found.text) from error
        sizes = ("module__n_features", "module__n_outputs")
        params = net.get_params(deep=False)
        given = [f"{name}={params[name]!r}" for name in sizes if name in params]
        remedy = (
            f"The net was given {' and '.join(given)}; leave them out to have them inferred, or "
            "give those of the table."
            if given
            else "Give the module the sizes of the table; a class that asks for n_features and "
            "n_outputs is given them."
        )
        raise ValueError(f"{found.text} {remedy}") from error


@contextmanager
def _comparable(net: skorch.NeuralNet) -> Iterator[None]:
    """Refuse what a criterion could not compare with targets as it is meant to.

    Losses of torch that only warn of shapes would compare every output with every target, and a
    network of two outputs for one target, or of one for two, would be trained on a loss that means
    nothing. The criterion is there once training begins, and the first batch tells; nothing of this
    is left on the net then.
    """
    begin = net.on_train_begin

    def hooked(*args: Any, **kwargs: Any) -> None:
        del net.on_train_begin
        _check_first_batch(net)
        begin(*args, **kwargs)

    net.on_train_begin = hooked
    try:
        yield
    finally:
        vars(net).pop("on_train_begin", None)


def _check_first_batch(net: skorch.NeuralNet) -> None:
    require = _requirement(net)
    if require is None:
        return

    def check(criterion: nn.Module, args: tuple[Any, ...], named: dict[str, Any]) -> None:
        hook.remove()
        given = [*args, *(named[name] for name in ("input", "target") if name in named)]
        if len(given) == 2:  # a net may hand its criterion what it likes
            require(criterion, *given)

    hook = net.criterion_.register_forward_pre_hook(check, with_kwargs=True)


def _requirement(net: skorch.NeuralNet) -> Callable[[nn.Module, Tensor, Tensor], None] | None:
    if type(net.criterion_) in ELEMENTWISE:
        return _require_shapes
    if _is_binary(net) and isinstance(net.criterion_, BY_CLASS):
        return _require_output_per_class
    if type(net.criterion_) is nn.SoftMarginLoss:
        return _require_signs
    takes_logarithms = isinstance(net, skorch.NeuralNetClassifier)
    if takes_logarithms and isinstance(net.criterion_, nn.NLLLoss):
        return _require_probabilities
    return None


def _require_shapes(criterion: nn.Module, outputs: Tensor, targets: Tensor) -> None:
    given, asked = tuple(outputs.shape), tuple(targets.shape)
    if given == asked:
        return
    if given == (*asked, 1):
        remedy = "Return outputs without the last dimension (squeeze(-1)) from forward"
    elif isinstance(criterion, BINARY) and len(asked) == 1:
        remedy = "Give the net criterion=torch.nn.CrossEntropyLoss, which takes an output per class"
    else:
        remedy = "Return one number for each target from forward"
    raise ValueError(
        f"the net's criterion, {type(criterion).__name__}, compares each output with the target in "
        f"its place, and outputs have shape {given}, targets {asked}. {remedy}."
    )


def _is_binary(net: skorch.NeuralNet) -> bool:
    return isinstance(net, skorch.NeuralNetBinaryClassifier)


def _require_output_per_class(criterion: nn.Module, outputs: Tensor, targets: Tensor) -> None:
    # Torch takes such outputs for those of a single row.
    if outputs.ndim < 2:
        raise ValueError(
            f"the net's criterion, {type(criterion).__name__}, compares an output per class with "
            "the number of the class, and skorch's NeuralNetBinaryClassifier hands it one output "
            f"per row (shape {tuple(outputs.shape)}). Take skorch.NeuralNetClassifier and a module "
            "with an output per class, or criterion=torch.nn.BCEWithLogitsLoss, which compares one "
            "output with 0 or 1."
        )


def _require_signs(criterion: nn.Module, outputs: Tensor, targets: Tensor) -> None:
    if bool((targets == 0).any()):
        raise ValueError(
            "the net's criterion, SoftMarginLoss, compares outputs with -1 and 1, and learns "
            "nothing of a row whose target is 0. Call the classes -1 and 1, or give the net "
            "criterion=torch.nn.BCEWithLogitsLoss, which is the same loss of 0 and 1."
        )


def _require_probabilities(criterion: nn.Module, logarithms: Tensor, targets: Tensor) -> None:
    sound = logarithms <= ABOVE_ONE  # NaN is not
    if not bool(sound.all()):
        raise ValueError(
            "skorch's classifier hands its criterion, NLLLoss, the logarithms of what forward "
            "returns, and some of that is below 0, above 1 or NaN. Return probabilities (a Softmax "
            "at the end), or give the net criterion=torch.nn.CrossEntropyLoss, which takes logits."
        )


class _Misfit(NamedTuple):
    text: str
    of_sizes: bool = True
    """Whether sizes are wrong, rather than what the network returns."""


def _misfit(net: skorch.NeuralNet, rows: TableDataset, problem: Problem) -> _Misfit | None:
    """Run the network on two rows: what is wrong with it, None where it fits."""
    X = rows.batch(np.arange(min(len(rows), 2)))[0].to(net.device)
    net.module_.eval()
    try:
        z = net.module_(X)
    except RuntimeError as error:
        return _Misfit(f"the network cannot take rows of {problem.n_features} columns ({error}).")
    if not isinstance(z, Tensor):
        return None
    try:
        width = logits_of(z, len(X)).shape[1]
    except (TypeError, ValueError) as error:
        return _Misfit(str(error), of_sizes=False)
    if not z.requires_grad:
        return _Misfit(NOT_TRAINABLE, of_sizes=False)
    fitting = {problem.n_outputs}
    by_class = isinstance(net.criterion_, BY_CLASS)
    if by_class and problem.kind != "softmax":
        loss = type(net.criterion_).__name__
        text = f"the net's criterion, {loss}, compares outputs with one class for each row, and y "
        text += "has several columns or is a quantity. Give the net a criterion for such targets."
        return _Misfit(text, of_sizes=False)
    if problem.kind == "softmax" and _is_binary(net):
        return None if width == 1 else _Misfit(_too_wide(width), of_sizes=False)
    if problem.kind == "softmax" and problem.n_outputs == 2 and not by_class:
        fitting.add(1)
    if width in fitting:
        return None
    return _Misfit(
        f"the network returns {counted(width, 'number')} per row, but y asks for "
        f"{problem.n_outputs:,}."
    )


def _too_wide(width: int) -> str:
    return (
        f"the network returns {counted(width, 'number')} per row, and skorch's "
        "NeuralNetBinaryClassifier takes one, the logit of the second of two classes. Return one "
        "from forward, or take skorch.NeuralNetClassifier with "
        "criterion=torch.nn.CrossEntropyLoss, which takes an output per class."
    )
