"""Outputs of a network after some columns were written: a low-rank update of its first layer.

=============  =======================================================  ==========
code           symbol                                                   shape
=============  =======================================================  ==========
``Z``          W1 x + b1 of the background rows, once                   (n, h)
``change``     (T x - x) in the columns that T writes, over the units   (r, m)
``Z + ...``    Z + change W1[:, columns]'                               (r, h)
``f``          outputs on the scale asked for, centred logits say       (n, R)
=============  =======================================================  ==========

Writing m columns changes the first pre-activations by a matrix of rank m, so only the layers
above run again: 43 instead of 246 kflop per row for 512-200-100-8. Of many moves of single columns
only units that are not silent are multiplied. What does not begin with an affine map is run whole,
behind the same interface.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Protocol

import torch
from torch import Tensor, nn

from sklearn_deeplifft.attribution import Activation, Affine, chain_of, neutral_torch, round_rows
from sklearn_deeplifft.perturbation._live_units import LiveUnits, live_units
from sklearn_deeplifft.perturbation._output_scale import OutputScale
from sklearn_deeplifft.perturbation._steps import Steps

__all__ = ["ROWS_AT_ONCE", "FullForward", "LowRank", "Edit", "Response", "low_rank_of"]

ROWS_AT_ONCE = 1024
"""Rows that run through the upper layers together: their activations stay in cache."""

HELD_BYTES = 2_000_000
"""Bytes of outputs that are held at a time."""

FEWEST_LIVE_MOVES, MOST_LIVE_MOVES = 32, 1024
"""Fewest moves that fill a product of a row's own units; most that are in memory at a time."""

MOST_ROWS = 0.75
"""Share of the rows that a move must change: products of own units run for all of them."""


class Edit(NamedTuple):
    """The values that an intervention writes into rows of the background."""

    columns: Tensor
    """(m,): the columns it writes."""
    values: Tensor
    """(r, m) float64: what the rows hold there afterwards."""
    rows: Tensor | None = None
    """(r,): the rows it changes, ascending; None for all of them."""
    change: Tensor | None = None
    """(r, m) float64: ``values`` less what the rows hold before, where that is known already."""

    def n_rows(self, n: int) -> int:
        """Number of rows of a background of ``n`` that it changes."""
        return n if self.rows is None else self.rows.shape[0]

    def changed(self, X: Tensor) -> Tensor:
        """The change, in double precision: x may be large and its change small."""
        if self.change is not None:
            return self.change
        return self.values - self.before(X)

    def before(self, X: Tensor) -> Tensor:
        """What the rows that it changes hold before, (r, m)."""
        rows = X if self.rows is None else X[self.rows]
        return rows[:, self.columns]

    def change_of_all(self, X: Tensor) -> Tensor:
        """The change of all rows (n, m), 0 in those that it leaves as they are."""
        change = self.changed(X)
        if self.rows is None:
            return change
        return change.new_zeros(len(X), change.shape[1]).index_copy_(0, self.rows, change)


class Response(Protocol):
    """A network as a function of rows, ready to answer for one background."""

    def outputs(self, X: Tensor) -> Tensor:
        """f (n, R) of any rows (n, d) float64."""

    def after(self, X: Tensor, edits: Sequence[Edit]) -> Tensor:
        """f (r, R) of the rows that the moves change, one move after another."""

    def write_changes(self, out: Tensor, X: Tensor, edits: Sequence[Edit], before: Tensor) -> None:
        """Write f after each move less f before, (n, B, R) float64, where a move changes a row."""

    def reads(self, edit: Edit) -> bool:
        """Return whether its answer may differ after the move."""


class FullForward:
    """Runs whole rows; for anything that maps rows to outputs.

    Parameters
    ----------
    function : callable
        (n, d) float64 to (n, R).
    """

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        self.function = function

    @neutral_torch(autograd=False)
    def outputs(self, X: Tensor) -> Tensor:
        return self.function(X)

    @neutral_torch(autograd=False)
    def after(self, X: Tensor, edits: Sequence[Edit]) -> Tensor:
        pieces = [piece for edit in edits for piece in _pieces(edit, len(X))]
        return torch.cat([self._moved(X, piece) for piece in pieces])

    @neutral_torch(autograd=False)
    def write_changes(self, out: Tensor, X: Tensor, edits: Sequence[Edit], before: Tensor) -> None:
        _write_in_parts(self, out, X, edits, before, range(len(edits)))

    def reads(self, edit: Edit) -> bool:
        return True

    def _moved(self, X: Tensor, edit: Edit) -> Tensor:
        if not edit.n_rows(len(X)) and len(X):  # many networks cannot reshape no rows
            return self.function(X[:1])[:0]
        # A copy in both cases: all moves start from the same rows.
        moved = X.clone() if edit.rows is None else X[edit.rows]
        moved[:, edit.columns] = edit.values
        return self.function(moved)


class LowRank:
    """Updates the first pre-activations and runs only what lies above them.

    Parameters
    ----------
    first : Affine
        The dense affine map that the network begins with.
    above : list of stages
        The rest; the output scale is folded into its last affine map where it is linear.
    prepare : callable
        Raw rows (n, d) to the network's inputs.
    steps : callable
        What changes (r, m) of raw columns are in the network's inputs: `Steps`.
    scale : OutputScale
    folded : bool
        Whether the output scale is folded into the last map.
    """

    def __init__(
        self,
        first: Affine,
        above: list[Affine | Activation],
        prepare: Callable[[Tensor], Tensor],
        steps: Steps,
        scale: OutputScale,
        folded: bool,
    ) -> None:
        self.first = first
        # A ReLU that comes first is applied where pre-activations are written, while in cache.
        self.rectified = bool(above) and _is_relu(above[0])
        self.above = _with_relu(above[self.rectified :])
        self.prepare = prepare
        self.steps = steps
        self.scale = scale
        self.folded = folded
        self.dtype = first.weight.dtype
        self._first: tuple[Tensor, Tensor] | None = None
        # A closed gate leaves a column of zeros: moves of it change nothing, to the last bit. A
        # list, as it is asked move by move.
        self._read = (first.weight != 0).any(0).tolist()

    @neutral_torch(autograd=False)
    def outputs(self, X: Tensor) -> Tensor:
        return self.run(self.pre_activations(X).clone())  # run writes over what is kept otherwise

    @neutral_torch(autograd=False)
    def after(self, X: Tensor, edits: Sequence[Edit]) -> Tensor:
        outputs: dict[int, Tensor] = {}
        unread = [i for i, edit in enumerate(edits) if not self.reads(edit)]
        if unread:  # products of other rows beside them would round otherwise
            before = self.outputs(X)
            outputs |= {i: before if (at := edits[i].rows) is None else before[at] for i in unread}
        rest = [i for i in range(len(edits)) if i not in outputs]
        outputs |= zip(rest, self._after_moves(X, [edits[i] for i in rest]), strict=True)
        return torch.cat([outputs[i] for i in range(len(edits))])

    @neutral_torch(autograd=False)
    def write_changes(self, out: Tensor, X: Tensor, edits: Sequence[Edit], before: Tensor) -> None:
        written = self._write_live(out, X, edits, before)
        rest = [i for i in range(len(edits)) if i not in written]
        _write_in_parts(self, out, X, edits, before, rest)

    def _write_live(
        self, out: Tensor, X: Tensor, edits: Sequence[Edit], before: Tensor
    ) -> set[int]:
        """Write changes by the moves that leave many units silent; return which moves those are."""
        written = set[int]()
        single = [i for i, edit in enumerate(edits) if self._moves_most(edit, len(X))]
        for start in range(0, len(single), MOST_LIVE_MOVES):
            which = single[start : start + MOST_LIVE_MOVES]
            if len(which) < FEWEST_LIVE_MOVES:
                break
            if (live := self.live_units(X, [edits[i] for i in which])) is None:
                continue
            shape = len(X), len(which), out.shape[2]
            # A list of moves indexes a copy of ``out``, into which nothing could be written.
            into = out if len(which) == len(edits) else out.new_empty(shape)
            live.write_changes(into, before, None if self.folded else self.scale)
            if into is not out:
                out[:, which] = into
            written.update(which)
        return written

    @neutral_torch(autograd=False)
    def live_units(self, X: Tensor, edits: Sequence[Edit]) -> LiveUnits | None:
        """The layers above, ready for moves of single columns; None where they are run whole."""
        layers = self.relu_layers()
        if not layers:
            return None
        columns = torch.cat([edit.columns for edit in edits])
        changes = torch.cat([edit.change_of_all(X) for edit in edits], 1)
        steps = self.steps(changes, lambda: X[:, columns], columns).to(self.dtype)
        # Moves by a fixed amount take all rows equally far: one row of steps stands for all.
        if (steps == steps[0]).all():
            steps = steps[:1]
        return live_units(self.pre_activations(X), self.first.transposed[columns], steps, layers)

    def _moves_most(self, edit: Edit, n: int) -> bool:
        """Return whether ``edit`` moves a single column that is read, in most rows."""
        return len(edit.columns) == 1 and edit.n_rows(n) >= MOST_ROWS * n and self.reads(edit)

    def reads(self, edit: Edit) -> bool:
        return any(self._read[column] for column in edit.columns.tolist())

    def _after_moves(self, X: Tensor, edits: Sequence[Edit]) -> Sequence[Tensor]:
        """Outputs (r, R) after each move, of the rows that it changes."""
        Z = self.pre_activations(X)
        # One batch of rows after another in the same memory, which stays in cache.
        space = Z.new_zeros(ROWS_AT_ONCE, Z.shape[1])
        found = []
        for batch in _batches(edits, len(X)):
            stop = 0
            for edit in batch:
                start, stop = stop, stop + edit.n_rows(len(X))
                self._moved_into(space[start:stop], X, Z, edit)
            # The data decide how many rows there are. Those behind them, of moves before or zeros,
            # are run along to make the number round.
            wide = round_rows(stop, space.dtype)
            found.append(self._run_above(space[:wide])[:stop])
            if not self.above:  # what was written is the answer; else it is written again, in cache
                space = torch.zeros_like(space)
        return torch.cat(found).split([edit.n_rows(len(X)) for edit in edits]) if found else ()

    def _moved_into(self, out: Tensor, X: Tensor, Z: Tensor, edit: Edit) -> None:
        """``Z + change W1[:, columns]'``, its positive part where a ReLU follows."""
        if edit.rows is not None:
            Z = Z[edit.rows]
        # Taken and scaled in double precision, rounded once: x may be large and its change small.
        change = self._steps(X, edit).to(Z.dtype)
        if len(edit.columns) == 1:
            torch.addr(Z, change[:, 0], self.first.transposed[int(edit.columns)], out=out)
        else:
            torch.addmm(Z, change, self.first.transposed[edit.columns], out=out)
        if self.rectified:
            out.relu_()

    def _steps(self, X: Tensor, edit: Edit) -> Tensor:
        """(r, m) float64: the change in the network's inputs."""
        return self.steps(edit.changed(X), lambda: edit.before(X), edit.columns)

    @neutral_torch(autograd=False)
    def update(self, X: Tensor, edit: Edit) -> Tensor:
        """``change W1[:, columns]'`` (n, h), zero in rows that the move leaves as they are."""
        out = self.first.weight.new_zeros(len(X), len(self.first.weight))
        rows = slice(None) if edit.rows is None else edit.rows
        change = self._steps(X, edit)
        out[rows] = change.to(out.dtype) @ self.first.transposed[edit.columns]
        return out

    @neutral_torch(autograd=False)
    def pre_activations(self, X: Tensor) -> Tensor:
        """Z, kept for as long as the same rows are asked for."""
        # By identity, as comparing rows would cost much of what is saved: callers pass the same
        # tensor for all moves of a background, and never write into it.
        if self._first is None or self._first[0] is not X:
            x = self.prepare(X).to(self.first.weight.dtype)
            self._first = X, self.first.apply(x.contiguous())
        return self._first[1]

    def relu_layers(self) -> list[tuple[Affine, bool]] | None:
        """The maps above a first ReLU, and whether one follows each; None if there is more."""
        maps = [(stage, relu) for stage, relu in self.above if isinstance(stage, Affine)]
        return maps if self.rectified and len(maps) == len(self.above) else None

    @neutral_torch(autograd=False)
    def run(self, h: Tensor) -> Tensor:
        """Outputs (n, R) from pre-activations (n, h), which are written over."""
        return self._run_above(h.relu_() if self.rectified else h)

    def _run_above(self, h: Tensor) -> Tensor:
        for stage, relu in self.above:
            h = stage.apply(h, relu=relu) if isinstance(stage, Affine) else stage.value(h)
        return self.scaled(h)

    def scaled(self, h: Tensor) -> Tensor:
        return h if self.folded else self.scale(h)


def _with_relu(
    stages: Sequence[Affine | Activation],
) -> list[tuple[Affine | Activation, bool]]:
    """Each stage, and whether it ends in a ReLU: one after an affine map goes into it."""
    found: list[tuple[Affine | Activation, bool]] = []
    for stage in stages:
        if _is_relu(stage) and found and isinstance(found[-1][0], Affine):
            found[-1] = found[-1][0], True
        else:
            found.append((stage, False))
    return found


def _is_relu(stage: Affine | Activation) -> bool:
    return isinstance(stage, Activation) and stage.value is torch.relu


@neutral_torch(autograd=False)
def low_rank_of(
    core: nn.Module,
    dtype: torch.dtype,
    prepare: Callable[[Tensor], Tensor],
    steps: Steps,
    scale: OutputScale,
) -> LowRank | None:
    """The low-rank form of a plain chain that begins with an affine map; None for others.

    Diagonal maps before the first dense one (batch-norm in evaluation mode) are folded into it,
    and a linear output scale into the last.
    """
    stages = chain_of(core, dtype, drop_normalizer=scale.of_logits)
    if stages is None:
        return None
    first, above = _folded_front(stages)
    if first is None:
        return None
    # A linear scale costs nothing within the last map, and a product per pass outside of it.
    linear = scale.matrix(dtype)
    if linear is None:
        return LowRank(first, above, prepare, steps, scale, folded=False)
    if not above:
        return LowRank(_through(linear, first), [], prepare, steps, scale, folded=True)
    last = above[-1]
    assert isinstance(last, Affine)  # chain_of returns nothing else
    above = [*above[:-1], _through(linear, last)]
    return LowRank(first, above, prepare, steps, scale, folded=True)


def _folded_front(
    stages: list[Affine | Activation],
) -> tuple[Affine | None, list[Affine | Activation]]:
    """One dense map for the affine ones that come first, and the rest."""
    front: list[Affine] = []
    for stage in stages:
        if not isinstance(stage, Affine):
            break
        front.append(stage)
    # Diagonal maps alone, before an activation: there a move of a column changes one unit, and no
    # product is spared.
    if not any(stage.weight.ndim == 2 for stage in front):
        return None, stages
    folded = functools.reduce(lambda inner, outer: _composed(outer, inner), front)
    return _affine(folded.matrix(), folded.bias), stages[len(front) :]


def _composed(outer: Affine, inner: Affine) -> Affine:
    """``outer(inner(x))``."""
    if outer.weight.ndim == 1 and inner.weight.ndim == 1:  # stays d numbers in the place of d x d
        weight = outer.weight * inner.weight
        return Affine(weight, outer.apply(inner.bias), weight)
    W, V = outer.matrix(), inner.matrix()
    return _affine(W @ V, W @ inner.bias + outer.bias)


def _through(linear: Tensor, stage: Affine) -> Affine:
    W = stage.matrix()
    return _affine(linear @ W, linear @ stage.bias)


def _affine(weight: Tensor, bias: Tensor) -> Affine:
    weight = weight.contiguous()
    return Affine(weight, bias, weight.T.contiguous())


def _write_in_parts(
    response: Response,
    out: Tensor,
    X: Tensor,
    edits: Sequence[Edit],
    before: Tensor,
    which: Sequence[int],
) -> None:
    """Write changes (n, B, R) by some of the moves, a few at a time: outputs stay in cache."""
    # Outputs of a move are as large as ``before`` in double precision; there may be no rows at all.
    step = max(HELD_BYTES // (8 * max(before.numel(), 1)), 2)
    for start in range(0, len(which), step):
        few = which[start : start + step]
        after = response.after(X, [edits[i] for i in few])
        sizes = [edits[i].n_rows(len(X)) for i in few]
        for i, outputs in zip(few, after.split(sizes), strict=True):
            if edits[i].rows is None:
                torch.sub(outputs, before, out=out[:, i])
            else:
                out[edits[i].rows, i] = outputs - before[edits[i].rows]


def _pieces(edit: Edit, n: int) -> list[Edit]:
    """Split a move into pieces of ``ROWS_AT_ONCE`` rows, so that what runs fits in memory."""
    if edit.n_rows(n) <= ROWS_AT_ONCE:
        return [edit]
    rows = torch.arange(n) if edit.rows is None else edit.rows
    n_pieces = -(-len(rows) // ROWS_AT_ONCE)
    change = [None] * n_pieces if edit.change is None else edit.change.split(ROWS_AT_ONCE)
    parts = zip(edit.values.split(ROWS_AT_ONCE), rows.split(ROWS_AT_ONCE), change, strict=True)
    return [Edit(edit.columns, values, own, by) for values, own, by in parts]


def _batches(edits: Sequence[Edit], n: int) -> Iterator[list[Edit]]:
    """Moves, or pieces of large ones, that run together: at most ``ROWS_AT_ONCE`` rows."""
    batch: list[Edit] = []
    rows = 0
    for piece in (piece for edit in edits for piece in _pieces(edit, n)):
        if batch and rows + piece.n_rows(n) > ROWS_AT_ONCE:
            yield batch
            batch, rows = [], 0
        batch.append(piece)
        rows += piece.n_rows(n)
    if batch:
        yield batch
