"""The network that is scored, and rows for it."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

N_ROWS, N_FEATURES, N_CLASSES = 13_577, 512, 8
DENSITY = 0.07


def network() -> nn.Sequential:
    """The paper's architecture, freshly drawn."""
    torch.manual_seed(0)
    layers = [nn.Linear(N_FEATURES, 200), nn.ReLU(), nn.Linear(200, 100), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(100, N_CLASSES)).eval().requires_grad_(False)


def counts(n_rows: int) -> torch.Tensor:
    """Poisson motif counts, 7 % nonzero."""
    generator = torch.Generator().manual_seed(1)
    rate = -np.log1p(-DENSITY)
    return torch.poisson(torch.full((n_rows, N_FEATURES), rate), generator=generator)
