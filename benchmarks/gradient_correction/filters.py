"""Filters of the first layers as motifs, as Koo and Ploenzke 2021 count them.

``filters_KIND``: of 24 filters, those whose best match among the 519 matrices of JASPAR 2016 is of
a family of the five planted motifs, at an E-value below .1; mean over the networks of a kind.
``filters_exp``: over those of both exponential kinds. Families are JASPAR's own; YY1, whose family
is of unlike zinc fingers, stands for itself.
"""

import numpy as np

from benchmarks.gradient_correction import published
from benchmarks.gradient_correction.kinds import KINDS
from benchmarks.gradient_correction.kinds import published as published_kinds
from sklearn_deeplifft.sequences import MotifCounter, filter_motifs

DATABASE, E_VALUE = "JASPAR2016:vertebrates", 0.1


def figures(quick=False, data=None):
    """All figures of this part: a flat dict."""
    X = published.sequences(200 if quick else 2000, data).X.astype(np.float32)
    wanted = core_motifs()
    counts = {kind: [] for kind in KINDS}
    for kind, net in published_kinds(data, quick):
        table = filter_motifs(net, X).match(DATABASE)
        near = table[table["e_value"] < E_VALUE]
        counts[kind].append(int(near["motif"].isin(wanted).sum()))
        print(f"{kind:13s} {counts[kind][-1]} of {len(table)}", flush=True)
    found = {f"filters_{kind}": float(np.mean(of)) for kind, of in counts.items()}
    found["filters_exp"] = float(np.mean(counts["deep_exp"] + counts["shallow_exp"]))
    return found


def core_motifs():
    """Names of the matrices in the families of the planted motifs."""
    counter = MotifCounter(DATABASE, families="class").fit()
    names = np.array(counter.motif_names_)
    core = np.array([name.split()[-1] in published.CORE for name in names])
    return set(names[np.isin(counter.families_, counter.families_[core])])
