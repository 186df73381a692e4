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

from sklearn_deeplifft import (
    DeepLIFFTSelector,
    GIATransformer,
    ImportanceNeuronSelector,
    NetworkEnsembleClassifier,
    NetworkEnsembleRegressor,
)
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
    shown = np.abs(selector.class_importances_) * np.sign(selector.class_slopes_)
    np.testing.assert_array_equal(display.im_.get_array(), shown[:, best].T)
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


def test_a_regression_is_bars_of_its_slopes(ax):
    X, _ = planted()
    fitted = quick(task="regression").fit(X, 3 * X[:, 0] - 2 * X[:, 1])
    display = ClassImportanceDisplay.from_estimator(fitted, k=4, ax=ax)
    assert display.im_ is display.colorbar_ is None
    best = np.argsort(fitted.ranking_)[:4]
    lengths = [bar.get_width() for bar in display.bars_]
    np.testing.assert_allclose(lengths, fitted.class_slopes_[0, best])
    assert lengths[0] > 0.3
    assert lengths[1] < -0.3
    assert len({bar.get_facecolor() for bar in list(display.bars_)[:2]}) == 2
    assert drawn_labels(ax.yaxis) == [f"x{i}" for i in best]
    assert "prediction for one standard" in ax.get_xlabel()


def test_importances_stand_beside_in_the_same_rows(selector, ax):
    display = ClassImportanceDisplay.from_estimator(selector, k=5, ax=ax)
    beside = display.importance_ax_
    best = np.argsort(selector.ranking_)[:5]
    lengths = [bar.get_width() for bar in beside.patches]
    np.testing.assert_allclose(lengths, selector.feature_importances_[best])
    assert beside.get_ylim() == ax.get_ylim()
    assert beside.get_xlabel() == selector.quantities_.importance


KINDS = {
    "DeepLIFFT": (DeepLIFFTSelector, {"step": None}),
    "gates": (ImportanceNeuronSelector, {}),
    "GIA": (GIATransformer, {}),
    "GIA, proba": (GIATransformer, {"scale": "proba"}),
}
CLASS_LABELS = {
    "DeepLIFFT": "mean change of the class's probability\nover its own rows",
    "gates": "mean change of the class's probability\nover its own rows",
    "GIA": "mean change of the class's centred logit",
    "GIA, proba": "mean change of the class's probability\nby having more of the feature",
}
IMPORTANCES = {
    "DeepLIFFT": "size of the change of the\ntrue class's probability",
    "gates": "share of the gates,\nmean over networks",
    "GIA": "mean size of the change of\nthe class's centred logit",
    "GIA, proba": "mean size of the change of\nthe class's probability",
}


@pytest.mark.parametrize("kind", KINDS)
def test_axes_say_the_quantity_of_each_selector(kind, ax):
    X, y = planted()
    kwargs = {"n_networks": 1, "hidden_layer_sizes": (8,), "max_epochs": 5, "path_steps": 20}
    made, params = KINDS[kind]
    fitted = NetworkEnsembleClassifier(**kwargs, random_state=0).fit(X, y)
    selector = made(fitted, prefit=True, random_state=0, **params).fit(X, y)
    display = ClassImportanceDisplay.from_estimator(selector, ax=ax)
    assert display.colorbar_.ax.get_xlabel().startswith(CLASS_LABELS[kind])
    assert display.importance_ax_.get_xlabel() == IMPORTANCES[kind]
    assert ("blue" in display.colorbar_.ax.get_xlabel()) == (made is not GIATransformer)
    numbers = NetworkEnsembleRegressor(**kwargs, random_state=0).fit(X, X[:, 0])
    selector = made(numbers, prefit=True, random_state=0).fit(X, X[:, 0])
    display = ClassImportanceDisplay.from_estimator(selector, ax=Figure().subplots())
    for label in (display.ax_.get_xlabel(), display.importance_ax_.get_xlabel()):
        assert "probability" not in label
        assert "logit" not in label
    assert "prediction" in display.ax_.get_xlabel()


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"step": 0.5}, "share of all features'\nscores, mean of rounds"),
        ({"target_class": 1}, "mean change of the\nprobability of 1"),
    ],
)
def test_quantities_are_those_of_the_fit(params, said):
    X, y = planted()
    selector = quick(**params).fit(X, y)
    selector.set_params(step=None, target_class=None)
    assert selector.quantities_.importance == said


def test_neurons_are_not_called_by_the_names_of_columns(ax):
    X, y = planted()
    frame = pd.DataFrame(X, columns=[f"feature {i}" for i in range(X.shape[1])])
    fitted = quick(layer="0").fit(frame, y)
    ClassImportanceDisplay.from_estimator(fitted, k=3, ax=ax)
    assert all(label.startswith("neuron ") for label in drawn_labels(ax.yaxis))


def test_several_targets_are_named_by_target_and_class(ax):
    X, y = planted()
    fitted = quick().fit(X, np.c_[y, y % 2])
    ClassImportanceDisplay.from_estimator(fitted, ax=ax)
    assert drawn_labels(ax.xaxis) == ["0: 0", "0: 1", "0: 2", "1: 0", "1: 1"]


def test_k_below_one_is_refused(selector):
    with pytest.raises(ValueError, match="k=0"):
        ClassImportanceDisplay.from_estimator(selector, k=0)


def test_directions_give_the_sign_and_without_one_a_cell_is_grey(ax):
    display = ClassImportanceDisplay(
        [[1.0, 0.5, -0.7, 0.0]],
        feature_names=["f"],
        class_names="abcd",
        directions=[[-0.1, 0, 3, 0]],
    ).plot(ax=ax)
    np.testing.assert_array_equal(display.im_.get_array(), [[-1, 0, 0.7, 0]])
    assert display.importance_ax_ is None
    grey = ax.images[1].get_array()
    np.testing.assert_array_equal(grey.mask, [[True, False, True, True]])
    assert grey[0, 1] == 0.5


@pytest.mark.slow
@pytest.mark.parametrize(("n_features", "n_classes"), [(1, 1), (30, 8), (5, 60), (500, 2)])
def test_labels_stay_inside_and_do_not_overlap(n_features, n_classes):
    display = ClassImportanceDisplay(
        np.zeros((n_features, n_classes)),
        feature_names=[
            f"a_very_long_name_of_a_feature_$that$_goes_on_{i}" for i in range(n_features)
        ],
        class_names=[f"progenitor cells {i}" for i in range(n_classes)],
        overall=np.linspace(1, 0, n_features),
    )
    figure = Figure(figsize=display.size(), layout="constrained")
    display.plot(ax=figure.subplots())
    figure.draw_without_rendering()
    names = [label.get_window_extent() for label in display.ax_.get_yticklabels()]
    assert min(box.x0 for box in names) >= 0
    assert all(a.y0 >= b.y1 - 2 for a, b in itertools.pairwise(names))
    classes = [label.get_window_extent() for label in display.ax_.get_xticklabels()]
    assert min(box.y0 for box in classes) >= 0
    beside = display.importance_ax_.get_window_extent()
    assert beside.x0 >= display.ax_.get_window_extent().x1
    assert beside.x1 <= figure.bbox.x1
    if display.colorbar_ is not None:
        above = display.colorbar_.ax.get_tightbbox()
        assert above.y1 <= figure.bbox.y1 + 1
        assert above.y0 >= display.ax_.get_window_extent().y1


def test_of_too_many_classes_some_are_named():
    names = [f"class {i}" for i in range(214)]
    display = ClassImportanceDisplay(np.ones((4, 214)), feature_names="abcd", class_names=names)
    figure = Figure(figsize=display.size(), layout="constrained")
    axes = display.plot(ax=figure.subplots()).ax_
    assert [label.get_text() for label in axes.get_xticklabels()] == names[::3]
    assert axes.get_xticks().tolist() == list(range(0, 214, 3))


def test_without_matplotlib_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    display = ClassImportanceDisplay([[1.0]], feature_names=["f"], class_names=["c"])
    with pytest.raises(ImportError, match=r"sklearn-deeplifft\[plot\]"):
        display.plot()
