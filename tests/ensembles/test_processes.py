"""Other processes, started in any way, and several at once."""

import multiprocessing
import os
import sys
import warnings

import numpy as np
import pytest
from joblib import parallel_config
from sklearn.model_selection import GridSearchCV

from sklearn_deeplifft import NetworkEnsembleClassifier
from sklearn_deeplifft.ensembles import Checkpoints
from tests.processes import elsewhere, processes

X = np.random.default_rng(0).normal(size=(120, 5))
y = (X[:, 0] > 0).astype(int)


def fitted(seed=0, **given):
    settings = {"n_networks": 2, "max_epochs": 3, "path_steps": 5, "random_state": seed, **given}
    return NetworkEnsembleClassifier(**settings).fit(X, y)


def answers(seed=0, **given):
    return fitted(seed, **given).predict_proba(X)


@pytest.mark.long
@pytest.mark.slow
def test_a_spawned_process_has_the_same_bits():
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        found = pool.apply(answers, kwds={"n_jobs": 2})
    np.testing.assert_array_equal(found, answers())


@pytest.mark.slow
def test_nested_workers_neither_wait_for_each_other_nor_change_a_bit():
    def searched(n_jobs, inner):
        networks = NetworkEnsembleClassifier(
            n_networks=3, max_epochs=2, path_steps=5, n_jobs=inner, random_state=0
        )
        search = GridSearchCV(networks, {"learning_rate": [0.01, 0.03]}, cv=2, n_jobs=n_jobs)
        return search.fit(X, y).cv_results_["mean_test_score"]

    expected = searched(1, 1)
    with parallel_config("threading"):
        np.testing.assert_array_equal(searched(2, 2), expected)


def fit_in(folder, seed, start, result) -> None:
    start.wait(60)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of pieces that the other has replaced
        result.send(answers(seed, n_networks=6, n_jobs=2, checkpoint_dir=folder))


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [(0, 0), (0, 1)], ids=["same fit", "other fits"])
def test_two_processes_in_one_folder_both_end_right(seeds, tmp_path):
    context, children, results = processes(), [], []
    start = context.Barrier(2)
    for seed in seeds:
        mine, result = context.Pipe(duplex=False)
        child = context.Process(target=fit_in, args=(str(tmp_path), seed, start, result))
        child.start()
        children.append(child)
        results.append(mine)
    for seed, mine in zip(seeds, results, strict=True):
        assert mine.poll(120)
        np.testing.assert_array_equal(mine.recv(), answers(seed, n_networks=6))
    for child in children:
        child.join(60)
        assert child.exitcode == 0
    assert len(list(tmp_path.iterdir())) == 6  # nothing half-written


@pytest.mark.skipif(sys.platform == "win32", reason="folders have other permissions there")
@pytest.mark.parametrize("below", ["", "deeper"])
def test_a_read_only_folder_is_refused(below, tmp_path):
    tmp_path.chmod(0o555)
    try:
        said = elsewhere(refused_to_nobody, tmp_path / below)
    finally:
        tmp_path.chmod(0o755)
    assert "is not a writable folder. Use another checkpoint_dir." in said


def refused_to_nobody(folder) -> str:
    """What a user who may not write is told, in a process that stops being the superuser's."""
    if os.getuid() == 0:
        for parent in folder.parents:
            if parent.name.startswith("pytest-") and not parent.stat().st_mode & 0o001:
                parent.chmod(0o755)  # pytest's own folders are closed to others
        os.setuid(65534)
    try:
        Checkpoints(folder)
    except PermissionError as error:
        return str(error)
    return "accepted"
