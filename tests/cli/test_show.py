"""What is printed reads without colour, never floods, and takes names as they are."""

from __future__ import annotations

import dataclasses
import io
import re

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from sklearn_deeplifft.cli._figure import draw
from sklearn_deeplifft.cli._rank import Outcome
from sklearn_deeplifft.cli._screen import show_files, show_header
from sklearn_deeplifft.cli._show import show_outcome
from sklearn_deeplifft.cli._table import Table
from sklearn_deeplifft.cli._write import write_all


def outcome(d: int = 30, n_classes: int = 8, prefix: str = "f") -> Outcome:
    rng = np.random.default_rng(0)
    names = [f"{prefix}{i}" for i in range(d)]
    classes = [f"class number {c}" for c in range(n_classes)]
    signed = rng.normal(size=(d, n_classes)) / 10
    ranking = pd.DataFrame({"rank": np.arange(d) + 1, "feature": names})
    ranking["importance"] = np.linspace(0.5, 0, d)
    ranking["std"] = 0.01
    by_class = pd.DataFrame(signed, columns=[f"for_{name}" for name in classes])
    comparison = pd.DataFrame(
        [(3, "DeepLIFFT", 0.81), (3, "ANOVA F-test", 0.79), (d, "all features", 0.9)],
        columns=["n_features", "method", "score"],
    ).assign(metric="balanced accuracy", standard_error=0.02)
    empty = pd.DataFrame(index=range(40))
    y = np.resize(np.array(classes), 40)
    table = Table("made-up", empty, empty, y, "kind", "classification", ["x" * 5000])
    directions = np.sign(signed)
    return Outcome(
        *(table, ranking.join(by_class), classes, directions, comparison, 28, 12, False),
        *([], None, None, "3 networks of 100 units."),
    )


def printed(found: Outcome, **settings) -> str:
    stream = io.StringIO()
    settings = {"width": 80, "markup": False, "emoji": False, "highlight": False, **settings}
    console = Console(file=stream, **settings)
    show_header(console, found.table)
    show_outcome(console, found)
    return stream.getvalue()


def joined(found: Outcome) -> str:
    """What is printed, without the ends of lines."""
    return " ".join(printed(found).split())


def test_what_the_training_came_to_stands_below_the_rows():
    assert "test the rankings. 3 networks of 100 units. Features," in joined(outcome())


@pytest.mark.parametrize("width", [80, 120])
def test_thousands_of_features_and_many_classes_stay_short(width):
    text = printed(outcome(5000, 60, "a_rather_long_name_of_a_feature_"), width=width)
    assert len(text.splitlines()) < 100
    assert max(map(len, text.splitlines())) <= width
    assert "the first 20 of 5,000" in text
    assert "the first 10 of 60" in text


def test_signs_say_what_colours_say():
    plain = printed(outcome())
    coloured = printed(outcome(), force_terminal=True, color_system="standard")
    assert "\x1b" not in plain
    assert "\x1b[32m+0." in coloured
    assert "\x1b[31m-0." in coloured
    assert "+0." in plain
    assert "-0." in plain


def test_columns_that_differ_have_a_size_and_no_sign():
    found = outcome(1, 2)
    both = dataclasses.replace(found, directions=np.array([[0, -1]]))
    lines, sizes = printed(both).splitlines(), np.abs(found.signed[0])
    (best,) = (line for line in lines if line.split()[:2] == ["1", "f0"])
    assert f"+-{sizes[0]:.3f} class" in best  # not of the other one, which is larger
    first, second = (line for line in lines if line.startswith("class number"))
    assert f"+-{sizes[0]:.3f} f0" in first
    assert second.split()[-3:] == ["-", f"-{sizes[1]:.3f}", "f0"]


def test_direction_is_the_slope_and_size_the_importance():
    found = outcome(1, 2)
    turned = dataclasses.replace(found, directions=-np.sign(found.signed))
    (value,) = {abs(value) for value in found.signed[0, :1]}
    sign = "-" if found.signed[0, 0] > 0 else "+"
    assert f"{sign}{value:.3f} f0" in printed(turned)
    image = draw(turned).axes[0].images[0].get_array()
    np.testing.assert_allclose(image, -found.signed)


def test_the_best_of_a_row_is_bold_and_starred():
    assert "0.810*" in printed(outcome())
    coloured = printed(outcome(), force_terminal=True, color_system="standard")
    assert re.search(r"\x1b\[1m *0\.810\*", coloured)


def test_differences_that_are_noise_are_named_where_there_is_noise():
    found = outcome()
    assert "One split of the rows: differences below 0.04 or so are noise." in joined(found)
    of_one = found.comparison.assign(standard_error=np.nan)
    text = joined(dataclasses.replace(found, comparison=of_one))
    assert "and those that test are of a single group: any difference may be noise." in text
    sure = found.comparison.assign(standard_error=0.0)
    text = joined(dataclasses.replace(found, comparison=sure))
    assert "One split of the rows." in text
    assert "noise" not in text


def test_names_are_not_markup_and_cannot_move_the_cursor():
    text = printed(outcome(prefix="[red]\x1b[2J:smile:\n"))
    assert "[red] [2J:smile: 0" in text
    assert "\x1b" not in text


def test_a_long_path_is_not_broken(tmp_path):
    stream = io.StringIO()
    path = tmp_path / ("deep" * 30) / "ranking.csv"
    show_files(Console(file=stream, width=80), [path], [path.name])
    assert str(path.parent) in stream.getvalue()


def test_the_figure_has_both_panels_and_needs_no_window():
    from matplotlib import pyplot

    before = pyplot.get_fignums()
    figure = draw(outcome())
    left, right = figure.axes[:2]
    assert left.images[0].get_array().shape == (20, 8)
    assert right.get_xlabel() == "number of features"
    assert pyplot.get_fignums() == before


def test_the_figure_says_what_grey_is_and_that_networks_are_at_chance():
    found = outcome(2, 3)
    signs = found.directions.copy()
    signs[0, 0] = 0
    shown = {}
    for name, changes in (
        ("plain", {}),
        ("grey", {"directions": signs}),
        ("chance", {"at_chance": True}),
    ):
        left = draw(dataclasses.replace(found, **changes)).axes[0]
        scales = [ax.get_xlabel() for ax in left.child_axes]
        shown[name] = left.get_title(loc="left"), any("grey" in text for text in scales)
    assert shown["plain"] == ("made-up: all 2 features", False)
    assert shown["grey"] == ("made-up: all 2 features", True)
    title = "made-up: all 2 features\nnetworks predict no better than chance: this means nothing"
    assert shown["chance"] == (title, False)


@pytest.mark.parametrize("slopes", [[0.3, -0.1], [0.0, -0.1]])
def test_a_feature_without_a_slope_is_explained(slopes):
    found = outcome(2, 1)
    ranking = found.ranking[["rank", "feature", "importance", "std"]].assign(slope_of_kind=slopes)
    found = dataclasses.replace(
        found,
        table=dataclasses.replace(found.table, task="regression", y=np.arange(40.0)),
        ranking=ranking,
        signed_names=["kind"],
        directions=np.sign([slopes]).T,
    )
    assert "one of the feature; a text, a group or a constant has none." in joined(found)
    label = draw(found).axes[0].get_xlabel()
    assert ("a text, a group or a constant has none" in label) == (0 in slopes)


def test_nothing_is_written_if_one_file_fails(tmp_path):
    def broken(path):
        raise OSError("full")

    with pytest.raises(OSError, match="full"):
        write_all(tmp_path / "out", {"a": lambda path: path.write_text("a"), "b": broken})
    assert list((tmp_path / "out").iterdir()) == []
