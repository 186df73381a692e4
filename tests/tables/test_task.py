"""Classification or regression: one rule, one warning."""

import warnings
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp
from sklearn.datasets import load_diabetes

from sklearn_deeplifft import FeatureSelectionWarning
from sklearn_deeplifft.tables import decide_task, task_of, task_sentence

FEW, MANY = np.arange(40) % 20, np.arange(42) % 21

CLASSES = {
    "text": np.array(["a", "b"]),
    "text list": ["a", "b"],
    "text of numbers": np.arange(100).astype(str),
    "pandas text": pd.Series(list("abab")),
    "pandas string": pd.Series(list("abab"), dtype="string"),
    "arrow text": pd.Series(list("abab"), dtype="string[pyarrow]"),
    "polars text": pl.Series(list("abab")),
    "truth": np.array([True, False]),
    "object truth": np.array([True, False], dtype=object),
    "object truth with a gap": pd.Series([True, None, False], dtype=object),
    "nullable truth": pd.Series([True, False], dtype="boolean"),
    "polars truth": pl.Series([True, None]),
    "categories": pd.Series(list("abab"), dtype="category"),
    "numbered categories": pd.Series(np.arange(100)).astype("category"),
    "categories of fractions": pd.Categorical(np.linspace(0, 1, 50)),
    "category index": pd.CategoricalIndex(np.linspace(0, 1, 50)),
    "category frame": pd.DataFrame({"y": np.linspace(0, 1, 50)}).astype("category"),
    "polars categories": pl.Series(list("abab"), dtype=pl.Categorical),
    "days": np.arange("2026-01-01", "2026-03-01", dtype="datetime64[D]"),
    "tuples": pd.Series([(1, 2), (3, 4)]),
    "few whole": FEW,
    "few whole list": FEW.tolist(),
    "few whole floats": FEW.astype(float),
    "few negative floats": -FEW.astype(np.float16),
    "few unsigned": FEW.astype(np.uint8),
    "few big-endian": FEW.astype(">i4"),
    "few objects": FEW.astype(object),
    "few nullable": pd.Series(FEW, dtype="Int64"),
    "few nullable with a gap": pd.Series([*FEW, None], dtype="Int64"),
    "few floats with a gap": [*FEW, np.nan],
    "few arrow": pd.Series(FEW, dtype="int64[pyarrow]"),
    "few in arrow": pa.array(FEW),
    "one number": np.full(30, 7),
    "column": FEW[:, None],
    "indicator": np.array([[0, 1], [1, 1], [0, 0]]),
    "sparse indicator": sp.csr_array(np.array([[0, 1], [1, 1], [0, 0]])),
    "several labels": pd.DataFrame({"a": list("xyxy"), "b": [1, 2, 3, 1]}),
    "several numbered": np.array([[0, 5], [1, 6], [2, 7]]),
}

QUANTITIES = {
    "fractions": np.array([0.5, 1.0]),
    "one fraction": np.full(30, 0.5),
    "half floats": np.array([0.5, 1.0], dtype=np.float16),
    "object fractions": np.array([0.5, 1], dtype=object),
    "decimals": pd.Series([Decimal("0.1"), Decimal(3)]),
    "rationals": [Fraction(1, 3), Fraction(1, 2)],
    "infinite": np.array([1.0, np.inf]),
    "nullable fractions": pd.Series([0.5, None], dtype="Float64"),
    "polars fractions": pl.Series([0.5, None]),
    "several": np.array([[0.5, 1.0], [1.0, 2.0]]),
    "sparse": sp.csr_array(np.array([[0, 1.5], [1, 0]])),
    "indicator beside a quantity": np.column_stack([MANY % 2, MANY + 0.5]),
    "count beside a quantity": np.column_stack([MANY, MANY + 0.5]),
}

COUNTS = {
    "many": MANY,
    "many floats": MANY.astype(float),
    "many single": MANY.astype(np.float32),
    "many objects": MANY.astype(object),
    "many with a gap": [*MANY, np.nan],
    "many nullable": pd.Series(MANY, dtype="Int64"),
    "many polars": pl.Series(MANY),
    "many in arrow": pa.chunked_array([MANY]),
    "column": MANY[:, None],
    "frame": pd.DataFrame({"y": MANY}),
    "beside an indicator": np.column_stack([MANY % 2, MANY]),
    "sparse": sp.csr_array(MANY[:, None]),
}


@pytest.mark.parametrize("kind", CLASSES)
def test_classes(kind):
    assert task_of(CLASSES[kind]) == decide_task(CLASSES[kind]) == "classification"


@pytest.mark.parametrize("kind", QUANTITIES)
def test_quantities_need_no_warning(kind):
    assert task_of(QUANTITIES[kind]) == decide_task(QUANTITIES[kind]) == "regression"


@pytest.mark.parametrize("kind", COUNTS)
def test_many_whole_numbers_are_a_quantity_and_it_is_said_once(kind):
    assert task_of(COUNTS[kind]) == "regression"
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        assert decide_task(COUNTS[kind]) == "regression"
    assert [(w.category, str(w.message)) for w in said] == [
        (
            FeatureSelectionWarning,
            "y holds 21 distinct numbers, ranked as a quantity; if they are classes, pass "
            "estimator=NetworkEnsembleClassifier(), or text labels such as y.astype(str).",
        )
    ]
    assert said[0].filename == __file__


def test_diabetes_is_a_regression():
    y = load_diabetes().target
    with pytest.warns(FeatureSelectionWarning, match="y holds 214 distinct numbers"):
        assert decide_task(y) == "regression"


def test_the_remedies_of_the_warning_hold():
    assert task_of(MANY.astype(str)) == "classification"
    assert task_of(pd.Series(MANY).astype(str)) == "classification"


def test_labels_and_quantities_are_not_learned_together():
    y = pd.DataFrame({"a": list("xyx"), "b": [0.5, 1.5, 2.5]})
    with pytest.raises(ValueError, match="column 0 of y holds labels and column 1 a quantity"):
        task_of(y)


@pytest.mark.parametrize("y", [3, np.zeros((2, 2, 2))])
def test_other_shapes(y):
    with pytest.raises(ValueError, match=r"y has shape \(.*\); it must be \(n_samples,\)"):
        task_of(y)


def test_large_numbers_are_counted_with_commas():
    assert task_sentence("age", 1234, "say so") == (
        "age holds 1,234 distinct numbers, ranked as a quantity; if they are classes, say so."
    )
