"""A network and encoded sequences, checked and made ready to be read."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, TypedDict

import numpy as np
import scipy.sparse as sp
import torch
from sklearn.utils import check_random_state
from torch import Tensor, nn

from sklearn_deeplifft._printable import shown
from sklearn_deeplifft.attribution import (
    Layout,
    LetterReader,
    NetworkReader,
    layout_of,
    require_sound,
)
from sklearn_deeplifft.exceptions import FeatureSelectionWarning, tell
from sklearn_deeplifft.sequences._alphabet import DNA, Alphabet
from sklearn_deeplifft.sequences._positions import require_positive
from sklearn_deeplifft.sequences._segments import Letters
from sklearn_deeplifft.sequences._shuffle import rng_of, shuffled

__all__ = [
    "Inputs",
    "Reading",
    "generator_of",
    "inputs_of",
    "references_of",
    "sound_inputs_of",
]


class Reading(TypedDict, total=False):
    """How a network is read: keyword arguments that all attributions share.

    Parameters
    ----------
    output : int or array-like of shape (n,), default=None
        Output that is attributed, of all sequences or of each one, such as its class. None is for
        networks of one.
    scale : {"logit", "output"}, default="logit"
        Attribute what goes into a final softmax or sigmoid, or what the network returns. Gradients
        of probabilities vanish where the network is sure.
    dtype : torch.dtype, default=None
        ``torch.float64`` for doubled precision; None is the network's own, or float32 of a network
        in half precision.
    batch_size : int, default=64
        Rows of a pass. A thousand take twice as long each, out of cache.
    channel_axis : {1, 2}, default=None
        Axis of letters of three-dimensional ``X``, where its shape does not tell.
    n_letters : int, default=4
        Letters of the alphabet, K.
    """

    output: Any
    scale: Literal["logit", "output"]
    dtype: torch.dtype | None
    batch_size: int
    channel_axis: int | None
    n_letters: int


class Inputs(NamedTuple):
    """A reader of the network, and its letters."""

    reader: LetterReader
    x: Tensor
    """(n, L, K), of the reader's precision."""
    layout: Layout


def inputs_of(model: Any, X: Any, options: Reading) -> Inputs:
    """Check a network, encoded sequences, and how they are read.

    Raises
    ------
    TypeError
        The model is no torch module; an option that there is not.
    ValueError
        Sequences that are not encoded, not finite, or in a layout that is not clear; an output
        that there is not.
    """
    unknown = sorted(set(options) - set(Reading.__annotations__))
    if unknown:
        raise TypeError(
            f"{unknown[0]!r} is no option; those of every attribution are "
            f"{', '.join(Reading.__annotations__)}."
        )
    if not isinstance(model, nn.Module):
        raise TypeError(
            f"model is {shown(model)}, of type {type(model).__name__}; pass a torch.nn.Module, "
            "such as the module_ of a fitted skorch net."
        )
    scale = options.get("scale", "logit")
    if scale not in ("logit", "output"):
        raise ValueError(f"scale={shown(scale)}; pass 'logit' or 'output'.")
    batch_size, n_letters = options.get("batch_size", 64), options.get("n_letters", 4)
    require_positive("batch_size", batch_size)
    require_positive("n_letters", n_letters)
    values = numbers_of(X, "X")
    layout = layout_of(tuple(values.shape), n_letters, options.get("channel_axis"))
    reader = LetterReader(
        model,
        layout,
        _outputs(options.get("output"), len(values)),
        logits=scale == "logit",
        dtype=options.get("dtype"),
        batch_size=batch_size,
    )
    device = next((p.device for p in model.parameters()), torch.device("cpu"))
    return Inputs(reader, layout.letters(values.to(device, reader.dtype)).contiguous(), layout)


def sound_inputs_of(model: Any, X: Any, options: Reading) -> Inputs:
    """`inputs_of` a network that answers row by row, and in logits where these are wanted.

    Raises
    ------
    ValueError
        The network takes sequences in another layout, draws in evaluation mode, mixes rows, or
        returns probabilities whose logits are not found; what `inputs_of` refuses.
    """
    inputs = inputs_of(model, X, options)
    if not len(inputs.x):
        return inputs
    try:
        require_sound(
            model,
            inputs.layout.inputs(inputs.x),
            of_logits=options.get("scale", "logit") == "logit",
            what="Scores",
            otherwise=" Or pass scale='output', which attributes what the network returns.",
        )
    except RuntimeError as error:
        _require_layout(model, inputs, error)
        raise
    return inputs


def _require_layout(model: nn.Module, inputs: Inputs, error: RuntimeError) -> None:
    """Say which layout the network takes, where it takes another than that of its inputs."""
    x, (form, L, K) = inputs.x, inputs.layout
    wanted: dict[Literal["columns", "first", "last"], str] = {
        "columns": f"rows (n, {K * L})",
        "first": f"(n, {K}, {L}), which is X.reshape(-1, {L}, {K}).transpose(0, 2, 1) of rows",
        "last": f"(n, {L}, {K}), and channel_axis=2",
    }
    for other, described in wanted.items():
        if other == form:
            continue
        try:
            NetworkReader(model).logits(Layout(other, L, K).inputs(x[:2]))
        except (RuntimeError, TypeError, ValueError, IndexError):
            continue
        shape = tuple(inputs.layout.inputs(x).shape)
        raise ValueError(
            f"X has the shape {shape}, which the network does not take; pass {described}."
        ) from error


def numbers_of(X: Any, name: str) -> Tensor:
    """Encoded sequences as a float64 tensor, or a float32 one where they are that."""
    if isinstance(X, Tensor):
        values = X.detach()
    else:
        array = np.asarray(X.toarray() if sp.issparse(X) else X)
        if array.dtype.kind not in "buif":
            raise ValueError(
                f"{name} holds {array.dtype.name}, not numbers; encode sequences by "
                "SequenceEncoder first."
            )
        values = torch.from_numpy(np.array(array))
    values = values if values.dtype in (torch.float32, torch.float64) else values.double()
    if not bool(torch.isfinite(values).all()):
        raise ValueError(f"{name} holds values that are not finite; pass encoded sequences.")
    return values


def _outputs(output: Any, n: int) -> Tensor | None:
    if output is None:
        return None
    read = np.asarray(output)
    if read.dtype.kind not in "iu" or read.shape not in ((), (n,)):
        raise ValueError(
            f"output={shown(output)}; pass the number of one output, or one for each of the {n:,} "
            "sequences."
        )
    return torch.from_numpy(np.broadcast_to(read, (n,)).astype(np.int64))


def generator_of(random_state: Any) -> torch.Generator:
    """Generator seeded by ``random_state`` as scikit-learn understands it."""
    generator = torch.Generator()
    generator.manual_seed(int(check_random_state(random_state).randint(2**31 - 1)))
    return generator


def references_of(reference: Any, inputs: Inputs, n_references: int, random_state: Any) -> Tensor:
    """References of each sequence, (n, R, L, K).

    Raises
    ------
    ValueError
        An unknown name, or an array of another shape than one sequence, several of them, or
        several for each sequence.
    """
    x, layout = inputs.x, inputs.layout
    n, L, K = x.shape
    if isinstance(reference, str):
        if reference == "uniform":
            return x.new_full((1, 1, L, K), 1 / K).expand(n, 1, L, K)
        if reference == "zero":
            finding = "reference='zero' is no sequence: the letters of a position sum to one."
            remedy = (
                "Corrected scores are the worse for it; pass reference='uniform', the centre of "
                "the letters, or 'dinucleotide'."
            )
            tell(FeatureSelectionWarning(finding, remedy))
            return x.new_zeros((1, 1, L, K)).expand(n, 1, L, K)
        if reference == "dinucleotide":
            require_positive("n_references", n_references)
            return _shuffles(x, n_references, random_state)
        raise ValueError(
            f"reference={shown(reference)}; pass 'uniform', 'dinucleotide', 'zero' or encoded "
            "sequences."
        )
    values = numbers_of(reference, "reference").to(x)
    one = layout.inputs(x[:1]).shape[1:]
    if values.shape[-len(one) :] != one or values.ndim - len(one) not in (0, 1, 2):
        raise ValueError(
            f"reference has the shape {tuple(values.shape)}; pass one sequence {tuple(one)}, "
            f"several (R, ...), or several for each of the {n:,} sequences ({n}, R, ...)."
        )
    if values.ndim - len(one) == 2 and len(values) != n:
        raise ValueError(f"reference is for {len(values):,} sequences, and X holds {n:,}.")
    letters = layout.letters(values.reshape(-1, *one)).reshape(*values.shape[: -len(one)], L, K)
    found = letters if letters.ndim == 4 else letters.reshape(1, -1, L, K).expand(n, -1, -1, -1)
    if not found.shape[1]:
        raise ValueError("reference holds no sequence; pass at least one.")
    return found


def _shuffles(x: Tensor, R: int, random_state: Any) -> Tensor:
    """Dinucleotide shuffles of one-hot sequences; positions that hold no one letter stay."""
    n, L, K = x.shape
    alphabet = DNA if K == 4 else Alphabet(f"{K} letters", _letters(K), b"?")
    known = ((x == 1).sum(dim=2) == 1) & ((x != 0).sum(dim=2) == 1)
    codes = torch.where(known, x.argmax(dim=2), -1).cpu().numpy()
    text = alphabet.letter_of()[codes].ravel()
    letters = Letters(alphabet, text, np.arange(n + 1) * L)
    drawn = alphabet.codes[shuffled(letters, R, rng_of(random_state))].reshape(R, n, L)
    one_hot = torch.eye(K, dtype=x.dtype)[torch.from_numpy(drawn.astype(np.int64))]
    found = torch.where(known[None, ..., None].cpu(), one_hot, x.cpu())
    return found.transpose(0, 1).to(x.device)


def _letters(K: int) -> bytes:
    if K > 26:
        raise ValueError(f"shuffles are of alphabets of up to 26 letters; n_letters={K}.")
    return bytes(range(ord("A"), ord("A") + K))
