"""What interaction_effects cannot do is said before anything is run, and how to ask instead."""

import numpy as np
import pandas as pd
import pytest
import torch

from sklearn_deeplifft import FeatureSelectionWarning
from sklearn_deeplifft.interventions import interaction_effects
from tests.conftest import relu_network
from tests.interventions._functions import EXACT, Function, counts

X, NET = counts(40, 4), relu_network(4, 5, 2)
BLOCKS = {"feature_groups": [[0, 1]]}

BAD = {
    "pairs word": ({"pairs": "some"}, "pairs='some' must be 'all'"),
    "pairs 0": ({"pairs": 0}, "must be 'all', a number of pairs"),
    "pairs True": ({"pairs": True}, "must be 'all'"),
    "pairs array": ({"pairs": np.array(1)}, r"pairs=array\(1\) must be 'all'"),
    "pair array": ({"pairs": [np.array(1)]}, "each pair is two columns"),
    "pairs empty": ({"pairs": []}, "pairs is empty"),
    "pairs single": ({"pairs": [0, 1]}, "each pair is two columns"),
    "pairs triple": ({"pairs": [(0, 1, 2)]}, "each pair is two columns"),
    "pairs same": ({"pairs": [(1, 1)]}, "is one feature"),
    "pairs of a block": ({"pairs": [(0, 1)], **BLOCKS}, "is one feature"),
    "pairs far": ({"pairs": [(0, 9)]}, "not among the 4 columns"),
    "pairs name": ({"pairs": [("a", "b")]}, "not among the 4 columns"),
    "levels word": ({"levels": "up"}, "levels='up' must be one of"),
    "levels short": ({"levels": [1, 2]}, r"shape \(2,\).*each of the 4 columns"),
    "levels text": ({"levels": ["a"] * 4}, "levels must hold numbers"),
    "levels NaN": ({"levels": [1, 2, 3, np.nan]}, "finite numbers"),
    "levels three": ({"levels": (0, 1, 2)}, "tuple of 3"),
    "levels equal": ({"levels": (1, 1)}, "low equals high"),
    "levels of blocks": ({"levels": (0, 1), **BLOCKS}, "blocks, which are written whole"),
    "cells as values": ({"levels": np.ones((3, 4))}, "are cells"),
    "context": ({"context": "shapely"}, "context='shapely' must be one of"),
    "context array": ({"context": np.ones(2)}, "must be one of"),
    "without": ({"context": "without"}, "what absence is"),
    "cells low": ({"context": "partial_dependence", "levels": (0, 1)}, "to cells"),
    "one cell": ({"context": "partial_dependence", "levels": np.ones(4)}, "spread over cells"),
    "gaps": ({"context": "archdetect", **BLOCKS}, "divides by the gap"),
    "table context": ({"levels": "table", "context": "shapley"}, "rows as they are"),
    "table mean": ({"levels": "table", "reduce": "mean"}, "entries sum to 0"),
    "reduce": ({"reduce": "max"}, "reduce='max' must be"),
    "reduce array": ({"reduce": np.ones(2)}, "must be 'rms' or 'mean'"),
    "scale": ({"scale": "probability"}, "scale='probability' must be one of"),
    "n_background": ({"n_background": 0}, "n_background=0"),
    "random_state": ({"random_state": -1}, "random_state"),
    "dtype": ({"dtype": "half"}, "dtype"),
    "one row": ({"n_background": 1}, "takes values from another row"),
}


@pytest.mark.parametrize(("options", "message"), BAD.values(), ids=BAD)
def test_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        interaction_effects(NET, X, **options)


def test_one_feature_makes_no_pair():
    with pytest.raises(ValueError, match="one feature"):
        interaction_effects(relu_network(1, 3, 2), X[:, :1])
    with pytest.raises(ValueError, match="one feature"):
        interaction_effects(NET, X, feature_groups=[[0, 1, 2, 3]])


def test_nan_and_other_tables():
    bad = X.copy()
    bad[3, 2] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        interaction_effects(NET, bad)
    with pytest.raises(TypeError, match="neither a fitted selector"):
        interaction_effects(object(), X)


def test_text_may_be_swapped_only():
    frame = pd.DataFrame({"a": X[:, 0], "b": ["x", "y"] * 20})
    for levels in ("present", "table", (0, 1), [0, 1]):
        with pytest.raises(ValueError, match="'b', which holds text; use levels='swap'"):
            interaction_effects(NET, frame, levels=levels)


def test_large_blocks_have_no_table():
    many = np.random.default_rng(0).random((40, 4))
    with pytest.raises(ValueError, match="holds 40 different rows"):
        interaction_effects(NET, many, levels="table", feature_groups=[[0, 1]])


def test_changes_too_large_are_named():
    f = Function(lambda a, b, c, d: (a * b * 1e120).square() + c + d)
    with pytest.raises(ValueError, match="moving x0 and x1 changes the predictions by more"):
        interaction_effects(f, X, levels=(0.0, 1e30), **EXACT)


def test_nobody_without_the_features():
    full = X + 1
    with pytest.raises(ValueError, match="no row of the background is without both"):
        interaction_effects(NET, full, levels="present")
    full[:, 2:] = np.eye(2)[np.arange(40) % 2]
    full[::3, 2:] = 0
    with pytest.warns(FeatureSelectionWarning, match="5 of 6 pairs have no background row"):
        found = interaction_effects(NET, full, levels="present")
    assert np.isnan(found.score).all(axis=1).sum() == 5
    assert found.flagged.sum() == 6
    assert found.to_frame()["score"].isna()[2:].all()
    assert found.top(1).pairs.tolist() == [[2, 3]]


def test_fields_of_a_matrix_are_named():
    found = interaction_effects(NET, X)
    for field in ("interval", "h_squared", 3):
        with pytest.raises(ValueError, match="field="):
            found.matrix(field)
    for k in (0, True, "x"):
        with pytest.raises(ValueError, match="k="):
            found.top(k)


def test_networks_without_numbers_are_told():
    net = relu_network(4, 5, 2)
    with torch.no_grad():
        net[2].weight[0, 0] = np.inf
    with pytest.raises(ValueError, match="holds NaN or infinity"):
        interaction_effects(net, X)
