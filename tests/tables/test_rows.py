"""Rows of a table: dense blocks, moments, and an order that depends on content alone."""

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skorch import NeuralNet
from skorch.dataset import Dataset
from torch.utils.data import DataLoader

from sklearn_deeplifft import NetworkEnsembleClassifier
from sklearn_deeplifft.networks._batches import RowBatches, TableDataset, row_batches
from sklearn_deeplifft.tables import Rows, canonical_rows, column_moments, of_several_targets
from sklearn_deeplifft.tables import _rows as module
from sklearn_deeplifft.tables._fit_data import _without_weightless

MADE = [np.asarray, np.asfortranarray, sp.csr_matrix, sp.csc_matrix, sp.csr_array]
TABLES = arrays(np.float64, st.tuples(st.integers(1, 12), st.just(3)), elements=st.integers(-2, 2))


ALL = np.arange(23)


@pytest.fixture
def X():
    rng = np.random.default_rng(0)
    return rng.poisson(1.0, size=(23, 5)).astype(float)


@pytest.mark.parametrize("made", MADE)
def test_rows_and_columns_are_taken_as_from_an_array(X, made):
    rows = Rows(made(X))
    assert rows.shape == (23, 5)
    for index in (np.array([4, 0, 4]), slice(3, 9), np.array([], dtype=int)):
        for columns in (None, np.array([3, 1])):
            expected = X[index] if columns is None else X[index][:, columns]
            found = rows.take(index, columns)
            np.testing.assert_array_equal(found, expected)
            assert type(found) is np.ndarray


@pytest.mark.parametrize("columns", [None, np.array([2, 0])])
def test_cells_as_they_are_stored(columns):
    """A cell that is given twice is the sum, as everywhere in scipy."""
    given = sp.csr_array(([1.0, 2.0, 4.0], [2, 2, 0], [0, 2, 3]), shape=(2, 3))
    rows = Rows(given)
    found = rows.stored(columns)
    assert found.has_canonical_format
    assert (rows.n_stored, found.nnz, given.nnz) == (3, 2, 3)
    dense = np.array([[0.0, 0.0, 3.0], [4.0, 0.0, 0.0]])
    np.testing.assert_array_equal(found.toarray(), dense if columns is None else dense[:, columns])


@pytest.mark.parametrize("made", [np.asarray, np.asfortranarray])
def test_few_columns_lie_as_many_do(made, monkeypatch):
    """Products of rows that lie otherwise have other bits."""
    X = made(np.random.default_rng(0).normal(size=(23, 5)))
    for index in (np.array([4, 0, 4]), np.array([7]), np.array([], dtype=int)):
        for columns in (np.array([3, 1]), np.array([2])):
            found = []
            for few in (1, 10):
                monkeypatch.setattr(module, "FEW_COLUMNS", few)
                found.append(Rows(X).take(index, columns))
            np.testing.assert_array_equal(*found)
            assert found[0].strides == found[1].strides
            assert found[0].flags.c_contiguous == found[1].flags.c_contiguous


@pytest.mark.parametrize(
    ("dtype", "wide"),
    [
        (bool, np.float32),
        (np.int8, np.float32),
        (np.uint16, np.float32),
        (np.float16, np.float32),
        (np.float32, np.float32),
        (np.int32, np.float64),
        (np.uint32, np.float64),
        (np.int64, np.float64),
        (np.float64, np.float64),
    ],
)
def test_values_are_held_exactly(dtype, wide):
    largest = (
        1
        if dtype is bool
        else np.finfo(dtype).max
        if dtype in (np.float16, np.float32, np.float64)
        else min(np.iinfo(dtype).max, 2**53)
    )
    X = np.array([[largest, 0]], dtype=dtype)
    rows = Rows(X)
    assert rows.take(slice(None)).dtype == rows.dtype == wide
    assert rows.take(slice(None))[0, 0] == largest


@pytest.mark.parametrize("cells", [1, 7, 40, 10_000])
def test_blocks_walk_every_row_once(X, cells, monkeypatch):
    monkeypatch.setattr(module, "BLOCK_CELLS", cells)
    parts = list(Rows(X).blocks())
    np.testing.assert_array_equal(np.concatenate([block for _, block in parts]), X)
    assert [where.start for where, _ in parts] == [0, *[w.stop for w, _ in parts][:-1]]
    assert max(block.size for _, block in parts) <= max(cells, 5)


@pytest.mark.parametrize("made", MADE)
@pytest.mark.parametrize("cells", [11, 10_000])
def test_moments(X, made, cells, monkeypatch):
    monkeypatch.setattr(module, "BLOCK_CELLS", cells)
    X[:, 2] = 0.1
    weight = np.linspace(0, 3, 23)
    mean, std = column_moments(Rows(made(X)), np.random.default_rng(1).permutation(23), weight)
    np.testing.assert_allclose(mean, np.average(X, axis=0, weights=weight), rtol=1e-13)
    expected = np.sqrt(np.average((X - mean) ** 2, axis=0, weights=weight))
    np.testing.assert_allclose(np.delete(std, 2), np.delete(expected, 2), rtol=1e-13)
    assert std[2] == 0  # 0.1 has no exact mean, and yet


def test_moments_of_columns_far_from_zero(X):
    shifted = X + 1e9
    std = column_moments(Rows(shifted), ALL, np.ones(23)).std
    np.testing.assert_allclose(std, X.std(0), rtol=1e-6)


@pytest.mark.parametrize("unused", [0.0, 5.0])
def test_moments_know_nothing_of_rows_not_walked(X, unused):
    X[0], X[1:, 0] = 1e6, 3.0
    weight = np.r_[unused, np.ones(22)]
    mean, std = column_moments(Rows(X), ALL[1:], weight)
    assert (mean[0], std[0]) == (3.0, 0.0)
    np.testing.assert_allclose(mean, X[1:].mean(0))
    np.testing.assert_allclose(std, X[1:].std(0))


@pytest.mark.parametrize("cells", [11, 10_000])
def test_moments_are_summed_in_the_order_given(X, cells, monkeypatch):
    monkeypatch.setattr(module, "BLOCK_CELLS", cells)
    X, weight = X * np.pi, np.linspace(0.1, 3, 23)
    order = np.random.default_rng(1).permutation(23)
    a = column_moments(Rows(X), order, weight)
    b = column_moments(Rows(X[order]), ALL, weight[order])
    np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("scale", [1e-300, 1e-170, 1e170, 1e300])
def test_moments_of_any_scale(X, scale):
    plain, scaled = (
        column_moments(Rows(X), ALL, np.ones(23)),
        column_moments(Rows(X * scale), ALL, np.ones(23)),
    )
    np.testing.assert_allclose(scaled.std / scale, plain.std, rtol=1e-9)
    np.testing.assert_allclose(scaled.mean / scale, plain.mean, rtol=1e-9)


# Canonical order


def content(X, extra, weight, made=np.asarray):
    """Distinct rows and their weights, as ``fit`` asks for them."""
    X, extra, weight, *_ = _without_weightless(X, extra, weight, np.ones(len(X), bool), None)
    distinct = canonical_rows(Rows(made(X)), extra)
    index, summed = distinct.positions, distinct.summed(weight)
    assert sorted(distinct.order) == list(range(len(X)))
    assert sorted(index) == np.flatnonzero(summed).tolist()  # zero anywhere else
    return np.hstack([X[index], extra[index]]), summed[index]


@given(TABLES, st.randoms(use_true_random=False))
def test_order_depends_on_content_alone(X, random):
    order = list(range(len(X)))
    random.shuffle(order)
    y, weight = (X[:, :1] > 0).astype(float), np.abs(X[:, 1]) + 0.5
    a, b = content(X, y, weight), content(X[order], y[order], weight[order])
    np.testing.assert_array_equal(a[0], b[0])
    np.testing.assert_allclose(a[1], b[1], rtol=1e-14)


@given(TABLES)
def test_rows_are_distinct_and_weights_add_up(X):
    y, weight = np.arange(len(X))[:, None] % 2.0, np.arange(1, len(X) + 1) % 3.0
    found, summed = content(X, y, weight)
    expected: dict = {}
    for row, w in zip(np.hstack([X, y]) + 0.0, weight, strict=True):
        if w:
            expected[tuple(row)] = expected.get(tuple(row), 0) + w
    assert {tuple(row + 0.0): w for row, w in zip(found, summed, strict=True)} == expected
    assert len(found) == len(expected)


@given(TABLES)
def test_values_that_come_with_several_targets_are_individuals(X):
    rows, y = Rows(np.asarray(X)), np.arange(len(X))[:, None] % 2.0
    weight = np.arange(len(X)) % 3.0 + 1
    distinct = canonical_rows(rows, y)
    found = of_several_targets(rows, y, distinct)
    keys = [tuple(row + 0.0) for row in np.asarray(X, dtype=np.float64)]
    targets: dict = {}
    for key, label in zip(keys, y[:, 0], strict=True):
        targets.setdefault(key, set()).add(label)
    np.testing.assert_array_equal(found, [len(targets[key]) > 1 for key in keys])
    each = distinct.with_each(found, weight)
    n_pure = len(
        {(key, label) for key, label, m in zip(keys, y[:, 0], found, strict=True) if not m}
    )
    assert len(each.starts) == n_pure + found.sum()
    np.testing.assert_array_equal(each.summed(weight)[found], weight[found])
    assert each.summed(weight).sum() == weight.sum()


@pytest.mark.parametrize("made", MADE)
def test_storage_is_of_no_account(X, made):
    y, weight = np.zeros((23, 1)), np.ones(23)
    a, b = content(X, y, weight), content(X, y, weight, made)
    np.testing.assert_array_equal(a[0], b[0])


def test_minus_zero_is_zero():
    X = np.array([[0.0, 1.0], [-0.0, 1.0]])
    assert content(X, np.zeros((2, 1)), np.ones(2))[1].tolist() == [2.0]


def test_rows_that_differ_in_extra_are_kept_apart():
    X = np.ones((4, 2))
    found, summed = content(X, np.array([[0.0], [1.0], [0.0], [2.0]]), np.ones(4))
    assert sorted(found[:, 2]) == [0, 1, 2]
    assert sorted(summed) == [1, 1, 2]


def test_equal_codes_are_only_a_hint(X, monkeypatch):
    """If every row had the same code, distinct rows would still be told apart."""
    monkeypatch.setattr(module, "row_codes", lambda rows: np.zeros(rows.shape[0], np.uint64))
    monkeypatch.setattr(module, "_mixed", lambda values, seed: np.zeros(values.shape, np.uint64))
    _, summed = content(X, np.zeros((23, 1)), np.ones(23))
    assert summed.sum() == 23
    index = canonical_rows(Rows(X), np.zeros((23, 1))).positions
    assert {tuple(row) for row in X} == {tuple(row) for row in X[index]}


def test_codes_of_many_similar_rows_differ():
    bits = ((np.arange(4096)[:, None] >> np.arange(12)) & 1).astype(float)
    assert len(np.unique(module.row_codes(Rows(bits)))) == 4096
    shifts = np.arange(4096)[:, None] * np.array([[1.0, -1.0]])
    assert len(np.unique(module.row_codes(Rows(shifts)))) == 4096


# Batches


@pytest.fixture
def dataset(X):
    targets, weight = torch.arange(23), torch.linspace(0, 1, 23)
    return TableDataset(Rows(X), targets, weight, np.arange(20, 2, -1), np.array([4, 1]))


def test_a_batch_is_rows_targets_and_weights(X, dataset):
    x, (y, w) = dataset.batch(np.array([0, 5]))
    np.testing.assert_array_equal(x, X[[20, 15]][:, [4, 1]])
    assert y.tolist() == [20, 15]
    torch.testing.assert_close(w, torch.linspace(0, 1, 23)[[20, 15]])
    assert len(dataset) == 18


def test_a_single_item_is_what_other_loaders_collate(dataset):
    x, (y, w) = dataset[5]
    (batch, (ys, ws)) = next(iter(torch.utils.data.DataLoader(dataset, batch_size=6)))
    torch.testing.assert_close(batch[5], x)
    assert (ys[5], ws[5]) == (y, w)


def test_without_weights_a_batch_is_a_pair(X):
    plain = TableDataset(Rows(X), torch.arange(23), None, np.arange(23))
    assert plain.batch(np.array([3]))[1].tolist() == [3]
    assert plain[3][1] == 3


@pytest.mark.parametrize("size", [1, 5, 18, 100])
def test_batches_serve_every_row_once(dataset, size):
    batches = list(RowBatches(dataset, size))
    assert len(batches) == len(RowBatches(dataset, size))
    assert torch.cat([y for _, (y, _) in batches]).tolist() == list(range(20, 2, -1))


@pytest.mark.parametrize(("size", "served"), [(1, 18), (5, 15), (18, 18), (100, 0)])
def test_the_last_batch_may_be_dropped(dataset, size, served):
    batches = list(RowBatches(dataset, size, drop_last=True))
    assert len(batches) == len(RowBatches(dataset, size, drop_last=True)) == served // size
    labels = [label for _, (y, _) in batches for label in y.tolist()]
    assert labels == list(range(20, 2, -1))[:served]


@pytest.mark.parametrize("others", [{}, {"num_workers": 0, "pin_memory": False}])
def test_a_dropped_batch_that_is_the_only_one_is_refused(dataset, others):
    with pytest.raises(ValueError, match=r"batch_size=19 is above the 18 rows .*drop_last=True"):
        row_batches(dataset, batch_size=19, drop_last=True, **others)
    assert len(list(row_batches(dataset, batch_size=18, drop_last=True, **others))) == 1
    assert len(list(row_batches(dataset, batch_size=19, **others))) == 1


@pytest.mark.parametrize("training", [True, False])
def test_a_batch_size_of_minus_one_is_the_whole_data_set(dataset, training):
    """skorch puts the number of rows in its place."""
    batches = {"iterator_train": row_batches, "iterator_valid": row_batches}
    net = NeuralNet(torch.nn.Linear, torch.nn.MSELoss, batch_size=-1, **batches)
    found = net.get_iterator(dataset, training=training)
    assert isinstance(found, RowBatches)
    assert [y.tolist() for _, (y, _) in found] == [list(range(20, 2, -1))]


def test_batches_are_shuffled_by_torchs_generator(dataset):
    def order():
        with torch.random.fork_rng():
            torch.manual_seed(3)
            return torch.cat([y for _, (y, _) in RowBatches(dataset, 5, shuffle=True)]).tolist()

    assert order() == order()
    assert sorted(order()) == list(range(3, 21))
    assert order() != list(range(20, 2, -1))


def test_batches_of_a_plain_dataset(X):
    """A fitted net is asked to predict from an array: skorch wraps it in a data set of its own."""
    batches = row_batches(Dataset(X.astype(np.float32), np.arange(23)), batch_size=10)
    found = [x for x, _ in batches]
    assert [len(x) for x in found] == [10, 10, 3]
    np.testing.assert_array_equal(np.concatenate(found), X)


def test_options_that_only_torchs_loader_has(dataset):
    """The same batches, from torch's own loader."""
    ours = row_batches(dataset, batch_size=5)
    theirs = row_batches(dataset, batch_size=5, num_workers=0, pin_memory=False)
    assert (type(ours), type(theirs)) == (RowBatches, DataLoader)
    for (a, (y, w)), (b, (v, u)) in zip(ours, theirs, strict=True):
        for left, right in ((a, b), (y, v), (w, u)):
            torch.testing.assert_close(left, right)


# Storage


def big_endian(X, dtype):
    """Scipy makes such matrices, for example by reading a file, and then cannot slice them."""
    X = sp.csr_array(X)
    X.data = X.data.astype(np.dtype(dtype).newbyteorder(">"))
    return X


def read_only(X):
    X = X.copy()
    X.flags.writeable = False
    return X


STORED = {
    "rows backwards": lambda X: X[::-1].copy()[::-1],
    "columns backwards": lambda X: X[:, ::-1].copy()[:, ::-1],
    "every other row": lambda X: X.repeat(2, axis=0)[::2],
    "columns first": np.asfortranarray,
    "big-endian": lambda X: X.astype(X.dtype.newbyteorder(">")),
    "big-endian backwards": lambda X: X.astype(X.dtype.newbyteorder(">"))[::-1].copy()[::-1],
    "big-endian sparse": lambda X: big_endian(X, X.dtype),
    "read-only": read_only,
    "read-only backwards": lambda X: read_only(X[::-1])[::-1],
    "one value for all": lambda X: np.broadcast_to(X[:1], X.shape),
}


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int16, np.int32])
@pytest.mark.parametrize("stored", STORED)
def test_rows_are_read_right_however_they_are_stored(X, stored, dtype):
    if "sparse" in stored and dtype is np.float16:
        dtype = np.float32  # scipy has no sparse half floats
    expected = np.broadcast_to(X[:1], X.shape) if stored == "one value for all" else X
    rows, plain = Rows(STORED[stored](X.astype(dtype))), Rows(expected.astype(dtype))
    assert rows.dtype is plain.dtype
    for index in (slice(3, 9), slice(None), np.array([4, 0, 4])):
        for columns in (None, np.array([3, 1])):
            block = rows.take(index, columns)
            # Warnings are errors: torch would warn of an array that it may not write to.
            tensor = torch.from_numpy(block)
            np.testing.assert_array_equal(tensor, plain.take(index, columns))
            assert block.dtype == plain.take(index, columns).dtype
    np.testing.assert_array_equal(rows.columns(np.array([2, 0])), plain.columns(np.array([2, 0])))
    assert np.concatenate([block for _, block in rows.blocks()]).tolist() == expected.tolist()
    index, weight = np.arange(23), np.linspace(1, 2, 23)
    for found, wanted in zip(
        (*column_moments(rows, index, weight), *canonical_rows(rows, weight[:, None])),
        (*column_moments(plain, index, weight), *canonical_rows(plain, weight[:, None])),
        strict=True,
    ):
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.slow
@pytest.mark.parametrize("stored", [name for name in STORED if name != "one value for all"])
def test_a_fit_does_not_depend_on_storage(stored):
    X = np.random.default_rng(0).normal(size=(40, 3))
    y = (X[:, 0] > 0).astype(int)
    made = STORED[stored](X)
    plain = sp.csr_array(X) if sp.issparse(made) else X
    settings = {"n_networks": 2, "hidden_layer_sizes": (4,), "max_epochs": 2, "random_state": 0}
    settings["path_steps"] = 5
    weight = np.ones(40)
    weight[:5] = 0  # rows that are left out are sliced away from the table as it was stored
    found, expected = (
        NetworkEnsembleClassifier(**settings).fit(t, y, sample_weight=weight) for t in (made, plain)
    )
    np.testing.assert_array_equal(found.predict_proba(made), expected.predict_proba(plain))
