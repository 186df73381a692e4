"""Figures within a page: the same bytes, names of their own, nothing of the data but shapes."""

from __future__ import annotations

import re

from matplotlib.figure import Figure

from sklearn_deeplifft.report._svg import inline_svg


def drawn(label):
    figure = Figure(figsize=(2, 1))
    ax = figure.subplots()
    ax.plot([0, 1])
    ax.set_title(label)
    return lambda: figure


def test_names_begin_with_that_of_the_figure():
    svg = inline_svg(drawn("a"), "one")
    assert svg.startswith("<svg ")
    assert svg.endswith("</svg>")
    ids = re.findall(r'\bid="([^"]*)"', svg)
    assert ids
    assert all(name.startswith("one-") for name in ids)
    used = re.findall(r'(?:href="#|url\(#)([^")]*)', svg)
    assert used
    assert set(used) <= set(ids)


def test_the_same_bytes_each_time():
    assert inline_svg(drawn("a"), "one") == inline_svg(drawn("a"), "one")


def test_labels_are_shapes_alone():
    svg = inline_svg(drawn("--><script>secret</script>"), "one")
    assert "secret" not in svg
    assert "<!--" not in svg
    assert "<metadata" not in svg


def test_a_script_without_letters_in_the_font_is_no_warning():
    assert "<svg" in inline_svg(drawn("\u4e2d\u6587"), "one")
