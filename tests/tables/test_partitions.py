"""Dask collections: read partition by partition, refused where they cannot be held."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from sklearn_deeplifft.tables import _partitions as module
from sklearn_deeplifft.tables import gathered, is_partitioned

array = pytest.importorskip("dask.array", reason="the extra dask brings it")
dataframe = pytest.importorskip("dask.dataframe", reason="the extra dask brings it")

X = np.arange(60, dtype=np.float32).reshape(20, 3)


def test_what_is_no_collection_comes_back_itself():
    for values in (X, None, "no_validation", [1, 2], pd.DataFrame(X), sp.csr_array(X)):
        assert gathered(values) is values
        assert not is_partitioned(values)


@pytest.mark.parametrize("chunks", [(20, 3), (7, 2), ((1, 19), (1, 2))])
def test_arrays(chunks):
    found = gathered(array.from_array(X, chunks=chunks))
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, X)


def test_sparse_chunks_stay_sparse():
    lazy = array.from_array(X, chunks=(7, 3)).map_blocks(sp.csr_array)
    found = gathered(lazy)
    assert found.format == "csr"
    np.testing.assert_array_equal(found.toarray(), X)


def test_frames_keep_names_and_lose_empty_partitions():
    frame = pd.DataFrame(X, columns=["a", "b", "c"]).assign(b=np.arange(20))
    lazy = dataframe.from_pandas(frame, npartitions=5)
    found = gathered(lazy[lazy["b"] >= 6])
    assert list(found.columns) == ["a", "b", "c"]
    np.testing.assert_array_equal(found.to_numpy(), frame.to_numpy()[6:])


def test_labels_stay_what_they_are():
    labels = pd.Series(["u", "v"] * 10)
    found = gathered(dataframe.from_pandas(labels, npartitions=3))
    assert found.tolist() == labels.tolist()


def test_nothing_to_read():
    lazy = dataframe.from_pandas(pd.DataFrame({"a": [1, 2, 3]}), npartitions=2)
    with pytest.raises(ValueError, match="without any row"):
        gathered(lazy[lazy["a"] > 100])


def test_more_than_the_machine_holds(monkeypatch):
    monkeypatch.setattr(module, "LARGEST_SHARE", 1e-12)
    with pytest.raises(MemoryError, match="importances"):
        gathered(array.from_array(X, chunks=(7, 3)))
