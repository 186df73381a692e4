"""Killed within a batch: the same call goes on from there, and ends with the same bits."""

import json
import time
from contextlib import contextmanager, suppress
from dataclasses import replace

import numpy as np
import pytest

from sklearn_deeplifft.ensembles import Checkpoints, _chunks, _under_way
from sklearn_deeplifft.ensembles._batched_training import EnsembleNet
from sklearn_deeplifft.exceptions import CheckpointWarning
from sklearn_deeplifft.networks import GateSettings
from tests.ensembles._cases import SETTINGS, assigned, case, digests, together
from tests.processes import processes

RANDOM = replace(SETTINGS, dropout=0.2, noise=0.1, max_epochs=9)
SETS = {
    "patience": replace(RANDOM, learning_rate=0.1, patience=2),
    "last epoch": replace(RANDOM, patience=None),
    "l2": replace(RANDOM, l2=0.01),
    "path": replace(RANDOM, gates=GateSettings((0, 1, 1, 2, 0), path_steps=60)),
    "free gates": replace(RANDOM, gates=GateSettings((0, 1, 1, 2, 0), tied=False, penalty=0.2)),
    "watched at the end": replace(RANDOM, patience=None, always_watched=False),
    "no hidden layer": replace(RANDOM, hidden_layer_sizes=()),
    "falling steps": replace(RANDOM, hidden_layer_sizes=(), patience=None, falling=True),
    "epochs in parts": replace(RANDOM, patience=None, epoch_steps=2),  # of 5 steps
}


@pytest.fixture
def store(tmp_path):
    return Checkpoints(tmp_path / "kept")


@pytest.fixture
def every_epoch(monkeypatch):
    monkeypatch.setattr(_under_way, "SECONDS", 0.0)
    monkeypatch.setattr(_under_way, "SHARE", np.inf)


def files(store) -> list[str]:
    return sorted(path.name for path in store.folder.iterdir())


class Killed(Exception):
    """Ends a run within a batch."""


@contextmanager
def killed_in(epoch: int):
    """Ends the training in an epoch, after its first step; epochs that were done count."""
    step = EnsembleNet.train_step

    def dying(net, batch, **given):
        found = step(net, batch, **given)
        if len(net.history) == epoch:
            raise Killed
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(EnsembleNet, "train_step", dying)
        yield


@contextmanager
def epochs_trained():
    """Of each batch, in order."""
    counts, fit_loop = [], EnsembleNet.fit_loop

    def counting(net, *args, epochs):
        before = len(net.history)
        try:
            return fit_loop(net, *args, epochs=epochs)
        finally:
            counts.append(len(net.history) - before)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(EnsembleNet, "fit_loop", counting)
        yield counts


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "kind"),
    [*((name, "softmax") for name in SETS), ("path", "regression"), ("patience", "multisoftmax")],
)
def test_a_batch_goes_on_from_its_last_epoch(name, kind, store, every_epoch):
    data, chosen = case(kind), SETS[name]
    parts = assigned(4, uneven=1, seed=9)  # of which some train beyond epoch 6
    expected = digests(together(data, chosen, parts))
    for epoch in (3, 6):  # killed twice
        with killed_in(epoch), suppress(Killed):
            together(data, chosen, parts, checkpoints=store)
    if name != "path":  # which may end before
        assert any(file.endswith("-under-way.npz") for file in files(store))
    with epochs_trained() as counts:
        found = together(data, chosen, parts, checkpoints=store)
    assert digests(found) == expected
    assert max(counts, default=0) < 12 - 4
    assert files(store) == [f"round-001-network-000{i}.npz" for i in (1, 2, 3, 4)]


def kept_arrays(store) -> list[dict[str, np.ndarray]]:
    """What the files of finished networks hold."""
    found = []
    for name in files(store):
        with np.load(store.folder / name) as npz:
            names = json.loads(str(npz["arr_0"]))["names"]
            found.append({label: npz[f"arr_{i}"] for i, label in enumerate(names, start=1)})
    return found


@pytest.mark.parametrize("name", ["patience", "path"])
def test_a_best_epoch_before_the_kill_is_kept(name, store, every_epoch, tmp_path):
    """All that is kept of a network is what a run that nobody killed keeps, the epoch as well."""
    whole = Checkpoints(tmp_path / "whole")
    data, parts, chosen = case(), assigned(4, uneven=1), SETS[name]
    chosen = replace(chosen, learning_rate=0.2, max_epochs=30, patience=8)
    together(data, chosen, parts, checkpoints=whole)
    expected = kept_arrays(whole)
    best = [int(kept["best_epoch"]) for kept in expected]
    ran = [len(kept["train_loss"]) for kept in expected]
    killed = min(ran)  # none has left its batch
    assert min(best) < killed - 1
    with killed_in(killed), suppress(Killed):
        together(data, chosen, parts, checkpoints=store)
    with epochs_trained() as counts:
        together(data, chosen, parts, checkpoints=store)
    assert 0 < max(counts) < max(ran)
    found = kept_arrays(store)
    assert [int(kept["best_epoch"]) for kept in found] == best
    for one, other in zip(found, expected, strict=True):
        assert one.keys() == other.keys()
        assert "held_out" in one
        for label, values in other.items():
            assert values.tobytes() == one[label].tobytes(), label


def test_networks_may_be_dealt_anew(store, every_epoch, monkeypatch):
    """Other workers have other batches; files of one batch may be of two epochs."""
    data, parts = case(), assigned(5, uneven=1)
    chosen = SETS["patience"]
    expected = digests(together(data, chosen, parts))
    with killed_in(4), suppress(Killed):
        together(data, chosen, parts[:2], checkpoints=store)
    kept = {name: (store.folder / name).read_bytes() for name in files(store)}
    with killed_in(5), suppress(Killed):
        together(data, chosen, parts[:4], checkpoints=store)
    for name, content in list(kept.items())[:1]:  # as if killed before the second file
        (store.folder / name).write_bytes(content)
    monkeypatch.setattr(_chunks, "LARGEST_CHUNK", 2)
    assert digests(together(data, chosen, parts, checkpoints=store, n_jobs=2)) == expected


def test_networks_that_have_left_their_batch_are_not_trained_again(store, every_epoch):
    data, parts = case(), assigned(4)
    chosen = replace(SETS["patience"], max_epochs=60)
    ends = [trained.epochs for trained in together(data, chosen, parts)]
    assert min(ends) + 1 < max(ends)
    with killed_in(max(ends)), suppress(Killed):
        together(data, chosen, parts, checkpoints=store)
    with epochs_trained() as counts:
        found = together(data, chosen, parts, checkpoints=store)
    assert sum(counts) == 1
    assert [trained.epochs for trained in found] == ends


def test_a_state_of_another_fit_is_told_and_not_used(store, every_epoch):
    data, parts = case(), assigned(2)
    with killed_in(4), suppress(Killed):
        together(data, RANDOM, parts, checkpoints=store)
    other = replace(RANDOM, learning_rate=0.021)
    expected = digests(together(data, other, parts))
    with pytest.warns(CheckpointWarning) as told:
        assert digests(together(data, other, parts, checkpoints=store)) == expected
    for i, warning in enumerate(told, start=1):
        assert f"000{i}-under-way.npz is foreign" in str(warning.message)
    assert files(store) == [f"round-001-network-000{i}.npz" for i in (1, 2)]


def test_short_trainings_write_no_states(store):
    with killed_in(4), suppress(Killed):
        together(case(), RANDOM, assigned(2), checkpoints=store)
    assert not store.folder.exists()


def test_writing_takes_a_small_share_of_the_time(store, monkeypatch):
    """The pause grows with the time that writing takes."""
    monkeypatch.setattr(_under_way, "SECONDS", 0.0)
    save, saved = Checkpoints.save, []

    def slow(store, name, key, arrays):
        saved.append(name)
        time.sleep(0.05)
        save(store, name, key, arrays)

    monkeypatch.setattr(Checkpoints, "save", slow)
    began = time.monotonic()
    together(case(), replace(RANDOM, max_epochs=30, patience=None), assigned(1), checkpoints=store)
    states = sum(name.endswith("under-way") for name in saved)
    assert 1 <= states <= 2 + (time.monotonic() - began) / (0.05 / _under_way.SHARE)


def long_run(folder: str, to: str) -> None:
    """One batch of networks, in a process of its own."""
    _under_way.SECONDS = 0.0
    _under_way.SHARE = np.inf
    chosen = replace(RANDOM, max_epochs=80, patience=None)
    found = together(case(), chosen, assigned(3), checkpoints=Checkpoints(folder), digest="x")
    with open(to, "w") as file:
        file.write("\n".join(digests(found)))


@pytest.mark.long
@pytest.mark.slow
def test_kill_9_within_a_batch_goes_on_to_the_same_bits(tmp_path):
    """Again and again, also while a state is written; what is half-written is swept up."""
    folder, to = tmp_path / "kept", tmp_path / "digests"
    chosen = replace(RANDOM, max_epochs=80, patience=None)
    expected = digests(together(case(), chosen, assigned(3)))
    for i in range(10):
        child = processes().Process(target=long_run, args=(str(folder), str(to)))
        child.start()
        if i < 3:
            while not folder.exists() and child.is_alive():
                time.sleep(0.002)
            time.sleep(0.05 + 0.0137 * i)
            child.kill()
        child.join()
        if to.exists():
            break
    assert to.read_text().split("\n") == expected
    assert sorted(p.name for p in folder.iterdir()) == [
        f"round-001-network-000{i}.npz" for i in (1, 2, 3)
    ]
