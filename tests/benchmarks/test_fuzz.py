"""The random inputs of ``benchmarks.fuzz``: a few hundred of them, and what counts as a fault."""

import random

import numpy as np
import pytest
import torch
from sklearn.base import BaseEstimator

from benchmarks.fuzz.__main__ import main
from benchmarks.fuzz.cases import Case, drawn_case
from benchmarks.fuzz.outcomes import FAULTS, outcome_of, outcome_of_seed
from sklearn_deeplifft.tables import Rows

SEEDS = 60
"""Seeds from 0; each is a case of some hundredths of a second."""


def _faults(found):
    return {one.kind for one in found if one.kind in FAULTS}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_no_random_input_surprises(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a parameter may name a folder
    outcomes = {seed: outcome_of_seed(seed) for seed in range(SEEDS)}
    assert {s: f for s, f in outcomes.items() if _faults(f)} == {}
    kinds = [found[0].kind for found in outcomes.values()]
    assert min(kinds.count("right"), kinds.count("refused")) > SEEDS / 10


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_no_more_of_them_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert [s for s in range(SEEDS, 5 * SEEDS) if _faults(outcome_of_seed(s))] == []


def test_a_seed_is_a_case():
    assert drawn_case(5).notes == drawn_case(5).notes
    assert drawn_case(5).notes != drawn_case(6).notes


class Behaves:
    """An estimator whose ``fit`` does what it is told."""

    random_state = 0

    def __init__(self, do):
        self.do = do

    def fit(self, X, y):
        self.do(self)
        return self


def _divide(self):
    np.float64(1) / np.float64(0)


def _leave(self):
    self.left_ = 1
    Rows([])  # fails


def _say_nothing(self):
    self.importances_ = np.array([np.nan])


def _refuse(self):
    from sklearn_deeplifft.interventions import remove

    remove([])


MISBEHAVED = {
    "foreign": lambda self: int("a"),
    "warning": _divide,
    "silent NaN": _say_nothing,
    "global state": lambda self: (random.random(), torch.rand(1), np.random.rand()),
    "left behind": _leave,
}


@pytest.mark.parametrize("kind", MISBEHAVED)
def test_every_kind_of_fault_is_seen(kind):
    case = Case(0, Behaves(MISBEHAVED[kind]), None, None, {}, None, [], [])
    before = torch.get_rng_state(), np.random.get_state(), random.getstate()
    found = outcome_of(case)
    torch.set_rng_state(before[0])
    np.random.set_state(before[1])
    random.setstate(before[2])
    assert kind in _faults(found)


class Depends(BaseEstimator):
    """An estimator whose bits hang on the container."""

    random_state = 0

    def fit(self, X, y):
        self.validation_scores_ = np.array([float(isinstance(X, list))])
        return self


def test_so_are_other_bits_of_the_same_values():
    plain = np.ones((3, 2))
    for X, kinds in ((plain.tolist(), ["wrong"]), (plain.copy(), ["right"])):
        case = Case(0, Depends(), X, None, {}, None, [], [], plain)
        assert [one.kind for one in outcome_of(case)] == kinds


@pytest.mark.long
@pytest.mark.slow
def test_the_command_counts_and_tells_a_seed(capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["fuzz", "--cases", "2", "--first", "7"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert "2 cases from seed 7" in said
    assert "foreign 0" in said


def test_an_error_of_ours_is_none_of_them():
    case = Case(0, Behaves(_refuse), None, None, {}, None, [], [])
    assert [one.kind for one in outcome_of(case)] == ["refused"]
    case = Case(0, Behaves(lambda self: None), None, None, {}, None, [], [])
    assert [one.kind for one in outcome_of(case)] == ["right"]
