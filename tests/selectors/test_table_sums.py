"""Scores of a table in parts: sums merge to those of the whole, wherever the parts come from."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from sklearn_deeplifft import DeepLIFFTSelector, FeatureSelectionWarning
from sklearn_deeplifft.attribution import ScoreSums

N, D, K = 240, 7, 3


def table():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N, D)).astype(np.float32)
    return X, X[:, :K].argmax(axis=1)


@pytest.fixture(scope="module")
def selector():
    few = DeepLIFFTSelector.default_estimator(n_networks=2, max_epochs=4, path_steps=40)
    return DeepLIFFTSelector(few, step=None, random_state=0).fit(*table())


def assert_same(found, expected):
    # Changes of probabilities of up to 1 are read in single precision, and per class they cancel.
    np.testing.assert_allclose(found.overall, expected.overall, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(found.by_class, expected.by_class, rtol=1e-6, atol=2e-8)


def cut(sizes):
    """Slices of these lengths, one after another."""
    ends = np.cumsum(sizes)
    return [slice(end - size, end) for size, end in zip(sizes, ends, strict=True)]


PARTS = cut([1, 99, 0, 77, 63])


def test_batches_are_the_whole(selector):
    X, y = table()
    batches = ((X[part], y[part]) for part in PARTS)
    assert_same(selector.importances(batches), selector.importances(X, y))


def test_batches_with_weights(selector):
    X, y = table()
    weight = np.random.default_rng(1).uniform(0.5, 2, N)
    batches = [(X[part], y[part], weight[part]) for part in PARTS]
    assert_same(selector.importances(batches), selector.importances(X, y, weight))


def test_batches_may_be_stored_in_other_ways(selector):
    X, y = table()
    kinds = (np.asarray, sp.csr_array, pd.DataFrame, np.asarray, sp.csc_array)
    batches = [(kind(X[part]), y[part]) for kind, part in zip(kinds, PARTS, strict=True)]
    assert_same(selector.importances(batches), selector.importances(X, y))


def test_sums_merge_in_any_order_and_number(selector):
    X, y = table()
    parts = [selector.score_sums(X[part], y[part]) for part in PARTS if part.stop > part.start]
    a, b, c, d = parts
    expected = selector.importances(X, y)
    assert_same(selector.importances_of(a.merge(b, c, d)), expected)
    assert_same(selector.importances_of(d.merge(b).merge(c.merge(a))), expected)
    assert all(isinstance(own, ScoreSums) for own in a.by_network)


def test_a_class_of_one_part_alone_is_known(selector):
    X, y = table()
    right = selector.estimator_.predict(X) == y
    X, y = X[right], y[right]
    parts = [selector.score_sums(X[y == k], y[y == k]) for k in range(K)]
    assert [part.present for part in parts] == [{0}, {1}, {2}]
    assert parts[0].merge(*parts[1:]).present == {0, 1, 2}
    assert_same(selector.importances_of(parts[0].merge(*parts[1:])), selector.importances(X, y))


def test_a_class_that_is_never_right_is_told_once_for_all_batches(selector):
    X = table()[0]
    of_class_0 = X[np.argsort(X[:, 1:K].max(axis=1) - X[:, 0])[:20]]
    with pytest.warns(FeatureSelectionWarning, match="1") as told:
        selector.importances((half, np.ones(10, int)) for half in np.split(of_class_0, 2))
    assert len(told) == 1


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (lambda X, y: (X,), "no y"),
        (lambda X, y: (iter([]),), "no row"),
        (lambda X, y: (5,), "and got int"),
        (lambda X, y: ([X],), "one of them is ndarray"),
        (lambda X, y: ([(X,)],), "one of them is tuple"),
        (lambda X, y: ([(X, y)], None, np.ones(N)), "come with them"),
        (lambda X, y: ([(X[:, 1:], y)],), "6 features"),
    ],
)
def test_what_is_no_batch(selector, given, message):
    with pytest.raises((ValueError, TypeError), match=message):
        selector.importances(*given(*table()))


def test_sums_of_another_selector(selector):
    X, y = table()
    one = DeepLIFFTSelector.default_estimator(n_networks=1, max_epochs=4, path_steps=40)
    other = DeepLIFFTSelector(one, step=None, random_state=0).fit(X, y)
    sums = other.score_sums(X, y)
    with pytest.raises(ValueError, match="another selector"):
        selector.importances_of(sums)
    with pytest.raises(ValueError, match=r"\[\(3, 7\)\].*another selector"):
        selector.score_sums(X, y).merge(sums)


def test_row_groups_of_a_file(selector, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra tables brings it")
    X, y = table()
    path = tmp_path / "table.parquet"
    pd.DataFrame(X).rename(columns=str).assign(y=y).to_parquet(path, row_group_size=90)
    frames = (group.to_pandas() for group in parquet.ParquetFile(path).iter_batches(90))
    batches = ((frame.drop(columns="y").to_numpy(), frame["y"]) for frame in frames)
    assert_same(selector.importances(batches), selector.importances(X, y))


# Dask


@pytest.fixture
def dask_array():
    return pytest.importorskip("dask.array", reason="the extra dask brings it")


@pytest.fixture
def dask_frame():
    return pytest.importorskip("dask.dataframe", reason="the extra dask brings it")


def test_an_array_is_scored_where_it_lies(selector, dask_array):
    X, y = table()
    rows = (100, 100, 40)
    lazy = dask_array.from_array(X, chunks=(rows, 3)), dask_array.from_array(y, chunks=(rows,))
    assert_same(selector.importances(*lazy), selector.importances(X, y))


def test_partitions_that_do_not_match(selector, dask_array):
    X, y = table()
    lazy = dask_array.from_array(X, chunks=(100, D))
    with pytest.raises(ValueError, match="y is ndarray"):
        selector.importances(lazy, y)
    with pytest.raises(ValueError, match="3 partitions of rows and y in 2"):
        selector.importances(lazy, dask_array.from_array(y, chunks=120))


def test_a_frame_trains_as_its_rows_and_is_scored_though_a_filter_emptied_a_partition(dask_frame):
    X, y = table()
    frame = pd.DataFrame(X, columns=[f"x{i}" for i in range(D)])
    lazy = dask_frame.from_pandas(frame.assign(y=y, place=range(N)), npartitions=20)
    few = DeepLIFFTSelector.default_estimator(n_networks=2, max_epochs=2, path_steps=10)
    made = [DeepLIFFTSelector(few, step=None, random_state=0) for _ in range(2)]
    made[0].fit(lazy[list(frame.columns)], lazy["y"])
    made[1].fit(frame, y)
    assert np.array_equal(*(selector.feature_importances_ for selector in made))
    assert list(made[0].feature_names_in_) == list(frame.columns)
    kept = lazy[lazy["place"] >= 30]
    found = made[0].importances(kept[list(frame.columns)], kept["y"], kept["x0"].abs() + 1)
    assert_same(found, made[1].importances(frame[30:], y[30:], np.abs(X[30:, 0]) + 1))
