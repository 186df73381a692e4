"""What selectors of default networks keep of each design."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator

import numpy as np

from benchmarks.common import motif_tables
from benchmarks.nulls import designs
from sklearn_deeplifft import (
    DeepLIFFTSelector,
    FeatureSelectionWarning,
    GIATransformer,
    ImportanceNeuronSelector,
)

SHARED = {"n_features_to_select": "auto", "alpha": 0.1}
SELECTORS: dict[str, Callable] = {
    # Null columns are compared in the first round; the others only order what is selected.
    "": lambda seed: DeepLIFFTSelector(**SHARED, step=None, random_state=seed),
    "_gates": lambda seed: ImportanceNeuronSelector(**SHARED, random_state=seed),
    "_gia": lambda seed: GIATransformer(**SHARED, random_state=seed),
}
"""By the suffix of their figures."""

GLOBAL_NULLS: dict[str, Callable[[int], designs.Design]] = {
    "global_null_empty_share": designs.dense,
    "null_empty_sparse": designs.sparse_families,
    "null_empty_motifs": designs.motifs,
    "null_empty_wide": designs.wide,
    "null_empty_grouped": designs.grouped_noise,
    "null_empty_classes": designs.noise_of_classes,
}
PLANTED: dict[str, Callable[[int], designs.Design]] = {
    "independent": designs.independent,
    "correlated": designs.correlated,
    "skewed": designs.skewed,
    "close": designs.close,
    "copies": designs.copies,
    "sparse": designs.sparse,
    "few_rows": designs.few_rows,
    "grouped": designs.grouped,
    "classes": designs.of_classes,
    "one_class": designs.of_one_class,
}


def figures_of(
    design: str, suffix: str, n_draws: int, report: Callable[[str], None]
) -> dict[str, float]:
    """All figures of one design and one selector; ``per_class`` ones are of the same fits."""
    if design in GLOBAL_NULLS:
        if design == "null_empty_motifs" and not motif_tables.available():
            return {}
        found = list(_selections(GLOBAL_NULLS[design], suffix, n_draws, report))
        return {
            f"{design}{name}{suffix}": float(np.mean([not masks[i].any() for _, masks in found]))
            for i, name in enumerate(("", "_per_class"))
        }
    found = list(_selections(PLANTED[design], suffix, n_draws, report))
    figures = {}
    for i, name in enumerate(("", "_per_class")):
        fdp, power = np.transpose([drawn.outcome(masks[i]) for drawn, masks in found])
        figures |= {
            f"fdp_{design}{name}{suffix}": float(fdp.mean()),
            f"fdp_{design}{name}{suffix}_se": float(fdp.std(ddof=1) / np.sqrt(n_draws)),
            f"power_{design}{name}{suffix}": float(power.mean()),
        }
    return figures


def _selections(
    make: Callable[[int], designs.Design],
    suffix: str,
    n_draws: int,
    report: Callable[[str], None],
) -> Iterator[tuple[designs.Design, tuple[np.ndarray, np.ndarray]]]:
    """Each draw, and the masks (d,) that are kept of it: overall, and for any class."""
    for seed in range(n_draws):
        drawn = make(seed)
        selector = SELECTORS[suffix](seed)
        given = {} if drawn.groups is None else {"groups": drawn.groups}
        with warnings.catch_warnings():  # that nothing is kept is what is measured
            warnings.simplefilter("ignore", FeatureSelectionWarning)
            selector.fit(drawn.X, drawn.y, **given)
        overall = selector.get_support()
        of_any_class = selector.set_params(per_class=True).get_support()
        report(f"draw {seed}: {overall.sum()} kept, {of_any_class.sum()} for any class")
        yield drawn, (overall, of_any_class)
