"""Filters of a first layer as motifs: the letters beneath what activates them.

==========  ==========================================================  =========
code        meaning                                                     shape
==========  ==========================================================  =========
``a``       activation of a filter at each place                        (n, F, L')
site        place where ``a`` exceeds a share of the filter's largest
``C``       letters counted over all sites of a filter                  (F, K, w)
==========  ==========================================================  =========
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sklearn_deeplifft.attribution import NetworkReader, layer_outputs
from sklearn_deeplifft.sequences._model_inputs import Inputs, inputs_of
from sklearn_deeplifft.sequences.motifs._counter import motifs_from
from sklearn_deeplifft.sequences.motifs._families import best_matches
from sklearn_deeplifft.sequences.motifs._matrices import Motif, information, probabilities

__all__ = ["FilterMotifs", "filter_motifs"]

BATCH = 64
BETWEEN = (nn.BatchNorm1d, nn.Dropout, nn.Identity)
"""Layers that stand between a convolution and its activation."""
POOLS = (nn.modules.pooling._MaxPoolNd, nn.modules.pooling._AvgPoolNd)


@dataclass(frozen=True)
class FilterMotifs:
    """Motifs of the filters of a first layer, see :func:`filter_motifs`.

    Attributes
    ----------
    motifs : tuple of F (Motif or None)
        Letters counted beneath each filter, trimmed; None of a filter that is never active, or
        whose sites have no letter in common.
    n_sites : ndarray of shape (F,)
        Sites counted.
    largest : ndarray of shape (F,)
        Largest activation of each filter.
    layer : str
        The layer whose output was read.
    """

    motifs: tuple[Motif | None, ...]
    n_sites: NDArray[np.int64]
    largest: NDArray[np.float64]
    layer: str

    def match(self, database: Any = "JASPAR2026:vertebrates") -> pd.DataFrame:
        """The motif of a database that is most like each filter, by Tomtom.

        Parameters
        ----------
        database : str, path or mapping, default="JASPAR2026:vertebrates"
            As ``motifs`` of the `MotifCounter`. Needs memelite, whose first call on a machine
            compiles for up to two minutes; of fewer than 25 motifs its p-values are rough.

        Returns
        -------
        DataFrame
            A row per filter: ``filter``, ``motif`` (None where the filter has none), ``p_value``,
            ``e_value`` (p times the number of motifs of the database: matches as good expected by
            chance), ``n_sites``.
        """
        known = motifs_from(database)
        own = [motif for motif in self.motifs if motif is not None]
        found = iter(zip(*best_matches(own, known), strict=True)) if own else iter(())
        rows = []
        for number, motif in enumerate(self.motifs):
            best, p = (None, np.nan) if motif is None else next(found)
            name = None if best is None else known[int(best)].name
            rows.append((number, name, float(p), float(p) * len(known), self.n_sites[number]))
        table = pd.DataFrame(rows, columns=["filter", "motif", "p_value", "e_value", "n_sites"])
        # Columns of text would have NaN for None.
        return table.assign(motif=pd.Series([row[1] for row in rows], dtype=object))

    def names(self, database: Any = "JASPAR2026:vertebrates", e_value: float = 0.1) -> list[str]:
        """Name of each filter: its number, and its motif where one matches below ``e_value``."""
        table = self.match(database)
        return [
            f"filter {row.filter}" + (f" {row.motif}" if row.e_value < e_value else "")
            for row in table.itertuples()
        ]


def filter_motifs(
    model: nn.Module,
    X: Any,
    *,
    layer: str | None = None,
    threshold: float = 0.5,
    trim: float = 0.25,
) -> FilterMotifs:
    """Read the filters of a first convolution as motifs.

    Wherever a filter is more active than half of its largest activation, the letters beneath it
    are counted. Filters of an exponential first layer, or behind a wide pool, hold whole motifs;
    those of deep ReLU networks share them among several (Koo & Ploenzke 2021).

    Parameters
    ----------
    model : torch.nn.Module
        Such as the ``module_`` of a fitted skorch net.
    X : array-like
        DNA that `SequenceEncoder` encoded, (n, 4 L), or (n, 4, L) as the network takes it.
    layer : str, default=None
        Name of the layer whose output (n, F, L') is read; None is the activation behind the first
        convolution, or that convolution itself where a pool follows it.
    threshold : float, default=0.5
        Share of a filter's largest activation, within (0, 1).
    trim : float, default=0.25
        Positions at either end that tell less than this, in bits, are left out.

    Returns
    -------
    FilterMotifs

    Raises
    ------
    ValueError
        No one-dimensional convolution of four letters, or one with strides or dilation.

    References
    ----------
    P. K. Koo, M. Ploenzke (2021), Nature Machine Intelligence 3:258.

    Examples
    --------
    >>> import torch
    >>> from sklearn_deeplifft.sequences import SequenceEncoder, filter_motifs
    >>> net = torch.nn.Sequential(
    ...     torch.nn.Conv1d(4, 1, 4), torch.nn.ReLU(), torch.nn.AdaptiveMaxPool1d(1),
    ...     torch.nn.Flatten(),
    ... )
    >>> one_hot = SequenceEncoder(dtype="float32").fit_transform
    >>> net[0].weight.data = torch.tensor(one_hot(["GATA"])).view(1, 4, 4).transpose(1, 2)
    >>> net[0].bias.data.fill_(-3)
    tensor([-3.])
    >>> X = one_hot(["CCGATACC", "GATATTTT"]).reshape(2, 8, 4).transpose(0, 2, 1)
    >>> filter_motifs(net, X).motifs[0].counts.argmax(0)
    array([2, 0, 3, 0])
    """
    if not 0 < threshold < 1:
        raise ValueError(f"threshold={threshold!r} must be a share within (0, 1).")
    inputs = inputs_of(model, X, {})
    conv, name = _layers(model, inputs, layer)
    reader = NetworkReader(model, layer=name, drop_normalizer=False)
    if inputs.layout.K != 4:
        raise ValueError("filter_motifs is for DNA: sequences of four letters.")
    largest = torch.stack([a.amax(dim=(0, 2)) for _, a in _activations(reader, inputs, conv)])
    most = largest.amax(dim=0)
    counts = torch.zeros(conv.out_channels, 4, conv.kernel_size[0], dtype=torch.float64)
    sites = torch.zeros(conv.out_channels, dtype=torch.int64)
    for windows, a in _activations(reader, inputs, conv):
        active = (a > threshold * most[:, None]) & (most[:, None] > 0)
        active &= windows.abs().sum(dim=(2, 3))[:, None] > conv.kernel_size[0] - 0.5
        counts += torch.einsum("nfl,nlkw->fkw", active.double(), windows.double())
        sites += active.sum(dim=(0, 2))
    motifs = [_motif(f"filter {i}", C, trim) for i, C in enumerate(counts.numpy())]
    return FilterMotifs(tuple(motifs), sites.numpy(), most.double().numpy(), name)


def _layers(model: nn.Module, inputs: Inputs, layer: str | None) -> tuple[nn.Conv1d, str]:
    """The first convolution, and the name of the layer whose output is read."""
    run = layer_outputs(model, inputs.layout.inputs(inputs.x[:2]))
    first = next((i for i, one in enumerate(run) if isinstance(one.module, nn.Conv1d)), None)
    if first is None:
        raise ValueError("the network has no Conv1d, whose filters could be read.")
    conv = cast(nn.Conv1d, run[first].module)
    if conv.in_channels != inputs.layout.K or conv.stride != (1,) or conv.dilation != (1,):
        raise ValueError(
            f"the first convolution, {run[first].name!r}, is {conv}; filters are read of one that "
            "takes the letters as channels, without stride and dilation."
        )
    if layer is not None:
        return conv, layer
    chosen = run[first]
    for one in run[first + 1 :]:
        if isinstance(one.module, BETWEEN):
            continue
        if one.shape == chosen.shape and not isinstance(one.module, (nn.Conv1d, *POOLS)):
            chosen = one
        break
    return conv, chosen.name


def _activations(
    reader: NetworkReader, inputs: Inputs, conv: nn.Conv1d
) -> Iterator[tuple[Tensor, Tensor]]:
    """Letters beneath each place (m, L', K, w), zero beyond the ends; activations (m, F, L')."""
    w = conv.kernel_size[0]
    if conv.padding == "same":
        left, right = (w - 1) // 2, w - 1 - (w - 1) // 2
    else:
        left = right = 0 if isinstance(conv.padding, str) else conv.padding[0]
    for x in inputs.x.split(BATCH):
        windows = nn.functional.pad(x.transpose(1, 2), (left, right)).unfold(2, w, 1)
        a = reader.hidden(inputs.layout.inputs(x)).unflatten(1, (conv.out_channels, -1))
        if a.shape[2] != windows.shape[2]:
            raise ValueError(
                f"layer={reader.layer_name!r} returns {a.shape[2]} places a filter, and the first "
                f"convolution has {windows.shape[2]}; choose a layer before any pool."
            )
        yield windows.transpose(1, 2), a


def _motif(name: str, C: NDArray[np.float64], trim: float) -> Motif | None:
    """Counts (4, w) as a motif, without ends that tell nothing."""
    C = np.rint(C)
    if not (C.sum(axis=0) > 0).all():
        return None
    told = np.flatnonzero(information(probabilities(C, 0.5)).sum(axis=0) >= trim)
    return Motif(name, C[:, told[0] : told[-1] + 1]) if len(told) else None
