"""Attributions: what each letter of a sequence contributes to an output of a network."""

from __future__ import annotations

from numbers import Real
from typing import Any, NamedTuple, Unpack

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sklearn_deeplifft._printable import shown
from sklearn_deeplifft.attribution import (
    LetterSums,
    along_paths,
    around,
    at_random,
    between_pairs,
    every_mutation,
    gradients_at,
    path_nodes,
    simplex_angles,
    within_simplex,
)
from sklearn_deeplifft.exceptions import FeatureSelectionWarning, tell
from sklearn_deeplifft.sequences._local_mutagenesis import mutations_within_reach
from sklearn_deeplifft.sequences._model_inputs import (
    Inputs,
    Reading,
    generator_of,
    references_of,
    sound_inputs_of,
)
from sklearn_deeplifft.sequences._positions import require_positive

__all__ = [
    "Attributions",
    "deep_lift",
    "expected_gradients",
    "integrated_gradients",
    "mutagenesis",
    "saliency",
    "smooth_grad",
]

INEXACT = 1e-3
"""Summation error, relative to the largest change of output, from which ``deep_lift`` warns."""

ROUNDING = 100
"""Units in the last place of outputs and contributions that an exact sum may miss."""


class Attributions(NamedTuple):
    """Scores of letters, in units of the output (logits, unless asked otherwise)."""

    scores: NDArray[np.floating[Any]]
    """(n, L, K), signed: positive speaks for the output."""
    angles: NDArray[np.floating[Any]]
    """(n, L): degrees, -90 to 90, between the scores before any correction and the simplex."""
    error: NDArray[np.floating[Any]] | None = None
    """(n,): absolute difference between what contributions (scores with ``times_input=True``) sum
    to and the change of the output from the references, where the method promises that they are
    equal."""


def saliency(
    model: Any,
    X: Any,
    *,
    simplex: bool = True,
    times_input: bool = False,
    **options: Unpack[Reading],
) -> Attributions:
    """Gradient of an output with respect to letters.

    Parameters
    ----------
    model : torch.nn.Module
        Left as it is found.
    X : array, tensor or CSR array of shape (n, K L) or (n, K, L)
        Encoded sequences, as the network takes them.
    simplex : bool, default=True
        Correct: subtract the mean over the letters of each position, since no sequence can leave
        the simplex (Majdandzic et al. 2023).
    times_input : bool, default=False
        Multiply by the letters, so that only those that are there have a score.
    **options : Reading
        ``output``, ``scale``, ``dtype``, ``batch_size``, ``channel_axis``, ``n_letters``.

    Returns
    -------
    Attributions

    Raises
    ------
    ValueError
        Sequences that are not encoded, an output that there is not; a network that draws in
        evaluation mode, mixes rows, or, for ``scale="logit"``, returns probabilities that are no
        sigmoid or softmax of torch's. All attributions refuse these.

    References
    ----------
    Majdandzic, A., Rajesh, C. & Koo, P. K. (2023). Correcting gradient-based interpretations of
    deep neural networks for genomics. *Genome Biology* 24, 109.

    Examples
    --------
    >>> import torch
    >>> from sklearn_deeplifft.sequences import SequenceEncoder, saliency
    >>> model = torch.nn.Linear(8, 1)
    >>> _ = model.weight.data.copy_(torch.tensor([[3.0, 1, 1, 1, 0, 0, 0, 0]]))
    >>> found = saliency(model, SequenceEncoder().fit_transform(["AC"]))
    >>> found.scores[0, 0].tolist(), found.angles.round(1).tolist()
    ([1.5, -0.5, -0.5, -0.5], [[60.0, 0.0]])
    """
    inputs = sound_inputs_of(model, X, options)
    return _attributions(gradients_at(inputs.reader, inputs.x, simplex=simplex), times_input)


def smooth_grad(
    model: Any,
    X: Any,
    *,
    n_samples: int = 50,
    noise: float = 0.1,
    noise_on_simplex: bool = False,
    simplex: bool = True,
    times_input: bool = False,
    random_state: Any = None,
    **options: Unpack[Reading],
) -> Attributions:
    """Mean gradient in a normal cloud around each sequence.

    Parameters
    ----------
    model, X, simplex, times_input, **options
        See `saliency`.
    n_samples : int, default=50
        Points of a cloud.
    noise : float, default=0.1
        Standard deviation of each letter's value.
    noise_on_simplex : bool, default=False
        Noise without its component normal to the simplex.
    random_state : int, RandomState instance or None, default=None
        Seed.

    Returns
    -------
    Attributions

    References
    ----------
    Smilkov, D. et al. (2017). SmoothGrad: removing noise by adding noise. *arXiv* 1706.03825.
    """
    require_positive("n_samples", n_samples)
    if not isinstance(noise, Real) or not 0 <= noise < np.inf:
        raise ValueError(f"noise={shown(noise)}; pass a standard deviation, such as 0.1.")
    inputs = sound_inputs_of(model, X, options)
    sums = around(
        inputs.reader,
        inputs.x,
        n_samples,
        float(noise),
        generator_of(random_state),
        simplex=simplex,
        on_simplex=noise_on_simplex,
    )
    return _attributions(sums, times_input)


def integrated_gradients(
    model: Any,
    X: Any,
    *,
    reference: Any = "uniform",
    n_references: int = 20,
    n_steps: int = 50,
    simplex: bool = True,
    times_input: bool = False,
    random_state: Any = None,
    **options: Unpack[Reading],
) -> Attributions:
    """Mean gradient on the straight way from a reference to each sequence.

    Parameters
    ----------
    model, X, simplex, **options
        See `saliency`.
    reference : {"uniform", "dinucleotide", "zero"} or array, default="uniform"
        Where the way begins: equal probability of every letter; dinucleotide shuffles of each
        sequence; zero throughout, which is no sequence; or encoded sequences, one, several (R, ...)
        or several for each sequence (n, R, ...). The mean over several is taken.
    n_references : int, default=20
        Shuffles of each sequence, for "dinucleotide".
    n_steps : int, default=50
        Nodes of the Gauss-Legendre rule on each way.
    times_input : bool, default=False
        Multiply by the difference from the reference; the sum is then the difference of outputs.
        Where that leaves the simplex (at N and padding, and from zero), ``simplex`` takes nothing
        out.
    random_state : int, RandomState instance or None, default=None
        Seed of the shuffles.

    Returns
    -------
    Attributions
        ``error`` holds what the nodes leave of that sum.

    References
    ----------
    Sundararajan, M., Taly, A. & Yan, Q. (2017). Axiomatic attribution for deep networks. *ICML*.
    """
    require_positive("n_steps", n_steps)
    inputs = sound_inputs_of(model, X, options)
    r = references_of(reference, inputs, n_references, random_state)
    t, w = path_nodes(n_steps)
    sums = along_paths(inputs.reader, inputs.x, r, t, w, simplex=simplex)
    return _attributions(sums, times_input, _summation_error(inputs, r, sums))


def expected_gradients(
    model: Any,
    X: Any,
    *,
    reference: Any = "dinucleotide",
    n_references: int = 20,
    n_samples: int = 100,
    simplex: bool = True,
    times_input: bool = False,
    random_state: Any = None,
    **options: Unpack[Reading],
) -> Attributions:
    """Mean gradient at random places on the ways from several references.

    Parameters
    ----------
    model, X, simplex, reference, n_references, times_input, **options
        See `integrated_gradients`.
    n_samples : int, default=100
        Places for each sequence; every reference is used equally often, or once more.
    random_state : int, RandomState instance or None, default=None
        Seed.

    Returns
    -------
    Attributions
        ``error`` shrinks as the root of ``n_samples`` grows.

    References
    ----------
    Erion, G. et al. (2021). Improving performance of deep learning models with axiomatic
    attribution priors and expected gradients. *Nature Machine Intelligence* 3.
    """
    require_positive("n_samples", n_samples)
    inputs = sound_inputs_of(model, X, options)
    generator = generator_of(random_state)
    r = references_of(reference, inputs, n_references, generator.initial_seed() % (2**31 - 1))
    sums = at_random(inputs.reader, inputs.x, r, n_samples, generator, simplex=simplex)
    return _attributions(sums, times_input, _summation_error(inputs, r, sums))


def deep_lift(
    model: Any,
    X: Any,
    *,
    reference: Any = "uniform",
    n_references: int = 20,
    simplex: bool = True,
    times_input: bool = False,
    random_state: Any = None,
    **options: Unpack[Reading],
) -> Attributions:
    """DeepLIFT by the rescale rule: slopes between each sequence and its references.

    Every activation's derivative is replaced by its slope between the two, so that slopes times
    displacement sum exactly to the difference of outputs. That holds for affine layers, the usual
    elementwise activations, the exponential included, max-pooling of any kind, average-pooling,
    batch normalisation and residual sums.

    Parameters
    ----------
    model, X, simplex, reference, n_references, random_state, **options
        See `integrated_gradients`.
    times_input : bool, default=False
        Multiply by the difference from the reference: DeepLIFT's contributions. Otherwise its
        multipliers. Where the difference leaves the simplex (at N and padding, and from zero),
        ``simplex`` takes nothing out of contributions.

    Returns
    -------
    Attributions
        ``error`` is that of the sum.

    Warns
    -----
    FeatureSelectionWarning
        Contributions miss the difference by more than a thousandth of the largest: the network
        multiplies or divides activations, as attention does, or has another curved function that
        is none of the above.

    References
    ----------
    Shrikumar, A., Greenside, P. & Kundaje, A. (2017). Learning important features through
    propagating activation differences. *ICML*.
    """
    inputs = sound_inputs_of(model, X, options)
    r = references_of(reference, inputs, n_references, random_state)
    sums = between_pairs(inputs.reader, inputs.x, r, simplex=simplex)
    after, before = _ends(inputs, r)
    error = (sums.explained - (after - before)).abs()
    largest = _largest(after - before)
    size = _largest(after) + _largest(before) + _largest(sums.products.abs().sum(dim=(1, 2)))
    rounding = ROUNDING * torch.finfo(inputs.x.dtype).eps * size
    if not _largest(error) <= max(INEXACT * largest, rounding):
        finding = (
            f"DeepLIFT's contributions miss the difference of outputs by up to "
            f"{_largest(error):.3g}, where the largest is {largest:.3g}."
        )
        remedy = (
            "Something in the network is curved and has no slopes here, such as a product of "
            "activations, a division, torch.where or attention; use integrated_gradients."
        )
        tell(FeatureSelectionWarning(finding, remedy))
    return _attributions(sums, times_input, _array(error))


def mutagenesis(
    model: Any,
    X: Any,
    *,
    simplex: bool = True,
    times_input: bool = False,
    **options: Unpack[Reading],
) -> Attributions:
    """Change of an output when each letter is put at each position: saturation mutagenesis.

    Along a convolutional network only what a letter can reach is run again.

    Parameters
    ----------
    model, X, **options
        See `saliency`.
    simplex : bool, default=True
        Subtract the mean over letters. The letter that is there, whose change is 0, then has minus
        that mean: of four letters three quarters of the mean change by the others, negated.
    times_input : bool, default=False
        Multiply by the letters, so that only those that are there have a score; 0 as well without
        ``simplex``.

    Returns
    -------
    Attributions

    See Also
    --------
    sklearn_deeplifft.interventions.saturation_mutagenesis : Changes of all outputs of any
        predictor, of centred logits; these are of an output as it is.

    Examples
    --------
    >>> import torch
    >>> from sklearn_deeplifft.sequences import SequenceEncoder, mutagenesis
    >>> model = torch.nn.Linear(8, 1, bias=False)
    >>> _ = model.weight.data.copy_(torch.tensor([[3.0, 1, 1, 1, 0, 0, 0, 0]]))
    >>> X = SequenceEncoder().fit_transform(["AC"])
    >>> mutagenesis(model, X, simplex=False).scores[0, 0].tolist()
    [0.0, -2.0, -2.0, -2.0]
    >>> mutagenesis(model, X).scores[0, 0].tolist()
    [1.5, -0.5, -0.5, -0.5]
    """
    inputs = sound_inputs_of(model, X, options)
    logits = options.get("scale", "logit") == "logit"
    changes = mutations_within_reach(model, inputs, logits=logits)
    if changes is None:
        changes = every_mutation(inputs.reader, inputs.x)
    scores = within_simplex(changes) if simplex else changes
    return Attributions(
        _array(scores * inputs.x if times_input else scores), _array(simplex_angles(changes))
    )


def _attributions(
    sums: LetterSums, times_input: bool, error: NDArray[np.floating[Any]] | None = None
) -> Attributions:
    scores = sums.scores(times_input=times_input)
    return Attributions(_array(scores), _array(simplex_angles(sums.slopes)), error)


def _summation_error(inputs: Inputs, r: Tensor, sums: LetterSums) -> NDArray[np.floating[Any]]:
    after, before = _ends(inputs, r)
    return _array((sums.explained - (after - before)).abs())


def _ends(inputs: Inputs, r: Tensor) -> tuple[Tensor, Tensor]:
    """``f`` (n,) of the sequences, and its mean over the references of each."""
    n, R = r.shape[:2]
    rows = torch.arange(n).repeat_interleave(R)
    before = inputs.reader.values(r.reshape(n * R, *r.shape[2:]), rows)
    return inputs.reader.values(inputs.x), before.reshape(n, R).mean(dim=1)


def _largest(values: Tensor) -> float:
    return float(values.abs().max()) if len(values) else 0.0


def _array(values: Tensor) -> NDArray[np.floating[Any]]:
    found: NDArray[np.floating[Any]] = values.detach().cpu().numpy()
    return found
