"""Edits of sequence networks: windows against whole passes and against tangermeme.

``speedup_forward``: 6-letter words written into CNN-deep, over whole passes of the same network
with batch normalisation folded, at the best of three batch sizes; ``speedup_shallow``: the same of
CNN-shallow. ``speedup_marginalize``: over tangermeme's ``marginalize``, at its best batch size.
``speedup_mutagenesis``: saturation mutagenesis over tangermeme's, the best of its fast path (made
ready beforehand) and its whole passes, at the best batch size. All are edits per second in one
thread; rounds take turns, ratios are of medians.

``local_error_64``, ``local_error_32``: largest difference of an effect from whole passes in double
precision, over the largest effect, on both networks.
``kmers_seconds_4096x1000``: all 4,096 words in 1,000 backgrounds, by the public call, two threads.

The networks are the published ones where the data folder has them, else freshly drawn.
"""

from __future__ import annotations

import copy
import itertools
import statistics
import time
import warnings

import numpy as np
import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

from benchmarks.common.motif_tables import table_file
from sklearn_deeplifft import networks
from sklearn_deeplifft.interventions import embed, saturation_mutagenesis, sequence_importance
from sklearn_deeplifft.interventions.experiments import Arm, Experiment, kmers

L, START = 200, 97
BATCHES = (32, 64, 128)
ROUNDS = 9


class Words(Experiment):
    """Some words of six letters."""

    def __init__(self, n, seed=0):
        drawn = np.random.RandomState(seed).choice(list("ACGT"), (n, 6))
        self.words = ["".join(word) for word in drawn]

    def arms(self, length, alphabet):
        return [Arm({"word": w}, embed(w, START)) for w in self.words]


def figures(quick=False, data=None):
    """All figures of this part: a flat dict."""
    rounds, n_words = (3, 32) if quick else (ROUNDS, 256)
    deep, shallow = network("deep", data), network("shallow", data)
    X = sequences(128)
    found = {}
    rates = forward_rates(deep, X, n_words, rounds)
    found["speedup_forward"] = rates["windows"] / rates["whole passes"]
    found["speedup_marginalize"] = rates["windows"] / rates["tangermeme"]
    found["words_per_second_deep"] = rates["windows"]
    rates = forward_rates(shallow, X, n_words, rounds)
    found["speedup_shallow"] = rates["windows"] / rates["whole passes"]
    found["words_per_second_shallow"] = rates["windows"]
    rates = mutagenesis_rates(deep, X, rounds)
    found["speedup_mutagenesis"] = rates["windows"] / max(rates["fast"], rates["whole"])
    found["mutations_per_second_deep"] = rates["windows"]
    found |= errors(deep, shallow)
    return found | (kmers_seconds(deep, 128) if quick else kmers_seconds(deep, 1000))


def network(kind, data=None):
    """A published network, or one of the same shape."""
    try:
        file = table_file(data, "gradient_correction_weights", f"cnn_{kind}_relu_2.h5")
        return networks.from_keras(file).float().eval()
    except FileNotFoundError:
        with torch.random.fork_rng():
            torch.manual_seed(0)
            return getattr(networks, f"cnn_{kind}")(L).eval()


def sequences(n, seed=0):
    """Encoded sequences (n, 4 L), uniform."""
    letters = np.random.RandomState(seed).randint(0, 4, (n, L))
    return np.eye(4, dtype=np.float32)[letters].reshape(n, -1)


def channels(X):
    return torch.tensor(X).view(len(X), L, 4).transpose(1, 2).contiguous()


def behind_channels(net):
    """The network of (n, 4, L), as a peer takes it."""
    return nn.Sequential(*list(net)[1:]).eval()


def folded(net):
    """The same with batch normalisation in the weights."""
    layers = []
    for layer in copy.deepcopy(net):
        normal = isinstance(layer, nn.BatchNorm1d)
        if normal and isinstance(layers[-1], nn.Conv1d):
            layers[-1] = fuse_conv_bn_eval(layers[-1], layer)
        elif normal and isinstance(layers[-1], nn.Linear):
            layers[-1] = fuse_linear_bn_eval(layers[-1], layer)
        else:
            layers.append(layer)
    return nn.Sequential(*layers).eval()


def forward_rates(net, X, n_words, rounds):
    """Edits per second of each side at its best batch size."""
    from tangermeme.marginalize import marginalize

    plain, core = behind_channels(net), folded(behind_channels(net))
    rows, words, few = channels(X), Words(n_words), Words(6).words

    def windows():
        sequence_importance(net, X, words, task="classification")
        return n_words * len(X)

    def whole(size):
        def run():
            with torch.no_grad():
                for word in few:
                    moved = rows.clone()
                    moved[:, :, START : START + 6] = one_hot(word)
                    for batch in moved.split(size):
                        core(batch)
            return len(few) * len(X)

        return run

    def peer(size):
        def run():
            for word in few:
                marginalize(plain, rows, word, start=START, batch_size=size, device="cpu")
            return len(few) * len(X)

        return run

    runs = {("windows", 0): windows}
    runs |= {("whole passes", size): whole(size) for size in BATCHES}
    runs |= {("tangermeme", size): peer(size) for size in BATCHES}
    return best_rates(runs, rounds)


def mutagenesis_rates(net, X, rounds):
    """Edits per second of each side at its best batch size."""
    from tangermeme._fastism import _FastISM
    from tangermeme.saturation_mutagenesis import _single_edits
    from tangermeme.saturation_mutagenesis import saturation_mutagenesis as peer_mutagenesis

    plain, rows = behind_channels(net), channels(X)
    few = rows[:2]
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        device = torch.device("cpu")
        ready = _FastISM(plain, few, None, 0, L, device, torch.float32, False)

    def windows():
        saturation_mutagenesis(net, X, task="classification")
        return 3 * L * len(X)

    def fast(size):
        def run():
            with torch.no_grad():
                for i in range(len(few)):
                    _, letters, places = _single_edits(few[i].to(torch.int8), 0, L)
                    ready.predict_edits(i, letters, places, size, None)
            return 3 * L * len(few)

        return run

    def whole(size):
        def run():
            options = {"batch_size": size, "raw_outputs": True, "fast": False, "device": "cpu"}
            peer_mutagenesis(plain, few, **options)
            return 3 * L * len(few)

        return run

    runs = {("windows", 0): windows}
    runs |= {("fast", size): fast(size) for size in BATCHES}
    runs |= {("whole", size): whole(size) for size in BATCHES}
    return best_rates(runs, rounds)


def best_rates(runs, rounds):
    """Median rate of each run, taking turns; the best of each name."""
    for run in runs.values():
        run()
    times = {key: [] for key in runs}
    for _ in range(rounds):
        for key, run in runs.items():
            start = time.perf_counter()
            count = run()
            times[key].append((time.perf_counter() - start) / count)
    rates = {key: 1 / statistics.median(found) for key, found in times.items()}
    return {name: max(r for (own, _), r in rates.items() if own == name) for name, _ in rates}


def one_hot(word):
    return torch.eye(4)[["ACGT".index(letter) for letter in word]].T


def errors(*nets):
    """Largest difference from whole passes in double precision, over the largest effect."""
    X, words = sequences(48, seed=1), Words(24, seed=1)
    found = {"local_error_64": 0.0, "local_error_32": 0.0}
    for net in nets:
        exact = copy.deepcopy(behind_channels(net)).double()
        rows = channels(X).double()
        with torch.no_grad():
            before, effects = exact(rows), []
            for word in words.words:
                moved = rows.clone()
                moved[:, :, START : START + 6] = one_hot(word).double()
                effects.append(float((exact(moved) - before).mean()) / 2)
        expected = np.array(effects)
        for name, dtype in (("local_error_64", "float64"), ("local_error_32", "float32")):
            table = sequence_importance(net, X, words, task="classification", dtype=dtype)
            own = table["effect"].to_numpy().reshape(len(effects), -1)[:, -1]
            gap = float(np.abs(own - expected).max() / np.abs(expected).max())
            found[name] = max(found[name], gap)
    return found


def kmers_seconds(net, n):
    """Seconds for all words of six letters in ``n`` backgrounds, two threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        start = time.perf_counter()
        table = sequence_importance(net, sequences(n), kmers(6), task="classification")
        seconds = time.perf_counter() - start
    finally:
        torch.set_num_threads(threads)
    assert set(table["word"]) == {"".join(w) for w in itertools.product("ACGT", repeat=6)}
    return {f"kmers_seconds_4096x{n}": seconds}
