"""Seconds of scoring, beside bare matrix products, captum and shap."""

from __future__ import annotations

import warnings

import torch
from torch import nn

from benchmarks.common.measure import interleaved_seconds
from benchmarks.scoring.network import N_CLASSES, N_FEATURES, counts, network
from sklearn_deeplifft.attribution import Head, Scorer, ScoreSums, block_rows, reader_of
from sklearn_deeplifft.attribution._products import times_transposed

SHAP_BACKGROUND = 100
IG_STEPS = 50


def score(
    net: nn.Sequential, X: torch.Tensor, y: torch.Tensor, reference: torch.Tensor | None
) -> ScoreSums:
    """Everything from rows and labels to class and overall sums."""
    scorer = Scorer(reader_of(net), (Head("softmax", 0, N_CLASSES),), reference)
    weight = torch.ones(len(X))
    total = ScoreSums.zeros(N_CLASSES, N_FEATURES)
    step = block_rows(N_CLASSES, N_FEATURES)
    for at in range(0, len(X), step):
        block = slice(at, at + step)
        total = total.merge(scorer.sums(X[block], y[block], weight[block]))
    return total


def products(net: nn.Sequential, X: torch.Tensor, multiply) -> None:
    """The matrix products of a forward pass and of a backward pass for every class, no more."""
    W1, W2, W3 = net[0].weight, net[2].weight, net[4].weight
    W2t, W1t = W2.T.contiguous(), W1.T.contiguous()
    step = block_rows(N_CLASSES, N_FEATURES)
    top = torch.randn(step * N_CLASSES, W3.shape[1])
    for at in range(0, len(X), step):
        block = X[at : at + step]
        multiply(multiply(multiply(block, W1), W2), W3)
        multiply(multiply(top[: len(block) * N_CLASSES], W2t), W1t)


def by_torch_mm(a: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """The product as torch multiplies matrices."""
    return torch.mm(a, weight.T)


def peers(net: nn.Sequential, X: torch.Tensor, mean: torch.Tensor) -> dict:
    """captum over all classes, all rows in one call (and, for two, in batches of 512)."""
    from captum.attr import DeepLift, InputXGradient, IntegratedGradients

    ixg, lift, ig = InputXGradient(net), DeepLift(net), IntegratedGradients(net)

    def every_class(method, rows, **options):
        for k in range(N_CLASSES):
            method.attribute(rows, target=k, **options)

    def batched(method, **options):
        for rows in X.split(512):
            every_class(method, rows, **options)

    some = X[:: max(len(X) // 1000, 1)][:1000]
    return {
        "input_x_gradient": (lambda: every_class(ixg, X), 1.0),
        "input_x_gradient_batched": (lambda: batched(ixg), 1.0),
        "deeplift": (lambda: every_class(lift, X, baselines=mean), 1.0),
        "deeplift_batched": (lambda: batched(lift, baselines=mean), 1.0),
        "integrated_gradients": (
            lambda: every_class(ig, some, n_steps=IG_STEPS, internal_batch_size=5000),
            len(X) / len(some),
        ),
        "shap_deep": shap_deep(net, X),
    }


def shap_deep(net: nn.Sequential, X: torch.Tensor):
    """shap.DeepExplainer on a few rows; its cost is proportional to rows."""
    import shap

    explainer = shap.DeepExplainer(net, X[:SHAP_BACKGROUND])
    rows = X[-20:]
    return lambda: explainer.shap_values(rows, check_additivity=False), len(X) / len(rows)


def speed(n_rows: int, repeats: int) -> dict[str, float]:
    """Time everything in turns and print it side by side."""
    net, X = network(), counts(n_rows)
    mean, y = X.mean(0), net(X).argmax(1)[:, None]
    ours = {
        "dense (mean reference)": lambda: score(net, X, y, mean),
        "sparse (zero reference)": lambda: score(net, X, y, None),
        "products by torch.mm": lambda: products(net, X, by_torch_mm),
        "products by oneDNN": lambda: products(net, X, times_transposed),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the peers' notes on hooks and gradients
        slow = peers(net, X, mean[None])
        fast = {k: run for k, (run, _) in slow.items() if not k.startswith(("shap", "integ"))}
        times = interleaved_seconds({**ours, **fast}, repeats)
        rest = {k: run for k, (run, _) in slow.items() if k not in fast}
        times |= {k: t * slow[k][1] for k, t in interleaved_seconds(rest, 2).items()}
    dense, sparse = times["dense (mean reference)"], times["sparse (zero reference)"]
    bare = times["products by torch.mm"]
    figures = {
        "ratio_to_matmul": dense / bare,
        "ratio_to_matmul_sparse": sparse / bare,
        "ratio_to_matmul_onednn": dense / times["products by oneDNN"],
        "ratio_to_matmul_sparse_onednn": sparse / times["products by oneDNN"],
        "seconds_dense": dense,
        "seconds_sparse": sparse,
        "seconds_matmul": bare,
    }
    for name in slow:
        figures[f"speedup_{name}"] = times[name] / dense
        figures[f"speedup_{name}_sparse"] = times[name] / sparse
    _print_times(times, dense, n_rows)
    return figures


def _print_times(times: dict[str, float], dense: float, n_rows: int) -> None:
    print(f"{n_rows:,} x {N_FEATURES} x {N_CLASSES}, {torch.get_num_threads()} threads")
    for name, seconds in times.items():
        note = " (extrapolated from fewer rows)" if name[:5] in ("integ", "shap_") else ""
        print(f"  {name:28s} {seconds:9.4f} s  {seconds / dense:8.2f} x ours{note}")
