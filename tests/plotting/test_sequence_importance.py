"""Each experiment has its figure, and its numbers are those of the table."""

from __future__ import annotations

import matplotlib

matplotlib.use("Agg")

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from sklearn_deeplifft.plotting import SequenceImportanceDisplay


def table(effects, outputs=("no", "yes"), networks=True, **columns):
    """A table as of `sequence_importance`; of "no" the effects are the opposite."""
    effects = np.asarray(effects, dtype=float)
    parts = []
    for i, output in enumerate(outputs):
        effect = effects if i == len(outputs) - 1 else -effects
        part = pd.DataFrame(columns).assign(output=output, effect=effect)
        low, high = (effect - 0.1, effect + 0.2) if networks else (np.nan, np.nan)
        part = part.assign(low=low, high=high, paired_low=effect - 0.3, paired_high=effect + 0.4)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


@pytest.fixture
def ax():
    return Figure(layout="constrained").subplots()


def drawn(ax):
    ax.figure.draw_without_rendering()
    return ax


def arms(ax):
    """Ends of the error bars."""
    return np.array(next(part.get_segments() for part in ax.collections if part.get_segments()))


@pytest.mark.parametrize(
    ("networks", "interval", "low", "high"),
    [
        (True, None, 0.1, 0.2),
        (True, "backgrounds", 0.3, 0.4),
        (False, None, 0.3, 0.4),
    ],
)
def test_positions_are_a_curve_with_its_interval(ax, networks, interval, low, high):
    given = table([1.0, 3.0, 2.0], start=[4, 0, 2], networks=networks)
    display = SequenceImportanceDisplay(given, interval=interval).plot(ax=ax)
    line = ax.get_lines()[0] if len(ax.get_lines()[0].get_xdata()) == 3 else ax.get_lines()[1]
    assert line.get_xdata().tolist() == [0, 2, 4]
    assert line.get_ydata().tolist() == [3, 2, 1]
    ends = arms(ax)[:, :, 1]
    np.testing.assert_allclose(
        ends, [[3 - low, 3 + high], [2 - low, 2 + high], [1 - low, 1 + high]]
    )
    assert (display.output_, display.ax_) == ("yes", ax)
    assert display.interval_ in drawn(ax).get_ylabel()


def test_many_positions_have_a_band(ax):
    SequenceImportanceDisplay(table(np.arange(50.0), start=range(50))).plot(ax=ax)
    (band,) = ax.collections
    np.testing.assert_allclose(band.get_datalim(ax.transData).intervaly, [-0.1, 49.2])


def test_copies_stand_beside_their_sum(ax):
    given = table(
        [2.0, 3.0, 3.5, -1.0],
        copies=[1, 2, 3, 2],
        measure=["effect", "effect", "effect", "curvature"],
    )
    SequenceImportanceDisplay(given).plot(ax=ax)
    lines = [line for line in ax.get_lines() if len(line.get_xdata()) == 3]
    assert [line.get_ydata().tolist() for line in lines[:2]] == [[2, 4, 6], [2, 3, 3.5]]


def spaced():
    return table(
        [1.0, 2.0, 3.0, 4.0, 9.0],
        order=["first second"] * 5,
        strand=["+", "+", "-", "-", "+"],
        distance=[0, 5, 0, 5, 0],
        measure=["epistasis"] * 4 + ["pair"],
    )


def test_spacing_has_a_curve_for_each_strand(ax):
    SequenceImportanceDisplay(spaced()).plot(ax=ax)
    curves = [list(line.get_ydata()) for line in ax.get_lines() if len(line.get_xdata()) == 2]
    assert [1, 2] in curves
    assert [3, 4] in curves
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["first, then second; second on +", "first, then second; second on -"]
    assert ax.get_ylabel().startswith("epistasis on yes")


def test_what_of_spacing_is_drawn_can_be_told(ax):
    SequenceImportanceDisplay(spaced(), measure="pair").plot(ax=ax)
    assert ax.get_ylabel().startswith("effect on yes")
    assert len(ax.get_legend().get_texts()) == 1


def test_regions_are_bars_as_wide_as_they_are(ax):
    SequenceImportanceDisplay(table([-1.0, 0.5], start=[0, 10], stop=[10, 14])).plot(ax=ax)
    boxes = [(bar.get_x(), bar.get_width(), bar.get_height()) for bar in ax.patches]
    assert boxes == [(0, 10, -1), (10, 4, 0.5)]
    assert [to_hex(bar.get_facecolor()) for bar in ax.patches] == ["#b2182b", "#2166ac"]


def test_content_is_in_percent(ax):
    SequenceImportanceDisplay(table([1.0, 2.0], gc_low=[0.2, 0.5], gc_high=[0.4, 0.7])).plot(ax=ax)
    line = next(line for line in ax.get_lines() if len(line.get_ydata()) == 2)
    assert line.get_ydata().tolist() == [1, 2]
    curve = next(c for c in ax.containers)
    np.testing.assert_allclose(curve.lines[0].get_xdata(), [30, 60])


def test_comparisons_of_placements_stand_apart(ax):
    given = table([1.0, 2.0, 1.0], place=["loop", "left", "loop - left"])
    SequenceImportanceDisplay(given).plot(ax=ax)
    labels = [text.get_text() for text in ax.get_yticklabels()]
    assert labels == ["loop", "left", "loop - left"]
    first, second, third = ax.get_yticks()
    assert third - second > second - first


def test_words_are_aligned_under_their_logo(ax):
    words = ["GATA", "ATAA", "CCCC", "GATT"]
    display = SequenceImportanceDisplay(table([3.0, 2.0, -1.0, 2.5], word=words), k=3).plot(ax=ax)
    assert display.words_.words == ("GATA", "GATT", "ATAA")
    assert display.words_.offsets == (0, 0, 1)
    assert [bar.get_width() for bar in ax.patches] == [3, 2.5, 2]
    beside, logo = ax.child_axes
    texts = [(text.get_position(), text.get_text()) for text in beside.texts]
    assert ((1, 2), "A") in texts  # the first letter of the third word
    assert len(texts) == 12
    assert len(logo.patches) >= 5
    drawn(ax)
    assert logo.get_position().y0 > ax.get_position().y1
    assert beside.get_position().x1 < ax.get_position().x0


def test_other_letters_of_a_word_are_a_map(ax):
    given = table(
        [5.0, -1.0, -2.0, -0.5],
        position=[-1, 0, 0, 1],
        letter=["", "C", "G", "A"],
    )
    SequenceImportanceDisplay(given).plot(ax=ax)
    values = np.asarray(ax.images[0].get_array())
    np.testing.assert_array_equal(values, [[0, -0.5], [-1, 0], [-2, 0]])


@pytest.mark.parametrize(
    ("given", "settings", "message"),
    [
        (
            pd.DataFrame({"start": [1]}),
            {},
            "does not have column effect, high, low, output, paired",
        ),
        (table([1.0]), {}, "does not have any of the columns"),
        (table([1.0], start=[0]), {"output": "x"}, "output='x' is not in the table, which has no,"),
        (table([1.0], "abc", start=[0]), {}, "has 3 outputs; pass output=, one of a, b, c"),
        (table([1.0], start=[0]), {"interval": "x"}, "interval='x' must be one of"),
        (table([1.0], start=[0]), {"measure": "x"}, "measure='x' must be one of"),
        (table([-1.0], word=["AC"]), {}, "no word of the table has an effect above 0"),
    ],
)
def test_refusals(ax, given, settings, message):
    with pytest.raises(ValueError, match=message):
        SequenceImportanceDisplay(given, **settings).plot(ax=ax)
