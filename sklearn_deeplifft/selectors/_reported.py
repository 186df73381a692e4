"""The one door to a floor above: a selector writes its own report."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

from sklearn_deeplifft._files import require_page

__all__ = ["Reported"]


class Reported:
    """A fitted selector that can be written down as a page."""

    def report(
        self,
        path: str | PathLike[str],
        X: Any,
        y: Any,
        *,
        groups: Any = None,
        comparison: Any = None,
        title: str | None = None,
    ) -> Path:
        """Write one HTML file that says what was found and what to distrust.

        It needs no network and no other file: score and warning first, the ranking (to be sorted
        and searched), classes, stability, null features, dose and response, and how to repeat it.

        Parameters
        ----------
        path : str or path
            File to write, whose name ends with ``.html``; an older one is replaced when the new one
            is complete.
        X, y : as given to ``fit``
        groups : array-like of shape (n_samples,), default=None
            As given to ``fit``.
        comparison : FeatureCountCurve or DataFrame, default=None
            Scores against the number of features, of this selector and others: what
            `feature_count_curve` returns, or the ``comparison.csv`` of the command line.
        title : str, default=None
            None is made of the name of the target.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        ImportError
            jinja2 or matplotlib is not installed; the extra ``report`` brings both.
        ValueError
            The name of the file has another suffix than ``.html``, the selector ranks neurons
            (``layer=``), or ``X`` and ``y`` are not those of its fit.
        """
        require_page(path)
        # Imported here, as the report is made of rooms above this one.
        from sklearn_deeplifft.report import make_report

        found = make_report(self, X, y, groups=groups, comparison=comparison, title=title)
        return found.write(path)
