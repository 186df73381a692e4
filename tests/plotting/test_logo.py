"""Letters are as tall as their heights, and logos stand in the rows of their features."""

from __future__ import annotations

import matplotlib

matplotlib.use("Agg")

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from sklearn_deeplifft.plotting import ClassImportanceDisplay, LogoDisplay

HEIGHTS = np.array([[1.5, 0, -1], [0, 0, 2], [0.5, 0, 0], [0, 0.25, -0.5]])


@pytest.fixture
def ax():
    return Figure().subplots()


def boxes(ax):
    """(position, lower end, upper end) of each letter that is drawn."""
    found = [patch.get_path().get_extents() for patch in ax.patches]
    return sorted(
        (round((box.x0 + box.x1) / 2), round(box.y0, 6), round(box.y1, 6)) for box in found
    )


def test_letters_are_piled_up_the_tallest_on_top(ax):
    display = LogoDisplay(HEIGHTS).plot(ax=ax)
    assert boxes(ax) == [
        *[(0, 0.0, 0.5), (0, 0.5, 2.0)],
        (1, 0.0, 0.25),
        *[(2, -1.5, -0.5), (2, -0.5, 0.0), (2, 0.0, 2.0)],
    ]
    assert display.ax_ is ax
    low, high = ax.get_ylim()
    assert low <= -1.5 < 2 <= high
    assert ax.get_ylabel() == "bits"


def test_letters_have_their_colours(ax):
    LogoDisplay(np.eye(4)).plot(ax=ax)
    colours = {to_hex(patch.get_facecolor()) for patch in ax.patches}
    assert len(colours) == 4
    LogoDisplay(np.eye(2), letters="WY").plot(ax=ax)
    assert len({to_hex(patch.get_facecolor()) for patch in ax.patches[4:]}) == 1


def test_letters_stay_within_their_position(ax):
    LogoDisplay(np.ones((4, 1)), letters="MIWT").plot(ax=ax)
    for patch in ax.patches:
        box = patch.get_path().get_extents()
        assert -0.5 < box.x0 < box.x1 < 0.5


def test_a_motif_is_as_tall_as_it_is_certain(ax):
    display = LogoDisplay.from_counts([[8, 2, 4], [0, 2, 4], [0, 2, 0], [0, 2, 0]], ax=ax)
    np.testing.assert_allclose(np.sum(display.heights, axis=0), [2, 0, 1], atol=1e-12)


@pytest.mark.parametrize(
    ("heights", "message"),
    [(np.zeros((3, 5)), r"\(3, 5\), and there are 4 letters"), ([[np.nan]] * 4, "NaN or infinity")],
)
def test_what_is_no_logo_is_refused(heights, message, ax):
    with pytest.raises(ValueError, match=message):
        LogoDisplay(heights).plot(ax=ax)


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ([[1.2], [-2.0], [0], [0]], r"counts holds -2, .* LogoDisplay\(scores, label='score'\)"),
        ([[1], [2]], r"counts is of shape \(2, 1\), and there are 4 letters"),
        ([[np.nan], [0], [0], [1]], "counts holds NaN"),
    ],
)
def test_counts_that_are_none_are_refused(counts, message, ax):
    for pseudocount in (0, 5):
        with pytest.raises(ValueError, match=message):
            LogoDisplay.from_counts(counts, pseudocount=pseudocount, ax=ax)


def test_a_position_without_any_count_stays_empty(ax):
    display = LogoDisplay.from_counts([[4, 0], [0, 0], [0, 0], [0, 0]], ax=ax)
    assert np.asarray(display.heights).tolist() == [[2, 0], [0, 0], [0, 0], [0, 0]]
    assert len(ax.patches) == 1


def test_logos_stand_in_the_rows_of_their_features():
    logos = [np.eye(4), None, 2 * np.eye(4)[:, :2]]
    display = ClassImportanceDisplay(
        np.ones((3, 2)), feature_names=["a", "b", "c"], class_names=["x", "y"], logos=logos
    )
    plain = ClassImportanceDisplay(
        np.ones((3, 2)), feature_names=["a", "b", "c"], class_names=["x", "y"]
    )
    assert display.size()[0] > plain.size()[0] + 1
    figure = Figure(figsize=display.size())
    ax = figure.subplots()
    display.plot(ax=ax)
    figure.draw_without_rendering()
    insets = [child for child in ax.child_axes if child.patches]
    assert len(insets) == 2
    for inset, row in zip(insets, (0, 2), strict=True):
        box = inset.get_position()
        upper, lower = (
            figure.transFigure.inverted().transform(ax.transData.transform((0, row + half)))[1]
            for half in (-0.5, 0.5)
        )
        assert lower < box.y0 < box.y1 < upper
        assert box.x1 < ax.get_position().x0
    widths = [inset.get_position().width for inset in insets]
    assert widths[0] == pytest.approx(2 * widths[1])
