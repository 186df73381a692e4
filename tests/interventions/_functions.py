"""Functions with answers on paper, as modules, and what several files need."""

import numpy as np
import torch
from torch import nn

from sklearn_deeplifft.interventions import intervention_effects, pairwise_epistasis

EXACT = {"task": "regression", "dtype": "float64"}


class Function(nn.Module):
    """``f`` maps columns (n,) to numbers (n,)."""

    def __init__(self, f) -> None:
        super().__init__()
        self.f = f
        self.fuse = None
        self.register_buffer("precision", torch.zeros(()))

    def forward(self, x):
        if self.fuse is not None:
            raise self.fuse
        return self.f(*x.T).reshape(-1, 1)


def effects(f, X, interventions, **options):
    return intervention_effects(Function(f), X, interventions, **{**EXACT, **options})


def epistasis(f, X, interventions, **options):
    return pairwise_epistasis(Function(f), X, interventions, **{**EXACT, **options})


def normal(n: int, d: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n, d))


def counts(n: int, d: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).poisson(1.0, (n, d)).astype(float)


def row_function(module, scale=None):
    """A module as a function of one row, in float64."""
    twin = module.double().eval()

    def f(x):
        with torch.no_grad():
            z = twin(torch.as_tensor(x, dtype=torch.float64)[None])[0].numpy()
        return z if scale is None else scale(z)

    return f
