"""Messages: options in the words of Python and of the command line, sentences."""

import pickle

import pytest

from sklearn_deeplifft.tables.reading import (
    Note,
    Option,
    TableReadError,
    as_flag,
    as_parameter,
    sentences,
)


@pytest.mark.parametrize(
    ("option", "parameter", "flag"),
    [
        (Option("drop", ["a", "b"]), "drop=['a', 'b']", "--drop a,b"),
        (Option("drop", ["first name"]), "drop=['first name']", "--drop 'first name'"),
        (Option("na", ["it's"]), 'na=["it\'s"]', "--na 'it'\\''s'"),
        (Option("na", [""]), "na=['']", "--na ''"),
        (Option("decimal", ","), "decimal=','", "--decimal ','"),
        (Option("sep", ";"), "sep=';'", "--sep ';'"),
        (Option("max_categories", 80), "max_categories=80", "--max-categories 80"),
    ],
)
def test_an_option_is_spelled_for_whoever_gives_it(option, parameter, flag):
    assert as_parameter(option) == parameter
    assert as_flag(option) == flag


def test_an_error_says_its_remedy_in_both_ways_and_survives_a_process():
    error = TableReadError("age is odd.", "Say {}.", [Option("drop", ["{age}"])])
    assert str(error) == "age is odd. Say drop=['{age}']."
    assert error.said(as_flag) == "age is odd. Say --drop '{age}'."
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.options) == (str(error), error.options)


def test_columns_of_one_decision_share_a_sentence():
    notes = [
        Note("missing words", "a", 3, ("NA",)),
        Note("dates", "day"),
        Note("missing words", "b", 1, ("NA",)),
        Note("missing words", "c", 1, ("-",)),
    ]
    assert sentences(notes) == [
        "4 cells of 2 columns are not numbers ('NA'), taken as missing: a (3), b (1).",
        "Dates are read as days since 1970-01-01: day.",
        "c: 1 cell is not a number ('-'), taken as missing.",
    ]


def test_a_sentence_names_five_columns_and_counts_the_others():
    notes = [Note("empty", f"c{i}") for i in range(9)]
    assert sentences(notes) == ["Left out, no values: c0, c1, c2, c3, c4 and 4 more."]


def test_options_of_sentences_are_spelled_too():
    note = Note("sentinel", "age", 12, ("-999",))
    assert "say na=['-999']." in sentences([note])[0]
    assert "say --na -999." in sentences([note], as_flag)[0]
