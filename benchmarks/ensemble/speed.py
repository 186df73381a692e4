"""Seconds of training many networks, beside skorch and bare matrix products."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import torch
from sklearn.model_selection import StratifiedKFold

from benchmarks.common.measure import N_CORES
from benchmarks.ensemble.peers import Work, gated_fits, plain_fits
from sklearn_deeplifft.ensembles import Execution, Split, train_networks
from sklearn_deeplifft.networks import (
    GateSettings,
    NetworkSettings,
    TrainedNetwork,
    TrainingTable,
    torch_threads,
)
from sklearn_deeplifft.tables import Problem, Rows, Scaling

WIDE = (200, 100)


def small(quick: bool) -> dict[str, float]:
    """The paper's network, 13 columns, 148 + 149 rows, 30 epochs."""
    n_networks, n_epochs = (20, 5) if quick else (100, 30)
    rng = np.random.RandomState(0)
    X = rng.normal(size=(297, 13)).astype(np.float32)
    y = np.append(np.arange(5), rng.randint(5, size=292))
    halves = [np.split(rng.permutation(297), [148]) for _ in range(n_networks)]
    work = Work(X, y, [(np.sort(a), np.sort(b)) for a, b in halves])
    gates = GateSettings(tuple(range(13)), tied=False, initial="uniform", penalty=0.0)
    settings = NetworkSettings(
        hidden_layer_sizes=(128, 128, 128),
        dropout=0.5,
        noise=0.005,
        l2=1e-3,
        loss="soft_f1",
        learning_rate=1e-4,
        batch_size=64,
        max_epochs=n_epochs,
        patience=None,
        gates=gates,
    )
    times = _race(
        {
            "ours": lambda: together(work, settings),
            "skorch": lambda: _best_threads(lambda w: gated_fits(w, n_epochs), work),
        }
    )
    rate, bare = matmul_rate(), bare_products(n_networks, n_epochs)
    done = flops((13, 128, 128, 128, 5), 148, 149, n_epochs) * n_networks
    return {
        "speedup_100_small": times["skorch"] / times["ours"],
        "matmul_share_100_small": done / times["ours"] / rate,
        "seconds_100_small": times["ours"],
        "seconds_100_small_skorch": times["skorch"],
        "matmul_share_100_small_same_shapes": bare / times["ours"],
        "seconds_100_small_products_alone": bare,
        "gflops_torch_mm": rate / 1e9,
        "networks_unlike_in_another_batch": unlike(work, settings),
    }


def unlike(work: Work, settings: NetworkSettings) -> int:
    """Networks, of the first four, that differ in a bit when they are trained in pairs."""
    four = replace(work, parts=work.parts[:4])
    pairs = [replace(four, parts=four.parts[i : i + 2]) for i in (0, 2)]
    whole = _bits(trained(four, settings))
    parted = [
        b for i, pair in zip((0, 2), pairs, strict=True) for b in _bits(trained(pair, settings, i))
    ]
    return sum(a != b for a, b in zip(whole, parted, strict=True))


def _bits(networks: Sequence[TrainedNetwork]) -> list[bytes]:
    return [b"".join(w.numpy().tobytes() for w in t.core.state_dict().values()) for t in networks]


def wide(quick: bool) -> dict[str, float]:
    """512-200-100-8 on 20,000 rows, each network on four fifths of them."""
    n_rows, n_networks, n_epochs = (2_000, 4, 2) if quick else (20_000, 20, 3)
    rng = np.random.RandomState(0)
    X = rng.poisson(0.07, size=(n_rows, 512)).astype(np.float32)
    y = np.append(np.arange(8), rng.randint(8, size=n_rows - 8))
    folds = StratifiedKFold(5, shuffle=True, random_state=0).split(X, y)
    five = list(folds)
    work = Work(X, y, [five[i % 5] for i in range(n_networks)])
    settings = NetworkSettings(hidden_layer_sizes=WIDE, max_epochs=n_epochs, patience=None)
    times = _race(
        {
            "ours": lambda: together(work, settings),
            "skorch": lambda: _best_threads(lambda w: plain_fits(w, WIDE, n_epochs), work),
        }
    )
    training, validation = len(five[0][0]), len(five[0][1])
    done = flops((512, *WIDE, 8), training, validation, n_epochs) * n_networks
    return {
        "speedup_20_wide": times["skorch"] / times["ours"],
        "seconds_20_wide": times["ours"],
        "seconds_20_wide_skorch": times["skorch"],
        "matmul_share_20_wide": done / times["ours"] / matmul_rate(),
    }


def together(work: Work, settings: NetworkSettings) -> float:
    """Seconds of our training of all networks, on all cores."""
    started = time.perf_counter()
    trained(work, settings)
    return time.perf_counter() - started


def trained(work: Work, settings: NetworkSettings, first: int = 0) -> list[TrainedNetwork]:
    """Our training of all networks, on all cores; seeds begin at ``first``."""
    n, d = work.X.shape
    problem = Problem("softmax", d, int(work.y.max()) + 1)
    same = Scaling.none(d)
    table = TrainingTable(Rows(work.X), torch.from_numpy(work.y), torch.ones(n), same)
    splits = [Split(a, b, seed) for seed, (a, b) in enumerate(work.parts, start=first)]
    return train_networks(
        problem, settings, table, splits, np.arange(d), Execution(N_CORES), lambda *args: None
    )


def flops(sizes: Sequence[int], training: int, validation: int, n_epochs: int) -> float:
    """Operations of the products of one network: forward, and backward but for the inputs."""
    products = [2 * a * b for a, b in itertools.pairwise(sizes)]
    forward = sum(products)
    return n_epochs * (training * (3 * forward - products[0]) + validation * forward)


def matmul_rate() -> float:
    """Operations a second of a large product in torch on all cores."""
    a, b = torch.randn(2048, 2048), torch.randn(2048, 2048)
    with torch_threads(N_CORES):
        seconds = min(_timed(lambda: torch.mm(a, b)) for _ in range(10))
    return 2 * 2048**3 / seconds


def bare_products(n_networks: int, n_epochs: int) -> float:
    """Seconds of the same products in the shapes of one network's batches, and nothing else.

    Spread over the cores as our training is, in chunks of the size that suits them best. Results
    are dropped at once: kept ones would have to find fresh memory, which takes longer than the
    products.
    """
    with ThreadPoolExecutor(N_CORES) as pool, torch_threads(1):
        tried = [_products_in(pool, n_networks, N_CORES * times) for times in (1, 2, 4)]
    return n_epochs * min(tried)


def _products_in(pool: ThreadPoolExecutor, n_networks: int, n_chunks: int) -> float:
    """Seconds of an epoch, best of ten, with the networks in so many chunks."""
    epochs = [_epoch_of_products(len(c)) for c in np.array_split(np.arange(n_networks), n_chunks)]

    def run(calls: list[Callable[[], torch.Tensor]]) -> None:
        torch.set_num_threads(1)
        for call in calls:
            call()

    list(pool.map(run, epochs))
    return min(_timed(lambda: list(pool.map(run, epochs))) for _ in range(10))


def _epoch_of_products(n_networks: int) -> list[Callable[[], torch.Tensor]]:
    """The products of 148 training rows, both ways, and of 149 validation rows."""
    sizes = (13, 128, 128, 128, 5)

    def products(rows: int, backward: bool) -> list[Callable[[], torch.Tensor]]:
        calls: list[Callable[[], torch.Tensor]] = []
        for i, (a, b) in enumerate(itertools.pairwise(sizes)):
            x, W, g = (torch.randn(n_networks, *s) for s in ((rows, a), (b, a), (rows, b)))
            calls.append(lambda x=x, W=W: torch.bmm(x, W.mT))
            if backward:
                calls.append(lambda x=x, g=g: torch.bmm(g.mT, x))
            if backward and i:
                calls.append(lambda W=W, g=g: torch.bmm(g, W))
        return calls

    epoch = [c for rows in (64, 64, 20) for c in products(rows, True)]
    return epoch + [c for rows in (64, 64, 21) for c in products(rows, False)]


def _best_threads(fits: Callable[[Work], float], work: Work) -> float:
    """The peer on as many torch threads as suit it best, tried on a few networks."""
    few = Work(work.X, work.y, work.parts[:3])
    tried = {}
    for n in {1, N_CORES}:
        with torch_threads(n):
            tried[n] = fits(few)
    with torch_threads(min(tried, key=tried.__getitem__)):
        return fits(work)


def _race(runs: dict[str, Callable[[], float]]) -> dict[str, float]:
    """Best of three for ours, which are short; the peer's is long and runs once between them."""
    ours = [runs["ours"]()]
    peer = runs["skorch"]()
    ours += [runs["ours"]() for _ in range(2)]
    return {"ours": min(ours), "skorch": peer}


def _timed(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started
