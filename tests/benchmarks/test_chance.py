"""The benchmark of at_chance_: its noise is noise, and its quick form counts it."""

import json

import numpy as np
import pytest
from scipy.sparse import issparse

from benchmarks.chance.__main__ import main
from benchmarks.chance.noise import KINDS, REGRESSION, table


@pytest.mark.parametrize("kind", KINDS)
def test_no_column_knows_the_target(kind):
    found = table(kind, 0)
    X = found.X.toarray() if issparse(found.X) else found.X
    y = np.reshape(found.y, (len(X), -1)).astype(float)
    assert (kind in REGRESSION) == (found.y.dtype.kind == "f")
    if found.row_groups is not None:  # a column differs between groups, and so may the target
        X, y = (
            np.stack(
                [part[found.row_groups == g].mean(axis=0) for g in np.unique(found.row_groups)]
            )
            for part in (X, y)
        )
    ranks = [np.argsort(np.argsort(part, axis=0), axis=0) for part in (X, y)]
    r = np.corrcoef(*(part.T for part in ranks))[: X.shape[1], X.shape[1] :]
    # The largest of so many correlations of noise.
    assert np.nanmax(abs(r)) < np.sqrt(2 * np.log(2 * r.size) / len(X)) * 1.3
    assert not np.array_equal(table(kind, 1).y, found.y) or kind == "pairs"


@pytest.mark.long
@pytest.mark.slow
def test_quick_form(tmp_path, capsys):
    path = tmp_path / "figures.json"
    main(["--quick", "--json", str(path)])
    figures = json.loads(path.read_text())
    assert figures["at_chance_flagged"] >= 5 / 6
    assert figures["at_chance_false_alarms"] == 0
    assert figures["at_chance_real_tables"] >= 1
    assert figures["at_chance_largest_p"] < 0.01
    assert "at_chance_flagged_grouped" in capsys.readouterr().out
