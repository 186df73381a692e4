"""Effects of one dose after another, with their intervals and how many rows have such a value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from sklearn_deeplifft._printable import shown
from sklearn_deeplifft.plotting._axes import axes_or_new
from sklearn_deeplifft.plotting._labels import literal, shortened, spread
from sklearn_deeplifft.plotting._series import COLOURS

__all__ = ["DoseResponseDisplay"]

MOST_LINES = len(COLOURS)
FEW_DOSES = 4
MOST_TICKS = 5
"""Numbers of five digits or more beyond these run into each other below a narrow panel."""
CLOSEST = 10
"""Doses that are closer than this part of all are not written each below its place."""
LETTERS = 30
"""Letters of labels that stand beside each other below a panel."""
BESIDE = 0.09
"""Distance of the lines of one level, which are 1 apart."""
LINE_INCHES = 0.16
"""Inches of a line of text."""


class DoseResponseDisplay:
    """Effect of giving every row a value, one value after another: one line per output.

    The band is the 95 % interval over networks. An empty marker is a guess: fewer than 20 rows of
    the data have such a value. Doses that are no numbers have points with intervals and no line.

    Parameters
    ----------
    doses : sequence of length m
        Numbers, or names of levels.
    response : ndarray of shape (m, n_outputs)
    output_names : sequence of str of length n_outputs
        At most six are told apart.
    interval : ndarray of shape (2, m, n_outputs), default=None
        Lower and upper ends, NaN where there are none; None draws none.
    flagged : ndarray of bool of shape (m,), default=None
        Doses that few rows have; None: none of them.
    support : ndarray of shape (m,), default=None
        Rows of the data at each dose, written along the bottom; None writes none.
    feature_name : str, default=""
        Written below the axis.
    label : str, default="effect"
        The quantity, named beside the axis.
    dates : bool, default=False
        Doses are days since 1970-01-01, and the axis is one of dates.
    legend : bool, default=True
        Name the outputs, where there are several.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    lines_ : dict of str to matplotlib artist
        The line of each output, or the stems of its levels.
    labels_ : list of matplotlib Annotation
        Names of the outputs where lines end; none of a single one.

    See Also
    --------
    sklearn_deeplifft.interventions.dose_response : Asks the networks.

    Examples
    --------
    >>> from sklearn_deeplifft.plotting import DoseResponseDisplay
    >>> display = DoseResponseDisplay(
    ...     [0, 1, 2], [[0.0], [0.8], [1.0]], output_names=["enhancer"], feature_name="GATA1"
    ... ).plot()
    >>> display.lines_["enhancer"].get_ydata().tolist()
    [0.0, 0.8, 1.0]
    >>> import matplotlib.pyplot as plt
    >>> plt.close(display.figure_)
    """

    def __init__(
        self,
        doses: Sequence[Any],
        response: ArrayLike,
        *,
        output_names: Sequence[object],
        interval: ArrayLike | None = None,
        flagged: ArrayLike | None = None,
        support: ArrayLike | None = None,
        feature_name: str = "",
        label: str = "effect",
        dates: bool = False,
        legend: bool = True,
    ) -> None:
        self.doses = doses
        self.response = response
        self.output_names = output_names
        self.interval = interval
        self.flagged = flagged
        self.support = support
        self.feature_name = feature_name
        self.label = label
        self.dates = dates
        self.legend = legend

    @classmethod
    def from_response(
        cls,
        found: Any,
        *,
        outputs: Sequence[Any] | None = None,
        feature_name: str | None = None,
        ax: Any = None,
    ) -> DoseResponseDisplay:
        """Draw what `sklearn_deeplifft.interventions.dose_response` found.

        Parameters
        ----------
        found : DoseResponse
            Effects relative to its first dose.
        outputs : sequence, default=None
            Those of ``found.effects.outputs`` to draw. None: of two classes the second, as the
            first is its mirror; of more the six that move most.
        feature_name : str, default=None
            None: as the interventions call it.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        DoseResponseDisplay
        """
        known = list(found.effects.outputs)
        rows = _rows_of(outputs, known, found.response)
        name = found.effects.names[0].partition("(")[2].rpartition("=")[0]
        return cls(
            found.doses,
            found.response[:, rows],
            output_names=[known[k] for k in rows],
            interval=found.interval[:, :, rows],
            flagged=found.effects.flagged,
            support=found.effects.support,
            feature_name=name if feature_name is None else feature_name,
            label=_quantity(found.effects.scale, [known[k] for k in rows], len(known)),
        ).plot(ax=ax)

    @classmethod
    def from_frame(
        cls, table: Any, *, outputs: Sequence[Any] | None = None, ax: Any = None, **options: Any
    ) -> DoseResponseDisplay:
        """Draw a table of one feature, such as ``doses.csv`` of ``sklearn-deeplifft whatif`` holds.

        Parameters
        ----------
        table : DataFrame
            One row per dose and output: ``dose``, ``output``, ``effect`` (or ``response``), and
            ``low``, ``high``, ``flagged`` and ``support`` where there are any.
        outputs : sequence, default=None
            As for `from_response`.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        **options
            Further parameters of the class; ``support=None`` writes none.

        Returns
        -------
        DoseResponseDisplay
        """
        doses, known = (list(dict.fromkeys(table[name])) for name in ("dose", "output"))

        def square(name: str) -> np.ndarray:
            cells = table.pivot(index="dose", columns="output", values=name)
            return np.asarray(cells.loc[doses, known], dtype=np.float64)

        response = square("response" if "response" in table else "effect")
        rows = _rows_of(outputs, known, response)
        found: dict[str, Any] = {"output_names": [known[k] for k in rows]}
        if "low" in table:
            found["interval"] = np.array([square("low"), square("high")])[:, :, rows]
        for name in ("flagged", "support"):
            if name in table:
                found[name] = table.drop_duplicates("dose")[name].to_numpy()
        return cls(doses, response[:, rows], **{**found, **options}).plot(ax=ax)

    def plot(self, ax: Any = None) -> DoseResponseDisplay:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        DoseResponseDisplay
            Itself, with the attributes set.
        """
        response = self._checked()
        self.ax_ = axes_or_new(ax, (5.6, 3.8))
        self.figure_ = self.ax_.figure
        numeric = all(isinstance(dose, int | float | np.number) for dose in self.doses)
        x = np.asarray(self.doses, float) if numeric else np.arange(len(self.doses), dtype=float)
        if numeric and self.dates:
            x = on_dates(self.ax_, x)
        self.lines_ = {}
        for k, name in enumerate(self.output_names):
            # Side by side, as intervals of one level would lie on each other.
            aside = 0.0 if numeric else BESIDE * (k - (response.shape[1] - 1) / 2)
            self.lines_[str(name)] = self._draw(x + aside, k, numeric=numeric)
        self.ax_.axhline(0, color="#888888", linewidth=0.7, zorder=0)
        self.ax_.tick_params(labelsize=8)
        self.ax_.spines[["top", "right"]].set_visible(False)
        self.ax_.set_xlabel(literal(shortened(self.feature_name, 36)), fontsize=9)
        self.ax_.set_ylabel(self.label, fontsize=9)
        if not numeric:
            self._name_levels()
        elif len(x) <= FEW_DOSES and not self.dates and _apart(x):
            self.ax_.set_xticks(x)
        elif not self.dates:
            self.ax_.locator_params(axis="x", nbins=MOST_TICKS)
        if self.support is not None:
            self._write_support(x)
        named = self.legend and response.shape[1] > 1
        self.labels_ = self._label_ends(x) if named and numeric else []
        if named and not numeric:
            self.ax_.legend(fontsize=8, frameon=False)
        return self

    def _checked(self) -> np.ndarray:
        response = np.asarray(self.response, dtype=np.float64)
        wanted = (len(self.doses), len(self.output_names))
        if response.shape != wanted:
            raise ValueError(
                f"response has the shape {response.shape}, and {wanted[0]} doses of {wanted[1]} "
                f"outputs need {wanted}."
            )
        if wanted[1] > MOST_LINES:
            raise ValueError(
                f"{wanted[1]} outputs cannot be told apart; name {MOST_LINES} or fewer of them."
            )
        return response

    def _draw(self, x: np.ndarray, k: int, *, numeric: bool) -> Any:
        y, colour = np.asarray(self.response, dtype=np.float64)[:, k], COLOURS[k]
        name = literal(shortened(self.output_names[k], 20))
        low, high = self._ends(k)
        if numeric:
            (line,) = self.ax_.plot(x, y, color=colour, label=name)
            self.ax_.fill_between(x, low, high, color=colour, alpha=0.18, linewidth=0)
        else:
            line = self.ax_.vlines(x, low, high, color=colour, linewidth=1.2)
        few = np.zeros(len(x), bool) if self.flagged is None else np.asarray(self.flagged, bool)
        for mask, face in ((~few, colour), (few, "white")):
            self.ax_.plot(
                x[mask],
                y[mask],
                linestyle="none",
                marker="o",
                markersize=4,
                markeredgecolor=colour,
                markerfacecolor=face,
                label=name if face != "white" and not numeric else None,
                zorder=3,  # over lines, so that the inside of an empty marker is white
            )
        return line

    def _ends(self, k: int) -> np.ndarray:
        if self.interval is None:
            return np.full((2, len(self.doses)), np.nan)
        ends: np.ndarray = np.asarray(self.interval, dtype=np.float64)[:, :, k]
        return ends

    def _name_levels(self) -> None:
        labels = [literal(shortened(dose, 16)) for dose in self.doses]
        wide = max(map(len, labels), default=0) * len(labels) >= LETTERS
        turned = {"rotation": 30, "ha": "right"} if wide else {}
        self.ax_.set_xlim(-0.5, len(labels) - 0.5)
        self.ax_.set_xticks(range(len(labels)), labels, **turned)

    def _write_support(self, x: np.ndarray) -> None:
        """Rows at each dose along the bottom; where doses are close, those that have room."""
        counts = np.asarray(self.support, dtype=np.float64)
        low, high = self.ax_.get_xlim()
        room, last = (high - low) * 0.09, -np.inf
        for place, n in zip(x, counts, strict=True):
            if place - last >= room and not np.isnan(n):
                self.ax_.annotate(
                    f"{n:,.0f}",
                    (place, 0.0),
                    xycoords=self.ax_.get_xaxis_transform(),
                    xytext=(0, 3),
                    textcoords="offset points",
                    ha="center",
                    fontsize=7,
                    color="#555555",
                )
                last = place
        self.ax_.set_title("small numbers: rows of the data there", fontsize=8, loc="right")

    def _label_ends(self, x: np.ndarray) -> list[Any]:
        """Names right of the axes, moved apart where lines end close together."""
        low, high = self.ax_.get_ylim()
        ends = np.asarray(self.response, dtype=np.float64)[-1]
        heights = ((ends - low) / (high - low)).tolist()
        inches = self.ax_.get_window_extent().height / self.figure_.dpi
        places = spread(heights, LINE_INCHES / inches, 0.0, 1.0)
        return [
            self.ax_.annotate(
                literal(shortened(name, 20)),
                (x[-1], end),
                xytext=(1.04, place),
                textcoords="axes fraction",
                color=colour,
                va="center",
                fontsize=8,
                annotation_clip=False,
                arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.7, "alpha": 0.7},
            )
            for name, end, place, colour in zip(
                self.output_names, ends, places, COLOURS, strict=False
            )
        ]


def _apart(x: np.ndarray) -> bool:
    """Whether each dose can be written below its place."""
    return len(x) < 2 or bool(np.diff(np.sort(x)).min() >= np.ptp(x) / CLOSEST)


def on_dates(ax: Any, days: np.ndarray) -> np.ndarray:
    """Make the axis one of dates; return days since the epoch that matplotlib counts from."""
    import matplotlib.dates

    dates: Any = matplotlib.dates  # has no types of its own
    locator = dates.AutoDateLocator(minticks=2, maxticks=5)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))
    return days + float(dates.date2num(np.datetime64("1970-01-01")))


def _rows_of(outputs: Sequence[Any] | None, known: list[Any], response: np.ndarray) -> list[int]:
    """Positions of the outputs that are drawn."""
    if outputs is not None:
        unknown = [name for name in outputs if name not in known]
        if unknown or not outputs:
            raise ValueError(f"outputs={shown(outputs)} must be among {known}.")
        return [known.index(name) for name in outputs]
    if len(known) == 2:
        return [1]
    moved = np.argsort(-np.abs(response).max(axis=0), kind="stable")[:MOST_LINES]
    return sorted(moved.tolist())


def _quantity(scale: str, drawn: Sequence[Any], n_outputs: int) -> str:
    if n_outputs == 1:
        return "mean change of the prediction"
    whose = literal(shortened(drawn[0], 20)) if len(drawn) == 1 else "the class"
    if scale == "proba":
        return f"mean change of the\nprobability of {whose}"
    half = n_outputs == 2
    return f"mean change of {'half the' if half else 'the centred'}\n" + (
        f"log-odds of {whose}" if half else f"logit of {whose}"
    )
