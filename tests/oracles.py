"""The paper and its gauges once more: slowly, literally, in float64 numpy.

Nothing here calls the package or torch. One example at a time, one layer at a time, one term at
a time; where the package is quick, this file is plain.

A network is walked with a ``Cell``: what a layer holds at one example ``x``, and the affine map
that gives it on the whole cell of ``x`` (section 2.1 of the paper):

==============  ====================================================  ========
code            meaning                                               shape
==============  ====================================================  ========
``value``       h, computed forwards from the layer below             (m,)
``slope``       dh/dx on the cell                                     (m, d)
``offset``      h - slope x, carried layer by layer                   (m,)
``shape``       how ``value`` folds into channels, height, width
==============  ====================================================  ========
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit

Scalar = Callable[[float], float]


class Cell(NamedTuple):
    value: np.ndarray
    slope: np.ndarray
    offset: np.ndarray
    shape: tuple[int, ...]


class Form(NamedTuple):
    """``z = b + c x`` of one example: (K,), (K, d), (K,)."""

    z: np.ndarray
    c: np.ndarray
    b: np.ndarray


def enter(x: np.ndarray) -> Cell:
    """The input itself: identity map."""
    x = np.asarray(x, dtype=np.float64)
    d = x.size
    return Cell(x.ravel(), np.eye(d), np.zeros(d), x.shape)


def leave(cell: Cell, x: np.ndarray) -> Form:
    """The logits, after a check of the oracle itself: the affine map gives the value."""
    again = cell.slope @ np.asarray(x, dtype=np.float64).ravel() + cell.offset
    np.testing.assert_allclose(again, cell.value, rtol=1e-11, atol=1e-11)
    return Form(cell.value, cell.slope, cell.offset)


def affine(cell: Cell, W: np.ndarray, b: np.ndarray | float = 0.0, shape=None) -> Cell:
    """``W h + b``."""
    W = np.asarray(W, dtype=np.float64)
    b = np.broadcast_to(np.asarray(b, dtype=np.float64), len(W))
    return Cell(
        W @ cell.value + b,
        W @ cell.slope,
        W @ cell.offset + b,
        (len(W),) if shape is None else shape,
    )


def add(left: Cell, right: Cell) -> Cell:
    """A residual sum."""
    return Cell(
        left.value + right.value,
        left.slope + right.slope,
        left.offset + right.offset,
        left.shape,
    )


def concatenate(left: Cell, right: Cell) -> Cell:
    parts = [np.concatenate(pair) for pair in zip(left[:3], right[:3], strict=True)]
    return Cell(*parts, (len(parts[0]),))


def activate(cell: Cell, value: Sequence[Scalar], slope: Sequence[Scalar]) -> Cell:
    """``phi_j`` on unit j: on the cell of ``x`` it is ``phi(a) + phi'(a) (h - a)``."""
    out_value = np.empty_like(cell.value)
    out_slope = np.empty_like(cell.slope)
    out_offset = np.empty_like(cell.offset)
    for j, a in enumerate(cell.value):
        s = slope[j](a)
        out_value[j] = value[j](a)
        out_slope[j] = s * cell.slope[j]
        out_offset[j] = s * cell.offset[j] + (out_value[j] - s * a)
    return Cell(out_value, out_slope, out_offset, cell.shape)


def same(cell: Cell, value: Scalar, slope: Scalar) -> Cell:
    """One activation for all units."""
    m = len(cell.value)
    return activate(cell, [value] * m, [slope] * m)


def identity(cell: Cell) -> Cell:
    return cell


def relu(cell: Cell) -> Cell:
    return same(cell, lambda a: max(a, 0.0), lambda a: 1.0 if a > 0 else 0.0)


def leaky_relu(cell: Cell, negative: float | Sequence[float]) -> Cell:
    """Leaky ReLU, or PReLU with one slope a unit."""
    slopes = np.broadcast_to(np.asarray(negative, dtype=np.float64), len(cell.value))

    def value(s: float) -> Scalar:
        return lambda a: a if a > 0 else s * a

    def slope(s: float) -> Scalar:
        return lambda a: 1.0 if a > 0 else s

    return activate(cell, [value(s) for s in slopes], [slope(s) for s in slopes])


def hardtanh(cell: Cell, low: float = -1.0, high: float = 1.0) -> Cell:
    return same(cell, lambda a: min(max(a, low), high), lambda a: 1.0 if low < a < high else 0.0)


def absolute(cell: Cell) -> Cell:
    return same(cell, abs, lambda a: 1.0 if a > 0 else -1.0)


def maxout(left: Cell, right: Cell) -> Cell:
    """Unit by unit, the larger of two."""
    wins = [[left, right][int(b > a)] for a, b in zip(left.value, right.value, strict=True)]
    parts = [np.stack([cell[part][j] for j, cell in enumerate(wins)]) for part in range(3)]
    return Cell(*parts, left.shape)


def batch_norm(cell: Cell, mean, var, eps: float, gamma=None, beta=None) -> Cell:
    """Evaluation mode: ``gamma (h - mean) / sqrt(var + eps) + beta``, channel by channel."""
    channels = cell.shape[0]
    per_channel = len(cell.value) // channels
    scale, shift = np.empty(len(cell.value)), np.empty(len(cell.value))
    for ch in range(channels):
        g = 1.0 if gamma is None else gamma[ch]
        t = 0.0 if beta is None else beta[ch]
        for j in range(ch * per_channel, (ch + 1) * per_channel):
            scale[j] = g / math.sqrt(var[ch] + eps)
            shift[j] = t - mean[ch] * scale[j]
    return affine(cell, np.diag(scale), shift, cell.shape)


def _windows(shape: tuple[int, ...], size: int, stride: int, padding: int):
    """Yield (output place, [(place inside the window, flat input place within a channel)])."""
    counts = [(length + 2 * padding - size) // stride + 1 for length in shape]
    for place in itertools.product(*(range(count) for count in counts)):
        inside = []
        for step in itertools.product(range(size), repeat=len(shape)):
            at = [p * stride + s - padding for p, s in zip(place, step, strict=True)]
            if all(0 <= a < length for a, length in zip(at, shape, strict=True)):
                flat = 0
                for a, length in zip(at, shape, strict=True):
                    flat = flat * length + a
                inside.append((step, flat))
        yield place, inside


def _places(shape: tuple[int, ...], size: int, stride: int, padding: int) -> tuple[int, ...]:
    return tuple((length + 2 * padding - size) // stride + 1 for length in shape)


def convolve(cell: Cell, W: np.ndarray, b: np.ndarray, stride: int = 1, padding: int = 0) -> Cell:
    """A convolution over one or two axes, as the explicit matrix that it is."""
    channels, *space = cell.shape
    size, area = W.shape[2], math.prod(space)
    rows, bias = [], []
    for out in range(len(W)):
        for _, inside in _windows(tuple(space), size, stride, padding):
            row = np.zeros(len(cell.value))
            for ch in range(channels):
                for step, flat in inside:
                    row[ch * area + flat] += W[(out, ch, *step)]
            rows.append(row)
            bias.append(b[out])
    shape = (len(W), *_places(tuple(space), size, stride, padding))
    return affine(cell, np.stack(rows), np.asarray(bias), shape)


def pool(cell: Cell, size: int, stride: int, *, how: str, padding: int = 0) -> Cell:
    """Max-pooling as a matrix that selects, average-pooling as a matrix that averages."""
    channels, *space = cell.shape
    area = math.prod(space)
    rows = []
    for ch in range(channels):
        for _, inside in _windows(tuple(space), size, stride, padding):
            places = [ch * area + flat for _, flat in inside]
            row = np.zeros(len(cell.value))
            if how == "max":
                row[max(places, key=lambda j: cell.value[j])] = 1.0
            else:
                row[places] = 1.0 / size ** len(space)
            rows.append(row)
    shape = (channels, *_places(tuple(space), size, stride, padding))
    return affine(cell, np.stack(rows), 0.0, shape)


def secant(cell: Cell, f: Scalar, derivative_at_zero: float) -> Cell:
    """``f(a) = f(0) + a (f(a) - f(0)) / a``, the quotient a constant of the cell."""
    return same(cell, f, lambda a: derivative_at_zero if a == 0 else (f(a) - f(0.0)) / a)


def tanh(a: float) -> float:
    return math.tanh(a)


def sigmoid(a: float) -> float:
    return 1 / (1 + math.exp(-a))


def gelu(a: float) -> float:
    return a * 0.5 * (1 + math.erf(a / math.sqrt(2)))


def silu(a: float) -> float:
    return a * sigmoid(a)


def oracle_linear_form(layers: Sequence[tuple], x: np.ndarray) -> Form:
    """``layers`` is a list of (W, b, activation), activation a function of a Cell."""
    cell = enter(x)
    for W, b, activation in layers:
        cell = activation(affine(cell, W, b))
    return leave(cell, x)


def oracle_jacobian_by_differences(f: Callable, x: np.ndarray) -> np.ndarray:
    """dz/dx (K, d) of one example, where ``f`` maps (m, d) to (m, K) row by row.

    Inside the cell ``f`` is affine, so a difference has no truncation error and only the
    rounding of ``f`` over the step. The largest step whose four one-sided differences (both
    sides, whole and half) agree is the answer.
    """
    x = np.asarray(x, dtype=np.float64).ravel()
    d = len(x)
    for h in (1e-1, 1e-2, 1e-3, 1e-4, 1e-5):
        steps = [f(x + t * np.eye(d)) for t in (h, h / 2, -h / 2, -h)]
        here = f(x[None])
        slopes = [(step - here) / t for step, t in zip(steps, (h, h / 2, -h / 2, -h), strict=True)]
        if max(np.abs(s - slopes[0]).max() for s in slopes) < 1e-14 / h + 1e-11:
            return ((steps[0] - steps[3]) / (2 * h)).T
    raise AssertionError("x lies too near a kink for differences; take another row")


def softmax(logits: Sequence[float]) -> list[float]:
    top = max(logits)
    exps = [math.exp(v - top) for v in logits]
    return [e / sum(exps) for e in exps]


def oracle_softmax_increments(terms: np.ndarray, bias: np.ndarray, y: int) -> np.ndarray:
    """One example: terms (K, d), bias (K,) -> (d,)."""
    K, d = terms.shape
    return _walk(terms, bias, y, sorted(range(d), key=lambda i: (-terms[y, i], i)), K)


def oracle_sigmoid_increments(terms: np.ndarray, bias: float, y: int) -> np.ndarray:
    """One logit: K = 2 with logits (0, z); class 0 orders by the evidence -z."""
    d = len(terms)
    evidence = terms if y == 1 else -terms
    order = sorted(range(d), key=lambda i: (-evidence[i], i))
    pair = np.stack([np.zeros(d), terms])
    return _walk(pair, np.array([0.0, bias]), y, order, 2)


def _walk(terms: np.ndarray, bias: np.ndarray, y: int, order: list[int], K: int) -> np.ndarray:
    partial = [float(v) for v in bias]
    before = softmax(partial)[y]
    scores = np.zeros(terms.shape[1])
    for i in order:
        for k in range(K):
            partial[k] += float(terms[k, i])
        after = softmax(partial)[y]
        scores[i] = after - before
        before = after
    return scores


def oracle_class_scores(scores, y, h, n_classes: int, weight=None) -> np.ndarray:
    """Mean increment over the rows with ``y = h = c``; zeros where there is none."""
    weight = np.ones(len(y)) if weight is None else weight
    out = np.zeros((n_classes, scores.shape[1]))
    for c in range(n_classes):
        rows = [s for s in range(len(y)) if y[s] == c and h[s] == c]
        total = sum(weight[s] for s in rows)
        if total > 0:
            out[c] = sum(weight[s] * scores[s] for s in rows) / total
    return out


def oracle_overall(
    scores, y, h, n_classes: int, *, balanced: bool, weight=None, signed: bool = False
) -> np.ndarray:
    """Mean absolute increment, over all correct rows or with each class weighing the same.

    ``signed``: the size of a class's mean increment in the place of the mean of sizes.
    """
    if signed:
        total = np.zeros((n_classes, scores.shape[1]))
        share = np.zeros(n_classes)
        for s in range(len(y)):
            if y[s] == h[s]:
                w = 1.0 if weight is None else weight[s]
                total[y[s]] += w * scores[s]
                share[y[s]] += w
        if not balanced:
            return np.abs(total).sum(0) / share.sum()
        seen = [c for c in range(n_classes) if share[c] > 0]
        return sum(np.abs(total[c] / share[c]) for c in seen) / len(seen)
    if balanced:
        means = oracle_class_scores(np.abs(scores), y, h, n_classes, weight)
        present = [c for c in range(n_classes) if any(y[s] == h[s] == c for s in range(len(y)))]
        return sum((means[c] for c in present), np.zeros(scores.shape[1])) / max(len(present), 1)
    everyone = np.zeros(len(y), dtype=int)
    right = np.where(np.asarray(y) == np.asarray(h), 0, 1)
    return oracle_class_scores(np.abs(scores), everyone, right, 1, weight)[0]


def oracle_projector(d: int, groups: Sequence[tuple[Sequence[int], Sequence[float]]]) -> np.ndarray:
    """``P = I - s s' / (s' s)`` on each group's columns, identity elsewhere (d, d)."""
    P = np.eye(d)
    for columns, scale in groups:
        s = np.asarray(scale, dtype=np.float64)
        norm = sum(v * v for v in s)
        for a, i in enumerate(columns):
            for b, j in enumerate(columns):
                P[i, j] -= s[a] * s[b] / norm
    return P


def oracle_terms(form: Form, x, reference=None, groups=()) -> tuple[np.ndarray, np.ndarray]:
    """Terms (K, d) and bias (K,) of one example in a gauge; the bias completes the sum."""
    r = np.zeros(np.size(x)) if reference is None else np.asarray(reference, dtype=np.float64)
    c = form.c @ oracle_projector(np.size(x), groups)
    terms = c * (np.asarray(x, dtype=np.float64).ravel() - r)
    bias = np.array([form.z[k] - sum(terms[k]) for k in range(len(form.z))])
    return terms, bias


def oracle_terms_of_features(terms: np.ndarray, of_column: Sequence[int]) -> np.ndarray:
    """One example: terms (K, d) of columns -> (K, G) of features, added with their signs."""
    K, d = terms.shape
    sums = np.zeros((K, max(of_column) + 1))
    for k in range(K):
        for i in range(d):
            sums[k, of_column[i]] += float(terms[k, i])
    return sums


def oracle_angle(g: np.ndarray) -> float:
    """Degrees between a gradient and its shadow on the simplex, signed like its sum."""
    normal = np.ones(len(g)) / math.sqrt(len(g))
    along = float(np.dot(g, normal))
    within = g - along * normal
    return math.degrees(math.atan2(along, math.sqrt(float(np.dot(within, within)))))


def oracle_nogueira_stability(masks) -> float:
    """Nogueira, Sechidis & Brown (2018), equation 4, with s_f^2 as a plain sample variance."""
    M, d = len(masks), len(masks[0])
    variances = []
    for f in range(d):
        z = [float(masks[i][f]) for i in range(M)]
        p = sum(z) / M
        variances.append(sum((v - p) ** 2 for v in z) / (M - 1))
    kbar = sum(sum(1.0 for chosen in mask if chosen) for mask in masks) / M
    expected = (kbar / d) * (1 - kbar / d)
    return 1 - (sum(variances) / d) / expected if expected else math.nan


def oracle_kuncheva(masks) -> float:
    """Mean over pairs of (r - k^2/d) / (k - k^2/d), r features in common, every set of size k."""
    d, sets = len(masks[0]), [{f for f, chosen in enumerate(mask) if chosen} for mask in masks]
    (k,) = {len(chosen) for chosen in sets}
    pairs = list(itertools.combinations(sets, 2))
    return sum((len(a & b) - k * k / d) / (k - k * k / d) for a, b in pairs) / len(pairs)


def oracle_ranks(importances) -> np.ndarray:
    """1, plus one for each larger value, plus a half for each other of the same value."""
    out = np.empty(np.shape(importances))
    for i, row in enumerate(importances):
        for f, v in enumerate(row):
            larger = sum(1 for w in row if w > v)
            equal = sum(1 for w in row if w == v)
            out[i, f] = 1 + larger + (equal - 1) / 2
    return out


def oracle_top_masks(importances, k: int) -> np.ndarray:
    out = np.zeros(np.shape(importances), dtype=bool)
    for i, row in enumerate(importances):
        for f in sorted(range(len(row)), key=lambda f: (-row[f], f))[:k]:
            out[i, f] = row[f] != 0
    return out


def oracle_bootstrap_interval(values, level: float, counts) -> np.ndarray:
    """Each resample written out row by row; ``counts`` (B, N) says how often it holds each row.

    Hesterberg (2015), section 5.2: the ends are those of a normal interval with Student's t and
    the standard deviation of N - 1 in the place of N.
    """
    N, d = np.shape(values)
    if N == 1:
        return np.full((2, d), np.nan)  # of others nothing is known
    standard = stdtrit(N - 1, (1 - level) / 2) * math.sqrt(N / (N - 1))
    tail = math.erfc(-standard / math.sqrt(2)) / 2
    means = np.zeros((len(counts), d))
    for b, drawn in enumerate(counts):
        rows = [values[i] for i in range(N) for _ in range(drawn[i])]
        means[b] = sum(np.asarray(row, dtype=np.float64) for row in rows) / len(rows)
    out = np.empty((2, d))
    for f in range(d):
        column = sorted(means[:, f])
        for end, q in enumerate((tail, 1 - tail)):
            at = q * (len(column) - 1)
            below = min(int(at), len(column) - 1)
            above = min(below + 1, len(column) - 1)
            out[end, f] = column[below] + (at - below) * (column[above] - column[below])
    return out


def oracle_soft_f1(logits, y, weight=None) -> float:
    """Ashraf (2021): counts of a confusion table are sums of probabilities, label by label."""
    logits, y = np.asarray(logits, dtype=np.float64), np.asarray(y, dtype=np.float64)
    n, K = logits.shape
    weight = np.ones(n) if weight is None else np.asarray(weight, dtype=np.float64)
    losses = []
    for k in range(K):
        tp = fp = fn = tn = 0.0
        for s in range(n):
            p = sigmoid(logits[s, k])
            tp += weight[s] * p * y[s, k]
            fp += weight[s] * p * (1 - y[s, k])
            fn += weight[s] * (1 - p) * y[s, k]
            tn += weight[s] * (1 - p) * (1 - y[s, k])
        present = 2 * tp / (2 * tp + fn + fp) if tp + fn + fp else 0.0
        absent = 2 * tn / (2 * tn + fn + fp) if tn + fn + fp else 0.0
        losses.append(1 - (present + absent) / 2)
    return sum(losses) / K


def oracle_effective_gates(W, feature_of_column, gates=None) -> np.ndarray:
    """One network, W (h, d): ``g_i ||W_i||``, the norm of all weights of a feature's columns."""
    W = np.asarray(W, dtype=np.float64)
    out = []
    for i in range(max(feature_of_column) + 1):
        own = [j for j, feature in enumerate(feature_of_column) if feature == i]
        squares = [float(w) ** 2 for j in own for w in W[:, j]]
        g = 1.0 if gates is None else float(gates[i])
        out.append(g * math.sqrt(sum(squares)))
    return np.array(out)


class Path(NamedTuple):
    """One network on a penalty path, after it: (G,) each but ``n_open``, one number a step."""

    effective: np.ndarray
    gate: np.ndarray
    share: np.ndarray
    exit: np.ndarray
    n_open: list[int]


def oracle_path(starts, updates, where, *, lr, start, better, steps_per_epoch, free=False) -> Path:
    """Step by step: add an update to the weights, lower each ``e_i`` by ``c lr sqrt(h m_i)``.

    A feature has m columns. ``starts`` and each of ``updates`` are (W, g), g None unless ``free``.
    What is no higher than the step is zero from then on. ``better`` names the epochs, from 0, that
    were the best so far; shares of e are averaged from the last of them.
    """
    W, g = (None if part is None else np.array(part, dtype=np.float64) for part in starts)
    G, n_steps = max(where) + 1, len(updates)
    exits, closed, n_open, shares = np.full(G, np.inf), set(), [], []
    effective = gate = np.zeros(G)
    for step, (dW, dg) in enumerate(updates, start=1):
        W = W + dW
        if free:
            g = np.maximum(g + dg, 0.0)
        c = start ** (1 - step / n_steps)
        e = oracle_effective_gates(W, where, g)
        for i in range(G):
            t = c * lr * math.sqrt(len(W) * sum(1 for feature in where if feature == i))
            if i in closed or e[i] <= t:
                if i not in closed:
                    exits[i] = c
                closed.add(i)
                factor = 0.0
            else:
                factor = (e[i] - t) / e[i]
            if free:
                g[i] *= factor
            else:
                W[:, [j for j in range(len(where)) if where[j] == i]] *= factor
        n_open.append(G - len(closed))
        if step % steps_per_epoch == 0:
            e = oracle_effective_gates(W, where, g)
            if step // steps_per_epoch - 1 in better:
                shares, effective, gate = [], e, g.copy() if free else e
            shares.append(e / e.sum() if e.sum() else e)
    mean = sum(shares) / len(shares)
    return Path(effective, gate, mean / mean.sum() if mean.sum() else mean, exits, n_open)


def oracle_early_stopping(losses, patience: int, tolerance: float) -> tuple[int, int]:
    """(epochs run, best epoch), from 1: stop after ``patience`` epochs without a better one."""
    best, limit = 0, math.inf
    for epoch, loss in enumerate(losses, start=1):
        if loss < limit:
            best, limit = epoch, loss - tolerance * loss
        elif epoch - best >= patience:
            return epoch, best
    return len(losses), best


# Elimination, one feature at a time


def smoothed_elimination(
    scores: Callable[[np.ndarray, int], np.ndarray],
    d: int,
    n_networks: int,
    step: float,
    smoothing: float,
) -> list[list[int]]:
    """Columns of each round: ``E_t(f) = s E_(t-1)(f) / sum |E_(t-1)| + (1 - s) S_t(f)`` decides.

    ``S_t`` is the mean over networks of a feature's share of the absolute scores of round t, the
    sum runs over what is left in round t, and ``E_1 = S_1``. ``scores(columns, network)``.
    """
    left, rounds = list(range(d)), []
    decides: dict[int, float] = {}
    while True:
        rounds.append(left)
        if len(left) == 1:
            return rounds
        said = [scores(np.array(left), j) for j in range(n_networks)]
        total = sum(abs(decides[f]) for f in left) if decides else 1.0
        now = {}
        for i, f in enumerate(left):
            share = sum(s[i] / sum(abs(v) for v in s) for s in said) / n_networks
            now[f] = smoothing * decides[f] / total + (1 - smoothing) * share if decides else share
        n_dropped = step if isinstance(step, int) else math.ceil(step * len(left))
        best_first = sorted(left, key=lambda f: (-now[f], f))
        left = sorted(best_first[: max(len(left) - max(n_dropped, 1), 1)])
        decides = now
