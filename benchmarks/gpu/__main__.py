"""Training of many networks on the accelerator of this machine, and reading, beside captum on it.

    python -m benchmarks.gpu [--json FILE] [--quick]

``train_speedup`` is the time on the CPU, on all of its cores, over that on the accelerator, for the
same networks on the same table. ``captum_over_ours`` is the time of captum's DeepLift for all
classes on the accelerator over that of ours, which reads on the CPU. Where torch finds no
accelerator it says so in a line, measures nothing and ends with status 0.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence

import numpy as np

from benchmarks.common.count_tables import count_table
from benchmarks.common.measure import N_CORES, write_json
from benchmarks.scoring.network import N_CLASSES, counts, network
from benchmarks.scoring.speed import score
from sklearn_deeplifft import NetworkEnsembleClassifier
from sklearn_deeplifft.tables import named_device


def main(arguments: Sequence[str] | None = None) -> None:
    """Print every figure, and write them."""
    parser = argparse.ArgumentParser("python -m benchmarks.gpu", description=__doc__)
    parser.add_argument("--json", metavar="FILE", help="write the figures as one flat object")
    parser.add_argument("--quick", action="store_true", help="fewer networks and rows")
    options = parser.parse_args(arguments)
    device = named_device("auto")
    figures: dict[str, float] = {}
    if device == "cpu":
        print("torch finds no accelerator on this machine: nothing is measured.")
    else:
        n_networks, n_rows = (20, 3_000) if options.quick else (200, 50_000)
        figures = training(device, n_networks, n_rows) | reading(device, n_rows)
        for name, value in figures.items():
            print(f"{name:40s} {value:10.3f}")
    write_json(options.json, figures)


def training(device: str, n_networks: int, n_rows: int) -> dict[str, float]:
    """Seconds of the same fit here and there."""
    X, y = count_table(n_rows, 512, N_CLASSES)
    seconds = {}
    for name in ("cpu", device):
        ensemble = NetworkEnsembleClassifier(
            n_networks=n_networks, max_steps=200, device=name, n_jobs=N_CORES, random_state=0
        )
        ensemble.fit(X[:500], y[:500])  # the first use of a device compiles and allocates
        seconds[name] = _seconds(lambda ensemble=ensemble: ensemble.fit(X, y))
    return {"seconds_train": seconds[device], "train_speedup": seconds["cpu"] / seconds[device]}


def reading(device: str, n_rows: int) -> dict[str, float]:
    """Seconds of all classes of all rows, ours on the CPU and captum's on the accelerator."""
    from captum.attr import DeepLift

    net, X = network(), counts(n_rows)
    y, mean = net(X).argmax(1)[:, None], X.mean(0)
    ours = _seconds(lambda: score(net, X, y, mean))
    lift = DeepLift(network().to(device))
    there, baseline = X.to(device), mean[None].to(device)

    def captum() -> None:
        for rows in there.split(512):
            for k in range(N_CLASSES):
                lift.attribute(rows, target=k, baselines=baseline).cpu()

    return {"seconds_read": ours, "captum_over_ours": _seconds(captum) / ours}


def _seconds(run: Callable[[], object]) -> float:
    times = []
    for _ in range(2):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return float(np.min(times))


if __name__ == "__main__":
    main()
