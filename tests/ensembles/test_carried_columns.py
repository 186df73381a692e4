"""Networks that leave closed columns behind are those that carry all of them to the end."""

import shutil
from contextlib import contextmanager, suppress
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from sklearn_deeplifft.attribution import _products
from sklearn_deeplifft.ensembles import (
    Checkpoints,
    _batched_module,
    _carried_columns,
    _carried_rows,
    _chunks,
    _standardized_rows,
    _under_way,
    null_rows,
)
from sklearn_deeplifft.ensembles._batched_training import EnsembleNet
from sklearn_deeplifft.ensembles._carried_columns import CarriedColumns
from sklearn_deeplifft.ensembles._carried_rows import CarriedRows
from sklearn_deeplifft.ensembles._members import Members
from sklearn_deeplifft.ensembles._standardized_rows import StandardizedRows
from sklearn_deeplifft.networks import (
    GateSettings,
    KnockoffMap,
    NullColumns,
    _penalty,
    column_norms,
)
from tests.ensembles._cases import SETTINGS, assigned, case, digests, losses, together
from tests.ensembles.test_under_way import Killed, epochs_trained, killed_in

D = 300
PLAIN = GateSettings(tuple(range(D)), path_steps=120)
GROUPED = replace(
    PLAIN, feature_of_column=tuple(min(i // 2, 100) + max(i - 201, 0) for i in range(D))
)
PATH = replace(
    SETTINGS, hidden_layer_sizes=(8,), learning_rate=0.02, gates=PLAIN, dropout=0.2, noise=0.1
)


@pytest.fixture
def few(monkeypatch):
    """Networks of few columns leave some behind as well; returns what they went on with."""
    monkeypatch.setattr(_carried_columns, "LEAST", 130)
    seen, carry = [], Members.carry

    def noting(members, net, columns, datasets):
        seen.append(columns)
        carry(members, net, columns, datasets)

    monkeypatch.setattr(Members, "carry", noting)
    return seen


@pytest.fixture
def exact(monkeypatch):
    """Sums in float64: rounded, they are the same in whatever order, with however many zeros."""

    def product(a, weight, bias=None, *, out=None, at=None):
        found = a.double() @ weight.double().mT
        found = found if bias is None else found + bias.double()
        if at is not None:
            return out.index_copy_(0, at, found.float())
        return found.float() if out is None else out.copy_(found)

    def norms(W, feature_of_column, n_features):
        return column_norms(W.double(), feature_of_column, n_features).float()

    monkeypatch.setattr(_batched_module, "each_times_transposed", product)
    monkeypatch.setattr(_penalty, "column_norms", norms)


def trained(*args, **given):
    """Networks, with all that training leaves of them; zeros have lost their signs."""
    return [
        [losses(t), [p.detach() + 0.0 for p in t.core.parameters()], list(t.gates), t.held_out]
        for t in together(*args, **given)
    ]


def assert_same(found, expected):
    for one, other in zip(found, expected, strict=True):
        assert one[0] == other[0]
        for a, b in zip(one[1] + one[2], other[1] + other[2], strict=True):
            assert torch.equal(a, b)
        np.testing.assert_array_equal(one[3], other[3])


def with_nulls(parts, n, knockoff_map=None):
    return [
        part._replace(
            null_columns=NullColumns(
                null_rows(n, [part.training, part.validation], s), knockoff_map
            )
        )
        for s, part in enumerate(parts)
    ]


def knockoffs(d):
    rng = np.random.default_rng(0)
    return KnockoffMap(torch.from_numpy(rng.normal(size=(2 * d, d)) / d), torch.zeros(d))


CASES = {
    "plain": ("softmax", PATH),
    "regression": ("regression", PATH),
    "grouped": ("softmax", replace(PATH, gates=GROUPED)),
    "grouped regression": ("regression", replace(PATH, gates=GROUPED)),
    "deep": ("softmax", replace(PATH, hidden_layer_sizes=(8, 5), l2=0.01)),
    "weight decay": ("sigmoid", replace(PATH, weight_decay=0.01)),
}


@pytest.mark.parametrize("nulls", ["none", "permuted", "knockoffs"])
@pytest.mark.parametrize("name", CASES)
def test_networks_are_those_that_carry_every_column(name, nulls, few, exact, monkeypatch):
    kind, chosen = CASES[name]
    data, parts = case(kind, d=D, n=90), assigned(3, uneven=1)
    if nulls != "none":
        parts = with_nulls(parts, 90, knockoffs(D) if nulls == "knockoffs" else None)
    found = trained(data, chosen, parts)
    widths = [columns.width for columns in few]
    assert len(widths) >= 2
    assert widths[-1] <= 0.6 * few[0].order.shape[1]
    few.clear()
    monkeypatch.setattr(_carried_columns, "LEAST", 10**9)
    assert_same(found, trained(data, chosen, parts))
    assert not few


@pytest.mark.parametrize("store", [np.asarray, sp.csr_array])
def test_copies_of_columns_hold_what_is_picked_batch_by_batch(store, few, monkeypatch):
    monkeypatch.setattr(_standardized_rows, "FILLED_BYTES", 0)
    data, parts = case(d=D, n=90, store=store), assigned(3)
    expected = digests(together(data, PATH, parts))
    kept = [columns.width for columns in few]
    for size in (0, 90 * 300 * 4):  # nothing is copied; what all networks need
        monkeypatch.setattr(_carried_rows, "COPIES_BYTES", size)
        assert digests(together(data, PATH, parts)) == expected
    monkeypatch.setattr(_carried_rows, "COPIES_BYTES", 0)
    assert digests(together(case(d=D, n=90), PATH, parts)) == expected  # dense or sparse
    assert min(kept) < D


def test_one_copy_for_all_networks_holds_what_each_of_them_reads(monkeypatch):
    table = case(d=D, n=90).table
    rows = StandardizedRows(table, np.arange(D), None)
    rng = np.random.default_rng(0)
    order = [np.concatenate([rng.permutation(120), np.arange(120, D)]) for _ in range(3)]
    columns = CarriedColumns(torch.from_numpy(np.array(order)), np.full(3, 100))
    index = torch.from_numpy(rng.integers(0, 90, (3, 32, 1)))
    expected = rows.take(index)[0].gather(2, columns.at[:, None].expand(-1, 32, -1))
    copied = []
    for size in (0, 90 * 120 * 4, 3 * 90 * 100 * 4):  # no copy, one for all, one for each
        monkeypatch.setattr(_carried_rows, "COPIES_BYTES", size)
        carried = CarriedRows(rows, columns)
        copied.append((carried.whole is not None, carried.shared is not None))
        assert torch.equal(carried.take(index)[0], expected)
    assert copied == [(False, False), (True, True), (True, False)]


@pytest.mark.parametrize("gates", [PLAIN, GROUPED], ids=["plain", "grouped"])
def test_neither_neighbours_nor_chunks_change_a_bit(gates, few, monkeypatch):
    chosen = replace(PATH, gates=gates)
    data, parts = case(d=D, n=90), assigned(5, uneven=1)
    expected = digests(together(data, chosen, parts))
    counts = [set(columns.own.tolist()) for columns in few]
    assert any(len(of_one_time) > 1 for of_one_time in counts)  # some leave columns before others
    for part, own in zip(parts, expected, strict=True):
        assert digests(together(data, chosen, [part])) == [own]
    assert digests(together(data, chosen, parts[::-1])) == expected[::-1]
    others = assigned(3, uneven=1, seed=99)
    assert digests(together(data, chosen, [*others, *parts]))[3:] == expected
    monkeypatch.setattr(_chunks, "LARGEST_CHUNK", 2)
    assert digests(together(data, chosen, parts, n_jobs=2)) == expected


@pytest.mark.slow
@pytest.mark.parametrize("fused", [True, False], ids=["oneDNN", "BLAS"])
def test_nor_do_they_in_wide_layers(fused, few, monkeypatch):
    if fused and not torch.backends.mkldnn.is_available():
        pytest.skip("this build of torch has no oneDNN")
    monkeypatch.setattr(_products, "_fused_is_quicker", lambda: fused)
    d = 701
    gates = GateSettings(tuple(range(d)), path_steps=60)
    chosen = replace(PATH, hidden_layer_sizes=(64, 3), batch_size=64, gates=gates)
    data, parts = case(d=d, n=150), assigned(3, n=150, uneven=1)
    expected = digests(together(data, chosen, parts))
    assert few[-1].width < d / 2
    assert [digests(together(data, chosen, [part]))[0] for part in parts] == expected


@pytest.mark.parametrize("gates", [PLAIN, GROUPED], ids=["plain", "grouped"])
@pytest.mark.parametrize("nulls", [False, True])
def test_a_killed_run_goes_on_between_two_leavings(gates, nulls, few, tmp_path, monkeypatch):
    monkeypatch.setattr(_under_way, "SECONDS", 0.0)
    monkeypatch.setattr(_under_way, "SHARE", np.inf)
    chosen, store = replace(PATH, gates=gates), Checkpoints(tmp_path / "kept")
    data, parts = case(d=D, n=90), assigned(4, uneven=1)
    parts = with_nulls(parts, 90) if nulls else parts
    expected = digests(together(data, chosen, parts))
    times = len(few)
    few.clear()
    for epoch in (12, 17):
        with killed_in(epoch), suppress(Killed):
            together(data, chosen, parts, checkpoints=store)
    assert 0 < len(few) < times + 2
    # Dealt anew: batches of other networks go on with the columns of each.
    monkeypatch.setattr(_chunks, "LARGEST_CHUNK", 3)
    assert digests(together(data, chosen, parts, checkpoints=store)) == expected


@contextmanager
def killed_in_batch(which, epoch):
    """Ends a run in an epoch of one of its batches, the others being done before."""
    step, nets = EnsembleNet.train_step, []

    def dying(net, batch, **given):
        if not any(net is other for other in nets):
            nets.append(net)
        if len(nets) == which + 1 and len(net.history) == epoch:
            raise Killed
        return step(net, batch, **given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(EnsembleNet, "train_step", dying)
        yield


def test_one_that_left_columns_goes_on_beside_one_that_did_not(few, tmp_path, monkeypatch):
    monkeypatch.setattr(_under_way, "SECONDS", 0.0)
    monkeypatch.setattr(_under_way, "SHARE", np.inf)
    first_time, leave = {}, Members.carry

    def noting(members, net, columns, datasets):
        for i, own in zip(members.alive_.tolist(), columns.own.tolist(), strict=True):
            if own < D:
                first_time.setdefault(i, len(net.history))
        leave(members, net, columns, datasets)

    data, parts = case(d=D, n=90), assigned(5, uneven=1)
    with monkeypatch.context() as patch:
        patch.setattr(Members, "carry", noting)
        expected = digests(together(data, PATH, parts))
    early = min(first_time, key=first_time.__getitem__)
    late = max(first_time, key=first_time.__getitem__)
    assert first_time[early] < first_time[late]
    epoch = first_time[early] + 1
    for pair in ([early, late], [late, early]):
        chosen = [parts[i] for i in pair]
        folders = [tmp_path / f"{pair[0]}-{which}" for which in range(2)]
        with monkeypatch.context() as patch:
            patch.setattr(_chunks, "LARGEST_CHUNK", 1)
            for which, folder in enumerate(folders):
                with killed_in_batch(which, epoch), suppress(Killed):
                    together(data, PATH, chosen, checkpoints=Checkpoints(folder))
        (kept,) = folders[0].glob("*under-way*")
        (other,) = folders[1].glob("*under-way*")
        assert kept.name != other.name
        shutil.copy(other, folders[0])
        with epochs_trained() as counts:
            found = digests(together(data, PATH, chosen, checkpoints=Checkpoints(folders[0])))
        assert len(counts) == 1  # both in one batch
        assert found == [expected[i] for i in pair]


def test_weights_behind_gates_of_their_own_are_all_carried(few):
    """They go on moving where the gate is closed."""
    together(case(d=D, n=90), replace(PATH, gates=replace(PLAIN, tied=False)), assigned(3))
    together(case(d=D, n=90), replace(PATH, gates=replace(PLAIN, penalty=0.5)), assigned(3))
    assert not few


def test_narrow_tables_keep_all_columns(few, monkeypatch):
    monkeypatch.setattr(_carried_columns, "LEAST", D + 1)
    together(case(d=D, n=90), PATH, assigned(3))
    assert not few


# By hand


def test_columns_by_hand(monkeypatch):
    monkeypatch.setattr(_carried_columns, "LEAST", 4)
    monkeypatch.setattr(_carried_columns, "NARROWEST", 2)
    every = CarriedColumns.all_of(2, 6)
    assert every.width == 6
    assert not every.fewer
    assert every.alike(torch.device("cpu")) is None
    opened = torch.ones(2, 6, dtype=torch.bool)
    opened[0, 0] = False  # 5 of 6 are more than three quarters
    assert every.without_closed(opened) is None
    opened[0] = torch.tensor([0, 0, 1, 0, 1, 1])
    columns = every.without_closed(opened)
    assert columns.own.tolist() == [3, 6]
    assert columns.at.tolist() == [[2, 4, 5, 0, 1, 3], [0, 1, 2, 3, 4, 5]]
    assert [(at.tolist(), n) for at, n in columns.alike(torch.device("cpu"))] == [
        ([0], 3),
        ([1], 6),
    ]
    opened[1] = torch.tensor([1, 1, 0, 0, 0, 0])
    columns = columns.without_closed(opened)
    assert columns.own.tolist() == [3, 2]
    assert columns.at.tolist() == [[2, 4, 5], [0, 1, 2]]
    values = torch.arange(12.0).view(2, 1, 6)
    narrow = columns.gathered(values)
    assert narrow.tolist() == [[[2, 4, 5]], [[6, 7, 0]]]
    assert columns.spread(narrow).tolist() == [[[0, 0, 2, 0, 4, 5]], [[6, 7, 0, 0, 0, 0]]]
    alone = columns.keep([1])
    assert (alone.width, alone.own.tolist()) == (3, [2])


@pytest.mark.parametrize(
    ("n", "rounded"),
    [(1, 128), (128, 128), (129, 192), (193, 256), (257, 384), (385, 512), (3000, 3072)],
)
def test_round_numbers_of_columns(n, rounded):
    assert _carried_columns._rounded(n) == rounded
