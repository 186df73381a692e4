"""Stability under other rows, which is what users mean: the same list tomorrow, of other samples.

Nogueira's index of the lists named on halves of the rows, all with one seed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from benchmarks.quality.cells import Cells, Key
from benchmarks.quality.summary import DEFAULT, unstacked
from sklearn_deeplifft.ranking import nogueira_stability

#: Ours and the peers whose lists are asked for again where none are named.
COMPARED = (DEFAULT, "forest", "l1", "logistic_elimination")
PEER = "forest"


def stability_rows(
    cells: Cells, asked: Mapping[str, tuple[int, Sequence[int]]], n_halves: int
) -> pd.DataFrame:
    """Index of the lists over halves: index (table, k), a column each selector.

    `asked` gives of each table its columns and the lengths of list; NaN where a half is missing.
    """
    found = {}
    selectors = dict.fromkeys(key.selector for key in cells if key.resample)
    for table, (d, counts) in asked.items():
        for selector in selectors:
            keys = [Key(table, 0, selector, 0, number + 1) for number in range(n_halves)]
            for k in counts:
                lists = [cells[key].lists.get(k) for key in keys if key in cells]
                if len(lists) == n_halves and None not in lists:
                    masks = np.array([np.isin(np.arange(d), columns) for columns in lists])
                    found[table, k, selector] = nogueira_stability(masks)
    return unstacked(found)


def stability_rows_figures(found: pd.DataFrame) -> dict[str, float]:
    """Share of the tables on which ours, over lengths of list, is at least as stable as the forest.

    A table that only the forest finished is lost. Beside it each selector's mean over the tables
    on which all of them finished.
    """
    if not {DEFAULT, PEER} <= set(found):
        return {}
    by_table = found.groupby(level=0, sort=False).mean()
    judged = by_table.dropna(subset=PEER)
    if not len(judged):
        return {}
    means = by_table.dropna().mean().add_prefix("stability_rows_")
    wins = {"stability_rows_wins": float((judged[DEFAULT] >= judged[PEER]).mean())}
    return wins | {name: float(value) for name, value in means.dropna().items()}
