"""Clusters of the examples of a class: a heat map of their scores, band by band."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.cluster.hierarchy import leaves_list

from sklearn_deeplifft._printable import shown
from sklearn_deeplifft.plotting._axes import axes_or_new
from sklearn_deeplifft.plotting._labels import literal, shortened, spread
from sklearn_deeplifft.plotting._signed_cells import NAME_SIZE, draw_scale
from sklearn_deeplifft.selectors import ScoreClusters

__all__ = ["ScoreClusterDisplay"]

LONGEST_FEATURE = 24
LETTER = 0.075
"""Inches that a letter of a label takes, on average."""
COLUMN = 0.32
"""Inches of a feature."""
SLANT = 0.7
CENTRAL = 99.0
"""Percentile of sizes at which colours are full: a single example must not bleach the others."""
LABEL_GAP = 0.055
"""Share of the height between labels of clusters, which are moved apart where bands are low."""


class ScoreClusterDisplay:
    """Scores of examples, cluster by cluster, the largest on top: what each is recognised by.

    Rows are examples and columns the features that tell clusters apart, those of cluster 1 first.
    Blue speaks for the class, red against it. A band is as high as its cluster is large.

    Parameters
    ----------
    clusters : ScoreClusters
        From `score_clusters`.
    k : int, default=5
        Features of each cluster.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    im_ : matplotlib AxesImage
    colorbar_ : matplotlib Colorbar
    feature_names_ : list of str
        Of the columns drawn.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_deeplifft import DeepLIFFTSelector, score_clusters
    >>> from sklearn_deeplifft.plotting import ScoreClusterDisplay
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> one = DeepLIFFTSelector.default_estimator(n_networks=1)
    >>> selector = DeepLIFFTSelector(one, step=None, random_state=0).fit(X, y)
    >>> found = score_clusters(selector, X, y, 1, n_clusters=2)
    >>> display = ScoreClusterDisplay(found, k=2).plot()
    >>> len(display.feature_names_) <= 4
    True
    >>> import matplotlib.pyplot as plt
    >>> plt.close(display.figure_)
    """

    def __init__(self, clusters: ScoreClusters, *, k: int = 5) -> None:
        self.clusters = clusters
        self.k = k

    def plot(self, ax: Any = None) -> ScoreClusterDisplay:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        ScoreClusterDisplay
            Itself, with the attributes set.
        """
        found = self.clusters
        if not isinstance(found, ScoreClusters):
            raise TypeError(f"clusters={shown(found)} must be what score_clusters returns.")
        columns = _columns(found, self.k)
        order, heights = _rows(found)
        labels = [literal(shortened(found.feature_names[j], LONGEST_FEATURE)) for j in columns]
        below = SLANT * LETTER * max(map(len, labels))
        self.ax_ = axes_or_new(ax, (2.4 + COLUMN * max(len(columns), 6), 4.4 + below))
        self.figure_ = self.ax_.figure
        self.feature_names_ = [str(found.feature_names[j]) for j in columns]
        self.im_ = self._draw_map(found.scores[order][:, columns])
        self._label_clusters(found, heights)
        self.ax_.set_xticks(
            range(len(labels)),
            labels,
            fontsize=NAME_SIZE,
            rotation=45,
            ha="right",
            rotation_mode="anchor",
        )
        self.ax_.tick_params(length=0)
        title = f"score for class {shortened(found.target_class, 20)}"
        self.colorbar_ = draw_scale(self.im_, literal(title))
        return self

    def _draw_map(self, scores: np.ndarray) -> Any:
        limit = float(np.percentile(np.abs(scores), CENTRAL)) or float(np.abs(scores).max()) or 1.0
        image = self.ax_.imshow(
            scores,
            cmap="RdBu",
            vmin=-limit,
            vmax=limit,
            aspect="auto",
            interpolation="nearest",  # smooth ones blur the columns as well
        )
        self.ax_.set_xticks(np.arange(scores.shape[1] - 1) + 0.5, minor=True)
        self.ax_.grid(which="minor", axis="x", color="white", linewidth=0.8)
        self.ax_.tick_params(which="minor", length=0)
        self.ax_.spines[:].set_visible(False)
        return image

    def _label_clusters(self, found: ScoreClusters, heights: np.ndarray) -> None:
        ends = np.cumsum(heights)
        for end in ends[:-1]:
            self.ax_.axhline(end - 0.5, color="#333333", linewidth=1.2)
        middles = ends - heights / 2 - 0.5
        n = int(ends[-1])
        places = spread(middles.tolist(), gap=LABEL_GAP * n, low=0.02 * n, high=0.98 * n)
        names = [f"cluster {i} ({size:,})" for i, size in enumerate(found.sizes, start=1)]
        self.ax_.set_yticks(places, names, fontsize=NAME_SIZE)


def _columns(found: ScoreClusters, k: int) -> list[int]:
    """Positions of the features to draw, those of the first cluster first, each once."""
    best = [j for cluster in range(1, found.n_clusters + 1) for j in found.best(cluster, k)]
    return list(dict.fromkeys(int(j) for j in best))


def _rows(found: ScoreClusters) -> tuple[np.ndarray, np.ndarray]:
    """Order of the examples, by cluster and within it by the tree, and the bands' heights."""
    leaves = leaves_list(found.linkage)
    order = leaves[np.argsort(found.clusters[leaves], kind="stable")]
    return order, found.sizes
