"""Curves hold the scores; labels stand apart, in the order in which the lines end."""

from __future__ import annotations

import itertools

import matplotlib

matplotlib.use("Agg")

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.text import Text

from sklearn_deeplifft.plotting import FeatureCountDisplay, shortened
from sklearn_deeplifft.plotting._labels import spread

COUNTS = [3, 5, 10]
SCORES = {"ours": [0.5, 0.7, 0.9], "forest": [0.4, 0.6, 0.9], "F-test": [0.3, 0.5, 0.899]}


def frame() -> pd.DataFrame:
    rows = [
        (k, method, score)
        for method, scores in SCORES.items()
        for k, score in zip(COUNTS, scores, strict=True)
    ]
    rows.append((64, "all features", 0.95))
    found = pd.DataFrame(rows, columns=["n_features", "method", "score"])
    return found.assign(metric="balanced accuracy", standard_error=0.01)


@pytest.fixture
def ax():
    return Figure(figsize=(6, 4), layout="constrained").subplots()


def test_lines_hold_the_scores_in_the_order_of_the_table(ax):
    before = plt.get_fignums()
    display = FeatureCountDisplay.from_frame(frame(), ax=ax)
    assert list(display.lines_) == list(SCORES)
    for method, line in display.lines_.items():
        np.testing.assert_array_equal(line.get_xdata(), COUNTS)
        np.testing.assert_array_equal(line.get_ydata(), SCORES[method])
    assert ax.get_ylabel() == "balanced accuracy"
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["3", "5", "10"]
    assert plt.get_fignums() == before


def test_labels_do_not_overlap_and_are_drawn_in_full(ax):
    display = FeatureCountDisplay.from_frame(frame(), ax=ax)
    ax.figure.draw_without_rendering()
    # Of the text alone; an annotation's own extent takes in its leader line.
    boxes = sorted((Text.get_window_extent(label) for label in display.labels_), key=lambda b: b.y0)
    texts = [label.get_text() for label in display.labels_]
    assert texts == [*SCORES, "all 64 features"]
    assert all(a.y1 <= b.y0 + 1 for a, b in itertools.pairwise(boxes))
    assert max(box.x1 for box in boxes) <= ax.figure.bbox.x1


def test_small_differences_look_small(ax):
    FeatureCountDisplay(COUNTS, {"ours": [0.9, 0.901, 0.902]}).plot(ax=ax)
    low, high = ax.get_ylim()
    assert high - low >= 0.1 - 1e-12


@pytest.mark.parametrize(
    ("scores", "inside"),
    [
        ([0.97, 0.99, 1.0], (0.0, 1.0)),  # R squared and accuracies end at 1
        ([0.999, 0.999, 0.999], (0.0, 1.0)),
        ([0.0, 0.01, 0.02], (0.0, 1.0)),
        ([-0.3, 0.2, 0.99], (-1.0, 1.0)),
        ([3.0, 2.0, 1.5], (0.0, 4.0)),  # an error
    ],
)
def test_axes_show_no_score_that_cannot_be(scores, inside, ax):
    FeatureCountDisplay(COUNTS, {"ours": scores}, standard_error=[0.05] * 3).plot(ax=ax)
    low, high = ax.get_ylim()
    assert inside[0] <= low <= min(scores)
    assert max(scores) <= high <= inside[1]
    assert high - low >= 0.1 - 1e-12


def test_all_features_alone_can_be_drawn(ax):
    only = frame().query("method == 'all features'")
    display = FeatureCountDisplay.from_frame(only, ax=ax)
    assert [label.get_text() for label in display.labels_] == ["all 64 features"]


def test_a_table_without_all_features_or_errors(ax):
    found = frame().query("method == 'ours'").drop(columns="standard_error")
    assert list(FeatureCountDisplay.from_frame(found, ax=ax).lines_) == ["ours"]


@given(st.lists(st.floats(-0.5, 1.5), max_size=12), st.floats(0.01, 0.3))
def test_spread_keeps_order_gap_and_bounds(wanted, gap):
    placed = spread(wanted, gap, 0.0, 1.0)
    order = np.argsort(wanted, kind="stable")
    apart = min(gap, 1 / max(len(wanted) - 1, 1))
    assert (np.diff(placed[order]) >= apart - 1e-9).all()
    assert ((placed >= -1e-9) & (placed <= 1 + 1e-9)).all()


def test_spread_leaves_alone_what_fits():
    np.testing.assert_allclose(spread([0.9, 0.1, 0.5], 0.1, 0, 1), [0.9, 0.1, 0.5])


@given(st.text(max_size=80), st.integers(3, 40))
def test_shortened_fits_and_keeps_both_ends(name, width):
    short = shortened(name, width)
    assert len(short) <= width
    assert short.isprintable()
    if len(name) > width and name.isprintable():
        assert short[0] == name[0]
        assert short[-1] == name[-1]
