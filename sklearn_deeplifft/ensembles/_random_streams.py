"""The randomness of networks trained side by side: each has its own, whoever its neighbours are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
import torch
from scipy.special import ndtri
from torch import Tensor

__all__ = ["BatchDraws", "RandomStream", "write_kept"]

POOL_NUMBERS = 2**20
"""Random numbers held ready at a time, so that a call draws many (4 MB in float32)."""


class RandomStream:
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
        self._order: Tensor | None = None
        self._before: Tensor | None = None
        """State of the generator before it drew an order of which parts are to come."""
        # Apart, so that noise=0 leaves dropout's numbers as they are. SFC64 is NumPy's fastest, and
        # drawing these numbers is a good part of a step.
        self._noise, self._dropout = map(np.random.SFC64, np.random.SeedSequence(seed).spawn(2))

    def state(self) -> dict[str, np.ndarray]:
        """What the numbers to come depend on."""
        return {
            "shuffle": (
                self._shuffle.get_state() if self._before is None else self._before
            ).numpy(),
            "noise": self._noise.state["state"]["state"],
            "dropout": self._dropout.state["state"]["state"],
        }

    def set_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on from where another stream of the same seed was."""
        self._shuffle.set_state(torch.from_numpy(state["shuffle"]))
        self._order = self._before = None
        for bits, name in ((self._noise, "noise"), (self._dropout, "dropout")):
            bits.state = {**bits.state, "state": {"state": state[name]}}

    def permutation(self, n: int, part: int = 0, parts: int = 1) -> Tensor:
        """A random order of ``n`` rows, of which a part is wanted; all parts are of one order."""
        order, before = self._order, self._before
        to_come = part + 1 < parts
        if part == 0 or order is None:
            before = self._shuffle.get_state() if to_come else None
            order = torch.randperm(n, generator=self._shuffle)
        self._order, self._before = (order, before) if to_come else (None, None)
        return order

    def fill_normal(self, out: np.ndarray) -> None:
        """Standard normal numbers (rows, h), each one of 65,536 equally likely quantiles."""
        np.take(_quantiles(), _uint16(self._noise, out.shape), out=out, mode="wrap")

    def kept_bytes(self, rows: int, h: int, p: float) -> np.ndarray:
        """Random bytes (rows, m) of which ``write_kept`` makes numbers (rows, h)."""
        return _raw(self._dropout, (rows, h), _in_a_word(p))


NEAR = 1 / 200
"""Share of a probability by which bytes may miss it."""


def _in_a_word(p: float) -> int:
    """Numbers kept or dropped by the 64 bits of a word."""
    # A bit is enough for a fair coin, and a byte for most other chances: to draw the bits is a good
    # part of a step.
    if p == 0.5:
        return 64
    return 8 if abs(round(p * 256) / 256 - p) <= NEAR * min(p, 1 - p) else 4


def write_kept(raw: np.ndarray, out: np.ndarray, p: float) -> None:
    """Numbers (..., h): 0 with probability ``p``, else ``1 / (1 - p)``.

    The probability is met to 1/65536, or to one part in 200 where a byte does. They come of
    ``kept_bytes`` (..., m), of which zeros keep nothing.
    """
    h = out.shape[-1]
    kept: np.ndarray
    if p == 0.5:
        kept = np.unpackbits(raw, axis=-1, count=h)
    elif _in_a_word(p) == 8:
        kept = raw[..., :h] >= round(p * 256)
    else:
        kept = raw.view(np.uint16)[..., :h] >= min(round(p * 65536), 65535)
    np.multiply(kept, np.float32(1 / (1 - p)), out=out)


def _raw(bits: np.random.BitGenerator, shape: tuple[int, int], in_a_word: int) -> np.ndarray:
    """Random bytes (rows, m): whole words for each row, so that rows may be drawn in any blocks."""
    words = -(-shape[1] // in_a_word)
    return bits.random_raw(shape[0] * words).reshape(shape[0], words).view(np.uint8)


def _uint16(bits: np.random.BitGenerator, shape: tuple[int, int]) -> np.ndarray:
    return _raw(bits, shape, 4).view(np.uint16)[:, : shape[1]]


@cache
def _quantiles() -> np.ndarray:
    """Normal quantiles at the middles of 65,536 equal shares, of variance 1."""
    z = ndtri((np.arange(65536) + 0.5) / 65536)
    return np.asarray(z / z.std(), dtype=np.float32)


class BatchDraws:
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
    kept_among : int, optional
        Columns that those for dropout lie in, the first of them; the others are zero.
    """

    def __init__(
        self,
        streams: Sequence[RandomStream],
        n_normal: int,
        n_kept: int,
        p: float,
        kept_among: int | None = None,
    ) -> None:
        self.streams = list(streams)
        self.widths = (n_normal, n_kept)
        self.kept_among = n_kept if kept_among is None else kept_among
        self.p = p
        self._first = self._stop = 0
        self._batch = (0, 0)
        self._normal = self._kept = torch.empty(0, 0, 0)

    def start_batch(self, rows: Sequence[int], start: int, size: int) -> None:
        """Make ready the rows ``start`` to ``start + size`` of an epoch of ``rows`` rows each."""
        if not any(self.widths):
            return
        # A new epoch begins at 0, also where the last one's pool would have reached further.
        if start == 0 or start >= self._stop:
            self._refill(rows, start, size)
        self._batch = start - self._first, min(size, self._stop - start)

    def normal(self, columns: slice) -> Tensor:
        """(N, B, h) standard normal numbers of the batch."""
        return self._normal.narrow(1, *self._batch)[..., columns]

    def kept(self, columns: slice) -> Tensor:
        """(N, B, h) zeros and ``1 / (1 - p)`` of the batch, which may be written over."""
        return self._kept.narrow(1, *self._batch)[..., columns]

    def _refill(self, rows: Sequence[int], start: int, size: int) -> None:
        n = len(self.streams)
        batches = max(POOL_NUMBERS // (n * sum(self.widths) * size), 1)
        self._first = start
        self._stop = min(start + batches * size, max(rows))
        length = self._stop - start
        if self._normal.shape[:2] != (n, length):
            self._normal = torch.empty(n, length, self.widths[0])
            self._kept = torch.zeros(n, length, self.kept_among)
        # Rows of padding draw nothing: a network's stream is the same beside longer epochs.
        own = [max(min(total - start, length), 0) for total in rows]
        if self.widths[0]:
            for stream, normal, m in zip(self.streams, self._normal.numpy(), own, strict=True):
                normal[m:] = 0
                stream.fill_normal(normal[:m])
        if self.widths[1]:
            self._fill_kept(own, length)

    def _fill_kept(self, own: Sequence[int], length: int) -> None:
        """The numbers of all networks in one go, as those of one are few."""
        h, pairs = self.widths[1], zip(self.streams, own, strict=True)
        parts = [stream.kept_bytes(m, h, self.p) for stream, m in pairs]
        raw = np.zeros((len(parts), length, parts[0].shape[1]), dtype=np.uint8)
        for to, part in zip(raw, parts, strict=True):
            to[: len(part)] = part
        write_kept(raw, self._kept.numpy()[..., :h], self.p)
