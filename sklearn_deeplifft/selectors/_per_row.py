"""Scores and terms of single rows, averaged over networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch

from sklearn_deeplifft.attribution import Terms, terms_of
from sklearn_deeplifft.networks import heads_for
from sklearn_deeplifft.selectors._reading import Reading
from sklearn_deeplifft.tables import Target

__all__ = ["Importances", "mean_contributions", "mean_increments"]


class Importances(NamedTuple):
    """Scores on some rows."""

    overall: np.ndarray
    """(d,)."""
    by_class: np.ndarray
    """(K, d), signed."""


def mean_increments(readings: Sequence[Reading], target: Target) -> np.ndarray:
    """Scores (n, d) of every row, right or wrong; (n, H, d) for several targets."""
    mean: np.ndarray = np.mean([_increments(reading, target) for reading in readings], axis=0)
    return mean[:, 0] if mean.shape[1] == 1 else mean


def mean_contributions(
    readings: Sequence[Reading], target: Target
) -> tuple[np.ndarray, np.ndarray]:
    """Terms and bias of every logit; one logit for two classes becomes the pair (0, z)."""
    found = [_terms(reading) for reading in readings]
    terms = np.mean([part.terms.numpy() for part in found], axis=0)
    bias = np.mean([part.bias.numpy() for part in found], axis=0)
    if target.kind == "softmax" and terms.shape[1] == 1:
        terms, bias = (np.concatenate([0 * part, part], axis=1) for part in (terms, bias))
    return terms, bias


def _increments(reading: Reading, target: Target) -> np.ndarray:
    everything = np.arange(reading.rows.shape[0])
    n_outputs = reading.n_outputs(everything)
    scorer = reading.scorer(heads_for(target, n_outputs), only_correct=False)
    codes = torch.from_numpy(target.codes)
    blocks = reading.blocks(everything, n_outputs)
    parts = [scorer.increments(reading.inputs(block), codes[block]) for block in blocks]
    return torch.cat(parts).numpy()


def _terms(reading: Reading) -> Terms:
    everything = np.arange(reading.rows.shape[0])
    blocks = reading.blocks(everything, reading.n_outputs(everything))
    parts = [terms_of(reading.form(block), reading.groups) for block in blocks]
    return Terms(torch.cat([p.terms for p in parts]), torch.cat([p.bias for p in parts]))
