"""Tables as they come: storage that leads astray, names, cells that are no numbers."""

import datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp
from sklearn.base import clone

from sklearn_deeplifft import (
    DeepLIFFTSelector,
    GIATransformer,
    ImportanceNeuronSelector,
    NetworkEnsembleClassifier,
    groups_from_correlation,
)
from sklearn_deeplifft.interventions import intervention_effects, remove
from sklearn_deeplifft.tables import check_rows
from sklearn_deeplifft.tables._containers import naming_bad_cells, require_readable

X = np.arange(12.0).reshape(4, 3) + 1


def _csr(**changed):
    matrix = sp.csr_matrix(X)
    for name, (at, value) in changed.items():
        getattr(matrix, name)[at] = value
    return matrix


DAMAGED = {
    "beyond the columns": _csr(indices=(0, 10**6)),
    "before the columns": _csr(indices=(-1, -5)),
    "beyond its values": _csr(indptr=(-1, 1000)),
    "out of order": _csr(indptr=(1, 10**6)),
    "from a negative start": _csr(indptr=(0, -3)),
    "columns": _csr(indices=(0, 10**6)).T,
}


@pytest.mark.parametrize("matrix", DAMAGED.values(), ids=DAMAGED)
def test_storage_that_leads_outside_is_refused_before_it_is_used(matrix):
    y = np.arange(matrix.shape[0]) % 2
    wanted = r"is a cs[rc] matrix of shape .* whose indices lead outside of it"
    for estimator in (NetworkEnsembleClassifier(), DeepLIFFTSelector()):
        with pytest.raises(ValueError, match=f"X {wanted}"):
            estimator.fit(matrix, y)
    with pytest.raises(ValueError, match=f"X {wanted}"):
        groups_from_correlation(matrix)
    with pytest.raises(ValueError, match=f"y {wanted}"):
        NetworkEnsembleClassifier().fit(np.ones((matrix.shape[0], 2)), matrix)


def test_a_coordinate_outside_is_refused_as_well():
    matrix = sp.coo_matrix(X)
    matrix.col[0] = 99
    with pytest.raises(ValueError, match="coo matrix"):
        require_readable(matrix)


@pytest.mark.parametrize("form", [sp.csr_matrix, sp.csc_array, sp.coo_matrix, sp.lil_matrix])
def test_sound_storage_passes(form):
    require_readable(form(X))
    require_readable(form(X.shape))


CELLS = {
    "text": (pd.DataFrame({"a": ["x"] * 4, "b": range(4)}), r"column 'a' of X holds 'x' \(row 0\)"),
    "polars": (pl.DataFrame({"a": range(4), "b": ["u", "v"] * 2}), r"column 'b' of X holds 'u'"),
    "lists": (pl.DataFrame({"a": [[1, 2]] * 4, "b": range(4)}), r"column 'a' of X holds"),
    "huge": ([[1, 2], [3, 10**400]] * 2, r"column 1 of X holds 10{39}\.\.\. \(row 1\)"),
    "beyond writing": ([[1, 10**6000]] * 4, r"an integer of about 6,000 digits"),
    "dates": (pd.DataFrame({"a": pd.date_range("2020", periods=4)}), r"X holds datetime64"),
    "ragged": ([[1.0], [1.0, 2.0]] * 2, r"X cannot be read as a table of numbers"),
    "masked": (np.ma.masked_array(X, mask=X > 11), r"X is a masked array, and 1 of its values"),
    "twice": (pd.DataFrame(X, columns=list("aba")), r"more than one column named 'a'"),
    "identifiers": (2**60 + np.arange(12).reshape(4, 3), r"columns 0, 1, 2 hold whole numbers"),
    "missing among objects": (
        pd.DataFrame({"a": np.array([1.0, pd.NA, 2.0, 3.0], dtype=object)}),
        r"column 'a' of X holds <NA> \(row 1\), which is a missing value",
    ),
    "text in Arrow": (pa.table({"a": range(4), "b": ["u", "v"] * 2}), "column 'b' of X holds 'u'"),
    "codes in Arrow": (
        pa.table({"a": range(4), "b": pa.array(["u", "v"] * 2).dictionary_encode()}),
        "column 'b' of X holds 'u'",
    ),
    "twice in Arrow": (pa.table([range(4)] * 2, ["a", "a"]), "more than one column named 'a'"),
    "a plan": (pl.DataFrame({"a": range(4)}).lazy(), r"a LazyFrame.*; pass X\.collect\(\)"),
}


@pytest.mark.parametrize(("table", "message"), CELLS.values(), ids=CELLS)
def test_what_is_no_table_of_numbers_is_told_by_column_and_row(table, message):
    with pytest.raises((ValueError, TypeError), match=message):
        NetworkEnsembleClassifier().fit(table, [0, 1, 0, 1])


DAYS = [datetime.date(2020, 1, i + 1) for i in range(4)]
OF_TIME = {
    "days of pandas": pd.DataFrame({"a": X[:, 0], "b": pd.to_datetime(DAYS)}),
    "months of pandas": pd.DataFrame({"a": X[:, 0], "b": pd.period_range("2020-01", periods=4)}),
    "days of polars": pl.DataFrame({"a": X[:, 0], "b": DAYS}),
    "spans of polars": pl.DataFrame({"a": X[:, 0], "b": [datetime.timedelta(i) for i in range(4)]}),
    "hours of polars": pl.DataFrame({"a": X[:, 0], "b": [datetime.time(i) for i in range(4)]}),
    "days of Arrow": pa.table({"a": X[:, 0], "b": DAYS}),
}


@pytest.mark.parametrize("table", OF_TIME.values(), ids=OF_TIME)
def test_dates_beside_numbers_are_refused_by_name_in_every_library(table):
    with pytest.raises(ValueError, match=r"column 'b' of X holds .*, which is no number; turn"):
        NetworkEnsembleClassifier().fit(table, [0, 1, 0, 1])


LONG = (2**60 + np.arange(4)).tolist()
BESIDE_FLOATS = {
    "pandas": pd.DataFrame({"a": X[:, 0], "id": LONG}),
    "nullable": pd.DataFrame({"a": X[:, 0], "id": pd.array(LONG, dtype="Int64")}),
    "sparse": pd.DataFrame({"a": X[:, 0], "id": LONG})
    .astype(pd.SparseDtype("int64", 0))
    .assign(a=pd.arrays.SparseArray(X[:, 0], fill_value=0.0)),
    "polars": pl.DataFrame({"a": X[:, 0], "id": LONG}),
    "Arrow": pa.table({"a": X[:, 0], "id": LONG}),
    "lists": [[0.5, number] for number in LONG],
    "objects": np.array([[0.5, number] for number in LONG], dtype=object),
}


@pytest.mark.parametrize("table", BESIDE_FLOATS.values(), ids=BESIDE_FLOATS)
def test_identifiers_beside_fractions_are_not_read_as_one(table):
    name = "'id'" if hasattr(table, "columns") else "1"
    with pytest.raises(ValueError, match=f"column {name} holds whole numbers beyond"):
        NetworkEnsembleClassifier().fit(table, [0, 1, 0, 1])


def test_decimals_and_truths_of_arrow_are_numbers():
    decimals = [Decimal(i) / 4 for i in range(20)]
    table = pa.table({"a": decimals, "b": [i % 3 == 0 for i in range(20)]})
    tiny = NetworkEnsembleClassifier(n_networks=1, max_epochs=1, gates=None, random_state=0)
    y = np.arange(20) % 2
    assert list(tiny.fit(table, y).feature_names_in_) == ["a", "b"]
    same = np.column_stack([np.arange(20) / 4, np.arange(20) % 3 == 0])
    np.testing.assert_array_equal(
        tiny.predict_proba(table), clone(tiny).fit(same, y).predict_proba(same)
    )


@pytest.mark.filterwarnings("ignore::sklearn_deeplifft.exceptions.FeatureSelectionWarning")
@pytest.mark.parametrize(
    ("dtype", "beside"),
    [*((kind, kind) for kind in ("float64", "float32", "int64", "bool")), ("float64", "int64")],
)
def test_a_frame_of_sparse_columns_is_the_same_sparse_table(dtype, beside):
    """pandas makes such frames of scipy's matrices, and get_dummies(sparse=True)."""
    cells = np.random.default_rng(0).integers(0, 3, (60, 5))
    kinds = dict.fromkeys("abcd", dtype) | {"e": beside}
    frame = pd.DataFrame(cells, columns=list("abcde"))
    frame = frame.astype({k: pd.SparseDtype(t, np.dtype(t).type(0)) for k, t in kinds.items()})
    matrix = sp.csr_matrix(cells.astype(dtype))
    tiny = DeepLIFFTSelector.default_estimator(n_networks=1, max_epochs=2, path_steps=10)
    selector = DeepLIFFTSelector(tiny, n_features_to_select=2, step=None, random_state=0)
    plain, found = clone(selector).fit(matrix, cells[:, 0]), selector.fit(frame, cells[:, 0])
    assert found.feature_names_in_.tolist() == list("abcde")
    for a, b in (
        (plain.feature_importances_, found.feature_importances_),
        (plain.transform(matrix).toarray(), found.transform(frame).toarray()),
        (plain.contributions(matrix).terms, found.contributions(frame).terms),
        (plain.estimator_.predict_proba(matrix), found.estimator_.predict_proba(frame)),
    ):
        np.testing.assert_array_equal(a, b)


NUMBERS = {"a": ["3", "1.5", "2", "0"], "b": ["7", "8", "9", "-1e3"]}
AS_TEXT = pl.DataFrame(NUMBERS)
LEVELS = pl.Enum(["3", "1.5", "2", "0"])
DECIMAL = pd.ArrowDtype(pa.decimal128(30, 2))
AS_CELLS = {
    "texts of polars": AS_TEXT,
    "decimals of polars": AS_TEXT.cast(pl.Float64).cast(pl.Decimal(30, 2)),
    "categories of polars": AS_TEXT.with_columns(pl.col("a").cast(pl.Categorical)),
    "levels of polars": AS_TEXT.with_columns(pl.col("a").cast(LEVELS)),
    "texts of pandas": pd.DataFrame(NUMBERS),
    "decimals of pandas": pd.DataFrame(NUMBERS).astype(float).astype(DECIMAL),
    "decimals beside floats": pd.DataFrame(NUMBERS).astype(float).astype({"a": DECIMAL}),
    "categories of pandas": pd.DataFrame(NUMBERS).astype("category"),
    "a dictionary of Arrow": pa.table({"a": pa.array(NUMBERS["a"]).dictionary_encode()}),
}


@pytest.mark.parametrize("table", AS_CELLS.values(), ids=AS_CELLS)
@pytest.mark.parametrize("y", [None, [0, 1, 0, 1]])
def test_numbers_are_read_in_whatever_form(table, y):
    found = check_rows(DeepLIFFTSelector(), table, reset=True, **({} if y is None else {"y": y}))
    found = found if y is None else found[0]
    expected = np.array([[float(cell) for cell in NUMBERS[name]] for name in "ab"]).T
    np.testing.assert_array_equal(found, expected[:, : found.shape[1]])
    assert found.dtype == np.float64


@pytest.mark.parametrize(
    "form", [np.asarray, pd.DataFrame, sp.csr_matrix, list], ids=lambda f: f.__name__
)
def test_complex_numbers_are_named_and_not_printed(form):
    wanted = r"^Complex data not supported: X holds complex128, and networks read real numbers\."
    with pytest.raises(ValueError, match=wanted) as caught:
        check_rows(DeepLIFFTSelector(), form(np.ones((40, 2)) * 1j), reset=True)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("y", [{0, 1}, {0: 1}, (i % 2 for i in range(4))])
def test_a_target_without_order_is_refused_in_words(y):
    with pytest.raises(ValueError, match=r"y is .*; give one label, or one per output"):
        NetworkEnsembleClassifier().fit(X, y)


def test_large_whole_numbers_that_float64_tells_apart_are_read():
    stamps = 2**60 + 1000 * np.arange(40).reshape(20, 2)
    tiny = NetworkEnsembleClassifier(n_networks=1, max_epochs=1, gates=None, random_state=0)
    assert tiny.fit(stamps, np.arange(20) % 2).n_features_in_ == 2


def test_other_errors_pass_as_they_are():
    with pytest.raises(ValueError, match="own words"), naming_bad_cells(X):
        raise ValueError("own words")


def test_the_table_of_interventions_is_looked_at_in_the_same_way():
    tiny = NetworkEnsembleClassifier(n_networks=1, max_epochs=1, gates=None, random_state=0)
    fitted = tiny.fit(X, [0, 1, 0, 1])
    with pytest.raises(ValueError, match="lead outside"):
        intervention_effects(fitted, DAMAGED["beyond the columns"], remove(0))
    with pytest.raises(ValueError, match="background cannot be read"):
        intervention_effects(fitted, X, remove(0), background=[[1.0], [1.0, 2.0]])


@pytest.mark.parametrize("named", [True, False])
def test_interventions_read_tables_of_arrow(named):
    frame = pd.DataFrame(np.random.default_rng(0).random((40, 3)), columns=list("abc"))
    table, y = pa.Table.from_pandas(frame), np.arange(40) % 2
    tiny = NetworkEnsembleClassifier(n_networks=1, max_epochs=1, gates=None, random_state=0)
    fitted = tiny.fit(frame if named else frame.to_numpy(), y)

    def effects(X, background):
        return intervention_effects(fitted, X, remove("b"), background=background)

    expected = effects(frame, frame[:5])
    for given in (table, table.to_batches()[0]):
        found = effects(given, given.slice(0, 5))
        assert found.names == ("remove(b)",)
        np.testing.assert_array_equal(found.effects, expected.effects)
    with pytest.raises(ValueError, match="column 'b' of X holds date"):
        effects(OF_TIME["days of Arrow"], "data")


SEQUENCES = {
    "letters first": np.zeros((6, 4, 9)),
    "letters last": np.zeros((6, 9, 4)),
    "list": ["ACGT" * 300] * 6,
    "tuple of bytes": (b"ACGT",) * 6,
    "array": np.array(["ACGT"] * 6),
    "array of objects": np.array(["ACGT"] * 6, dtype=object),
    "Series": pd.Series(["ACGT"] * 6),
}


@pytest.mark.parametrize(
    "kind",
    [DeepLIFFTSelector, ImportanceNeuronSelector, GIATransformer, NetworkEnsembleClassifier],
)
@pytest.mark.parametrize("form", SEQUENCES)
def test_sequences_that_are_not_encoded_are_sent_to_their_encoder(kind, form):
    with pytest.raises(
        ValueError, match=r"sklearn_deeplifft\.sequences\.SequenceEncoder"
    ) as raised:
        kind().fit(SEQUENCES[form], [0, 1] * 3)
    assert len(str(raised.value)) < 400


@pytest.mark.parametrize("value", [sp.coo_array(np.ones(3)), np.ones(3), [], [1.0], [[1.0]], "no"])
def test_what_is_no_sequence_is_left_to_scikit_learn(value):
    require_readable(value)
