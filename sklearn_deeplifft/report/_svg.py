"""Figures as SVG that stands in a page beside others: unique names, no dates, no comments."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable
from typing import Any

__all__ = ["inline_svg"]

COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
METADATA = re.compile(r"\s*<metadata>.*?</metadata>", re.DOTALL)
NAME = re.compile(r'(\bid="|href="#|url\(#)')
"""Places where a name of the figure's own is given, or referred to."""


def inline_svg(draw: Callable[[], Any], name: str) -> str:
    """Draw a figure as an ``svg`` element, the same bytes each time.

    Text is drawn as shapes, so that it looks alike where a font is missing; what it says stands in
    the page beside it. A page has a description of each figure, so the element is hidden from
    screen readers.

    Parameters
    ----------
    draw : callable
        Returns a matplotlib Figure.
    name : str
        Letters and digits; names within the figure begin with it, and are unique in a page whose
        figures have different ones.
    """
    from matplotlib import rc_context

    target = io.StringIO()
    with rc_context({"svg.hashsalt": name, "svg.fonttype": "path"}), warnings.catch_warnings():
        # A name in a script that the font lacks is drawn as boxes; that is no error.
        warnings.filterwarnings("ignore", "Glyph", UserWarning)
        draw().savefig(target, format="svg", metadata={"Date": None}, transparent=True)
    svg = target.getvalue()
    svg = svg[svg.index("<svg") :]  # without the XML declaration
    # matplotlib repeats labels, which are data, in comments.
    svg = METADATA.sub("", COMMENT.sub("", svg))
    svg = NAME.sub(rf"\g<1>{name}-", svg)
    return svg.replace("<svg", '<svg aria-hidden="true" focusable="false"', 1).strip()
