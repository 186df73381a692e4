"""Files that appear whole or not at all; what killed writers leave is swept up."""

import os
import sys
import time

import pytest

from sklearn_deeplifft import _files
from sklearn_deeplifft._files import new_file, sweep_up
from sklearn_deeplifft.ensembles import Checkpoints
from tests.processes import processes


def write_slowly(path, begun) -> None:
    """Write half of a file, say so, and go no further."""
    with new_file(path) as file:
        file.write(b"half a")
        begun.set()
        time.sleep(600)


@pytest.mark.slow
def test_files_of_killed_writers_are_swept_up_and_not_those_of_living_ones(tmp_path):
    begun = processes().Event()
    child = processes().Process(target=write_slowly, args=(tmp_path / "a.npz", begun))
    child.start()
    try:
        assert begun.wait(60)
        [unfinished] = tmp_path.iterdir()
        Checkpoints(tmp_path)
        assert unfinished.exists()
    finally:
        child.kill()
        child.join()
    assert unfinished.exists()
    Checkpoints(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_other_files_stay(tmp_path):
    for name in ("a.npz", ".hidden", "b.unfinished", ".c-unfinished"):
        (tmp_path / name).write_text("")
    sweep_up(tmp_path)
    assert len(list(tmp_path.iterdir())) == 4
    sweep_up(tmp_path / "none")


@pytest.mark.skipif(sys.platform == "win32", reason="there an open file cannot be removed")
def test_a_file_swept_up_before_its_lock_is_opened_again(tmp_path, monkeypatch):
    flock, swept = _files.fcntl.flock, []

    def late(file, how):
        if not swept:
            swept.extend(tmp_path.iterdir())
            swept[0].unlink()
        flock(file, how)

    monkeypatch.setattr(_files.fcntl, "flock", late)
    with new_file(tmp_path / "a.npz") as file:
        file.write(b"whole")
    assert (tmp_path / "a.npz").read_bytes() == b"whole"
    assert os.listdir(tmp_path) == ["a.npz"]


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such locks")
def test_a_file_system_without_locks_keeps_what_may_be_alive(tmp_path, monkeypatch):
    def refuse(*args):
        raise OSError("no locks here")

    monkeypatch.setattr(_files.fcntl, "flock", refuse)
    (tmp_path / ".a.unfinished").write_text("")
    sweep_up(tmp_path)
    with new_file(tmp_path / "b.npz") as file:
        file.write(b"whole")
    assert sorted(os.listdir(tmp_path)) == [".a.unfinished", "b.npz"]
