"""Networks trained together: each comes out as it would alone, to the last bit among any others."""

import threading
import time
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from joblib import Parallel, delayed

from sklearn_deeplifft.attribution import _products
from sklearn_deeplifft.ensembles import _chunks
from sklearn_deeplifft.ensembles import _standardized_rows as standardized
from sklearn_deeplifft.ensembles import _training as module
from sklearn_deeplifft.networks import GateSettings, NetworkSettings, adapter_of
from sklearn_deeplifft.networks._train import seeded
from tests.ensembles._cases import (
    KINDS,
    SETTINGS,
    alone,
    assert_alike,
    assigned,
    case,
    digest,
    digests,
    losses,
    together,
)

RAW = case().table.rows.take(slice(None))


def assert_as_alone(data, settings, parts, columns=None):
    X = RAW if columns is None else RAW[:, columns]
    for found, part in zip(together(data, settings, parts, columns=columns), parts, strict=True):
        assert_alike(found, alone(data, settings, part, columns), X)


# As alone, but for rounding: a plain skorch net is no batched one


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("held", [18, 0])
@pytest.mark.parametrize("patience", [3, None])
def test_every_kind_with_and_without_validation(kind, held, patience):
    assert_as_alone(case(kind), replace(SETTINGS, patience=patience), assigned(held=held))


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        {"weight_decay": 0.05},
        {"loss": "soft_f1"},
        {"hidden_layer_sizes": (6,)},
        {"hidden_layer_sizes": (1, 1)},
        {"batch_size": 1000},
        {"batch_size": 72},
        {"batch_size": 9, "max_epochs": 4},
    ],
    ids=str,
)
def test_other_settings(changes):
    assert_as_alone(case(), replace(SETTINGS, **changes), assigned())


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["softmax", "regression"])
@pytest.mark.parametrize("uneven", [1, 17])
def test_other_numbers_of_rows_and_of_batches(kind, uneven):
    """80 rows or 79 in 5 batches of 16; or 5, 4, 3 and 2 batches."""
    parts = assigned(held=10, uneven=uneven)
    counts = {-(-len(part.training) // SETTINGS.batch_size) for part in parts}
    assert len(counts) == (1 if uneven == 1 else 4)
    assert_as_alone(case(kind), SETTINGS, parts)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [*KINDS, "f1"])
def test_weights_of_rows(kind):
    """Fractions, and rows of none."""
    weight = np.random.default_rng(1).random(90)
    weight[::7] = 0
    f1 = kind == "f1"
    chosen = replace(SETTINGS, loss="soft_f1") if f1 else SETTINGS
    data = case("softmax" if f1 else kind, weight=weight)
    assert_as_alone(data, chosen, assigned(uneven=1))
    plain = together(data._replace(table=case(data.problem.kind).table), chosen, assigned())
    assert digests(plain) != digests(together(data, chosen, assigned()))


def test_going_on_from_trained_networks():
    data, parts = case(), assigned()
    starts = [trained.core for trained in together(data, SETTINGS, parts)]
    before = [core[0].weight.clone() for core in starts]
    parts = [part._replace(start=core) for part, core in zip(parts, starts, strict=True)]
    assert_as_alone(data, SETTINGS, parts)
    for core, weight in zip(starts, before, strict=True):
        assert torch.equal(core[0].weight, weight)
    still = together(data, replace(SETTINGS, learning_rate=1e-12, max_epochs=1), parts)
    torch.testing.assert_close(still[0].core[0].weight, before[0])


def test_going_on_with_some_columns():
    data, parts, columns = case(), assigned(), np.array([1, 4])
    first = together(data, SETTINGS, parts)
    starts = [adapter_of(None).warm_start(trained, columns, 5) for trained in first]
    parts = [part._replace(start=core) for part, core in zip(parts, starts, strict=True)]
    few = data._replace(problem=replace(data.problem, n_features=2))
    assert_as_alone(few, SETTINGS, parts, columns)


def test_one_column():
    few = case()._replace(problem=replace(case().problem, n_features=1))
    assert_as_alone(few, SETTINGS, assigned(), np.array([2]))


# To the last bit among any others

ODD = {
    "plain": {},
    "odd widths": {"hidden_layer_sizes": (9, 1, 3), "batch_size": 13},
    "random": {"dropout": 0.3, "noise": 0.2, "hidden_layer_sizes": (13, 6)},
    "f1": {"loss": "soft_f1", "dropout": 0.5, "l2": 1e-3, "weight_decay": 1e-3},
    "tied path": {"gates": GateSettings((0, 1, 2, 3, 4), path_steps=30)},
    "free path": {"gates": GateSettings((0, 1, 1, 2, 0), tied=False, path_steps=30)},
    "penalty": {"gates": GateSettings((0, 1, 1, 2, 0), penalty=0.3), "dropout": 0.2},
    "uniform": {"gates": GateSettings((0, 1, 2, 3, 4), False, "uniform", 0.0)},
}
WEIGHTS = np.random.default_rng(2).random(90)


@given(
    lengths=st.lists(st.tuples(st.integers(1, 200), st.integers(0, 80)), min_size=1, max_size=30),
    size=st.integers(1, 70),
    largest=st.integers(1, 9),
    n_workers=st.integers(1, 4),
)
def test_a_chunk_holds_epochs_of_one_shape(lengths, size, largest, n_workers):
    """Every network in one, and no more than fit; as many as workers, where there are enough."""
    parts = [module.Split(np.arange(n), np.arange(held), 0) for n, held in lengths]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_chunks, "LARGEST_CHUNK", largest)
        chosen = replace(SETTINGS, batch_size=size)
        kinds = {i: _chunks.kind_of(chosen, part, None) for i, part in enumerate(parts)}
        chunks = _chunks.chunks_of(case().problem, kinds, n_workers)
    assert sorted(i for chunk in chunks for i in chunk) == list(range(len(parts)))
    assert max(map(len, chunks)) <= largest
    assert len(chunks) >= min(n_workers, len(parts)) or len(set(lengths)) > 1
    for chunk in chunks:
        for counts in zip(*(lengths[i] for i in chunk), strict=True):
            assert len({-(-n // size) for n in counts}) == 1
            last = {(n - 1) % size + 1 if n else 0 for n in counts}
            assert len({-(-n // 32) for n in last}) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "uneven"), [*((name, 1) for name in ODD), ("plain", 0), ("tied path", 0)]
)
def test_neither_chunks_nor_workers_nor_neighbours_change_a_bit(name, uneven, monkeypatch):
    """Learning rates are high and patience is short, so that networks leave at other times."""
    hasty = replace(SETTINGS, learning_rate=0.05, patience=1, max_epochs=6)
    chosen = replace(hasty, **ODD[name])
    kind = "sigmoid" if name == "f1" else "softmax"
    data, parts = case(kind, weight=WEIGHTS), assigned(5, held=15, uneven=uneven)
    expected = digests(together(data, chosen, parts))
    assert len(set(expected)) == 5
    assert digests(together(data, chosen, parts, n_jobs=3)) == expected
    assert [digest(together(data, chosen, [part])[0]) for part in parts] == expected
    assert digests(together(data, chosen, parts[::-1])) == expected[::-1]
    assert digests(together(data, chosen, parts[1:4])) == expected[1:4]
    others = assigned(3, held=15, uneven=uneven, seed=99)
    assert digests(together(data, chosen, [*others, *parts]))[3:] == expected
    monkeypatch.setattr(_chunks, "LARGEST_CHUNK", 2)
    assert digests(together(data, chosen, parts)) == expected


@pytest.mark.slow
@pytest.mark.parametrize("fused", [True, False], ids=["oneDNN", "BLAS"])
def test_nor_do_they_in_wide_layers(fused, monkeypatch):
    """Products of these are taken one by one where oneDNN is quicker."""
    if fused and not torch.backends.mkldnn.is_available():
        pytest.skip("this build of torch has no oneDNN")
    monkeypatch.setattr(_products, "_fused_is_quicker", lambda: fused)
    d, chosen = 701, replace(SETTINGS, hidden_layer_sizes=(64, 3), batch_size=64, dropout=0.5)
    assert d * 64 * 64 > _products.MIN_MULTIPLICATIONS
    data, parts = case(d=d, n=150), assigned(3, n=150, uneven=1)
    expected = digests(together(data, chosen, parts))
    assert [digest(together(data, chosen, [part])[0]) for part in parts] == expected
    others = assigned(2, n=150, seed=99)
    assert digests(together(data, chosen, [*others, *parts]))[2:] == expected
    assert digests(together(case(d=d, n=150, store=sp.csr_array), chosen, parts)) == expected


@pytest.mark.slow
@given(data=st.data(), n=st.integers(2, 5), seed=st.integers(0, 10**6))
@settings(max_examples=25)
def test_nor_do_they_whatever_the_sizes(data, n, seed):
    """Kernels take the ends of tensors and unaligned matrices by other instructions."""
    small, many = st.integers(1, 40), st.integers(2, 14)
    d, kind = data.draw(many), data.draw(st.sampled_from(KINDS))
    chosen = NetworkSettings(
        tuple(data.draw(st.lists(small, min_size=1, max_size=2))),
        dropout=data.draw(st.sampled_from([0.0, 0.3])),
        noise=data.draw(st.sampled_from([0.0, 0.1])),
        loss=data.draw(st.sampled_from(["auto", "soft_f1"])) if kind == "sigmoid" else "auto",
        learning_rate=0.03,
        batch_size=data.draw(st.sampled_from([16, 32, 33, 50, 128])),
        max_epochs=3,
        patience=2,
    )
    rng = np.random.default_rng(seed)
    table = case(kind, n=80, d=max(d, 3), weight=rng.random(80) + 0.1)
    parts = assigned(n, n=80, held=data.draw(many), uneven=data.draw(st.integers(0, 2)), seed=seed)
    every = digests(together(table, chosen, parts))
    for i, part in enumerate(parts):
        assert digest(together(table, chosen, [part])[0]) == every[i]


@pytest.mark.parametrize("batch_size", [16, 33])
def test_nor_do_those_of_several_labels_on_small_batches(batch_size):
    """Batches filled up to 16 rows and not 32 are enough for classes, and not for labels."""
    chosen = replace(SETTINGS, hidden_layer_sizes=(17,), batch_size=batch_size, max_epochs=3)
    table = case("sigmoid", n=80, d=5, weight=np.random.default_rng(0).random(80) + 0.1)
    parts = assigned(2, n=80, held=2, uneven=0, seed=0)
    every = digests(together(table, chosen, parts))
    assert [digest(together(table, chosen, [part])[0]) for part in parts] == every


@pytest.mark.slow
def test_the_way_a_table_is_kept_changes_no_bit(tmp_path, monkeypatch):
    def mapped(X):
        np.save(tmp_path / "X.npy", X)
        return np.load(tmp_path / "X.npy", mmap_mode="r")

    parts = assigned(uneven=1)
    expected = digests(together(case(), SETTINGS, parts))
    for store in (mapped, sp.csr_array, sp.csc_array, np.asfortranarray):
        assert digests(together(case(store=store), SETTINGS, parts)) == expected
    monkeypatch.setattr(standardized, "FILLED_BYTES", 0)  # too large to be filled up
    assert digests(together(case(store=sp.csr_array), SETTINGS, parts)) == expected
    monkeypatch.setattr(standardized, "TABLE_BYTES", 0)  # too large to be kept whole
    assert digests(together(case(), SETTINGS, parts)) == expected


# Threads


@pytest.fixture
def threads():
    """Another number than anything here would set."""
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield 3
    torch.set_num_threads(before)


def threads_of_a_new_thread() -> int:
    found = []
    new = threading.Thread(target=lambda: found.append(torch.get_num_threads()))
    new.start()
    new.join()
    return found[0]


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_torch_has_one_thread_where_networks_are_trained(n_jobs, threads, monkeypatch):
    seen, train_batch = [], module.train_batch

    def watched(*args):
        seen.append((torch.get_num_threads(), threading.current_thread().name))
        return train_batch(*args)

    monkeypatch.setattr(module, "train_batch", watched)
    together(case(), SETTINGS, assigned(), n_jobs=n_jobs)
    assert {n for n, _ in seen} == {1}
    assert any(name == "MainThread" for _, name in seen) is (n_jobs is None)
    assert torch.get_num_threads() == threads_of_a_new_thread() == threads


def test_one_thread_at_a_time_is_seeded():
    """The generators that initial weights are drawn from are those of the whole process."""
    first_is_in, found = threading.Event(), {}

    def draw(seed):
        if seed == 2:
            first_is_in.wait()
        with seeded(seed):
            first_is_in.set()
            time.sleep(0.02)
            found[seed] = torch.rand(3), np.random.rand(3)

    both = [threading.Thread(target=draw, args=(seed,)) for seed in (1, 2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    for seed, (a, b) in found.items():
        with seeded(seed):
            assert torch.equal(a, torch.rand(3))
            np.testing.assert_array_equal(b, np.random.rand(3))


def trained_bits(seed: int) -> list[str]:
    parts = [part._replace(seed=seed + j) for j, part in enumerate(assigned(3))]
    return digests(together(case(), replace(SETTINGS, dropout=0.2), parts, n_jobs=2))


@pytest.mark.slow
def test_fits_side_by_side_change_no_bit(threads):
    """Each with two workers: generators are global, and seeded by one thread at a time."""
    seeds = range(0, 120, 10)
    expected = [trained_bits(seed) for seed in seeds]
    found = Parallel(2, backend="threading")(delayed(trained_bits)(seed) for seed in seeds)
    assert found == expected
    assert torch.get_num_threads() == threads


def test_the_report_tells_how_far_it_is(monkeypatch):
    monkeypatch.setattr(_chunks, "LARGEST_CHUNK", 2)
    said = []
    found = together(case(), SETTINGS, assigned(5), report=lambda *args: said.append(args))
    assert [(done, total, len(last)) for done, total, last, *_ in said] == [
        (2, 5, 2),
        (4, 5, 2),
        (5, 5, 1),
    ]
    told = [losses(trained) for *_, last, _, _ in said for trained in last]
    assert told == [losses(trained) for trained in found]
    *_, (_, _, _, seconds, left) = said
    assert seconds > 0
    assert left == 0
