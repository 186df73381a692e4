"""Gradients averaged over points: at the sequence, around it, and on the way from references.

==========  ==========================================================  =============
code        meaning                                                     shape
==========  ==========================================================  =============
``x``       letters of the sequences                                    (n, L, K)
``r``       references of each                                          (n, R, L, K)
``t``       place on the way: 0 at the reference, 1 at the sequence     (T,)
``w``       weight of a point                                           scalar
==========  ==========================================================  =============
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from sklearn_deeplifft.attribution._letters import LetterReader, LetterSums
from sklearn_deeplifft.attribution._simplex import within_simplex

__all__ = ["along_paths", "around", "at_random", "gradients_at", "path_nodes"]


def gradients_at(reader: LetterReader, x: Tensor, *, simplex: bool) -> LetterSums:
    """Saliency: the gradient at each sequence; displacements are the sequences."""
    sums, every = LetterSums(x, simplex=simplex), torch.arange(len(x))
    for at in reader.batches(len(x)):
        rows = every[at]
        sums.add(rows, x.new_ones(len(rows)), reader.gradients(x[rows], rows), x[rows])
    return sums


def around(
    reader: LetterReader,
    x: Tensor,
    n_samples: int,
    spread: float,
    generator: torch.Generator,
    *,
    simplex: bool,
    on_simplex: bool = False,
) -> LetterSums:
    """SmoothGrad: the mean gradient at normal noise around each sequence (Smilkov et al. 2017).

    ``on_simplex`` projects the noise, so that letters of a position go on summing to one.
    """
    sums = LetterSums(x, simplex=simplex)
    for rows in _pairs(reader, len(x), n_samples):
        # Point by point: what torch draws at once depends on how much that is, a batch.
        noise = torch.stack([_normal(x[0], generator) for _ in rows])
        noise = spread * (within_simplex(noise) if on_simplex else noise).to(x.dtype)
        g = reader.gradients(x[rows] + noise.to(x.device), rows)
        sums.add(rows, x.new_full((len(rows),), 1 / n_samples), g, x[rows])
    return sums


def _normal(like: Tensor, generator: torch.Generator) -> Tensor:
    return torch.randn(like.shape, generator=generator, dtype=torch.float64)


def path_nodes(n_steps: int) -> tuple[Tensor, Tensor]:
    """Places and weights of the Gauss-Legendre rule on [0, 1], float64 (T,)."""
    places, weights = np.polynomial.legendre.leggauss(n_steps)
    return torch.from_numpy((places + 1) / 2), torch.from_numpy(weights / 2)


def along_paths(
    reader: LetterReader, x: Tensor, r: Tensor, t: Tensor, w: Tensor, *, simplex: bool
) -> LetterSums:
    """Integrated gradients over straight ways from each reference (Sundararajan et al. 2017)."""
    R, T = r.shape[1], len(t)
    sums, t, w = LetterSums(x, simplex=simplex, complete=True), t.to(x), w.to(x) / R
    for start in range(0, len(x) * R * T, reader.batch_size):
        flat = torch.arange(start, min(start + reader.batch_size, len(x) * R * T))
        rows, step = flat // (R * T), flat % T
        d = x[rows] - r[rows, flat // T % R]
        g = reader.gradients(x[rows] - (1 - t[step])[:, None, None] * d, rows)
        sums.add(rows, w[step], g, d)
    return sums


def at_random(
    reader: LetterReader,
    x: Tensor,
    r: Tensor,
    n_samples: int,
    generator: torch.Generator,
    *,
    simplex: bool,
) -> LetterSums:
    """Expected gradients: a random reference and place for each sample (Erion et al. 2021).

    Every reference is drawn equally often, or once more.
    """
    sums, R = LetterSums(x, simplex=simplex, complete=True), r.shape[1]
    chosen = _equally_often(len(x), n_samples, R, generator)
    t = torch.rand(chosen.shape, generator=generator, dtype=torch.float64).to(x)
    sample = torch.arange(n_samples).repeat(len(x)).split(reader.batch_size)
    for rows, s in zip(_pairs(reader, len(x), n_samples), sample, strict=len(x) > 0):
        d = x[rows] - r[rows, chosen[rows, s]]
        g = reader.gradients(x[rows] - t[rows, s][:, None, None] * d, rows)
        sums.add(rows, x.new_full((len(rows),), 1 / n_samples), g, d)
    return sums


def _equally_often(n: int, n_samples: int, R: int, generator: torch.Generator) -> Tensor:
    """One of R references for each sample, (n, n_samples); all of them before any comes again."""
    rounds = -(-n_samples // R)
    orders = [torch.rand(n, R, generator=generator).argsort(dim=1) for _ in range(rounds)]
    return torch.cat(orders, dim=1)[:, :n_samples]


def _pairs(reader: LetterReader, n: int, n_samples: int) -> list[Tensor]:
    """Batches of rows, each row so many times in all."""
    every = torch.arange(n).repeat_interleave(n_samples)
    return list(every.split(reader.batch_size)) if n else []
