"""Null features: the same network as on a table with the null columns written out."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from sklearn.base import clone
from torch.utils._python_dispatch import TorchDispatchMode

from sklearn_deeplifft.ensembles import (
    Checkpoints,
    Split,
    _chunks,
    key_of,
    null_rows,
    with_null_features,
    without_null_columns,
)
from sklearn_deeplifft.ensembles import _standardized_rows as standardized
from sklearn_deeplifft.ensembles import _training as module
from sklearn_deeplifft.exceptions import FeatureSelectionWarning
from sklearn_deeplifft.networks import GateSettings, KnockoffMap, NullColumns
from sklearn_deeplifft.ranking import network_shares, null_p_values
from sklearn_deeplifft.tables import Rows, Scaling
from tests.ensembles._cases import (
    KINDS,
    SETTINGS,
    Case,
    alone,
    assert_alike,
    assigned,
    case,
    digest,
    digests,
    together,
)

GATES = {
    "plain": None,
    "tied": GateSettings((0, 1, 1, 2, 0), path_steps=30),
    "free": GateSettings((0, 1, 1, 2, 0), tied=False, penalty=0.1),
}


def carrying(
    n_networks: int = 4, *, n: int = 90, knockoff_map: KnockoffMap | None = None, **given
) -> list[Split]:
    """The usual parts, each with null columns of its own."""
    return [
        part._replace(
            null_columns=NullColumns(
                null_rows(n, (part.training, part.validation), part.seed), knockoff_map
            )
        )
        for part in assigned(n_networks, n=n, **given)
    ]


def written_out(data: Case, part: Split, columns: np.ndarray) -> Case:
    """The table of twice the columns that never exists in the package."""
    nulls = part.null_columns.donors
    X = data.table.rows.take(slice(None))[:, columns]
    moments = data.table.moments.at(columns).twice()
    table = replace(data.table, rows=Rows(np.hstack([X, X[nulls]])), moments=moments)
    return Case(replace(data.problem, n_features=2 * len(columns)), table)


# The permutation


def test_parts_are_permuted_within_themselves():
    rng = np.random.default_rng(0)
    order = rng.permutation(50)
    training, validation, rest = np.split(order, [30, 42])
    nulls = null_rows(50, (training, validation), seed=3)
    for part in (training, validation):
        assert set(nulls[part]) == set(part)
        assert (nulls[part] != part).any()
    np.testing.assert_array_equal(nulls[rest], rest)
    np.testing.assert_array_equal(nulls, null_rows(50, (training, validation), seed=3))
    assert (nulls != null_rows(50, (training, validation), seed=4)).any()


def test_all_permutations_are_equally_likely():
    """No derangement: of three rows one stays in its place on average."""
    drawn = [tuple(null_rows(3, [np.arange(3)], seed)) for seed in range(3000)]
    counts = [drawn.count(found) for found in sorted(set(drawn))]
    assert len(counts) == 6
    expected = 3000 / 6
    assert sum((c - expected) ** 2 / expected for c in counts) < 20.5  # chi2(5), p = 0.001


def test_rows_that_belong_together_have_stand_ins_that_do():
    """Those of a group are rows of one group."""
    rng = np.random.default_rng(0)
    groups = rng.permutation(np.repeat(np.arange(12), 3))
    parts = [np.flatnonzero(groups < 8), np.flatnonzero(groups >= 8)]
    nulls = null_rows(36, parts, seed=1, groups=groups)
    for part in parts:
        assert set(nulls[part]) == set(part)
    stand_ins = [set(groups[nulls[groups == g]]) for g in range(12)]
    assert all(len(found) == 1 for found in stand_ins)
    assert sorted(g for (g,) in stand_ins) == list(range(12))
    assert any(g not in found for g, found in enumerate(stand_ins))


def test_groups_of_uneven_sizes_stand_in_for_others_of_about_their_size():
    rng = np.random.default_rng(0)
    groups = rng.permutation(np.repeat(np.arange(60), rng.integers(1, 31, 60)))
    part = np.flatnonzero(groups < 50)
    nulls = null_rows(len(groups), [part], seed=1, groups=groups)
    outside = np.flatnonzero(groups >= 50)
    np.testing.assert_array_equal(nulls[outside], outside)
    assert set(groups[nulls[part]]) <= set(range(50))
    sizes = np.bincount(groups)
    stand_ins = [groups[nulls[groups == g]] for g in range(50)]
    of_one = [len(set(found.tolist())) == 1 for found in stand_ins]
    assert np.mean(of_one) > 0.85
    ratio = [sizes[found[0]] / sizes[g] for g, found in enumerate(stand_ins) if of_one[g]]
    assert 0.5 <= min(ratio) < max(ratio) < 10
    large = [r for g, r in zip(np.flatnonzero(of_one), ratio, strict=True) if sizes[g] >= 10]
    assert max(large) < 2.5
    for g, found in enumerate(stand_ins):  # no row twice, where there are enough
        if sizes[found[0]] >= sizes[g]:
            assert len(set(nulls[groups == g].tolist())) == sizes[g]


def test_a_group_that_has_no_like_gets_rows_of_several():
    groups = np.r_[np.zeros(30, dtype=int), np.arange(1, 21)]
    nulls = null_rows(50, [np.arange(50)], seed=1, groups=groups)
    assert len(set(groups[nulls[:30]].tolist())) >= 10


def test_labels_of_groups_are_as_correlated_with_null_columns_by_chance():
    """Rows of a group are alike and have one label; nothing says anything of it."""
    beaten = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        groups = np.repeat(np.arange(60), rng.integers(1, 31, size=60))
        X, y = rng.normal(size=(60, 30))[groups], rng.integers(2, size=60)[groups]
        nulls = X[null_rows(len(y), [np.arange(len(y))], seed, groups)]
        best = [np.abs(np.corrcoef(part.T, y)[-1, :-1]).max() for part in (X, nulls)]
        beaten.append(best[0] > best[1])
    assert 0.3 < np.mean(beaten) < 0.7


def test_all_whole_permutations_are_equally_likely():
    groups = np.array([0, 0, 1, 1])
    drawn = [tuple(null_rows(4, [np.arange(4)], seed, groups)) for seed in range(2000)]
    found = sorted(set(drawn))
    assert len(found) == 8  # two orders of the groups, two within each
    assert {frozenset(one[:2]) for one in found} == {frozenset({0, 1}), frozenset({2, 3})}
    expected = 2000 / 8
    counts = [drawn.count(one) for one in found]
    assert sum((c - expected) ** 2 / expected for c in counts) < 24.3  # chi2(7), p = 0.001


# As on the table with the null columns written out


@pytest.mark.slow
@pytest.mark.parametrize("name", GATES)
@pytest.mark.parametrize("columns", [np.arange(5), np.array([3, 0, 4])], ids=["all", "some"])
def test_the_same_bits_as_with_the_columns_written_out(name, columns):
    gates = GATES[name]
    if gates is not None:
        gates = replace(gates, feature_of_column=gates.feature_of_column[: len(columns)])
    settings = replace(SETTINGS, gates=gates, dropout=0.2)
    data, parts = case(), carrying(uneven=1)
    few = data._replace(problem=replace(data.problem, n_features=len(columns)))
    for found, part in zip(together(few, settings, parts, columns=columns), parts, strict=True):
        wide = written_out(data, part, columns)
        doubled = with_null_features(few.problem, settings)[1]
        expected = together(wide, doubled, [part._replace(null_columns=None)])[0]
        assert digest(found) == digest(expected)
        assert found.null_columns is part.null_columns
        assert expected.null_columns is None
        raw = wide.table.rows.take(slice(None))
        np.testing.assert_array_equal(found.estimator.forward(raw), expected.estimator.forward(raw))


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("held", [18, 0])
def test_as_a_plain_net_of_its_own_on_that_table(kind, held):
    data, parts = case(kind), carrying(3, held=held)
    for found, part in zip(together(data, SETTINGS, parts), parts, strict=True):
        wide = written_out(data, part, np.arange(5))
        expected = alone(wide, SETTINGS, part)
        assert_alike(found, expected, wide.table.rows.take(slice(None)))


def test_gates_of_null_columns_are_features_of_their_own():
    problem, settings = with_null_features(
        case().problem, replace(SETTINGS, gates=GateSettings((0, 1, 1, 2, 0)))
    )
    assert problem.n_features == 10
    assert settings.gates.feature_of_column == (0, 1, 1, 2, 0, 3, 4, 4, 5, 3)


# Blended with the real columns


def blended(n_networks: int = 4, **given) -> list[Split]:
    """Parts whose null columns are made of two rows each."""
    maps = np.random.default_rng(0).normal(size=(2, 5, 5))
    table = case().table
    X, (mean, scale, *_) = table.rows.take(slice(None)), table.moments
    center, size = (X.mean(axis=0) - mean) / scale, X.std(axis=0) / scale
    knockoff_map = KnockoffMap.of(*maps, center, size)
    return carrying(n_networks, knockoff_map=knockoff_map, **given)


@pytest.mark.parametrize("store", [np.asarray, sp.csr_array])
def test_blended_rows_by_the_definition(store):
    data, part = case(store=store), blended(1)[0]
    donors, knockoff_map = part.null_columns.donors, part.null_columns.knockoff_map
    index = torch.as_tensor(np.stack([part.training[:32], donors[part.training[:32]]], 1))
    rows = standardized.StandardizedRows(data.table, np.arange(5), knockoff_map)
    found = rows.take(index[None])[0][0].numpy()
    X = data.table.rows.take(slice(None)).astype(np.float64)
    maps, (mean, scale, *_) = np.random.default_rng(0).normal(size=(2, 5, 5)), data.table.moments
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    null = np.array([Z[i] @ maps[0] + Z[j] @ maps[1] for i, j in index.numpy()])
    null = null * X.std(axis=0) + X.mean(axis=0)
    np.testing.assert_allclose(found[:, 5:], (null - mean) / scale, atol=1e-4)
    np.testing.assert_allclose(found[:, :5], ((X - mean) / scale)[index[:, 0]], atol=1e-5)


@pytest.mark.slow
def test_neither_storage_nor_chunks_nor_workers_change_a_bit_of_a_blend(monkeypatch):
    parts = blended(5, uneven=1)
    expected = digests(together(case(), SETTINGS, parts))
    assert expected != digests(together(case(), SETTINGS, carrying(5, uneven=1)))
    assert digests(together(case(store=sp.csr_array), SETTINGS, parts)) == expected
    with monkeypatch.context() as patched:
        patched.setattr(standardized, "FILLED_BYTES", 0)
        assert digests(together(case(store=sp.csr_array), SETTINGS, parts)) == expected
    assert digests(together(case(), SETTINGS, parts, n_jobs=3)) == expected
    assert digests(together(case(), SETTINGS, parts[::-1])) == expected[::-1]
    monkeypatch.setattr(_chunks, "LARGEST_CHUNK", 1)
    assert digests(together(case(), SETTINGS, parts)) == expected
    monkeypatch.setattr(standardized, "TABLE_BYTES", 0)
    assert digests(together(case(), SETTINGS, parts)) == expected


def test_checkpoints_of_another_blend_are_foreign(tmp_path):
    store, data, parts = Checkpoints(tmp_path / "kept"), case(), blended(2)
    expected = digests(together(data, SETTINGS, parts))
    together(data, SETTINGS, parts, checkpoints=store)
    assert digests(together(data, SETTINGS, parts, checkpoints=store)) == expected
    with pytest.warns(FeatureSelectionWarning, match="is foreign"):
        together(data, SETTINGS, carrying(2), checkpoints=store)


# What holds of the engine without null features


@pytest.mark.slow
@pytest.mark.parametrize("name", GATES)
def test_neither_chunks_nor_workers_nor_neighbours_change_a_bit(name, monkeypatch):
    settings = replace(SETTINGS, gates=GATES[name], noise=0.1, patience=1, learning_rate=0.05)
    data, parts = case(), carrying(5, held=15, uneven=1)
    expected = digests(together(data, settings, parts))
    assert len(set(expected)) == 5
    assert digests(together(data, settings, parts, n_jobs=3)) == expected
    assert digests(together(data, settings, parts[::-1])) == expected[::-1]
    monkeypatch.setattr(_chunks, "LARGEST_CHUNK", 1)
    assert digests(together(data, settings, parts)) == expected


@pytest.mark.slow
def test_the_way_a_table_is_kept_changes_no_bit(tmp_path, monkeypatch):
    def mapped(X):
        np.save(tmp_path / "X.npy", X)
        return np.load(tmp_path / "X.npy", mmap_mode="r")

    parts = carrying(uneven=1)
    expected = digests(together(case(), SETTINGS, parts))
    for store in (mapped, sp.csr_array, sp.csc_array, np.asfortranarray):
        assert digests(together(case(store=store), SETTINGS, parts)) == expected
    monkeypatch.setattr(standardized, "FILLED_BYTES", 0)  # too large to be filled up
    assert digests(together(case(store=sp.csr_array), SETTINGS, parts)) == expected
    monkeypatch.setattr(standardized, "TABLE_BYTES", 0)  # too large to be kept whole
    assert digests(together(case(), SETTINGS, parts)) == expected


@pytest.mark.slow
@pytest.mark.parametrize("name", GATES)
def test_checkpoints_hold_null_features(name, tmp_path):
    store, settings = Checkpoints(tmp_path / "kept"), replace(SETTINGS, gates=GATES[name])
    data, parts = case(), carrying(3)
    expected = digests(together(data, settings, parts))
    together(data, settings, parts[:2], checkpoints=store)
    found = together(data, settings, parts, checkpoints=store)
    assert digests(found) == expected
    for trained, part in zip(found, parts, strict=True):
        assert trained.null_columns is part.null_columns
    others = [
        part._replace(null_columns=NullColumns(part.null_columns.donors[::-1].copy()))
        for part in parts
    ]
    for changed in (others, [part._replace(null_columns=None) for part in parts]):
        with pytest.warns(FeatureSelectionWarning, match="is foreign"):
            again = together(data, settings, changed, checkpoints=store)
        assert digests(again) == digests(together(data, settings, changed))


def test_without_null_features_keys_are_what_they_were():
    """Checkpoints of earlier versions go on."""
    data, part, columns = case(), assigned(1)[0], np.arange(5)
    spread = module.Execution(digest="a table")
    work = module._Work(data.problem, SETTINGS, data.table, [part], columns, spread)
    rows = part.training, part.validation
    parts = ("a table", "round-001-network-0001", data.problem, SETTINGS, columns, *rows, 100, None)
    assert work._key(0) == key_of(module.FORMAT, torch.__version__, *parts)
    # What weighs otherwise trains otherwise.
    halves = [np.full(len(own), 0.5) for own in rows]
    names = ("training_factor", "validation_factor")
    changed = [part._replace(**{name: half}) for name, half in zip(names, halves, strict=True)]
    keys = [
        module._Work(data.problem, SETTINGS, data.table, [one], columns, spread) for one in changed
    ]
    assert len({work._key(0), *(one._key(0) for one in keys)}) == 3


def test_all_networks_carry_null_features_or_none_does():
    parts = carrying(3)
    parts[1] = parts[1]._replace(null_columns=None)
    with pytest.raises(ValueError, match=r"2 of 3 networks carry null columns.* or to none"):
        together(case(), SETTINGS, parts)


# The network that a user keeps


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", GATES)
def test_without_null_columns_a_network_is_what_it_is_at_their_values(kind, name):
    data, settings = case(kind), replace(SETTINGS, gates=GATES[name])
    X = data.table.rows.take(slice(None))
    mean, scale, *_ = data.table.moments
    values = np.linspace(-1, 2, 5)
    for trained in together(data, settings, carrying(2)):
        found = without_null_columns(trained, values)
        held = np.tile(values * scale + mean, (len(X), 1))
        expected = trained.estimator.forward(np.hstack([X, held]))
        np.testing.assert_allclose(found.estimator.forward(X), expected, rtol=1e-5, atol=1e-5)
        assert found.as_trained is trained
        assert found.null_columns is None
        assert found.core is found.estimator.module_.core
        assert found.estimator.history == trained.estimator.history
        assert (found.epochs, found.loss) == (trained.epochs, trained.loss)
        with torch.no_grad():
            z = found.core(found.standardize(torch.as_tensor(X)))
        np.testing.assert_allclose(z, expected, rtol=1e-5, atol=1e-5)
        first, before = found.core[0].weight, trained.core[0].weight
        assert torch.equal(first, before[:3] if name == "free" else before[:, :5])


def test_held_at_zero_no_weight_changes():
    """Centred columns: not even by rounding."""
    trained = together(case(), SETTINGS, carrying(1))[0]
    before = digest(trained)
    found = without_null_columns(trained, np.zeros(5))
    assert torch.equal(found.core[0].weight, trained.core[0].weight[:, :5])
    assert torch.equal(found.core[0].bias, trained.core[0].bias)
    with torch.no_grad():
        found.core[0].weight.zero_()
    assert digest(trained) == before


def test_a_clone_of_what_is_kept_is_fitted_on_the_real_columns():
    data = case()
    X, y = data.table.rows.take(slice(None)), data.table.targets.numpy()
    kept = without_null_columns(together(data, SETTINGS, carrying(1))[0], np.zeros(5)).estimator
    state = torch.get_rng_state()
    without_null_columns(together(data, SETTINGS, carrying(1))[0], np.zeros(5))
    assert torch.equal(torch.get_rng_state(), state)
    assert clone(kept).fit(X, y).score(X, y) > 0.5


def test_what_cannot_be_left_out():
    trained = together(case(), SETTINGS, carrying(1))[0]
    with pytest.raises(ValueError, match=r"shape \(4,\), but the network reads 5 null columns"):
        without_null_columns(trained, np.zeros(4))
    plain = together(case(), SETTINGS, assigned(1))[0]
    with pytest.raises(ValueError, match="has no null columns"):
        without_null_columns(plain, np.zeros(5))


# Memory


class Largest(TorchDispatchMode):
    """The most numbers that any tensor held, whatever made it."""

    numbers = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        found = func(*args, **(kwargs or {}))
        for out in found if isinstance(found, tuple | list) else (found,):
            if isinstance(out, torch.Tensor):
                self.numbers = max(self.numbers, out.numel())
        return found


def emptied(X: np.ndarray) -> sp.csr_array:
    return sp.csr_array(np.where(X > 2, X, 0))


@pytest.mark.slow
@pytest.mark.parametrize("make", ["permuted", "blended"])
@pytest.mark.parametrize(
    ("store", "limit"),
    [(np.asarray, None), (emptied, None), (emptied, 0)],
    ids=["dense", "sparse", "large and sparse"],
)
def test_no_table_of_twice_the_columns(store, limit, make, monkeypatch):
    n, d = 1500, 30
    taken, read = [], standardized.StandardizedRows._read

    def watched(self, index):
        part = read(self, index)
        taken.append(part.numel())
        return part

    monkeypatch.setattr(standardized.StandardizedRows, "_read", watched)
    monkeypatch.setattr(standardized, "FILLED_BYTES", 0)  # larger than what is filled up
    if limit is not None:
        monkeypatch.setattr(standardized, "TABLE_BYTES", limit)
    knockoff_map = None
    if make == "blended":
        knockoff_map = KnockoffMap.of(np.eye(d), np.eye(d), np.zeros(d), np.ones(d))
    data = case(n=n, d=d, store=store)
    parts = carrying(2, n=n, held=200, knockoff_map=knockoff_map)
    with Largest() as largest:
        together(data, replace(SETTINGS, max_epochs=2), parts)
    batch = 2 * 32 * 2 * d  # networks, rows with padding, columns
    if store is np.asarray:  # kept whole, once: the real columns
        assert largest.numbers == max(taken) == n * d
    else:
        assert max(taken) == batch
        positions = 2 * n * 2  # of rows and of those that stand in
        stored = data.table.rows.n_stored
        assert positions < stored < n * d / 3
        assert largest.numbers <= (positions if limit == 0 else stored)


# What they are for


def norms(n_seeds: int, strength: float, n_networks: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """Norms of the columns of first layers, (seeds, networks, d), real and null.

    Ten normal columns; ``strength`` is what the first adds to the score of two classes.
    """
    n, d, found = 200, 10, []
    settings = replace(SETTINGS, hidden_layer_sizes=(16,), max_epochs=8, patience=None)
    for seed in range(n_seeds):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(n, d))
        y = strength * X[:, 0] + rng.normal(size=n) > 0
        data = case(n=n, d=d)
        table = replace(data.table, rows=Rows(X), targets=torch.as_tensor(y).long())
        table = replace(table, moments=Scaling.straight(X.mean(0), X.std(0)))
        data = Case(replace(data.problem, n_outputs=2), table)
        parts = [
            Split(
                *(np.arange(n), np.arange(0), s),
                null_columns=NullColumns(null_rows(n, [np.arange(n)], s)),
            )
            for s in range(100 * seed, 100 * seed + n_networks)
        ]
        cores = [trained.core for trained in together(data, settings, parts)]
        found.append([core[0].weight.detach().norm(dim=0).numpy() for core in cores])
    both = np.array(found)
    return both[..., :d], both[..., d:]


@pytest.mark.slow
def test_under_the_global_null_real_and_null_columns_are_alike():
    """Real columns win half of all comparisons; tables are independent, networks on one not."""
    real, null = norms(20, strength=0.0)
    won = (real[..., :, None] > null[..., None, :]).mean(axis=(1, 2, 3))
    error = won.std(ddof=1) / len(won) ** 0.5
    assert abs(won.mean() - 0.5) < 2.86 * error  # Student's t, 19 degrees, p = 0.01
    assert error < 0.03  # a yardstick that were too weak would show


@pytest.mark.slow
def test_nulls_drawn_anew_would_be_too_weak_a_yardstick(monkeypatch):
    """The same comparison finds out: what no network can overfit gets less weight."""
    from sklearn_deeplifft.ensembles._member_batches import MemberBatches

    rng, batches = np.random.default_rng(0), MemberBatches.__iter__

    def anew(self):
        self.dataset.index = [
            torch.stack([own[:, 0], own[torch.from_numpy(rng.permutation(len(own))), 1]], 1)
            for own in self.dataset.index
        ]
        return batches(self)

    monkeypatch.setattr(MemberBatches, "__iter__", anew)
    real, null = norms(20, strength=0.0)
    won = (real[..., :, None] > null[..., None, :]).mean(axis=(1, 2, 3))
    assert won.mean() - 0.5 > 5 * won.std(ddof=1) / len(won) ** 0.5


@pytest.mark.slow
def test_a_strong_column_gets_the_smallest_p():
    for real, null in zip(*norms(5, strength=3.0), strict=True):
        real, null = network_shares(real, null)
        p = null_p_values(real, null)
        assert p[0] == 1 / (1 + null.size)
        assert p[1:].min() > p[0]
