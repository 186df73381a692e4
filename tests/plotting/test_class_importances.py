"""The heat map holds the numbers of the selector, best on top, and leaves pyplot alone."""

from __future__ import annotations

import sys

import matplotlib

matplotlib.use("Agg")

import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from sklearn_deeplifft.plotting import ClassImportanceDisplay
from tests.conftest import planted, quick


@pytest.fixture
def selector():
    X, y = planted()
    frame = pd.DataFrame(X, columns=[f"feature {i}" for i in range(X.shape[1])])
    return quick().fit(frame, np.array(["a", "b", "c"])[y])


@pytest.fixture
def ax():
    return Figure().subplots()


def drawn_labels(axis) -> list[str]:
    return [label.get_text() for label in axis.get_ticklabels()]


def test_rows_are_the_best_features_in_order(selector, ax):
    display = ClassImportanceDisplay.from_estimator(selector, k=5, ax=ax)
    best = np.argsort(selector.ranking_)[:5]
    np.testing.assert_array_equal(display.im_.get_array(), selector.class_importances_[:, best].T)
    assert drawn_labels(ax.yaxis) == [f"feature {i}" for i in best]
    assert drawn_labels(ax.xaxis) == ["a", "b", "c"]
    assert ax.get_ylim()[0] > ax.get_ylim()[1]
    assert display.ax_ is ax
    assert display.figure_ is ax.figure


def test_colours_are_centred_on_zero(selector, ax):
    low, high = ClassImportanceDisplay.from_estimator(selector, ax=ax).im_.get_clim()
    assert low == -high < 0
    assert high == np.abs(selector.class_importances_).max()


def test_given_axes_make_no_figure_and_none_makes_one(selector, ax):
    before = plt.get_fignums()
    ClassImportanceDisplay.from_estimator(selector, ax=ax)
    assert plt.get_fignums() == before
    display = ClassImportanceDisplay.from_estimator(selector)
    assert len(plt.get_fignums()) == len(before) + 1
    plt.close(display.figure_)


def test_unnamed_columns_and_regressions_have_labels(ax):
    X, y = planted()
    fitted = quick(task="regression").fit(X, y.astype(float) + 0.5)
    ClassImportanceDisplay.from_estimator(fitted, k=2, ax=ax)
    assert drawn_labels(ax.xaxis) == ["prediction"]
    assert all(label.startswith("x") for label in drawn_labels(ax.yaxis))


def test_several_targets_are_named_by_target_and_class(ax):
    X, y = planted()
    fitted = quick().fit(X, np.c_[y, y % 2])
    ClassImportanceDisplay.from_estimator(fitted, ax=ax)
    assert drawn_labels(ax.xaxis) == ["0: 0", "0: 1", "0: 2", "1: 0", "1: 1"]


def test_k_below_one_is_refused(selector):
    with pytest.raises(ValueError, match="k=0"):
        ClassImportanceDisplay.from_estimator(selector, k=0)


def test_triangles_point_where_the_class_is_high_and_only_in_dark_cells(ax):
    ClassImportanceDisplay(
        [[1.0, -0.5, 0.01]],
        feature_names=["f"],
        class_names="abc",
        directions=[[1, -1, 1]],
    ).plot(ax=ax)
    assert [line.get_marker() for line in ax.lines] == ["^", "v"]


@pytest.mark.slow
@pytest.mark.parametrize(("n_features", "n_classes"), [(1, 1), (30, 8), (5, 60)])
def test_labels_stay_inside_and_do_not_overlap(n_features, n_classes):
    display = ClassImportanceDisplay(
        np.zeros((n_features, n_classes)),
        feature_names=[
            f"a_very_long_name_of_a_feature_$that$_goes_on_{i}" for i in range(n_features)
        ],
        class_names=[f"progenitor cells {i}" for i in range(n_classes)],
    )
    figure = Figure(figsize=display.size(), layout="constrained")
    display.plot(ax=figure.subplots())
    figure.draw_without_rendering()
    names = [label.get_window_extent() for label in display.ax_.get_yticklabels()]
    assert min(box.x0 for box in names) >= 0
    assert all(a.y0 >= b.y1 - 2 for a, b in itertools.pairwise(names))
    classes = [label.get_window_extent() for label in display.ax_.get_xticklabels()]
    assert min(box.y0 for box in classes) >= 0


def test_without_matplotlib_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    display = ClassImportanceDisplay([[1.0]], feature_names=["f"], class_names=["c"])
    with pytest.raises(ImportError, match=r"sklearn-deeplifft\[plot\]"):
        display.plot()
