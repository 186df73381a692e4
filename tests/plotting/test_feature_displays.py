"""Importances, stability, null features and two rankings: each figure holds its numbers."""

import matplotlib

matplotlib.use("Agg")

import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from scipy.stats import rankdata, spearmanr
from sklearn.exceptions import NotFittedError
from sklearn.feature_selection import RFE, SelectFromModel, SelectKBest, f_classif
from sklearn.linear_model import LogisticRegression

from sklearn_deeplifft import DeepLIFFTSelector, NetworkEnsembleClassifier
from sklearn_deeplifft.plotting import (
    ClassImportanceDisplay,
    ImportanceDisplay,
    NullFeatureDisplay,
    RankComparisonDisplay,
    StabilityDisplay,
)
from tests.conftest import planted

NAMES = [f"motif ${i}" for i in range(8)]
SMALL = {
    "n_networks": 3,
    "hidden_layer_sizes": (8,),
    "max_epochs": 10,
    "learning_rate": 0.02,
    "batch_size": 32,
    "random_state": 0,
}
ROWS = (ImportanceDisplay, StabilityDisplay, NullFeatureDisplay, ClassImportanceDisplay)


@pytest.fixture(scope="module")
def data():
    X, y = planted()
    return pd.DataFrame(X, columns=NAMES), y


@pytest.fixture(scope="module")
def selector(data):
    nulls = NetworkEnsembleClassifier(**SMALL, null_features=True)
    return DeepLIFFTSelector(nulls, step=None, n_features_to_select=3, random_state=0).fit(*data)


@pytest.fixture
def ax():
    return Figure().subplots()


def row_names(ax):
    return [label.get_text().replace(r"\$", "$") for label in ax.get_yticklabels()]


@pytest.mark.parametrize("display", ROWS)
def test_rows_are_the_best_features_and_given_axes_make_no_figure(display, selector, ax):
    before = plt.get_fignums()
    found = display.from_estimator(selector, k=5, ax=ax)
    assert plt.get_fignums() == before
    assert found.ax_ is ax
    assert found.figure_ is ax.figure
    if display is not NullFeatureDisplay:  # by p
        assert row_names(ax) == list(selector.top_features(5))
    ax.figure.canvas.draw()


@pytest.mark.parametrize("display", ROWS)
def test_all_features_if_there_are_fewer_and_none_are_refused(display, selector, ax):
    assert len(row_names(display.from_estimator(selector, k=100, ax=ax).ax_)) == 8
    for k in (0, 2.5, "a"):
        with pytest.raises(ValueError, match=f"k={k!r} features cannot be drawn"):
            display.from_estimator(selector, k=k, ax=ax)


@pytest.mark.parametrize("display", ROWS)
def test_a_selector_has_to_be_fitted(display):
    with pytest.raises(NotFittedError):
        display.from_estimator(DeepLIFFTSelector())


@pytest.mark.parametrize("display", ROWS)
def test_what_ranks_no_features_is_named(display, selector, data):
    wanted = "selector is a NetworkEnsembleClassifier, and what is drawn .* prefit=True"
    with pytest.raises(TypeError, match=wanted):
        display.from_estimator(selector.estimator_)
    with pytest.raises(TypeError, match="selector is a LogisticRegression, and what is drawn"):
        display.from_estimator(LogisticRegression().fit(*data))


def test_bars_and_intervals_are_those_of_the_frame(selector, ax):
    table = selector.to_frame()
    display = ImportanceDisplay.from_estimator(selector, ax=ax)
    lengths = [bar.get_width() for bar in display.bars_]
    np.testing.assert_array_equal(lengths, table["importance"])
    ends = np.array([segment[:, 0] for segment in display.interval_.get_segments()])
    np.testing.assert_array_equal(ends, table[["importance_low", "importance_high"]])
    colours = [bar.get_facecolor() for bar in display.bars_]
    assert len(set(colours[:3])) == len(set(colours[3:])) == 1
    assert colours[0] != colours[3]
    assert "pale: not selected" in ax.get_xlabel()
    assert selector.quantities_.importance in ax.get_xlabel()


def test_one_network_has_no_interval(data, ax):
    one = NetworkEnsembleClassifier(**{**SMALL, "n_networks": 1})
    fitted = DeepLIFFTSelector(one, step=None).fit(*data)
    display = ImportanceDisplay.from_estimator(fitted, ax=ax)
    assert display.interval_ is None
    assert "interval" not in ax.get_xlabel()


def test_dots_are_the_ranks_of_each_network(selector, ax):
    display = StabilityDisplay.from_estimator(selector, ax=ax)
    order = np.argsort(selector.ranking_)
    ranks = np.array([rankdata(-row) for row in selector.importances_per_network_])[:, order]
    np.testing.assert_array_equal(display.dots_.get_xdata(), ranks.ravel())
    np.testing.assert_array_equal(display.means_.get_xdata(), selector.mean_ranks_[order])
    np.testing.assert_array_equal(np.round(display.dots_.get_ydata()), np.tile(np.arange(8), 3))
    shares = [bar.get_width() for bar in display.frequency_ax_.patches]
    np.testing.assert_allclose(shares, 100 * selector.selection_frequency_[order])
    cut = [line for line in ax.lines if line.get_linestyle() == "--"]
    assert cut[0].get_xdata()[0] == 3.5


def test_a_cut_that_is_not_drawn_is_not_spoken_of(ax):
    StabilityDisplay([[1, 2]], feature_names="ab", n_selected=2).plot(ax)
    assert "dashed" not in ax.get_xlabel()


def test_p_values_stand_on_either_side_of_the_cut(selector, ax):
    table = selector.to_frame().sort_values("p_value", kind="stable")
    display = NullFeatureDisplay.from_estimator(selector, ax=ax)
    np.testing.assert_array_equal(display.dots_.get_offsets()[:, 0], table["p_value"])
    assert row_names(ax) == table["feature"].tolist()
    np.testing.assert_array_equal(display.selected_, table["q_value"] <= selector.alpha)
    p = table["p_value"].to_numpy()
    if display.cut_ is not None:
        at = display.cut_.get_xdata()[0]
        np.testing.assert_array_equal(p < at, display.selected_)


def test_a_cut_lies_between_what_is_selected_and_what_is_not(ax):
    display = NullFeatureDisplay([0.001, 0.02, 0.5], [0.003, 0.03, 0.5], feature_names="abc")
    assert 0.02 < display.plot(ax).cut_.get_xdata()[0] < 0.5
    none = NullFeatureDisplay([0.4], [0.4], feature_names="a").plot(ax)
    assert none.cut_ is None
    with pytest.raises(ValueError, match="above 0 to 1"):
        NullFeatureDisplay([0.0], [0.0], feature_names="a").plot(ax)


def test_networks_that_read_no_null_features_have_no_p_values(data):
    fitted = DeepLIFFTSelector(NetworkEnsembleClassifier(**SMALL), step=None).fit(*data)
    with pytest.raises(ValueError, match="have read no null features"):
        NullFeatureDisplay.from_estimator(fitted)


def test_groups_are_one_row_in_each(data, ax):
    nulls = NetworkEnsembleClassifier(**SMALL, null_features=True)
    groups = {NAMES[0]: "pair", NAMES[1]: "pair"}
    fitted = DeepLIFFTSelector(nulls, step=None, feature_groups=groups).fit(*data)
    for display in ROWS:
        rows = row_names(display.from_estimator(fitted, ax=Figure().subplots()).ax_)
        assert len(rows) == 7
        assert rows.count("pair") == 1


@pytest.mark.parametrize(
    ("display", "given"),
    [
        (ImportanceDisplay, ([1.0, 2.0],)),
        (StabilityDisplay, ([[1, 2]],)),
        (NullFeatureDisplay, ([0.1, 0.2], [0.1, 0.2])),
    ],
)
def test_values_and_names_have_to_be_alike(display, given, ax):
    with pytest.raises(ValueError, match="holds 2 values, and feature_names 3"):
        display(*given, feature_names="abc").plot(ax)


@pytest.mark.parametrize("n", [1, 12, 60, pytest.param(500, marks=pytest.mark.long)])
@pytest.mark.parametrize("kind", ["importance", "stability", "nulls"])
def test_labels_do_not_overlap_at_any_length(kind, n):
    rng = np.random.default_rng(0)
    names, ranks = [f"motif {i} of a long name" for i in range(n)], np.arange(n) + 1
    p = (ranks / (n + 1)) ** 2
    display = {
        "importance": ImportanceDisplay(1 / ranks, feature_names=names),
        "stability": StabilityDisplay(
            np.array([rng.permutation(ranks) for _ in range(3)]), feature_names=names
        ),
        "nulls": NullFeatureDisplay(p, p, feature_names=names),
    }[kind].plot()
    display.figure_.canvas.draw()
    boxes = [label.get_window_extent() for label in display.ax_.get_yticklabels()]
    assert len(boxes) == n
    assert all(above.y0 >= below.y1 for above, below in itertools.pairwise(boxes))
    assert min(box.x0 for box in boxes) >= 0
    low, high = display.ax_.get_xlim()
    axis = display.ax_.xaxis
    marks = [at for at in axis.get_ticklocs() if low <= at <= high]
    marked = dict(zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=False))  # also on top
    ticks = [marked[at].get_window_extent() for at in sorted(marks)]
    assert all(a.x1 < b.x0 for a, b in itertools.pairwise(ticks))
    plt.close(display.figure_)


# Two rankings


def test_the_first_of_either_are_drawn_and_joined(ax):
    rng = np.random.default_rng(0)
    left, right = rng.permutation(30) + 1, rng.permutation(30) + 1
    names = [f"f{i}" for i in range(30)]
    display = RankComparisonDisplay(left, right, feature_names=names, k=5).plot(ax)
    expected = [i for i in range(30) if left[i] <= 5 or right[i] <= 5]
    assert display.drawn_.tolist() == expected
    assert display.overlap_ == sum(left[i] <= 5 and right[i] <= 5 for i in range(30))
    assert display.correlation_ == pytest.approx(spearmanr(left, right).statistic)
    assert len(ax.lines) == len(expected)
    texts = {text.get_text() for text in ax.texts}
    for i in expected:
        assert {f"f{i}  {left[i]}", f"{right[i]}  f{i}"} <= texts
    for ranks, x in ((left, 0), (right, 1)):
        drawn = sorted(expected, key=lambda i: ranks[i])
        heights = {i: line.get_ydata()[x] for i, line in zip(expected, ax.lines, strict=True)}
        assert sorted(expected, key=lambda i: heights[i]) == drawn


@pytest.mark.parametrize(
    "other",
    [
        SelectKBest(k=3),
        RFE(LogisticRegression(), n_features_to_select=1),
        SelectFromModel(LogisticRegression()),
        LogisticRegression(),
    ],
    ids=lambda other: type(other).__name__,
)
def test_any_method_that_ranks_columns_can_be_compared(other, selector, data, ax):
    X, y = data
    display = RankComparisonDisplay.from_estimators(selector, other.fit(X, y), k=3, ax=ax)
    assert display.labels == ("DeepLIFFTSelector", type(other).__name__)
    np.testing.assert_array_equal(display.left, selector.ranking_)
    expected = {
        "SelectKBest": lambda: f_classif(X, y)[0],
        "RFE": lambda: -other.ranking_,
        "SelectFromModel": lambda: np.linalg.norm(other.estimator_.coef_, axis=0),
        "LogisticRegression": lambda: np.linalg.norm(other.coef_, axis=0),
    }[type(other).__name__]()
    np.testing.assert_array_equal(display.right, rankdata(-np.asarray(expected)))


def test_a_selector_against_itself_or_against_scores(selector, ax):
    twin = RankComparisonDisplay.from_estimators(selector, selector, ax=ax)
    assert twin.overlap_ == 8
    assert twin.correlation_ == pytest.approx(1)
    back = RankComparisonDisplay.from_estimators(selector, selector.ranking_ * 1.0, ax=ax)
    assert back.correlation_ == pytest.approx(-1)


def test_what_has_no_ranking_of_these_columns_is_refused(selector, ax):
    with pytest.raises(TypeError, match="LogisticRegression has nothing to rank features by"):
        RankComparisonDisplay.from_estimators(selector, LogisticRegression(), ax=ax)
    with pytest.raises(ValueError, match="of 3 columns, and the first of 8"):
        RankComparisonDisplay.from_estimators(selector, [1.0, 2.0, 3.0], ax=ax)
    with pytest.raises(ValueError, match="hold 2 ranks, and feature_names 3"):
        RankComparisonDisplay([1, 2], [2, 1], feature_names="abc").plot(ax)
