"""Doses, pairs and single rows: each figure holds the numbers that it was given."""

import itertools

import matplotlib

matplotlib.use("Agg")

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from matplotlib.figure import Figure
from sklearn.linear_model import LinearRegression, LogisticRegression

from sklearn_deeplifft import DeepLIFFTSelector, NetworkEnsembleClassifier, NetworkEnsembleRegressor
from sklearn_deeplifft.interventions import add, dose_response, pairwise_epistasis
from sklearn_deeplifft.plotting import DoseResponseDisplay, EpistasisDisplay, RowDisplay
from tests.conftest import planted

NAMES = list("abcdefgh")
SMALL = {
    "n_networks": 2,
    "hidden_layer_sizes": (8,),
    "max_epochs": 5,
    "learning_rate": 0.02,
    "batch_size": 32,
    "random_state": 0,
}


@pytest.fixture(scope="module")
def data():
    X, y = planted()
    return pd.DataFrame(X, columns=NAMES), np.array(list("xyz"))[y]


@pytest.fixture(scope="module")
def selector(data):
    return DeepLIFFTSelector(NetworkEnsembleClassifier(**SMALL), step=None).fit(*data)


@pytest.fixture
def ax():
    return Figure().subplots()


def labels(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


# Doses


def test_lines_are_the_response_and_markers_say_where_data_is(data, selector, ax):
    X, _ = data
    X = X.assign(a=np.r_[np.zeros(60), np.ones(60)])
    curve = dose_response(selector, X, "a", doses=[0.0, 1.0, 9.0])
    display = DoseResponseDisplay.from_response(curve, ax=ax)
    assert list(display.lines_) == ["x", "y", "z"]
    for k, name in enumerate("xyz"):
        np.testing.assert_array_equal(display.lines_[name].get_xdata(), [0, 1, 9])
        np.testing.assert_array_equal(display.lines_[name].get_ydata(), curve.response[:, k])
    empty = [line for line in ax.lines if line.get_linestyle() == "None"]
    empty = [line for line in empty if line.get_markerfacecolor() == "white"]
    assert [line.get_xdata().tolist() for line in empty] == [[9.0]] * 3
    assert curve.effects.flagged.tolist() == [False, False, True]
    assert ax.get_xlabel() == "a"
    assert ax.get_ylabel() == "mean change of the centred\nlogit of the class"
    assert [label.get_text() for label in display.labels_] == ["x", "y", "z"]
    written = {text.get_text() for text in ax.texts} - {"x", "y", "z"}
    assert written == {f"{n:,.0f}" for n in curve.effects.support}


def test_of_two_classes_one_is_drawn_as_the_other_is_its_mirror(data, ax):
    X, y = data
    model = LogisticRegression().fit(X, y == "x")
    display = DoseResponseDisplay.from_response(dose_response(model, X, "a"), ax=ax)
    assert list(display.lines_) == ["True"]
    assert display.labels_ == []
    assert ax.get_ylabel() == "mean change of half the\nlog-odds of True"
    both = dose_response(model, X, "a")
    found = DoseResponseDisplay.from_response(both, outputs=[False], ax=Figure().subplots())
    np.testing.assert_array_equal(found.lines_["False"].get_ydata(), both.response[:, 0])
    with pytest.raises(ValueError, match=r"outputs=\['w'\] must be among"):
        DoseResponseDisplay.from_response(both, outputs=["w"])


def test_a_frame_gives_the_same_lines_as_the_response(data, selector):
    X, _ = data
    curve = dose_response(selector, X, "b", doses=[-1.0, 0.0, 2.0])
    one = DoseResponseDisplay.from_response(curve, ax=Figure().subplots())
    two = DoseResponseDisplay.from_frame(curve.to_frame(), ax=Figure().subplots())
    for name in "xyz":
        np.testing.assert_array_equal(one.lines_[name].get_ydata(), two.lines_[name].get_ydata())
    np.testing.assert_array_equal(one.interval, two.interval)
    np.testing.assert_array_equal(one.flagged, two.flagged)


def test_levels_have_points_and_no_line(ax):
    display = DoseResponseDisplay(
        ["red", "blue"], [[1.0, 0.0], [2.0, -1.0]], output_names=["p", "q"], feature_name="colour"
    ).plot(ax)
    assert labels(ax.xaxis) == ["red", "blue"]
    assert all(line.get_linestyle() == "None" for line in ax.lines[:-1])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["p", "q"]
    assert display.labels_ == []


def test_days_are_dates(ax):
    days = [18262.0, 18293.0]
    DoseResponseDisplay(days, [[0.0], [1.0]], output_names=["p"], dates=True).plot(ax)
    ax.figure.canvas.draw()
    assert labels(ax.xaxis) == ["Jan", "15", "Feb"]


def test_shapes_and_too_many_outputs_are_refused(ax):
    with pytest.raises(ValueError, match=r"response has the shape \(2, 1\), and 3 doses"):
        DoseResponseDisplay([0, 1, 2], [[0], [1]], output_names=["p"]).plot(ax)
    with pytest.raises(ValueError, match="7 outputs cannot be told apart"):
        DoseResponseDisplay([0], np.zeros((1, 7)), output_names="abcdefg").plot(ax)


# Pairs


@pytest.fixture(scope="module")
def pairs(data, selector):
    X, _ = data
    several = [add(name, 0.5, low=None) for name in "abcd"]
    return pairwise_epistasis(selector, X, several, pairs=[(0, 1), (1, 3), (0, 2)])


def test_the_map_is_symmetric_and_blank_where_nothing_was_asked(pairs, ax):
    display = EpistasisDisplay.from_epistasis(pairs, output="y", ax=ax)
    k = list(pairs.outputs).index("y")
    expected = np.zeros((4, 4))
    for (i, j), value in zip(pairs.pairs, pairs.epistasis[:, k], strict=True):
        expected[i, j] = expected[j, i] = value
    np.testing.assert_array_equal(display.im_.get_array(), expected)
    asked = np.zeros((4, 4), dtype=bool)
    asked[pairs.pairs[:, 0], pairs.pairs[:, 1]] = asked[pairs.pairs[:, 1], pairs.pairs[:, 0]] = True
    np.testing.assert_array_equal(np.isnan(display.epistasis), ~asked)
    assert labels(ax.yaxis) == labels(ax.xaxis) == list(pairs.names)
    assert display.output_ == "y"


def test_the_output_that_interacts_most_is_drawn_unless_one_is_named(pairs, ax):
    display = EpistasisDisplay.from_epistasis(pairs, ax=ax)
    most = np.unravel_index(np.abs(pairs.epistasis).argmax(), pairs.epistasis.shape)[1]
    assert display.output_ == pairs.outputs[most]
    with pytest.raises(ValueError, match="output='w' must be one of"):
        EpistasisDisplay.from_epistasis(pairs, output="w")


def test_dots_are_pairs_whose_interval_leaves_zero_out_and_crosses_are_guesses(ax):
    nan = float("nan")
    values = np.array([[nan, 1.0, 0.1], [1.0, nan, -2.0], [0.1, -2.0, nan]])
    guess = np.zeros((3, 3), dtype=bool)
    guess[0, 1] = guess[1, 0] = True
    given = {"interval": [values - 0.5, values + 0.5], "flagged": guess}
    EpistasisDisplay(values, names="abc", **given).plot(ax)
    dots, crosses = (c.get_offsets().tolist() for c in ax.collections[-2:])
    assert sorted(dots) == [[1, 2], [2, 1]]
    assert sorted(crosses) == [[0, 1], [1, 0]]
    assert ax.get_xlabel() == "dot: interval leaves 0 out; cross: few rows, a guess"
    with pytest.raises(ValueError, match=r"shape \(3, 3\), and 2 names"):
        EpistasisDisplay(values, names="ab").plot(ax)


# Rows


def test_bars_start_where_the_one_before_ended_and_reach_the_logit(data, selector, ax):
    X, _ = data
    found = selector.contributions(X[:5])
    display = RowDisplay.from_estimator(selector, X, row=3, k=3, ax=ax)
    logits = found.bias[3] + found.terms[3].sum(axis=-1)
    k = int(logits.argmax())
    assert selector.classes_[k] in ax.get_xlabel()
    assert display.total_ == pytest.approx(logits[k])
    order = np.argsort(-np.abs(found.terms[3, k]), kind="stable")
    at = found.bias[3, k]
    for bar, i in zip(display.bars_, order[:3], strict=False):
        assert sorted([bar.get_x(), bar.get_x() + bar.get_width()]) == pytest.approx(
            sorted([at, at + found.terms[3, k, i]])
        )
        at += found.terms[3, k, i]
    assert len(display.bars_) == 4
    last = display.bars_[-1]
    assert last.get_width() == pytest.approx(logits[k] - at, abs=1e-6)  # terms are float32
    names = labels(ax.yaxis)
    assert names[-1] == "5 other features"
    assert names[0] == f"{NAMES[order[0]]} = {X.iloc[3, order[0]]:.4g}"


def test_what_has_no_terms_is_named(data, selector):
    wanted = "NetworkEnsembleClassifier has no exact terms of rows; .* prefit=True"
    with pytest.raises(TypeError, match=wanted):
        RowDisplay.from_estimator(selector.estimator_, data[0])
    with pytest.raises(TypeError, match="LogisticRegression has no exact terms of rows"):
        RowDisplay.from_estimator(LogisticRegression(), data[0])


def test_a_class_may_be_asked_for_and_rows_of_any_kind_be_drawn(data, selector):
    X, _ = data
    named = RowDisplay.from_estimator(selector, X, output="z", ax=Figure().subplots())
    found = selector.contributions(X[:1])
    assert named.total_ == pytest.approx(found.bias[0, 2] + found.terms[0, 2].sum())
    sparse = DeepLIFFTSelector(NetworkEnsembleClassifier(**SMALL), step=None)
    rows = sp.csr_matrix(X.to_numpy())
    sparse.fit(rows, data[1])
    display = RowDisplay.from_estimator(sparse, rows, row=2, ax=Figure().subplots())
    values = dict(text.split(" = ") for text in labels(display.ax_.yaxis))
    assert values == {f"x{j}": f"{X.iloc[2, j]:.4g}" for j in range(8)}


def test_a_regression_ends_at_the_prediction(data, ax):
    X, _ = data
    y = (X["a"] - X["b"]).to_numpy()
    fitted = DeepLIFFTSelector(NetworkEnsembleRegressor(**SMALL), step=None).fit(X, y)
    display = RowDisplay.from_estimator(fitted, X, row=1, ax=ax)
    assert display.total_ == pytest.approx(fitted.estimator_.predict(X[1:2])[0], rel=1e-4)
    assert ax.get_xlabel().startswith("prediction: from")


def test_rows_and_outputs_that_are_not_there_are_refused(data, selector, ax):
    with pytest.raises(ValueError, match="row=120 is not in X, which has 120 rows"):
        RowDisplay.from_estimator(selector, data[0], row=120)
    with pytest.raises(ValueError, match="row=5 is not among the 1 rows"):
        RowDisplay.from_contributions(selector.contributions(data[0][:1]), row=5)
    with pytest.raises(ValueError, match="output='w' is not one of those that fit has seen"):
        RowDisplay.from_estimator(selector, data[0], output="w")
    with pytest.raises(ValueError, match="k=0 features cannot be drawn"):
        RowDisplay([1.0], 0.0, feature_names="a", k=0).plot(ax)
    with pytest.raises(ValueError, match=r"terms.* holds 1 values, and feature_names 2"):
        RowDisplay([1.0], 0.0, feature_names="ab").plot(ax)


def test_a_model_of_another_library_has_doses_too(data, ax):
    X, _ = data
    model = LinearRegression().fit(X, 2 * X["a"])
    curve = dose_response(model, X, "a", doses=[0, 1])
    display = DoseResponseDisplay.from_response(curve, ax=ax)
    (line,) = display.lines_.values()
    np.testing.assert_allclose(line.get_ydata(), [0, 2])
    assert ax.get_ylabel() == "mean change of the prediction"


@pytest.mark.parametrize(
    "doses",
    [
        np.linspace(0, 9, 11),
        np.linspace(11_000, 18_990, 11),
        np.linspace(101_000, 189_900, 11),
        np.array([0, 1, 2, 90]),
    ],
)
def test_numbers_below_a_narrow_panel_stay_apart(doses):
    figure = Figure(figsize=(11.7, 2.7), layout="constrained")
    for panel in figure.subplots(1, 3):
        response = 2e4 * np.eye(len(doses))[:, :1]
        DoseResponseDisplay(doses, response, output_names=["a"]).plot(panel)
    figure.draw_without_rendering()
    for ax in figure.axes:
        first, last = ax.get_xlim()
        boxes = [
            label.get_window_extent()
            for place, label in zip(ax.get_xticks(), ax.get_xticklabels(), strict=True)
            if first <= place <= last
        ]
        assert len(boxes) > 2
        assert all(a.x1 + 2 < b.x0 for a, b in itertools.pairwise(boxes))
