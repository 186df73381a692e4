"""A sequence network as a graph of layers along the sequence, and a head above them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from sklearn_deeplifft.perturbation._local_input import Columns, FirstConvolution
from sklearn_deeplifft.perturbation._local_layers import (
    ChannelAffine,
    Convolution,
    Layer,
    Pointwise,
)

__all__ = ["Cut", "Graph", "Head", "Node", "answered", "simplified", "vector"]


class Node(NamedTuple):
    layer: Layer | Columns | FirstConvolution
    sources: tuple[int, ...] = ()
    """Nodes that it reads; none for what reads the columns of the table."""


class Cut(NamedTuple):
    """Where a sequence becomes a vector, which the head reads."""

    node: int
    order: Tensor | None = None
    """(m,): which of its C L values, in this order; None for all of them as they are."""
    weight: Tensor | None = None
    """(h, m): a dense map of the vector that the head begins with."""
    bias: Tensor | None = None


class Head(Protocol):
    """What lies above the vectors."""

    normalizes: bool
    """Whether a softmax or sigmoid is in it."""

    def __call__(self, vectors: Sequence[Tensor]) -> Tensor: ...


@dataclass(frozen=True)
class Graph:
    """Nodes in the order in which they are worked out."""

    nodes: tuple[Node, ...]
    cuts: tuple[Cut, ...]
    head: Head
    """The answers to the vectors."""


def simplified(graph: Graph) -> Graph:
    """The same function in fewer passes.

    Diagonal maps go into the convolution before them, convolutions of columns become first ones,
    ReLUs write over what only they read, and nodes that nothing reads are left out.
    """
    nodes = list(graph.nodes)
    names = list(range(len(nodes)))  # of a node that was folded away, the one in its place
    readers = _readers(graph)
    for i, (layer, sources) in enumerate(nodes):
        sources = tuple(names[s] for s in sources)
        below = nodes[sources[0]] if sources else None
        alone = bool(sources) and readers[graph.nodes[i].sources[0]] == 1
        if isinstance(layer, ChannelAffine) and alone and below is not None:
            folded = _scaled(below.layer, layer)
            if folded is not None:
                nodes[sources[0]] = Node(folded, below.sources)
                readers[sources[0]] = readers[i]
                names[i] = sources[0]
                continue
        if isinstance(layer, Convolution) and below and isinstance(below.layer, Columns):
            nodes[i] = Node(FirstConvolution(below.layer, layer, {}))
            continue
        if isinstance(layer, Pointwise) and layer.in_place is not None:
            # A window of a convolution is its own; others may be views of what is read again.
            fresh = below is not None and isinstance(below.layer, Convolution | FirstConvolution)
            if not (fresh and readers[sources[0]] == 1):
                layer = replace(layer, in_place=None)
        nodes[i] = Node(layer, sources)
    cuts = tuple(cut._replace(node=names[cut.node]) for cut in graph.cuts)
    return _without_unread(replace(graph, nodes=tuple(nodes), cuts=cuts))


def _scaled(layer: object, affine: ChannelAffine) -> Convolution | FirstConvolution | None:
    if isinstance(layer, Convolution):
        return layer.scaled(affine.scale, affine.shift)
    if isinstance(layer, FirstConvolution):
        return replace(layer, convolution=layer.convolution.scaled(affine.scale, affine.shift))
    return None


def _readers(graph: Graph) -> list[int]:
    """How often each node is read."""
    found = [0] * len(graph.nodes)
    for node in graph.nodes:
        for source in node.sources:
            found[source] += 1
    for cut in graph.cuts:
        found[cut.node] += 1
    return found


def _without_unread(graph: Graph) -> Graph:
    read = {cut.node for cut in graph.cuts}
    for i in reversed(range(len(graph.nodes))):
        if i in read:
            read.update(graph.nodes[i].sources)
    names = {old: new for new, old in enumerate(sorted(read))}
    nodes = [
        Node(graph.nodes[old].layer, tuple(names[s] for s in graph.nodes[old].sources))
        for old in sorted(read)
    ]
    cuts = tuple(cut._replace(node=names[cut.node]) for cut in graph.cuts)
    return replace(graph, nodes=tuple(nodes), cuts=cuts)


def vector(values: Tensor, cut: Cut) -> Tensor:
    """The vector (n, m) of a sequence (n, C, L)."""
    flat = values.flatten(1)
    return flat if cut.order is None else flat[:, cut.order]


def answered(values: Tensor, cut: Cut) -> Tensor:
    """What the head is given for a sequence (n, C, L)."""
    x = vector(values, cut)
    return x if cut.weight is None else torch.nn.functional.linear(x, cut.weight, cut.bias)
