"""The heat map of clusters: bands of examples, the features of each cluster."""

from __future__ import annotations

import matplotlib

matplotlib.use("Agg")

import numpy as np
import pytest
from matplotlib.figure import Figure
from scipy.cluster.hierarchy import linkage

from sklearn_deeplifft.plotting import ScoreClusterDisplay
from sklearn_deeplifft.selectors import ScoreClusters


@pytest.fixture
def found():
    scores = np.zeros((6, 4))
    scores[[0, 2, 4, 5], 1] = [0.5, 0.6, 0.55, 0.5]
    scores[[1, 3], 3] = [0.4, -0.4]
    scores[[1, 3], 0] = 0.3
    names = np.array(["a", "b", "b", "c$d"], dtype=object)
    at, clusters = np.arange(6), np.array([1, 2, 1, 2, 1, 1])
    return ScoreClusters(
        *("x", scores, scores, at, at, clusters, names, linkage(scores, "ward"), None, at, 6, 6)
    )


def test_bands_are_clusters_and_columns_their_features(found):
    ax = Figure().subplots()
    display = ScoreClusterDisplay(found, k=2).plot(ax=ax)
    assert display.feature_names_ == ["b", "a"]
    shown = np.asarray(display.im_.get_array())
    assert shown.shape == (6, 2)
    assert (shown[:4, 0] > 0).all()
    np.testing.assert_array_equal(shown[4:], [[0, 0.3], [0, 0.3]])
    assert [text.get_text() for text in ax.get_yticklabels()] == ["cluster 1 (4)", "cluster 2 (2)"]
    assert ax.get_lines()[0].get_ydata()[0] == 3.5
    low, high = display.im_.get_clim()
    assert low == -high
    all_of_them = ScoreClusterDisplay(found, k=4).plot(ax=Figure().subplots())
    assert sorted(all_of_them.feature_names_) == ["a", "b", "b", "c$d"]


def test_what_is_no_clusters_is_refused():
    with pytest.raises(TypeError, match="must be what score_clusters returns"):
        ScoreClusterDisplay([1, 2]).plot()
