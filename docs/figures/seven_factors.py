"""Draw the first figure of the README: motifs that tell the peaks of seven factors apart.

    python docs/figures/seven_factors.py [FOLDER]

FOLDER holds the motif tables, as that of the benchmarks does (``../shared/data`` by default).
"""

import sys
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd

from benchmarks.common.motif_tables import deepbind_classes
from sklearn_deeplifft import DeepLIFFTSelector
from sklearn_deeplifft.plotting import ClassImportanceDisplay

FILE = Path(__file__).parents[1] / "_static" / "seven_factors.png"
PER_CLASS = 2
"""Motifs drawn of each factor: those that speak most for it."""


def fitted(folder=None):
    """Return the default selector, fitted on counts of 908 motifs in 3,500 peaks."""
    table = deepbind_classes(folder)
    X = pd.DataFrame(table.X, columns=table.feature_names)
    y = np.array(table.target_names)[table.y]
    return DeepLIFFTSelector(random_state=0).fit(X, y)


def drawn(selector):
    """Return the display: factors side by side, and one after another the motifs of each."""
    names = pd.Index(selector.feature_names_in_)
    first = [selector.top_features(PER_CLASS, label=factor) for factor in selector.classes_]
    shown = names.get_indexer(pd.unique(np.concatenate(first)))
    symbols = [" ".join(reversed(names[i].split(" "))) for i in shown]  # NFYA MA0060.4
    return ClassImportanceDisplay(
        np.abs(selector.class_importances_[:, shown].T),
        directions=np.sign(selector.class_slopes_[:, shown].T),
        feature_names=symbols,
        class_names=selector.classes_,
    ).plot()


def main(folder=None):
    """Fit, draw, and write the figure."""
    matplotlib.use("Agg")
    figure = drawn(fitted(folder)).figure_
    figure.savefig(FILE, dpi=150, bbox_inches="tight", metadata={"Software": None})


if __name__ == "__main__":
    main(*sys.argv[1:])
