"""Networks trained in other processes are those of this one, to the last bit."""

import multiprocessing
import os
import signal
import threading
import time
from concurrent.futures import CancelledError
from dataclasses import replace

import numpy as np
import pytest
import torch
from joblib import Parallel, delayed, parallel_config
from sklearn.model_selection import GridSearchCV

from sklearn_deeplifft import DeepLIFFTSelector, NetworkEnsembleClassifier
from sklearn_deeplifft.ensembles import Execution, _elsewhere, _training
from sklearn_deeplifft.ensembles._elsewhere import Delivery, spreads
from tests.ensembles._cases import SETTINGS, assigned, case, digests, together


def small(**changes):
    given = {"n_networks": 4, "max_epochs": 3, "random_state": 0}
    return NetworkEnsembleClassifier(hidden_layer_sizes=(6, 4), **given | changes)


def table(n=160, d=6):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, d))
    return X, X[:, :3].argmax(axis=1)


def bits(ensemble):
    return [t.core.state_dict() for t in ensemble._networks]


def assert_same_bits(found, expected):
    for a, b in zip(bits(found), bits(expected), strict=True):
        assert all(torch.equal(a[name], b[name]) for name in b)


# Which backends


def test_threads_are_the_default():
    assert not spreads(2, "cpu")
    with parallel_config(n_jobs=2):
        assert not spreads(None, "cpu")
    with parallel_config(backend="threading", n_jobs=2):
        assert not spreads(None, "cpu")


@pytest.mark.parametrize("config", [{}, {"backend": "threading"}])
def test_as_many_threads_train_as_joblib_is_told(config, monkeypatch):
    """Each chunk waits for the other, which one thread alone would do for ever."""
    both, train = threading.Barrier(2, timeout=60), _training.train_batch

    def waiting(*args):
        both.wait()
        return train(*args)

    monkeypatch.setattr(_training, "train_batch", waiting)
    with parallel_config(n_jobs=2, **config):
        found = small().fit(*table())
    monkeypatch.undo()
    assert_same_bits(found, small().fit(*table()))


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_a_search_in_threads_trains_no_more_chunks_at_once_than_it_has(n_jobs, monkeypatch):
    training, most, lock, train = [], [], threading.Lock(), _training.train_batch

    def counted(*args):
        with lock:
            training.append(threading.get_ident())
            most.append(len(training))
        try:
            return train(*args)
        finally:
            with lock:
                training.remove(threading.get_ident())

    monkeypatch.setattr(_training, "train_batch", counted)
    with parallel_config(backend="threading", n_jobs=2):
        GridSearchCV(small(), {"dropout": [0.0, 0.1]}, cv=2, n_jobs=n_jobs).fit(*table())
    assert len(most) >= 5  # four fits of the search and one of its best
    assert max(most) <= 2


def test_processes_of_this_machine_where_they_are_asked_for():
    with parallel_config(backend="loky", n_jobs=2):
        assert spreads(None, "cpu")
        assert spreads(2, "cpu")
        assert not spreads(1, "cpu")


def test_no_two_processes_of_this_machine_share_a_card():
    with parallel_config(backend="loky", n_jobs=2):
        assert not spreads(None, "cuda")


# The table travels once


def test_a_table_is_written_once_for_all_rounds_and_read_where_it_is_mapped():
    delivery, data = Delivery(), case(n=90)
    with parallel_config(backend="loky", n_jobs=2):
        sent = delivery.of(data.table)
        assert delivery.of(data.table) is sent
    assert isinstance(sent.rows._X, np.memmap)
    np.testing.assert_array_equal(sent.rows.take(slice(None)), data.table.rows.take(slice(None)))
    path = sent.rows._X.filename
    assert os.path.exists(path)
    del delivery, sent
    assert not os.path.exists(os.path.dirname(path))


def test_a_table_in_a_file_stays_there(tmp_path):
    def on_disk(X):
        np.save(tmp_path / "X.npy", X)
        return np.load(tmp_path / "X.npy", mmap_mode="r")

    data = case(store=on_disk)
    with parallel_config(backend="loky", n_jobs=2):
        assert Delivery().of(data.table) is data.table


def test_rounds_of_one_fit_share_a_delivery():
    first = Execution()
    assert replace(first, stage="round-002").delivery is first.delivery
    assert Execution().delivery is not first.delivery


# The same bits


@pytest.mark.slow
def test_loky_trains_the_same_networks():
    data, parts = case(), assigned()
    expected = digests(together(data, SETTINGS, parts))
    with parallel_config(backend="loky", n_jobs=2):
        assert digests(together(data, SETTINGS, parts)) == expected


@pytest.mark.slow
def test_networks_of_the_users_own_train_there_too():
    X, y = table()
    network = torch.nn.Sequential(torch.nn.Linear(6, 5), torch.nn.ReLU(), torch.nn.Linear(5, 3))
    given = {"network": network, "n_networks": 2, "max_epochs": 2, "random_state": 0}
    expected = NetworkEnsembleClassifier(**given).fit(X, y)
    with parallel_config(backend="loky", n_jobs=2):
        found = NetworkEnsembleClassifier(**given).fit(X, y)
    assert_same_bits(found, expected)


@pytest.mark.slow
def test_what_comes_back_is_kept_in_checkpoints(tmp_path):
    X, y = table()
    expected = small().fit(X, y)
    with parallel_config(backend="loky", n_jobs=2):
        small(checkpoint_dir=tmp_path).fit(X, y)
    assert len([name for name in os.listdir(tmp_path) if "network" in name]) == 4
    assert_same_bits(small(checkpoint_dir=tmp_path).fit(X, y), expected)


# A cluster of two worker processes


@pytest.fixture(scope="module")
def client():
    distributed = pytest.importorskip("distributed", reason="the extra dask brings it")
    given = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with distributed.LocalCluster(**given) as cluster, distributed.Client(cluster) as client:
        yield client


@pytest.mark.long
def test_a_cluster_gives_the_same_bits(client):
    X, y = table()
    few = DeepLIFFTSelector.default_estimator(n_networks=4, max_epochs=2, path_steps=20)
    selectors = [DeepLIFFTSelector(few, random_state=0) for _ in range(2)]
    selectors[0].fit(X, y)
    with parallel_config(backend="dask"):
        selectors[1].fit(X, y)
    assert np.array_equal(*(s.feature_importances_ for s in selectors))
    assert np.array_equal(*(s.ranking_ for s in selectors))


def pids_of(client):
    return set(client.run(os.getpid, on_error="ignore").values())


def kill(client, pids):
    """Kill workers, and wait for those in their place: no cluster can be closed before."""
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    while len(pids_of(client) - set(pids)) < 2:
        time.sleep(0.1)


@pytest.mark.long
@pytest.mark.timeout(240)
def test_a_worker_that_is_killed_costs_time_and_no_result(client):
    X, y = table()
    killed = []

    def kill_one(progress):
        if not killed:
            killed.append(pids_of(client).pop())
            kill(client, killed)

    expected = small(n_networks=8).fit(X, y)
    with parallel_config(backend="dask"):
        found = small(n_networks=8, verbose=kill_one).fit(X, y)
    assert killed
    assert_same_bits(found, expected)


def rows_of(path, pause, table):
    """Rows of a table; the first to be asked with a pause is not done before its end."""
    if pause and not path.exists():
        path.touch()
        time.sleep(pause)
    return len(table.weight)


@pytest.mark.long
@pytest.mark.timeout(240)
def test_the_table_is_sent_again_where_all_who_held_it_are_killed(client, tmp_path):
    delivery, data = Delivery(), case(n=90)
    calls, found = [(tmp_path / "asked", pause) for pause in (0, 60)], {}
    with parallel_config(backend="dask"):
        for i, n_rows in delivery.outputs_of(rows_of, calls, data.table, None):
            if not found:
                while not (tmp_path / "asked").exists():
                    time.sleep(0.01)
                kill(client, pids_of(client))
            found[i] = n_rows
    assert found == {0: 90, 1: 90}


def test_a_table_that_is_lost_over_and_over_is_no_longer_sent(monkeypatch):
    delivery, sent = Delivery(), []

    def lost(calls, n_jobs):
        sent.append(len(calls))
        if len(sent) == 2:
            yield calls[0][0], "trained"
        raise CancelledError

    monkeypatch.setattr(_elsewhere, "_outputs_of", lost)
    outputs = delivery.outputs_of(rows_of, [(), ()], case(n=9).table, None)
    assert next(outputs) == (0, "trained")
    with pytest.raises(RuntimeError, match="lost the table 5 times, with no network trained"):
        next(outputs)
    assert sent == [2, 2, 1, 1, 1, 1]


@pytest.mark.long
@pytest.mark.timeout(240)
def test_within_a_grid_search_of_the_cluster(client):
    X, y = table()
    grid = {"max_epochs": [1, 2]}
    expected = GridSearchCV(small(n_networks=2), grid, cv=2).fit(X, y)
    with parallel_config(backend="dask"):
        found = GridSearchCV(small(n_networks=2), grid, cv=2).fit(X, y)
    # The networks of its fits are tasks of the cluster as well: no worker starts processes.
    assert set(client.run(lambda: len(multiprocessing.active_children())).values()) == {0}
    np.testing.assert_array_equal(
        found.cv_results_["mean_test_score"], expected.cv_results_["mean_test_score"]
    )


# Backends that others bring


def register_ray():
    ray = pytest.importorskip("ray", reason="no extra brings Ray: pip install ray")
    from ray.util.joblib import register_ray

    ray.init(num_cpus=2, include_dashboard=False)
    register_ray()


def register_spark():
    name, how = "joblibspark", "no extra brings Spark: pip install joblibspark pyspark"
    pytest.importorskip(name, reason=how).register_spark()


@pytest.mark.long
@pytest.mark.filterwarnings("ignore")  # of their own
@pytest.mark.parametrize("register", [register_ray, register_spark])
def test_backends_of_others(register):
    register()
    X, y = table()
    expected = small(n_networks=2).fit(X, y)
    with parallel_config(backend=register.__name__.removeprefix("register_"), n_jobs=2):
        assert spreads(None, "cpu")
        at_work = Parallel()(delayed(os.getpid)() for _ in range(2))
        assert os.getpid() not in at_work
        found = small(n_networks=2).fit(X, y)
    assert_same_bits(found, expected)
