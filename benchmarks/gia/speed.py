"""Seconds of effects of interventions, beside full forward passes and captum."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from benchmarks.common.measure import N_CORES
from sklearn_deeplifft.attribution._products import times_transposed
from sklearn_deeplifft.interventions import add, intervention_effects, pairwise_epistasis
from sklearn_deeplifft.interventions._bind import bind
from sklearn_deeplifft.interventions._models import ensemble_of
from sklearn_deeplifft.interventions._statistics import edit_of
from sklearn_deeplifft.networks import torch_threads

SIZES = (512, 200, 100, 8)


def network(seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    layers: list[nn.Module] = []
    for a, b in itertools.pairwise(SIZES):
        layers += [nn.Linear(a, b), nn.ReLU()]
    return nn.Sequential(*layers[:-1]).eval()


def speed(quick: bool) -> dict[str, float]:
    """Every feature raised by one in every row."""
    n, d = (200, 64) if quick else (1000, 512)
    net = network()
    X = np.random.RandomState(0).poisson(0.3, size=(n, 512)).astype(np.float64)
    added = [add(j, 1) for j in range(d)]
    with torch_threads(N_CORES), torch.inference_mode():
        ours, whole, plain, own, peer = best(
            lambda: _effects(net, X, added),
            lambda: full_forwards(net, X, d),
            lambda: bare_products(n, d, torch.mm),
            lambda: bare_products(n, d, lambda x, W: times_transposed(x, W.T)),
            lambda: ablation(net, X, d),
        )
        (supported,) = best(lambda: _effects(net, X, added, support=True), rounds=1)
    gap = np.abs(_effects(net, X, added).effects - full_forwards(net, X, d)).max()
    return {
        "speedup_full_forward": whole / ours,
        "speedup_feature_ablation": peer / ours,
        "ratio_to_matmul": ours / min(plain, own),
        "seconds_effects": ours,
        "seconds_effects_with_support": supported,
        "seconds_full_forward": whole,
        "seconds_feature_ablation": peer,
        "seconds_matmul": min(plain, own),
        "seconds_torch_mm": plain,
        "largest_difference_to_full_forward": float(gap),
        "share_of_units_multiplied": share_of_units(net, X, added),
    }


@torch.inference_mode()
def share_of_units(net: nn.Module, X: np.ndarray, added: list) -> float:
    """Units of the first layer that are not silent, of all in all rows."""
    (response,) = ensemble_of(net, X[:2], scale="logit").responses
    edits = [edit_of(bind(one, X), X) for one in added]
    live = response.live_units(torch.as_tensor(X), edits)
    return float(live.n_live.double().mean()) / SIZES[1]


def _effects(net: nn.Module, X: np.ndarray, added: list, support: bool = False):
    return intervention_effects(net, X, added, quantiles=(), support=support)


@torch.inference_mode()
def full_forwards(net: nn.Module, X: np.ndarray, d: int) -> np.ndarray:
    """The same effects by whole forward passes: every row once more for every feature."""
    rows = torch.as_tensor(X, dtype=torch.float32)
    before = net(rows)
    found = np.empty((d, SIZES[-1]))
    for j in range(d):
        moved = rows.clone()
        moved[:, j] += 1
        change = net(moved) - before
        found[j] = (change - change.mean(1, keepdim=True)).double().mean(0).numpy()
    return found


def ablation(net: nn.Module, X: np.ndarray, d: int) -> np.ndarray:
    """The same effects by captum's FeatureAblation: each feature replaced by itself plus one.

    Of its ways the quickest: the mean over rows inside the function, all outputs in one call.
    """
    from captum.attr import FeatureAblation

    rows = torch.as_tensor(X, dtype=torch.float32)
    peer = FeatureAblation(lambda x: net(x).mean(0))
    mask = torch.arange(rows.shape[1]).clamp(max=d - 1)[None]
    found = -peer.attribute(rows, baselines=rows + 1, feature_mask=mask).T
    return (found - found.mean(1, keepdim=True)).numpy()


def bare_products(n: int, d: int, product: Callable) -> None:
    """The matrix products that the layers above the first need, and nothing else."""
    shapes = list(itertools.pairwise(SIZES[1:]))
    inputs = [torch.ones(n, a) for a, _ in shapes]
    weights = [torch.ones(b, a).T for a, b in shapes]
    for _ in range(d):
        for x, W in zip(inputs, weights, strict=True):
            product(x, W)


def speed_of_pairs(quick: bool) -> dict[str, float]:
    """All pairs of 128 features on 64 rows."""
    n, d = (64, 32) if quick else (64, 128)
    net = network()
    X = np.random.RandomState(0).poisson(0.3, size=(n, 512)).astype(np.float64)
    added = [add(j, 1) for j in range(d)]
    with torch_threads(N_CORES), torch.inference_mode():
        ours, whole = best(lambda: pairwise_epistasis(net, X, added), lambda: full_pairs(net, X, d))
    gap = np.abs(pairwise_epistasis(net, X, added).epistasis - full_pairs(net, X, d)).max()
    return {
        "speedup_pairs": whole / ours,
        "seconds_pairs": ours,
        "seconds_pairs_full_forward": whole,
        "largest_difference_of_pairs": float(gap),
    }


@torch.inference_mode()
def full_pairs(net: nn.Module, X: np.ndarray, d: int) -> np.ndarray:
    rows = torch.as_tensor(X, dtype=torch.float32)
    before = net(rows)

    def after(*columns: int) -> torch.Tensor:
        moved = rows.clone()
        for j in columns:
            moved[:, j] += 1
        z = net(moved)
        return z - z.mean(1, keepdim=True)

    before = before - before.mean(1, keepdim=True)
    single = [after(j) for j in range(d)]
    found = [
        (after(i, j) - single[i] - single[j] + before).double().mean(0).numpy()
        for i in range(d)
        for j in range(i + 1, d)
    ]
    return np.array(found)


def best(*runs: Callable[[], object], rounds: int = 5) -> list[float]:
    """Seconds of each's fastest run; in turns, so that all see the machine's good moments."""
    found: list[list[float]] = [[] for _ in runs]
    for _ in range(rounds):
        for run, seconds in zip(runs, found, strict=True):
            started = time.perf_counter()
            run()
            seconds.append(time.perf_counter() - started)
    return [min(seconds) for seconds in found]
