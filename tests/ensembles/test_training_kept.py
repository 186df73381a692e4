"""Long runs: checkpoints, Ctrl-C, kill -9, and what they leave behind."""

import _thread
import multiprocessing
import os
import random
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from sklearn_deeplifft.ensembles import Checkpoints, _chunks
from sklearn_deeplifft.ensembles import _training as module
from sklearn_deeplifft.exceptions import FeatureSelectionWarning, TrainingDivergedError
from sklearn_deeplifft.networks import GateSettings
from tests.ensembles._cases import SETTINGS, assigned, case, digests, together

RANDOM = replace(SETTINGS, dropout=0.2, noise=0.1)
TIED = replace(SETTINGS, gates=GateSettings((0, 1, 1, 2, 0), path_steps=30))
FREE = replace(SETTINGS, gates=GateSettings((0, 1, 1, 2, 0), tied=False, penalty=0.2))
ENDLESS = replace(SETTINGS, max_epochs=10**9, patience=None)


@pytest.fixture
def store(tmp_path):
    return Checkpoints(tmp_path / "kept")


def files(store) -> list[str]:
    return sorted(path.name for path in store.folder.glob("*")) if store.folder.exists() else []


@contextmanager
def counted():
    """How many networks are trained meanwhile."""
    trained, train_batch = [], module.train_batch

    def counting(members, *args):
        trained.extend(members)
        return train_batch(members, *args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "train_batch", counting)
        yield trained


class Halfway(Exception):
    """Ends a run after some networks."""


def stop_after(n: int):
    def report(done, *args):
        if done >= n:
            raise Halfway

    return report


# Going on


@pytest.mark.slow
@pytest.mark.parametrize("chosen", [RANDOM, TIED, FREE], ids=["random", "tied", "free"])
@pytest.mark.parametrize("kind", ["softmax", "regression"])
def test_a_run_that_was_broken_off_goes_on_to_the_same_bits(chosen, kind, store, monkeypatch):
    """Also with other workers, and over several breaks."""
    monkeypatch.setattr(_chunks, "LARGEST_CHUNK", 2)
    data, parts = case(kind), assigned(5, uneven=1)
    expected = digests(together(data, chosen, parts))
    for n, n_jobs in ((1, None), (3, 2)):
        with pytest.raises(Halfway):
            together(data, chosen, parts, checkpoints=store, n_jobs=n_jobs, report=stop_after(n))
    before = len(files(store))
    assert 3 <= before < 5 or n_jobs == 2
    with counted() as trained:
        found = together(data, chosen, parts, checkpoints=store, n_jobs=3)
    assert len(trained) == 5 - before
    assert digests(found) == expected
    with counted() as trained:
        again = together(data, chosen, parts, checkpoints=store)
    assert trained == []
    assert digests(again) == expected


def test_more_networks_begin_with_those_that_are_there(store):
    data, parts = case(), assigned(5)
    expected = digests(together(data, RANDOM, parts))
    together(data, RANDOM, parts[:3], checkpoints=store)
    with counted() as trained:
        found = together(data, RANDOM, parts, checkpoints=store)
    assert len(trained) == 2
    assert digests(found) == expected


def test_what_was_kept_is_told_first(store):
    data, parts, said = case(), assigned(4), []
    together(data, RANDOM, parts[:3], checkpoints=store)
    together(data, RANDOM, parts, checkpoints=store, report=lambda *args: said.append(args))
    assert [(done, total, len(last)) for done, total, last, *_ in said] == [(3, 4, 3), (4, 4, 1)]


@pytest.mark.parametrize("damage", [b"", b"no archive", None])
def test_what_is_damaged_is_named_and_trained_again(damage, store):
    data, parts = case(), assigned(3)
    expected = digests(together(data, RANDOM, parts, checkpoints=store))
    name = files(store)[1]
    path = store.folder / name
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if damage is None else damage)
    with counted() as trained, pytest.warns(FeatureSelectionWarning, match=f"{name} is damaged"):
        found = together(data, RANDOM, parts, checkpoints=store)
    assert len(trained) == 1
    assert digests(found) == expected
    assert path.read_bytes() == whole


def other_start(parts):
    core = together(case(), RANDOM, parts[:1])[0].core
    return [part._replace(start=core) for part in parts]


CHANGED = {
    "data": lambda given: {**given, "digest": "another table"},
    "settings": lambda given: {**given, "chosen": replace(RANDOM, learning_rate=0.021)},
    "dropout": lambda given: {**given, "chosen": replace(RANDOM, dropout=0.21)},
    "gates": lambda given: {**given, "chosen": TIED},
    "seeds": lambda given: {**given, "parts": [p._replace(seed=p.seed + 9) for p in PARTS]},
    "rows": lambda given: {**given, "parts": [p._replace(training=p.training[1:]) for p in PARTS]},
    "held": lambda given: {
        **given,
        "parts": [p._replace(validation=p.validation[1:]) for p in PARTS],
    },
    "start": lambda given: {**given, "parts": other_start(PARTS)},
    "columns": lambda given: {**given, "columns": np.arange(5)[::-1]},
}
PARTS = assigned(2)


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGED)
def test_another_fit_takes_nothing(change, store):
    """Each file is named as foreign, and replaced."""

    def fit(chosen, parts, **given):
        return together(case(), chosen, parts, checkpoints=store, **given)

    given = {"chosen": RANDOM, "parts": PARTS, "digest": "a table"}
    fit(**given)
    changed = CHANGED[change](given)
    with counted() as trained, pytest.warns(FeatureSelectionWarning) as told:
        fit(**changed)
    assert len(trained) == 2
    messages = [str(w.message) for w in told]
    for name in files(store):
        assert any(f"{name} is foreign" in message for message in messages)
    with counted() as trained:
        fit(**changed)
    assert trained == []


def test_rounds_have_names_of_their_own(store):
    for stage in ("round-001", "round-002"):
        together(case(), RANDOM, assigned(2), checkpoints=store, stage=stage)
    assert files(store) == [f"round-00{r}-network-000{i}.npz" for r in (1, 2) for i in (1, 2)]


# Killed


def long_run(folder: str | None, to: str) -> None:
    """Some networks, one at a time, in a process of its own."""
    torch.set_num_threads(1)
    _chunks.LARGEST_CHUNK = 1
    chosen = replace(RANDOM, max_epochs=8, patience=None)
    store = None if folder is None else Checkpoints(folder)
    found = together(case(), chosen, assigned(6, uneven=1), checkpoints=store, digest="x")
    Path(to).write_text("\n".join(digests(found)))


@pytest.mark.long
@pytest.mark.slow
def test_a_run_killed_at_any_moment_goes_on_to_the_same_bits(tmp_path):
    """kill -9, again and again; what was finished by then is not trained again."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, "sklearn_deeplifft"])
    undisturbed, disturbed = tmp_path / "undisturbed", tmp_path / "disturbed"
    folder, pause, kept = tmp_path / "kept", random.Random(0), [0]

    def started(folder, to):
        process = context.Process(target=long_run, args=(folder, str(to)))
        process.start()
        return process

    def count():
        return len(list(folder.glob("*.npz")))

    started(None, undisturbed).join()
    while kept[-1] < 5 and not disturbed.exists():
        process = started(str(folder), disturbed)
        while count() == kept[-1] and process.is_alive():
            time.sleep(0.002)
        time.sleep(pause.uniform(0, 0.03))
        process.kill()
        process.join()
        kept.append(count())
        assert kept[-1] > kept[-2]
    assert len(kept) > 2
    started(str(folder), disturbed).join()
    assert disturbed.read_text() == undisturbed.read_text()
    assert count() == 6


# Interrupted


@pytest.fixture(scope="module", autouse=True)
def imported():
    """What torch imports with the first step: an import that Ctrl-C hits stays half done."""
    together(case(), RANDOM, assigned(1))


@contextmanager
def interrupted(monkeypatch):
    """Ctrl-C in the main thread, soon after the first training has begun."""
    timer, train_batch = threading.Timer(0.1, _thread.interrupt_main), module.train_batch
    once = threading.Lock()

    def watched(*args):
        if once.acquire(blocking=False):
            timer.start()
        return train_batch(*args)

    monkeypatch.setattr(module, "train_batch", watched)
    try:
        yield
    finally:
        timer.cancel()


@pytest.fixture
def unchanged():
    """Global generators and torch's threads, after anything."""
    before_threads = torch.get_num_threads()
    torch.set_num_threads(3)

    def state():
        numpy_state = np.random.get_state()
        return (
            torch.get_rng_state().numpy().tobytes(),
            numpy_state[1].tobytes(),
            numpy_state[2:],
            random.getstate(),
            torch.get_num_threads(),
        )

    before = state()
    yield
    assert state() == before
    torch.set_num_threads(before_threads)


def wait_for_threads(n: int) -> None:
    deadline = time.monotonic() + 20
    while threading.active_count() > n and time.monotonic() < deadline:
        time.sleep(0.005)
    assert threading.active_count() <= n


@pytest.mark.parametrize("n_jobs", [None, 1, 2])
def test_ctrl_c_without_a_folder(n_jobs, unchanged, monkeypatch):
    before = threading.active_count()
    began = time.monotonic()
    match = r"^interrupted: 0 of 4 networks were trained, and none is kept. Pass checkpoint_dir="
    with pytest.raises(KeyboardInterrupt, match=match), interrupted(monkeypatch):
        together(case(), ENDLESS, assigned(4), n_jobs=n_jobs)
    assert time.monotonic() - began < 20
    wait_for_threads(before)
    found = []  # what a thread started from now on begins with
    new = threading.Thread(target=lambda: found.append(torch.get_num_threads()))
    new.start()
    new.join()
    assert found == [3]


@pytest.mark.slow
@pytest.mark.parametrize("n_jobs", [None, 2])
def test_ctrl_c_with_a_folder(n_jobs, store, unchanged, monkeypatch):
    monkeypatch.setattr(_chunks, "LARGEST_CHUNK", 1)
    chosen = replace(RANDOM, max_epochs=20, patience=None)
    data, parts = case(), assigned(6)
    expected = digests(together(data, chosen, parts))
    before, said = threading.active_count(), []

    def report(done, *args):
        said.append(done)
        if len(said) == 1:
            _thread.interrupt_main()

    with pytest.raises(KeyboardInterrupt) as told:
        together(data, chosen, parts, n_jobs=n_jobs, checkpoints=store, report=report)
    wait_for_threads(before)
    was, are = ("was", "is") if said[-1] == 1 else ("were", "are")
    assert str(told.value) == (
        f"interrupted: {said[-1]} of 6 networks {was} trained and {are} kept in {store.folder}; "
        "the same call goes on from there."
    )
    assert said[-1] <= len(files(store)) < 6
    assert all(name.endswith(".npz") for name in files(store))  # nothing half-written
    with counted() as trained:
        found = together(data, chosen, parts, n_jobs=n_jobs, checkpoints=store)
    assert len(trained) < 6
    assert digests(found) == expected


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_success_leaves_everything_as_it_was(n_jobs, unchanged, store):
    together(case(), RANDOM, assigned(4), n_jobs=n_jobs, checkpoints=store)
    together(case(), RANDOM, assigned(4), n_jobs=n_jobs, checkpoints=store)


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_an_error_leaves_everything_as_it_was(n_jobs, unchanged, store, monkeypatch):
    """One network diverges; the others do not go on for nothing."""
    monkeypatch.setattr(_chunks, "LARGEST_CHUNK", 1)
    before, parts = threading.active_count(), assigned(4)
    start = together(case(), SETTINGS, parts[:1])[0].core
    with torch.no_grad():
        start[0].weight.fill_(float("nan"))
    parts[0] = parts[0]._replace(start=start)
    with pytest.raises(TrainingDivergedError, match="the loss became nan in epoch 1"):
        together(case(), ENDLESS, parts, n_jobs=n_jobs, checkpoints=store)
    wait_for_threads(before)
    assert files(store) == []


def test_a_folder_that_is_lost_meanwhile_is_an_error(store, unchanged):
    store.folder.parent.joinpath("kept").write_text("a file")
    with pytest.raises(OSError, match="kept"):
        together(case(), RANDOM, assigned(2), checkpoints=store)
    assert Path(store.folder).read_text() == "a file"
    assert os.listdir(store.folder.parent) == ["kept"]
