"""Networks as functions of raw rows, by the cheapest way that is exact."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from sklearn_deeplifft.attribution import (
    NetworkReader,
    module_dtype,
    neutral_torch,
    require_sound,
)
from sklearn_deeplifft.interventions._statistics import edit_of
from sklearn_deeplifft.interventions._values import Intervention
from sklearn_deeplifft.networks import Preprocessed, TrainedNetwork, takes_columns
from sklearn_deeplifft.perturbation import (
    FullForward,
    Local,
    LowRank,
    OutputScale,
    Response,
    Scale,
    local_of,
    low_rank_of,
    per_unit,
)

__all__ = ["engine_error", "response_of", "split"]

PRECISIONS = {"float32": torch.float32, "float64": torch.float64}

COMPARED = 40
"""Number of interventions compared: as many as make the engine leave units out."""


@neutral_torch()
def response_of(
    trained: TrainedNetwork,
    few: np.ndarray,
    scaled: Callable[[int], OutputScale],
    dtype: str | torch.dtype | None = None,
) -> Response:
    """A network as a function of raw rows: by low-rank updates where its front allows it.

    Along a sequence, by what edits can reach; what is neither is run whole.

    ``scaled`` gives the scale for a number of logits; ``few`` (m, d) are rows to count them on, and
    to try a network on that is no plain chain.
    """
    wanted = _precision_of(dtype) if isinstance(dtype, str) else dtype
    precision = wanted or module_dtype(trained.core)
    reader = NetworkReader(trained.core, dtype=precision)
    rows = _inputs(trained, torch.tensor(few).double())
    with takes_columns(few.shape[1]), _within_tables(trained.core):
        n_outputs = reader.logits(rows[:2]).shape[1]
    scale = scaled(n_outputs)
    front = trained.standardize
    steps = per_unit(torch.ones(few.shape[1])) if front is None else front.steps
    prepare = partial(_inputs, trained)
    fast = low_rank_of(trained.core, precision, prepare, steps, scale)
    if fast is not None:  # a plain chain is a function of rows, and answers in logits
        return fast
    require_sound(trained.core, rows, of_logits=scale.of_logits, what="Effects")
    whole = whole_passes(trained, scale, precision)
    tried = torch.tensor(few).double()
    return local_of(trained.core, tried, precision, prepare, steps, scale, whole) or whole


def _precision_of(dtype: str) -> torch.dtype:
    if dtype not in PRECISIONS:
        raise ValueError(f"dtype={dtype!r} must be one of {list(PRECISIONS)}, or None.")
    return PRECISIONS[dtype]


@contextmanager
def _within_tables(core: nn.Module) -> Iterator[None]:
    """Explain a lookup that leads off its table."""
    try:
        yield
    except IndexError as error:
        found = [repr(name) for name, m in core.named_modules() if isinstance(m, nn.Embedding)]
        where = f" (nn.Embedding {', '.join(found)})" if found else ""
        raise ValueError(
            f"the network looks values up in a table{where}, and was asked for one that is not in "
            f"it ({error}). Keep interventions on such columns within their values: set_to one of "
            "them, swap, quantile_shift, or add with low= and high=."
        ) from error


def whole_passes(trained: TrainedNetwork, scale: Scale, dtype: torch.dtype) -> FullForward:
    """A network as a function of raw rows, every row run whole."""
    reader = NetworkReader(trained.core, dtype=dtype, drop_normalizer=scale.of_logits)

    def outputs(X: Tensor) -> Tensor:
        with _within_tables(trained.core):
            return scale(reader.logits(_inputs(trained, X)))

    return FullForward(outputs)


def _inputs(trained: TrainedNetwork, X: Tensor) -> Tensor:
    """Rows come in float64, and are standardised before they are rounded."""
    front = trained.standardize
    return X if front is None else front.exact(X)


@neutral_torch()
def engine_error(
    response: Response, trained: TrainedNetwork, X: np.ndarray, bound: Sequence[Intervention]
) -> float:
    """Largest difference to whole forward passes, over the largest output; a few are compared."""
    if not isinstance(response, LowRank | Local):
        return 0.0
    few = torch.tensor(X[:8], dtype=torch.float64)
    edits = [edit_of(one, X[:8]) for one in bound[:COMPARED]]
    whole = whole_passes(trained, response.scale, response.dtype)
    before, expected = (one.outputs(few).double() for one in (response, whole))
    written = []
    for one in (response, whole):
        written.append(torch.zeros(len(few), len(edits), before.shape[1], dtype=torch.float64))
        one.write_changes(written[-1], few, edits, expected)
    gap = max(float((a - b).abs().max()) for a, b in ((before, expected), written))
    size = float((expected[:, None] + written[1]).abs().max())
    return gap / size if size > 0 else gap


def split(trained: TrainedNetwork) -> TrainedNetwork:
    """Networks trained here carry their standardisation inside."""
    core = trained.core
    if isinstance(core, Preprocessed):
        return trained._replace(core=core.core, standardize=core.standardize)
    return trained
