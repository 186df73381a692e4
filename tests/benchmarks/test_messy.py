"""Every messy table is read as expected, or refused with the words expected."""

import pytest

from benchmarks.messy.__main__ import CASES, main
from benchmarks.messy.case import Case, faults
from benchmarks.messy.made import AGE, Y, text_file


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_as_expected(case, tmp_path):
    assert faults(case, tmp_path) == []


def test_names_are_distinct():
    assert len({case.name for case in CASES}) == len(CASES) >= 30


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"X": {"age": [*AGE[:-1], 7.0]}}, "age is"),
        ({"X": {"weight": AGE}}, "features ['age']"),
        ({"X": {"age": ["a"] * len(AGE)}}, "age is numbers"),
        ({"y": Y[::-1]}, "y is"),
        ({"left_out": {"id": "counter"}}, "left out {}"),
        ({"said": ["nothing of it"]}, "is not in"),
        ({"refused": ["no table"]}, "should have been refused"),
    ],
)
def test_a_wrong_reading_is_a_fault(changes, fault, tmp_path):
    right = {"X": {"age": AGE}, "y": Y}
    write = text_file({"age": AGE, "y": Y})
    assert faults(Case("clean", "t.csv", write, **right), tmp_path) == []
    found = faults(Case("clean", "t.csv", write, **{**right, **changes}), tmp_path)
    assert any(fault in line for line in found), found


def test_it_prints_the_number_of_wrong_readings(capsys):
    assert main(["--only", "decimal commas"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "messy_wrong 0"
