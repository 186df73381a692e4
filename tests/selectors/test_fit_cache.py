"""``memory``: the same fit is read, any other is trained, and no file can spoil either."""

import errno
import os
import signal
import subprocess
import sys
import warnings
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import joblib
import numpy as np
import pytest
import sklearn
import torch
from joblib.externals.loky import get_reusable_executor
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline

from benchmarks.sweep.counting import VARIABLE, CountedSelector, trainings
from sklearn_deeplifft import (
    FeatureSelectionWarning,
    GIATransformer,
    ImportanceNeuronSelector,
)
from sklearn_deeplifft.ensembles import BaseNetworkEnsemble
from sklearn_deeplifft.tables import Target
from tests.conftest import (
    MLP,
    ONE_PASS,
    QUICK,
    bits,
    counted_trainings,
    made,
    planted,
    quick,
)
from tests.processes import processes
from tests.saved import resigned

# A plain pass is DeepLIFFTSelector's to ask for.
SMALL = {name: value for name, value in QUICK.items() if name not in ONE_PASS} | {"n_networks": 2}
GATES = {**SMALL, "path_steps": 100, "score_on": "all"}
SELECTORS = {
    "deeplifft": lambda **params: quick(n_networks=2, step=0.5, **params),
    "gates": lambda **params: made(ImportanceNeuronSelector, defaults=GATES, **params),
    "gia": lambda **params: made(GIATransformer, defaults=SMALL, **params),
    "hidden": lambda **params: quick(layer="0", **params),
    "module": lambda **params: quick(MLP, **params),
    "mlp": lambda **params: quick(MLPClassifier((9,), learning_rate_init=0.05, tol=1e-2), **params),
}


def counted(estimator=None, **params) -> CountedSelector:
    return made(CountedSelector, estimator, defaults=QUICK, **params)


def file_of(folder) -> Path:
    [path] = Path(folder).rglob("fit.safetensors")
    return path


def state(selector) -> dict:
    """Everything a fit has set, networks as their bits."""
    params = selector.get_params(deep=False)
    return _hashes({name: v for name, v in vars(selector).items() if name not in params})


def _hashes(named: dict) -> dict:
    """A digest of each by itself: one of them all would tell which objects they share."""
    return {name: joblib.hash(_plain(value)) for name, value in named.items()}


def _plain(value):
    if isinstance(value, BaseNetworkEnsemble | Target):
        return _hashes(vars(value))
    if isinstance(value, torch.nn.Module):
        return {name: tensor.numpy() for name, tensor in value.state_dict().items()}
    if hasattr(value, "module_"):
        return _plain(value.module_)
    if isinstance(value, torch.Tensor):
        return value.numpy()
    if isinstance(value, np.ndarray):
        return value.copy()  # numbers, and not the strides of a view
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


@pytest.mark.slow
@pytest.mark.parametrize("name", SELECTORS)
def test_a_fit_that_is_read_is_the_fit(name, tmp_path, table, monkeypatch):
    alone = SELECTORS[name]().fit(*table)
    first = SELECTORS[name](memory=tmp_path).fit(*table)
    with counted_trainings(monkeypatch) as calls:
        again = SELECTORS[name](memory=tmp_path, n_features_to_select=2).fit(*table)
    assert calls == []
    assert state(alone).keys() == state(first).keys() == state(again).keys()
    arrays = {name for name, value in vars(alone).items() if isinstance(value, np.ndarray | float)}
    assert {"ranking_", "class_importances_", "decomposition_error_"} <= arrays
    for key in (arrays & state(alone).keys()) | {"estimator_"}:
        assert state(alone)[key] == state(first)[key] == state(again)[key], key
    assert again.get_support().sum() == 2
    np.testing.assert_array_equal(
        again.transform(table.X), first.set_params(n_features_to_select=2).transform(table.X)
    )
    for given, read in zip(alone.estimator_.estimators_, again.estimator_.estimators_, strict=True):
        X = table.X.astype(np.float32) if hasattr(given, "module_") else table.X
        np.testing.assert_array_equal(read.predict_proba(X), given.predict_proba(X))


def test_its_methods_go_on_working(tmp_path, table):
    quick(memory=tmp_path).fit(*table)
    alone, read = quick().fit(*table), quick(memory=tmp_path).fit(*table)
    np.testing.assert_array_equal(read.increments(*table), alone.increments(*table))
    np.testing.assert_array_equal(
        read.contributions(table.X).terms, alone.contributions(table.X).terms
    )
    np.testing.assert_array_equal(
        read.importances(*table).overall, alone.importances(*table).overall
    )


INERT = {
    "count": {"n_features_to_select": 1},
    "share": {"n_features_to_select": 0.9},
    "threshold": {"threshold": "mean"},
    "level": {"alpha": 0.5},
    "classes": {"per_class": True},
    "threads": {"n_jobs": 2},
    "place": {"memory": "the same, as text"},
    "seed": {"random_state": np.int64(0)},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", INERT)
def test_what_changes_nothing_trains_nothing(name, tmp_path, table, monkeypatch):
    quick(memory=tmp_path).fit(*table)
    changed = INERT[name] if name != "place" else {"memory": str(tmp_path)}
    with counted_trainings(monkeypatch) as calls:
        selector = quick(**{"memory": tmp_path, **changed}).fit(*table)
    assert calls == []
    assert bits(selector) == bits(quick().fit(*table))


def test_a_checkpoint_folder_changes_nothing(tmp_path, table, monkeypatch):
    quick(memory=tmp_path / "a").fit(*table)
    with counted_trainings(monkeypatch) as calls:
        quick(memory=tmp_path / "a", checkpoint_dir=tmp_path / "b").fit(*table)
    assert calls == []
    assert not (tmp_path / "b").exists()


OTHER_FITS = {
    "values": lambda s, X, y: s.fit(X + np.eye(*X.shape) * 1e-6, y),
    "labels": lambda s, X, y: s.fit(X, np.array(["a", "b", "c"])[y]),
    "targets": lambda s, X, y: s.fit(X, (y + 1) % 3),
    "weights": lambda s, X, y: s.fit(X, y, sample_weight=np.linspace(1, 2, len(y))),
    "mask": lambda s, X, y: s.fit(X, y, sample_mask=np.arange(len(y)) > 5),
    "groups": lambda s, X, y: s.fit(X, y, groups=np.arange(len(y)) // 3),
    "order": lambda s, X, y: s.fit(X[:, ::-1], y),
    "precision": lambda s, X, y: s.fit(X.astype(np.float32), y),
    "networks": lambda s, X, y: s.set_params(estimator__n_networks=2).fit(X, y),
    "step": lambda s, X, y: s.set_params(step=0.5).fit(X, y),
    "reference": lambda s, X, y: s.set_params(reference="zero").fit(X, y),
    "class": lambda s, X, y: s.set_params(target_class=1).fit(X, y),
    "seed": lambda s, X, y: s.set_params(random_state=1).fit(X, y),
    "epochs": lambda s, X, y: s.set_params(estimator__max_epochs=2).fit(X, y),
    "rows": lambda s, X, y: s.set_params(score_on="training").fit(X, y),
    "network": lambda s, X, y: s.set_params(estimator=quick(MLP).estimator).fit(X, y),
    "nulls": lambda s, X, y: s.set_params(n_features_to_select="auto", alpha=0.9).fit(X, y),
}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:no scored example of class")  # after a few epochs
@pytest.mark.parametrize("name", OTHER_FITS)
def test_another_fit_is_trained(name, tmp_path, table, monkeypatch):
    quick(memory=tmp_path).fit(*table)
    with counted_trainings(monkeypatch) as calls:
        OTHER_FITS[name](quick(memory=tmp_path), *table)
    assert len(calls) > 0
    with counted_trainings(monkeypatch) as calls:
        OTHER_FITS[name](quick(memory=tmp_path), *table)
    assert calls == []


def test_other_code_of_the_same_version_trains_again(tmp_path, table, monkeypatch):
    """A working copy changes for months under one version."""
    quick(memory=tmp_path).fit(*table)
    monkeypatch.setattr("sklearn_deeplifft.selectors._fit_cache.CODE", "of another day")
    with counted_trainings(monkeypatch) as calls:
        quick(memory=tmp_path).fit(*table)
    assert len(calls) > 0


def test_every_parameter_but_the_cut_and_the_inert_is_in_the_key():
    from sklearn_deeplifft.selectors import _fit_cache as _memory

    without = {*_memory.CUT, *_memory.INERT, *_memory.TOLD_OTHERWISE}
    assert without == {
        "alpha",
        "per_class",
        "n_features_to_select",
        "threshold",
        "checkpoint_dir",
        "memory",
        "n_jobs",
        "output",
        "verbose",
        "estimator",  # by its type and its own parameters
        "feature_groups",  # by the columns they hold
    }


def test_groups_count_by_the_columns_they_hold(tmp_path, table, monkeypatch):
    def fit(groups):
        SELECTORS["gates"](memory=tmp_path, feature_groups=groups).fit(*table)

    fit([[0, 1], [2, 3]])
    with counted_trainings(monkeypatch) as calls:
        fit(["a", "a", "b", "b", None, None, None, None])
        assert calls == []
        fit([[0, 1], [2, 4]])
    assert len(calls) == SMALL["n_networks"]


@pytest.mark.parametrize("kind", [str, Path, lambda p: joblib.Memory(str(p), verbose=0)])
def test_places(kind, tmp_path, table, monkeypatch):
    quick(memory=kind(tmp_path)).fit(*table)
    folder = Path("joblib", "sklearn_deeplifft", "DeepLIFFTSelector")
    assert file_of(tmp_path).parents[1] == tmp_path / folder
    with counted_trainings(monkeypatch) as calls:
        quick(memory=tmp_path).fit(*table)
    assert calls == []
    joblib.Memory(str(tmp_path), verbose=0).reduce_size(items_limit=0)
    assert list(tmp_path.rglob("fit.safetensors")) == []


def test_a_memory_of_nothing_keeps_nothing(table, monkeypatch):
    with counted_trainings(monkeypatch) as calls:
        for _ in range(2):
            quick(memory=joblib.Memory(None)).fit(*table)
    assert len(calls) == 2


@pytest.mark.parametrize("seed", [None, np.random.RandomState(0)])
def test_a_fit_that_cannot_come_again_is_refused(seed, tmp_path, table):
    with pytest.raises(
        ValueError, match="memory needs a random_state of DeepLIFFTSelector that is"
    ):
        quick(memory=tmp_path, random_state=seed).fit(*table)
    assert list(tmp_path.rglob("fit.safetensors")) == []


def test_nothing_is_kept_of_a_network_that_is_trained_already(tmp_path, table):
    fitted = quick().fit(*table).estimator_.estimators_[0]
    selector = quick(fitted, prefit=True, memory=tmp_path / "a", random_state=None)
    with pytest.warns(FeatureSelectionWarning, match="memory=.*trains nothing that could be kept"):
        selector.fit(*table)
    assert selector.estimator_.estimators_[0] is fitted
    assert not (tmp_path / "a").exists()


def test_a_place_that_cannot_hold_files_is_refused(tmp_path, table, monkeypatch):
    (tmp_path / "file").write_text("")
    with (
        counted_trainings(monkeypatch) as calls,
        pytest.raises(OSError, match=r"file.* is no folder to write to"),
    ):
        quick(memory=tmp_path / "file").fit(*table)
    assert calls == []


def test_a_parameter_without_a_key_is_named(tmp_path, table):
    class Local(MLP):
        pass

    with pytest.raises(TypeError, match=r"memory needs a key .* network=.*Local.* has none"):
        quick(Local, memory=tmp_path).fit(*table)
    quick(Local).fit(*table)


# Files


def _truncated(content):
    return content[: len(content) // 2]


def _flipped(content):
    at = len(content) // 2
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


def _of_a_lost_class(content):
    return resigned(
        content.replace(b"sklearn_deeplifft:Quantities", b"sklearn_deeplifft:Quantitiez")
    )


def _of_another_object(content):
    return resigned(content.replace(b"attributes", b"attributez", 1))


@pytest.mark.parametrize(
    "spoil",
    [_truncated, _flipped, _of_a_lost_class, _of_another_object, lambda content: b""],
)
def test_a_damaged_file_is_named_and_replaced(spoil, tmp_path, table, monkeypatch):
    expected = bits(quick(memory=tmp_path).fit(*table))
    path = file_of(tmp_path)
    path.write_bytes(spoil(path.read_bytes()))
    with (
        counted_trainings(monkeypatch) as calls,
        pytest.warns(FeatureSelectionWarning) as caught,
    ):
        selector = quick(memory=tmp_path).fit(*table)
    [warning] = caught
    assert str(path) in str(warning.message)
    assert "computed again and the file replaced" in str(warning.message)
    assert len(calls) == 1
    with counted_trainings(monkeypatch) as calls:
        again = quick(memory=tmp_path).fit(*table)
    assert calls == []
    assert bits(selector) == bits(again) == expected


@pytest.mark.parametrize("kind", ["pipe", "folder"])
def test_what_is_no_file_is_not_waited_for(kind, tmp_path, table):
    expected = bits(quick(memory=tmp_path).fit(*table))
    path = file_of(tmp_path)
    path.unlink()
    path.mkdir() if kind == "folder" else os.mkfifo(path)
    with pytest.warns(FeatureSelectionWarning) as caught:
        assert bits(quick(memory=tmp_path).fit(*table)) == expected
    said = f"file {path} cannot be read ('{path}' is a {kind}, and a file is needed.)."
    assert said in str(caught[0].message)
    assert len(caught) == 1 + (kind == "folder")  # which the new file cannot replace


def test_a_lock_that_is_a_folder_costs_the_lock_alone(tmp_path, table):
    expected = bits(quick(memory=tmp_path).fit(*table))
    path = file_of(tmp_path)
    path.unlink()
    path.with_name("lock").unlink(missing_ok=True)
    path.with_name("lock").mkdir()
    with pytest.warns(FeatureSelectionWarning, match="no lock can be had for"):
        assert bits(quick(memory=tmp_path).fit(*table)) == expected
    assert path.exists()


@pytest.mark.parametrize("memory", ["a\0b", "x" * 5000])
def test_paths_that_none_can_have_are_refused(memory, table):
    with pytest.raises((OSError, ValueError), match=r"^memory='.{1,400} is no (folder|path)"):
        quick(memory=memory).fit(*table)


@pytest.mark.parametrize("broken", ["fsync", "replace"])
def test_a_fit_that_cannot_be_kept_is_not_lost(broken, tmp_path, table, monkeypatch):
    def fail(*args):
        raise OSError("no space left")

    from sklearn_deeplifft import _files

    monkeypatch.setattr(_files.os, broken, fail)
    with pytest.warns(FeatureSelectionWarning, match=r"cannot be kept in .*no space left"):
        selector = quick(memory=tmp_path).fit(*table)
    assert bits(selector) == bits(quick().fit(*table))
    assert {p.name for p in tmp_path.rglob("*") if p.is_file()} <= {"lock", ".gitignore"}


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_without_room_for_its_folder_the_fit_goes_on(code, tmp_path, table, monkeypatch):
    def full(path):
        raise OSError(code, os.strerror(code), str(path))

    plain = quick().fit(*table)
    monkeypatch.setattr(joblib._store_backends, "mkdirp", full)
    with pytest.warns(FeatureSelectionWarning, match="goes on and is not kept. Make room") as told:
        found = quick(memory=tmp_path / "new").fit(*table)
    assert len(told) == 1
    np.testing.assert_array_equal(found.feature_importances_, plain.feature_importances_)


def test_a_fit_that_fails_leaves_nothing_behind(tmp_path, table, monkeypatch):
    selector = quick(memory=tmp_path, learning_rate=1e30)
    before = dict(vars(selector))
    for _ in range(2):  # the lock is free again
        with pytest.raises(ValueError, match="Lower learning_rate"):
            selector.fit(*table)
    assert vars(selector) == before
    assert list(tmp_path.rglob("fit.safetensors")) == []


# What belongs to the selector, and what to the fit


def test_warnings_of_the_fit_are_given_again(tmp_path):
    X, y = planted()
    y = np.where(y == 2, 0, y)
    y[:2] = 2  # two rows of a class: too few to learn it from
    said = []
    for _ in range(2):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            quick(memory=tmp_path, max_epochs=2).fit(np.c_[X, np.ones(len(X))], y)
        said.append([str(w.message) for w in caught])
    assert any("holds a single value" in text for text in said[0])
    assert any("of class 2 is classified correctly" in text for text in said[0])
    assert said[0] == said[1]


def test_what_the_user_set_stays(tmp_path, table):
    pytest.importorskip("pandas")
    quick(memory=tmp_path).fit(*table)
    selector = quick(memory=tmp_path).set_output(transform="pandas")
    assert hasattr(selector.fit(*table).transform(table.X), "columns")
    plain = quick(memory=tmp_path).fit(*table)
    assert isinstance(plain.transform(table.X), np.ndarray)


def test_requests_are_those_of_the_estimator_that_is_passed(tmp_path, table, monkeypatch):
    """They change nothing of a fit, and are in no key."""

    def asked(ensemble):
        return ensemble._get_metadata_request().fit.requests["sample_weight"]

    with sklearn.config_context(enable_metadata_routing=True), warnings.catch_warnings():
        warnings.simplefilter("error")
        for request in (True, None, "weight"):
            selector = quick(memory=tmp_path)
            selector.estimator.set_fit_request(sample_weight=request)
            selector.set_fit_request(groups=True).fit(*table)
            assert asked(selector.estimator_) == asked(selector.estimator) == request
            assert selector._get_metadata_request().fit.requests["groups"] is True
    with counted_trainings(monkeypatch) as calls:
        plain = quick(memory=tmp_path).fit(*table)
    assert calls == []
    assert asked(plain.estimator_) is None


def test_nothing_of_an_earlier_fit_is_left(tmp_path, table):
    numbers = table.X[:, 0].copy()
    of_numbers = quick(memory=tmp_path, task="regression").fit(table.X, numbers)
    selector = quick(memory=tmp_path).fit(*table)
    assert hasattr(selector, "classes_")
    selector.set_params(estimator=of_numbers.estimator).fit(table.X, numbers)
    assert not hasattr(selector, "classes_")
    assert state(selector) == state(of_numbers)


def test_it_says_that_nothing_is_trained(tmp_path, table, capsys):
    quick(memory=tmp_path).fit(*table)
    quick(memory=tmp_path, verbose=1).fit(*table)
    line = f"nothing is trained: the same fit is in {file_of(tmp_path)}\n"
    assert capsys.readouterr().out.endswith(line)


def test_a_cut_that_asks_for_too_much_is_refused_as_ever(tmp_path, table):
    quick(memory=tmp_path, layer="0").fit(*table)
    for memory in (tmp_path, None):
        with pytest.raises(ValueError, match="n_features_to_select=40"):
            quick(memory=memory, layer="0", n_features_to_select=40).fit(*table)


# Processes


@pytest.fixture
def counter(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "trainings"))
    monkeypatch.setenv("PYTHONPATH", ":".join(p for p in sys.path if p))


# Trainings are counted, and so they are short: some of the networks learn nothing.
@pytest.mark.long
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:the networks predict:sklearn_deeplifft.FeatureSelectionWarning")
@pytest.mark.parametrize(("estimator", "n_jobs"), [(None, 1), (MLP, 2)], ids=["default", "module"])
def test_a_grid_of_20_counts_and_5_folds_trains_6_times(n_jobs, estimator, tmp_path, counter):
    X, y = planted(n=90, d=24)
    selector = counted(estimator, memory=tmp_path / "kept")
    pipeline = Pipeline([("selector", selector), ("model", LogisticRegression())])
    counts = {"selector__n_features_to_select": list(range(1, 21))}
    # Workers of their own, as those of an earlier test do not have the counter's name.
    with joblib.parallel_config("loky", n_jobs=n_jobs):
        get_reusable_executor().shutdown(wait=True)
        search = GridSearchCV(pipeline, counts, cv=5).fit(X, y)
    assert trainings() == 6
    plain = counted(estimator)
    scores = GridSearchCV(
        Pipeline([("selector", plain), ("model", LogisticRegression())]),
        {"selector__n_features_to_select": [1, 20]},
        cv=5,
    ).fit(X, y)
    assert trainings() == 6 + 2 * 5 + 1
    found = search.cv_results_["mean_test_score"][[0, -1]]
    np.testing.assert_array_equal(scores.cv_results_["mean_test_score"], found)


def test_threads_that_race_train_once(tmp_path, counter):
    X, y = planted()
    params = {"max_epochs": 100, "patience": None, "memory": tmp_path / "kept"}
    with ThreadPoolExecutor(3) as pool:
        fits = [pool.submit(counted(**params).fit, X, y) for _ in range(3)]
        assert len({bits(fit.result()) for fit in fits}) == 1
    assert trainings() == 1


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:no scored example of class")  # after a few epochs
def test_groups_of_rows_take_part_in_a_search(tmp_path, counter):
    X, y = planted(n=90)
    rows = np.arange(90) // 3
    with sklearn.config_context(enable_metadata_routing=True):
        selector = counted(memory=tmp_path / "kept").set_fit_request(
            groups=True, sample_weight=False, sample_mask=False
        )
        pipeline = Pipeline([("selector", selector), ("model", LogisticRegression())])
        counts = {"selector__n_features_to_select": [1, 2, 3, 4]}
        GridSearchCV(pipeline, counts, cv=GroupKFold(3)).fit(X, y, groups=rows)
    assert trainings() == 4


def race(folder, counted_in, start) -> str:
    """Wait for the others, then fit what they fit; the bits of it."""
    os.environ[VARIABLE] = counted_in
    params = {"max_epochs": 60, "patience": None, "memory": folder}
    start.wait(60)
    return bits(counted(**params).fit(*planted()))


@pytest.mark.slow
def test_processes_that_race_train_once(tmp_path, counter):
    with processes().Manager() as manager, ProcessPoolExecutor(3, processes()) as pool:
        start = manager.Barrier(3)
        asked = tmp_path / "kept", os.environ[VARIABLE], start
        racers = [pool.submit(race, *asked) for _ in range(3)]
        assert len({racer.result(120) for racer in racers}) == 1
    assert trainings() == 1


HOLD = """
import sys, time
from filelock import FileLock
lock = FileLock(sys.argv[1])
lock.acquire()
print("held", flush=True)
time.sleep(600)
"""


def test_a_lock_ends_with_its_process(tmp_path, table):
    expected = bits(quick(memory=tmp_path).fit(*table))
    path = file_of(tmp_path)
    path.unlink()
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path.with_name("lock"))],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout.readline() == "held\n"
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    assert bits(quick(memory=tmp_path).fit(*table)) == expected
    assert path.exists()
