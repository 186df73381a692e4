"""The randomness of networks trained side by side: each has its own, whoever its neighbours are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

__all__ = ["Draws", "Stream"]

POOL_NUMBERS = 2**20
"""Random numbers held ready at a time, so that a call draws many (4 MB in float32)."""


class Stream:
    """Shuffling, noise and dropout of one network.

    Shuffling goes on from where drawing the initial weights left torch's generator, as in a
    network trained alone; noise and dropout have generators of their own.
    """

    def __init__(self, seed: int, state: Tensor | None = None) -> None:
        self._shuffle = torch.Generator()
        if state is None:
            self._shuffle.manual_seed(seed)
        else:
            self._shuffle.set_state(state)
        noise, dropout = np.random.SeedSequence(seed).spawn(2)
        self._noise = torch.Generator().manual_seed(int(noise.generate_state(1)[0]))
        self._dropout = np.random.SFC64(dropout)

    def permutation(self, n: int) -> Tensor:
        """A random order of ``n`` rows."""
        return torch.randperm(n, generator=self._shuffle)

    def fill_normal(self, out: Tensor) -> None:
        """Standard normal numbers, in place."""
        out.normal_(generator=self._noise)

    def fill_kept(self, out: np.ndarray, p: float) -> None:
        """In place: 0 with probability ``p`` (to the nearest 1/65536), else ``1 / (1 - p)``."""
        bits = self._dropout.random_raw(-(-out.size // 4)).view(np.uint16)[: out.size]
        kept = bits >= min(round(p * 65536), 65535)
        np.multiply(kept.reshape(out.shape), np.float32(1 / (1 - p)), out=out)


class Draws:
    """Random numbers for every row of an epoch, drawn many rows at a time.

    Numbers belong to a row's place in its network's epoch: neither the batches nor the other
    networks matter.

    Parameters
    ----------
    streams : one for each network
    n_normal, n_kept : int
        Numbers a row takes for noise and for dropout.
    p : float
        Probability of dropping.
    """

    def __init__(self, streams: Sequence[Stream], n_normal: int, n_kept: int, p: float) -> None:
        self.streams = list(streams)
        self.widths = (n_normal, n_kept)
        self.p = p
        self._first = self._stop = 0
        self._batch = slice(0, 0)

    def start_batch(self, rows: Sequence[int], start: int, size: int) -> None:
        """Make ready the rows ``start`` to ``start + size`` of an epoch of ``rows`` rows each."""
        if not any(self.widths):
            return
        if start == 0 or start >= self._stop:
            self._refill(rows, start, size)
        self._batch = slice(start - self._first, start - self._first + size)

    def normal(self, columns: slice) -> Tensor:
        """(N, B, h) standard normal numbers of the batch."""
        return self._normal[:, self._batch, columns]

    def kept(self, columns: slice) -> Tensor:
        """(N, B, h) zeros and ``1 / (1 - p)`` of the batch."""
        return self._kept[:, self._batch, columns]

    def _refill(self, rows: Sequence[int], start: int, size: int) -> None:
        n = len(self.streams)
        batches = max(POOL_NUMBERS // (n * sum(self.widths) * size), 1)
        self._first = start
        self._stop = min(start + batches * size, max(rows))
        length = self._stop - start
        self._normal = torch.empty(n, length, self.widths[0])
        self._kept = torch.empty(n, length, self.widths[1])
        for stream, normal, kept, total in zip(
            self.streams, self._normal, self._kept.numpy(), rows, strict=True
        ):
            own = max(min(total - start, length), 0)
            normal[own:] = 0
            kept[own:] = 0
            if self.widths[0]:
                stream.fill_normal(normal[:own])
            if self.widths[1]:
                stream.fill_kept(kept[:own], self.p)
