"""A disk that fills up while networks train: the fit is worth more than its checkpoints."""

import _thread
import errno
import os

import numpy as np
import pytest

from sklearn_deeplifft import DeepLIFFTSelector, NetworkEnsembleClassifier
from sklearn_deeplifft.ensembles import Checkpoints, _checkpoints, _under_way
from sklearn_deeplifft.exceptions import CheckpointWarning, TrainingInterrupted
from tests.ensembles._cases import SETTINGS, assigned, case, digests, together


@pytest.fixture
def store(tmp_path):
    return Checkpoints(tmp_path / "kept")


@pytest.fixture
def full(monkeypatch):
    """A disk with room for so many pieces; half of the next one is written."""
    left, savez = [0], np.savez

    def limited(file, *arrays):
        left[0] -= 1
        if left[0] < 0:
            file.write(b"half a")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        savez(file, *arrays)

    monkeypatch.setattr(_checkpoints.np, "savez", limited)
    return left


def message(store) -> str:
    return (
        f"no checkpoint can be written to {store.folder} (OSError: [Errno 28] No space left on "
        "device). The fit goes on, and networks that are not written are trained again if it is "
        "interrupted. Make room there, or use another checkpoint_dir."
    )


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_the_fit_goes_on(n_jobs, store, full, monkeypatch):
    monkeypatch.setattr(_under_way, "SECONDS", 0.0)  # states are written as well
    data, parts = case(), assigned(4)
    expected = digests(together(data, SETTINGS, parts))
    with pytest.warns(CheckpointWarning) as told:
        found = together(data, SETTINGS, parts, checkpoints=store, n_jobs=n_jobs)
    assert [str(warning.message) for warning in told] == [message(store)]
    assert digests(found) == expected
    assert list(store.folder.iterdir()) == []


def test_what_there_was_room_for_is_used(store, full):
    full[0] = 2
    data, parts = case(), assigned(4)
    with pytest.warns(CheckpointWarning):
        expected = digests(together(data, SETTINGS, parts, checkpoints=store))
    assert len(list(store.folder.iterdir())) == 2
    full[0] = 2
    assert digests(together(data, SETTINGS, parts, checkpoints=store)) == expected
    assert len(list(store.folder.iterdir())) == 4


def test_ctrl_c_counts_what_is_kept(store, full, monkeypatch):
    monkeypatch.setattr("sklearn_deeplifft.ensembles._chunks.LARGEST_CHUNK", 1)
    full[0] = 1

    def report(done, *args):
        if done == 3:
            _thread.interrupt_main()

    with pytest.raises(TrainingInterrupted) as caught, pytest.warns(CheckpointWarning):
        together(case(), SETTINGS, assigned(5), checkpoints=store, report=report)
    assert str(caught.value).startswith("interrupted: 1 of 5 networks was trained and is kept in")


@pytest.mark.slow
def test_a_user_is_told_at_the_line_of_the_fit(tmp_path, full):
    X = np.random.default_rng(0).normal(size=(60, 4))
    y = (X[:, 0] > 0).astype(int)
    ensemble = NetworkEnsembleClassifier(
        n_networks=2, max_epochs=2, path_steps=10, checkpoint_dir=tmp_path / "kept", random_state=0
    )
    selector = DeepLIFFTSelector(ensemble, random_state=0)
    with pytest.warns(CheckpointWarning, match="No space left on device") as told:
        selector.fit(X, y)
    mine = [w for w in told if issubclass(w.category, CheckpointWarning)]
    assert {warning.filename for warning in mine} == {__file__}
    assert sorted(selector.ranking_) == [1, 2, 3, 4]
