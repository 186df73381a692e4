"""Tables of every kind, into fit and out of transform."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp

from sklearn_deeplifft import FeatureSelectionWarning
from tests.conftest import answering, bits, planted, quick

NAMES = list("abcdefgh")


@pytest.fixture(scope="module")
def data():
    return planted()


@pytest.fixture(scope="module")
def of_array(data):
    return quick(step=0.5).fit(*data)


@pytest.fixture(scope="module")
def counts():
    """A table of motif counts: mostly zeros."""
    rng = np.random.default_rng(0)
    X = rng.poisson(0.4, size=(300, 12)).astype(np.float64)
    return X, (X[:, 0] + X[:, 1] > X[:, 2] + 0.5).astype(int)


CONTAINERS = {
    "list": lambda X: X.tolist(),
    "fortran": np.asfortranarray,
    "read-only": lambda X: _read_only(X),
    "strided": lambda X: np.repeat(X, 2, axis=0)[::2],
    "pandas": lambda X: pd.DataFrame(X, columns=NAMES),
    "pandas, shuffled index": lambda X: pd.DataFrame(
        X, columns=NAMES, index=np.random.default_rng(0).permutation(len(X)) * 7
    ),
    "pandas, string index": lambda X: pd.DataFrame(
        X, columns=NAMES, index=[f"r{i}" for i in range(len(X))][::-1]
    ),
    "pandas, nullable": lambda X: pd.DataFrame(X, columns=NAMES).astype("Float64"),
    "polars": lambda X: pl.DataFrame(X, schema=NAMES),
    "object": lambda X: X.astype(object),
}


def _read_only(X):
    X = X.copy()
    X.setflags(write=False)
    return X


@pytest.mark.slow
@pytest.mark.parametrize("kind", CONTAINERS)
def test_containers_give_the_same_bits(data, of_array, kind):
    X = CONTAINERS[kind](data.X)
    selector = quick(step=0.5).fit(X, data.y)
    assert bits(selector) == bits(of_array)
    np.testing.assert_array_equal(
        selector.contributions(X).terms, of_array.contributions(data.X).terms
    )
    if "pandas" in kind or kind == "polars":
        assert list(selector.feature_names_in_) == NAMES
    else:
        assert not hasattr(selector, "feature_names_in_")


def test_a_series_with_another_index_is_taken_by_position(data):
    frame = pd.DataFrame(data.X, columns=NAMES, index=np.arange(120)[::-1])
    y = pd.Series(data.y, index=np.random.default_rng(0).permutation(120))
    w = pd.Series(np.linspace(0.1, 1, 120), index=np.random.default_rng(1).permutation(120))
    selector = quick().fit(frame, y, sample_weight=w)
    assert bits(selector) == bits(quick().fit(*data, sample_weight=w.to_numpy()))


def test_memmap_is_read_in_place(data, tmp_path, monkeypatch):
    path = tmp_path / "X.npy"
    np.save(path, data.X)
    mapped = np.load(path, mmap_mode="r")
    selector = quick(step=0.5).fit(mapped, data.y)
    assert bits(selector) == bits(quick(step=0.5).fit(*data))
    assert selector.transform(mapped).shape == (120, 4)


def test_memmap_is_never_loaded_whole(counts, tmp_path, monkeypatch):
    from sklearn_deeplifft.attribution import _scores
    from sklearn_deeplifft.tables import _rows

    path = tmp_path / "X.npy"
    np.save(path, counts[0])
    mapped = np.load(path, mmap_mode="r")
    monkeypatch.setattr(_rows, "BLOCK_CELLS", 50 * 12)
    monkeypatch.setattr(_scores, "BLOCK_BYTES", 50 * 12 * 2 * 4)
    sizes = []
    take = _rows.Rows.take

    def watched(self, index, columns=None):
        part = take(self, index, columns)
        sizes.append(len(part))
        return part

    monkeypatch.setattr(_rows.Rows, "take", watched)
    selector = quick(max_epochs=3).fit(mapped, counts[1])
    selector.increments(mapped, counts[1])
    assert max(sizes) <= 150  # canonical order compares rows with equal codes, block by block


DTYPES = [
    np.int8,
    np.uint8,
    np.int16,
    np.uint16,
    np.int32,
    np.int64,
    np.uint64,
    np.float16,
    np.float32,
    np.float64,
]


@pytest.mark.slow
@pytest.mark.parametrize("dtype", DTYPES)
def test_dtypes_of_the_same_numbers_give_the_same_scores(data, dtype):
    X = np.abs(np.round(data.X * 10))
    plain, selector = quick().fit(X, data.y), quick().fit(X.astype(dtype), data.y)
    np.testing.assert_allclose(selector.feature_importances_, plain.feature_importances_, atol=2e-3)
    assert selector.transform(X.astype(dtype)).dtype == dtype


@pytest.mark.parametrize("container", [np.asarray, sp.csr_matrix, pd.DataFrame])
def test_bool_columns(data, container):
    X = data.X > 1
    y = (X[:, 0] | X[:, 1]).astype(int)
    selector = quick(n_features_to_select=2).fit(container(X), y)
    assert set(selector.get_support(indices=True)) == {0, 1}


def test_columns_of_mixed_types(data):
    frame = pd.DataFrame(data.X, columns=NAMES)
    frame["a"] = frame["a"].astype(np.float32)
    frame["d"] = frame["d"] > 1
    frame["e"] = np.round(frame["e"]).astype("Int64")
    frame["f"] = np.round(frame["f"]).astype(np.int8)
    selector = quick(n_features_to_select=3).fit(frame, data.y)
    assert set(selector.get_feature_names_out()) == {"a", "b", "c"}
    assert list(selector.transform(frame).dtype.names or []) == []
    out = selector.set_output(transform="pandas").set_params(n_features_to_select=8)
    assert list(out.transform(frame).dtypes) == list(frame.dtypes)


def test_whole_numbers_too_large_for_float32_are_kept_apart():
    rng = np.random.default_rng(0)
    small = rng.integers(0, 100, size=(200, 4))
    y = (small[:, 0] > 50).astype(int)
    shifted = small.astype(np.int64) + 2**40
    a, b = (
        quick(n_features_to_select=1).fit(small, y),
        quick(n_features_to_select=1).fit(shifted, y),
    )
    assert list(b.get_support(indices=True)) == list(a.get_support(indices=True)) == [0]


# Sparse


SPARSE = [sp.csr_matrix, sp.csc_matrix, sp.csr_array, sp.csc_array, sp.coo_matrix, sp.lil_matrix]


@pytest.mark.parametrize("container", SPARSE)
def test_a_fitted_network_scores_sparse_and_dense_alike(counts, container):
    X, _ = counts
    net, y = answering(X, 10, n_classes=2)
    for reference in ("zero", "mean", np.linspace(0, 1, 12)):
        params = {"prefit": True, "reference": reference}
        dense = quick(net, **params).fit(X, y)
        sparse = quick(net, **params).fit(container(X), y)
        np.testing.assert_allclose(
            sparse.feature_importances_, dense.feature_importances_, atol=1e-12
        )
        np.testing.assert_allclose(sparse.class_importances_, dense.class_importances_, atol=1e-12)
        np.testing.assert_allclose(
            sparse.increments(container(X), y), dense.increments(X, y), atol=1e-12
        )
        np.testing.assert_allclose(
            sparse.contributions(container(X)).terms, dense.contributions(X).terms, atol=1e-12
        )


@pytest.mark.slow
@pytest.mark.parametrize("container", SPARSE)
def test_every_sparse_format_gives_the_same_bits(counts, container):
    X, y = counts
    assert bits(quick().fit(container(X), y)) == bits(quick().fit(sp.csr_matrix(X), y))


def test_without_standardisation_sparse_equals_dense_bit_for_bit(counts):
    X, y = counts
    a, b = (quick(standardize=False).fit(M, y) for M in (X, sp.csr_matrix(X)))
    assert bits(a) == bits(b)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("container", "dtype"),
    [
        *((sp.csr_matrix, kind) for kind in (np.int8, np.uint16, np.int64, np.float32, np.float64)),
        (sp.csc_matrix, np.uint16),  # of another format the bits are the same
    ],
)
def test_sparse_tables_are_learned_and_come_back_sparse(counts, container, dtype):
    X, y = counts
    M = container(X.astype(dtype))
    selector = quick(n_features_to_select=3, step=0.5, max_epochs=30).fit(M, y)
    assert set(selector.get_support(indices=True)) == {0, 1, 2}
    out = selector.transform(M)
    assert sp.issparse(out)
    assert out.dtype == dtype
    np.testing.assert_array_equal(out.toarray(), X[:, [0, 1, 2]])


def test_unsorted_and_repeated_entries_and_explicit_zeros(counts):
    X, y = counts
    M = sp.coo_matrix(X)
    half = sp.csr_matrix(
        (
            np.r_[M.data / 2, M.data / 2, [0.0]],
            (np.r_[M.row, M.row, [5]], np.r_[M.col, M.col, [7]]),
        ),
        shape=X.shape,
    )
    raw = half.copy()
    raw.has_canonical_format = False
    assert bits(quick().fit(raw, y)) == bits(quick().fit(sp.csr_matrix(X), y))


def test_sparse_columns_are_scaled_and_centred(counts):
    X, y = counts
    selector = quick(reference="zero").fit(sp.csr_matrix(X), y)
    front = selector.estimator_.estimators_[0].module_.standardize
    np.testing.assert_allclose(front.mean, X.mean(0), rtol=1e-12)
    np.testing.assert_allclose(front.scale, X.std(0), rtol=1e-12)
    # What is absent is displaced by nothing, to the last bit.
    assert (selector.contributions(sp.csr_matrix(X)).terms[X[:, 3] == 0, :, 3] == 0).all()


@pytest.mark.slow
@pytest.mark.parametrize("layer", [None, "1"])
def test_a_sparse_table_is_never_made_dense_whole(counts, monkeypatch, layer):
    from sklearn_deeplifft.attribution import _scores
    from sklearn_deeplifft.tables import _rows

    X, y = (np.tile(part, (10, 1) if part.ndim == 2 else 10) for part in counts)
    X[:, 11] = np.arange(3000) % 7
    monkeypatch.setattr(_rows, "BLOCK_CELLS", 50 * 12)
    monkeypatch.setattr(_scores, "BLOCK_BYTES", 50 * 12 * 2 * 4)
    for kind in (sp.csr_matrix, sp.csc_matrix):
        for name in ("toarray", "todense"):
            monkeypatch.setattr(kind, name, _fails_on_large(getattr(kind, name)))
    step = None if layer else 0.5
    for kind in (sp.csr_matrix, sp.csc_matrix):
        M = kind(X)
        selector = quick(layer=layer, step=step, max_epochs=2, batch_size=256).fit(M, y)
        selector.increments(M, y)
        selector.contributions(M)
        selector.importances(M, y)
        selector.transform(M)


def _fails_on_large(method):
    def guarded(self, *args, **kwargs):
        assert np.prod(self.shape) <= 3000 * 12 / 2, f"{self.shape} made dense"
        return method(self, *args, **kwargs)

    return guarded


def test_sparse_input_to_an_mlp(counts):
    from sklearn.neural_network import MLPClassifier

    X, y = counts
    mlp = MLPClassifier((8,), learning_rate_init=0.02, tol=1e-2, max_iter=400)
    selector = quick(mlp, n_features_to_select=3).fit(sp.csr_matrix(X), y)
    assert set(selector.get_support(indices=True)) == {0, 1, 2}
    terms, bias = selector.contributions(sp.csr_matrix(X))
    p = 1 / (1 + np.exp(-(bias + terms.sum(-1))[:, 1]))
    (mlp,) = selector.estimator_.estimators_
    np.testing.assert_allclose(p, mlp.predict_proba(X)[:, 1], atol=1e-10)
    np.testing.assert_allclose(p, selector.estimator_.predict_proba(X)[:, 1], atol=1e-10)


def test_table_of_zeros_and_ones_with_repeated_rows():
    rng = np.random.default_rng(0)
    X = rng.integers(0, 2, size=(400, 5))
    y = X[:, 0] ^ (rng.random(400) < 0.05)
    selector = quick(n_features_to_select=1, max_epochs=40).fit(X, y)
    assert list(selector.get_support(indices=True)) == [0]


# Out


def test_transform_keeps_columns_in_their_order_and_their_values(data):
    selector = quick(n_features_to_select=5).fit(*data)
    np.testing.assert_array_equal(selector.transform(data.X), data.X[:, selector.get_support()])
    back = selector.inverse_transform(selector.transform(data.X))
    np.testing.assert_array_equal(back, np.where(selector.get_support(), data.X, 0))


@pytest.mark.parametrize("made", [pd.DataFrame, pl.DataFrame])
@pytest.mark.parametrize("out", ["default", "pandas", "polars"])
def test_set_output(data, made, out):
    frame = pd.DataFrame(data.X, columns=NAMES)
    frame = frame if made is pd.DataFrame else pl.from_pandas(frame)
    selector = quick(n_features_to_select=3).set_output(transform=out).fit(frame, data.y)
    names = list(selector.get_feature_names_out())
    assert len(names) == 3
    found = selector.transform(frame)
    if out == "default":
        assert isinstance(found, np.ndarray)
        return
    assert isinstance(found, pd.DataFrame if out == "pandas" else pl.DataFrame)
    assert list(found.columns) == names
    np.testing.assert_array_equal(found.to_numpy(), data.X[:, selector.get_support()])


def test_pandas_output_keeps_the_index(data):
    frame = pd.DataFrame(data.X, columns=NAMES, index=[f"r{i}" for i in range(120)])
    selector = quick().set_output(transform="pandas").fit(frame, data.y)
    assert list(selector.transform(frame).index) == list(frame.index)


def test_names_without_a_frame(data):
    selector = quick(n_features_to_select=2).fit(*data)
    chosen = selector.get_support(indices=True)
    assert list(selector.get_feature_names_out()) == [f"x{i}" for i in chosen]
    assert list(selector.get_feature_names_out(NAMES)) == [NAMES[i] for i in chosen]


@pytest.mark.parametrize("method", ["transform", "contributions"])
def test_mismatched_names_raise(data, method):
    selector = quick().fit(pd.DataFrame(data.X, columns=NAMES), data.y)
    swapped = pd.DataFrame(data.X, columns=NAMES)[NAMES[::-1]]
    with pytest.raises(ValueError, match=r"feature names should match(?s:.*)same order"):
        getattr(selector, method)(swapped)
    with pytest.raises(ValueError, match="Feature names unseen at fit time"):
        getattr(selector, method)(swapped.rename(columns={"a": "z"}))
    with pytest.raises(ValueError, match="expecting 8 features"):
        getattr(quick().fit(*data), method)(data.X[:, :5])


def test_mismatched_names_raise_where_labels_are_given_too(data):
    selector = quick().fit(pd.DataFrame(data.X, columns=NAMES), data.y)
    swapped = pd.DataFrame(data.X, columns=NAMES)[NAMES[::-1]]
    for method in (selector.increments, selector.importances):
        with pytest.raises(ValueError, match="feature names should match"):
            method(swapped, data.y)


def test_columns_that_are_not_numbers_are_refused(data):
    frame = pd.DataFrame(data.X, columns=NAMES)
    frame["c"] = "text"
    with pytest.raises(ValueError, match="text"):
        quick().fit(frame, data.y)


# Scales


@pytest.mark.parametrize("scale", [1e-30, 1e-6, 1e6, 1e30])
def test_the_scale_of_a_column_changes_nothing_much(data, scale):
    """Rows are dealt by content: one batch of all rows makes the two fits comparable."""
    params = {"batch_size": 120, "validation_fraction": 0, "max_epochs": 40}
    X = data.X.copy()
    X[:, 1] *= scale
    plain, scaled = quick(**params).fit(*data), quick(**params).fit(X, data.y)
    np.testing.assert_allclose(
        scaled.feature_importances_, plain.feature_importances_, rtol=0.02, atol=1e-3
    )


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_absurd_scales_are_standardised_or_named(data, scale):
    X = data.X.copy()
    X[:, 1] *= scale
    try:
        selector = quick(max_epochs=30, n_features_to_select=3).fit(X, data.y)
    except ValueError as error:
        assert "1" in str(error)  # noqa: PT017
    else:
        assert set(selector.get_support(indices=True)) == {0, 1, 2}


@pytest.mark.parametrize("shift", [1e6, -1e6])
def test_the_origin_of_a_column_changes_nothing_much(data, shift):
    params = {"batch_size": 120, "validation_fraction": 0, "max_epochs": 40}
    X = data.X.copy()
    X[:, 1] += shift
    plain, shifted = quick(**params).fit(*data), quick(**params).fit(X, data.y)
    np.testing.assert_allclose(
        shifted.feature_importances_, plain.feature_importances_, rtol=0.02, atol=1e-3
    )
    found = shifted.contributions(X)
    assert np.abs(found.terms).max() < 1e3
    assert shifted.decomposition_error_ < 1e-4


def test_float32_columns_far_from_zero(data):
    X = data.X.astype(np.float32)
    X[:, 1] += 1000
    selector = quick(max_epochs=40, n_features_to_select=3).fit(X, data.y)
    assert set(selector.get_support(indices=True)) == {0, 1, 2}


# Constant columns


@pytest.mark.slow
@pytest.mark.parametrize("reference", ["mean", "zero", "array"])
@pytest.mark.parametrize("step", [None, 0.5])
@pytest.mark.parametrize("made", [np.asarray, sp.csr_matrix])
def test_constant_columns_are_named_score_zero_and_rank_last(data, reference, step, made):
    X = data.X.copy()
    X[:, 3], X[:, 6] = 5.0, 0.0
    given = np.ones(8) if reference == "array" else reference
    selector = quick(reference=given, step=step)
    with pytest.warns(
        FeatureSelectionWarning, match="2 of 8 columns hold a single value and score 0: 3, 6"
    ):
        selector.fit(made(X), data.y)
    assert (selector.feature_importances_[[3, 6]] == 0).all()
    assert (selector.class_importances_[:, [3, 6]] == 0).all()
    assert set(selector.ranking_[[3, 6]]) == {7, 8}


def test_constant_columns_are_named_by_name(data):
    frame = pd.DataFrame(data.X, columns=NAMES)
    frame["c"] = 1.0
    with pytest.warns(FeatureSelectionWarning, match="1 of 8 columns .*: 'c'"):
        quick().fit(frame, data.y)


def test_a_column_constant_where_weights_count_is_constant(data):
    X, weight = data.X.copy(), np.ones(120)
    X[:, 4] = 1.0
    X[:10, 4], weight[:10] = 9.0, 0.0
    with pytest.warns(FeatureSelectionWarning, match="1 of 8 columns .*: 4"):
        selector = quick().fit(X, data.y, sample_weight=weight)
    assert selector.feature_importances_[4] == 0


def test_a_single_column():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 1))
    selector = quick(step=0.5).fit(X, (X[:, 0] > 0).astype(int))
    assert selector.ranking_.tolist() == [1]
    assert selector.get_support().tolist() == [True]
    assert selector.n_rounds_ == 1


# NaN and infinity


BAD = {"NaN": np.nan, "infinity": np.inf, "minus infinity": -np.inf}


@pytest.mark.slow
@pytest.mark.parametrize("value", BAD)
@pytest.mark.parametrize("made", ["numpy", "float32", "pandas", "polars", "csr", "csc", "memmap"])
def test_values_that_are_not_finite_are_counted_by_column(data, value, made, tmp_path):
    X = data.X.copy()
    X[3:5, 1] = BAD[value]
    X[7, 6] = BAD[value]
    frame = made in ("pandas", "polars")
    table = {
        "numpy": lambda: X,
        "float32": lambda: X.astype(np.float32),
        "pandas": lambda: pd.DataFrame(X, columns=NAMES),
        "polars": lambda: pl.DataFrame(X, schema=NAMES),
        "csr": lambda: sp.csr_matrix(X),
        "csc": lambda: sp.csc_matrix(X),
        "memmap": lambda: _mapped(X, tmp_path),
    }[made]()
    what = "NaN" if value == "NaN" else "infinity"
    named = "'b': 2, 'g': 1" if frame else "1: 2, 6: 1"
    message = rf"Input X contains {what}: 3 values in 2 of 8 columns \({named}\)\. Impute"
    with pytest.raises(ValueError, match=message):
        quick().fit(table, data.y)
    clean = quick().fit(pd.DataFrame(data.X, columns=NAMES) if frame else data.X, data.y)
    with pytest.raises(ValueError, match=message):
        clean.contributions(table)
    with pytest.raises(ValueError, match=what.split()[-1]):
        clean.transform(table)


def _mapped(X, tmp_path):
    np.save(tmp_path / "X.npy", X)
    return np.load(tmp_path / "X.npy", mmap_mode="r")


def test_many_bad_columns_are_cut_short(data):
    X = data.X.copy()
    X[0] = np.nan
    with pytest.raises(ValueError, match=r"8 values in 8 of 8 columns \(0: 1,.* 4: 1 and 3 more\)"):
        quick().fit(X, data.y)


def test_values_whose_sum_overflows_are_not_infinite(data):
    X = data.X.copy()
    X[:, 7] = np.where(np.arange(120) % 2, 1.5e308, 1e308)
    try:
        quick().fit(X, data.y)
    except ValueError as error:
        assert "infinity" not in str(error)  # noqa: PT017


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((0, 8), "0 sample"),
        ((120, 0), "0 feature"),
        ((1, 8), "1 sample|n_samples"),
        ((120,), "Expected 2D array"),
        ((120, 2, 2), r"is an array of shape \(120, 2, 2\), and a table has rows and columns"),
    ],
)
def test_shapes_that_are_no_table(shape, message):
    with pytest.raises(ValueError, match=message):
        quick().fit(np.zeros(shape), np.arange(shape[0]) % 2)


def test_one_row_said_many_times_is_one_row():
    fitted = quick(task="regression").fit(np.eye(10, 3), np.arange(10.0)).estimator_
    with pytest.raises(ValueError, match=r"n_samples=1 distinct row"):
        quick(fitted, prefit=True).fit(np.ones((10, 3)), np.r_[[1], [1] * 9] * 1.5)
