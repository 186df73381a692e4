"""Numbers as people write them, cell by cell and column by column."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_deeplifft.tables.reading._missing import is_missing_number, is_missing_text
from sklearn_deeplifft.tables.reading._notation import (
    Convention,
    convention_of,
    parse_cell,
    value_of,
)

POINT, COMMA = Convention(".", ","), Convention(",", ".")


def value(text, convention=POINT):
    cell = parse_cell(text)
    return None if cell is None else value_of(cell, convention)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12", 12.0),
        ("+0.5", 0.5),
        (".5", 0.5),
        ("5.", 5.0),
        ("-1e-3", -0.001),
        ("1,234.50", 1234.5),
        ("12,34,567", 1234567.0),
        ("$1,234", 1234.0),
        ("-$5", -5.0),
        ("$-5", -5.0),
        ("($5)", -5.0),
        ("US$ 7", 7.0),
        ("7 EUR", 7.0),
        ("12.3%", 12.3),
        ("36.6 °C", 36.6),
        ("4 mmol/L", 4.0),
        ("\u22123", -3.0),
        ("1 234 567", 1234567.0),
        ("1'234.5", 1234.5),
        ("'12'", 12.0),
        ("007", 7.0),
    ],
)
def test_numbers(text, number):
    assert value(text) == number


@pytest.mark.parametrize(
    "text",
    [
        *("", "a", "12a", "1-2", "120/80", "<5", "1.2.3", "1,2,3", "12,34", "0,123", "--5"),
        *("$5%", "(-5)", "0x1F", "309_1", "1e", "e5", "nan", "inf", "5 apples", "12 34"),
    ],
)
def test_not_numbers(text):
    assert value(text) is None


@given(st.floats(-1e15, 1e15).map(lambda x: round(x, 3)))
def test_a_number_is_read_back_in_every_notation(number):
    german = f"{number:,.3f}".translate(str.maketrans(",.", ".,"))
    assert value(f"{number:,.3f}") == value(german, COMMA) == float(f"{number:.3f}")
    assert value(f"{number:,.3f}".replace(",", "\u202f")) == float(f"{number:.3f}")


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        (["1.5", "2"], [POINT]),
        (["1,5", "2"], [COMMA]),
        (["1.234,5"], [COMMA]),
        (["1,234.5"], [POINT]),
        (["1,234", "0,5"], [COMMA]),
        (["1,234", "1,234,567"], [POINT]),
        (["1,234", "567"], [POINT, COMMA]),
        (["1.234"], [POINT, COMMA]),
        (["12", "1 234"], [POINT]),
    ],
)
def test_conventions_that_fit(texts, found):
    cells = [parse_cell(text) for text in texts]
    assert convention_of(cells, None, None) == found


def test_the_user_has_the_last_word_on_marks():
    cells = [parse_cell("1,234")]
    assert convention_of(cells, ",", None) == [COMMA]
    assert convention_of(cells, None, ".") == [COMMA]
    assert convention_of(cells, None, ",") == [POINT]
    assert convention_of(cells, ",", " ") == [Convention(",", " ")]


@pytest.mark.parametrize(
    "word", ["", "NA", "n/a", "N.A.", "-", "--", "\u2013", ".", "?", "***", "Unknown", "#DIV/0!"]
)
def test_usual_words_are_missing_among_numbers(word):
    assert is_missing_number(word, None)


@pytest.mark.parametrize("word", ["HI", "<5", "7a", "high", "0"])
def test_other_words_are_not(word):
    assert not is_missing_number(word, None)


def test_words_of_the_user_replace_the_usual_ones():
    assert is_missing_number("HI", ["HI"])
    assert not is_missing_number("unknown", ["HI"])
    assert not is_missing_text("NA", [""])
    assert is_missing_text("", ["HI"])
