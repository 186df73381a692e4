"""Interactions of pairs: a map of the features that meet, bars of pairs, the table of one pair."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.cluster.hierarchy import leaves_list, linkage

from sklearn_deeplifft._printable import shown
from sklearn_deeplifft.interventions import InteractionEffects, interaction_effects
from sklearn_deeplifft.plotting._axes import axes_or_new
from sklearn_deeplifft.plotting._feature_rows import FAINT, PLAIN, label_rows, rows_size
from sklearn_deeplifft.plotting._labels import literal, shortened
from sklearn_deeplifft.plotting._signed_cells import draw_scale, dress_bars, name_size, row_height

__all__ = ["InteractionDisplay"]

KINDS = ("map", "bars", "table")
LONGEST_NAME, LETTER, WIDTH = 28, 0.075, 4.0
MOST_MARKED = 30
"""Features of a map up to which single cells are marked."""
FEW = 20


class InteractionDisplay:
    """Pairs of features that work together, as a map, as bars or as the table of one pair.

    ``"map"``: the features of the strongest pairs, clustered, so that those that meet stand side by
    side. ``"bars"``: pairs, the strongest on top, with their intervals. ``"table"``: rows of data
    that are low and high in the two features of the strongest pair, which is what its score stands
    on. Pale bars, crosses and red numbers: fewer than 20 rows are in one of the four cells, and the
    score is a guess.

    Parameters
    ----------
    effects : InteractionEffects
        From `sklearn_deeplifft.interventions.interaction_effects`.
    kind : {"map", "bars", "table"}, default="map"
    k : int, default=12
        Features of the map, or bars.
    output : object, default=None
        One of ``effects.outputs``; None takes the one with the largest score.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    im_ : matplotlib AxesImage
        Of a map or a table.
    bars_ : matplotlib BarContainer
    names_ : list of str
        Features of a map in their order; pairs of bars; the two features of a table.
    output_ : object
        The output that is drawn.

    See Also
    --------
    EpistasisDisplay : Signed epistasis of interventions that you named.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.neural_network import MLPRegressor
    >>> from sklearn_deeplifft.interventions import interaction_effects
    >>> from sklearn_deeplifft.plotting import InteractionDisplay
    >>> X = np.random.default_rng(0).standard_normal((200, 3))
    >>> y = X[:, 0] * X[:, 1]
    >>> model = MLPRegressor(hidden_layer_sizes=(20,), random_state=0, tol=0.05).fit(X, y)
    >>> display = InteractionDisplay(interaction_effects(model, X), kind="bars").plot()
    >>> len(display.bars_)
    3
    >>> import matplotlib.pyplot as plt
    >>> plt.close(display.figure_)
    """

    def __init__(
        self,
        effects: InteractionEffects,
        *,
        kind: str = "map",
        k: int = 12,
        output: Any = None,
    ) -> None:
        self.effects = effects
        self.kind = kind
        self.k = k
        self.output = output

    @classmethod
    def from_effects(
        cls,
        effects: InteractionEffects,
        *,
        kind: str = "map",
        k: int = 12,
        output: Any = None,
        ax: Any = None,
    ) -> InteractionDisplay:
        """Draw what `sklearn_deeplifft.interventions.interaction_effects` found.

        Parameters
        ----------
        effects : InteractionEffects
        kind, k, output : as of the class
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        InteractionDisplay
        """
        return cls(effects, kind=kind, k=k, output=output).plot(ax=ax)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        *,
        kind: str = "map",
        k: int = 12,
        output: Any = None,
        ax: Any = None,
        **options: Any,
    ) -> InteractionDisplay:
        """Ask a fitted model about rows ``X``, and draw.

        Parameters
        ----------
        estimator : object
            Anything that `interaction_effects` takes as ``model``.
        X : array-like or sparse matrix of shape (n_samples, n_features)
        kind, k, output : as of the class
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        **options
            Of `interaction_effects`, such as ``levels="present"``.

        Returns
        -------
        InteractionDisplay
        """
        effects = interaction_effects(estimator, X, **options)
        return cls.from_effects(effects, kind=kind, k=k, output=output, ax=ax)

    def plot(self, ax: Any = None) -> InteractionDisplay:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        InteractionDisplay
            Itself, with the attributes set.
        """
        found = self.effects
        if not isinstance(found, InteractionEffects):
            raise TypeError(f"effects={shown(found)} must be what interaction_effects returns.")
        if self.kind not in KINDS:
            raise ValueError(f"kind={shown(self.kind)} must be one of {list(KINDS)}.")
        if not isinstance(self.k, int | np.integer) or isinstance(self.k, bool) or self.k < 1:
            raise ValueError(f"k={shown(self.k)} must be a whole number of at least 1.")
        column = self._column(found)
        size = np.nan_to_num(np.abs(found.score[:, column]), nan=-1)
        order = np.argsort(-size, kind="stable")
        draw = {"map": self._map, "bars": self._bars, "table": self._table}[self.kind]
        draw(found, column, order, ax)
        self.figure_ = self.ax_.figure
        return self

    def _column(self, found: InteractionEffects) -> int:
        known = list(found.outputs)
        if self.output is None:
            column = int(np.nan_to_num(np.abs(found.score)).max(axis=0).argmax())
        elif self.output in known:
            column = known.index(self.output)
        else:
            raise ValueError(f"output={shown(self.output)} must be one of {known}.")
        self.output_ = known[column]
        return column

    def _label(self, found: InteractionEffects) -> str:
        of = "" if len(found.outputs) == 1 else f" on {shortened(self.output_, 20)}"
        size = "size (rms)" if found.reduce == "rms" else "mean"
        return literal(f"interaction{of}, {size}")

    def _map(self, found: InteractionEffects, column: int, order: np.ndarray, ax: Any) -> None:
        chosen = list(dict.fromkeys(found.pairs[order].ravel().tolist()))[: self.k]
        values = found.matrix()[column][np.ix_(chosen, chosen)]
        place = _clustered(np.abs(np.nan_to_num(values)))
        chosen, values = [chosen[i] for i in place], values[np.ix_(place, place)]
        n = len(chosen)
        self.names_ = [found.names[g] for g in chosen]
        labels = [literal(shortened(name, LONGEST_NAME)) for name in self.names_]
        letters = LETTER * max(map(len, labels))
        inner = row_height(n) * max(n, 10)
        self.ax_ = axes_or_new(ax, (inner + letters + 0.6, inner + 0.7 * letters + 1.1))
        np.fill_diagonal(values, np.nan)
        limit = float(np.nanmax(np.abs(values), initial=0.0)) or 1.0
        signed = found.reduce == "mean"
        colours = {"cmap": "RdBu", "vmin": -limit} if signed else {"cmap": "Blues", "vmin": 0.0}
        self.ax_.set_facecolor("#eeeeee")
        self.im_ = self.ax_.imshow(np.ma.masked_invalid(values), vmax=limit, **colours)
        size = name_size(n)
        turned = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
        self.ax_.set_yticks(range(n), labels, fontsize=size)
        self.ax_.set_xticks(range(n), labels, fontsize=size, **turned)
        self.ax_.tick_params(length=0)
        self.ax_.spines[:].set_visible(False)
        self._cross(found, chosen, values / limit)
        self.colorbar_ = draw_scale(self.im_, self._label(found))

    def _cross(self, found: InteractionEffects, chosen: list[int], depth: np.ndarray) -> None:
        """Mark pairs that are a guess."""
        if len(chosen) > MOST_MARKED or not found.flagged.any():
            return
        at = {g: i for i, g in enumerate(chosen)}
        pairs = [pair for pair in found.pairs[found.flagged].tolist() if set(pair) <= set(at)]
        if not pairs:
            return
        i, j = np.array([(at[a], at[b]) for a, b in pairs]).T
        rows, columns = np.append(i, j), np.append(j, i)
        dark = np.abs(np.nan_to_num(depth[rows, columns])) > 0.6
        self.ax_.scatter(columns, rows, s=14, marker="x", c=np.where(dark, "#ffffff", "#222222"))
        self.ax_.set_xlabel("cross: few rows, a guess", fontsize=8)

    def _bars(self, found: InteractionEffects, column: int, order: np.ndarray, ax: Any) -> None:
        order = order[: self.k]
        self.names_ = [
            " x ".join(shortened(found.names[g], 17) for g in pair)
            for pair in found.pairs[order].tolist()
        ]
        self.ax_ = axes_or_new(ax, rows_size(self.names_, WIDTH))
        places, flagged = np.arange(len(order)), found.flagged[order]
        colours = np.where(flagged, FAINT, PLAIN)
        self.bars_ = self.ax_.barh(places, found.score[order, column], height=0.72, color=colours)
        low, high = found.interval[:, order, column]
        notes = ["pale: few rows, a guess"] if flagged.any() else []
        if not np.isnan(low).all():
            self.ax_.hlines(places, low, high, color="#111111", linewidth=1.2)
            notes.insert(0, "line: 95 % over networks")
        dress_bars(self.ax_, self._label(found) + (f"\n({'; '.join(notes)})" if notes else ""))
        self.ax_.axvline(0, color="#333333", linewidth=0.8)
        label_rows(self.ax_, self.names_)

    def _table(self, found: InteractionEffects, column: int, order: np.ndarray, ax: Any) -> None:
        best = int(order[0])
        cells = found.cells[best]
        if (cells < 0).any():
            raise ValueError(
                "the rows of the four cells were not counted; call interaction_effects with "
                "support=True."
            )
        self.names_ = [found.names[g] for g in found.pairs[best].tolist()]
        first, second = (literal(shortened(name, LONGEST_NAME)) for name in self.names_)
        ends = ("absent", "present") if found.levels == "present" else ("low", "high")
        self.ax_ = axes_or_new(ax, (3.4, 3.2))
        counts = np.array([[cells[0], cells[2]], [cells[1], cells[3]]])
        self.im_ = self.ax_.imshow(counts, cmap="Greys", vmin=0, vmax=2.5 * max(counts.max(), 1))
        for (i, j), count in np.ndenumerate(counts):
            few = {"color": "#b2182b", "weight": "bold"} if count < FEW else {"color": "#111111"}
            self.ax_.text(j, i, f"{count:,}", ha="center", va="center", **few)
        self.ax_.set_yticks((0, 1), ends)
        self.ax_.set_xticks((0, 1), ends)
        self.ax_.set_ylabel(first)
        self.ax_.set_xlabel(second)
        self.ax_.tick_params(length=0)
        self.ax_.spines[:].set_visible(False)
        score = f"{self._label(found)}: {found.score[best, column]:.3g}"
        self.ax_.set_title(f"rows of data in each cell\n{score}", fontsize=9, loc="left")


def _clustered(sizes: np.ndarray) -> Sequence[int]:
    """Order in which features that meet stand side by side, by average linkage."""
    n = len(sizes)
    if n < 3 or not sizes.any():
        return range(n)
    distance = 1 - sizes[np.triu_indices(n, 1)] / sizes.max()
    order: Sequence[int] = leaves_list(linkage(distance, "average", optimal_ordering=True)).tolist()
    return order
