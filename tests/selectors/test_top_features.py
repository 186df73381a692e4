"""The features that speak most for a class, by name or position."""

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError

from sklearn_deeplifft import GIATransformer, ImportanceNeuronSelector
from tests.conftest import ONE_PASS, QUICK, made, planted, quick

NAMES = list("abcdefgh")
SHARED = {name: value for name, value in QUICK.items() if name not in ONE_PASS}
SELECTORS = [
    quick(),
    made(ImportanceNeuronSelector, defaults=SHARED, score_on="all", path_steps=300),
    made(GIATransformer, defaults=SHARED),
]


@pytest.mark.parametrize("selector", SELECTORS, ids=lambda s: type(s).__name__)
def test_of_each_class_and_of_all(selector):
    X, y = planted()
    selector.fit(pd.DataFrame(X, columns=NAMES), np.array(["x", "y", "z"])[y])
    for row, label in enumerate(["x", "y", "z"]):
        # Column c is what class c is made of.
        assert list(selector.top_features(1, label=label)) == [NAMES[row]]
        order = np.argsort(-selector.class_importances_[row], kind="stable")
        assert list(selector.top_features(label=label)) == [NAMES[i] for i in order]
    assert list(selector.top_features(3)) == [NAMES[i] for i in np.argsort(selector.ranking_)[:3]]
    assert list(selector.set_params(n_features_to_select=1).top_features(3)) == list(
        selector.top_features(3)
    )


def test_positions_where_there_are_no_names(table):
    selector = quick().fit(*table)
    assert selector.top_features(1, label=1).tolist() == [1]
    assert selector.top_features(2).dtype.kind == "i"
    hidden = quick(layer="0").fit(pd.DataFrame(table.X, columns=NAMES), table.y)
    assert len(hidden.top_features(12, label=0)) == 12
    assert hidden.top_features().dtype.kind == "i"


def test_rows_of_several_outputs_and_of_regressions(table):
    two = np.column_stack([table.y, np.array(["n", "p"])[(table.X[:, 7] > 1).astype(int)]])
    selector = quick(max_epochs=40).fit(table.X, two.astype(object))
    assert selector.top_features(1, label=(1, "p")).tolist() == [7]
    target = np.column_stack([table.X[:, 4], -table.X[:, 5]])
    slopes = quick(max_epochs=60, task="regression").fit(table.X, target)
    for output in (0, 1):
        best = slopes.class_importances_[output].argmax()
        assert slopes.top_features(1, label=output).tolist() == [best]
    labels = quick(max_epochs=40).fit(table.X, (table.X[:, :2] > 1).astype(int))
    assert labels.top_features(1, label=1).tolist() == [labels.class_importances_[1].argmax()]


def test_questions_without_an_answer_are_refused(table):
    with pytest.raises(NotFittedError):
        quick().top_features()
    selector = quick().fit(*table)
    with pytest.raises(ValueError, match=r"label='b' is not one of .*: 0, 1, 2"):
        selector.top_features(label="b")
    for k in (0, -1, 2.5):
        with pytest.raises(ValueError, match="must be a positive integer"):
            selector.top_features(k=k)
