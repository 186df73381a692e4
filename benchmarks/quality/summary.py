"""The figures of the quality benchmark, from its cells.

A selector without a result for some split of a table, because its ten minutes were spent or it
failed, has the worst rank there at every length of list; what is compared with it is the mean over
the splits that both have. A table counts once every selector has been tried on every split. "All
columns" is beside the comparison.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from benchmarks.common.gate_tables import PLANTED
from benchmarks.quality.cells import Cell, Cells, Key
from benchmarks.quality.selectors import PEERS, RANDOM
from sklearn_deeplifft.ranking import nogueira_stability

DEFAULT = "deeplifft"
#: How far below the best peer is still as good.
TOLERANCE = 0.01
ROW = ("table", "k", "selector", "downstream", "split", "balanced_accuracy")


def quality_cells(cells: Cells, n_splits: int) -> Cells:
    """Those that tell quality: all training rows, and the split's own seed."""
    return {
        key: cell
        for key, cell in cells.items()
        if key.seed == key.split < n_splits and not key.resample
    }


def rows(cells: Cells, counts: Sequence[int]) -> pd.DataFrame:
    """One row for each (table, k, selector, downstream, split); of all columns k is 0."""
    found = [
        (cell.table, k, cell.selector, learner, cell.split, score)
        for cell in cells.values()
        for k, scores in cell.scores.items()
        if k == 0 or k in counts
        for learner, score in scores.items()
    ]
    return pd.DataFrame(found, columns=list(ROW))


def written_rows(cells: Cells, counts: Sequence[int]) -> list[dict[str, object]]:
    """For the JSON: rows with the seconds of their fit; where it has no result, without a score."""
    found = rows(cells, counts)
    names = ["table", "selector", "split"]
    fits = pd.DataFrame(
        [(key.table, key.selector, key.split, *_spent(cell)) for key, cell in cells.items()],
        columns=[*names, "status", "seconds", "cpu_seconds"],
    )
    asked = found.loc[found["k"] > 0, ["table", "k", "downstream"]].drop_duplicates()
    lost = fits.loc[fits["status"] != "done", names].merge(asked, on="table")
    both = pd.concat([found, lost]) if len(lost) else found
    return [
        {name: None if pd.isna(value) else value for name, value in row.items()}
        for row in both.merge(fits, on=names).round({ROW[-1]: 4}).to_dict("records")
    ]


def _spent(cell: Cell) -> tuple[str, float, float]:
    return cell.status, round(cell.seconds, 2), round(cell.cpu_seconds, 2)


def tried_tables(cells: Cells, n_splits: int) -> list[str]:
    """Tables on which every selector has a cell, of whatever end, for every split."""
    selectors = {key.selector for key in cells}
    tables = dict.fromkeys(key.table for key in cells)
    return [
        table
        for table in tables
        if all(Key(table, s, name, s) in cells for s in range(n_splits) for name in selectors)
    ]


def by_split(cells: Cells, counts: Sequence[int]) -> pd.DataFrame:
    """Mean over downstream learners: index (table, k, split), a column each selector."""
    found = rows(cells, counts)
    scores = found[found["k"] > 0].pivot_table(
        index=["table", "k", "split"], columns="selector", values=ROW[-1], sort=False
    )
    # One without any result is compared all the same.
    return scores.reindex(columns=dict.fromkeys(k.selector for k in cells if k.selector != "all"))


def by_count(scores: pd.DataFrame) -> pd.DataFrame:
    """Mean over splits: index (table, k); NaN where a selector lacks one."""
    groups = scores.groupby(level=["table", "k"], sort=False)
    # mean(skipna=False) of the groups themselves came with pandas 3.
    return groups.agg(lambda splits: splits.mean(skipna=False))


def mean_ranks(means: pd.DataFrame) -> pd.Series:
    """Mean over (table, k) of the rank, 1 the best, ties shared; without a result the worst."""
    ranks = means.rank(axis=1, ascending=False).fillna(means.shape[1])
    return ranks.mean().sort_values()


def margins(scores: pd.DataFrame, of: str = DEFAULT) -> pd.DataFrame:
    """One's score less each other selector's on the splits that both have: index (table, k)."""
    differences = scores[[of]].to_numpy() - scores.drop(columns=of)
    return differences.groupby(level=["table", "k"], sort=False).mean()


def hindsight(means: pd.DataFrame) -> pd.Series:
    """Mean lead over each selector of whichever did best, told apart by the test rows themselves.

    No selector knows that, so it is more than can be asked of one that is no better than all of
    these together.
    """
    return -means.sub(means.max(axis=1), axis=0).mean()


def figures(cells: Cells, n_splits: int, counts: Sequence[int]) -> dict[str, float]:
    """The flat figures of quality; none where ours or a peer is missing altogether."""
    of_quality = quality_cells(cells, n_splits)
    tables = tried_tables(of_quality, n_splits)
    of_quality = {key: cell for key, cell in of_quality.items() if key.table in tables}
    scores = by_split(of_quality, counts)
    peers = [name for name in scores if name in PEERS]
    if DEFAULT not in scores or not peers:
        return {}
    means, less = by_count(scores), margins(scores)
    ranks, most = mean_ranks(means), hindsight(means)
    found = {
        "mean_rank_default": ranks[DEFAULT],
        "best_peer_mean_rank": ranks[peers].min(),
    }
    found |= shares_within(scores[[DEFAULT, *peers]])
    finished = [name for name in peers if less[name].notna().any()]
    found |= {margin_name(name): less[name].mean() for name in finished}
    found |= worst_table(less[finished])
    found |= {f"hindsight_{name}": most[name] for name in finished}
    found |= _recall(of_quality) | _time_share(of_quality) | time_ratios(of_quality)
    found["tables"], found["table_k_cells"] = len(tables), len(less)
    return {name: float(value) for name, value in found.items()}


def margin_name(peer: str) -> str:
    """Of the figure; the elimination that is careful is the one that counts."""
    return "margin_elimination" if peer == "logistic_elimination" else f"margin_{peer}"


def shares_within(scores: pd.DataFrame) -> dict[str, float]:
    """Share of (table, k) at which each is at most the tolerance below the best of the others.

    Without a result on any split it is not within it.
    """
    shares = {}
    for name in scores:
        worst = margins(scores, name).min(axis=1)
        suffix = "" if name == DEFAULT else f"_{name}"
        shares[f"share_within_001{suffix}"] = (worst >= -TOLERANCE).mean()
    return shares


def worst_table(less: pd.DataFrame) -> dict[str, float]:
    """Least over tables of our mean lead over `k`: over the table's best peer, and over each best.

    `less` is of `margins`, the peers alone. The second is against another peer at each `k`, the
    best there, so it is lower.
    """
    of_tables = less.groupby(level="table", sort=False).mean()
    at_each = less.min(axis=1).groupby(level="table", sort=False).mean()
    return {
        "worst_table_margin": of_tables.min(axis=1).min(),
        "worst_table_margin_at_each_k": at_each.min(),
    }


def planted_found(cells: Cells, selector: str) -> list[int]:
    """How many of MADELON's 20 planted columns are in the top 20, a number each split."""
    return [
        len(set(cell.lists[20]) & set(PLANTED))
        for key, cell in cells.items()
        if key.table == "madelon" and key.selector == selector and 20 in cell.lists
    ]


def _recall(cells: Cells) -> dict[str, float]:
    found = planted_found(cells, DEFAULT)
    return {"madelon_recall20": np.mean(found)} if found else {}


def _time_share(cells: Cells) -> dict[str, float]:
    """Our processor time over LassoNet's, where both began; what it spent in vain counts."""
    spent = {key: cell.cpu_seconds for key, cell in cells.items()}
    ours = {(k.table, k.split): s for k, s in spent.items() if k.selector == DEFAULT}
    theirs = {(k.table, k.split): s for k, s in spent.items() if k.selector == "lassonet"}
    both = [pair for pair in ours if theirs.get(pair, 0.0) > 0]
    if not both:
        return {}
    share = sum(ours[pair] for pair in both) / sum(theirs[pair] for pair in both)
    return {"time_share_of_lassonet": share}


def time_ratios(cells: Cells) -> dict[str, float]:
    """Our processor time over the forest's, the median over tables; over LightGBM's, of the sums.

    Of splits that both began; what was spent in vain counts.
    """
    spent = pd.Series({(k.table, k.split, k.selector): c.cpu_seconds for k, c in cells.items()})
    by_fit = spent.unstack().replace(0.0, np.nan)
    found = {}
    for peer in ("forest", "lightgbm"):
        if {DEFAULT, peer} <= set(by_fit):
            both = by_fit[[DEFAULT, peer]].dropna().groupby(level=0).sum()
            if len(both):
                ratio = both[DEFAULT] / both[peer]
                found[f"cpu_over_{peer}_median"] = ratio.median()
                found[f"cpu_over_{peer}_sum"] = both[DEFAULT].sum() / both[peer].sum()
    return found


def stability(cells: Cells, shapes: dict[str, tuple[int, int]], n_seeds: int) -> pd.DataFrame:
    """Mean Nogueira index over seeds of the first split: index table, a column each selector.

    `shapes` gives of each table its columns and the length of list; NaN where a seed is missing.
    """
    found = {}
    for table, (d, k) in shapes.items():
        for selector in {key.selector: None for key in cells if key.table == table}:
            keys = [Key(table, 0, selector, seed) for seed in range(n_seeds)]
            lists = [cells[key].lists.get(k) for key in keys if key in cells]
            if selector in RANDOM and len(lists) == n_seeds and None not in lists:
                masks = np.array([np.isin(np.arange(d), columns) for columns in lists])
                found[table, selector] = nogueira_stability(masks)
    return unstacked(found)


def unstacked(found: dict[tuple, float]) -> pd.DataFrame:
    """A column for each last part of the keys, a row for each rest, both in the order of `found`.

    ``unstack(sort=False)`` of pandas 2 puts values where they do not belong.
    """
    if not found:
        return pd.DataFrame()
    values = pd.Series(found, dtype=float)
    rows, columns = values.index.droplevel(-1), values.index.get_level_values(-1)
    return values.unstack().reindex(index=rows.unique(), columns=columns.unique())


def stability_figures(found: pd.DataFrame) -> dict[str, float]:
    """Share of the tables on which ours agrees more with itself than the forest does.

    A table that only the forest finished is lost.
    """
    if not {DEFAULT, "forest"} <= set(found):
        return {}
    judged = found.dropna(subset="forest")
    if not len(judged):
        return {}
    return {"stability_wins": float((judged[DEFAULT] > judged["forest"]).mean())}
