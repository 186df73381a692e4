"""From a fitted selector and its data to a file."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from sklearn_deeplifft._files import require_page, write_whole
from sklearn_deeplifft._printable import printable
from sklearn_deeplifft.model_selection import FeatureCountCurve
from sklearn_deeplifft.report._doubts import doubts_of
from sklearn_deeplifft.report._evidence import Doubt
from sklearn_deeplifft.report._gather import gathered
from sklearn_deeplifft.report._origin import Origin, done_section, own_origin
from sklearn_deeplifft.report._page import render, require_extra
from sklearn_deeplifft.report._provenance import day, versions
from sklearn_deeplifft.report._sections import (
    class_section,
    curve_section,
    dose_section,
    doubt_section,
    null_section,
    ranking_section,
    stability_section,
    verdict_of,
)

__all__ = ["Report", "make_report"]


@dataclass(frozen=True)
class Report:
    """A page, and what stands at its top.

    Attributes
    ----------
    html : str
        The page.
    verdict : str
        Score on held-out rows, with its interval.
    doubts : list of Doubt
        All that was looked for, the worst first.
    """

    html: str
    verdict: str
    doubts: list[Doubt]

    def write(self, path: str | os.PathLike[str]) -> Path:
        """Put the page into a file; an older one is replaced when the new one is complete.

        Raises
        ------
        ValueError
            The name has another suffix than ``.html``.
        """
        require_page(path)
        write_whole(path, [self.html.encode()])
        return Path(path)


def make_report(
    selector: Any,
    X: Any,
    y: Any,
    *,
    groups: Any = None,
    comparison: FeatureCountCurve | pd.DataFrame | None = None,
    title: str | None = None,
    origin: Origin | None = None,
) -> Report:
    """Make a page of what a fitted selector found, which needs nothing else.

    It opens from disk without a network, prints, and is the same for the same fit on the same day
    (of ``SOURCE_DATE_EPOCH``, where that is set).

    Parameters
    ----------
    selector : DeepLIFFTSelector, ImportanceNeuronSelector or GIATransformer
        Fitted.
    X, y : as given to ``fit``
    groups : array-like of shape (n_samples,), default=None
        As given to ``fit``.
    comparison : FeatureCountCurve or DataFrame, default=None
        Scores against the number of features, of this selector and others: what
        `feature_count_curve` returns, or the ``comparison.csv`` of the command line.
    title : str, default=None
        None is the name of the target.
    origin : Origin, default=None
        None hashes the values of ``X`` and ``y``.

    Returns
    -------
    Report

    Raises
    ------
    ImportError
        jinja2 or matplotlib is not installed.
    TypeError
        ``selector`` is of another kind.
    ValueError
        The selector ranks neurons (``layer=``), or ``X`` and ``y`` are not those of its fit.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_deeplifft import DeepLIFFTSelector
    >>> from sklearn_deeplifft.report import make_report
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> two = DeepLIFFTSelector.default_estimator(n_networks=2, max_epochs=5)
    >>> selector = DeepLIFFTSelector(two, step=None, random_state=0).fit(X, y)
    >>> report = make_report(selector, X, y)
    >>> report.html[:15], [doubt.check for doubt in report.doubts if doubt.level == "unknown"]
    ('<!DOCTYPE html>', [])
    """
    require_extra()
    evidence = gathered(selector, X, y, groups)
    doubts = doubts_of(evidence)
    origin = own_origin(evidence, y) if origin is None else origin
    top = verdict_of(evidence, doubts)
    page = render(
        title=printable(title or f"What foretells {evidence.target_name}", 120),
        method=type(selector).__name__,
        version=versions()["sklearn-deeplifft"],
        day=day(),
        labelled=evidence.labelled,
        **top,
        **doubt_section(doubts),
        **ranking_section(evidence),
        **class_section(evidence),
        **curve_section(comparison),
        **stability_section(evidence),
        **null_section(evidence),
        **dose_section(evidence, origin.dates),
        **done_section(evidence, origin),
    )
    return Report(page, top["verdict"]["score"], doubts)
