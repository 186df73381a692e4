"""Score against the number of features, one line for each way of choosing them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from sklearn_deeplifft.plotting._axes import axes_or_new
from sklearn_deeplifft.plotting._labels import literal, shortened, spread
from sklearn_deeplifft.plotting._series import COLOURS, MARKERS

__all__ = ["FeatureCountDisplay"]

GREY = "#555555"
LEAST_SPAN = 0.1
LABEL_POINTS = 9
LINE_INCHES = 1.35 * LABEL_POINTS / 72


class FeatureCountDisplay:
    """Score against the number of features, each line labelled where it ends.

    Parameters
    ----------
    counts : sequence of int
        Numbers of features, ascending.
    scores : dict of str to sequence of float
        The scores of each method at ``counts``; the first is drawn heaviest.
    everything : tuple of (int, float), default=None
        Number of all features and the score with them, drawn as a dashed line.
    standard_error : sequence of float, or dict of str to sequence of float, default=None
        Standard errors of the first method, or of each, at ``counts``; drawn as bands, of
        a single count as bars.
    score_name : str, default="score"

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    lines_ : dict of str to matplotlib Line2D
    labels_ : list of matplotlib Annotation

    See Also
    --------
    ClassImportanceDisplay : What each feature says for and against each class.

    Examples
    --------
    >>> from sklearn_deeplifft.plotting import FeatureCountDisplay
    >>> scores = {"ours": [0.6, 0.9], "F-test": [0.5, 0.8]}
    >>> display = FeatureCountDisplay([3, 10], scores, everything=(64, 0.95)).plot()
    >>> [label.get_text() for label in display.labels_]
    ['ours', 'F-test', 'all 64 features']
    >>> import matplotlib.pyplot as plt
    >>> plt.close(display.figure_)
    """

    def __init__(
        self,
        counts: Sequence[int],
        scores: Mapping[str, ArrayLike],
        *,
        everything: tuple[int, float] | None = None,
        standard_error: ArrayLike | Mapping[str, ArrayLike] | None = None,
        score_name: str = "score",
    ) -> None:
        self.counts = counts
        self.scores = scores
        self.everything = everything
        self.standard_error = standard_error
        self.score_name = score_name

    @classmethod
    def from_frame(cls, comparison: Any, *, ax: Any = None) -> FeatureCountDisplay:
        """Draw the table that ``sklearn-deeplifft rank`` writes as ``comparison.csv``.

        Parameters
        ----------
        comparison : DataFrame
            Columns ``n_features``, ``method``, ``metric``, ``score`` and, if there is one,
            ``standard_error``; the method ``"all features"`` is the dashed line.
        ax : matplotlib Axes, default=None

        Returns
        -------
        FeatureCountDisplay
        """
        whole = comparison[comparison["method"] == "all features"]
        parts = comparison[comparison["method"] != "all features"]
        methods = list(parts["method"].unique())
        errors = "standard_error" in comparison and len(methods) > 0
        return cls(
            sorted(parts["n_features"].unique().tolist()),
            {method: _by_count(parts, method, "score") for method in methods},
            everything=None if whole.empty else tuple(whole[["n_features", "score"]].iloc[0]),
            standard_error=_by_count(parts, methods[0], "standard_error") if errors else None,
            score_name=comparison["metric"].iloc[0],
        ).plot(ax=ax)

    @classmethod
    def from_curve(cls, curve: Any, *, ax: Any = None) -> FeatureCountDisplay:
        """Draw what `sklearn_deeplifft.model_selection.feature_count_curve` found.

        Parameters
        ----------
        curve : FeatureCountCurve
            Mean scores over folds are drawn, with one standard error either side.
        ax : matplotlib Axes, default=None

        Returns
        -------
        FeatureCountDisplay
        """
        found = curve.summary()
        by_selector = dict(iter(found.groupby("selector", sort=False)))
        return cls(
            sorted(found["n_features"].unique().tolist()),
            {name: rows["mean"].to_numpy() for name, rows in by_selector.items()},
            standard_error={
                n: rows["standard_error"].to_numpy() for n, rows in by_selector.items()
            },
            score_name=curve.score_name,
        ).plot(ax=ax)

    def plot(self, ax: Any = None) -> FeatureCountDisplay:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        FeatureCountDisplay
            Itself, with ``ax_``, ``figure_``, ``lines_`` and ``labels_`` set.
        """
        self.ax_ = axes_or_new(ax, (6.4, 4.4))
        self.figure_ = self.ax_.figure
        self.lines_ = {
            method: self._draw_line(rank, method) for rank, method in enumerate(self.scores)
        }
        if self.standard_error is not None:
            self._draw_bands()
        if self.everything is not None:
            self.ax_.axhline(self.everything[1], color=GREY, linestyle=(0, (4, 3)), linewidth=1)
        self._dress()
        _widen(self.ax_)
        self._stay_within_bounds()
        self.labels_ = self._label_ends()
        return self

    def _draw_line(self, rank: int, method: str) -> Any:
        (line,) = self.ax_.plot(
            self.counts,
            self.scores[method],
            color=COLOURS[rank % len(COLOURS)],
            marker=MARKERS[rank % len(MARKERS)],
            markersize=6 if rank == 0 else 5,
            linewidth=2.4 if rank == 0 else 1.4,
            label=method,
            zorder=3 if rank == 0 else 2,
            clip_on=False,  # a marker on the edge of the axes is shown whole
        )
        return line

    def _draw_bands(self) -> None:
        errors: Any = self.standard_error
        if not isinstance(errors, Mapping):
            errors = {next(iter(self.scores)): errors}
        for method, error in errors.items():
            middle, error = np.asarray(self.scores[method]), np.asarray(error)
            if np.isnan(error).all():  # of a single fold
                continue
            colour = self.lines_[method].get_color()
            if len(self.counts) == 1:
                self.ax_.errorbar(self.counts, middle, error, color=colour, alpha=0.4, capsize=3)
                continue
            self.ax_.fill_between(
                self.counts, middle - error, middle + error, color=colour, alpha=0.13, linewidth=0
            )

    def _dress(self) -> None:
        ax = self.ax_
        if len(self.counts):
            ax.set_xscale("log")
            ax.set_xticks(list(self.counts), [f"{k:,}" for k in self.counts])
            ax.set_xticks([], minor=True)
        else:  # the line of all features alone, which has no place on this axis
            ax.set_xticks([])
        ax.set_xlabel("number of features")
        ax.set_ylabel(self.score_name)
        ax.grid(axis="y", color="#dddddd", linewidth=0.8)
        ax.set_axisbelow(True)
        ax.spines[["top", "right"]].set_visible(False)

    def _stay_within_bounds(self) -> None:
        """Show no score that cannot be: above 1 or, of those that are never negative, below 0.

        Accuracies, R squared and areas end at 1; of others some score lies above it.
        """
        shown = [np.asarray(scores, dtype=np.float64) for scores in self.scores.values()]
        shown += [] if self.everything is None else [np.array([self.everything[1]])]
        every = np.concatenate([part.ravel() for part in shown]) if shown else np.empty(0)
        low, high = self.ax_.get_ylim()
        if (every <= 1).all() and high > 1:
            low, high = min(low, 1 - LEAST_SPAN), 1.0
        if (every >= 0).all() and low < 0:
            low, high = 0.0, max(high, LEAST_SPAN)
        self.ax_.set_ylim(low, high)

    def _ends(self) -> list[tuple[str, float, float | None, str]]:
        """Text, height, number of features (None: the edge) and colour of each label."""
        ends: list[tuple[str, float, float | None, str]] = [
            (method, float(np.asarray(self.scores[method])[-1]), self.counts[-1], line.get_color())
            for method, line in self.lines_.items()
            if len(self.counts)
        ]
        if self.everything is not None:
            n, score = self.everything
            ends.append(
                (
                    "the only feature" if n == 1 else f"all {int(n):,} features",
                    float(score),
                    None,
                    GREY,
                )
            )
        return ends

    def _label_ends(self) -> list[Any]:
        """Labels right of the axes, moved apart where lines end close together."""
        ends = self._ends()
        low, high = self.ax_.get_ylim()
        heights = [(y - low) / (high - low) for _, y, _, _ in ends]
        inches = self.ax_.get_window_extent().height / self.figure_.dpi
        places = spread(heights, LINE_INCHES / inches, 0.0, 1.0)
        return [
            self._label(text, y, at, colour, place)
            for (text, y, at, colour), place in zip(ends, places, strict=True)
        ]

    def _label(self, text: str, y: float, at: float | None, colour: str, place: float) -> Any:
        return self.ax_.annotate(
            literal(shortened(text, 24)),
            (1.0 if at is None else at, y),
            xycoords=self.ax_.get_yaxis_transform() if at is None else "data",
            xytext=(1.06, place),
            textcoords="axes fraction",
            color=colour,
            va="center",
            fontsize=LABEL_POINTS,
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": colour,
                "linewidth": 0.7,
                "alpha": 0.7,
                "relpos": (0, 0.5),
                "shrinkA": 1,
                "shrinkB": 0,
            },
        )


def _by_count(parts: Any, method: str, column: str) -> np.ndarray:
    values: np.ndarray = (
        parts[parts["method"] == method].sort_values("n_features")[column].to_numpy()
    )
    return values


def _widen(ax: Any) -> None:
    """Show at least a tenth, so that differences that mean nothing look like nothing."""
    low, high = ax.get_ylim()
    if high - low < LEAST_SPAN:
        middle = (low + high) / 2
        ax.set_ylim(middle - LEAST_SPAN / 2, middle + LEAST_SPAN / 2)
