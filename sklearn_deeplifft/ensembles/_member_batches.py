"""Batches of rows for networks trained side by side: each has rows and an order of its own."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from sklearn_deeplifft.ensembles._batched_module import ROWS
from sklearn_deeplifft.ensembles._null_columns import paired
from sklearn_deeplifft.ensembles._random_streams import RandomStream
from sklearn_deeplifft.networks import NullColumns

__all__ = ["Batch", "Member", "MemberBatches", "MemberRows", "epoch_shape"]

FETCHED = 2**18
"""Numbers of the rows that are fetched at a time: 1 MB, a good part of a core's cache."""

HELD = 2**23
"""Numbers of rows that come alike in every epoch, of all networks together, that are kept from one
to the next: 32 MB."""


@dataclass(frozen=True)
class Member:
    """One network before its first step, and the rows it sees."""

    core: nn.Sequential
    stream: RandomStream
    training: np.ndarray
    validation: np.ndarray
    null_columns: NullColumns | None = None
    """Those that it reads behind the real ones, if it reads any."""
    training_factor: np.ndarray | None = None
    """Of the weights of its training rows, if they are not as in the table."""
    validation_factor: np.ndarray | None = None
    """Of those of its validation rows."""
    closed: np.ndarray | None = None
    """(d,): whether a column is closed before the first step of a path; None closes none."""


class Batch(NamedTuple):
    """Rows of every network: X (N, B, d), y (N, B, ...), weight (N, B), zero on padding."""

    X: Tensor
    y: Tensor
    weight: Tensor
    rows: list[int]
    """Rows of each network in the epoch."""
    start: int
    """Place of the batch in the epoch."""
    counts: np.ndarray
    """(N,): rows of the batch that are not padding."""


def epoch_shape(n: int, batch_size: int) -> tuple[int, int]:
    """Batches of ``n`` rows, and rows of the last one with its padding."""
    last = n - (math.ceil(n / batch_size) - 1) * batch_size if n else 0
    return math.ceil(n / batch_size), last + -last % ROWS


class MemberRows(Dataset[Any]):
    """The training or the validation rows of the networks that still train."""

    def __init__(self, table: Any, members: Sequence[Member], part: str) -> None:
        self.table = table
        self.index = [paired(getattr(m, part), m.null_columns) for m in members]
        self.factor = _factors([getattr(m, f"{part}_factor") for m in members], self.index)
        """Of the weights of each network's rows; None leaves all as they are."""

    def __len__(self) -> int:
        return max(_lengths(self.index))

    def read(self, table: Any) -> None:
        """Read the same rows from a table of fewer columns."""
        self.table = table
        self.index = list(self.index)  # rows that are kept from epoch to epoch are read anew

    def keep(self, kept: Sequence[int]) -> None:
        """Leave the rows of these networks alone."""
        self.index = [self.index[i] for i in kept]
        self.table = self.table.keep(kept)
        if self.factor is not None:
            self.factor = [self.factor[i] for i in kept]


class MemberBatches:
    """A loader: batch k of every network, in the network's own order while training.

    Rows of an epoch that is one batch stay as they are: its gradient is a sum over all of them, and
    each has random numbers of its own whatever its place.
    """

    def __init__(
        self,
        dataset: MemberRows,
        batch_size: int,
        streams: Sequence[RandomStream] | None = None,
        epoch_steps: int | None = None,
    ) -> None:
        self.dataset = dataset
        self.batch_size = batch_size
        self.streams = streams
        self.epoch_steps = epoch_steps
        """Batches of an epoch that is a part of the rows."""
        self.number = 1
        """That of the epoch."""
        self._held: list[Batch] = []
        self._held_of: list[Tensor] | None = None
        self._padded = torch.empty(0)
        self._padded_of: list[Tensor] | None = None
        self._rows: list[int] = []
        self._factor: Tensor | None = None

    def __iter__(self) -> Iterator[Batch]:
        own = self.dataset.index
        numbers = sum(index.numel() for index in own) * self.dataset.table.width
        if self._shuffled or numbers > HELD:
            return self._fetched()
        # The same in every epoch, until networks leave and take theirs along.
        if self._held_of is not own:
            self._held, self._held_of = list(self._fetched()), own
        return iter(self._held)

    @property
    def _shuffled(self) -> bool:
        """Whether any network sees its rows in another order every epoch."""
        return self.streams is not None and len(self.dataset) > self.batch_size

    def _fetched(self) -> Iterator[Batch]:
        own, factors = self.dataset.index, self.dataset.factor
        if self._padded_of is not own:
            self._rows, self._padded_of = _lengths(own), own
            self._padded = _padded(own, self._rows)
            self._factor = None if factors is None else _padded(factors, self._rows)
        index, factor, rows, size = self._padded, self._factor, self._rows, self.batch_size
        if self._shuffled:
            turns = self._turns(rows)
            rows = _lengths(turns)
            order = _padded(turns, rows)
            factor = None if factor is None else factor.gather(1, order)
            index = index.gather(1, order[..., None].expand(-1, -1, index.shape[2]))
        table = self.dataset.table
        numbers = len(rows) * index.shape[2] * table.width
        together = _rows_together(size, numbers) if table.at_hand else size
        longest, shortest = max(rows), min(rows)
        total = np.array(rows)
        for first in range(0, longest, together):
            stop = min(first + together, longest)
            at = index[:, first:stop]
            if (stop - first) % ROWS:
                at = nn.functional.pad(at, (0, 0, 0, -(stop - first) % ROWS))
            X, y, weight = table.take(at)
            if factor is not None:
                part = factor[:, first:stop]
                weight = weight * nn.functional.pad(part, (0, at.shape[1] - part.shape[1]))
            if min(shortest, stop) < first + at.shape[1]:
                place = np.arange(first, first + at.shape[1])
                beyond = place >= np.minimum(total, stop)[:, None]
                weight.masked_fill_(torch.from_numpy(beyond), 0)
            for start in range(first, stop, size):
                end = min(start + size, longest)
                cut = slice(start - first, end + -(end - start) % ROWS - first)
                counts = np.minimum(total, end) - np.minimum(total, start)
                yield Batch(X[:, cut], y[:, cut], weight[:, cut], rows, start, counts)

    def _turns(self, rows: Sequence[int]) -> list[Tensor]:
        """Rows of the epoch, by their places in those of each network, in random order."""
        assert self.streams is not None
        steps = math.ceil(max(rows) / self.batch_size)
        each = steps if self.epoch_steps is None else min(self.epoch_steps, steps)
        parts = math.ceil(steps / each)
        part = (self.number - 1) % parts
        size = each * self.batch_size
        return [
            stream.permutation(n, part, parts)[part * size : (part + 1) * size]
            if n > self.batch_size
            else torch.arange(n)
            for stream, n in zip(self.streams, rows, strict=True)
        ]


def _factors(given: Sequence[np.ndarray | None], index: Sequence[Tensor]) -> list[Tensor] | None:
    """Factors of the rows of every network, 1 where there are none; None where no network has."""
    if all(factor is None for factor in given):
        return None
    return [
        torch.ones(len(own)) if factor is None else torch.from_numpy(factor).float()
        for factor, own in zip(given, index, strict=True)
    ]


def _lengths(parts: Sequence[Tensor]) -> list[int]:
    # Not len, which takes twice as long: these are asked for in every epoch.
    return [part.shape[0] for part in parts]


def _padded(parts: Sequence[Tensor], lengths: Sequence[int]) -> Tensor:
    """Side by side: networks hold out folds that differ by a row.

    Shorter epochs are filled with a first row, whose weight is then set to zero.
    """
    if len(set(lengths)) == 1:
        return torch.stack(list(parts))
    return nn.utils.rnn.pad_sequence(list(parts), batch_first=True)


def _rows_together(batch_size: int, numbers: int) -> int:
    """Rows of a table in memory that are fetched at a time, ``numbers`` in each of them.

    To fetch a small batch takes longer than to learn from it; many large ones leave the cache.
    """
    # A batch that is not a multiple of ROWS is filled up with rows of its own.
    several = 1 if batch_size % ROWS else FETCHED // (numbers * batch_size)
    return batch_size * max(several, 1)
