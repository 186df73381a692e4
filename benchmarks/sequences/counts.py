"""Motif counts: exactness against a given table, and time beside lightmotif and FIMO.

``counts_cells_different``: cells of the 7,000 x 1,019 table of ``deepbind_encode_B`` that differ;
``plants_cells_different``: those of the 10,281 x 927 table of ``promoters_arabidopsis``.
``speedup_counts_one_by_one``: time of lightmotif, one sequence at a time, over ours, on the same
sequences. ``ratio_fimo``: time of memelite's FIMO with its table of hits (its sums per sequence
included) over ours. Rounds are interleaved, one
thread; ratios are of medians of processor time, which other work on the machine moves less than
the clock.
``counts_peak_extra_mb``: private memory at the peak of counting 50,000 sequences of 500 letters,
beyond what is held after it.
"""

from __future__ import annotations

import argparse
import gc
import gzip
import json
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np

from benchmarks.common.measure import PeakMemory, _private_bytes
from benchmarks.common.motif_tables import table_file
from sklearn_deeplifft import FeatureSelectionWarning
from sklearn_deeplifft.sequences import MotifCounter, read_fasta
from sklearn_deeplifft.sequences.motifs import probabilities

ROUNDS = 9


def figures(quick=False, data=None):
    """All figures of this part: a flat dict."""
    warnings.simplefilter("ignore", FeatureSelectionWarning)
    X, given, names = given_table(data)
    # The thresholds that the table was counted with, and those of the peers.
    counter = MotifCounter(thresholds="rounded").fit()
    found = exactness(counter, X, given, names) | plants(data)
    return found | speed(counter, X, quick) | memory(quick)


def given_table(data=None):
    """Sequences of ``deepbind_encode_B`` in the order of its table, the counts, and the motifs."""
    with np.load(table_file(data, "deepbind_encode_B", "motif_counts.npz")) as table:
        counts, names = table["counts"], table["motif"]
        keys = list(zip(table["tf"].tolist(), table["event"].tolist(), strict=True))
    folder = table_file(data, "deepbind_encode_B", "motif_counts.npz").parent
    texts = {}
    for path in folder.glob("*.seq.gz"):
        factor = path.name.partition("_")[0]
        for line in gzip.decompress(path.read_bytes()).decode().splitlines()[1:]:
            _, event, text, _ = line.split("\t")
            texts[factor, event] = text
    return [texts[key] for key in keys], counts, names


def exactness(counter, X, given, names):
    """Cells that differ from the given table."""
    if not np.array_equal(counter.motif_names_.astype(str), names.astype(str)):
        raise ValueError("the motifs of the table are others than those of JASPAR 2026")
    counts = counter.transform(X).toarray()
    return {
        "counts_cells": counts.size,
        "counts_cells_different": int((counts != given).sum()),
    }


def plants(data=None):
    """Cells that differ from the table of Arabidopsis, of another release's taxon."""
    folder = table_file(data, "promoters_arabidopsis", "motif_counts.npz").parent
    with np.load(folder / "motif_counts.npz") as table:
        given, motifs = table["counts"], table["motif"].tolist()
    counter = MotifCounter("JASPAR2026:plants", thresholds="rounded").fit()
    column = {
        "_".join(reversed(name.split(" ", 1))): j for j, name in enumerate(counter.motif_names_)
    }
    kinds = ("tata", "non_tata", "non_prom")
    texts = [
        text
        for kind in kinds
        for text in read_fasta(folder / f"Arabidopsis_{kind}.fa.gz").sequences
    ]
    counts = counter.transform(texts)[:, [column[name] for name in motifs]].toarray()
    return {
        "plants_cells": counts.size,
        "plants_cells_different": int((counts != given).sum()),
    }


def speed(counter, X, quick):
    """Ratios of the peers' times to ours.

    FIMO turns p-values into scores in every call, and ours once, in ``fit``: it is given all
    sequences, so that this is little beside the scan. What scans one by one takes as long for each.
    """
    rounds, few = (3, X[:200]) if quick else (ROUNDS, X[:1000])
    many = few if quick else X
    alone, ours_few = medians(one_by_one(counter, few), lambda: counter.transform(few), rounds)
    peer, ours = medians(fimo(counter, many), lambda: counter.transform(many), rounds)
    letters = sum(map(len, many)) * counter.n_features_out_ * 2
    return {
        "counts_seconds": ours,
        "counts_mbp_motif_strand_per_second": letters / ours / 1e6,
        "speedup_counts_one_by_one": alone / ours_few,
        "ratio_fimo": peer / ours,
    }


def medians(peer, ours, rounds):
    """Median seconds of both, taking turns; the first call, which may compile, does not count."""
    runs = (peer, ours)
    hits = [int(run().sum()) for run in runs]
    if abs(hits[0] - hits[1]) > 0.1 * hits[1]:
        raise ValueError(f"hits differ, {hits[0]:,} and {hits[1]:,}: this is not the same work")
    times = [[], []]
    for _ in range(rounds):
        for run, own in zip(runs, times, strict=True):
            began = time.process_time()
            run()
            own.append(time.process_time() - began)
    return [float(np.median(own)) for own in times]


def one_by_one(counter, X):
    """lightmotif as its documentation has it: each sequence striped and scanned by each motif."""
    import lightmotif

    matrices = [
        lightmotif.CountMatrix(dict(zip("ACGT", C.astype(int).tolist(), strict=True)))
        .normalize(counter.pseudocount)
        .log_odds()
        for C in counter.matrices_
    ]
    strands = [(S, S.reverse_complement()) for S in matrices]

    def run():
        counts = np.zeros((len(X), len(strands)), dtype=np.int32)
        for i, text in enumerate(X):
            striped = lightmotif.stripe(text)
            for j, (pair, threshold) in enumerate(zip(strands, counter.thresholds_, strict=True)):
                for S in pair:
                    for _ in lightmotif.scan(S, striped, threshold=threshold):
                        counts[i, j] += 1
        return counts

    return run


def fimo(counter, X):
    """memelite's FIMO, and the hits of each motif in each sequence added up."""
    import numba
    from memelite import fimo as run_fimo

    numba.set_num_threads(1)
    motifs = {
        name: probabilities(C, counter.pseudocount)
        for name, C in zip(counter.motif_names_, counter.matrices_, strict=True)
    }
    letters = np.array([list(text) for text in X])
    one_hot = np.stack([letters == letter for letter in "ACGT"], axis=1).astype(np.int8)

    def run():
        tables = run_fimo(motifs, one_hot, threshold=counter.p_value)
        counts = np.zeros((len(X), len(motifs)), dtype=np.int32)
        for j, table in enumerate(tables):
            rows = table["sequence_name"].to_numpy().astype(np.int64)
            counts[:, j] = np.bincount(rows, minlength=len(X))
        return counts

    return run


def memory(quick=False):
    """Peak of counting in a process of its own, where nothing else has left room to reuse."""
    n = "2000" if quick else "50000"
    command = [sys.executable, "-m", "benchmarks.sequences.counts", "--memory", n]
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def _memory(n):
    warnings.simplefilter("ignore", FeatureSelectionWarning)
    rng = np.random.default_rng(0)
    letters = np.frombuffer(b"ACGT", dtype=np.uint8)[rng.integers(0, 4, (n, 500))]
    X = [row.tobytes() for row in letters]
    del letters
    counter = MotifCounter().fit()
    counter.transform(X[:10])
    gc.collect()
    before = _private_bytes()
    with PeakMemory() as peak:
        began = time.perf_counter()
        counts = counter.transform(X)
        seconds = time.perf_counter() - began
    result = sum(part.nbytes for part in (counts.data, counts.indices, counts.indptr)) / 1e6
    return {
        "counts_peak_extra_mb": peak.megabytes - result,
        "counts_result_mb": result,
        "counts_base_mb": before / 1e6,
        "counts_50000_seconds": seconds,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser("python -m benchmarks.sequences.counts")
    parser.add_argument("--memory", type=int, metavar="N", required=True)
    print(json.dumps(_memory(parser.parse_args().memory)))
