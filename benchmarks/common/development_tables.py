"""Tables for choosing defaults on; none of them is in a reported benchmark.

Nine real ones of few rows and many columns (one of words has more rows), one small one that comes
with scikit-learn, and five generated ones of several shapes, each with the seed 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.sparse import csr_array
from sklearn.datasets import load_wine, make_classification

from benchmarks.common.quality_tables import (
    QualityTable,
    as_table,
    from_sklearn,
    read_mat,
    splittable,
)
from sklearn_deeplifft.datasets import make_motif_counts

FOLDER = "development"


def _real(name: str, file: str):
    def read(data_dir):
        return as_table(name, *splittable(*read_mat(data_dir, FOLDER, file)))

    return read


def _generated(name: str, draw: Callable[[np.random.RandomState], tuple]):
    def read(data_dir):
        return as_table(name, *draw(np.random.RandomState(0)))

    return read


def _expression(rng):
    """Few samples, many genes: three classes of two clusters, skewed like intensities."""
    X, y = make_classification(
        n_samples=120,
        n_features=5000,
        n_informative=15,
        n_redundant=60,
        n_classes=3,
        n_clusters_per_class=2,
        class_sep=1.5,
        flip_y=0.03,
        random_state=rng,
    )
    return np.exp(X / 2), y


def _sensors(rng):
    """Many rows, few columns: six classes of three clusters each, which no line separates."""
    return make_classification(
        n_samples=6000,
        n_features=60,
        n_informative=12,
        n_redundant=12,
        n_classes=6,
        n_clusters_per_class=3,
        class_sep=1.5,
        flip_y=0.02,
        random_state=rng,
    )


def _motifs(rng):
    """Hits of motifs in regions: families of near-copies, and pairs that tell only together."""
    found = make_motif_counts(2400, 320, 5, class_skew=4.0, random_state=rng)
    return found.X, found.y


def _faces(rng):
    """Fifteen people, nine smooth 32 x 32 images of each: shifted, unevenly lit, with grain."""
    people = gaussian_filter(rng.normal(size=(15, 40, 40)), (0, 3, 3)) * 10
    lights = gaussian_filter(rng.normal(size=(135, 32, 32)), (0, 9, 9)) * 25
    y = np.repeat(np.arange(15), 9)
    across, down = rng.randint(2, 7, size=(2, 135))
    faces = [people[c, i : i + 32, j : j + 32] for c, i, j in zip(y, across, down, strict=True)]
    grain = rng.normal(scale=0.4, size=(135, 32, 32))
    return (np.array(faces) + lights + grain).reshape(135, -1), y


def _words(rng):
    """Counts of 3,000 words in 1,200 texts of four topics; rates follow Zipf's law."""
    y = rng.randint(4, size=1200)
    rates = 1 / np.arange(3, 3003)
    topics = np.tile(rates, (4, 1))
    for topic in topics:
        own = rng.choice(np.arange(20, 3000), size=60, replace=False)
        topic[own] *= np.exp(rng.normal(1.0, 0.8, size=60))
    topics /= topics.sum(axis=1, keepdims=True)
    lengths = rng.lognormal(np.log(60), 0.6, size=(1200, 1))
    # A text is of several subjects: rates are mixed, and words come in bursts.
    mixed = 0.7 * topics[y] + 0.3 * topics[rng.randint(4, size=1200)]
    bursts = rng.gamma(1.0, 1.0, size=mixed.shape)
    return rng.poisson(lengths * mixed * bursts), y


def _sparse(read):
    def changed(data_dir):
        table = read(data_dir)
        return replace(table, X=csr_array(table.X))

    return changed


#: Quick ones first.
DEVELOPMENT_TABLES: dict[str, Callable[[str | Path | None], QualityTable]] = {
    "wine": from_sklearn("wine", load_wine),
    "yale": _real("yale", "Yale.mat"),
    "generated_faces": _generated("generated_faces", _faces),
    "warp_ar10p": _real("warp_ar10p", "warpAR10P.mat"),
    "generated_motifs": _generated("generated_motifs", _motifs),
    "generated_sensors": _generated("generated_sensors", _sensors),
    "generated_words": _sparse(_generated("generated_words", _words)),
    "generated_expression": _generated("generated_expression", _expression),
    "leukemia": _real("leukemia", "leukemia.mat"),
    "allaml": _real("allaml", "ALLAML.mat"),
    "prostate_ge": _real("prostate_ge", "Prostate-GE.mat"),
    "nci9": _real("nci9", "nci9.mat"),
    "orl": _real("orl", "ORL.mat"),
    "relathe": _sparse(_real("relathe", "RELATHE.mat")),
    "orlraws10p": _real("orlraws10p", "orlraws10P.mat"),
}
