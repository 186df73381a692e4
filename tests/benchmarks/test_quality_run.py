"""A run is limited in time, may be stopped, and goes on where it was."""

import dataclasses
import os
import time

import numpy as np
import pytest

from benchmarks.common.quality_tables import QualityTable
from benchmarks.quality import limited as limits
from benchmarks.quality import run as running
from benchmarks.quality.cells import Cell, Key, append_cell, read_cells
from benchmarks.quality.limited import Outcome, limited
from benchmarks.quality.run import Plan, Study, run, run_all


def small_table(name="small", d=6):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, d)).astype(np.float32)
    return QualityTable(name, X, (X[:, 2] > 0).astype(np.int64))


def cell(seed=0, **changed):
    made = Cell(
        "t", 0, "forest", seed, "1", "done", 2.0, 1.0, {3: [4, 1, 0]}, {3: {"network": 0.5}}
    )
    return dataclasses.replace(made, **changed)


def end_without_a_word():
    os._exit(3)


def wait():
    time.sleep(60)


def work():
    while True:
        sum(range(1000))


@pytest.mark.slow
def test_what_a_limited_call_returns():
    done = limited(divmod, (7, 2), 60)
    assert (done.status, done.value) == ("done", (3, 1))
    assert 0 <= done.cpu_seconds <= done.seconds + 0.1 < 60


@pytest.mark.slow
@pytest.mark.parametrize(
    ("endless", "patience", "message"),
    [
        (wait, 1, "stopped after 1 s, as 1 times as long had passed"),
        (work, 50, "stopped after 1 s"),
    ],
)
def test_a_limited_call_is_killed(endless, patience, message, monkeypatch):
    monkeypatch.setattr(limits, "_PATIENCE", patience)
    began = time.perf_counter()
    found = limited(endless, (), 0.6)
    assert (found.status, found.cpu_seconds, found.message) == ("timeout", 0.6, message)
    assert 0.6 <= found.seconds < time.perf_counter() - began < 50


def test_a_limited_call_that_fails_says_why():
    found = limited(divmod, (1, 0), 60)
    assert found.status == "failed"
    assert "ZeroDivisionError" in found.message
    assert "exit code 3" in limited(end_without_a_word, (), 60).message


def test_cells_are_written_and_read(tmp_path):
    path = tmp_path / "new" / "cells.jsonl"
    for seed in (0, 1):
        append_cell(path, cell(seed))
    assert read_cells([path, tmp_path / "none.jsonl"]) == {c.key: c for c in (cell(0), cell(1))}


def test_the_newest_of_equal_cells_counts(tmp_path):
    a, b = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    append_cell(a, cell(version="new", finished=2.0))
    append_cell(b, cell(version="old", finished=1.0))
    for files in ([a, b], [b, a]):
        assert [c.version for c in read_cells(files).values()] == ["new"]


def test_a_line_that_was_cut_short_is_passed_over(tmp_path, capsys):
    path = tmp_path / "cells.jsonl"
    append_cell(path, cell(0))
    path.write_bytes(path.read_bytes() + path.read_bytes()[:40])
    append_cell(path, cell(1))
    assert list(read_cells([path])) == [cell(0).key, cell(1).key]
    assert "cells.jsonl:2" in capsys.readouterr().err


@pytest.fixture
def fits(monkeypatch):
    """Fits of 40 s each that rank by the F statistic, in this process; killed where time is up."""
    asked = []

    def pretended(function, arguments, seconds):
        asked.append((arguments[0].seed, seconds))
        if seconds < 40:
            return Outcome("timeout", seconds, seconds, message="stopped")
        return Outcome("done", 40.0, 40.0, function(*arguments))

    monkeypatch.setattr(running, "limited", pretended)
    return asked


def plan(**changed):
    made = Plan(
        ["f_test"], {"f_test": "1", "all": "1", "forest": "1"}, counts=(3, 5), seconds=100.0
    )
    return dataclasses.replace(made, **changed)


def keys(selector="f_test"):
    return [Key("small", s, selector, s) for s in range(3)]


@pytest.mark.slow
def test_splits_share_the_time_of_a_table(fits):
    cells = {}
    made = list(run(Study(small_table()), keys(), plan(), cells))
    assert [c.status for c in made] == ["done", "done", "timeout"]
    assert fits == [(0, 100.0), (1, 60.0), (2, 20.0)]
    assert [c.seconds for c in made] == [40.0, 40.0, 20.0]
    assert list(run(Study(small_table()), keys(), plan(), cells)) == []


def test_nothing_is_begun_when_no_time_is_left(fits):
    made = list(run(Study(small_table()), keys(), plan(seconds=40.0), {}))
    assert [c.status for c in made] == ["done", "timeout", "timeout"]
    assert (len(fits), made[1].seconds) == (1, 0.0)


@pytest.mark.slow
def test_time_spent_before_a_stop_counts(fits):
    cells = {}
    next(run(Study(small_table()), keys(), plan(), cells))
    assert len(list(run(Study(small_table()), keys(), plan(), cells))) == 2
    assert fits[1:] == [(1, 60.0), (2, 20.0)]


def test_lists_are_nested_and_judged(fits):
    made = next(run(Study(small_table()), keys(), plan(), {}))
    assert made.lists[3][0] == 2
    assert made.lists[5][:3] == made.lists[3]
    assert set(made.scores[3]) == {"logistic", "forest", "network"}
    assert min(made.scores[3].values()) > 0.8


@pytest.mark.slow
def test_equal_lists_are_judged_once(fits, monkeypatch):
    judged = []
    known = running.downstream_scores
    monkeypatch.setattr(
        running, "downstream_scores", lambda *asked: judged.append(asked[1]) or known(*asked)
    )
    cells = {}
    study = Study(small_table())
    next(run(study, keys(), plan(), cells))
    assert len(judged) == 2
    other = Study(small_table())
    other.learn_from(cells)
    again = next(run(other, keys(), plan(), {}))
    assert len(judged) == 2
    assert again.scores == cells[keys()[0]].scores
    whole = next(run(other, keys("all"), plan(), {}))
    assert judged[2] == [0, 1, 2, 3, 4, 5]
    assert (list(whole.scores), whole.lists) == ([0], {})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("redo", "version", "n_again"), [(set(), "2", 0), ({"f_test"}, "1", 0), ({"f_test"}, "2", 3)]
)
def test_another_version_is_done_again_where_asked(fits, redo, version, n_again):
    cells = {}
    asked = plan(seconds=600.0)
    list(run(Study(small_table()), keys(), asked, cells))
    later = plan(seconds=600.0, redo=frozenset(redo), versions={"f_test": version})
    assert len(list(run(Study(small_table()), keys(), later, cells))) == n_again


def test_failures_are_tried_again(fits):
    failed = dataclasses.replace(cell(), table="small", selector="f_test", status="failed")
    cells = {failed.key: failed}
    made = list(run(Study(small_table()), keys()[:1], plan(), cells))
    assert [c.status for c in made] == ["done"]


@pytest.mark.slow
def test_stability_is_of_seeds_on_one_split_for_what_is_random(fits):
    made = []
    asked = plan(selectors=["f_test", "forest"], seconds=600.0, n_seeds=3, n_splits=2)
    cells = {}
    run_all([small_table()], ["quality", "stability"], asked, cells, made.append)
    assert [(c.selector, c.split, c.seed) for c in made] == [
        ("f_test", 0, 0),
        ("f_test", 1, 1),
        ("forest", 0, 0),
        ("forest", 1, 1),
        ("forest", 0, 1),
        ("forest", 0, 2),
    ]
    assert [bool(c.scores) for c in made] == [True] * 4 + [False] * 2
    assert all(3 in c.lists for c in made)


def test_slow_lassonet_is_not_repeated(fits):
    study, asked = Study(small_table()), plan(n_seeds=2)
    quick = cell(selector="lassonet", table="small", cpu_seconds=20.0)
    slow = dataclasses.replace(quick, cpu_seconds=40.0)
    repeated = [
        running.stability_keys(study, "lassonet", asked, {quick.key: found})
        for found in (quick, slow)
    ]
    assert [len(found) for found in repeated] == [2, 0]


def test_other_rows_are_halves_with_one_seed_and_are_not_judged(fits):
    made = []
    asked = plan(selectors=["f_test", "all"], n_splits=2, n_halves=3, row_counts=(3, 20))
    run_all([small_table()], ["stability_rows"], asked, {}, made.append)
    assert [c.key for c in made] == [Key("small", 0, "f_test", 0, h) for h in (1, 2, 3)]
    assert [c.status for c in made] == ["done"] * 3
    # As much a fit as for a split: three halves have half as much again as two splits.
    assert fits == [(0, 150.0), (0, 110.0), (0, 70.0)]
    assert {tuple(c.lists) for c in made} == {(3,)}
    assert not any(c.scores for c in made)


def test_cells_of_other_rows_are_written_and_read(tmp_path):
    path = tmp_path / "cells.jsonl"
    both = [cell(0), cell(0, resample=2)]
    for one in both:
        append_cell(path, one)
    assert read_cells([path]) == {one.key: one for one in both}


def test_scores_of_fewer_learners_are_not_taken_over(fits):
    few = Study(small_table(), ("logistic",))
    first = next(run(few, keys(), plan(learners=("logistic",)), {}))
    assert set(first.scores[3]) == {"logistic"}
    all_three, two = Study(small_table()), Study(small_table(), ("logistic",))
    for study in (all_three, two):
        study.learn_from({first.key: first})
    assert not all_three.known
    assert len(two.known) == 2
