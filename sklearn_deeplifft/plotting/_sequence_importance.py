"""What edits of sequences do: the figure of each experiment of ``sequence_importance``."""

from __future__ import annotations

from typing import Any

import pandas as pd

from sklearn_deeplifft._printable import named, shown
from sklearn_deeplifft.plotting import _experiments as draw
from sklearn_deeplifft.plotting._axes import axes_or_new
from sklearn_deeplifft.plotting._labels import literal, shortened
from sklearn_deeplifft.plotting._word_rows import LETTER_WIDTH, ROW, draw_words, laid
from sklearn_deeplifft.sequences import find_alphabet

__all__ = ["SequenceImportanceDisplay"]

COLUMNS = {
    "word": "word",
    "letter": "letter",
    "copies": "copies",
    "distance": "distance",
    "gc_low": "content",
    "place": "place",
    "stop": "region",
    "start": "position",
}
"""The column by which the table of an experiment is known, the first of those that it has."""

INTERVALS = {"networks": ("low", "high"), "backgrounds": ("paired_low", "paired_high")}
MEASURES = ("epistasis", "pair")


class SequenceImportanceDisplay:
    """Effects of the edits of one experiment on one output, with 95 % intervals.

    `positions` and `spacing` are curves, `copies` a curve beside what it were if copies added up,
    `gc_context` points over GC content, `necessity` and `sufficiency` bars as wide as their
    regions, `hairpin` bars of placements and of their comparisons, `kmers` the words that raise
    the output most, laid over each other under their logo, and `kmer_mutagenesis` a map of letters.

    Parameters
    ----------
    table : DataFrame
        As `sequence_importance` returns it.
    output : object, default=None
        Output to draw; None is the only one, or of two classes the second in their order.
    interval : {"networks", "backgrounds"}, default=None
        Intervals over networks (``low``, ``high``) or over backgrounds (``paired_low``,
        ``paired_high``). None: over networks, where there are several. A map shows none.
    k : int, default=10
        Words drawn, of `kmers`.
    measure : {"epistasis", "pair"}, default="epistasis"
        What of `spacing` is drawn.
    alphabet : str, default="DNA"
        As of `sequence_importance`.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    output_ : object
        The output drawn.
    interval_ : str
        The intervals drawn.
    words_ : AlignedWords or None
        Of `kmers`: the words drawn and their matrix.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_deeplifft.plotting import SequenceImportanceDisplay
    >>> table = pd.DataFrame({"start": [0, 1], "output": ["y", "y"], "effect": [0.1, 0.4]})
    >>> table = table.assign(low=[0.0, 0.3], high=[0.2, 0.5], paired_low=0.0, paired_high=0.5)
    >>> display = SequenceImportanceDisplay(table).plot()
    >>> display.interval_
    'networks'
    >>> import matplotlib.pyplot as plt
    >>> plt.close(display.figure_)
    """

    def __init__(
        self,
        table: pd.DataFrame,
        *,
        output: Any = None,
        interval: str | None = None,
        k: int = 10,
        measure: str = "epistasis",
        alphabet: str = "DNA",
    ) -> None:
        self.table = table
        self.output = output
        self.interval = interval
        self.k = k
        self.measure = measure
        self.alphabet = alphabet

    def plot(self, ax: Any = None) -> SequenceImportanceDisplay:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        SequenceImportanceDisplay
            Itself, with the attributes set.

        Raises
        ------
        ValueError
            A table that `sequence_importance` does not return, an output that it lacks, several
            outputs of which none is named, or words none of which raises the output.
        """
        kind = _kind(self.table)
        self._require_settings()
        self.output_ = _output(self.table, self.output)
        own = self.table[self.table["output"] == self.output_]
        self.interval_ = self.interval or (
            "networks" if own["low"].notna().all() else "backgrounds"
        )
        low, high = INTERVALS[self.interval_]
        own = own.assign(interval_low=own[low], interval_high=own[high])
        self.words_ = laid(own, self.k, self.alphabet) if kind == "word" else None
        self.ax_ = axes_or_new(ax, self._size(kind, own))
        self.figure_ = self.ax_.figure
        effect = f"effect on {literal(shortened(self.output_, 20))}"
        said = f"{effect}\n(95 % interval over {self.interval_})"
        if kind == "letter":
            draw.draw_letters(self.ax_, own, f"change of the {effect}")
        elif kind in ("word", "place"):
            self._draw_rows(kind, own, said)
        else:
            self._draw_across(kind, own, said)
        return self

    def _draw_across(self, kind: str, own: pd.DataFrame, said: str) -> None:
        ax, names = self.ax_, {"position": "position", "copies": "copies", "region": "position"}
        names |= {"content": "GC content of the background (%)", "distance": "positions between"}
        if kind == "distance":
            said = said.replace("effect", self.measure, 1) if self.measure == "epistasis" else said
            draw.draw_spacing(ax, own, self.measure)
        else:
            drawn = {
                "position": draw.draw_positions,
                "copies": draw.draw_copies,
                "content": draw.draw_contents,
                "region": draw.draw_regions,
            }
            drawn[kind](ax, own)
        draw.style(ax, names[kind], said)

    def _draw_rows(self, kind: str, own: pd.DataFrame, said: str) -> None:
        ax = self.ax_
        if kind == "word":
            assert self.words_ is not None
            draw_words(ax, own, self.words_, find_alphabet(self.alphabet).letters.decode())
        else:
            draw.draw_places(ax, own)
            ax.axvline(0, color="#333333", linewidth=0.8)
        ax.set_xlabel(said, fontsize=9)
        ax.tick_params(axis="x", labelsize=8)
        ax.grid(axis="x", color="#dddddd", linewidth=0.8)
        ax.set_axisbelow(True)
        ax.tick_params(axis="y", length=0)
        ax.spines[["top", "right", "left"]].set_visible(False)

    def _size(self, kind: str, own: pd.DataFrame) -> tuple[float, float]:
        """Width and height in inches."""
        if kind == "word":
            assert self.words_ is not None
            width = LETTER_WIDTH * self.words_.counts.shape[1]
            return 3.6 + width, 1.8 + ROW * max(len(self.words_.words), 3)
        if kind == "place":
            return 5.0, 1.2 + 0.3 * len(own)
        if kind == "letter":
            return 1.4 + 0.32 * max(own["position"].nunique(), 8), 2.4
        return (7.4, 3.0) if kind == "distance" else (5.4, 3.0)

    def _require_settings(self) -> None:
        if self.interval is not None and self.interval not in INTERVALS:
            raise ValueError(
                f"interval={shown(self.interval)} must be one of {list(INTERVALS)}, or None."
            )
        if self.measure not in MEASURES:
            raise ValueError(f"measure={shown(self.measure)} must be one of {list(MEASURES)}.")


def _kind(table: pd.DataFrame) -> str:
    needed = {"output", "effect", *INTERVALS["networks"], *INTERVALS["backgrounds"]}
    kind = next((kind for column, kind in COLUMNS.items() if column in table), None)
    missing = sorted(needed - {*table.columns})
    if missing or kind is None:
        lack = f"column {named(missing)}" if missing else f"any of the columns {list(COLUMNS)}"
        raise ValueError(
            f"table does not have {lack}; pass the table that sequence_importance returns."
        )
    return kind


def _output(table: pd.DataFrame, asked: Any) -> Any:
    outputs = list(dict.fromkeys(table["output"]))
    if len(outputs) == 2:  # rows may be sorted by effect; classes are in the order of their labels
        outputs = sorted(outputs, key=lambda name: (isinstance(name, str), name))
    if asked is None and len(outputs) <= 2:
        return outputs[-1]
    if asked is None:
        raise ValueError(
            f"the table has {len(outputs)} outputs; pass output=, one of {named(outputs)}."
        )
    if asked not in outputs:
        raise ValueError(f"output={shown(asked)} is not in the table, which has {named(outputs)}.")
    return asked
