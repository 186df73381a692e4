"""From a fitted selector and its data to a file."""

from __future__ import annotations

import os
import uuid
from pathlib import Path
from typing import Any

import pandas as pd

from sklearn_deeplifft._printable import printable
from sklearn_deeplifft.model_selection import FeatureCountCurve
from sklearn_deeplifft.report._doubts import doubts_of
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
from sklearn_deeplifft.tables import Rows, check_rows

__all__ = ["write_report"]


def write_report(
    path: str | os.PathLike[str],
    selector: Any,
    X: Any,
    y: Any,
    *,
    groups: Any = None,
    comparison: FeatureCountCurve | pd.DataFrame | None = None,
    title: str | None = None,
    origin: Origin | None = None,
) -> Path:
    """Write what a fitted selector found as one HTML file that needs nothing else.

    The file opens from disk without a network, prints, and is the same bytes for the same fit on
    the same day (of ``SOURCE_DATE_EPOCH``, where that is set).

    Parameters
    ----------
    path : str or path
        File to write; an older one is replaced when the new one is complete.
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
    Path
        The file.

    Raises
    ------
    ImportError
        jinja2 or matplotlib is not installed.
    ValueError
        The selector ranks neurons (``layer=``), or ``X`` and ``y`` are not those of its fit.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_deeplifft import DeepLIFFTSelector
    >>> from sklearn_deeplifft.report import write_report
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> two = DeepLIFFTSelector.default_estimator(n_networks=2, max_epochs=5)
    >>> selector = DeepLIFFTSelector(two, step=None, random_state=0).fit(X, y)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = write_report(Path(folder, "iris.html"), selector, X, y)
    ...     file.read_text(encoding="utf-8")[:15]
    '<!DOCTYPE html>'
    """
    require_extra()
    path = Path(path)
    evidence = gathered(selector, X, y, groups)
    doubts = doubts_of(evidence)
    origin = own_origin(evidence, y) if origin is None else origin
    page = render(
        title=printable(title or f"What foretells {evidence.target_name}", 120),
        method=type(selector).__name__,
        version=versions()["sklearn-deeplifft"],
        day=day(),
        labelled=evidence.labelled,
        **verdict_of(evidence, doubts),
        **doubt_section(doubts),
        **ranking_section(evidence),
        **class_section(evidence),
        **curve_section(comparison),
        **stability_section(evidence),
        **null_section(evidence),
        **dose_section(evidence),
        **done_section(evidence, origin),
    )
    _write_whole(path, page)
    return path


def _write_whole(path: Path, text: str) -> None:
    """Put the file in its place when it is complete."""
    # In the same folder, because a move across file systems is a copy and can be interrupted.
    unfinished = path.with_name(f".{uuid.uuid4().hex}.unfinished")
    try:
        with open(unfinished, "x", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
