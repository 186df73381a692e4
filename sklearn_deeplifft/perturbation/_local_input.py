"""The first layer of a sequence network: encoded columns, and what writing them changes.

==============  ==========================================================  ==================
code            meaning                                                     shape
==============  ==========================================================  ==================
``index``       column of each channel and position                         (C, L)
``units``       answers of a convolution to a unit in each written column   (m, w C')
``rest``        its answers for the background less what the columns gave   (n, w C')
==============  ==========================================================  ==================

A convolution is linear, so a word that is written into many rows is convolved once and added to
what every row's other positions give.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from sklearn_deeplifft.perturbation._local_layers import Convolution, Site
from sklearn_deeplifft.perturbation._local_windows import Interval, Window, filled, joined

__all__ = ["Columns", "FirstConvolution", "Written"]


MOST_UNITS = 2048
"""Most answers to units that are kept."""


class Written(NamedTuple):
    """What an edit writes into the rows of a block, in units of the network's inputs."""

    columns: tuple[int, ...]
    constant: Tensor | None
    """(m,): where all rows get the same values, these."""
    change: Tensor | None
    """(n, m): the change of each row of the block, otherwise."""


@dataclass(frozen=True, eq=False)
class Columns:
    """A sequence read from the columns of a table."""

    index: Tensor
    """(C, L)"""
    place: dict[int, tuple[int, int]]
    """Channel and position of each column that is read."""
    by_position: Tensor | None = None
    """The columns, position by position; None where they are all of the table in its order."""

    def whole(self, X: Tensor) -> Tensor:
        """(n, C, L) of rows (n, d), which it may be a view of."""
        C, L = self.index.shape
        ordered = X if self.by_position is None else X[:, self.by_position]
        return ordered.view(-1, L, C).transpose(1, 2)

    def spans(self, columns: Sequence[int]) -> list[Interval]:
        """Positions that the columns are at."""
        places = (self.place[column][1] for column in columns if column in self.place)
        return joined((p, p + 1) for p in places)

    def local(self, X: Tensor, edits: Sequence[Written], site: Site) -> list[Window]:
        spans = joined(span for edit in edits for span in self.spans(edit.columns))
        found = []
        for start, stop in spans:
            values = filled(site.before, start, stop, [], len(edits))
            values = values.unflatten(0, (len(edits), -1))
            for e, edit in enumerate(edits):
                self._write(values[e], start, edit, site.rows)
            found.append(Window(start, values.flatten(0, 1)))
        return found

    def _write(self, values: Tensor, start: int, edit: Written, rows: slice) -> None:
        for j, column in enumerate(edit.columns):
            channel, position = self.place.get(column, (0, -1))
            if not 0 <= position - start < values.shape[2]:
                continue
            if edit.constant is not None:
                values[:, channel, position - start] = edit.constant[j]
            elif edit.change is not None:
                values[:, channel, position - start] += edit.change[rows, j]


@dataclass(frozen=True, eq=False)
class FirstConvolution:
    """A convolution of columns of a table."""

    columns: Columns
    convolution: Convolution
    units: dict[tuple[tuple[int, ...], Interval], Tensor]
    """(m, w C'): answers to a unit in each column, of edits met lately."""

    def whole(self, X: Tensor) -> Tensor:
        return self.convolution.whole(self.columns.whole(X))

    def spans(self, columns: Sequence[int], length: int) -> list[Interval]:
        """Outputs that read any of the columns."""
        one = self.convolution
        found = []
        for start, stop in self.columns.spans(columns):
            found.append(one.kernel.reached(start + one.left, stop + one.left, length))
        return joined(span for span in found if span)

    def local(self, X: Tensor, edits: Sequence[Written], site: Site) -> list[Window]:
        length = site.before.shape[2]
        every = sorted({column for edit in edits for column in edit.columns})
        return [
            Window(start, self._answers(X, edits, site, (start, stop)))
            for start, stop in self.spans(every, length)
        ]

    def _answers(self, X: Tensor, edits: Sequence[Written], site: Site, span: Interval) -> Tensor:
        """(E n, C', w)"""
        n, channels, _ = site.before.shape
        out = site.before.new_empty(len(edits), n, channels * (span[1] - span[0]))
        first = 0
        while first < len(edits):
            columns, last = edits[first].columns, first + 1
            while last < len(edits) and edits[last].columns == columns:
                last += 1
            self._write(out[first:last], X, edits[first:last], site, span)
            first = last
        return out.view(len(edits) * n, -1, channels).transpose(1, 2)

    def _write(
        self, out: Tensor, X: Tensor, edits: Sequence[Written], site: Site, span: Interval
    ) -> None:
        """Answers after edits of the same columns (e, n, w C')."""
        columns = edits[0].columns
        units = self._units(columns, span, X.shape[1])
        constants = [edit.constant for edit in edits if edit.constant is not None]
        if len(constants) == len(edits):
            key = (id(self), columns, span)
            rest = site.once(key, lambda: self._rest(X, columns, units, site, span))
            torch.add(rest[None], (torch.stack(constants) @ units)[:, None], out=out)
            return
        before = _flat(site.before, span)
        at = torch.tensor(columns)
        for e, edit in enumerate(edits):
            if edit.change is not None:
                change = edit.change[site.rows]
            else:
                assert edit.constant is not None  # one of the two is given
                change = edit.constant - X[site.rows][:, at]
            torch.addmm(before, change, units, out=out[e])

    def _rest(
        self,
        X: Tensor,
        columns: tuple[int, ...],
        units: Tensor,
        site: Site,
        span: Interval,
    ) -> Tensor:
        before = _flat(site.outputs, span)
        return torch.addmm(before, X[:, torch.tensor(columns)], units, alpha=-1)

    def _units(self, columns: tuple[int, ...], span: Interval, d: int) -> Tensor:
        if (columns, span) not in self.units:
            one = self.convolution
            low, high = one.kernel.read(*span)
            length = high - low
            patch = one.weight.new_zeros(len(columns), len(self.columns.index), length)
            for j, column in enumerate(columns):
                channel, position = self.columns.place.get(column, (0, -1 - one.left))
                at = position + one.left - low
                if 0 <= at < length:
                    patch[j, channel, at] = 1
            if len(self.units) >= MOST_UNITS:
                self.units.clear()
            unbiased = Convolution(one.weight, None, one.kernel, 0, 0, one.groups)
            self.units[columns, span] = _flat(unbiased.whole(patch), (0, span[1] - span[0]))
        return self.units[columns, span]


def _flat(values: Tensor, span: Interval) -> Tensor:
    """(n, w C') of (n, C', L), position by position."""
    return values[:, :, span[0] : span[1]].transpose(1, 2).flatten(1)
