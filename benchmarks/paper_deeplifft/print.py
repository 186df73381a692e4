"""Tables on the screen, as they come, and figures in files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks.paper_deeplifft.figures import LEARNERS
from benchmarks.paper_deeplifft.motifs import Row
from benchmarks.paper_deeplifft.problems import Problem
from benchmarks.paper_deeplifft.rankings import Scores, top

#: List lengths of Figure 1 that are printed.
SHOWN = (1, 2, 3, 5, 10, 20, 30, 50)


def say(*texts: str) -> None:
    """Print lines now."""
    for text in texts:
        print(text, flush=True)


def aligned(rows: Sequence[Row]) -> list[str]:
    """Rows of a table, the first its header, columns aligned."""
    if len(rows) == 1:
        return ["  none"]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  " + "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def curve_rows(sizes: Sequence[int], curves: Mapping[str, np.ndarray]) -> list[Row]:
    """Mean precision by list, at the lengths shown, and over all lengths up to 20."""
    shown = [at for at, n in enumerate(sizes) if n in SHOWN]
    rows = [["list", *(f"n={sizes[at]}" for at in shown), "mean n<=20"]]
    for name, curve in curves.items():
        mean = curve.mean(axis=(0, 1))
        rows.append([name, *(f"{mean[at]:.3f}" for at in shown), f"{mean[:20].mean():.3f}"])
    return rows


def accuracy_rows(sizes: Sequence[int], cells: Mapping[tuple[str, str], np.ndarray]) -> list[Row]:
    """Mean accuracy by learner and list, at each length; with all motifs in the last column."""
    rows = [["learner on list", *(f"n={n}" for n in sizes), "all"]]
    for (learner, name), accuracy in cells.items():
        found = [f"{value:.3f}" for value in accuracy.mean(axis=0)]
        if name == "all":
            found = [""] * len(sizes) + found
        rows.append([f"{learner} on {name}", *found, *[""] * (len(sizes) + 1 - len(found))])
    return rows


def top_five(problem: Problem, scores: Scores, score: np.ndarray) -> str:
    """The first five motifs of a list, with family and signed score for the class "bound"."""
    names, families = problem.table.feature_names, problem.table.families
    return ", ".join(
        f"{names[j]} [{families[j]}] {scores.signed[1, j]:+.4f}" for j in top(score, 5)
    )


def shares_line(shares: Mapping[str, float]) -> str:
    """Names and shares, in one line."""
    return ", ".join(f"{name} {share:.2f}" for name, share in shares.items())


def draw(folder: str, key: str, sizes: tuple[Sequence[int], Sequence[int]], curves, cells) -> None:
    """Figures 1 and 3 of one table, as PNG."""
    from matplotlib.figure import Figure

    Path(folder).mkdir(parents=True, exist_ok=True)
    figure = Figure(figsize=(6, 4), layout="constrained")
    ax = figure.subplots()
    for name, curve in curves.items():
        style = "--" if name.endswith("_ranking") else "-"
        ax.plot(sizes[0], curve.mean(axis=(0, 1)), style, label=name)
    ax.set(xlabel="motifs", ylabel="mean average precision, one versus all", title=key)
    ax.legend(fontsize="small")
    figure.savefig(Path(folder) / f"figure1_{key}.png", dpi=120)
    figure = Figure(figsize=(9, 4), layout="constrained")
    for ax, learner in zip(figure.subplots(1, 2, sharey=True), LEARNERS, strict=True):
        for (asked, name), accuracy in cells.items():
            if asked == learner and name != "all":
                ax.plot(sizes[1], accuracy.mean(axis=0), "o-", label=f"{name} list")
        ax.axhline(cells[learner, "all"].mean(), color="grey", ls=":", label="all motifs")
        ax.set(xlabel="motifs", ylabel="balanced accuracy", title=f"{key}: {learner}")
    ax.legend(fontsize="small")
    figure.savefig(Path(folder) / f"figure3_{key}.png", dpi=120)
