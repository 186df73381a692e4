"""Saturation mutagenesis by windows: only what a letter can reach is run again.

==========  ==========================================================  ===============
code        meaning                                                     shape
==========  ==========================================================  ===============
``x``       one-hot letters                                             (n, L, K)
edit        the letters of a position, so many places further in the    (n, K)
            alphabet, in each row from its own: K - 1 of them a
            position, none of which leaves a row as it is
``out``     changes of all outputs by these                             (n, L (K - 1), R)
==========  ==========================================================  ===============
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from sklearn_deeplifft.attribution import Layout, neutral_torch, spread_positions
from sklearn_deeplifft.perturbation import AsReturned, Edit, FullForward, Local, local_of, per_unit
from sklearn_deeplifft.sequences._model_inputs import Inputs

__all__ = ["mutations_within_reach"]

ROWS = 256
"""Sequences whose changes by all edits are held at a time."""


class _OfColumns(nn.Module):
    """The network as a function of rows (n, L K)."""

    def __init__(self, network: nn.Module, layout: Layout) -> None:
        super().__init__()
        self.network, self.layout = network, layout
        self.training = network.training

    def forward(self, X: Tensor) -> Tensor:
        found: Tensor = self.network(self.layout.inputs(X.unflatten(1, self.layout[1:])))
        return found


@neutral_torch(autograd=False)
def mutations_within_reach(network: nn.Module, inputs: Inputs, *, logits: bool) -> Tensor | None:
    """Change of ``f`` when letter a is put at position l, (n, L, K); 0 for the letter there.

    None where a row is not one-hot throughout, or the network is no graph of layers along the
    sequence: every mutant is then run whole.
    """
    reader, x, _ = inputs
    n, _, K = x.shape
    one_hot = ((x == 0) | (x == 1)).all() & (x.sum(dim=2) == 1).all()
    if not n or x.device.type != "cpu" or not bool(one_hot):
        return None
    reader.values(x)  # refuses outputs that there are not
    rows = x.flatten(1).double()
    local = _local(network, inputs, rows[spread_positions(n)], logits)
    if local is None:
        return None
    parts = [_changes(local, inputs, part) for part in torch.arange(n).split(ROWS)]
    places = x.argmax(dim=2)[..., None] + torch.arange(1, K)
    return torch.zeros_like(x).scatter_(2, places % K, torch.cat(parts))


def _local(network: nn.Module, inputs: Inputs, few: Tensor, logits: bool) -> Local | None:
    reader, _, layout = inputs
    whole = FullForward(lambda X: reader.outputs(X.unflatten(1, layout[1:]).to(reader.dtype)))
    core, steps = _OfColumns(network, layout), per_unit(torch.ones(few.shape[1]))
    return local_of(core, few, reader.dtype, _as_they_are, steps, AsReturned(logits), whole)


def _as_they_are(X: Tensor) -> Tensor:
    return X


def _changes(local: Local, inputs: Inputs, which: Tensor) -> Tensor:
    """Changes (m, L, K - 1) of the outputs that are attributed, of some of the sequences."""
    reader, x, _ = inputs
    own = x[which].double()
    m, L, K = own.shape
    columns = torch.arange(L * K).view(L, K)
    edits = [
        Edit(columns[position], own[:, position].roll(places, dims=1))
        for position in range(L)
        for places in range(1, K)
    ]
    rows = own.flatten(1)
    before = local.outputs(rows).double()
    out = own.new_zeros(m, len(edits), before.shape[1])
    local.write_changes(out, rows, edits, before)
    found: Tensor = reader.chosen(out.transpose(1, 2), which).unflatten(1, (L, K - 1))
    return found.to(x.dtype)
