"""Fitted selectors to be reported on, and a page taken apart."""

from __future__ import annotations

from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from sklearn_deeplifft import DeepLIFFTSelector
from sklearn_deeplifft.report import make_report

NASTY = [
    "<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    "\x1b[2J\x1b[31mred",
    "x" * 50_000,
    "\" onmouseover='alert(1)",
    "$\\frac{a}{b}$",
    "../../etc/passwd",
    "{{ 7 * 7 }}{% raw %}",
]
VOID = {"meta", "input", "br", "img", "link", "hr"}


def quick(task="classification", **changes):
    """The default ensemble, trained for a moment."""
    changes = {"n_networks": 2, "max_epochs": 8, "path_steps": 20, **changes}
    return DeepLIFFTSelector.default_estimator(task, **changes)


def classes(n=120, names=("signal", "noise a", "noise b", "copy"), seed=0):
    """Three classes that the first column tells apart; the last one copies it."""
    rng = np.random.default_rng(seed)
    codes = np.arange(n) % 3
    X = pd.DataFrame(rng.normal(size=(n, len(names))), columns=list(names))
    X.iloc[:, 0] += 3 * codes
    X.iloc[:, -1] = X.iloc[:, 0] + 0.01 * X.iloc[:, -1]
    return X, pd.Series(np.array(["low", "middle", "top"])[codes], name="level")


class Page(HTMLParser):
    """Tags, attributes and text of a page; a tag that is not closed is an error."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.tags, self.cells, self.open, self.text = [], [], [], []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag in ("td", "th", "li"):
            self.cells.append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)
        if self.cells and self.open and {"td", "th", "li"} & set(self.open):
            self.cells[-1] += data

    def ids(self):
        return [attrs["id"] for _, attrs in self.tags if "id" in attrs]


@pytest.fixture(scope="package")
def fitted():
    """Selector and its data."""
    X, y = classes()
    return DeepLIFFTSelector(quick(), random_state=0).fit(X, y), X, y


@pytest.fixture(scope="package")
def page(fitted):
    """Page of an ordinary table."""
    return make_report(*fitted).html
